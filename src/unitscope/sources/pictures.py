"""A folder of picture files, or a list of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.paths import as_path
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.decode import Decoded, decode_picture
from unitscope.sources.deep import DARK, FULL, SUFFIXES, brightest
from unitscope.sources.files import Found, LeftOut, files_hash, regular_file, search
from unitscope.sources.formats import BESIDE, NO_PICTURE, masks_beside, picture_suffixes, unread_suffixes

COMMON = ("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff")
"""Extensions that a message names."""
LOOKED_AT, MEASURED = 2000, 100
"""Files whose header is read to find pictures of 16 bits, and how many of these are measured."""


class PictureFolder(Decoded):
    """All picture files in a folder and the folders in it, in the order of their relative paths.

    Files are found by their extension, see `picture_suffixes`; names that begin with a dot are passed over, folders
    that hold a run are not searched, and files that are called as the mask of a picture beside them are left out. See
    `decode_picture` for what becomes of rotation, transparency and unusual pixel formats.

    Args:
        folder: where to look.

    Attributes:
        sample_ids: relative paths of the pictures.
        left_out: the other files, counted.

    Raises:
        UnitscopeError: there is no such folder, or no picture file in it.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        check_folder(self.folder, "picture folder")
        found = find_pictures(self.folder)
        self.sample_ids, self.left_out = found.paths, found.left_out
        if not self.sample_ids:
            others = len(picture_suffixes()) - len(COMMON)
            raise UnitscopeError(
                f"picture folder {str(self.folder)!r} holds no picture files, not in its folders either; "
                f"looked for the extensions {', '.join(COMMON)} and {others} others{instead(self.left_out)}"
            )

    @property
    def name(self) -> str:
        """The name of the folder and of the one it is in, such as ``val/images``."""
        return "/".join(self.folder.resolve().parts[-2:])

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the paths and bytes of all files (sizes in place of bytes beyond 2 GiB altogether)."""
        return files_hash(self.folder, self.sample_ids)

    def __len__(self) -> int:
        """Return the number of picture files, unreadable ones included."""
        return len(self.sample_ids)

    def __repr__(self) -> str:
        return f"PictureFolder({str(self.folder)!r}, {len(self)} pictures)"

    def path(self, index: int) -> Path:
        """Return where a picture is."""
        return self.folder / self.sample_ids[index]

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return one picture, RGB, (H, W, 3) uint8.

        Raises:
            UnreadablePicture: the file is broken, too large, or not a picture.
        """
        try:
            return decode_picture(self.path(index), self.range16, self.draft)
        except ValueError as error:
            raise UnreadablePicture(self.sample_ids[index], str(error)) from error

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know before a run on these pictures: that those of 16 bits look black."""
        if self.range16 != FULL:
            return ()
        found: dict[str, list[int]] = {}
        deep = [name for name in self.sample_ids if suffix_of(name) in SUFFIXES]
        for name in deep[:LOOKED_AT]:
            if len(values := found.setdefault(suffix_of(name), [])) >= MEASURED:
                continue
            if (value := brightest(self.folder / name)) is not None:
                values.append(value)
        return dark_remarks(found)


class ListedPictures(PictureFolder):
    """Picture files that are listed, in the order of the list; ids are paths below the folder they have in common.

    Args:
        paths: of the files, whatever their extensions.

    Raises:
        UnitscopeError: there is no such file, or one is listed twice.
    """

    def __init__(self, paths: Sequence[Path | str]) -> None:
        listed = [Path(os.path.abspath(as_path(path))) for path in paths]
        for path in listed:
            _check_file(path)
        path, times = Counter(listed).most_common(1)[0]
        if times > 1:
            raise UnitscopeError(f"picture {str(path)!r} is listed {times} times; list it once")
        try:
            self.folder = Path(os.path.commonpath([path.parent for path in listed]))
        except ValueError as error:  # two drives of Windows
            raise UnitscopeError(
                "the pictures of a list lie on several drives, which have no folder in common; list those of one drive"
            ) from error
        self.sample_ids = tuple(path.relative_to(self.folder).as_posix() for path in listed)
        self.left_out = ()

    def __repr__(self) -> str:
        return f"ListedPictures({len(self)} pictures in {str(self.folder)!r})"


def find_pictures(folder: Path) -> Found:
    """Return the picture files below a folder, and what else is there."""
    found = search(folder, picture_suffixes(), reason=NO_PICTURE, reasons=unread_suffixes())
    return found.without(masks_beside(found.paths), BESIDE)


def dark_remarks(found: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """Return what to say of pictures of 16 bits that look black.

    Args:
        found: their highest values, by extension: what was saved in one format was mostly measured in one way.
    """
    highest = {suffix: max(values) for suffix, values in found.items() if values}
    dark = {suffix: value for suffix, value in highest.items() if value < DARK}
    apart = "give them apart from the others and " if len(dark) < len(highest) else ""
    lines = []
    for suffix, value in dark.items():
        bits, count = max(value.bit_length(), 1), len(found[suffix])
        which = f"the first {count} {suffix} pictures" if count > 1 else f"the only {suffix} picture"
        which = " ".join(f"{which} of 16 bits".split())
        lines.append(
            f"the brightest pixel of {which} is {value:,} of {FULL[1]:,}, which is almost black; if {bits} bits were "
            f"measured, {apart}add range16=0:{2**bits - 1} to the preprocessing"
        )
    return tuple(lines)


def suffix_of(name: str) -> str:
    """Return the extension of a file in lower case with its dot."""
    return os.path.splitext(name)[1].lower()


def instead(left_out: Sequence[LeftOut]) -> str:
    """Return what a folder without pictures holds instead."""
    if not left_out:
        return ""
    shown = ", ".join(f"{each.count:,} {each.extension} ({each.reason})" for each in left_out[:3])
    return f"; there are {shown}" + (" and more" if len(left_out) > 3 else "")


def check_folder(folder: Path, what: str) -> None:
    """Raise `UnitscopeError` unless `folder` is a folder; `what` says which one in the message."""
    if not folder.exists():
        wanted = "give the path of a folder"
        if any(mark in folder.name for mark in "*?["):
            wanted = f"patterns are not filled in: give the folder {str(folder.parent)!r}, or a list of files"
        raise UnitscopeError(f"{what} {str(folder)!r} does not exist; {wanted}")
    if not folder.is_dir():
        raise UnitscopeError(
            f"{what} {str(folder)!r} is a file; give the folder that holds it, or a list of files"
        )


def _check_file(path: Path) -> None:
    try:
        regular_file(path)
    except OSError as error:
        why = (
            "does not exist"
            if isinstance(error, FileNotFoundError)
            else f"cannot be read: {error.strerror or error}"
        )
        raise UnitscopeError(f"listed picture {str(path)!r} {why}; list files of pictures") from error
