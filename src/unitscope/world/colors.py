"""The eleven basic colour names, and the fixed rule that gives every RGB colour one of them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from unitscope.world.names import COLORS, FIRST_COLOR

_BLACK, _BLUE, _BROWN, _GREY, _GREEN, _ORANGE, _PINK, _PURPLE, _RED, _WHITE, _YELLOW = range(len(COLORS))


@njit(cache=True, nogil=True)
def _hue(red: float, green: float, blue: float, chroma: float) -> float:  # pragma: no cover
    """Return the hue in degrees, 0 <= h < 360."""
    value = max(red, green, blue)
    if value == red:
        return 60.0 * (((green - blue) / chroma) % 6.0)
    if value == green:
        return 60.0 * ((blue - red) / chroma + 2.0)
    return 60.0 * ((red - green) / chroma + 4.0)


@njit(cache=True, nogil=True)
def _warm(hue: float, saturation: float, value: float) -> int:  # pragma: no cover
    """Name a colour of hue below 68 degrees: red, orange, yellow, brown or dark green."""
    strong = saturation >= 0.45
    if hue < 12.0:
        return _RED if value >= 0.32 else _BROWN
    if hue < 42.0:
        return _ORANGE if value >= (0.72 if strong else 0.85) else _BROWN
    if value >= (0.50 if strong else 0.75):
        return _YELLOW
    return _GREEN if hue >= 55.0 else _BROWN


@njit(cache=True, nogil=True)
def _name(red: float, green: float, blue: float) -> int:  # noqa: PLR0911  # pragma: no cover
    """Return the position in COLORS of one colour in 0..1; see `color_labels` for the rule."""
    value = max(red, green, blue)
    chroma = value - min(red, green, blue)
    if value < 0.17:
        return _BLACK
    hue = _hue(red, green, blue, max(chroma, 1e-6))
    saturation = chroma / value
    if chroma < 0.085 or (12.0 <= hue < 68.0 and saturation < 0.22):
        return _WHITE if value >= 0.80 else _BLACK if value < 0.22 else _GREY
    if (hue < 20.0 or hue >= 330.0) and saturation < 0.45:
        return _PINK if value >= 0.55 else _BROWN
    if hue < 68.0:
        return _warm(hue, saturation, value)
    if hue < 165.0:
        return _GREEN
    if hue < 258.0:
        return _BLUE
    if hue < 292.0:
        return _PURPLE
    if hue < 342.0:
        return _PINK if value >= 0.62 else _PURPLE
    return _RED if value >= 0.32 else _BROWN


@njit(cache=True, nogil=True)
def _name_all(pixels: NDArray[np.uint8], first: int) -> NDArray[np.int32]:  # pragma: no cover
    names = np.empty(pixels.shape[0], dtype=np.int32)
    for i in range(pixels.shape[0]):
        names[i] = first + _name(pixels[i, 0] / 255.0, pixels[i, 1] / 255.0, pixels[i, 2] / 255.0)
    return names


def color_labels(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Name the colour of every pixel.

    The rule uses hue h (degrees), saturation s, value v and chroma s * v of HSV (0..1); the first match wins:

    1. ``v < 0.17``: black.
    2. chroma below 0.085, or a pale warm tone (``12 <= h < 68``, ``s < 0.22``): white from ``v >= 0.80``, black
       below 0.22, else grey.
    3. a pale red (``h < 20`` or ``h >= 330``, ``s < 0.45``): pink from ``v >= 0.55``, else brown.
    4. ``h < 12``: red, brown below ``v = 0.32``.
    5. ``h < 42``: orange from ``v >= 0.72`` (0.85 if ``s < 0.45``), else brown.
    6. ``h < 68``: yellow from ``v >= 0.50`` (0.75 if ``s < 0.45``), else brown, or green from ``h >= 55``.
    7. to 165 green, to 258 blue, to 292 purple, to 342 pink (purple below ``v = 0.62``), then as 4.

    Args:
        picture: RGB, uint8 `(..., 3)`.

    Returns:
        Label values of the colour plane, int32 `(...)`.
    """
    pixels = np.ascontiguousarray(picture).reshape(-1, 3)
    names: NDArray[np.int32] = _name_all(pixels, FIRST_COLOR).reshape(picture.shape[:-1])
    return names
