"""How sure an IoU is: the Poisson bootstrap over pictures.

Every replicate weighs each picture by an independent Poisson(1) count, the limit of drawing with replacement from many
pictures (Hanley and MacGibbon 2006; Chamandy et al. 2012). A picture's weights depend on the seed and its sample number
only, so sums over replicates merge like any count, and nothing is kept of single pictures.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unitscope.stats import kernels
from unitscope.stats.base import Statistic, agreed, counted
from unitscope.stats.cells import StrongCells
from unitscope.stats.inference import CONFIDENCE, interval, poisson_weights
from unitscope.stats.intersection import areas_by_picture, planes_last
from unitscope.stats.raster import over_unit_blocks

TOGETHER = 256
"""Pictures weighed at once: one product of matrices costs less than many."""


class WeightedUnions(Statistic):
    """Sums the intersections and unions of pictures, each weighed by its counts in every replicate.

    Args:
        seed: seed of the weights.
        sizes: size of each letter in the axes of the declared arrays.
    """

    seed = agreed("1", np.int64)
    intersections = counted("R U")
    unions = counted("R U")

    def __init__(self, seed: int, **sizes: int) -> None:
        super().__init__(**sizes)
        self.seed = np.array([seed], np.int64)
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []

    def _weigh(
        self, samples: NDArray[np.int64], shared: NDArray[np.int64], unions: NDArray[np.int64]
    ) -> None:
        """Take in n pictures, samples ``(n,)``, with their intersections and unions ``(n, U)``."""
        self._waiting.append((samples, shared, unions))
        if sum(len(waiting[0]) for waiting in self._waiting) >= TOGETHER:
            self.settle()

    def settle(self) -> None:
        """Add what waits to the sums of all replicates."""
        if not self._waiting:
            return
        samples, shared, unions = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        self._waiting.clear()
        weights = _weights(
            np.asarray(samples, np.int64).tobytes(), len(self.intersections), int(self.seed[0])
        )
        _add_exact(self.intersections, weights.T @ shared.astype(np.float64))
        _add_exact(self.unions, weights.T @ unions.astype(np.float64))


class IntersectionBootstrap(WeightedUnions):
    """Sums weighted intersections and unions of every unit with one concept of its own.

    Args:
        thresholds: ``(U,)`` float32.
        concepts: label value of each unit's concept ``(U,)``; 0 for none.
        label_values: number of label values C.
        replicates: number of bootstrap replicates R.
        seed: seed of the weights.
    """

    thresholds = agreed("U", np.float32)
    concepts = agreed("U", np.int64)

    def __init__(
        self,
        thresholds: NDArray[np.float32],
        concepts: NDArray[np.int64],
        *,
        label_values: int,
        replicates: int = 1000,
        seed: int = 0,
    ) -> None:
        super().__init__(seed, R=replicates, U=len(thresholds))
        self.thresholds, self.concepts, self.label_values = thresholds, concepts, label_values

    def update(self, cells: StrongCells, labels: NDArray[np.int16], samples: NDArray[np.int64]) -> None:
        """Weigh activations of n pictures and their label maps ``(n, P, gh, gw)``; samples ``(n,)``."""
        cells.require(self.thresholds)
        shape = (len(samples), cells.units)
        pixels, shared = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        over_unit_blocks(
            cells.units, kernels.intersect_by_picture,
            *cells.arrays, self.thresholds, planes_last(labels), self.concepts, pixels, shared,
        )  # fmt: skip
        areas = areas_by_picture(labels, self.label_values)
        areas[:, 0] = 0
        shared[:, self.concepts == 0] = 0
        unions = pixels + areas[:, self.concepts] - shared
        self._weigh(samples, shared, unions)

    def result(self, confidence: float = CONFIDENCE) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the percentile interval of the IoU, low and high ``(U,)``."""
        return interval(self.iou(), confidence)

    def iou(self) -> NDArray[np.float64]:
        """Return the IoU of every unit in each replicate ``(U, R)``."""
        self.settle()
        return np.ascontiguousarray((self.intersections / np.maximum(self.unions, 1)).T)


@lru_cache(maxsize=1)
def _weights(samples: bytes, replicates: int, seed: int) -> NDArray[np.float64]:
    """Return the weights of samples, which all layers and concepts ask for in turn."""
    drawn = poisson_weights(np.frombuffer(samples, np.int64), replicates, seed).astype(np.float64)
    drawn.flags.writeable = False
    return drawn


def _add_exact(into: NDArray[np.int64], sums: NDArray[np.float64]) -> None:
    """Add sums, of any shape, of whole numbers below 2**53, which float64 holds exactly."""
    np.add(into, sums, out=into, casting="unsafe")
