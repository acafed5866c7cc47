"""What the axes of a tensor run over: pictures, rows and columns of each, tokens, or units.

An axis is a tuple of parts whose sizes multiply to its length, the slowest first: a token axis of a 14x14 patch grid is
(rows 14, columns 14), and windows of 7x7 on it split it into (rows 2, step 7), (columns 2, step 7) and so on. So a
reshape is exact bookkeeping, and windows that are put together again are recognised.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Kind = Literal["pictures", "rows", "columns", "tokens", "joined", "waves", "units", "lost"]
"""tokens: cells of a grid in some order, with others around them; joined: cells of several grids; waves: a Fourier
transform of what `grid` says; lost: nobody knows."""

INFORMATIVE: tuple[Kind, ...] = (
    "lost",
    "pictures",
    "rows",
    "columns",
    "tokens",
    "joined",
    "waves",
    "units",
)
"""Where two tensors meet, the axis is what the more telling one says; what is lost stays lost."""


@dataclass(frozen=True, slots=True)
class Part:
    """A factor of an axis.

    Attributes:
        kind: what it runs over.
        size: how many positions it has.
        step: how many positions of the whole axis one of its positions spans.
        order: tokens: for each, the cell of the grid that it is, counted row by row; -1 for others, such as a class
            token.
        grid: tokens: rows and columns of the grid; waves: the axis that was transformed.
    """

    kind: Kind
    size: int
    step: int = 1
    order: tuple[int, ...] = ()
    grid: tuple[Part, ...] = ()


OPAQUE: tuple[Kind, ...] = ("tokens", "joined", "waves")
"""What a reshape cannot divide or merge."""

Axis = tuple[Part, ...]
Axes = tuple[Axis, ...]


def units(size: int) -> Axis:
    """Return an axis that runs over units, or over anything else but the picture."""
    return (Part("units", size),)


def lost(size: int) -> Axis:
    """Return an axis that cannot be followed."""
    return (Part("lost", size),)


def kinds(axis: Axis) -> set[Kind]:
    """Return what an axis runs over; parts of size 1 count only for pictures."""
    return {part.kind for part in axis if part.size > 1 or part.kind == "pictures"}


def over_picture(axis: Axis) -> bool:
    """Return whether an axis runs over the picture, at least in part."""
    return any(part.kind in ("rows", "columns", *OPAQUE) for part in axis)


def tidy(parts: Iterable[Part]) -> Axis:
    """Merge neighbours that belong together, such as the rows of windows and the rows inside a window."""
    merged: list[Part] = []
    for part in _without_ones(list(parts)):
        last = merged[-1] if merged else None
        alike = last is not None and last.kind == part.kind and part.kind not in OPAQUE
        plain = part.kind in ("units", "lost")
        if last is not None and alike and (plain or last.step == part.step * part.size):
            merged[-1] = replace(part, size=last.size * part.size)
        else:
            merged.append(part)
    return tuple(merged)


def _without_ones(parts: list[Part]) -> list[Part]:
    """Drop parts of size 1: the only window, or the only row, which nothing runs over."""
    if all(part.size == 1 for part in parts):
        return parts
    return [part for part in parts if part.size > 1 or part.kind == "pictures"]


def regroup(axes: Axes, shape: Sequence[int]) -> Axes:
    """Return the axes after a reshape to `shape`, or lost ones where a part cannot be divided so."""
    if 0 in shape:
        return tuple(lost(size) for size in shape)
    waiting = [part for axis in axes for part in axis][::-1]
    made: list[list[Part]] = []
    for size in shape:
        taken: list[Part] = []
        while waiting and (
            math.prod(p.size for p in taken) < size or (not taken and waiting[-1].size == size)
        ):
            needed = size // math.prod(p.size for p in taken)
            divided = _divide(waiting.pop(), needed)
            if divided is None:
                return tuple(lost(size) for size in shape)
            taken.append(divided[0])
            waiting += divided[1:]
        if math.prod(p.size for p in taken) != size:
            return tuple(lost(size) for size in shape)
        made.append(taken)
    if made:
        made[-1] += waiting[::-1]  # of size 1
    return tuple(tidy(parts) for parts in made)


def _divide(part: Part, needed: int) -> tuple[Part, ...] | None:
    """Return the first `needed` positions of a part, and the rest of it where it is larger."""
    if needed % part.size == 0:
        return (part,)
    if part.size % needed or part.kind in OPAQUE:
        return None
    inner = part.size // needed
    return replace(part, size=needed, step=part.step * inner), replace(part, size=inner)


def meet(first: Axis, second: Axis) -> Axis:
    """Return the more telling of two axes that stand for the same one; lost where they contradict each other."""
    if over_picture(first) and over_picture(second) and _compared(first) != _compared(second):
        return lost(length(first))
    return min(
        (first, second), key=lambda axis: min((INFORMATIVE.index(part.kind) for part in axis), default=9)
    )


def _compared(axis: Axis) -> list[Part]:
    """Return what has to be the same in two axes that meet."""
    return [replace(part, step=1) if part.kind == "units" else part for part in axis if part.size > 1]


def broadcast(given: Sequence[Axes], shape: Sequence[int]) -> Axes:
    """Return the axes of what an elementwise operation makes of tensors that fit into `shape`."""
    result = []
    for place, size in enumerate(shape, start=-len(shape)):
        axis = units(size)
        for axes in given:
            if -place <= len(axes) and length(axes[place]) == size:
                axis = meet(axes[place], axis)
        result.append(axis)
    return tuple(result)


def only(axis: Axis) -> Kind | None:
    """Return ``rows`` or ``columns`` where an axis runs over one of them and nothing else, in one part."""
    return axis[0].kind if len(axis) == 1 and axis[0].kind in ("rows", "columns") else None


def cut(axis: Axis, start: int, stop: int, step: int) -> Axis:
    """Return the axis after a slice ``start:stop:step``, all within its length."""
    size = max(-(-(stop - start) // step), 0)
    if size == length(axis):
        return axis
    kind = only(axis)
    return (Part(kind, size),) if kind else take(axis, range(start, stop, step))


def take(axis: Axis, indices: Sequence[int]) -> Axis:
    """Return the axis of some positions of another, which may be in any order; not for rows or columns alone."""
    if len(indices) == length(axis) and all(i == index for i, index in enumerate(indices)):
        return axis
    if "pictures" in kinds(axis) or "lost" in kinds(axis):
        return lost(len(indices))
    if not over_picture(axis):
        return units(len(indices))
    found = cells(axis)
    if found is None:
        return lost(len(indices))
    order, grid = found
    return ordered([order[index] for index in indices], grid)


def cells(axis: Axis) -> tuple[Sequence[int], Axis] | None:
    """Return which cell each position of an axis is, row by row, and the grid; -1 for what is none.

    None where the axis does not run over whole rows and columns.
    """
    if len(axis) == 1 and axis[0].kind == "tokens":
        return axis[0].order, axis[0].grid
    if {part.kind for part in axis} != {"rows", "columns"}:
        return None
    index = np.unravel_index(np.arange(length(axis)), [part.size for part in axis])
    places, grid = [], []
    for kind in ("rows", "columns"):
        parts = sorted((part for part in axis if part.kind == kind), key=lambda part: part.step)
        # What lies inside a cell may have become units already.
        first, total = next((part.step for part in parts if part.size > 1), 1), 1
        for part in parts:
            if part.step != first * total and part.size > 1:
                return None
            total *= part.size
        places.append(
            sum(i * (part.step // first) for i, part in zip(index, axis, strict=True) if part.kind == kind)
        )
        grid.append(Part(kind, total, first))
    return np.asarray(places[0] * grid[1].size + places[1]).tolist(), tuple(grid)


def ordered(order: Sequence[int], grid: Axis) -> Axis:
    """Return the axis of cells of a grid (rows and columns) in some order; the grid itself where it is its own."""
    if all(cell < 0 for cell in order):
        return units(len(order))
    if list(order) == list(range(length(grid))):
        return grid
    return (Part("tokens", len(order), order=tuple(order), grid=grid),)


def concatenate(pieces: Sequence[Axis]) -> Axis:
    """Return the axis along which pieces were put together; not for rows or columns alone."""
    total = sum(length(piece) for piece in pieces)
    if any("lost" in kinds(piece) for piece in pieces):
        return lost(total)
    if not any(map(over_picture, pieces)):
        return units(total)
    order: list[int] = []
    grids = set()
    for piece in pieces:
        if not over_picture(piece):
            order += [-1] * length(piece)
            continue
        found = cells(piece)
        if found is None:
            return (Part("joined", total),)
        order += found[0]
        grids.add(found[1])
    known = [cell for cell in order if cell >= 0]
    if len(grids) > 1 or len(set(known)) < len(known):
        return (Part("joined", total),)
    return ordered(order, grids.pop())


def length(axis: Axis) -> int:
    """Return how many positions an axis has."""
    return math.prod(part.size for part in axis)
