"""What a question about altered pictures can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unitscope.experiments.settings import (
    A_SEED,
    REPLICATES,
    Cached,
    Fed,
    Rule,
    Spread,
    at_least,
    cache_setting,
    loaders_setting,
    setting,
)


@dataclass(frozen=True)
class ShapeSettings(Cached, Fed, Spread):
    """What a question about altered pictures can be told."""

    quantile: float | None = setting(
        None,
        "Fraction of pixels above a unit's threshold; that of the run by default.",
        rule=Rule("between 0 and 1", lambda value: value is None or 0 < value < 1),
    )
    thresholds: Literal["pictures", "run"] = setting(
        "pictures",
        "Thresholds on the originals: found on these pictures, as those on the copies are, or taken from the run.",
    )
    survive: float = setting(
        0.1,
        "A unit survives the alteration where its IoU is above this.",
        rule=Rule("from 0 to below 1", lambda value: 0 <= value < 1),
    )
    top: int = setting(4, "Strongest altered pictures shown of a unit.", rule=at_least(1))
    shown: int = setting(
        6,
        "Units of each layer whose pictures are shown: half of them survive best, half least; 0 for none.",
        rule=at_least(0),
    )
    replicates: int = setting(1000, "Bootstrap replicates of the intervals.", rule=REPLICATES)
    seed: int = setting(0, "Seed of the alteration and of the bootstrap.", rule=A_SEED)
    cache_budget: float = cache_setting("Activations kept on disk at most while it runs, GiB")
    loaders: int | None = loaders_setting()
