"""Ask a finished dissection again, at another quantile, without another pass over the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.chance import measure_chance
from unitscope.experiments.dissection.findings import find_all
from unitscope.experiments.dissection.look import kept_activations, thresholds_of
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.dissection.reading import ShardReader
from unitscope.experiments.dissection.scoring import LayerScores, find_thresholds, score
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.dissection.tables import unit_table
from unitscope.experiments.samples import Samples
from unitscope.models.weights import device_of
from unitscope.run.dissection import Dissection
from unitscope.stats import ThresholdSearch, exceeding_count


def at_quantile(run: Dissection, quantile: float) -> pd.DataFrame:
    """Label every unit of a run again, with thresholds at another quantile.

    Args:
        run: a finished run whose activations were kept.
        quantile: fraction of pixels above the threshold, in (0, 1).

    Returns:
        A unit table as `run.units`.

    Raises:
        UnitscopeError: the activations were not kept, or the quantile is outside (0, 1).
    """
    given = run.settings
    settings = DissectionSettings(
        quantile=quantile,
        min_iou=given.min_iou,
        match=given.match,
        replicates=given.replicates,
        null=given.null,
        seed=given.seed,
        scores=given.scores,
    )
    concepts = run.concepts.sort_values("number")
    vocabulary = Vocabulary(
        [Concept(*pair) for pair in zip(concepts["name"], concepts["category"], strict=True)]
    )
    activations = kept_activations(run)
    statistics = activations.merged()
    thresholds = find_thresholds(activations, statistics, quantile)
    scores = score(activations, statistics, thresholds, match=given.match)
    chance = measure_chance(activations, scores, repairings=settings.null, seed=settings.seed)
    found = find_all(activations, statistics, scores, chance, vocabulary=vocabulary, settings=settings)
    return Dissection.units.arranged(unit_table(found))


def scores_by_half(run: Dissection, layer: str, module: nn.Module, samples: Samples) -> LayerScores:
    """Count again how often the units of a layer meet concepts, half of the pictures apart from the other.

    Args:
        run: a finished run.
        layer: one of its layers.
        module: the network, which reads what the run has not kept.
        samples: what the run has read.

    Raises:
        UnitscopeError: something was not kept, and the network returns other values now.
    """
    reader = ShardReader(module, samples, ReadingPlan.of(run), device_of(module))
    activations, thresholds = kept_activations(run, reader), thresholds_of(run)
    statistics = activations.merged()
    activations.reach(thresholds)
    return score(activations, statistics, thresholds, match=run.settings.match, layers=[layer])[layer]


def thresholds_at(run: Dissection, quantile: float) -> dict[str, NDArray[np.float32]]:
    """Return the activation that every unit of a run exceeds on a fraction of all pixels, by layer ``(U,)``.

    Args:
        run: a finished run whose activations were kept.
        quantile: the fraction, in (0, 1).

    Raises:
        UnitscopeError: the activations were not kept, or not those of so large a fraction.
    """
    activations = kept_activations(run)
    statistics = activations.merged()
    return find_thresholds(activations, statistics, quantile)


class LayerQuantiles:
    """Activations that the units of one layer exceed on fractions of all pixels, from the cells that a run has kept.

    Args:
        run: a finished run.
        layer: module name of one of its layers.
    """

    def __init__(self, run: Dissection, layer: str) -> None:
        self.run, self.layer = run, layer
        self._activations = kept_activations(run)
        self._histogram = self._activations.merged().histograms[layer]

    def answers(self, fraction: float) -> bool:
        """Tell whether so much was kept."""
        search = self._search(fraction)
        try:
            shards = range(self._activations.plan.shards)
            floors = (self._activations.shard(shard).cells[self.layer].floors for shard in shards)
            return all(bool((floor <= search.bounds).all()) for floor in floors)
        except UnitscopeError:
            return False

    def find(
        self, fractions: Sequence[float], between: Callable[[], None] = lambda: None
    ) -> list[NDArray[np.float32]]:
        """Return the activations for each fraction ``(U,)``.

        Args:
            fractions: in (0, 1).
            between: is called now and then.

        Raises:
            UnitscopeError: the activations were not kept, or not those of so large a fraction.
        """
        if not all(self.answers(fraction) for fraction in fractions):
            thresholds_at(self.run, max(fractions))  # says what to do
        searches = [self._search(fraction) for fraction in fractions]
        for _ in range(ThresholdSearch.rounds):
            for shard in range(self._activations.plan.shards):
                cells = self._activations.shard(shard).cells[self.layer]
                for search in searches:
                    search.update(cells)
                    between()
            for search in searches:
                search.narrow()
        return [search.result() for search in searches]

    def _search(self, fraction: float) -> ThresholdSearch:
        return ThresholdSearch(self._histogram, exceeding_count(fraction, self._histogram.values))
