"""What every source of pictures offers."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError


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
class LabelledSource(PictureSource, Protocol):
    """Pictures that come with their label maps, such as those of the built-in world."""

    @property
    def vocabulary(self) -> Any:
        """The `Vocabulary` that the numbers in the label maps stand for."""
        ...

    def labels(self, index: int) -> NDArray[np.int32]:
        """Return the label map of one whole picture, (P, H, W); 0 is "nothing"."""
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
