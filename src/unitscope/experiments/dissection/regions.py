"""Where a unit and its label are in single pictures: its strongest, weaker ones, those on which it is silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.likeness import Strengths
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.progress import progress_bar
from unitscope.run.masks import Mask, pack_mask, thinned
from unitscope.stats import StrongCells

STRONGEST, MIDDLE, SILENT = "strongest", "middle", "silent"
SHOWN = 3
"""Pictures of a unit from the middle of its range, and pictures of its label on which it is silent."""
MASK_SIDE = 112
"""Longest side of a mask; a finer pixel grid is thinned out."""
COLUMNS: dict[str, pa.DataType] = {
    "layer": pa.string(),
    "unit": pa.int32(),
    "kind": pa.string(),
    "rank": pa.int32(),
    "sample": pa.int32(),
    "id": pa.string(),
    "picture": pa.string(),
    "peak": pa.float32(),
    "unit_pixels": pa.int32(),
    "concept_pixels": pa.int32(),
    "shared_pixels": pa.int32(),
    "mask": pa.binary(),
    "concept_mask": pa.binary(),
    "mask_height": pa.int32(),
    "mask_width": pa.int32(),
}


def region_table(
    activations: Activations,
    scores: Mapping[str, LayerScores],
    strengths: Strengths,
    exemplars: pd.DataFrame,
) -> pa.Table:
    """Look at units in their strongest pictures, in others of their range and where their label is without them.

    Pictures are taken from those that the run keeps.

    Args:
        activations: all shards committed.
        scores: thresholds and labels by layer.
        strengths: of the units on the pictures that are kept.
        exemplars: ``layer``, ``unit``, ``rank``, ``sample``, ``id``, ``picture``, ``peak``.
    """
    rows = _with_others(scores, strengths, exemplars)
    thresholds = {name: layer.thresholds for name, layer in scores.items()}
    found: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    with progress_bar("looking at regions", rows["sample"].nunique()) as advance:
        for number, of_shard in rows.groupby(rows["sample"] // activations.plan.shard_size, sort=True):
            shard = activations.shard(int(str(number)), above=thresholds)
            for (sample, layer), here in of_shard.groupby(["sample", "layer"], sort=True):
                (place,) = np.flatnonzero(shard.samples == sample).tolist()
                name, labels = str(layer), shard.labels[place]
                for row in _looked_at(here, scores[name], shard.cells[name], labels, place):
                    for column, item in row.items():
                        found[column].append(item)
            advance(of_shard["sample"].nunique())
    table = pa.table({name: pa.array(found[name], kind, from_pandas=True) for name, kind in COLUMNS.items()})
    layers, kinds = list(scores), [STRONGEST, MIDDLE, SILENT]
    keys = [found["rank"], [kinds.index(kind) for kind in found["kind"]], found["unit"]]
    return table.take(np.lexsort([*keys, [layers.index(name) for name in found["layer"]]]))


def _looked_at(
    rows: pd.DataFrame, scores: LayerScores, cells: StrongCells, labels: NDArray[np.int16], place: int
) -> Iterator[dict[str, Any]]:
    """Yield rows of units of a layer in one picture with masks and counts.

    Args:
        rows: what is to be looked at.
        scores: of the layer.
        cells: raster points of the layer above the thresholds, in the picture's shard.
        labels: label map of the picture ``(P, gh, gw)``.
        place: of the picture in its shard.
    """
    units = rows["unit"].to_numpy(np.int64)
    counted: Mask = labels[0] >= 0
    values = cells.raster_values(place, units, scores.thresholds[units])
    records: list[dict[str, Any]] = rows.to_dict("records")  # type: ignore[assignment]
    for row, value, label in zip(records, values, scores.labels()[units], strict=True):
        on, concept = value > scores.thresholds[row["unit"]], (labels == label).any(axis=0) & (label > 0)
        small = [thinned(mask, MASK_SIDE) for mask in (on, concept)]
        weaker = None if row["kind"] == SILENT else float(value.max())
        yield row | {
            "peak": row["peak"] if row["kind"] == STRONGEST else weaker,
            "unit_pixels": int((on & counted).sum()),
            "concept_pixels": int(concept.sum()),
            "shared_pixels": int((on & concept & counted).sum()),
            "mask": pack_mask(small[0]),
            "concept_mask": pack_mask(small[1]) if label else None,
            "mask_height": small[0].shape[0],
            "mask_width": small[0].shape[1],
        }


def _with_others(
    scores: Mapping[str, LayerScores], strengths: Strengths, exemplars: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of the table without what is seen: those of exemplars, and those that are chosen besides."""
    names = exemplars.drop_duplicates("sample").set_index("sample")[["id", "picture"]]
    strongest = {key: rows.to_numpy() for key, rows in exemplars.groupby(["layer", "unit"])["sample"]}
    chosen = [
        (layer, unit, kind, rank, int(sample))
        for layer, layer_scores in scores.items()
        for unit in range(len(layer_scores.thresholds))
        for kind, samples in _others(
            strengths, layer, unit, int(layer_scores.labels()[unit]), strongest.get((layer, unit))
        )
        for rank, sample in enumerate(samples, 1)
    ]
    others = pd.DataFrame(chosen, columns=["layer", "unit", "kind", "rank", "sample"])
    others = others.assign(
        id=others["sample"].map(names["id"]), picture=others["sample"].map(names["picture"]), peak=np.nan
    )
    found = pd.concat([exemplars.assign(kind=STRONGEST), others], ignore_index=True)
    return found[["layer", "unit", "kind", "rank", "sample", "id", "picture", "peak"]]


def _others(
    strengths: Strengths, layer: str, unit: int, label: int, strongest: NDArray[np.int64] | None
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield pictures of the middle of a unit's range and those on which it is silent; none for a unit never on."""
    if strongest is None:
        return
    levels = strengths.levels[layer][:, unit]
    on = np.flatnonzero((levels > 0) & ~np.isin(strengths.samples, strongest))
    on = on[np.argsort(-levels[on].astype(np.int64), kind="stable")]
    places = (2 * np.arange(SHOWN) + 1) * len(on) // (2 * SHOWN) if len(on) > SHOWN else np.arange(len(on))
    yield MIDDLE, strengths.samples[on[places]]
    if label:
        areas = np.where(levels == 0, strengths.areas[:, label], 0)
        most = np.argsort(-areas, kind="stable")[:SHOWN]
        yield SILENT, strengths.samples[most[areas[most] > 0]]
