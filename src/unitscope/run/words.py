"""What a finished dissection says of itself in text: its title, the counts of its layers, what to doubt in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from unitscope.run.calibration import LEAST_FOR_CHANCE, beside_the_count, repairings_needed
from unitscope.run.numbers import fraction

if TYPE_CHECKING:
    from unitscope.run.dissection import Dissection


def title(run: Dissection) -> str:
    """Return network, pictures and concepts in one line."""
    network, data, concepts = run.network, run.data, run.manifest.concepts
    assert concepts is not None
    seed = network.reinitialized
    weights = "" if seed is None else f" (random weights, seed {seed})"
    pictures = f"{_counted(data.used, 'picture')} of {data.name}"
    if data.latents is not None:
        pictures = f"the pictures of {data.name}"
    return f"{network.name}{weights} on {pictures} with {_counted(concepts.count, 'concept')}"


def lines(run: Dissection) -> Iterator[str]:
    """Yield the lines that a terminal shows."""
    yield f"Dissection of {title(run)}"
    skipped = len(run.data.skipped)
    if skipped:
        were = "was" if skipped == 1 else "were"
        yield f"  {_counted(skipped, 'picture')} {were} skipped; the manifest says which and why"
    yield from (f"  {line}" for line in run.manifest.notes)
    for layer, rows in run.layers.groupby("layer", sort=False):
        yield f"  {_layer(run, str(layer), rows)}"
    cut = fraction(run.settings.min_iou)
    yield from (f"  {line}" for line in doubts(run, cut))
    by = "labels by mutual information, " if run.settings.match == "information" else ""
    yield f"  {by}IoU of at least {cut} counts; in {run.address}"


def _layer(run: Dissection, layer: str, rows: pd.DataFrame) -> str:
    """Return how many units of a layer match which kinds of concepts, and how much of that is chance."""
    by_category = {str(row.category): row for row in rows.itertuples()}
    together = by_category.pop("all")
    parts = ", ".join(f"{row.concepts!s} {category}" for category, row in by_category.items() if row.concepts)
    return (
        f"{run.network.layer_title(layer)}: {together.detectors} of {together.units} units match "
        + _counted(together.concepts, "concept")
        + (f" ({parts})" if parts else "")
        + _judged(run, layer)
    )


def _judged(run: Dissection, layer: str) -> str:
    """Return how much of a layer's count chance and random weights explain."""
    row: dict[str, Any] = run.calibration[run.calibration["layer"] == layer].to_dict("records")[0]  # type: ignore[assignment]
    said = beside_the_count(row["untrained"], row["calibrated"])
    if pd.isna(row["calibrated"]) and not pd.isna(row["above_chance"]) and row["detectors"]:
        said += f"; {row['above_chance']:,} of the {row['detectors']:,} above chance"
    return said


def doubts(run: Dissection, cut: str) -> Iterator[str]:
    """Yield what a reader of the counts should know: a control that is missing, too few pictures.

    Args:
        run: the dissection.
        cut: the least IoU of a detector, as it is written there.
    """
    if not (run.generated or run.controls or run.network.is_control):
        yield "how many would with random weights is not measured: that takes a control"
    yield from _about_chance(run)
    own = run.detectors
    unsure = int((own["iou_low"] < run.settings.min_iou).sum())
    if unsure > len(own) / 2:
        yield f"few pictures to tell: the intervals of {unsure:,} of the {len(own):,} detectors reach below {cut}"


def _about_chance(run: Dissection) -> Iterator[str]:
    """Yield why chance was not measured, or was with too few re-pairings."""
    told = run.settings.null
    if told and run.data.used < LEAST_FOR_CHANCE:
        yield f"chance is not measured: it takes {LEAST_FOR_CHANCE} pictures or more"
        return
    if not told:
        return
    for layer, units in run.units.groupby("layer", sort=False):
        needed = repairings_needed(units, told)
        if needed:
            name = run.network.layer_title(str(layer))
            yield (
                f"{told:,} re-pairings are too few to call the units of {name} that none of them reaches: that takes "
                f"{needed:,}"
            )


def _counted(number: object, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
