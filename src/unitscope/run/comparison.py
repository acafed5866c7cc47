"""Dissections side by side: several networks, or a trained one against its untrained control."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd

from unitscope.run.dissection import Dissection

COUNTS = ("units", "detectors", "concepts")
ALL = "all"


def compare(first: Dissection, second: Dissection, *more: Dissection) -> pd.DataFrame:
    """Set detectors and distinct concepts of two or more runs side by side, by layer and category.

    Layers meet by name where all runs share a layer, else by position from the input, so that networks with other
    layer names can be compared.

    Args:
        first: a finished run.
        second: another.
        more: further ones.

    Returns:
        One row a layer and category, with columns ``layer`` (``first / second`` where the names differ), ``category``,
        ``units_1``, ``detectors_1``, ``concepts_1``, ``mean_iou_1`` (mean IoU of the detectors) and the same for 2 and
        so on.
    """
    tables = [_summary(run) for run in (first, second, *more)]
    shared = set.intersection(*(set(table["layer"]) for table in tables))
    key, other = ("layer", "position") if shared else ("position", "layer")
    numbered = [
        table.rename(columns={name: f"{name}_{run}" for name in (other, *COUNTS, "mean_iou")})
        for run, table in enumerate(tables, 1)
    ]
    merged = reduce(lambda one, two: one.merge(two, on=[key, "category"], how="outer", sort=False), numbered)
    if key == "position":
        merged["layer"] = [" / ".join(_at(table, place) for table in tables) for place in merged["position"]]
        merged["order"] = merged["position"]
    else:
        places = [merged[f"position_{run}"] for run in range(1, len(tables) + 1)]
        merged["order"] = reduce(lambda one, two: one.fillna(two), places)
    columns = [f"{name}_{run}" for run in range(1, len(tables) + 1) for name in (*COUNTS, "mean_iou")]
    counts = [column for column in columns if not column.startswith("mean")]
    merged[counts] = merged[counts].astype("Int64")
    return _category_order(merged, tables)[["layer", "category", *columns]].reset_index(drop=True)


def _summary(run: Dissection) -> pd.DataFrame:
    detectors = run.detectors
    mean = detectors.groupby(["layer", "category"])["iou"].mean()
    mean_all = detectors.groupby("layer")["iou"].mean()
    table = run.layers[["layer", "position", "category", *COUNTS]].copy()
    table["mean_iou"] = [
        mean_all.get(row.layer) if row.category == ALL else mean.get((row.layer, row.category))
        for row in table.itertuples()
    ]
    table["mean_iou"] = table["mean_iou"].astype(float)
    return table


def _at(table: pd.DataFrame, place: int) -> str:
    """Return the layer of a run at a position; ``-`` where it has none."""
    found = table.loc[table["position"] == place, "layer"]
    return str(found.iloc[0]) if len(found) else "-"


def _category_order(merged: pd.DataFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
    names = list(dict.fromkeys(name for table in tables for name in table["category"]))
    rank = merged["category"].map({name: i for i, name in enumerate(names)})
    return merged.assign(rank=rank).sort_values(["order", "layer", "rank"], kind="stable")


def by_depth(runs: Sequence[Dissection]) -> pd.DataFrame:
    """Return detectors and distinct concepts of runs over the relative depth of their layers.

    Returns:
        One row a run, layer and category: ``run`` from 1, ``layer``, ``depth`` (place among the run's layers, 0 for the
        first and 1 for the last; 1 for a single one), ``category``, ``units``, ``detectors``, ``share`` of the units
        that are detectors, ``concepts`` and ``mean_iou`` of the detectors.
    """
    parts = []
    for number, run in enumerate(runs, 1):
        table = _summary(run)
        last = int(table["position"].max())
        depth = table["position"] / last if last else 1.0
        parts.append(table.assign(run=number, depth=depth, share=table["detectors"] / table["units"]))
    columns = ["run", "layer", "depth", "category", "units", "detectors", "share", "concepts", "mean_iou"]
    return pd.concat(parts, ignore_index=True)[columns]


def concepts_by_run(runs: Sequence[Dissection]) -> pd.DataFrame:
    """Return which run has detectors of which concept, over all of its layers.

    Returns:
        One row a concept that some run has a detector of: ``concept``, ``category``, ``runs`` (how many have one),
        ``only`` (the number of the one run that has, from 1; null where several have), ``known`` (whether every run's
        vocabulary has the concept); and for each run ``detectors_1``, the best of them ``layer_1``, ``unit_1`` and
        ``iou_1``, null where it has none, and so on.
    """
    found = [_best(run, number) for number, run in enumerate(runs, 1)]
    merged = reduce(lambda one, two: one.merge(two, on=["category", "concept"], how="outer"), found)
    table = merged.set_index(["category", "concept"]).sort_index()
    columns = [f"detectors_{number}" for number in range(1, len(runs) + 1)]
    table[columns] = table[columns].fillna(0)
    has = table[columns].to_numpy(np.int64) > 0
    only = pd.array(has.argmax(1) + 1, "Int64")
    only[has.sum(1) != 1] = pd.NA
    vocabularies = [set(zip(run.concepts["name"], run.concepts["category"], strict=True)) for run in runs]
    known = set.intersection(*vocabularies)
    table.insert(0, "runs", has.sum(1).astype(np.int64))
    table.insert(1, "only", only)
    table.insert(2, "known", [(concept, category) in known for category, concept in table.index])
    return table.reset_index()[["concept", "category", *table.columns]]


def _best(run: Dissection, number: int) -> pd.DataFrame:
    detectors = run.detectors.sort_values("iou", ascending=False, kind="stable")
    groups = detectors.astype({"concept": str, "category": str}).groupby(["category", "concept"])
    best = groups[["layer", "unit", "iou"]].first().assign(detectors=groups.size())
    best = best.astype({"layer": "string", "unit": "Int64", "detectors": "Int64"})
    return best[["detectors", "layer", "unit", "iou"]].add_suffix(f"_{number}").reset_index()


def differences(runs: Sequence[Dissection]) -> list[str]:
    """Return in what runs differ that should be the same when they are compared, in words."""
    concepts = [run.manifest.concepts for run in runs]
    asked: dict[str, list[object]] = {
        "pictures": [run.data.hash for run in runs],
        "vocabulary": [None if each is None else each.hash for each in concepts],
        "least IoU of a detector": [run.settings.min_iou for run in runs],
        "fraction of pixels above a threshold": [run.settings.quantile for run in runs],
        "pixel grid": [tuple(run.settings.grid) for run in runs],
    }
    return [name for name, values in asked.items() if len({repr(value) for value in values}) > 1]
