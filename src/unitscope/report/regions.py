"""Where units and their labels are in single pictures, and which units are alike, as the page of a unit shows it."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.report.data import RunData, records
from unitscope.report.masks import packed_runs
from unitscope.report.packs import Place
from unitscope.run.dissection import Dissection
from unitscope.run.masks import Mask, thinned, unpack_mask
from unitscope.run.rows import RegionRow

Json = Any
STRONGEST = "strongest"
REGION_SIDE, CONCEPT_SIDE = 112, 56
"""Points along the longer side of a unit's region and of a label's: finer than what is seen of a smoothed outline."""
Maps = dict[tuple[int, int], str]
"""Packed heat maps by unit and sample."""


def heat_maps(data: RunData, layer: str) -> tuple[Maps, dict[int, float], tuple[int, int]]:
    """Return the heat maps of a layer that the run can still give; none where no activations are kept.

    Returns:
        The maps, the activation that level 0 of each unit ends with, and height and width of a map.
    """
    maps: Maps = {}
    lows: dict[int, float] = {}
    shape = (0, 0)
    try:
        for unit, sample, low, levels in Dissection(data.path).heat_maps(layer, data.regions(layer)):
            maps[unit, sample], lows[unit] = packed_levels(levels), low
            shape = (levels.shape[0], levels.shape[1])
    except UnitscopeError:
        return {}, {}, (0, 0)
    return maps, lows, shape


def packed_levels(levels: NDArray[np.uint8]) -> str:
    """Return levels from 0 to 15, row by row, as base64 of two a byte, the first in the high bits."""
    flat = levels.ravel()
    pairs = np.append(flat, np.zeros(flat.size % 2, np.uint8)).reshape(-1, 2)
    return base64.b64encode((pairs[:, 0] << 4 | pairs[:, 1]).astype(np.uint8).tobytes()).decode("ascii")


def seen(data: RunData, layer: str, places: Mapping[str, Place]) -> dict[int, dict[str, Json]]:
    """Return what is seen of the units of a layer in single pictures, by unit.

    Returns:
        ``strongest``, by sample: the label's region, pixels of the unit, of the label and of both, and the heat map;
        ``others``: pictures of the middle of the range and those on which the unit is silent, with both regions;
        ``heat``: height and width of a heat map, and where it begins. None where the run has none of it.
    """
    found: dict[int, dict[str, Json]] = defaultdict(lambda: {"strongest": {}, "others": [], "heat": None})
    rows = data.regions(layer)
    maps, lows, shape = heat_maps(data, layer) if len(rows) else ({}, {}, (0, 0))
    for row in records(rows):
        unit, sample = int(row.unit), int(row.sample)
        sides = int(row.mask_height), int(row.mask_width)
        region = {
            **({} if row.concept_mask is None else _concept(unpack_mask(row.concept_mask, *sides))),
            "pixels": [int(row.unit_pixels), int(row.concept_pixels), int(row.shared_pixels)],
            "heat": maps.get((unit, sample)),
        }
        if row.kind == STRONGEST:
            found[unit]["strongest"][sample] = region
        else:
            found[unit]["others"].append(region | _picture(row, places, sides))
        if unit in lows:
            found[unit]["heat"] = [*shape, float(f"{lows[unit]:.4g}")]
    return found


def _concept(mask: Mask) -> dict[str, Json]:
    small = thinned(mask, CONCEPT_SIDE)
    return {"concept": packed_runs(small), "grid": small.shape}


def _picture(row: RegionRow, places: Mapping[str, Place], sides: tuple[int, int]) -> dict[str, Json]:
    mask = thinned(unpack_mask(row.mask, *sides), REGION_SIDE)
    return {
        "kind": str(row.kind),
        "sample": int(row.sample),
        "id": str(row.id),
        "picture": places.get(row.picture) if isinstance(row.picture, str) else None,
        "peak": None if pd.isna(row.peak) else float(f"{row.peak:.5g}"),
        "size": mask.shape,
        "runs": packed_runs(mask),
    }


def similar(data: RunData, layer: str) -> dict[int, list[Json]]:
    """Return the units that are like each unit of a layer: number, overlap and correlation."""
    found: dict[int, list[Json]] = defaultdict(list)
    for row in records(data.similar(layer)):
        found[int(row.unit)].append(
            [int(row.other), float(f"{row.overlap:.4g}"), float(f"{row.correlation:.3g}")]
        )
    return found
