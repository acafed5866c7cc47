"""What the importance of units can be told, and which sets are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Literal

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

SET_SIZES = (1, 2, 3, 4, 5, 20, 64, 128, 256)
"""Units of the sets, by default; those that a layer has not got are left out."""
SMALL_LAYER = 64
"""Layers of up to so many units have every point of a curve."""
EVERY = 8
"""Points of a curve at either end that are not left out; between, a step is one in so many."""


def _are_sizes(given: object) -> bool:
    if not isinstance(given, Iterable):
        return False
    return all(isinstance(size, Integral) and int(size) >= 1 for size in given)


@dataclass(frozen=True)
class ImportanceSettings(Cached, Fed, Spread):
    """What the importance of units can be told."""

    ablation: Literal["zero", "mean"] = setting(
        "zero",
        "What a removed unit is set to: zero, or the mean of its activation over the train pictures.",
    )
    set_sizes: tuple[int, ...] = setting(
        (),
        "Units of a set; may be given again; 1, 2, 3, 4, 5, 20, 64, 128 and 256 by default, as far as "
        "the layer has them.",
        option="set-size",
        bounds=(1, None),
        rule=Rule("whole numbers from 1", _are_sizes),
    )
    curve: tuple[str, ...] = setting(
        (), "A class whose whole curve is measured; may be given again.", metavar="CLASS"
    )
    random: int = setting(5, "Repetitions of random sets of the same sizes.", rule=at_least(0))
    fdr: float = setting(0.05, "False discovery rate of what is important.", rule=between(0, 1))
    replicates: int = setting(1000, "Bootstrap replicates of the intervals.", rule=REPLICATES)
    seed: int = setting(0, "Seed of the bootstrap and of random sets.", rule=A_SEED)
    batch_size: int | None = setting(
        None, "Pictures in a forward pass; as many as in the run by default.", rule=at_least(1), panel=SPEED
    )
    cache_budget: float = cache_setting("Outputs of the network up to the layer kept on disk at most, GiB")
    loaders: int | None = loaders_setting()


def choose_set_sizes(given: Sequence[int], units: int, layer: str) -> tuple[int, ...]:
    """Return the sizes of the sets, in order: those given, or those of the default that the layer has.

    Raises:
        UnitscopeError: a given size is larger than the layer.
    """
    larger = [size for size in given if size > units]
    if larger:
        raise UnitscopeError(
            f"a set of {larger[0]} units does not fit layer {layer!r}, which has {units}; "
            f"give --set-size a number from 1 to {units}"
        )
    return tuple(sorted(set(given))) or tuple(size for size in SET_SIZES if size <= units)


def curve_sizes(units: int) -> tuple[int, ...]:
    """Return the points of a curve: every number of units from 0 to all, or fewer and fewer away from both ends."""
    if units <= SMALL_LAYER:
        return tuple(range(units + 1))
    near = list(range(EVERY + 1))
    while near[-1] < units // 2:
        near.append(near[-1] + max(near[-1] // EVERY, 1))
    inside = [size for size in near if size <= units // 2]
    return tuple(sorted({*inside, *(units - size for size in inside)}))
