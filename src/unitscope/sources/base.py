"""What every source of pictures offers."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.sources.files import LeftOut, joined


class UnreadablePicture(UnitscopeError):
    """One picture that cannot be used; a run leaves it out and says so.

    Attributes:
        sample_id: the picture.
        reason: what is wrong with it, in a few words.
    """

    def __init__(self, sample_id: str, reason: str) -> None:
        super().__init__(sample_id, reason)
        self.sample_id = sample_id
        self.reason = reason

    def __str__(self) -> str:
        return f"picture {self.sample_id!r} cannot be used: {self.reason}"


@runtime_checkable
class PictureSource(Protocol):
    """Pictures in a fixed order, each with an id that stays the same from run to run."""

    @property
    def name(self) -> str:
        """What to call the source in titles and messages."""
        ...

    @property
    def sample_ids(self) -> tuple[str, ...]:
        """The id of every picture, in order."""
        ...

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when the pictures do, as hexadecimal digits."""
        ...

    def __len__(self) -> int:
        """Return the number of pictures."""
        ...

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return one picture, RGB, (H, W, 3) uint8.

        Raises:
            UnreadablePicture: the picture cannot be used.
        """
        ...


@runtime_checkable
class SearchedSource(PictureSource, Protocol):
    """Pictures that were looked for among other files."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The other files, counted by extension and reason."""
        ...

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know before a run on them."""
        ...


@runtime_checkable
class MeasuredSource(PictureSource, Protocol):
    """Pictures that may have 16 bits, whose black and white the user may state."""

    def in_range16(self, range16: tuple[int, int]) -> PictureSource:
        """Return the same pictures with these values of black and white in those of 16 bits."""
        ...


@runtime_checkable
class DraftedSource(PictureSource, Protocol):
    """Pictures some of which can be decoded at a fraction of their size."""

    def drafted(self, least: int) -> PictureSource:
        """Return the same pictures, JPEG at the smallest eighth of their size whose sides have so many pixels."""
        ...


def left_out_of(*sources: PictureSource) -> tuple[LeftOut, ...]:
    """Return what was left out where pictures were looked for, all sources together."""
    return joined(*(source.left_out for source in sources if isinstance(source, SearchedSource)))


def remarks_on(*sources: PictureSource) -> tuple[str, ...]:
    """Return what a person should know before a run on some pictures, each remark once."""
    said = (line for source in sources if isinstance(source, SearchedSource) for line in source.remarks)
    return tuple(dict.fromkeys(said))


def in_range16(source: PictureSource, range16: tuple[int, int] | None) -> PictureSource:
    """Return pictures with these values of black and white in those of 16 bits; as they are without any."""
    return source.in_range16(range16) if range16 and isinstance(source, MeasuredSource) else source


def drafted(source: PictureSource, least: int | None) -> PictureSource:
    """Return pictures decoded at the smallest size that leaves their sides so many pixels; as they are without any."""
    return source.drafted(least) if least and isinstance(source, DraftedSource) else source


@runtime_checkable
class LabelledSource(PictureSource, Protocol):
    """Pictures that come with their label maps, such as those of the built-in world."""

    @property
    def vocabulary(self) -> Any:
        """The `Vocabulary` that the numbers in the label maps stand for."""
        ...

    def labels(self, index: int) -> NDArray[np.int32]:
        """Return the label map of one whole picture, (P, H, W); 0 is "nothing", -1 counts nowhere."""
        ...


@runtime_checkable
class ClassedSource(PictureSource, Protocol):
    """Pictures that each belong to one class."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in order."""
        ...

    @property
    def targets(self) -> NDArray[np.int64]:
        """The place in `class_names` of the class of every picture, (N,)."""
        ...


@runtime_checkable
class DrawnSource(PictureSource, Protocol):
    """Pictures that are drawn from descriptions, so that they can be drawn again in other materials."""

    def retextured(self, seed: int) -> PictureSource:
        """Return as many pictures with the same outlines, in which objects have the materials of others."""
        ...
