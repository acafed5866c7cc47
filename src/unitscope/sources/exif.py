"""How a picture is turned, by its EXIF tag alone, whatever else is broken in its EXIF block."""

from __future__ import annotations

import struct

from PIL import Image

ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture of each orientation upright."""
TURNED = frozenset({5, 6, 7, 8})
"""Orientations that exchange height and width."""
_SHORT, _LONG = 3, 4
_ORDERS = {b"II": "<", b"MM": ">"}
_HEADER = b"Exif\0\0"
_ENTRY = 12


def orientation(image: Image.Image) -> int:
    """Return the orientation of a picture, 1 to 8; 1 where none is said."""
    try:
        found = int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # one broken entry must not hide the others
        found = _in_block(image.info.get("exif", b""))
    return found if found in TURNS else 1


def upright(image: Image.Image, turned: int) -> Image.Image:
    """Return a picture of some orientation the way it is meant to be seen."""
    return image.transpose(TURNS[turned]) if turned in TURNS else image


def _in_block(block: bytes) -> int:
    """Return the orientation that the first directory of an EXIF block holds, reading nothing but that entry."""
    while block.startswith(_HEADER):
        block = block[len(_HEADER) :]
    order = _ORDERS.get(block[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, start)
        for number in range(count):
            place = start + 2 + number * _ENTRY
            tag, kind = struct.unpack_from(order + "HH", block, place)
            if tag == ORIENTATION and kind in (_SHORT, _LONG):
                (found,) = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), block, place + 8)
                return int(found)
    except struct.error:  # the block is cut
        pass
    return 1
