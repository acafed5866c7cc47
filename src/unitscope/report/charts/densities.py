"""Strips of points with hills of their density: a unit as a classifier (fig. 1F), classes in settings (2D)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from unitscope.report.charts.parts import Measure, data, labels, layered, rule, series_color, series_shape
from unitscope.report.charts.theme import INK

STEPS = 200
"""Points of a density."""


def density(values: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the kernel density of values ``(n,)`` at some places; None where all values are (almost) the same."""
    if len(values) < 2 or np.ptp(values) <= 1e-9 * max(float(np.abs(values).max()), 1e-30):
        return None
    found: NDArray[np.float64] = scipy.stats.gaussian_kde(values)(at)
    return found


def hills(
    groups: Mapping[str, tuple[NDArray[np.float64], float]], extent: tuple[float, float], height: float
) -> pd.DataFrame:
    """Return the density of every group as an area: columns `x`, `base`, `top`, `series`.

    Args:
        groups: by name, the values and the place that the hill stands on.
        extent: from where to where it is drawn.
        height: of the highest; below zero, hills are drawn downwards on an axis that points down.
    """
    at = np.linspace(*extent, STEPS)
    found = {name: density(values, at) for name, (values, _) in groups.items()}
    highest = max((float(each.max()) for each in found.values() if each is not None), default=1.0)
    parts = [
        pd.DataFrame(
            {
                "x": at,
                "base": groups[name][1],
                "top": groups[name][1] + height * each / highest,
                "series": name,
            }
        )
        for name, each in found.items()
        if each is not None
    ]
    return pd.concat(parts) if parts else pd.DataFrame(columns=["x", "base", "top", "series"])


def _named_heights(names: Sequence[tuple[float, str]]) -> alt.Axis:
    places = [place for place, _ in names]
    texts = labels([name for _, name in names], f"indexof({places}, datum.value)")
    return alt.Axis(
        title=None,
        values=places,
        labelExpr=texts,
        ticks=False,
        domain=False,
        grid=True,
        labelColor=INK,
        labelOverlap=False,
    )


def strips(
    points: pd.DataFrame,
    areas: pd.DataFrame,
    measure: Measure,
    *,
    colors: Mapping[str, str],
    names: Sequence[tuple[float, str]],
    limits: tuple[float, float],
    height: float,
    shapes: Sequence[str] = ("circle",),
    rules: Sequence[tuple[float, bool]] = (),
) -> alt.LayerChart:
    """Draw points at heights of their own, and areas.

    Args:
        points: columns `x`, `y`, `series`, `text`.
        areas: what `hills` returns.
        measure: of `x`.
        colors: by series.
        names: what stands beside heights.
        limits: of the heights, the lower end first.
        height: of the chart, pixels.
        shapes: of the series.
        rules: values of `x` to mark by a line, each with whether it is dotted.
    """
    axis = _named_heights(names)
    y = alt.Y("y:Q", axis=axis, scale=alt.Scale(domain=list(limits), nice=False, zero=False))
    x = alt.X("x:Q", axis=measure.axis(tickCount=7), scale=alt.Scale(zero=False, nice=False, padding=8))
    color = series_color(colors, legend=len(colors) > 2)
    hill = alt.Chart(data(areas, "hills")).encode(x=x, color=color)
    opacity = float(np.clip(18 * len(colors) ** 0.5 / max(len(points), 1) ** 0.5, 0.08, 0.75))
    shown = measure.number("x") + f" + '{measure.unit}'"
    dot = alt.Chart(data(points)).transform_calculate(shown=shown).mark_point(size=30, opacity=opacity)
    lines = [rule(at, axis="x", dashed=dotted, color=INK) for at, dotted in rules]
    return layered(
        hill.mark_area(opacity=0.2, aria=False).encode(y=alt.Y("base:Q", axis=axis), y2=alt.Y2("top:Q")),
        hill.mark_line(strokeWidth=1.4, aria=False).encode(y=alt.Y("top:Q", axis=axis)),
        dot.encode(
            **({"href": alt.Href("href:N")} if "href" in points else {}),
            x=x,
            y=y,
            color=color,
            shape=series_shape(list(colors), shapes),
            tooltip=[
                alt.Tooltip("text:N", title="of"),
                alt.Tooltip("series:N", title="group"),
                alt.Tooltip("shown:N", title=measure.title),
            ],
        ),
        *lines,
        height=height,
    )
