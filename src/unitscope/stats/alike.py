"""Which units of a layer are alike: where their masks meet, and whether the same pictures make them strong."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats import kernels
from unitscope.stats.base import Statistic, agreed, counted
from unitscope.stats.cells import StrongCells
from unitscope.stats.raster import over_unit_blocks

STEPS = 255
"""Levels between a unit's threshold and the highest activation it has."""


def peak_levels(
    points: StrongCells, thresholds: NDArray[np.float32], highest: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Return how strong units are on each picture ``(n, U)``: 0 is not on, `STEPS` their highest activation.

    Levels between are equal steps of the activation. Whole numbers add up to the same bits in any order.

    Args:
        points: raster points, at least all above the thresholds.
        thresholds: ``(U,)``, in activation scale.
        highest: activation of each unit ``(U,)``.
    """
    peaks = np.repeat(thresholds[None], points.counts.shape[1], axis=0)
    over_unit_blocks(points.units, kernels.find_peaks, points.values, points.offsets, peaks)
    span = np.maximum(highest - thresholds, np.finfo(np.float32).tiny).astype(np.float64)
    steps = np.ceil(STEPS * (peaks.astype(np.float64) - thresholds) / span)
    levels: NDArray[np.uint8] = np.clip(steps, 0, STEPS).astype(np.uint8)
    return levels


class UnitLikeness(Statistic):
    """Counts, for every two units of a layer, the pixels where both are on, and how their peaks go together.

    Args:
        thresholds: ``(U,)``, in activation scale.
        highest: activation of each unit ``(U,)``.
    """

    thresholds = agreed("U", np.float32)
    highest = agreed("U", np.float32)
    shared = counted("U U")
    products = counted("U U")
    sums = counted("U")
    pictures = counted("1")

    def __init__(self, thresholds: NDArray[np.float32], highest: NDArray[np.float32]) -> None:
        super().__init__(U=len(thresholds))
        self.thresholds, self.highest = thresholds, highest

    def update(
        self, points: StrongCells, labels: NDArray[np.int16], wanted: NDArray[np.bool_] | None = None
    ) -> None:
        """Take in the raster points above the thresholds, of all pictures or of those that are `wanted` ``(n,)``.

        Points of the label maps ``(n, P, gh, gw)`` that are negative in the first plane count in no mask.
        """
        wanted = np.ones(len(labels), np.bool_) if wanted is None else wanted
        places = points.sampling.shape[0] * points.sampling.shape[1]
        counts = (labels[:, 0] >= 0).reshape(len(labels), places)
        starts = np.zeros(places + 1, np.int64)
        kernels.meet_each_other(
            points.values,
            points.positions,
            points.offsets,
            self.thresholds,
            wanted,
            counts,
            starts,
            self.shared,
        )
        # Products of levels are whole and below 2 ** 53, so floating point holds them exactly.
        levels = peak_levels(points, self.thresholds, self.highest)[wanted].astype(np.float64)
        self.products += (levels.T @ levels).astype(np.int64)
        self.sums += levels.sum(axis=0).astype(np.int64)
        self.pictures += int(wanted.sum())

    def result(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return, for every two units ``(U, U)``, the IoU of their masks and the correlation of their peaks.

        The correlation is Pearson's, over pictures, of the largest activation on each, counted as the threshold where
        the unit is not on; 0 for a unit that is equally strong on all pictures.
        """
        shared = self.shared + np.triu(self.shared, 1).T
        pixels = shared.diagonal()
        union = pixels[:, None] + pixels[None] - shared
        overlap = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
        mean = self.sums / max(int(self.pictures[0]), 1)
        covariance = self.products / max(int(self.pictures[0]), 1) - np.outer(mean, mean)
        spread = np.sqrt(np.maximum(covariance.diagonal(), 0))
        scale = np.outer(spread, spread)
        correlation = np.divide(covariance, scale, out=np.zeros(shared.shape), where=scale > 1e-12)
        return overlap, np.clip(correlation, -1, 1)
