"""Grids finer than the raster: their raster values replace them before anything is counted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit
from unitscope.stats.raster import Reading


@jit
def resample(
    grids: NDArray[np.float32], reading: Reading, out: NDArray[np.float32], first: int, last: int
) -> None:
    """Write raster values ``(n, U, h, w) -> out (n, U, gh, gw)``, float32.

    Most cells are read by no point, so nothing is prepared: each point reads its four cells.
    """
    height, width = reading.cells
    rows, columns = reading.rows, reading.columns
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
    grids: NDArray[np.float32], reading: Reading, out: NDArray[np.float32], first: int, last: int
) -> None:
    """Write raster values ``(n, h, w, U) -> out (n, U, gh, gw)``; as :func:`resample`, for units last in memory.

    All units of a cell lie next to each other, so they are the inner loop; a row of the raster is gathered with units
    last, then turned over into `out`.
    """
    height, width = reading.cells
    rows, columns = reading.rows, reading.columns
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
