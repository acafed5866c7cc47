"""One pass over the network: strong cells and label maps of every sample, shard by shard, kept for later questions.

A shard is a fixed run of samples. The strong cells of its activation grids go to the cache, its label maps and
statistics to the shard file, whose arrival commits it. How strong a cell must be follows from the histograms of what
has been read so far. Shards whose cells are not there, beyond the cache budget or because a unit turned out weaker than
its first pictures promised, are read from the network again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.ahead import Ahead
from unitscope.experiments.dissection.cache import CellCache, Floors
from unitscope.experiments.dissection.grids import layer_grids
from unitscope.experiments.dissection.label_maps import LabelMaps
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.forward import enough_memory, run_batch
from unitscope.experiments.generated import made_of
from unitscope.experiments.pictures import PictureFiles
from unitscope.experiments.samples import Batch, Samples, called, where_not_finite
from unitscope.experiments.skeleton import Piece, State
from unitscope.layer.hooks import trace
from unitscope.progress import Advance, partly
from unitscope.run.folder import RunFolder, how_to_mend
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


@dataclass(frozen=True)
class Shard:
    """A committed shard: label maps, and the strong cells or raster points of every layer."""

    samples: NDArray[np.int64]
    labels: NDArray[np.int16]
    cells: Mapping[str, StrongCells]


class Activations:
    """The activations of all samples: read once, then iterated shard by shard as often as needed.

    Args:
        folder: an open run folder.
        plan: what is read and kept.
        reader: reads what is not there; None where the network is not at hand.
        concepts: number of label values, "nothing" included.
        top: pictures to keep for each unit.
        drawn: whose strongest pictures will be drawn; its own by default.
    """

    def __init__(
        self,
        folder: RunFolder,
        plan: ReadingPlan,
        *,
        reader: ShardReader | None,
        concepts: int,
        top: int,
        drawn: Activations | None = None,
    ) -> None:
        self.folder, self.plan = folder, plan
        self._drawn = drawn or self
        self._reader, self._concepts, self._top = reader, concepts, top
        self._total, self._merged = self._empty(), set[int]()
        self._before, self._first = self._empty(), 0
        self._fraction = 1.0
        self._floors: Floors = {}
        self._cache = CellCache(folder, plan)

    @property
    def reader(self) -> ShardReader:
        """What reads the network.

        Raises:
            UnitscopeError: there is no network at hand.
        """
        if self._reader is None and self._cache.damaged is not None:
            raise UnitscopeError(f"{self._cache.damaged} is damaged; {how_to_mend(self.folder.manifest)}")
        if self._reader is None:
            raise UnitscopeError(
                f"the activations in {self.folder.path} were not kept, or not enough of them; dissect into another "
                "folder with --quantile at this value, or with a larger --keep and --cache-budget and without "
                "--drop-cache"
            )
        return self._reader

    @cached_property
    def _ahead(self) -> Ahead:
        return Ahead(self.reader.samples, self.plan)

    @cached_property
    def label_maps(self) -> LabelMaps:
        """Those of all pictures, once they are read."""
        return LabelMaps(self.folder, self.plan.shards)

    def expect(self, shards: Sequence[int]) -> None:
        """Say which shards will be read next, so that the first pictures of one are decoded before it is its turn."""
        self._ahead.expect(shards)

    def keep(self, fraction: float, most: int) -> None:
        """Say what the cache shall answer questions about, before any picture is read.

        Args:
            fraction: of each unit's pixels, the strongest.
            most: bytes of strong cells to keep on disk.
        """
        self._fraction = fraction
        self._cache.allow(most)

    @property
    def _tops(self) -> dict[str, TopPictures]:
        return self._drawn.merged().tops

    def __getstate__(self) -> dict[str, object]:
        # What has been merged so far is in the folder, and a stream of batches is each process's own.
        own = {name: value for name, value in vars(self).items() if name not in ("_ahead", "label_maps")}
        return own | {"_total": self._empty(), "_merged": set(), "_before": self._empty(), "_first": 0}

    def read(self, shard: int, *, answered: Callable[[object], None] | None = None) -> State:
        """Run the network over a shard, and keep its strong cells; see :meth:`ShardReader.read`.

        What is strong follows from the shard and from the first ones, see :func:`known_before`.
        """
        samples = self.reader.samples
        with self._ahead.batches_of(shard) as batches:
            content = self.reader.read(batches, shard, answered=answered)
        self._cache.forget(shard)
        statistics = self._empty()
        with enough_memory(self.reader.device):
            content.count(statistics)
            self._total.merge(statistics)
            self._merged.add(shard)
            self._seen = self._known(shard, statistics)
            if self._cache.has_room:
                floors = self._seen.floors(self._fraction)
                self._cache.write(shard, content.strong_cells(floors, self._drawn._seen.tops))
        pictures = PictureFiles(samples, self.folder.path)
        for sample, picture in content.pictures_of(self._seen.tops):
            pictures.write(sample, picture)
        arrays: Arrays = {"samples": content.samples, "labels": content.labels}
        return State(arrays | content.checksums() | statistics.arrays(), content.skipped)

    def _known(self, shard: int, statistics: ShardStatistics) -> ShardStatistics:
        """Return the statistics of a shard with those of the first ones that are committed before it is read."""
        wanted = known_before(shard)
        if wanted < self._first:
            self._before, self._first = self._empty(), 0
        for number in range(self._first, wanted):
            self._before.merge(self._committed(number))
        self._first = wanted
        together = self._empty()
        together.merge(self._before)
        together.merge(statistics)
        return together

    def _committed(self, shard: int) -> ShardStatistics:
        statistics = self._empty()
        statistics.load(self.folder.open_shard(shard))
        return statistics

    def _empty(self) -> ShardStatistics:
        return ShardStatistics(self.plan, self._concepts, self._top)

    def merged(self) -> ShardStatistics:
        """Merge the statistics of all committed shards."""
        for shard in range(self.plan.shards):
            if shard in self._merged or not self.folder.shard_path(shard).is_file():
                continue
            self._total.merge(self._committed(shard))
            self._merged.add(shard)
        return self._total

    def reach(self, floors: Floors) -> None:
        """See to it that everything above the floors is known; read shards again of which too little was kept.

        Raises:
            UnitscopeError: too little was kept, and the network is not at hand or returns other values now.
        """
        self._floors = floors
        for shard in range(self.plan.shards):
            cached = self._cache.cells(shard)
            if cached and not cached.reach(floors):
                self._cache.write(shard, self._read_again(shard), always=True)

    def look_above(self, floors: Floors) -> None:
        """Say above what the next questions look, where another process has seen to it that it is known."""
        self._floors = self._floors or floors

    def shards(self, advance: Advance, *, above: Floors) -> Iterator[Shard]:
        """Iterate over the committed shards with the raster points above some values.

        The points of the first question are kept where there is room, and answer all later ones that look higher.

        Args:
            advance: told how many samples are done.
            above: values that :meth:`reach` was asked for, or higher ones.
        """
        for shard in range(self.plan.shards):
            file = self.folder.open_shard(shard)
            yield Shard(file["samples"], file["labels"], self._points(shard, above))
            advance(len(self.plan.samples_of(shard)))

    def kept_shard(self, shard: int) -> Shard | None:
        """Open one committed shard with its strong cells, if they are kept."""
        cells = self._cache.cells(shard)
        if cells is None:
            return None
        file = self.folder.open_shard(shard)
        return Shard(file["samples"], file["labels"], cells)

    def shard(self, shard: int, *, above: Floors | None = None) -> Shard:
        """Open one committed shard with its strong cells, or with its raster points above some values."""
        file = self.folder.open_shard(shard)
        cells = self._cells(shard) if above is None else self._points(shard, above)
        return Shard(file["samples"], file["labels"], cells)

    def _points(self, shard: int, above: Floors) -> Mapping[str, StrongCells]:
        kept = self._cache.points(shard)
        if kept and kept.reach(above):
            return kept
        cells = self._cells(shard)
        points = {layer: cells[layer].points_above(above[layer]) for layer in self.plan.by_layer}
        self._cache.write(shard, points, points=True)
        return points

    def _cells(self, shard: int) -> Mapping[str, StrongCells]:
        return self._cache.cells(shard) or self._read_again(shard)

    def _read_again(self, shard: int) -> dict[str, StrongCells]:
        batches = self.reader.samples.batches(self.plan.batches_of(shard))
        content = self.reader.read(batches, shard, labelled=False)
        self._require_same(content, shard)
        return content.strong_cells(self._floors, self._tops)

    def _require_same(self, content: ShardContent, shard: int) -> None:
        """Refuse values that are not, to the last bit, those the statistics of the shard were counted from."""
        committed = self.folder.open_shard(shard)
        for name, found in content.checksums().items():
            if name not in committed.names or committed[name] != found:
                raise UnitscopeError(
                    f"layer {name.partition('/')[2]!r} has other values than when these pictures were first "
                    f"read into {self.folder.path}: another machine, device, number of threads or version of torch "
                    "rounds differently, or the network has changed or answers at random; finish the run where it "
                    "was begun, or give another --out, with a --cache-budget that holds all, so that none is read again"
                )


def expect_shards(activations: Activations, pieces: Sequence[Piece]) -> None:
    """Be told which shards will be read, in order."""
    activations.expect([piece.number for piece in pieces])


def known_before(shard: int) -> int:
    """Return how many of the first shards are known when one is read: the largest power of two up to half its number.

    So floors are those of much of the data, few shards wait for others, and any number of processes finds the same.
    """
    half = shard // 2
    return 1 << (half.bit_length() - 1) if half else 0


def read_shard(activations: Activations, _plan: ReadingPlan, piece: Piece) -> State:
    """Run the network over one shard."""
    return activations.read(piece.number)
