"""Pictures in tar files, as WebDataset writes them: what belongs to a sample has one name up to the first dot."""

from __future__ import annotations

import posixpath
import tarfile
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from unitscope.errors import UnitscopeError, one_line
from unitscope.sources.files import IRREGULAR, counted, extension
from unitscope.sources.formats import BESIDE, NO_PICTURE, masks_beside, picture_suffixes
from unitscope.sources.packed import PackedPictures

BLOCK = 512
"""Bytes of a header, and of each of the two blocks of zeros that end a tar file."""
NOWHERE_IN = "links that lead to no picture in the tar file"
HOLES = "stored with holes in a tar file"


class TarPictures(PackedPictures):
    """The pictures in tar files, in their order there.

    The key of a sample is the path of a member up to the first dot of its name; what follows that dot says what the
    member is. ``0001.jpg`` is a picture, ``0001.cls`` and ``0001.seg.png`` are something else of the same sample. One
    pass over the headers finds where pictures begin; of the members themselves it reads nothing.

    Args:
        files: plain tar files, not compressed.

    Attributes:
        left_out: the other members, counted; also masks beside their pictures, and links that lead to no picture.

    Raises:
        UnitscopeError: a file is not there, compressed, cut off or no tar file, a key has two pictures, or there is no
            picture.
    """

    kind = "tar file"

    def _index(self) -> tuple[str, ...]:
        ids: list[str] = []
        others: list[tuple[str, str]] = []
        which, starts, sizes = array("l"), array("q"), array("q")
        for number, file in enumerate(self.files):
            found, left_out = _pictures(file)
            others += left_out
            for name, (start, size) in found.items():
                ids.append(f"{file.stem}/{name}")
                which.append(number)
                starts.append(start)
                sizes.append(size)
        self._which, self._starts, self._sizes = (
            np.asarray(each, np.int64) for each in (which, starts, sizes)
        )
        self.left_out = counted(others)
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


def _pictures(file: Path) -> tuple[dict[str, tuple[int, int]], list[tuple[str, str]]]:
    """Return the first byte and the size of each picture in a tar file, and extension and reason of what is left out.

    Links are followed to pictures in the file. As in a folder, names that begin with a dot are passed over, and files
    that are called as the mask of a picture beside them are left out.

    Raises:
        UnitscopeError: it is compressed, cut off, or no tar file, or holds two pictures of one key.
    """
    found: dict[str, _Member] = {}
    keys: dict[str, str] = {}
    left_out: list[tuple[str, str]] = []
    for member in _members(file):
        key, kind = _parted(member.name)
        if kind not in picture_suffixes() or member.why:
            left_out.append((extension(member.name), member.why or NO_PICTURE))
            continue
        if key in keys:
            raise UnitscopeError(
                f"tar file {str(file)!r} holds two pictures of the key {key!r}, {keys[key]} and {member.name}; write "
                "each sample once"
            )
        keys[key], found[member.name] = member.name, member
    masks = masks_beside(found)
    left_out += [(extension(name), BESIDE) for name in masks]
    by_path = {posixpath.normpath(name): member for name, member in found.items()}
    places: dict[str, tuple[int, int]] = {}
    for name, member in found.items():
        if name in masks:
            continue
        end = _end_of_links(member, by_path)
        if end is None:
            left_out.append((extension(name), NOWHERE_IN))
        else:
            places[name] = end.start, end.size
    return places, left_out


def _end_of_links(member: _Member, by_path: Mapping[str, _Member]) -> _Member | None:
    """Return the file that a member is, or that links lead to from it; None where they do not lead to a picture."""
    for _ in by_path:
        if not member.link:
            return member
        further = by_path.get(member.link)
        if further is None:
            break
        member = further
    return None


def _parted(name: str) -> tuple[str, str]:
    """Return the key of a member, and what follows the first dot of its name, in lower case with that dot."""
    path = PurePosixPath(name)
    key, dot, kind = path.name.partition(".")
    return (path.parent / key).as_posix(), dot + kind.lower()


class _Member(NamedTuple):
    """What stands in a tar file under a name."""

    name: str
    start: int
    size: int
    link: str = ""
    """The path that it is a link to."""
    why: str = ""
    """Why it cannot be read."""


def _member(entry: tarfile.TarInfo) -> _Member:
    if entry.islnk():
        return _Member(entry.name, 0, 0, posixpath.normpath(entry.linkname))
    if entry.issym():
        target = posixpath.join(posixpath.dirname(entry.name), entry.linkname)
        return _Member(entry.name, 0, 0, posixpath.normpath(target))
    why = IRREGULAR if not entry.isreg() else HOLES if entry.issparse() else ""
    return _Member(entry.name, entry.offset_data, entry.size, why=why)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") and part != ".." for part in PurePosixPath(name).parts)


def _members(path: Path) -> Iterator[_Member]:
    """Yield what is in a tar file besides folders and names that begin with a dot, in order.

    Raises:
        UnitscopeError: it is compressed, cut off, or no tar file.
    """
    last = "its first header"
    try:
        with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:") as tar:
            while (member := tar.next()) is not None:
                last = repr(member.name)
                vars(tar)["members"].clear()  # which would keep what is known of every member
                if not member.isdir() and not _is_hidden(member.name):
                    yield _member(member)
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
