"""One pass over the network: strong cells and label maps of every sample, shard by shard, kept for later questions.

A shard is a fixed run of samples. The strong cells of its activation grids go to the cache, its label maps and
statistics to the shard file, whose arrival commits it. How strong a cell must be follows from the histograms of what
has been read so far. Shards whose cells are not there, beyond the cache budget or because a unit turned out weaker than
its first pictures promised, are read from the network again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.ahead import Ahead
from unitscope.experiments.dissection.cache import CellCache, Floors
from unitscope.experiments.dissection.label_maps import LabelMaps
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.dissection.reading import ShardContent, ShardReader, ShardStatistics
from unitscope.experiments.forward import enough_memory
from unitscope.experiments.pictures import PictureFiles
from unitscope.experiments.pieces import Piece, State
from unitscope.progress import Advance
from unitscope.run.address import shown
from unitscope.run.folder import RunFolder, how_to_mend
from unitscope.run.storage import Arrays
from unitscope.stats import (
    StrongCells,
    TopPictures,
)


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
                f"the activations in {shown(self.folder.path)} were not kept, or not enough of them; dissect into "
                "another folder with --quantile at this value, or with a larger --keep and --cache-budget and without "
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
        # Sums are one core's work beside that of compiled loops.
        with enough_memory(self.reader.device), ThreadPoolExecutor(1) as pool:
            sums = pool.submit(content.checksums)
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
        return State(arrays | sums.result() | statistics.arrays(), content.skipped)

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
                    f"read into {shown(self.folder.path)}: another machine, device, number of threads or version of "
                    "torch rounds differently, or the network has changed or answers at random; finish the run where "
                    "it was begun, or give another --out, with a --cache-budget that holds all, so that none is read "
                    "again"
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
