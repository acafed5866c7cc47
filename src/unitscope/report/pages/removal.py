"""The page of a removal: what is lost by size of the set (fig. 4A), beside it, and what stands instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from unitscope.report.charts.bars import interval_bars
from unitscope.report.charts.curve import curves
from unitscope.report.charts.parts import Figure, percent
from unitscope.report.charts.theme import COLORS, category_colors
from unitscope.report.data import records
from unitscope.report.header import unit_refs
from unitscope.report.pages.numbers import alone, interval_of, shown
from unitscope.report.pages.pictures import draw_pairs
from unitscope.run.effect_summaries import UnitChoice
from unitscope.run.effects import Removal, surprises

LISTED = 30
"""Other concepts in the table."""
MOST = 14
"""Concepts of a figure."""
KIND_COLORS = {"concept": COLORS[1], "control": COLORS[0], "random": COLORS[6]}


def removal_page(found: Removal, folder: Path) -> tuple[dict[str, object], Mapping[str, Figure | None]]:
    """Return what the template needs, and the figures; pictures are drawn into the folder."""
    rows = own_effects(found)
    main = next(records(rows[rows["set"] == largest_set(found)]))
    return {
        "main": shown(interval_of(main, "lost")),
        "k": int(main.k),
        "units": unit_refs(found.summary.layer, main.units),
        "tiles": _tiles(found),
        "gain": gain_of(found.summary.choice),
        "surprises": surprises(found),
        "sets": _sets(found),
        "others": _others(found),
        "pairs": draw_pairs(found.pairs, found.path, folder, mask="lost_mask"),
    }, {"removal": removal_figure(found), "beside": side_figure(found), "instead": instead_figure(found)}


def gain_of(choice: UnitChoice | None) -> dict[str, str] | None:
    """Return what is gained where latents are measured that chose the units; None where all of them did."""
    if choice is None:
        return None
    ends = (choice.gain.value, choice.gain.low, choice.gain.high)
    value, low, high = (float("nan") if end is None else end for end in ends)
    return shown((value, low, high), sign=True)


def own_effects(found: Removal) -> pd.DataFrame:
    """Return the rows of the effects table about the concept itself, one a set, with the columns of the set."""
    facts = found.summary
    effects = found.effects
    own = effects[(effects["concept"] == facts.concept) & (effects["category"] == facts.category)]
    merged: pd.DataFrame = own.merge(found.sets, on="set")
    return merged


def largest_set(found: Removal) -> int:
    """Return the number of the largest set of units of the concept."""
    sets = found.sets[found.sets["kind"] == "concept"]
    return int(sets["set"].to_numpy()[int(sets["k"].to_numpy().argmax())])


def side_effects(found: Removal) -> pd.DataFrame:
    """Return the effects of the largest set on every other concept whose area changes, that which changes most first.

    The column ``change`` is the change of its area, a fraction of a picture, as its interval is.
    """
    facts, effects = found.summary, found.effects
    rows = effects[effects["set"] == largest_set(found)]
    rows = rows[(rows["concept"] != facts.concept) | (rows["category"] != facts.category)]
    change = rows["area_after"] - rows["area_before"]
    rows = rows.assign(change=change)[change != 0]
    ordered: pd.DataFrame = rows.iloc[np.argsort(-rows["change"].abs().to_numpy(), kind="stable")]
    return ordered


def removal_figure(found: Removal) -> Figure:
    """Draw the share of the concept's area that is lost against the number of removed units, with the controls."""
    facts, rows = found.summary, own_effects(found)
    rows = rows[rows["kind"] != "all"]
    names = {
        "concept": f"units ranked for {facts.concept}",
        "control": f"units ranked for {facts.control}",
        "random": "random units",
    }
    rows = rows.sort_values(["k", "repetition"]).rename(
        columns={"k": "x", "lost": "value", "lost_low": "low", "lost_high": "high"}
    )
    of_concept = rows["kind"] == "concept"
    rows = rows.assign(
        series=rows["kind"].map(names), marks=True, loose=~of_concept | (of_concept.sum() <= 2)
    )
    colors = {names[kind]: color for kind, color in KIND_COLORS.items() if (rows["kind"] == kind).any()}
    chart = curves(
        rows[["x", "value", "low", "high", "series", "marks", "loose"]],
        percent(f"area of {facts.concept} that is lost"),
        colors=colors, across="units set to zero", whiskers=True,
    )  # fmt: skip
    note = f"{facts.latents:,} pictures; bars and bands: 95 % over pictures, where six or more change"
    return Figure(chart, f"{facts.concept} without its units in {facts.layer}", note)


