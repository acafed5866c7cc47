"""Finished attacks, opened from their folder."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from unitscope.run.numbers import fraction_score, percent_score
from unitscope.run.question_summaries import ALL_TARGETS, AttackSummary
from unitscope.run.results import Result, Table

FOLDER = "attack"
"""Where a run keeps them, one folder for each layer, method and targets."""
KINDS = {"undone": "undone with", "carried": "carried by"}


class Attack(Result[AttackSummary]):
    """Which units attacks move and whether these are the cause; ``docs/attack.md`` describes the tables.

    Args:
        path: the folder.
    """

    kind, command, folder = "attack", "attack", FOLDER
    outcome = AttackSummary

    attempts = Table(
        "One row a picture and target: whether the attack was found and won, and how far it went."
    )
    targets = Table("One row a target: how many attacks were tried and won.")
    changes = Table("One row a target, measure and group of units: the change of the peak.")
    units = Table("One row a target and unit: peaks before and after.")
    curves = Table("One row a target, kind of exchange, choice and number of units.")
    prediction = Table("One row a target and measure: how well importance tells the units that change most.")
    examples = Table("One row a picture that is shown and unit: its masks before and after.")

    def to_pandas(self) -> pd.DataFrame:
        """Return the table of changes."""
        return self.changes

    def __repr__(self) -> str:
        return "\n".join(_lines(self))


open_attack, find_attacks = Attack.open, Attack.find


def _lines(found: Attack) -> Iterator[str]:
    facts = found.summary
    yield f"Attacks ({facts.method}) on {facts.model} by the {facts.units:,} units of {facts.layer}"
    for each in facts.targets:
        norm = "" if each.l2 is None else f", median L2 {each.l2:.3g} on pixels from 0 to 1"
        yield f"  {each.target}: {each.won:,} of {each.tried:,} won after rounding, {each.found:,} before{norm}"
    if facts.targets[0].won:
        yield from _moved(facts)
    yield from (f"  {note}" for note in facts.notes)
    yield f"  in {found.address}"


def _moved(facts: AttackSummary) -> Iterator[str]:
    yield "  mean absolute change of the peak, and in units of each unit's spread:"
    for change in facts.changes:
        yield (
            f"    {_group(change.group, facts.top)}: {fraction_score(change.absolute)}, "
            f"{fraction_score(change.absolute_in_spreads)}"
        )
    yield f"  importance tells the units that change most: AUROC {fraction_score(facts.auroc_in_spreads)}"
    for share in facts.exchanges:
        units = "most important units" if share.units == "important" else "random units"
        yield f"  {KINDS[share.kind]} {share.k:,} {units}: {percent_score(share.share, none='-')}"


def _group(name: str, top: int) -> str:
    words = {
        "target": f"{top:,} most important to the target",
        "source": f"{top:,} most important to the source",
        "random": f"{top:,} random",
        "other": "all others",
    }
    return words[name]


__all__ = ["ALL_TARGETS", "FOLDER", "Attack", "find_attacks", "open_attack"]
