"""What the scoring of a unit as a classifier can be told."""

from __future__ import annotations

from dataclasses import dataclass

from unitscope.experiments.settings import (
    A_SEED,
    REPLICATES,
    Fed,
    Rule,
    Spread,
    at_least,
    loaders_setting,
    setting,
)


@dataclass(frozen=True)
class ClassifierSettings(Fed, Spread):
    """What the scoring of a unit as a classifier can be told."""

    min_area: float = setting(
        0.05,
        "Fraction of the picture that the concept covers more of on a positive one.",
        rule=Rule("from 0 to below 1", lambda value: 0 <= value < 1),
    )
    replicates: int = setting(1000, "Bootstrap replicates of the intervals.", rule=REPLICATES)
    seed: int = setting(0, "Seed of the bootstrap, and of other latents than those of the run.", rule=A_SEED)
    mistakes: int = setting(12, "Pictures shown of each kind of mistake.", rule=at_least(0))
    loaders: int | None = loaders_setting()
