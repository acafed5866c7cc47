"""What sets of a size leave on average over classes, and over the repetitions of random ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unitscope.experiments.importance.losses import Numbers
from unitscope.experiments.importance.sets import AskedSet, OverallScores, SetScores
from unitscope.run.question_summaries import SetMean
from unitscope.stats.inference import Floats, interval

Key = tuple[str, str, int]
"""Kind, ranking and k."""


class Averages:
    """Adds up the sets of every size over classes and repetitions; points of curves are left out.

    Args:
        replicates: of the bootstrap.
    """

    def __init__(self, replicates: int) -> None:
        self._replicates = replicates
        self._sums: dict[Key, list[Any]] = {}

    def add(
        self, asked: Sequence[AskedSet], scores: SetScores, rows: Numbers, overall: OverallScores
    ) -> None:
        """Add the sets of one class, as `set_table` takes them."""
        for each, row in zip(asked, rows, strict=True):
            if each.curve:
                continue
            key = (each.kind, each.ranking, each.k)
            drawn = scores.replicates[row]
            there = np.isfinite(drawn)
            given = [
                1, scores.balanced_accuracy[row], scores.loss[row], np.where(there, drawn, 0.0), there.astype(np.int64),
                overall.accuracy[each.number], overall.replicates[each.number].astype(np.float64),
            ]  # fmt: skip
            sums = self._sums.get(key)
            self._sums[key] = given if sums is None else [a + b for a, b in zip(sums, given, strict=True)]

    def rows(self) -> list[SetMean]:
        """Return one entry for each kind, ranking and k, with intervals."""
        return [self._row(key, sums) for key, sums in sorted(self._sums.items())]

    def _row(self, key: Key, sums: list[Any]) -> SetMean:
        count, balanced, loss, drawn, there, overall, overall_drawn = sums
        with np.errstate(divide="ignore", invalid="ignore"):
            loss_bounds = _bounds(drawn / there)
        return SetMean(
            *key, float(balanced / count), float(loss / count), *loss_bounds,
            float(overall / count), *_bounds(overall_drawn / count),
        )  # fmt: skip


def _bounds(replicates: Floats) -> tuple[float | None, float | None]:
    low, high = (float(end[0]) for end in interval(replicates[None]))
    return (low, high) if np.isfinite(low) else (None, None)
