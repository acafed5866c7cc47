"""A folder of picture files."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.decode import decode_picture
from unitscope.sources.files import files_hash, find_files

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


class PictureFolder:
    """All picture files in a folder and the folders in it, in the order of their relative paths.

    Files are found by their extension (jpg, jpeg, png, webp, bmp, gif, tif, tiff, in any case); names that
    begin with a dot are left out. See `decode_picture` for what becomes of rotation, transparency and unusual
    pixel formats.

    Args:
        folder: where to look.

    Raises:
        UnitscopeError: there is no such folder, or no picture file in it.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        check_folder(self.folder, "picture folder")
        self.sample_ids = find_files(self.folder, PICTURE_SUFFIXES)
        if not self.sample_ids:
            looked_for = ", ".join(suffix[1:] for suffix in PICTURE_SUFFIXES)
            raise UnitscopeError(
                f"picture folder {str(self.folder)!r} holds no picture files, not in its folders either; "
                f"looked for the extensions {looked_for}"
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
            return decode_picture(self.path(index))
        except ValueError as error:
            raise UnreadablePicture(self.sample_ids[index], str(error)) from error


def check_folder(folder: Path, what: str) -> None:
    """Raise `UnitscopeError` unless `folder` is a folder; `what` says which one in the message."""
    if not folder.exists():
        raise UnitscopeError(f"{what} {str(folder)!r} does not exist; give the path of a folder")
    if not folder.is_dir():
        raise UnitscopeError(f"{what} {str(folder)!r} is a file; give the folder that holds it")
