"""What the importance report reads: the tables of an importance folder beside the labels of its run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.report.data import RunData, check_table, reading
from unitscope.run.address import shown
from unitscope.run.importance import open_importance
from unitscope.run.layout import TABLES
from unitscope.run.manifest import Manifest

COLUMNS: dict[str, tuple[str, ...]] = {
    "classes": (
        *("class", "output", "train_images", "val_images", "recall", "precision", "accuracy"),
        *("balanced_accuracy", "balanced_low", "balanced_high"),
    ),
    "effects": (
        *("unit", "class", "split", "precision", "recall", "accuracy", "balanced_accuracy"),
        *("loss", "loss_low", "loss_high", "p_value", "q_value", "important", "rank"),
    ),
    "overall": ("unit", "split", "accuracy", "loss", "loss_low", "loss_high"),
    "sets": (
        *("class", "kind", "ranking", "repetition", "k", "curve", "balanced_accuracy", "loss"),
        *("loss_low", "loss_high", "recall", "overall_accuracy", "overall_low", "overall_high"),
    ),
    "correlation": ("unit", "class", "correlation"),
    "images": ("split", "sample", "id", "class", "predicted", "used", "reason"),
}
NUMBERS = ("loss", "loss_low", "loss_high", "q_value", "important", "rank")
"""Columns of `effects` that the report shows, one matrix each."""
READ = {"effects": ("unit", "class", "split", *NUMBERS)}
"""What is read of a table, where it is not all."""
REPEATED = {"effects": ["class", "split"], "correlation": ["class"]}
"""Columns of the long tables with few different words: kept once each."""
SPLITS = ("train", "val")
FEW, MANY = 4, 20
"""The sizes of sets that the paper shows."""
SET_KEY = ["place", "kind", "ranking", "repetition", "k"]
Matrix = NDArray[np.float64]


class Measured(NamedTuple):
    """Accuracy of a class with sets of units removed, `(n,)` each: by size, with a range, and over all classes.

    The range is the interval of one set, or that from the lowest to the highest of several random ones.
    """

    k: Matrix
    value: Matrix
    low: Matrix
    high: Matrix
    overall: Matrix
    overall_low: Matrix
    overall_high: Matrix

    def of_size(self, k: int) -> Iterator[tuple[float, ...]]:
        """Yield what was measured with sets of `k` units: all but the size."""
        for at in np.flatnonzero(self.k == k):
            yield tuple(float(column[at]) for column in self[1:])


NOTHING = Measured(*np.zeros((len(Measured._fields), 0)))


@dataclass(frozen=True)
class Importance:
    """The tables of one importance folder, its classes from A to Z, its units by number.

    Attributes:
        folder: the importance folder.
        manifest: of the folder.
        ablation: what a removed unit is set to: `zero` or `mean`.
        error_rate: the false discovery rate at which a unit is called important.
        run: the dissection it belongs to.
        layer: the layer, as the run's tables name it.
        classes: one row a class, A to Z, with numbers on the val pictures.
        units: one row a unit: number, status, concept, category and IoU with its interval.
        effects: by split and column of `NUMBERS`, a matrix `(classes, units)`; NaN where nothing is known.
        overall: accuracy over all classes without each unit.
        sets: accuracy without sets of units, each set once; `place` is the class's row.
        correlation: matrix `(classes, units)`.
        images: one row a picture.
    """

    folder: Path
    manifest: Manifest
    ablation: str
    error_rate: float
    run: RunData
    layer: str
    classes: pd.DataFrame
    units: pd.DataFrame
    effects: dict[tuple[str, str], Matrix]
    overall: pd.DataFrame
    sets: pd.DataFrame
    correlation: Matrix
    images: pd.DataFrame

    @cached_property
    def random(self) -> pd.DataFrame:
        """One row for each class, kind and size of random sets: mean and range over the repetitions.

        Columns: `place`, `kind`, `k`, `mean`, `low`, `high`, `overall`, `overall_low`, `overall_high`, `repetitions`.
        """
        sets = self.sets[self.sets["ranking"] == "random"]
        found = sets.groupby(["place", "kind", "k"], as_index=False).agg(
            mean=("balanced_accuracy", "mean"),
            low=("balanced_accuracy", "min"),
            high=("balanced_accuracy", "max"),
            overall=("overall_accuracy", "mean"),
            overall_low=("overall_accuracy", "min"),
            overall_high=("overall_accuracy", "max"),
            repetitions=("repetition", "nunique"),
        )
        return pd.DataFrame(found)

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """The rows of `sets` of the most important units, with the interval of the balanced accuracy: `low`, `high`.

        It is the accuracy before, less the interval of the loss, as far as that is an accuracy.
        """
        sets = self.sets[self.sets["ranking"] == "importance"]
        before = sets["balanced_accuracy"] + sets["loss"]
        ends = {"low": before - sets["loss_high"], "high": before - sets["loss_low"]}
        return sets.assign(**{name: end.clip(0, 1) for name, end in ends.items()})

    @cached_property
    def _measured(self) -> dict[tuple[str, int, str], Measured]:
        names = {"balanced_accuracy": "value", "mean": "value", "overall_accuracy": "overall"}
        found: dict[tuple[str, int, str], Measured] = {}
        for ranking, table in (("importance", self.ranked), ("random", self.random)):
            renamed = table.rename(columns=names)
            values = renamed[list(Measured._fields)].to_numpy(float)
            groups = renamed.groupby(["place", "kind"]).indices
            for (place, kind), rows in cast("dict[tuple[int, str], NDArray[np.intp]]", groups).items():
                found[ranking, place, kind] = Measured(*values[rows].T)
        return found

    def measured(self, place: int, kind: str, *, random: bool = False) -> Measured:
        """Return what a class has with the most important units, or random ones, `removed` or `kept`."""
        return self._measured.get(("random" if random else "importance", place, kind), NOTHING)

    @cached_property
    def sizes(self) -> tuple[int, int] | None:
        """The sizes of sets nearest below `FEW` and `MANY` that were measured of every class, or None if none were."""
        classes = self.ranked[self.ranked["kind"] == "removed"].groupby("k")["place"].nunique()
        if not len(classes):
            return None
        # Curves have more sizes, of some classes.
        found = classes.index[classes == classes.max()].to_numpy(int)
        few, many = (int(found[found <= size].max(initial=found.min())) for size in (FEW, MANY))
        return few, many

    @cached_property
    def overall_baseline(self) -> float | None:
        """The accuracy over all classes of the whole network on the val pictures, None if it is not known."""
        rows = self.overall[self.overall["split"] == "val"]
        before = (rows["accuracy"] + rows["loss"]).dropna()
        return float(before.median()) if len(before) else None

    @cached_property
    def with_curves(self) -> frozenset[int]:
        """The classes of which sets of all sizes were measured."""
        return frozenset(self.sets.loc[self.sets["curve"], "place"].tolist())

    @property
    def names(self) -> list[str]:
        """The names of the classes, A to Z."""
        return [str(name) for name in self.classes["class"]]

    @property
    def rank(self) -> Matrix:
        """The place of every unit in every class's order of importance, from 1: `(classes, units)`."""
        return self.effects["train", "rank"]

    @property
    def title(self) -> str:
        """The layer as people write it."""
        return self.run.title(self.layer)


