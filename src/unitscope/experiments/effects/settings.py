"""What can be asked of the units of a generator."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from unitscope.errors import UnitscopeError
from unitscope.experiments.settings import A_SEED, REPLICATES, SPEED, Rule, Spread, about, at_least, setting

MOST_SIZES = 1000
NO_CONTROL = "none"
"""Written for `control`: no sets of another concept."""
THRESHOLD = "threshold"


def parse_sizes(given: str | int | Sequence[int], option: str = "--units") -> tuple[int, ...]:
    """Read sizes of sets: ``20``, ``1:30`` (both ends included) or ``1,2,5,20``, or these together.

    Raises:
        UnitscopeError: they cannot be read, or are not whole numbers from 1.
    """
    words = given.split(",") if isinstance(given, str) else given if isinstance(given, Iterable) else [given]
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


def parse_level(given: str | float | Level) -> Level:
    """Read a level: ``threshold``, a number between 0 and 1 for that quantile, another number or ``value:NUMBER``.

    Raises:
        UnitscopeError: it is none of these.
    """
    if isinstance(given, Level):
        return given
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


def parse_locations(given: str | int | Locations | None) -> Locations:
    """Read locations: ``all``, ``16`` for an even sub-lattice of at most 16, ``16:random`` for a seeded draw.

    Raises:
        UnitscopeError: it is none of these.
    """
    if isinstance(given, Locations):
        return given
    if given is None or str(given).strip() == "all":
        return Locations()
    match = re.fullmatch(r"\s*([0-9]{1,6})(:random)?\s*", str(given))
    if not match or int(match[1]) < 1:
        raise UnitscopeError(
            f"--locations {given!r} cannot be read; write all, a number from 1 for an even lattice of at most so many, "
            "or 16:random for so many drawn in each picture"
        )
    return Locations(int(match[1]), bool(match[2]))


def _read_sizes(option: str) -> Callable[[str | int | Sequence[int]], tuple[int, ...]]:
    return lambda given: parse_sizes(given, option)


@dataclass(frozen=True, kw_only=True)
class EffectSettings(Spread):
    """What every question about the units of a generator can be told."""

    latents: int | None = setting(
        None,
        "The first so many of those that can be measured on; all of them by default.",
        rule=at_least(1),
        option="latents samples",
    )
    seed: int = setting(
        0,
        "Seed of what is drawn: random sets and cells, and the bootstrap of rank correlations.",
        rule=A_SEED,
    )
    batch_size: int | None = setting(
        None,
        "Pictures generated and segmented at once; as many as in the run by default.",
        rule=at_least(1),
        panel=SPEED,
    )

    @property
    def halved(self) -> bool:
        """Whether units are chosen on other latents than they are measured on."""
        return False


@dataclass(frozen=True, kw_only=True)
class ChoiceSettings(EffectSettings):
    """What questions about the best units for a concept can be told."""

    choose_on: Literal["half", "all"] = setting(
        "half",
        "Latents that say which units are best: half of the run's, with the effect measured on the others; or all, "
        "with the effect measured on these again, as in the paper.",
    )

    @property
    def halved(self) -> bool:
        """Whether units are chosen on other latents than they are measured on."""
        return self.choose_on == "half"


@dataclass(frozen=True)
class RemovalSettings(ChoiceSettings):
    """What the removal of units can be told, besides what every question can."""

    concept: str = field(metadata=about("The concept, as NAME or NAME|CATEGORY.", metavar="CONCEPT"))
    units: tuple[int, ...] = setting(
        (20,), "Sizes of the sets: 20, 1:30 or 1,2,5,20.", read=_read_sizes("--units"), metavar="SIZES"
    )
    rank: Literal["iou", "effect"] = setting(
        "iou",
        "By what units are ranked: iou with the concept, or the effect of each alone, from a finished "
        "'unitscope rank'.",
    )
    random: int = setting(3, "Random sets of each size of the controls.", rule=at_least(0))
    control_units: tuple[int, ...] = setting(
        (),
        "Sizes of the controls; the largest of --units by default.",
        read=lambda given: () if given in ((), None) else parse_sizes(given, "--control-units"),
        metavar="SIZES",
    )
    control: str | None = setting(
        None,
        "The concept of the other control; none for no such control; by default the one of the same "
        "category that most "
        "units match.",
        metavar="CONCEPT",
    )
    pairs: int = setting(6, "Pictures before and after saved by each rule.", rule=at_least(0))


@dataclass(frozen=True)
class InsertionSettings(ChoiceSettings):
    """What the insertion of units can be told, besides what every question can."""

    concept: str = field(metadata=about("The concept, as NAME or NAME|CATEGORY.", metavar="CONCEPT"))
    units: int = setting(20, "The best so many are forced on together.", rule=at_least(1))
    level: Level = setting(
        Level("threshold"),
        "What units are forced to: threshold, a quantile such as 0.995, or an activation such as 5 or "
        "value:0.5.",
        read=parse_level,
        metavar="LEVEL",
    )
    locations: Locations = setting(
        Locations(),
        "all cells of the grid, 16 for an even lattice of at most 16, or 16:random for 16 drawn in each "
        "picture.",
        read=parse_locations,
        metavar="CELLS",
    )
    context: str | None = setting(
        None, "Category of what was there before; the concept's own by default.", metavar="CATEGORY"
    )
    min_new: float = setting(
        0.25,
        "New pixels that make a success, as a fraction of those of a cell.",
        rule=Rule("a fraction of a cell's pixels, 0 or more", lambda value: 0 <= value < math.inf),
    )
    random: int = setting(1, "Random sets of as many units.", rule=at_least(0))
    contexts: int = setting(6, "Contexts that pictures before and after are saved of.", rule=at_least(0))


@dataclass(frozen=True)
class RankingSettings(EffectSettings):
    """What the ranking of units by their effect can be told."""

    replicates: int = setting(
        1000, "Bootstrap replicates of the intervals of rank correlations.", rule=REPLICATES
    )
