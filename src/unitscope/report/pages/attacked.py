"""Attacked pictures drawn for their page: the change magnified, masks of units before and after, maps of change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from unitscope.report.data import records
from unitscope.report.pages.pictures import SIDE, draw_picture
from unitscope.report.strips import QUALITY
from unitscope.run.attack import Attack
from unitscope.run.rows import AttackedRow, AttemptRow

GRAY = 127.5
"""No change, in the drawing of one."""
RISES, FALLS = np.array([213, 94, 0], np.float64), np.array([0, 114, 178], np.float64)
"""Colours of a map where activation rises and where it falls; it is white where nothing changes."""
Pixels = NDArray[np.uint8]


def draw_examples(found: Attack, folder: Path) -> list[dict[str, object]]:
    """Draw every example of the table; return what the page says of each."""
    if len(found.examples):
        (folder / "attacked").mkdir()
    attempts = {int(row.attempt): row for row in records(found.attempts)}
    return [
        _draw(found, rows, attempts[int(rows["attempt"].iloc[0])], folder)
        for _, rows in found.examples.groupby("attempt", sort=False)
    ]


def _draw(found: Attack, rows: pd.DataFrame, attempt: AttemptRow, folder: Path) -> dict[str, object]:
    first = next(records(rows))
    name = f"attacked/{first.attempt:05d}"
    original, copy = (_open(found.path / file) for file in (first.original, first.attacked))
    change, factor = magnified(original, copy)
    pictures = {
        "original": original,
        f"change, times {factor}": change,
        "attacked": copy,
    }
    files = []
    for place, (text, pixels) in enumerate(pictures.items()):
        size = _save(pixels, folder / f"{name}-{place}.png")
        files.append((f"{name}-{place}.png", text))
    largest = max(float(np.abs(np.asarray(each)).max()) for each in rows["change"])
    units = [
        _draw_unit(found.path, row, largest, folder, f"{name}-{place:02d}")
        for place, row in enumerate(records(rows))
    ]
    return {
        "id": attempt.id,
        "source": attempt.source,
        "target": attempt.target,
        "l2": f"{attempt.l2:.3g}",
        "largest": f"{255 * attempt.largest:.0f}/255",
        "files": files,
        "size": size,
        "units": units,
    }


def _open(path: Path) -> Pixels:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def magnified(original: Pixels, copy: Pixels) -> tuple[Pixels, int]:
    """Return the change of a picture around gray, and the whole number that it was multiplied by to be seen."""
    change = copy.astype(np.float64) - original
    factor = max(int(GRAY // max(np.abs(change).max(), 1)), 1)
    return np.clip(np.round(GRAY + factor * change), 0, 255).astype(np.uint8), factor


def _save(pixels: Pixels, path: Path) -> tuple[int, int]:
    height, width = pixels.shape[:2]
    scale = max(SIDE / max(height, width), 1)
    size = round(width * scale), round(height * scale)
    Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST).save(path)
    return size


def change_map(change: NDArray[np.float64], largest: float) -> Pixels:
    """Return a map of change ``(gh, gw)`` in colours, the strongest at the largest change."""
    share = np.clip(change / largest, -1, 1)[..., None] if largest > 0 else np.zeros((*change.shape, 1))
    color = np.where(share > 0, RISES, FALLS)
    colored: Pixels = np.round(255 + np.abs(share) * (color - 255)).astype(np.uint8)
    return colored


def _draw_unit(source: Path, row: AttackedRow, largest: float, folder: Path, name: str) -> dict[str, object]:
    shape = int(row.mask_height), int(row.mask_width)
    files = []
    for text, picture, mask in (
        ("before", row.original, row.before_mask),
        ("after", row.attacked, row.after_mask),
    ):
        file = f"{name}-{text}.jpg"
        size = draw_picture(source / picture, mask, shape, folder / file)
        files.append((file, text))
    colored = change_map(np.asarray(row.change, np.float64).reshape(shape), largest)
    Image.fromarray(colored).resize(size, Image.Resampling.BILINEAR).save(
        folder / f"{name}-change.jpg", "JPEG", quality=QUALITY
    )
    files.append((f"{name}-change.jpg", "change"))
    change = row.peak_after - row.peak_before
    return {
        "role": row.role,
        "rank": int(row.rank),
        "unit": int(row.unit),
        "concept": row.concept if isinstance(row.concept, str) else "",
        "before": f"{row.peak_before:.3g}",
        "after": f"{row.peak_after:.3g}",
        "change": f"{change:+.3g}",
        "files": files,
        "size": size,
    }
