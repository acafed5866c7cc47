"""A finished question about altered pictures, opened from its folder."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from unitscope.run.numbers import fraction, percent_score
from unitscope.run.question_summaries import ShapeSummary
from unitscope.run.results import Result, Table

FOLDER = "shape"
"""Where a run keeps them, one folder for each alteration."""


class Shape(Result[ShapeSummary]):
    """Which units keep their masks when pictures are altered; ``docs/shape.md`` describes the tables.

    Args:
        path: the folder.
    """

    kind, command, folder = "shape", "shape", FOLDER
    outcome = ShapeSummary

    units = Table("One row a unit: IoU of its masks, chance level, whether it survives, change of its peak.")
    layers = Table("Detectors that survive, by layer and category.")
    concepts = Table("Detectors that survive, by layer and concept.")
    histogram = Table("How many units of each layer have an IoU between two values.")
    pairs = Table("One row a pair: how far apart, and what the network answers to both.")
    exemplars = Table("One row a unit and strong altered picture, with the unit's regions.")

    def to_pandas(self) -> pd.DataFrame:
        """Return the units table."""
        return self.units

    def _parts(self) -> Iterator[str]:
        from unitscope.run import shown

        return shown.shape(self)

    def __repr__(self) -> str:
        facts = self.summary
        lines = [f"Units of {facts.model} on {facts.pairs:,} pictures and their copies, {facts.alteration}"]
        if facts.skipped:
            count = len(facts.skipped)
            were = "pair was" if count == 1 else "pairs were"
            lines.append(f"  {count:,} {were} left out; the manifest says which and why")
        lines += [f"  {line}" for line in self.manifest.notes]
        for each in facts.layers:
            said = f"  {each.layer}: "
            if not each.detectors:
                lines.append(f"{said}no detectors among {each.units} units")
                continue
            middle = "" if each.median_iou is None else f", median IoU {fraction(each.median_iou)}"
            chance = "" if each.median_chance is None else f" (chance {fraction(each.median_chance)})"
            lines.append(
                f"{said}{percent_score(each.surviving)} of {each.detectors} detectors survive{middle}{chance}"
            )
        if facts.changed is not None:
            lines.append(f"  predictions that change: {percent_score(facts.changed)}")
        lines.append(f"  an IoU above {fraction(facts.survive)} survives; in {self.address}")
        return "\n".join(lines)


open_shape, find_shapes = Shape.open, Shape.find
