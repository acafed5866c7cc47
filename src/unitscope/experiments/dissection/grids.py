"""The activation grids of one layer while a shard is read: in the memory of the CPU, or left on the accelerator.

Both kinds hold, for one batch after the other, the grids as they are kept and the extremes over the layer's own cells.
Statistics count the same integers from either.
"""

from __future__ import annotations

import zlib
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.experiments.dissection.plan import LayerPlan
from unitscope.run.storage import AnyArray
from unitscope.stats import ActivationRaster, DeviceRaster, DeviceSampling
from unitscope.stats.device import counted_there
from unitscope.stats.resampling import resample

Extremes = tuple[NDArray[np.float32], NDArray[np.float32]]
"""The lowest and the highest activation of every picture and unit, ``(n, U)`` each."""


class LayerGrids(Protocol):
    """The grids of one layer, for as many pictures as a shard has.

    Attributes:
        waits: whether looking at what was kept waits for the device, so that it is better done once a shard.
    """

    waits: bool

    def keep(self, activation: Tensor, place: slice) -> None:
        """Copy the activation ``(n, U, h, w)`` of some pictures to their place in the shard."""

    def extremes(self, place: slice) -> Extremes:
        """Return the extremes over the layer's own cells of some pictures."""

    def raster(self, used: int) -> ActivationRaster | DeviceRaster:
        """Return the grids of the first `used` pictures, and how the pixel grid reads them."""

    def means(self, used: int) -> NDArray[np.float32]:
        """Return the mean of the first grids ``(n, U)``."""

    def checksum(self, used: int) -> tuple[str, AnyArray]:
        """Return what a second reading of the first grids has to find again, and what kind of sum it is."""


def layer_grids(layer: LayerPlan, capacity: int, device: torch.device) -> LayerGrids:
    """Return room for the grids of a layer: on the device of the network where they can be counted there.

    Args:
        layer: how it is read and kept.
        capacity: pictures of a shard.
        device: where the network is.
    """
    return DeviceGrids(layer, capacity, device) if counted_there(device) else HostGrids(layer, capacity)


class HostGrids:
    """Grids in the memory of the CPU, for the compiled loops; see :class:`LayerGrids`."""

    waits = False

    def __init__(self, layer: LayerPlan, capacity: int) -> None:
        self._layer = layer
        self._grids = np.empty((capacity, layer.layer.units, *layer.kept), np.float32)
        self._low, self._high = (np.empty((capacity, layer.layer.units), np.float32) for _ in range(2))

    def keep(self, activation: Tensor, place: slice) -> None:
        """Copy the activation of some pictures."""
        values = activation.to("cpu", torch.float32)
        self._low[place], self._high[place] = values.amin((2, 3)).numpy(), values.amax((2, 3)).numpy()
        if self._layer.resampling is None:
            torch.from_numpy(self._grids[place]).copy_(values)
        else:
            resample(values, self._layer.resampling, self._grids[place])

    def extremes(self, place: slice) -> Extremes:
        """Return lowest and highest activations."""
        return self._low[place], self._high[place]

    def raster(self, used: int) -> ActivationRaster:
        """Return grids and sampling."""
        return ActivationRaster(self._grids[:used], self._layer.sampling)

    def means(self, used: int) -> NDArray[np.float32]:
        """Return the mean of every grid."""
        return np.asarray(self._grids[:used].mean((2, 3), dtype=np.float64), np.float32)

    def checksum(self, used: int) -> tuple[str, NDArray[np.uint32]]:
        """Return the CRC-32 of the grids, bit for bit."""
        return "values", np.array([zlib.crc32(self._grids[:used].data)], np.uint32)


class DeviceGrids:
    """Grids that stay on the device where the network is; see :class:`LayerGrids`.

    A batch is kept without waiting for the device. Only what is small comes to the CPU: extremes, histograms and strong
    cells.
    """

    waits = True

    def __init__(self, layer: LayerPlan, capacity: int, device: torch.device) -> None:
        self._layer, self._device = layer, device
        units = layer.layer.units
        self._grids = torch.empty((capacity, units, *layer.kept), dtype=torch.float32, device=device)
        self._low, self._high = (torch.empty((capacity, units), device=device) for _ in range(2))

    @cached_property
    def _resampling(self) -> DeviceSampling | None:
        sampling = self._layer.resampling
        return None if sampling is None else DeviceSampling(sampling, self._device)

    @cached_property
    def _reading(self) -> DeviceSampling:
        return DeviceSampling(self._layer.sampling, self._device)

    def keep(self, activation: Tensor, place: slice) -> None:
        """Copy the activation of some pictures."""
        values = activation.to(self._device, torch.float32)
        self._low[place], self._high[place] = values.amin((2, 3)), values.amax((2, 3))
        if self._resampling is None:
            self._grids[place].copy_(values)
        else:
            self._resampling.resample(values, self._grids[place])

    def extremes(self, place: slice) -> Extremes:
        """Return lowest and highest activations."""
        return self._low[place].cpu().numpy(), self._high[place].cpu().numpy()

    def raster(self, used: int) -> DeviceRaster:
        """Return grids and sampling."""
        return DeviceRaster(self._grids[:used], self._reading)

    def means(self, used: int) -> NDArray[np.float32]:
        """Return the mean of every grid."""
        return self.raster(used).means()

    def checksum(self, used: int) -> tuple[str, NDArray[np.int64]]:
        """Return a sum over the bits of the grids, weighted by their places."""
        return "sums", self.raster(used).checksum
