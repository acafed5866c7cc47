"""The two inner loops of the renderer: filling a polygon on every plane, and reducing the result to pixels."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

SUPERSAMPLING = 3
"""Samples along each side of a pixel; odd, so that the middle sample is the pixel's centre."""

# Positions in the `look` vector of `fill`.
COLOR, COLOR_END, SHADE, TEXTURE, HORIZON, HAZE, GLOW, ALPHA, SOFT, TURNED = (
    0,
    3,
    6,
    10,
    15,
    16,
    20,
    21,
    22,
    23,
)
LOOK_SIZE = 24

Film = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int16], NDArray[np.float32]]
"""What is painted on: colour before lighting `(H, W, 3)`; how far a sample gives light of its own, 0..1 `(H, W)`;
object, part and material `(3, H, W)`; and how samples of the scene and of the picture belong together, see
``camera.Window.matrix``."""


@njit(cache=True, nogil=True, error_model="numpy")
def _crossings(points: NDArray[np.float32], y: float, found: NDArray[np.float32]) -> int:  # pragma: no cover
    """Write the sorted x where the polygon's outline crosses the row `y`; return how many there are."""
    count = 0
    n = points.shape[0]
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        ya, yb = points[i, 1], points[j, 1]
        if (ya <= y) == (yb <= y):
            continue
        x = points[i, 0] + (y - ya) / (yb - ya) * (points[j, 0] - points[i, 0])
        k = count
        while k > 0 and found[k - 1] > x:
            found[k] = found[k - 1]
            k -= 1
        found[k] = x
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _extent(points: NDArray[np.float32]) -> tuple[float, float, float, float]:  # pragma: no cover
    """Return the lowest and highest x, and the lowest and highest y."""
    x_low = x_high = points[0, 0]
    y_low = y_high = points[0, 1]
    for i in range(1, points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        x_low, x_high = min(x_low, x), max(x_high, x)
        y_low, y_high = min(y_low, y), max(y_high, y)
    return x_low, x_high, y_low, y_high


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _texel(
    tile: NDArray[np.float32], places: tuple[float, float, float, float], x: float, y: float, turned: bool
) -> float:  # pragma: no cover
    """Return the texture's brightness at (x, y); places = scales along x and y, and where the tile begins."""
    u, v = x * places[0] + places[2], y * places[1] + places[3]
    if turned:
        u, v = y * places[1] + places[2], x * places[0] + places[3]
    wrap = tile.shape[0] - 1
    return tile[int(np.floor(v)) & wrap, int(np.floor(u)) & wrap]  # type: ignore[no-any-return]


@njit(cache=True, nogil=True, error_model="numpy")
def fill(  # pragma: no cover
    film: Film,
    points: NDArray[np.float32],
    look: NDArray[np.float32],
    tile: NDArray[np.float32],
    ids: tuple[int, int, int],
) -> None:
    """Fill a polygon (even-odd rule, sample centres) with a shaded, textured, hazed colour and its labels.

    Args:
        film: what is painted on, see Film; labels are kept where ``ids[0] < 0``.
        points: the outline in samples of the scene, `(n, 2)` as x, y.
        look: the numbers named by the positions above.
        tile: brightness of the texture around 1, `(T, T)` with T a power of two.
        ids: label values of object, part, material; a negative object leaves every label alone.
    """
    rgb, glow, labels, view = film
    height, width = glow.shape
    x_low, x_high, y_low, y_high = _extent(points)
    x_mid, y_mid = 0.5 * (x_low + x_high), 0.5 * (y_low + y_high)
    x_unit, y_unit = 2.0 / max(x_high - x_low, 1e-3), 2.0 / max(y_high - y_low, 1e-3)
    seen = _seen(points, view)
    left_most, right_most, top_most, bottom_most = _extent(seen)
    if right_most < 0 or left_most > width:
        return
    # What is read for every sample is read once: arrays might overlap, for all the compiler knows.
    color = (look[0], look[1], look[2])
    change = (look[3] - look[0], look[4] - look[1], look[5] - look[2])
    air = (look[HAZE + 1], look[HAZE + 2], look[HAZE + 3])
    slope, places = (look[6], look[7], look[8], look[9]), (look[11], look[12], look[13], look[14])
    full_strength, full_haze, horizon, own = look[TEXTURE], look[HAZE], look[HORIZON], look[GLOW]
    opaque, soft, turned, on_ground = look[ALPHA], look[SOFT], look[TURNED] > 0.0, look[HORIZON] > -1e8
    right, down = view[6], view[9]
    found = np.empty(points.shape[0] + 1, dtype=np.float32)
    first, last = int(np.ceil(top_most - 0.5)), int(np.ceil(bottom_most - 0.5))
    for row in range(max(0, first), min(height, last)):
        count = _crossings(seen, row + 0.5, found)
        x_row = view[7] * (row + 0.5) + view[8] + 0.5 * right
        y_row = view[10] * (row + 0.5) + view[11] + 0.5 * down
        for pair in range(0, count - 1, 2):
            start, stop = int(np.ceil(found[pair] - 0.5)), int(np.ceil(found[pair + 1] - 0.5))
            for column in range(max(0, start), min(width, stop)):
                x, y = x_row + right * column, y_row + down * column
                nx, ny = (x - x_mid) * x_unit, (y - y_mid) * y_unit
                light = 1.0 + nx * (slope[0] - slope[2] * nx) + ny * (slope[1] - slope[3] * ny)
                alpha, haze, strength = opaque, full_haze, full_strength
                if soft > 0.0:
                    alpha *= max(0.0, 1.0 - nx * nx - ny * ny) ** soft
                if on_ground:
                    drop = max(y - horizon, 0.5) / height
                    depth = 0.45 / drop
                    strength, haze = strength * min(1.0, 3.2 / depth), haze * min(1.0, 0.07 / drop)
                    x, y = (x - 0.5 * width) * depth, depth * 0.9 * height
                if strength > 0.0:
                    light *= 1.0 + strength * (_texel(tile, places, x, y, turned) - 1.0)
                mix = 0.5 * (ny + 1.0)
                for k in range(3):
                    tone = (color[k] + change[k] * mix) * light
                    tone += (air[k] - tone) * haze
                    rgb[row, column, k] += (tone - rgb[row, column, k]) * alpha
                if ids[0] >= 0:
                    glow[row, column] = own
                    for plane in range(3):
                        labels[plane, row, column] = ids[plane]
                elif own > 0.0:
                    glow[row, column] += (own - glow[row, column]) * alpha


@njit(cache=True, nogil=True, error_model="numpy")
def _seen(points: NDArray[np.float32], view: NDArray[np.float32]) -> NDArray[np.float32]:  # pragma: no cover
    """Return points of the scene as they lie in the picture."""
    seen = np.empty_like(points)
    for i in range(points.shape[0]):
        x, y = points[i, 0], points[i, 1]
        seen[i, 0] = view[0] * x + view[1] * y + view[2]
        seen[i, 1] = view[3] * x + view[4] * y + view[5]
    return seen


@njit(cache=True, nogil=True, error_model="numpy")
def reflect(  # pragma: no cover
    film: Film, mirror: tuple[int, float, float]
) -> None:
    """Mirror what stands above a level in one kind of ground below it; labels stay.

    Args:
        film: as for `fill`.
        mirror: the object number of the ground, the level (y in samples of the scene) and the strength 0..1.
    """
    rgb, glow, labels, view = film
    number, level, strength = mirror
    height, width = glow.shape
    for row in range(height):
        for column in range(width):
            if labels[0, row, column] != number:
                continue
            x = view[6] * (column + 0.5) + view[7] * (row + 0.5) + view[8]
            y = view[9] * (column + 0.5) + view[10] * (row + 0.5) + view[11]
            above = 2 * level - y
            j = int(view[0] * x + view[1] * above + view[2])
            i = int(view[3] * x + view[4] * above + view[5])
            if y <= level or i < 0 or j < 0 or i >= row or j >= width or labels[0, i, j] == number:
                continue
            share = strength * max(0.0, 1.0 - (y - level) / height)
            for k in range(3):
                rgb[row, column, k] += (rgb[i, j, k] - rgb[row, column, k]) * share
            glow[row, column] += (glow[i, j] - glow[row, column]) * share


@njit(cache=True, nogil=True, error_model="numpy")
def reduce(  # pragma: no cover
    rgb: NDArray[np.float32], glow: NDArray[np.float32], labels: NDArray[np.int16]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Average the samples of every pixel; take its labels from the sample in its centre.

    Returns:
        Colour `(S, S, 3)`, glow `(S, S)` and labels int32 `(4, S, S)`, the last plane empty.
    """
    size = glow.shape[0] // SUPERSAMPLING
    weight = np.float32(1.0 / (SUPERSAMPLING * SUPERSAMPLING))
    small = np.zeros((size, size, 3), dtype=np.float32)
    small_glow = np.zeros((size, size), dtype=np.float32)
    small_labels = np.zeros((4, size, size), dtype=np.int32)
    middle = SUPERSAMPLING // 2
    for i in range(size):
        for j in range(size):
            for a in range(i * SUPERSAMPLING, (i + 1) * SUPERSAMPLING):
                for b in range(j * SUPERSAMPLING, (j + 1) * SUPERSAMPLING):
                    small_glow[i, j] += glow[a, b] * weight
                    for k in range(3):
                        small[i, j, k] += rgb[a, b, k] * weight
            for plane in range(3):
                small_labels[plane, i, j] = labels[
                    plane, i * SUPERSAMPLING + middle, j * SUPERSAMPLING + middle
                ]
    return small, small_glow, small_labels
