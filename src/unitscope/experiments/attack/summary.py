"""What the manifest says of attacks once the tables are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from unitscope.experiments.attack.findings import Findings
from unitscope.experiments.attack.tables import change_table, curve_table, prediction_table, target_table
from unitscope.run.numbers import Score
from unitscope.run.question_summaries import (
    ALL_TARGETS,
    AttackSummary,
    ExchangedShare,
    GroupChange,
    TargetOutcome,
)
from unitscope.run.summaries import LeftOut

LOW_RATE = 0.95
"""Success below which a note says what to raise."""
SHOWN_SIZES = 8
"""Units of the exchanges that the summary gives: as many as the 4 of each class together."""
RAISE = {
    "cw": "raise --searches or --steps, or --rate for larger steps",
    "ddn": "raise --steps",
    "pgd": "raise --epsilon or --steps",
}


def attack_summary(
    found: Findings,
    skipped: Mapping[int, str],
    ids: Sequence[str],
    facts: Mapping[str, Any],
) -> AttackSummary:
    """Put the summary together; `facts` are the fields that the run, the settings and the network decide."""
    areas = _of_all(prediction_table(found)).set_index("measure")
    return AttackSummary(
        **facts,
        units=len(found.spread),
        read=len(ids) - len(skipped),
        skipped=tuple(LeftOut(ids[number], why) for number, why in skipped.items()),
        passes=found.outcomes.passes,
        top=found.top,
        targets=_targets(target_table(found)),
        changes=_changes(_of_all(change_table(found))),
        exchanges=_exchanges(_of_all(curve_table(found)), found.sizes),
        auroc=_score(areas.loc["absolute"]),
        auroc_in_spreads=_score(areas.loc["absolute_in_spreads"]),
        notes=tuple(_notes(found, str(facts["method"]))),
    )


def _of_all(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["target"] == ALL_TARGETS]


def _score(row: Any) -> Score:
    return Score.of(row["value"], row["low"], row["high"])


def _targets(table: pd.DataFrame) -> tuple[TargetOutcome, ...]:
    rows = table.to_dict("records")
    return tuple(
        TargetOutcome(
            target=str(row["target"]),
            tried=int(row["tried"]),
            skipped=int(row["skipped"]),
            found=int(row["found"]),
            won=int(row["won"]),
            rate=Score.of(row["rate"], row["rate_low"], row["rate_high"]),
            found_l2=Score.of(row["found_l2"]).value,
            l2=Score.of(row["l2"]).value,
        )
        for row in rows
    )


def _changes(table: pd.DataFrame) -> tuple[GroupChange, ...]:
    groups = list(dict.fromkeys(table["group"]))
    rows = {(row["measure"], row["group"]): _score(row) for row in table.to_dict("records")}
    measures = ("absolute", "absolute_in_spreads", "signed")
    return tuple(
        GroupChange(group=str(group), **{name: rows[name, group] for name in measures}) for group in groups
    )


def _exchanges(table: pd.DataFrame, sizes: Sequence[int]) -> tuple[ExchangedShare, ...]:
    size = min(sizes, key=lambda each: abs(each - SHOWN_SIZES))
    rows = table[(table["k"] == size) & table["kind"].isin(["undone", "carried"])]
    return tuple(
        ExchangedShare(kind=str(row["kind"]), units=str(row["units"]), k=size, share=_score(row))
        for row in rows.to_dict("records")
    )


def _notes(found: Findings, method: str) -> list[str]:
    notes = []
    tried, won = len(found.outcomes.attempts), int(found.outcomes.won.sum())
    hint = f"; {RAISE[method]}" if method in RAISE else ""
    if not won:
        notes.append(f"none of the {tried:,} attacks succeeded, so nothing is said of units{hint}")
    elif won < LOW_RATE * tried:
        notes.append(f"only {100 * won / tried:.0f} % of the attacks succeeded{hint}")
    if found.skipped:
        count = len(found.skipped)
        were = "attack was" if count == 1 else "attacks were"
        notes.append(f"{count:,} {were} skipped; the table of attempts says why")
    return notes
