"""Polysemy: how many concepts of different meaning a unit matches better than chance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.chance import Chance
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.run.calibration import FALSE_DISCOVERIES
from unitscope.stats.intersection import planes_last

LITTLE = 0.1
"""Share of the rarer of two concepts that may lie on the other one if they mean different things."""

Numbers = NDArray[np.int64]


def count_meanings(
    activations: Activations, scores: Mapping[str, LayerScores], chance: Mapping[str, Chance]
) -> dict[str, NDArray[np.int32]]:
    """Count the concepts of different meaning that each unit matches, ``(U,)`` by layer; -1 where chance is unknown.

    A concept is matched if its IoU is as far above what chance gives the unit as that of the labels that are called at
    a false discovery rate of 5 %. From the highest IoU down, one is counted if it lies on at most a tenth of each that
    was counted before, or the other way round: *tree*, *crown* and *foliage* are one meaning.
    """
    if not any(each.measured for each in chance.values()):
        return {name: np.full(len(layer.thresholds), -1, np.int32) for name, layer in scores.items()}
    apart = _apart(activations, next(iter(scores.values())).concept_pixels.shape[1])
    return {name: of_layer(scores[name], chance[name], apart) for name in scores}


def of_layer(scores: LayerScores, chance: Chance, apart: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Count the meanings of the units of one layer ``(U,)``; `apart` tells concepts of different meaning ``(C, C)``."""
    iou = scores.iou()
    matched = iou > chance.level(iou.max(axis=1), scores.pixels.sum(0) > 0, FALSE_DISCOVERIES)[:, None]
    found = np.zeros(len(iou), np.int32)
    for unit in np.flatnonzero(matched.any(axis=1)):
        numbers = np.flatnonzero(matched[unit])
        kept: list[int] = []
        for number in numbers[np.argsort(-iou[unit, numbers], kind="stable")]:
            if apart[number, kept].all():
                kept.append(int(number))
        found[unit] = len(kept)
    return found


def _apart(activations: Activations, concepts: int) -> NDArray[np.bool_]:
    """Tell which concepts lie on each other little or not at all, over all pictures ``(C, C)``."""
    together: Numbers = np.zeros(concepts * concepts, np.int64)
    for shard in range(activations.plan.shards):
        labels = planes_last(activations.folder.open_shard(shard)["labels"])
        planes = labels.reshape(-1, labels.shape[-1]).clip(0).astype(np.int64)
        for first in range(planes.shape[1]):
            for second in range(first, planes.shape[1]):
                pairs = planes[:, first] * concepts + planes[:, second]
                together += np.bincount(pairs, minlength=len(together))
    square = together.reshape(concepts, concepts)
    areas = square.diagonal()
    both = square + square.T
    rarer = np.minimum(areas[:, None], areas[None])
    apart: NDArray[np.bool_] = both <= LITTLE * rarer
    return apart
