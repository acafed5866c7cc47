"""Pictures packed into few large files, each read by its number: what tar files and tables have in common."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, one_line
from unitscope.paths import as_path
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.decode import Decoded
from unitscope.sources.deep import FULL
from unitscope.sources.files import LeftOut, files_hash, regular_file
from unitscope.sources.item import brightest_of, picture_to_rgb
from unitscope.sources.pictures import MEASURED, dark_remarks, suffix_of


class PackedPictures(Decoded, ABC):
    """The pictures of some files that hold many, one file after the other.

    A picture is read from its place in its file, by any thread, so that a run goes on anywhere. Which places these are
    is found once, without reading a picture. It can be pickled.

    Args:
        files: in order.

    Attributes:
        sample_ids: the name of the file without its extension, and what tells the picture there.

    Raises:
        UnitscopeError: a file is not there, is given twice or damaged, or there are no pictures.
    """

    kind: ClassVar[str]
    """What messages call a file."""
    left_out: tuple[LeftOut, ...] = ()
    sample_ids: tuple[str, ...]

    def __init__(self, files: Sequence[Path | str]) -> None:
        self.files = tuple(Path(os.path.abspath(as_path(file))) for file in files)
        stems = [self._stem(file) for file in self.files]
        for place, (file, stem) in enumerate(zip(self.files, stems, strict=True)):
            if stem in stems[:place]:
                raise UnitscopeError(
                    f"two {self.kind}s are called {stem!r}, so their pictures cannot be told apart; give each once"
                )
            try:
                regular_file(file)
            except OSError as error:
                raise UnitscopeError(
                    f"{self.kind} {str(file)!r} cannot be read: {error.strerror or error}"
                ) from error
        self.sample_ids = self._index()
        if not self.sample_ids:
            raise UnitscopeError(
                f"{self._called()} holds no pictures" + (f"; {self._wanted()}" if self._wanted() else "")
            )

    @staticmethod
    def _stem(file: Path) -> str:
        """Return what a file is called in ids."""
        return file.stem

    @abstractmethod
    def _index(self) -> tuple[str, ...]:
        """Find where pictures are; return their ids."""

    @abstractmethod
    def _stored(self, index: int) -> object:
        """Return what stands for a picture, see :func:`picture_to_rgb`."""

    def _wanted(self) -> str:
        """Return what was looked for."""
        return ""

    def _called(self) -> str:
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        return f"{self.kind} {str(self.files[0])!r}{more}"

    @property
    def name(self) -> str:
        """The name of the first file without its extension, and that of the last."""
        ends = dict.fromkeys((self._stem(self.files[0]), self._stem(self.files[-1])))
        return " to ".join(ends)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the files' bytes (sizes in place of bytes beyond 2 GiB altogether) and of all ids."""
        folder = Path(os.path.commonpath([file.parent for file in self.files]))
        names = [file.relative_to(folder).as_posix() for file in self.files]
        return self._with_ids(files_hash(folder, names))

    def _with_ids(self, hashed: str) -> str:
        digest = hashlib.sha256(hashed.encode())
        for name in self.sample_ids:
            digest.update(f"{name}\n".encode(errors="surrogateescape"))
        return digest.hexdigest()

    def __len__(self) -> int:
        """Return the number of pictures, unreadable ones included."""
        return len(self.sample_ids)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self)} pictures)"

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know before a run on these pictures: that the first ones of 16 bits look black."""
        if self.range16 != FULL:
            return ()
        found: dict[str, list[int]] = {}
        for index, sample_id in enumerate(self.sample_ids[:MEASURED]):
            with suppress(Exception):  # it will be reported as unreadable when its turn comes
                if (value := brightest_of(self._stored(index))) is not None:
                    found.setdefault(suffix_of(sample_id), []).append(value)
        return dark_remarks(found)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return one picture, RGB, (H, W, 3) uint8.

        Raises:
            UnreadablePicture: it is broken, too large, or no picture.
        """
        try:
            return picture_to_rgb(self._stored(index), range16=self.range16, draft=self.draft)
        except Exception as error:  # decoders raise whatever they stumble on
            reason = str(error) if isinstance(error, ValueError) and str(error) else one_line(error)
            raise UnreadablePicture(self.sample_ids[index], reason) from error
