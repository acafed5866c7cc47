"""The figures of a ranking by effect: how it goes with the ranking by IoU, and which units take what."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from unitscope.report.data import records
from unitscope.report.effects.style import OWN, bars, interval_of
from unitscope.report.figure_style import FIGURE_STYLE, MUTED, RULE, heading, percent_axis
from unitscope.report.figures import new_figure
from unitscope.report.palette import COLORS, category_slots
from unitscope.run.effects import Ranking

MOST = 20
"""Concepts of a figure."""
EACH = 3
"""Units of each concept in the map."""
MAPPED = 12
"""Concepts of the map."""
DIVERGING = LinearSegmentedColormap.from_list("lost", [COLORS[0], "#ffffff", OWN])


def ranked_concepts(found: Ranking) -> pd.DataFrame:
    """Return the concepts that pictures show and some unit takes away from, largest area first."""
    rows = found.concepts
    rows = rows[(rows["before"] > 0) & rows["first_by_effect"].notna()]
    return rows.sort_values("before", ascending=False, kind="stable")


def correlation_figure(found: Ranking) -> Figure | None:
    """Draw the rank correlation of effect and IoU of every concept; None where there is none."""
    rows = ranked_concepts(found)
    rows = rows[rows["correlation"].notna()].head(MOST)
    if not len(rows):
        return None
    slots = category_slots(list(dict.fromkeys(found.concepts["category"])))
    listed = list(records(rows))
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.2, 0.28 * len(rows) + 1.3)
        axes = figure.subplots()
        names = [f"{row.concept} ({row.category})" for row in listed]
        colors = [COLORS[slots[row.category]] for row in listed]
        bars(axes, names, [interval_of(row, "correlation") for row in listed], colors)
        axes.set_xlabel("rank correlation of effect and IoU over units (Spearman)")
        heading(
            axes, "Do the units that match do the work?", "largest concepts first; lines: 95 % over pictures"
        )
    return figure


def mapped(found: Ranking) -> tuple[list[int], list[tuple[str, str]]]:
    """Return the units and concepts of the map: the first units of the largest concepts."""
    concepts = [(str(row.concept), str(row.category)) for row in records(ranked_concepts(found).head(MAPPED))]
    units: list[int] = []
    for concept, category in concepts:
        rows = found.effects
        rows = rows[(rows["concept"] == concept) & (rows["category"] == category) & (rows["rank"] <= EACH)]
        units += [int(unit) for unit in rows.sort_values("rank")["unit"]]
    return list(dict.fromkeys(units)), concepts


def effects_figure(found: Ranking) -> Figure | None:
    """Draw the share of each concept that goes without each unit alone; None where nothing goes."""
    units, concepts = mapped(found)
    if not units:
        return None
    table = found.effects.set_index(["unit", "concept", "category"])["lost"]
    shares = np.array([[table[unit, *concept] for unit in units] for concept in concepts], float)
    bound = float(np.nanmax(np.abs(shares))) or 1.0
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(max(7.2, 0.24 * len(units) + 2.6), 0.28 * len(concepts) + 1.7)
        axes = figure.subplots()
        image = axes.imshow(shares, cmap=DIVERGING, vmin=-bound, vmax=bound, aspect="auto")
        axes.set_xticks(range(len(units)), [str(unit) for unit in units], rotation=90)
        names = [f"{concept} ({category})" for concept, category in concepts]
        axes.set_yticks(range(len(concepts)), names, parse_math=False)
        axes.tick_params(length=0, labelsize=8)
        axes.spines[:].set_visible(False)
        axes.set_xlabel(f"unit of {found.summary['layer']}")
        bar = figure.colorbar(image, ax=axes, shrink=0.9, aspect=18)
        bar.outline.set_edgecolor(RULE)
        percent_axis(bar.ax, "y", "area lost without the unit")
        bar.ax.tick_params(colors=MUTED)
        heading(axes, "What goes without each unit", f"the {EACH} units of largest effect on each concept")
    return figure
