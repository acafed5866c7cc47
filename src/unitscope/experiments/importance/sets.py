"""Sets of units: the most important of each class, all but these, and random ones of the same sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from unitscope.experiments.importance.losses import DrawnPictures, Numbers
from unitscope.stats.inference import Floats, interval, keyed_order, no_interval, sequenced_order

KINDS = ("removed", "kept")
SETS_AT_ONCE = 64
"""Sets whose predictions are weighed at once."""

Ranking = str
"""``importance``, ``other`` (the importance of another class) or ``random``."""
OTHER = 2**35
"""Tells the order in which classes take each other's sets from other random orders of a seed."""


@dataclass(frozen=True)
class AskedSet:
    """A set, and the classes that are scored with it."""

    kind: str
    ranking: Ranking
    repetition: int
    k: int
    curve: bool
    classes: tuple[int, ...]
    """Places of the classes."""
    number: int
    """Row of the set among all different ones."""


@dataclass
class SetPlan:
    """All sets that are asked for; equal ones are measured once."""

    units: int
    asked: list[AskedSet] = field(default_factory=list)
    _numbers: dict[bytes, int] = field(default_factory=dict)
    _masks: list[NDArray[np.bool_]] = field(default_factory=list)

    @property
    def removed(self) -> NDArray[np.bool_]:
        """Units that each different set removes ``(S, U)``."""
        return np.array(self._masks, np.bool_).reshape(-1, self.units)

    def add(
        self,
        order: Numbers,
        sizes: Sequence[int],
        classes: tuple[int, ...],
        *,
        curve: bool,
        ranking: Ranking = "importance",
        repetition: int = 0,
    ) -> None:
        """Ask for sets of the first k units of an order ``(U,)``, removed and kept.

        Args:
            order: the units.
            sizes: every k.
            classes: places of the classes that are scored.
            curve: whether these are points of a curve.
            ranking: what the order is.
            repetition: of random orders, from 1; 0 for others.
        """
        for kind in KINDS:
            for k in sizes:
                mask = np.zeros(self.units, np.bool_)
                mask[order[:k] if kind == "removed" else order[k:]] = True
                number = self._numbers.setdefault(mask.tobytes(), len(self._masks))
                if number == len(self._masks):
                    self._masks.append(mask)
                self.asked.append(AskedSet(kind, ranking, repetition, k, curve, classes, number))


def plan_sets(
    orders: Sequence[Numbers],
    units: int,
    *,
    sizes: Sequence[int],
    curve: tuple[int, ...],
    curve_sizes: Sequence[int],
    random: int,
    seed: int,
) -> SetPlan:
    """Ask for the sets of every class, for the curves of some, for those of another class, and for random ones.

    The sets of another class are a control that costs nothing, as they are measured anyway: it tells units that this
    class needs from units that all classes need. Classes take each other's sets in a random circle.

    Args:
        orders: for every class its units, the most important first ``(U,)``.
        units: units of the layer U.
        sizes: every k.
        curve: places of the classes that have a curve.
        curve_sizes: every k of a curve.
        random: number of random orders.
        seed: of the random orders.
    """
    plan = SetPlan(units)
    for place, order in enumerate(orders):
        plan.add(order, sizes, (place,), curve=False)
        if place in curve:
            plan.add(order, curve_sizes, (place,), curve=True)
    circle = keyed_order(len(orders), seed, OTHER)
    for place, other in zip(circle.tolist(), np.roll(circle, -1).tolist(), strict=True):
        if place != other:
            plan.add(orders[other], sizes, (place,), curve=False, ranking="other")
    for repetition in range(1, random + 1):
        order = sequenced_order(units, seed, repetition)
        drawn = {"ranking": "random", "repetition": repetition}
        plan.add(order, sizes, tuple(range(len(orders))), curve=False, **drawn)  # type: ignore[arg-type]
        if curve:
            plan.add(order, curve_sizes, curve, curve=True, **drawn)  # type: ignore[arg-type]
    return plan


@dataclass(frozen=True)
class SetScores:
    """What some sets leave of a class, ``(V,)`` each, and the loss in every replicate."""

    balanced_accuracy: Floats
    loss: Floats
    loss_low: Floats
    loss_high: Floats
    recall: Floats
    replicates: Floats
    """Loss ``(V, R)``; NaN where a replicate has none."""


@dataclass(frozen=True)
class OverallScores:
    """All-class accuracy with every set ``(S,)``, its interval, and its replicates ``(S, R)``."""

    accuracy: Floats
    low: Floats
    high: Floats
    replicates: NDArray[np.float32]


ReadPredictions = Callable[[NDArray[np.int64]], NDArray[np.int16]]
"""Returns what is predicted without some sets, numbers ``(V,)`` -> ``(V, N)``."""


def score_overall(predictions: Iterator[NDArray[np.int16]], drawn: DrawnPictures) -> OverallScores:
    """Score all-class accuracy, some sets ``(V, N)`` after the others."""
    accuracy, lows, highs, replicates = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)], []
    weights, enough = drawn.weights.astype(np.float32), len(drawn.labels) > 1
    for predicted in predictions:
        right = predicted == drawn.labels
        # Sums of whole numbers below 2**24 are exact in float32.
        drawn_right = drawn.fractions((right.astype(np.float32) @ weights).astype(np.int64))
        low, high = interval(drawn_right) if enough else no_interval(len(right))
        accuracy.append(right.mean(1))
        lows.append(low)
        highs.append(high)
        replicates.append(drawn_right.astype(np.float32))
    empty = np.zeros((0, weights.shape[1]), np.float32)
    all_accuracy, low, high = (np.concatenate(part) for part in (accuracy, lows, highs))
    return OverallScores(all_accuracy, low, high, np.concatenate([empty, *replicates]))


def score_class(predicted: NDArray[np.int16], before: Numbers, label: int, drawn: DrawnPictures) -> SetScores:
    """Score one class with some sets.

    Args:
        predicted: without each set ``(V, N)``.
        before: by the network as it is ``(N,)``.
        label: the class.
        drawn: the pictures.
    """
    member = drawn.labels == label
    counts = int(member.sum()), int((~member).sum())

    def balanced(said: NDArray[np.bool_]) -> Floats:
        recall = said[:, member].sum(1) / max(counts[0], 1)
        rejected: Floats = (~said[:, ~member]).sum(1) / max(counts[1], 1)
        mean: Floats = (recall + rejected) / 2
        return mean

    now, was = predicted == label, (before == label)[None]
    differences = sparse.csr_matrix(was.astype(np.int32) - now.astype(np.int32))
    left = balanced(now)
    replicates = drawn.balanced_losses(label, differences)
    low, high = no_interval(len(now)) if drawn.alone(label) else interval(replicates)
    recall = now[:, member].sum(1) / max(counts[0], 1)
    return SetScores(left, balanced(was) - left, low, high, recall, replicates)
