"""Two groups of pictures that a unit shall tell apart: by class, by folder, or by a concept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.vocabulary import Vocabulary
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.paths import as_path
from unitscope.sources.base import ClassedSource, PictureSource
from unitscope.sources.class_names import KnownNames, listing
from unitscope.sources.class_numbers import targets_of
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.latents import SeededLatents
from unitscope.sources.pictures import PictureFolder

Words = Sequence[str]
"""Class names and folders, as a person gives them."""
OTHERS = "other classes"
"""The negative pictures, where nobody says which they are."""


@dataclass(frozen=True)
class Candidates:
    """Pictures to read, and what is known of them before any is read.

    Attributes:
        pictures: the source of all of them, or the latents that they are made from.
        numbers: which of its pictures are read ``(n,)``.
        classes: the class or folder of each ``(n,)``; None where there is none.
        positive: which group each is in ``(n,)``; None while the label maps decide.
        names: what the positive and the negative pictures are, for titles.
    """

    pictures: PictureSource | SeededLatents
    numbers: NDArray[np.int64]
    classes: tuple[str | None, ...]
    positive: NDArray[np.bool_] | None
    names: tuple[str, str]


def groups_of_classes(positive: Words, negative: Words, classed: ClassedSource | None) -> Candidates:
    """Take pictures by class and folder.

    Args:
        positive: classes of `classed`, or folders of pictures; a class comes first where a word could be both.
        negative: the same; every other class of `classed` when empty.
        classed: pictures that know their class.

    Raises:
        UnitscopeError: a word is neither class nor folder, or in both groups, or a group is empty.
    """
    if not positive:
        raise UnitscopeError(
            "no positive pictures; give --positive a folder or a class of --images, or give --concept"
        )
    if not negative and classed is None:
        raise UnitscopeError(
            "no negative pictures; give --negative a folder, or --images whose other classes are taken"
        )
    groups = [_Group.of(words, classed) for words in (positive, negative)]
    if not negative and classed is not None:
        others = [name for name in classed.class_names if name not in groups[0].classes]
        if not others:
            raise UnitscopeError(
                f"no negative pictures: the positive ones are all classes of {classed.name}; leave some out"
            )
        groups[1] = _Group(tuple(others), (), OTHERS)
    _refuse_both(*groups)
    return _gather(*groups, classed=classed)


@dataclass(frozen=True)
class _Group:
    classes: tuple[str, ...]
    folders: tuple[str, ...]
    name: str

    @classmethod
    def of(cls, words: Words, classed: ClassedSource | None) -> _Group:
        """Tell classes from folders."""
        known = KnownNames(classed.class_names if classed is not None else ())
        classes, folders = [], []
        for word in words:
            places = known.find(word)
            if len(places) > 1:
                several = " and ".join(repr(known.names[place]) for place in places)
                raise UnitscopeError(
                    f"{word!r} may be the class {several}; write the one that is meant in full"
                )
            if places:
                classes.append(known.names[places[0]])
            elif as_path(word).is_dir():
                folders.append(word)
            else:
                raise _neither(word, classed)
        names = [*classes, *(as_path(folder).resolve().name for folder in folders)]
        return cls(tuple(dict.fromkeys(classes)), tuple(dict.fromkeys(folders)), listing(names, 3))


def _neither(word: str, classed: ClassedSource | None) -> UnitscopeError:
    if classed is None:
        return UnitscopeError(
            f"picture folder {word!r} does not exist; give the path of a folder, or --images with class folders "
            f"of which {word!r} is one"
        )
    near = did_you_mean(word, classed.class_names) or f" it has {listing(classed.class_names)};"
    return UnitscopeError(f"{word!r} is no class of {classed.name} and no folder;{near} or give a folder")


def _refuse_both(positive: _Group, negative: _Group) -> None:
    for one, other in ((positive.classes, negative.classes), (positive.folders, negative.folders)):
        for name in one:
            if name in other:
                raise UnitscopeError(
                    f"{name!r} is among the positive and the negative pictures; give it once"
                )


def _gather(positive: _Group, negative: _Group, *, classed: ClassedSource | None) -> Candidates:
    folders = [PictureFolder(as_path(name)) for name in (*positive.folders, *negative.folders)]
    taken = classed if classed is not None and (positive.classes or negative.classes) else None
    sources: list[PictureSource] = [*([taken] if taken is not None else []), *folders]
    pictures = sources[0] if len(sources) == 1 else JoinedPictures(sources)
    classes: list[str | None] = []
    kinds: list[NDArray[np.int64]] = []
    if taken is not None:
        names = taken.class_names
        of_class = [
            1 if name in positive.classes else 0 if name in negative.classes else -1 for name in names
        ]
        targets = targets_of(taken)
        kinds.append(np.array(of_class, np.int64)[targets])
        classes += [names[target] for target in targets]
    for place, folder in enumerate(folders):
        kinds.append(np.full(len(folder), int(place < len(positive.folders))))
        classes += [folder.folder.resolve().name] * len(folder)
    kind = np.concatenate(kinds)
    numbers = np.flatnonzero(kind >= 0)
    for value, group in ((1, positive), (0, negative)):
        if not (kind == value).any():
            raise UnitscopeError(f"no picture is of {group.name}; give more pictures or other classes")
    return Candidates(
        pictures,
        numbers,
        tuple(classes[number] for number in numbers),
        kind[numbers] == 1,
        (positive.name, negative.name),
    )


def groups_by_concept(concept: str, min_area: float, sources: Sequence[PictureSource]) -> Candidates:
    """Take all pictures of some sources; how much of each a concept covers will say which group it is in.

    Args:
        concept: its name, for titles.
        min_area: fraction of the picture that a positive picture shows more of.
        sources: one or more.
    """
    pictures = sources[0] if len(sources) == 1 else JoinedPictures(sources)
    classes: list[str | None] = []
    for source in sources:
        if isinstance(source, ClassedSource):
            classes += [source.class_names[target] for target in targets_of(source)]
        else:
            classes += [None] * len(source)
    names = _names_by_area(concept, min_area)
    return Candidates(pictures, np.arange(len(pictures)), tuple(classes), None, names)


def groups_of_latents(concept: str, min_area: float, latents: SeededLatents) -> Candidates:
    """Take the pictures of all latents; how much of each a concept covers will say which group it is in.

    Args:
        concept: its name, for titles.
        min_area: fraction of the picture that a positive picture shows more of.
        latents: what the pictures are made from; those of a class-conditional generator know their class.
    """
    kinds: list[str | None] = [f"class {number}" for number in latents.classes]
    kinds = kinds or [None]
    classes = tuple(kinds[number % len(kinds)] for number in range(len(latents)))
    return Candidates(latents, np.arange(len(latents)), classes, None, _names_by_area(concept, min_area))


def _names_by_area(concept: str, min_area: float) -> tuple[str, str]:
    name = concept.rpartition("|")[0] or concept
    return f"more than {100 * min_area:g} % {name}", f"at most {100 * min_area:g} % {name}"


def concept_numbers(concept: str, vocabulary: Vocabulary) -> NDArray[np.int64]:
    """Return the label values that a concept's name stands for, of several categories where they share it.

    Args:
        concept: ``NAME`` or ``NAME|CATEGORY``.
        vocabulary: of the label maps.

    Raises:
        UnitscopeError: there is no such concept.
    """
    numbers = [
        number for number, each in enumerate(vocabulary.concepts, 1) if concept in (each.name, str(each))
    ]
    if not numbers:
        names = list(dict.fromkeys(each.name for each in vocabulary.concepts))
        near = did_you_mean(concept, names) or f" it has {listing(names)}"
        raise UnitscopeError(f"concept {concept!r} is not in the vocabulary of the label maps;{near}")
    return np.array(numbers, np.int64)
