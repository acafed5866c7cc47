"""Pictures of anything with a length and numbered items: a ``torch`` or Hugging Face data set, a list of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unitscope.errors import UnitscopeError, one_line
from unitscope.sources.base import PictureSource, UnreadablePicture
from unitscope.sources.class_numbers import (
    class_numbers,
    class_of,
    known_targets,
    stated_classes,
    unknown_class,
)
from unitscope.sources.decode import Decoded
from unitscope.sources.deep import FULL, Range16, is_gray_of_16_bits
from unitscope.sources.files import LeftOut
from unitscope.sources.item import (
    NoPicture,
    NoRange,
    Range,
    brightest_of,
    is_encoded,
    picture_of,
    picture_to_rgb,
)
from unitscope.sources.locks import OwnLock
from unitscope.sources.no_data_set import refuse_no_data_set
from unitscope.sources.pictures import MEASURED, dark_remarks
from unitscope.sources.repeats import Repeats

HASHED_WHOLE, HASHED_SPREAD = 20_000, 2_000
"""Pictures of a data set that are all read for its hash, and how many are of a larger one."""
READ_TWICE = 8
"""Evenly spread pictures that are read twice at first: a flip of every second picture is missed once in 256 times."""
COMPARED = 64
"""Evenly spread items whose own class is compared with that in a list, besides the first and last of every class."""


class Indexed(Protocol):
    """What has a length and numbered items."""

    def __len__(self) -> int:
        """Return the number of items."""
        ...

    def __getitem__(self, index: int, /) -> object:
        """Return one item."""
        ...


class DatasetPictures(Decoded):
    """The pictures of a data set, in its order.

    An item is a picture, a pair (or longer tuple) that begins with one, or a dictionary with one under a name of
    `PICTURE_KEYS`. A picture is a PIL image, an array or tensor of uint8, ``(H, W)``, ``(H, W, C)`` or
    ``(C, H, W)`` with C of 1, 3 or 4, a path, or the bytes of a file; one of other numbers where `range` says which
    of them are black and white. Items are read and copied one at a time: a data set need not stand several threads, and
    may hand out one buffer again and again. It can be pickled if the data set can. Whenever a picture is read again, it
    is compared with a checksum of what it was: an exemplar is the picture that was measured.

    Args:
        items: the data set; reading an item twice must give the same picture.
        name: what to call it in titles and messages.
        range: the values of black and white in arrays and tensors, such as ``(0, 1)``; those of uint8 need none.

    Attributes:
        sample_ids: paths below its root where the data set knows them (as ``ImageFolder`` does), or the paths it is
            a list of; otherwise numbers such as ``000012``.

    Raises:
        UnitscopeError: it is empty, its first item is no picture, or one of some is another picture each time.
    """

    left_out: tuple[LeftOut, ...] = ()
    unnamed: str = ""
    """Why the classes that the data set lists are not those of its items."""

    def __init__(self, items: Indexed, *, name: str = "", range: Range | None = None) -> None:  # noqa: A002
        if not len(items):
            raise UnitscopeError("the data set of pictures is empty; give one with items")
        if range is not None and not range[0] < range[1]:
            raise UnitscopeError(f"range is {range!r}; give the values of black and white, such as (0, 1)")
        self.items, self.name, self.range = items, name or type(items).__name__, range
        self.sample_ids = _ids(items)
        self._lock = OwnLock()
        self._repeats = Repeats(len(self.sample_ids))
        self._check_first()
        self._check_again()

    def __len__(self) -> int:
        """Return the number of pictures, unreadable ones included."""
        return len(self.sample_ids)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self)} pictures)"

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of decoded pictures with their shapes and of the ids, as hexadecimal digits.

        Of up to 20,000 pictures each is read for it once; of more, 2,000 evenly spread ones, and the ids of all.
        Classes are not part of it.
        """
        digest, count = hashlib.sha256(), len(self.sample_ids)
        looked_at = range(count)
        if count > HASHED_WHOLE:
            looked_at = range(0, count, -(-count // HASHED_SPREAD))
            digest.update("\n".join(self.sample_ids).encode(errors="surrogateescape"))
        for index in looked_at:
            sample_id = self.sample_ids[index]
            try:
                picture = self.read(index)
            except UnreadablePicture as error:
                digest.update(f"{sample_id}\t{error.reason}\n".encode(errors="surrogateescape"))
                continue
            digest.update(f"{sample_id}\t{picture.shape}\n".encode(errors="surrogateescape"))
            digest.update(picture.tobytes())
        return digest.hexdigest()

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return one picture, RGB, (H, W, 3) uint8.

        Raises:
            UnreadablePicture: the item cannot be read, or holds no picture.
            UnitscopeError: it was another picture before.
        """
        try:
            picture = self._picture(index)
            self._compare_with_before(index, picture)
            return picture
        except UnitscopeError:
            raise
        except Exception as error:  # a data set raises whatever it stumbles on
            reason = str(error) if isinstance(error, ValueError) and str(error) else one_line(error)
            raise UnreadablePicture(self.sample_ids[index], reason) from error

    def in_range16(self, range16: Range16) -> Self:
        """Return the same pictures with other values of black and white in those of 16 bits."""
        changed = super().in_range16(range16)
        changed.__dict__.pop("content_hash", None)
        changed._repeats = Repeats(len(self.sample_ids))
        return changed

    def drafted(self, least: int) -> Self:
        """Return the same pictures, JPEG at the smallest eighth of their size whose sides have so many pixels."""
        changed = super().drafted(least)
        changed._repeats = Repeats(len(self.sample_ids))
        return changed

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know before a run on these pictures: that those of 16 bits look black."""
        if self.range16 != FULL:
            return ()
        values = (_brightest(self, index) for index, _ in enumerate(self.sample_ids[:MEASURED]))
        return dark_remarks({"": [value for value in values if value is not None]})

    def _item(self, index: int) -> object:
        """Return an item; only while the lock is held, since a data set may fill one buffer again and again."""
        if len(self.items) != len(self.sample_ids):
            raise UnitscopeError(
                f"the data set {self.name!r} had {len(self.sample_ids):,} items and now has {len(self.items):,}; "
                "give one that stays as it is while it is read"
            )
        return self.items[index]

    def _picture(self, index: int) -> NDArray[np.uint8]:
        with self._lock:
            picture = picture_of(self._item(index))
            if not is_encoded(picture):
                return self._in_rgb(picture)
        return self._in_rgb(picture)  # files are decoded by several threads at a time

    def _in_rgb(self, picture: object) -> NDArray[np.uint8]:
        return picture_to_rgb(picture, range=self.range, range16=self.range16, draft=self.draft)

    def _class(self, index: int) -> int:
        with self._lock:
            return class_of(self._item(index))

    def _check_first(self) -> None:
        try:
            self._picture(0)
        except NoRange as error:
            raise UnitscopeError(
                f"the items of {self.name!r} are no pictures: {error}; {error.advice}"
            ) from error
        except NoPicture as error:
            raise UnitscopeError(
                f"the items of {self.name!r} are no pictures: {error}; give PIL images, arrays or tensors of uint8, "
                "or paths, without transforms that make numbers of them"
            ) from error
        except Exception:  # one broken picture, which is left out when its turn comes
            return

    def _check_again(self) -> None:
        count = len(self.sample_ids)
        for index in range(0, count, -(-count // READ_TWICE)):
            with suppress(UnreadablePicture):
                self.read(index), self.read(index)

    def _compare_with_before(self, index: int, picture: NDArray[np.uint8]) -> None:
        if not self._repeats.same(index, picture):
            raise UnitscopeError(
                f"picture {self.sample_ids[index]!r} of {self.name!r} is another one each time it is read; give the "
                "data set without random transforms, and leave its pictures alone while they are read"
            )


class ClassedDataset(DatasetPictures):
    """The pictures of a data set whose items belong to named classes.

    Args:
        items: see `DatasetPictures`; an item is a pair of picture and number of its class, or has that number under a
            name of `TARGET_KEYS`.
        classes: their names, in order.
        name: what to call it.
        range: see `DatasetPictures`.
    """

    def __init__(
        self,
        items: Indexed,
        classes: Sequence[str],
        *,
        name: str = "",
        range: Range | None = None,  # noqa: A002
    ) -> None:
        super().__init__(items, name=name, range=range)
        self.class_names = tuple(classes)

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """The place in `class_names` of the class of every picture, (N,).

        Every item is read for it once, unless the data set has a list or column of them as those of torchvision and
        Hugging Face do. Then the first and last item of each class and 64 spread ones are read, and must carry the
        same number if they carry one.

        Raises:
            UnitscopeError: an item cannot be read, has no number of a class, or another one than is listed.
        """
        known = known_targets(self.items, self.name)
        if known is None:
            return class_numbers([self._target(index) for index, _ in enumerate(self.sample_ids)], self)
        targets = class_numbers(known, self)
        firsts = np.unique(targets, return_index=True)[1]
        lasts = len(targets) - 1 - np.unique(targets[::-1], return_index=True)[1]
        for index in sorted({*firsts, *lasts, *range(0, len(targets), -(-len(targets) // COMPARED))}):
            self._compare(int(index), int(targets[index]))
        return targets

    def _target(self, index: int) -> int:
        try:
            return self._class(index)
        except UnitscopeError:
            raise
        except Exception as error:
            raise unknown_class(self.sample_ids[index], self.name, one_line(error)) from error

    def _compare(self, index: int, listed: int) -> None:
        try:
            own = self._class(index)
        except UnitscopeError:
            raise
        except Exception:  # it carries none, or is broken, which is told when its turn comes
            return
        if own != listed:
            raise UnitscopeError(
                f"picture {self.sample_ids[index]!r} of {self.name!r} has class {own}, and class {listed} in its "
                "list of them; bring both in line"
            )


def dataset_pictures(
    items: Indexed,
    *,
    name: str = "",
    classes: Sequence[str] = (),
    range: Range | None = None,  # noqa: A002
) -> DatasetPictures:
    """Return the pictures of a data set, with their classes if their names are known.

    Args:
        items: see `DatasetPictures`.
        name: what to call it; the name of its type by default.
        classes: names of the numbers that items carry; by default those that the data set, or what it is a subset of,
            states as ``classes`` (torchvision) or in the features of its column of labels (Hugging Face).
        range: the values of black and white in arrays and tensors of other numbers than uint8.

    Raises:
        UnitscopeError: see `DatasetPictures`.
    """
    stated = stated_classes(items)
    if names := tuple(classes) or stated.names:
        return ClassedDataset(items, names, name=name, range=range)
    found = DatasetPictures(items, name=name, range=range)
    found.unnamed = stated.why
    return found


def as_source(
    given: PictureSource | Indexed,
    range: Range | None = None,  # noqa: A002
    classes: Sequence[str] = (),
) -> PictureSource:
    """Return a source as it is, and anything else with numbered items as the pictures of a data set.

    Args:
        given: a source, or a data set.
        range: the values of black and white in arrays and tensors of other numbers than uint8.
        classes: see :func:`dataset_pictures`.

    Raises:
        UnitscopeError: it is neither.
    """
    if isinstance(given, PictureSource):
        return given
    refuse_no_data_set(given)
    return dataset_pictures(given, classes=classes, range=range)


def _brightest(source: DatasetPictures, index: int) -> int | None:
    """Return the highest value of a picture of 16 bits in a data set, None where it is none."""
    try:
        with source._lock:
            picture = picture_of(source._item(index))
            if isinstance(picture, Image.Image) and is_gray_of_16_bits(picture):
                return int(np.asarray(picture).max())
    except Exception:  # it will be reported as unreadable when its turn comes
        return None
    return brightest_of(picture)


def _ids(items: Indexed) -> tuple[str, ...]:
    """Return the paths of pictures where they are known and differ, otherwise numbers."""
    listed, root = getattr(items, "samples", None), getattr(items, "root", None)
    if isinstance(items, list | tuple):
        listed, root = items, None
    paths = [each[0] if isinstance(each, tuple) and each else each for each in listed or ()]
    if len(paths) == len(items) and all(isinstance(path, str | Path) for path in paths):
        ids = [_below(Path(path), root) for path in paths]
        if len(set(ids)) == len(ids):
            return tuple(ids)
    return tuple(f"{index:06d}" for index in range(len(items)))


def _below(path: Path, root: object) -> str:
    if isinstance(root, str | Path) and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.as_posix()
