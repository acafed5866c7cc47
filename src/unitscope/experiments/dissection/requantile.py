"""A finished dissection labelled again at another quantile, so that it can be set beside itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.exemplars import picture_sampling
from unitscope.experiments.dissection.look import kept_activations, thresholds_of
from unitscope.experiments.dissection.rescore import at_quantile
from unitscope.run.comparison import ALL
from unitscope.run.dissection import Dissection
from unitscope.run.manifest import SettingsRecord

KEPT = ("concepts", "samples")
"""Tables that do not depend on the thresholds."""


class Requantiled(Dissection):
    """A finished run with the thresholds, labels and regions of another quantile; no network runs.

    Args:
        run: a finished run whose activations were kept.
        quantile: fraction of pixels above the threshold, in (0, 1).

    Raises:
        UnitscopeError: the activations were not kept, or the quantile is outside (0, 1).
    """

    def __init__(self, run: Dissection, quantile: float) -> None:
        super().__init__(run.path)
        self.quantile = quantile
        self._units = at_quantile(run, quantile)

    @cached_property
    def settings(self) -> SettingsRecord:
        """What it was told, with this quantile."""
        return replace(self.said("settings", SettingsRecord), quantile=self.quantile)

    @cached_property
    def controls(self) -> list[Dissection]:
        """None: those that were run have the quantile of the run."""
        return []

    @property
    def folder_name(self) -> str:
        """Name of the run folder, with the quantile."""
        return f"{super().folder_name}-quantile-{self.quantile:g}"

    @property
    def title(self) -> str:
        """Network, pictures, concepts and quantile in one line."""
        return f"{super().title}, labelled again at quantile {self.quantile:g}"

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by name, as far as it is known at this quantile: units, layers and exemplars.

        Raises:
            UnitscopeError: it is not known.
        """
        if name in KEPT:
            return super().table(name)
        if name == "units":
            return self._units
        if name == "layers":
            return _recounted(super().table(name), self._units)
        if name == "exemplars":
            return _outlined_again(super().table(name), self)
        raise UnitscopeError(
            f"{self.address} labelled again at quantile {self.quantile:g} has no table {name!r}; dissect with that "
            "quantile, into another folder"
        )


def requantiled(run: Dissection, quantile: float) -> Requantiled:
    """Label every unit of a run again at another quantile, as a run that can be set beside others.

    Args:
        run: a finished run whose activations were kept.
        quantile: fraction of pixels above the threshold, in (0, 1).

    Returns:
        What `compare`, `difference` and `write_comparison` take: its units, counts of layers and outlined exemplars are
        those of this quantile, with the least IoU of the run. Nothing is written.

    Raises:
        UnitscopeError: the activations were not kept, or the quantile is outside (0, 1).
    """
    return Requantiled(run, quantile)


def _recounted(layers: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Return the table of layers with the detectors and distinct concepts of these units."""
    detectors = units[units["detector"]]
    counts = []
    for layer, category in zip(layers["layer"], layers["category"], strict=True):
        mine = detectors[detectors["layer"] == layer]
        chosen = mine if category == ALL else mine[mine["category"] == category]
        counts.append((len(chosen), len(chosen[["concept", "category"]].drop_duplicates())))
    return layers.assign(detectors=[each[0] for each in counts], concepts=[each[1] for each in counts])


def _outlined_again(exemplars: pd.DataFrame, run: Dissection) -> pd.DataFrame:
    """Return the table of exemplars with the regions above the thresholds of a run."""
    activations, thresholds = kept_activations(run), thresholds_of(run)
    plan = activations.plan
    masks: NDArray[np.object_] = np.empty(len(exemplars), object)
    numbered = exemplars.reset_index(drop=True)
    for number, of_shard in numbered.groupby(numbered["sample"] // plan.shard_size):
        shard = activations.shard(int(number))
        position = {int(sample): at for at, sample in enumerate(shard.samples)}
        for key, rows in of_shard.groupby(["layer", "sample"]):
            layer, sample = cast("tuple[str, int]", key)
            units = rows["unit"].to_numpy(np.int64)
            sampling = picture_sampling(plan.by_layer[layer], plan.raster)
            levels = thresholds[layer][units]
            bits = shard.cells[layer].regions_above(position[sample], units, levels, sampling)
            masks[rows.index] = [packed.tobytes() for packed in bits]
    return numbered.assign(mask=masks)
