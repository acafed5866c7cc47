"""Pictures of a page drawn larger, with what a mask holds outlined."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from PIL import Image

from unitscope.report.data import records
from unitscope.report.masks import draw_mask
from unitscope.report.strips import QUALITY, pack_image, to_image
from unitscope.run.masks import resize_mask, unpack_mask

SIDE = 256
"""Longer side of a drawn picture, pixels."""


def draw_picture(picture: Path, mask: bytes, shape: tuple[int, int], out: Path) -> tuple[int, int]:
    """Draw a picture larger, with the outline of a mask and the rest dimmed if anything is in it.

    Args:
        picture: the file.
        mask: packed bits, see `unpack_mask`.
        shape: height and width of the mask.
        out: the JPEG to write.

    Returns:
        Width and height in pixels.
    """
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    scale = SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    if any(mask):
        region = resize_mask(unpack_mask(mask, int(shape[0]), int(shape[1])), height, width)
        image = to_image(draw_mask(pack_image(image), region)).convert("RGB")
    image.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return width, height


def draw_pairs(table: pd.DataFrame, source: Path, folder: Path, *, mask: str) -> list[dict[str, object]]:
    """Draw every pair of a table: before, after, and after with a mask outlined.

    Args:
        table: with the columns ``before``, ``after``, `mask`, ``mask_height`` and ``mask_width``.
        source: the folder that its paths start from.
        folder: of the page; pictures go to `pairs/` in it.
        mask: the column of packed masks.

    Returns:
        For each row, the row itself, the three files, their size, and whether anything is outlined.
    """
    if len(table):
        (folder / "pairs").mkdir()
    found = []
    for number, row in enumerate(records(table)):
        shape = int(row.mask_height), int(row.mask_width)
        bits = getattr(row, mask)
        empty = bytes(len(bits))
        kinds = {"before": (row.before, empty), "after": (row.after, empty), "marked": (row.after, bits)}
        files = {name: f"pairs/{number:02d}-{name}.jpg" for name in kinds}
        for name, (picture, shown) in kinds.items():
            size = draw_picture(source / picture, shown, shape, folder / files[name])
        found.append({"row": row, "files": files, "size": size, "marked": any(bits)})
    return found
