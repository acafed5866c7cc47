"""The figures of one class: its most important units (fig. 2A), sets as bars (2B), curves (2C)."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from unitscope.report.data import records
from unitscope.report.figure_style import (
    FIGURE_STYLE,
    MUTED,
    RULE,
    heading,
    legend,
    percent_axis,
    points_axis,
)
from unitscope.report.figures import new_figure
from unitscope.report.importance import numbers
from unitscope.report.importance.data import Importance
from unitscope.report.importance.payload import top_units
from unitscope.report.importance.style import CHANCE, SETTING_COLORS, TRAIN, VAL
from unitscope.report.strips import PictureCache, Tile, draw_strip, to_image

SHOWN, PICTURES = 4, 4
"""Units of fig. 2A, and pictures of each."""


def class_figures(data: Importance, name: str) -> dict[str, Figure]:
    """Draw the figures of one class: `units`, `bars` and `curves`; what was not measured is left out.

    Args:
        data: an importance folder.
        name: the class.
    """
    place = data.names.index(name)
    found = {}
    if top_units(data, place, SHOWN):
        found["units"] = units_figure(data, place)
    if len(set_bars(data, place)) > 1:
        found["bars"] = bars_figure(data, place)
        found["curves"] = curves_figure(data, place)
    return found


def units_figure(data: Importance, place: int) -> Figure:
    """Draw the units whose removal costs a class most, with pictures, labels and losses: the paper's fig. 2A."""
    rows = top_units(data, place, SHOWN)
    exemplars, cache = data.run.exemplars(data.layer), PictureCache()
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.4, 1.0 * len(rows) + 1.0)
        grid = figure.subplots(len(rows), 2, width_ratios=[1.3, 1], sharex="col", squeeze=False)
        for (pictures, losses), row in zip(grid, rows, strict=True):
            unit = data.units.iloc[row]
            _pictures(pictures, data, exemplars[exemplars["unit"] == unit["unit"]], cache)
            pictures.set_title(unit_label(unit), loc="left", fontsize=8.5, parse_math=False, pad=3)
            _losses(losses, data, place, row)
        grid[0, 1].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=7.5)
        points_axis(grid[-1, 1], "balanced accuracy lost, points")
        figure.suptitle(
            f"{data.names[place]}: the most important units of {data.title}",
            x=0.01, ha="left", fontsize=10, fontweight="bold", parse_math=False,
        )  # fmt: skip
    return figure


def _pictures(axes: Axes, data: Importance, exemplars: pd.DataFrame, cache: PictureCache) -> None:
    axes.set_axis_off()
    tiles = [
        Tile(
            data.run.path / one.picture if isinstance(one.picture, str) else None,
            one.mask,
            (int(one.mask_height), int(one.mask_width)),
        )
        for one in records(exemplars.head(PICTURES))
    ]
    if tiles:
        drawn = np.asarray(to_image(draw_strip(tiles, cache)).convert("RGB"))
        axes.imshow(drawn, extent=(0, drawn.shape[1] / drawn.shape[0], 0, 1))
        axes.set_anchor("W")


def _losses(axes: Axes, data: Importance, place: int, row: int) -> None:
    for split, color, marker, height in (("train", TRAIN, "o", 1), ("val", VAL, "s", 0)):
        value, low, high = (
            data.effects[split, name][place, row] for name in ("loss", "loss_low", "loss_high")
        )
        axes.hlines(height, low, high, color=color, linewidth=2, alpha=0.5)
        axes.plot(value, height, marker, color=color, markersize=5, label=f"{split} pictures")
    important = data.effects["val", "important"][place, row] == 1
    axes.text(
        1.02, 0.5, "important" if important else "not told\napart", transform=axes.transAxes, va="center",
        fontsize=7.5, color=MUTED,
    )  # fmt: skip
    axes.axvline(0, color=RULE, zorder=0)
    axes.set_ylim(-1, 2)
    axes.set_yticks([])
    axes.margins(x=0.12)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))


