"""A finished dissection, opened from its run folder."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from unitscope.errors import UnitscopeError
from unitscope.run.folder import DISSECTION, RunFolder, configuration_hash, read_manifest, require_kind

TABLES = ("units", "matches", "concepts", "layers", "samples", "exemplars", "histograms", "iou")


class Dissection:
    """What every unit of a network matches, read from a run folder on demand.

    Each table is a pandas data frame; ``docs/tables.md`` describes the columns.

    Args:
        path: the run folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: dict[str, Any] = read_manifest(path)

    def table(self, name: str) -> pd.DataFrame:
        """Read a table by name.

        Raises:
            UnitscopeError: the run has no such table.
        """
        file = self.path / "tables" / f"{name}.parquet"
        if not file.is_file():
            known = ", ".join(TABLES)
            raise UnitscopeError(f"{self.path} has no table {name!r}; a complete dissection has: {known}")
        frame: pd.DataFrame = pq.read_table(file).to_pandas()
        return frame

    @cached_property
    def units(self) -> pd.DataFrame:
        """One row a unit: layer, unit, status, threshold, concept, category, IoU with interval."""
        return self.table("units")

    @cached_property
    def layers(self) -> pd.DataFrame:
        """Detectors and distinct concepts by layer and category."""
        return self.table("layers")

    @cached_property
    def concepts(self) -> pd.DataFrame:
        """The vocabulary, with how much of the pictures each concept covers."""
        return self.table("concepts")

    @cached_property
    def matches(self) -> pd.DataFrame:
        """The best concepts of every unit."""
        return self.table("matches")

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

    @property
    def title(self) -> str:
        """Network, pictures and concepts in one line."""
        model, data = self.manifest["model"], self.manifest["data"]
        weights = (
            "" if model.get("reinitialized") is None else f" (random weights, seed {model['reinitialized']})"
        )
        pictures = f"{_counted(data['used'], 'picture')} of {data['name']}"
        if "latents" in data:
            pictures = f"the pictures of {data['name']}"
        return (
            f"{model['name']}{weights} on {pictures} "
            f"with {_counted(self.manifest['concepts']['count'], 'concept')}"
        )

    def summary(self) -> dict[str, Any]:
        """Return the outcome as plain values: the run, pictures used and skipped, detectors by layer."""
        together = self.layers[self.layers["category"] == "all"]
        return {
            "run": str(self.path),
            "model": self.manifest["model"]["name"],
            "pictures": self.manifest["data"]["used"],
            "skipped": len(self.manifest["data"]["skipped"]),
            "layers": [
                {"layer": row.layer, "units": row.units, "detectors": row.detectors, "concepts": row.concepts}
                for row in together.itertuples()
            ],
        }

    def drop_cache(self) -> None:
        """Delete the kept activations; another quantile then needs the network again."""
        RunFolder(self.path).drop_cache()

    def __repr__(self) -> str:
        settings, skipped = self.manifest["settings"], len(self.manifest["data"]["skipped"])
        lines = [f"Dissection of {self.title}"]
        if skipped:
            were = "was" if skipped == 1 else "were"
            lines.append(f"  {_counted(skipped, 'picture')} {were} skipped; the manifest says which and why")
        for layer, rows in self.layers.groupby("layer", sort=False):
            by_category = {str(row.category): row for row in rows.itertuples()}
            together = by_category.pop("all")
            parts = ", ".join(
                f"{row.concepts!s} {category}" for category, row in by_category.items() if row.concepts
            )
            lines.append(
                f"  {layer_title(self.manifest, str(layer))}: {together.detectors} of {together.units} units match "
                + _counted(together.concepts, "concept")
                + (f" ({parts})" if parts else "")
            )
        lines.append(f"  IoU of at least {100 * settings['min_iou']:g}% counts; in {self.path}")
        return "\n".join(lines)


def run_hash(run: Dissection) -> str:
    """Return the SHA-256 of a run's configuration."""
    return configuration_hash(run.manifest)


def layer_title(manifest: dict[str, Any], layer: str) -> str:
    """Return the name to show for a layer of a run: the readable one, where the network has one."""
    aliases: dict[str, str] = manifest.get("model", {}).get("aliases", {})
    return next((alias for alias, path in aliases.items() if path == layer), layer)


def layer_path(manifest: dict[str, Any], name: str) -> str:
    """Return the module name of a layer of a run that may be named by its readable name."""
    aliases: dict[str, str] = manifest["model"].get("aliases", {})
    return aliases.get(name, name)


def _counted(number: Any, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def open_run(path: Path | str) -> Dissection:
    """Open a finished dissection.

    Raises:
        UnitscopeError: the folder holds no run, or one that is not finished.
    """
    run = Dissection(Path(path))
    require_kind(run.path, run.manifest, DISSECTION)
    if run.manifest["status"] != "complete":
        raise UnitscopeError(
            f"the run in {path} is not finished; run the same 'unitscope dissect' command again to go on"
        )
    return run
