"""What units of a generator do, opened from the folders of finished questions."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.run.effect_summaries import (
    InsertionSummary,
    PlaceShares,
    RankedConcept,
    RankingSummary,
    RemovalSummary,
    RemovedSet,
    UnitChoice,
)
from unitscope.run.numbers import Score, fraction_score, percent, percent_score
from unitscope.run.results import Result, Table

FOLDER = "effects"
"""Where a run keeps them, one folder for each question."""
SHOWN = 6
"""Rows of a kind that are printed."""


class Removal(Result[RemovalSummary]):
    """What goes without units that match a concept; ``docs/effects.md`` describes the tables.

    Args:
        path: the folder.
    """

    kind, command, folder = "removal", "remove", FOLDER
    outcome = RemovalSummary

    sets = Table("One row a set of units.")
    effects = Table("One row a set and concept: how much of its area is lost.")
    instead = Table("One row a set and concept: what stands where the concept was.")
    latents = Table("One row a latent: pixels of the concept as it is and without the largest set.")
    pairs = Table("One row a picture that is saved before and after.")

    def to_pandas(self) -> pd.DataFrame:
        """Return the effects table."""
        return self.effects

    def _parts(self) -> Iterator[str]:
        from unitscope.run import shown

        return shown.removal(self)

    def __repr__(self) -> str:
        return "\n".join(_removal_lines(self))


class Insertion(Result[InsertionSummary]):
    """What appears of a concept where its units are forced on; ``docs/effects.md`` describes the tables.

    Args:
        path: the folder.
    """

    kind, command, folder = "insertion", "insert", FOLDER
    outcome = InsertionSummary

    sets = Table("One row a set of units, over all places.")
    contexts = Table("One row a set and context: what was at a place before.")
    locations = Table("One row a set and cell of the activation grid.")
    replaced = Table("One row a set and concept: what new pixels showed before.")
    places = Table("One row a set, latent and cell.")
    pairs = Table("One row a picture that is saved before and after.")

    def to_pandas(self) -> pd.DataFrame:
        """Return the table of contexts."""
        return self.contexts

    def _parts(self) -> Iterator[str]:
        from unitscope.run import shown

        return shown.insertion(self)

    def __repr__(self) -> str:
        return "\n".join(_insertion_lines(self))


class Ranking(Result[RankingSummary]):
    """What goes without each unit alone; ``docs/effects.md`` describes the tables.

    Args:
        path: the folder.
    """

    kind, command, folder = "ranking", "rank", FOLDER
    outcome = RankingSummary

    effects = Table("One row a unit and concept.")
    concepts = Table("One row a concept: how the ranking by effect goes with that by IoU.")

    def to_pandas(self) -> pd.DataFrame:
        """Return the effects table."""
        return self.effects

    def top(self, concept: str, count: int = 10) -> pd.DataFrame:
        """Return the units whose removal takes most of a concept, ``NAME`` or ``NAME|CATEGORY``.

        Only those whose effect is told from none (``q_value`` up to 0.05) have a rank, and only they are returned.

        Raises:
            UnitscopeError: there is no such concept.
        """
        names = self.effects["concept"], self.effects["concept"] + "|" + self.effects["category"]
        found = self.effects[(names[0] == concept) | (names[1] == concept)]
        if not len(found):
            hint = did_you_mean(concept, names[0]) or " the concepts table lists them"
            raise UnitscopeError(f"concept {concept!r} is none of the {len(self.concepts)} concepts;{hint}")
        found = found[found["rank"].notna()].astype({"rank": int})
        return found.sort_values(["category", "rank"], kind="stable", ignore_index=True).head(count)

    def _parts(self) -> Iterator[str]:
        from unitscope.run import shown

        return shown.ranking(self)

    def __repr__(self) -> str:
        return "\n".join(_ranking_lines(self))


open_removal, open_insertion, open_ranking = Removal.open, Insertion.open, Ranking.open
find_removals, find_insertions, find_rankings = Removal.find, Insertion.find, Ranking.find


def surprises(found: Removal) -> tuple[str, ...]:
    """Say what happened where a removal did not do what it is for: a gain, or no more than random sets do."""
    facts = found.summary
    number, main = [(row, each) for row, each in enumerate(facts.sets) if each.kind == "concept"][-1]
    if main.lost.value is None:
        return ()
    said = [_gained(found, number)] if main.lost.value < 0 else []
    random = [each for each in facts.sets if each.kind == "random" and each.k == main.k]
    better = sum(each.lost.value is not None and each.lost.value >= main.lost.value for each in random)
    if better:
        said.append(
            f"{better:,} of {len(random):,} random sets of as many units take as much of it or more: nothing says that "
            "these units draw it"
        )
    return tuple(said)


def _gained(found: Removal, number: int) -> str:
    """Say where there is more of the concept without a set, and what loses most area there."""
    facts, rows = found.summary, found.effects[found.effects["set"] == number]
    is_own = (rows["concept"] == facts.concept) & (rows["category"] == facts.category)
    own, others = rows[is_own].iloc[0], rows[~is_own]
    said = (
        f"there is more {facts.concept} without these units, not less: {percent(-own['lost'])} more area, in "
        f"{own['pictures_after']:,} of {facts.latents:,} pictures in place of {own['pictures_before']:,}"
    )
    change = (others["area_after"] - others["area_before"]).to_numpy()
    if not len(change) or change.min() >= 0:
        return said
    most = others.iloc[int(change.argmin())]
    return (
        f"{said}; {most['concept']} ({most['category']}) loses most, {percent(-change.min())} of the picture"
    )


def _removal_lines(found: Removal) -> Iterator[str]:
    facts = found.summary
    by = f"IoU with {facts.concept}" if facts.rank == "iou" else f"effect on {facts.concept}"
    yield (
        f"Removal of {facts.concept} units of {facts.layer} in {facts.generator}, ranked by {by}, on "
        f"{facts.latents:,} latents"
    )
    yield (
        f"  {facts.concept} covers {percent(facts.area)} of the pictures and is in {facts.pictures:,} of them"
    )
    own = [each for each in facts.sets if each.kind == "concept"]
    if facts.choice is not None:
        yield _chosen(facts.choice, own[-1].k, "of its area that is lost")
    shown = own if len(own) <= SHOWN else [*own[: SHOWN - 1], own[-1]]
    for each in shown:
        yield f"    without the {each.k:,} best: {_share_lost(each)}"
    for each in facts.sets:
        if each.kind == "control":
            also = f", {facts.control_shared} of them the same" if facts.control_shared else ""
            yield f"    without the {each.k:,} best for {facts.control}{also}: {_share_lost(each)}"
        if each.kind == "random":
            yield f"    without {each.k:,} random others ({each.repetition}): {_share_lost(each)}"
        if each.kind == "all":
            yield f"    without the {each.k:,} best by all latents: {_share_lost(each)}"
    yield from (f"  {each}" for each in surprises(found))
    if facts.changed_most:
        yield f"  without the {own[-1].k:,} best, what changes most besides, in area of the picture:"
    for other in facts.changed_most:
        change = percent_score(other.change, sign="+")
        yield f"    {other.concept} ({other.category}): {change}, was {percent(other.area)}"
    yield from (f"  {note}" for note in facts.notes)
    yield f"  in {found.address}"


def _chosen(choice: UnitChoice, k: int, share: str) -> str:
    """Say what chose the units, and what is gained where the latents that are measured choose too."""
    said = f"  units chosen on {choice.latents:,} other latents"
    if choice.shared == k:
        return f"{said}; all latents, these included, choose the same"
    gain = percent_score(choice.gain, sign="+", none="nothing")
    return f"{said}; choosing on all, these included, adds {gain} {share} ({choice.shared:,} of {k:,} are the same)"


def _share_lost(each: RemovedSet) -> str:
    beside = each.others_lost
    others = "" if beside is None else f"; of all else in its category {_lost(beside)}"
    return f"{_lost(each.lost)} of its area is lost{others}"


def _insertion_lines(found: Insertion) -> Iterator[str]:
    facts = found.summary
    where = facts.locations
    rows, columns = facts.grid
    kind = {"all": "every cell", "lattice": "an even lattice of", "random": "a random draw of"}[where.kind]
    cells = kind if where.kind == "all" else f"{kind} {where.count:,} cells"
    yield (
        f"Insertion of {facts.k:,} {facts.concept} units of {facts.layer} in {facts.generator}, at "
        f"{facts.level}"
    )
    yield f"  on {facts.latents:,} latents, one place at a time: {cells} of the {rows}x{columns} grid"
    yield f"  a success is {facts.min_new_pixels:,} new pixels or more, of {facts.points:,} of a picture"
    if facts.choice is not None:
        yield _chosen(facts.choice, facts.k, "of the places that succeed")
    for each in facts.sets:
        names = {"concept": "anywhere", "all": "the best units by all latents"}
        name = names.get(each.kind, f"random units ({each.repetition})")
        yield f"    {name}: {_appearing(each)}"
    yield f"  by the {facts.context} that was there before:"
    for there in facts.contexts[: 2 * SHOWN]:
        yield f"    {there.concept or 'nothing'}: {_appearing(there)}"
    yield from (f"  {note}" for note in facts.notes)
    yield f"  in {found.address}"


def _appearing(each: PlaceShares) -> str:
    return (
        f"{_lost(each.success)} of {each.places:,} places succeed, "
        f"new area {percent_score(each.new_area, digits=2)} of the picture"
    )


def _ranking_lines(found: Ranking) -> Iterator[str]:
    facts = found.summary
    yield (
        f"Effects of each of the {facts.units:,} units of {facts.layer} in {facts.generator}, "
        f"removed alone, on {facts.latents:,} latents"
    )
    for each in facts.concepts:
        correlation = each.correlation
        ranks = "" if correlation.value is None else f"; ranks correlate {fraction_score(correlation, 2)}"
        yield f"    {each.concept} ({each.category}): {_first(each, facts.units)}{ranks}"
    yield from (f"  {note}" for note in facts.notes)
    yield f"  in {found.address}"


def _first(each: RankedConcept, units: int) -> str:
    """Say which unit takes most of a concept, and how many take any that is told from none."""
    if each.unit is None:
        return f"what is lost without any one of the {units:,} units cannot be told from nothing"
    same = "also first by IoU" if each.unit == each.first_by_iou else f"by IoU {each.first_by_iou}"
    more = (each.units_with_effect or 1) - 1
    others = f", and something without {more:,} other{'s' if more != 1 else ''}" if more else ""
    return f"most is lost without unit {each.unit}, {_lost(each.lost)}{others}; {same}"


def _lost(score: Score) -> str:
    return percent_score(score, none="nothing to lose, so no share")
