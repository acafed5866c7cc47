"""What is told of planted units that were dissected: how many are named right, called, covered."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from planted_units import CONTRASTING, SIGNALS

from unitscope.run.calibration import FALSE_DISCOVERIES
from unitscope.world import VOCABULARY
from unitscope.world.planted import TYPICAL, TYPICAL_CONTRAST

Rule = Callable[[pd.DataFrame], NDArray[np.bool_]]
RULES: dict[str, Rule] = {
    "paper": lambda units: units["detector"].to_numpy(bool),
    "above chance": lambda units: (units["q_value"] <= FALSE_DISCOVERIES).to_numpy(bool),
    "calibrated": lambda units: units["calibrated"].fillna(False).to_numpy(bool),
}
"""What makes a unit a detector, by its row; another rule is another entry here."""
AREAS = (0.001, 0.003, 0.01, 0.03, 1.0)
"""Limits of the part of all points that a concept fills; a unit's mask has 0.01 of them."""
CONTRASTS = (0.0, 1.0, 2.56, math.inf)
"""Limits of contrast; three quarters of the trained detectors are above the last."""
FEW_PICTURES = 20
"""Intervals of concepts that fewer pictures of the sample show are counted apart too."""
TYPICAL_GROUP = f"one, signal {TYPICAL:g}"


def labels_of(table: pd.DataFrame) -> NDArray[np.int32]:
    """Return the number of each row's label, -1 without one."""
    named = zip(table["concept"], table["category"], strict=True)
    numbers = [-1 if pd.isna(name) else VOCABULARY.number(name, category) for name, category in named]
    return np.array(numbers, np.int32)


def named_part(units: pd.DataFrame) -> dict[str, Any]:
    """Return the share of planted units that are named right, by group."""
    planted = units[[bool(unit.concepts) for unit in units["planted"]]]
    found = {group: _named(rows) for group, rows in planted.groupby("group", sort=False)}
    typical = planted[planted["group"] == TYPICAL_GROUP]
    for low, high in itertools.pairwise(AREAS):
        rows = typical[typical["area"].between(low, high, inclusive="left")]
        found[f"{TYPICAL_GROUP}, {low:g} to {high:g} of all points"] = _named(rows)
    for low, high in itertools.pairwise(CONTRASTS):
        rows = typical[typical["contrast"].between(low, high, inclusive="left")]
        found[f"{TYPICAL_GROUP}, contrast {low:g} to {high:g}"] = _named(rows)
    beside = planted[planted["group"] == "colour or material"]
    found["colour or material"]["named_the_object"] = _share(beside["other"])
    return {
        "typical_signal": TYPICAL,
        "typical_contrast": TYPICAL_CONTRAST,
        "goal": 0.99,
        "groups": found,
    }


def _named(rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "units": len(rows),
        "right": _share(rows["right"]),
        "with_twins": _share(rows["twin"]),
        "nearly": _share(rows["near"]),
        "without_noise": _share(rows["able"]),
        "right_of_these": _share(rows["twin"][rows["able"]]),
        "as_without_noise": _share(rows["as_perfect"]),
        "median_iou": round(float(rows["iou"].median()), 3) if len(rows) else None,
    }


def noise_part(units: pd.DataFrame) -> dict[str, Any]:
    """Return what each rule makes of units that respond to nothing."""
    noise = (units["group"] == "noise").to_numpy()
    silent = units["group"].isin(["dead", "constant"]).to_numpy()
    wrong = noise | ~units["twin"].to_numpy(bool)
    found: dict[str, Any] = {"goal": 0.05}
    for name, rule in RULES.items():
        called = rule(units)
        found[name] = {
            "noise_units": int(noise.sum()),
            "noise_called": _share(called[noise]),
            "silent_called": _share(called[silent]),
            "called": int(called.sum()),
            "noise_among_called": _share(noise[called]),
            "wrong_among_called": _share(wrong[called]),
        }
    return found


def power_part(units: pd.DataFrame) -> dict[str, Any]:
    """Return the share of units of one concept that each rule calls detectors under their right name, by signal."""
    groups = {**{f"{s:g}": f"one, signal {s:g}" for s in SIGNALS}, "contrast": CONTRASTING}
    found: dict[str, Any] = {}
    for name, rule in RULES.items():
        called = rule(units) & units["twin"].to_numpy(bool)
        found[name] = {key: _share(called[units["group"] == group]) for key, group in groups.items()}
    return found


def coverage_part(units: pd.DataFrame) -> dict[str, Any]:
    """Return the share of intervals that hold the truth, of all labelled units and of some of them."""
    labelled = units[units["concept"].notna()]
    below, above = labelled["true_iou"] < labelled["iou_low"], labelled["true_iou"] > labelled["iou_high"]
    noise, often = labelled["group"] == "noise", labelled["pictures"] >= FEW_PICTURES
    stable = labelled["label_stable"]
    parts = {
        "all": labelled["concept"].notna(),
        "planted": ~noise,
        "noise": noise,
        f"in fewer than {FEW_PICTURES} pictures": ~often,
        "detectors by the paper's rule": labelled["detector"],
        "stable labels": stable,
        "other labels than stable": ~stable,
        "right labels": labelled["right"],
        "wrong labels": ~labelled["right"],
        **{f"one, signal {s:g}": labelled["group"] == f"one, signal {s:g}" for s in SIGNALS},
    }
    found = {
        name: {
            "units": int(rows.sum()),
            "covered": _share(~(below | above)[rows]),
            "truth_below": _share(below[rows]),
            "truth_above": _share(above[rows]),
        }
        for name, rows in parts.items()
    }
    return {"goal": [0.93, 0.97], "by": found}


def headline(units: pd.DataFrame, covered: pd.DataFrame) -> dict[str, Any]:
    """Return the main figures of a seed."""
    groups, noise = named_part(units)["groups"], noise_part(units)
    coverage = coverage_part(covered)["by"]
    typical, contrasting = groups[TYPICAL_GROUP], groups[CONTRASTING]
    return {
        "named_right": {"signal": typical["with_twins"], "contrast": contrasting["with_twins"]},
        "named_right_of_able": {
            "signal": typical["right_of_these"],
            "contrast": contrasting["right_of_these"],
        },
        "noise_called": {name: noise[name]["noise_called"] for name in RULES},
        "noise_among_called": {name: noise[name]["noise_among_called"] for name in RULES},
        "covered": {name: coverage[name]["covered"] for name in ("all", "stable labels", "noise")},
    }


def _share(values: Sequence[bool] | pd.Series[bool] | NDArray[np.bool_]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None
