"""Picture files of every kind as 8-bit RGB."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

ORIENTATION = 0x0112
TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations that exchange height and width."""


def decode_picture(path: Path) -> NDArray[np.uint8]:
    """Return a picture file as RGB, (H, W, 3) uint8, the way it is meant to be seen.

    EXIF rotation is applied; of an animation, the first frame is taken; transparent regions are laid on
    white; 16-bit gray is scaled by 1/257 (not clipped), CMYK and palettes are converted.

    Raises:
        ValueError: the file cannot be decoded; the message says why.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return image_to_rgb(image)
    except Exception as error:  # decoders raise whatever they stumble on
        raise ValueError(_reason(path, error)) from error


def image_to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Return a Pillow image as RGB, (H, W, 3) uint8, see `decode_picture`.

    Raises:
        ValueError: its pixels are numbers without a fixed range.
    """
    return _to_rgb(_upright(image))


def picture_size(path: Path) -> tuple[int, int]:
    """Return height and width of a picture file after EXIF rotation, reading no more than its header.

    Raises:
        ValueError: the file cannot be opened; the message says why.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            return (width, height) if _orientation(image) in TURNED else (height, width)
    except Exception as error:
        raise ValueError(_reason(path, error)) from error


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a broken EXIF block says nothing about the pixels
        return 1


def _upright(image: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(image) if _orientation(image) in range(2, 9) else image


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _gray_of_16_bits(np.asarray(image))
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers without a fixed range")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
    return np.asarray(image.convert("RGB"))


def _gray_of_16_bits(values: NDArray[np.integer]) -> NDArray[np.uint8]:
    wide = values.astype(np.int64)
    if wide.min() < 0 or wide.max() > 65535:
        raise ValueError("its pixels are 32-bit numbers without a fixed range")
    gray = ((wide + 128) // 257).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        counts = [f"{int(number):,}" for number in re.findall(r"\d+", str(error))]
        return f"it has {counts[0]} pixels, and at most {counts[1]} are read"
    if isinstance(error, FileNotFoundError | PermissionError):
        return f"it cannot be opened ({error.strerror})"
    if isinstance(error, UnidentifiedImageError):
        return "the file is empty" if path.stat().st_size == 0 else "it is not a picture in a known format"
    return " ".join(str(error).split()) or type(error).__name__
