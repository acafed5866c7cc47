"""Look at single pictures of a finished dissection, from what its folder keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.dissection.reading import ShardReader
from unitscope.run.dissection import Dissection
from unitscope.run.folder import RunFolder
from unitscope.run.masks import Mask


def label_map(run: Dissection, picture: int) -> NDArray[np.int16]:
    """Return the label map of a picture of a run, by number, ``(P, gh, gw)``.

    Raises:
        UnitscopeError: the run has no label maps, as one that was exported.
    """
    run.require_pieces()
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
    thresholds = thresholds_of(run)[layer]
    shard = activations.shard(picture // activations.plan.shard_size)
    (place,) = np.flatnonzero(shard.samples == picture)
    points = shard.cells[layer].points_above(thresholds)
    start, stop = points.offsets[unit, place : place + 2]
    mask = np.zeros(points.sampling.shape, np.bool_)
    above = points.positions[start:stop][points.values[start:stop] > thresholds[unit]]
    mask.ravel()[above] = True
    return mask


def units_by_layer(run: Dissection) -> dict[str, pd.DataFrame]:
    """Return the unit table of every layer of a run, in the order of the units."""
    groups = run.units.groupby("layer", sort=False)
    return {str(layer): rows.sort_values("unit", ignore_index=True) for layer, rows in groups}


def thresholds_of(run: Dissection) -> dict[str, NDArray[np.float32]]:
    """Return the thresholds that a run found, ``(U,)`` by layer."""
    return {
        layer: rows["threshold"].to_numpy(np.float32, copy=True)
        for layer, rows in units_by_layer(run).items()
    }


def labels_of(run: Dissection, named_by: Dissection | None = None) -> dict[str, NDArray[np.int64]]:
    """Return the labels of a run as label values, ``(U,)`` by layer; 0 for none.

    Args:
        run: a finished run.
        named_by: another run whose vocabulary numbers them; -1 stands for what that does not have.
    """
    concepts = (named_by or run).concepts
    pairs = zip(concepts["name"], concepts["category"], strict=True)
    numbers = dict(zip(pairs, concepts["number"], strict=True))
    return {
        layer: np.array(
            [
                numbers.get((name, category), -1) if isinstance(name, str) else 0
                for name, category in zip(rows["concept"], rows["category"], strict=True)
            ],
            np.int64,
        )
        for layer, rows in units_by_layer(run).items()
    }


def kept_activations(run: Dissection, reader: ShardReader | None = None) -> Activations:
    """Return what a run keeps of its activations; what is not kept is read by its network, where that is at hand.

    Raises:
        UnitscopeError: it keeps no pieces of work at all, as one that was exported.
    """
    return Activations(
        run.kept_cells,
        ReadingPlan.of(run),
        reader=reader,
        concepts=len(run.concepts) + 1,
        top=run.settings.top,
    )
