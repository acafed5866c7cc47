"""The train and the val pictures: their classes, as outputs of the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.labellers import Unlabelled
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.experiments.samples import PictureSamples
from unitscope.models.network import Network
from unitscope.sources.base import ClassedSource
from unitscope.sources.class_names import KnownNames, listing, match_classes, written_number
from unitscope.sources.class_numbers import targets_of

SPLITS = ("train", "val")


@dataclass(frozen=True)
class Split:
    """The pictures of one split."""

    name: str
    samples: PictureSamples
    outputs: NDArray[np.int64]
    """The output of the network that stands for the class of each picture ``(N,)``."""

    def __len__(self) -> int:
        return len(self.outputs)


@dataclass(frozen=True)
class ClassedPictures:
    """The pictures of both splits, and what the network's outputs are called."""

    train: Split
    val: Split
    names: Mapping[int, str]
    """Names of outputs, all different: the network's own, else those of the class folders."""

    @property
    def splits(self) -> tuple[Split, Split]:
        """Both, train first."""
        return self.train, self.val

    def split(self, name: str) -> Split:
        """Return a split by its name."""
        return next(split for split in self.splits if split.name == name)

    @property
    def last_output(self) -> int:
        """The largest output that a class stands for."""
        return int(max(split.outputs.max() for split in self.splits))

    def name_of(self, output: int) -> str:
        """Return the name of an output, its number where it has none."""
        return self.names.get(output, str(output))

    def classes(self, used: Mapping[str, NDArray[np.bool_]] | None = None) -> NDArray[np.int64]:
        """Return the outputs that have pictures in both splits, in order.

        Args:
            used: by split, which pictures could be read ``(N,)``; all of them when None.
        """
        train, val = (
            split.outputs if used is None else split.outputs[used[split.name]] for split in self.splits
        )
        return np.intersect1d(train, val)


def match_pictures(
    train: ClassedSource, val: ClassedSource, model: Network, class_map: Mapping[str, str] | None = None
) -> ClassedPictures:
    """Say which output each picture is of.

    Args:
        train: pictures that units are ranked on.
        val: pictures that everything about sets is measured on.
        model: the network, which may name its classes.
        class_map: for some class folders, the name or the number of an output.

    Raises:
        UnitscopeError: a class folder stands for no output, two stand for the same, the splits share no class, or
            they are the same pictures.
    """
    model.need_classes("importance")
    model.need_single_precision("importance")
    if train.content_hash == val.content_hash:
        raise UnitscopeError(
            f"--train and --val are the same pictures ({train.name}); give others, since units that are ranked on "
            "pictures do well on these"
        )
    given = class_map or {}
    known = {*train.class_names, *val.class_names}
    stranger = next((name for name in given if name not in known), None)
    if stranger is not None:
        hint = did_you_mean(stranger, known) or f" folders are {listing(sorted(known))}"
        raise UnitscopeError(f"the class map names the folder {stranger!r}, which is not there;{hint}")
    outputs = [_outputs(source, model, given) for source in (train, val)]
    names: dict[int, str] = dict(enumerate(_distinct(model.classes)))
    for source, of_folders in zip((val, train), outputs[::-1], strict=True):
        for folder, output in zip(source.class_names, of_folders, strict=True):
            names.setdefault(output, folder)
    splits = [
        Split(
            name,
            PictureSamples(source, Unlabelled(), preprocessing=model.preprocessing, grid=Unlabelled.grid),
            np.array(of_folders, np.int64)[targets_of(source)],
        )
        for name, source, of_folders in zip(SPLITS, (train, val), outputs, strict=True)
    ]
    pictures = ClassedPictures(splits[0], splits[1], names)
    if not len(pictures.classes()):
        raise UnitscopeError(
            f"--train ({listing(train.class_names)}) and --val ({listing(val.class_names)}) have no class in common; "
            "lay both out with the same class folders"
        )
    return pictures


def _outputs(source: ClassedSource, model: Network, given: Mapping[str, str]) -> tuple[int, ...]:
    own = {folder: name for folder, name in given.items() if folder in source.class_names}
    return match_classes(source.class_names, model.classes, given=own)


def _distinct(names: Sequence[str]) -> list[str]:
    """Add the number of the output to names that occur twice."""
    count = Counter(names)
    return [name if count[name] == 1 else f"{name} ({place})" for place, name in enumerate(names)]


def find_curve_classes(words: Sequence[str], pictures: ClassedPictures) -> tuple[str, ...]:
    """Return the names of the classes that are to have a curve, by name or by number of the output.

    Raises:
        UnitscopeError: a word names no class that has pictures in both splits.
    """
    outputs = pictures.classes().tolist()
    names = [pictures.name_of(output) for output in outputs]
    known = KnownNames(names)
    chosen = []
    for word in words:
        found, number = known.find(word), written_number(word)
        if not found and number in outputs:
            found = (outputs.index(number),)
        if len(found) != 1:
            hint = did_you_mean(word, names) or f" classes are {listing(names)}"
            raise UnitscopeError(
                f"--curve {word!r} is none of the {len(names)} classes of the pictures;{hint}"
            )
        chosen.append(names[found[0]])
    return tuple(dict.fromkeys(chosen))
