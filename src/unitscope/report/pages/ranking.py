"""The page of a ranking by effect: how it goes with the ranking by IoU, and which units take what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from markupsafe import Markup

from unitscope.report.charts.bars import interval_bars
from unitscope.report.charts.heatmap import heat_map
from unitscope.report.charts.parts import Figure, Measure, percent
from unitscope.report.charts.theme import COLORS, PANEL, category_colors
from unitscope.report.data import records
from unitscope.report.header import unit_refs
from unitscope.report.pages.numbers import alone, interval_of, shown
from unitscope.run.effects import Ranking
from unitscope.stats.ratios import FEWEST

LISTED = 40
"""Concepts in the table."""
FIRST = 5
"""Units named for each."""
MOST = 20
"""Concepts of a figure."""
EACH = 3
"""Units of each concept in the map."""
MAPPED = 12
"""Concepts of the map."""


def ranking_page(found: Ranking, _folder: Path) -> tuple[dict[str, object], Mapping[str, Figure | None]]:
    """Return what the template needs, and the figures."""
    rows = ranked_concepts(found)
    measured = rows["correlation"].dropna()
    return {
        "middle": f"{measured.median():.2f}" if len(measured) else None,
        "measured": len(measured),
        "same": int((rows["first_by_effect"] == rows["first_by_iou"]).sum()),
        "ranked": int(rows["first_by_effect"].notna().sum()),
        "shown": len(rows),
        "tested": "q_value" in found.effects,
        "concepts": _concepts(found, rows.head(LISTED)),
    }, {"correlation": correlation_figure(found), "effects": effects_figure(found)}


def ranked_concepts(found: Ranking) -> pd.DataFrame:
    """Return the concepts that pictures show, largest area first."""
    rows = found.concepts
    if "units_with_effect" not in rows:  # a ranking from before effects were told from none
        rows = rows[rows["first_by_effect"].notna()]
    return rows[rows["before"] > 0].sort_values("before", ascending=False, kind="stable")


def correlation_figure(found: Ranking) -> Figure | None:
    """Draw the rank correlation of effect and IoU of every concept; None where there is none."""
    rows = ranked_concepts(found)
    rows = rows[rows["correlation"].notna()].head(MOST)
    if not len(rows):
        return None
    bars = rows.rename(
        columns={
            "correlation": "value",
            "correlation_low": "low",
            "correlation_high": "high",
            "category": "series",
        }
    )
    bars = bars.assign(name=[f"{row.concept} ({row.category})" for row in records(rows)])
    chart = interval_bars(
        bars[["name", "value", "low", "high", "series"]],
        Measure("rank correlation of effect and IoU over units (Spearman)"),
        colors=category_colors(found.concepts["category"]),
    )
    return Figure(
        chart, "Do the units that match do the work?", "largest concepts first; lines: 95 % over pictures"
    )


def mapped(found: Ranking) -> tuple[list[int], list[tuple[str, str]]]:
    """Return the units and concepts of the map: the first units of the largest concepts."""
    concepts = [(str(row.concept), str(row.category)) for row in records(ranked_concepts(found).head(MAPPED))]
    units: list[int] = []
    for concept, category in concepts:
        rows = found.effects
        rows = rows[(rows["concept"] == concept) & (rows["category"] == category) & (rows["rank"] <= EACH)]
        units += [int(unit) for unit in rows.sort_values("rank")["unit"]]
    return list(dict.fromkeys(units)), concepts


def effects_figure(found: Ranking) -> Figure | None:
    """Draw the share of each concept that goes without each unit alone; None where nothing goes."""
    units, concepts = mapped(found)
    if not units:
        return None
    table = found.effects.set_index(["unit", "concept", "category"])
    if "pictures_changed" not in table:  # a ranking from before they were counted
        table = table.assign(pictures_changed=FEWEST)
    shares, changed = (
        np.array([[table.at[(unit, *concept), name] for unit in units] for concept in concepts], float)
        for name in ("lost", "pictures_changed")
    )
    # A share of a rare concept, which changes in few pictures, may be many times the others.
    sure = np.abs(shares[(changed >= FEWEST) & np.isfinite(shares)])
    bound = min(float(sure.max(initial=0)) or 1.0, 1.0)
    chart = heat_map(
        shares, percent("area lost without the unit"),
        rows=[f"{concept} ({category})" for concept, category in concepts],
        columns=[str(unit) for unit in units],
        colors=(COLORS[0], PANEL, COLORS[1]), limits=(-bound, bound),
        titles=(f"unit of {found.summary.layer}", None), size=(0, 26 * len(concepts)),
    )  # fmt: skip
    note = f"the {EACH} units of largest effect on each concept"
    return Figure(chart, "What goes without each unit", note, width=max(560, 20 * len(units)))


def _concepts(found: Ranking, rows: pd.DataFrame) -> list[list[object]]:
    by_concept = dict(list(found.effects.groupby(["concept", "category"], sort=False)))
    listed: list[list[object]] = []
    layer = found.summary.layer
    for row in records(rows):
        effects = by_concept[row.concept, row.category]
        ranked = effects[effects["rank"].notna()].sort_values("rank")
        first = next(records(ranked.head(1)), None)
        listed.append(
            [
                row.concept,
                row.category,
                shown(alone(row.area), 2),
                len(ranked),
                _listed(layer, ranked) if len(ranked) else "none",
                shown(alone(np.nan) if first is None else interval_of(first, "lost")),
                _listed(layer, effects.sort_values("rank_iou")),
                shown(interval_of(row, "correlation"), 2, scale=1),
            ]
        )
    return listed


def _listed(layer: str, effects: pd.DataFrame) -> Markup:
    return unit_refs(layer, effects["unit"].head(FIRST))
