"""Pages and charts by which results show themselves, where what draws them takes something else than the result."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import numpy as np

from unitscope.errors import UnitscopeError
from unitscope.report.charts.theme import config
from unitscope.report.figures import histogram_figure
from unitscope.report.importance.write import write_importance_report
from unitscope.report.payload import rebin
from unitscope.report.write import write_report
from unitscope.run.dissection import Dissection
from unitscope.run.importance import Importance
from unitscope.run.unit import Unit


def dissection_page(run: Dissection) -> Path:
    """Write the report of a dissection."""
    return write_report(run.path)


def importance_page(found: Importance) -> Path:
    """Write the page of an importance, and the report of its dissection where that keeps it.

    Raises:
        UnitscopeError: the dissection has moved.
    """
    run = found.dissection
    if run is None:
        raise UnitscopeError(
            f"the page of {found.address} shows the units of the dissection {found.summary.run!r}, which is not there "
            "any more; move it back, or measure the importance again"
        )
    if found.path.resolve().parent.parent != run.path.resolve():
        return write_importance_report(found.path, run=run.path)
    write_report(run.path)
    return found.page


def unit_histogram(unit: Unit) -> alt.LayerChart:
    """Return the chart of a unit's activations with its threshold."""
    table = unit.run.table("histograms")
    bins = table[(table["layer"] == unit.layer) & (table["unit"] == unit.number)].iloc[0]
    found = rebin(np.asarray(bins["edges"]), np.asarray(bins["counts"]))
    threshold = float(unit.row["threshold"])
    chart: alt.LayerChart = histogram_figure(
        {**found, "threshold": threshold if np.isfinite(threshold) else None}
    ).chart
    return chart.properties(width=480, config=config())
