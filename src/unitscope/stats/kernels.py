"""Compiled loops over (unit, picture, pixel): the only place where every pixel of every unit is touched.

Each kernel works on units ``first`` to ``last`` and releases the interpreter lock. Raster values are computed with the
operations of :func:`unitscope.grid.upsample` in the same order, without fused multiply-add, so both agree to the bit.

Most units exceed their threshold in few places. Interpolation lies between its corners up to rounding, so a kernel
that looks for values above a bound skips the raster rows whose cells are all clearly below it.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from unitscope.stats.raster import AxisArrays

ROUNDING = np.float32(2e-6)
"""More than the relative rounding error of two linear interpolations in float32."""

jit = numba.njit(nogil=True, cache=True, error_model="numpy")
# Values are finite, so that comparisons may be reordered and done several at a time.
jit_finite = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz", "reassoc"})


@jit
def _expand_row(grid: NDArray[np.float32], row: int, columns: AxisArrays, wide: NDArray[np.float32]) -> None:
    """Blend the columns of one row: ``(h, w) -> wide[row] (gw,)``."""
    lower, upper, weight = columns
    width = grid.shape[1]
    for x in range(lower.shape[0]):
        left = grid[row, lower[x]] if lower[x] < width else np.float32(0)
        right = grid[row, upper[x]] if upper[x] < width else np.float32(0)
        wide[row, x] = left + weight[x] * (right - left)


@jit
def _blend_rows(wide: NDArray[np.float32], rows: AxisArrays, y: int, line: NDArray[np.float32]) -> None:
    """Write raster row `y` to `line`; the last row of `wide` is the zero outside."""
    above = wide[rows[0][y]]
    below = wide[rows[1][y]]
    weight = rows[2][y]
    for x in range(line.shape[0]):
        line[x] = above[x] + weight * (below[x] - above[x])


@jit_finite
def _bound_rows(grid: NDArray[np.float32], outside: bool, bounds: NDArray[np.float32]) -> float:
    """Write, for each row of cells, what no value interpolated from it exceeds; return the largest."""
    height = grid.shape[0]
    bounds[height] = np.float32(0)
    largest = np.float32(0)
    for row in range(height):
        highest = np.float32(0) if outside else grid[row, 0]
        for column in range(grid.shape[1]):
            value = grid[row, column]
            highest = max(highest, value)
            largest = max(largest, abs(value))
        bounds[row] = highest
    total = float(bounds[height] if outside else bounds[0])
    for row in range(height + 1):
        bounds[row] += ROUNDING * largest
        if row < height:
            total = max(total, float(bounds[row]))
    return total


@jit_finite
def _count_above(line: NDArray[np.float32], bound: float) -> int:
    """Count values above a bound."""
    count = 0
    for x in range(line.shape[0]):
        count += line[x] > bound
    return count


@jit_finite
def _count_above(line: NDArray[np.float32], bound: float) -> int:
    """Count values above a bound."""
    count = 0
    for x in range(line.shape[0]):
        count += line[x] > bound
    return count


Scratch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]
"""Expanded rows of cells, one raster row, bounds of the rows of cells, which of them are expanded."""


@jit
def _scratch(height: int, points: int) -> Scratch:
    """Make room for grids of so many rows, read at so many raster columns."""
    return (
        np.zeros((height + 1, points), np.float32),
        np.empty(points, np.float32),
        np.empty(height + 1, np.float32),
        np.empty(height, np.bool_),
    )


@jit
def _has_outside(rows: AxisArrays, columns: AxisArrays, height: int, width: int) -> bool:
    """Tell whether the raster reads the zero outside the grid."""
    return bool(max(rows[0].max(), rows[1].max()) >= height or max(columns[0].max(), columns[1].max()) >= width)


@jit
def _may_exceed(grid: NDArray[np.float32], outside: bool, bound: float, scratch: Scratch) -> bool:  # noqa: FBT001
    """Begin a grid; tell whether any raster value may be above the bound."""
    scratch[3][:] = False
    return bool(_bound_rows(grid, outside, scratch[2]) > bound)


@jit
def _line_above(
    grid: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays, y: int, bound: float, scratch: Scratch
) -> int:
    """Write raster row `y` of a begun grid, if it can matter; return how many of its values are above the bound."""
    wide, line, highest, ready = scratch
    if max(highest[rows[0][y]], highest[rows[1][y]]) <= bound:
        return 0
    for row in (rows[0][y], rows[1][y]):
        if row < grid.shape[0] and not ready[row]:
            _expand_row(grid, row, columns, wide)
            ready[row] = True
    _blend_rows(wide, rows, y, line)
    return _count_above(line, bound)


@jit
def resample(
    grids: NDArray[np.float32],
    rows: AxisArrays,
    columns: AxisArrays,
    out: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    """Write raster values ``(n, U, h, w) -> out (n, U, gh, gw)``, for grids finer than the raster."""
    height, width = grids.shape[2], grids.shape[3]
    for n in range(grids.shape[0]):
        for u in range(first, last):
            grid = grids[n, u]
            for y in range(out.shape[2]):
                top, bottom, weight = rows[0][y], rows[1][y], rows[2][y]
                for x in range(out.shape[3]):
                    left, right, share = columns[0][x], columns[1][x], columns[2][x]
                    above = below = np.float32(0)
                    if top < height:
                        a = grid[top, left] if left < width else np.float32(0)
                        b = grid[top, right] if right < width else np.float32(0)
                        above = a + share * (b - a)
                    if bottom < height:
                        a = grid[bottom, left] if left < width else np.float32(0)
                        b = grid[bottom, right] if right < width else np.float32(0)
                        below = a + share * (b - a)
                    out[n, u, y, x] = above + weight * (below - above)


@jit
def count_leading_digits(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays, shift: int, counts: NDArray[np.int64],
    first: int, last: int,
) -> None:  # fmt: skip
    """Count raster values by the leading digit of their key: ``counts[u, key >> shift] += 1``.

    Neighbours often fall into one bin, so two tallies take turns: an increment need not wait for the one before.
    """
    points = columns[0].shape[0]
    wide = np.zeros((grids.shape[2] + 1, points), np.float32)
    line = np.empty(points, np.float32)
    bits = line.view(np.uint32)
    digits = np.empty(points, np.uint32)
    even = np.empty(counts.shape[1], np.int64)
    odd = np.empty(counts.shape[1], np.int64)
    sign = np.uint32(0x80000000)
    places = np.uint32(shift)
    for u in range(first, last):
        even[:] = 0
        odd[:] = 0
        for n in range(grids.shape[0]):
            for row in range(grids.shape[2]):
                _expand_row(grids[n, u], row, columns, wide)
            for y in range(rows[0].shape[0]):
                _blend_rows(wide, rows, y, line)
                for x in range(points):
                    line[x] += np.float32(0)
                for x in range(points):
                    key = bits[x]
                    digits[x] = (~key if key & sign else key | sign) >> places
                for x in range(0, points - 1, 2):
                    even[digits[x]] += 1
                    odd[digits[x + 1]] += 1
                if points % 2:
                    even[digits[points - 1]] += 1
        for digit in range(even.shape[0]):
            counts[u, digit] += even[digit] + odd[digit]


@jit
def count_next_digits(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays,
    prefixes: NDArray[np.uint32], bounds: NDArray[np.float32], shift: int, bits_of_digit: int,
    counts: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count, among raster values whose key starts with the unit's prefix, the digit that follows.

    `bounds` lies just below the smallest value with the prefix.
    """
    scratch = _scratch(grids.shape[2], columns[0].shape[0])
    line = scratch[1]
    bits = line.view(np.uint32)
    sign = np.uint32(0x80000000)
    places = np.uint32(shift)
    mask = np.uint32((1 << bits_of_digit) - 1)
    outside = _has_outside(rows, columns, grids.shape[2], grids.shape[3])
    for u in range(first, last):
        for n in range(grids.shape[0]):
            if not _may_exceed(grids[n, u], outside, bounds[u], scratch):
                continue
            for y in range(rows[0].shape[0]):
                if not _line_above(grids[n, u], rows, columns, y, bounds[u], scratch):
                    continue
                for x in range(line.shape[0]):
                    if line[x] > bounds[u]:
                        line[x] += np.float32(0)
                        key = bits[x]
                        key = (~key if key & sign else key | sign) >> places
                        if key >> np.uint32(bits_of_digit) == prefixes[u]:
                            counts[u, key & mask] += 1


