"""Look at single pictures of a finished dissection, from what its folder keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.run.dissection import Dissection
from unitscope.run.folder import RunFolder
from unitscope.run.masks import Mask


def label_map(run: Dissection, picture: int) -> NDArray[np.int16]:
    """Return the label map of a picture of a run, by number, ``(P, gh, gw)``."""
    plan = ReadingPlan.of(run)
    file = RunFolder(run.path).open_shard(picture // plan.shard_size)
    (place,) = np.flatnonzero(file["samples"] == picture)
    return np.array(file["labels"][place])


def unit_mask(run: Dissection, layer: str, unit: int, picture: int) -> Mask:
    """Return where a unit exceeds its threshold in a picture of a run, by number, on the pixel grid ``(gh, gw)``.

    Raises:
        UnitscopeError: the activations were not kept.
    """
    activations = kept_activations(run)
    rows = run.units[run.units["layer"] == layer].sort_values("unit")
    thresholds = rows["threshold"].to_numpy(np.float32, copy=True)
    shard = activations.shard(picture // activations.plan.shard_size)
    (place,) = np.flatnonzero(shard.samples == picture)
    points = shard.cells[layer].points_above(thresholds)
    start, stop = points.offsets[unit, place : place + 2]
    mask = np.zeros(points.sampling.shape, np.bool_)
    above = points.positions[start:stop][points.values[start:stop] > thresholds[unit]]
    mask.ravel()[above] = True
    return mask


def kept_activations(run: Dissection) -> Activations:
    """Return what a run keeps of its activations, without its network."""
    return Activations(
        RunFolder(run.path),
        ReadingPlan.of(run),
        reader=None,
        concepts=len(run.concepts) + 1,
        top=run.settings.top,
    )
