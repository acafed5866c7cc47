"""The pictures on which a unit is most confidently wrong, with the region where it is on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from unitscope.experiments.classification.peaks import UnitReader
from unitscope.experiments.pictures import JPEG_QUALITY
from unitscope.experiments.samples import Samples
from unitscope.layer.grid import Sampling, upsample
from unitscope.run.layout import PICTURES
from unitscope.run.masks import pack_mask

FALSE_ALARM, MISS = "false alarm", "miss"
"""A negative picture above the threshold, a positive one that is not."""


def choose_mistakes(peaks: pd.DataFrame, most: int) -> pd.DataFrame:
    """Choose the strongest false alarms and the weakest misses.

    Args:
        peaks: one row a picture, as in ``peaks.parquet``.
        most: of each kind.

    Returns:
        ``kind``, ``rank`` (1 is the most confident), ``sample``, ``id``, ``class`` and ``peak``.
    """
    false = peaks[peaks["predicted"] & ~peaks["positive"]].sort_values("peak", ascending=False, kind="stable")
    missed = peaks[~peaks["predicted"] & peaks["positive"]].sort_values("peak", kind="stable")
    tables = []
    for kind, rows in ((FALSE_ALARM, false), (MISS, missed)):
        chosen = rows.head(most)[["sample", "id", "class", "peak"]].reset_index(drop=True)
        chosen.insert(0, "kind", kind)
        chosen.insert(1, "rank", np.arange(1, len(chosen) + 1, dtype=np.int32))
        tables.append(chosen)
    return pd.concat(tables, ignore_index=True)


def picture_mistakes(
    mistakes: pd.DataFrame, reader: UnitReader, folder: Path, *, threshold: float, sampling: Sampling
) -> pd.DataFrame:
    """Save the pictures of mistakes as the network saw them, and find where the unit is above a threshold.

    Args:
        mistakes: from `choose_mistakes`.
        reader: of the unit.
        folder: where to write ``pictures/``.
        threshold: activation that the region exceeds.
        sampling: reads the activation grid at every pixel of the input.

    Returns:
        `mistakes` with ``picture`` (a file below `folder`), ``mask`` (``numpy.packbits`` of its rows), ``mask_height``
        and ``mask_width``.
    """
    masks: dict[int, bytes] = {}
    for batch, seen in reader.read(mistakes["sample"].to_numpy(np.int64), labelled=False):
        regions = (upsample(seen.grids, sampling) > threshold).numpy()
        for number, region in zip(batch.samples.tolist(), regions, strict=True):
            masks[number] = pack_mask(region)
    height, width = reader.samples.size
    numbers = mistakes["sample"].tolist()
    pictures = [_save(reader.samples, number, folder) for number in numbers]
    return mistakes.assign(
        picture=pd.array(pictures, dtype="string"),
        mask=[masks[number] for number in numbers],
        mask_height=np.int32(height),
        mask_width=np.int32(width),
    )


def _save(samples: Samples, number: int, folder: Path) -> str | None:
    picture = samples.picture(number)
    if picture is None:
        return None
    name = f"{PICTURES}/{number:06d}.jpg"
    (folder / PICTURES).mkdir(exist_ok=True)
    Image.fromarray(picture).save(folder / name, "JPEG", quality=JPEG_QUALITY)
    return name
