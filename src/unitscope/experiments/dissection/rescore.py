"""Ask a finished dissection again, at another quantile, without another pass over the network."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.dissection.activations import ShardReader
from unitscope.experiments.dissection.chance import measure_chance
from unitscope.experiments.dissection.look import kept_activations, thresholds_of
from unitscope.experiments.dissection.meanings import count_meanings
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.dissection.scoring import LayerScores, bootstrap, find_thresholds, score
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.dissection.tables import Findings, unit_table
from unitscope.experiments.samples import Samples
from unitscope.models.weights import device_of
from unitscope.run.dissection import Dissection


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
        replicates=given.replicates,
        null=given.null,
        seed=given.seed,
    )
    concepts = run.concepts.sort_values("number")
    vocabulary = Vocabulary(
        [Concept(*pair) for pair in zip(concepts["name"], concepts["category"], strict=True)]
    )
    activations = kept_activations(run)
    statistics = activations.merged()
    scores = score(activations, statistics, find_thresholds(activations, statistics, quantile))
    intervals = bootstrap(activations, scores, replicates=settings.replicates, seed=settings.seed)
    chance = measure_chance(activations, scores, repairings=settings.null, seed=settings.seed)
    meanings = count_meanings(activations, scores, chance)
    found = Findings(
        activations.plan, vocabulary, statistics, scores, intervals, chance, meanings, settings.min_iou
    )
    return unit_table(found)


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
    return score(activations, statistics, thresholds, layers=[layer])[layer]


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
