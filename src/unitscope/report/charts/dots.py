"""Dots: values with intervals, one below the other, in one or two series."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from unitscope.report.charts.parts import Measure, data, layered, rule, series_color, series_shape, tooltip
from unitscope.report.charts.theme import PANEL, SHAPES, STRONG


def interval_dots(
    rows: pd.DataFrame,
    measure: Measure,
    *,
    colors: Mapping[str, str],
    shapes: tuple[str, ...] = SHAPES,
    limits: bool = False,
    step: int = 26,
    legend: bool = True,
    names: bool = True,
) -> alt.LayerChart:
    """Draw one row of dots for each name, each with its interval; a dot that is not `sure` is hollow.

    Args:
        rows: columns `name`, `series`, `value`, `low`, `high`, `sure`, and `href`, where choosing a dot leads.
        measure: of the values.
        colors: by series.
        shapes: by series.
        limits: whether the page sets the ends of the axis, as the parameters `from` and `to`.
        step: height of a row, pixels.
        legend: whether the series are named.
        names: whether the names stand beside the rows.
    """
    domain = alt.Scale(domain=[{"expr": "from"}, {"expr": "to"}], nice=False) if limits else alt.Scale()
    axis = measure.axis(grid=True, tickCount=5)
    if limits:
        axis.title = None
    x = alt.X("value:Q", scale=domain, axis=axis)
    name = alt.Y("name:N", sort=None, axis=alt.Axis(title=None, labelLimit=240) if names else None)
    offset = alt.YOffset("series:N", sort=list(colors)) if len(colors) > 1 else alt.Undefined
    color = series_color(colors, legend=legend)
    base = (
        alt.Chart(data(rows))
        .transform_calculate(shown=measure.shown)
        .transform_filter("isValid(datum.value)")
    )
    interval = (
        base.transform_calculate(
            start="isValid(datum.low) ? datum.low : datum.value",
            end="isValid(datum.high) ? datum.high : datum.value",
        )
        .mark_rule(strokeWidth=3, strokeCap="round", opacity=0.5, aria=False)
        .encode(x=alt.X("start:Q"), x2=alt.X2("end:Q"), y=name, yOffset=offset, color=color)
    )
    dot = base.mark_point(size=70, strokeWidth=1.6, filled=False).encode(
        x=x,
        y=name,
        yOffset=offset,
        color=color,
        fill=alt.condition("datum.sure === false", alt.value(PANEL), series_color(colors, legend=legend)),
        shape=series_shape(list(colors), shapes),
        tooltip=tooltip(measure, name="name", series="series"),
        **({"href": alt.Href("href:N")} if "href" in rows else {}),
    )
    chart = layered(rule(0, axis="x", color=STRONG), interval, dot, height=alt.Step(step))
    params = [alt.param("from", value=0), alt.param("to", value=1)] if limits else []
    return chart.add_params(*params)
