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
from unitscope.stats.base import State, Statistic, agreed, counted
from unitscope.stats.cells import StrongCells
from unitscope.stats.device import DeviceRaster
from unitscope.stats.raster import ActivationRaster, over_unit_blocks

LEVELS = (12, 10, 10)
"""Bits of the key in each digit, leading digit first."""


def exceeding_count(quantile: float, values: int) -> int:
    """Return how many of `values` values must exceed the threshold: the smallest count of at least that fraction.

    The decimal number as written counts, so 0.07 of 100 values is 7.
    """
    return math.ceil(Fraction(str(quantile)) * values)


def keys_to_values(keys: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return the float32 values of keys of any shape: their bits, turned so that keys have the order of the values."""
    bits = np.where(keys >> 31 != 0, keys & np.uint32(0x7FFFFFFF), ~keys).astype(np.uint32)
    return bits.view(np.float32)


def values_below(keys: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return what all values of these keys or higher ones are greater than; for the key of zero, zero itself.

    Keys of any shape, values of the same.

    Zeros are what most of a sparse unit consists of: nobody needs to look at them to count them.
    """
    lowest = keys_to_values(keys)
    below = np.nextafter(lowest, np.float32(-np.inf))
    # Keys at the very bottom stand for no number.
    return np.where(lowest == 0, lowest, np.where(np.isfinite(lowest), below, np.float32(-np.inf)))


class ActivationHistogram(Statistic):
    """Counts the raster values of every unit in 4,096 bins by the leading digit of their key.

    Bins are about logarithmic: eight to each power of two, on both sides of zero. Most stay empty, so it merges and
    stores the used range only: what the declaration gives would write every bin.

    Args:
        units: number of units U.
    """

    counts = counted("U B")

    def __init__(self, units: int) -> None:
        super().__init__(U=units, B=1 << LEVELS[0])
        self._first, self._end = 1 << LEVELS[0], 0
        """Bins from the first to before the end are used."""

    @property
    def used(self) -> NDArray[np.int64]:
        """Counts ``(U, bins)`` from the first used bin to the last."""
        return self.counts[:, self._first : self._end]

    def _use(self, first: int, end: int) -> None:
        self._first, self._end = min(self._first, first), max(self._end, end)

    def update(self, activation: ActivationRaster | DeviceRaster) -> None:
        """Count every raster value of activations ``(n, U, h, w)``."""
        if isinstance(activation, DeviceRaster):
            first, counts = activation.count_leading_digits(LEVELS[0])
            if counts.size:
                self._use(first, first + counts.shape[1])
                self.counts[:, first : first + counts.shape[1]] += counts
            return
        span = np.empty((activation.units, 2), np.int64)
        span[:] = 1 << LEVELS[0], 0
        over_unit_blocks(
            activation.units, kernels.count_leading_digits,
            activation.grids, activation.reading, 32 - LEVELS[0], self.counts, span,
        )  # fmt: skip
        if len(span):
            self._use(int(span[:, 0].min()), int(span[:, 1].max()))

    def merge(self, other: ActivationHistogram) -> None:
        """Add the counts of `other`, where it has any."""
        if len(self.counts) != len(other.counts):
            raise ValueError(
                f"histograms of {len(other.counts)} units cannot be merged into {len(self.counts)}"
            )
        self._use(other._first, other._end)
        self.counts[:, other._first : other._end] += other.used

    def state_dict(self) -> State:
        """Return the used range of bins: ``first_bin`` and ``counts`` ``(U, bins)``, in 32 bits where they suffice."""
        first = self._first if self._end else 0
        small = self.used.max(initial=0) <= np.iinfo(np.uint32).max
        return {"first_bin": np.array([first]), "counts": self.used.astype(np.uint32 if small else np.int64)}

    def load_state_dict(self, state: State) -> None:
        """Restore what :meth:`state_dict` returned."""
        units, bins = state["counts"].shape
        self.__init__(units)  # type: ignore[misc]
        if bins:
            first = int(state["first_bin"][0])
            self._use(first, first + bins)
            self.used[:] = state["counts"]

    def floors(self, fraction: float) -> NDArray[np.float32]:
        """Return a value for every unit ``(U,)`` that `fraction` of its values exceed, or more, or all but zeros.

        It is the edge of a bin, so most often some more values exceed it.
        """
        values = int(self.used[:1].sum())
        if fraction >= 1 or not values:
            return np.full(len(self.counts), -np.inf, np.float32)
        rank = max(exceeding_count(fraction, values) - 1, 0)
        digits, _ = _bin_of_rank(self.used, np.full(len(self.counts), rank))
        return values_below((self._first + digits).astype(np.uint32) << np.uint32(32 - LEVELS[0]))

    def result(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return bin edges ``(bins + 1,)`` in activation scale and counts ``(U, bins)``, over the used range.

        Bin ``i`` holds values from ``edges[i]`` up to, not including, ``edges[i + 1]``.
        """
        state = self.state_dict()
        first, bins = int(state["first_bin"][0]), state["counts"].shape[1]
        keys = np.arange(first, first + bins + 1, dtype=np.uint64) << np.uint64(32 - LEVELS[0])
        edges = keys_to_values(np.minimum(keys, 0xFFFFFFFF).astype(np.uint32))
        return edges, state["counts"].astype(np.int64)


class ThresholdSearch(Statistic):
    """Finds, for every unit, the value that a wanted number of raster values exceed.

    The threshold is the value of rank ``count + 1`` from the top. Without ties at that value exactly ``count`` values
    exceed it; with ties fewer do, and a unit whose top values are all equal exceeds nowhere. Each round needs all the
    data once more: :meth:`update` with everything, then :meth:`narrow`. The histogram is the first round.

    Args:
        histogram: counts of all the data.
        count: how many values shall exceed the threshold, see :func:`exceeding_count`; at least one stays behind.
    """

    prefixes = agreed("U", np.uint32)
    inside = agreed("U", np.int64)
    above = agreed("U", np.int64)
    level = agreed("1", np.int64)
    counts = counted("U B")

    rounds = len(LEVELS) - 1

    def __init__(self, histogram: ActivationHistogram, count: int) -> None:
        used = histogram.state_dict()
        counts: NDArray[np.int64] = used["counts"].astype(np.int64)
        super().__init__(U=len(counts), B=0)
        self.inside = counts.sum(axis=1)
        self.above = np.minimum(count, self.inside - 1)
        self._descend(counts, int(used["first_bin"][0]))

    @property
    def _round(self) -> int:
        """Digits that are known."""
        return int(self.level[0])

    @property
    def bounds(self) -> NDArray[np.float32]:
        """Values that are looked at are greater than these ``(U,)``; the threshold is one of them, or zero."""
        return values_below(self.prefixes << np.uint32(32 - sum(LEVELS[: self._round])))

    def narrow(self) -> None:
        """Extend every unit's prefix by the digit in which its threshold lies.

        Raises:
            ValueError: values that the histogram counted were not shown.
        """
        zeros = self.inside - self.counts.sum(axis=1)
        if zeros[self.bounds != 0].any() or (zeros < 0).any():
            raise ValueError("the search has not seen the values that the histogram counted")
        self.counts[:, 0] += zeros
        self._descend(self.counts, 0)

    def _descend(self, counts: NDArray[np.int64], first_digit: int) -> None:
        digit, passed = _bin_of_rank(counts, self.above)
        self.above = self.above - passed
        self.inside = np.take_along_axis(counts, digit[:, None], 1)[:, 0]
        bits = np.uint32(LEVELS[self._round])
        self.prefixes = (self.prefixes << bits) | (first_digit + digit).astype(np.uint32)
        self.level = self.level + 1
        width = 1 << LEVELS[self._round] if self._round < len(LEVELS) else 0
        self.counts = np.zeros((len(digit), width), np.int64)

    def update(self, cells: StrongCells) -> None:
        """Count the next digit of the raster values that share the prefix found so far.

        Raises:
            ValueError: the cells do not reach down to :attr:`bounds`.
        """
        cells.require(self.bounds)
        bits = LEVELS[self._round]
        over_unit_blocks(
            cells.units, kernels.count_next_digits,
            *cells.arrays,
            self.prefixes, self.bounds, 32 - sum(LEVELS[: self._round + 1]), bits, self.counts,
        )  # fmt: skip

    def result(self) -> NDArray[np.float32]:
        """Return the thresholds ``(U,)``.

        Raises:
            ValueError: rounds are missing.
        """
        if self._round < len(LEVELS):
            raise ValueError(f"the search needs {len(LEVELS) - self._round} more rounds over the data")
        return keys_to_values(self.prefixes)


def _bin_of_rank(
    counts: NDArray[np.int64], ranks: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the bin ``(U,)`` of the value of a rank, 0 for the highest, and how many values lie above that bin."""
    from_top = np.cumsum(counts[:, ::-1], axis=1)
    skipped = (from_top <= ranks[:, None]).sum(axis=1)
    above = np.take_along_axis(np.pad(from_top, ((0, 0), (1, 0))), skipped[:, None], 1)[:, 0]
    return counts.shape[1] - 1 - skipped, above
