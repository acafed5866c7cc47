"""Bootstrap over samples: how often each replicate counts every sample, and the interval that replicates leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.bootstrap import poisson_weights

CONFIDENCE = 0.95
DRAWN_AT_ONCE = 1024
"""Samples whose weights are drawn at once."""

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]
"""Low and high ends ``(V,)``; NaN where there is none."""


def draw_weights(samples: NDArray[np.int64], replicates: int, seed: int) -> NDArray[np.int32]:
    """Draw the weights of samples ``(N, R)``; a row depends on the seed and the sample's number alone.

    Args:
        samples: sample numbers ``(N,)``.
        replicates: how many replicates R.
        seed: of the weights.
    """
    weights = np.empty((len(samples), replicates), np.int32)
    for start in range(0, len(samples), DRAWN_AT_ONCE):
        part = slice(start, start + DRAWN_AT_ONCE)
        weights[part] = poisson_weights(samples[part], replicates, seed)
    return weights


def interval(replicates: Floats) -> Interval:
    """Return the middle 95 % of replicates ``(V, R)``; columns that are NaN are left out."""
    usable = np.isfinite(replicates).all(0) if len(replicates) else np.zeros(replicates.shape[1], np.bool_)
    if not usable.any():
        return no_interval(len(replicates))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(replicates[:, usable], [tail, 1 - tail], axis=1)
    return low, high


def no_interval(count: int) -> Interval:
    """Return intervals that are not there."""
    return np.full(count, np.nan), np.full(count, np.nan)
