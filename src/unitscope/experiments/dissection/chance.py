"""Is a label better than chance: masks on the label maps of other pictures, again and again.

Only the points above the thresholds are looked up. Memory does not grow with the number of re-pairings: the masks of as
many units as fit are kept, and a few re-pairings are counted at once.
"""

from __future__ import annotations

import math
import mmap
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.progress import Advance, progress_bar
from unitscope.run.calibration import LEAST_FOR_CHANCE
from unitscope.stats import ChanceIntersections, StrongCells
from unitscope.stats.chance import chance_iou, partners
from unitscope.stats.inference import q_values
from unitscope.stats.intersection import planes_last

KEPT_POINTS = 2**25
"""Points of masks in memory at once, each two bytes, with what tells where those of a picture begin."""
POINTS_OF_A_PICTURE = 6
"""What a unit keeps of each picture besides its points takes as much as so many."""
COUNTED = 2**23
"""Counts of re-paired masks and concepts in memory at once."""
KEPT_LABELS = 2**24
"""Bytes of label maps in memory; where there are more, they are in a file, of which so much is looked at at a time."""
KEPT_PARTNERS = 2**22
"""Bytes of what tells whose label map each picture meets, in the re-pairings that are counted at once."""
TAIL = 0.95

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Chance:
    """What the units of a layer would match by chance.

    Attributes:
        largest: largest IoU over all concepts in each re-pairing ``(K, U)``; NaN where nothing was measured.
        own: mean IoU with the unit's own label over the re-pairings ``(U,)``.
    """

    largest: Floats
    own: Floats

    @classmethod
    def unknown(cls, units: int) -> Chance:
        """Return what is said where chance was not measured."""
        return cls(np.full((0, units), np.nan), np.full(units, np.nan))

    @property
    def measured(self) -> bool:
        """Whether there were re-pairings."""
        return len(self.largest) > 0

    @property
    def mean(self) -> Floats:
        """Mean of the largest IoU ``(U,)``."""
        return self.largest.mean(0) if self.measured else self.own

    @property
    def tail(self) -> Floats:
        """The largest IoU that 5 % of the re-pairings exceed ``(U,)``."""
        return np.quantile(self.largest, TAIL, axis=0) if self.measured else self.own

    def p_values(self, iou: Floats) -> Floats:
        """Return how probable so large an IoU ``(U,)`` is by chance, the choice of the best concept included."""
        if not self.measured:
            return self.own
        reached: NDArray[np.int64] = (self.largest >= iou).sum(0)
        return (1 + reached) / (1 + len(self.largest))

    def q_values(self, iou: Floats, live: NDArray[np.bool_]) -> Floats:
        """Return the least false discovery rate among the live units of the layer that calls each ``(U,)``."""
        found = np.full(len(iou), np.nan)
        if self.measured and live.any():
            found[live] = q_values(self.p_values(iou)[live])
        return found

    def level(self, iou: Floats, live: NDArray[np.bool_], rate: float) -> Floats:
        """Return the IoU of each unit above which a match is called, as labels are at a false discovery rate ``(U,)``.

        Args:
            iou: of the labels ``(U,)``.
            live: which units have a mask ``(U,)``.
            rate: of false discoveries; where it calls no label, the level is infinite.
        """
        called = self.q_values(iou, live) <= rate
        if not called.any():
            return np.full(len(iou), np.inf)
        reached = int((self.largest >= iou).sum(0)[called].max())  # re-pairings that may reach what is called
        level: Floats = -np.sort(-self.largest, axis=0)[min(reached, len(self.largest) - 1)]
        return level

    def lift(self, iou: Floats) -> Floats:
        """Return how many times the label's IoU is what chance gives for it ``(U,)``; infinite where that is 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            lift: Floats = np.where(iou > 0, iou / self.own, np.nan)
        return lift


def measure_chance(
    activations: Activations, scores: Mapping[str, LayerScores], *, repairings: int, seed: int
) -> dict[str, Chance]:
    """Find what IoU chance gives to every unit of every layer.

    Args:
        activations: kept above the thresholds.
        scores: thresholds and labels.
        repairings: how many; with 0, or on few pictures, nothing is measured.
        seed: of the re-pairings.
    """
    unknown = {name: Chance.unknown(len(layer.thresholds)) for name, layer in scores.items()}
    if not repairings:
        return unknown
    samples = np.concatenate(
        [activations.folder.open_shard(i)["samples"] for i in range(activations.plan.shards)]
    )
    if len(samples) < LEAST_FOR_CHANCE:
        return unknown
    counting = _Counting(scores, samples, _labels(activations, len(samples)), repairings, seed)
    blocks = list(_blocks(scores, len(samples)))
    with progress_bar("meeting other pictures", len(blocks) * repairings) as advance:
        for parts in blocks:
            counting.count(_masks(activations, scores, parts), advance)
    return counting.result()


class _LabelMaps:
    """The label maps of all samples, in a file of the cache where they are many.

    Args:
        shape: ``(N, gh * gw, P)``.
        folder: the run folder.
    """

    def __init__(self, shape: tuple[int, ...], folder: Path) -> None:
        size, self._mapped = 2 * math.prod(shape), None
        if size <= KEPT_LABELS:
            self.array = np.empty(shape, np.int16)
            return
        with tempfile.TemporaryFile(dir=folder / "cache") as file:  # it is there while it is mapped
            file.truncate(size)
            self._mapped = mmap.mmap(file.fileno(), size)
        self.array = np.frombuffer(self._mapped, np.int16).reshape(shape)

    def release(self) -> None:
        """Let the memory of what was looked at go: it is taken from the file again where it is wanted."""
        if self._mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._mapped.madvise(mmap.MADV_DONTNEED)

    def together(self, pictures: int) -> int:
        """Return how many re-pairings of so many pictures look at no more than may be in memory."""
        return max(1, KEPT_LABELS // max(pictures * int(self.array[0].nbytes), 1))


def _labels(activations: Activations, samples: int) -> _LabelMaps:
    """Return the label maps of all samples."""
    found, start = None, 0
    for shard in range(activations.plan.shards):
        part = planes_last(activations.folder.open_shard(shard)["labels"])
        if found is None:
            found = _LabelMaps((samples, *part.shape[1:]), activations.folder.path)
        found.array[start : start + len(part)] = part
        start += len(part)
        found.release()
    assert found is not None
    return found


@dataclass(frozen=True)
class _Part:
    """Units `first` to `last` of a layer."""

    layer: str
    first: int
    last: int


def _blocks(scores: Mapping[str, LayerScores], pictures: int) -> Iterator[list[_Part]]:
    """Yield the units of all layers in blocks whose masks are in memory at the same time."""
    block: list[_Part] = []
    held = 0
    for name, layer in scores.items():
        first = 0
        for unit, points in enumerate(layer.pixels.sum(0).tolist()):
            more = points + POINTS_OF_A_PICTURE * pictures
            if held and held + more > KEPT_POINTS:
                if unit > first:
                    block.append(_Part(name, first, unit))
                yield block
                block, first, held = [], unit, 0
            held += more
        block.append(_Part(name, first, len(layer.thresholds)))
    yield block


def _masks(
    activations: Activations, scores: Mapping[str, LayerScores], parts: Sequence[_Part]
) -> list[tuple[_Part, list[StrongCells]]]:
    """Return the masks of some units, one entry a shard."""
    thresholds = {name: layer.thresholds for name, layer in scores.items()}
    found: list[tuple[_Part, list[StrongCells]]] = [(part, []) for part in parts]
    for shard in activations.shards(lambda *_: None, above=thresholds):
        for part, masks in found:
            cells = shard.cells[part.layer].of_units(part.first, part.last)
            masks.append(cells.points_above(thresholds[part.layer][part.first : part.last]))
    return found


class _Counting:
    """Counts re-pairings, some units and some re-pairings at a time."""

    def __init__(
        self,
        scores: Mapping[str, LayerScores],
        samples: NDArray[np.int64],
        labels: _LabelMaps,
        repairings: int,
        seed: int,
    ) -> None:
        self.samples, self.maps, self.repairings, self.seed = samples, labels, repairings, seed
        self.areas = {name: layer.concept_pixels.sum(0) for name, layer in scores.items()}
        self.labels = {name: layer.labels() for name, layer in scores.items()}
        shapes = {name: (repairings, len(layer.thresholds)) for name, layer in scores.items()}
        self.largest = {name: np.zeros(shape) for name, shape in shapes.items()}
        self.own = {name: np.zeros(shape) for name, shape in shapes.items()}

    def count(self, block: Sequence[tuple[_Part, list[StrongCells]]], advance: Advance) -> None:
        """Lay masks on the label maps of other pictures in all re-pairings."""
        widest = max(part.last - part.first for part, _ in block)
        concepts = max(len(self.areas[part.layer]) for part, _ in block)
        most = max(each.counts.shape[1] for _, masks in block for each in masks)
        partners_of_one = 8 * len(self.samples)
        limits = COUNTED // (widest * concepts), self.maps.together(most), KEPT_PARTNERS // partners_of_one
        together = max(1, min(limits))
        for start in range(0, self.repairings, together):
            numbers = range(start, min(start + together, self.repairings))
            others = partners(self.samples, self.seed, numbers)
            for part, masks in block:
                self._meet(part, masks, numbers, others)
            advance(len(numbers))

    def _meet(
        self, part: _Part, masks: Sequence[StrongCells], numbers: range, others: NDArray[np.int64]
    ) -> None:
        units, areas = part.last - part.first, self.areas[part.layer]
        labels = self.labels[part.layer][part.first : part.last]
        counts, start = ChanceIntersections(len(numbers), units, len(areas)), 0
        for each in masks:
            stop = start + each.counts.shape[1]
            counts.update(each, self.maps.array, np.ascontiguousarray(others[:, start:stop]))
            self.maps.release()
            start = stop
        largest, own = chance_iou(*counts.result(), areas, labels)
        place = np.s_[numbers.start : numbers.stop, part.first : part.last]
        self.largest[part.layer][place], self.own[part.layer][place] = largest, own

    def result(self) -> dict[str, Chance]:
        """Return what chance gives, by layer."""
        return {name: Chance(self.largest[name], self.own[name].mean(0)) for name in self.largest}
