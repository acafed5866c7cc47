"""The figures over all classes and units: settings (fig. 2D), importance against IoU (2E), maps, gains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from unitscope.report.classifier_figure import density
from unitscope.report.data import records
from unitscope.report.figure_style import (
    FIGURE_STYLE,
    INK,
    MUTED,
    RULE,
    heading,
    legend,
    percent_axis,
    points_axis,
)
from unitscope.report.figures import new_figure, save_figure
from unitscope.report.importance import numbers
from unitscope.report.importance.class_figures import class_figures
from unitscope.report.importance.data import Importance, Matrix
from unitscope.report.importance.maps import Maps
from unitscope.report.importance.numbers import FEW, MANY
from unitscope.report.importance.payload import MOST_GAINS, rank_correlation, top_units
from unitscope.report.importance.style import CHANCE, SETTING_COLORS, SETTING_MARKERS, setting_names
from unitscope.report.palette import COLORS
from unitscope.report.payload import layer_slugs

MOST_CLASSES = 3
"""Classes whose own figures are written as files."""
MOST_NAMES = 60
"""Classes up to which every one is named on an axis."""
DIVERGING = LinearSegmentedColormap.from_list("correlation", [COLORS[1], "#ffffff", COLORS[0]])
RISING = LinearSegmentedColormap.from_list("overlap", ["#ffffff", COLORS[0]])
TITLES = {
    "classes": "Every class in three settings",
    "units": "Importance against IoU",
    "correlation": "Units and classes",
    "overlap": "Units that classes share",
    "gains": "Classes that gain",
}
MAPS = ("correlation", "overlap")
CLASS_TITLES = {"units": "most important units", "bars": "sets of units", "curves": "curves"}


def chosen_classes(data: Importance) -> list[str]:
    """Return the classes whose figures are written: those with a whole curve, else the one most damaged by a unit."""
    with_curve = sorted(set(data.sets.loc[data.sets["curve"], "place"]))
    if with_curve:
        return [data.names[place] for place in with_curve[:MOST_CLASSES]]
    losses = np.nan_to_num(data.effects["val", "loss"], nan=-np.inf)
    if not losses.size:
        return []
    return [data.names[int(losses.max(1).argmax())]]


def figure_files(data: Importance) -> list[tuple[str, str]]:
    """Return the name, without the ending, and the title of every figure file."""
    files = [(name, TITLES[name]) for name, _ in _parts(data)]
    slugs = layer_slugs(data.names)
    for name in chosen_classes(data):
        place = data.names.index(name)
        kinds = ["units"] if top_units(data, place, 1) else []
        kinds += ["bars", "curves"] if (data.sets["place"] == place).any() else []
        files += [(f"class-{slugs[name]}-{kind}", f"{name}: {CLASS_TITLES[kind]}") for kind in kinds]
    return files


def write_figures(data: Importance, maps: Maps, folder: Path) -> None:
    """Write every figure as `<name>.svg` and `<name>.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in _parts(data):
        save_figure(draw(data, maps) if name in MAPS else draw(data), folder / name)
    slugs = layer_slugs(data.names)
    for name in chosen_classes(data):
        for kind, figure in class_figures(data, name).items():
            save_figure(figure, folder / f"class-{slugs[name]}-{kind}")


def _parts(data: Importance) -> list[tuple[str, Any]]:
    """Return the name and the drawing function of every figure over all classes for which there are numbers."""
    drawn: list[tuple[str, Any]] = []
    if np.isfinite(data.classes["balanced_accuracy"]).any():
        drawn.append(("classes", classes_figure))
    if numbers.unit_groups(data):
        drawn.append(("units", units_figure))
    if np.isfinite(data.correlation).any():
        drawn += [("correlation", correlation_figure)]
    if np.isfinite(data.rank).any() and len(data.classes) > 1:
        drawn.append(("overlap", overlap_figure))
    if len(numbers.gains(data)):
        drawn.append(("gains", gains_figure))
    return drawn


def classes_figure(data: Importance) -> Figure:
    """Draw every class in three settings, with densities and means: the paper's fig. 2D."""
    sizes = numbers.sizes(data) or (FEW, MANY)
    settings, named = (
        numbers.settings(data, sizes[1]),
        setting_names(sizes[1], len(data.units)),
    )
    shown = [name for name in ("baseline", "removed", "kept") if np.isfinite(settings[name]).any()]
    count = len(data.classes)
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.4, 2.4 + np.clip(0.14 * count, 1.6, 5.5))
        top, axes = figure.subplots(2, 1, sharex=True, height_ratios=[1, max(2.0, min(4.5, count / 16))])
        for name in shown:
            color, marker = SETTING_COLORS[name], SETTING_MARKERS[name]
            axes.plot(
                settings[name], np.arange(count), marker, color=color, markersize=3.6, alpha=0.75,
                markeredgewidth=0, label=named[name],
            )  # fmt: skip
        _densities(top, {name: settings[name] for name in shown})
        axes.axvline(CHANCE, color=MUTED, linewidth=1, linestyle=(0, (1.5, 2)), zorder=0)
        axes.set_ylim(count - 0.3, -0.7)
        if count <= MOST_NAMES:
            axes.set_yticks(range(count), data.names, parse_math=False, fontsize=7)
            axes.grid(axis="y", color=RULE, linewidth=0.6)
            axes.set_axisbelow(True)
        else:
            axes.set_yticks([])
            axes.set_ylabel(f"{count} classes, A to Z")
        percent_axis(axes, "x", "balanced accuracy on val pictures (dotted: chance)")
        legend(axes, 3)
        heading(
            top,
            f"Every class with and without its {sizes[1]} most important units",
            f"{data.title}; above: densities over classes, with the mean and its 95 % interval",
        )
    return figure


def _densities(axes: Axes, settings: dict[str, Matrix]) -> None:
    everything = np.concatenate([values[np.isfinite(values)] for values in settings.values()])
    margin = 0.06 * float(np.ptp(everything)) or 0.05
    at = np.linspace(max(0.0, everything.min() - margin), min(1.0, everything.max() + margin), 300)
    found = {name: density(values[np.isfinite(values)], at) for name, values in settings.items()}
    highest = max((float(curve.max()) for curve in found.values() if curve is not None), default=1.0)
    for row, (name, values) in enumerate(settings.items()):
        curve, mean = found[name], numbers.mean_over(values)
        if curve is not None:
            axes.fill_between(at, 0, curve / highest, color=SETTING_COLORS[name], alpha=0.25, linewidth=0)
            axes.plot(at, curve / highest, color=SETTING_COLORS[name], linewidth=1.2)
        if mean is not None:
            height = -0.12 - 0.12 * row
            low, high = mean.low or mean.value, mean.high or mean.value
            axes.hlines(height, low, high, color=SETTING_COLORS[name], linewidth=2.2)
            axes.plot(mean.value, height, SETTING_MARKERS[name], color=SETTING_COLORS[name], markersize=5)
            axes.annotate(
                f"{100 * mean.value:.1f} %", (high, height), (5, 0), textcoords="offset points",
                va="center", fontsize=7.5, color=SETTING_COLORS[name],
            )  # fmt: skip
    axes.set_ylim(-0.2 - 0.12 * len(settings), 1.05)
    axes.set_yticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", length=0)


def units_figure(data: Importance) -> Figure:
    """Draw the IoU of units against the number of classes they are important to: the paper's fig. 2E."""
    groups, iou = numbers.unit_groups(data), numbers.live_iou(data)
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.4, 3.7)
        axes = figure.subplots()
        for place, group in enumerate(groups):
            spread = ((np.arange(len(group.rows)) * (5**0.5 - 1) / 2) % 1 - 0.5) * 0.56
            axes.scatter(
                place + spread, iou[group.rows], s=9, color=COLORS[0], alpha=0.35, linewidths=0,
                label="unit" if place == 0 else None,
            )  # fmt: skip
            mean = group.mean
            if mean.low is not None and mean.high is not None:
                axes.vlines(place, mean.low, mean.high, color=INK, linewidth=1.4)
            axes.plot(
                place, mean.value, "D", color=INK, markersize=5,
                label="mean and 95 % interval" if place == 0 else None,
            )  # fmt: skip
        axes.set_xticks(range(len(groups)), [f"{group.name}\n{len(group.rows)} units" for group in groups])
        axes.set_ylim(bottom=0)
        axes.set_xlabel(f"number of classes that have the unit among their {FEW} most important")
        percent_axis(axes, "y", "IoU of the unit with its label")
        heading(axes, f"Importance and IoU of the units of {data.title}", correlation_text(data))
        legend(axes, 2)
    return figure


def correlation_text(data: Importance) -> str:
    """Return the rank correlation of fig. 2E in words."""
    found = rank_correlation(data)
    if found is None:
        return "too few units, or all alike: no rank correlation"
    interval = f" (95 % interval {found.low:.2f} to {found.high:.2f})" if found.low is not None else ""
    return f"Spearman's rank correlation {found.value:.2f}{interval}"


def correlation_figure(data: Importance, maps: Maps) -> Figure:
    """Draw the correlation of every unit with every class as a map."""
    return _map_figure(
        data, maps, maps.correlation, colors=DIVERGING, limits=(-maps.scale, maps.scale), label="correlation",
        title=f"Correlation of units of {data.title} with classes",
        across=f"{len(maps.units)} units, grouped by the class they go with most",
    )  # fmt: skip


def overlap_figure(data: Importance, maps: Maps) -> Figure:
    """Draw which share of their important units any two classes have in common, as a map."""
    return _map_figure(
        data, maps, maps.overlap, colors=RISING, limits=(0, 1),
        label="Jaccard overlap", across="classes, in the same order",
        title=f"Units that two classes share among their {maps.most} most important",
    )  # fmt: skip


def _map_figure(
    data: Importance,
    maps: Maps,
    values: Matrix,
    *,
    colors: LinearSegmentedColormap,
    limits: tuple[float, float],
    label: str,
    title: str,
    across: str,
) -> Figure:
    count = len(maps.classes)
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.4, float(np.clip(0.13 * count + 1.4, 3.0, 7.4)))
        axes = figure.subplots()
        drawn = axes.imshow(
            values, aspect="auto", cmap=colors, vmin=limits[0], vmax=limits[1], interpolation="nearest"
        )
        bar = figure.colorbar(drawn, ax=axes, fraction=0.03, pad=0.02, label=label)
        bar.outline.set_visible(False)
        axes.set_xticks([])
        axes.set_xlabel(across)
        if count <= MOST_NAMES:
            names = [data.names[place] for place in maps.classes]
            axes.set_yticks(range(count), names, parse_math=False, fontsize=7)
        else:
            axes.set_yticks([])
            axes.set_ylabel(f"{count} classes, similar ones together")
        axes.spines[:].set_visible(False)
        heading(axes, title)
    return figure


def gains_figure(data: Importance) -> Figure:
    """Draw the classes whose accuracy rises most when their least important units are removed."""
    rows = list(records(numbers.gains(data).head(MOST_GAINS)))
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.4, 0.24 * len(rows) + 1.3)
        axes = figure.subplots()
        for height, row in enumerate(rows):
            axes.hlines(height, row.low, row.high, color=SETTING_COLORS["kept"], linewidth=2, alpha=0.5)
            fill = SETTING_COLORS["kept"] if row.sure else "white"
            axes.plot(row.gain, height, "^", markersize=6, color=SETTING_COLORS["kept"], markerfacecolor=fill)
        axes.axvline(0, color=RULE, zorder=0)
        labels = [f"{data.names[row.place]}, {row.kept} kept" for row in rows]
        axes.set_yticks(range(len(rows)), labels, parse_math=False, fontsize=8)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        points_axis(axes, "balanced accuracy gained, percentage points (filled: interval above zero)")
        heading(axes, "Classes that gain when their least important units are removed")
    return figure
