"""Thresholds by counting: an exact order statistic from integer histograms over the bits of the float.

A float32 maps to an unsigned key of 32 bits that keeps the order of the numbers. The key is read as three digits of
12, 10 and 10 bits. Counting the first digit over all values tells in which of 4,096 bins the wanted value lies;
counting the next digit of the values in that bin narrows it down, and the third digit gives the value itself. Every
step is a histogram, so it merges, and the result is a value that occurred, not an estimate.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from unitscope.stats import kernels
from unitscope.stats.base import State, add_counts
from unitscope.stats.raster import ActivationRaster, over_unit_blocks

LEVELS = (12, 10, 10)
"""Bits of the key in each digit, leading digit first."""


def exceeding_count(quantile: float, values: int) -> int:
    """Return how many of `values` values must exceed the threshold: the smallest count of at least that fraction.

    The decimal number as written counts, so 0.07 of 100 values is 7.
    """
    return math.ceil(Fraction(str(quantile)) * values)


def values_to_keys(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Map float32 values to keys in the same order; -0 and 0 share one."""
    bits = (values + np.float32(0)).view(np.uint32)
    return np.where(bits >> 31 != 0, ~bits, bits | np.uint32(0x80000000)).astype(np.uint32)


def keys_to_values(keys: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Undo :func:`values_to_keys`."""
    bits = np.where(keys >> 31 != 0, keys & np.uint32(0x7FFFFFFF), ~keys).astype(np.uint32)
    return bits.view(np.float32)


class ActivationHistogram:
    """Counts the raster values of every unit in 4,096 bins by the leading digit of their key.

    Bins are about logarithmic: eight to each power of two, on both sides of zero.

    Args:
        units: number of units U.
    """

    def __init__(self, units: int) -> None:
        self.counts: NDArray[np.int64] = np.zeros((units, 1 << LEVELS[0]), np.int64)
        self._span = slice(0, 0)
        """Bins outside it are empty."""

    def update(self, activation: ActivationRaster) -> None:
        """Count every raster value."""
        self._span = slice(0, 1 << LEVELS[0])
        over_unit_blocks(
            activation.units, kernels.count_leading_digits,
            activation.grids, activation.rows, activation.columns, 32 - LEVELS[0], self.counts,
        )  # fmt: skip

    def merge(self, other: ActivationHistogram) -> None:
        """Add the counts of `other`."""
        add_counts(self.counts[:, other._span], other.counts[:, other._span], "histograms")
        self._span = slice(0, 1 << LEVELS[0])

    def state_dict(self) -> State:
        """Return the used range of bins: ``first_bin`` and ``counts`` ``(U, bins)``, in 32 bits where they suffice."""
        used = np.flatnonzero(self.counts.any(axis=0))
        first, last = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)
        counts = self.counts[:, first:last]
        small = counts.max(initial=0) <= np.iinfo(np.uint32).max
        return {"first_bin": np.array([first]), "counts": counts.astype(np.uint32 if small else np.int64)}

    def load_state_dict(self, state: State) -> None:
        """Restore what :meth:`state_dict` returned."""
        first = int(state["first_bin"][0])
        self.counts = np.zeros((state["counts"].shape[0], 1 << LEVELS[0]), np.int64)
        self._span = slice(first, first + state["counts"].shape[1])
        self.counts[:, self._span] = state["counts"]

    def result(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return bin edges ``(bins + 1,)`` in activation scale and counts ``(U, bins)``, over the used range.

        Bin ``i`` holds values from ``edges[i]`` up to, not including, ``edges[i + 1]``.
        """
        state = self.state_dict()
        first, bins = int(state["first_bin"][0]), state["counts"].shape[1]
        keys = np.arange(first, first + bins + 1, dtype=np.uint64) << np.uint64(32 - LEVELS[0])
        edges = keys_to_values(np.minimum(keys, 0xFFFFFFFF).astype(np.uint32))
        return edges, state["counts"].astype(np.int64)


class ThresholdSearch:
    """Finds, for every unit, the value that a wanted number of raster values exceed.

    The threshold is the value of rank ``count + 1`` from the top. Without ties at that value exactly ``count`` values
    exceed it; with ties fewer do, and a unit whose top values are all equal exceeds nowhere. Each round needs all the
    data once more: :meth:`update` with everything, then :meth:`narrow`. The histogram is the first round.

    Args:
        histogram: counts of all the data.
        count: how many values shall exceed the threshold, see :func:`exceeding_count`; at least one stays behind.
    """

    rounds = len(LEVELS) - 1

    def __init__(self, histogram: ActivationHistogram, count: int) -> None:
        used = histogram.state_dict()
        counts: NDArray[np.int64] = used["counts"].astype(np.int64)
        self._prefixes: NDArray[np.uint32] = np.zeros(len(counts), np.uint32)
        self._above: NDArray[np.int64] = np.minimum(count, counts.sum(axis=1) - 1)
        self._level = 0
        self._descend(counts, int(used["first_bin"][0]))

    def narrow(self) -> None:
        """Extend every unit's prefix by the digit in which its threshold lies."""
        self._descend(self.counts, 0)

    def _descend(self, counts: NDArray[np.int64], first_digit: int) -> None:
        from_top = np.cumsum(counts[:, ::-1], axis=1)
        skipped = (from_top <= self._above[:, None]).sum(axis=1)
        passed = np.take_along_axis(np.pad(from_top, ((0, 0), (1, 0))), skipped[:, None], 1)[:, 0]
        self._above = self._above - passed
        digit = (first_digit + counts.shape[1] - 1 - skipped).astype(np.uint32)
        self._prefixes = (self._prefixes << np.uint32(LEVELS[self._level])) | digit
        self._level += 1
        width = 1 << LEVELS[self._level] if self._level < len(LEVELS) else 0
        self.counts = np.zeros((len(digit), width), np.int64)

    def update(self, activation: ActivationRaster) -> None:
        """Count the next digit of the raster values that share the prefix found so far."""
        bits = LEVELS[self._level]
        shift = 32 - sum(LEVELS[: self._level + 1])
        lowest = keys_to_values(self._prefixes << np.uint32(shift + bits))
        bounds = np.where(np.isfinite(lowest), np.nextafter(lowest, np.float32(-np.inf)), np.float32(-np.inf))
        over_unit_blocks(
            activation.units, kernels.count_next_digits,
            activation.grids, activation.rows, activation.columns,
            self._prefixes, bounds, shift, bits, self.counts,
        )  # fmt: skip

    def merge(self, other: ThresholdSearch) -> None:
        """Add the counts of `other`, which must be in the same round of the same search."""
        if not np.array_equal(self._prefixes, other._prefixes) or self._level != other._level:
            raise ValueError("the two searches look at different bins, so their counts do not add up")
        add_counts(self.counts, other.counts, "counts")

    def state_dict(self) -> State:
        """Return the prefix, the rank left inside it, the round and the counts."""
        return {
            "prefixes": self._prefixes.copy(),
            "above": self._above.copy(),
            "level": np.array([self._level]),
            "counts": self.counts.copy(),
        }

    def load_state_dict(self, state: State) -> None:
        """Restore what :meth:`state_dict` returned."""
        self._prefixes, self._above = state["prefixes"].copy(), state["above"].copy()
        self._level, self.counts = int(state["level"][0]), state["counts"].copy()

    def result(self) -> NDArray[np.float32]:
        """Return the thresholds ``(U,)``.

        Raises:
            ValueError: rounds are missing.
        """
        if self._level < len(LEVELS):
            raise ValueError(f"the search needs {len(LEVELS) - self._level} more rounds over the data")
        return keys_to_values(self._prefixes)
