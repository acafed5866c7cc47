"""From counts to labels: thresholds, IoU, the best concept of every unit and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.reading import ShardStatistics
from unitscope.experiments.dissection.settings import Measure
from unitscope.progress import progress_bar
from unitscope.stats import IntersectionBootstrap, Intersections, ThresholdSearch, exceeding_count
from unitscope.stats.inference import chosen_interval, interval
from unitscope.stats.information import mutual_information
from unitscope.stats.intersection import HALVES


@dataclass(frozen=True)
class LayerScores:
    """How the units of one layer match the concepts.

    Counts are integers over all pixels of all pictures. Concept 0 is "nothing" and never matches.
    """

    thresholds: NDArray[np.float32]
    """``(U,)``."""
    pixels: NDArray[np.int64]
    """Pixels above the threshold by half of the pictures, ``(2, U)``."""
    intersections: NDArray[np.int64]
    """Pixels shared with each concept by half of the pictures, ``(2, U, C)``."""
    concept_pixels: NDArray[np.int64]
    """Pixels of each concept by half of the pictures, ``(2, C)``."""
    points: NDArray[np.int64]
    """Pixels by half of the pictures, ``(2,)``."""
    match: Measure = "iou"
    """What labels are chosen by."""
    _known: dict[tuple[Measure, int | None], NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def iou(self, half: int | None = None) -> NDArray[np.float64]:
        """IoU of every unit with every concept ``(U, C)``, eq. 1 of the paper; on all pictures or one half."""
        return self._measured("iou", half)

    def strength(self, half: int | None = None) -> NDArray[np.float64]:
        """Return what labels are chosen by, IoU or mutual information in bits ``(U, C)``; 0 is no match."""
        return self._measured(self.match, half)

    @cached_property
    def shared(self) -> NDArray[np.int64]:
        """Pixels shared with each concept over all pictures ``(U, C)``."""
        total: NDArray[np.int64] = self.intersections.sum(0)
        return total

    def _measured(self, measure: Measure, half: int | None) -> NDArray[np.float64]:
        if (measure, half) not in self._known:
            shared = self.shared if half is None else self.intersections[half]
            pixels = self.pixels.sum(0) if half is None else self.pixels[half]
            concepts = self.concept_pixels.sum(0) if half is None else self.concept_pixels[half]
            points = int(self.points.sum() if half is None else self.points[half])
            self._known[measure, half] = (
                iou_of(pixels, concepts, shared)
                if measure == "iou"
                else mutual_information(pixels, concepts, shared, points)
            )
        return self._known[measure, half]

    def labels(self, half: int | None = None) -> NDArray[np.int64]:
        """Return the best match of every unit ``(U,)``, the first among equals; 0 where nothing matches."""
        return _best(self.strength(half))

    def runners_up(self) -> NDArray[np.int64]:
        """Return the second best match of every unit ``(U,)``, the first among equals; 0 where there is no other."""
        strength = self.strength().copy()
        strength[np.arange(len(strength)), self.labels()] = 0
        return _best(strength)

    def held_out(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Score labels on pictures that did not choose them.

        Returns:
            The mean over both ways of the IoU, on one half, of the label chosen on the other ``(U,)``, and whether
            both halves choose the same label ``(U,)``.
        """
        chosen = [self.labels(half) for half in range(HALVES)]
        units = np.arange(len(self.thresholds))
        scores = [self.iou(1 - half)[units, chosen[half]] for half in range(HALVES)]
        return (scores[0] + scores[1]) / 2, (chosen[0] == chosen[1]) & (chosen[0] > 0)


