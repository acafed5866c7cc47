"""The compiled loop over the cells about a path; it calls nothing compiled of another file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.paint.recipe import SCALE
from unitscope.stats.kernels.compiled import jit


@jit
def near_path(
    path: NDArray[np.int64], radius: int, found: NDArray[np.bool_], unsure: NDArray[np.int64]
) -> int:
    """Mark the cells whose centre is surely within the radius of a path, or that hold a point of it.

    Args:
        path: ``(n, 2)``, x and y from 0 to `SCALE`.
        radius: in the same numbers.
        found: the cells ``(h, w)``; set where they are near.
        unsure: ``(room, 3)``: piece of the path, row and column of cells that float64 cannot decide; as many as
            there is room for.

    Returns:
        How many are unsure.
    """
    rows, columns = found.shape
    high, wide = SCALE / rows, SCALE / columns
    square, count = float(radius) * radius, 0
    for n in range(len(path)):
        row, column = (
            min(path[n, 1] * rows // SCALE, rows - 1),
            min(path[n, 0] * columns // SCALE, columns - 1),
        )
        found[row, column] = True
    for n in range(len(path)):
        last = min(n + 1, len(path) - 1)
        x, y, to_x, to_y = path[n, 0], path[n, 1], path[last, 0], path[last, 1]
        along_x, along_y = float(to_x - x), float(to_y - y)
        length = along_x * along_x + along_y * along_y
        top = max(int((min(y, to_y) - radius) / high - 0.5) - 1, 0)
        bottom = min(int((max(y, to_y) + radius) / high - 0.5) + 2, rows)
        left = max(int((min(x, to_x) - radius) / wide - 0.5) - 1, 0)
        right = min(int((max(x, to_x) + radius) / wide - 0.5) + 2, columns)
        for row in range(top, bottom):
            from_y = (row + 0.5) * high - y
            for column in range(left, right):
                if found[row, column]:
                    continue
                from_x = (column + 0.5) * wide - x
                along = from_x * along_x + from_y * along_y
                if along <= 0:
                    away = from_x * from_x + from_y * from_y
                elif along >= length:
                    away = (from_x - along_x) ** 2 + (from_y - along_y) ** 2
                else:
                    across = from_x * along_y - from_y * along_x
                    away = across * across / length
                # Rounding errors stay far below: numbers are at most 4096, and their products are halves or finer.
                if abs(away - square) <= 1e-3 + 1e-9 * square:
                    if count < len(unsure):
                        unsure[count, 0], unsure[count, 1], unsure[count, 2] = n, row, column
                    count += 1
                elif away < square:
                    found[row, column] = True
    return count
