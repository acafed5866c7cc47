"""What is said of units once their labels are known: how sure a label is, what chance gives, what else is matched."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from unitscope.concepts.vocabulary import Vocabulary
from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.chance import Chance
from unitscope.experiments.dissection.meanings import count_meanings
from unitscope.experiments.dissection.reading import ShardStatistics
from unitscope.experiments.dissection.scoring import LayerScores, bootstrap
from unitscope.experiments.dissection.separation import measure_separation
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.dissection.tables import Findings


def find_all(
    activations: Activations,
    statistics: ShardStatistics,
    scores: dict[str, LayerScores],
    chance: dict[str, Chance],
    *,
    vocabulary: Vocabulary,
    settings: DissectionSettings,
    timing: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> Findings:
    """Measure what the tables of units are made of.

    Args:
        activations: what is kept of them.
        statistics: of all pictures.
        scores: labels by layer.
        chance: what they would match by chance.
        vocabulary: of the labels.
        settings: replicates, seed, the cut, and whether pixels are ranked.
        timing: notes how long each part takes, by its name.
    """
    with timing("uncertainty"):
        intervals = bootstrap(activations, scores, replicates=settings.replicates, seed=settings.seed)
    with timing("meanings"):
        meanings = count_meanings(activations, scores, chance)
    with timing("scores"):
        separation = measure_separation(activations, statistics, scores, wanted=settings.scores)
    return Findings(
        activations.plan,
        vocabulary,
        statistics,
        scores,
        intervals,
        chance,
        meanings,
        separation,
        settings.min_iou,
    )
