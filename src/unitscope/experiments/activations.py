"""One pass over the network: activation grids and label maps of every sample, shard by shard, kept for later questions.

A shard is a fixed run of samples. Its activation grids go to the cache, its label maps and statistics to the shard
file, whose arrival commits it. Where the cache budget ends, grids are computed again when they are needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.samples import Batch, Samples
from unitscope.grid import Border, Sampling, identity_sampling, raster_sampling
from unitscope.progress import Advance
from unitscope.run.folder import RunFolder
from unitscope.run.storage import ArrayFile, Arrays, write_arrays
from unitscope.stats import (
    ActivationExtent,
    ActivationHistogram,
    ActivationRaster,
    ConceptAreas,
    Statistic,
    TopPictures,
    kernels,
)
from unitscope.stats.raster import over_unit_blocks
from unitscope.trace import LayerGrid, activation_grid, one_line, probe_layers, trace

SHARD_BYTES = 256 * 2**20
"""Activation grids of one shard, about; they are in memory at once."""
MOST_SHARD_SAMPLES = 256


@dataclass(frozen=True)
class LayerPlan:
    """How a layer is read and kept."""

    layer: LayerGrid
    resampling: Sampling | None
    """For grids finer than the pixel grid: how they are brought to it before they are kept."""
    sampling: Sampling
    """How the pixel grid reads the kept grid."""

    @property
    def kept(self) -> tuple[int, int]:
        """Cells of the kept grid."""
        return self.sampling.rows.cells, self.sampling.columns.cells


@dataclass(frozen=True)
class ReadingPlan:
    """Everything that decides what the network pass keeps."""

    layers: dict[str, LayerPlan]
    samples: int
    batch_size: int
    shard_size: int

    @property
    def bytes_per_sample(self) -> int:
        """Activation grids of one sample."""
        return sum(4 * plan.layer.units * plan.kept[0] * plan.kept[1] for plan in self.layers.values())

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.samples // self.shard_size)

    def samples_of(self, shard: int) -> range:
        """Sample numbers of a shard."""
        return range(shard * self.shard_size, min((shard + 1) * self.shard_size, self.samples))

    def batches_of(self, shard: int) -> list[range]:
        """Sample numbers of a shard's batches: the same however often a run is resumed."""
        samples = self.samples_of(shard)
        return [samples[i : i + self.batch_size] for i in range(0, len(samples), self.batch_size)]


