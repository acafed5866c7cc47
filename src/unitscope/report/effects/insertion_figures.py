"""The figures of an insertion: by context (fig. 4D), by place, and what new pixels replace."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from unitscope.report.data import records
from unitscope.report.effects.style import MOST, OWN, bars, interval_of, shares_figure
from unitscope.report.figure_style import FIGURE_STYLE, MUTED, RULE, heading, percent_axis
from unitscope.report.figures import new_figure
from unitscope.run.effects import Insertion

RISING = LinearSegmentedColormap.from_list("success", ["#ffffff", OWN])


def contexts(found: Insertion, *, group: int = 0) -> pd.DataFrame:
    """Return the contexts of one set of units, those with the most places first; "nothing" has a name too."""
    rows = found.contexts[found.contexts["set"] == group]
    rows = rows.assign(concept=rows["concept"].fillna("nothing"))
    return rows.sort_values("places", ascending=False, kind="stable")


def random_sets(found: Insertion) -> list[int]:
    """Return the numbers of the random sets."""
    return [int(number) for number in found.sets.loc[found.sets["kind"] == "random", "set"]]


def contexts_figure(found: Insertion) -> Figure:
    """Draw, by what was there before, how often the concept appears and how much of it."""
    facts, rows = found.summary, contexts(found).head(MOST)
    listed = list(records(rows))
    names = [f"{row.concept}  ({row.places:,})" for row in listed]
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(8.2, 0.28 * len(rows) + 1.5)
        left, right = figure.subplots(1, 2, sharey=True)
        bars(left, names, [interval_of(row, "success") for row in listed], [OWN] * len(rows))
        areas = [interval_of(row, "new_area", "new_low", "new_high") for row in listed]
        bars(right, names, areas, [OWN] * len(rows))
        percent_axis(left, "x", f"places where {facts['concept']} appears")
        percent_axis(right, "x", f"new {facts['concept']}, per cent of the picture")
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(4))
        right.tick_params(axis="y", labelleft=False)
        heading(
            left,
            f"{facts['concept']} by what was there before",
            f"{facts['k']} units of {facts['layer']} forced on; number of places in brackets; lines: 95 %",
        )
    return figure


def grid_of(found: Insertion, group: int) -> NDArray[np.float64]:
    """Return the share of successes of one set at every cell `(h, w)`; NaN where none was tried."""
    rows, columns = found.summary["grid"]
    shares = np.full((rows, columns), np.nan)
    table = found.locations[(found.locations["set"] == group) & (found.locations["places"] > 0)]
    shares[table["row"], table["column"]] = table["success"]
    return shares


def map_figure(found: Insertion) -> Figure:
    """Draw the share of successes over the picture, for the concept's units and, if there are any, random ones."""
    facts = found.summary
    groups = [("its units", 0), *[("random units", number) for number in random_sets(found)[:1]]]
    shares = [grid_of(found, number) for _, number in groups]
    highest = max([float(np.nanmax(each)) for each in shares if np.isfinite(each).any()], default=0.0)
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(3.4 * len(groups) + 0.8, 3.4)
        axes = figure.subplots(1, len(groups), squeeze=False)[0]
        for place, (each, (name, _), share) in enumerate(zip(axes, groups, shares, strict=True)):
            image = each.imshow(share, cmap=RISING, vmin=0, vmax=highest or 1.0, interpolation="nearest")
            _frame(each, share.shape)
            title = f"Where {facts['concept']} can appear" if place == 0 else " "
            heading(each, title, name)
        bar = figure.colorbar(image, ax=list(axes), shrink=0.8, aspect=18)
        bar.outline.set_visible(False)
        percent_axis(bar.ax, "y", "places with enough new pixels")
        bar.ax.tick_params(colors=MUTED)
    return figure


def _frame(axes: Axes, grid: tuple[int, ...]) -> None:
    """Rule off the cells of a map."""
    for ticks, lines, size in (
        (axes.set_xticks, axes.axvline, grid[1]),
        (axes.set_yticks, axes.axhline, grid[0]),
    ):
        ticks([])
        for place in range(size + 1):
            lines(place - 0.5, color=RULE, linewidth=0.8)
    axes.spines[:].set_visible(False)


def replaced_figure(found: Insertion) -> Figure | None:
    """Draw what new pixels of the concept showed before; None where there are none."""
    label = f"share of the new pixels of {found.summary['concept']}"
    return shares_figure(found.replaced, found.summary, 0, title="What it takes the place of", label=label)
