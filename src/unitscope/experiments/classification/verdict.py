"""How well peak activations tell two groups of pictures apart; thresholds of one half are scored on the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.run.numbers import Score
from unitscope.run.question_summaries import ClassifierScores, Rates
from unitscope.stats.inference import draw_weights, interval
from unitscope.stats.ranking import Weights, areas, best_threshold, rates

WEIGHED = 64
"""Replicates scored at once."""

Measures = dict[str, NDArray[np.float64]]
"""Scores of every replicate ``(R,)`` by name."""


def halve(positive: NDArray[np.bool_], classes: Sequence[str | None]) -> NDArray[np.int8]:
    """Split pictures into two halves: within each group, sorted by class, alternately 0 and 1.

    So both halves hold as many positive pictures, and as many of each class, up to one.

    Args:
        positive: the group of each picture ``(m,)``.
        classes: its class ``(m,)``.

    Returns:
        0 or 1 for each picture ``(m,)``.
    """
    names = np.array([name or "" for name in classes], dtype=object)
    half = np.zeros(len(positive), np.int8)
    for group in (True, False):
        members = np.flatnonzero(positive == group)
        ordered = members[np.argsort(names[members].astype(str), kind="stable")]
        half[ordered] = np.arange(len(ordered)) % 2
    return half


@dataclass(frozen=True)
class Verdict:
    """How well a unit tells two groups of pictures apart."""

    thresholds: tuple[float, float] | None
    """Chosen on the first and on the second half of the pictures; None where a group is too small to be halved."""
    run_threshold: float
    """The unit's threshold in the dissection."""
    predicted: NDArray[np.bool_]
    """Of each picture ``(m,)``: its peak exceeds the threshold of the other half, or else that of the run."""
    scores: ClassifierScores


def judge(
    peaks: NDArray[np.float32],
    positive: NDArray[np.bool_],
    half: NDArray[np.int8],
    samples: NDArray[np.int64],
    *,
    run_threshold: float,
    replicates: int,
    seed: int,
) -> Verdict:
    """Score peaks as a classifier, with bootstrap intervals over pictures.

    Every replicate weighs each picture by a Poisson(1) count and brings both groups back to their sizes; thresholds
    and halves are held fixed. Replicates in which a group counts nothing are left out.

    Args:
        peaks: peak activations ``(m,)``.
        positive: the group of each picture ``(m,)``, with both kinds.
        half: from `halve` ``(m,)``.
        samples: sample numbers ``(m,)``; with the seed they decide the weights.
        run_threshold: the unit's threshold in the dissection.
        replicates: of the bootstrap.
        seed: of the bootstrap.
    """
    values = peaks.astype(np.float64)
    alone = min(int(positive.sum()), int((~positive).sum())) < 2
    weights = None if alone else draw_weights(samples, replicates, seed, np.uint8)
    thresholds, judged, held_out = None, values > run_threshold, None
    at_run = _rate_scores(judged, positive, weights)
    if not alone:
        first, second = (best_threshold(values[half == part], positive[half == part]) for part in (0, 1))
        thresholds, judged = (first, second), values > np.where(half == 0, second, first)
        held_out = _rate_scores(judged, positive, weights)
    scores = ClassifierScores(
        **_area_scores(values, positive, weights), run_threshold=at_run, held_out=held_out
    )
    return Verdict(thresholds, run_threshold, judged, scores)


def _area_scores(
    values: NDArray[np.float64], positive: NDArray[np.bool_], weights: Weights | None
) -> dict[str, Score]:
    def measures(counted: Weights) -> Measures:
        auroc, average = areas(values, positive, counted)
        return {"auroc": auroc, "average_precision": average}

    return scored(measures, len(values), weights)


def _rate_scores(predicted: NDArray[np.bool_], positive: NDArray[np.bool_], weights: Weights | None) -> Rates:
    share = float(positive.mean())

    def measures(counted: Weights) -> Measures:
        recall, true_negative = rates(predicted, positive, counted)
        return {
            "balanced_accuracy": (recall + true_negative) / 2,
            "accuracy": share * recall + (1 - share) * true_negative,
            "recall": recall,
            "true_negative_rate": true_negative,
        }

    return Rates(**scored(measures, len(positive), weights))


def scored(
    measures: Callable[[Weights], Measures], pictures: int, weights: Weights | None
) -> dict[str, Score]:
    """Score pictures once each, and block by block as often as each replicate counts them.

    Args:
        measures: of weights ``(m, R)``.
        pictures: their number m.
        weights: ``(m, replicates)``; None for no intervals.
    """
    once = measures(np.ones((pictures, 1)))
    if weights is None:
        return {name: Score.of(value[0]) for name, value in once.items()}
    starts = range(0, weights.shape[1], WEIGHED)
    drawn = [measures(weights[:, start : start + WEIGHED]) for start in starts]
    found = {}
    for name, value in once.items():
        low, high = interval(np.concatenate([block[name] for block in drawn])[None])
        found[name] = Score.of(value[0], low[0], high[0])
    return found
