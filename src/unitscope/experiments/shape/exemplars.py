"""The strongest altered pictures of some units beside their originals, with the unit's region in both."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from unitscope.experiments.dissection.activations import Shard
from unitscope.experiments.dissection.exemplars import picture_sampling
from unitscope.experiments.pictures import JPEG_QUALITY
from unitscope.experiments.shape.sides import SIDES, PairActivations
from unitscope.experiments.shape.tables import Findings
from unitscope.progress import progress_bar
from unitscope.run.layout import PICTURES
from unitscope.run.storage import write_file
from unitscope.stats.topk import NO_PICTURE

COLUMNS = {
    "layer": "string",
    "unit": "int32",
    "survives": "bool",
    "rank": "int32",
    "sample": "int32",
    "id": "string",
    "original": "string",
    "altered": "string",
    "peak_original": "float32",
    "peak_altered": "float32",
    "mask_original": "object",
    "mask_altered": "object",
    "mask_height": "int32",
    "mask_width": "int32",
}


def shown_units(units: pd.DataFrame, most: int) -> pd.DataFrame:
    """Choose units whose pictures are shown: of each layer, half that survive best and half that survive least.

    They are detectors; other units where a layer has none.

    Args:
        units: the units table.
        most: of each layer.
    """
    parts = []
    for _, of_layer in units[units["iou"].notna()].groupby("layer", sort=False):
        found = of_layer[of_layer["detector"]] if of_layer["detector"].any() else of_layer
        ranked = found.sort_values(["iou", "unit"], ascending=[False, True], kind="stable")
        best = ranked.head(-(-most // 2))
        parts += [best, ranked.iloc[len(best) :].tail(most // 2)]
    return pd.concat(parts, ignore_index=True) if parts else units.head(0)


def exemplar_table(
    activations: PairActivations, findings: Findings, units: pd.DataFrame, folder: Path
) -> pd.DataFrame:
    """Outline the strongest altered pictures of some units and their originals, and save each picture once.

    Args:
        activations: all pieces committed.
        findings: thresholds and peaks.
        units: rows of the units table.
        folder: the run folder.
    """
    rows = _rows(activations, units)
    size = activations.plan.raster.size
    by_piece: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        by_piece[int(row["sample"]) // activations.plan.shard_size].append(number)  # type: ignore[call-overload]
    with progress_bar("saving exemplars", len(rows)) as advance:
        for piece, numbers in sorted(by_piece.items()):
            shards = [getattr(activations, side).shard(piece) for side in SIDES]
            for number in numbers:
                rows[number] |= _filled(rows[number], shards, activations, findings)
                _save(activations, rows[number], folder)
                advance(1)
    table = pd.DataFrame([{**row, "mask_height": size[0], "mask_width": size[1]} for row in rows])
    return table.reindex(columns=list(COLUMNS)).astype(COLUMNS)


def _rows(activations: PairActivations, units: pd.DataFrame) -> list[dict[str, object]]:
    tops, ids = activations.altered.merged().tops, activations.pairs.sample_ids
    rows: list[dict[str, object]] = []
    for layer, unit, survives in units[["layer", "unit", "survives"]].itertuples(index=False):
        samples = tops[layer].samples[unit]
        for rank, sample in enumerate(samples[samples != NO_PICTURE].tolist(), 1):
            rows.append(
                {
                    "layer": layer,
                    "unit": unit,
                    "survives": survives,
                    "rank": rank,
                    "sample": sample,
                    "id": ids[sample],
                    **{side: f"{PICTURES}/{sample:06d}-{side}.jpg" for side in SIDES},
                }
            )
    return rows


def _filled(
    row: dict[str, object], shards: list[Shard], activations: PairActivations, findings: Findings
) -> dict[str, object]:
    """Return peaks and masks of a row."""
    layer, unit, sample = str(row["layer"]), int(str(row["unit"])), int(str(row["sample"]))
    sampling = picture_sampling(activations.plan.by_layer[layer], activations.plan.raster)
    changes = findings.changes[layer]
    place = int(np.searchsorted(changes.samples, sample))
    found: dict[str, object] = {}
    for number, (side, shard) in enumerate(zip(SIDES, shards, strict=True)):
        (at,) = np.flatnonzero(shard.samples == sample)
        units: NDArray[np.int64] = np.array([unit], np.int64)
        levels = findings.levels[number][layer][units]
        found[f"peak_{side}"] = changes.peaks[place, number, unit]
        found[f"mask_{side}"] = (
            shard.cells[layer].regions_above(int(at), units, levels, sampling)[0].tobytes()
        )
    return found


def _save(activations: PairActivations, row: dict[str, object], folder: Path) -> None:
    pair = activations.pairs.read(int(str(row["sample"])))
    for side in SIDES:
        path = folder / str(row[side])
        if not path.is_file():
            save = partial(Image.fromarray(getattr(pair, side)).save, format="JPEG", quality=JPEG_QUALITY)
            write_file(path, save, durable=False)
