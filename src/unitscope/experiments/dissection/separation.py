"""The whole activation of a unit as a score for its label, from every pixel, not the few above the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.reading import ShardStatistics
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.progress import progress_bar
from unitscope.stats import LabelHistogram


@dataclass(frozen=True)
class Separation:
    """How well the activation of each unit tells pixels with its label from others ``(U,)``; NaN where not measured."""

    auroc: NDArray[np.float64]
    average_precision: NDArray[np.float64]

    @classmethod
    def unknown(cls, units: int) -> Separation:
        """Return what is said where nothing was measured."""
        return cls(np.full(units, np.nan), np.full(units, np.nan))


def measure_separation(
    activations: Activations, statistics: ShardStatistics, scores: Mapping[str, LayerScores], *, wanted: bool
) -> dict[str, Separation]:
    """Rank all pixels by the activation of each unit, and see where those with its label come.

    Labels are known only now, so activations are looked at once more, but no further than at pixels that hold them.

    Args:
        activations: of which every cell was kept, or the network is at hand.
        statistics: of all pictures.
        scores: labels.
        wanted: whether it is asked for.
    """
    if not wanted:
        return {name: Separation.unknown(len(layer.thresholds)) for name, layer in scores.items()}
    activations.reach({name: np.full(len(s.thresholds), -np.inf, np.float32) for name, s in scores.items()})
    counts = {name: LabelHistogram(layer.labels()) for name, layer in scores.items()}
    with progress_bar("ranking pixels", activations.plan.samples) as advance:
        for number in range(activations.plan.shards):
            shard = activations.shard(number)
            for name, count in counts.items():
                count.update(shard.cells[name], shard.labels)
            advance(len(activations.plan.samples_of(number)))
    return {name: Separation(*count.against(statistics.histograms[name])) for name, count in counts.items()}
