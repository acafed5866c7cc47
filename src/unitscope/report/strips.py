"""The exemplars of a unit side by side in one picture, the mask outlined and the rest dimmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from unitscope.cache import Recent
from unitscope.report.masks import Packed, draw_mask, pack_color
from unitscope.run.masks import resize_mask, unpack_mask
from unitscope.run.rows import ExemplarRow

TILE = 160
GAP = 4
GAP_COLOR = pack_color(128, 128, 128)
NO_PICTURE = pack_color(176, 176, 176)
QUALITY = 84
CACHED_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Tile:
    """One exemplar of a strip: the file of its picture, or None where there is none, and its packed mask.

    Attributes:
        picture: a file of the run, or None.
        mask: the bits of `numpy.packbits`, row-major.
        shape: height and width of the mask.
    """

    picture: Path | None
    mask: bytes
    shape: tuple[int, int]


@dataclass(frozen=True)
class Strip:
    """One strip to be written: where, of which tiles, and a comment for those who get the file alone."""

    path: Path
    tiles: Sequence[Tile]
    comment: str


class PictureCache:
    """Decoded pictures, the least recently used dropped first."""

    def __init__(self, limit: int = CACHED_BYTES) -> None:
        self._kept = Recent[Path, Packed](limit, lambda picture: picture.nbytes)

    def get(self, path: Path) -> Packed | None:
        """Return the picture at `path`, packed `(H, W)`, or None if it cannot be read."""
        found = self._kept.get(path)
        if found is not None:
            return found
        picture = _load(path)
        return None if picture is None else self._kept.keep(path, picture)


def strip_size(shapes: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Return width and height of the strip of pictures of the given `(height, width)`; (0, 0) for none."""
    sizes = [tile_size(height, width) for height, width in shapes]
    if not sizes:
        return 0, 0
    return sum(width for _, width in sizes) + GAP * (len(sizes) - 1), max(height for height, _ in sizes)


def tile_size(height: int, width: int) -> tuple[int, int]:
    """Return the height and width of a tile: at most `TILE` on the longer side, small pictures whole times as large."""
    longer = max(height, width, 1)
    scale = TILE / longer if longer > TILE else TILE // longer
    return max(1, round(height * scale)), max(1, round(width * scale))


def tile_of(run: Path, row: ExemplarRow) -> Tile:
    """Return the tile of a row of the table of exemplars."""
    picture = run / row.picture if isinstance(row.picture, str) else None
    return Tile(picture, row.mask, (int(row.mask_height), int(row.mask_width)))


def write_strip(strip: Strip, cache: PictureCache) -> None:
    """Draw a strip and write its file."""
    image = to_image(draw_strip(strip.tiles, cache))
    comment = strip.comment.encode("utf-8")
    image.save(strip.path, "JPEG", quality=QUALITY, subsampling=0, comment=comment)


def to_image(picture: Packed) -> Image.Image:
    """Return a packed picture as a Pillow image."""
    height, width = picture.shape
    return Image.frombuffer("RGBX", (width, height), picture.tobytes(), "raw", "RGBX", 0, 1)


def draw_strip(tiles: Sequence[Tile], cache: PictureCache) -> Packed:
    """Draw tiles side by side, packed `(H, W)`."""
    width, height = strip_size(tile.shape for tile in tiles)
    canvas = np.full((height, width), GAP_COLOR, dtype=np.uint32)
    left = 0
    for tile in tiles:
        drawn = _draw_tile(tile, cache)
        canvas[: drawn.shape[0], left : left + drawn.shape[1]] = drawn
        left += drawn.shape[1] + GAP
    return canvas


def _draw_tile(tile: Tile, cache: PictureCache) -> Packed:
    height, width = tile_size(*tile.shape)
    mask = resize_mask(unpack_mask(tile.mask, *tile.shape), height, width)
    picture = cache.get(tile.picture) if tile.picture is not None else None
    if picture is None:
        picture = np.full((height, width), NO_PICTURE, dtype=np.uint32)
    elif picture.shape != (height, width):
        picture = pack_image(to_image(picture).convert("RGB").resize((width, height)))
    return draw_mask(picture, mask)


def _load(path: Path) -> Packed | None:
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except OSError:
        return None
    height, width = tile_size(picture.height, picture.width)
    if (picture.height, picture.width) != (height, width):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return pack_image(picture)


def pack_image(picture: Image.Image) -> Packed:
    """Return a Pillow image as a packed picture, `(H, W)`."""
    pixels = np.ascontiguousarray(np.asarray(picture.convert("RGBX")))
    return pixels.view(np.uint32)[..., 0]
