"""Pooling of a whole map as a separable linear map: one small matrix for the rows, one for the columns.

Such a pooling needs no compiled extension, is exact for any number of bins, is differentiable, and runs
wherever matrices are multiplied.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

PoolingMatrix = Callable[[int, int], NDArray[np.float32]]
"""(cells, bins) -> the share of each cell in each bin, (bins, cells)."""


@lru_cache(maxsize=256)
def precise_roi_matrix(cells: int, bins: int) -> NDArray[np.float32]:
    """Return the mean over each bin of the hat function of each cell, (bins, cells) float32.

    Precise RoI pooling (Jiang et al., "Acquisition of localization confidence for accurate object detection",
    2018, eq. 5) of a whole map: cell k is a hat function around the coordinate k, the surface is zero beyond
    -1 and `cells`, and the bins cut 0..cells into equal parts.
    """
    edges = np.linspace(0, cells, bins + 1)[:, None]
    below = _hat_integral(edges - np.arange(cells))
    return np.asarray((below[1:] - below[:-1]) * (bins / cells), np.float32)


def _hat_integral(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral of max(0, 1 - |u|) from minus infinity to t."""
    t = np.clip(t, -1, 1)
    return np.where(t < 0, (1 + t) ** 2 / 2, 1 - (1 - t) ** 2 / 2)


@lru_cache(maxsize=256)
def adaptive_matrix(cells: int, bins: int) -> NDArray[np.float32]:
    """Return what ``nn.AdaptiveAvgPool2d`` does along one axis, (bins, cells) float32.

    Bin i is the mean of the cells from floor(i cells / bins) up to ceil((i + 1) cells / bins).
    """
    matrix = np.zeros((bins, cells), np.float32)
    for i in range(bins):
        start, stop = i * cells // bins, -(-(i + 1) * cells // bins)
        matrix[i, start:stop] = 1 / (stop - start)
    return matrix


def pool(maps: Tensor, bins: tuple[int, int], matrix: PoolingMatrix) -> Tensor:
    """Pool whole maps.

    Args:
        maps: ``(..., h, w)``.
        bins: rows and columns of the result.
        matrix: `precise_roi_matrix` or `adaptive_matrix`.

    Returns:
        ``(..., rows, columns)``, of the dtype and on the device of `maps`.
    """
    rows, columns = (
        torch.from_numpy(matrix(cells, count)).to(maps)
        for cells, count in zip(maps.shape[-2:], bins, strict=True)
    )
    return rows @ maps @ columns.T