def side_figure(found: Removal) -> Figure | None:
    """Draw the change of the area of other concepts without the largest set; None where nothing changes."""
    rows = side_effects(found).head(MOST)
    if not len(rows):
        return None
    bars = pd.DataFrame(
        {
            "name": [f"{row.concept} ({row.category})" for row in records(rows)],
            "value": rows["change"].to_numpy(),
            "low": rows["change_low"].to_numpy(),
            "high": rows["change_high"].to_numpy(),
            "series": rows["category"].to_numpy(),
        }
    )
    measure = percent("change of area, per cent of the picture", 2)
    chart = interval_bars(bars, measure, colors=category_colors(found.effects["category"]))
    return Figure(chart, "What changes beside it", "lines: 95 % over pictures, where six or more change")


def instead_figure(found: Removal) -> Figure | None:
    """Draw what stands where the concept was, without the largest set; None where nothing was lost."""
    concept = found.summary.concept
    return shares_figure(
        found.instead,
        found.summary.category,
        largest_set(found),
        title=f"What stands where {concept} was",
        label=f"share of the pixels where {concept} is gone",
    )


def shares_figure(
    found: pd.DataFrame, category: str, number: int, *, title: str, label: str
) -> Figure | None:
    """Draw what stands in place of a concept, or stood before it, in its category; None where there is nothing.

    Args:
        found: one row a set and concept, with ``share``; "nothing" has no name.
        category: of the concept.
        number: of the set.
        title: of the figure.
        label: what the shares are of.
    """
    of_category = (found["category"] == category) | (found["number"] == 0)
    rows = found[(found["set"] == number) & of_category].assign(name=found["concept"].fillna("nothing"))
    rows = rows.sort_values("pixels", ascending=False, kind="stable").head(MOST)
    if not len(rows):
        return None
    bars = rows.assign(value=rows["share"], low=None, high=None, series="")
    chart = interval_bars(
        bars[["name", "value", "low", "high", "series"]], percent(label), colors={"": COLORS[6]}
    )
    return Figure(chart, title, f"category {category}")


def _tiles(found: Removal) -> list[dict[str, str]]:
    """Return the loss without the largest set, and without each control of that size."""
    facts, rows = found.summary, own_effects(found)
    size = int(rows.loc[rows["kind"] == "concept", "k"].max())
    at = rows[rows["k"] == size]
    names = {
        "concept": f"lost without the {size} best units",
        "control": f"without the {size} best for {facts.control}",
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


def _sets(found: Removal) -> list[list[object]]:
    facts = found.summary
    named = {
        "concept": facts.concept,
        "control": facts.control or "",
        "random": "random",
        "all": f"{facts.concept}, by all latents",
    }
    return [
        [
            named[row.kind] + (f", draw {row.repetition}" if row.kind == "random" else ""),
            int(row.k),
            int(row.shared),
            shown(interval_of(row, "lost")),
            int(row.pictures_after),
        ]
        for row in records(own_effects(found))
    ]


def _others(found: Removal) -> list[list[object]]:
    return [
        [
            row.concept,
            row.category,
            shown(alone(row.area_before), 2),
            shown(interval_of(row, "change"), 2, sign=True),
            shown(interval_of(row, "lost")),
        ]
        for row in records(side_effects(found).head(LISTED))
    ]
