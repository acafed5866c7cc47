"""What IoU chance gives: the masks of a unit on the label maps of other pictures.

In a re-pairing every picture meets the label map of another one. Masks keep their shapes and places, and so do
concepts; only their meeting is broken. The partner of a picture is the next one in a random order of all pictures,
which closes to a circle, so no picture meets itself. The order follows from the seed and the number of the re-pairing
alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats import kernels
from unitscope.stats.base import Statistic, counted
from unitscope.stats.cells import StrongCells
from unitscope.stats.inference import keyed_order
from unitscope.stats.raster import over_unit_blocks

Numbers = NDArray[np.int64]
ORDER = 2**33
"""Tells the orders of re-pairings from other random orders of a seed."""


def partners(samples: Numbers, seed: int, repairings: range) -> Numbers:
    """Return whose label map each sample meets.

    Args:
        samples: numbers of the n samples that could be read, ascending ``(n,)``.
        seed: of the orders.
        repairings: their numbers, K of them.

    Returns:
        Places in `samples` ``(K, n)``; none is its own partner if there are two or more.
    """
    found = np.empty((len(repairings), len(samples)), np.int64)
    count = int(samples.max()) + 1 if len(samples) else 0
    place = np.full(count, -1, np.int64)
    place[samples] = np.arange(len(samples))
    for row, number in zip(found, repairings, strict=True):
        circle = place[keyed_order(count, seed, ORDER + number)]
        circle = circle[circle >= 0]
        row[circle] = np.roll(circle, -1)
    return found


class ChanceIntersections(Statistic):
    """Counts, in every re-pairing, the points of each unit's masks and how many of them hold each concept.

    Args:
        repairings: how many, K.
        units: U.
        concepts: number of label values C, "nothing" included.
    """

    pixels = counted("K U")
    intersections = counted("K U C")

    def __init__(self, repairings: int, units: int, concepts: int) -> None:
        super().__init__(K=repairings, U=units, C=concepts)

    def update(self, masks: StrongCells, labels: NDArray[np.int16], others: Numbers) -> None:
        """Lay masks on other label maps.

        Args:
            masks: the points above the thresholds of n pictures, see :meth:`StrongCells.points_above`.
            labels: label maps of all N pictures, planes last ``(N, gh * gw, P)``.
            others: rows of `labels` that the pictures meet ``(K, n)``.
        """
        over_unit_blocks(
            masks.units, kernels.meet_others,
            masks.positions, masks.offsets, labels, others, self.pixels, self.intersections,
        )  # fmt: skip

    def result(self) -> tuple[Numbers, Numbers]:
        """Return points ``(K, U)`` and those shared ``(K, U, C)``; value 0, "nothing", counts nothing."""
        self.intersections[:, :, 0] = 0
        return self.pixels, self.intersections


def chance_iou(
    pixels: Numbers, shared: Numbers, areas: Numbers, concepts: Numbers
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the largest IoU of masks over all concepts in each re-pairing ``(K, U)``, and that with their own concept.

    Args:
        pixels: points of the masks ``(K, U)``.
        shared: with each concept ``(K, U, C)``.
        areas: points of each concept ``(C,)``, which re-pairing does not change.
        concepts: the own concept of each unit ``(U,)``; 0 for none.
    """
    largest, own = (np.zeros(pixels.shape) for _ in range(2))
    over_unit_blocks(
        pixels.shape[1], kernels.match_best,
        pixels, shared, areas, np.ascontiguousarray(concepts), largest, own,
    )  # fmt: skip
    return largest, own
