"""Copies of pictures that a function alters when they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, one_line
from unitscope.sources.base import PictureSource, UnreadablePicture
from unitscope.sources.files import combined_hash

Picture = NDArray[np.uint8]
"""RGB ``(H, W, 3)``."""
Alteration = Callable[[Picture, np.random.Generator], Picture]
"""A pure function of a picture and of random numbers that belong to it: another picture of the same shape."""

CHECKED = 8
"""Pictures that a function shows that it alters them the same way."""
TIMES = 3
"""How often it alters each of them."""


def picture_generator(seed: int, number: int) -> np.random.Generator:
    """Return the random numbers of one picture, which depend on a seed and the number of the picture alone."""
    return np.random.Generator(np.random.Philox(key=[seed, number]))


class AlteredPictures:
    """Copies of pictures that a function alters when they are read.

    Args:
        originals: the pictures.
        alteration: what is done to each.
        name: what to call the alteration in titles and messages.
        version: what the copies depend on besides originals, name and seed, such as a hash of the function's file.
        seed: of the random numbers.
    """

    def __init__(
        self,
        originals: PictureSource,
        alteration: Alteration,
        *,
        name: str,
        version: str = "",
        seed: int = 0,
    ) -> None:
        self.originals, self.alteration, self.seed = originals, alteration, seed
        self.alteration_name, self.version = name, version
        self.name, self.sample_ids = f"{originals.name}, {name}", originals.sample_ids

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when the originals, the alteration or the seed do."""
        return combined_hash(self.originals.content_hash, self.alteration_name, self.version, self.seed)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.originals)

    def read(self, index: int) -> Picture:
        """Return one altered copy, ``(H, W, 3)`` uint8.

        Raises:
            UnreadablePicture: the original cannot be used.
            UnitscopeError: the function fails, or returns something else than a picture of the same shape.
        """
        return self.of(index, self.originals.read(index))

    def of(self, index: int, original: Picture) -> Picture:
        """Return the altered copy of an original that has been read.

        Raises:
            UnreadablePicture: the function says that it cannot alter this picture.
            UnitscopeError: the function fails, or returns something else than a picture of the same shape.
        """
        what = f"alteration {self.alteration_name!r}"
        try:
            altered = self.alteration(original.copy(), picture_generator(self.seed, index))
        except UnitscopeError:
            raise
        except Exception as error:
            raise UnitscopeError(
                f"{what} fails on picture {self.sample_ids[index]!r}: {one_line(error)}"
            ) from error
        found = (
            f"{altered.dtype} {altered.shape}" if isinstance(altered, np.ndarray) else type(altered).__name__
        )
        if found != f"uint8 {original.shape}":
            raise UnitscopeError(
                f"{what} returns {found} for picture {self.sample_ids[index]!r}; it must return uint8 of the same "
                f"shape, {original.shape}"
            )
        return altered

    def check(self) -> str:
        """Refuse a function that alters the same picture differently each time.

        Pictures spread over all are altered; where none of them can be read, the first that can.

        Returns:
            SHA-256 of these copies.

        Raises:
            UnitscopeError: it does, or see :meth:`of`.
        """
        count = len(self)
        spread = sorted({count * part // CHECKED for part in range(CHECKED)})
        copies = [copy for index in spread if (copy := self._altered_again(index)) is not None]
        if not copies:
            tried = (self._altered_again(index) for index in range(count))
            copies = [next((copy for copy in tried if copy is not None), np.zeros(0, np.uint8))]
        return hashlib.sha256(b"".join(copy.tobytes() for copy in copies)).hexdigest()

    def _altered_again(self, index: int) -> Picture | None:
        """Return the copy of a picture that is altered several times; None where it cannot be read."""
        try:
            original = self.originals.read(index)
            copy, *others = [self.of(index, original) for _ in range(TIMES)]
        except UnreadablePicture:
            return None
        if any(not np.array_equal(copy, other) for other in others):
            raise UnitscopeError(
                f"alteration {self.alteration_name!r} alters picture {self.sample_ids[index]!r} differently when it is "
                "asked again; let it take its random numbers from the generator that it is given"
            )
        return copy
