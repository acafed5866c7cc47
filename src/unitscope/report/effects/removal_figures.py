"""The figures of a removal: what is lost by size of the set (fig. 4A), beside it, and what stands instead."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from unitscope.report.data import records
from unitscope.report.effects.style import (
    KIND_COLORS,
    MARKS,
    MOST,
    bars,
    interval_of,
    shares_figure,
)
from unitscope.report.figure_style import FIGURE_STYLE, RULE, heading, legend, percent_axis
from unitscope.report.figures import new_figure
from unitscope.report.palette import COLORS, category_slots
from unitscope.run.effects import Removal


def own_effects(found: Removal) -> pd.DataFrame:
    """Return the rows of the effects table about the concept itself, one a set, with the columns of the set."""
    facts = found.summary
    effects = found.effects
    own = effects[(effects["concept"] == facts["concept"]) & (effects["category"] == facts["category"])]
    merged: pd.DataFrame = own.merge(found.sets, on="set")
    return merged


def largest_set(found: Removal) -> int:
    """Return the number of the largest set of units of the concept."""
    sets = found.sets[found.sets["kind"] == "concept"]
    return int(sets["set"].to_numpy()[int(sets["k"].to_numpy().argmax())])


def side_effects(found: Removal) -> pd.DataFrame:
    """Return the effects of the largest set on every other concept that is or comes, most changed area first.

    The column ``change`` is the change of its area, a fraction of a picture, as its interval is.
    """
    facts, effects = found.summary, found.effects
    rows = effects[effects["set"] == largest_set(found)]
    rows = rows[(rows["concept"] != facts["concept"]) | (rows["category"] != facts["category"])]
    change = rows["area_after"] - rows["area_before"]
    rows = rows.assign(change=change)[(rows["area_before"] > 0) | (rows["area_after"] > 0)]
    ordered: pd.DataFrame = rows.iloc[np.argsort(-rows["change"].abs().to_numpy(), kind="stable")]
    return ordered


def removal_figure(found: Removal) -> Figure:
    """Draw the share of the concept's area that is lost against the number of removed units, with the controls."""
    facts, rows = found.summary, own_effects(found)
    names = {
        "concept": f"units ranked for {facts['concept']}",
        "control": f"units ranked for {facts['control']}",
        "random": "random units",
    }
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.2, 3.6)
        axes = figure.subplots()
        for kind, name in names.items():
            _series(axes, rows[rows["kind"] == kind].sort_values(["k", "repetition"]), kind, name)
        axes.axhline(0, color=RULE, linewidth=0.8, zorder=0)
        axes.set_xlabel("units set to zero")
        percent_axis(axes, "y", f"area of {facts['concept']} that is lost")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.04)
        legend(axes, 3)
        heading(
            axes,
            f"{facts['concept']} without its units in {facts['layer']}",
            f"{facts['latents']:,} pictures; bars and bands: 95 % over pictures",
        )
    return figure


def _series(axes: Axes, rows: pd.DataFrame, kind: str, name: str) -> None:
    if not len(rows):
        return
    color, at = KIND_COLORS[kind], rows["k"].to_numpy(float)
    lost, low, high = (rows[each].to_numpy(float) for each in ("lost", "lost_low", "lost_high"))
    style = {"color": color, "marker": MARKS[kind], "markersize": 4.5}
    if kind == "concept" and len(rows) > 2:
        axes.fill_between(at, low, high, color=color, alpha=0.18, linewidth=0)
        axes.plot(at, lost, linewidth=1.6, label=name, **style)  # type: ignore[arg-type]
        return
    axes.vlines(at, low, high, color=color, linewidth=1.2)
    axes.plot(at, lost, linestyle="none", label=name, **style)  # type: ignore[arg-type]


def side_figure(found: Removal) -> Figure | None:
    """Draw the change of the area of other concepts without the largest set; None where nothing changes."""
    rows = side_effects(found)
    rows = rows[rows["change"] != 0].head(MOST)
    if not len(rows):
        return None
    categories = list(dict.fromkeys(found.effects["category"]))
    slots = category_slots(categories)
    listed = list(records(rows))
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.2, 0.28 * len(rows) + 1.3)
        axes = figure.subplots()
        bars(
            axes,
            [f"{row.concept} ({row.category})" for row in listed],
            [interval_of(row, "change") for row in listed],
            [COLORS[slots[row.category]] for row in listed],
        )
        percent_axis(axes, "x", "change of area, per cent of the picture")
        heading(axes, "What changes beside it", "lines: 95 % over pictures")
    return figure


def instead_figure(found: Removal) -> Figure | None:
    """Draw what stands where the concept was, without the largest set; None where nothing was lost."""
    concept = found.summary["concept"]
    return shares_figure(
        found.instead,
        found.summary,
        largest_set(found),
        title=f"What stands where {concept} was",
        label=f"share of the pixels where {concept} is gone",
    )
