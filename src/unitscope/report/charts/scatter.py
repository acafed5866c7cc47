"""Scatter: many values in columns, spread so that they can be told apart, with the mean of each column."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.report.charts.parts import Measure, data, labels, layered, tooltip
from unitscope.report.charts.theme import COLORS, INK

GOLDEN = (5**0.5 - 1) / 2


def spread(count: int) -> NDArray[np.float64]:
    """Return places from 0 to 1 for so many points that follow each other, no two close: `(count,)`."""
    return np.asarray((np.arange(count) * GOLDEN) % 1, np.float64)


def columns(
    rows: pd.DataFrame, means: pd.DataFrame, measure: Measure, *, names: Sequence[str], across: str
) -> alt.LayerChart:
    """Draw points in columns, and the mean of every column with its interval.

    Args:
        rows: columns `column` (from 0), `value`, `text`, and `href`, where choosing a point leads.
        means: columns `column`, `value`, `low`, `high`.
        measure: of the values.
        names: of the columns.
        across: the title of the axis of columns.
    """
    spread_out = rows.groupby("column").cumcount().to_numpy()
    rows = rows.assign(x=rows["column"] + (spread(len(rows))[spread_out] - 0.5) * 0.56 if len(rows) else [])
    axis = alt.Axis(
        title=across, values=list(range(len(names))), labelExpr=labels(names), ticks=False, labelColor=INK
    )
    x = alt.X("x:Q", axis=axis, scale=alt.Scale(domain=[-0.5, len(names) - 0.5], nice=False))
    y = alt.Y("value:Q", axis=measure.axis(grid=True, tickCount=5, domain=False))
    dots = alt.Chart(data(rows)).transform_calculate(shown=measure.number("value") + f" + '{measure.unit}'")
    dot = dots.mark_circle(size=34, opacity=0.45, color=COLORS[0]).encode(
        x=x, y=y, tooltip=tooltip(measure, text="unit"), href=alt.Href("href:N")
    )
    middle = alt.Chart(data(means, "means")).transform_calculate(shown=measure.shown)
    line = middle.mark_rule(strokeWidth=1.5, color=INK, aria=False).encode(
        x=alt.X("column:Q"), y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
    )
    mean = middle.mark_point(shape="diamond", size=70, color=INK, fill=INK).encode(
        x=alt.X("column:Q"), y=y, tooltip=[alt.Tooltip("shown:N", title="mean")]
    )
    return layered(dot, line, mean, height=280)
