"""Where units are forced on: cells of an activation grid, and what pictures show there before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.effects.settings import Locations
from unitscope.run.masks import cells_at
from unitscope.stats.inference import keyed_order

Numbers = NDArray[np.int64]
Grid = tuple[int, int]


def lattice(grid: Grid, count: int) -> Numbers:
    """Return cells of an even sub-lattice of a grid ``(h, w)``, at most `count`, row by row.

    The lattice has the rows and columns that come nearest to the grid's own aspect ratio.
    """
    height, width = grid
    sides = [(rows, min(count // rows, width)) for rows in range(1, min(height, count) + 1)]
    rows, columns = max(
        sides, key=lambda side: (min(side[0] / height, side[1] / width), side[0] * side[1], side)
    )
    chosen = [cells_at(n, cells) for n, cells in ((rows, height), (columns, width))]
    cells: Numbers = (chosen[0][:, None] * width + chosen[1]).ravel()
    return cells


@dataclass(frozen=True)
class LocationPlan:
    """The cells of a grid ``(h, w)`` that each picture is asked at; cell ``row * w + column``.

    Attributes:
        grid: of the layer.
        kind: ``all``, ``lattice``: the same cells in all pictures, or ``random``: drawn for each.
        cells: the cells that all pictures share, or all that are drawn from.
        count: cells of a picture.
        seed: of the draw.
    """

    grid: Grid
    kind: Literal["all", "lattice", "random"]
    cells: Numbers
    count: int
    seed: int

    @classmethod
    def of(cls, grid: Grid, asked: Locations, seed: int) -> LocationPlan:
        """Choose the cells of a grid."""
        every = np.arange(grid[0] * grid[1])
        if asked.count is None or asked.count >= len(every):
            return cls(grid, "all", every, len(every), seed)
        if asked.random:
            return cls(grid, "random", every, asked.count, seed)
        cells = lattice(grid, asked.count)
        return cls(grid, "lattice", cells, len(cells), seed)

    def of_samples(self, samples: Numbers) -> Numbers:
        """Return the cells ``(n, count)`` of samples ``(n,)``, which depend on nothing but a sample and the seed."""
        if self.kind != "random":
            return np.broadcast_to(self.cells, (len(samples), self.count))
        drawn = [keyed_order(len(self.cells), self.seed, sample) for sample in samples]
        return np.stack([np.sort(order[: self.count]) for order in drawn]).astype(np.int64)


@dataclass(frozen=True)
class Footprints:
    """Which points of the pixel grid lie in each cell of an activation grid spread evenly over the picture.

    A point belongs to the cell that its centre lies in; a cell without a point has the one nearest its centre.

    Attributes:
        cells: number of cells.
        cell, point: numbers of a cell and of a point in it ``(m,)``, row by row.
    """

    cells: int
    cell: Numbers
    point: Numbers

    @classmethod
    def of(cls, grid: Grid, raster: Grid) -> Footprints:
        """Find the points of a pixel grid ``(gh, gw)`` in the cells of a grid ``(h, w)``."""
        (row_cell, row_point), (column_cell, column_point) = (
            _axis(cells, points) for cells, points in zip(grid, raster, strict=True)
        )
        cell = (row_cell[:, None] * grid[1] + column_cell).ravel()
        point = (row_point[:, None] * raster[1] + column_point).ravel()
        return cls(grid[0] * grid[1], cell, point)

    def contexts(self, labels: NDArray[np.int16], values: Numbers, concepts: int) -> Numbers:
        """Return what covers most of each cell ``(n, cells)``.

        Args:
            labels: label maps ``(n, P, gh, gw)``.
            values: the label values that count, such as those of a category.
            concepts: number of label values C.

        Returns:
            Label values: the one of most points, the first among equals; 0 where most points have none of them.
        """
        counted = np.zeros(concepts, np.bool_)
        counted[values] = True
        n, planes = labels.shape[:2]
        inside = labels.reshape(n, planes, -1)[:, :, self.point]
        known = counted[inside]
        place = (np.arange(n)[:, None, None] * self.cells + self.cell) * concepts + inside
        size = n * self.cells * concepts
        counts = np.bincount(place[known], minlength=size).reshape(n, self.cells, concepts)
        empty = (np.arange(n)[:, None] * self.cells + self.cell)[~known.any(1)]
        counts[:, :, 0] = np.bincount(empty, minlength=n * self.cells).reshape(n, self.cells)
        # Nothing comes last among equals.
        best = np.roll(counts, -1, axis=2).argmax(2) + 1
        return np.where(best == concepts, 0, best).astype(np.int64)


def _axis(cells: int, points: int) -> tuple[Numbers, Numbers]:
    """Return cells and points of an axis that belong together, by cell."""
    point = np.arange(points)
    cell = cells_at(points, cells)
    alone = np.setdiff1d(np.arange(cells), cell)
    cell = np.concatenate([cell, alone])
    point = np.concatenate([point, cells_at(cells, points)[alone]])
    order = np.argsort(cell, kind="stable")
    return cell[order], point[order]
