"""The figures of one class: its most important units (fig. 2A), sets as bars (2B), curves (2C)."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from unitscope.report.charts.bars import interval_bars
from unitscope.report.charts.curve import curves
from unitscope.report.charts.dots import interval_dots
from unitscope.report.charts.parts import Figure, percent, points
from unitscope.report.charts.parts import data as inline
from unitscope.report.charts.theme import INK
from unitscope.report.data import records
from unitscope.report.importance.data import Importance, Matrix
from unitscope.report.importance.numbers import top_units
from unitscope.report.importance.style import CHANCE, ORDER_COLORS, ORDERS, SETTING_COLORS, SPLIT_COLORS
from unitscope.report.strips import PictureCache, draw_strip, tile_of, to_image

SHOWN, PICTURES = 4, 4
"""Units of fig. 2A, and pictures of each."""
STRIP = 66
"""Height of the pictures of a unit in a file, pixels."""


def class_figures(data: Importance, name: str) -> dict[str, Figure]:
    """Draw the figures of one class: `units`, `bars`, `overall` and `curves`; what was not measured is left out.

    Args:
        data: an importance folder.
        name: the class.
    """
    place = data.names.index(name)
    found = {}
    if top_units(data, place, SHOWN):
        found["units"] = units_figure(data, place)
    if len(set_bars(data, place)) > 1:
        found |= bar_figures(set_bars(data, place), name, data.title)
        marks = place not in data.with_curves
        rows = curve_rows(data, place, marks=marks)
        title = f"{name}: units of {data.title} removed one after another"
        found["curves"] = curve_figure(rows, len(data.units), logarithmic=marks, title=title)
    return found


def class_charts(data: Importance) -> dict[str, Figure]:
    """Return the charts that the page of a class fills with its rows."""
    units, bars = len(data.units), bar_figures(set_rows([]), "", data.title)
    empty = pd.DataFrame(columns=["x", "value", "low", "high", "series", "marks", "loose"])
    return {
        "class-losses": Figure(loss_chart(losses_of(data, 0, []), step=20, limits=True), ""),
        "class-bars": bars["bars"],
        "class-overall": bars["overall"],
        "class-linear": curve_figure(empty, units, logarithmic=False, title=""),
        "class-logarithmic": curve_figure(empty, units, logarithmic=True, title=""),
    }


def losses_of(data: Importance, place: int, rows: Sequence[int]) -> pd.DataFrame:
    """Return what a class loses without each of some units: one row a unit and split."""
    found = [
        (
            unit_label(data.units.iloc[row]),
            split,
            *(data.effects[split, name][place, row] for name in ("loss", "loss_low", "loss_high")),
        )
        for row in rows
        for split in SPLIT_COLORS
    ]
    frame = pd.DataFrame(found, columns=["name", "series", "value", "low", "high"])
    return frame.assign(sure=True)


def loss_chart(rows: pd.DataFrame, *, step: int, limits: bool) -> alt.LayerChart:
    """Draw what is lost without units, on train and on val pictures."""
    measure = points("balanced accuracy lost, points")
    return interval_dots(
        rows, measure, colors=SPLIT_COLORS, step=step, limits=limits, legend=not limits, names=False
    )


def units_figure(data: Importance, place: int) -> Figure:
    """Draw the units whose removal costs a class most, with pictures, labels and losses: the paper's fig. 2A."""
    rows = top_units(data, place, SHOWN)
    exemplars, cache = data.run.exemplars(data.layer), PictureCache()
    strips = []
    for row in rows:
        unit = data.units.iloc[row]
        strips.append(
            {"name": unit_label(unit), **_strip(data, exemplars[exemplars["unit"] == unit["unit"]], cache)}
        )
    chart = loss_chart(losses_of(data, place, rows), step=44, limits=False)
    name = alt.Y("name:N", sort=None, axis=None)
    base = alt.Chart(inline(pd.DataFrame(strips), "strips")).encode(y=name)
    image = base.mark_image(height=STRIP, width=STRIP * PICTURES, align="left").encode(
        url=alt.Url("url:N"), x=alt.value(0)
    )
    text = base.mark_text(align="left", dy=-STRIP / 2 - 9, color=INK, fontSize=11).encode(
        text=alt.Text("name:N"), x=alt.value(0)
    )
    pictures = alt.layer(image, text).properties(width=STRIP * PICTURES + 12, height=alt.Step(88))
    both = alt.hconcat(
        pictures, chart.properties(width=280, height=alt.Step(88, **{"for": "position"}))
    ).resolve_scale(y="independent")
    return Figure(both, f"{data.names[place]}: the most important units of {data.title}")


def _strip(data: Importance, exemplars: pd.DataFrame, cache: PictureCache) -> dict[str, str | None]:
    tiles = [tile_of(data.run.path, one) for one in records(exemplars.head(PICTURES))]
    if not tiles:
        return {"url": None}
    written = io.BytesIO()
    to_image(draw_strip(tiles, cache)).convert("RGB").save(written, "JPEG", quality=90)
    return {"url": "data:image/jpeg;base64," + base64.b64encode(written.getvalue()).decode("ascii")}


def unit_label(unit: pd.Series) -> str:
    """Return a unit with its label: `unit 12, snow (object), IoU 9.1 %`."""
    if not isinstance(unit["concept"], str):
        return f"unit {unit['unit']}, no label"
    return f"unit {unit['unit']}, {unit['concept']} ({unit['category']}), IoU {100 * unit['iou']:.1f} %"


