"""Bring grids that are finer than the raster to it, before anything is counted or kept."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.layer.grid import Sampling
from unitscope.stats import kernels
from unitscope.stats.raster import Reading, over_unit_blocks


def resample(activation: Tensor, sampling: Sampling, out: NDArray[np.float32]) -> None:
    """Write the raster values of grids that are finer than the raster.

    Args:
        activation: ``(n, U, h, w)`` float32 on the CPU, its units first or last in memory.
        sampling: how the raster reads the grids.
        out: ``(n, U, gh, gw)``.
    """
    units_last = activation.is_contiguous(memory_format=torch.channels_last)
    if units_last and not activation.is_contiguous():
        grids, kernel = activation.permute(0, 2, 3, 1).numpy(), kernels.resample_channels_last
    else:
        grids, kernel = activation.contiguous().numpy(), kernels.resample
    over_unit_blocks(activation.shape[1], kernel, grids, Reading.of(sampling), out)
