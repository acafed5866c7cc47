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
def _is_direct(columns: AxisArrays, width: int) -> bool:
    """Tell whether the raster's columns are the grid's own."""
    lower, _, weight = columns
    if lower.shape[0] != width:
        return False
    for x in range(width):
        if lower[x] != x or weight[x] != 0:
            return False
    return True


@jit
def _expand_row(
    grid: NDArray[np.float32],
    row: int,
    columns: AxisArrays,
    direct: bool,
    wide: NDArray[np.float32],
) -> None:
    """Blend the columns of one row: ``(h, w) -> wide[row] (gw,)``."""
    if direct:
        for x in range(grid.shape[1]):
            wide[row, x] = grid[row, x]
        return
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


@jit
def _prepare_line(
    grid: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays, direct: bool, y: int,
    wide: NDArray[np.float32], ready: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Expand the rows of cells that raster row `y` lies between, where that has not been done."""
    for row in (rows[0][y], rows[1][y]):
        if row < grid.shape[0] and not ready[row]:
            _expand_row(grid, row, columns, direct, wide)
            ready[row] = True


@jit
def _has_outside(axis: AxisArrays, cells: int) -> bool:
    return bool(axis[0].max() >= cells or axis[1].max() >= cells)


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

    Neighbours often fall into one bin, so four tallies take turns: an increment need not wait for the one before.
    """
    points = columns[0].shape[0]
    wide = np.zeros((grids.shape[2] + 1, points), np.float32)
    line = np.empty(points, np.float32)
    bits = line.view(np.uint32)
    digits = np.empty(points, np.uint32)
    direct = _is_direct(columns, grids.shape[3])
    tallies = np.empty((4, counts.shape[1]), np.int64)
    first_tally, second, third, fourth = tallies[0], tallies[1], tallies[2], tallies[3]
    sign = np.uint32(0x80000000)
    places = np.uint32(shift)
    for u in range(first, last):
        tallies[:] = 0
        for n in range(grids.shape[0]):
            for row in range(grids.shape[2]):
                _expand_row(grids[n, u], row, columns, direct, wide)
            for y in range(rows[0].shape[0]):
                _blend_rows(wide, rows, y, line)
                for x in range(points):
                    line[x] += np.float32(0)
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
        for digit in range(tallies.shape[1]):
            count = first_tally[digit] + second[digit] + third[digit] + fourth[digit]
            # Most bins stay empty; memory that is not written costs nothing.
            if count > 0:
                counts[u, digit] += count


@jit
def count_next_digits(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays,
    prefixes: NDArray[np.uint32], bounds: NDArray[np.float32], shift: int, bits_of_digit: int,
    counts: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count, among raster values whose key starts with the unit's prefix, the digit that follows.

    `bounds` holds the smallest value with the prefix, so that pictures below it are skipped.
    """
    wide = np.zeros((grids.shape[2] + 1, columns[0].shape[0]), np.float32)
    line = np.empty(columns[0].shape[0], np.float32)
    bits = line.view(np.uint32)
    sign = np.uint32(0x80000000)
    above = np.uint32(shift + bits_of_digit)
    mask = np.uint32((1 << bits_of_digit) - 1)
    highest = np.empty(grids.shape[2] + 1, np.float32)
    ready = np.empty(grids.shape[2], np.bool_)
    direct = _is_direct(columns, grids.shape[3])
    outside = _has_outside(rows, grids.shape[2]) or _has_outside(columns, grids.shape[3])
    for u in range(first, last):
        for n in range(grids.shape[0]):
            if _bound_rows(grids[n, u], outside, highest) < bounds[u]:
                continue
            ready[:] = False
            for y in range(rows[0].shape[0]):
                if max(highest[rows[0][y]], highest[rows[1][y]]) < bounds[u]:
                    continue
                _prepare_line(grids[n, u], rows, columns, direct, y, wide, ready)
                _blend_rows(wide, rows, y, line)
                for x in range(line.shape[0]):
                    if line[x] < bounds[u]:
                        continue
                    line[x] += np.float32(0)
                    key = bits[x]
                    key = ~key if key & sign else key | sign
                    if key >> above == prefixes[u]:
                        counts[u, (key >> np.uint32(shift)) & mask] += 1


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
        labels: ``(n, gh, gw, P)``, no concept twice at one pixel.
        half: ``(n,)``, 0 or 1.
        pixels: ``(2, U)``, added to.
        intersections: ``(2, U, C)``, added to.
        first: first unit.
        last: one past the last unit.
    """
    planes = labels.shape[3]
    wide = np.zeros((grids.shape[2] + 1, columns[0].shape[0]), np.float32)
    line = np.empty(columns[0].shape[0], np.float32)
    highest = np.empty(grids.shape[2] + 1, np.float32)
    ready = np.empty(grids.shape[2], np.bool_)
    direct = _is_direct(columns, grids.shape[3])
    outside = _has_outside(rows, grids.shape[2]) or _has_outside(columns, grids.shape[3])
    for u in range(first, last):
        threshold = thresholds[u]
        for n in range(grids.shape[0]):
            if _bound_rows(grids[n, u], outside, highest) <= threshold:
                continue
            ready[:] = False
            above = 0
            shared = intersections[half[n], u]
            for y in range(rows[0].shape[0]):
                if max(highest[rows[0][y]], highest[rows[1][y]]) <= threshold:
                    continue
                _prepare_line(grids[n, u], rows, columns, direct, y, wide, ready)
                _blend_rows(wide, rows, y, line)
                for x in range(line.shape[0]):
                    if line[x] > threshold:
                        above += 1
                        for plane in range(planes):
                            shared[labels[n, y, x, plane]] += 1
            pixels[half[n], u] += above


@jit
def intersect_by_picture(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays, thresholds: NDArray[np.float32],
    labels: NDArray[np.int16], concepts: NDArray[np.int64],
    pixels: NDArray[np.int64], intersections: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count, picture by picture, pixels above the threshold and those with the unit's own concept.

    As :func:`intersect`, with one concept a unit ``(U,)`` and counts ``(n, U)``.
    """
    planes = labels.shape[3]
    wide = np.zeros((grids.shape[2] + 1, columns[0].shape[0]), np.float32)
    line = np.empty(columns[0].shape[0], np.float32)
    highest = np.empty(grids.shape[2] + 1, np.float32)
    ready = np.empty(grids.shape[2], np.bool_)
    direct = _is_direct(columns, grids.shape[3])
    outside = _has_outside(rows, grids.shape[2]) or _has_outside(columns, grids.shape[3])
    for u in range(first, last):
        threshold, concept = thresholds[u], concepts[u]
        for n in range(grids.shape[0]):
            if _bound_rows(grids[n, u], outside, highest) <= threshold:
                continue
            ready[:] = False
            above = shared = 0
            for y in range(rows[0].shape[0]):
                if max(highest[rows[0][y]], highest[rows[1][y]]) <= threshold:
                    continue
                _prepare_line(grids[n, u], rows, columns, direct, y, wide, ready)
                _blend_rows(wide, rows, y, line)
                for x in range(line.shape[0]):
                    if line[x] > threshold:
                        above += 1
                        for plane in range(planes):
                            if labels[n, y, x, plane] == concept:
                                shared += 1
                                break
            pixels[n, u] = above
            intersections[n, u] = shared


@jit
def count_labels(labels: NDArray[np.int16], areas: NDArray[np.int64]) -> None:
    """Count label values picture by picture: labels ``(n, P, gh, gw)``, areas ``(n, C)``, added to."""
    for n in range(labels.shape[0]):
        for plane in range(labels.shape[1]):
            for y in range(labels.shape[2]):
                for x in range(labels.shape[3]):
                    areas[n, labels[n, plane, y, x]] += 1


@jit
def exceed(
    grids: NDArray[np.float32],
    rows: AxisArrays,
    columns: AxisArrays,
    thresholds: NDArray[np.float32],
    out: NDArray[np.bool_],
    first: int,
    last: int,
) -> None:
    """Mark the raster points above the threshold: grids ``(m, h, w)``, thresholds ``(m,)``, out ``(m, gh, gw)``."""
    wide = np.zeros((grids.shape[1] + 1, columns[0].shape[0]), np.float32)
    line = np.empty(columns[0].shape[0], np.float32)
    highest = np.empty(grids.shape[1] + 1, np.float32)
    ready = np.empty(grids.shape[1], np.bool_)
    direct = _is_direct(columns, grids.shape[2])
    outside = _has_outside(rows, grids.shape[1]) or _has_outside(columns, grids.shape[2])
    for m in range(first, last):
        _bound_rows(grids[m], outside, highest)
        ready[:] = False
        for y in range(rows[0].shape[0]):
            if max(highest[rows[0][y]], highest[rows[1][y]]) <= thresholds[m]:
                out[m, y] = False
                continue
            _prepare_line(grids[m], rows, columns, direct, y, wide, ready)
            _blend_rows(wide, rows, y, line)
            for x in range(line.shape[0]):
                out[m, y, x] = line[x] > thresholds[m]
