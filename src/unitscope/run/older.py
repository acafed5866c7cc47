"""Runs of version 0.1: what their unit table lacks is made of their other tables, or is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LATER_TABLES = {
    "regions": (
        *("layer", "unit", "kind", "rank", "sample", "id", "picture", "peak"),
        *(
            "unit_pixels",
            "concept_pixels",
            "shared_pixels",
            "mask",
            "concept_mask",
            "mask_height",
            "mask_width",
        ),
    ),
    "similar": ("layer", "unit", "rank", "other", "overlap", "correlation"),
}
"""Tables that earlier versions did not write, with their columns."""
LATER = (
    *("p_value", "q_value", "null_iou", "null_iou_95", "lift", "precision", "recall", "f1"),
    *(
        "concept_fraction",
        "average_precision",
        "auroc",
        "runner_up",
        "runner_up_category",
        "margin",
        "margin_low",
        "margin_high",
        "meanings",
    ),
)
"""Columns of the unit table that version 0.1 did not have, in their order."""
UNMEASURED = (
    *("p_value", "q_value", "null_iou", "null_iou_95", "lift"),
    *("average_precision", "auroc", "margin_low", "margin_high"),
)
"""Those of them that take the pictures: they are missing."""
BEFORE = "label_stable"
"""The column that they stand behind."""
UNIT, LABEL = ["layer", "unit"], ["concept", "category"]


def completed_units(
    units: pd.DataFrame, *, pairs: pd.DataFrame, matches: pd.DataFrame, concepts: pd.DataFrame
) -> pd.DataFrame:
    """Return the unit table of a run of 0.1 with the columns of this version.

    Precision, recall, area of the concept, runner-up and margin follow from the other tables. Chance and the interval
    of the margin were not measured.

    Args:
        units: its unit table.
        pairs: its table ``iou``.
        matches: its table of the best concepts.
        concepts: its vocabulary.
    """
    own = units[[*UNIT, *LABEL]].astype(object)
    shared = _beside(own, pairs, [*UNIT, *LABEL])
    second = _beside(own[UNIT], matches[matches["rank"] == 2], UNIT)
    area = _beside(own[LABEL], concepts.rename(columns={"name": "concept"}), LABEL)
    iou = units["iou"].to_numpy(float)
    made = dict.fromkeys(UNMEASURED, np.full(len(units), np.nan)) | {
        "precision": _ratio(shared["intersection"], shared["unit_pixels"]),
        "recall": _ratio(shared["intersection"], shared["concept_pixels"]),
        "f1": 2 * iou / (1 + iou),
        "concept_fraction": _filled(area["fraction"]),
        "runner_up": second["concept"].astype("string").array,
        "runner_up_category": second["category"].astype("string").array,
        "margin": iou - _filled(second["iou"]),
        "meanings": pd.array([pd.NA] * len(units), "Int32"),
    }
    names = [name for name in units.columns if name not in LATER]
    place = names.index(BEFORE) + 1
    whole = units.assign(**{name: column for name, column in made.items() if name not in units.columns})
    return whole[[*names[:place], *LATER, *names[place:]]]


def lacks_columns(units: pd.DataFrame) -> bool:
    """Return whether a unit table lacks columns that this version writes."""
    return not set(LATER) <= set(units.columns)


def _beside(own: pd.DataFrame, table: pd.DataFrame, on: list[str]) -> pd.DataFrame:
    """Return the row of a table that belongs to each of one's own; one of missing values where there is none."""
    return own[on].merge(table.astype(dict.fromkeys(on, object)), how="left", on=on)


def _filled(numbers: pd.Series) -> NDArray[np.float64]:
    return numbers.fillna(0.0).to_numpy(np.float64)


def _ratio(part: pd.Series, whole: pd.Series) -> NDArray[np.float64]:
    above, below = _filled(part), _filled(whole)
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
