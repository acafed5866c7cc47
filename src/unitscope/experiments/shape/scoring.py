"""From kept activations to overlaps: thresholds of both sets, then the masks of every pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.look import thresholds_of
from unitscope.experiments.dissection.scoring import find_thresholds
from unitscope.experiments.shape.settings import ShapeSettings
from unitscope.experiments.shape.sides import PairActivations
from unitscope.progress import progress_bar
from unitscope.run.dissection import Dissection
from unitscope.stats import MaskOverlap, PairOverlap

Levels = dict[str, NDArray[np.float32]]
"""Thresholds ``(U,)`` by layer."""


def pair_levels(
    activations: PairActivations, run: Dissection, settings: ShapeSettings, quantile: float
) -> tuple[Levels, Levels]:
    """Return the thresholds on originals and on copies, each that of its own set."""

    def found(side: Activations) -> Levels:
        return find_thresholds(side, side.merged(), quantile)

    copies = found(activations.altered)
    if settings.thresholds == "pictures":
        return found(activations.original), copies
    of_run = thresholds_of(run)
    levels = {layer: of_run[layer] for layer in activations.plan.by_layer}
    activations.original.merged()
    activations.original.reach(levels)
    return levels, copies


def overlaps(
    activations: PairActivations, levels: tuple[Levels, Levels], settings: ShapeSettings
) -> dict[str, MaskOverlap]:
    """Count how the masks of every unit overlap, by layer."""
    plan = activations.plan
    counts = {
        layer: PairOverlap(
            np.stack([each[layer] for each in levels]),
            int(np.prod(plan.raster.grid)),
            replicates=settings.replicates,
            seed=settings.seed,
        )
        for layer in plan.by_layer
    }
    with progress_bar("comparing masks", plan.samples) as advance:
        originals = activations.original.shards(advance, above=levels[0])
        copies = activations.altered.shards(lambda *_: None, above=levels[1])
        for before, after in zip(originals, copies, strict=True):
            for layer, count in counts.items():
                count.update(before.cells[layer], after.cells[layer], before.samples)
    return {layer: count.result() for layer, count in counts.items()}
