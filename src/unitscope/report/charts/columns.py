"""Histograms of two kinds over the same bins: columns, and an outline of what is expected otherwise."""

from __future__ import annotations

import altair as alt
import pandas as pd

from unitscope.report.charts.parts import data, layered, rule, series_color


def outlined_columns(
    rows: pd.DataFrame,
    *,
    title: str,
    counts: str,
    names: tuple[str, str],
    mark: float,
    colors: tuple[str, str],
) -> alt.LayerChart:
    """Draw counts over bins as columns, and other counts over the same bins as a stepped line.

    Args:
        rows: columns `low`, `high`, `count` and `other`.
        title: of the values.
        counts: what is counted.
        names: of the columns and of the line.
        mark: a value to mark by a dotted line.
        colors: of the columns and of the line.
    """
    tall = pd.concat(
        [
            rows[["low", "high"]].assign(count=rows[column], series=name)
            for column, name in zip(("count", "other"), names, strict=True)
        ],
        ignore_index=True,
    )
    tall = tall.assign(text=[f"{low:.2f} to {high:.2f}" for low, high in tall[["low", "high"]].to_numpy()])
    color = series_color(dict(zip(names, colors, strict=True)))
    base = alt.Chart(data(tall))
    edge = alt.Scale(domain=[float(rows["low"].min()), float(rows["high"].max())], nice=False)
    x = alt.X("low:Q", scale=edge, axis=alt.Axis(title=title, tickCount=6))
    axis = alt.Axis(title=counts, grid=True, tickMinStep=1, format="d", tickCount=5, domain=False)
    y = alt.Y("count:Q", axis=axis)
    hints = [
        alt.Tooltip("text:N", title="IoU"),
        alt.Tooltip("count:Q", title=counts),
        alt.Tooltip("series:N"),
    ]
    first = f"datum.series === '{names[0]}'"
    # A column with a bin's interval: rectangles take both ends of it, and start at zero.
    columns = (
        base.transform_filter(first)
        .transform_calculate(zero="0")
        .mark_rect(stroke=None, opacity=0.8)
        .encode(x=x, x2=alt.X2("high:Q"), y=y, y2=alt.Y2("zero:Q"), color=color, tooltip=hints)
    )
    line = (
        base.transform_filter(f"!({first})")
        .mark_line(interpolate="step-after", strokeWidth=1.8, aria=False)
        .encode(x=x, y=y, color=color)
    )
    return layered(columns, line, rule(mark, axis="x", dashed=True), height=170)
