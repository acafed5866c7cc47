"""Where a unit and its label are in single pictures: its strongest, weaker ones, those on which it is silent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from unitscope.experiments.dissection.activations import Activations
from unitscope.experiments.dissection.likeness import Strengths
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.progress import progress_bar
from unitscope.run.masks import Mask, pack_masks, thinned
from unitscope.stats.cells import RasterPoints

T = TypeVar("T")
STRONGEST, MIDDLE, SILENT = "strongest", "middle", "silent"
SHOWN = 3
"""Pictures of a unit from the middle of its range, and pictures of its label on which it is silent."""
UNITS_AT_ONCE = 512
"""Units of a layer whose pictures are chosen at once."""
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
    found: list[dict[str, Iterable[object]]] = []
    with progress_bar("looking at regions", len(rows)) as advance:
        for number, here in _runs(rows["sample"].to_numpy() // size):
            shard = activations.shard(number, above=thresholds)
            places = np.searchsorted(shard.samples, rows["sample"].to_numpy()[here])
            cells = {name: shard.cells[name] for name in rows["layer"].iloc[here].unique()}
            for (place, name), of_place in _runs(zip(places.tolist(), rows["layer"].iloc[here], strict=True)):
                some = units[here][of_place]
                points = cells[name].raster_points(place, some, thresholds[name][some])
                found.append(_looked_at(points, shard.labels[place], labels[name][some]))
            advance(here.stop - here.start)
    for column in found[0] if found else ():
        values = list(itertools.chain.from_iterable(each[column] for each in found))
        rows[column] = pd.Series(values, index=rows.index)
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
    points: RasterPoints, planes: NDArray[np.int16], labels: NDArray[np.int64]
) -> dict[str, Iterable[object]]:
    """Return masks and counts of some units of a layer in one picture, by column.

    Args:
        points: where they are above their thresholds.
        planes: label map of the picture ``(P, gh, gw)``.
        labels: of the units ``(m,)``, 0 for none.
    """
    rows, places, values = points
    counted, (concepts, which) = planes[0].ravel() >= 0, _where(planes, labels)
    shared = concepts[which[rows], places] & counted[places]
    highest = np.full(len(labels), -np.inf, np.float32)
    np.maximum.at(highest, rows, values)
    on: Mask = np.zeros((len(labels), counted.size), np.bool_)
    on[rows, places] = True
    size = planes.shape[1:]
    small = thinned(on.reshape(-1, *size), MASK_SIDE)
    known = pack_masks(thinned(concepts.reshape(-1, *size), MASK_SIDE))
    return {
        "highest": highest,
        "unit_pixels": np.bincount(rows[counted[places]], minlength=len(labels)),
        "concept_pixels": concepts.sum(axis=1)[which],
        "shared_pixels": np.bincount(rows[shared], minlength=len(labels)),
        "mask": pack_masks(small),
        "concept_mask": [known[place] if place else None for place in which.tolist()],
        "mask_height": np.full(len(small), small.shape[1]),
        "mask_width": np.full(len(small), small.shape[2]),
    }


def _where(planes: NDArray[np.int16], labels: NDArray[np.int64]) -> tuple[Mask, NDArray[np.int64]]:
    """Return where each concept that is a label is in a picture ``(1 + k, gh * gw)``, the first one nowhere.

    Args:
        planes: label map of the picture ``(P, gh, gw)``.
        labels: ``(m,)``, 0 for none.

    Returns:
        That, and the row of each label ``(m,)``.
    """
    named = np.unique(labels[labels > 0])
    row_of = np.zeros(max(int(planes.max(initial=0)), int(labels.max(initial=0))) + 1, np.int64)
    row_of[named] = np.arange(1, len(named) + 1)
    found: Mask = np.zeros((len(named) + 1, planes[0].size), np.bool_)
    for plane in planes:
        found[row_of[np.maximum(plane.ravel(), 0)], np.arange(plane.size)] = True
    found[0] = False
    return found, row_of[labels]


def _with_others(
    scores: Mapping[str, LayerScores], strengths: Strengths, exemplars: pd.DataFrame
) -> pd.DataFrame:
    """Return the rows of the table without what is seen: those of exemplars, and those that are chosen besides."""
    names = exemplars.drop_duplicates("sample").set_index("sample")[["id", "picture"]]
    strongest = {str(name): rows[["unit", "sample"]].to_numpy() for name, rows in exemplars.groupby("layer")}
    parts = []
    for name, layer in scores.items():
        labels = layer.labels()
        for units in np.array_split(np.arange(len(labels)), -(-len(labels) // UNITS_AT_ONCE)):
            if name in strongest:
                found = _others(strengths, name, units, labels[units], strongest[name])
                parts.append(found.assign(layer=name))
    others = pd.concat(parts) if parts else exemplars[:0]  # where no unit is ever on
    others = others.assign(
        id=others["sample"].map(names["id"]), picture=others["sample"].map(names["picture"]), peak=np.nan
    )
    rows = pd.concat([exemplars.assign(kind=STRONGEST), others], ignore_index=True)
    return rows[["layer", "unit", "kind", "rank", "sample", "id", "picture", "peak"]]


def _others(
    strengths: Strengths,
    layer: str,
    units: NDArray[np.int64],
    labels: NDArray[np.int64],
    strongest: NDArray[np.int64],
) -> pd.DataFrame:
    """Return pictures of the middle of the range of some units, and those of their labels on which they are silent.

    A unit that is never on has none.

    Args:
        strengths: of the units on the pictures that are kept.
        layer: its name.
        units: some units of it ``(m,)``, ascending.
        labels: of these ``(m,)``, 0 for none.
        strongest: unit and picture of every exemplar of the layer ``(k, 2)``.
    """
    levels = strengths.levels[layer][:, units].astype(np.int64)
    shown = strongest[np.isin(strongest[:, 0], units)]
    column, row = np.searchsorted(units, shown[:, 0]), np.searchsorted(strengths.samples, shown[:, 1])
    there = strengths.samples[np.minimum(row, len(strengths.samples) - 1)] == shown[:, 1]
    weaker, ever = levels.copy(), np.isin(units, shown[:, 0])
    weaker[row[there], column[there]] = 0
    weaker[:, ~ever] = 0
    areas = np.where((levels == 0) & (labels > 0) & ever, strengths.areas[:, labels], 0)
    rank = np.arange(SHOWN)[:, None]
    # Those that are on, the strongest first: every one, or the middles of as many equal parts as are shown.
    on = (weaker > 0).sum(0)
    middle = np.where(on > SHOWN, (2 * rank + 1) * on // (2 * SHOWN), np.minimum(rank, len(levels) - 1))
    chosen = [
        (MIDDLE, _sorted_places(weaker, middle), rank < on),
        (SILENT, _sorted_places(areas, np.minimum(rank, len(areas) - 1)), rank < (areas > 0).sum(0)),
    ]
    found = []
    for kind, places, valid in chosen:
        at, which = np.nonzero(valid.T)
        sample = strengths.samples[places[which, at]]
        found.append(pd.DataFrame({"unit": units[at], "kind": kind, "rank": which + 1, "sample": sample}))
    return pd.concat(found)


def _sorted_places(values: NDArray[np.int64], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of the values of some ranks ``(k, m)`` in each column; the largest first, then the first ones."""
    order: NDArray[np.int64] = np.take_along_axis(np.argsort(-values, axis=0, kind="stable"), ranks, 0)
    return order
