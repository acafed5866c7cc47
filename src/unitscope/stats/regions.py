"""Where single activation grids exceed a threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.grid import Sampling
from unitscope.stats import kernels
from unitscope.stats.raster import axis_arrays, over_unit_blocks


def regions_above(
    grids: NDArray[np.float32], sampling: Sampling, thresholds: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return the regions ``(m, gh, gw)`` in which activation grids ``(m, h, w)`` exceed thresholds ``(m,)``."""
    regions = np.empty((len(grids), *sampling.shape), np.bool_)
    rows, columns = axis_arrays(sampling.rows), axis_arrays(sampling.columns)
    over_unit_blocks(len(grids), kernels.exceed, grids, rows, columns, thresholds, regions)
    return regions
