"""The figures over all classes and units: settings (fig. 2D), importance against IoU (2E), maps, gains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from unitscope.report.charts.densities import hills, strips
from unitscope.report.charts.dots import interval_dots
from unitscope.report.charts.files import save_figure
from unitscope.report.charts.heatmap import DIVERGING, RISING, heat_map
from unitscope.report.charts.parts import Figure, Measure, percent, points
from unitscope.report.charts.scatter import columns
from unitscope.report.data import label_of, records
from unitscope.report.importance import numbers
from unitscope.report.importance.class_figures import class_figures
from unitscope.report.importance.data import FEW, MANY, Importance, Matrix
from unitscope.report.importance.maps import Maps
from unitscope.report.importance.numbers import importance_correlation, top_units
from unitscope.report.importance.style import CHANCE, SETTING_COLORS, SETTING_SHAPES, setting_names
from unitscope.report.payload import layer_slugs

MOST_CLASSES = 3
"""Classes whose own figures are written as files."""
MOST_GAINS = 20
MOST_NAMES = 60
"""Classes up to which every one is named on an axis."""
TITLES = {
    "classes": "Every class in three settings",
    "units": "Importance against IoU",
    "correlation": "Units and classes",
    "overlap": "Units that classes share",
    "gains": "Classes that gain",
}
CLASS_TITLES = {
    "units": "most important units",
    "bars": "sets of units",
    "overall": "all classes",
    "curves": "curves",
}


def chosen_classes(data: Importance) -> list[str]:
    """Return the classes whose figures are written: those with a whole curve, else the one most damaged by a unit."""
    if data.with_curves:
        return [data.names[place] for place in sorted(data.with_curves)[:MOST_CLASSES]]
    losses = np.nan_to_num(data.effects["val", "loss"], nan=-np.inf)
    if not losses.size:
        return []
    return [data.names[int(losses.max(1).argmax())]]


def figure_files(data: Importance) -> dict[str, str]:
    """Return the title of every figure file by its name, without the ending."""
    files = {name: TITLES[name] for name in _parts(data)}
    slugs = layer_slugs(data.names)
    for name in chosen_classes(data):
        place = data.names.index(name)
        kinds = ["units"] if top_units(data, place, 1) else []
        kinds += ["bars", "overall", "curves"] if (data.sets["place"] == place).any() else []
        files |= {f"class-{slugs[name]}-{kind}": f"{name}: {CLASS_TITLES[kind]}" for kind in kinds}
    return files


def figures(data: Importance, maps: Maps) -> dict[str, Figure]:
    """Draw every figure over all classes for which there are numbers."""
    return {name: draw(data, maps) for name, draw in _parts(data).items()}


def write_class_figures(data: Importance, folder: Path) -> None:
    """Write the figures of the chosen classes as files."""
    slugs = layer_slugs(data.names)
    for name in chosen_classes(data):
        for kind, figure in class_figures(data, name).items():
            save_figure(figure, folder / f"class-{slugs[name]}-{kind}")


def _parts(data: Importance) -> dict[str, Callable[[Importance, Maps], Figure]]:
    """Return the drawing function of every figure over all classes for which there are numbers."""
    drawn: dict[str, Callable[[Importance, Maps], Figure]] = {}
    if np.isfinite(data.classes["balanced_accuracy"]).any():
        drawn["classes"] = lambda data, _: classes_figure(data)
    if numbers.unit_groups(data):
        drawn["units"] = lambda data, _: units_figure(data)
    if np.isfinite(data.correlation).any():
        drawn["correlation"] = correlation_figure
    if np.isfinite(data.rank).any() and len(data.classes) > 1:
        drawn["overlap"] = overlap_figure
    if len(numbers.gains(data)):
        drawn["gains"] = lambda data, _: gains_figure(data)
    return drawn


def class_address(name: str) -> str:
    """Return the address of a class in the page."""
    return f"#/class/{quote(name, safe='')}"


def classes_figure(data: Importance) -> Figure:
    """Draw every class in three settings, with densities and means: the paper's fig. 2D."""
    many = (data.sizes or (FEW, MANY))[1]
    names = setting_names(many, len(data.units))
    found = {
        key: values
        for key, values in numbers.settings(data, many).items()
        if key in ("baseline", "removed", "kept")
    }
    settings = {names[key]: values for key, values in found.items() if np.isfinite(values).any()}
    count = len(data.classes)
    hill = 0.3 * max(count, 12)
    rows, areas = _class_points(data, settings), _class_hills(settings, hill)
    listed = [(float(at), name) for at, name in enumerate(data.names)] if count <= MOST_NAMES else []
    height = (17 if count <= MOST_NAMES else 560 / count) * (count + hill + 3)
    chart = strips(
        rows,
        areas,
        percent("balanced accuracy on val pictures (dotted: chance)"),
        colors={names[key]: SETTING_COLORS[key] for key in found if names[key] in settings},
        names=listed,
        limits=(count - 0.3, -hill - 0.6),
        height=max(220.0, height),
        shapes=SETTING_SHAPES,
        rules=[(CHANCE, True)] if min(float(np.nanmin(each)) for each in settings.values()) <= CHANCE else [],
    )
    note = f"{data.title}; above: densities over classes"
    return Figure(chart, f"Every class with and without its {many} most important units", note)


