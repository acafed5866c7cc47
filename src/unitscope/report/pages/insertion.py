"""The page of an insertion: by context (fig. 4D), by place, and what new pixels replace."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.report.charts.bars import interval_bars
from unitscope.report.charts.heatmap import heat_map
from unitscope.report.charts.parts import Figure, percent
from unitscope.report.charts.theme import COLORS, PANEL
from unitscope.report.data import records
from unitscope.report.header import unit_refs
from unitscope.report.pages.numbers import interval_of, shown
from unitscope.report.pages.pictures import draw_pairs
from unitscope.report.pages.removal import MOST, gain_of, shares_figure
from unitscope.run.effects import Insertion

MAP_SIDE = 260
"""Side of a map in a file, pixels."""


def insertion_page(found: Insertion, folder: Path) -> tuple[dict[str, object], Mapping[str, Figure | None]]:
    """Return what the template needs, and the figures; pictures are drawn into the folder."""
    sets = list(records(found.sets))
    pairs = found.pairs.assign(concept=found.pairs["concept"].fillna("nothing"))
    return {
        "main": shown(interval_of(sets[0], "success")),
        "area": shown(interval_of(sets[0], "new_area", "new_low", "new_high"), 2),
        "units": unit_refs(found.summary.layer, sets[0].units),
        "tiles": _tiles(found, sets),
        "gain": gain_of(found.summary.choice),
        "contexts": _contexts(found),
        "pairs": draw_pairs(pairs, found.path, folder, mask="new_mask"),
    }, {**context_figures(found), **map_figures(found), "replaced": replaced_figure(found)}


def contexts(found: Insertion, *, group: int = 0) -> pd.DataFrame:
    """Return the contexts of one set of units, those with the most places first; "nothing" has a name too."""
    rows = found.contexts[found.contexts["set"] == group]
    rows = rows.assign(concept=rows["concept"].fillna("nothing"))
    return rows.sort_values("places", ascending=False, kind="stable")


def random_sets(found: Insertion) -> list[int]:
    """Return the numbers of the random sets."""
    return [int(number) for number in found.sets.loc[found.sets["kind"] == "random", "set"]]


def context_figures(found: Insertion) -> dict[str, Figure]:
    """Draw, by what was there before, how often the concept appears (`contexts`) and how much of it (`areas`)."""
    facts, rows = found.summary, contexts(found).head(MOST)
    name = [f"{row.concept}  ({row.places:,})" for row in records(rows)]
    drawn = {
        "contexts": (
            ("success", "success_low", "success_high"),
            f"places where {facts.concept} appears",
            1,
        ),
        "areas": (("new_area", "new_low", "new_high"), f"new {facts.concept}, per cent of the picture", 2),
    }
    note = f"{facts.k} units of {facts.layer} forced on; number of places in brackets; lines: 95 %"
    figures = {}
    for key, (columns, label, digits) in drawn.items():
        values = rows[list(columns)].set_axis(["value", "low", "high"], axis=1).assign(name=name, series="")
        chart = interval_bars(values, percent(label, digits), colors={"": COLORS[1]})
        figures[key] = Figure(chart, f"{facts.concept} by what was there before", note, width=420)
    return figures


def grid_of(found: Insertion, group: int) -> NDArray[np.float64]:
    """Return the share of successes of one set at every cell `(h, w)`; NaN where none was tried."""
    rows, columns = found.summary.grid
    shares = np.full((rows, columns), np.nan)
    table = found.locations[(found.locations["set"] == group) & (found.locations["places"] > 0)]
    shares[table["row"], table["column"]] = table["success"]
    return shares


def map_figures(found: Insertion) -> dict[str, Figure]:
    """Draw the share of successes over the picture, for the concept's units (`map`) and random ones (`random`)."""
    facts = found.summary
    groups = {"map": ("its units", 0)}
    for number in random_sets(found)[:1]:
        groups["random"] = ("random units", number)
    figures, end = {}, color_end(found, [number for _, number in groups.values()])
    for key, (name, number) in groups.items():
        share, places = grid_of(found, number), _places_of_a_cell(found, number)
        chart = heat_map(
            share, percent("places with enough new pixels", 0),
            rows=[f"row {row}" for row in range(share.shape[0])],
            columns=[f"column {column}" for column in range(share.shape[1])],
            colors=(PANEL, COLORS[1]), limits=(0, end), titles=("", ""), size=(MAP_SIDE, MAP_SIDE),
        )  # fmt: skip
        figures[key] = Figure(
            chart, f"Where {facts.concept} can appear", f"{name}; {places} each", width=MAP_SIDE
        )
    return figures


def color_end(found: Insertion, groups: list[int]) -> float:
    """Return the share at which the colours of the maps end: the highest that some cell or a whole set is sure to have.

    So a cell that had luck at its few places does not set the colours of all others; its own are those of the end.
    """
    cells = found.locations[found.locations["set"].isin(groups)]["success_low"].max()
    sets = found.sets[found.sets["set"].isin(groups)]["success"].max()
    end = np.nanmax([0.0 if pd.isna(each) else float(each) for each in (cells, sets)])
    return float(end) or 1.0


def _places_of_a_cell(found: Insertion, group: int) -> str:
    counts = found.locations[found.locations["set"] == group]["places"]
    least, most = int(counts[counts > 0].min()), int(counts.max())
    return f"{most:,} place{'s' if most != 1 else ''}" if least == most else f"{least:,} to {most:,} places"


def replaced_figure(found: Insertion) -> Figure | None:
    """Draw what new pixels of the concept showed before; None where there are none."""
    label = f"share of the new pixels of {found.summary.concept}"
    return shares_figure(
        found.replaced, found.summary.category, 0, title="What it takes the place of", label=label
    )


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
    name, random = f"with {facts.k} random units, anywhere", [row for row in sets if row.kind == "random"]
    return tiles + [{**_tile(interval_of(row, "success")), "name": name} for row in random[:1]]


def _tile(found: tuple[float, float, float]) -> dict[str, str]:
    text = shown(found)
    return {"number": text["value"], "note": text["interval"]}


def _contexts(found: Insertion) -> list[list[object]]:
    control = {}
    for number in random_sets(found)[:1]:
        control = {row.concept: row for row in records(contexts(found, group=number))}
    return [
        [
            row.concept,
            int(row.places),
            int(row.latents),
            shown(interval_of(row, "success")),
            shown(interval_of(row, "new_area", "new_low", "new_high"), 2),
            shown(interval_of(control[row.concept], "success")) if row.concept in control else None,
        ]
        for row in records(contexts(found))
    ]
