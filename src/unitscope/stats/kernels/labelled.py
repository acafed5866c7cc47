"""The raster values of some points only: those that hold a unit's own concept, which are few.

Points are listed once a picture and concept, whatever the number of units that have the concept; a unit then reads the
points of its list and no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit
from unitscope.stats.raster import Reading

if TYPE_CHECKING:
    from unitscope.stats.kernels.strong import PackedCells


@jit
def list_points(
    labels: NDArray[np.int16], lists: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return the raster points of some label values, picture by picture and list by list, ascending in each list.

    Args:
        labels: ``(n, P, G)``, no concept twice at one point. A point that is negative in the first plane is listed in
            the last list, and in no other.
        lists: in which list the points of each label value are, -1 for none ``(C,)``.
        starts: zeros; receives where the points of each list begin, and after the last where they end
            ``(n * L + 1,)``.
    """
    pictures, planes, points = labels.shape
    count = (starts.shape[0] - 1) // max(pictures, 1)
    for n in range(pictures):
        for point in range(points):
            for plane in range(planes):
                here = _list_of(labels[n, plane, point], plane, lists, count)
                if here >= 0:
                    starts[n * count + here] += 1
                if labels[n, 0, point] < 0:
                    break
    # Now each entry says where its list ends; written from the last point on, it comes to say where it begins.
    starts[:] = np.cumsum(starts)
    places = np.empty(starts[-1], np.int32)
    for n in range(pictures):
        for point in range(points - 1, -1, -1):
            for plane in range(planes):
                here = _list_of(labels[n, plane, point], plane, lists, count)
                if here >= 0:
                    starts[n * count + here] -= 1
                    places[starts[n * count + here]] = point
                if labels[n, 0, point] < 0:
                    break
    return places


@jit
def _list_of(label: int, plane: int, lists: NDArray[np.int64], count: int) -> int:
    """Return the list that a point is in for the label of a plane, or -1."""
    if label >= 0:
        return int(lists[label])
    return count - 1 if plane == 0 else -1


@jit
def count_listed(
    cells: PackedCells, reading: Reading, places: NDArray[np.int32], starts: NDArray[np.int64],
    lists: NDArray[np.int64], shift: int, counts: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count the raster values of listed points by the leading digit of their key: ``counts[u, key >> shift] += 1``.

    Args:
        cells: all cells of every grid, row by row.
        reading: how the raster reads the grids.
        places: from :func:`list_points`.
        starts: where the points of each list begin ``(n * L + 1,)``.
        lists: the list of each unit, -1 for none ``(U,)``.
        shift: bits of the key below the digit.
        counts: ``(U, bins)``, added to.
        first: first unit.
        last: one past the last unit.
    """
    top, bottom, down = reading.rows
    left, right, across = reading.columns
    height, width = reading.cells
    points = left.shape[0]
    pictures = cells.offsets.shape[1] - 1
    count = (starts.shape[0] - 1) // max(pictures, 1)
    # One grid with a row and a column of zeros, which lie outside of it.
    grid = np.zeros((height + 1, width + 1), np.float32)
    found = np.empty(top.shape[0] * points, np.float32)
    bits = found.view(np.uint32)
    sign, places_below = np.uint32(0x80000000), np.uint32(shift)
    for u in range(first, last):
        if lists[u] < 0:
            continue
        for n in range(pictures):
            begin, end = starts[n * count + lists[u]], starts[n * count + lists[u] + 1]
            if begin == end:
                continue
            cell = cells.offsets[u, n]
            for row in range(height):
                for column in range(width):
                    grid[row, column] = cells.values[cell]
                    cell += 1
            # Columns first, then rows, as everywhere; adding 0 turns -0 into 0.
            for i in range(begin, end):
                y, x = places[i] // points, places[i] % points
                value = grid[top[y], left[x]]
                above = value + across[x] * (grid[top[y], right[x]] - value)
                value = grid[bottom[y], left[x]]
                below = value + across[x] * (grid[bottom[y], right[x]] - value)
                found[i - begin] = above + down[y] * (below - above) + np.float32(0)
            for i in range(end - begin):
                key = bits[i]
                counts[u, (~key if key & sign else key | sign) >> places_below] += 1
