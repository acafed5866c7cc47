"""How sure an IoU is: the Poisson bootstrap over pictures.

Every replicate weighs each picture by an independent Poisson(1) count, the limit of drawing with replacement from many
pictures (Hanley and MacGibbon 2006; Chamandy et al. 2012). A picture's weights depend on the seed and its sample number
only, so sums over replicates merge like any count, and nothing is kept of single pictures.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats import kernels
from unitscope.stats.base import State, add_counts
from unitscope.stats.cells import StrongCells
from unitscope.stats.intersection import areas_by_picture, planes_last
from unitscope.stats.raster import over_unit_blocks

TOGETHER = 256
"""Pictures weighed at once: one product of matrices costs less than many."""


class IntersectionBootstrap:
    """Sums weighted intersections and unions of every unit with one concept of its own.

    Args:
        thresholds: ``(U,)`` float32.
        concepts: label value of each unit's concept ``(U,)``; 0 for none.
        label_values: number of label values C.
        replicates: number of bootstrap replicates R.
        seed: seed of the weights.
    """

    def __init__(
        self,
        thresholds: NDArray[np.float32],
        concepts: NDArray[np.int64],
        *,
        label_values: int,
        replicates: int = 1000,
        seed: int = 0,
    ) -> None:
        self.thresholds, self.concepts = thresholds, concepts
        self.label_values, self.seed = label_values, seed
        self._intersections: NDArray[np.int64] = np.zeros((replicates, len(thresholds)), np.int64)
        self._unions: NDArray[np.int64] = np.zeros((replicates, len(thresholds)), np.int64)
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []

    def update(self, cells: StrongCells, labels: NDArray[np.int16], samples: NDArray[np.int64]) -> None:
        """Weigh activations of n pictures and their label maps ``(n, P, gh, gw)``; samples ``(n,)``."""
        cells.require(self.thresholds)
        shape = (len(samples), cells.units)
        pixels, shared = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        over_unit_blocks(
            cells.units, kernels.intersect_by_picture,
            cells.values, cells.positions, cells.offsets, *cells.axes,
            self.thresholds, planes_last(labels), self.concepts, pixels, shared,
        )  # fmt: skip
        areas = areas_by_picture(labels, self.label_values)
        areas[:, 0] = 0
        shared[:, self.concepts == 0] = 0
        unions = pixels + areas[:, self.concepts] - shared
        self._waiting.append((samples, shared, unions))
        if sum(len(waiting[0]) for waiting in self._waiting) >= TOGETHER:
            self._weigh()

    def _weigh(self) -> None:
        """Add what waits to the sums of all replicates."""
        if not self._waiting:
            return
        samples, shared, unions = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        self._waiting.clear()
        weights = poisson_weights(samples, len(self._intersections), self.seed).astype(np.float64)
        _add_exact(self._intersections, weights.T @ shared.astype(np.float64))
        _add_exact(self._unions, weights.T @ unions.astype(np.float64))

    def merge(self, other: IntersectionBootstrap) -> None:
        """Add the sums of `other`, which must have the same thresholds, concepts and seed."""
        same = np.array_equal(self.thresholds, other.thresholds) and np.array_equal(
            self.concepts, other.concepts
        )
        if not same or self.seed != other.seed:
            raise ValueError("bootstraps of different thresholds, concepts or seeds do not add up")
        for each in (self, other):
            each._weigh()
        add_counts(self._intersections, other._intersections, "intersections")
        add_counts(self._unions, other._unions, "unions")

    def state_dict(self) -> State:
        """Return thresholds, concepts, seed and the sums ``(R, U)``."""
        self._weigh()
        return {
            "thresholds": self.thresholds.copy(),
            "concepts": self.concepts.copy(),
            "seed": np.array([self.seed]),
            "intersections": self._intersections.copy(),
            "unions": self._unions.copy(),
        }

    def load_state_dict(self, state: State) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.thresholds, self.concepts = state["thresholds"].copy(), state["concepts"].copy()
        self.seed = int(state["seed"][0])
        self._waiting.clear()
        self._intersections, self._unions = state["intersections"].copy(), state["unions"].copy()

    def result(self, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the percentile interval of the IoU, low and high ``(U,)``."""
        self._weigh()
        iou = np.ascontiguousarray((self._intersections / np.maximum(self._unions, 1)).T)
        tail = (1 - confidence) / 2
        low, high = np.quantile(iou, [tail, 1 - tail], axis=1)
        return low, high


def _add_exact(into: NDArray[np.int64], sums: NDArray[np.float64]) -> None:
    """Add sums of whole numbers below 2**53, which float64 holds exactly."""
    np.add(into, sums, out=into, casting="unsafe")


def poisson_weights(samples: NDArray[np.int64], replicates: int, seed: int) -> NDArray[np.int64]:
    """Draw Poisson(1) weights ``(n, R)``; a row depends on the seed and its sample number alone."""
    rows = [
        np.random.Generator(np.random.Philox(key=[seed, sample])).poisson(1.0, replicates)
        for sample in samples
    ]
    return np.stack(rows) if rows else np.zeros((0, replicates), np.int64)
