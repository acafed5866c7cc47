"""A synthetic importance folder with planted numbers: class `j` is decided by units `3 j .. 3 j + 3`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from fake_run import NASTY

from unitscope.run.manifest import read_manifest

PLACES = """airfield alley bedroom beach bridge castle church classroom coast corridor desert forest garage
harbor hotel_room kitchen lake library mountain office park restaurant river ski_resort street tower"""
SIZES = (1, 2, 3, 4, 5, 20, 64, 128, 256)
FLOOR = 0.5
"""Balanced accuracy that no removal goes below."""
LOSSES = (0.10, 0.08, 0.06, 0.04)
"""Balanced accuracy lost without each of the four units that decide a class, on train pictures."""
EMPTY = "empty place"
"""The class without pictures."""


@dataclass(frozen=True)
class Plan:
    """How large an importance folder is made, and what it lacks."""

    classes: int = 12
    curves: int = 2
    random: int = 3
    intervals: bool = True
    empty: bool = True
    ablation: str = "zero"


def names_of(plan: Plan) -> list[str]:
    known = [*PLACES.split(), *(f"scene {number}" for number in range(plan.classes))]
    known[1] = NASTY
    names = known[: plan.classes]
    return [*names[:-1], EMPTY] if plan.empty else names


def make_importance(run: Path, layer: str, plan: Plan | None = None, *, seed: int = 0) -> Path:
    """Write a complete importance folder into a run folder and return its path."""
    plan = plan or Plan()
    rng = np.random.default_rng(seed)
    units = pd.read_parquet(run / "tables/units.parquet")
    numbers = np.sort(units.loc[units["layer"] == layer, "unit"].to_numpy())
    names = names_of(plan)
    folder = run / "importance" / f"{''.join(c if c.isalnum() else '-' for c in layer)}-{plan.ablation}"
    (folder / "tables").mkdir(parents=True)
    planted = planted_losses(len(names), len(numbers))
    effects = _effects(planted, names, numbers, plan, rng)
    tables = {
        "classes": _classes(names, plan),
        "effects": effects,
        "overall": _overall(numbers),
        "sets": _sets(planted, names, plan, rng),
        "correlation": _correlation(planted, names, numbers, rng),
        "images": _images(names),
    }
    for name, frame in tables.items():
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), folder / f"tables/{name}.parquet")
    manifest = {
        "schema_version": 2, "kind": "importance", "status": "complete", "created": "2026-03-05T09:00:00+00:00",
        "config": {"layer": layer, "settings": {"set_sizes": list(SIZES), "seed": 0}},
        "summary": _summary(run, layer, plan, units=len(numbers), classes=len(names)),
        "command": "unitscope importance runs/vgg16 --train 'train/' --val val",
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def _summary(run: Path, layer: str, plan: Plan, *, units: int, classes: int) -> dict[str, object]:
    images = {"name": "images", "hash": "", "used": 60, "skipped": []}
    score = {"value": 0.8, "low": None, "high": None}
    return {
        "run": str(run), "run_hash": read_manifest(run).configuration_hash,
        "weights_hash": "", "model": "vgg16", "layer": layer, "units": units,
        "ablation": plan.ablation, "classes": classes, "whole_passes": None,
        "images": {"train": images, "val": images}, "accuracy": {"train": score, "val": score},
        "important_pairs": 0, "tested_pairs": 0, "fdr": 0.05, "set_sizes": list(SIZES), "curve": [], "random": 1,
        "means": [], "notes": [], "settings": {},
    }  # fmt: skip


def baseline(place: int) -> float:
    """Return the planted balanced accuracy of a class with the whole network."""
    return 0.82 + 0.08 * float(np.sin(1.7 * place))


def planted_losses(classes: int, units: int) -> np.ndarray:
    """Return the loss of every class without every unit, on train pictures: `(classes, units)`."""
    found = 1e-4 * np.cos(np.arange(units)[None] * (1 + np.arange(classes)[:, None] % 5)) - 2e-4
    for place in range(classes):
        for at, loss in enumerate(LOSSES):
            if 3 * place + at < units:
                found[place, 3 * place + at] = loss
            else:
                found[place, (3 * place + at) % units] = loss
    return found


def _classes(names: list[str], plan: Plan) -> pd.DataFrame:
    there = np.array([name != EMPTY for name in names])
    balanced = np.array([baseline(place) for place in range(len(names))])
    columns = {"recall": 0.72, "precision": 0.6, "accuracy": 0.97, "balanced_accuracy": balanced}
    frame = pd.DataFrame({"class": names, "output": np.arange(len(names), dtype=np.int32)})
    frame["train_images"], frame["val_images"] = np.where(there, 80, 0), np.where(there, 40, 0)
    for name, value in columns.items():
        frame[name] = np.where(there, value, np.nan)
    frame["balanced_low"] = np.where(there & plan.intervals, balanced - 0.05, np.nan)
    frame["balanced_high"] = np.where(there & plan.intervals, balanced + 0.04, np.nan)
    return frame


def _effects(
    planted: np.ndarray, names: list[str], numbers: np.ndarray, plan: Plan, rng: np.random.Generator
) -> pd.DataFrame:
    parts = []
    rank = np.argsort(np.argsort(-planted, axis=1, kind="stable"), axis=1) + 1
    for split in ("train", "val"):
        loss = planted * (1.0 if split == "train" else 0.9)
        loss = loss + (0 if split == "train" else rng.normal(0, 1e-4, planted.shape))
        row, column = np.indices(planted.shape).reshape(2, -1)
        frame = pd.DataFrame({"unit": numbers[column].astype(np.int32), "class": np.array(names)[row]})
        frame["split"] = split
        frame["precision"], frame["recall"], frame["accuracy"] = 0.6, 0.7, 0.97
        frame["loss"] = loss.ravel()
        frame["balanced_accuracy"] = np.array([baseline(place) for place in row]) - frame["loss"]
        half = 0.02 if plan.intervals else np.nan
        frame["loss_low"], frame["loss_high"] = frame["loss"] - half, frame["loss"] + half
        big = (planted > 0.05).ravel() & (split == "val")
        frame["p_value"] = np.where(big, 1e-4, 0.4) if split == "val" else np.nan
        frame["q_value"] = np.where(big, 2e-3, 0.7) if split == "val" else np.nan
        frame["important"] = big
        frame["rank"] = rank.ravel().astype(np.int32)
        empty = frame["class"] == EMPTY
        nulls = ["precision", "recall", "accuracy", "balanced_accuracy", "loss", "loss_low", "loss_high"]
        frame.loc[empty, nulls] = np.nan
        frame.loc[empty, ["p_value", "q_value"]] = np.nan
        parts.append(frame[~((frame["class"] == EMPTY) & (split == "val"))])
    found = pd.concat(parts, ignore_index=True)
    found["rank"] = found["rank"].where(found["class"] != EMPTY).astype("Int32")
    return found


def _overall(numbers: np.ndarray) -> pd.DataFrame:
    parts = []
    for split in ("train", "val"):
        frame = pd.DataFrame({"unit": numbers.astype(np.int32), "split": split})
        frame["loss"] = 0.001 * (numbers % 7)
        frame["accuracy"] = 0.533 - frame["loss"]
        frame["loss_low"], frame["loss_high"] = frame["loss"] - 0.001, frame["loss"] + 0.001
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def loss_without(ranked: np.ndarray, removed: int, place: int) -> float:
    """Return the planted loss when the first `removed` of the units in `ranked` order are gone together."""
    gone = float(ranked[:removed].clip(0).sum()) * 1.2
    return min(gone, baseline(place) - FLOOR)


def _sets(planted: np.ndarray, names: list[str], plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    units = planted.shape[1]
    for place, name in enumerate(names):
        if name == EMPTY:
            continue
        ranked = -np.sort(-planted[place])
        whole = place < plan.curves
        sizes = sorted(set(range(1, units)) if whole else {k for k in SIZES if k < units})
        for k in sizes:
            removed = loss_without(ranked, k, place)
            kept = 0.04 * (1 - k / units) + loss_without(ranked[k:], 4, place)
            kept -= (0.06 + 0.003 * (place % 10)) * (place % 3 == 0) * (1 - k / units)
            rows.append((name, "removed", "importance", 0, k, whole, removed, 0.533 - 0.05 * k / units))
            rows.append((name, "kept", "importance", 0, k, whole, kept, 0.533 * (k / units) ** 2))
        for repetition in range(plan.random):
            for k in (size for size in SIZES if size < units):
                noise = float(rng.uniform(0, 0.03))
                lost = (baseline(place) - FLOOR) * (k / units) ** 2 + noise
                rows.append((name, "removed", "random", repetition, k, False, lost, 0.533 * (1 - k / units)))
                lost = (baseline(place) - FLOOR) * (1 - k / units) ** 2 + noise
                rows.append((name, "kept", "random", repetition, k, False, lost, 0.533 * k / units))
    columns = ["class", "kind", "ranking", "repetition", "k", "curve", "loss", "overall_accuracy"]
    frame = pd.DataFrame(rows, columns=columns).astype({"repetition": np.int32, "k": np.int32})
    frame["balanced_accuracy"] = frame["class"].map(
        dict(zip(names, map(baseline, range(len(names))), strict=True))
    )
    frame["balanced_accuracy"] -= frame["loss"]
    half = 0.025 if plan.intervals else np.nan
    frame["loss_low"], frame["loss_high"] = frame["loss"] - half, frame["loss"] + half
    frame["recall"] = 0.7 - frame["loss"]
    frame["overall_low"], frame["overall_high"] = (
        frame["overall_accuracy"] - half,
        frame["overall_accuracy"] + half,
    )
    return frame


def _correlation(
    planted: np.ndarray, names: list[str], numbers: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    row, column = np.indices(planted.shape).reshape(2, -1)
    values = 4 * planted.clip(0) + rng.normal(0, 0.05, planted.shape)
    values[:, 3::41] = np.nan
    return pd.DataFrame(
        {
            "unit": numbers[column].astype(np.int32),
            "class": np.array(names)[row],
            "correlation": values.ravel(),
        }
    )


def _images(names: list[str]) -> pd.DataFrame:
    rows = [
        (split, at, f"{name}/{at}.jpg", name, names[(at * 7) % len(names)], True, None)
        for split in ("train", "val")
        for at, name in enumerate(names)
    ]
    rows.append(("val", len(names), "alley/broken <i>.jpg", names[0], None, False, "cannot be decoded"))
    return pd.DataFrame(rows, columns=["split", "sample", "id", "class", "predicted", "used", "reason"])