def plan_reading(
    module: nn.Module,
    samples: Samples,
    layers: Sequence[str],
    *,
    border: Border,
    batch_size: int,
    device: torch.device,
) -> ReadingPlan:
    """Look at the layers with one blank input and decide how they are kept.

    Raises:
        UnitscopeError: a layer cannot be read, or the network refuses the input.
    """
    blank = torch.zeros((1, 3, *samples.size), device=device)
    plans: dict[str, LayerPlan] = {}
    for name, layer in _probe(module, blank, layers).items():
        sampling = raster_sampling(layer.geometry, samples.grid, samples.size, border=border)
        finer = layer.grid[0] * layer.grid[1] > samples.grid[0] * samples.grid[1]
        plans[name] = (
            LayerPlan(layer, sampling, identity_sampling(samples.grid))
            if finer
            else LayerPlan(layer, None, sampling)
        )
    one = ReadingPlan(plans, len(samples.sample_ids), batch_size, 1)
    fitting = max(SHARD_BYTES // max(one.bytes_per_sample, 1), 1)
    batches = max(min(fitting, MOST_SHARD_SAMPLES) // batch_size, 1)
    return ReadingPlan(plans, one.samples, batch_size, batches * batch_size)


def _probe(module: nn.Module, blank: Tensor, layers: Sequence[str]) -> dict[str, LayerGrid]:
    try:
        return probe_layers(module, blank, layers)
    except UnitscopeError:
        raise
    except Exception as error:
        shape = "x".join(str(n) for n in blank.shape)
        raise UnitscopeError(
            f"the network fails on an input of shape {shape}: {one_line(error)}; "
            "is the input size right? --preprocess size=... sets it"
        ) from error


class ShardStatistics:
    """What one reading of the data tells, per layer and for the concepts."""

    def __init__(self, plan: ReadingPlan, concepts: int, top: int) -> None:
        units = {name: layer.layer.units for name, layer in plan.layers.items()}
        self.histograms = {name: ActivationHistogram(count) for name, count in units.items()}
        self.extents = {name: ActivationExtent(count) for name, count in units.items()}
        self.tops = {name: TopPictures(count, top) for name, count in units.items()}
        self.areas = ConceptAreas(concepts)

    def parts(self) -> dict[str, Statistic]:
        """Every statistic by a name of its own."""
        named: dict[str, Statistic] = {"areas": self.areas}
        for kind, group in (("histogram", self.histograms), ("extent", self.extents), ("top", self.tops)):
            named.update({f"{kind}/{layer}": statistic for layer, statistic in group.items()})
        return named

    def merge_state(self, file: ArrayFile, empty: ShardStatistics) -> None:
        """Take in the statistics of a shard file; `empty` is overwritten on the way."""
        for name, statistic in self.parts().items():
            other = empty.parts()[name]
            other.load_state_dict(file.below(f"statistic/{name}"))
            statistic.merge(other)

    def arrays(self) -> Arrays:
        """All states, named for a shard file."""
        return {
            f"statistic/{name}/{key}": value
            for name, statistic in self.parts().items()
            for key, value in statistic.state_dict().items()
        }


class ShardReader:
    """Runs the network over a shard and holds what it read.

    Args:
        module: the network, in eval mode, on its device.
        samples: inputs and label maps.
        plan: from :func:`plan_reading`.
        device: where the network is.
    """

    def __init__(self, module: nn.Module, samples: Samples, plan: ReadingPlan, device: torch.device) -> None:
        self.module, self.samples, self.plan, self.device = module, samples, plan, device

    def read(self, batches: Iterator[Batch], shard: int, advance: Advance) -> ShardContent:
        """Read the batches of one shard from a stream of batches."""
        content = ShardContent(self.plan, len(self.plan.samples_of(shard)))

        def keep(name: str, output: Any) -> None:
            content.keep(
                name, activation_grid(name, output, self.samples.size), batch, self.samples.sample_ids
            )

        with trace(self.module, list(self.plan.layers), keep) as forward:
            for planned in self.plan.batches_of(shard):
                batch = next(batches)
                content.begin(batch)
                if len(batch.samples):
                    self._run(forward, batch)
                advance(len(planned))
        return content

    def _run(self, forward: Callable[[Tensor], None], batch: Batch) -> None:
        try:
            forward(batch.inputs.to(self.device))
        except UnitscopeError:
            raise
        except Exception as error:
            first, last = (self.samples.sample_ids[batch.samples[i]] for i in (0, -1))
            full = isinstance(error, torch.OutOfMemoryError)
            raise UnitscopeError(
                f"the network fails on the pictures from {first!r} to {last!r}: {one_line(error)}; "
                + ("give a smaller --batch-size" if full else "--debug shows where")
            ) from error


class ShardContent:
    """Activation grids, extremes and label maps of one shard, in memory."""

    def __init__(self, plan: ReadingPlan, capacity: int) -> None:
        self._plan, self._used, self._start = plan, 0, 0
        self._grids = {
            name: np.empty((capacity, layer.layer.units, *layer.kept), np.float32)
            for name, layer in plan.layers.items()
        }
        self._low = {
            name: np.empty((capacity, layer.layer.units), np.float32) for name, layer in plan.layers.items()
        }
        self._high = {name: np.empty_like(low) for name, low in self._low.items()}
        self._samples: list[NDArray[np.int64]] = []
        self._labels: list[NDArray[np.int16]] = []
        self.skipped: dict[int, str] = {}

    def begin(self, batch: Batch) -> None:
        """Make room for a batch."""
        self._start = self._used
        self._used += len(batch.samples)
        self._samples.append(batch.samples)
        self._labels.append(batch.labels)
        self.skipped.update(batch.skipped)

    def keep(self, name: str, activation: Tensor, batch: Batch, sample_ids: Sequence[str]) -> None:
        """Copy a layer's activation ``(n, U, h, w)`` of the current batch.

        Raises:
            UnitscopeError: the shape is not the planned one, or a value is not finite.
        """
        values = activation.detach().to("cpu", torch.float32).contiguous()
        layer = self._plan.layers[name]
        expected = (len(batch.samples), layer.layer.units, *layer.layer.grid)
        if values.shape != expected:
            raise UnitscopeError(
                f"layer {name!r} returns an activation of shape {tuple(values.shape)} where {expected} was expected "
                "from its first output; choose a layer whose shape stays the same"
            )
        place = slice(self._start, self._used)
        low, high = values.amin((2, 3)).numpy(), values.amax((2, 3)).numpy()
        finite = np.isfinite(low) & np.isfinite(high)
        if not finite.all():
            n, unit = np.argwhere(~finite)[0]
            raise UnitscopeError(
                f"layer {name!r} unit {unit} is not finite (NaN or infinite) on picture "
                f"{sample_ids[batch.samples[n]]!r}; check the weights and the preprocessing"
            )
        self._low[name][place], self._high[name][place] = low, high
        if layer.resampling is None:
            self._grids[name][place] = values.numpy()
            return
        axes = ActivationRaster(values.numpy(), layer.resampling)
        over_unit_blocks(
            axes.units, kernels.resample, axes.grids, axes.rows, axes.columns, self._grids[name][place]
        )

    @property
    def samples(self) -> NDArray[np.int64]:
        """Numbers of the samples that could be read."""
        return np.concatenate(self._samples) if self._samples else np.zeros(0, np.int64)

    @property
    def labels(self) -> NDArray[np.int16]:
        """Label maps ``(n, P, gh, gw)``."""
        return np.concatenate(self._labels)

    @property
    def grids(self) -> dict[str, NDArray[np.float32]]:
        """Kept grids ``(n, U, h, w)`` of every layer."""
        return {name: grids[: self._used] for name, grids in self._grids.items()}

    def count(self, statistics: ShardStatistics) -> None:
        """Update the statistics with everything read."""
        for name, grids in self.grids.items():
            low, high = self._low[name][: self._used], self._high[name][: self._used]
            statistics.histograms[name].update(ActivationRaster(grids, self._plan.layers[name].sampling))
            statistics.extents[name].update(low, high)
            statistics.tops[name].update(high, self.samples)
        statistics.areas.update(self.labels, self.samples)


@dataclass(frozen=True)
class Shard:
    """A committed shard: label maps at hand, activation grids layer by layer."""

    samples: NDArray[np.int64]
    labels: NDArray[np.int16]
    grids: ArrayFile | dict[str, NDArray[np.float32]]
    plan: ReadingPlan

    def activation(self, layer: str) -> ActivationRaster:
        """Read the activation grids of one layer."""
        return ActivationRaster(self.grids[layer], self.plan.layers[layer].sampling)

    def unit_grid(self, layer: str, position: int, unit: int) -> NDArray[np.float32]:
        """Read the grid ``(h, w)`` of one unit on the sample at `position` of the shard."""
        if isinstance(self.grids, dict):
            grid: NDArray[np.float32] = self.grids[layer][position, unit]
            return grid
        return self.grids.part(layer, (position, unit))


class Activations:
    """The activations of all samples: read once, then iterated shard by shard as often as needed.

    Args:
        folder: an open run folder.
        reader: reads what is not there yet.
        cache_bytes: activation grids to keep on disk at most.
        top: pictures to keep for each unit.
    """

    def __init__(self, folder: RunFolder, reader: ShardReader, *, cache_bytes: int, top: int) -> None:
        self.folder, self.reader, self.plan, self.top = folder, reader, reader.plan, top
        self._cached = cache_bytes // max(self.plan.bytes_per_sample * self.plan.shard_size, 1)

    def missing(self) -> list[int]:
        """Shards that are not committed."""
        return [shard for shard in range(self.plan.shards) if not self.folder.shard_path(shard).is_file()]

    def read(self, advance: Advance) -> None:
        """Run the network over every shard that is not committed, and commit it."""
        missing = self.missing()
        batches = self.reader.samples.batches(
            batch for shard in missing for batch in self.plan.batches_of(shard)
        )
        for shard in missing:
            content = self.reader.read(batches, shard, advance)
            statistics = self._empty()
            content.count(statistics)
            if shard < self._cached:
                write_arrays(self.folder.cache_path(shard), dict(content.grids), durable=False)
            arrays: Arrays = {"samples": content.samples, "labels": content.labels, **statistics.arrays()}
            skipped = json.dumps({str(sample): reason for sample, reason in content.skipped.items()})
            self.folder.commit_shard(shard, arrays, note={"skipped": skipped})

    def _empty(self) -> ShardStatistics:
        return ShardStatistics(self.plan, len(self.reader.samples.vocabulary), self.top)

    def merged(self) -> tuple[ShardStatistics, dict[int, str]]:
        """Merge the statistics of all shards; also the samples left out, with the reason."""
        total, skipped = self._empty(), {}
        for shard in range(self.plan.shards):
            file = self.folder.open_shard(shard)
            total.merge_state(file, self._empty())
            skipped.update(
                {int(sample): reason for sample, reason in json.loads(file.note["skipped"]).items()}
            )
        return total, skipped

    def shards(self, advance: Advance) -> Iterator[Shard]:
        """Iterate over the committed shards; grids come from the cache or, beyond it, from the network."""
        for shard in range(self.plan.shards):
            yield self.shard(shard)
            advance(len(self.plan.samples_of(shard)))

    def shard(self, shard: int) -> Shard:
        """Open one committed shard."""
        file = self.folder.open_shard(shard)
        cache = self.folder.cache_path(shard)
        grids: ArrayFile | dict[str, NDArray[np.float32]]
        if cache.is_file():
            grids = ArrayFile(cache)
        else:
            batches = self.reader.samples.batches(self.plan.batches_of(shard))
            grids = self.reader.read(batches, shard, lambda _count: None).grids
        return Shard(file["samples"], file["labels"], grids, self.plan)
