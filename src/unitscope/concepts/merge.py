"""Several sources of label maps as one: their planes side by side, over one vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.labellers import Counting, Labeller, Prepared, SegmenterLabeller
from unitscope.concepts.vocabulary import IGNORED, NOTHING, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.sources.files import combined_hash
from unitscope.sources.joined import JoinedPictures


def merge_vocabularies(vocabularies: Sequence[Vocabulary]) -> tuple[Vocabulary, list[NDArray[np.int32]]]:
    """Return one vocabulary of all concepts, and the number in it of every number of each of the old ones.

    A concept is its name and category: named by several vocabularies, it becomes one. The order is that of
    the vocabularies, and within each its own.
    """
    concepts = [concept for vocabulary in vocabularies for concept in vocabulary.concepts]
    merged = Vocabulary(list(dict.fromkeys(concepts)))
    tables = [
        np.array([0, *(merged.number(each.name, each.category) for each in vocabulary.concepts)], np.int32)
        for vocabulary in vocabularies
    ]
    return merged, tables


class JoinedLabeller:
    """The label maps of joined pictures: each source has a labeller of its own, with one vocabulary.

    Args:
        pictures: the joined sources.
        labellers: one for each source, alike in vocabulary and planes.

    Raises:
        UnitscopeError: they are not alike.
    """

    def __init__(self, pictures: JoinedPictures, labellers: Sequence[Labeller]) -> None:
        self._pictures, self.labellers = pictures, labellers
        first = labellers[0]
        for other in labellers[1:]:
            _check_alike(first, other)
        self.vocabulary, self.planes, self.name = first.vocabulary, first.planes, first.name
        self.counting = first.counting
        self.content_hash = combined_hash(*(labeller.content_hash for labeller in labellers))

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> Prepared:
        """Return what `label` needs of one picture."""
        source, own = self._pictures.locate(index)
        return self.labellers[source].prepare(own, picture)

    def label(self, prepared: Sequence[Prepared]) -> NDArray[np.int32]:
        """Return the label maps of a batch, (n, P, rows, columns)."""
        return self.labellers[0].label(prepared)


def _check_alike(first: Labeller, other: Labeller) -> None:
    if first.vocabulary == other.vocabulary and first.planes == other.planes:
        return
    pairs = enumerate(zip_longest(first.vocabulary, other.vocabulary))
    different = (f"number {i} is {one} there and {two} here" for i, (one, two) in pairs if one != two)
    why = next(different, f"label maps have {first.planes} planes there and {other.planes} here")
    raise UnitscopeError(
        f"the labels of {first.name!r} and {other.name!r} differ: {why}; give them one vocabulary and as many planes, "
        "or give one of the two"
    )


class MergedLabeller:
    """The label maps of several labellers: concepts within a plane exclude each other, planes do not.

    A point that one of them says not to count is not counted for any.

    Args:
        labellers: at least one; their planes follow each other in this order.
    """

    def __init__(self, labellers: Sequence[Labeller]) -> None:
        self.labellers = tuple(labellers)
        self.vocabulary, self._tables = merge_vocabularies([each.vocabulary for each in self.labellers])
        self.planes = sum(labeller.planes for labeller in self.labellers)
        ignored = {number for labeller in self.labellers for number in labeller.counting.ignored}
        self.counting = Counting(tuple(sorted(ignored)))
        self.name = "+".join(labeller.name for labeller in self.labellers)

    @property
    def content_hash(self) -> str:
        """Changes when the labels of any of them do."""
        return combined_hash(*(labeller.content_hash for labeller in self.labellers))

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> tuple[Prepared, ...]:
        """Return what `label` needs of one picture: what each labeller needs."""
        return tuple(labeller.prepare(index, picture) for labeller in self.labellers)

    def label(self, prepared: Sequence[tuple[Prepared, ...]]) -> NDArray[np.int32]:
        """Return the label maps of a batch, (n, P, rows, columns)."""
        parts = zip(self.labellers, self._tables, zip(*prepared, strict=True), strict=True)
        found = [(table, labeller.label(own)) for labeller, table, own in parts]
        labels = np.concatenate([table[np.maximum(each, NOTHING)] for table, each in found], axis=1)
        ignored = np.concatenate([each == IGNORED for _, each in found], axis=1).any(1, keepdims=True)
        return np.where(ignored, IGNORED, labels)


class OnlyLabelled:
    """The label maps of a labeller, where points with no label in any plane count nowhere.

    Args:
        labeller: gives the label maps.
    """

    def __init__(self, labeller: Labeller) -> None:
        self.labeller = labeller
        self.vocabulary, self.planes, self.name = labeller.vocabulary, labeller.planes, labeller.name
        self.counting = replace(labeller.counting, unlabelled="ignore")

    @property
    def content_hash(self) -> str:
        """Changes when the labels do."""
        return combined_hash(self.labeller.content_hash, "only labelled points")

    def prepare(self, index: int, picture: NDArray[np.uint8]) -> Prepared:
        """Return what `label` needs of one picture."""
        return self.labeller.prepare(index, picture)

    def label(self, prepared: Sequence[Prepared]) -> NDArray[np.int32]:
        """Return the label maps of a batch, (n, P, rows, columns)."""
        labels = self.labeller.label(prepared)
        return np.where((labels <= NOTHING).all(1, keepdims=True), IGNORED, labels)


def segmenting(labeller: Labeller) -> list[SegmenterLabeller]:
    """Return the networks that a labeller asks."""
    if isinstance(labeller, SegmenterLabeller):
        return [labeller]
    parts: Sequence[Labeller] = ()
    if isinstance(labeller, OnlyLabelled):
        parts = (labeller.labeller,)
    elif isinstance(labeller, MergedLabeller | JoinedLabeller):
        parts = labeller.labellers
    return [each for part in parts for each in segmenting(part)]
