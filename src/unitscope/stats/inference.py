"""How sure a number is: what is drawn by chance, intervals of replicates, rank correlation, many tests at once.

Everything that is drawn depends on a seed and a number of its own (a sample's, a repetition's), never on what was drawn
before, so that neither batches nor the order of samples change a result.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

CONFIDENCE = 0.95
NEARLY_ONE = 1 - 1e-9
"""The largest correlation whose z is taken."""
DRAWN_AT_ONCE = 1024
"""Samples whose weights are drawn at once."""

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]
"""Low and high ends ``(V,)``; NaN where there is none."""

Whole = TypeVar("Whole", bound=np.integer)


# What is drawn.


def poisson_weights(samples: Numbers, replicates: int, seed: int) -> Numbers:
    """Draw Poisson(1) weights ``(n, R)`` int64 of samples ``(n,)``: how often each replicate counts each of them."""
    rows = [_keyed(seed, sample).poisson(1.0, replicates) for sample in samples]
    return np.stack(rows) if rows else np.zeros((0, replicates), np.int64)


def draw_weights(samples: Numbers, replicates: int, seed: int, dtype: type[Whole]) -> NDArray[Whole]:
    """Draw the weights of many samples ``(N,)``, see :func:`poisson_weights`; ``(N, R)`` of a smaller `dtype`."""
    weights = np.empty((len(samples), replicates), dtype)
    for start in range(0, len(samples), DRAWN_AT_ONCE):
        part = slice(start, start + DRAWN_AT_ONCE)
        weights[part] = poisson_weights(samples[part], replicates, seed)
    return weights


def keyed_order(count: int, seed: int, number: int) -> Numbers:
    """Return a random order ``(count,)`` int64 of the numbers from 0; `number` tells it from others of the seed."""
    return _keyed(seed, number).permutation(count)


def sequenced_order(count: int, seed: int, number: int) -> Numbers:
    """Return another random order ``(count,)`` int64, as :func:`keyed_order`: that of the random sets of an importance.

    It comes from another generator, whose sets are those of earlier runs.
    """
    return np.random.default_rng([seed, number]).permutation(count)


def _keyed(seed: int, number: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=[seed, number]))


# Intervals of what replicates say.


def bootstrap_means(
    values: Floats, samples: Numbers, replicates: int, seed: int, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats, Floats]:
    """Return means over pictures with their intervals by the Poisson bootstrap.

    Args:
        values: of every picture ``(N, V)``.
        samples: their sample numbers ``(N,)``, at least one.
        replicates: of the bootstrap.
        seed: of the bootstrap.
        confidence: share of the replicates that an interval holds.

    Returns:
        Mean, low and high end, ``(V,)`` each.
    """
    weights = draw_weights(samples, replicates, seed, np.uint8).astype(np.float64)
    with np.errstate(invalid="ignore"):
        drawn = (values.T @ weights) / weights.sum(axis=0)
    return values.mean(axis=0), *interval(drawn, confidence)


def interval(replicates: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Return the middle 95 % of replicates ``(V, R)``; columns that are not finite are left out."""
    usable = np.isfinite(replicates).all(0) if len(replicates) else np.zeros(replicates.shape[1], np.bool_)
    if not usable.any():
        return no_interval(len(replicates))
    tail = (1 - confidence) / 2
    low, high = np.quantile(replicates[:, usable], [tail, 1 - tail], axis=1)
    return low, high


