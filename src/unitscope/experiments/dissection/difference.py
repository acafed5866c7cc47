"""How sure a difference between two dissections of the same pictures is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.look import kept_activations, labels_of, thresholds_of, units_by_layer
from unitscope.run.comparison import paired_layers, same_pictures
from unitscope.run.dissection import Dissection
from unitscope.stats import IntersectionBootstrap
from unitscope.stats.inference import interval

MEASURES = ("detectors", "iou")
ROUNDING = 1e-9


def difference(first: Dissection, second: Dissection) -> pd.DataFrame:
    """Return how much more of a layer's units are detectors in a second run, and how much higher their IoUs are.

    Both runs are drawn anew together: a replicate weighs the same pictures alike, so that what makes a picture easy or
    hard for both is no part of the difference. Thresholds and labels are held fixed.

    Args:
        first: a finished run whose activations were kept.
        second: another on the same pictures; layers meet as in :func:`unitscope.compare`.

    Returns:
        One row a pair of layers: ``layer`` (``first / second`` where the names differ), ``detectors`` (share of the
        units in the second run less that in the first) with ``detectors_low`` and ``detectors_high``, ``iou`` (mean
        over all units of the IoU with the label, likewise) with ``iou_low`` and ``iou_high``; 95 % bootstrap intervals
        over pictures, NaN where they do not hold the difference.

    Raises:
        UnitscopeError: the pictures are not the same, or activations were not kept.
    """
    if not same_pictures(first, second):
        raise UnitscopeError(
            f"the runs in {first.path} and {second.path} are on different pictures, so that none is drawn for both; "
            "dissect both networks on the same pictures"
        )
    replicates = min(first.settings.replicates, second.settings.replicates)
    drawn = [_replicates(run, replicates, first.settings.seed) for run in (first, second)]
    rows = []
    for layer, other in paired_layers(first, second):
        one, two = drawn[0][layer], drawn[1][other]
        row: dict[str, object] = {"layer": layer if layer == other else f"{layer} / {other}"}
        for name in MEASURES:
            value, drawn_values = two[name][0] - one[name][0], two[name][1] - one[name][1]
            low, high = _interval_around(value, drawn_values)
            row |= {name: value, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def _interval_around(value: float, drawn_values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the interval of replicates ``(R,)``; NaN if it does not hold the value itself.

    Where most units are just over the cut, pictures that are drawn anew take more of them below it than over it: the
    shares of replicates lie to one side of the share, and say nothing of how sure it is.
    """
    low, high = (float(end[0]) for end in interval(drawn_values[None]))
    return (low, high) if low - ROUNDING <= value <= high + ROUNDING else (np.nan, np.nan)


Measured = dict[str, tuple[float, NDArray[np.float64]]]
"""Of each of MEASURES the value, and that of every replicate ``(R,)``."""


def _replicates(run: Dissection, replicates: int, seed: int) -> dict[str, Measured]:
    activations, cut = kept_activations(run), run.settings.min_iou
    tables, levels = units_by_layer(run), thresholds_of(run)
    boots = {
        layer: IntersectionBootstrap(
            levels[layer], labels, label_values=len(run.concepts) + 1, replicates=replicates, seed=seed
        )
        for layer, labels in labels_of(run).items()
    }
    for shard in activations.shards(lambda *_: None, above=levels):
        for layer, boot in boots.items():
            boot.update(shard.cells[layer], shard.labels, shard.samples)
    found = {}
    for layer, boot in boots.items():
        iou, named = boot.iou(), boot.concepts > 0
        detects = (iou >= cut) & named[:, None]
        table = tables[layer]
        found[layer] = {
            "detectors": (float(table["detector"].mean()), detects.mean(0)),
            "iou": (float(table["iou"].mean()), np.where(named[:, None], iou, 0).mean(0)),
        }
    return found
