"""A finished dissection, opened from its run folder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.registered import VIEWS, make_registered
from unitscope.run import words
from unitscope.run.calibration import (
    FALSE_DISCOVERIES,
    FOLDER,
    DetectorRule,
    calibrated_cuts,
    stands_out,
)
from unitscope.run.folder import RunFolder
from unitscope.run.layout import SHARDS, TABLES
from unitscope.run.manifest import MANIFEST, DataRecord, NetworkRecord, SettingsRecord
from unitscope.run.mirror import fetch_cells
from unitscope.run.older import LATER_TABLES, completed_units, lacks_columns
from unitscope.run.results import Result, Table
from unitscope.run.summaries import DissectionSummary, LayerCounts, RunIdentity

if TYPE_CHECKING:
    from unitscope.run.unit import Unit


class Dissection(Result[DissectionSummary]):
    """What every unit of a network matches, read from a run folder on demand.

    Each table is a pandas data frame; ``docs/tables.md`` describes the columns.

    Args:
        path: the run folder.
    """

    kind = "dissection"
    command = "dissect"
    outcome = DissectionSummary

    @property
    def network(self) -> NetworkRecord:
        """What it looked into."""
        assert self.manifest.model is not None
        return self.manifest.model

    @property
    def data(self) -> DataRecord:
        """The pictures, or the latents they were made from."""
        assert self.manifest.data is not None
        return self.manifest.data

    @property
    def generated(self) -> bool:
        """Whether it looked into a generator."""
        return self.network.generator is not None

    @property
    def grid(self) -> tuple[int, int]:
        """Pixel grid ``(gh, gw)`` of the label maps."""
        return self.settings.grid

    @cached_property
    def settings(self) -> SettingsRecord:
        """What it was told."""
        return self.said("settings", SettingsRecord)

    def identity(self) -> RunIdentity:
        """Return what others that start from it say of it."""
        network = self.network
        return RunIdentity(
            run=str(self.path),
            run_hash=self.configuration_hash,
            weights_hash=network.weights_hash,
            model=network.name,
        )

    units = Table(
        "One row a unit: its label and how sure that is, its threshold, what chance gives.",
        first=(
            *(
                "layer",
                "unit",
                "concept",
                "category",
                "iou",
                "iou_low",
                "iou_high",
                "iou_heldout",
                "detector",
            ),
            *("label_stable", "lift", "q_value", "threshold"),
        ),
    )
    layers = Table("Detectors and distinct concepts by layer and category.")
    concepts = Table("The vocabulary, with how much of the pictures each concept covers.")
    matches = Table("The best concepts of every unit.")
    samples = Table("One row a picture: whether it was used, and why not.")
    exemplars = Table("One row a unit and picture: where the unit is strong in its strongest pictures.")
    regions = Table(
        "One row a unit and picture: where the unit and its label are in it, and how strong the unit is."
    )
    similar = Table("One row a unit and rank: the units of its layer that are most like it.")
    histograms = Table("One row a unit: how often its activation lies in each bin.")
    iou = Table("One row a unit and concept that share a pixel.")

    def table(self, name: str) -> pd.DataFrame:
        """Read a table by name; columns that an earlier version did not measure are missing values.

        Tables that it did not write are empty.

        Raises:
            UnitscopeError: there is no such table.
        """
        if name in LATER_TABLES and self.complete and f"{TABLES}/{name}.parquet" not in self.manifest.files:
            return pd.DataFrame(columns=list(LATER_TABLES[name]))
        found = super().table(name)
        if name != "units" or not lacks_columns(found):
            return found
        return completed_units(found, pairs=self.iou, matches=self.matches, concepts=self.concepts)

    def require_pieces(self) -> None:
        """Refuse what needs the kept activations of a run that has none any more that could be read.

        Raises:
            UnitscopeError: it was exported, or an earlier version made it.
        """
        if not (self.path / SHARDS).is_dir():
            raise UnitscopeError(
                f"{self.address} has no activations: exports leave them out; ask the run that was exported, or dissect "
                "again, into another folder"
            )
        if self.manifest.earlier:
            raise UnitscopeError(
                f"{self.address} was made by an earlier version, whose activations are not read; dissect again, into "
                "another folder"
            )

    @cached_property
    def kept_cells(self) -> RunFolder:
        """The folder with the activations that were kept; those of a run of a store are got from it once.

        Raises:
            UnitscopeError: it has none that could be read, or the store refuses.
        """
        self.require_pieces()
        fetch_cells(self.path)
        return RunFolder(self.path)

    def unit(self, layer: str, number: int) -> Unit:
        """Return one unit, which shows itself in a notebook.

        Args:
            layer: one of the run's layers.
            number: of the unit, from 0.

        Raises:
            UnitscopeError: there is no such layer or unit.
        """
        from unitscope.run.unit import Unit

        return Unit(self, layer, number)

    def label_map(self, picture: int | str) -> NDArray[np.int16]:
        """Return the label map of a picture ``(P, gh, gw)``; values are numbers of the concepts table, 0 is nothing.

        Args:
            picture: its number or id.

        Raises:
            UnitscopeError: there is no such picture.
        """
        found = make_registered(VIEWS, "label-map", self, self.find_picture(picture))
        assert isinstance(found, np.ndarray)
        return found

    def heat_maps(
        self, layer: str, rows: pd.DataFrame
    ) -> Iterator[tuple[int, int, float, NDArray[np.uint8]]]:
        """Yield heat maps of units in pictures, as far as activations were kept; no network runs.

        Args:
            layer: module name of one of the run's layers.
            rows: ``unit`` and ``sample``.

        Yields:
            Unit, sample, the activation that level 0 ends with, and levels from 0 to 15 ``(h, w)`` in equal steps from
            there to the unit's highest activation.

        Raises:
            UnitscopeError: the run has no activations, as one that was exported.
        """
        found = make_registered(VIEWS, "heat-maps", self, layer, rows)
        yield from cast("Iterator[tuple[int, int, float, NDArray[np.uint8]]]", found)

    def find_layer(self, name: str) -> str:
        """Return the module name of a layer that may be named by its readable name.

        Raises:
            UnitscopeError: the run did not look into that layer.
        """
        path, known = self.network.layer_path(name), list(dict.fromkeys(self.layers["layer"]))
        if path not in known:
            titles = dict.fromkeys([*known, *map(self.network.layer_title, known)])
            hint = did_you_mean(name, titles) or f" it has {', '.join(known)}"
            raise UnitscopeError(f"layer {name!r} is not in {self.address};{hint}")
        return path

    def find_picture(self, picture: int | str) -> int:
        """Return the number of a picture that may be named by its id.

        Raises:
            UnitscopeError: there is no such picture, or it could not be read.
        """
        samples = self.samples
        found = samples[samples["id" if isinstance(picture, str) else "sample"] == picture]
        if not len(found):
            hint = did_you_mean(str(picture), samples["id"]) or f" there are {len(samples)}"
            raise UnitscopeError(f"picture {picture!r} is not in {self.address};{hint}")
        if not found["used"].iloc[0]:
            raise UnitscopeError(f"picture {picture!r} could not be read: {found['reason'].iloc[0]}")
        return int(found["sample"].iloc[0])

    def best(self, count: int = 20) -> pd.DataFrame:
        """Return the units of highest IoU."""
        return self.units.sort_values(["iou", "layer", "unit"], ascending=[False, True, True]).head(count)

    def to_pandas(self) -> pd.DataFrame:
        """Return the unit table."""
        return self.units

    @property
    def last_layer(self) -> str:
        """The layer that comes last in the forward pass."""
        return str(self.layers.sort_values("position", kind="stable")["layer"].iloc[-1])

    @property
    def detectors(self) -> pd.DataFrame:
        """Units whose IoU reaches the cut."""
        return self.units[self.units["detector"]]

    @cached_property
    def controls(self) -> list[Dissection]:
        """The same with random weights, one run a seed, that are finished; see ``control`` of `unitscope.dissect`."""
        files = sorted((self.path / FOLDER).glob(f"*/{MANIFEST}"))
        found = [type(self)(file.parent) for file in files]
        return [run for run in found if run.complete and run._asked() == self._asked()]

    def _asked(self) -> dict[str, object]:
        """Return everything that decides the labels, besides the model."""
        return {
            name: value for name, value in self.manifest.config.items() if name not in ("model", "scores")
        }

    @cached_property
    def cuts(self) -> dict[str, float]:
        """Held-out IoU of each layer that at most 5 % of its units exceed with random weights; else NaN."""
        return calibrated_cuts([run.units for run in self.controls], list(dict.fromkeys(self.units["layer"])))

    @cached_property
    def calibrated(self) -> pd.Series[bool]:
        """Which units are detectors by the calibrated rule, in the order of the unit table; missing where unknown.

        A generator with random weights makes other pictures, so that its units are held against chance alone. See
        :func:`unitscope.run.calibration.stands_out`.
        """
        cuts = self.units["null_iou_95"] if self.generated else self.units["layer"].map(self.cuts)
        return stands_out(self.units, np.asarray(cuts, np.float64))

    def detectors_by(self, rule: DetectorRule) -> pd.DataFrame:
        """Return the units that are detectors by the paper's rule or by the calibrated one.

        Raises:
            UnitscopeError: the calibrated rule is asked for, and the run has no control or did not measure chance.
        """
        if rule == "paper":
            return self.detectors
        if self.calibrated.isna().any():
            lacks, do = ("control", "--control 0")
            if self.controls or self.generated:
                lacks, do = "measure of chance", "--null 200"
            raise UnitscopeError(
                f"the run in {self.address} has no {lacks}, which the calibrated rule needs; dissect with {do}"
                + (", on the same folder" if lacks == "control" else "")
            )
        return self.units[self.calibrated.astype(bool)]

    @cached_property
    def calibration(self) -> pd.DataFrame:
        """One row a layer: detectors by both rules, and what random weights give.

        Columns: ``layer``, ``units``, ``detectors`` (the paper's rule), ``above_chance`` (of these, those with a
        q-value of at most 0.05; missing where chance was not measured), ``calibrated`` (missing without a control),
        ``cut`` (see `cuts`), ``untrained`` (detectors with random weights, the mean over controls) and ``controls``
        (how many).
        """
        rows = []
        for layer, units in self.units.groupby("layer", sort=False):
            own = units["detector"]
            chance = units.loc[units["status"] == "live", "q_value"]
            beyond = (
                pd.NA if chance.isna().any() else int((own & (units["q_value"] <= FALSE_DISCOVERIES)).sum())
            )
            out = self.calibrated.loc[units.index]
            untrained = [
                int(run.units.loc[run.units["layer"] == layer, "detector"].sum()) for run in self.controls
            ]
            rows.append({
                "layer": str(layer), "units": len(units), "detectors": int(own.sum()), "above_chance": beyond,
                "calibrated": pd.NA if out.isna().any() else int(out.sum()), "cut": self.cuts[str(layer)],
                "untrained": float(np.mean(untrained)) if untrained else np.nan, "controls": len(untrained),
            })  # fmt: skip
        return pd.DataFrame(rows).astype({"above_chance": "Int64", "calibrated": "Int64"})

    @property
    def folder_name(self) -> str:
        """Name of the run folder, for what is named after the run."""
        return self.path.resolve().name

    @cached_property
    def summary(self) -> DissectionSummary:
        """The outcome: pictures used and skipped, detectors by layer."""
        together = self.layers[self.layers["category"] == "all"]
        return DissectionSummary(
            run=str(self.path),
            model=self.network.name,
            pictures=self.data.used,
            skipped=len(self.data.skipped),
            layers=tuple(
                LayerCounts(layer=name, units=units, detectors=detectors, concepts=concepts)
                for name, units, detectors, concepts in together[
                    ["layer", "units", "detectors", "concepts"]
                ].itertuples(index=False)
            ),
        )

    def drop_cache(self) -> None:
        """Delete the kept activations, those of controls too; another quantile then needs the network again."""
        for run in (self, *self.controls):
            RunFolder(run.path).drop_cache()

    @property
    def title(self) -> str:
        """Network, pictures and concepts in one line."""
        return words.title(self)

    def doubts(self, cut: str) -> list[str]:
        """Return what a reader of the counts should know: a control that is missing, too few pictures.

        Args:
            cut: the least IoU of a detector, as it is written there.
        """
        return list(words.doubts(self, cut))

    def _parts(self) -> Iterator[str]:
        from unitscope.run import shown

        return shown.dissection(self)

    def __repr__(self) -> str:
        return "\n".join(words.lines(self))


open_run = Dissection.open
