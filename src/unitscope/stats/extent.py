"""The lowest and highest activation of every unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import State


class ActivationExtent:
    """Keeps the least and greatest activation of every unit, over the layer's own cells.

    Args:
        units: number of units U.
    """

    def __init__(self, units: int) -> None:
        self.low: NDArray[np.float32] = np.full(units, np.inf, np.float32)
        self.high: NDArray[np.float32] = np.full(units, -np.inf, np.float32)

    def update(self, low: NDArray[np.float32], high: NDArray[np.float32]) -> None:
        """Take in the lowest and highest activation of each picture and unit, both ``(n, U)``."""
        self.low = np.minimum(self.low, low.min(axis=0, initial=np.inf))
        self.high = np.maximum(self.high, high.max(axis=0, initial=-np.inf))

    def merge(self, other: ActivationExtent) -> None:
        """Take in what `other` has seen."""
        if self.low.shape != other.low.shape:
            raise ValueError(f"extents of {len(other.low)} units cannot be merged into {len(self.low)}")
        self.update(other.low[None], other.high[None])

    def state_dict(self) -> State:
        """Return ``low`` and ``high`` ``(U,)``."""
        return {"low": self.low.copy(), "high": self.high.copy()}

    def load_state_dict(self, state: State) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.low, self.high = state["low"].copy(), state["high"].copy()

    def result(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return lowest and highest activation ``(U,)``; infinities when nothing was seen."""
        return self.low, self.high
