"""Whether a unit matters to a class: an exact sign-flip test on the pictures that change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, gammaln

from unitscope.experiments.importance.losses import differences_of
from unitscope.stats import Changes

PAIRS_AT_ONCE = 4096

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


def unit_p_values(changes: Changes, label: int) -> tuple[Floats, Numbers]:
    """Return the p-value of every unit's loss for one class ``(U,)``, and how many pictures it rests on ``(U,)``."""
    p_values, pictures = np.ones(changes.variants), np.zeros(changes.variants, np.int64)
    variants, differences = differences_of(changes, label)
    if len(variants):
        member = changes.labels == label
        inside, others = differences[:, member], differences[:, ~member]
        changed = [np.asarray(abs(part).sum(1), np.int64).ravel() for part in (inside, others)]
        net = [np.asarray(part.sum(1), np.int64).ravel() for part in (inside, -others)]
        sizes = int(member.sum()), int((~member).sum())
        p_values[variants] = sign_flip(*changed, *net, sizes=sizes)
        pictures[variants] = changed[0] + changed[1]
    return p_values, pictures


def could_be_called(pictures: Numbers, fdr: float) -> NDArray[np.bool_]:
    """Tell which tests could be significant at all, had all their pictures changed for the worse (Tarone 1990)."""
    return (pictures > 0) & (0.5**pictures <= fdr)


def sign_flip(a: Numbers, b: Numbers, x: Numbers, y: Numbers, *, sizes: tuple[int, int]) -> Floats:
    """Return the probability that balanced accuracy falls as much as it did, were every change a fair coin.

    With n pictures of the class and m others, P[m X + n Y >= m x + n y] for X = 2 Bin(a, 1/2) - a and
    Y = 2 Bin(b, 1/2) - b, independent. McNemar's exact test, stratified.

    Args:
        a: pictures of the class that change ``(k,)``.
        b: other pictures that change ``(k,)``.
        x: pictures of the class lost, less those won ``(k,)``.
        y: other pictures wrongly taken for the class, less those freed ``(k,)``.
        sizes: n and m.
    """
    parts = range(0, len(a), PAIRS_AT_ONCE)
    slices = [slice(start, start + PAIRS_AT_ONCE) for start in parts]
    return np.concatenate([np.zeros(0), *(_sign_flip(a[s], b[s], x[s], y[s], sizes) for s in slices)])


def _sign_flip(a: Numbers, b: Numbers, x: Numbers, y: Numbers, sizes: tuple[int, int]) -> Floats:
    """Add up over every number j of lost pictures of the class; all pairs after each other in one array."""
    of_class, others = max(sizes[0], 1), max(sizes[1], 1)
    starts = np.concatenate([[0], np.cumsum(a + 1)])
    pair = np.repeat(np.arange(len(a)), a + 1)
    lost = np.arange(starts[-1]) - starts[pair]
    missing = others * (x[pair] - 2 * lost + a[pair]) + of_class * y[pair]
    least = -(-(missing + of_class * b[pair]) // (2 * of_class))
    tail = np.where(least <= 0, 1.0, np.where(least > b[pair], 0.0, _at_least(least, b[pair])))
    chance = np.exp(
        gammaln(a[pair] + 1) - gammaln(lost + 1) - gammaln(a[pair] - lost + 1) - a[pair] * np.log(2)
    )
    return np.minimum(np.add.reduceat(chance * tail, starts[:-1]), 1.0)


def _at_least(least: Numbers, b: Numbers) -> Floats:
    """Return P[Bin(b, 1/2) >= least]; only where 1 <= least <= b does it mean anything."""
    inside = np.clip(least, 1, np.maximum(b, 1))
    return np.asarray(bdtrc(inside - 1.0, np.maximum(b, 1), 0.5), np.float64)
