"""What the importance of units can be told, and which sets are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from unitscope.errors import UnitscopeError

GIB = 2**30
SET_SIZES = (1, 2, 3, 4, 5, 20, 64, 128, 256)
"""Units of the sets, by default; those that a layer has not got are left out."""
SMALL_LAYER = 64
"""Layers of up to so many units have every point of a curve."""
EVERY = 8
"""Points of a curve at either end that are not left out; between, a step is one in so many."""


@dataclass(frozen=True)
class ImportanceSettings:
    """What the importance of units can be told.

    Attributes:
        ablation: what a removed unit is set to: ``zero``, or the ``mean`` of its activation over the train images.
        set_sizes: units of the sets; the paper's and some more, as far as the layer has them, when empty.
        curve: classes whose whole curve is measured.
        random: repetitions of random sets of the same sizes.
        fdr: false discovery rate of what is called important.
        replicates: bootstrap replicates of the intervals.
        seed: seed of the bootstrap and of the random sets.
        batch_size: images a forward pass; that of the dissection when None.
        cache_bytes: what is kept on disk at most of what crosses the cut; beyond it, it is computed again.
    """

    ablation: Literal["zero", "mean"] = "zero"
    set_sizes: tuple[int, ...] = ()
    curve: tuple[str, ...] = ()
    random: int = 5
    fdr: float = 0.05
    replicates: int = 1000
    seed: int = 0
    batch_size: int | None = None
    cache_bytes: int = 20 * GIB

    def __post_init__(self) -> None:
        for name, valid, allowed in (
            ("ablation", self.ablation in ("zero", "mean"), "zero or mean"),
            ("set_sizes", all(size >= 1 for size in self.set_sizes), "whole numbers from 1"),
            ("random", self.random >= 0, "0 or more"),
            ("fdr", 0 < self.fdr < 1, "between 0 and 1"),
            ("replicates", self.replicates >= 100, "100 or more"),
            ("seed", self.seed >= 0, "0 or more"),
            ("batch_size", self.batch_size is None or self.batch_size >= 1, "1 or more"),
            ("cache_bytes", self.cache_bytes >= 0, "0 or more"),
        ):
            if not valid:
                raise UnitscopeError(f"{name} is {getattr(self, name)!r}; it must be {allowed}")

    def deciding(self) -> dict[str, Any]:
        """The settings that decide the results."""
        return {name: value for name, value in asdict(self).items() if name != "cache_bytes"}


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
    inside = np.array([size for size in near if size <= units // 2])
    return tuple(sorted({*inside.tolist(), *(units - inside).tolist()}))
