"""A finished classification by one unit, opened from its folder."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from unitscope.run.manifest import Facts
from unitscope.run.results import Result

FOLDER = "classify"
"""Where a run keeps them, one folder for each question."""


class UnitClassification(Result):
    """How well one unit tells pictures apart, read from its folder; ``docs/classify.md`` describes the tables.

    Args:
        path: the folder.
    """

    kind, command, folder = "classification", "classify-unit", FOLDER
    tables = ("peaks", "mistakes")

    @property
    def scores(self) -> Facts:
        """The scores with their intervals, as plain values."""
        return self.summary

    @cached_property
    def peaks(self) -> pd.DataFrame:
        """One row a picture: class, group, half, peak activation and what the unit says."""
        return self.table("peaks")

    @cached_property
    def mistakes(self) -> pd.DataFrame:
        """One row a picture that is shown as a mistake."""
        return self.table("mistakes")

    def to_pandas(self) -> pd.DataFrame:
        """Return the peaks table."""
        return self.peaks

    def __repr__(self) -> str:
        facts = self.scores
        yes, no = (facts[group] for group in ("positive", "negative"))
        lines = [
            f"Unit {facts['unit']} of {facts['layer']} as a classifier: {yes['name']} ({yes['pictures']:,} pictures) "
            f"against {no['name']} ({no['pictures']:,} pictures)"
        ]
        if facts["skipped"]:
            count = len(facts["skipped"])
            were = "picture was" if count == 1 else "pictures were"
            lines.append(f"  {count:,} {were} skipped; the manifest says which and why")
        lines.append(
            f"  AUROC {_shown(facts['auroc'])}, average precision {_shown(facts['average_precision'])}"
        )
        first, second, own = facts["thresholds"].values()
        if facts["held_out"]:
            lines.append(f"  peak > {first:.4g} or {second:.4g}, held out: {_rates(facts['held_out'])}")
        else:
            lines.append(f"  {facts['note']}")
        lines.append(f"  peak > {own:.4g}, of the run: {_rates(facts['run_threshold'])}")
        return "\n".join(lines)


def _shown(score: dict[str, float | None], scale: float = 1, digits: int = 3, unit: str = "") -> str:
    value = f"{scale * (score['value'] or 0):.{digits}f}{unit}"
    if score["low"] is None or score["high"] is None:
        return value
    return f"{value} ({scale * score['low']:.{digits}f} to {scale * score['high']:.{digits}f})"


def _rates(scores: dict[str, Any]) -> str:
    shown = {name: _shown(score, 100, 1, " %") for name, score in scores.items()}
    return (
        f"balanced accuracy {shown['balanced_accuracy']}, recall {shown['recall']}, "
        f"true negatives {shown['true_negative_rate']}"
    )
