"""Recipes: a latent and the strokes on it, as JSON that reads back to the same picture."""

from __future__ import annotations

import math
from typing import Annotated, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import Meta, Struct

from unitscope.errors import UnitscopeError

SCALE = 4096
"""A place of a picture is a pair of whole numbers from 0 to this: x to the right, y down, whatever its size."""
MOST_BYTES, MOST_STROKES, MOST_POINTS = 1_000_000, 2_000, 4_096
MOST_BETWEEN = 4
"""Latents may lie between latents that lie between others, so deep."""
MOST_NUMBER = 100_000
"""Latents of a seed are numbered below this: the last needs all before it."""
S = TypeVar("S")

Place = Annotated[int, Meta(ge=0, le=SCALE)]
Number = Annotated[int, Meta(ge=0, lt=2**31)]
Side = Annotated[int, Meta(ge=1, le=SCALE)]
Share = Annotated[float, Meta(ge=0, le=1)]
Word = Annotated[str, Meta(max_length=400)]


class Latent(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, cache_hash=True):
    """A latent: by seed and number, between two others, or value by value.

    Attributes:
        seed, number: the number-th latent of a seed, of the shape, truncation and classes of the run.
        between, share: the point between two latents, 0 at the first; it has the class of the first.
        values: what the generator takes, a class last where it has classes.
    """

    seed: Annotated[int, Meta(ge=0, lt=2**32)] | None = None
    number: Annotated[int, Meta(ge=0, lt=MOST_NUMBER)] | None = None
    between: tuple[Latent, Latent] | None = None
    share: Share | None = None
    values: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what is none of the three."""
        given = {name for name in self.__struct_fields__ if getattr(self, name) is not None}
        if given not in ({"seed", "number"}, {"between", "share"}, {"values"}):
            raise ValueError("a latent is seed and number, or between and share, or values")
        if self.depth > MOST_BETWEEN:
            raise ValueError(f"latents lie between latents at most {MOST_BETWEEN} deep")
        _refuse_infinite(self.values or (), "a value of a latent")

    @property
    def depth(self) -> int:
        """How deep latents lie between others."""
        return 0 if self.between is None else 1 + max(each.depth for each in self.between)


class Region(Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """A part of a picture on a grid: starts and lengths of runs of cells, row by row, in order."""

    rows: Side
    columns: Side
    runs: tuple[tuple[Number, Number], ...]

    def __post_init__(self) -> None:
        """Refuse runs that are empty, out of order or outside the grid."""
        end = 0
        for start, length in self.runs:
            if start < end or length < 1:
                raise ValueError("runs of a region are in order, apart, and of one cell or more")
            end = start + length
        if end > self.rows * self.columns:
            raise ValueError(f"a run of a region ends at cell {end} of {self.rows}x{self.columns}")


class Stroke(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, cache_hash=True):
    """Units that are forced to levels, or set to zero, in a part of the picture.

    Attributes:
        tool: ``draw`` forces units to levels, ``erase`` sets them to zero.
        units: which; none twice.
        concept: what is meant to come or go, as ``CATEGORY/NAME``; None where units are switched for themselves.
        level: where the levels come from: ``threshold``, ``half`` of it, a quantile as ``0.995``, or ``values``.
        levels: the level of each unit, activation scale; float32.
        path, radius: places that a round brush went through, in units of `SCALE`.
        region: or a part of the picture.
        on: whether it is applied.
    """

    tool: Literal["draw", "erase"]
    units: Annotated[tuple[Number, ...], Meta(min_length=1, max_length=65_536)]
    concept: Word | None = None
    level: Word | None = None
    levels: tuple[float, ...] | None = None
    path: Annotated[tuple[tuple[Place, Place], ...], Meta(min_length=1, max_length=MOST_POINTS)] | None = None
    radius: Place | None = None
    region: Region | None = None
    on: bool = msgspec.field(default=True)

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        if len(set(self.units)) < len(self.units):
            raise ValueError("a unit is named twice")
        if (self.path is None) == (self.region is None) or (self.path is None) != (self.radius is None):
            raise ValueError("a stroke has path and radius, or a region")
        if self.tool == "erase":
            if self.level is not None or self.levels is not None:
                raise ValueError("level and levels are for draw; erase sets units to zero")
            return
        if self.levels is None:
            if self.level in (None, "values"):
                raise ValueError("draw needs a level, or levels for its units")
        elif len(self.levels) != len(self.units):
            raise ValueError(f"{len(self.levels)} levels are given for {len(self.units)} units")
        _refuse_infinite(self.levels or (), "a level")

    @property
    def nbytes(self) -> int:
        """What it takes in memory at most, about."""
        runs = () if self.region is None else self.region.runs
        return 500 + 100 * len(self.units) + 150 * (len(self.path or ()) + len(runs))


class GeneratorName(Struct, frozen=True, forbid_unknown_fields=True):
    """Which generator a recipe is for."""

    name: Word
    weights_hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


Strokes = Annotated[tuple[Stroke, ...], Meta(max_length=MOST_STROKES)]


class Recipe(Struct, frozen=True, forbid_unknown_fields=True):
    """A latent of a generator, and strokes on it."""

    unitscope: Literal["paint"]
    version: Literal[1]
    generator: GeneratorName
    layer: Word
    latent: Latent
    strokes: Strokes = ()


def read_recipe(content: bytes) -> Recipe:
    """Read a recipe.

    Raises:
        UnitscopeError: it is too large, no JSON or no recipe; one line says what and where.
    """
    return read_json(content, Recipe, "the recipe")


def read_json(content: bytes, kind: type[S], what: str = "what was sent") -> S:
    """Read JSON of a kind.

    Raises:
        UnitscopeError: see :func:`read_recipe`.
    """
    if len(content) > MOST_BYTES:
        raise UnitscopeError(f"{what} has {len(content):,} bytes; at most {MOST_BYTES:,} are read")
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnitscopeError(f"{what} cannot be read: {' '.join(str(error).split())[:300]}") from None


def write_recipe(recipe: Recipe) -> bytes:
    """Return a recipe as JSON, one stroke a line; float32 levels as numbers that read back to the same bits."""
    head = {name: getattr(recipe, name) for name in recipe.__struct_fields__ if name != "strokes"}
    lines = [
        *(f'"{name}": {msgspec.json.encode(value).decode()}' for name, value in head.items()),
        '"strokes": [' + ",\n  ".join(["", *map(_written, recipe.strokes)])[1:] + "]",
    ]
    return ("{" + ",\n ".join(lines) + "}\n").encode()


def _written(stroke: Stroke) -> str:
    return msgspec.json.encode(msgspec.to_builtins(stroke) | {"on": stroke.on}).decode()


def _refuse_infinite(values: tuple[float, ...], what: str) -> None:
    most = float(np.finfo(np.float32).max)
    wrong = next((value for value in values if not math.isfinite(value) or abs(value) > most), None)
    if wrong is not None:
        raise ValueError(f"{what} is {wrong:g}, which float32 cannot hold")
