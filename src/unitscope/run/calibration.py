"""Which labels stand out: above chance, the same on both halves of the pictures, and above untrained networks.

A control is the same dissection of the same network with random weights. It is a run of its own, in a folder of the run
that it belongs to, and what it says is put together here when it is asked for: a control that comes later changes no
file of the run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FOLDER = "controls"
"""Where a run keeps its controls, one folder for each seed."""
LEAST_FOR_CHANCE = 20
"""Pictures below which chance is not measured: their re-pairings are few and alike."""
FALSE_DISCOVERIES = 0.05
"""Rate of false discoveries at which units are called above chance."""
EXCEEDING = 0.05
"""Share of the units of random weights that may reach the cut of their layer."""
EPSILON = 1e-9
DetectorRule = Literal["paper", "calibrated"]
"""What makes a unit a detector: an IoU at the cut of the run, or a label that stands out."""


def calibrated_cuts(controls: Sequence[pd.DataFrame], layers: Sequence[str]) -> dict[str, float]:
    """Return the held-out IoU of each layer that at most 5 % of the units with random weights exceed.

    Args:
        controls: unit tables of controls, one a seed; their units are taken together.
        layers: names of layers.

    Returns:
        Cuts by layer; NaN where no control looked into it.
    """
    return {layer: _cut([table[table["layer"] == layer] for table in controls]) for layer in layers}


def _cut(parts: Sequence[pd.DataFrame]) -> float:
    reached = np.concatenate(
        [np.zeros(0), *(part["iou_heldout"].fillna(0).to_numpy(float) for part in parts)]
    )
    if not len(reached):
        return float("nan")
    return float(np.quantile(reached, 1 - EXCEEDING, method="inverted_cdf"))


def beside_the_count(untrained: float, calibrated: object) -> str:
    """Say of a count of detectors, going on after it, what random weights give and how many stand out.

    Args:
        untrained: detectors with random weights; NaN without a control.
        calibrated: detectors by the calibrated rule; missing where that is not known.
    """
    controlled = not math.isnan(untrained)
    said = f"; {whole_or_mean(untrained)} would with random weights" if controlled else ""
    if not pd.isna(calibrated):  # type: ignore[call-overload]
        said += f"; {calibrated:,} stand out from {'those and from ' if controlled else ''}chance"
    return said


def whole_or_mean(count: float) -> str:
    """Write a count that is a mean where there are several controls: ``137.5``, ``1,204``."""
    return f"{count:,.10g}"


def repairings_needed(units: pd.DataFrame, repairings: int) -> int:
    """Return how many re-pairings would call the units of a layer that no re-pairing reached; 0 where they are called.

    A p-value is never below 1 / (K + 1), so that few units among many cannot be called with few re-pairings: k of m
    live ones are if K + 1 is at least m / (k rate), were they above all of those re-pairings as well.

    Args:
        units: of one layer, with p- and q-values.
        repairings: K of the run.
    """
    live = units[units["status"] == "live"]
    beyond = live[live["p_value"] <= 1 / (repairings + 1) + EPSILON]
    if not len(beyond) or (beyond["q_value"] <= FALSE_DISCOVERIES).all():
        return 0
    return math.ceil(len(live) / (FALSE_DISCOVERIES * len(beyond)) - EPSILON) - 1


def stands_out(units: pd.DataFrame, cuts: NDArray[np.float64]) -> pd.Series[bool]:
    """Tell which units are detectors by the calibrated rule.

    These have a q-value of at most 0.05, one label on both halves of the pictures, and a held-out IoU above a cut.

    Args:
        units: a unit table.
        cuts: of each unit ``(U,)``: for a network that of its layer, see :func:`calibrated_cuts`; for a generator what
            5 % of the re-pairings of the unit exceed.

    Returns:
        A nullable column: missing where chance or the cut was not measured.
    """
    chance, live = units["q_value"].to_numpy(float), (units["status"] == "live").to_numpy(bool)
    found: NDArray[np.bool_] = (
        (chance <= FALSE_DISCOVERIES)
        & units["label_stable"].fillna(False).to_numpy(bool)
        & (units["iou_heldout"].to_numpy(float) > cuts)
    )
    unknown = live & (np.isnan(cuts) | np.isnan(chance))
    return pd.Series(pd.arrays.BooleanArray(found, unknown), index=units.index, name="calibrated")
