"""The best unit of a concept in each of several runs, drawn side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from unitscope.report.data import records
from unitscope.report.header import unit_ref
from unitscope.report.strips import PictureCache, Strip, strip_size, tile_of, write_strip
from unitscope.run.dissection import Dissection
from unitscope.run.slugs import distinct_slugs

SHOWN = 12
"""Concepts that are drawn."""
FOLDER = "units"


def shared_concepts(concepts: pd.DataFrame, runs: int) -> pd.DataFrame:
    """Return the concepts with a detector in each run, those whose lowest IoU is highest first, at most `SHOWN`.

    Args:
        concepts: see :func:`unitscope.run.comparison.concepts_by_run`.
        runs: how many.
    """
    shared = concepts[concepts["runs"] == runs]
    least = shared[[f"iou_{at}" for at in range(1, runs + 1)]].min(axis=1)
    return shared.loc[least.sort_values(ascending=False, kind="stable").index].head(SHOWN)


def draw_beside(
    runs: Sequence[Dissection], names: Sequence[str], concepts: pd.DataFrame, folder: Path
) -> list[dict[str, object]]:
    """Draw the best unit of each shared concept in every run; return what the page says of them.

    Args:
        runs: the runs.
        names: what they are called.
        concepts: see :func:`unitscope.run.comparison.concepts_by_run`.
        folder: of the page.
    """
    shared = shared_concepts(concepts, len(runs))
    cache, found = PictureCache(), []
    exemplars = [run.exemplars for run in runs]
    slugs = distinct_slugs([f"{row.concept}-{row.category}" for row in records(shared)])
    for row, name in zip(records(shared), slugs, strict=True):
        units = []
        for at, run in enumerate(runs, 1):
            layer, unit = str(getattr(row, f"layer_{at}")), int(getattr(row, f"unit_{at}"))
            table = exemplars[at - 1]
            rows = table[(table["layer"] == run.find_layer(layer)) & (table["unit"] == unit)].sort_values(
                "rank"
            )
            file = f"{FOLDER}/{name}-{at}.jpg"
            text = f"{layer} unit {unit}"
            units.append(
                {
                    "run": names[at - 1],
                    "unit": unit_ref(layer, unit, text) if at == 1 else text,
                    "iou": float(getattr(row, f"iou_{at}")),
                    "file": file,
                    "size": _draw(run, rows, folder / file, cache),
                    "alt": f"Strongest pictures of {text} of {names[at - 1]}: {row.concept}",
                }
            )
        found.append({"concept": row.concept, "category": row.category, "units": units})
    return found


def _draw(run: Dissection, rows: pd.DataFrame, file: Path, cache: PictureCache) -> tuple[int, int]:
    tiles = [tile_of(run.path, each) for each in records(rows)]
    if not tiles:
        return 0, 0
    file.parent.mkdir(exist_ok=True)
    write_strip(Strip(file, tiles, f"unitscope: {file.stem}"), cache)
    return strip_size(tile.shape for tile in tiles)
