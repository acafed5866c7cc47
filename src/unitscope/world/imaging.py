"""From the lit scene to the picture of a camera: exposure, colour, blur and noise. Labels are not touched."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from unitscope.world.camera import Lens

Picture = NDArray[np.float32]

DARKEST, BRIGHTEST = 0.44, 0.62
"""The mean brightness that the automatic exposure aims at."""


@njit(cache=True, nogil=True, error_model="numpy")
def _brightness(picture: Picture) -> float:  # pragma: no cover
    """Return the mean brightness of `(S, S, 3)`."""
    total = 0.0
    for i in range(picture.shape[0]):
        for j in range(picture.shape[1]):
            total += 0.3 * picture[i, j, 0] + 0.59 * picture[i, j, 1] + 0.11 * picture[i, j, 2]
    return float(total / (picture.shape[0] * picture.shape[1]))


@njit(cache=True, nogil=True, error_model="numpy")
def _grade(picture: Picture, gains: Picture, numbers: Picture) -> Picture:  # pragma: no cover
    """Apply gains to red, green, blue; then (saturation, contrast, vignette); 0..1."""
    size = picture.shape[0]
    saturation, contrast, vignette = numbers[0], numbers[1], numbers[2]
    graded = np.empty_like(picture)
    for i in range(size):
        for j in range(size):
            off = ((i / size - 0.5) ** 2 + (j / size - 0.5) ** 2) * 2
            fall = 1 - vignette * off
            grey = 0.0
            for k in range(3):
                value = picture[i, j, k] * gains[k] * fall
                value = value if value < 0.75 else 1 - 0.25 * math.exp((0.75 - value) / 0.25)
                graded[i, j, k] = value
                grey += value * (0.3 if k == 0 else 0.59 if k == 1 else 0.11)
            for k in range(3):
                value = grey + (graded[i, j, k] - grey) * saturation
                graded[i, j, k] = min(1.0, max(0.0, 0.47 + (value - 0.47) * contrast))
    return graded


@njit(cache=True, nogil=True, error_model="numpy")
def _smooth(picture: Picture, weights: Picture) -> Picture:  # pragma: no cover
    """Blur along both axes with the same odd number of weights."""
    size, reach = picture.shape[0], weights.shape[0] // 2
    across, smooth = np.zeros_like(picture), np.zeros_like(picture)
    for i in range(size):
        for j in range(size):
            for step in range(-reach, reach + 1):
                column = min(size - 1, max(0, j + step))
                for k in range(3):
                    across[i, j, k] += weights[step + reach] * picture[i, column, k]
    for i in range(size):
        for step in range(-reach, reach + 1):
            row = min(size - 1, max(0, i + step))
            for j in range(size):
                for k in range(3):
                    smooth[i, j, k] += weights[step + reach] * across[row, j, k]
    return smooth


@njit(cache=True, nogil=True, error_model="numpy")
def _shake(picture: Picture, dx: float, dy: float) -> Picture:  # pragma: no cover
    """Average along a line of (dx, dy) pixels."""
    size, steps = picture.shape[0], math.ceil(max(abs(dx), abs(dy))) + 1
    shaken, weight = np.zeros_like(picture), np.float32(1 / steps)
    for step in range(steps):
        part = step / max(1, steps - 1) - 0.5
        right, down = round(dx * part), round(dy * part)
        for i in range(size):
            row = min(size - 1, max(0, i + down))
            for j in range(size):
                column = min(size - 1, max(0, j + right))
                for k in range(3):
                    shaken[i, j, k] += weight * picture[row, column, k]
    return shaken


def expose(lit: Picture, lens: Lens) -> Picture:
    """Return the noise-free picture that a lens makes of a lit scene.

    Args:
        lit: the lit scene, float32 `(S, S, 3)`.
        lens: what the camera does.

    Returns:
        RGB in 0..1, float32 `(S, S, 3)`.
    """
    size, mean = lit.shape[0], max(_brightness(lit), 1e-3)
    automatic = min(max(mean, DARKEST), BRIGHTEST) / mean
    gains = np.array(lens.balance, dtype=np.float32) * np.float32(automatic * lens.exposure)
    numbers = np.array((lens.saturation, lens.contrast, lens.vignette), dtype=np.float32)
    picture = _grade(lit, gains, numbers)
    if lens.defocus * size > 0.3:
        picture = _smooth(picture, _bell(lens.defocus * size))
    if lens.motion != (0.0, 0.0):
        picture = _shake(picture, lens.motion[0] * size, lens.motion[1] * size)
    return picture


def _bell(deviation: float) -> Picture:
    reach = max(1, math.ceil(2.2 * deviation))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    bell: Picture = (weights / weights.sum()).astype(np.float32)
    return bell


def record(picture: Picture, lens: Lens, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture as bytes: with coarse colours if the lens says so, and with noise.

    Args:
        picture: RGB in 0..1, float32 `(S, S, 3)`.
        lens: what the camera does.
        rng: where the noise comes from.

    Returns:
        RGB, uint8 `(S, S, 3)`.
    """
    noisy = picture + rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(lens.noise)
    if lens.coarse:
        noisy = _coarse_colors(noisy)
    return np.clip(noisy * 255 + 0.5, 0, 255).astype(np.uint8)


def _coarse_colors(picture: Picture) -> Picture:
    """Return the picture with one colour, but four brightnesses, for every two by two pixels."""
    size = picture.shape[0] // 2 * 2
    grey = picture.mean(axis=2, keepdims=True)
    color = (picture - grey)[:size, :size].reshape(size // 2, 2, size // 2, 2, 3).mean(axis=(1, 3))
    coarse = picture.copy()
    coarse[:size, :size] = grey[:size, :size] + color.repeat(2, axis=0).repeat(2, axis=1)
    return coarse
