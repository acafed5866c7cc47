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
from unitscope.report.importance import numbers
from unitscope.report.importance.data import Importance
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
        marks = not data.sets.loc[data.sets["place"] == place, "curve"].any()
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
        url="url:N", x=alt.value(0)
    )
    text = base.mark_text(align="left", dy=-STRIP / 2 - 9, color=INK, fontSize=11).encode(
        text="name:N", x=alt.value(0)
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


BAR_COLUMNS = ["name", "setting", "value", "low", "high", "overall", "overall_low", "overall_high"]


def set_rows(found: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """Return rows of bars as a table, those without a value left out."""
    frame = pd.DataFrame(found, columns=BAR_COLUMNS)
    return frame.astype(dict.fromkeys(BAR_COLUMNS[2:], float)).dropna(subset="value").reset_index(drop=True)


def set_bars(data: Importance, place: int) -> pd.DataFrame:
    """Return the bars of fig. 2B.

    Columns: `name`, `setting`, `value`, `low`, `high` (balanced accuracy of the class), `overall`, `overall_low`,
    `overall_high` (accuracy over all classes).
    """
    sizes = numbers.sizes(data)
    one, overall = data.classes.iloc[place], numbers.overall_baseline(data)
    found = [
        ("whole network", "baseline", one["balanced_accuracy"], one["balanced_low"], one["balanced_high"],
         overall, None, None)
    ]  # fmt: skip
    for k, kind in _asked(sizes):
        mine = numbers.ranked_sets(data.sets_of(place), kind)
        row = numbers.with_accuracy(mine).set_index("k").reindex([k]).iloc[0]
        name = f"{k} most important removed" if kind == "removed" else f"all but these {k} removed"
        found.append(
            (name, kind, row["balanced_accuracy"], row["low"], row["high"],
             row["overall_accuracy"], row["overall_low"], row["overall_high"])
        )  # fmt: skip
    random = data.random_of(place)
    for k, kind in _asked(sizes)[-2:]:
        mine = random[(random["kind"] == kind) & (random["k"] == k)]
        name = f"{k} random removed" if kind == "removed" else f"all but {k} random removed"
        found += [
            (name, "random", row.mean, row.low, row.high, row.overall, row.overall_low, row.overall_high)
            for row in records(mine)
        ]
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
    levels = pd.DataFrame(
        {"x": [None, None], "value": [whole, CHANCE], "series": [ORDERS["baseline"], ORDERS["chance"]]}
    )
    parts = [
        removal_curve(data, place, kind)
        .rename(columns={"removed": "x"})
        .assign(series=ORDERS[kind], marks=marks)
        for kind in ("removed", "kept", "random")
    ]
    found = pd.concat([levels, *(part for part in parts if len(part))], ignore_index=True)
    found = found.reindex(columns=["x", "value", "low", "high", "series", "marks", "loose"])
    return found.assign(marks=found["marks"].eq(True), loose=False)


def curve_figure(rows: pd.DataFrame, units: int, *, logarithmic: bool, title: str) -> Figure:
    """Draw the accuracy of a class against the number of units removed: the paper's fig. 2C."""
    across = f"units removed, of {units:,}" + (" (logarithmic)" if logarithmic else "")
    measure = percent("balanced accuracy on val pictures")
    chart = curves(rows, measure, colors=ORDER_COLORS, across=across, logarithmic=logarithmic)
    return Figure(chart, title)


def removal_curve(data: Importance, place: int, kind: str) -> pd.DataFrame:
    """Return a curve of fig. 2C by the number of units removed, from none.

    Args:
        data: an importance folder.
        place: the class's row.
        kind: `removed` (most important first), `kept` (least important first) or `random`.

    Returns:
        Columns `removed`, `value`, `low`, `high`; empty if nothing was measured.
    """
    if kind == "random":
        # Those that keep random units are other draws: they would not be one curve.
        drawn = data.random_of(place)
        sets = drawn[drawn["kind"] == "removed"].rename(columns={"mean": "value"})
    else:
        mine = numbers.ranked_sets(data.sets_of(place), kind)
        sets = numbers.with_accuracy(mine).rename(columns={"balanced_accuracy": "value"})
    if not len(sets):
        return pd.DataFrame(columns=["removed", "value", "low", "high"], dtype=float)
    removed = np.where(sets["kind"] == "kept", len(data.units) - sets["k"], sets["k"])
    sets = sets.assign(removed=removed)[["removed", "value", "low", "high"]]
    whole = data.classes.iloc[place]["balanced_accuracy"]
    start = pd.DataFrame({"removed": [0], "value": [whole], "low": [whole], "high": [whole]})
    found = pd.concat([start, sets]).astype(float).drop_duplicates("removed")
    return found.sort_values("removed").reset_index(drop=True)
