"""Ink, axes, headings and legends that the figures of every report share."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from unitscope.report.figures import STYLE

INK, MUTED, RULE = "#1d1f24", "#5c616b", "#e3e1dc"
FIGURE_STYLE: Any = {
    **STYLE,
    "text.color": INK,
    "axes.labelcolor": INK,
    "ytick.color": INK,
    "xtick.color": MUTED,
}


def percent_axis(axes: Axes, which: str, label: str) -> None:
    """Show shares as percentages along an axis."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axis.set_label_text(label)


def points_axis(axes: Axes, label: str) -> None:
    """Show differences of shares as percentage points along the horizontal axis."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    axes.set_xlabel(label)


def heading(axes: Axes, title: str, note: str = "") -> None:
    """Put a title, and a quieter line below it, above a figure."""
    axes.set_title(title, loc="left", parse_math=False, fontsize=10, fontweight="bold", pad=20 if note else 8)
    axes.annotate(
        note, (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points",
        fontsize=8.5, color=MUTED, parse_math=False,
    )  # fmt: skip


def legend(axes: Axes, columns: int, place: str = "outside lower left") -> None:
    """Put a legend beside the axes, in the order of drawing."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    options: Any = {"loc": place, "ncols": columns, "frameon": False, "fontsize": 8}
    for text in axes.figure.legend(handles, labels, **options).get_texts():
        text.set_parse_math(False)
