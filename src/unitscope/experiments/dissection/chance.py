"""Is a label better than chance: masks on the label maps of other pictures, again and again.

Only the points above the thresholds are looked up. Memory does not grow with the number of re-pairings: the masks of as
many units as fit are kept, and a few re-pairings are counted at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.label_maps import LabelMaps
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.experiments.pieces import Piece, State, ranges
from unitscope.progress import partly, progress_bar
from unitscope.run.calibration import LEAST_FOR_CHANCE
from unitscope.run.storage import ArrayFile
from unitscope.stats import ChanceIntersections, StrongCells
from unitscope.stats.chance import chance_iou, partners
from unitscope.stats.inference import q_values

KEPT_POINTS = 2**25
"""Points of masks in memory at once, each two bytes, with what tells where those of a picture begin."""
POINTS_OF_A_PICTURE = 6
"""What a unit keeps of each picture besides its points takes as much as so many."""
COUNTED = 2**23
"""Counts of re-paired masks and concepts in memory at once."""
PIECE_POINTS, WORTHWHILE_POINTS = 2**31, 2**28
"""Points that are looked up in a piece of work at most, and those that are worth a piece: masks are read in each."""
PIECES = 4
"""So many pieces are made where they are worth it, for other processes to share."""
KEPT_PARTNERS = 2**22
"""Bytes of what tells whose label map each picture meets, in the re-pairings that are counted at once."""
TAIL = 0.95
FOUND = ("largest", "own")
"""What is known of each re-pairing."""

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Chance:
    """What the units of a layer would match by chance.

    Attributes:
        largest: largest IoU over all concepts in each re-pairing ``(K, U)``; NaN where nothing was measured.
        each: IoU with the unit's own label in each re-pairing ``(K, U)``.
    """

    largest: Floats
    each: Floats

    @classmethod
    def unknown(cls, units: int) -> Chance:
        """Return what is said where chance was not measured."""
        return cls(np.full((0, units), np.nan), np.full((0, units), np.nan))

    @cached_property
    def own(self) -> Floats:
        """Mean IoU with the unit's own label ``(U,)``; NaN where nothing was measured."""
        return self.each.mean(0) if self.measured else np.full(self.each.shape[1], np.nan)

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


