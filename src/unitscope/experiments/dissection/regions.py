"""Where a unit and its label are in single pictures: its strongest, weaker ones, those on which it is silent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.likeness import Strengths
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.progress import progress_bar
from unitscope.run.masks import Mask, pack_mask, thinned

T = TypeVar("T")
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
    rows = _with_others(scores, strengths, exemplars).sort_values(["sample", "layer"], kind="stable")
    thresholds = {name: layer.thresholds for name, layer in scores.items()}
    labels = {name: layer.labels() for name, layer in scores.items()}
    units, size = rows["unit"].to_numpy(np.int64), activations.plan.shard_size
    found: list[dict[str, Any]] = []
    with progress_bar("looking at regions", len(rows)) as advance:
        for number, here in _runs(rows["sample"].to_numpy() // size):
            shard = activations.shard(number, above=thresholds)
            places = np.searchsorted(shard.samples, rows["sample"].to_numpy()[here])
            cells = {name: shard.cells[name] for name in rows["layer"].iloc[here].unique()}
            for (place, name), of_place in _runs(zip(places.tolist(), rows["layer"].iloc[here], strict=True)):
                some = units[here][of_place]
                values = cells[name].raster_values(place, some, thresholds[name][some])
                found.append(
                    _looked_at(values, thresholds[name][some], shard.labels[place], labels[name][some])
                )
            advance(here.stop - here.start)
    for column in found[0] if found else ():
        rows[column] = list(itertools.chain.from_iterable(each[column] for each in found))
    if found:
        rows["peak"] = rows["peak"].where(rows["kind"] != MIDDLE, rows.pop("highest"))
    return _in_order(rows, list(scores))


def _runs(keys: Iterable[T]) -> Iterator[tuple[T, slice]]:
    """Yield each key with the places at which it stands, those of one key side by side."""
    start = 0
    for key, same in itertools.groupby(keys):
        stop = start + sum(1 for _ in same)
        yield key, slice(start, stop)
        start = stop


def _in_order(rows: pd.DataFrame, layers: Sequence[str]) -> pa.Table:
    """Return the table of rows, those of a layer and unit together."""
    kinds = [STRONGEST, MIDDLE, SILENT]
    keys = [rows["layer"].map(layers.index), rows["unit"], rows["kind"].map(kinds.index), rows["rank"]]
    rows = rows.iloc[np.lexsort(keys[::-1])].reindex(columns=list(COLUMNS))
    return pa.table({name: pa.array(rows[name], kind, from_pandas=True) for name, kind in COLUMNS.items()})


def _looked_at(
    values: NDArray[np.float32],
    thresholds: NDArray[np.float32],
    planes: NDArray[np.int16],
    labels: NDArray[np.int64],
) -> dict[str, Any]:
    """Return masks and counts of some units of a layer in one picture, by column.

    Args:
        values: of the raster points above the thresholds ``(m, gh, gw)``.
        thresholds: ``(m,)``.
        planes: label map of the picture ``(P, gh, gw)``.
        labels: of the units ``(m,)``, 0 for none.
    """
    counted: Mask = planes[0] >= 0
    on = values > thresholds[:, None, None]
    named, which = np.unique(labels, return_inverse=True)
    concepts = (planes == named[:, None, None, None]).any(axis=1) & (named > 0)[:, None, None]
    shared = on & concepts[which] & counted
    small, known = thinned(on, MASK_SIDE), [pack_mask(mask) for mask in thinned(concepts, MASK_SIDE)]
    return {
        "highest": values.max(axis=(1, 2)),
        "unit_pixels": (on & counted).sum(axis=(1, 2)),
        "concept_pixels": concepts.sum(axis=(1, 2))[which],
        "shared_pixels": shared.sum(axis=(1, 2)),
        "mask": [pack_mask(mask) for mask in small],
        "concept_mask": [known[place] if label else None for place, label in zip(which, labels, strict=True)],
        "mask_height": np.full(len(small), small.shape[1]),
        "mask_width": np.full(len(small), small.shape[2]),
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
        for unit, label in enumerate(layer_scores.labels().tolist())
        for kind, samples in _others(strengths, layer, unit, label, strongest.get((layer, unit)))
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
