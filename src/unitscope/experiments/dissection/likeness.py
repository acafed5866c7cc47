"""How strong the units are on pictures that are kept, and which units of a layer are like each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.reading import ShardStatistics
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.progress import progress_bar
from unitscope.stats import UnitLikeness, peak_levels
from unitscope.stats.intersection import areas_by_picture

SIMILAR = 5
"""Units that are listed as like another."""
MOST_PICTURES = 2_000
"""Pictures that are compared, spread evenly over all of them."""
MOST_UNITS = 4_096
"""Units of a layer that are compared with each other: the work grows with their square."""
NONE = {
    "layer": pd.array([], "string"),
    **{name: np.zeros(0, np.int32) for name in ("unit", "rank", "other")},
    **{name: np.zeros(0) for name in ("overlap", "correlation")},
}
"""The table of layers that are all too large."""


@dataclass(frozen=True)
class Strengths:
    """What is known of M candidates, pictures that the run keeps.

    Attributes:
        samples: their numbers ``(M,)``, ascending.
        levels: how strong units are on them, see :func:`unitscope.stats.peak_levels`, ``(M, U)`` by layer.
        areas: pixels of each concept ``(M, C)``.
        likeness: of the units of a layer that is not too large.
    """

    samples: NDArray[np.int64]
    levels: Mapping[str, NDArray[np.uint8]]
    areas: NDArray[np.int32]
    likeness: Mapping[str, UnitLikeness]


def measure_strengths(
    activations: Activations,
    statistics: ShardStatistics,
    scores: Mapping[str, LayerScores],
    pictures: NDArray[np.int64],
) -> Strengths:
    """Go through the raster points above the thresholds once more.

    Args:
        activations: all shards committed.
        statistics: merged.
        scores: thresholds by layer.
        pictures: samples whose pictures the run keeps.
    """
    candidates = pictures[:: -(-len(pictures) // MOST_PICTURES)] if len(pictures) else pictures
    step = -(-activations.plan.samples // MOST_PICTURES)
    highest = {name: statistics.extents[name].result()[1] for name in scores}
    thresholds = {name: layer.thresholds for name, layer in scores.items()}
    likeness = {
        name: UnitLikeness(layer.thresholds, highest[name])
        for name, layer in scores.items()
        if len(layer.thresholds) <= MOST_UNITS
    }
    concepts = len(statistics.areas.result()[0][0])
    found: dict[str, list[NDArray[np.uint8]]] = {name: [] for name in scores}
    samples, areas = [np.zeros(0, np.int64)], [np.zeros((0, concepts), np.int32)]
    with progress_bar("comparing units", activations.plan.samples) as advance:
        for shard in activations.shards(advance, above=thresholds):
            here = np.isin(shard.samples, candidates)
            samples.append(shard.samples[here])
            areas.append(areas_by_picture(shard.labels[here], concepts).astype(np.int32))
            for name, threshold in thresholds.items():
                points = shard.cells[name]
                found[name].append(peak_levels(points, threshold, highest[name])[here])
                if name in likeness:
                    likeness[name].update(points, shard.labels, shard.samples % step == 0)
    levels = {
        name: np.concatenate([np.zeros((0, len(thresholds[name])), np.uint8), *parts])
        for name, parts in found.items()
    }
    return Strengths(np.concatenate(samples), levels, np.concatenate(areas), likeness)


def similar_table(strengths: Strengths) -> pd.DataFrame:
    """One row a unit and rank: the units of its layer whose masks overlap most with its own."""
    tables = []
    for layer, likeness in strengths.likeness.items():
        overlap, correlation = likeness.result()
        np.fill_diagonal(overlap, 0)
        order = np.argsort(-overlap, axis=1, kind="stable")[:, :SIMILAR]
        units, places = np.nonzero(np.take_along_axis(overlap, order, 1))
        others = order[units, places]
        tables.append(
            pd.DataFrame(
                {
                    "layer": layer,
                    "unit": units.astype(np.int32),
                    "rank": (places + 1).astype(np.int32),
                    "other": others.astype(np.int32),
                    "overlap": overlap[units, others],
                    "correlation": correlation[units, others],
                }
            )
        )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(NONE)
