"""How strong a unit is at every place of a picture, as far as a run has kept it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.experiments.dissection.look import kept_activations
from unitscope.run.dissection import Dissection
from unitscope.run.masks import cells_at

KNOWN = 0.1
"""Of each unit's pixels, the strongest that a heat map shows."""
SIDE, LEVELS = 16, 15
"""Longest side of a heat map, and its highest level."""
AT_ONCE = 64
"""Units of a picture that are turned to levels together."""
Heat = tuple[int, int, float, NDArray[np.uint8]]
"""Unit, sample, the activation that level 0 ends with, and levels ``(h, w)``."""


def heat_maps(run: Dissection, layer: str, rows: pd.DataFrame) -> Iterator[Heat]:
    """Yield heat maps of units in pictures, from the cells that a run has kept; the network is not asked.

    Levels are equal steps from the activation that a tenth of the unit's pixels exceed to its highest one; where the
    run has kept less of a unit, from the lowest that it has kept of all these pictures. Units of which it has kept
    nothing, and pictures whose cells are not kept, have no heat map.

    Args:
        run: a finished run.
        layer: module name of one of its layers.
        rows: ``unit`` and ``sample``.

    Raises:
        UnitscopeError: it has no pieces of work, as one that was exported.
    """
    activations = kept_activations(run)
    statistics = activations.merged()
    low, high = statistics.histograms[layer].floors(KNOWN), statistics.extents[layer].result()[1]
    numbers = np.unique(rows["sample"].to_numpy(np.int64) // activations.plan.shard_size)
    for kept in filter(None, (activations.kept_shard(int(number)) for number in numbers)):
        # What is weaker is not known, and would look like nothing.
        low = np.maximum(low, kept.cells[layer].floors)
    rows = rows[(low < high)[rows["unit"].to_numpy(np.int64)]]
    for number, of_shard in rows.groupby(rows["sample"] // activations.plan.shard_size, sort=True):
        shard = activations.kept_shard(int(str(number)))
        if shard is None:
            continue
        cells = shard.cells[layer]
        for sample, here in of_shard.groupby("sample", sort=True):
            (place,) = np.flatnonzero(shard.samples == sample)
            units = here["unit"].to_numpy(np.int64)
            values = cells.raster_values(int(place), units, cells.floors[units])
            for start in range(0, len(units), AT_ONCE):
                some = units[start : start + AT_ONCE]
                levels = in_levels(values[start : start + AT_ONCE], low[some], high[some])
                for unit, of_unit in zip(some.tolist(), levels, strict=True):
                    yield unit, int(str(sample)), float(low[unit]), of_unit


def in_levels(
    values: NDArray[np.float32], low: NDArray[np.floating], high: NDArray[np.floating]
) -> NDArray[np.uint8]:
    """Return activations in levels from 0 (at most `low`) to `LEVELS` (`high`), the means of equal parts.

    Args:
        values: of units on the pixel grid ``(n, gh, gw)``, in activation scale.
        low: what is weaker in a unit counts as this ``(n,)``.
        high: the highest activation of each unit ``(n,)``.
    """
    low, high = low.astype(np.float64)[:, None, None], high.astype(np.float64)[:, None, None]
    span = np.maximum(high - low, np.finfo(np.float32).tiny)
    levels = np.clip((values.astype(np.float64) - low) / span, 0, 1)
    for axis in (1, 2):
        side = min(SIDE, levels.shape[axis])
        cells = cells_at(levels.shape[axis], side)
        sums = np.add.reduceat(levels, np.searchsorted(cells, np.arange(side)), axis=axis)
        shape = [-1, 1] if axis == 1 else [1, -1]
        levels = sums / np.bincount(cells, minlength=side).reshape(shape)
    return np.rint(LEVELS * levels).astype(np.uint8)
