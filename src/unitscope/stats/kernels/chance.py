"""Meeting the masks of pictures with the label maps of other pictures, many times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit


@jit
def meet_others(
    positions: NDArray[np.uint16], offsets: NDArray[np.int64], labels: NDArray[np.int16],
    partners: NDArray[np.int64], pixels: NDArray[np.int64], intersections: NDArray[np.int64],
    first: int, last: int,
) -> None:  # fmt: skip
    """Count the points of masks, alone and with every concept, on the label maps of each picture's partners.

    The masks of a picture are put side by side first, so that all of them are laid on a label map while it is near the
    processor, and the counts of one re-pairing stay there while the pictures pass.

    Args:
        positions: raster points of the masks ``(M,)``, unit by unit and picture by picture.
        offsets: where the points of each unit and picture begin ``(U, n + 1)``.
        labels: ``(N, gh * gw, P)`` of all pictures, see :func:`unitscope.stats.kernels.intersect`.
        partners: rows of `labels` ``(K, n)``: whose label map each picture meets in each re-pairing.
        pixels: ``(K, U)``, added to.
        intersections: ``(K, U, C)``, added to.
        first: first unit.
        last: one past the last unit.
    """
    planes, pictures, units = labels.shape[2], offsets.shape[1] - 1, last - first
    points = 0
    for u in range(first, last):
        points += offsets[u, pictures] - offsets[u, 0]
    places = np.empty(points, positions.dtype)
    ends = np.empty((pictures, units + 1), np.int64)
    end = 0
    for n in range(pictures):
        ends[n, 0] = end
        for u in range(units):
            for i in range(offsets[first + u, n], offsets[first + u, n + 1]):
                places[end] = positions[i]
                end += 1
            ends[n, u + 1] = end
    for k in range(partners.shape[0]):
        for n in range(pictures):
            others = labels[partners[k, n]]
            for u in range(units):
                counts = intersections[k, first + u]
                ignored = 0
                for i in range(ends[n, u], ends[n, u + 1]):
                    if others[places[i], 0] < 0:
                        ignored += 1
                        continue
                    for plane in range(planes):
                        counts[others[places[i], plane]] += 1
                pixels[k, first + u] += ends[n, u + 1] - ends[n, u] - ignored


@jit
def match_best(
    pixels: NDArray[np.int64], intersections: NDArray[np.int64], areas: NDArray[np.int64],
    concepts: NDArray[np.int64], largest: NDArray[np.float64], own: NDArray[np.float64], first: int, last: int,
) -> None:  # fmt: skip
    """Find the largest IoU over all concepts, and that with the unit's own concept, in each re-pairing.

    A unit meets few of the concepts; the others have an IoU of 0, and no number is made of them.

    Args:
        pixels: points of the masks ``(K, U)``.
        intersections: shared with each concept ``(K, U, C)``; those with concept 0 count nothing.
        areas: points of each concept ``(C,)``.
        concepts: the own concept of each unit ``(U,)``.
        largest: receives ``(K, U)``.
        own: receives ``(K, U)``.
        first: first unit.
        last: one past the last unit.
    """
    for k in range(pixels.shape[0]):
        for u in range(first, last):
            best = 0.0
            for concept in range(1, areas.shape[0]):
                shared = intersections[k, u, concept]
                if shared > 0:
                    iou = shared / (np.float64(pixels[k, u] + areas[concept]) - shared)
                    best = max(best, iou)
                    if concept == concepts[u]:
                        own[k, u] = iou
            largest[k, u] = best
