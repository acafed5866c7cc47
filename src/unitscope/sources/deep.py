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


def values_of_16_bits(source: Path | bytes) -> NDArray[np.integer] | None:
    """Return the numbers in a file of 16 bits as they are: gray ``(H, W)``, RGB or RGBA ``(H, W, C)``; None for others.

    Args:
        source: the file, or the bytes of it.
    """
    found = _values_and_white(source)
    return None if found is None else found[0]


def _values_and_white(source: Path | bytes) -> tuple[NDArray[np.integer], int] | None:
    """Return the numbers in a file of 16 bits, and which of them it calls white.

    Pillow keeps the higher byte of colours alone. The lower one is read by telling it that the bytes lie the other way
    round. Of PGM and PPM files, which say what white is, it makes numbers up to 65,535 or 255.
    """
    with opened(source) as image:
        raw, stated = _raw_mode(image), _stated_white(image)
        white = stated or FULL[1]
        if is_gray_of_16_bits(image):
            values = np.asarray(image)
            return (
                values if white == FULL[1] else np.rint(values * (white / FULL[1])).astype(np.int64)
            ), white
        if image.format == "PPM":
            return (_colours_of_ppm(source), white) if stated and stated > 255 else None
        if image.mode not in COLOURS or raw.rpartition(";")[2] not in _OTHER_BYTE:
            return None
        if raw == "LA;16B":  # which Pillow knows in one order only; four bytes are read as four channels
            four = _read_as(source, "RGBA").astype(np.uint16)
            gray, alpha = (four[..., place] << 8 | four[..., place + 1] for place in (0, 2))
            return np.stack([gray, gray, gray, alpha], -1), white
        high = np.asarray(image).astype(np.uint16)
    kind, _, order = raw.rpartition(";")
    try:
        return np.asarray(high << 8 | _read_as(source, f"{kind};{_OTHER_BYTE[order]}")), white
    except ValueError:  # Pillow knows this kind of pixel in one order only
        return high * 257, white


def _raw_mode(image: Image.Image) -> str:
    """Return Pillow's name of the pixel format in the file, such as ``RGB;16B``."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if tiles else ""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _stated_white(image: Image.Image) -> int | None:
    """Return the number that a PGM or PPM file calls white; None for others, and where Pillow need not scale it."""
    tiles = getattr(image, "tile", None)
    arguments = tiles[0][3] if image.format == "PPM" and tiles else ""
    return arguments[-1] if isinstance(arguments, tuple) and isinstance(arguments[-1], int) else None


def _colours_of_ppm(source: Path | bytes) -> NDArray[np.integer]:
    """Return the numbers of a PPM file of 16 bits, of which Pillow makes 8.

    Raises:
        ValueError: they are written in digits.
    """
    bytes_of = []
    for raw in ("RGB;16B", "RGB;16L"):
        with opened(source) as image:
            decoder, extent, offset, _ = vars(image)["tile"][0]
            if decoder != "ppm":
                raise ValueError("its colours of 16 bits are written in digits, for which no range is read")
            vars(image)["tile"] = [("raw", extent, offset, (raw, 0, 1))]
            bytes_of.append(np.asarray(image).astype(np.uint16))
    return np.asarray(bytes_of[0] << 8 | bytes_of[1])


def _read_as(source: Path | bytes, raw: str) -> NDArray[np.uint8]:
    """Return the pixels of a file as Pillow reads them in another pixel format."""
    with opened(source) as image:
        _set_raw_mode(image, raw)
        return np.asarray(image)


def _set_raw_mode(image: Image.Image, raw: str) -> None:
    def changed(arguments: object) -> object:
        return (raw, *arguments[1:]) if isinstance(arguments, tuple) else raw

    tiles = vars(image)["tile"]
    vars(image)["tile"] = [(*tile[:3], changed(tile[3])) for tile in tiles]


def brightest(source: Path | bytes) -> int | None:
    """Return the highest value in a picture of 16 bits, of 65,535; None where it has fewer, or cannot be read."""
    try:
        found = _values_and_white(source)
    except Exception:  # it will be reported as unreadable when its turn comes
        return None
    if found is None:
        return None
    values, white = found
    return int((values[..., :3] if values.ndim == 3 else values).max()) * FULL[1] // white