def _class_points(data: Importance, settings: dict[str, Matrix]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "x": values,
                "y": range(len(values)),
                "series": name,
                "text": data.names,
                "href": [class_address(each) for each in data.names],
            }
        )
        for name, values in settings.items()
    ]
    return pd.concat(parts).dropna(subset="x")


def _class_hills(settings: dict[str, Matrix], height: float) -> pd.DataFrame:
    finite = {name: values[np.isfinite(values)] for name, values in settings.items()}
    everything = np.concatenate(list(finite.values()))
    margin = 0.06 * float(np.ptp(everything)) or 0.05
    extent = (max(0.0, everything.min() - margin), min(1.0, everything.max() + margin))
    return hills({name: (values, -0.8) for name, values in finite.items()}, extent, -height + 0.6)


def units_figure(data: Importance) -> Figure:
    """Draw the IoU of units against the number of classes they are important to: the paper's fig. 2E."""
    groups, iou = numbers.unit_groups(data), numbers.live_iou(data)
    labels = [label_of(concept) for concept in data.units["concept"]]
    rows = pd.DataFrame(
        [
            {
                "column": at,
                "value": iou[row],
                "text": f"{data.units['unit'].iloc[row]}, {labels[row]}",
                "unit": int(data.units["unit"].iloc[row]),
            }
            for at, group in enumerate(groups)
            for row in group.rows
        ]
    )
    means = pd.DataFrame(
        [
            {"column": at, "value": group.mean.value, "low": group.mean.low, "high": group.mean.high}
            for at, group in enumerate(groups)
        ]
    )
    chart = columns(
        rows, means, percent("IoU of the unit with its label"),
        names=[f"{group.name}|{len(group.rows)} units" for group in groups],
        across=f"number of classes that have the unit among their {FEW} most important",
    )  # fmt: skip
    return Figure(chart, f"Importance and IoU of the units of {data.title}", correlation_text(data))


def correlation_text(data: Importance) -> str:
    """Return the rank correlation of fig. 2E in words."""
    found = importance_correlation(data)
    if found is None:
        return "Too few units, or all alike: no rank correlation."
    interval = f" (95 % interval {found.low:.2f} to {found.high:.2f})" if found.low is not None else ""
    return f"Spearman\u2019s rank correlation {found.value:.2f}{interval}".replace("-", "\u2212")


def correlation_figure(data: Importance, maps: Maps) -> Figure:
    """Draw the correlation of every unit with every class as a map."""
    title = f"Correlation of units of {data.title} with classes"
    labels = [f"unit {row.unit}: {label_of(row.concept)}" for row in records(data.units.iloc[maps.units])]
    across = f"{len(maps.units):,} units, grouped by the class they go with most"
    return _map(data, maps, maps.correlation, Measure("correlation"), (labels, across, title))


def overlap_figure(data: Importance, maps: Maps) -> Figure:
    """Draw which share of their important units any two classes have in common, as a map."""
    title = f"Units that two classes share among their {maps.most} most important"
    names = [data.names[place] for place in maps.classes]
    return _map(
        data, maps, maps.overlap, percent("shared (Jaccard)", 0), (names, "classes, in the same order", title)
    )


def _map(
    data: Importance, maps: Maps, values: Matrix, measure: Measure, texts: tuple[list[str], str, str]
) -> Figure:
    labels, across, title = texts
    names = [data.names[place] for place in maps.classes]
    few, diverging = len(names) <= MOST_NAMES, measure.scale == 1
    chart = heat_map(
        values, measure, rows=names, columns=labels,
        colors=DIVERGING if diverging else RISING,
        limits=(-maps.scale, maps.scale) if diverging else (0, 1),
        titles=(across, None if few else f"{len(names)} classes, similar ones together"),
        size=(0, float(np.clip(15 * len(names), 60, 540))),
        hrefs=[class_address(name) for name in names],
    )  # fmt: skip
    return Figure(chart, title)


def gains_figure(data: Importance) -> Figure:
    """Draw the classes whose accuracy rises most when their least important units are removed."""
    rows = numbers.gains(data).head(MOST_GAINS)
    names = [data.names[place] for place in rows["place"]]
    removed = len(data.units) - rows["kept"]
    dots = rows.rename(columns={"gain": "value"}).assign(
        name=[f"{name}, {count:,} removed" for name, count in zip(names, removed, strict=True)],
        series="gain",
        href=[class_address(name) for name in names],
    )
    chart = interval_dots(
        dots[["name", "series", "value", "low", "high", "sure", "href"]],
        points("balanced accuracy gained, points (filled: interval above zero)"),
        colors={"gain": SETTING_COLORS["kept"]},
        shapes=("triangle-up",),
        legend=False,
    )
    return Figure(chart, "Classes that gain when their least important units are removed")
