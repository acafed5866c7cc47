"""One reading of a shard: the network runs over its pictures; grids, label maps and statistics are what is read.

Memory serves one shard after the other; what lasts of it is for :mod:`unitscope.experiments.dissection.activations`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.cache import Floors
from unitscope.experiments.dissection.grids import layer_grids
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.forward import enough_memory, run_batch
from unitscope.experiments.generated import made_of
from unitscope.experiments.samples import Batch, Samples, called, where_not_finite
from unitscope.layer.hooks import trace
from unitscope.progress import partly
from unitscope.run.storage import ArrayFile, Arrays
from unitscope.stats import (
    ActivationExtent,
    ActivationHistogram,
    ConceptAreas,
    Statistic,
    StrongCells,
    TopPictures,
)


class ShardStatistics:
    """What one reading of the data tells, per layer and for the concepts."""

    def __init__(self, plan: ReadingPlan, concepts: int, top: int) -> None:
        units = {name: layer.layer.units for name, layer in plan.by_layer.items()}
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

    def load(self, file: ArrayFile) -> None:
        """Become what a shard file holds."""
        for name, statistic in self.parts().items():
            statistic.load_state_dict(file.below(f"statistic/{name}"))

    def merge(self, other: ShardStatistics) -> None:
        """Take in other statistics of the same layers."""
        others = other.parts()
        for name, statistic in self.parts().items():
            statistic.merge(others[name])

    def floors(self, fraction: float) -> Floors:
        """Values that at least `fraction` of each unit's values exceed, but for zeros ``(U,)``, by layer."""
        return {name: histogram.floors(fraction) for name, histogram in self.histograms.items()}

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
        with enough_memory(device):
            self.content = ShardContent(plan, device)

    def __reduce__(self) -> tuple[object, ...]:
        # The memory of one shard is each process's own.
        return ShardReader, (self.module, self.samples, self.plan, self.device)

    def read(
        self,
        batches: Iterator[Batch],
        shard: int,
        *,
        labelled: bool = True,
        answered: Callable[[object], None] | None = None,
    ) -> ShardContent:
        """Read the batches of one shard from a stream of batches; the content lasts until the next reading.

        Args:
            batches: the stream.
            shard: number of the shard.
            labelled: whether generated pictures are to be labelled; without, nothing after the last layer is run.
            answered: told what the network returns for each batch, which then is run as a whole.
        """
        content, samples = self.content, self.samples
        content.clear()
        drawn = samples.generated and labelled
        whole = drawn or answered is not None

        trying = False

        def keep(name: str, output: Tensor) -> None:
            if not trying:
                content.keep(name, self.plan.by_layer[name].layer.read(output), batch)

        layout = torch.channels_last if self.plan.channels_last else torch.preserve_format

        def run(inputs: Tensor) -> object:
            return forward(inputs.to(memory_format=layout))

        def run_half(inputs: Tensor) -> object:
            nonlocal trying
            trying = True  # the reading ends with this, whatever comes of it
            return run(inputs)

        with trace(self.module, list(self.plan.by_layer), keep, stop_early=not whole) as forward:
            for batch in itertools.islice(batches, len(self.plan.batches_of(shard))):
                content.begin(batch)
                if len(batch.samples):
                    output = run_batch(
                        run, batch, sample_ids=samples.sample_ids, device=self.device, called=called(samples),
                        half=run_half,
                    )  # fmt: skip
                    content.check(samples, last=False)
                    if drawn:
                        content.made(*made_of(samples, batch, output))
                    if answered is not None:
                        answered(output)
                partly(len(batch.samples))
        content.check(samples, last=True)
        return content


