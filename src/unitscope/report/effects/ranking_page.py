"""What the page of a ranking by effect says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from unitscope.report.data import records
from unitscope.report.effects.ranking_figures import correlation_figure, effects_figure, ranked_concepts
from unitscope.report.effects.style import alone, interval_of, shown
from unitscope.run.effects import Ranking

LISTED = 40
"""Concepts in the table."""
FIRST = 5
"""Units named for each."""


def ranking_page(found: Ranking, _folder: Path) -> tuple[dict[str, Any], Mapping[str, Figure | None]]:
    """Return what the template needs, and the figures."""
    rows = ranked_concepts(found)
    measured = rows["correlation"].dropna()
    return {
        "middle": f"{measured.median():.2f}" if len(measured) else None,
        "measured": len(measured),
        "same": int((rows["first_by_effect"] == rows["first_by_iou"]).sum()),
        "ranked": len(rows),
        "concepts": _concepts(found, rows.head(LISTED)),
    }, {"correlation": correlation_figure(found), "effects": effects_figure(found)}


def _concepts(found: Ranking, rows: pd.DataFrame) -> list[dict[str, Any]]:
    by_concept = dict(list(found.effects.groupby(["concept", "category"], sort=False)))
    listed = []
    for row in records(rows):
        effects = by_concept[row.concept, row.category]
        first = next(records(effects.sort_values("rank").head(1)))
        listed.append(
            {
                "name": row.concept,
                "category": row.category,
                "area": shown(alone(row.area), 2)["value"],
                "by_effect": effects.sort_values("rank")["unit"].head(FIRST).tolist(),
                "by_iou": effects.sort_values("rank_iou")["unit"].head(FIRST).tolist(),
                "lost": shown(interval_of(first, "lost")),
                "correlation": shown(interval_of(row, "correlation"), 2, scale=1),
            }
        )
    return listed
