"""Curves: values along an axis, with bands or whiskers of their intervals."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from unitscope.report.charts.parts import Measure, data, layered, series_color, series_shape, tooltip

TICKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
KNOWN = "isValid(datum.low) && isValid(datum.high)"


def curves(
    rows: pd.DataFrame,
    measure: Measure,
    *,
    colors: Mapping[str, str],
    across: str,
    logarithmic: bool = False,
    whiskers: bool = False,
) -> alt.LayerChart:
    """Draw one curve for each series, with its interval as a band.

    Args:
        rows: columns `x`, `value`, `low`, `high`, `series`, and `marks`: whether its measured points are marked. A row
            whose `x` is null is a level that runs across the chart.
        measure: of the values.
        colors: by series, in the order of the legend.
        across: the title of the horizontal axis.
        logarithmic: whether that axis is (with zero).
        whiskers: rows that are `loose` are points with whiskers instead of parts of a curve.
    """
    axis = alt.Axis(title=across, format=",d", tickMinStep=1, tickCount=8)
    scale = (
        alt.Scale(type="symlog", nice=False) if logarithmic else alt.Scale(nice=False, zero=True, padding=6)
    )
    if logarithmic:
        axis = alt.Axis(title=across, format=",d", values=list(TICKS), labelOverlap="greedy")
    x = alt.X("x:Q", axis=axis, scale=scale)
    y = alt.Y("value:Q", axis=measure.axis(grid=True, tickCount=6, domain=False), scale=alt.Scale(zero=False))
    color = series_color(colors)
    base = alt.Chart(data(rows)).transform_calculate(shown=measure.shown)
    along = base.transform_filter("isValid(datum.x) && !datum.loose")
    hints = tooltip(measure, series="series", x=across)
    layers = [
        along.transform_filter(KNOWN)
        .mark_area(opacity=0.17, aria=False)
        .encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=color),
        along.mark_line(strokeWidth=1.8, aria=False).encode(x=x, y=y, color=color),
        base.transform_filter("isValid(datum.x)")
        .mark_point(size=42)
        .encode(
            x=x,
            y=y,
            color=color,
            shape=series_shape(list(colors)),
            tooltip=hints,
            opacity=alt.condition("datum.marks", alt.value(1), alt.value(0)),
        ),
    ]
    if rows["x"].isna().any():
        level = base.transform_filter("!isValid(datum.x)").mark_rule(strokeWidth=1.2)
        layers.insert(1, level.encode(y=y, color=color, tooltip=hints[:1] + hints[2:]))
    if whiskers:
        loose = base.transform_filter(f"datum.loose && {KNOWN}")
        layers.append(
            loose.mark_rule(strokeWidth=1.3, aria=False).encode(
                x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=color
            )
        )
    return layered(*layers, height=280)


def steps(
    rows: pd.DataFrame, colors: Mapping[str, str], *, title: str, noun: str, group: str = "category"
) -> alt.LayerChart:
    """Draw one line for each series over named steps, such as layers, with a point at each that can be chosen.

    Args:
        rows: columns `name`, `series`, `count` and `href`, in the order of the names.
        colors: by series.
        title: of the counts.
        noun: what the names are.
        group: what the series are.
    """
    x = alt.X("name:N", sort=None, axis=alt.Axis(title=None, labelAngle=-55, labelLimit=130))
    counts = alt.Axis(title=title, grid=True, tickMinStep=1, format="d", tickCount=5, domain=False)
    y = alt.Y("count:Q", axis=counts)
    base = alt.Chart(data(rows)).encode(x=x, y=y, color=series_color(colors))
    line = base.mark_line(strokeWidth=2, opacity=0.75, aria=False)
    point = base.mark_point(size=55).encode(
        shape=series_shape(list(colors)),
        href=alt.Href("href:N"),
        tooltip=[
            alt.Tooltip("name:N", title=noun),
            alt.Tooltip("series:N", title=group),
            alt.Tooltip("count:Q", title=title),
        ],
    )
    return layered(line, point, height=200)


def over_depth(rows: pd.DataFrame, measure: Measure, *, colors: Mapping[str, str]) -> alt.LayerChart:
    """Draw one line for each series over the relative depth of layers.

    Args:
        rows: columns `x` from 0 to 1, `value`, `series` and `layer`.
        measure: of the values.
        colors: by series, in the order of the legend.
    """
    axis = alt.Axis(title="relative depth of the layer", format=".2~f", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("x:Q", axis=axis, scale=alt.Scale(domain=[0, 1], nice=False, padding=6))
    y = alt.Y("value:Q", axis=measure.axis(grid=True, tickCount=5, domain=False), scale=alt.Scale(zero=True))
    base = alt.Chart(data(rows)).transform_calculate(low="null", high="null")
    # One name a row: rows that are filled as far as they go are cut off where two charts share the width.
    color, shape = series_color(colors).legend(columns=1), series_shape(list(colors)).legend(columns=1)
    base = base.transform_calculate(shown=measure.shown).encode(x=x, y=y, color=color)
    hints = tooltip(measure, series="network", layer="layer")
    point = base.mark_point(size=50).encode(shape=shape, tooltip=hints)
    return layered(base.mark_line(strokeWidth=1.8, aria=False), point, height=190)
