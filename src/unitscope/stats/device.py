"""What the compiled loops count, as operations on tensors: for grids that lie on an accelerator and stay there.

Every operation is one that rounds as IEEE 754 says, in the order of :mod:`unitscope.stats.kernels` and without fused
multiply-add, which PyTorch's operations on single values do not use between each other. So histograms and strong cells
are the same integers and bits as those of the compiled loops, which tests compare on tensors of the CPU.

Work goes over blocks of units, so that what is made of the grids on the way takes :data:`BLOCK` values at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from unitscope.layer.grid import AxisSampling, Sampling
from unitscope.stats.kernels.strong import ROUNDING
from unitscope.stats.raster import Reading

COUNTED_THERE = frozenset({"cuda"})
"""Kinds of devices on which grids stay. On the others, activations go to the compiled loops: Apple's GPUs (mps) may
take the smallest numbers for zero, so they would count other integers, and share their memory with the CPU anyway."""
BLOCK = 1 << 24
"""Raster values that are looked at together; some ten times their bytes are in use meanwhile."""
_MIX = 0x9E3779B97F4A7C15 - (1 << 64)
"""An odd number of 64 bits, by which neighbouring places get weights that have little in common."""


def counted_there(device: torch.device) -> bool:
    """Tell whether activations that a network leaves on a device are counted on it."""
    return device.type in COUNTED_THERE


@dataclass(frozen=True)
class DeviceAxis:
    """The points of a raster axis on a device: lower cell, upper cell, weight of the upper one, ``(G,)`` each."""

    lower: Tensor
    upper: Tensor
    weight: Tensor

    @classmethod
    def of(cls, axis: AxisSampling, device: torch.device) -> DeviceAxis:
        """Bring the points of an axis to a device."""
        return cls(*(torch.from_numpy(each).to(device) for each in (axis.lower, axis.upper, axis.weight)))

    def blend(self, values: Tensor, dim: int) -> Tensor:
        """Read values ``(..., h + 1, w + 1)`` along an axis, rows -2 or columns -1; behind its last cell lies a zero.

        As :func:`unitscope.layer.grid.upsample` does, in memory that is used again.
        """
        lower = values.index_select(dim, self.lower)
        step = values.index_select(dim, self.upper).sub_(lower)
        return step.mul_(self.weight if dim == -1 else self.weight[:, None]).add_(lower)


class DeviceSampling:
    """How a raster ``(gh, gw)`` reads grids ``(h, w)`` that lie on a device.

    Args:
        sampling: how it reads them.
        device: where they are.
    """

    def __init__(self, sampling: Sampling, device: torch.device) -> None:
        self.sampling = sampling
        self.rows, self.columns = (DeviceAxis.of(axis, device) for axis in (sampling.rows, sampling.columns))
        reading = Reading.of(sampling)
        self.direct, self.outside = reading.direct, reading.outside

    def values(self, grids: Tensor) -> Tensor:
        """Return the raster values ``(..., gh, gw)`` of grids ``(..., h, w)``."""
        return grids if self.direct else self._blended(grids)

    def _blended(self, grids: Tensor) -> Tensor:
        padded = F.pad(grids, (0, 1, 0, 1))
        return self.rows.blend(self.columns.blend(padded, -1), -2)

    def resample(self, activation: Tensor, out: Tensor) -> None:
        """Write the raster values of grids that are finer than the raster: ``(n, U, h, w) -> out (n, U, gh, gw)``."""
        for block in unit_blocks(activation):
            out[:, block] = self._blended(activation[:, block])


@dataclass(frozen=True)
class DeviceRaster:
    """Activations on a device and how the pixel grid reads them; see :class:`unitscope.stats.ActivationRaster`.

    Attributes:
        grids: ``(n, U, h, w)`` float32.
        reading: how the pixel grid ``(gh, gw)`` reads them.
    """

    grids: Tensor
    reading: DeviceSampling

    @property
    def units(self) -> int:
        """Number of units U."""
        return int(self.grids.shape[1])

    @property
    def sampling(self) -> Sampling:
        """How the pixel grid reads the grids."""
        return self.reading.sampling

    def count_leading_digits(self, bits: int) -> tuple[int, NDArray[np.int64]]:
        """Count raster values by the leading digit of their key.

        Args:
            bits: of the digit.

        Returns:
            The lowest digit that any value has, and counts ``(U, digits)`` from that one to the highest.
        """
        digits, device = 1 << bits, self.grids.device
        counts = torch.zeros(self.units * digits, dtype=torch.int64, device=device)
        one = torch.ones(1, dtype=torch.int64, device=device)
        for block in unit_blocks(self.grids, points=_points(self.sampling)):
            digit = _ordered(self.reading.values(self.grids[:, block])) >> (32 - bits)
            # Digits of negative keys stand below 0 here: half of them.
            rows = torch.arange(block.start, block.stop, device=device) * digits + digits // 2
            places = (digit + rows[:, None, None]).flatten()
            counts.scatter_add_(0, places, one.expand(len(places)))
        return _used(counts.view(self.units, digits))

    def strong_cells(
        self, floors: NDArray[np.float32], spread: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint16] | NDArray[np.uint32], NDArray[np.int32]]:
        """Copy out the cells that raster values above the floor are blended from, see :func:`kernels.collect`.

        Args:
            floors: ``(U,)``.
            spread: where neighbours are kept although the raster is the grid itself ``(U, n)``.

        Returns:
            The cells ``(K,)``, unit by unit and picture by picture, their places in their grid ``(K,)``, and how many
            each grid has ``(U, n)``.
        """
        found = [self._strong_in(block, floors, spread) for block in unit_blocks(self.grids)]
        parts = zip(*found, strict=True)
        values, positions, counts = (torch.cat(part).cpu().numpy() for part in parts)
        return np.asarray(values, np.float32), _unsigned(positions), np.asarray(counts, np.int32)

    def _strong_in(
        self, block: slice, floors: NDArray[np.float32], spread: NDArray[np.bool_]
    ) -> tuple[Tensor, Tensor, Tensor]:
        grids = self.grids[:, block].transpose(0, 1).contiguous()
        pictures, cells = grids.shape[1], grids.shape[2] * grids.shape[3]
        alone = ~spread[block] & self.reading.direct
        plain = self._on(alone)
        floor = self._on(floors[block])[:, None].expand(-1, pictures)
        largest = grids.abs().amax((2, 3))
        cut = torch.where(plain | (floor == 0), floor, floor - largest * self._on(np.asarray(ROUNDING)))
        kept = grids > cut[:, :, None, None]
        if not alone.all():
            border = (cut < 0) & self.reading.outside
            kept = torch.where(plain[:, :, None, None], kept, _with_neighbours(kept, border))
        places = kept.flatten().nonzero().squeeze(1)
        # Places have no sign, which PyTorch knows no types of 16 and 32 bits for on all devices: the same bits do.
        positions = (places % cells).to(torch.int16 if cells <= 1 << 16 else torch.int32)
        return grids.flatten()[places], positions, kept.sum((2, 3), dtype=torch.int32)

    def _on(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self.grids.device)

    def means(self) -> NDArray[np.float32]:
        """Return the mean of every grid ``(n, U)``."""
        return self.grids.mean((2, 3), dtype=torch.float64).to(torch.float32).cpu().numpy()

    @cached_property
    def checksum(self) -> NDArray[np.int64]:
        """A sum over the bits of all values, each weighted by its place, in whole numbers of 64 bits ``(1,)``.

        It depends on nothing but the values and their places, so that a second reading can be held to a first one.
        """
        grids = self.grids
        places = torch.arange(grids[:, :1].numel(), device=grids.device)
        weights = (places * _MIX) | 1
        units = (torch.arange(self.units, device=grids.device) + 1) * _MIX | 1
        total = torch.zeros((), dtype=torch.int64, device=grids.device)
        for block in unit_blocks(grids):
            bits = grids[:, block].transpose(0, 1).flatten(1).contiguous().view(torch.int32).to(torch.int64)
            total += ((bits * weights).sum(1) * units[block]).sum()
        return total.reshape(1).cpu().numpy()


def unit_blocks(grids: Tensor, *, points: int = 0) -> Iterator[slice]:
    """Cut the units of grids ``(n, U, h, w)`` into blocks of which :data:`BLOCK` values are made at most.

    Args:
        grids: on any device.
        points: made of each grid, where they are more than it has cells.
    """
    pictures, units, height, width = grids.shape
    each = pictures * max(height * width, points)
    step = max(BLOCK // max(each, 1), 1)
    for first in range(0, units, step):
        yield slice(first, min(first + step, units))


def _unsigned(positions: NDArray[np.signedinteger]) -> NDArray[np.uint16] | NDArray[np.uint32]:
    return positions.view(np.uint16) if positions.dtype == np.int16 else positions.view(np.uint32)


def _points(sampling: Sampling) -> int:
    return sampling.shape[0] * sampling.shape[1]


def _ordered(values: Tensor) -> Tensor:
    """Return the keys of float32 values as int32 that have the order of the numbers: unsigned keys, less 2^31.

    Adding 0 turns -0 into 0, so that both have one key.
    """
    bits = (values + 0.0).view(torch.int32)
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


def _used(counts: Tensor) -> tuple[int, NDArray[np.int64]]:
    """Return the first column that holds anything, and the columns from there to the last one that does."""
    used = counts.any(0).nonzero()
    if not len(used):
        return 0, np.zeros((len(counts), 0), np.int64)
    first, last = (int(number) for number in used[[0, -1], 0])
    return first, counts[:, first : last + 1].cpu().numpy()


def _with_neighbours(kept: Tensor, border: Tensor) -> Tensor:
    """Take in the eight neighbours of cells ``(U, n, h, w)``; where `border` ``(U, n)``, also those along the frame."""
    framed = F.pad(kept, (1, 1, 1, 1))
    frame = border[:, :, None]
    framed[..., 0, :] = framed[..., -1, :] = frame
    framed[..., :, 0] = framed[..., :, -1] = frame
    across = framed[..., :-2] | framed[..., 1:-1] | framed[..., 2:]
    return across[..., :-2, :] | across[..., 1:-1, :] | across[..., 2:, :]
