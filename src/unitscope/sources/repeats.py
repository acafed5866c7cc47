"""Whether a picture that is read again is the one that it was."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray


class Repeats:
    """Checksums of the pictures that were read, four bytes each; they travel to other processes with their source.

    Args:
        count: how many pictures there are.
    """

    def __init__(self, count: int) -> None:
        self._checksums = np.zeros(count, np.uint32)  # 0 is not yet read

    def same(self, index: int, picture: NDArray[np.uint8]) -> bool:
        """Tell whether a picture is the one that was read under its number before, if any was."""
        shape = zlib.crc32(repr(picture.shape).encode())
        checksum = max(1, zlib.crc32(np.ascontiguousarray(picture).data, shape))
        before, self._checksums[index] = int(self._checksums[index]), checksum
        return before in (0, checksum)
