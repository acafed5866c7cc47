"""Masks as a run keeps them: packed bits, and how they are brought to another size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

OUTLINE, EDGE = (255, 230, 0), (20, 20, 20)
"""Colours of a region's border, inside and outside."""
TRUE = (0, 200, 255)
"""Colour of the border of a concept's region."""


def pack_mask(mask: Mask) -> bytes:
    """Return the bits of a mask ``(H, W)``, row by row as one sequence, as `numpy.packbits` packs them."""
    return np.packbits(mask).tobytes()


def pack_masks(masks: Mask) -> list[bytes]:
    """Return the bits of each of some masks ``(m, H, W)``, as :func:`pack_mask` does."""
    return [row.tobytes() for row in np.packbits(masks.reshape(len(masks), -1), axis=1)]


def unpack_mask(packed: bytes, height: int, width: int) -> Mask:
    """Return the mask ``(height, width)`` of such bits; missing bits are off."""
    whole = packed.ljust((height * width + 7) // 8, b"\0")
    bits = np.unpackbits(np.frombuffer(whole, dtype=np.uint8), count=height * width)
    return bits.reshape(height, width).astype(bool)


def outlined(picture: NDArray[np.uint8], mask: Mask, concept: Mask | None = None) -> NDArray[np.uint8]:
    """Return a picture ``(H, W, 3)`` uint8 dimmed outside a mask ``(H, W)``, its border bright inside, dark outside.

    Args:
        picture: it.
        mask: where a unit is above its threshold.
        concept: where the concept of its label is ``(H, W)``; its border has another colour, below that of the unit.
    """
    drawn = np.where(mask[..., None], picture, picture // 8 * 5)
    if concept is not None:
        drawn[grown(concept) & ~concept] = EDGE
        drawn[concept & grown(~concept)] = TRUE
    drawn[grown(mask) & ~mask] = EDGE
    drawn[mask & grown(grown(~mask))] = OUTLINE
    return drawn.astype(np.uint8)


def grown(mask: Mask) -> Mask:
    """Return a mask ``(H, W)`` with the neighbours above, below, left and right of its pixels."""
    padded = np.pad(mask, 1)
    return padded[1:-1, 1:-1] | padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]


def cells_at(pixels: int, cells: int) -> NDArray[np.int64]:
    """Return which of `cells` equal parts of an axis holds the centre of each of `pixels` equal parts ``(pixels,)``.

    A centre on the border of two cells belongs to the second.
    """
    return (2 * np.arange(pixels, dtype=np.int64) + 1) * cells // (2 * pixels)


def resize_mask(mask: Mask, height: int, width: int) -> Mask:
    """Return masks ``(..., H, W)`` at ``(height, width)``: each pixel has the value of the cell its centre lies in."""
    if mask.shape[-2:] == (height, width):
        return mask
    rows, columns = cells_at(height, mask.shape[-2]), cells_at(width, mask.shape[-1])
    resized: Mask = mask[..., rows[:, None], columns]
    return resized


def thinned(mask: Mask, most: int) -> Mask:
    """Return masks ``(..., H, W)`` with at most so many points on their longer side."""
    scale = min(1.0, most / max(mask.shape[-2:]))
    height, width = (max(1, round(scale * side)) for side in mask.shape[-2:])
    return resize_mask(mask, height, width)
