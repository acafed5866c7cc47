"""The charts of a run: detectors by concept (fig. 1D), by layer (fig. 1E), the histogram of a unit."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import pandas as pd

from unitscope.report.charts.bars import SEPARATOR, count_columns
from unitscope.report.charts.curve import steps
from unitscope.report.charts.histogram import histogram
from unitscope.report.charts.parts import Figure
from unitscope.report.charts.theme import category_colors
from unitscope.report.data import RunData, records

RULES = {
    "IoU at the cut": ("detectors", "#3b6ea8"),
    "IoU at the cut, above chance": ("above_chance", "#7fa7cf"),
    "stands out": ("calibrated", "#c2571a"),
    "IoU at the cut, random weights": ("untrained", "#8a8a8a"),
}
"""What is counted of a layer: the column of the calibration, and its colour."""


def run_figures(data: RunData) -> dict[str, Figure]:
    """Draw the figures of a run, by the name of their files."""
    drawn = {
        "layers": layers_figure(data, "detectors"),
        "layer-concepts": layers_figure(data, "concepts"),
        "rules": rules_figure(data),
        "concepts": concepts_figure(data),
    }
    if len(data.layer_names) > 1:
        drawn["concepts-last"] = concepts_figure(data, layer=data.layer_names[-1])
    return drawn


def histogram_figure(row: Mapping[str, object] | None = None) -> Figure:
    """Draw the activations of a unit: `low`, `high`, `shares` and `threshold`; the page fills in each unit's."""
    return Figure(histogram([row] if row else [], title="activation"), "Activation histogram")


def concepts_figure(data: RunData, *, layer: str | None = None) -> Figure:
    """Draw the number of detectors of every concept, by category: the paper's fig. 1D.

    Args:
        data: the run.
        layer: count the units of this layer only; default all layers.
    """
    units = data.units[data.units["detector"]]
    units = units if layer is None else units[units["layer"] == layer]
    counts = units.groupby(["category", "concept"]).size().rename("count").reset_index()
    place = {name: at for at, name in enumerate(_colors(data))}
    counts = counts.assign(order=counts["category"].map(place))
    counts = counts.sort_values(["order", "count", "concept"], ascending=[True, False, True])
    rows = pd.DataFrame(
        {
            "name": counts["category"] + SEPARATOR + counts["concept"],
            "series": counts["category"],
            "count": counts["count"],
            "order": counts["order"],
            "href": None,
        }
    )
    chart = count_columns(rows, _colors(data), title="detectors (units)", noun="concept", numbers=True)
    where = "all layers" if layer is None else data.title(layer)
    return Figure(chart, f"Detectors by concept, {where}", _legend(counts), width=max(420, 17 * len(rows)))


def _legend(counts: pd.DataFrame) -> str:
    groups = counts.groupby("order", sort=True)
    parts = [
        f"{len(rows)} {rows['category'].iloc[0]} ({int(rows['count'].sum())} units)" for _, rows in groups
    ]
    return ", ".join(parts) or "no detectors"


def layers_figure(data: RunData, what: str) -> Figure:
    """Draw detectors (stacked) or distinct concepts (lines) by layer and category: the paper's fig. 1E.

    Args:
        data: the run.
        what: `detectors` or `concepts`.
    """
    colors = _colors(data)
    table = data.layers[data.layers["category"] != "all"]
    rows = pd.DataFrame(
        [
            {
                "name": data.title(row.layer),
                "series": row.category,
                "count": int(getattr(row, what)),
                "order": list(colors).index(row.category),
                "href": f"#/units?layer={quote(data.title(row.layer), safe='')}&detectors=1",
            }
            for row in records(table)
            if row.category in colors
        ],
        columns=["name", "series", "count", "order", "href"],
    )
    rows = rows[(rows["count"] > 0) | (what == "concepts")]
    width = max(420, 24 * len(data.layer_names))
    if what == "detectors":
        chart = count_columns(rows, colors, title="detectors (units)", noun="layer")
        return Figure(chart, "Detectors by layer", width=width)
    chart = steps(rows, colors, title="distinct concepts", noun="layer")
    return Figure(chart, "Distinct concepts by layer", width=width)


def rules_figure(data: RunData) -> Figure:
    """Draw how many units of each layer are detectors by both rules, and how many would be with random weights."""
    rows = [
        {"name": data.title(str(row["layer"])), "series": name, "count": float(row[column]), "href": None}
        for row in data.calibration.to_dict("records")
        for name, (column, _) in RULES.items()
        if not pd.isna(row[column])
    ]
    table = pd.DataFrame(rows, columns=["name", "series", "count", "href"])
    colors = {name: color for name, (_, color) in RULES.items() if name in set(table["series"])}
    chart = steps(table, colors, title="units", noun="layer", group="rule")
    return Figure(chart, "Detectors by rule and layer", width=max(420, 24 * len(data.layer_names)))


def _colors(data: RunData) -> dict[str, str]:
    return category_colors(data.concepts["category"])