def unit_label(unit: pd.Series) -> str:
    """Return a unit with its label: `unit 12, snow (object), IoU 9.1 %`."""
    if not isinstance(unit["concept"], str):
        return f"unit {unit['unit']}, no label"
    return f"unit {unit['unit']}, {unit['concept']} ({unit['category']}), IoU {100 * unit['iou']:.1f} %"


def _unit_losses(axes: Axes, data: Importance, place: int, rows: list[int]) -> None:
    heights = np.arange(len(rows))
    for split, color, marker, shift in (("train", TRAIN, "o", -0.13), ("val", VAL, "s", 0.13)):
        value, low, high = (
            data.effects[split, name][place, rows] for name in ("loss", "loss_low", "loss_high")
        )
        axes.hlines(heights + shift, low, high, color=color, linewidth=2, alpha=0.5)
        axes.plot(value, heights + shift, marker, color=color, markersize=5, label=f"{split} pictures")
    for height, row in zip(heights, rows, strict=True):
        if data.effects["val", "important"][place, row] == 1:
            axes.annotate(
                "important",
                (1, height),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="center",
                fontsize=7.5,
                color=MUTED,
            )
    axes.axvline(0, color=RULE, zorder=0)
    axes.set_yticks(heights, [str(data.units["unit"].iloc[row]) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.set_ylabel("unit")
    points_axis(axes, "balanced accuracy lost, percentage points")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=7.5)


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
        row = numbers.chosen_sets(data, kind=kind, k=k).iloc[place]
        name = f"{k} most important removed" if kind == "removed" else f"all but these {k} removed"
        found.append(
            (name, kind, row["balanced_accuracy"], row["low"], row["high"],
             row["overall_accuracy"], row["overall_low"], row["overall_high"])
        )  # fmt: skip
    random = numbers.random_sets(data)
    for k, kind in _asked(sizes)[-2:]:
        mine = random[(random["place"] == place) & (random["kind"] == kind) & (random["k"] == k)]
        name = f"{k} random removed" if kind == "removed" else f"all but {k} random removed"
        found += [
            (name, "random", row.mean, row.low, row.high, row.overall, row.overall_low, row.overall_high)
            for row in records(mine)
        ]
    columns = ["name", "setting", "value", "low", "high", "overall", "overall_low", "overall_high"]
    frame = pd.DataFrame(found, columns=columns)
    frame = frame.astype(dict.fromkeys(columns[2:], float)).dropna(subset="value")
    return frame.reset_index(drop=True)


def _asked(sizes: tuple[int, int] | None) -> list[tuple[int, str]]:
    if sizes is None:
        return []
    few, many = sizes
    return [*([(few, "removed")] if few < many else []), (many, "removed"), (many, "kept")]


def bars_figure(data: Importance, place: int) -> Figure:
    """Draw the accuracy of a class, and of all classes, with sets of units removed: the paper's fig. 2B."""
    bars = set_bars(data, place)
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(8.2, 0.34 * len(bars) + 1.25)
        first, second = figure.subplots(1, 2, sharey=True)
        _bars(first, bars, ("value", "low", "high"))
        _bars(second, bars, ("overall", "overall_low", "overall_high"))
        first.axvline(CHANCE, color=MUTED, linewidth=1, linestyle=(0, (1.5, 2)), zorder=3)
        first.set_yticks(range(len(bars)), bars["name"])
        first.set_ylim(len(bars) - 0.4, -0.6)
        first.set_xlim(0, 1.12)
        percent_axis(first, "x", "balanced accuracy of the class (dotted: chance)")
        percent_axis(second, "x", "accuracy over all classes")
        heading(first, f"{data.names[place]}: sets of units of {data.title} removed")
    return figure


def _bars(axes: Axes, bars: pd.DataFrame, columns: tuple[str, str, str]) -> None:
    values, low, high = (bars[name].to_numpy() for name in columns)
    heights = np.arange(len(bars))
    colors = [SETTING_COLORS[name] for name in bars["setting"]]
    axes.barh(heights, np.nan_to_num(values), height=0.62, color=colors, alpha=0.85)
    axes.hlines(heights, low, high, color="#1d1f24", linewidth=1.1)
    most = np.nanmax(np.concatenate([values, high]), initial=1e-3)
    for height, value, end in zip(heights, values, high, strict=True):
        if np.isfinite(value):
            at = max(value, end) if np.isfinite(end) else value
            axes.text(at + 0.015 * most, float(height), f"{100 * value:.1f}", va="center", fontsize=8)
    axes.set_xlim(0, 1.15 * most)
    axes.tick_params(axis="y", length=0)


def curves_figure(data: Importance, place: int) -> Figure:
    """Draw the accuracy of a class against the number of units removed: the paper's fig. 2C."""
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.4, 3.9)
        axes = figure.subplots()
        random = removal_curve(data, place, "random")
        if len(random):
            axes.fill_between(
                random["removed"], random["low"], random["high"], color=SETTING_COLORS["random"], alpha=0.2,
                linewidth=0,
            )  # fmt: skip
        marks = not data.sets.loc[data.sets["place"] == place, "curve"].any()
        for kind, name, marker in (
            ("removed", "most important first", "s"),
            ("kept", "least important first", "^"),
            ("random", "random order: mean and range", "D"),
        ):
            curve = random if kind == "random" else removal_curve(data, place, kind)
            if not len(curve):
                continue
            color = SETTING_COLORS[kind]
            if kind != "random":
                axes.fill_between(
                    curve["removed"], curve["low"], curve["high"], color=color, alpha=0.18, linewidth=0
                )
            style: Any = {"marker": marker, "markersize": 3.5} if marks else {}
            axes.plot(curve["removed"], curve["value"], color=color, label=name, linewidth=1.4, **style)
        _finish_curves(axes, data, place, logarithmic=marks)
    return figure


