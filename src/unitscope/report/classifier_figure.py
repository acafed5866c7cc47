"""The plot of a unit as a classifier: every picture's peak activation by group, with densities (fig. 1F, 3F)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import gaussian_kde

from unitscope.report.figure_style import FIGURE_STYLE, INK, MUTED, RULE
from unitscope.report.figures import new_figure

POSITIVE, NEGATIVE = "#4a3fc4", "#85898f"
"""The light shades of the page, which replaces them by its own where it shows the plot."""
GOLDEN = (5**0.5 - 1) / 2
STEPS = 300
"""Points of a density."""
HILL, STRIP = 0.52, 0.26
"""Height of the higher density, and of the strip of points below it; the two groups are 1 apart."""
AS_SHAPES = 4000
"""Pictures up to which every point is a shape of its own in SVG."""


@dataclass(frozen=True)
class Group:
    """One group of pictures: its peaks ``(n,)``, how they are drawn, and what they are called."""

    peaks: NDArray[np.float64]
    row: int
    color: str
    name: str


def classifier_figure(peaks: pd.DataFrame, facts: dict[str, Any]) -> Figure:
    """Draw the peak activation of every picture, positive ones above negative ones, with both densities.

    Densities are Gaussian kernel estimates (Scott's bandwidth) of area one, drawn over the range of the peaks. Points
    are spread vertically only so that they can be told apart.

    Args:
        peaks: ``peaks.parquet``.
        facts: ``scores.json``.
    """
    values, positive = peaks["peak"].to_numpy(np.float64), peaks["positive"].to_numpy(bool)
    groups = (
        Group(values[positive], 1, POSITIVE, facts["positive"]["name"]),
        Group(values[~positive], 0, NEGATIVE, facts["negative"]["name"]),
    )
    with mpl.rc_context(FIGURE_STYLE):
        figure = new_figure(7.4, 3.9)
        axes = figure.subplots()
        _hills(axes, groups, (float(values.min()), float(values.max())))
        for group in groups:
            _points(axes, group, rasterized=len(values) > AS_SHAPES)
        _thresholds(axes, facts)
        _finish(axes, groups, facts)
    return figure


def _hills(axes: Axes, groups: tuple[Group, Group], extent: tuple[float, float]) -> None:
    at = np.linspace(*extent, STEPS)
    densities = {group.row: density(group.peaks, at) for group in groups}
    highest = max((float(each.max()) for each in densities.values() if each is not None), default=0.0)
    for group in groups:
        found = densities[group.row]
        if found is not None and highest > 0:
            top = group.row + HILL * found / highest
            label = "kernel density, of area one" if group.row == 0 else None
            axes.fill_between(at, group.row, top, color=group.color, alpha=0.22, linewidth=0, label=label)
            axes.plot(at, top, color=group.color, linewidth=1.2)
        axes.axhline(group.row, color=RULE, linewidth=0.8, zorder=0)


def density(peaks: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the kernel density of peaks ``(n,)`` at some activations; None where all peaks are (almost) the same."""
    if len(peaks) < 2 or np.ptp(peaks) <= 1e-9 * max(float(np.abs(peaks).max()), 1e-30):
        return None
    found: NDArray[np.float64] = gaussian_kde(peaks)(at)
    return found


def _points(axes: Axes, group: Group, *, rasterized: bool) -> None:
    spread = (np.arange(len(group.peaks)) * GOLDEN) % 1
    heights = group.row - 0.05 - STRIP * spread
    opacity = float(np.clip(18 / max(len(group.peaks), 1) ** 0.5, 0.06, 0.7))
    axes.scatter(
        group.peaks, heights, s=9, color=group.color, alpha=opacity, linewidths=0, rasterized=rasterized
    )


def _thresholds(axes: Axes, facts: dict[str, Any]) -> None:
    given = facts["thresholds"]
    chosen = [given[name] for name in ("first_half", "second_half") if given[name] is not None]
    for place, level in enumerate(dict.fromkeys(chosen)):
        label = "threshold, best on either half" if place == 0 else None
        axes.axvline(level, color=INK, linewidth=1.1, label=label)
    axes.axvline(
        given["run"], color=INK, linewidth=1.1, linestyle=(0, (1.5, 2)), label="threshold of the dissection"
    )


def _finish(axes: Axes, groups: tuple[Group, Group], facts: dict[str, Any]) -> None:
    names = [f"{wrapped(group.name)}\n{len(group.peaks):,} pictures" for group in groups]
    axes.set_yticks([group.row + 0.08 for group in groups], names, parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-STRIP - 0.12, 1 + HILL + 0.06)
    axes.margins(x=0.02)
    axes.set_xlabel("peak activation of the unit on a picture")
    place: Any = {"loc": "outside lower right", "ncols": 3, "frameon": False, "fontsize": 8}
    axes.figure.legend(*axes.get_legend_handles_labels(), **place)
    axes.set_title(title(facts), loc="left", parse_math=False, fontsize=10, fontweight="bold", pad=22)
    axes.annotate(
        numbers(facts), (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points",
        fontsize=8.5, color=MUTED, parse_math=False,
    )  # fmt: skip


def title(facts: dict[str, Any]) -> str:
    """Return what the plot shows, in one line."""
    label = f" ({facts['concept']})" if facts["concept"] else ""
    return f"Unit {facts['unit']}{label} of {facts['layer']} as a classifier"


def numbers(facts: dict[str, Any]) -> str:
    """Return the main scores, in one line."""
    auroc, rates = facts["auroc"], facts["held_out"] or facts["run_threshold"]
    balanced, kind = rates["balanced_accuracy"], "held out" if facts["held_out"] else "at the run's threshold"
    return (
        f"AUROC {auroc['value']:.3f}{_interval(auroc, 1, 3)}, "
        f"balanced accuracy {100 * balanced['value']:.1f} %{_interval(balanced, 100, 1)} {kind}"
    )


def _interval(score: dict[str, float | None], scale: float, digits: int) -> str:
    low, high = score["low"], score["high"]
    if low is None or high is None:
        return ""
    return f" ({scale * low:.{digits}f} to {scale * high:.{digits}f})"


def wrapped(name: str, width: int = 24) -> str:
    """Break a name after commas and spaces into lines of about `width` letters, at most three."""
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    shown = lines if len(lines) <= 3 else [*lines[:2], lines[2][: width - 1] + "\u2026"]
    return "\n".join(shown)
