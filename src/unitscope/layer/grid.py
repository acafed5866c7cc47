"""From the activation grid of a layer to the pixel grid on which units and concepts are compared.

A cell of an activation grid looks at a window of the picture. Its centre, in pixels of the network's input, is
``offset + scale * index`` along each axis (see :mod:`unitscope.layer.receptive_field`). The pixel grid is an even
raster over the same picture. Every raster point takes the bilinear mean of the four nearest cell centres, so an
activation appears where the network looked, also when padding and strides shift the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Border = Literal["edge", "zeros"]


@dataclass(frozen=True)
class AxisGeometry:
    """Where the cells of one axis of an activation grid lie, in pixels of the network's input.

    The centre of cell ``i`` is ``offset + scale * i``; the first pixel's centre is 0.
    """

    cells: int
    scale: float
    offset: float

    @classmethod
    def even(cls, cells: int, pixels: int) -> AxisGeometry:
        """Spread `cells` evenly over `pixels`, as for padded convolutions, tokens and vectors."""
        scale = pixels / cells
        return cls(cells, scale, (scale - 1) / 2)


@dataclass(frozen=True)
class GridGeometry:
    """Where an activation grid ``(h, w)`` lies on the network's input."""

    rows: AxisGeometry
    columns: AxisGeometry

    @classmethod
    def even(cls, grid: tuple[int, int], size: tuple[int, int]) -> GridGeometry:
        """Spread a grid ``(h, w)`` evenly over an input of ``(H, W)`` pixels."""
        return cls(AxisGeometry.even(grid[0], size[0]), AxisGeometry.even(grid[1], size[1]))


@dataclass(frozen=True)
class AxisSampling:
    """For each point of a raster axis: the two cells it lies between and the weight of the upper one.

    Attributes:
        cells: cells of the axis; as an index it stands for "outside, value zero".
        lower: ``(G,)``.
        upper: ``(G,)``; the lower cell where its weight is zero.
        weight: of the upper cell ``(G,)``, from 0 to below 1.
    """

    cells: int
    lower: NDArray[np.int64]
    upper: NDArray[np.int64]
    weight: NDArray[np.float32]


@dataclass(frozen=True)
class Sampling:
    """How a raster ``(gh, gw)`` reads an activation grid ``(h, w)``."""

    rows: AxisSampling
    columns: AxisSampling

    @property
    def shape(self) -> tuple[int, int]:
        """The raster's shape ``(gh, gw)``."""
        return len(self.rows.lower), len(self.columns.lower)


def pixel_centres(points: int, pixels: int) -> NDArray[np.float64]:
    """Centres ``(points,)`` of equal parts of an axis of `pixels` pixels, in pixels; the first pixel's centre is 0."""
    return (np.arange(points, dtype=np.float64) + 0.5) * (pixels / points) - 0.5


def axis_sampling(
    axis: AxisGeometry, positions: NDArray[np.float64], *, border: Border = "edge"
) -> AxisSampling:
    """Find, for each position (in pixels), the two cells around it and the weight of the upper one.

    Args:
        axis: where the cells lie.
        positions: raster positions ``(G,)`` in pixels.
        border: what lies beyond the outermost cell centres: their own value (``edge``), or a fade to zero within
            one cell (``zeros``, as in the paper's published code; it makes negative activations look strong there).
    """
    place = (positions - axis.offset) / axis.scale
    limits = (0.0, axis.cells - 1.0) if border == "edge" else (-1.0, float(axis.cells))
    place = np.clip(place, *limits)
    lower = np.floor(place).astype(np.int64)
    weight = (place - lower).astype(np.float32)
    upper = np.where(weight > 0, lower + 1, lower)
    outside = np.int64(axis.cells)
    lower, upper = (np.where((i < 0) | (i >= axis.cells), outside, i) for i in (lower, upper))
    return AxisSampling(axis.cells, lower, upper, weight)


def raster_sampling(
    geometry: GridGeometry, raster: tuple[int, int], size: tuple[int, int], *, border: Border = "edge"
) -> Sampling:
    """Sample an activation grid at the centres of an even raster over the network's input.

    Args:
        geometry: where the activation grid lies.
        raster: points of the raster ``(gh, gw)``.
        size: the input's ``(H, W)`` in pixels.
        border: see :func:`axis_sampling`.
    """
    return Sampling(
        axis_sampling(geometry.rows, pixel_centres(raster[0], size[0]), border=border),
        axis_sampling(geometry.columns, pixel_centres(raster[1], size[1]), border=border),
    )


def identity_sampling(grid: tuple[int, int]) -> Sampling:
    """Read a grid ``(h, w)`` at its own cells."""
    axes = [
        axis_sampling(AxisGeometry(cells, 1.0, 0.0), np.arange(cells, dtype=np.float64)) for cells in grid
    ]
    return Sampling(axes[0], axes[1])


def upsample(activation: Tensor, sampling: Sampling) -> Tensor:
    """Read activation grids at the points of a raster, bilinearly.

    Columns are blended first, then rows, each as ``lower + weight * (upper - lower)`` in the tensor's own precision;
    the compiled statistics do the same operations in the same order, so both give the same bits.

    Args:
        activation: ``(..., h, w)`` floating point.
        sampling: from :func:`raster_sampling`.

    Returns:
        ``(..., gh, gw)``.

    Raises:
        ValueError: the grid is not the one the sampling was made for.
    """
    if activation.shape[-2:] != (sampling.rows.cells, sampling.columns.cells):
        raise ValueError(
            f"the activation grid is {tuple(activation.shape[-2:])}, "
            f"the sampling reads {(sampling.rows.cells, sampling.columns.cells)}"
        )
    padded = torch.nn.functional.pad(activation, (0, 1, 0, 1))
    columns = _blend(padded, sampling.columns, -1)
    return _blend(columns, sampling.rows, -2)


def _blend(values: Tensor, axis: AxisSampling, dim: int) -> Tensor:
    lower = values.index_select(dim, torch.from_numpy(axis.lower).to(values.device))
    upper = values.index_select(dim, torch.from_numpy(axis.upper).to(values.device))
    weight = torch.from_numpy(axis.weight).to(values)
    if dim == -2:
        weight = weight[:, None]
    return lower + weight * (upper - lower)
