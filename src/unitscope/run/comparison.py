"""Dissections side by side: several networks, or a trained one against its untrained control."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import reduce
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from unitscope import notebook
from unitscope.errors import UnitscopeError
from unitscope.registered import VIEWS, make_registered
from unitscope.run.dissection import Dissection
from unitscope.run.numbers import Score, fraction, fraction_score, heading, percent_score

COUNTS = ("units", "detectors", "concepts")
ALL = "all"


def compare(first: Dissection, second: Dissection, *more: Dissection) -> Comparison:
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
    found = _category_order(merged, tables)[["layer", "category", *columns]].reset_index(drop=True)
    comparison = Comparison(found)
    comparison.runs = (first, second, *more)
    return comparison


def compared(runs: Sequence[Dissection]) -> list[str]:
    """Return, a line each, how layers meet, how sure differences from the first run are, and what labels are others."""
    lines = [each for each in (pairing(runs),) if each]
    for number, other in enumerate(runs[1:], 2):
        lines += [f"{number} less 1{each}" for each in _differences(runs[0], other)]
        changed = relabelled(runs[0], other)
        if changed is not None:
            table, detectors = changed
            lines.append(f"{len(table):,} of {detectors:,} detectors of 1 have another label in {number}")
    return lines


def _differences(first: Dissection, second: Dissection) -> list[str]:
    """Say how sure the differences between two runs are, see :func:`unitscope.difference`, or why nobody can."""
    try:
        found = make_registered(VIEWS, "difference", first, second)
    except UnitscopeError as error:
        return [f": no intervals, for {error}"]
    assert isinstance(found, pd.DataFrame)
    return [f", {_difference(row)}" for row in found.to_dict("records")]


class Comparison(pd.DataFrame):
    """The table of :func:`compare`: a data frame that says in a notebook which run is which.

    What is made of it, such as a selection of rows, is a plain frame.

    Attributes:
        runs: the runs, in order; 1 is the first.
    """

    _metadata: ClassVar = ["runs"]
    runs: tuple[Dissection, ...]

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def said(self) -> list[str]:
        """Return how sure the differences are, and what labels are others, a line each; that takes a while."""
        return compared(self.runs)

    def _repr_html_(self) -> str:
        shown = [name for name in self.columns if not str(name).startswith("units_")]
        rows = [
            [
                "" if pd.isna(each) else fraction(each) if isinstance(each, float) else str(each)
                for each in row
            ]
            for row in self[shown].astype(object).itertuples(index=False)
        ]
        return notebook.card(
            f"{len(self.runs)} runs, side by side",
            notebook.lines(f"{number}: {run.title}" for number, run in enumerate(self.runs, 1)),
            notebook.table([heading(str(name)) for name in shown], rows, words=2),
            notebook.line(
                "Next: .said() tells how sure the differences are; us.difference gives them", quiet=True
            ),
        )


def _difference(row: Mapping[Hashable, Any]) -> str:
    detectors, iou = (
        Score.of(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in ("detectors", "iou")
    )
    return (
        f"{row['layer']}: detectors {percent_score(detectors, sign='+')} of the units, "
        f"mean IoU {fraction_score(iou, sign='+')}"
    )


def paired_layers(first: Dissection, second: Dissection) -> list[tuple[str, str]]:
    """Return the layers of two runs that meet: by name where they share one, else by position from the input."""
    names = [list(dict.fromkeys(run.units["layer"])) for run in (first, second)]
    shared = [name for name in names[0] if name in names[1]]
    if shared:
        return [(name, name) for name in shared]
    order = [_in_order(run) for run in (first, second)]
    return list(zip(*order, strict=False))


def _in_order(run: Dissection) -> list[str]:
    return list(dict.fromkeys(run.layers.sort_values("position", kind="stable")["layer"]))


def pairing(runs: Sequence[Dissection]) -> str:
    """Say which layers meet by position, where no layer is in all runs; nothing else."""
    if set.intersection(*(set(run.layers["layer"]) for run in runs)):
        return ""
    meet = zip(*(_in_order(run) for run in runs), strict=False)
    return "no layer is in all runs, so they are paired by position: " + "; ".join(map(" with ".join, meet))


def relabelled(first: Dissection, second: Dissection) -> tuple[pd.DataFrame, int] | None:
    """Return the units that are detectors in a run and have another label in a second one.

    Returns:
        One row a unit of the layers in both runs: ``layer``, ``unit``, ``concept_1``, ``category_1``, ``iou_1`` and the
        same for 2, the highest IoU first; and how many detectors the first has in these layers. None where no layer of
        one name has as many units in both, or its units are not the same: one run is of random weights.
    """
    if first.network.is_control != second.network.is_control:
        return None
    columns = ["layer", "unit", "concept", "category", "iou", "detector"]
    both = first.units[columns].merge(second.units[columns], on=["layer", "unit"], suffixes=("_1", "_2"))
    counts = [run.units["layer"].value_counts() for run in (first, second)]
    alike = [name for name in counts[0].index if counts[1].get(name) == counts[0][name]]
    both = both[both["layer"].isin(alike)]
    if not alike:
        return None
    same = (both["concept_1"] == both["concept_2"]) & (both["category_1"] == both["category_2"])
    found = both[both["detector_1"] & ~same.fillna(False).astype(bool)]
    found = found.sort_values("iou_1", ascending=False, kind="stable")
    table = found.drop(columns=["detector_1", "detector_2"]).reset_index(drop=True)
    return table, int(both["detector_1"].sum())


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


def pictures_of(run: Dissection) -> str:
    """Return a hash of the pictures of a run; those of a generator follow from its weights, too."""
    made_by = run.network.weights_hash if run.generated else ""
    return f"{run.data.hash} {made_by}".strip()


def same_pictures(first: Dissection, second: Dissection) -> bool:
    """Tell whether two runs are on the same pictures."""
    return pictures_of(first) == pictures_of(second)


def differences(runs: Sequence[Dissection]) -> list[str]:
    """Return in what runs differ that should be the same when they are compared, in words."""
    concepts = [run.manifest.concepts for run in runs]
    asked: dict[str, list[object]] = {
        "pictures": [pictures_of(run) for run in runs],
        "vocabulary": [None if each is None else each.hash for each in concepts],
        "least IoU of a detector": [run.settings.min_iou for run in runs],
        "fraction of pixels above a threshold": [run.settings.quantile for run in runs],
        "what the best match is best in": [run.settings.match for run in runs],
        "pixel grid": [tuple(run.settings.grid) for run in runs],
    }
    return [name for name, values in asked.items() if len({repr(value) for value in values}) > 1]
