"""How many pixels a unit and a concept share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats import kernels
from unitscope.stats.base import Statistic, agreed, counted
from unitscope.stats.cells import StrongCells
from unitscope.stats.raster import over_unit_blocks

HALVES = 2
"""Even and odd samples are counted apart, so that a label chosen on one half can be scored on the other."""


def halves(samples: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the half, 0 or 1, that each sample number belongs to: ``(n,) -> (n,)``."""
    return samples % HALVES


def half_of(count: int, half: int) -> range:
    """Return the numbers of a half of `count` samples, see :func:`halves`."""
    return range(half, count, HALVES)


class Intersections(Statistic):
    """Counts, for every unit, the pixels above its threshold and how many of them hold each concept.

    Args:
        thresholds: ``(U,)`` float32; a pixel counts where the activation is greater.
        concepts: number of label values C, "nothing" included.
        groups: number of groups of pictures G that are counted apart; two halves by default.
    """

    thresholds = agreed("U", np.float32)
    pixels = counted("G U")
    intersections = counted("G U C")

    def __init__(self, thresholds: NDArray[np.float32], concepts: int, groups: int = HALVES) -> None:
        super().__init__(U=len(thresholds), C=concepts, G=groups)
        self.thresholds = thresholds

    def update(self, cells: StrongCells, labels: NDArray[np.int16], samples: NDArray[np.int64]) -> None:
        """Count activations of n pictures against their label maps ``(n, P, gh, gw)`` by half; samples ``(n,)``."""
        self.count(cells, labels, halves(samples))

    def count(self, cells: StrongCells, labels: NDArray[np.int16], groups: NDArray[np.int64]) -> None:
        """Count activations of n pictures against their label maps ``(n, P, gh, gw)``; their groups ``(n,)``."""
        cells.require(self.thresholds)
        over_unit_blocks(
            cells.units, kernels.intersect,
            *cells.arrays, self.thresholds, planes_last(labels), groups, self.pixels, self.intersections,
        )  # fmt: skip

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pixels ``(G, U)`` and intersections ``(G, U, C)`` by group; value 0, "nothing", counts nothing."""
        self.intersections[:, :, 0] = 0
        return self.pixels, self.intersections


class ConceptAreas(Statistic):
    """Counts the pixels and the pictures of every concept.

    Args:
        concepts: number of label values C, "nothing" included.
    """

    pixels = counted("2 C")
    pictures = counted("2 C")
    points = counted("2")

    def __init__(self, concepts: int) -> None:
        super().__init__(C=concepts)

    def update(self, labels: NDArray[np.int16], samples: NDArray[np.int64]) -> None:
        """Count label maps ``(n, P, gh, gw)``, no concept twice at one pixel, of samples ``(n,)``.

        A point that is negative in the first plane counts nowhere.
        """
        areas = areas_by_picture(labels, self.pixels.shape[1])
        counted = points_by_picture(labels)
        for half, area, points in zip(halves(samples), areas, counted, strict=True):
            self.pixels[half] += area
            self.pictures[half] += area > 0
            self.points[half] += points

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return pixels ``(2, C)``, pictures ``(2, C)`` and raster points ``(2,)`` by half."""
        pixels, pictures = self.pixels.copy(), self.pictures.copy()
        pixels[:, 0] = pictures[:, 0] = 0
        return pixels, pictures, self.points


def planes_last(labels: NDArray[np.int16]) -> NDArray[np.int16]:
    """Bring the planes of each pixel together: ``(n, P, gh, gw) -> (n, gh * gw, P)``."""
    pictures, planes, height, width = labels.shape
    return np.ascontiguousarray(labels.reshape(pictures, planes, height * width).transpose(0, 2, 1))


def areas_by_picture(labels: NDArray[np.int16], concepts: int) -> NDArray[np.int64]:
    """Count the pixels of each label value in each picture: ``(n, P, gh, gw) -> (n, C)``."""
    areas = np.zeros((len(labels), concepts), np.int64)
    kernels.count_labels(labels, areas)
    return areas


def points_by_picture(labels: NDArray[np.int16]) -> NDArray[np.int64]:
    """Count the pixels of each picture ``(n, P, gh, gw) -> (n,)``, without those negative in the first plane."""
    points: NDArray[np.int64] = (labels[:, 0] >= 0).sum((1, 2))
    return points


def without_repeats(labels: NDArray[np.int16]) -> NDArray[np.int16]:
    """Clear a concept from a plane where an earlier plane names it at the same pixel, so that it counts once.

    Label maps ``(n, P, H, W) -> (n, P, H, W)``, a copy.
    """
    labels = labels.copy()
    for plane in range(1, labels.shape[1]):
        for earlier in range(plane):
            labels[:, plane][labels[:, plane] == labels[:, earlier]] = 0
    return labels