@dataclass(frozen=True)
class Meetings:
    """What re-pairings need to know of the units, by layer; none of it is changed by them.

    Attributes:
        thresholds: of the units ``(U,)``.
        points: of their masks ``(U,)``.
        labels: their own concepts ``(U,)``.
        areas: points of the concepts ``(C,)``.
        repairings: how many, K.
        seed: of the orders.
    """

    thresholds: Mapping[str, NDArray[np.float32]]
    points: Mapping[str, Numbers]
    labels: Mapping[str, Numbers]
    areas: Mapping[str, Numbers]
    repairings: int
    seed: int

    @classmethod
    def of(cls, scores: Mapping[str, LayerScores], repairings: int, seed: int) -> Meetings:
        """Return what is needed of units whose labels are known."""
        return cls(
            {name: layer.thresholds for name, layer in scores.items()},
            {name: layer.pixels.sum(0) for name, layer in scores.items()},
            {name: layer.labels() for name, layer in scores.items()},
            {name: layer.concept_pixels.sum(0) for name, layer in scores.items()},
            repairings,
            seed,
        )

    def parts(self) -> list[range]:
        """Cut the numbers of the re-pairings into pieces of work."""
        looked_up = self.repairings * sum(int(points.sum()) for points in self.points.values())
        shared = min(PIECES, -(-looked_up // WORTHWHILE_POINTS))
        shared += shared % 2 if shared > 1 else 0  # two workers are done at the same time
        pieces = max(1, shared, -(-looked_up // PIECE_POINTS))
        return ranges(self.repairings, -(-self.repairings // pieces))


def can_be_measured(maps: LabelMaps, repairings: int) -> bool:
    """Tell whether there are re-pairings, and pictures enough for them."""
    return repairings > 0 and len(maps.samples) >= LEAST_FOR_CHANCE


def measure_chance(
    activations: Activations, scores: Mapping[str, LayerScores], *, repairings: int, seed: int
) -> dict[str, Chance]:
    """Find what IoU chance gives to every unit of every layer, in this process.

    Args:
        activations: kept above the thresholds.
        scores: thresholds and labels.
        repairings: how many; with 0, or on few pictures, nothing is measured.
        seed: of the re-pairings.
    """
    if not can_be_measured(activations.label_maps, repairings):
        return unmeasured(scores)
    meetings = Meetings.of(scores, repairings, seed)
    found = []
    with progress_bar("meeting other pictures", repairings) as advance:
        for part in meetings.parts():
            found.append(_meet(activations, meetings, part))
            advance(len(part))
    activations.label_maps.forget()
    return together(scores, found)


def meet_others(activations: Activations, meetings: Meetings, piece: Piece) -> State:
    """Lay the masks of all units on the label maps of other pictures, in some re-pairings."""
    return State(_meet(activations, meetings, piece.pictures))


def unmeasured(layers: Mapping[str, LayerScores]) -> dict[str, Chance]:
    """Return what is said where chance was not measured."""
    return {name: Chance.unknown(len(layer.thresholds)) for name, layer in layers.items()}


def together(layers: Iterable[str], found: Sequence[Mapping[str, Floats] | ArrayFile]) -> dict[str, Chance]:
    """Put together what pieces found, in order."""
    return {
        name: Chance(*(np.concatenate([each[f"{what}/{name}"] for each in found]) for what in FOUND))
        for name in layers
    }


@dataclass(frozen=True)
class _Part:
    """Units `first` to `last` of a layer."""

    layer: str
    first: int
    last: int


def _blocks(points: Mapping[str, Numbers], pictures: int) -> Iterator[list[_Part]]:
    """Yield the units of all layers in blocks whose masks are in memory at the same time."""
    block: list[_Part] = []
    held = 0
    for name, of_layer in points.items():
        first = 0
        for unit, count in enumerate(of_layer.tolist()):
            more = count + POINTS_OF_A_PICTURE * pictures
            if held and held + more > KEPT_POINTS:
                if unit > first:
                    block.append(_Part(name, first, unit))
                yield block
                block, first, held = [], unit, 0
            held += more
        block.append(_Part(name, first, len(of_layer)))
    yield block


def _masks(
    activations: Activations, thresholds: Mapping[str, NDArray[np.float32]], parts: Sequence[_Part]
) -> list[tuple[_Part, list[StrongCells]]]:
    """Return the masks of some units, one entry a shard."""
    found: list[tuple[_Part, list[StrongCells]]] = [(part, []) for part in parts]
    for shard in activations.shards(lambda *_: None, above=thresholds):
        for part, masks in found:
            cells = shard.cells[part.layer].of_units(part.first, part.last)
            masks.append(cells.points_above(thresholds[part.layer][part.first : part.last]))
    return found


def _meet(activations: Activations, meetings: Meetings, numbers: range) -> dict[str, Floats]:
    """Return the largest IoU of every unit in some re-pairings ``(k, U)``, and that with its own label, by layer."""
    maps, sizes = activations.label_maps, {name: len(points) for name, points in meetings.points.items()}
    found = {
        f"{what}/{name}": np.zeros((len(numbers), size)) for what in FOUND for name, size in sizes.items()
    }
    blocks = list(_blocks(meetings.points, len(maps.samples)))
    activations.look_above(meetings.thresholds)
    for block in blocks:
        masks = _masks(activations, meetings.thresholds, block)
        for some in ranges(len(numbers), _at_once(masks, meetings, maps)):
            others = partners(maps.samples, meetings.seed, numbers[some.start : some.stop])
            for part, of_part in masks:
                place = np.s_[some.start : some.stop, part.first : part.last]
                for what, iou in zip(FOUND, _chance(of_part, part, meetings, maps, others), strict=True):
                    found[f"{what}/{part.layer}"][place] = iou
            partly(len(some) / len(blocks))
    return found


def _at_once(masks: Sequence[tuple[_Part, list[StrongCells]]], meetings: Meetings, maps: LabelMaps) -> int:
    """Return how many re-pairings are counted at once: as many as there is room for."""
    widest = max(part.last - part.first for part, _ in masks)
    concepts = max(len(meetings.areas[part.layer]) for part, _ in masks)
    most = max(each.counts.shape[1] for _, of_part in masks for each in of_part)
    partners_of_one = 8 * len(maps.samples)
    return max(1, min(COUNTED // (widest * concepts), maps.together(most), KEPT_PARTNERS // partners_of_one))


def _chance(
    masks: Sequence[StrongCells], part: _Part, meetings: Meetings, maps: LabelMaps, others: Numbers
) -> tuple[Floats, Floats]:
    """Return the largest IoU of some units in some re-pairings ``(k, m)``, and that with their own labels."""
    areas, labels = meetings.areas[part.layer], meetings.labels[part.layer][part.first : part.last]
    counts, start = ChanceIntersections(len(others), part.last - part.first, len(areas)), 0
    for each in masks:
        stop = start + each.counts.shape[1]
        counts.update(each, maps.array, np.ascontiguousarray(others[:, start:stop]))
        maps.release()
        start = stop
    return chance_iou(*counts.result(), areas, labels)