@jit
def intersect(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays, thresholds: NDArray[np.float32],
    labels: NDArray[np.int16], half: NDArray[np.int64],
    pixels: NDArray[np.int64], intersections: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count pixels above the threshold, alone and with every concept, for two halves of the pictures.

    Args:
        grids: ``(n, U, h, w)``.
        rows: row sampling.
        columns: column sampling.
        thresholds: ``(U,)``.
        labels: ``(n, P, gh, gw)``, no concept twice at one pixel.
        half: ``(n,)``, 0 or 1.
        pixels: ``(2, U)``, added to.
        intersections: ``(2, U, C)``, added to.
        first: first unit.
        last: one past the last unit.
    """
    scratch = _scratch(grids.shape[2], columns[0].shape[0])
    line = scratch[1]
    outside = _has_outside(rows, columns, grids.shape[2], grids.shape[3])
    for u in range(first, last):
        for n in range(grids.shape[0]):
            if not _may_exceed(grids[n, u], outside, thresholds[u], scratch):
                continue
            shared = intersections[half[n], u]
            for y in range(rows[0].shape[0]):
                above = _line_above(grids[n, u], rows, columns, y, thresholds[u], scratch)
                pixels[half[n], u] += above
                for x in range(line.shape[0] if above else 0):
                    if line[x] > thresholds[u]:
                        for plane in range(labels.shape[1]):
                            shared[labels[n, plane, y, x]] += 1


@jit
def intersect_by_picture(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays, thresholds: NDArray[np.float32],
    labels: NDArray[np.int16], concepts: NDArray[np.int64],
    pixels: NDArray[np.int64], intersections: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count, picture by picture, pixels above the threshold and those with the unit's own concept.

    As :func:`intersect`, with one concept a unit ``(U,)`` and counts ``(n, U)``.
    """
    scratch = _scratch(grids.shape[2], columns[0].shape[0])
    line = scratch[1]
    outside = _has_outside(rows, columns, grids.shape[2], grids.shape[3])
    for u in range(first, last):
        for n in range(grids.shape[0]):
            if not _may_exceed(grids[n, u], outside, thresholds[u], scratch):
                continue
            shared = 0
            for y in range(rows[0].shape[0]):
                above = _line_above(grids[n, u], rows, columns, y, thresholds[u], scratch)
                pixels[n, u] += above
                for x in range(line.shape[0] if above else 0):
                    if line[x] > thresholds[u]:
                        for plane in range(labels.shape[1]):
                            shared += labels[n, plane, y, x] == concepts[u]
            intersections[n, u] += shared


@jit
def exceed(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays, thresholds: NDArray[np.float32],
    out: NDArray[np.bool_], first: int, last: int,
) -> None:  # fmt: skip
    """Mark the raster points above the threshold: grids ``(m, h, w)``, thresholds ``(m,)``, out ``(m, gh, gw)``."""
    scratch = _scratch(grids.shape[1], columns[0].shape[0])
    line = scratch[1]
    outside = _has_outside(rows, columns, grids.shape[1], grids.shape[2])
    for m in range(first, last):
        out[m] = False
        if not _may_exceed(grids[m], outside, thresholds[m], scratch):
            continue
        for y in range(rows[0].shape[0]):
            if _line_above(grids[m], rows, columns, y, thresholds[m], scratch):
                for x in range(line.shape[0]):
                    out[m, y, x] = line[x] > thresholds[m]
