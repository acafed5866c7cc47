"""The numbers of classes that a data set gives, and whether its list of names is that of these numbers."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.sources.base import ClassedSource

TARGET_KEYS = ("label", "labels", "target", "fine_label")
"""Where an item that is a dictionary has its class; the first that is there counts."""


@dataclass(frozen=True)
class StatedClasses:
    """What a data set says of its classes.

    Attributes:
        names: of the numbers that its items have, in order; empty where they are not known.
        why: why names that it lists are not those of its numbers.
    """

    names: tuple[str, ...] = ()
    why: str = ""


def targets_of(source: ClassedSource) -> NDArray[np.int64]:
    """Return the classes of the pictures of any source, after looking whether they can be.

    Raises:
        UnitscopeError: see :func:`class_numbers`.
    """
    return class_numbers(source.targets, source)


def class_numbers(given: Iterable[object], source: ClassedSource) -> NDArray[np.int64]:
    """Return numbers of classes as an array, (N,).

    Raises:
        UnitscopeError: they are not one for each picture, or one is no whole number or that of no class.
    """
    numbers = [_whole(each) for each in given]
    ids, count = source.sample_ids, len(source.class_names)
    if len(numbers) != len(ids):
        raise UnitscopeError(
            f"{source.name!r} has classes of {len(numbers):,} pictures and {len(ids):,} pictures, so nobody knows "
            "which is whose; give one class for each picture"
        )
    for place, number in enumerate(numbers):
        if not isinstance(number, int):
            raise unknown_class(ids[place], source.name, f"{number} stands for it")
        if not 0 <= number < count:
            raise UnitscopeError(
                f"picture {ids[place]!r} of {source.name!r} has class {number}; its classes are 0 to {count - 1}"
            )
    return np.array(numbers, np.int64)


def unknown_class(sample_id: str, name: str, why: str) -> UnitscopeError:
    """Return the error of a picture whose class is not known."""
    return UnitscopeError(
        f"the class of picture {sample_id!r} of {name!r} cannot be read: {why}; leave the picture out, or give one "
        "whole number"
    )


def _whole(value: object) -> int | str:
    """Return a whole number; what it is instead in words."""
    try:
        return operator.index(cast(SupportsIndex, value))
    except (TypeError, ValueError):  # as different libraries say it
        return f"a {type(value).__name__}"


def class_of(item: object) -> int:
    """Return the number of the class that an item carries.

    Raises:
        TypeError: it carries none.
    """
    if isinstance(item, Mapping):
        item = None, next((item[key] for key in TARGET_KEYS if key in item), None)
    number = _whole(item[1] if isinstance(item, tuple | list) and len(item) > 1 else None)
    if isinstance(number, int):
        return number
    raise TypeError(f"{number} stands for it")


def known_targets(items: object, name: str) -> Iterable[object] | None:
    """Return the classes of all items where the data set has them without its pictures.

    Raises:
        UnitscopeError: it has two lists of them that differ.
    """
    if (column := _column(items)) is not None:
        plain = getattr(items, "with_format", lambda _kind: items)(None)
        return list(cast(Mapping[str, Sequence[object]], plain)[column[0]])
    targets: object = getattr(items, "targets", None)
    if not isinstance(targets, Iterable) or getattr(items, "target_transform", None) is not None:
        return None
    found, listed = list(targets), getattr(items, "samples", None)
    if isinstance(listed, list | tuple) and all(isinstance(each, tuple) and len(each) > 1 for each in listed):
        of_samples = [each[1] for each in listed]
        if len(found) != len(listed) or list(map(_whole, of_samples)) != list(map(_whole, found)):
            raise UnitscopeError(
                f"the data set {name!r} has other classes in .targets than in .samples; bring both in line, or take "
                "pictures away with torch.utils.data.Subset"
            )
    return found


def stated_classes(items: object) -> StatedClasses:
    """Return the names of the numbers that items have, if the data set says so of just these numbers.

    Of torchvision they are ``classes``, of Hugging Face the features of the column of labels. What a
    ``torch.utils.data.Subset`` is of states them too; anything else around a data set may change its numbers.
    """
    if (column := _column(items)) is not None:
        return StatedClasses(tuple(getattr(column[1], "names", None) or ()))
    classes = getattr(items, "classes", None)
    if isinstance(classes, list | tuple):
        return _of_torchvision(items, classes)
    inner = getattr(items, "dataset", None)
    if inner is None:
        return StatedClasses()
    within = stated_classes(inner)
    if within.names and not _is_subset(items):
        what = f"it is of type {type(items).__name__}, which may give other numbers than the data set in it"
        return StatedClasses(why=what)
    return within


def _of_torchvision(items: object, classes: Sequence[object]) -> StatedClasses:
    spellings = [  # ImageNet's are tuples of synonyms
        tuple(map(str, each)) if isinstance(each, list | tuple) else (str(each),) for each in classes
    ]
    if getattr(items, "target_transform", None) is not None:
        return StatedClasses(why="its target_transform gives other numbers than those of its list of classes")
    numbers = getattr(items, "class_to_idx", None)
    if isinstance(numbers, Mapping):
        places: dict[str, set[object]] = {}  # two classes of ImageNet are called crane
        for place, each in enumerate(spellings):
            for name in each:
                places.setdefault(name, set()).add(place)
        wrong = (name for name in places if name in numbers and numbers[name] not in places[name])
        if (other := next(wrong, None)) is not None:
            return StatedClasses(
                why=f"its class_to_idx gives {other!r} another number than its place among its classes"
            )
    return StatedClasses(tuple(map(", ".join, spellings)))


def _column(items: object) -> tuple[str, object] | None:
    """Return the name of the column of classes of a data set of Hugging Face, and what is said of it."""
    features = getattr(items, "features", None)
    if not isinstance(features, Mapping):
        return None
    return next(((key, features[key]) for key in TARGET_KEYS if key in features), None)


def _is_subset(items: object) -> bool:
    """Tell whether it hands out items of the data set in it as they are."""
    from torch.utils.data import Subset

    return isinstance(items, Subset) and type(items).__getitem__ is Subset.__getitem__
