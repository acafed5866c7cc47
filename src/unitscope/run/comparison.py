"""Two dissections side by side: two networks, or a trained one against its untrained control."""

from __future__ import annotations

import pandas as pd

from unitscope.run.dissection import Dissection


def compare(first: Dissection, second: Dissection) -> pd.DataFrame:
    """Set detectors and distinct concepts of two runs side by side, by layer and category.

    Layers meet by name where the runs share a layer, else by position from the input, so that networks with other
    layer names can be compared.

    Args:
        first: a finished run.
        second: another.

    Returns:
        One row a layer and category, with columns ``layer`` (``first / second`` where the names differ), ``category``,
        ``units_1``, ``detectors_1``, ``concepts_1``, ``mean_iou_1`` (mean IoU of the detectors) and the same for 2.
    """
    tables = [_summary(run) for run in (first, second)]
    shared = set(tables[0]["layer"]) & set(tables[1]["layer"])
    key = "layer" if shared else "position"
    merged = tables[0].merge(tables[1], on=[key, "category"], how="outer", suffixes=("_1", "_2"), sort=False)
    if key == "position":
        merged["layer"] = merged["layer_1"].fillna("-") + " / " + merged["layer_2"].fillna("-")
        merged["position_1"] = merged["position"]
    merged["order"] = merged["position_1"].fillna(merged.get("position_2"))
    columns = [f"{name}_{run}" for run in (1, 2) for name in ("units", "detectors", "concepts", "mean_iou")]
    counts = [column for column in columns if not column.startswith("mean")]
    merged[counts] = merged[counts].astype("Int64")
    return _category_order(merged, tables)[["layer", "category", *columns]].reset_index(drop=True)


def _summary(run: Dissection) -> pd.DataFrame:
    detectors = run.detectors
    mean = detectors.groupby(["layer", "category"])["iou"].mean()
    mean_all = detectors.groupby("layer")["iou"].mean()
    table = run.layers[["layer", "position", "category", "units", "detectors", "concepts"]].copy()
    table["mean_iou"] = [
        mean_all.get(row.layer) if row.category == "all" else mean.get((row.layer, row.category))
        for row in table.itertuples()
    ]
    table["mean_iou"] = table["mean_iou"].astype(float)
    return table


def _category_order(merged: pd.DataFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
    names = list(dict.fromkeys([*tables[0]["category"], *tables[1]["category"]]))
    rank = merged["category"].map({name: i for i, name in enumerate(names)})
    return merged.assign(rank=rank).sort_values(["order", "layer", "rank"], kind="stable")
