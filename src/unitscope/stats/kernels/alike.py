"""How strong units are picture by picture, and how many points of the raster their masks share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit

Places = NDArray[np.uint16] | NDArray[np.uint32]


@jit
def find_peaks(
    values: NDArray[np.float32], offsets: NDArray[np.int64], peaks: NDArray[np.float32], first: int, last: int
) -> None:
    """Raise ``peaks (n, U)`` to the highest raster point of each grid.

    Args:
        values: raster points, unit by unit and picture by picture ``(K,)``.
        offsets: where each grid's points begin ``(U, n + 1)``.
        peaks: the thresholds before, ``(n, U)``.
        first: first unit.
        last: one past the last unit.
    """
    for u in range(first, last):
        for n in range(offsets.shape[1] - 1):
            for i in range(offsets[u, n], offsets[u, n + 1]):
                peaks[n, u] = max(peaks[n, u], values[i])


@jit
def meet_each_other(
    values: NDArray[np.float32], positions: Places, offsets: NDArray[np.int64],
    thresholds: NDArray[np.float32], wanted: NDArray[np.bool_], counts: NDArray[np.bool_],
    starts: NDArray[np.int64], shared: NDArray[np.int64],
) -> None:  # fmt: skip
    """Count the points of the raster where both of two units are above their thresholds.

    The units of a point are listed first, so the work grows with how many are on at a point and not with all pairs.

    Args:
        values: raster points, unit by unit and picture by picture ``(K,)``.
        positions: their places on the raster ``(K,)``.
        offsets: where each grid's points begin ``(U, n + 1)``.
        thresholds: ``(U,)``.
        wanted: which pictures count ``(n,)``.
        counts: which points of them count ``(n, points)``.
        starts: room for where each point's units begin ``(points + 1,)``.
        shared: ``(U, U)``, added to where the first unit is not above the second.
    """
    units = offsets.shape[0]
    for n in range(offsets.shape[1] - 1):
        if not wanted[n]:
            continue
        starts[:] = 0
        for u in range(units):
            for i in range(offsets[u, n], offsets[u, n + 1]):
                if values[i] > thresholds[u] and counts[n, positions[i]]:
                    starts[np.int64(positions[i]) + 1] += 1
        for point in range(starts.shape[0] - 1):
            starts[point + 1] += starts[point]
        listed = np.empty(starts[-1], np.int64)
        filled = starts.copy()
        for u in range(units):
            for i in range(offsets[u, n], offsets[u, n + 1]):
                if values[i] > thresholds[u] and counts[n, positions[i]]:
                    place = np.int64(positions[i])
                    listed[filled[place]] = u
                    filled[place] += 1
        for point in range(starts.shape[0] - 1):
            for i in range(starts[point], starts[point + 1]):
                for j in range(i, starts[point + 1]):
                    shared[listed[i], listed[j]] += 1
