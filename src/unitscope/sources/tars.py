"""Pictures in tar files, as WebDataset writes them: what belongs to a sample has one name up to the first dot."""

from __future__ import annotations

import tarfile
from array import array
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from unitscope.errors import UnitscopeError, one_line
from unitscope.sources.files import counted, extension
from unitscope.sources.formats import NO_PICTURE, picture_suffixes
from unitscope.sources.packed import PackedPictures

BLOCK = 512
"""Bytes of a header, and of each of the two blocks of zeros that end a tar file."""


class TarPictures(PackedPictures):
    """The pictures in tar files, in their order there.

    The key of a sample is the path of a member up to the first dot of its name; what follows that dot says what the
    member is. ``0001.jpg`` is a picture, ``0001.cls`` and ``0001.seg.png`` are something else of the same sample. One
    pass over the headers finds where pictures begin; of the members themselves it reads nothing.

    Args:
        files: plain tar files, not compressed.

    Attributes:
        left_out: the other members, counted.

    Raises:
        UnitscopeError: a file is not there, compressed, cut off or no tar file, a key has two pictures, or there is no
            picture.
    """

    kind = "tar file"

    def _index(self) -> tuple[str, ...]:
        ids: list[str] = []
        others: Counter[str] = Counter()
        which, starts, sizes = array("l"), array("q"), array("q")
        for number, file in enumerate(self.files):
            keys: dict[str, str] = {}
            for name, start, size in _members(file):
                key, kind = _parted(name)
                if kind not in picture_suffixes():
                    others[extension(name)] += 1
                    continue
                if key in keys:
                    raise UnitscopeError(
                        f"tar file {str(file)!r} holds two pictures of the key {key!r}, {keys[key]} and {name}; write "
                        "each sample once"
                    )
                keys[key] = name
                ids.append(f"{file.stem}/{name}")
                which.append(number)
                starts.append(start)
                sizes.append(size)
        self._which, self._starts, self._sizes = (
            np.asarray(each, np.int64) for each in (which, starts, sizes)
        )
        self.left_out = counted((ending, NO_PICTURE) for ending in others.elements())
        return tuple(ids)

    def _wanted(self) -> str:
        kinds = ", ".join(f"{each.count:,} {each.extension}" for each in self.left_out[:3])
        return f"there are {kinds} in it" if kinds else ""

    def _stored(self, index: int) -> bytes:
        with self.files[self._which[index]].open("rb") as file:
            file.seek(int(self._starts[index]))
            content: bytes = file.read(int(self._sizes[index]))
        if len(content) < self._sizes[index]:
            raise ValueError("its tar file has become shorter")
        return content


def _parted(name: str) -> tuple[str, str]:
    """Return the key of a member, and what follows the first dot of its name, in lower case with that dot."""
    path = PurePosixPath(name)
    key, dot, kind = path.name.partition(".")
    return (path.parent / key).as_posix(), dot + kind.lower()


def _members(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yield the name, the first byte and the size of the files in a tar file, in order.

    Raises:
        UnitscopeError: it is compressed, cut off, or no tar file.
    """
    last = "its first header"
    try:
        with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:") as tar:
            while (member := tar.next()) is not None:
                last = repr(member.name)
                vars(tar)["members"].clear()  # which would keep what is known of every member
                if member.isreg() and not PurePosixPath(member.name).name.startswith("."):
                    yield member.name, member.offset_data, member.size
            # Python takes whatever is no header for the end.
            raw.seek(tar.offset)
            ended = raw.read(BLOCK) == bytes(BLOCK)
    except tarfile.TarError as error:
        with path.open("rb") as raw:
            head = raw.read(6)
        if head[:2] == b"\x1f\x8b" or head[:3] == b"BZh" or head in (b"\xfd7zXZ\0", b"(\xb5/\xfd"):
            raise UnitscopeError(
                f"tar file {str(path)!r} is compressed, so no picture in it can be read alone; unpack it to a plain tar"
            ) from error
        if last != "its first header":
            raise _cut(path, last) from error
        raise UnitscopeError(f"{str(path)!r} is no tar file: {one_line(error)}") from error
    if not ended:
        raise _cut(path, last)


def _cut(path: Path, last: str) -> UnitscopeError:
    return UnitscopeError(f"tar file {str(path)!r} is cut off after {last}; copy or download it again")
