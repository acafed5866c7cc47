"""What strokes change: areas of concepts before and after, whether each stroke took, and what stands at a place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy import ndimage

from unitscope.concepts.vocabulary import Vocabulary
from unitscope.experiments.effects.locations import Footprints
from unitscope.paint.cells import Grid, region_of
from unitscope.paint.palette import key_of
from unitscope.paint.recipe import Region, Stroke
from unitscope.run.masks import Mask
from unitscope.stats.intersection import areas_by_picture

Labels = NDArray[np.int16]
TOOK = 0.25
"""Points that a concept must gain or lose in the region of a stroke, as a fraction of those where it could."""
SHOWN = 3
"""Concepts that are named where a stroke is."""


def took(tool: str, was: NDArray[np.bool_], now: NDArray[np.bool_]) -> bool:
    """Tell whether a stroke took: it drew a concept where it was not, or erased it where it was, on enough points.

    Args:
        tool: ``draw`` or ``erase``.
        was: which points of the region held the concept before ``(n,)``.
        now: which hold it now.
    """
    changed, could = (now & ~was, ~was) if tool == "draw" else (was & ~now, was)
    return int(changed.sum()) >= max(1, math.ceil(TOOK * int(could.sum())))


class There(Struct, frozen=True):
    """A concept, and the share of a region that it covers."""

    concept: str
    share: float


class StrokeChange(Struct, frozen=True):
    """What a stroke did.

    Attributes:
        took: whether its concept grew where it draws, or shrank where it erases; None where it is off, or no concept
            of the vocabulary is meant.
        grew: how much more of the picture the concept covers there, as a share of the picture; less than 0 for less.
        there: what covered most of the region before, of the category of the concept.
        note: the same in words; empty where there is nothing to say.
    """

    took: bool | None
    grew: float
    there: tuple[There, ...]
    note: str


class Changes(Struct, frozen=True):
    """Shares of the picture by concept, before and after, and what each stroke did."""

    before: Mapping[str, float]
    after: Mapping[str, float]
    strokes: tuple[StrokeChange, ...]


class Selected(Struct, frozen=True):
    """A concept, where it is connected with a place, and the share of the picture that this part is."""

    concept: str | None
    region: Region | None
    share: float


class ChangeReader:
    """Compares label maps ``(P, gh, gw)``.

    Args:
        vocabulary: of the label maps.
        grid: of the layer ``(h, w)``.
        points: the pixel grid ``(gh, gw)``.
    """

    def __init__(self, vocabulary: Vocabulary, grid: Grid, points: Grid) -> None:
        self.vocabulary, self.grid, self.points = vocabulary, grid, points
        self.footprints = Footprints.of(grid, points)
        self.keys = [None if each is None else key_of(each.name, each.category) for each in vocabulary]

    def number(self, concept: str | None) -> int:
        """Return the label value of ``CATEGORY/NAME``, ``NAME|CATEGORY`` or a name that one concept has; 0 for none."""
        if concept is None:
            return 0
        if concept in self.keys:
            return self.keys.index(concept)
        found = [n for n, each in enumerate(self.vocabulary) if each and concept in (each.name, str(each))]
        return found[0] if len(found) == 1 else 0

    def shares(self, labels: Labels) -> dict[str, float]:
        """Return the share of the picture of every concept that is in it."""
        areas = areas_by_picture(labels[None], len(self.vocabulary))[0] / math.prod(self.points)
        return {str(self.keys[n]): float(areas[n]) for n in np.flatnonzero(areas) if n}

    def compare(
        self, before: Labels, after: Labels, strokes: Sequence[Stroke], cells: Sequence[Mask]
    ) -> Changes:
        """Compare a picture without strokes with one that has them all.

        Args:
            before: label map ``(P, gh, gw)``.
            after: likewise.
            strokes: all of them.
            cells: that each touches ``(h, w)``.
        """
        done = tuple(
            self._stroke(before, after, stroke, touched)
            for stroke, touched in zip(strokes, cells, strict=True)
        )
        return Changes(self.shares(before), self.shares(after), done)

    def _stroke(self, before: Labels, after: Labels, stroke: Stroke, cells: Mask) -> StrokeChange:
        inside = self._points(cells)
        number, size = self.number(stroke.concept), max(int(inside.sum()), 1)
        there = self._there(before, inside, number)
        if not stroke.on:
            return StrokeChange(None, 0.0, there, "")
        if not number:
            return StrokeChange(
                None, 0.0, there, "" if stroke.concept is None else self._unknown(stroke.concept)
            )
        was, now = ((labels == number).any(0)[inside] for labels in (before, after))
        done, held = took(stroke.tool, was, now), int(was.sum())
        note = "" if done else self._note(stroke, there, held, size)
        return StrokeChange(done, (int(now.sum()) - held) / math.prod(self.points), there, note)

    def _points(self, cells: Mask) -> Mask:
        """Return the points of the pixel grid ``(gh, gw)`` in some cells ``(h, w)``."""
        points = np.zeros(math.prod(self.points), np.bool_)
        points[self.footprints.point[cells.ravel()[self.footprints.cell]]] = True
        return points.reshape(self.points)

    def _there(self, labels: Labels, inside: Mask, number: int) -> tuple[There, ...]:
        found = labels[:, inside]
        counts = np.bincount(found[found > 0], minlength=len(self.vocabulary))
        concept = self.vocabulary[number]
        if concept is not None:
            others = np.ones(len(counts), np.bool_)
            others[list(self.vocabulary.of_category(concept.category))] = False
            counts[others] = 0
        order = np.argsort(-counts, kind="stable")[:SHOWN]
        size = max(int(inside.sum()), 1)
        return tuple(There(str(self.keys[n]), float(counts[n] / size)) for n in order if counts[n])

    def _unknown(self, concept: str) -> str:
        return f"the segmenter has no concept {concept!r}"

    def _note(self, stroke: Stroke, there: Sequence[There], was: int, size: int) -> str:
        name = str(stroke.concept).rpartition("/")[2]
        if stroke.tool == "erase":
            return f"no {name} was there" if not was else f"{name} is still there"
        if was > size / 2:
            return f"{name} was there already"
        stood = there[0].concept.rpartition("/")[2] if there else "nothing that has a name"
        return f"no {name} came: {stood} stood there"

    def region(self, labels: Labels, place: tuple[int, int], scale: int) -> Selected:
        """Return the connected part of the concept at a place, as cells of the layer.

        A cell belongs to it if half of its points or more do; the cell at the place always does.

        Args:
            labels: label map ``(P, gh, gw)``.
            place: x and y, from 0 to `scale`.
            scale: the far edge.
        """
        (height, width), (x, y) = self.points, place
        row, column = min(y * height // scale, height - 1), min(x * width // scale, width - 1)
        number = int(next((value for value in labels[:, row, column] if value > 0), 0))
        if not number:
            return Selected(None, None, 0.0)
        parts, _ = ndimage.label((labels == number).any(0))
        inside = parts == parts[row, column]
        points, size = self.footprints.cell, self.footprints.cells
        held = np.bincount(points, inside.ravel()[self.footprints.point], size)
        cells: Mask = (2 * held >= np.bincount(points, minlength=size)).reshape(self.grid)
        cells[
            min(y * self.grid[0] // scale, self.grid[0] - 1), min(x * self.grid[1] // scale, self.grid[1] - 1)
        ] = True
        return Selected(self.keys[number], region_of(cells), float(inside.mean()))
