"""Pictures of 16 bits: which of their values are black and white."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unitscope.sources.formats import opened

Range16 = tuple[int, int]
"""The values of black and white in pictures of 16 bits."""
FULL: Range16 = (0, 65535)
DARK = (FULL[1] + 1) // 8
"""Pictures whose brightest pixel is below this look black."""
SUFFIXES = frozenset({".png", ".tif", ".tiff", ".pgm", ".ppm", ".pnm", ".jp2", ".j2k", ".jpx"})
"""What may hold 16 bits."""

COLOURS = ("RGB", "RGBA")
_OTHER_BYTE = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}


def is_gray_of_16_bits(image: Image.Image) -> bool:
    """Tell whether the pixels of an image are single numbers beyond 8 bits."""
    return image.mode == "I" or image.mode.startswith("I;16")


def in_8_bits(values: NDArray[np.integer], range16: Range16) -> NDArray[np.uint8]:
    """Return values of 16 bits with black at 0 and white at 255, rounded; what is beyond them is clipped.

    Raises:
        ValueError: they do not fit 16 bits.
    """
    wide = values.astype(np.int64)
    if wide.min() < FULL[0] or wide.max() > FULL[1]:
        raise ValueError("its pixels are 32-bit numbers without a fixed range")
    low, high = range16
    scaled = ((wide - low) * 510 + (high - low)) // (2 * (high - low))
    return np.clip(scaled, 0, 255).astype(np.uint8)


def values_of_16_bits(path: Path) -> NDArray[np.integer] | None:
    """Return the numbers in a file of 16 bits as they are: gray ``(H, W)``, RGB or RGBA ``(H, W, C)``; None for others.

    Pillow keeps the higher byte of colours alone. The lower one is read by telling it that the bytes lie the other way
    round.
    """
    with opened(path) as image:
        raw = _raw_mode(image)
        if is_gray_of_16_bits(image):
            return np.asarray(image)
        if image.mode not in COLOURS or raw.rpartition(";")[2] not in _OTHER_BYTE:
            return None
        high = np.asarray(image).astype(np.uint16)
    try:
        with opened(path) as again:
            kind, _, order = raw.rpartition(";")
            _set_raw_mode(again, f"{kind};{_OTHER_BYTE[order]}")
            return np.asarray(high << 8 | np.asarray(again))
    except ValueError:  # Pillow knows this kind of pixel in one order only
        return high * 257


def _raw_mode(image: Image.Image) -> str:
    """Return Pillow's name of the pixel format in the file, such as ``RGB;16B``."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _set_raw_mode(image: Image.Image, raw: str) -> None:
    def changed(arguments: object) -> object:
        return (raw, *arguments[1:]) if isinstance(arguments, tuple) else raw

    tiles = vars(image)["tile"]
    vars(image)["tile"] = [(*tile[:3], changed(tile[3])) for tile in tiles]


def brightest(path: Path) -> int | None:
    """Return the highest value in a picture of 16 bits; None where it has fewer, or cannot be read."""
    try:
        values = values_of_16_bits(path)
    except Exception:  # it will be reported as unreadable when its turn comes
        return None
    return None if values is None else int(values[..., :3].max() if values.ndim == 3 else values.max())
