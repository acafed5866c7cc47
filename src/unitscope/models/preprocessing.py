"""What a network does to an 8-bit picture before its first layer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, did_you_mean

CHANNELS = ("rgb", "bgr", "gray")
FRAMINGS = ("squash", "crop")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
LUMINANCE = (299, 587, 114)
"""What red, green and blue weigh in a gray picture, in thousandths (ITU-R BT.601)."""


@dataclass(frozen=True)
class Preprocessing:
    """How an RGB picture becomes a network's input: (pixels mapped from 0..255 to `range` - mean) / scale.

    Attributes:
        size: height and width of the input, pixels.
        channels: the order the network wants its colour channels in; `mean` and `scale` follow it. "gray" is for
            networks whose input has one channel: the luminance 0.299 R + 0.587 G + 0.114 B of ITU-R BT.601, that of
            Pillow's conversion to "L", but not rounded to whole numbers.
        range: the values that the pixel values 0 and 255 are mapped to.
        mean: subtracted from each channel, in units of `range`; one number holds for all. Three different ones become
            their luminance where a network sees gray, as the mean of a set of pictures does.
        scale: what each channel is divided by afterwards, likewise.
        framing: "squash" stretches the whole picture to `size`; "crop" takes the central region of that
            shape.
        share: the central part of that region's sides that is seen, above 0 and up to 1.
        interpolation: how the region is resized: "nearest", "bilinear", "bicubic" or "lanczos".
        range16: the values of black and white in pictures of 16 bits, such as 0 and 4095 where they hold 12; None
            for 0 and 65535.
        draft: JPEG files are decoded at a half, a quarter or an eighth of their size where both sides keep at least so
            many pixels; None for whole pictures. It changes pixels a little, and so must be asked for; at least twice
            the sides of `size`, so that what the network sees is still made smaller from it.
    """

    size: tuple[int, int] = (224, 224)
    channels: Literal["rgb", "bgr", "gray"] = "rgb"
    range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    scale: tuple[float, ...] = (0.229, 0.224, 0.225)
    framing: Literal["squash", "crop"] = "squash"
    share: float = 1.0
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"
    range16: tuple[int, int] | None = None
    draft: int | None = None

    def __post_init__(self) -> None:
        for name in ("size", "range"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("mean", "scale"):
            object.__setattr__(self, name, _each_channel(getattr(self, name), self.depth))
        if self.range16 is not None:
            object.__setattr__(self, "range16", tuple(self.range16))
            ordered = len(self.range16) == 2 and 0 <= self.range16[0] < self.range16[1] <= 65535
            _check(ordered, "range16", self.range16, "black and white between 0 and 65535")
        for key, allowed in (
            ("channels", CHANNELS),
            ("framing", FRAMINGS),
            ("interpolation", INTERPOLATIONS),
        ):
            _check(getattr(self, key) in allowed, key, getattr(self, key), f"one of {', '.join(allowed)}")
        _check(len(self.size) == 2 and min(self.size) >= 1, "size", self.size, "a positive height and width")
        for key in ("range", "mean", "scale"):
            _check(all(map(math.isfinite, getattr(self, key))), key, getattr(self, key), "finite numbers")
        _check(len(self.range) == 2 and self.range[0] < self.range[1], "range", self.range, "low and high")
        _check(0 < self.share <= 1, "share", self.share, "a number above 0 and up to 1")
        if self.draft is not None:
            enough = 2 * max(self.size)
            _check(
                self.draft >= enough, "draft", self.draft, f"{enough} pixels or more, twice the input's sides"
            )
        count = self.depth
        _check(len(self.mean) == count, "mean", self.mean, "one number a channel")
        fitting = len(self.scale) == count and 0 not in self.scale
        _check(fitting, "scale", self.scale, "a number but 0 a channel")

    @property
    def depth(self) -> int:
        """Channels of the network's input: 1 where it sees gray, else 3."""
        return 1 if self.channels == "gray" else 3

    @cached_property
    def _table(self) -> NDArray[np.float32]:
        """Input value of each pixel value in each of the network's channels, (3, 256)."""
        low, high = self.range
        pixels = np.arange(256) * ((high - low) / 255) + low
        table = (pixels - np.array(self.mean)[:, None]) / np.array(self.scale)[:, None]
        return np.asarray(table, np.float32)

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's input for a picture that already has the right size.

        Args:
            picture: RGB, (h, w, 3) uint8.

        Returns:
            Input values in the network's channel order, (3, h, w) float32, or (1, h, w) where it sees gray.
        """
        if self.channels == "gray":
            return self._gray(picture)
        order = (0, 1, 2) if self.channels == "rgb" else (2, 1, 0)
        table = self._table
        return np.stack(
            [table[i][picture[..., channel]] for i, channel in enumerate(order)], dtype=np.float32
        )

    def _gray(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        (low, high), (mean,), (scale,) = self.range, self.mean, self.scale
        light = picture.astype(np.int32) @ np.array(LUMINANCE, np.int32)
        values = (light * ((high - low) / (255 * sum(LUMINANCE))) + (low - mean)) / scale
        return np.asarray(values[None], np.float32)

    def to_dict(self) -> dict[str, object]:
        """Return the settings as plain JSON values; `range16` where it is stated."""
        return {
            key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items() if v is not None
        }

    @property
    def written(self) -> str:
        """Size and values as `parse_preprocessing` reads them."""
        numbers = {
            key: ":".join(f"{each:.6g}" for each in getattr(self, key)) for key in ("range", "mean", "scale")
        }
        said = {"size": "x".join(map(str, self.size)), "channels": self.channels, **numbers}
        return ",".join(f"{key}={value}" for key, value in said.items())


def parse_preprocessing(text: str | Preprocessing, base: Preprocessing) -> Preprocessing:
    """Return `base` with the settings of a command-line string in place of its own.

    Args:
        text: such as ``size=192x256,channels=bgr,range=0:255,mean=104.05:112.51:116.68,scale=255``; size is
            height x width, and a single number holds for both sides or for all channels. ``channels=gray`` is
            for networks whose input has one channel. An empty text changes nothing. All settings at once stay as
            they are.
        base: the settings that `text` does not mention.

    Raises:
        UnitscopeError: it is something else, or a setting is unknown, given twice, or has a value it cannot have.
    """
    if isinstance(text, Preprocessing):
        return text
    if not isinstance(text, str):
        raise UnitscopeError(
            f"a preprocessing of type {type(text).__name__} is given, which cannot be stored with a run; write its "
            "settings as text, such as 'size=224,mean=0.485:0.456:0.406,scale=0.229:0.224:0.225'"
        )
    changes: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, equals, value = (word.strip() for word in part.partition("="))
        if key not in _PARSERS:
            raise _unknown_key(key, list(_PARSERS))
        if not equals:
            raise UnitscopeError(f"preprocessing setting {part!r} has no value; write {_EXAMPLES[key]}")
        if key in changes:
            raise UnitscopeError(f"preprocessing setting {key!r} is given twice in {text!r}; give it once")
        try:
            changes[key] = _PARSERS[key](value)
        except ValueError:
            raise UnitscopeError(
                f"preprocessing setting {key}={value!r} cannot be read; write for example {_EXAMPLES[key]}"
            ) from None
    return replace(base, **changes)


def _check(holds: bool, key: str, given: object, wanted: str) -> None:
    if not holds:
        raise UnitscopeError(f"preprocessing setting {key!r} cannot be {given!r}; give {wanted}")


def _unknown_key(key: str, known: list[str]) -> UnitscopeError:
    hint = did_you_mean(key, known)
    return UnitscopeError(f"unknown preprocessing setting {key!r};{hint} settings are {', '.join(known)}")


def _size(text: str) -> tuple[int, ...]:
    parts = [int(part) for part in re.split("[x:]", text)]
    return tuple(parts * 2 if len(parts) == 1 else parts)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(":"))


def _each_channel(given: float | Iterable[float], channels: int) -> tuple[float, ...]:
    """Return a number for each channel: one stands for all, and three for their luminance where there is one."""
    numbers = tuple(given) if isinstance(given, Iterable) else (given,)
    if channels == 3:
        return numbers * 3 if len(numbers) == 1 else numbers
    if len(numbers) == 3 and len(set(numbers)) > 1:
        return (sum(part * each for part, each in zip(LUMINANCE, numbers, strict=True)) / sum(LUMINANCE),)
    return numbers[:1] if len(numbers) == 3 else numbers


_PARSERS: dict[str, Callable[[str], object]] = {
    "size": _size,
    "channels": str,
    "range": _numbers,
    "mean": _numbers,
    "scale": _numbers,
    "framing": str,
    "share": float,
    "interpolation": str,
    "range16": lambda text: tuple(int(part) for part in text.split(":")),
    "draft": int,
}
_EXAMPLES = {
    "size": "size=224 or size=192x256 (height x width)",
    "channels": "channels=bgr or channels=gray",
    "range": "range=0:255",
    "mean": "mean=0.485:0.456:0.406",
    "scale": "scale=0.229:0.224:0.225",
    "framing": "framing=crop",
    "share": "share=0.875",
    "interpolation": "interpolation=bicubic",
    "range16": "range16=0:4095",
    "draft": "draft=512",
}
