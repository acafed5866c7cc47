"""What the page of an insertion says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from unitscope.report.data import records
from unitscope.report.effects.insertion_figures import (
    contexts,
    contexts_figure,
    map_figure,
    random_sets,
    replaced_figure,
)
from unitscope.report.effects.pairs import draw_pairs
from unitscope.report.effects.style import interval_of, shown
from unitscope.run.effects import Insertion


def insertion_page(found: Insertion, folder: Path) -> tuple[dict[str, Any], Mapping[str, Figure | None]]:
    """Return what the template needs, and the figures; pictures are drawn into the folder."""
    sets = list(records(found.sets))
    pairs = found.pairs.assign(concept=found.pairs["concept"].fillna("nothing"))
    return {
        "main": shown(interval_of(sets[0], "success")),
        "area": shown(interval_of(sets[0], "new_area", "new_low", "new_high"), 2),
        "units": [int(unit) for unit in sets[0].units],
        "tiles": _tiles(found, sets),
        "contexts": _contexts(found),
        "pairs": draw_pairs(pairs, found.path, folder, mask="new_mask"),
    }, {"contexts": contexts_figure(found), "map": map_figure(found), "replaced": replaced_figure(found)}


def _tiles(found: Insertion, sets: list[Any]) -> list[dict[str, str]]:
    """Return the share of successes anywhere, at the best and the worst of the larger contexts, and at random."""
    facts = found.summary
    tiles = [{**_tile(interval_of(sets[0], "success")), "name": "of all places succeed"}]
    rows = contexts(found).head(8).sort_values("success", ascending=False)
    listed = list(records(rows[rows["places"] >= max(30, rows["places"].sum() / 200)]))
    if len(listed) > 1:
        tiles += [
            {**_tile(interval_of(row, "success")), "name": f"where {row.concept} was"}
            for row in (listed[0], listed[-1])
        ]
    name = f"with {facts['k']} random units, anywhere"
    return tiles + [{**_tile(interval_of(row, "success")), "name": name} for row in sets[1:2]]


def _tile(found: tuple[float, float, float]) -> dict[str, str]:
    text = shown(found)
    return {"number": text["value"], "note": text["interval"]}


def _contexts(found: Insertion) -> list[dict[str, Any]]:
    control = {}
    for number in random_sets(found)[:1]:
        control = {row.concept: row for row in records(contexts(found, group=number))}
    return [
        {
            "name": row.concept,
            "places": int(row.places),
            "latents": int(row.latents),
            "success": shown(interval_of(row, "success")),
            "area": shown(interval_of(row, "new_area", "new_low", "new_high"), 2),
            "random": shown(interval_of(control[row.concept], "success")) if row.concept in control else None,
        }
        for row in records(contexts(found))
    ]
