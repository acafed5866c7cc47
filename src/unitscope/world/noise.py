"""Noise as the units of a real layer have it: how far it reaches, what a whole picture shares, how often it is large.

It is a function of whole numbers alone (a seed, a picture's key, a unit, a cell), so that a picture always has the same
noise, in any batch and on any machine, and a network that adds it can be traced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr
from torch import Tensor

KNOTS = np.linspace(-4, 4, 33)
"""Deviations of a normal distribution at which the shape of another is known."""
WIDEST = 0.5
"""Largest width of noise, as a part of the picture's side."""


@dataclass(frozen=True)
class Noise:
    """What noise is like.

    Attributes:
        width: standard deviation of the Gaussian that independent values are smoothed with, as a part of the
            picture's side.
        common: part of the variance that all cells of a picture share.
        shape: values of mean 0 and deviation 1 at KNOTS, increasing: what a normal value becomes. Empty for a normal
            distribution.
    """

    width: float = 0.0
    common: float = 0.0
    shape: tuple[float, ...] = ()

    def draw(self, keys: Tensor, units: Tensor, cells: int, seed: int) -> Tensor:
        """Return noise of mean 0 and deviation 1 over many pictures, float32 `(N, U, cells, cells)`.

        Args:
            keys: int64 `(N,)`, one number for each picture.
            units: int64 `(U,)`, one number for each unit.
            cells: along each side.
            seed: another one gives other noise.
        """
        places = torch.arange(cells * cells + 1, device=keys.device)
        number = _mix(keys[:, None, None] + _mix(units[:, None] + _mix(places + seed * 7919)))
        values = _normal(number)
        own, shared = values[..., :-1].unflatten(-1, (cells, cells)), values[..., -1, None, None]
        smooth = torch.from_numpy(smoothing(self.width * cells, cells)).to(own)
        own = smooth @ own @ smooth.T
        return self._shaped(math.sqrt(1 - self.common) * own + math.sqrt(self.common) * shared)

    def _shaped(self, values: Tensor) -> Tensor:
        """Give normal values, of any shape, the distribution of this noise: linear between knots."""
        if not self.shape:
            return values
        shape = torch.tensor(self.shape, dtype=values.dtype, device=values.device)
        place = ((values - KNOTS[0]) / (KNOTS[1] - KNOTS[0])).clamp(0, len(KNOTS) - 1.001)
        lower = place.long()
        shaped: Tensor = shape[lower] + (place - lower) * (shape[lower + 1] - shape[lower])
        return shaped


def smoothing(width: float, cells: int) -> NDArray[np.float32]:
    """Return the matrix `(cells, cells)` that smooths along an axis, by `width` cells; each row of length 1.

    So the variance is the same everywhere, at borders too. A width of 0 changes nothing.
    """
    if width <= 0:
        return np.eye(cells, dtype=np.float32)
    place = np.arange(cells)
    weights = np.exp(-((place[:, None] - place) ** 2) / (2 * width**2))
    return np.asarray(weights / np.sqrt((weights**2).sum(1, keepdims=True)), np.float32)


def estimate(values: NDArray[np.floating]) -> Noise:
    """Return what the noise of a layer is like, every unit counted alike.

    The share of a picture is the mean correlation of cells half the grid or more apart along rows and columns. Of what
    is left, the correlation of neighbours gives the width. The shape is that of all values together.

    Args:
        values: activations without what units respond to `(N, U, h, h)`, with at least 4 cells a side; NaN where they
            are not noise.
    """
    axes = (0, 2, 3)
    values = values - np.nanmean(values, axes, keepdims=True)
    spread = np.nanstd(values, axes)
    values = values[:, spread > 0] / spread[spread > 0][:, None, None]
    cells = values.shape[-1]
    far = [_correlation(values, lag) for lag in range(cells // 2, cells)]
    common = float(np.clip(np.mean(far), 0, 0.99))
    near = (_correlation(values, 1) - common) / (1 - common)
    shape = np.nanquantile(values, ndtr(KNOTS))
    weights = np.exp(-(KNOTS**2) / 2)
    middle = np.average(shape, weights=weights)
    deviation = np.sqrt(np.average((shape - middle) ** 2, weights=weights))
    return Noise(
        round(_width(near, cells), 4),
        round(common, 4),
        tuple(round(float(each), 4) for each in (shape - middle) / deviation),
    )


def _correlation(values: NDArray[np.floating], lag: int) -> float:
    """Return the mean product of values `(N, U, h, h)` so many cells apart, along both axes."""
    rows = float(np.nanmean(values[..., lag:, :] * values[..., :-lag, :]))
    return (rows + float(np.nanmean(values[..., lag:] * values[..., :-lag]))) / 2


def _width(near: float, cells: int) -> float:
    """Return the width, as a part of the side, at which neighbours correlate so much."""

    def neighbours(width: float) -> float:
        matrix = smoothing(width * cells, cells).astype(np.float64)
        return float(np.mean((matrix[1:] * matrix[:-1]).sum(1)))

    least = 0.2 / cells
    if near <= neighbours(least):
        return 0.0
    return float(brentq(lambda width: neighbours(width) - near, least, WIDEST)) if near < 0.999 else WIDEST


def _mix(number: Tensor) -> Tensor:
    """Return whole numbers, of any shape, that look drawn: two rounds of multiplying and folding, modulo 2**62."""
    for factor in (0x2545F4914F6CDD1D, 0x1B873593CC9E2D51):
        number = (number ^ (number >> 31)) * factor & (2**62 - 1)
    return number ^ (number >> 29)


def _normal(number: Tensor) -> Tensor:
    """Return standard normal values, float32, of whole numbers from `_mix`."""
    uniform = ((number >> 10 & (2**24 - 1)).float() + 0.5) / 2**24
    values: Tensor = torch.special.ndtri(uniform.clamp(max=1 - 2**-24))
    return values
