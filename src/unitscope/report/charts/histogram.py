"""The histogram of an activation: shares of pixels on a logarithmic axis, with the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from unitscope.report.charts.parts import ROWS, layered, percent
from unitscope.report.charts.theme import ACCENT, INK, STRONG

DECADES = [10.0**-power for power in range(13)]
LEAST = 1e-4
"""Where the axis of shares starts, unless a share is smaller."""


def histogram(rows: Sequence[Mapping[str, object]], *, title: str) -> alt.LayerChart:
    """Draw shares as bars over equal ranges of activation, coloured above the threshold, and the threshold.

    Args:
        rows: one: `low`, `high`, `shares` and `threshold`, which may be null.
        title: of the axis of activations.
    """
    base = alt.Chart(alt.InlineData(values=[dict(row) for row in rows], name=ROWS))
    label = "datum.value >= 1e-6 ? format(100 * datum.value, '.1~r') + '\u202f%' : format(datum.value, '.0e')"
    shares = alt.Axis(
        title=percent("share of pixels").title, labelExpr=label, grid=True, values=DECADES, domain=False,
        labelOverlap="greedy",
    )  # fmt: skip
    activation = alt.Axis(title=title, tickCount=6)
    bins = (
        base.transform_calculate(step="(datum.high - datum.low) / length(datum.shares)")
        .transform_flatten(["shares"], ["share"])
        .transform_window(at="row_number()")
        .transform_filter("datum.share > 0")
        .transform_joinaggregate(least="min(share)")
        .transform_calculate(start="datum.low + (datum.at - 1) * datum.step")
        .transform_calculate(
            end="datum.start + datum.step",
            floor=f"min({LEAST}, pow(10, floor(log(datum.least) / LN10)))",
            above="isValid(datum.threshold) && datum.start + datum.step / 2 > datum.threshold",
        )
        .transform_calculate(
            activation="format(datum.start, '.3~g') + ' to ' + format(datum.end, '.3~g')",
            shown="format(100 * datum.share, '.2~g') + '\u202f%'",
        )
        .mark_rect(stroke=None)
        .encode(
            x=alt.X("start:Q", axis=activation, scale=alt.Scale(zero=False, nice=False)),
            x2=alt.X2("end:Q"),
            y=alt.Y("share:Q", scale=alt.Scale(type="log", nice=False), axis=shares),
            y2=alt.Y2("floor:Q"),
            color=alt.condition("datum.above", alt.value(ACCENT), alt.value(STRONG)),
            tooltip=[
                alt.Tooltip("activation:N", title=title),
                alt.Tooltip("shown:N", title="share of pixels"),
            ],
        )
    )
    line = (
        base.transform_filter(
            "isValid(datum.threshold) && datum.threshold >= datum.low && datum.threshold <= datum.high"
        )
        .transform_calculate(text="'threshold ' + format(datum.threshold, '.3~g')")
        .encode(x=alt.X("threshold:Q"))
    )
    text = line.mark_text(align="left", dx=5, baseline="top", color=INK, aria=False)
    return layered(
        bins,
        line.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=INK, aria=False),
        text.encode(y=alt.value(0), text=alt.Text("text:N")),
        height=200,
    )
