"""What a report reads from a run folder: the manifest and the Parquet tables, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from unitscope.errors import UnitscopeError, one_line
from unitscope.run.dissection import Dissection
from unitscope.run.folder import check_whole
from unitscope.run.layout import PICTURES, TABLES
from unitscope.run.manifest import Manifest, SettingsRecord, fitted, plain, read_manifest
from unitscope.run.older import LATER, LATER_TABLES
from unitscope.run.results import Result

COLUMNS: dict[str, tuple[str, ...]] = {
    "units": (
        *("layer", "unit", "status", "threshold", "quantile_fraction", "concept", "category", "iou"),
        *(
            "iou_low",
            "iou_high",
            "iou_heldout",
            "label_stable",
            "p_value",
            "q_value",
            "null_iou",
            "null_iou_95",
        ),
        *(
            "lift",
            "detector",
            "peak",
            "precision",
            "recall",
            "average_precision",
            "auroc",
            "runner_up",
            "runner_up_category",
        ),
        *("margin", "margin_low", "margin_high", "meanings"),
    ),
    "matches": (
        *("layer", "unit", "rank", "concept", "category", "iou", "intersection", "union"),
        "best_in_category",
    ),
    "concepts": ("number", "name", "category", "pixels", "fraction", "pictures"),
    "layers": ("layer", "position", "units", "height", "width", "category", "detectors", "concepts"),
    "samples": ("sample", "id", "used", "reason"),
    "exemplars": (
        *("layer", "unit", "rank", "sample", "id", "picture", "peak"),
        *("mask", "mask_height", "mask_width"),
    ),
    "histograms": ("layer", "unit", "edges", "counts"),
    "iou": ("layer", "unit", "number", "iou"),
}


@dataclass(frozen=True)
class RunData:
    """The tables of one finished dissection that every page needs; the big ones are read layer by layer.

    Attributes:
        path: the run folder.
        manifest: the run's `manifest.json`.
        units: one row per unit, in the order of the layers, then of the units; `calibrated` says which are detectors
            by the calibrated rule.
        layers: one row per layer and category (and `all`), in the order of the layers.
        concepts: one row per concept of the vocabulary, by number.
        samples: one row per picture.
        layer_names: the layers in the order of the model.
        pictures: the pictures that are there, as the exemplars name them.
        calibration: one row per layer: detectors by both rules and with random weights.
        doubts: what a reader of the counts should know, see :meth:`Dissection.doubts`.
    """

    path: Path
    manifest: Manifest
    units: pd.DataFrame
    layers: pd.DataFrame
    concepts: pd.DataFrame
    samples: pd.DataFrame
    layer_names: tuple[str, ...]
    pictures: frozenset[str]
    calibration: pd.DataFrame
    doubts: Sequence[str]

    @property
    def settings(self) -> SettingsRecord:
        """What the dissection was told."""
        return fitted(self.path, self.manifest.settings, SettingsRecord)

    @property
    def facts(self) -> dict[str, object]:
        """What the manifest says of the run: model, data, vocabulary, settings, how and when it was made."""
        manifest = self.manifest
        records = {
            "model": manifest.model,
            "data": manifest.data,
            "vocabulary": manifest.concepts,
            "segmenter": manifest.segmenter,
        }
        return {
            **records,
            "listed": {name: {} if record is None else plain(record) for name, record in records.items()},
            "settings": plain(self.settings),
            "packages": manifest.packages,
            "seconds": manifest.seconds,
            "created": manifest.created,
            "command": manifest.command,
            "notes": manifest.notes,
        }

    def title(self, layer: str) -> str:
        """Return the name to show for a layer."""
        return layer if self.manifest.model is None else self.manifest.model.layer_title(layer)

    def matches(self, layer: str) -> pd.DataFrame:
        """Return the best concepts of every unit of a layer, by unit and rank."""
        return _frame(self.path, "matches", layer).sort_values(["unit", "rank"])

    def exemplars(self, layer: str) -> pd.DataFrame:
        """Return the exemplars of every unit of a layer, by unit and rank; a missing `picture` is null."""
        frame = _frame(self.path, "exemplars", layer).sort_values(["unit", "rank"])
        picture = frame["picture"].astype(object)
        return frame.assign(picture=picture.where(picture.isin(self.pictures), None))

    def shown_pictures(self) -> pd.DataFrame:
        """Return the pictures of the exemplars of all units that are there: `layer`, `unit`, `rank`, `picture`."""
        frame = _read(self.path, "exemplars", ("layer", "unit", "rank", "picture")).to_pandas()
        found: pd.DataFrame = frame[frame["picture"].isin(self.pictures)]
        return found.astype({"layer": str, "picture": str})

    def regions(self, layer: str) -> pd.DataFrame:
        """Return where units and labels are in single pictures, by unit, kind and rank; empty for earlier versions."""
        frame = self._later("regions", layer)
        picture = frame["picture"].astype(object)
        return frame.assign(picture=picture.where(picture.isin(self.pictures), None))

    def similar(self, layer: str) -> pd.DataFrame:
        """Return the units that are like each unit of a layer, by unit and rank; empty for earlier versions."""
        return self._later("similar", layer)

    def _later(self, name: str, layer: str) -> pd.DataFrame:
        columns, file = LATER_TABLES[name], self.path / TABLES / f"{name}.parquet"
        if not file.is_file():
            return pd.DataFrame(columns=list(columns))
        check_table(file, columns, "dissect")
        frame: pd.DataFrame = _read(self.path, name, columns, layer=layer).to_pandas()
        return frame

    def histograms(self, layer: str) -> pd.DataFrame:
        """Return the activation histogram of every unit of a layer."""
        return _frame(self.path, "histograms", layer).sort_values("unit")

    def best_units(self) -> pd.DataFrame:
        """Return, by concept number, the unit of highest IoU: columns `layer`, `unit`, `iou`."""
        columns = COLUMNS["iou"]
        table = _read(self.path, "iou", columns, words=("layer",))
        number, iou = (table[name].to_numpy() for name in ("number", "iou"))
        order = np.lexsort((-iou, number))
        _, first = np.unique(number[order], return_index=True)
        best: pd.DataFrame = table.take(pa.array(order[first])).to_pandas()
        return best.astype({"layer": str}).set_index("number")


def asked(found: Result[object]) -> dict[str, object]:
    """Return what the page of a question says of how it was asked: when, with which command and settings."""
    manifest = found.manifest
    return {
        "created": manifest.created,
        "command": manifest.command,
        "config": manifest.config,
        "notes": manifest.notes,
    }


def label_of(concept: object) -> str:
    """Return the label of a unit as people read it; a unit without one has a concept that is no text."""
    return concept if isinstance(concept, str) else "no label"


def records(frame: pd.DataFrame) -> Iterator[Any]:
    """Return the rows of a table as named tuples."""
    return iter(frame.itertuples(index=False))


def read_run(run: Path) -> RunData:
    """Read what every page of the report needs from a run folder.

    Args:
        run: a folder written by 'unitscope dissect'.

    Raises:
        UnitscopeError: the folder is missing, is no run, or is a run that has not finished.
    """
    manifest = read_manifest(run)
    check_whole(run, manifest, "dissect")
    _check_tables(run)
    layers = _frame(run, "layers").sort_values("position", kind="stable")
    names = tuple(dict.fromkeys(layers["layer"]))
    opened = Dissection(run)
    units = opened.units[list(COLUMNS["units"])].assign(calibrated=opened.calibrated)
    strangers = sorted(set(units["layer"]) - set(names))
    if strangers:
        raise UnitscopeError(
            f"{run}/tables/layers.parquet lacks the layer {strangers[0]!r} of units.parquet: "
            "the tables are of different runs; run the same 'unitscope dissect' command again"
        )
    place = units["layer"].map({name: index for index, name in enumerate(names)})
    units = units.assign(place=place).sort_values(["place", "unit"]).reset_index(drop=True)
    concepts = _frame(run, "concepts").sort_values("number").reset_index(drop=True)
    pictures = frozenset(f"{PICTURES}/{path.name}" for path in (run / PICTURES).glob("*"))
    calibration = opened.calibration.set_index("layer").loc[list(names)].reset_index()
    return RunData(
        run,
        manifest,
        units,
        layers,
        concepts,
        _frame(run, "samples"),
        names,
        pictures,
        calibration,
        opened.doubts(f"{100 * opened.settings.min_iou:.3g} %"),
    )


def _check_tables(run: Path) -> None:
    for name, columns in COLUMNS.items():
        path = run / TABLES / f"{name}.parquet"
        if not path.is_file():
            raise UnitscopeError(
                f"{run} has no tables/{name}.parquet: the dissection has not finished; "
                "run the same 'unitscope dissect' command again to resume"
            )
        check_table(path, [column for column in columns if column not in LATER], "dissect")


def check_table(path: Path, columns: Sequence[str], command: str) -> None:
    """Refuse a table that cannot be read or lacks a column.

    Args:
        path: the Parquet file.
        columns: that are needed.
        command: what writes it.

    Raises:
        UnitscopeError: it is damaged, or of another version.
    """
    with reading(path, command):
        present = set(pq.read_schema(path).names)
    missing = [column for column in columns if column not in present]
    if missing:
        raise UnitscopeError(
            f"{path} lacks the column {missing[0]!r}: it is of another version; {_again(command)}"
        )


@contextmanager
def reading(path: Path, command: str) -> Iterator[None]:
    """Say in one line that a table cannot be read, and what to do.

    Args:
        path: the Parquet file.
        command: what writes it.

    Raises:
        UnitscopeError: it is damaged.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise UnitscopeError(f"{path} cannot be read ({one_line(error)}); {_again(command)}") from error


def _again(command: str) -> str:
    return f"run the same 'unitscope {command}' command again, in another folder"


def _read(
    run: Path, name: str, columns: Sequence[str], *, layer: str | None = None, words: Sequence[str] = ()
) -> pa.Table:
    filters = None if layer is None else [("layer", "==", layer)]
    path = run / TABLES / f"{name}.parquet"
    with reading(path, "dissect"):
        return pq.read_table(
            path.absolute(), columns=list(columns), filters=filters, read_dictionary=list(words) or None
        )


def _frame(run: Path, name: str, layer: str | None = None) -> pd.DataFrame:
    frame: pd.DataFrame = _read(run, name, COLUMNS[name], layer=layer).to_pandas()
    return frame
