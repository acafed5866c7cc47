"""Masks of exemplars: run lengths for the page, outlines for pictures."""

from __future__ import annotations

import base64
import sys

import numpy as np
import numpy.typing as npt

from unitscope.run.masks import Mask

Packed = npt.NDArray[np.uint32]
"""A picture with the four bytes red, green, blue and unused of each pixel in one number: `(H, W)`."""


def pack_color(red: int, green: int, blue: int) -> np.uint32:
    """Return a colour as one number of a packed picture."""
    return np.uint32(int.from_bytes((red, green, blue, 0), sys.byteorder))


OUTLINE = pack_color(255, 230, 0)
EDGE = pack_color(20, 20, 20)


def run_lengths(mask: Mask) -> list[int]:
    """Return the row-major run lengths of a mask, off and on in turn, beginning with off.

    The last run is left out when it is off, so an empty mask gives `[]`.
    """
    lengths: list[int] = _lengths(mask).tolist()
    return lengths


def _lengths(mask: Mask) -> npt.NDArray[np.int64]:
    flat = np.zeros(mask.size + 2, bool)
    flat[1:-1] = mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    changes[1:] -= changes[:-1].copy()
    return changes


def packed_runs(mask: Mask) -> str:
    """Return :func:`run_lengths` as text: base64 of numbers of seven bits a byte, the lowest first (LEB128)."""
    runs = _lengths(mask)
    places = max(1, -(-int(runs.max(initial=0)).bit_length() // 7))
    rest = runs[:, None] >> (7 * np.arange(places))
    more = rest >= 1 << 7
    found = (rest & 0x7F) | np.where(more, 0x80, 0)
    rest[:, 0] = 1  # one byte there always is
    return base64.b64encode(found[rest > 0].astype(np.uint8).tobytes()).decode("ascii")


def dim(picture: Packed) -> Packed:
    """Return a picture at 5/8 of its brightness: a half and an eighth of every byte, all four at once."""
    half = (picture >> 1) & np.uint32(0x7F7F7F7F)
    return half + ((picture >> 3) & np.uint32(0x1F1F1F1F))


def draw_mask(picture: Packed, mask: Mask) -> Packed:
    """Draw a picture dimmed outside a mask, with the mask's outline.

    The outline is 2 pixels of a bright colour just inside the mask and a dark one just outside, so that it
    shows on bright and dark pictures alike.

    Args:
        picture: `(H, W)`, packed.
        mask: `(H, W)`.
    """
    drawn = np.where(mask, picture, dim(picture))
    drawn[_grow(mask) & ~mask] = EDGE
    drawn[mask & ~_shrink(_shrink(mask))] = OUTLINE
    return drawn


def _shrink(mask: Mask) -> Mask:
    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return inner


def _grow(mask: Mask) -> Mask:
    outer = mask.copy()
    outer[1:] |= mask[:-1]
    outer[:-1] |= mask[1:]
    outer[:, 1:] |= mask[:, :-1]
    outer[:, :-1] |= mask[:, 1:]
    return outer
