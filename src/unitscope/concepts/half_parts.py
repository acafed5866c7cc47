"""Half-parts: the top, left, bottom and right half of every object, cut at the middle of its bounding box."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

HALVES = ("t", "l", "b", "r")
"""The halves in the order of the vocabulary: top, left, bottom, right."""
HALF_PLANES = 2
"""Top and bottom exclude each other, and so do left and right: two planes."""


def half_parts(objects: NDArray[np.integer], *, first: int, count: int) -> NDArray[np.int32]:
    """Return the half-parts of label maps of objects.

    A component is a set of pixels of one object that touch at sides or corners. The row where its bounding
    box is cut is (top + bottom + 1) // 2 for the first and last row it covers; the row itself belongs to the
    bottom half. Columns alike.

    Args:
        objects: ``(n, h, w)``, 0 = nothing, else an object from 1 to `count`.
        first: number of the top half of object 1; the halves of all objects follow in the order of `HALVES`.
        count: number of objects.

    Returns:
        ``(n, 2, h, w)`` int32: top and bottom halves, left and right halves; 0 where there is no object.
    """
    maps = np.ascontiguousarray(objects, np.int32)
    result = np.zeros((len(maps), HALF_PLANES, *maps.shape[1:]), np.int32)
    for labels, halves in zip(maps, result, strict=True):
        _halve(labels, halves, first - 1, count)
    return result


@njit(cache=True, nogil=True)
def _root(parents: NDArray[np.int32], node: int) -> int:  # pragma: no cover
    while parents[node] != node:
        parents[node] = parents[parents[node]]
        node = parents[node]
    return node


@njit(cache=True, nogil=True)
def _join(parents: NDArray[np.int32], one: int, other: int) -> int:  # pragma: no cover
    """Join two components and return the older of their roots."""
    one, other = _root(parents, one), _root(parents, other)
    if one < other:
        parents[other] = one
        return one
    parents[one] = other
    return other


@njit(cache=True, nogil=True)
def _components(labels: NDArray[np.int32], marks: NDArray[np.int32]) -> NDArray[np.int32]:  # pragma: no cover
    """Write a provisional component into `marks` for every pixel; return the parent of each (0 = nothing)."""
    rows, columns = labels.shape
    parents = np.zeros(rows * columns + 1, np.int32)
    found = 0
    for i in range(rows):
        for j in range(columns):
            label = labels[i, j]
            if label == 0:
                continue
            mark = 0
            if j > 0 and labels[i, j - 1] == label:
                mark = marks[i, j - 1]
            if i > 0:
                for k in range(max(j - 1, 0), min(j + 2, columns)):
                    if labels[i - 1, k] == label and marks[i - 1, k] != mark:
                        mark = _join(parents, mark, marks[i - 1, k]) if mark else marks[i - 1, k]
            if mark == 0:
                found += 1
                parents[found] = mark = found
            marks[i, j] = mark
    for mark in range(1, found + 1):
        parents[mark] = parents[parents[mark]]
    return parents[: found + 1]


@njit(cache=True, nogil=True)
def _halve(
    labels: NDArray[np.int32], halves: NDArray[np.int32], offset: int, count: int
) -> None:  # pragma: no cover
    rows, columns = labels.shape
    marks = np.zeros((rows, columns), np.int32)
    parents = _components(labels, marks)
    boxes = np.empty((len(parents), 4), np.int32)  # top, left, bottom, right of each component
    boxes[:, 0], boxes[:, 1], boxes[:, 2:] = rows, columns, -1
    for i in range(rows):
        for j in range(columns):
            mark = parents[marks[i, j]]
            marks[i, j] = mark
            box = boxes[mark]
            box[0], box[1] = min(box[0], i), min(box[1], j)
            box[2], box[3] = max(box[2], i), max(box[3], j)
    for i in range(rows):
        for j in range(columns):
            label = labels[i, j]
            if label == 0:
                continue
            box = boxes[marks[i, j]]
            halves[0, i, j] = offset + label + (0 if i < (box[0] + box[2] + 1) // 2 else 2 * count)
            halves[1, i, j] = offset + label + (1 if j < (box[1] + box[3] + 1) // 2 else 3) * count
