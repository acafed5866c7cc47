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
from unitscope.stats.raster import ActivationRaster, counting_threads, over_unit_blocks

LEVELS = (12, 10, 10)
"""Bits of the key in each digit, leading digit first."""
BLOCK = 32
"""Units whose leading digits a thread counts together."""


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

    Bins are about logarithmic: eight to each power of two, on both sides of zero. Most stay empty, so only the range
    that is used is held, merged and stored.

    Args:
        units: number of units U.

    Attributes:
        counts: ``(U, bins)``, from the first used bin to the last.
        first_bin: number of the first used bin.
    """

    counts = counted("U 0")

    def __init__(self, units: int) -> None:
        super().__init__(U=units)
        self.first_bin = 0

    @property
    def values(self) -> int:
        """Number of values of each unit."""
        return int(self.counts[:1].sum())

    @property
    def _end(self) -> int:
        return self.first_bin + int(self.counts.shape[1])

    def _between(self, first: int, end: int) -> NDArray[np.int64]:
        """Return the counts of a range of bins that holds the used one."""
        if (first, end) == (self.first_bin, self._end):
            return self.counts
        return np.pad(self.counts, ((0, 0), (self.first_bin - first, end - self._end)))

    def _add(self, first: int, counts: NDArray[np.int64]) -> None:
        """Add counts ``(U, bins)`` of the bins from a first one on."""
        if not counts.size:
            return
        if not self.counts.size:
            self.first_bin, self.counts = first, counts.copy()
            return
        end = first + counts.shape[1]
        whole = min(first, self.first_bin), max(end, self._end)
        self.counts, self.first_bin = self._between(*whole), whole[0]
        self.counts[:, first - whole[0] : end - whole[0]] += counts

    def update(self, activation: ActivationRaster | DeviceRaster) -> None:
        """Count every raster value of activations ``(n, U, h, w)``."""
        if isinstance(activation, DeviceRaster):
            self._add(*activation.count_leading_digits(LEVELS[0]))
        else:
            self._add(*_leading_digits(activation))

    def merge(self, other: ActivationHistogram) -> None:
        """Add the counts of `other`, where it has any."""
        if len(self.counts) != len(other.counts):
            raise ValueError(
                f"histograms of {len(other.counts)} units cannot be merged into {len(self.counts)}"
            )
        self._add(other.first_bin, other.counts)

    def state_dict(self) -> State:
        """Return the used range of bins: ``first_bin`` and ``counts`` ``(U, bins)``, in 32 bits where they suffice."""
        small = self.counts.max(initial=0) <= np.iinfo(np.uint32).max
        return {
            "first_bin": np.array([self.first_bin]),
            "counts": self.counts.astype(np.uint32 if small else np.int64),
        }

    def load_state_dict(self, state: State) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.first_bin, self.counts = int(state["first_bin"][0]), state["counts"].astype(np.int64)

    def floors(self, fraction: float) -> NDArray[np.float32]:
        """Return a value for every unit ``(U,)`` that `fraction` of its values exceed, or more, or all but zeros.

        It is the edge of a bin, so most often some more values exceed it.
        """
        if fraction >= 1 or not self.values:
            return np.full(len(self.counts), -np.inf, np.float32)
        rank = max(exceeding_count(fraction, self.values) - 1, 0)
        digits, _ = _bin_of_rank(self.counts, np.full(len(self.counts), rank))
        return values_below((self.first_bin + digits).astype(np.uint32) << np.uint32(32 - LEVELS[0]))

    def result(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return bin edges ``(bins + 1,)`` in activation scale and counts ``(U, bins)``, over the used range.

        Bin ``i`` holds values from ``edges[i]`` up to, not including, ``edges[i + 1]``.
        """
        keys = np.arange(self.first_bin, self._end + 1, dtype=np.uint64) << np.uint64(32 - LEVELS[0])
        edges = keys_to_values(np.minimum(keys, 0xFFFFFFFF).astype(np.uint32))
        return edges, self.counts.copy()


def _leading_digits(activation: ActivationRaster) -> tuple[int, NDArray[np.int64]]:
    """Return the lowest leading digit of any value, and counts ``(U, digits)`` from that one to the highest.

    A block of units after the other has room for all digits, so that memory which stays empty is not asked for.
    """
    digits, block = 1 << LEVELS[0], BLOCK * counting_threads()
    room, span = np.empty((block, digits), np.int64), np.empty((block, 2), np.int64)
    parts = []
    for start in range(0, activation.units, block):
        units = min(block, activation.units - start)
        room[:], span[:] = 0, (digits, 0)
        over_unit_blocks(
            units, kernels.count_leading_digits,
            activation.grids, activation.reading, start, 32 - LEVELS[0], room, span,
        )  # fmt: skip
        first, end = int(span[:, 0].min()), int(span[:, 1].max())
        if first < end:
            parts.append((start, first, room[:units, first:end].copy()))
    lowest = min((first for _, first, _ in parts), default=0)
    highest = max((first + part.shape[1] for _, first, part in parts), default=0)
    counts = np.zeros((activation.units, highest - lowest), np.int64)
    for start, first, part in parts:
        counts[start : start + len(part), first - lowest : first - lowest + part.shape[1]] = part
    return lowest, counts


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
        super().__init__(U=len(histogram.counts), B=0)
        self.inside = histogram.counts.sum(axis=1)
        self.above = np.minimum(count, self.inside - 1)
        self._descend(histogram.counts, histogram.first_bin)

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
    bins, above = (np.empty(len(counts), np.int64) for _ in range(2))
    over_unit_blocks(len(counts), kernels.find_rank, counts, ranks, bins, above)
    return bins, above
