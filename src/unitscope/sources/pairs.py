"""Pictures in pairs: originals and altered copies with the same ids, from two sources or made on the spot."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from unitscope.errors import UnitscopeError
from unitscope.sources.altered import AlteredPictures, Picture
from unitscope.sources.base import PictureSource, UnreadablePicture, left_out_of, remarks_on
from unitscope.sources.decode import decode_picture
from unitscope.sources.deep import FULL, Range16
from unitscope.sources.files import LeftOut, combined_hash, files_hash, same_name
from unitscope.sources.framing import Framing
from unitscope.sources.locks import OwnLock
from unitscope.sources.pictures import PictureFolder

NO_COPY = "it has no altered copy"
SAME = "its altered copy is identical to it"
KEPT_BYTES = 128 * 2**20
"""Pairs that were read last are kept up to this size: an original is mostly asked for right before its copy."""


@dataclass(frozen=True)
class Pair:
    """A picture and its altered copy, both ``(H, W, 3)`` uint8."""

    original: Picture
    altered: Picture

    @property
    def squared_difference(self) -> int:
        """Sum over all pixels and channels of the squared difference, in steps of 1/255 of the range."""
        difference = self.altered.astype(np.int64) - self.original
        return int((difference * difference).sum())

    @property
    def largest_difference(self) -> int:
        """Largest difference of any pixel in any channel, in steps of 1/255 of the range."""
        return int(np.abs(self.altered.astype(np.int64) - self.original).max(initial=0))


@dataclass(frozen=True)
class Frame:
    """What a network sees of pictures.

    Attributes:
        framing: the region.
        size: height and width that it is brought to, pixels.
    """

    framing: Framing
    size: tuple[int, int]

    def of(self, picture: Picture) -> Picture:
        """Return the region of a picture, of `size`."""
        return self.framing.resize(picture, self.size)


class FramedPictures:
    """The pictures of a source as a network sees them, before they become numbers.

    Args:
        source: whole pictures.
        frame: what is seen of them.
    """

    def __init__(self, source: PictureSource, frame: Frame) -> None:
        self.source, self.frame = source, frame
        self.name, self.sample_ids = source.name, source.sample_ids

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Files that were left out where pictures were looked for, counted."""
        return left_out_of(self.source)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know before a run on these pictures."""
        return remarks_on(self.source)

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when the pictures or the region do."""
        framing = self.frame.framing
        return combined_hash(self.source.content_hash, list(self.frame.size), vars(framing))

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.source)

    def read(self, index: int) -> Picture:
        """Return one picture, ``(h, w, 3)`` uint8 of the frame's size.

        Raises:
            UnreadablePicture: the picture cannot be used.
        """
        return self.frame.of(self.source.read(index))


