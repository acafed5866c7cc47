"""What is counted over all pixels: the leading digit of every raster value, and every label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit
from unitscope.stats.raster import Reading


@jit
def count_leading_digits(
    grids: NDArray[np.float32], reading: Reading, start: int, shift: int, counts: NDArray[np.int64],
    span: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count raster values by the leading digit of their key: ``counts[u, key >> shift] += 1`` for unit ``start + u``.

    Args:
        grids: ``(n, U, h, w)``.
        reading: how the raster reads them.
        start: the unit that the first row of counts is of.
        shift: bits of the key below the digit.
        counts: ``(units, bins)``, added to.
        span: ``(units, 2)``: takes in the lowest digit of each unit and one past its highest.
        first: first row.
        last: one past the last row.
    """
    top, bottom, down = reading.rows
    left, right, across = reading.columns
    height, width = reading.cells
    points = left.shape[0]
    # A grid widened to the points of the raster; its last row and the last column of `padded` are the zero outside.
    wide = np.zeros((height + 1, points), np.float32)
    padded = np.zeros(width + 1, np.float32)
    # One row of the raster, its bits as whole numbers (the same memory), and their leading digits.
    line = np.empty(points, np.float32)
    bits = line.view(np.uint32)
    digits = np.empty(points, np.uint32)
    # Neighbours often fall into one bin. Four tallies take turns: an increment need not wait for the one before.
    tallies = np.zeros((4, counts.shape[1]), np.int64)
    first_tally, second, third, fourth = tallies[0], tallies[1], tallies[2], tallies[3]
    sign, places = np.uint32(0x80000000), np.uint32(shift)
    for u in range(first, last):
        for n in range(grids.shape[0]):
            if not reading.direct:
                # Each row of cells is blended along columns once, however many rows of the raster read it.
                for row in range(height):
                    for column in range(width):
                        padded[column] = grids[n, start + u, row, column]
                    for x in range(points):
                        value = padded[left[x]]
                        wide[row, x] = value + across[x] * (padded[right[x]] - value)
            for y in range(top.shape[0]):
                # Adding 0 turns -0 into 0, so that both have one key.
                if reading.direct:
                    for x in range(points):
                        line[x] = grids[n, start + u, y, x] + np.float32(0)
                else:
                    above, below, weight = top[y], bottom[y], down[y]
                    for x in range(points):
                        value = wide[above, x] + weight * (wide[below, x] - wide[above, x])
                        line[x] = value + np.float32(0)
                # Short loops of one kind of operation each: these run several points at a time.
                for x in range(points):
                    key = bits[x]
                    digits[x] = (~key if key & sign else key | sign) >> places
                for x in range(0, points - 3, 4):
                    first_tally[digits[x]] += 1
                    second[digits[x + 1]] += 1
                    third[digits[x + 2]] += 1
                    fourth[digits[x + 3]] += 1
                for x in range(points - points % 4, points):
                    first_tally[digits[x]] += 1
        for digit in range(counts.shape[1]):
            count = first_tally[digit] + second[digit] + third[digit] + fourth[digit]
            # Most bins stay empty; memory that is not written costs nothing.
            if count > 0:
                counts[u, digit] += count
                first_tally[digit] = second[digit] = third[digit] = fourth[digit] = 0
                span[u, 0] = min(span[u, 0], digit)
                span[u, 1] = max(span[u, 1], digit + 1)


@jit
def find_rank(
    counts: NDArray[np.int64], ranks: NDArray[np.int64], bins: NDArray[np.int64], above: NDArray[np.int64],
    first: int, last: int,
) -> None:  # fmt: skip
    """Find the bin of the value of a rank, 0 for the highest, and how many values lie above that bin.

    Args:
        counts: ``(U, bins)``.
        ranks: ``(U,)``, below the number of values.
        bins: ``(U,)``, written.
        above: ``(U,)``, written.
        first: first unit.
        last: one past the last unit.
    """
    for u in range(first, last):
        passed, place = 0, counts.shape[1] - 1
        while place > 0 and passed + counts[u, place] <= ranks[u]:
            passed += counts[u, place]
            place -= 1
        bins[u], above[u] = place, passed


@jit
def count_labels(labels: NDArray[np.int16], areas: NDArray[np.int64]) -> None:
    """Count label values from 0 picture by picture: labels ``(n, P, gh, gw)``, areas ``(n, C)``, added to."""
    for n in range(labels.shape[0]):
        for plane in range(labels.shape[1]):
            for y in range(labels.shape[2]):
                for x in range(labels.shape[3]):
                    if labels[n, plane, y, x] >= 0:
                        areas[n, labels[n, plane, y, x]] += 1
