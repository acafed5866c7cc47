"""Labellers: what turns a picture into label maps on the grid that statistics are counted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from unitscope.concepts.masks import PictureMasks
from unitscope.concepts.outputs import labels_from_output
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import IGNORED, NOTHING, Vocabulary
from unitscope.errors import UnitscopeError, one_line
from unitscope.sources.base import LabelledSource
from unitscope.sources.framing import Framing

Background = Literal["background", "ignore"]

PATCHES = 8
"""Patches along a side of the picture of noise that a segmenter is tried with."""
UNLIKE = 0.02
"""Of the points of a label map, so many may change when a picture is labelled again: that is how scores round."""

Prepared = Any
"""What a labeller keeps of a picture until its batch is labelled; nobody else looks into it."""


@dataclass(frozen=True)
class Counting:
    """Which points of label maps count nowhere, neither for a concept nor against it.

    Attributes:
        ignored: numbers in masks, or of a segmenter, that say so.
        unlabelled: what points with no label in any plane are: background, which counts against the concepts that are
            not there, or ignored too.
    """

    ignored: tuple[int, ...] = ()
    unlabelled: Background = "background"


@dataclass(frozen=True)
class PixelGrid:
    """The grid that label maps are made on.

    Attributes:
        framing: the region of the picture that the network sees.
        size: height and width of the network's input, pixels.
        grid: rows and columns of the label maps.
    """

    framing: Framing
    size: tuple[int, int]
    grid: tuple[int, int]


class Labeller(Protocol):
    """Label maps for pictures, in two steps: a cheap one for a loader thread, and one for whole batches.

    Attributes:
        vocabulary: what the numbers in the label maps mean.
        planes: P, the number of planes of a label map.
        name: for titles and messages.
        content_hash: changes when the labels do.
        counting: which points of its label maps count nowhere.
    """

    @property
    def counting(self) -> Counting: ...  # noqa: D102
    @property
    def vocabulary(self) -> Vocabulary: ...  # noqa: D102
    @property
    def planes(self) -> int: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def content_hash(self) -> str: ...  # noqa: D102

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> Prepared:
        """Return what `label` needs of one picture.

        Args:
            index: of the picture in its source.
            picture: the whole original picture, RGB, (H, W, 3) uint8.
        """
        ...

    def label(self, prepared: Sequence[Prepared]) -> NDArray[np.int32]:
        """Return the label maps of a batch, (n, P, rows, columns); 0 is "nothing", IGNORED counts nowhere."""
        ...


def checked_labels(labels: NDArray[np.generic], vocabulary: Vocabulary, where: str) -> NDArray[np.int32]:
    """Return label maps that hold nothing but numbers of a vocabulary and IGNORED: others would be counted anywhere.

    Args:
        labels: label maps, or one.
        vocabulary: what the numbers mean.
        where: they come from, for messages.

    Raises:
        UnitscopeError: they hold fractions, or other numbers.
    """
    if labels.dtype.kind not in "iub":
        raise UnitscopeError(f"{where} has labels of {labels.dtype}; give whole numbers, as of int32")
    if labels.size:
        low, high = int(labels.min()), int(labels.max())
        if low < IGNORED or high >= len(vocabulary):
            wrong = low if low < IGNORED else high
            raise UnitscopeError(
                f"{where} has the label {wrong}, and its vocabulary the numbers 1 to {len(vocabulary) - 1}; give "
                f"these, {NOTHING} for nothing or {IGNORED} for what counts nowhere"
            )
    return labels.astype(np.int32, copy=False)


class Unlabelled:
    """No concepts at all, for questions that need none: one plane with one cell of "nothing"."""

    counting = Counting()
    vocabulary = Vocabulary([])
    planes = 1
    grid = (1, 1)
    name = "none"
    content_hash = ""

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> None:
        """Return nothing, which is all that `label` needs."""

    def label(self, prepared: Sequence[Prepared]) -> NDArray[np.int32]:
        """Return label maps of "nothing", (n, 1, 1, 1)."""
        return np.zeros((len(prepared), self.planes, *self.grid), np.int32)


class _SourceLabeller:
    """Label maps that somebody already has for whole pictures, sampled on the grid."""

    counting = Counting()

    def __init__(self, where: PixelGrid) -> None:
        self.where = where

    def _sample(self, labels: NDArray[np.int32]) -> NDArray[np.int32]:
        return self.where.framing.sample_labels(labels, size=self.where.size, grid=self.where.grid)

    def label(self, prepared: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
        """Return the label maps of a batch, (n, P, rows, columns)."""
        return np.stack(prepared).astype(np.int32, copy=False)


class WorldLabeller(_SourceLabeller):
    """The label maps that pictures come with, such as the exact ones of a source that makes its own pictures.

    Args:
        source: has ``labels(index)`` -> (P, H, W), `vocabulary`, `name` and `content_hash`.
        where: the grid of the label maps.

    Raises:
        UnitscopeError: the first label map is none.
    """

    def __init__(self, source: LabelledSource, where: PixelGrid) -> None:
        super().__init__(where)
        self.source = source
        if not isinstance(source.vocabulary, Vocabulary):
            kind = type(source.vocabulary).__name__
            raise UnitscopeError(
                f"the vocabulary of {source.name!r} is a {kind}; give a Vocabulary of Concepts"
            )
        self.vocabulary: Vocabulary = source.vocabulary
        self.planes = int(self._labels(0).shape[0])
        self.name = source.name
        self.content_hash = source.content_hash

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the label map of one picture on the grid, (P, rows, columns).

        Raises:
            UnitscopeError: it does not fit the picture, or holds what is not in the vocabulary.
        """
        labels = self._labels(index)
        if labels.shape != (self.planes, *picture.shape[:2]):
            raise UnitscopeError(
                f"{self._place(index)} is {picture.shape[1]}x{picture.shape[0]} pixels and its label map "
                f"{labels.shape[2]}x{labels.shape[1]} of {labels.shape[0]} planes; give it as it is seen, of "
                f"{self.planes} planes as the first"
            )
        sampled = checked_labels(self._sample(labels), self.vocabulary, self._place(index))
        return np.where((sampled == IGNORED).any(0), IGNORED, sampled)

    def _labels(self, index: int) -> NDArray[np.int32]:
        labels = np.asarray(self.source.labels(index))
        if labels.ndim != 3 or not labels.size:
            raise UnitscopeError(
                f"{self._place(index)} has labels of shape {labels.shape}; give planes, rows and columns (P, H, W)"
            )
        return labels

    def _place(self, index: int) -> str:
        return f"picture {self.source.sample_ids[index]!r} of {self.source.name!r}"


