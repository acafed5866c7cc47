"""Which pictures are attacked, to look like which class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import NothingToMeasureError, UnitscopeError, did_you_mean
from unitscope.paths import LONGEST_NAME
from unitscope.run.layout import ATTACKED, PICTURES
from unitscope.run.storage import PARTIAL
from unitscope.sources.class_names import KnownNames, listing, written_number
from unitscope.stats.inference import keyed_order

Numbers = NDArray[np.int64]
ROOM = len(".png" + PARTIAL)
"""Bytes of the endings that a copy's name has while it is written."""
ORDER = 2**32
"""Tells the order of pictures from other random orders of a seed."""


@dataclass(frozen=True)
class Attempts:
    """Pictures, each with the class that the network sees in it and the one that it is to see ``(A,)``."""

    pictures: Numbers
    sources: Numbers
    targets: Numbers

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, chosen: Numbers) -> Attempts:
        return Attempts(self.pictures[chosen], self.sources[chosen], self.targets[chosen])


@dataclass(frozen=True)
class Candidates:
    """What is known of the N pictures before any is attacked.

    Attributes:
        predicted: class that the network sees ``(N,)``; -1 where a picture could not be read.
        classes: class that they are of ``(N,)``; -1 where that is not known.
        ranked: whether importance ranks the units of each class ``(C,)``.
    """

    predicted: Numbers
    classes: Numbers
    ranked: NDArray[np.bool_]

    def fitting(self, target: int) -> NDArray[np.bool_]:
        """Return which pictures are neither of a class nor seen as it, and seen as a class with ranked units."""
        read = self.predicted >= 0
        of_other = (self.predicted != target) & (self.classes != target)
        fitting: NDArray[np.bool_] = read & of_other & self.ranked[np.where(read, self.predicted, 0)]
        return fitting


def choose_attempts(found: Candidates, targets: Sequence[int], limit: int, seed: int) -> Attempts:
    """Take the first fitting pictures for each target, of one order that is drawn for all of them."""
    order = keyed_order(len(found.predicted), seed, ORDER)
    chosen = [order[found.fitting(target)[order]][:limit] for target in targets]
    pictures = np.concatenate([np.zeros(0, np.int64), *chosen])
    of_target = np.repeat(np.array(targets, np.int64), [len(each) for each in chosen])
    return Attempts(pictures, found.predicted[pictures], of_target)


def find_targets(words: Sequence[str], names: Sequence[str], network: str) -> tuple[int, ...]:
    """Return the outputs of a network that words name, by name or number.

    Raises:
        UnitscopeError: no word is given, or one names no output.
    """
    if not words:
        raise UnitscopeError("nothing says what the network is to see; give --target CLASS")
    known = KnownNames(names)
    found = []
    for word in words:
        places, number = known.find(word), written_number(word)
        if len(places) == 1:
            found.append(places[0])
        elif number is not None and number < len(names):
            found.append(number)
        else:
            hint = did_you_mean(word, names) or f" they are {listing(names)}"
            raise UnitscopeError(
                f"--target {word!r} is none of the {len(names)} classes of {network or 'the network'};{hint}"
            )
    return tuple(dict.fromkeys(found))


def check_targets(found: Candidates, targets: Sequence[int], names: Sequence[str]) -> None:
    """Refuse targets that no picture can be attacked for.

    Raises:
        NothingToMeasureError: the units of a target are not ranked, or all pictures are of it.
    """
    for target in targets:
        name = names[target]
        if not found.ranked[target]:
            raise NothingToMeasureError(
                f"nothing says which units are important for {name!r}: the importance has no such class, or no picture "
                "of --images is seen as one; give --importance FOLDER of one that has it, or more pictures"
            )
        if not found.fitting(target).any():
            raise NothingToMeasureError(
                f"every picture is of the target {name!r}, is seen as it, or is seen as a class whose units are not "
                "ranked; give pictures of other classes with --images"
            )


def attacked_path(sample: int, name: str, target: str) -> str:
    """Return where in the run folder the attacked copy of a picture is kept.

    Below the folder of its target it is called as the picture with ``.png`` behind it, so that the folder can be given
    as altered copies; a name that is no plain path, or would become too long, is replaced by the number.

    Args:
        sample: number of the picture.
        name: of the picture.
        target: one of :func:`distinct_slugs` of all classes.
    """
    path = PurePosixPath(name)
    plain = (
        path.parts
        and not path.is_absolute()
        and ".." not in path.parts
        and len(path.name.encode("utf-8", "surrogateescape")) + ROOM <= LONGEST_NAME
        and not set(name) & set('\\:*?"<>|\0')
    )
    return f"{ATTACKED}/{target}/{name if plain else f'{sample:06d}'}.png"


def example_path(sample: int, target: int | None = None) -> str:
    """Return where an example is kept without loss, in the run: the original, or its copy attacked for a target."""
    kind = "original" if target is None else f"{target:05d}"
    return f"{PICTURES}/{sample:06d}-{kind}.png"
