"""Picture files of every kind as 8-bit RGB."""

from __future__ import annotations

import copy
import ctypes
import logging
import re
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, _imaging

from unitscope.sources.deep import FULL, Range16, in_8_bits, is_gray_of_16_bits, values_of_16_bits
from unitscope.sources.exif import TURNED, orientation, upright
from unitscope.sources.formats import NEEDS_HEIF, opened, picture_suffixes, unmapped
from unitscope.sources.whole import is_whole

FILLED = "it is truncated: the last of its rows are missing"
_WIDTH, _HEIGHT = 256, 257
"""Tags of a TIFF file."""
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIF = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftyphevx", b"ftypheim", b"ftypheis", b"ftypmif1")


class Decoded:
    """Pictures that are decoded when they are read, and how.

    Attributes:
        range16: values of black and white in pictures of 16 bits.
        draft: least sides that JPEG is decoded at; 0 for the whole size.
    """

    range16: Range16 = FULL
    draft: int = 0

    def in_range16(self, range16: Range16) -> Self:
        """Return the same pictures with other values of black and white in those of 16 bits."""
        changed = copy.copy(self)
        changed.range16 = range16
        vars(changed).pop("remarks", None)  # what was found for the other range
        return changed

    def drafted(self, least: int) -> Self:
        """Return the same pictures, JPEG at the smallest eighth of their size whose sides have so many pixels."""
        changed = copy.copy(self)
        changed.draft = least
        return changed


def decode_picture(path: Path, range16: Range16 = FULL, draft: int = 0) -> NDArray[np.uint8]:
    """Return a picture file as RGB, (H, W, 3) uint8, the way it is meant to be seen.

    EXIF rotation is applied; of an animation, the first frame is taken; transparent regions are laid on
    white; 16-bit gray is scaled by 1/257 (not clipped), CMYK and palettes are converted.

    Args:
        path: the file.
        range16: the values of black and white where it has 16 bits; then what is beyond them is clipped.
        draft: JPEG is decoded at a half, a quarter or an eighth of its size as long as both sides keep so many pixels,
            which saves most of the work; 0 for the whole size.

    Raises:
        ValueError: the file cannot be decoded, or only in part; the message says why.
    """
    return _decode(path, range16, draft)


def decode_bytes(content: bytes, range16: Range16 = FULL, draft: int = 0) -> NDArray[np.uint8]:
    """Return a picture from the bytes of its file, see `decode_picture`.

    Raises:
        ValueError: they cannot be decoded, or only in part; the message says why.
    """
    return _decode(content, range16, draft)


def _decode(source: Path | bytes, range16: Range16, draft: int) -> NDArray[np.uint8]:
    try:
        if range16 != FULL and (deep := _scaled(source, range16)) is not None:
            return deep
        with opened(source) as image:
            if draft:
                image.draft(None, (draft, draft))
            _load(image, source)
            return image_to_rgb(image, range16)
    except Exception as error:  # decoders raise whatever they stumble on
        raise ValueError(_reason(source, error)) from error


def _load(image: Image.Image, source: Path | bytes) -> None:
    image.load()
    if not is_whole(image, source):
        raise ValueError(FILLED)


def _scaled(source: Path | bytes, range16: Range16) -> NDArray[np.uint8] | None:
    """Return a picture of 16 bits with another range than the full one; None for others."""
    values = values_of_16_bits(source)
    if values is None:
        return None
    with opened(source) as image:
        _load(image, source)
        turned = orientation(image)
    scaled = in_8_bits(values, range16)
    if values.ndim == 3 and values.shape[-1] > 3:  # opaque is opaque, whatever is white
        scaled[..., 3] = in_8_bits(values[..., 3], FULL)
    return _to_rgb(upright(Image.fromarray(scaled), turned), FULL)


def image_to_rgb(image: Image.Image, range16: Range16 = FULL) -> NDArray[np.uint8]:
    """Return a Pillow image as RGB, (H, W, 3) uint8, see `decode_picture`.

    Raises:
        ValueError: its pixels are numbers without a fixed range.
    """
    unmapped(image).load()  # which turns TIFF, and takes its tag away
    return _to_rgb(upright(image, orientation(image)), range16)


def picture_size(path: Path) -> tuple[int, int]:
    """Return height and width of a picture file after EXIF rotation, reading no more than its header.

    Raises:
        ValueError: the file cannot be opened; the message says why.
    """
    try:
        with opened(path) as image:
            width, height = _stored_size(image)
            return (width, height) if orientation(image) in TURNED else (height, width)
    except Exception as error:
        raise ValueError(_reason(path, error)) from error


def _stored_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height in the file: of TIFF, newer versions of Pillow tell those after turning."""
    tags = getattr(image, "tag_v2", None) if image.format == "TIFF" else None
    return (tags[_WIDTH], tags[_HEIGHT]) if tags is not None else image.size


def _to_rgb(image: Image.Image, range16: Range16) -> NDArray[np.uint8]:
    if is_gray_of_16_bits(image):
        gray = in_8_bits(np.asarray(image), range16)
        return np.repeat(gray[..., None], 3, axis=2)
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers without a fixed range")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
    return np.asarray(image.convert("RGB"))


def _reason(source: Path | bytes, error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        counts = [f"{int(number):,}" for number in re.findall(r"\d+", str(error))]
        return f"it has {counts[0]} pixels, and at most {counts[1]} are read"
    if isinstance(error, FileNotFoundError | PermissionError):
        return f"it cannot be opened ({error.strerror})"
    if isinstance(error, UnidentifiedImageError):
        return _unknown(source)
    return " ".join(str(error).split()) or type(error).__name__


def _unknown(source: Path | bytes) -> str:
    if isinstance(source, bytes):
        head = source[:12]
    else:
        with source.open("rb") as file:
            head = file.read(12)
    if not head:
        return "the file is empty"
    if head.startswith(_TIFF):
        return "it is a TIFF file of bands or bits that Pillow does not read"
    if head[4:] in _HEIF:
        known = ".heic" in picture_suffixes()
        return "it is a broken HEIC file" if known else f"it is HEIC, whatever its name says; {NEEDS_HEIF}"
    return "it is not a picture in a known format"


def silence_decoders() -> None:
    """Let neither Pillow nor the libraries in it write to standard error from now on in this process.

    What they find wrong with a picture that matters is raised as well, and reported with the picture.
    """
    warnings.filterwarnings("ignore", module=r"PIL\b")
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    logging.getLogger("PIL").propagate = False
    with suppress(OSError, AttributeError):  # libtiff is not where it can be reached
        library = ctypes.CDLL(_imaging.__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            silence = getattr(library, name)
            silence.restype, silence.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            silence(None)
