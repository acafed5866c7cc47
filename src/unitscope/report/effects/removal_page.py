"""What the page of a removal says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from unitscope.report.data import records
from unitscope.report.effects.pairs import draw_pairs
from unitscope.report.effects.removal_figures import (
    instead_figure,
    largest_set,
    own_effects,
    removal_figure,
    side_effects,
    side_figure,
)
from unitscope.report.effects.style import alone, interval_of, shown
from unitscope.run.effects import Removal

LISTED = 30
"""Other concepts in the table."""


def removal_page(found: Removal, folder: Path) -> tuple[dict[str, Any], Mapping[str, Figure | None]]:
    """Return what the template needs, and the figures; pictures are drawn into the folder."""
    rows = own_effects(found)
    main = next(records(rows[rows["set"] == largest_set(found)]))
    return {
        "main": shown(interval_of(main, "lost")),
        "k": int(main.k),
        "units": [int(unit) for unit in main.units],
        "tiles": _tiles(found),
        "sets": _sets(found),
        "others": _others(found),
        "pairs": draw_pairs(found.pairs, found.path, folder, mask="lost_mask"),
    }, {"removal": removal_figure(found), "beside": side_figure(found), "instead": instead_figure(found)}


def _tiles(found: Removal) -> list[dict[str, str]]:
    """Return the loss without the largest set, and without each control of that size."""
    facts, rows = found.summary, own_effects(found)
    size = int(rows.loc[rows["kind"] == "concept", "k"].max())
    at = rows[rows["k"] == size]
    names = {
        "concept": f"lost without the {size} best units",
        "control": f"without the {size} best for {facts['control']}",
        "random": f"without {size} random units",
    }
    tiles = []
    for kind, name in names.items():
        of_kind = list(records(at[at["kind"] == kind]))
        if not of_kind:
            continue
        first = shown(interval_of(of_kind[0], "lost"))
        note = f"{first['interval']}" if first["interval"] else ""
        if len(of_kind) > 1:
            every = ", ".join(shown(interval_of(row, "lost"))["value"] for row in of_kind)
            middle = sum(row.lost for row in of_kind) / len(of_kind)
            first = shown(alone(middle))
            note = f"mean of {len(of_kind)} draws: {every}"
        tiles.append({"number": first["value"], "name": name, "note": note})
    return tiles


def _sets(found: Removal) -> list[dict[str, Any]]:
    facts = found.summary
    named = {"concept": facts["concept"], "control": facts["control"], "random": "random"}
    return [
        {
            "ranking": named[row.kind] + (f", draw {row.repetition}" if row.kind == "random" else ""),
            "k": int(row.k),
            "shared": int(row.shared),
            "lost": shown(interval_of(row, "lost")),
            "pictures": int(row.pictures_after),
        }
        for row in records(own_effects(found))
    ]


def _others(found: Removal) -> list[dict[str, Any]]:
    return [
        {
            "name": row.concept,
            "category": row.category,
            "before": shown(alone(row.area_before), 2)["value"],
            "change": shown(interval_of(row, "change"), 2, sign=True),
            "lost": shown(interval_of(row, "lost")),
        }
        for row in records(side_effects(found).head(LISTED))
    ]