def chosen_interval(replicates: Floats, candidates: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the largest of several values, with the price of having been chosen as the largest.

    What is largest in a sample is so by luck, in part, wherever others come close: the truth lies below it more often
    than a tail says. The lower tail is shared among all candidates that reach the plain interval, as if each had an
    interval of its own that must hold (Bonferroni, over those that could have been chosen: Zrnic and Fithian 2024,
    "Locally simultaneous inference"). Luck does not lower the largest, so the upper end stays. Where no other candidate
    comes close, this is the plain interval.

    Args:
        replicates: of the chosen value ``(V, R)``.
        candidates: what it was chosen from, itself included ``(V, C)``.
        confidence: share of the replicates that a plain interval holds.
    """
    low, high = interval(replicates, confidence)
    close = (candidates >= low[:, None]).sum(1)
    tails, whole = (1 - confidence) / 2 / np.maximum(close, 1), np.isfinite(replicates).all(1)
    for count in np.unique(close[(close > 1) & whole]):
        rows = np.flatnonzero((close == count) & whole)
        low[rows] = np.quantile(replicates[rows], tails[rows[0]], axis=1)
    for row in np.flatnonzero((close > 1) & ~whole):
        low[row] = np.quantile(replicates[row, np.isfinite(replicates[row])], tails[row])
    return low, high


def correlation_interval(
    value: float, replicates: Floats, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of a correlation, corrected for the bias of its replicates.

    Drawing pictures anew adds noise to what is correlated, so that replicates ``(R,)`` are lower than the value on
    average, and their middle 95 % would often leave it out. The reversed percentile interval in Fisher's z mirrors them
    at the value (Davison and Hinkley 1997, section 5.2.1), and is made to hold the value. Replicates that are not
    finite are left out.
    """
    usable = replicates[np.isfinite(replicates)]
    if not len(usable) or not np.isfinite(value):
        return np.nan, np.nan
    centre, drawn = (
        np.arctanh(np.clip([value], -NEARLY_ONE, NEARLY_ONE)),
        np.arctanh(np.clip(usable, -NEARLY_ONE, NEARLY_ONE)),
    )
    tail = (1 - confidence) / 2
    low, high = np.tanh(2 * centre - np.quantile(drawn, [1 - tail, tail]))
    return min(float(low), value), max(float(high), value)


def certain_shares(successes: Numbers, trials: Numbers, units: Numbers, within: Interval) -> Interval:
    """Return the intervals of shares ``(V,)``, with exact ones where no replicate differs.

    Where all trials succeed, or none does, replicates cannot say how far the share may lie from 1 or 0. The bound of
    Clopper and Pearson (1934) is taken there, for as many independent draws as there are units of resampling.

    Args:
        successes: ``(V,)``.
        trials: ``(V,)``.
        units: pictures that the trials come from ``(V,)``; with fewer than two there is no interval.
        within: intervals from replicates.
    """
    low, high = (ends.copy() for ends in within)
    tail = (1 - CONFIDENCE) / 2
    with np.errstate(divide="ignore"):
        bound = tail ** (1 / units)
    none, every = (trials > 0) & (successes == 0), (trials > 0) & (successes == trials)
    low[none], high[none] = 0.0, 1 - bound[none]
    low[every], high[every] = bound[every], 1.0
    low[units < 2] = high[units < 2] = np.nan
    return low, high


def no_interval(count: int) -> Interval:
    """Return intervals that are not there: NaN, low and high ``(count,)``."""
    return np.full(count, np.nan), np.full(count, np.nan)


# Rank correlation and many tests.


def rank_correlation(values: NDArray[np.integer] | Floats, other: Floats) -> Floats:
    """Return Spearman's correlation ``(R,)`` of each column of numbers with others; NaN where one is constant.

    Args:
        values: ``(V, R)``; equal ones share a rank.
        other: ``(V,)``, the same for every column, or ``(V, R)``.
    """
    ranks, others = scipy.stats.rankdata(values, axis=0), scipy.stats.rankdata(other, axis=0)
    ranks, others = ranks - ranks.mean(0), others - others.mean(0)
    together = others @ ranks if other.ndim == 1 else (others * ranks).sum(0)
    scale = np.sqrt((ranks**2).sum(0) * (others**2).sum(0))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation: Floats = np.where(scale > 0, together / scale, np.nan)
    return correlation


def q_values(p_values: Floats) -> Floats:
    """Return the least false discovery rate ``(k,)`` that calls each of k tests, from their p-values ``(k,)``.

    The procedure is that of Benjamini and Hochberg (1995).
    """
    return np.asarray(scipy.stats.false_discovery_control(p_values, method="bh"), np.float64)
