"""Pictures that nobody took, which networks are tried with before any other is read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BLOCK = 8
"""Pixels that a made-up picture has of one colour, along each side."""


def made_up(size: tuple[int, int], number: int = 0) -> NDArray[np.uint8]:
    """Return a picture ``(H, W, 3)`` of coloured blocks, the same with every version of every package.

    Args:
        size: ``(H, W)`` in pixels.
        number: of the picture; each has other blocks.
    """
    rows, columns = (-(-pixels // BLOCK) for pixels in size)
    count = rows * columns * 3
    scattered = _scattered(number * count, count) >> np.uint64(56)
    blocks = scattered.astype(np.uint8).reshape(rows, columns, 3)
    return np.ascontiguousarray(np.kron(blocks, np.ones((BLOCK, BLOCK, 1), np.uint8))[: size[0], : size[1]])


def trial(
    prepare: Callable[[NDArray[np.uint8]], NDArray[np.float32]], size: tuple[int, int], pictures: int
) -> Tensor:
    """Return inputs ``(N, C, H, W)`` for so many made-up pictures.

    Two of them tell the axis of pictures from others, which may have the size 1; and they are not blank, since some
    networks take no such picture, as those that divide by its spread.

    Args:
        prepare: makes an input ``(C, H, W)`` of a picture.
        size: ``(H, W)`` in pixels.
        pictures: how many.
    """
    return torch.from_numpy(np.stack([prepare(made_up(size, number)) for number in range(pictures)]))


def _scattered(start: int, count: int) -> NDArray[np.uint64]:
    """Return some numbers of SplitMix64 (Steele, Lea, Flood 2014), from one on."""
    with np.errstate(over="ignore"):
        state = np.arange(start + 1, start + count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return state ^ (state >> np.uint64(31))
