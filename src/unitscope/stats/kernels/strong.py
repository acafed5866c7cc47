"""Strong cells: copying them out of the grids, and finding and counting the raster points that are above a bound.

:func:`_points_above` is the heart of the search for thresholds, of masks, intersections and their bootstrap; the
kernels below it differ only in what they do with the points of a grid.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit, jit_finite
from unitscope.stats.raster import Reading

ROUNDING = np.float32(2e-6)
"""More than the relative rounding error of two linear interpolations in float32."""

FIRST_ROOM = 1 << 16
"""Entries that lists of cells begin with; they grow as needed."""


class PackedCells(NamedTuple):
    """Strong cells of many grids, one grid after the other.

    Attributes:
        values: ``(K,)`` float32.
        positions: place of each cell in its grid ``(K,)``, uint16 or uint32.
        offsets: where each grid's cells begin, and after the last where they end ``(U, n + 1)``.
    """

    values: NDArray[np.float32]
    positions: NDArray[np.uint16] | NDArray[np.uint32]
    offsets: NDArray[np.int64]


class Scratch(NamedTuple):
    """Room that :func:`_points_above` works in, and what it finds.

    Attributes:
        grid: ``(h, w)``: a grid to put strong cells into; all NaN between calls.
        flat: the same memory ``(h * w,)``.
        padded: one row of cells and the zero outside ``(w + 1,)``.
        wide: rows of cells, widened to the points of the raster; the last is the zero outside ``(h + 1, gw)``.
        highest: highest cell of each row ``(h + 1,)``.
        line: one row of the raster ``(gw,)``.
        places: of the points found, in the raster, row by row, ascending ``(gh * gw,)``.
        found: their values.
    """

    grid: NDArray[np.float32]
    flat: NDArray[np.float32]
    padded: NDArray[np.float32]
    wide: NDArray[np.float32]
    highest: NDArray[np.float32]
    line: NDArray[np.float32]
    places: NDArray[np.int32]
    found: NDArray[np.float32]


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
    for i in range(used):
        larger[i], further[i] = values[i], positions[i]
    return larger, further


@jit
def collect(
    grids: NDArray[np.float32], reading: Reading, floors: NDArray[np.float32], spread: NDArray[np.bool_],
    like: NDArray[np.uint16], counts: NDArray[np.int32], first: int, last: int,
) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:  # fmt: skip
    """Copy out the cells that raster values above the floor are blended from, unit by unit and picture by picture.

    Where the raster is the grid itself these are the cells above the floor; else also the eight neighbours of each,
    because a point lies between two neighbouring rows and columns.

    Args:
        grids: ``(n, U, h, w)``.
        reading: how the raster reads them.
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
    # Cells above the floor with a frame around, one per byte; the same or-ed with their neighbours in the row; and
    # what is kept, whose rows are whole words of eight bytes.
    hot = np.zeros((height + 2, width + 2), np.uint8)
    across = np.empty((height + 2, width), np.uint8)
    kept = np.zeros((height, (width + 7) // 8 * 8), np.uint8)
    words = kept.view(np.uint64)
    values, positions = np.empty(FIRST_ROOM, np.float32), np.empty(FIRST_ROOM, like.dtype)
    place = int(np.int64(0))
    for u in range(first, last):
        for n in range(grids.shape[0]):
            highest, largest = _extremes(grids[n, u])
            plain = reading.direct and not spread[u, n]
            # Cells that are not above the floor may blend to a value that rounds to more: these are kept too. No blend
            # of values up to zero rounds to more than zero.
            cut = floors[u]
            if not plain and cut != 0:
                cut -= ROUNDING * largest
            # Under a negative floor the zero outside is strong, and with it the cells along the frame.
            border = reading.outside and cut < 0
            if highest <= cut and not border:
                continue
            if plain:
                for row in range(height):
                    for column in range(width):
                        kept[row, column] = grids[n, u, row, column] > cut
            else:
                # The neighbours of 3 x 3: three in a row, then three such rows.
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
def _scratch(reading: Reading) -> Scratch:
    """Make room for :func:`_points_above`, once for all grids of a thread."""
    height, width = reading.cells
    points = reading.columns[0].shape[0]
    room = reading.rows[0].shape[0] * points
    grid = np.full((height, width), np.nan, np.float32)
    return Scratch(
        grid,
        grid.ravel(),
        np.zeros(width + 1, np.float32),
        np.zeros((height + 1, points), np.float32),
        np.empty(height + 1, np.float32),
        np.empty(points, np.float32),
        np.empty(room, np.int32),
        np.empty(room, np.float32),
    )


@jit
def _lay(
    values: NDArray[np.float32], positions: NDArray[np.uint16] | NDArray[np.uint32], scratch: Scratch
) -> None:
    """Put the strong cells of a grid, in the order of their positions, into one of NaN; note the highest of each row.

    A point that reads a cell which was not kept is NaN and so not above the bound; the floor has made sure that it is
    none of those asked for.
    """
    flat, highest = scratch.flat, scratch.highest
    height, width = scratch.grid.shape
    for row in range(height):
        highest[row] = -np.inf
    highest[height] = 0
    row, row_end = 0, width
    for i in range(values.shape[0]):
        position = np.int64(positions[i])
        while position >= row_end:
            row += 1
            row_end += width
        flat[position] = values[i]
        highest[row] = max(highest[row], values[i])


@jit
def _points_above(
    cells: PackedCells, u: int, n: int, bound: float, reading: Reading, scratch: Scratch
) -> int:  # fmt: skip
    """Find the raster points of one grid whose value is greater than a bound, at least the floor of the cells.

    Returns the number of points; `scratch` holds their places and values, and is otherwise left as it was found.
    """
    values, positions = cells.values, cells.positions
    begin, end = cells.offsets[u, n], cells.offsets[u, n + 1]
    places, found = scratch.places, scratch.found
    number = 0
    # The raster is the grid: cells are points.
    # Adding 0 turns -0 into 0: the histogram counts it so.
    if reading.direct:
        for i in range(begin, end):
            if values[i] > bound:
                places[number] = positions[i]
                found[number] = values[i] + np.float32(0)
                number += 1
        return number
    # Interpolation lies between its corners, but for rounding: a grid whose cells are all below has no point above.
    highest_cell, largest = _strongest(values, begin, end)
    margin = ROUNDING * largest if bound != 0 else np.float32(0)
    # The zero outside may lift points beside the frame above a negative bound, whatever the cells there are.
    lifted = reading.outside and bound < 0
    if highest_cell + margin <= bound and not lifted:
        return 0
    grid, flat, padded, wide, highest, line = (
        scratch.grid, scratch.flat, scratch.padded, scratch.wide, scratch.highest, scratch.line,
    )  # fmt: skip
    height, width, points = grid.shape[0], grid.shape[1], line.shape[0]
    top, bottom, down = reading.rows
    left, right, across = reading.columns
    _lay(values[begin:end], positions[begin:end], scratch)
    # Rows of the raster that lie between two rows of low cells are skipped; rows of cells are widened when a raster
    # row first reads them. Both go downwards, so `prepared` is the last row that has been widened.
    prepared = -1
    for y in range(top.shape[0]):
        if max(highest[top[y]], highest[bottom[y]]) + margin <= bound and not lifted:
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
                found[number] = line[x] + np.float32(0)
                number += 1
    for i in range(begin, end):
        flat[positions[i]] = np.nan
    return number


@jit
def collect_points(
    cells: PackedCells, reading: Reading, bounds: NDArray[np.float32], like: NDArray[np.uint16],
    counts: NDArray[np.int32], first: int, last: int,
) -> tuple[NDArray[np.float32], NDArray[np.uint16]]:  # fmt: skip
    """Return the raster points above the bounds ``(U,)``, values and places, unit by unit and picture by picture.

    ``counts (U, n)`` receives how many each grid has; places have the type of `like`.
    """
    scratch = _scratch(reading)
    kept, where = np.empty(FIRST_ROOM, np.float32), np.empty(FIRST_ROOM, like.dtype)
    used = int(np.int64(0))
    for u in range(first, last):
        for n in range(cells.offsets.shape[1] - 1):
            number = _points_above(cells, u, n, bounds[u], reading, scratch)
            kept, where = _enlarged(kept, where, used, number)
            for i in range(number):
                kept[used + i] = scratch.found[i]
                where[used + i] = scratch.places[i]
            used += number
            counts[u, n] = number
    return kept[:used], where[:used]


@jit
def count_next_digits(
    cells: PackedCells, reading: Reading, prefixes: NDArray[np.uint32], bounds: NDArray[np.float32],
    shift: int, bits_of_digit: int, counts: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count, among raster values whose key starts with the unit's prefix, the digit that follows.

    All values with the prefix are greater than `bounds`, but for exact zeros, which nobody needs to count.

    Args:
        cells: strong cells.
        reading: how the raster reads their grids.
        prefixes: digits of the key that are known ``(U,)``.
        bounds: ``(U,)``.
        shift: bits of the key below the digit.
        bits_of_digit: bits of the digit.
        counts: ``(U, 1 << bits_of_digit)``, added to.
        first: first unit.
        last: one past the last unit.
    """
    scratch = _scratch(reading)
    bits = scratch.found.view(np.uint32)
    sign = np.uint32(0x80000000)
    above = np.uint32(shift + bits_of_digit)
    mask = np.uint32((1 << bits_of_digit) - 1)
    for u in range(first, last):
        for n in range(cells.offsets.shape[1] - 1):
            number = _points_above(cells, u, n, bounds[u], reading, scratch)
            for i in range(number):
                key = bits[i]
                key = ~key if key & sign else key | sign
                if key >> above == prefixes[u]:
                    counts[u, (key >> np.uint32(shift)) & mask] += 1


@jit
def intersect(
    cells: PackedCells, reading: Reading, thresholds: NDArray[np.float32], labels: NDArray[np.int16],
    group: NDArray[np.int64], pixels: NDArray[np.int64], intersections: NDArray[np.int64],
    first: int, last: int,
) -> None:  # fmt: skip
    """Count pixels above the threshold, alone and with every concept, for groups of the pictures.

    Args:
        cells: strong cells.
        reading: how the raster reads their grids.
        thresholds: ``(U,)``.
        labels: ``(n, gh * gw, P)``, no concept twice at one pixel: the planes of a pixel lie together. A pixel that is
            negative in the first plane counts nowhere.
        group: ``(n,)``, from 0 to G - 1.
        pixels: ``(G, U)``, added to.
        intersections: ``(G, U, C)``, added to.
        first: first unit.
        last: one past the last unit.
    """
    scratch = _scratch(reading)
    planes = labels.shape[2]
    for u in range(first, last):
        for n in range(cells.offsets.shape[1] - 1):
            number = _points_above(cells, u, n, thresholds[u], reading, scratch)
            ignored = 0
            for i in range(number):
                if labels[n, scratch.places[i], 0] < 0:
                    ignored += 1
                    continue
                for plane in range(planes):
                    intersections[group[n], u, labels[n, scratch.places[i], plane]] += 1
            pixels[group[n], u] += number - ignored


@jit
def intersect_by_picture(
    cells: PackedCells, reading: Reading, thresholds: NDArray[np.float32], labels: NDArray[np.int16],
    concepts: NDArray[np.int64], pixels: NDArray[np.int64], intersections: NDArray[np.int64],
    first: int, last: int,
) -> None:  # fmt: skip
    """Count, picture by picture, pixels above the threshold and those with the unit's own concept.

    As :func:`intersect`, with one concept a unit ``(U,)`` and counts ``(n, U)``.
    """
    scratch = _scratch(reading)
    planes = labels.shape[2]
    for u in range(first, last):
        concept = concepts[u]
        for n in range(cells.offsets.shape[1] - 1):
            number = _points_above(cells, u, n, thresholds[u], reading, scratch)
            shared = ignored = 0
            for i in range(number):
                ignored += labels[n, scratch.places[i], 0] < 0
                for plane in range(planes):
                    shared += labels[n, scratch.places[i], plane] == concept
            pixels[n, u] = number - ignored
            intersections[n, u] = shared


@jit
def mark_above(
    cells: PackedCells, reading: Reading, thresholds: NDArray[np.float32], bits: NDArray[np.uint8],
    first: int, last: int,
) -> None:  # fmt: skip
    """Set a bit for every raster point above the threshold: one grid a unit, offsets ``(m, 2)``, thresholds ``(m,)``.

    ``bits (m, gh * gw / 8)`` are zero before; the first point is the highest bit of the first byte.
    """
    scratch = _scratch(reading)
    for m in range(first, last):
        number = _points_above(cells, m, int(np.int64(0)), thresholds[m], reading, scratch)
        for i in range(number):
            bits[m, scratch.places[i] >> 3] |= 128 >> (scratch.places[i] & 7)
