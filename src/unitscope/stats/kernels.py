"""Compiled loops over (unit, picture, pixel): the only place where every pixel of every unit is touched.

Each kernel works on units ``first`` to ``last`` and releases the interpreter lock. Raster values are computed with the
operations of :func:`unitscope.layer.grid.upsample` in the same order, without fused multiply-add, so both agree to the
bit.

Every value of every grid is counted once, and the strong cells are copied out (:func:`collect`). Everything after that
asks for the raster points above a bound (:func:`_points_above`), which needs the strong cells only.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from unitscope.stats.raster import AxisArrays

Scratch = tuple[NDArray[np.float32], ...]

ROUNDING = np.float32(2e-6)
"""More than the relative rounding error of two linear interpolations in float32."""

FIRST_ROOM = 1 << 16
"""Entries that lists of cells begin with; they grow as needed."""

jit = numba.njit(nogil=True, cache=True, error_model="numpy")
# Values are finite, so that comparisons may be reordered and done several at a time.
jit_finite = numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz", "reassoc"})


@jit
def _is_direct(columns: AxisArrays, width: int) -> bool:
    """Tell whether the raster's points are the grid's own cells along an axis."""
    lower, _, weight = columns
    if lower.shape[0] != width:
        return False
    for x in range(width):
        if lower[x] != x or weight[x] != 0:
            return False
    return True


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
def resample_channels_last(
    grids: NDArray[np.float32],
    rows: AxisArrays,
    columns: AxisArrays,
    out: NDArray[np.float32],
    first: int,
    last: int,
) -> None:
    """Write raster values ``(n, h, w, U) -> out (n, U, gh, gw)``; as :func:`resample`, for units last in memory."""
    height, width = grids.shape[1], grids.shape[2]
    points, units = out.shape[3], last - first
    zeros, line = np.zeros(units, np.float32), np.empty((points, units), np.float32)
    for n in range(grids.shape[0]):
        for y in range(out.shape[2]):
            top, bottom, weight = rows[0][y], rows[1][y], rows[2][y]
            for x in range(points):
                left, right, share = columns[0][x], columns[1][x], columns[2][x]
                a = grids[n, top, left, first:last] if top < height and left < width else zeros
                b = grids[n, top, right, first:last] if top < height and right < width else zeros
                c = grids[n, bottom, left, first:last] if bottom < height and left < width else zeros
                d = grids[n, bottom, right, first:last] if bottom < height and right < width else zeros
                for u in range(units):
                    above = a[u] + share * (b[u] - a[u])
                    below = c[u] + share * (d[u] - c[u])
                    line[x, u] = above + weight * (below - above)
            for u in range(units):
                for x in range(points):
                    out[n, first + u, y, x] = line[x, u]


@jit
def count_leading_digits(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays, shift: int, counts: NDArray[np.int64],
    span: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count raster values by the leading digit of their key: ``counts[u, key >> shift] += 1``.

    ``span (U, 2)`` takes in the lowest digit of each unit and one past its highest. Neighbours often fall into one bin,
    so four tallies take turns: an increment need not wait for the one before.
    """
    top, bottom, down = rows
    left, right, across = columns
    points = left.shape[0]
    wide = np.zeros((grids.shape[2] + 1, points), np.float32)
    line = np.empty(points, np.float32)
    bits = line.view(np.uint32)
    digits = np.empty(points, np.uint32)
    direct = _is_direct(columns, grids.shape[3]) and _is_direct(rows, grids.shape[2])
    padded = np.zeros(grids.shape[3] + 1, np.float32)
    tallies = np.zeros((4, counts.shape[1]), np.int64)
    first_tally, second, third, fourth = tallies[0], tallies[1], tallies[2], tallies[3]
    sign = np.uint32(0x80000000)
    places = np.uint32(shift)
    for u in range(first, last):
        for n in range(grids.shape[0]):
            if not direct:
                for row in range(grids.shape[2]):
                    for column in range(grids.shape[3]):
                        padded[column] = grids[n, u, row, column]
                    for x in range(points):
                        value = padded[left[x]]
                        wide[row, x] = value + across[x] * (padded[right[x]] - value)
            for y in range(top.shape[0]):
                if direct:
                    for x in range(points):
                        line[x] = grids[n, u, y, x] + np.float32(0)
                else:
                    above, below, weight = top[y], bottom[y], down[y]
                    for x in range(points):
                        value = wide[above, x] + weight * (wide[below, x] - wide[above, x])
                        line[x] = value + np.float32(0)
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
                tallies[:, digit] = 0
                span[u, 0] = min(span[u, 0], digit)
                span[u, 1] = max(span[u, 1], digit + 1)