class ShardContent:
    """Activation grids, extremes and label maps of one shard, in memory that serves one shard after the other.

    Args:
        plan: what is read and kept.
        device: where the network is, and where grids stay if they can be counted there.
    """

    def __init__(self, plan: ReadingPlan, device: torch.device) -> None:
        self._plan = plan
        capacity = min(plan.shard_size, plan.samples)
        self._grids = {name: layer_grids(layer, capacity, device) for name, layer in plan.by_layer.items()}
        self.clear()

    def clear(self) -> None:
        """Forget the shard, keep the memory."""
        self._used = self._start = self._checked = 0
        self._samples: list[NDArray[np.int64]] = []
        self._labels: list[NDArray[np.int16]] = []
        self._pictures: list[NDArray[np.uint8]] = []
        self.skipped: dict[int, str] = {}

    def begin(self, batch: Batch) -> None:
        """Make room for a batch."""
        self._start = self._used
        self._used += len(batch.samples)
        self._samples.append(batch.samples)
        self._labels.append(batch.labels)
        self.skipped.update(batch.skipped)

    def made(self, labels: NDArray[np.int16], pictures: NDArray[np.uint8] | None) -> None:
        """Set the label maps ``(n, P, gh, gw)`` of the current batch, and its pictures ``(n, H, W, 3)``."""
        self._labels[-1] = labels
        if pictures is not None:
            self._pictures.append(pictures)

    def pictures_of(self, tops: Mapping[str, TopPictures]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield the pictures that a generator made of the strongest samples of any unit, by sample number."""
        if self._pictures:
            strongest = np.unique(np.concatenate([top.samples.ravel() for top in tops.values()]))
            pictures = itertools.chain.from_iterable(self._pictures)
            for sample, picture, wanted in zip(
                self.samples.tolist(), pictures, np.isin(self.samples, strongest), strict=True
            ):
                if wanted:
                    yield sample, picture

    def keep(self, name: str, activation: Tensor, batch: Batch) -> None:
        """Copy a layer's activation ``(n, U, h, w)`` of the current batch.

        Raises:
            UnitscopeError: the shape is not the planned one.
        """
        layer = self._plan.by_layer[name].layer
        expected = (len(batch.samples), layer.units, *layer.grid)
        if activation.shape != expected:
            raise UnitscopeError(
                f"layer {name!r} returns an activation of shape {tuple(activation.shape)} where {expected} was "
                "expected from its first output; choose a layer whose shape stays the same"
            )
        self._grids[name].keep(activation.detach(), slice(self._start, self._used))

    def check(self, samples: Samples, *, last: bool) -> None:
        """Refuse values that are not finite, of what was kept since the last look.

        Args:
            samples: for the message.
            last: whether the shard is read; before, nothing that would wait for a device is looked at.

        Raises:
            UnitscopeError: a value is not finite.
        """
        if not last and any(grids.waits for grids in self._grids.values()):
            return
        place, self._checked = slice(self._checked, self._used), self._used
        for name, grids in self._grids.items():
            low, high = grids.extremes(place)
            finite = np.isfinite(low) & np.isfinite(high)
            if not finite.all():
                n, unit = np.argwhere(~finite)[0]
                raise UnitscopeError(
                    f"layer {name!r} unit {unit} is not finite (NaN or infinite) "
                    + where_not_finite(samples, int(self.samples[place][n]))
                )

    @property
    def samples(self) -> NDArray[np.int64]:
        """Numbers of the samples that could be read."""
        return np.concatenate(self._samples) if self._samples else np.zeros(0, np.int64)

    @property
    def labels(self) -> NDArray[np.int16]:
        """Label maps ``(n, P, gh, gw)``."""
        return np.concatenate(self._labels)

    def peaks(self, name: str) -> NDArray[np.float32]:
        """Highest activation of a layer's units ``(n, U)`` over its own grid."""
        return self._grids[name].extremes(slice(self._used))[1]

    def means(self, name: str) -> NDArray[np.float32]:
        """Mean activation of a layer's units ``(n, U)`` over the kept grid."""
        return self._grids[name].means(self._used)

    def count(self, statistics: ShardStatistics) -> None:
        """Update the statistics with everything read."""
        for name, grids in self._grids.items():
            low, high = grids.extremes(slice(self._used))
            statistics.histograms[name].update(grids.raster(self._used))
            statistics.extents[name].update(low, high)
            statistics.tops[name].update(high, self.samples)
        statistics.areas.update(self.labels, self.samples)

    def checksums(self) -> Arrays:
        """A sum over each layer's grids, bit for bit: what a second reading has to find again."""
        sums = {name: grids.checksum(self._used) for name, grids in self._grids.items()}
        return {f"{kind}/{name}": value for name, (kind, value) in sums.items()}

    def strong_cells(self, floors: Floors, tops: dict[str, TopPictures]) -> dict[str, StrongCells]:
        """Copy the cells of every layer that values above the floors are blended from.

        Args:
            floors: by layer ``(U,)``.
            tops: the strongest pictures of each layer so far; their regions will be drawn finely.
        """
        return {
            name: StrongCells.of(
                grids.raster(self._used),
                floors[name],
                spread=(tops[name].samples[:, :, None] == self.samples).any(axis=1),
            )
            for name, grids in self._grids.items()
        }