class MaskLabeller(_SourceLabeller):
    """Ground-truth masks; call `check` before any work.

    Args:
        masks: the mask files.
        where: the grid of the label maps.
    """

    def __init__(self, masks: PictureMasks, where: PixelGrid) -> None:
        super().__init__(where)
        self.masks = masks
        self.counting = Counting(tuple(sorted({number for plane in masks.ignored for number in plane})))
        self.vocabulary = masks.vocabulary
        self.planes = masks.planes
        self.name = masks.name

    @property
    def content_hash(self) -> str:
        """Changes when a mask or a label file does."""
        return self.masks.content_hash

    def check(self) -> None:
        """Raise `UnitscopeError` for the first mask that is missing or wrong, see `PictureMasks.check`."""
        self.masks.check()

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the label map of one picture on the grid, (P, rows, columns).

        Raises:
            UnitscopeError: a mask does not fit its picture.
        """
        labels = self.masks.labels(index)
        if labels.shape[1:] != picture.shape[:2]:
            sample_id = self.masks.pictures.sample_ids[index]
            raise UnitscopeError(
                f"picture {sample_id!r} is {picture.shape[1]}x{picture.shape[0]} pixels and "
                f"its mask {labels.shape[2]}x{labels.shape[1]}; make the mask for the picture as it is seen"
            )
        return self._sample(labels)


class SegmenterLabeller:
    """Label maps made by a segmentation network.

    The segmenter sees the same region as the network that is looked into, resized from the original picture
    to the segmenter's own input; where its preprocessing asks for another framing, the network's is used.

    Args:
        segmenter: the network with its vocabulary.
        where: the grid of the label maps.
    """

    def __init__(self, segmenter: Segmenter, where: PixelGrid) -> None:
        self.segmenter, self.counting = segmenter, Counting(tuple(sorted(segmenter.void)))
        self.framing = replace(where.framing, interpolation=segmenter.preprocessing.interpolation)
        self.size, self.grid = where.size, where.grid
        self.aspect = where.size[1] / where.size[0]
        self.vocabulary = segmenter.vocabulary
        self.planes = segmenter.planes
        self.name = segmenter.name
        self.content_hash = segmenter.content_hash

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> NDArray[np.float32]:  # noqa: ARG002
        """Return the segmenter's input for one picture, (3, h, w) float32."""
        preprocessing = self.segmenter.preprocessing
        return preprocessing.apply(self.framing.resize(picture, preprocessing.size, aspect=self.aspect))

    def label(self, prepared: Sequence[NDArray[np.float32]]) -> NDArray[np.int32]:
        """Return the label maps of a batch, (n, P, rows, columns).

        Raises:
            UnitscopeError: the segmenter fails, or returns something that does not fit its vocabulary.
        """
        smallest, largest = self.segmenter.batch
        parts = [
            self._label_batch(np.stack(prepared[start : start + largest]), smallest)
            for start in range(0, len(prepared), largest)
        ]
        return np.concatenate(parts)

    def answers(self, pictures: Sequence[NDArray[np.uint8]]) -> Literal["same", "again", "company"]:
        """Label a picture after one of coloured noise, which is unlike it, and alone.

        Args:
            pictures: two ``(H, W, 3)``: one for a segmenter that fails on noise, and the one that is labelled.

        Returns:
            again: another label map when the same picture comes again; company: when other pictures come with it, or
            before it.

        Raises:
            UnitscopeError: the segmenter fails, or returns something that does not fit its vocabulary.
        """
        patches = np.random.default_rng(0).integers(0, 256, (PATCHES, PATCHES, 3), np.uint8)
        rows, columns = (np.arange(pixels) * PATCHES // pixels for pixels in self.size)
        noise, other, own = (self.prepare(0, each) for each in (patches[rows][:, columns], *pictures))
        alone = self.label([own])
        try:
            together = self.label([noise, own])[1:]
        except UnitscopeError:
            together = self.label([other, own])[1:]
        if (together != alone).mean() <= UNLIKE:
            return "same"
        return "again" if (self.label([own]) != alone).mean() > UNLIKE else "company"

    def _label_batch(self, inputs: NDArray[np.float32], smallest: int) -> NDArray[np.int32]:
        count = len(inputs)
        if count < smallest:
            inputs = np.concatenate([inputs, np.repeat(inputs[-1:], smallest - count, axis=0)])
        with torch.no_grad():
            try:
                given = torch.from_numpy(inputs).to(self.segmenter.device)
                where = (self.grid,) if self.segmenter.takes_grid else ()
                output = self.segmenter.module(given, *where)
            except Exception as error:
                raise UnitscopeError(
                    f"segmenter {self.name!r} failed on an input of shape {inputs.shape}: {one_line(error)}; "
                    "does its preprocessing give the right size?"
                ) from error
            labels = labels_from_output(output, self.segmenter, batch=len(inputs), grid=self.grid)
        return labels[:count].cpu().numpy()
