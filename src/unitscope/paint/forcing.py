"""The compiled loop that writes a stroke; it calls nothing compiled of another file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit


@jit
def force(
    where: NDArray[np.bool_],
    levels: NDArray[np.float32],
    units: NDArray[np.int64],
    to: NDArray[np.float32],
    cells: NDArray[np.bool_],
) -> None:
    """Force units to levels in some cells.

    Args:
        where: what is forced ``(U, h, w)``.
        levels: to what ``(U, h, w)``.
        units: ``(k,)``.
        to: a level for each ``(k,)``.
        cells: ``(h, w)``.
    """
    for k in range(len(units)):
        unit, level = units[k], to[k]
        for row in range(cells.shape[0]):
            for column in range(cells.shape[1]):
                if cells[row, column]:
                    where[unit, row, column] = True
                    levels[unit, row, column] = level
