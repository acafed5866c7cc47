"""The tables of a question about altered pictures; docs/shape.md describes every column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.experiments.samples import ALL
from unitscope.experiments.shape.scoring import Levels
from unitscope.experiments.shape.settings import ShapeSettings
from unitscope.stats import MaskOverlap, PairFacts, UnitChanges

BINS = 20
"""Bins of the histogram, each as wide."""


@dataclass(frozen=True)
class Findings:
    """Everything the tables are made of.

    Attributes:
        labels: of each layer, the rows of the dissection's units table in the order of the units.
        levels: thresholds on originals and on copies.
        overlaps: of the masks.
        changes: of peaks and means.
        settings: what the question was told.
    """

    labels: Mapping[str, pd.DataFrame]
    levels: tuple[Levels, Levels]
    overlaps: Mapping[str, MaskOverlap]
    changes: Mapping[str, UnitChanges]
    settings: ShapeSettings


def unit_table(findings: Findings) -> pd.DataFrame:
    """One row a unit: how its masks overlap, what is expected by chance, and how its peak changes."""
    return pd.concat([_layer_units(findings, layer) for layer in findings.overlaps], ignore_index=True)


def _layer_units(findings: Findings, layer: str) -> pd.DataFrame:
    labels, overlap, changes = findings.labels[layer], findings.overlaps[layer], findings.changes[layer]
    told = findings.settings
    low, high = overlap.intervals()
    signed, absolute = (
        changes.averages(values, told.replicates, told.seed)
        for values in (changes.peak_changes, np.abs(changes.peak_changes))
    )
    peaks = changes.peaks.astype(np.float64).mean(axis=0)
    with np.errstate(invalid="ignore"):
        survives, above = overlap.iou > told.survive, low > overlap.chance
    return pd.DataFrame(
        {
            "layer": layer,
            "unit": np.arange(len(labels), dtype=np.int32),
            "concept": labels["concept"].to_numpy(),
            "category": labels["category"].to_numpy(),
            "detector": labels["detector"].to_numpy(bool),
            "iou": overlap.iou,
            "iou_low": low,
            "iou_high": high,
            "chance": overlap.chance,
            "above_chance": above,
            "survives": survives,
            "threshold_original": findings.levels[0][layer],
            "threshold_altered": findings.levels[1][layer],
            "pixels_original": overlap.pixels[0],
            "pixels_altered": overlap.pixels[1],
            "pixels_both": overlap.shared,
            "peak_original": peaks[0],
            "peak_altered": peaks[1],
            "peak_change": signed[0],
            "peak_change_low": signed[1],
            "peak_change_high": signed[2],
            "peak_moved": absolute[0],
            "peak_moved_low": absolute[1],
            "peak_moved_high": absolute[2],
            "mean_change": changes.mean_changes.mean(axis=0),
        }
    ).astype({"concept": "string", "category": "string"})


def layer_table(findings: Findings, units: pd.DataFrame, categories: Sequence[str]) -> pd.DataFrame:
    """Detectors of every layer that survive, by category and together."""
    rows = []
    for position, layer in enumerate(findings.overlaps):
        of_layer = units[units["layer"] == layer]
        for category in (ALL, *categories):
            chosen = of_layer["detector"].to_numpy(bool)
            if category != ALL:
                chosen = chosen & (of_layer["category"] == category).fillna(value=False).to_numpy(bool)
            rows.append(
                {
                    "layer": layer,
                    "position": np.int32(position),
                    "category": category,
                    "units": np.int32(len(of_layer)),
                    **_counts(of_layer, chosen, findings.settings),
                }
            )
    return pd.DataFrame(rows)


def _counts(units: pd.DataFrame, chosen: NDArray[np.bool_], told: ShapeSettings) -> dict[str, object]:
    detectors, surviving = int(chosen.sum()), int((chosen & units["survives"].to_numpy(bool)).sum())
    by_chance = int((chosen & (units["chance"] > told.survive).to_numpy(bool)).sum())
    low, high = (
        int((chosen & (units[end] > told.survive).to_numpy(bool)).sum()) for end in ("iou_low", "iou_high")
    )
    of_chosen = units[chosen]
    return {
        "detectors": np.int32(detectors),
        "surviving": np.int32(surviving),
        "surviving_share": surviving / detectors if detectors else np.nan,
        "surviving_low": min(low, surviving) / detectors if detectors else np.nan,
        "surviving_high": max(high, surviving) / detectors if detectors else np.nan,
        "surviving_by_chance": np.int32(by_chance),
        "above_chance": np.int32((chosen & units["above_chance"].to_numpy(bool)).sum()),
        "median_iou": float(of_chosen["iou"].median()),
        "median_chance": float(of_chosen["chance"].median()),
    }


def concept_table(units: pd.DataFrame) -> pd.DataFrame:
    """Detectors of every concept that survive, by layer."""
    found = units[units["detector"]]
    keys = ["layer", "concept", "category"]
    grouped = found.groupby(keys, sort=False, observed=True)
    table = grouped.agg(
        detectors=("unit", "size"), surviving=("survives", "sum"), best_iou=("iou", "max")
    ).reset_index()
    table = table.astype({"layer": "string", "detectors": np.int32, "surviving": np.int32, "best_iou": float})
    order = pd.Index(units["layer"].drop_duplicates())
    table = table.assign(at=order.get_indexer(pd.Index(table["layer"].astype(object))))
    ranked = table.sort_values(
        ["at", "surviving", "detectors", "concept"], ascending=[True, False, False, True], kind="stable"
    )
    return ranked.drop(columns="at").reset_index(drop=True)


def histogram_table(units: pd.DataFrame) -> pd.DataFrame:
    """How many units of every layer have an IoU between two values, and how many a chance level."""
    edges = np.linspace(0, 1, BINS + 1)
    parts = []
    for layer, of_layer in units.groupby("layer", sort=False):
        detectors = of_layer[of_layer["detector"]]
        counts = {
            "units": _binned(of_layer["iou"], edges),
            "detectors": _binned(detectors["iou"], edges),
            "chance": _binned(of_layer["chance"], edges),
        }
        parts.append(pd.DataFrame({"layer": layer, "low": edges[:-1], "high": edges[1:], **counts}))
    return pd.concat(parts, ignore_index=True)


def _binned(values: pd.Series[float], edges: NDArray[np.float64]) -> NDArray[np.int32]:
    known = values.to_numpy(np.float64)
    return np.histogram(known[np.isfinite(known)], edges)[0].astype(np.int32)


def pair_table(
    ids: Sequence[str], facts: PairFacts, skipped: Mapping[int, str], classes: Sequence[str]
) -> pd.DataFrame:
    """One row a pair: how far its pictures are apart, and what the network answers to both."""
    numbers = np.arange(len(ids))
    place = {int(sample): row for row, sample in enumerate(facts.samples)}
    rows = [place.get(int(number), -1) for number in numbers]
    used = np.array(rows) >= 0
    predictions = facts.predictions

    def spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
        wide = np.full(len(ids), np.nan)
        wide[used] = values[np.array(rows)[used]]
        return wide

    answers = [
        [_class_name(int(predictions[row, side]), classes) if row >= 0 else None for row in rows]
        for side in (0, 1)
    ]
    return pd.DataFrame(
        {
            "sample": numbers.astype(np.int32),
            "id": list(ids),
            "used": used,
            "reason": pd.array([skipped.get(int(number)) for number in numbers], dtype="string"),
            "l2": spread(facts.l2),
            "largest": spread(facts.largest),
            "prediction_original": pd.array(answers[0], dtype="string"),
            "prediction_altered": pd.array(answers[1], dtype="string"),
        }
    )


def _class_name(number: int, classes: Sequence[str]) -> str | None:
    if number < 0:
        return None
    return classes[number] if number < len(classes) else str(number)
