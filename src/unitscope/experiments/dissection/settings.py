"""What a dissection can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal, Self

from unitscope.errors import UnitscopeError
from unitscope.experiments.settings import (
    A_SEED,
    REPLICATES,
    SPEED,
    Cached,
    Fed,
    Rule,
    Spread,
    at_least,
    between,
    cache_setting,
    loaders_setting,
    setting,
)

Measure = Literal["iou", "information"]
"""What the best match of a unit is best in."""
ROOM, ROOM_FOR_OTHERS = 2.0, 1.25
"""Times the quantile, and times other quantiles, of each unit's pixels that are kept: units may get weaker after the
first pictures, which set the mark."""


def _read_seeds(given: object) -> tuple[int, ...]:
    """Return the seeds of controls: of one, of several, or as they are typed.

    Raises:
        UnitscopeError: one is no whole number from 0 to 2^63 - 1, or there twice.
    """
    parts: list[object] = [given]
    if isinstance(given, str):
        parts = [int(word) if word.strip().isdecimal() else word for word in given.split(",") if word.strip()]
    elif given is None or isinstance(given, Sequence):
        parts = list(given or ())
    for seed in parts:
        if isinstance(seed, bool) or not isinstance(seed, Integral) or not A_SEED.holds(seed):
            raise UnitscopeError(
                f"--control is {given!r}; it must be seeds {A_SEED.allowed}, such as 0 or 0,1,2"
            )
    if len(set(parts)) < len(parts):
        raise UnitscopeError(f"--control is {given!r}; give each seed once")
    return tuple(int(seed) for seed in parts)  # type: ignore[call-overload]


@dataclass(frozen=True)
class DissectionSettings(Cached, Fed, Spread):
    """What a dissection can be told; the defaults are the paper's."""

    quantile: float = setting(0.01, "Fraction of pixels above a unit's threshold.", rule=between(0, 1))
    min_iou: float = setting(
        0.04, "Least IoU of a detector.", rule=Rule("from 0 to 1", lambda value: 0 <= value <= 1)
    )
    match: Measure = setting(
        "iou",
        "What the label of a unit matches best in: IoU, as in the paper, or mutual information, which tells a colour "
        "from what has that colour.",
    )
    top: int = setting(5, "Strongest pictures kept for each unit.", rule=at_least(1))
    border: Literal["edge", "zeros"] = setting(
        "edge",
        "Beyond the outermost cells: their own value, or a fade to zero.",
    )
    cells: Literal["fields", "even"] = setting(
        "fields",
        "Where the cells of a layer lie: at the centres of their receptive fields, or spread evenly over the picture.",
    )
    trust_places: bool = setting(
        False, "Read layers even if a test says that their cells lie elsewhere; the run is marked."
    )
    allow_random: bool = setting(
        False,
        "Read networks and segmenters that answer the same picture differently each time; the run is marked.",
    )
    replicates: int = setting(1000, "Bootstrap replicates of the IoU interval.", rule=REPLICATES)
    null: int = setting(
        200,
        "Re-pairings of pictures with the labels of others that tell what chance gives; 0 for none.",
        rule=Rule("from 0 to 100,000", lambda value: 0 <= value <= 100_000),
    )
    scores: bool = setting(
        False,
        "Measure how well the whole activation of a unit tells its label, by average precision and AUROC; every "
        "activation is kept for that.",
        decides=False,
    )
    control: tuple[int, ...] = setting(
        (),
        "Dissect a network with new random weights too, once for each of these seeds (0, or 0,1,2), in RUN/controls: "
        "what stands out from those is told apart.",
        read=_read_seeds,
        decides=False,
        metavar="SEEDS",
    )
    seed: int = setting(0, "Seed of latents, of the bootstrap and of re-pairings.", rule=A_SEED)
    batch_size: int = setting(
        16, "Pictures in a forward pass; networks round differently at others.", rule=at_least(1), panel=SPEED
    )
    keep: float = setting(
        0.1,
        "Largest quantile that 'units --quantile' can be asked for later without the network; 1 keeps "
        "every activation.",
        rule=Rule("above 0, at most 1", lambda value: 0 < value <= 1),
        decides=False,
        panel=SPEED,
    )
    cache_budget: float = cache_setting("Activations kept on disk at most, GiB")
    loaders: int | None = loaders_setting()

    @property
    def kept(self) -> float:
        """Fraction of pixels to keep."""
        return 1.0 if self.scores else min(max(ROOM_FOR_OTHERS * self.keep, ROOM * self.quantile), 1.0)

    def of_control(self) -> Self:
        """Return the same for random weights, of whose labels less is asked."""
        return replace(self, control=(), scores=False, keep=min(self.keep, self.quantile))
