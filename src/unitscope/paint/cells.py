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

from unitscope.paint.recipe import SCALE, Region, Stroke
from unitscope.run.masks import Mask, cells_at

Grid = tuple[int, int]
Numbers = NDArray[np.int64]
Reals = NDArray[np.float64]
NEAR = 1e-3
"""Ends of an interval that lie so near to the centre of a cell, in cells, are decided in whole numbers."""
AT_ONCE = 1 << 18
"""Pieces of a path times rows that are looked at together."""


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
    height, width = grid
    counts = np.zeros((height, width + 1), np.int64)
    found: Mask = np.zeros(grid, np.bool_)
    unsure = set[tuple[int, int, int]]()
    step = max(AT_ONCE // height, 1)
    for first in range(0, len(path), step):
        # Discs about the points, then what lies beside the pieces between them.
        last = min(first + step, len(path))
        unsure |= _spans(counts, *_discs(path[first:last], radius, grid), first)
        pieces = path[first : min(last + 1, len(path))]
        unsure |= _spans(counts, *_bands(pieces[:-1], pieces[1:], radius, grid), first)
    found |= counts[:, :-1].cumsum(1) > 0
    for piece, row, column in sorted(unsure):
        if not found[row, column]:
            ends = path[piece : piece + 2].tolist()
            found[row, column] = _within(ends[0], ends[-1], radius, (row, column), grid)
    x, y = path.T
    found[np.minimum(y * height // SCALE, height - 1), np.minimum(x * width // SCALE, width - 1)] = True
    return found


def _centres(cells: int) -> Reals:
    return (2 * np.arange(cells) + 1) * SCALE / (2 * cells)


def _discs(points: Numbers, radius: int, grid: Grid) -> tuple[Reals, Reals]:
    """Return the x between which each disc holds each row of centres ``(points, h)``; the first is larger for none."""
    away = _centres(grid[0]) - points[:, 1:]
    square = radius**2 - away**2
    half = np.sqrt(np.maximum(square, 0))
    half[square < -NEAR] = -np.inf
    middle = points[:, :1].astype(np.float64)
    return middle - half, middle + half


def _bands(start: Numbers, end: Numbers, radius: int, grid: Grid) -> tuple[Reals, Reals]:
    """Return the same for what lies beside each piece of a path, no farther than the radius."""
    dx, dy = (end - start).T[:, :, None].astype(np.float64)
    away = _centres(grid[0]) - start[:, 1:]
    length = np.hypot(dx, dy)
    low, high = np.full(away.shape, -np.inf), np.full(away.shape, np.inf)
    # Along the piece, 0 <= x dx + away dy <= length²; across it, |x dy - away dx| <= radius length.
    for slope, least, most in (
        (dx, -away * dy, length**2 - away * dy),
        (dy, away * dx - radius * length, away * dx + radius * length),
    ):
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = np.sort([least / slope, most / slope], axis=0)
        flat = np.broadcast_to(slope == 0, away.shape)
        # Both sides are multiples of length / 2h at least, so that nothing else lies so near.
        slack = length * 1e-5
        outside = flat & ((least > slack) | (most < -slack))
        low = np.where(flat, low, np.maximum(low, ends[0]))
        high = np.where(flat, high, np.minimum(high, ends[1]))
        low, high = np.where(outside, np.inf, low), np.where(outside, -np.inf, high)
    empty = np.broadcast_to(length == 0, away.shape)
    low, high = np.where(empty, np.inf, low), np.where(empty, -np.inf, high)
    first = start[:, :1].astype(np.float64)
    return low + first, high + first


def _spans(counts: Numbers, low: Reals, high: Reals, first: int) -> set[tuple[int, int, int]]:
    """Count the columns that surely lie between two x in each row; return pieces and cells that are to be decided.

    Args:
        counts: ``(h, w + 1)``, 1 more where a span begins and 1 less behind its end.
        low: ``(pieces, h)``.
        high: likewise.
        first: number of the first piece.
    """
    width = counts.shape[1] - 1
    low, high = (np.clip(x * (width / SCALE) - 0.5, -1.0, float(width)) for x in (low, high))
    start = np.ceil(low + NEAR).astype(np.int64).clip(0, width)
    end = np.floor(high - NEAR).astype(np.int64).clip(-1, width - 1)
    row = np.broadcast_to(np.arange(len(counts)), low.shape)
    sure = start <= end
    np.add.at(counts, (row[sure], start[sure]), 1)
    np.add.at(counts, (row[sure], end[sure] + 1), -1)
    unsure = set[tuple[int, int, int]]()
    for x in (low, high):
        column = np.rint(x)
        near = (np.abs(x - column) <= NEAR) & (low <= high + 2 * NEAR) & (column >= 0) & (column < width)
        piece, at = np.nonzero(near)
        unsure |= set(
            zip((piece + first).tolist(), at.tolist(), column[near].astype(int).tolist(), strict=True)
        )
    return unsure


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
