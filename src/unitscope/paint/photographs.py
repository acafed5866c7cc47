"""Photographs as they come over the network: bytes of a picture, bounded before anything is decoded."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from unitscope.errors import UnitscopeError
from unitscope.sources.decode import decode_bytes
from unitscope.sources.formats import NO_PICTURES, opened

PICTURE_BYTES, PICTURE_PIXELS = 20_000_000, 50_000_000
LARGEST_SIDE = 2048
"""Pixels that a side is made smaller to, before the picture is kept."""


class TooLarge(UnitscopeError):
    """A picture of too many pixels."""


def read_photograph(content: bytes) -> NDArray[np.uint8]:
    """Return a picture ``(H, W, 3)``, at most `LARGEST_SIDE` pixels a side.

    Raises:
        TooLarge: it has more than `PICTURE_PIXELS` pixels.
        UnitscopeError: it is no picture that can be decoded.
    """
    try:
        with opened(BytesIO(content)) as image:
            (width, height), kind = image.size, image.format
        if width * height > PICTURE_PIXELS:
            raise TooLarge(f"the picture has {width * height:,} pixels; at most {PICTURE_PIXELS:,} are read")
        if kind in NO_PICTURES:
            raise UnitscopeError(f"the picture is {kind}, which is not read")
        pixels = decode_bytes(content)
    except UnitscopeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge(f"the picture has more than {PICTURE_PIXELS:,} pixels") from error
    except UnidentifiedImageError as error:
        raise UnitscopeError("the picture is of no kind that is read; send PNG or JPEG") from error
    except Exception as error:  # decoders raise whatever they stumble on
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UnitscopeError(f"the picture cannot be read: {reason}") from error
    if max(pixels.shape) <= LARGEST_SIDE:
        return pixels
    smaller = Image.fromarray(pixels)
    smaller.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.BOX)
    return np.asarray(smaller)
