"""How well one number tells two groups of pictures apart: rates at a threshold, areas over all thresholds.

Every picture may count several times, so that the same functions score the data itself (one replicate of ones) and all
replicates of a bootstrap at once. Within each replicate the two groups are brought back to their true sizes: the
bootstrap is stratified, and precision means the same in every replicate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Weights = NDArray[np.integer] | NDArray[np.floating]
"""How often each picture counts ``(n, R)``, one column a replicate."""


def areas(
    values: NDArray[np.float64], positive: NDArray[np.bool_], weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the area under the ROC curve and the average precision of every replicate.

    AUROC is the probability that a positive picture has a greater value than a negative one, equals counted half (the
    Mann-Whitney statistic). Average precision is the sum over distinct values, from high to low, of precision times
    gain in recall, with precision = s r / (s r + (1 - s) f) for recall r, false-positive rate f and share s of
    positive pictures.

    Args:
        values: ``(n,)``, finite.
        positive: ``(n,)``, with both kinds.
        weights: ``(n, R)``.

    Returns:
        AUROC and average precision, each ``(R,)``; NaN where a group counts nothing.
    """
    order = np.argsort(-values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=np.inf))
    here, kind = weights[order].astype(np.float64), positive[order]
    gained = np.add.reduceat(here * kind[:, None], starts)
    passed = np.add.reduceat(here * ~kind[:, None], starts)
    return areas_of_counts(gained, passed, positive.mean())


def areas_of_counts(
    gained: Floats, passed: Floats, share: float | np.floating | Floats
) -> tuple[Floats, Floats]:
    """Return the area under the ROC curve and the average precision, from what there is of each distinct value.

    Args:
        gained: positives of each value, from high to low ``(V, R)``; it is written to.
        passed: negatives ``(V, R)``; it is written to.
        share: of positives, one for all or ``(R,)``.

    Returns:
        AUROC and average precision, each ``(R,)``; NaN where a group counts nothing.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        gained /= gained.sum(axis=0)
        passed /= passed.sum(axis=0)
        below = 1 - np.cumsum(passed, axis=0)
        auroc = (gained * (below + passed / 2)).sum(axis=0)
        true = share * np.cumsum(gained, axis=0)
        precision = true / (true + (1 - share) * (1 - below))
    average = np.where(gained > 0, gained * precision, 0 * gained).sum(axis=0)
    return auroc, average


def rates(
    predicted: NDArray[np.bool_], positive: NDArray[np.bool_], weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the recall and the true-negative rate of every replicate.

    Args:
        predicted: ``(n,)``.
        positive: ``(n,)``.
        weights: ``(n, R)``.

    Returns:
        Recall and true-negative rate, each ``(R,)``; NaN where a group counts nothing.
    """
    right = (predicted == positive).astype(np.float64)
    found = []
    for group in (positive, ~positive):
        counted = weights[group].astype(np.float64)
        with np.errstate(invalid="ignore"):
            found.append(right[group] @ counted / counted.sum(axis=0))
    return found[0], found[1]


def best_threshold(values: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the threshold whose ``value > threshold`` has the highest balanced accuracy.

    It lies halfway between two neighbouring values; among equally good ones, the middle is taken. If no threshold is
    better than chance, it is the highest value, which nothing exceeds.

    Args:
        values: ``(n,)``, finite.
        positive: ``(n,)``, with both kinds.
    """
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.diff(values[order], append=-np.inf))
    kind = positive[order]
    recall = np.cumsum(kind)[ends] * int((~kind).sum())
    false = np.cumsum(~kind)[ends] * int(kind.sum())
    gain = recall - false  # whole numbers: ties are exact
    if gain.max() <= 0:
        return float(values.max())
    best = np.flatnonzero(gain == gain.max())
    end = ends[best[len(best) // 2]]
    high, low = float(values[order[end]]), float(values[order[end + 1]])
    middle = low + (high - low) / 2
    return middle if low <= middle < high else low
