"""Whether segmenters label the same picture the same way: again, in other company, and at another place in a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.labellers import Labeller
from unitscope.concepts.merge import segmenting
from unitscope.errors import UnitscopeError
from unitscope.layer.answers import CAUSES, Answers
from unitscope.sources.base import UnreadablePicture

Read = Callable[[int], NDArray[np.uint8]]
"""Gives a picture ``(H, W, 3)`` by its number."""


def label_answers(
    labeller: Labeller,
    read: Read,
    count: int,
    advice: str = "make it deterministic",
    *,
    allowed: bool = False,
) -> Answers:
    """Ask the segmenters of a labeller, each with the first and the last of the pictures; masks have none.

    Args:
        labeller: for pictures or generated ones.
        read: gives these pictures.
        count: how many there are.
        advice: what a person can do about one that does not.
        allowed: whether such a one is only told of.

    Raises:
        UnitscopeError: one does not, or it fails.
    """
    found: Answers = "same"
    segmenters = segmenting(labeller)
    pictures = _first_and_last(read, count) if segmenters else []
    if not pictures:
        return found
    for each in segmenters:
        answers = each.answers(pictures)
        if answers != "same":
            found = answers
            if not allowed:
                raise UnitscopeError(
                    f"segmenter {each.name!r} answers differently {CAUSES[answers]}; {advice}"
                )
    return found


def _first_and_last(read: Read, count: int) -> list[NDArray[np.uint8]]:
    """Return the first and the last picture that can be read, which may be one; none where none can."""
    first = _readable(read, range(count))
    return [*first, *(_readable(read, reversed(range(count))) if count > 1 else first)]


def _readable(read: Read, numbers: Iterable[int]) -> list[NDArray[np.uint8]]:
    for number in numbers:
        try:
            return [read(number)]
        except UnreadablePicture:
            continue
    return []
