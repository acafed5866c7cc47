"""One pass over the network: activation grids and label maps of every sample, shard by shard, kept for later questions.

A shard is a fixed run of samples. Its activation grids go to the cache, its label maps and statistics to the shard
file, whose arrival commits it. Where the cache budget ends, grids are computed again when they are needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.plan import ReadingPlan
from unitscope.experiments.samples import Batch, Samples
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
from unitscope.trace import trace


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
        self._content = ShardContent(plan)

    def read(self, batches: Iterator[Batch], shard: int, advance: Advance) -> ShardContent:
        """Read the batches of one shard from a stream of batches; the content lasts until the next reading."""
        content = self._content
        content.clear()

        def keep(name: str, output: Tensor) -> None:
            activation = self.plan.layers[name].layer.read(output)
            content.keep(name, activation, batch, self.samples.sample_ids)

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
    """Activation grids, extremes and label maps of one shard, in memory that serves one shard after the other."""

    def __init__(self, plan: ReadingPlan) -> None:
        self._plan = plan
        capacity = min(plan.shard_size, plan.samples)
        self._grids = {
            name: np.empty((capacity, layer.layer.units, *layer.kept), np.float32)
            for name, layer in plan.layers.items()
        }
        self._low = {
            name: np.empty((capacity, layer.layer.units), np.float32) for name, layer in plan.layers.items()
        }
        self._high = {name: np.empty_like(low) for name, low in self._low.items()}
        self.clear()

    def clear(self) -> None:
        """Forget the shard, keep the memory."""
        self._used = self._start = 0
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
            torch.from_numpy(self._grids[name][place]).copy_(values)
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


class Activations:
    """The activations of all samples: read once, then iterated shard by shard as often as needed.

    Args:
        folder: an open run folder.
        plan: what is read and kept.
        reader: reads what is not there; None where the network is not at hand.
        concepts: number of label values, "nothing" included.
        top: pictures to keep for each unit.
    """

    def __init__(
        self, folder: RunFolder, plan: ReadingPlan, *, reader: ShardReader | None, concepts: int, top: int
    ) -> None:
        self.folder, self.plan = folder, plan
        self._reader, self._concepts, self._top = reader, concepts, top

    @property
    def reader(self) -> ShardReader:
        """What reads the network.

        Raises:
            UnitscopeError: there is no network at hand.
        """
        if self._reader is None:
            raise UnitscopeError(
                f"the activations in {self.folder.path} were not kept, or not all of them; dissect into another "
                "folder, with a larger --cache-budget and without --drop-cache"
            )
        return self._reader

    def missing(self) -> list[int]:
        """Shards that are not committed."""
        return [shard for shard in range(self.plan.shards) if not self.folder.shard_path(shard).is_file()]

    def read(self, advance: Advance, *, cache_bytes: int) -> None:
        """Run the network over every shard that is not committed, and commit it.

        Args:
            advance: told how many samples are done.
            cache_bytes: activation grids to keep on disk at most.
        """
        missing = self.missing()
        cached = cache_bytes // max(self.plan.bytes_per_sample * self.plan.shard_size, 1)
        batches = self.reader.samples.batches(
            batch for shard in missing for batch in self.plan.batches_of(shard)
        )
        for shard in missing:
            content = self.reader.read(batches, shard, advance)
            statistics = self._empty()
            content.count(statistics)
            if shard < cached:
                write_arrays(self.folder.cache_path(shard), dict(content.grids), durable=False)
            arrays: Arrays = {"samples": content.samples, "labels": content.labels, **statistics.arrays()}
            skipped = json.dumps({str(sample): reason for sample, reason in content.skipped.items()})
            self.folder.commit_shard(shard, arrays, note={"skipped": skipped})

    def _empty(self) -> ShardStatistics:
        return ShardStatistics(self.plan, self._concepts, self._top)

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
        return Shard(file["samples"], file["labels"], self._grids(shard), self.plan)

    def _grids(self, shard: int) -> ArrayFile | dict[str, NDArray[np.float32]]:
        cache = self.folder.cache_path(shard)
        # The cache does not wait for the disk: after a power cut a file of it may be damaged.
        with suppress(UnitscopeError):
            if cache.is_file():
                return ArrayFile(cache)
        batches = self.reader.samples.batches(self.plan.batches_of(shard))
        return self.reader.read(batches, shard, lambda _count: None).grids
