"""Several sources of pictures as one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, count

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.sources.base import PictureSource, drafted, in_range16, left_out_of, remarks_on
from unitscope.sources.dataset import DatasetPictures
from unitscope.sources.files import LeftOut, combined_hash
from unitscope.sources.pictures import PictureFolder


class JoinedPictures:
    """The pictures of several sources, one source after the other; ids begin with the name of their source.

    Of sources with one name, the second is called ``name (2)``, and so on.

    Args:
        sources: two or more.

    Raises:
        UnitscopeError: one, or a picture of a folder, is given twice.
    """

    def __init__(self, sources: Sequence[PictureSource]) -> None:
        self.sources = tuple(sources)
        for place, source in enumerate(self.sources):
            for other in self.sources[:place]:
                if other.name == source.name and _are_same(other, source):
                    raise UnitscopeError(f"pictures of {source.name!r} are given twice; give each once")
        names = _apart([source.name for source in sources])
        self.name = " + ".join(names)
        self.sample_ids = tuple(
            f"{own}/{name}" for own, source in zip(names, sources, strict=True) for name in source.sample_ids
        )
        self._ends = list(accumulate(len(source) for source in sources))

    @property
    def content_hash(self) -> str:
        """SHA-256 of the hashes of all sources, in order."""
        return combined_hash(*(source.content_hash for source in self.sources))

    def __len__(self) -> int:
        """Return the number of pictures of all sources."""
        return self._ends[-1]

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Files that were left out where pictures were looked for, counted."""
        return left_out_of(*self.sources)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know before a run on these pictures."""
        return remarks_on(*self.sources)

    def in_range16(self, range16: tuple[int, int]) -> JoinedPictures:
        """Return the same pictures with other values of black and white in those of 16 bits."""
        return JoinedPictures([in_range16(source, range16) for source in self.sources])

    def drafted(self, least: int) -> JoinedPictures:
        """Return the same pictures, decoded at a fraction of their size where that can be."""
        return JoinedPictures([drafted(source, least) for source in self.sources])

    def locate(self, index: int) -> tuple[int, int]:
        """Return which source a picture is in, and its index there."""
        source = int(np.searchsorted(self._ends, index, side="right"))
        return source, index - (self._ends[source - 1] if source else 0)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return one picture, RGB, (H, W, 3) uint8.

        Raises:
            UnreadablePicture: the picture cannot be used.
        """
        source, own = self.locate(index)
        return self.sources[source].read(own)


def _apart(names: Sequence[str]) -> list[str]:
    """Number names that come again."""
    found: list[str] = []
    for name in names:
        numbered = (f"{name} ({number})" for number in count(2))
        found.append(name if name not in found else next(each for each in numbered if each not in found))
    return found


def _are_same(one: PictureSource, other: PictureSource) -> bool:
    """Tell whether two sources of one name have the same pictures: by where these lie if it is in folders."""
    if isinstance(one, PictureFolder) and isinstance(other, PictureFolder):
        same_folder = one.folder.resolve() == other.folder.resolve()
        return same_folder and not set(one.sample_ids).isdisjoint(other.sample_ids)
    if isinstance(one, DatasetPictures) and isinstance(other, DatasetPictures):
        return one.items is other.items
    return one is other or one.content_hash == other.content_hash
