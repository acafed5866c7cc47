"""The two maps of the report: units against classes, and classes against classes, in an order that shows groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.report.importance import numbers
from unitscope.report.importance.data import MANY, Importance, Matrix

MOST_CLASSES, MOST_UNITS = 400, 1024
"""The largest map that is drawn: beyond, only the classes and units with the strongest correlations are."""


@dataclass(frozen=True)
class Maps:
    """Both maps, in the order in which they are drawn.

    Attributes:
        classes: rows of the classes.
        units: rows of the units.
        correlation: `(classes, units)`, NaN for none.
        scale: the correlation of the strongest colour.
        overlap: Jaccard overlap of the important sets, `(classes, classes)`, NaN for none.
        most: the size of those sets.
        pairs: the pairs of classes with the largest overlap: first, second, overlap.
    """

    classes: list[int]
    units: list[int]
    correlation: Matrix
    scale: float
    overlap: Matrix
    most: int
    pairs: list[tuple[int, int, float]]


def make_maps(data: Importance, *, pairs: int = 12) -> Maps:
    """Put classes and units in order and take their correlations and overlaps."""
    classes = _strongest(data.correlation, MOST_CLASSES, axis=0)
    units = _strongest(data.correlation, MOST_UNITS, axis=1)
    part = data.correlation[np.ix_(classes, units)]
    class_order = numbers.class_order(part)
    unit_order = numbers.unit_order(part, class_order)
    rows = [int(classes[place]) for place in class_order]
    size = np.abs(part[np.isfinite(part)])
    most = min(MANY, max(1, len(data.units) // 2))
    overlap = numbers.overlap(data.rank, most)
    return Maps(
        classes=rows,
        units=[int(units[place]) for place in unit_order],
        correlation=part[np.ix_(class_order, unit_order)],
        scale=max(1e-3, float(np.percentile(size, 99.5)) if size.size else 0.0),
        overlap=overlap[np.ix_(rows, rows)],
        most=most,
        pairs=_pairs(overlap, pairs),
    )


def _strongest(matrix: Matrix, most: int, *, axis: int) -> NDArray[np.int64]:
    """Return the places along an axis, in order: all of them, or the `most` that have the largest values."""
    size = np.nan_to_num(np.abs(matrix)).max(1 - axis) if matrix.size else np.zeros(matrix.shape[axis])
    return np.sort(np.argsort(-size, kind="stable")[:most])


def _pairs(overlap: Matrix, count: int) -> list[tuple[int, int, float]]:
    first, second = np.triu_indices(len(overlap), 1)
    values = np.nan_to_num(overlap[first, second])
    best = np.argsort(-values, kind="stable")[:count]
    return [(int(first[at]), int(second[at]), float(values[at])) for at in best if values[at] > 0]
