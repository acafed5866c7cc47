"""How well the whole activation of a unit, not its mask, tells the pixels of one concept from all others.

Values are counted in the bins of the activation histogram. All pixels have been counted there already, so only those
that hold the concept, and those that count nowhere, are looked at again: what is left are the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats import kernels
from unitscope.stats.base import Statistic, agreed, counted
from unitscope.stats.cells import StrongCells
from unitscope.stats.quantile import LEVELS, ActivationHistogram
from unitscope.stats.ranking import areas_of_counts
from unitscope.stats.raster import over_unit_blocks


class LabelHistogram(Statistic):
    """Counts the raster values of every unit where one concept of its own is, and where pixels count nowhere.

    Bins are those of :class:`ActivationHistogram`.

    Args:
        concepts: label value of each unit's concept ``(U,)``; 0 for none.
    """

    concepts = agreed("U", np.int64)
    inside = counted("U B")
    ignored = counted("U B")

    def __init__(self, concepts: NDArray[np.int64]) -> None:
        super().__init__(U=len(concepts), B=1 << LEVELS[0])
        self.concepts = concepts

    def update(self, cells: StrongCells, labels: NDArray[np.int16]) -> None:
        """Count activations of n pictures, of which every cell was kept; label maps ``(n, P, gh, gw)``.

        Raises:
            ValueError: not every cell was kept.
        """
        cells.require(np.full(cells.units, -np.inf, np.float32))
        numbers, own = np.unique(self.concepts, return_inverse=True)
        lists = np.full(1 + max(labels.max(initial=0), numbers.max(initial=0)), -1, np.int64)
        lists[numbers] = np.arange(len(numbers))
        own, last = np.where(self.concepts > 0, own, -1), len(numbers)
        lists[0] = -1
        pictures, planes, height, width = labels.shape
        starts = np.zeros(pictures * (last + 1) + 1, np.int64)
        flat = np.ascontiguousarray(labels.reshape(pictures, planes, height * width))
        places = kernels.list_points(flat, lists, starts)
        for which, counts in ((own, self.inside), (np.full(len(own), last), self.ignored)):
            over_unit_blocks(
                cells.units, kernels.count_listed,
                *cells.arrays, places, starts, which, 32 - LEVELS[0], counts,
            )  # fmt: skip

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how many pixels with the concept, and that count nowhere, are in each bin ``(U, bins)``."""
        return self.inside, self.ignored

    def against(self, histogram: ActivationHistogram) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return AUROC and average precision of every unit ``(U,)``; NaN where there are no pixels of one kind.

        Values in one bin count as equal.

        Args:
            histogram: of all pixels of the same pictures.

        Raises:
            ValueError: it is of other pictures.
        """
        filled = np.flatnonzero(histogram.counts.any(0))[::-1]
        used = histogram.first_bin + filled
        inside = self.inside[:, used]
        outside = histogram.counts[:, filled] - inside - self.ignored[:, used]
        if (outside < 0).any() or inside.sum() != self.inside.sum():
            raise ValueError("the histogram has not seen the pictures that the concepts were counted on")
        here, there = inside.sum(1), outside.sum(1)
        with np.errstate(invalid="ignore"):
            share = here / (here + there)
        return areas_of_counts(inside.T.astype(np.float64), outside.T.astype(np.float64), share)
