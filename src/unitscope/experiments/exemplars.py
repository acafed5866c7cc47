"""The strongest pictures of every unit, with the region where it exceeds its threshold."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from unitscope.experiments.activations import Activations, ShardStatistics
from unitscope.experiments.plan import LayerPlan, Raster
from unitscope.experiments.samples import Samples
from unitscope.grid import GridGeometry, Sampling, raster_sampling
from unitscope.progress import stage
from unitscope.run.storage import write_file
from unitscope.stats.topk import NO_PICTURE

JPEG_QUALITY = 88

Wanted = dict[int, dict[str, list[tuple[int, int]]]]
"""For each sample number and layer: the (unit, rank) it is an exemplar of."""


def exemplar_table(
    activations: Activations,
    statistics: ShardStatistics,
    thresholds: dict[str, NDArray[np.float32]],
    *,
    show: bool | None = None,
) -> pa.Table:
    """Outline every unit's strongest pictures, and save each of these pictures once.

    Args:
        activations: all shards committed.
        statistics: merged; tells the strongest pictures.
        thresholds: ``(U,)`` by layer.
        show: force the progress bar on or off.

    Returns:
        One row a unit and rank; ``mask`` holds the packed bits of the region above the threshold, at picture size.
    """
    samples = activations.reader.samples
    pictures = _Pictures(samples, activations.folder.path)
    plan = activations.plan
    samplings = {name: _picture_sampling(layer, plan.raster) for name, layer in plan.layers.items()}
    wanted = _wanted(statistics)
    rows: list[dict[str, Any]] = []
    with stage("saving exemplars", len(wanted), show=show) as advance:
        for number, of_shard in _by_shard(activations, wanted):
            shard = activations.shard(number)
            cells = {layer: shard.cells[layer] for layer in plan.layers}
            position = {int(sample): i for i, sample in enumerate(shard.samples)}
            for sample in of_shard:
                picture = pictures.save(sample)
                for layer, ranked in wanted[sample].items():
                    units = [unit for unit, _ in ranked]
                    masks = cells[layer].regions_above(
                        position[sample], units, thresholds[layer][units], samplings[layer]
                    )
                    for (unit, rank), mask in zip(ranked, masks, strict=True):
                        peak = statistics.tops[layer].peaks[unit, rank - 1]
                        rows.append(
                            _row(layer, unit, rank, sample, mask) | {"picture": picture, "peak": peak}
                        )
                advance(1)
    return _as_table(rows, samples, list(activations.plan.layers))


def _picture_sampling(plan: LayerPlan, raster: Raster) -> Sampling:
    """Read the kept grid at every pixel of the input."""
    geometry = plan.layer.geometry if plan.resampling is None else GridGeometry.even(plan.kept, raster.size)
    return raster_sampling(geometry, raster.size, raster.size, border=raster.border)


def _wanted(statistics: ShardStatistics) -> Wanted:
    wanted: Wanted = defaultdict(lambda: defaultdict(list))
    for layer, top in statistics.tops.items():
        lowest, highest = statistics.extents[layer].result()
        for unit, rank in np.argwhere(top.samples != NO_PICTURE):
            if lowest[unit] < highest[unit]:
                wanted[int(top.samples[unit, rank])][layer].append((int(unit), int(rank) + 1))
    return wanted


def _by_shard(activations: Activations, wanted: Wanted) -> list[tuple[int, list[int]]]:
    grouped: dict[int, list[int]] = defaultdict(list)
    for sample in sorted(wanted):
        grouped[sample // activations.plan.shard_size].append(sample)
    return sorted(grouped.items())


class _Pictures:
    def __init__(self, samples: Samples, folder: Path) -> None:
        self._samples, self._folder = samples, folder

    def save(self, sample: int) -> str | None:
        """Save a picture as the network saw it; return its path in the run folder."""
        picture = self._samples.picture(sample)
        if picture is None:
            return None
        name = f"pictures/{sample:06d}.jpg"
        image = Image.fromarray(picture)
        write_file(
            self._folder / name,
            lambda partial: image.save(partial, "JPEG", quality=JPEG_QUALITY),
            durable=False,
        )
        return name


def _row(layer: str, unit: int, rank: int, sample: int, mask: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "layer": layer,
        "unit": unit,
        "rank": rank,
        "sample": sample,
        "mask": np.packbits(mask).tobytes(),
        "mask_height": mask.shape[0],
        "mask_width": mask.shape[1],
    }


def _as_table(rows: list[dict[str, Any]], samples: Samples, layers: list[str]) -> pa.Table:
    rows.sort(key=lambda row: (layers.index(row["layer"]), row["unit"], row["rank"]))
    schema = pa.schema(
        {
            "layer": pa.string(),
            "unit": pa.int32(),
            "rank": pa.int32(),
            "sample": pa.int32(),
            "id": pa.string(),
            "picture": pa.string(),
            "peak": pa.float32(),
            "mask": pa.binary(),
            "mask_height": pa.int32(),
            "mask_width": pa.int32(),
        }
    )
    for row in rows:
        row["id"] = samples.sample_ids[row["sample"]]
    return pa.Table.from_pylist(rows, schema=schema)
