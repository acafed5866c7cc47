"""Masks of a picture and of its altered copy: where both are, and how often each point of the raster is in either."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit

Places = NDArray[np.uint16] | NDArray[np.uint32]


@jit
def meet(
    before: Places, before_offsets: NDArray[np.int64], after: Places, after_offsets: NDArray[np.int64],
    shared: NDArray[np.int64], places: NDArray[np.int64], first: int, last: int,
) -> None:  # fmt: skip
    """Count the raster points of two sets of masks.

    Args:
        before: points of the masks of the originals, grid by grid, ascending ``(K,)``.
        before_offsets: where each grid's points begin ``(U, n + 1)``.
        after: the same of the altered copies.
        after_offsets: the same.
        shared: receives the points that both masks of a picture hold ``(n, U)``.
        places: of originals and copies, at each point of the raster, how many masks hold it ``(2, U, gh * gw)``, added
            to.
        first: first unit.
        last: one past the last unit.
    """
    for u in range(first, last):
        for n in range(before_offsets.shape[1] - 1):
            i, end = before_offsets[u, n], before_offsets[u, n + 1]
            j, stop = after_offsets[u, n], after_offsets[u, n + 1]
            for k in range(i, end):
                places[0, u, before[k]] += 1
            for k in range(j, stop):
                places[1, u, after[k]] += 1
            both = 0
            while i < end and j < stop:
                one, other = before[i], after[j]
                both += one == other
                i, j = i + (one <= other), j + (other <= one)
            shared[n, u] = both
