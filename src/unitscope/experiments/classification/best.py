"""The best of all units for a question, and what it costs to have chosen it: chosen on one half, measured on the other.

The best of many units is better than it deserves on the pictures that chose it. The other half of the pictures tells
what it is worth, and the difference is the price of the choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from unitscope.experiments.classification.verdict import Measures, scored
from unitscope.run.question_summaries import BestUnits, Chosen
from unitscope.stats.inference import draw_weights
from unitscope.stats.ranking import Weights, areas, best_threshold, rates

MEASURES = ("auroc", "average_precision", "balanced_accuracy")
TOGETHER = 256
"""Units ranked at once."""


def aurocs(peaks: NDArray[np.float32], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the area under the ROC curve of every unit ``(U,)``, equals counted half, from sums of ranks.

    Args:
        peaks: ``(m, U)``, finite.
        positive: the group of each picture ``(m,)``, with both kinds.
    """
    here, there = int(positive.sum()), int((~positive).sum())
    sums = [
        scipy.stats.rankdata(peaks[:, start : start + TOGETHER], axis=0)[positive].sum(0)
        for start in range(0, peaks.shape[1], TOGETHER)
    ]
    found: NDArray[np.float64] = (np.concatenate(sums) - here * (here + 1) / 2) / (here * there)
    return found


def price_best(
    peaks: NDArray[np.float32],
    positive: NDArray[np.bool_],
    half: NDArray[np.int8],
    samples: NDArray[np.int64],
    *,
    concepts: Sequence[str | None],
    replicates: int,
    seed: int,
) -> BestUnits | None:
    """Choose the unit of highest AUROC on each half, and score it there and on the other half; the mean of both ways.

    A balanced accuracy has its threshold from the half that chose the unit, too. Replicates are those of
    :func:`unitscope.experiments.classification.verdict.judge`; units and thresholds are held fixed. There are no
    intervals where a half has one picture of a group.

    Args:
        peaks: of every unit of the layer ``(m, U)``; one that is not finite everywhere is not chosen.
        positive: the group of each picture ``(m,)``, with both kinds.
        half: from `halve` ``(m,)``.
        samples: sample numbers ``(m,)``; with the seed they decide the weights.
        concepts: the label of each unit.
        replicates: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        None where a group is too small to be halved, or no unit is finite.
    """
    usable = np.flatnonzero(np.isfinite(peaks).all(0))
    fewest = min(int((positive[half == part] == kind).sum()) for part in (0, 1) for kind in (True, False))
    if not fewest or not len(usable):
        return None
    found = [aurocs(peaks[half == part][:, usable], positive[half == part]) for part in (0, 1)]
    units = tuple(int(usable[each.argmax()]) for each in found)
    values = peaks[:, list(units)].astype(np.float64)
    levels = [best_threshold(values[half == part, part], positive[half == part]) for part in (0, 1)]

    def measures(counted: Weights) -> Measures:
        ways = [_both(values[:, way], levels[way], positive, half == way, counted) for way in (0, 1)]
        return {name: (ways[0][name] + ways[1][name]) / 2 for name in ways[0]}

    weights = draw_weights(samples, replicates, seed, np.uint8) if fewest > 1 else None
    scores = scored(measures, len(values), weights)
    priced = {
        name: Chosen(**{where: scores[f"{name}/{where}"] for where in ("choosing", "held_out", "price")})
        for name in MEASURES
    }
    return BestUnits(
        **priced,
        units=(units[0], units[1]),
        concepts=(concepts[units[0]], concepts[units[1]]),
        among=len(usable),
    )


def _both(
    values: NDArray[np.float64],
    level: float,
    positive: NDArray[np.bool_],
    choosing: NDArray[np.bool_],
    weights: Weights,
) -> Measures:
    """Score a unit on the half that chose it, and on the other, and take the difference."""
    own, other = (_measure(values[on], level, positive[on], weights[on]) for on in (choosing, ~choosing))
    found = {}
    for name in MEASURES:
        found[f"{name}/choosing"], found[f"{name}/held_out"] = own[name], other[name]
        found[f"{name}/price"] = own[name] - other[name]
    return found


def _measure(
    values: NDArray[np.float64], level: float, positive: NDArray[np.bool_], weights: Weights
) -> Measures:
    auroc, average = areas(values, positive, weights)
    recall, true_negative = rates(values > level, positive, weights)
    return dict(zip(MEASURES, (auroc, average, (recall + true_negative) / 2), strict=True))