class AlteredFolder:
    """The altered copies of pictures in a folder: files of the same relative path, or of one that ends otherwise.

    A copy of ``a/b.jpg`` is ``a/b.jpg``, or else ``a/b.png`` or another ending, where just one file is called so; names
    in composed and in decomposed letters are the same.

    Args:
        ids: of the originals.
        folder: holds the copies; files of other names are left alone.
        range16: the values of black and white in copies of 16 bits.

    Raises:
        UnitscopeError: there is no such folder, it holds no pictures, or no copy of any original, or one of two.
    """

    def __init__(self, ids: Sequence[str], folder: Path | str, range16: Range16 = FULL) -> None:
        found = PictureFolder(folder)
        self.left_out, self.range16 = found.left_out, range16
        self.remarks: tuple[str, ...] = ()
        self.folder, self.name, self.sample_ids = found.folder, found.name, tuple(ids)
        exact, by_stem = {same_name(name): name for name in found.sample_ids}, _by_stem(found.sample_ids)
        self.files = tuple(_partner(name, exact, by_stem) for name in ids)
        self._check_alone()
        if not any(self.files):
            raise UnitscopeError(
                f"no picture in {str(folder)!r} is an altered copy of one of the {len(ids)} originals: it holds "
                f"{found.sample_ids[0]!r}, they are called {ids[0]!r} and so on; name copies as their originals"
            )

    def _check_alone(self) -> None:
        owners: dict[str, str] = {}
        for name, file in zip(self.sample_ids, self.files, strict=True):
            if file is not None and (other := owners.setdefault(file, name)) != name:
                raise UnitscopeError(
                    f"the altered copy {str(self.folder / file)!r} could be that of {other!r} and of {name!r}; name "
                    "originals apart, and copies as they are"
                )

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the paths and bytes of the copies, see `files_hash`."""
        return files_hash(self.folder, [name for name in self.files if name])

    def __len__(self) -> int:
        """Return the number of originals, those without a copy included."""
        return len(self.sample_ids)

    def read(self, index: int) -> Picture:
        """Return one altered copy, RGB, ``(H, W, 3)`` uint8.

        Raises:
            UnreadablePicture: there is none, or it is broken.
        """
        name = self.files[index]
        if name is None:
            raise UnreadablePicture(self.sample_ids[index], NO_COPY)
        try:
            return decode_picture(self.folder / name, self.range16)
        except ValueError as error:
            raise UnreadablePicture(self.sample_ids[index], f"its altered copy: {error}") from error


def _stem(name: str) -> str:
    return same_name(str(PurePosixPath(name).with_suffix("")))


def _by_stem(names: Sequence[str]) -> dict[str, str | None]:
    """Return the file of each path without its ending; None where several share it."""
    found: dict[str, str | None] = {}
    for name in names:
        found[_stem(name)] = None if _stem(name) in found else name
    return found


def _partner(name: str, exact: dict[str, str], by_stem: dict[str, str | None]) -> str | None:
    # The id of a picture that was never a file has no ending to take away.
    return exact.get(same_name(name)) or by_stem.get(_stem(name)) or by_stem.get(same_name(name))


class PicturePairs:
    """Pictures and their altered copies, by number; safe to share between threads.

    Pairs whose copy is missing, broken, of another size or identical to the original are unreadable, each with its
    reason.

    Args:
        originals: the pictures.
        altered: as many copies in the same order.
        frame: what is seen of both; None where both are sources of framed pictures already. A copy that has not the
            size of its original but that of the frame is taken as framed.

    Raises:
        UnitscopeError: the ids are not the same.
    """

    def __init__(self, originals: PictureSource, altered: PictureSource, frame: Frame | None = None) -> None:
        if tuple(originals.sample_ids) != tuple(altered.sample_ids):
            raise UnitscopeError(
                f"the pictures of {originals.name!r} and {altered.name!r} are not the same, so they are no pairs; "
                "name altered copies as their originals"
            )
        self.originals, self.altered, self.frame = originals, altered, frame
        self.name, self.sample_ids = originals.name, tuple(originals.sample_ids)
        self._kept: OrderedDict[int, Pair] = OrderedDict()
        self._bytes, self._lock = 0, OwnLock()

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when any picture of a pair does."""
        frame = None if self.frame is None else [list(self.frame.size), vars(self.frame.framing)]
        return combined_hash(self.originals.content_hash, self.altered.content_hash, frame)

    def __len__(self) -> int:
        """Return the number of pairs, unreadable ones included."""
        return len(self.sample_ids)

    def read(self, index: int) -> Pair:
        """Return one pair.

        Raises:
            UnreadablePicture: a picture of it cannot be used.
            UnitscopeError: the alteration fails.
        """
        with self._lock:
            if index in self._kept:
                self._kept.move_to_end(index)
                return self._kept[index]
        pair = self._read(index)
        with self._lock:
            if index not in self._kept:
                self._kept[index] = pair
                self._bytes += 2 * pair.original.nbytes
            while self._bytes > KEPT_BYTES:
                self._bytes -= 2 * self._kept.popitem(last=False)[1].original.nbytes
        return pair

    def _read(self, index: int) -> Pair:
        original, altered = self.originals.read(index), self.altered
        if isinstance(altered, AlteredPictures) and altered.originals is self.originals:
            copy = altered.of(index, original)
        else:
            copy = altered.read(index)
        if self.frame is not None and copy.shape[:2] == self.frame.size != original.shape[:2]:
            original = self.frame.of(original)
        elif copy.shape != original.shape:
            raise UnreadablePicture(self.sample_ids[index], _other_size(original, copy))
        elif self.frame is not None:
            original, copy = self.frame.of(original), self.frame.of(copy)
        if np.array_equal(original, copy):
            raise UnreadablePicture(self.sample_ids[index], SAME)
        return Pair(original, copy)

    def half(self, altered: bool) -> PairHalf:
        """Return the originals, or the altered copies, of the pairs that can be read."""
        return PairHalf(self, altered)


class PairHalf:
    """One picture of each pair as a source of its own: what is left out in one half is left out in the other.

    Args:
        pairs: the pairs.
        altered: whether it is the altered copies.
    """

    def __init__(self, pairs: PicturePairs, altered: bool) -> None:
        self.pairs, self.is_altered = pairs, altered
        source = pairs.altered if altered else pairs.originals
        self.name, self.sample_ids = source.name, pairs.sample_ids

    @property
    def content_hash(self) -> str:
        """SHA-256 of the pairs, and of which half this is."""
        return combined_hash(self.pairs.content_hash, self.is_altered)

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.pairs)

    def read(self, index: int) -> Picture:
        """Return one picture, RGB ``(H, W, 3)`` uint8.

        Raises:
            UnreadablePicture: it or its partner cannot be used.
        """
        pair = self.pairs.read(index)
        return pair.altered if self.is_altered else pair.original


def _other_size(original: Picture, copy: Picture) -> str:
    sizes = [f"{picture.shape[1]}x{picture.shape[0]}" for picture in (copy, original)]
    return f"its altered copy has {sizes[0]} pixels, and it has {sizes[1]}"
