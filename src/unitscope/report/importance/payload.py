"""The data of the importance page as classic scripts: what all classes share, and the classes in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from unitscope.report.charts.theme import category_slots
from unitscope.report.importance import numbers
from unitscope.report.importance.class_figures import curve_rows, set_bars
from unitscope.report.importance.data import FEW, MANY, Importance
from unitscope.report.importance.numbers import top_units
from unitscope.report.payload import Json, column, rounded

BLOCK = 16
"""Classes in one file."""
SHOWN = 20
"""Units shown for a class."""


def page_payload(data: Importance) -> tuple[Json, Json]:
    """Return `unitscope.data.run`, which the shared scripts read, and `unitscope.data.importance`."""
    categories = list(dict.fromkeys(data.run.concepts["category"]))
    slots = category_slots(categories)
    run = {"categories": [{"name": name, "slot": slots[name]} for name in categories]}
    found = data.sizes
    many = found[1] if found else MANY
    return run, {
        "layer": data.title,
        "block": BLOCK,
        "many": many,
        "top": FEW,
        "classes": _classes(data, many),
        "units": _units(data, categories),
    }


def _classes(data: Importance, many: int) -> Json:
    table, sets = data.classes, numbers.settings(data, many)
    important = np.nan_to_num(data.effects["val", "important"]).sum(1).astype(int)
    return {
        "name": data.names,
        "train": [int(count) for count in table["train_images"]],
        "val": [int(count) for count in table["val_images"]],
        "recall": column(table["recall"]),
        "precision": column(table["precision"]),
        "low": column(table["balanced_low"]),
        "high": column(table["balanced_high"]),
        "important": important.tolist(),
        "curve": [int(place in data.with_curves) for place in range(len(table))],
        **{name: column(pd.Series(values)) for name, values in sets.items()},
    }


def _units(data: Importance, categories: list[str]) -> Json:
    units = data.units
    val = data.overall[data.overall["split"] == "val"].set_index("unit").reindex(units["unit"])
    return {
        "unit": units["unit"].tolist(),
        "status": [text if isinstance(text, str) else "" for text in units["status"]],
        "concept": [text if isinstance(text, str) else "" for text in units["concept"]],
        "category": [categories.index(text) if text in categories else -1 for text in units["category"]],
        "iou": column(units["iou"]),
        "detector": units["detector"].eq(True).astype(int).tolist(),
        "top": numbers.top_counts(data.rank, FEW).tolist(),
        "overallLoss": column(val["loss"]),
    }


def class_blocks(data: Importance) -> Iterator[tuple[int, Json]]:
    """Yield the number and the content of every block of classes: place to its units, bars and curves."""
    for first in range(0, len(data.classes), BLOCK):
        places = range(first, min(first + BLOCK, len(data.classes)))
        yield first // BLOCK, {str(place): _class(data, place) for place in places}


def _class(data: Importance, place: int) -> Json:
    bars = set_bars(data, place)
    measured = len(bars) > 1
    return {
        "units": _class_units(data, place),
        "bars": _rows(bars) if measured else [],
        "curves": _rows(curve_rows(data, place, marks=place not in data.with_curves)) if measured else [],
    }


def _rows(frame: pd.DataFrame) -> Json:
    """Return a table as the rows of a chart."""
    return [
        {name: rounded(item, 5) if isinstance(item, float) else item for name, item in row.items()}
        for row in frame.to_dict("records")
    ]


def _class_units(data: Importance, place: int) -> Json:
    """Return `[row, train loss, low, high, val loss, low, high, q, important, correlation]` of every shown unit."""
    found = []
    for row in top_units(data, place, SHOWN):
        losses = [
            rounded(data.effects[split, name][place, row], 4)
            for split in ("train", "val")
            for name in ("loss", "loss_low", "loss_high")
        ]
        q = rounded(data.effects["val", "q_value"][place, row], 3)
        important = int(data.effects["val", "important"][place, row] == 1)
        found.append([row, *losses, q, important, rounded(data.correlation[place, row], 3)])
    return found
