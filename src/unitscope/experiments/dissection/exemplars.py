"""The strongest pictures of every unit, with the region where it exceeds its threshold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.plan import LayerPlan, Raster
from unitscope.experiments.dissection.reading import ShardStatistics
from unitscope.experiments.pictures import PictureFiles
from unitscope.experiments.samples import Samples
from unitscope.layer.grid import GridGeometry, Sampling, raster_sampling
from unitscope.progress import progress_bar
from unitscope.stats.topk import NO_PICTURE


def exemplar_table(
    activations: Activations, statistics: ShardStatistics, thresholds: dict[str, NDArray[np.float32]]
) -> pa.Table:
    """Outline every unit's strongest pictures, and save each of these pictures once.

    Args:
        activations: all shards committed.
        statistics: merged; tells the strongest pictures.
        thresholds: ``(U,)`` by layer.

    Returns:
        One row a unit and rank; ``mask`` holds the packed bits of the region above the threshold, at picture size.
    """
    samples = activations.reader.samples
    pictures = PictureFiles(samples, activations.folder.path)
    plan = activations.plan
    samplings = {name: picture_sampling(layer, plan.raster) for name, layer in plan.by_layer.items()}
    rows = _Rows.of(statistics)
    height, width = plan.raster.size
    masks = np.zeros((len(rows.unit), (height * width + 7) // 8), np.uint8)
    names: dict[int, str | None] = {}
    with progress_bar("saving exemplars", len(np.unique(rows.sample))) as advance:
        for number, of_shard in _by_shard(activations, rows.by_sample()):
            shard = activations.shard(number)
            cells = {layer: shard.cells[layer] for layer in plan.by_layer}
            position = {int(sample): i for i, sample in enumerate(shard.samples)}
            for sample, of_sample in of_shard:
                names[sample] = pictures.save(sample)
                for layer, here in rows.by_layer(of_sample):
                    units = rows.unit[here]
                    masks[here] = cells[layer].regions_above(
                        position[sample], units, thresholds[layer][units], samplings[layer]
                    )
                advance(1)
    pictures.keep_only(names.values())
    return rows.table(samples, names, masks)


@dataclass(frozen=True)
class _Rows:
    """The rows of the table: each unit's strongest pictures, all ``(R,)``."""

    layers: Sequence[str]
    layer: NDArray[np.int64]
    unit: NDArray[np.int64]
    rank: NDArray[np.int64]
    sample: NDArray[np.int64]
    peak: NDArray[np.float32]

    @classmethod
    def of(cls, statistics: ShardStatistics) -> _Rows:
        """List the strongest pictures of all units that are not constant."""
        parts = []
        for index, (layer, top) in enumerate(statistics.tops.items()):
            lowest, highest = statistics.extents[layer].result()
            units, places = np.nonzero((top.samples != NO_PICTURE) & (lowest < highest)[:, None])
            found = top.samples[units, places], top.peaks[units, places]
            parts.append((np.full(len(units), index), units, places + 1, *found))
        return cls(list(statistics.tops), *(np.concatenate(part) for part in zip(*parts, strict=True)))

    def by_sample(self) -> list[tuple[int, NDArray[np.int64]]]:
        """Row numbers of each sample, in the order of the samples."""
        if not len(self.sample):
            return []
        order = np.argsort(self.sample, kind="stable")
        samples, starts = np.unique(self.sample[order], return_index=True)
        return list(zip(samples.tolist(), np.split(order, starts[1:]), strict=True))

    def by_layer(self, rows: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Split row numbers by layer."""
        of_rows = self.layer[rows]
        for index in np.unique(of_rows):
            yield self.layers[index], rows[of_rows == index]

    def table(self, samples: Samples, names: dict[int, str | None], masks: NDArray[np.uint8]) -> pa.Table:
        """Put the table together; `masks` are the packed bits of each row."""
        height, width = samples.size
        ends = np.arange(len(masks) + 1, dtype=np.int64) * masks.shape[1]
        bits = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(masks), [None, pa.py_buffer(ends), pa.py_buffer(masks)]
        )
        return pa.table(
            {
                "layer": pa.array([self.layers[index] for index in self.layer], pa.string()),
                "unit": pa.array(self.unit, pa.int32()),
                "rank": pa.array(self.rank, pa.int32()),
                "sample": pa.array(self.sample, pa.int32()),
                "id": pa.array([samples.sample_ids[sample] for sample in self.sample], pa.string()),
                "picture": pa.array([names[sample] for sample in self.sample.tolist()], pa.string()),
                "peak": pa.array(self.peak),
                "mask": bits,
                "mask_height": pa.array(np.full(len(masks), height), pa.int32()),
                "mask_width": pa.array(np.full(len(masks), width), pa.int32()),
            }
        )


def picture_sampling(plan: LayerPlan, raster: Raster) -> Sampling:
    """Read the kept grid at every pixel of the input."""
    geometry = plan.layer.geometry if plan.resampling is None else GridGeometry.even(plan.kept, raster.size)
    return raster_sampling(geometry, raster.size, raster.size, border=raster.border)


def _by_shard(
    activations: Activations, by_sample: list[tuple[int, NDArray[np.int64]]]
) -> list[tuple[int, list[tuple[int, NDArray[np.int64]]]]]:
    grouped: dict[int, list[tuple[int, NDArray[np.int64]]]] = defaultdict(list)
    for sample, rows in by_sample:
        grouped[sample // activations.plan.shard_size].append((sample, rows))
    return sorted(grouped.items())
