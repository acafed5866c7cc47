"""Textures: one repeating tile of brightness around 1 for every material, made once from a fixed seed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from unitscope.world.names import MATERIALS

TILE = 256
"""Side of a tile in texels; a power of two, so that it repeats by masking bits."""

Tile = NDArray[np.float32]


def _noise(seed: int, x_period: float, y_period: float) -> Tile:
    """Return smooth repeating noise with zero mean and unit deviation; periods are in texels."""
    generator = np.random.Generator(np.random.PCG64([20_365, seed]))
    white = np.fft.rfft2(generator.standard_normal((TILE, TILE)))
    fy, fx = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]
    smooth = np.fft.irfft2(white * np.exp(-((fx * x_period) ** 2 + (fy * y_period) ** 2) * 2), s=(TILE, TILE))
    smooth -= smooth.mean()
    noise: Tile = (smooth / smooth.std()).astype(np.float32)
    return noise


def _grid() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = np.mgrid[0:TILE, 0:TILE]
    return rows, columns


def _waves(cycles_x: int, cycles_y: int, bend: Tile) -> Tile:
    """Return sine stripes with whole cycles per tile, bent by noise (in radians)."""
    rows, columns = _grid()
    phase = 2 * np.pi * (cycles_x * columns + cycles_y * rows) / TILE
    wave: Tile = np.sin(phase + bend).astype(np.float32)
    return wave


def _bricks(width: int, height: int, seed: int) -> Tile:
    rows, columns = _grid()
    course = rows // height
    shifted = (columns + (course % 2) * (width // 2)) % TILE
    generator = np.random.Generator(np.random.PCG64([20_365, seed]))
    tone = generator.uniform(0.86, 1.12, (TILE // height + 1, TILE // width + 1))
    mortar = (rows % height < 2) | (shifted % width < 2)
    return np.where(mortar, 1.32, tone[course, shifted // width]).astype(np.float32)


def _stones() -> Tile:
    """Return rubble: cells around scattered points, dark in the joints."""
    generator = np.random.Generator(np.random.PCG64([20_365, 77]))
    points = generator.uniform(0, TILE, (90, 2))
    rows, columns = _grid()
    apart_y = np.abs(rows[..., None] - points[:, 0])
    apart_x = np.abs(columns[..., None] - points[:, 1])
    distance = np.hypot(np.minimum(apart_y, TILE - apart_y) * 1.25, np.minimum(apart_x, TILE - apart_x))
    nearest = np.partition(distance, 1, axis=-1)
    tone = generator.uniform(0.88, 1.14, 90)[distance.argmin(axis=-1)]
    joint = np.clip((nearest[..., 1] - nearest[..., 0]) / 4.0, 0.0, 1.0)
    rubble: Tile = (tone * (0.62 + 0.38 * joint)).astype(np.float32)
    return rubble


def _tiles() -> Tile:
    rows, columns = _grid()
    line = (rows % 32 < 2) | (columns % 32 < 2)
    generator = np.random.Generator(np.random.PCG64([20_365, 5]))
    tone = generator.uniform(0.95, 1.05, (8, 8))[rows // 32, columns // 32]
    return np.where(line, 0.74, tone).astype(np.float32)


def _planks() -> Tile:
    rows, _ = _grid()
    generator = np.random.Generator(np.random.PCG64([20_365, 6]))
    tone = generator.uniform(0.88, 1.10, 8)[rows // 32]
    grain = 1 + 0.07 * _waves(0, 26, 2.2 * _noise(31, 90, 14)) + 0.04 * _noise(32, 40, 1.5)
    return np.where(rows % 32 < 1, 0.70, tone * grain).astype(np.float32)


def _fabric() -> Tile:
    zero = np.zeros((TILE, TILE), dtype=np.float32)
    weave = _waves(64, 0, zero) * _waves(0, 64, zero)
    return (1 + 0.10 * weave + 0.05 * _noise(41, 40, 60)).astype(np.float32)


def _gravel() -> Tile:
    """Return small round stones: the coarse part of noise, with hard edges."""
    lumps = _noise(51, 5, 5)
    gravel: Tile = (1 + 0.13 * np.clip(lumps * 1.6, -1, 1) + 0.05 * _noise(52, 2, 2)).astype(np.float32)
    return gravel


def _leaves() -> Tile:
    """Return leaves over one another: two layers of spots, dark between them."""
    first, second = _noise(53, 14, 9), _noise(54, 8, 13)
    leaves: Tile = (1 + 0.20 * np.clip(np.maximum(first, second), -1, 1.2) - 0.1).astype(np.float32)
    return leaves


def _marble() -> Tile:
    veins = np.abs(_waves(2, 3, 3.0 * _noise(55, 60, 60)))
    marble: Tile = (1.03 - 0.16 * np.clip(1 - veins * 4, 0, 1) + 0.015 * _noise(56, 30, 30)).astype(
        np.float32
    )
    return marble


def _ice() -> Tile:
    cracks = np.clip(1 - np.abs(_noise(57, 40, 40)) * 9, 0, 1)
    ice: Tile = (1 + 0.09 * cracks + 0.03 * _noise(58, 70, 30)).astype(np.float32)
    return ice


def _wicker() -> Tile:
    """Return woven canes: over and under in turn."""
    rows, columns = _grid()
    over = ((rows // 16) + (columns // 16)) % 2
    across, along = np.sin(np.pi * (rows % 16) / 16), np.sin(np.pi * (columns % 16) / 16)
    return (0.78 + 0.34 * np.where(over == 1, across, along)).astype(np.float32)


def _make(material: str) -> Tile:
    recipes: dict[str, Callable[[], Tile]] = {
        "sky": lambda: 1 + 0.012 * _noise(1, 120, 40),
        "foliage": lambda: 1 + 0.17 * _noise(2, 9, 8) + 0.09 * _noise(3, 3, 3),
        "grass": lambda: 1 + 0.12 * _noise(4, 2.5, 9) + 0.06 * _noise(5, 50, 40),
        "water": lambda: 1 + 0.08 * _waves(0, 22, 2.4 * _noise(6, 50, 16)) + 0.05 * _noise(7, 26, 3),
        "snow": lambda: 1 + 0.025 * _noise(8, 50, 30) + 0.012 * _noise(9, 3, 3),
        "sand": lambda: 1 + 0.06 * _waves(3, 14, 1.8 * _noise(10, 50, 40)) + 0.035 * _noise(11, 2, 2),
        "earth": lambda: 1 + 0.09 * _noise(12, 12, 8) + 0.06 * _noise(13, 3, 3),
        "stone": _stones,
        "asphalt": lambda: 1 + 0.07 * _noise(14, 2, 2) + 0.03 * _noise(15, 60, 40),
        "brick": lambda: _bricks(32, 16, 16),
        "wood": _planks,
        "fabric": _fabric,
        "metal": lambda: 1 + 0.015 * _noise(17, 60, 1.5) + 0.04 * _noise(18, 60, 40),
        "glass": lambda: 1 + 0.14 * np.clip(_waves(3, 3, 0.6 * _noise(19, 60, 60)) - 0.3, 0, 1),
        "plaster": lambda: 1 + 0.018 * _noise(20, 40, 40) + 0.010 * _noise(21, 3, 3),
        "tile": _tiles,
        "ceramic": lambda: 1 + 0.02 * _noise(22, 60, 60),
        "paper": lambda: 1 + 0.03 * _noise(23, 12, 12),
        "plastic": lambda: 1 + 0.03 * _noise(24, 80, 80),
        "hair": lambda: 1 + 0.12 * _noise(26, 2, 12),
        "concrete": lambda: 1 + 0.035 * _noise(59, 30, 30) + 0.04 * np.clip(_noise(60, 4, 4) - 1.6, 0, 1),
        "thatch": lambda: 1 + 0.13 * _noise(61, 1.5, 24) + 0.04 * _noise(62, 40, 10),
        "gravel": _gravel,
        "ice": _ice,
        "marble": _marble,
        "leaves": _leaves,
        "rubber": lambda: 1 + 0.05 * _noise(63, 6, 6),
        "cardboard": lambda: 1 + 0.03 * _waves(0, 42, 0.2 * _noise(64, 40, 40)) + 0.02 * _noise(65, 30, 5),
        "leather": lambda: 1 + 0.07 * _noise(66, 7, 7) + 0.03 * _noise(67, 2.5, 2.5),
        "clay": lambda: 1 + 0.04 * _noise(68, 3, 3) + 0.06 * _noise(69, 70, 70),
        "carpet": lambda: 1 + 0.11 * _noise(81, 3, 3) + 0.05 * _noise(82, 70, 70),
        "wicker": _wicker,
        "food": lambda: 1 + 0.09 * _noise(83, 20, 20) + 0.07 * _noise(84, 4, 4),
        "skin": lambda: 1 + 0.02 * _noise(25, 30, 30),
    }
    return np.ascontiguousarray(recipes[material](), dtype=np.float32)


@cache
def tile(material: str) -> Tile:
    """Return the tile of a material.

    Returns:
        Brightness around 1, float32 `(TILE, TILE)`.
    """
    if material not in MATERIALS:
        raise KeyError(material)
    return _make(material)
