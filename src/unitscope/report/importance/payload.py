"""The data of the importance page as classic scripts: what all classes share, the maps, and the classes in blocks."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import numpy as np
import pandas as pd

from unitscope.report.classifier_figure import density
from unitscope.report.data import records
from unitscope.report.importance import numbers
from unitscope.report.importance.data import Importance, Matrix
from unitscope.report.importance.maps import Maps
from unitscope.report.importance.numbers import FEW, MANY, Estimate
from unitscope.report.palette import category_slots
from unitscope.report.payload import Json, column, rounded

BLOCK = 16
"""Classes in one file."""
SHOWN = 20
"""Units shown for a class."""
MOST_GAINS = 20
STEPS = 160


def page_payload(data: Importance) -> tuple[Json, Json]:
    """Return `unitscope.data.run`, which the shared scripts read, and `unitscope.data.importance`."""
    categories = list(dict.fromkeys(data.run.concepts["category"]))
    slots = category_slots(categories)
    run = {"categories": [{"name": name, "slot": slots[name]} for name in categories]}
    found = numbers.sizes(data)
    few, many = found or (FEW, MANY)
    return run, {
        "layer": data.title,
        "errorRate": data.error_rate,
        "block": BLOCK,
        "few": few,
        "many": many,
        "top": FEW,
        "overall": rounded(numbers.overall_baseline(data)),
        "classes": _classes(data, many),
        "units": _units(data, categories),
        "settings": _settings(data, many),
        "groups": [
            {"name": group.name, "rows": group.rows.tolist(), "mean": estimate(group.mean)}
            for group in numbers.unit_groups(data)
        ],
        "rankCorrelation": estimate(rank_correlation(data)),
        "gains": _gains(data),
        "positive": numbers.positive_share(data, MANY),
    }


def rank_correlation(data: Importance) -> Estimate | None:
    """Return the rank correlation of fig. 2E, over live units."""
    counts = numbers.top_counts(data.rank, FEW).astype(float)
    return numbers.rank_correlation(counts, numbers.live_iou(data))


def estimate(found: Estimate | None) -> Json:
    """Return a number with its interval as `[value, low, high]`, or None."""
    return None if found is None else [rounded(found.value), rounded(found.low), rounded(found.high)]


def _classes(data: Importance, many: int) -> Json:
    table, sets = data.classes, numbers.settings(data, many)
    important = np.nan_to_num(data.effects["val", "important"]).sum(1).astype(int)
    curves = set(data.sets.loc[data.sets["curve"], "place"])
    return {
        "name": data.names,
        "train": [int(count) for count in table["train_images"]],
        "val": [int(count) for count in table["val_images"]],
        "recall": column(table["recall"]),
        "precision": column(table["precision"]),
        "low": column(table["balanced_low"]),
        "high": column(table["balanced_high"]),
        "important": important.tolist(),
        "curve": [int(place in curves) for place in range(len(table))],
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


def _settings(data: Importance, many: int) -> Json:
    """Return the mean over classes of every setting that was measured, and its density on a common axis."""
    sets = {name: values[np.isfinite(values)] for name, values in numbers.settings(data, many).items()}
    sets = {name: values for name, values in sets.items() if len(values)}
    if not sets:
        return {"from": 0, "to": 1, "means": {}, "densities": {}}
    everything = np.concatenate(list(sets.values()))
    low, high = (float(bound) for bound in (everything.min(), everything.max()))
    margin = 0.06 * (high - low) or 0.05
    at = np.linspace(max(0.0, low - margin), min(1.0, high + margin), STEPS)
    densities = {name: density(values, at) for name, values in sets.items()}
    return {
        "from": rounded(at[0]),
        "to": rounded(at[-1]),
        "means": {name: estimate(numbers.mean_over(values)) for name, values in sets.items()},
        "densities": {
            name: column(pd.Series(values), 4) for name, values in densities.items() if values is not None
        },
    }


def _gains(data: Importance) -> Json:
    found = numbers.gains(data)
    rows = [
        [row.place, row.kept, rounded(row.gain), rounded(row.low), rounded(row.high), int(row.sure)]
        for row in records(found.head(MOST_GAINS))
    ]
    return {
        "rows": rows,
        "rising": len(found),
        "sure": int(found["sure"].sum()),
        "measured": int(data.sets.loc[data.sets["kind"] == "kept", "place"].nunique()),
    }


def maps_payload(data: Importance, maps: Maps) -> Json:
    """Return both maps as bytes, with their order.

    A correlation is a byte about 128, an overlap one from 1 (none) to 255 (the same sets); 0 stands for no value.
    """
    signed = 128 + 127 * np.clip(np.nan_to_num(maps.correlation) / maps.scale, -1, 1)
    rising = 1 + 254 * np.nan_to_num(maps.overlap)
    return {
        "classes": maps.classes,
        "units": maps.units,
        "scale": rounded(maps.scale, 3),
        "correlation": _encoded(np.where(np.isfinite(maps.correlation), signed, 0)),
        "overlap": _encoded(np.where(np.isfinite(maps.overlap), rising, 0)),
        "of": maps.most,
        "pairs": [[first, second, rounded(value, 4)] for first, second, value in maps.pairs],
        "chance": rounded(numbers.chance_overlap(max(1, len(data.units)), maps.most)),
    }


def _encoded(codes: Matrix) -> str:
    return base64.b64encode(np.rint(codes).astype(np.uint8).tobytes()).decode("ascii")


def class_blocks(data: Importance) -> Iterator[tuple[int, Json]]:
    """Yield the number and the content of every block of classes: place to its units and sets."""
    ranked = numbers.with_accuracy(data.sets[data.sets["ranking"] == "importance"])
    by_class = dict(iter(ranked.groupby("place")))
    random = dict(iter(numbers.random_sets(data).groupby("place")))
    for first in range(0, len(data.classes), BLOCK):
        block = {}
        for place in range(first, min(first + BLOCK, len(data.classes))):
            block[str(place)] = {
                "units": _class_units(data, place),
                "sets": _class_sets(by_class.get(place)),
                "random": _class_random(random.get(place)),
            }
        yield first // BLOCK, block


def top_units(data: Importance, place: int, count: int = SHOWN) -> list[int]:
    """Return the rows of a class's most important units, the most important first."""
    rank = data.rank[place]
    order = np.argsort(np.where(np.isfinite(rank), rank, np.inf), kind="stable")[:count]
    return [int(row) for row in order if np.isfinite(rank[row])]


