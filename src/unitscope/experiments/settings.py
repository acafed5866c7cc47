"""What an experiment can be told: dataclasses whose fields say what they mean, what they must be, whether they decide.

A field is written once. Its name is the keyword of the call, its help is that of the command line, its rule is checked
before any work starts, and what decides results goes into the configuration of the run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from numbers import Integral, Real
from types import NoneType
from typing import Any, Literal, Self, TypedDict, TypeVar, Unpack, get_args, get_origin, get_type_hints

from unitscope.errors import UnitscopeError, did_you_mean, spoken

GIB = 2**30
MOST_CACHE = 2**20
"""GiB."""
MEASURED, SPEED = "What is measured", "Speed"
"""Headings of settings."""
T = TypeVar("T")


@dataclass(frozen=True)
class Rule:
    """What a value must be.

    Attributes:
        allowed: in words, after "it must be".
        holds: whether a value is so.
    """

    allowed: str
    holds: Callable[[Any], bool]


def at_least(least: float) -> Rule:
    """Return the rule of numbers from `least`; what is not given is allowed."""
    return Rule(f"{least:g} or more", lambda value: value is None or value >= least)


def between(low: float, high: float) -> Rule:
    """Return the rule of numbers between two others, which are excluded."""
    return Rule(f"between {low:g} and {high:g}", lambda value: low < value < high)


@dataclass(frozen=True)
class About:
    """What is known of a setting besides its name, type and default.

    Attributes:
        help: one sentence for people.
        rule: what it must be.
        option: what the command line calls it, without dashes, or several words for it; the name with dashes for
            underlines when empty.
        decides: whether results depend on it.
        read: makes the value of what a person writes.
        metavar: what stands for a value in the help of the command line.
        panel: under which heading it stands there.
        bounds: numbers that the command line refuses already while it reads are outside of these.
    """

    help: str
    rule: Rule | None = None
    option: str = ""
    decides: bool = True
    read: Callable[[Any], object] | None = None
    metavar: str = ""
    panel: str = MEASURED
    bounds: tuple[float | None, float | None] = (None, None)


A_SEED = Rule("from 0 to 2^63 - 1", lambda value: 0 <= value < 2**63)
"""The rule of a seed, which libraries hold in 64 bits."""

REPLICATES = Rule("from 100 to 1,000,000", lambda value: 100 <= value <= 1_000_000)
"""The rule of how many bootstrap replicates an interval stands on."""


class _More(TypedDict, total=False):
    """The fields of :class:`About` that need not be given."""

    rule: Rule | None
    option: str
    decides: bool
    read: Callable[[Any], object] | None
    metavar: str
    panel: str
    bounds: tuple[float | None, float | None]


def about(help: str, **more: Unpack[_More]) -> Mapping[str, About]:  # noqa: A002
    """Return the metadata of a field, see :class:`About`."""
    return {"about": About(help, **more)}


def setting(default: T, help: str, **more: Unpack[_More]) -> T:  # noqa: A002
    """Return a field with a default, see :class:`About`."""
    found: T = field(default=default, metadata=about(help, **more))
    return found


def cache_setting(what: str) -> float:
    """Return the setting of a budget on disk, for a class that is :class:`Cached`; `what` is kept, in words."""
    return setting(
        20.0,
        f"{what}; beyond it they are computed again.",
        rule=at_least(0),
        decides=False,
        panel=SPEED,
        bounds=(0, MOST_CACHE),
    )


class Cached:
    """Settings with a budget on disk, the setting `cache_budget`."""

    cache_budget: float

    @property
    def cache_bytes(self) -> int:
        """The budget of the cache in bytes."""
        return round(self.cache_budget * GIB)


def loaders_setting() -> int | None:
    """Return the setting of how many threads decode pictures, for a class that is :class:`Fed`."""
    return setting(
        None,
        "Threads that decode pictures; as many as there are cores to be used here by default.",
        rule=Rule("from 1 to 256", lambda value: value is None or 1 <= value <= 256),
        decides=False,
        panel=SPEED,
        bounds=(1, 256),
    )


class Fed:
    """Settings of an experiment that reads pictures, the setting `loaders`."""

    loaders: int | None


@dataclass(frozen=True)
class Settings:
    """What an experiment can be told; the first setting that breaks its rule is refused.

    Raises:
        UnitscopeError: a setting is not what it must be.
    """

    def __post_init__(self) -> None:
        kinds = get_type_hints(type(self))
        for each in fields(self):
            known: About = each.metadata["about"]
            given = getattr(self, each.name)
            value = known.read(given) if known.read is not None else _as(kinds[each.name], given)
            if value is _NOT_ONE or (known.rule is not None and not known.rule.holds(value)):
                name = spoken(each.name, known.option)
                allowed = known.rule.allowed if known.rule is not None else ""
                must = _in_words(kinds[each.name], allowed) if value is _NOT_ONE else allowed
                raise UnitscopeError(f"{name} is {given!r}; it must be {must}")
            object.__setattr__(self, each.name, value)

    @classmethod
    def of(cls, settings: Self | None, given: Mapping[str, object]) -> Self:
        """Return settings from an object, from single values, or from both where they do not disagree.

        Args:
            settings: an object that is there already.
            given: values by name.

        Raises:
            UnitscopeError: a name is unknown, a value is not what it must be, or it is said twice and differently.
        """
        names = [each.name for each in fields(cls)]
        for name in given:
            if name not in names:
                hint = did_you_mean(name, names) or f" settings are {', '.join(names)}"
                raise UnitscopeError(f"there is no setting {name!r};{hint}")
        if settings is None:
            missing = [
                each.name for each in fields(cls) if each.default is MISSING and each.name not in given
            ]
            if missing:
                raise UnitscopeError(f"{missing[0]} is not given; give {missing[0]}=...")
            return cls(**given)
        if not isinstance(settings, cls):
            raise UnitscopeError(f"settings are {type(settings).__name__}; give {cls.__name__}(...)")
        said = cls(**{**{name: getattr(settings, name) for name in names}, **given})
        for each in fields(cls):
            before, now = getattr(settings, each.name), getattr(said, each.name)
            if before not in (now, each.default):
                raise UnitscopeError(f"{each.name} is {now!r} and, in settings, {before!r}; give it once")
        return said

    def deciding(self) -> dict[str, object]:
        """Return the settings that decide the results, as plain values."""
        values = asdict(self)
        return {
            each.name: values[each.name]
            if _plain(getattr(self, each.name))
            else str(getattr(self, each.name))
            for each in fields(self)
            if each.metadata["about"].decides
        }


@dataclass(frozen=True, kw_only=True)
class Spread(Settings):
    """What an experiment is told of the processes that do its work."""

    workers: int | None = setting(
        None,
        "Processes that do the work, each with the network; needs Ray. All that there is room for with --cluster.",
        rule=at_least(1),
        decides=False,
        panel=SPEED,
        bounds=(1, None),
    )
    cluster: str | None = setting(
        None,
        "A Ray cluster that does the work: HOST:PORT of its head, or auto for that of this machine.",
        decides=False,
        metavar="ADDRESS",
        panel=SPEED,
    )
    threads: int | None = setting(
        None,
        "Threads of PyTorch in every process that runs the network; last bits depend on it. 1 with --workers and "
        "--cluster, those of PyTorch otherwise.",
        rule=at_least(1),
        decides=False,
        panel=SPEED,
        bounds=(1, None),
    )


_NOT_ONE = object()
"""Stands for a value of another type than a setting has."""
_WORDS: dict[object, str] = {
    int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "none"
}  # fmt: skip


def _as(kind: Any, value: object) -> object:
    """Return a value as the type of a setting, NumPy's numbers as Python's; _NOT_ONE if it is of another type."""
    if get_origin(kind) is Literal:
        return value if isinstance(value, str) and value in get_args(kind) else _NOT_ONE
    if get_args(kind) and NoneType in get_args(kind):
        return None if value is None else _as(next(k for k in get_args(kind) if k is not NoneType), value)
    if isinstance(value, bool):
        return value if kind not in (int, float, str) else _NOT_ONE
    if kind is int:
        return int(value) if isinstance(value, Integral) and abs(int(value)) < 2**63 else _NOT_ONE
    if kind is float:
        return float(value) if isinstance(value, Real) and math.isfinite(value) else _NOT_ONE
    return value if kind not in _WORDS or isinstance(value, kind) else _NOT_ONE


def _in_words(kind: Any, allowed: str) -> str:
    """Return what a value must be whose type is wrong."""
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    if get_args(kind):
        return " or ".join(_in_words(k, "") for k in get_args(kind)) + (f", {allowed}" if allowed else "")
    return _WORDS[kind] + (f", {allowed}" if allowed else "")


def _plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | tuple | list)
