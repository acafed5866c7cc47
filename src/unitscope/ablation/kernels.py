"""Compiled loops that end in the mean over the grid and store nothing between; they call nothing of another file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit_sum

Values = NDArray[np.float32]
Float = np.floating


@jit_sum
def _mean(row: Values, factor: Float, moved: Values, low: Float, most: Float) -> Float:
    total = np.float32(0)
    for p in range(len(row)):
        x = row[p] + factor * moved[p]
        x = x if x > 0 else low * x
        total += most if x > most else x
    return total / len(row)


@jit_sum
def means_of_products(
    base: Values,
    weight: Values,
    difference: Values,
    changed: NDArray[np.bool_],
    slope: float,
    high: float,
    out: Values,
    first: int,
    last: int,
) -> None:
    """Write ``mean_p f(base[n, o, p] + weight[o, j] difference[n, j, p])`` to ``out[j, n, o]``.

    ``f(x)`` is x above 0, ``slope x`` below, and at most `high`. Units are an inner loop, since a row of `base` is then
    read once for all of them.

    Args:
        base: ``(N, O, P)``, all units in place.
        weight: ``(O, k)``.
        difference: ``(N, k, P)``.
        changed: ``(k, N)``; the other entries of `out` are left as they are.
        slope: of f below 0.
        high: the most that f returns.
        out: ``(k, N, O)``.
        first: picture to begin with.
        last: picture to end before.
    """
    low, most = np.float32(slope), np.float32(high)
    for n in range(first, last):
        for o in range(base.shape[1]):
            row = base[n, o]
            for j in range(weight.shape[1]):
                if changed[j, n]:
                    out[j, n, o] = _mean(row, weight[o, j], difference[n, j], low, most)


@jit_sum
def means_of_sums(
    base: Values,
    scale: Values,
    gained: Values,
    changed: NDArray[np.bool_],
    slope: float,
    high: float,
    out: Values,
    first: int,
    last: int,
) -> None:
    """Write ``mean_p f(base[n, o, p] + scale[o] gained[j, n, o, p])`` to ``out[j, n, o]``, f as above.

    Args:
        base: ``(N, O, P)``, all units in place.
        scale: ``(O,)``.
        gained: ``(k, N, O, P)``.
        changed: ``(k, N)``; the other entries of `out` are left as they are.
        slope: of f below 0.
        high: the most that f returns.
        out: ``(k, N, O)``.
        first: picture to begin with.
        last: picture to end before.
    """
    low, most = np.float32(slope), np.float32(high)
    for j in range(gained.shape[0]):
        for n in range(first, last):
            if changed[j, n]:
                for o in range(base.shape[1]):
                    out[j, n, o] = _mean(base[n, o], scale[o], gained[j, n, o], low, most)
