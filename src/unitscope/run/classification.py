"""A finished classification by one unit, opened from its folder."""

from __future__ import annotations

import pandas as pd

from unitscope.run.numbers import fraction_score, percent_score
from unitscope.run.question_summaries import BestUnits, ClassificationSummary, Rates
from unitscope.run.results import Result, Table

FOLDER = "classify"
"""Where a run keeps them, one folder for each question."""


class UnitClassification(Result[ClassificationSummary]):
    """How well one unit tells pictures apart, read from its folder; ``docs/classify.md`` describes the tables.

    Args:
        path: the folder.
    """

    kind, command, folder = "classification", "classify-unit", FOLDER
    outcome = ClassificationSummary

    @property
    def scores(self) -> ClassificationSummary:
        """The scores with their intervals, and what they are of."""
        return self.summary

    peaks = Table("One row a picture: class, group, half, peak activation and what the unit says.")
    mistakes = Table("One row a picture that is shown as a mistake.")

    def to_pandas(self) -> pd.DataFrame:
        """Return the peaks table."""
        return self.peaks

    def __repr__(self) -> str:
        facts = self.scores
        yes, no, peaks = facts.positive, facts.negative, facts.thresholds
        lines = [
            f"Unit {facts.unit} of {facts.layer} as a classifier: {yes.name} ({yes.pictures:,} pictures) "
            f"against {no.name} ({no.pictures:,} pictures)"
        ]
        if facts.skipped:
            count = len(facts.skipped)
            were = "picture was" if count == 1 else "pictures were"
            lines.append(f"  {count:,} {were} skipped; the manifest says which and why")
        lines += [f"  {line}" for line in self.manifest.notes]
        lines.append(
            f"  AUROC {fraction_score(facts.auroc)}, average precision {fraction_score(facts.average_precision)}"
        )
        if facts.held_out:
            halves = f"{peaks.first_half:.4g} or {peaks.second_half:.4g}"
            lines.append(f"  peak > {halves}, held out: {_rates(facts.held_out)}")
        else:
            lines.append(f"  {facts.note}")
        lines.append(f"  peak > {peaks.run:.4g}, of the run: {_rates(facts.run_threshold)}")
        if facts.best:
            lines.append(f"  {best_in_words(facts.best)}")
            lines.append(f"  {price_in_words(facts.best)}")
        return "\n".join(lines)


def best_in_words(best: BestUnits) -> str:
    """Say which unit is best on either half of the pictures."""
    named = [
        f"{unit} ({concept})" if concept else str(unit)
        for unit, concept in zip(best.units, best.concepts, strict=True)
    ]
    units = named[0] if best.units[0] == best.units[1] else " or ".join(named)
    halves = "either half" if best.units[0] == best.units[1] else "one half or the other"
    return f"best of {best.among:,} units by AUROC on {halves} of the pictures: {units}"


def price_in_words(best: BestUnits) -> str:
    """Say what the best unit is worth where it was chosen and elsewhere, and what the choice costs."""
    found = best.auroc
    if best.units[0] == best.units[1]:
        return f"AUROC {fraction_score(found.held_out)}: both halves choose it, so no price of the choice is to be seen"
    return (
        f"AUROC where chosen {fraction_score(found.choosing)}, on the other half {fraction_score(found.held_out)}: "
        f"the choice costs {fraction_score(found.price)}"
    )


def _rates(found: Rates) -> str:
    return (
        f"balanced accuracy {percent_score(found.balanced_accuracy)}, recall {percent_score(found.recall)}, "
        f"true negatives {percent_score(found.true_negative_rate)}"
    )


find_classifications = UnitClassification.find