def iou_of(
    pixels: NDArray[np.int64], areas: NDArray[np.int64], shared: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the IoU ``(U, C)`` of masks of so many pixels ``(U,)`` with concepts of such areas ``(C,)``."""
    iou = (pixels[:, None] + areas[None] - shared).astype(np.float64)
    np.divide(shared, iou, out=iou, where=iou > 0)
    return iou


def _best(strength: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.where(strength.max(axis=1) > 0, strength.argmax(axis=1), 0)


def find_thresholds(
    activations: Activations, statistics: ShardStatistics, quantile: float
) -> dict[str, NDArray[np.float32]]:
    """Find each unit's threshold at a quantile, exactly.

    The network is needed only where too few cells were kept: :meth:`Activations.reach` reads those pictures again.
    """
    searches = {
        name: ThresholdSearch(histogram, exceeding_count(quantile, histogram.values))
        for name, histogram in statistics.histograms.items()
    }
    activations.reach({name: search.bounds for name, search in searches.items()})
    total = activations.plan.samples * ThresholdSearch.rounds
    with progress_bar("finding thresholds", total) as advance:
        for _ in range(ThresholdSearch.rounds):
            bounds = {name: search.bounds for name, search in searches.items()}
            for shard in activations.shards(advance, above=bounds):
                for name, search in searches.items():
                    search.update(shard.cells[name])
            for search in searches.values():
                search.narrow()
    return {name: search.result() for name, search in searches.items()}


def score(
    activations: Activations,
    statistics: ShardStatistics,
    thresholds: dict[str, NDArray[np.float32]],
    *,
    match: Measure,
    layers: Sequence[str] | None = None,
) -> dict[str, LayerScores]:
    """Count how often units and concepts meet, in some layers or in all; labels are the best matches by a measure."""
    concept_pixels, _, points = statistics.areas.result()
    wanted = thresholds if layers is None else layers
    counts = {name: Intersections(thresholds[name], concept_pixels.shape[1]) for name in wanted}
    with progress_bar("comparing with concepts", activations.plan.samples) as advance:
        for shard in activations.shards(advance, above=thresholds):
            for name, count in counts.items():
                count.update(shard.cells[name], shard.labels, shard.samples)
    return {
        name: LayerScores(thresholds[name], *count.result(), concept_pixels, points, match)
        for name, count in counts.items()
    }


@dataclass(frozen=True)
class Intervals:
    """95 % intervals over pictures, of every unit of a layer: low and high ``(U,)``.

    Attributes:
        iou: of the IoU with the label.
        margin: of that less the IoU with the runner-up.
    """

    iou: tuple[NDArray[np.float64], NDArray[np.float64]]
    margin: tuple[NDArray[np.float64], NDArray[np.float64]]


def bootstrap(
    activations: Activations,
    scores: dict[str, LayerScores],
    *,
    replicates: int,
    seed: int,
) -> dict[str, Intervals]:
    """Find the intervals of every unit's IoU with its label and of its margin, over pictures, by layer.

    Threshold, label and runner-up are held fixed: the interval is that of the IoU of this mask with this concept, and
    pays for the choice of the label among those that come close. A replicate weighs pictures alike for both concepts.
    """
    boots = {
        name: [
            IntersectionBootstrap(
                layer.thresholds,
                concepts,
                label_values=layer.concept_pixels.shape[1],
                replicates=replicates,
                seed=seed,
            )
            for concepts in (layer.labels(), layer.runners_up())
        ]
        for name, layer in scores.items()
    }
    with progress_bar("measuring uncertainty", activations.plan.samples) as advance:
        thresholds = {name: layer.thresholds for name, layer in scores.items()}
        for shard in activations.shards(advance, above=thresholds):
            for name, both in boots.items():
                for boot in both:
                    boot.update(shard.cells[name], shard.labels, shard.samples)
    return {name: _intervals(scores[name], *(boot.iou() for boot in both)) for name, both in boots.items()}


def _intervals(layer: LayerScores, own: NDArray[np.float64], other: NDArray[np.float64]) -> Intervals:
    """Return the intervals of a layer from its IoU with labels and runners-up in every replicate ``(U, R)``."""
    return Intervals(chosen_interval(own, layer.iou()), interval(own - other))
