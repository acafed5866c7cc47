"""Whether all rows of a picture were in its file, or the decoder filled some up."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

_SIGNATURE = 8
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Values of a pixel, by the colour type of a PNG."""
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row, step of columns and of rows of each pass of an interlaced PNG."""
_BLOCK = 2**20


def is_whole(image: Image.Image, source: Path | bytes) -> bool:
    """Tell whether the file of a picture held all of its pixels.

    Pillow leaves zeros where the compressed rows of a PNG end early but in good order. Other files that are cut are
    refused by their decoders.

    Args:
        image: the picture, loaded from `source`.
        source: its file, or the bytes of it.
    """
    if image.format != "PNG":
        return True
    if not image.info.get("interlace") and np.asarray(image)[-1].any():
        return True  # rows are filled from the top
    content = source if isinstance(source, bytes) else source.read_bytes()
    return _holds(content)


def _holds(content: bytes) -> bool:
    """Tell whether the compressed rows of a PNG are as long as its header says."""
    chunks = _chunks(content)
    kind, header = next(chunks, (b"", b""))
    if kind != b"IHDR":
        return True  # no PNG as the standard has it; it was decoded nevertheless
    left = _bytes_of(header)
    rows = zlib.decompressobj()
    for data in (data for kind, data in chunks if kind == b"IDAT"):
        rest = data
        while rest and left > 0:
            left -= len(rows.decompress(rest, _BLOCK))
            rest = rows.unconsumed_tail
    while left > 0 and (more := rows.decompress(b"", _BLOCK)):
        left -= len(more)
    return left <= 0


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = _SIGNATURE
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        yield kind, content[place + 8 : place + 8 + length]
        place += length + 12


def _bytes_of(header: bytes) -> int:
    """Return how many bytes the rows of a PNG have before compression, each with that of its filter."""
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", header)
    bits = depth * _CHANNELS[colour]
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * bits // 8))
    return total
