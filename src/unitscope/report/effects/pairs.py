"""Pictures before and after an intervention, drawn larger, with what came or went outlined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from unitscope.report.data import records
from unitscope.report.single import draw_picture


def draw_pairs(table: pd.DataFrame, source: Path, folder: Path, *, mask: str) -> list[dict[str, Any]]:
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