def _class_units(data: Importance, place: int) -> Json:
    """Return `[row, train loss, low, high, val loss, low, high, q, important, correlation]` of every shown unit."""
    found = []
    for row in top_units(data, place):
        losses = [
            rounded(data.effects[split, name][place, row], 4)
            for split in ("train", "val")
            for name in ("loss", "loss_low", "loss_high")
        ]
        q = rounded(data.effects["val", "q_value"][place, row], 3)
        important = int(data.effects["val", "important"][place, row] == 1)
        found.append([row, *losses, q, important, rounded(data.correlation[place, row], 3)])
    return found


def _class_sets(sets: pd.DataFrame | None) -> Json:
    """Return, by kind, `[k, accuracy, low, high, all-class accuracy, low, high]` of every set, by size."""
    found: dict[str, list[Json]] = {"removed": [], "kept": []}
    for row in records(sets) if sets is not None else ():
        values = (
            row.balanced_accuracy,
            row.low,
            row.high,
            row.overall_accuracy,
            row.overall_low,
            row.overall_high,
        )
        found[row.kind].append([int(row.k), *(rounded(value, 5) for value in values)])
    return found


def _class_random(sets: pd.DataFrame | None) -> Json:
    """Return, by kind, `[k, mean, low, high, all-class mean, low, high, repetitions]` of random sets, by size."""
    found: dict[str, list[Json]] = {"removed": [], "kept": []}
    for row in records(sets) if sets is not None else ():
        values = (row.mean, row.low, row.high, row.overall, row.overall_low, row.overall_high)
        found[row.kind].append([int(row.k), *(rounded(value, 5) for value in values), int(row.repetitions)])
    return found
