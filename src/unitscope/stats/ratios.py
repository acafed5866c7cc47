"""Intervals of ratios of sums over latents, and whether a change differs from zero: from what each latent adds.

Both see every latent's own numbers, not what replicates make of them. What units do in a generator is often done in few
pictures, so its sums are skewed, and the middle 95 % of a bootstrap is too narrow (docs/planted.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import ndtr, stdtrit

from unitscope.stats.inference import CONFIDENCE, Floats, Interval, Numbers, no_interval

Counts = sparse.csr_matrix | NDArray[np.int64]
"""Integers by variant and latent ``(V, N)``, sparse or dense."""
FEWEST = 6
"""Latents that a change must be seen in to be told from none: all signs are the same in 2 of 2^6 ways, 3.1 %, but in 2
of 2^5, 6.3 %."""
AT_ONCE = 2**22
"""Numbers in memory at once, in an array."""
STRAIGHT = 1e-6
"""Skewness below which it says nothing."""
ROUNDED = 1e-12
"""What is left over by rounding, relative to what was subtracted."""
ENUMERATED = 12
"""Most changed latents whose signs are all tried."""


def ratio_intervals(
    above: Counts, below: Counts, *, fewest: int = FEWEST, within: tuple[float, float] = (-np.inf, np.inf)
) -> Interval:
    """Return 95 % intervals of ratios of sums over latents ``(V,)``, corrected for skewness.

    Each latent is one draw. The ratio `r` is held to its standard error by linearisation, from what latents leave over,
    ``above - r * below`` (Cochran 1977, section 6.4), among those with a denominator; what is left over is as skewed as
    the sums are, and the monotone cubic transformation of Hall (1992, "On the removal of skewness by transformation",
    JRSS B 54) makes Student's t fit it.

    Args:
        above: integers ``(V, N)``, sparse (without stored zeros) or dense.
        below: from 0; likewise, or ``(1, N)`` for all.
        fewest: latents that must have a number above, and as many below, at least two; with fewer there is no interval.
        within: between what a ratio can be.

    Returns:
        Low and high ends; NaN where there is no interval: too few latents, or the ratio is the same in all of them.
    """
    low, high = no_interval(above.shape[0])
    # What changes in few latents, as most does, is left before anything is made dense.
    told = np.flatnonzero(_counted(above) >= max(fewest, 1))
    step = max(AT_ONCE // max(above.shape[1], 1), 1)
    for rows in (told[start : start + step] for start in range(0, len(told), step)):
        beneath = _dense(below if below.shape[0] == 1 else below[rows])
        low[rows], high[rows] = _ends(_dense(above[rows]), beneath, fewest)
    return np.clip(low, *within), np.clip(high, *within)


def _counted(values: Counts) -> Numbers:
    """Return how many latents have a number in each row ``(V,)``; those that are stored, of a sparse matrix."""
    held = values.getnnz(1) if sparse.issparse(values) else np.count_nonzero(values, axis=1)
    return np.asarray(held, np.int64)


def _dense(values: Counts) -> Floats:
    return np.asarray(values.toarray() if sparse.issparse(values) else values, np.float64)


def _ends(above: Floats, below: Floats, fewest: int) -> Interval:
    """Return the intervals of some rows ``(v, N)``, NaN where there is none."""
    total, holding = below.sum(1), np.broadcast_to((below > 0).sum(1), len(above))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = above.sum(1) / total
        left = above - ratio[:, None] * below
        square = (left**2).sum(1)
        error = np.sqrt(square * holding / (holding - 1)) / total
        skew = (left**3).sum(1) / square**1.5
        quantile = np.asarray(stdtrit(holding - 1.0, (1 + CONFIDENCE) / 2), np.float64)
        ends = [ratio - _unskewed(sign * quantile, skew) * error for sign in (1, -1)]
    told = (holding >= max(fewest, 2)) & (square > (ROUNDED * np.abs(above).max(1, initial=0)) ** 2)
    low, high = (np.where(told, end, np.nan) for end in ends)
    return low, high


def _unskewed(quantile: Floats, skew: Floats) -> Floats:
    """Return the quantile of a studentised sum whose transformed value has this one; `skew` is that of the sum."""
    straight = np.abs(skew) < STRAIGHT
    slope = np.where(straight, 1.0, skew)
    moved = quantile - skew / 6
    return np.where(straight, moved, 3 / slope * (np.cbrt(1 + slope * moved) - 1))


def sign_flip_p_values(changes: Counts) -> tuple[Floats, Numbers]:
    """Return the p-values of sums of changes ``(V,)``, and the latents that change ``(V,)``.

    If a change is as often up as down, of whatever size, its sign in each latent is a coin's. The p-value is the
    share of all ways to set the signs whose sum is as far from zero as the one that was seen, or farther (Fisher 1935,
    "The design of experiments", section 21, for paired differences). With up to 12 changed latents all ways are tried;
    with more the sum of signs is taken as normal, less the smallest change for its steps. It is 1 where nothing
    changes, and 2 of 2^k at least where k latents change.

    Args:
        changes: integers ``(V, N)``, sparse or dense; no change is 0.
    """
    rows = sparse.csr_matrix(changes, copy=True)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    counts = np.diff(rows.indptr).astype(np.int64)
    found = np.ones(len(counts))
    for count in range(1, ENUMERATED + 1):
        chosen = np.flatnonzero(counts == count)
        for part in np.array_split(chosen, max(len(chosen) * 2**count // AT_ONCE, 1)):
            found[part] = _all_signs(rows.data[rows.indptr[part][:, None] + np.arange(count)])
    many, starts = counts > ENUMERATED, rows.indptr[:-1][counts > 0]
    if many.any():
        held, values = many[counts > 0], rows.data.astype(np.float64)
        sums, squares = (np.add.reduceat(each, starts)[held] for each in (values, values**2))
        least = np.minimum.reduceat(np.abs(values), starts)[held]
        found[many] = 2 * ndtr(-np.maximum(np.abs(sums) - least, 0.0) / np.sqrt(squares))
    return found, counts


def _all_signs(values: Numbers) -> Floats:
    """Return the exact p-values of rows ``(v, k)`` of changes that are not zero; one sign may stay, by symmetry."""
    ways = np.arange(2 ** (values.shape[1] - 1))
    signs = 1 - 2 * (ways[None] >> np.arange(values.shape[1])[:, None] & 1)
    seen = np.abs(values.sum(1))
    reached: Floats = (np.abs(values @ signs) >= seen[:, None]).mean(1)
    return reached
