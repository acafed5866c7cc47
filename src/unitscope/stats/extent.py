"""The lowest and highest activation of every unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import Statistic, highest, lowest


class ActivationExtent(Statistic):
    """Keeps the least and greatest activation of every unit, over the layer's own cells, float32.

    Args:
        units: number of units U.
    """

    low = lowest("U")
    high = highest("U")

    def __init__(self, units: int) -> None:
        super().__init__(U=units)

    def update(self, low: NDArray[np.float32], high: NDArray[np.float32]) -> None:
        """Take in the lowest ``(n, U)`` and highest ``(n, U)`` activation of each picture and unit."""
        self.low = np.minimum(self.low, low.min(axis=0, initial=np.inf))
        self.high = np.maximum(self.high, high.max(axis=0, initial=-np.inf))

    def result(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return lowest and highest activation ``(U,)`` float32; infinities when nothing was seen."""
        return self.low, self.high