@jit_finite
def _extremes(grid: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """Return the highest value and the largest magnitude."""
    highest, lowest = grid[0, 0], grid[0, 0]
    for row in range(grid.shape[0]):
        for column in range(grid.shape[1]):
            highest = max(highest, grid[row, column])
            lowest = min(lowest, grid[row, column])
    return highest, max(highest, -lowest)


@jit
def _enlarged(
    values: NDArray[np.float32], positions: NDArray[np.uint16], used: int, more: int
) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:
    """Return the same lists with room for `more` entries after the first `used`."""
    if used + more <= values.shape[0]:
        return values, positions
    room = max(2 * values.shape[0], used + more)
    larger, further = np.empty(room, values.dtype), np.empty(room, positions.dtype)
    larger[:used], further[:used] = values[:used], positions[:used]
    return larger, further


@jit
def collect(
    grids: NDArray[np.float32], rows: AxisArrays, columns: AxisArrays,
    floors: NDArray[np.float32], spread: NDArray[np.bool_], like: NDArray[np.uint16],
    counts: NDArray[np.int32], first: int, last: int,
) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:  # fmt: skip
    """Copy out the cells that raster values above the floor are blended from, unit by unit and picture by picture.

    Where the raster is the grid itself these are the cells above the floor; else also the eight neighbours of each,
    because a point lies between two neighbouring rows and columns.

    Args:
        grids: ``(n, U, h, w)``.
        rows: row sampling.
        columns: column sampling.
        floors: ``(U,)``.
        spread: where neighbours are kept although the raster is the grid itself, ``(U, n)``.
        like: of the type that the cells' places shall have.
        counts: receives the number of cells of each grid ``(U, n)``.
        first: first unit.
        last: one past the last unit.

    Returns:
        The cells, row by row, and their places in their grid.
    """
    height, width = grids.shape[2], grids.shape[3]
    direct = _is_direct(columns, width) and _is_direct(rows, height)
    outside = _has_outside(rows, height) or _has_outside(columns, width)
    hot = np.zeros((height + 2, width + 2), np.uint8)
    across = np.empty((height + 2, width), np.uint8)
    kept = np.zeros((height, (width + 7) // 8 * 8), np.uint8)
    words = kept.view(np.uint64)
    values, positions = np.empty(FIRST_ROOM, np.float32), np.empty(FIRST_ROOM, like.dtype)
    place = 0
    for u in range(first, last):
        for n in range(grids.shape[0]):
            highest, largest = _extremes(grids[n, u])
            plain = direct and not spread[u, n]
            cut = floors[u]
            if not plain and cut != 0:  # No blend of values up to zero rounds to more than zero.
                cut -= ROUNDING * largest
            border = outside and cut < 0
            if highest <= cut and not border:
                continue
            if plain:
                for row in range(height):
                    for column in range(width):
                        kept[row, column] = grids[n, u, row, column] > cut
            else:
                hot[:] = border
                for row in range(height):
                    for column in range(width):
                        hot[row + 1, column + 1] = grids[n, u, row, column] > cut
                for row in range(height + 2):
                    for column in range(width):
                        across[row, column] = hot[row, column] | hot[row, column + 1] | hot[row, column + 2]
                for row in range(height):
                    for column in range(width):
                        kept[row, column] = (
                            across[row, column] | across[row + 1, column] | across[row + 2, column]
                        )
            values, positions = _enlarged(values, positions, place, height * width)
            before = place
            for row in range(height):
                for word in range(words.shape[1]):
                    if words[row, word]:  # Most words of eight are zero.
                        for column in range(8 * word, min(8 * word + 8, width)):
                            if kept[row, column]:
                                values[place] = grids[n, u, row, column]
                                positions[place] = row * width + column
                                place += 1
            counts[u, n] = place - before
    return values[:place], positions[:place]


@jit_finite
def _strongest(values: NDArray[np.float32], begin: int, end: int) -> tuple[np.float32, np.float32]:
    """Return the highest value and the largest magnitude of a run of cells, both at least 0."""
    highest, lowest = np.float32(0), np.float32(0)
    for i in range(begin, end):
        highest = max(highest, values[i])
        lowest = min(lowest, values[i])
    return highest, max(highest, -lowest)


@jit
def _points_above(
    values: NDArray[np.float32], positions: NDArray[np.uint16], begin: int, end: int, bound: float,
    rows: AxisArrays, columns: AxisArrays, direct: bool, outside: bool, scratch: Scratch,
    places: NDArray[np.int32], found: NDArray[np.float32],
) -> int:  # fmt: skip
    """Find the raster points of one grid whose value is greater than a bound.

    Cells that were not kept are NaN; so is every point that reads one, and it is not above the bound.

    Args:
        values: the strong cells of many grids, one grid after the other.
        positions: their places in their grid.
        begin: first cell of this grid.
        end: one past its last.
        bound: at least the floor of the cells.
        rows: row sampling.
        columns: column sampling.
        direct: the raster is the grid.
        outside: some points read the zero outside of the grid.
        scratch: from :func:`_prepare`; left as it was found.
        places: receives the place of each point in the raster, row by row, ascending.
        found: receives their values.

    Returns:
        The number of points.
    """
    number = 0
    if direct:
        for i in range(begin, end):
            if values[i] > bound:
                places[number] = positions[i]
                found[number] = values[i]
                number += 1
        return number
    highest_cell, largest = _strongest(values, begin, end)
    margin = ROUNDING * largest if bound != 0 else np.float32(0)
    if highest_cell + margin <= bound and not (outside and bound < 0):
        return 0
    grid, flat, padded, wide, highest, line = scratch
    height, width, points = grid.shape[0], grid.shape[1], line.shape[0]
    top, bottom, down = rows
    left, right, across = columns
    highest[:height] = -np.inf
    highest[height] = 0
    row, row_end = 0, width
    for i in range(begin, end):
        position = np.int64(positions[i])
        while position >= row_end:
            row += 1
            row_end += width
        flat[position] = values[i]
        highest[row] = max(highest[row], values[i])
    prepared = -1
    for y in range(top.shape[0]):
        if max(highest[top[y]], highest[bottom[y]]) + margin <= bound:
            continue
        for row in range(max(prepared + 1, min(top[y], bottom[y])), min(bottom[y] + 1, height)):
            for column in range(width):
                padded[column] = grid[row, column]
            for x in range(points):
                value = padded[left[x]]
                wide[row, x] = value + across[x] * (padded[right[x]] - value)
            prepared = row
        above, below, weight = top[y], bottom[y], down[y]
        for x in range(points):
            line[x] = wide[above, x] + weight * (wide[below, x] - wide[above, x])
        for x in range(points):
            if line[x] > bound:
                places[number] = y * points + x
                found[number] = line[x]
                number += 1
    for i in range(begin, end):
        flat[positions[i]] = np.nan
    return number


@jit
def _prepare(
    rows: AxisArrays, columns: AxisArrays, cells: tuple[int, int]
) -> tuple[bool, bool, Scratch, NDArray[np.int32], NDArray[np.float32]]:
    """Make what :func:`_points_above` needs: how the raster reads grids ``(h, w)``, and room to work in."""
    height, width = cells
    points = columns[0].shape[0]
    direct = _is_direct(rows, height) and _is_direct(columns, width)
    outside = _has_outside(rows, height) or _has_outside(columns, width)
    grid = np.full((height, width), np.nan, np.float32)
    wide = np.zeros((height + 1, points), np.float32)
    highest, line = np.empty(height + 1, np.float32), np.empty(points, np.float32)
    room = rows[0].shape[0] * points
    scratch = (grid, grid.ravel(), np.zeros(width + 1, np.float32), wide, highest, line)
    return direct, outside, scratch, np.empty(room, np.int32), np.empty(room, np.float32)


@jit
def collect_points(
    values: NDArray[np.float32], positions: NDArray[np.uint16], offsets: NDArray[np.int64],
    rows: AxisArrays, columns: AxisArrays, cells: tuple[int, int], bounds: NDArray[np.float32],
    like: NDArray[np.uint16], counts: NDArray[np.int32], first: int, last: int,
) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:  # fmt: skip
    """Return the raster points above the bounds, values and places, unit by unit and picture by picture.

    ``counts (U, n)`` receives how many each grid has; places have the type of `like`.
    """
    direct, outside, scratch, places, found = _prepare(rows, columns, cells)
    kept, where = np.empty(FIRST_ROOM, np.float32), np.empty(FIRST_ROOM, like.dtype)
    used = 0
    for u in range(first, last):
        for n in range(offsets.shape[1] - 1):
            number = _points_above(
                values, positions, offsets[u, n], offsets[u, n + 1], bounds[u],
                rows, columns, direct, outside, scratch, places, found,
            )  # fmt: skip
            kept, where = _enlarged(kept, where, used, number)
            for i in range(number):
                kept[used + i] = found[i]
                where[used + i] = places[i]
            used += number
            counts[u, n] = number
    return kept[:used], where[:used]


@jit
def count_next_digits(
    values: NDArray[np.float32], positions: NDArray[np.uint16], offsets: NDArray[np.int64],
    rows: AxisArrays, columns: AxisArrays, cells: tuple[int, int],
    prefixes: NDArray[np.uint32], bounds: NDArray[np.float32], shift: int, bits_of_digit: int,
    counts: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count, among raster values whose key starts with the unit's prefix, the digit that follows.

    All values with the prefix are greater than `bounds`, but for exact zeros, which nobody needs to count.
    """
    direct, outside, scratch, places, found = _prepare(rows, columns, cells)
    bits = found.view(np.uint32)
    sign = np.uint32(0x80000000)
    above = np.uint32(shift + bits_of_digit)
    mask = np.uint32((1 << bits_of_digit) - 1)
    for u in range(first, last):
        for n in range(offsets.shape[1] - 1):
            number = _points_above(
                values, positions, offsets[u, n], offsets[u, n + 1], bounds[u],
                rows, columns, direct, outside, scratch, places, found,
            )  # fmt: skip
            for i in range(number):
                key = bits[i]
                key = ~key if key & sign else key | sign
                if key >> above == prefixes[u]:
                    counts[u, (key >> np.uint32(shift)) & mask] += 1


@jit
def intersect(
    values: NDArray[np.float32], positions: NDArray[np.uint16], offsets: NDArray[np.int64],
    rows: AxisArrays, columns: AxisArrays, cells: tuple[int, int], thresholds: NDArray[np.float32],
    labels: NDArray[np.int16], half: NDArray[np.int64],
    pixels: NDArray[np.int64], intersections: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count pixels above the threshold, alone and with every concept, for two halves of the pictures.

    Args:
        values: strong cells, see :class:`unitscope.stats.cells.StrongCells`.
        positions: their places.
        offsets: where each grid's cells begin ``(U, n + 1)``.
        rows: row sampling.
        columns: column sampling.
        cells: the grid's ``(h, w)``.
        thresholds: ``(U,)``.
        labels: ``(n, gh * gw, P)``, no concept twice at one pixel.
        half: ``(n,)``, 0 or 1.
        pixels: ``(2, U)``, added to.
        intersections: ``(2, U, C)``, added to.
        first: first unit.
        last: one past the last unit.
    """
    direct, outside, scratch, places, found = _prepare(rows, columns, cells)
    planes = labels.shape[2]
    for u in range(first, last):
        for n in range(offsets.shape[1] - 1):
            number = _points_above(
                values, positions, offsets[u, n], offsets[u, n + 1], thresholds[u],
                rows, columns, direct, outside, scratch, places, found,
            )  # fmt: skip
            pixels[half[n], u] += number
            for i in range(number):
                for plane in range(planes):
                    intersections[half[n], u, labels[n, places[i], plane]] += 1


@jit
def intersect_by_picture(
    values: NDArray[np.float32], positions: NDArray[np.uint16], offsets: NDArray[np.int64],
    rows: AxisArrays, columns: AxisArrays, cells: tuple[int, int], thresholds: NDArray[np.float32],
    labels: NDArray[np.int16], concepts: NDArray[np.int64],
    pixels: NDArray[np.int64], intersections: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count, picture by picture, pixels above the threshold and those with the unit's own concept.

    As :func:`intersect`, with one concept a unit ``(U,)`` and counts ``(n, U)``.
    """
    direct, outside, scratch, places, found = _prepare(rows, columns, cells)
    planes = labels.shape[2]
    for u in range(first, last):
        concept = concepts[u]
        for n in range(offsets.shape[1] - 1):
            number = _points_above(
                values, positions, offsets[u, n], offsets[u, n + 1], thresholds[u],
                rows, columns, direct, outside, scratch, places, found,
            )  # fmt: skip
            shared = 0
            for i in range(number):
                for plane in range(planes):
                    shared += labels[n, places[i], plane] == concept
            pixels[n, u] = number
            intersections[n, u] = shared


@jit
def mark_above(
    values: NDArray[np.float32], positions: NDArray[np.uint16], offsets: NDArray[np.int64],
    rows: AxisArrays, columns: AxisArrays, cells: tuple[int, int], thresholds: NDArray[np.float32],
    bits: NDArray[np.uint8], first: int, last: int,
) -> None:  # fmt: skip
    """Set a bit for every raster point above the threshold: grids ``m``, ``offsets (m, 2)``, thresholds ``(m,)``.

    ``bits (m, gh * gw / 8)`` are zero before; the first point is the highest bit of the first byte.
    """
    direct, outside, scratch, places, found = _prepare(rows, columns, cells)
    for m in range(first, last):
        number = _points_above(
            values, positions, offsets[m, 0], offsets[m, 1], thresholds[m],
            rows, columns, direct, outside, scratch, places, found,
        )  # fmt: skip
        for i in range(number):
            bits[m, places[i] >> 3] |= 128 >> (places[i] & 7)


@jit
def count_labels(labels: NDArray[np.int16], areas: NDArray[np.int64]) -> None:
    """Count label values picture by picture: labels ``(n, P, gh, gw)``, areas ``(n, C)``, added to."""
    for n in range(labels.shape[0]):
        for plane in range(labels.shape[1]):
            for y in range(labels.shape[2]):
                for x in range(labels.shape[3]):
                    areas[n, labels[n, plane, y, x]] += 1