def read_importance(folder: Path, run: RunData) -> Importance:
    """Read an importance folder.

    Args:
        folder: a folder written by 'unitscope importance'.
        run: the dissection whose units it is about.

    Raises:
        UnitscopeError: the folder is missing, something else, unfinished, or about a layer that the run lacks.
    """
    found = open_importance(folder)
    found.check()
    summary = found.summary
    layer = _layer(folder, summary.layer, run)
    tables = {name: _table(folder, name) for name in COLUMNS}
    classes = tables["classes"].sort_values("class", key=lambda names: names.str.lower(), kind="stable")
    classes = classes.reset_index(drop=True)
    units = _units(run, layer, tables["effects"]["unit"])
    place = {name: at for at, name in enumerate(classes["class"])}
    column = {unit: at for at, unit in enumerate(units["unit"])}
    return Importance(
        folder, found.manifest, summary.ablation, summary.fdr, run=run, layer=layer, classes=classes, units=units,
        effects=_effects(tables["effects"], place, column),
        overall=tables["overall"],
        sets=_sets(tables["sets"], place),
        correlation=_matrix(tables["correlation"], "correlation", place, column),
        images=tables["images"],
    )  # fmt: skip


def _layer(folder: Path, name: str, run: RunData) -> str:
    for layer in run.layer_names:
        if name in (layer, run.title(layer)):
            return layer
    raise UnitscopeError(
        f"{folder} is about layer {name!r}, which {shown(run.path)} has not dissected; give the run it belongs to"
    )


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / TABLES / f"{name}.parquet"
    check_table(path, COLUMNS[name], "importance")
    columns = list(READ.get(name, COLUMNS[name]))
    with reading(path, "importance"):
        table = pq.read_table(path.absolute(), columns=columns, read_dictionary=REPEATED.get(name))
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _units(run: RunData, layer: str, numbers: pd.Series) -> pd.DataFrame:
    """Return one row for every unit that was removed, with its label; a unit that the run lacks has none."""
    known = run.units[run.units["layer"] == layer]
    asked = pd.DataFrame({"unit": np.unique(numbers.to_numpy(np.int64))})
    columns = ["unit", "status", "concept", "category", "iou", "iou_low", "iou_high", "detector"]
    return asked.merge(known[columns], on="unit", how="left")


def _effects(
    table: pd.DataFrame, place: Mapping[object, int], column: Mapping[object, int]
) -> dict[tuple[str, str], Matrix]:
    found: dict[tuple[str, str], Matrix] = {}
    for split in SPLITS:
        rows = table[table["split"] == split]
        found |= {(split, name): _matrix(rows, name, place, column) for name in NUMBERS}
    return found


def _matrix(
    table: pd.DataFrame, name: str, place: Mapping[object, int], column: Mapping[object, int]
) -> Matrix:
    matrix = np.full((len(place), len(column)), np.nan)
    row, across = table["class"].map(place).to_numpy(float), table["unit"].map(column).to_numpy(float)
    known = np.isfinite(row) & np.isfinite(across)
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(float, na_value=np.nan)
    matrix[row[known].astype(int), across[known].astype(int)] = values[known]
    return matrix


def _sets(table: pd.DataFrame, place: Mapping[object, int]) -> pd.DataFrame:
    """Return the sets of known classes, each once, though it may stand among the sizes and on a curve."""
    table = table.assign(place=table["class"].map(place)).dropna(subset=["place", "balanced_accuracy"])
    table = table.astype({"place": int, "curve": bool})
    table = table.assign(curve=table.groupby(SET_KEY)["curve"].transform("any"))
    return table.drop_duplicates(SET_KEY).sort_values(SET_KEY).reset_index(drop=True)
