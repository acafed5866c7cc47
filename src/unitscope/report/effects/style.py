"""Colours, markers and numbers that the figures and pages of effects share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unitscope.report.figure_style import FIGURE_STYLE, INK, RULE, heading, percent_axis
from unitscope.report.figures import new_figure
from unitscope.report.palette import COLORS

MOST = 14
"""Concepts of a figure."""
OWN, CONTROL, RANDOM = COLORS[1], COLORS[0], COLORS[6]
MARKS = {"concept": "o", "control": "s", "random": "D"}
KIND_COLORS = {"concept": OWN, "control": CONTROL, "random": RANDOM}
THEMED = {color: f"--category-{COLORS.index(color)}" for color in COLORS}
"""Colours of the figures, each with the property of the page that takes its place."""

Interval = tuple[float, float, float]
"""A value with the ends of its interval; NaN where there is none."""


def alone(value: float) -> Interval:
    """Return a value that has no interval."""
    return float(value), float("nan"), float("nan")


def interval_of(row: Any, name: str, low: str | None = None, high: str | None = None) -> Interval:
    """Return a value of a row of a table with its interval, whose columns are named after it by default."""
    names = (name, low or f"{name}_low", high or f"{name}_high")
    values = [getattr(row, each) for each in names]
    first, second, third = (float("nan") if value is None else float(value) for value in values)
    return first, second, third


def shown(found: Interval, digits: int = 1, *, sign: bool = False, scale: float = 100) -> dict[str, str]:
    """Return a share as text: its value in per cent, and its interval."""
    form = f"{'+' if sign else ''}.{digits}f"
    value, low, high = (scale * each for each in found)
    unit = "\u202f%" if scale == 100 else ""
    if not np.isfinite(value):
        return {"value": "\u2013", "interval": ""}
    ends = f"{low:{form}} to {high:{form}}" if np.isfinite(low) and np.isfinite(high) else ""
    return {"value": f"{value:{form}}{unit}", "interval": ends}


def shares_figure(
    found: pd.DataFrame, facts: Mapping[str, Any], number: int, *, title: str, label: str
) -> Figure | None:
    """Draw what stands in place of a concept, or stood before it, in its category; None where there is nothing.

    Args:
        found: one row a set and concept, with ``share``; "nothing" has no name.
        facts: the summary.
        number: of the set.
        title: of the figure.
        label: what the shares are of.
    """
    of_category = (found["category"] == facts["category"]) | (found["number"] == 0)
    rows = found[(found["set"] == number) & of_category].assign(concept=found["concept"].fillna("nothing"))
    rows = rows.sort_values("pixels", ascending=False, kind="stable").head(MOST)
    if not len(rows):
        return None
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.2, 0.28 * len(rows) + 1.3)
        axes = figure.subplots()
        shares = [alone(share) for share in rows["share"]]
        bars(axes, [str(name) for name in rows["concept"]], shares, [RANDOM] * len(rows))
        percent_axis(axes, "x", label)
        heading(axes, title, f"category {facts['category']}")
    return figure


def bars(axes: Axes, names: list[str], found: list[Interval], colors: list[str]) -> None:
    """Draw one horizontal bar for each name, from the top, with its interval."""
    at = np.arange(len(names))
    values = np.array([each[0] for each in found])
    axes.barh(at, np.nan_to_num(values), height=0.62, color=colors, alpha=0.85, linewidth=0)
    for place, (_, low, high) in enumerate(found):
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([low, high], [place, place], color=INK, linewidth=1.3, solid_capstyle="butt")
    axes.axvline(0, color=RULE, linewidth=0.8, zorder=0)
    axes.set_yticks(at, names, parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
