"""The label maps of all pictures of a run at once, for questions that lay masks on those of others."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.run.folder import RunFolder
from unitscope.run.layout import CELLS
from unitscope.run.storage import ArrayFile, concatenated, write_file
from unitscope.stats.intersection import planes_last

KEPT = 2**24
"""Bytes of label maps in memory; where there are more, they are in a file, of which so much is looked at at a time."""
NAME = "labels"
"""Of that file, in the cache; processes that share a run folder share it."""


@dataclass(frozen=True)
class LabelMaps:
    """Label maps of a run whose pictures have all been read.

    Args:
        folder: the run folder.
        shards: how many of its first files hold label maps.
    """

    folder: RunFolder
    shards: int

    @property
    def path(self) -> Path:
        """The file that holds them where they are many."""
        return self.folder.path / CELLS / NAME

    @cached_property
    def samples(self) -> NDArray[np.int64]:
        """Numbers of the pictures that could be read, ascending ``(N,)``."""
        return concatenated(self._files(), "samples")["samples"]

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Of :attr:`array`: ``(N, gh * gw, P)``."""
        _, planes, height, width = next(self._files())["labels"].shape
        return len(self.samples), height * width, planes

    @property
    def _bytes(self) -> int:
        return 2 * int(np.prod(self.shape, dtype=np.int64))

    @cached_property
    def array(self) -> NDArray[np.int16]:
        """All label maps, planes last ``(N, gh * gw, P)``; not to be written to."""
        if self._bytes > KEPT:
            return np.frombuffer(self._mapped, np.int16).reshape(self.shape)
        found = np.empty(self.shape, np.int16)
        self._fill(found)
        return found

    @cached_property
    def _mapped(self) -> mmap.mmap:
        if not self.path.is_file() or self.path.stat().st_size != self._bytes:
            self.prepare()
        with self.path.open("rb") as file:
            return mmap.mmap(file.fileno(), self._bytes, access=mmap.ACCESS_COPY)

    def prepare(self) -> None:
        """Write the file, if there is to be one."""
        if self._bytes <= KEPT:
            return

        def write(path: Path) -> None:
            with path.open("wb+") as file:
                file.truncate(self._bytes)
                mapped = mmap.mmap(file.fileno(), self._bytes)  # closed when the array over it is gone
                self._fill(np.frombuffer(mapped, np.int16).reshape(self.shape), mapped)

        write_file(self.path, write, durable=False)

    def forget(self) -> None:
        """Let go of the label maps, and delete the file."""
        for name in ("array", "_mapped"):
            self.__dict__.pop(name, None)
        self.path.unlink(missing_ok=True)

    def _fill(self, array: NDArray[np.int16], mapped: mmap.mmap | None = None) -> None:
        start = 0
        for file in self._files():
            part = planes_last(file["labels"])
            array[start : start + len(part)] = part
            start += len(part)
            _let_go(mapped)

    def _files(self) -> map[ArrayFile]:
        return map(self.folder.open_shard, range(self.shards))

    def release(self) -> None:
        """Let the memory of what was looked at go: it is taken from the file again where it is wanted."""
        if self._bytes > KEPT:
            _let_go(self._mapped)

    def together(self, pictures: int) -> int:
        """Return how many re-pairings of so many pictures look at no more than may be in memory."""
        return max(1, KEPT // max(2 * pictures * self.shape[1] * self.shape[2], 1))


def _let_go(mapped: mmap.mmap | None) -> None:
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