CURVES = ("removed", "kept", "random")
BAR_COLUMNS = ["name", "setting", "value", "low", "high", "overall", "overall_low", "overall_high"]


def set_rows(found: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """Return rows of bars as a table, those without a value left out."""
    names, settings, *measured = zip(*found, strict=True) if found else [()] * len(BAR_COLUMNS)
    values = np.array(measured, float)
    there = np.isfinite(values[0])
    columns = [np.array(names, object)[there], np.array(settings, object)[there], *values[:, there]]
    return pd.DataFrame(dict(zip(BAR_COLUMNS, columns, strict=True)))


def set_bars(data: Importance, place: int) -> pd.DataFrame:
    """Return the bars of fig. 2B.

    Columns: `name`, `setting`, `value`, `low`, `high` (balanced accuracy of the class), `overall`, `overall_low`,
    `overall_high` (accuracy over all classes).
    """
    whole = (data.classes[f"balanced_{name}"].iloc[place] for name in ("accuracy", "low", "high"))
    baseline = ("whole network", "baseline", *whole, data.overall_baseline, None, None)
    found: list[tuple[object, ...]] = [baseline]
    for k, kind in _asked(data.sizes):
        name = f"{k} most important removed" if kind == "removed" else f"all but these {k} removed"
        found += [(name, kind, *row) for row in data.measured(place, kind).of_size(k)]
    for k, kind in _asked(data.sizes)[-2:]:
        name = f"{k} random removed" if kind == "removed" else f"all but {k} random removed"
        found += [(name, "random", *row) for row in data.measured(place, kind, random=True).of_size(k)]
    return set_rows(found)


def _asked(sizes: tuple[int, int] | None) -> list[tuple[int, str]]:
    if sizes is None:
        return []
    few, many = sizes
    return [*([(few, "removed")] if few < many else []), (many, "removed"), (many, "kept")]


def bar_figures(bars: pd.DataFrame, name: str, layer: str) -> dict[str, Figure]:
    """Draw the accuracy of a class, and of all classes, with sets of units removed: the paper's fig. 2B."""
    own = bars.rename(columns={"setting": "series"})
    every = own.drop(columns=["value", "low", "high"])
    every = every.rename(columns={"overall": "value", "overall_low": "low", "overall_high": "high"})
    title = f"{name}: sets of units of {layer} removed"
    columns = ["name", "series", "value", "low", "high"]
    label = "balanced accuracy of the class (dotted: chance)"
    both = {
        "bars": interval_bars(
            own[columns], percent(label), colors=SETTING_COLORS, chance=CHANCE, numbers=True
        ),
        "overall": interval_bars(
            every[columns], percent("accuracy over all classes"), colors=SETTING_COLORS, numbers=True
        ),
    }
    return {key: Figure(chart, title, width=420) for key, chart in both.items()}


def curve_rows(data: Importance, place: int, *, marks: bool) -> pd.DataFrame:
    """Return the curves of a class, one series each, with the levels of the whole network and of chance."""
    whole = float(data.classes["balanced_accuracy"].iloc[place])
    none, levels = np.full(2, np.nan), [ORDERS["baseline"], ORDERS["chance"]]
    parts: list[Matrix] = [np.array([none, [whole, CHANCE], none, none])]
    for kind in CURVES:
        parts.append(removal_curve(data, place, kind))
        levels += [ORDERS[kind]] * parts[-1].shape[1]
    x, value, low, high = np.concatenate(parts, axis=1)
    return pd.DataFrame(
        {
            "x": x, "value": value, "low": low, "high": high, "series": levels,
            "marks": marks & (np.arange(len(x)) >= 2), "loose": False,
        }
    )  # fmt: skip


def curve_figure(rows: pd.DataFrame, units: int, *, logarithmic: bool, title: str) -> Figure:
    """Draw the accuracy of a class against the number of units removed: the paper's fig. 2C."""
    across = f"units removed, of {units:,}" + (" (logarithmic)" if logarithmic else "")
    measure = percent("balanced accuracy on val pictures")
    chart = curves(rows, measure, colors=ORDER_COLORS, across=across, logarithmic=logarithmic)
    return Figure(chart, title)


def removal_curve(data: Importance, place: int, kind: str) -> Matrix:
    """Return a curve of fig. 2C by the number of units removed, from none.

    Args:
        data: an importance folder.
        place: the class's row.
        kind: `removed` (most important first), `kept` (least important first) or `random`.

    Returns:
        Units removed, value, low and high end `(4, n)`; no point if nothing was measured.
    """
    # Those that keep random units are other draws: they would not be one curve.
    found = data.measured(place, "removed", random=True) if kind == "random" else data.measured(place, kind)
    if not len(found.k):
        return np.zeros((4, 0))
    removed = len(data.units) - found.k if kind == "kept" else found.k
    whole = float(data.classes["balanced_accuracy"].iloc[place])
    start = np.array([0, whole, whole, whole])[:, None]
    curve = np.concatenate([start, [removed, found.value, found.low, found.high]], axis=1)
    _, first = np.unique(curve[0], return_index=True)
    by_size: Matrix = curve[:, first]
    return by_size