def _finish_curves(axes: Axes, data: Importance, place: int, *, logarithmic: bool) -> None:
    baseline = data.classes["balanced_accuracy"].iloc[place]
    axes.axhline(baseline, color=SETTING_COLORS["baseline"], linewidth=1, label="whole network")
    axes.axhline(CHANCE, color=MUTED, linewidth=1, linestyle=(0, (1.5, 2)), label="chance")
    units = len(data.units)
    if logarithmic:
        axes.set_xscale("symlog", linthresh=1)
        ticks = [k for k in (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if k < 0.8 * units]
        axes.set_xticks([*ticks, units], [f"{k:,}" for k in (*ticks, units)])
        axes.minorticks_off()
    axes.set_xlim(0, max(1, units))
    percent_axis(axes, "y", "balanced accuracy on val pictures")
    axes.set_xlabel(f"units removed, of {units:,}" + (" (logarithmic)" if logarithmic else ""))
    heading(axes, f"{data.names[place]}: units of {data.title} removed one after another")
    legend(axes, 3)


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
        sets = numbers.random_sets(data).rename(columns={"mean": "value"})
    else:
        mine = data.sets[(data.sets["ranking"] == "importance") & (data.sets["kind"] == kind)]
        sets = numbers.with_accuracy(mine).rename(columns={"balanced_accuracy": "value"})
    sets = sets[sets["place"] == place]
    if not len(sets):
        return pd.DataFrame(columns=["removed", "value", "low", "high"], dtype=float)
    removed = np.where(sets["kind"] == "kept", len(data.units) - sets["k"], sets["k"])
    sets = sets.assign(removed=removed)[["removed", "value", "low", "high"]]
    whole = data.classes.iloc[place]["balanced_accuracy"]
    start = pd.DataFrame({"removed": [0], "value": [whole], "low": [whole], "high": [whole]})
    found = pd.concat([start, sets]).astype(float).drop_duplicates("removed")
    return found.sort_values("removed").reset_index(drop=True)
