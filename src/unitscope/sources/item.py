"""One item of a data set as a picture, whatever stands for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unitscope.sources.decode import decode_bytes, decode_picture, image_to_rgb
from unitscope.sources.deep import FULL, Range16, brightest

if TYPE_CHECKING:
    from torch import Tensor

PICTURE_KEYS = ("image", "img", "picture", "pixel_values")
"""Where an item that is a dictionary has its picture; the first that is there counts, then its only PIL image."""
CHANNELS = (1, 3, 4)

Range = tuple[float, float]
"""The values of black and white."""


class NoPicture(ValueError):
    """What stands in the place of a picture is none, whatever it holds."""


class NoRange(NoPicture):
    """The numbers of a picture do not say which of them is white.

    Attributes:
        advice: what to do.
    """

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


def picture_to_rgb(
    value: object,
    *,
    range: Range | None = None,  # noqa: A002
    range16: Range16 = FULL,
    draft: int = 0,
) -> NDArray[np.uint8]:
    """Return a picture of any kind as RGB, (H, W, 3) uint8; see `DatasetPictures`.

    Args:
        value: the picture.
        range: the values of black and white in arrays and tensors of other numbers than uint8.
        range16: those of files and images of 16 bits.
        draft: see :func:`decode_picture`; for files and their bytes.

    Raises:
        NoPicture: it is of no such kind.
        ValueError: it is damaged, or has values beyond `range`.
    """
    if isinstance(value, str | Path):
        return decode_picture(Path(value), range16, draft)
    if isinstance(value, Mapping):
        return picture_to_rgb(_in_column(value), range=range, range16=range16, draft=draft)
    if isinstance(value, bytes):
        return decode_bytes(value, range16, draft)
    if isinstance(value, Image.Image):
        return image_to_rgb(value, range16)
    if detach := getattr(value, "detach", None):
        return _array_to_rgb(_numbers_of(detach().cpu()), range, channels_first=True)
    if isinstance(value, np.ndarray):
        return _array_to_rgb(value, range, channels_first=False)
    raise NoPicture(f"there is an object of type {type(value).__name__}")


def is_encoded(value: object) -> bool:
    """Tell whether a picture is a file that is still to be decoded, which nobody changes meanwhile."""
    return isinstance(value, str | Path | bytes | Mapping)


def _in_column(value: Mapping[str, object]) -> object:
    """Return the picture of a column whose pictures are not decoded."""
    return value.get("bytes") or value.get("path")


def brightest_of(value: object) -> int | None:
    """Return the highest value in the file of a picture of 16 bits; None where it is no file, or has fewer bits."""
    stored = _in_column(value) if isinstance(value, Mapping) else value
    if isinstance(stored, str | Path | bytes):
        return brightest(Path(stored) if isinstance(stored, str) else stored)
    return None


def is_array(value: object) -> bool:
    """Tell whether a value is an array of NumPy or a tensor; data sets may have a ``shape`` as well."""
    return isinstance(value, np.ndarray) or hasattr(value, "detach")


def _numbers_of(tensor: Tensor) -> NDArray[np.generic]:
    try:
        return np.asarray(tensor.numpy())
    except TypeError:  # NumPy has no bfloat16
        return np.asarray(tensor.float().numpy())


def _array_to_rgb(
    values: NDArray[np.generic], stated: Range | None, *, channels_first: bool
) -> NDArray[np.uint8]:
    """Return an array as RGB; where first and last axis could both be channels, `channels_first` decides."""
    first, last = (values.ndim == 3 and values.shape[axis] in CHANNELS for axis in (0, -1))
    if not (values.ndim == 2 or first or last):
        raise NoPicture(f"there is an array of shape {values.shape}")
    pixels = values if values.dtype == np.uint8 and stated is None else _in_8_bits(values, stated)
    if pixels.ndim == 3:
        pixels = np.moveaxis(pixels, 0, -1) if first and (channels_first or not last) else pixels
        pixels = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    return image_to_rgb(Image.fromarray(np.ascontiguousarray(pixels)))


def _in_8_bits(values: NDArray[np.generic], stated: Range | None) -> NDArray[np.generic]:
    """Return numbers as pixel values 0 to 255.

    Raises:
        NoRange: nobody states which numbers are black and white.
        ValueError: some are beyond them, or no numbers.
    """
    if values.dtype.kind not in "fiub":
        raise NoPicture(f"there are numbers of type {values.dtype}")
    wide = values.astype(np.float64)
    least, most = (float(wide.min()), float(wide.max())) if wide.size else (0.0, 0.0)
    if stated is None:
        raise NoRange(
            f"there are numbers of type {values.dtype}, whose black and white nobody states (they are {least:.3g} to "
            f"{most:.3g})",
            _advice(values, least, most),
        )
    low, high = stated
    slack = (high - low) / 255
    if not (least >= low - slack and most <= high + slack):
        raise ValueError(f"its numbers are {least:.4g} to {most:.4g}, beyond the range {low:g} to {high:g}")
    return np.clip(np.rint((wide - low) * (255 / (high - low))), 0, 255).astype(np.uint8)


def _advice(values: NDArray[np.generic], least: float, most: float) -> str:
    if least < 0:
        return "they look normalised: give the data set without its Normalize"
    white = 1 if values.dtype.kind == "f" and most <= 1 else 255 if most <= 255 else 65535
    return f"say it, unitscope.pictures(dataset, range=(0, {white})), or give PIL images, arrays or tensors of uint8"


def picture_of(item: object) -> object:
    """Return what stands for the picture in an item: itself, the first of several, or an entry of a dictionary.

    Raises:
        NoPicture: a dictionary has no such entry, or several images and none by a name that tells which is meant.
    """
    if not isinstance(item, Mapping):
        return item[0] if isinstance(item, tuple | list) and item else item
    key = next((key for key in PICTURE_KEYS if key in item), None)
    if key is not None:
        return item[key]
    images = [key for key in item if isinstance(item[key], Image.Image)]
    if len(images) == 1:
        return item[images[0]]
    what = (
        f"with {len(images)} images, {', '.join(map(str, images))}"
        if images
        else f"of {', '.join(map(str, item))}"
    )
    raise NoPicture(f"there is a dictionary {what}, and none of them is called {PICTURE_KEYS[0]!r}")
