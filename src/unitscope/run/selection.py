"""Choose units of a run by layer, concept, category and IoU."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.run.calibration import DetectorRule
from unitscope.run.dissection import Dissection
from unitscope.run.numbers import column_of

DESCENDING = ("iou", "iou_low", "iou_high", "iou_heldout", "lift", "peak", "quantile_fraction", "threshold")


def select_units(
    run: Dissection,
    *,
    layers: Sequence[str] = (),
    concepts: Sequence[str] = (),
    categories: Sequence[str] = (),
    min_iou: float = 0.0,
    sort: str = "iou",
    rule: DetectorRule | None = None,
    units: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the units of a run that fit, sorted; no condition, all units.

    Args:
        run: a finished run.
        layers: only these layers.
        concepts: only units labelled with one of these concepts.
        categories: only units labelled with a concept of these categories.
        min_iou: least IoU.
        sort: a column, by its name or its heading; measures go from high to low, names and numbers upwards.
        rule: only units that are detectors by it, see :meth:`Dissection.detectors_by`.
        units: a unit table to choose from instead of the run's own, such as that of `at_quantile`.

    Raises:
        UnitscopeError: the run has no such layer, concept, category or column, or does not know the rule, or
            a rule is given with another unit table.
    """
    if rule is not None and units is not None:
        raise UnitscopeError(
            "what is a detector is known at the quantile of the run alone; leave out --rule or --quantile"
        )
    detectors = None if rule is None else run.detectors_by(rule)
    units = run.units if units is None else units
    layers = [run.network.layer_path(name) for name in layers]
    known = {
        "layer": (layers, list(units["layer"].unique())),
        "concept": (concepts, list(run.concepts["name"].unique())),
        "category": (categories, list(run.concepts["category"].unique())),
    }
    for column, (wanted, names) in known.items():
        for name in wanted:
            if name not in names:
                raise UnitscopeError(
                    f"{column} {name!r} is not in {run.address};{did_you_mean(name, names) or _listing(names)}"
                )
        if wanted:
            units = units[units[column].isin(list(wanted)).fillna(False)]
    sort = column_of(sort, units.columns)
    if sort not in units.columns:
        raise UnitscopeError(f"cannot sort by {sort!r};{did_you_mean(sort, units.columns)} columns: "
                             + ", ".join(units.columns))  # fmt: skip
    units = units[units["iou"] >= min_iou]
    if detectors is not None:
        units = units[units.index.isin(detectors.index)]
    order = {name: i for i, name in enumerate(run.layers.drop_duplicates("layer")["layer"])}
    if sort == "layer":
        return units.sort_values(["layer", "unit"], key=lambda c: c.map(order) if c.name == "layer" else c)
    return units.sort_values(sort, ascending=sort not in DESCENDING, kind="stable")


def _listing(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return f" it has {shown}{f' and {len(names) - most} more' if len(names) > most else ''}"
