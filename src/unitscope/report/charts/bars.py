"""Bars: values with intervals, one below the other; counts as columns, in colours of their categories."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from unitscope.report.charts.parts import Measure, data, layered, rule, series_color, tooltip
from unitscope.report.charts.theme import COLORS, INK, MUTED, PANEL, STRONG


def interval_bars(
    rows: pd.DataFrame,
    measure: Measure,
    *,
    colors: Mapping[str, str] | None = None,
    limits: tuple[float, float] | None = None,
    chance: float | None = None,
    names: bool = True,
    numbers: bool = False,
) -> alt.LayerChart:
    """Draw one horizontal bar for each row, from the top, with its interval.

    Args:
        rows: columns `name`, `value`, `low`, `high`, and `series` if there are colours of series.
        measure: of the values.
        colors: by series; one colour for all if not given.
        limits: of the axis; those of the data if not given.
        chance: a value to mark by a dotted line.
        names: whether the names stand beside the bars.
        numbers: whether the values stand behind the bars.
    """
    domain = alt.Scale(domain=list(limits), nice=False, clamp=True) if limits else alt.Scale()
    color = series_color(colors, legend=False) if colors else alt.value(COLORS[1])
    name = alt.Y("name:N", sort=None, axis=alt.Axis(title=None) if names else None)
    base = alt.Chart(data(rows)).transform_calculate(shown=measure.shown)
    bar = base.mark_bar(height={"band": 0.62}).encode(
        x=alt.X("value:Q", scale=domain, axis=measure.axis(grid=True, tickCount=5)),
        y=name,
        color=color,
        tooltip=tooltip(measure, name="name"),
    )
    line = base.mark_rule(color=INK, strokeWidth=1.3, aria=False).encode(
        x=alt.X("low:Q"), x2=alt.X2("high:Q"), y=name
    )
    layers = [bar, line.transform_filter("isValid(datum.low) && isValid(datum.high)")]
    if numbers:
        text = base.transform_calculate(end="max(datum.value, datum.high || 0)", text=measure.number("value"))
        layers.append(
            text.mark_text(align="left", dx=5, color=INK, aria=False).encode(
                x=alt.X("end:Q"), y=name, text=alt.Text("text:N")
            )
        )
    layers += [rule(chance, axis="x", dashed=True)] if chance is not None else []
    layers += [rule(0, axis="x", color=STRONG)] if limits is None else []
    return layered(*layers, height=alt.Step(24))


SEPARATOR = "\u2063"
"""Stands in a name behind what only tells it from others, which the axis does not show."""


def count_columns(
    rows: pd.DataFrame, colors: Mapping[str, str], *, title: str, noun: str, numbers: bool = False
) -> alt.LayerChart:
    """Draw counts as columns, in colours of their series; several of one name stand on each other.

    Args:
        rows: columns `name`, `series`, `count`, and `href`, where choosing a column leads; `order` of the series.
        colors: by series.
        title: of the counts.
        noun: what the names are.
        numbers: whether the counts stand above the columns.
    """
    label = f"slice(datum.value, indexof(datum.value, '{SEPARATOR}') + 1)"
    axis = alt.Axis(title=None, labelExpr=label, labelAngle=-55, labelLimit=130, labelOverlap=False)
    counts = alt.Axis(title=title, grid=True, tickMinStep=1, format="d", tickCount=5, domain=False)
    x = alt.X("name:N", sort=None, axis=axis)
    y = alt.Y("count:Q", axis=counts, scale=alt.Scale(domainMax={"expr": "most || null"}))
    base = alt.Chart(data(rows)).transform_calculate(label=label.replace("value", "name"))
    bar = base.mark_bar(width={"band": 0.76}, stroke=PANEL, strokeWidth=0.75).encode(
        x=x,
        y=y,
        color=series_color(colors),
        order=alt.Order("order:Q"),
        href=alt.Href("href:N"),
        tooltip=[
            alt.Tooltip("label:N", title=noun),
            alt.Tooltip("series:N", title="category"),
            alt.Tooltip("count:Q", title=title),
        ],
    )
    text = base.mark_text(dy=-6, fontSize=10, color=MUTED, aria=False).encode(
        x=x, y=y, text=alt.Text("count:Q")
    )
    chart = layered(*([bar, text] if numbers else [bar]), height=200)
    return chart.add_params(alt.param("most", value=0))
