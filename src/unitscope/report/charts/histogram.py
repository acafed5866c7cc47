"""The histogram of an activation: shares of pixels on a logarithmic axis, with the threshold."""

from __future__ import annotations

import altair as alt
import pandas as pd

from unitscope.report.charts.curve import threshold
from unitscope.report.charts.parts import data, layered, percent
from unitscope.report.charts.theme import ACCENT, STRONG

DECADES = [10.0**-power for power in range(13)]


def histogram(rows: pd.DataFrame, *, title: str) -> alt.LayerChart:
    """Draw shares as bars over ranges of activation; the data set `threshold` holds where a line is drawn.

    Args:
        rows: columns `from`, `to`, `share`, `floor` (where the axis of shares starts) and `above` (the threshold).
        title: of the axis of activations.
    """
    measure = percent("share of pixels")
    label = "datum.value >= 1e-6 ? format(100 * datum.value, '.1~r') + '\u202f%' : format(datum.value, '.0e')"
    share = alt.Y(
        "share:Q",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(
            title=measure.title,
            labelExpr=label,
            grid=True,
            values=DECADES,
            domain=False,
            labelOverlap="greedy",
        ),
    )
    bins = (
        alt.Chart(data(rows))
        .transform_calculate(
            activation="format(datum.from, '.3~g') + ' to ' + format(datum.to, '.3~g')",
            shown="format(100 * datum.share, '.2~g') + '\u202f%'",
        )
        .mark_rect(stroke=None)
        .encode(
            x=alt.X(
                "from:Q", axis=alt.Axis(title=title, tickCount=6), scale=alt.Scale(zero=False, nice=False)
            ),
            x2="to:Q",
            y=share,
            y2="floor:Q",
            color=alt.condition("datum.above", alt.value(ACCENT), alt.value(STRONG)),
            tooltip=[alt.Tooltip("activation:N", title=title), alt.Tooltip("shown:N", title=measure.title)],
        )
    )
    return layered(bins, *threshold("threshold "), height=200)
