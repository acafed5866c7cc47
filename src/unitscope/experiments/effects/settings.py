"""What can be asked of the units of a generator."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from unitscope.errors import UnitscopeError

MOST_SIZES = 1000
NO_CONTROL = "none"
"""Written for `control`: no sets of another concept."""
THRESHOLD = "threshold"


def _check(settings: object, *rules: tuple[str, bool, str]) -> None:
    """Refuse the first setting that breaks its rule."""
    for name, valid, allowed in rules:
        if not valid:
            raise UnitscopeError(f"{name} is {getattr(settings, name)!r}; it must be {allowed}")


def parse_sizes(given: str | int | Sequence[int], option: str = "--units") -> tuple[int, ...]:
    """Read sizes of sets: ``20``, ``1:30`` (both ends included) or ``1,2,5,20``, or these together.

    Raises:
        UnitscopeError: they cannot be read, or are not whole numbers from 1.
    """
    words = given.split(",") if isinstance(given, str) else [str(given)] if isinstance(given, int) else given
    sizes: set[int] = set()
    for word in words:
        match = re.fullmatch(r"\s*([0-9]{1,6})\s*(?::\s*([0-9]{1,6})\s*)?", str(word))
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last or last - first >= MOST_SIZES:
            raise UnitscopeError(
                f"{option} {given!r} cannot be read; write a number of units from 1, as 20, a range, as 1:30, or "
                "several, as 1,2,5,20"
            )
        sizes.update(range(first, last + 1))
    if not sizes:
        raise UnitscopeError(f"{option} is empty; write a number of units, as 20, 1:30 or 1,2,5,20")
    return tuple(sorted(sizes))


@dataclass(frozen=True)
class Level:
    """What units are forced to.

    Attributes:
        kind: each unit's ``threshold``, a ``quantile`` of its activations, or one ``value`` for all.
        value: the quantile, or the activation.
    """

    kind: Literal["threshold", "quantile", "value"]
    value: float = 0.0

    def __str__(self) -> str:
        return THRESHOLD if self.kind == THRESHOLD else f"{self.kind} {self.value:g}"


def parse_level(given: str | float) -> Level:
    """Read a level: ``threshold``, a number between 0 and 1 for that quantile, another number or ``value:NUMBER``.

    Raises:
        UnitscopeError: it is none of these.
    """
    text = str(given).strip()
    if text == THRESHOLD:
        return Level("threshold")
    word = text.removeprefix("value:")
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UnitscopeError(
            f"--level {text!r} is no level; write threshold, a quantile between 0 and 1, as 0.995, or an activation, "
            "as 5 or value:0.5"
        )
    return Level("quantile", value) if word == text and 0 < value < 1 else Level("value", value)


@dataclass(frozen=True)
class Locations:
    """Which cells of the activation grid units are forced on at.

    Attributes:
        count: at most so many of each picture; all when None.
        random: drawn for every picture by the seed, instead of an even sub-lattice that all pictures share.
    """

    count: int | None = None
    random: bool = False

    def __str__(self) -> str:
        return "all" if self.count is None else f"{self.count}{':random' if self.random else ''}"


def parse_locations(given: str | int | None) -> Locations:
    """Read locations: ``all``, ``16`` for an even sub-lattice of at most 16, ``16:random`` for a seeded draw.

    Raises:
        UnitscopeError: it is none of these.
    """
    if given is None or str(given).strip() == "all":
        return Locations()
    match = re.fullmatch(r"\s*([0-9]{1,6})(:random)?\s*", str(given))
    if not match or int(match[1]) < 1:
        raise UnitscopeError(
            f"--locations {given!r} cannot be read; write all, a number from 1 for an even lattice of at most so many, "
            "or 16:random for so many drawn in each picture"
        )
    return Locations(int(match[1]), bool(match[2]))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every question about the units of a generator can be told.

    Attributes:
        latents: the first so many; all of the run when None.
        replicates: bootstrap replicates of the intervals.
        seed: seed of the bootstrap, and of sets and cells that are drawn at random.
        batch_size: pictures that are generated and segmented at once; that of the run when None.
    """

    latents: int | None = None
    replicates: int = 1000
    seed: int = 0
    batch_size: int | None = None

    def __post_init__(self) -> None:
        _check(
            self,
            ("latents", self.latents is None or self.latents >= 1, "1 or more"),
            ("replicates", self.replicates >= 100, "100 or more"),
            ("seed", self.seed >= 0, "0 or more"),
            ("batch_size", self.batch_size is None or self.batch_size >= 1, "1 or more"),
        )


@dataclass(frozen=True)
class RemovalSettings(Settings):
    """What the removal of units can be told, besides what every question can.

    Attributes:
        concept: ``NAME`` or ``NAME|CATEGORY``.
        sizes: units of the sets; see :func:`parse_sizes`.
        rank: by what units are ranked: ``iou`` with the concept, or the ``effect`` of each alone.
        random: random sets of each size of a control.
        control_sizes: sizes of the controls; the largest of `sizes` when empty.
        control: the concept that the other control is ranked for, ``none`` for no such control; see
            :func:`unitscope.experiments.effects.sets.choose_control` when None.
        pairs: pictures before and after saved by each rule.
    """

    concept: str
    sizes: tuple[int, ...] = (20,)
    rank: Literal["iou", "effect"] = "iou"
    random: int = 3
    control_sizes: tuple[int, ...] = ()
    control: str | None = None
    pairs: int = 6

    def __post_init__(self) -> None:
        _check(
            self,
            ("sizes", bool(self.sizes) and min(self.sizes) >= 1, "one or more whole numbers from 1"),
            ("rank", self.rank in ("iou", "effect"), "iou or effect"),
            ("random", self.random >= 0, "0 or more"),
            ("pairs", self.pairs >= 0, "0 or more"),
        )
        super().__post_init__()


@dataclass(frozen=True)
class InsertionSettings(Settings):
    """What the insertion of units can be told, besides what every question can.

    Attributes:
        concept: ``NAME`` or ``NAME|CATEGORY``.
        units: the best so many are forced on together.
        level: what they are forced to.
        locations: which cells of the activation grid.
        context: category of the concepts that say what was there before; that of the concept when None.
        min_new: new pixels of the concept that make a success, as a fraction of the pixels of a cell.
        random: random sets of as many units.
        contexts: contexts that example pictures are saved of, those with the most places.
    """

    concept: str
    units: int = 20
    level: Level = Level("threshold")
    locations: Locations = Locations()
    context: str | None = None
    min_new: float = 0.25
    random: int = 1
    contexts: int = 6

    def __post_init__(self) -> None:
        _check(
            self,
            ("units", self.units >= 1, "1 or more"),
            ("min_new", 0 <= self.min_new < math.inf, "a fraction of a cell's pixels, 0 or more"),
            ("random", self.random >= 0, "0 or more"),
            ("contexts", self.contexts >= 0, "0 or more"),
        )
        super().__post_init__()


@dataclass(frozen=True)
class RankingSettings(Settings):
    """What the ranking of units by their effect can be told."""


def deciding(settings: Settings) -> dict[str, Any]:
    """Return the settings that decide the results, as plain JSON values: all of them."""
    values = asdict(settings)
    for name in ("level", "locations"):
        if name in values:
            values[name] = str(getattr(settings, name))
    return values
