"""What finished runs show of themselves in a notebook, below their title: parts in HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from unitscope import notebook
from unitscope.run.calibration import whole_or_mean
from unitscope.run.effects import surprises
from unitscope.run.masks import outlined, unpack_mask
from unitscope.run.numbers import Score, fraction, fraction_score, percent, percent_score
from unitscope.run.results import Result

if TYPE_CHECKING:
    from unitscope.run.dissection import Dissection
    from unitscope.run.effect_summaries import PlaceShares
    from unitscope.run.effects import Insertion, Ranking, Removal
    from unitscope.run.importance import Importance
    from unitscope.run.shape import Shape

PAIRS = 4
"""Pictures before and after that are shown."""
MOST = 20
"""Rows of a table that are shown."""


def dissection(run: Dissection) -> Iterator[str]:
    """Yield the count of every layer beside what chance explains of it, what to know of it, and what to ask next."""
    by_layer: dict[str, dict[str, Any]] = run.calibration.set_index("layer").to_dict("index")  # type: ignore[assignment]
    categories = [each for each in dict.fromkeys(run.layers["category"]) if each != "all"]
    extra = {"above chance": "above_chance", "with random weights": "untrained", "stand out": "calibrated"}
    known = [name for name, column in extra.items() if run.calibration[column].notna().any()]
    rows = []
    for layer, found in run.layers.groupby("layer", sort=False):
        concepts = found.set_index("category")["concepts"]
        count = by_layer[str(layer)]
        beside = [count[extra[name]] for name in known]
        rows.append([
            run.network.layer_title(str(layer)), f"{count['detectors']:,} of {count['units']:,}",
            *("" if pd.isna(each) else whole_or_mean(each) for each in beside),
            *(concepts.get(category, 0) for category in ("all", *categories)),
        ])  # fmt: skip
    yield notebook.table(["layer", "detectors", *known, "concepts", *categories], rows)
    skipped = len(run.data.skipped)
    told = (
        [f"{skipped:,} of the pictures could not be read; the manifest says which and why"] if skipped else []
    )
    cut = fraction(run.settings.min_iou)
    by = ", chosen by mutual information," if run.settings.match == "information" else ""
    yield notebook.lines([*told, *run.manifest.notes, *run.doubts(cut)])
    yield notebook.line(
        f"A detector matches its concept{by} with an IoU of at least {cut}. In {run.address}", quiet=True
    )
    best = run.best(1)
    if len(best) and best["iou"].iloc[0]:
        layer, unit = run.network.layer_title(str(best["layer"].iloc[0])), best["unit"].iloc[0]
        yield notebook.line(f"Next: .best(10), .unit({layer!r}, {unit}), .units, .report()", quiet=True)


def removal(found: Removal) -> Iterator[str]:
    """Yield what every set of units takes away, what else changes, and pictures before and after."""
    facts = found.summary
    names = {
        "concept": "best",
        "control": f"best for {facts.control}",
        "random": "random",
        "all": "best by all latents",
    }
    rows = [
        [f"{each.k:,} {names[each.kind]}", percent_score(each.lost, none="-"), _score(each.others_lost)]
        for each in facts.sets
    ]
    changed = [
        [each.concept, each.category, percent(each.area), percent_score(each.change, sign="+")]
        for each in facts.changed_most
    ]
    yield notebook.line(
        f"{facts.concept} covers {percent(facts.area)} of the pictures, is in {facts.pictures:,} of them"
    )
    yield notebook.beside(
        notebook.table(["without", f"of {facts.concept} is lost", "of its category else"], _few(rows)),
        notebook.table(["changes most", "category", "area", "change"], changed, words=2) if changed else "",
    )
    pairs = (
        found.pairs[found.pairs["rule"] == found.pairs["rule"].iloc[0]] if len(found.pairs) else found.pairs
    )
    yield from _before_and_after(found, pairs, "lost_mask", f"where {facts.concept} was lost")
    yield from _ending(found, (*surprises(found), *facts.notes))


def insertion(found: Insertion) -> Iterator[str]:
    """Yield how often places succeed, alone and by what was there before, and pictures before and after."""
    facts = found.summary
    names = {"concept": "anywhere", "random": "random units", "all": "best units by all latents"}
    sets = [[names[each.kind], *_places(each)] for each in facts.sets]
    contexts = [[each.concept or "nothing", *_places(each)] for each in facts.contexts]
    headings = ["places", "succeed", "new area"]
    yield notebook.line(
        f"A success is {facts.min_new_pixels:,} new pixels or more, of {facts.points:,} of a picture"
    )
    yield notebook.beside(
        notebook.table(["forced on", *headings], sets),
        notebook.table([f"{facts.context} before", *headings], _few(contexts)) if contexts else "",
    )
    pairs = found.pairs.sort_values("new_pixels", ascending=False, kind="stable")
    yield from _before_and_after(
        found, pairs.drop_duplicates("before"), "new_mask", f"where {facts.concept} is new"
    )
    yield from _ending(found, facts.notes)


def ranking(found: Ranking) -> Iterator[str]:
    """Yield the unit that each concept needs most, beside the one that matches it best."""
    rows = [
        [
            each.concept, each.category, percent(each.area), "none" if each.unit is None else each.unit,
            percent_score(each.lost, none="-"),
            "" if each.first_by_iou is None else each.first_by_iou, fraction_score(each.correlation, 2),
        ]
        for each in found.summary.concepts
    ]  # fmt: skip
    headings = [
        "concept",
        "category",
        "area",
        "unit",
        "is lost without it",
        "first by IoU",
        "ranks correlate",
    ]
    yield notebook.table(headings, _few(rows), words=2)
    yield from _ending(found, found.summary.notes)


def importance(found: Importance) -> Iterator[str]:
    """Yield what is left of classes without, and with only, sets of units."""
    facts = found.summary
    yield notebook.facts([
        ("pictures", f"ranked on {facts.images.train.used:,} of {facts.images.train.name}, measured on "
         f"{facts.images.val.used:,} of {facts.images.val.name}"),
        ("accuracy", f"{percent_score(facts.accuracy.val)} over all classes"),
        ("important", f"{facts.important_pairs:,} of {facts.tested_pairs:,} tested pairs of unit and class, at a false "
         f"discovery rate of {100 * facts.fdr:g} %"),
    ])  # fmt: skip
    words = {"removed": "without", "kept": "with only"}
    names = {"importance": "most important", "other": "of another class", "random": "random"}
    rows = [
        [
            words[each.kind], f"{each.k:,} {names[each.ranking]}", percent(each.balanced_accuracy),
            percent_score(Score(each.loss, each.loss_low, each.loss_high)), percent(each.overall_accuracy),
        ]
        for each in sorted(facts.means, key=lambda each: each.kind, reverse=True)
        if each.kind in words and each.ranking in names
    ]  # fmt: skip
    headings = ["sets", "units", "balanced accuracy", "loss", "all classes"]
    yield notebook.table(headings, _few(rows), words=2)
    yield from _ending(found, facts.notes)


def shape(found: Shape) -> Iterator[str]:
    """Yield how many detectors of every layer keep their masks."""
    facts = found.summary
    rows = [
        [
            each.layer, f"{each.detectors:,} of {each.units:,}", percent_score(each.surviving, none="-"),
            each.surviving_by_chance, *(_middle(value) for value in (each.median_iou, each.median_chance)),
        ]
        for each in facts.layers
    ]  # fmt: skip
    headings = ["layer", "detectors", "survive", "by chance", "median IoU", "chance"]
    yield notebook.table(headings, rows)
    if facts.changed is not None:
        yield notebook.line(f"Predictions that change: {percent_score(facts.changed)}")
    yield from _ending(found, ())


def _before_and_after(found: Result[object], pairs: pd.DataFrame, mask: str, words: str) -> Iterator[str]:
    """Yield pairs of pictures, a region outlined in the second."""
    shown = []
    for row in pairs.head(PAIRS).to_dict("records"):
        region = unpack_mask(row[mask], row["mask_height"], row["mask_width"])
        found.check(row["before"], row["after"])
        before, after = (
            np.asarray(Image.open(found.path / row[name]).convert("RGB")) for name in ("before", "after")
        )
        shown += [
            notebook.picture(before, alt=f"{row['id']} before", caption=("before", row["id"])),
            notebook.picture(outlined(after, region), alt=f"{row['id']} after", caption=("after",)),
        ]
    if shown:
        yield notebook.beside(*shown)
        yield notebook.key(("#ffe600", words))


def _ending(found: Result[object], notes: Iterable[str]) -> Iterator[str]:
    yield notebook.lines(notes)
    yield notebook.line(f"In {found.address}", quiet=True)


def _few(rows: Sequence[Sequence[object]]) -> Sequence[Sequence[object]]:
    if len(rows) <= MOST:
        return rows
    return [*rows[:MOST], [f"and {len(rows) - MOST:,} more", *[""] * (len(rows[0]) - 1)]]


def _score(score: Score | None) -> str:
    return "" if score is None else percent_score(score, none="-")


def _middle(value: float | None) -> str:
    return "" if value is None else fraction(value)


def _places(each: PlaceShares) -> list[object]:
    return [f"{each.places:,}", percent_score(each.success, none="-"), percent_score(each.new_area, digits=2)]
