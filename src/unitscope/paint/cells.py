"""Which cells of a grid a stroke touches, in whole numbers: the page finds the same ones.

Cell (row, column) of a grid ``(h, w)`` has its centre at ``((2 column + 1) S / 2w, (2 row + 1) S / 2h)``, S = `SCALE`.
A brush touches a cell if the centre lies within its radius of the path, or if a point of the path lies in the cell. The
distance is that of the two numbers, so on a picture that is not square a brush is an ellipse of its shape. A region
touches a cell if the centre lies in a cell of the region, or the centre of a cell of the region lies in it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from unitscope.paint.nearness import near_path
from unitscope.paint.recipe import SCALE, Region, Stroke
from unitscope.run.masks import Mask, cells_at

Grid = tuple[int, int]
Numbers = NDArray[np.int64]
UNSURE = 256
"""Cells so near to the edge of a brush that whole numbers decide; room is made for more."""


def touched(stroke: Stroke, grid: Grid) -> Mask:
    """Return the cells of a grid ``(h, w)`` that a stroke touches."""
    if stroke.region is not None:
        return _in_region(stroke.region, grid)
    assert stroke.path is not None
    assert stroke.radius is not None
    return _near_path(np.array(stroke.path, np.int64), stroke.radius, grid)


def region_of(mask: Mask) -> Region:
    """Return a mask ``(h, w)`` as a region of its own grid."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.ravel().astype(np.int8), [0]])))
    starts, ends = edges[::2].tolist(), edges[1::2].tolist()
    runs = tuple((start, end - start) for start, end in zip(starts, ends, strict=True))
    return Region(mask.shape[0], mask.shape[1], runs)


def mask_of(region: Region) -> Mask:
    """Return the cells of a region ``(rows, columns)``."""
    mask = np.zeros(region.rows * region.columns, np.bool_)
    for start, length in region.runs:
        mask[start : start + length] = True
    return mask.reshape(region.rows, region.columns)


def _in_region(region: Region, grid: Grid) -> Mask:
    inside, (height, width) = mask_of(region), grid
    rows, columns = (cells_at(*pair) for pair in ((height, region.rows), (width, region.columns)))
    found: Mask = inside[rows[:, None], columns]
    rows, columns = (cells_at(*pair) for pair in ((region.rows, height), (region.columns, width)))
    row, column = np.nonzero(inside)
    found[rows[row], columns[column]] = True
    return found


def _near_path(path: Numbers, radius: int, grid: Grid) -> Mask:
    found, room = np.zeros(grid, np.bool_), UNSURE
    while True:
        unsure = np.empty((room, 3), np.int64)
        count = near_path(path, radius, found, unsure)
        if count <= room:
            break
        room = count
    for piece, row, column in unsure[:count].tolist():
        if not found[row, column]:
            ends = path[piece : piece + 2].tolist()
            found[row, column] = _within(ends[0], ends[-1], radius, (row, column), grid)
    return found


def _within(start: list[int], end: list[int], radius: int, cell: tuple[int, int], grid: Grid) -> bool:
    """Tell whether the centre of a cell is within the radius of a piece of a path, in whole numbers."""
    rows, columns = grid
    unit = 2 * math.lcm(rows, columns)
    x, y = ((2 * at + 1) * SCALE * (unit // (2 * n)) for at, n in ((cell[1], columns), (cell[0], rows)))
    from_x, from_y = x - start[0] * unit, y - start[1] * unit
    dx, dy = (end[0] - start[0]) * unit, (end[1] - start[1]) * unit
    most = (radius * unit) ** 2
    along, length = from_x * dx + from_y * dy, dx * dx + dy * dy
    if along <= 0:
        return from_x**2 + from_y**2 <= most
    if along >= length:
        return (from_x - dx) ** 2 + (from_y - dy) ** 2 <= most
    across = from_x * dy - from_y * dx
    return across**2 <= most * length
