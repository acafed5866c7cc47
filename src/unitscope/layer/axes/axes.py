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

Kind = Literal["pictures", "rows", "columns", "tokens", "joined", "units", "lost"]
"""tokens: a grid with other tokens around it; joined: tokens of several grids; lost: nobody knows."""

INFORMATIVE: tuple[Kind, ...] = ("pictures", "rows", "columns", "tokens", "joined", "lost", "units")
"""Where two tensors meet, the axis is what the more telling one says."""


@dataclass(frozen=True, slots=True)
class Part:
    """A factor of an axis.

    Attributes:
        kind: what it runs over.
        size: how many positions it has.
        step: how many positions of the whole axis one of its positions spans.
        before: tokens: how many stand before the grid.
        grid: tokens: the parts of the grid.
    """

    kind: Kind
    size: int
    step: int = 1
    before: int = 0
    grid: tuple[Part, ...] = ()


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
    return any(part.kind in ("rows", "columns", "tokens", "joined") for part in axis)


def tidy(parts: Iterable[Part]) -> Axis:
    """Merge neighbours that belong together, such as the rows of windows and the rows inside a window."""
    merged: list[Part] = []
    for part in _without_ones(list(parts)):
        last = merged[-1] if merged else None
        alike = last is not None and last.kind == part.kind and part.kind not in ("tokens", "joined")
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
    if part.size % needed or part.kind in ("tokens", "joined"):
        return None
    inner = part.size // needed
    return replace(part, size=needed, step=part.step * inner), replace(part, size=inner)


def meet(first: Axis, second: Axis) -> Axis:
    """Return the more telling of two axes that stand for the same one."""
    return min(
        (first, second), key=lambda axis: min((INFORMATIVE.index(part.kind) for part in axis), default=9)
    )


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


def length(axis: Axis) -> int:
    """Return how many positions an axis has."""
    return math.prod(part.size for part in axis)


def cut(axis: Axis, start: int, stop: int, step: int) -> Axis:
    """Return the axis after a slice ``start:stop:step``, all within its length."""
    size = max(-(-(stop - start) // step), 0)
    if size == length(axis):
        return axis
    if not over_picture(axis):
        return lost(size) if "lost" in kinds(axis) else units(size)
    if len(axis) == 1 and axis[0].kind in ("rows", "columns"):
        return (Part(axis[0].kind, size),)
    if len(axis) == 1 and axis[0].kind == "tokens" and step == 1:
        return _cut_tokens(axis[0], start, stop)
    return lost(size)


def _cut_tokens(tokens: Part, start: int, stop: int) -> Axis:
    end = tokens.before + length(tokens.grid)
    if stop <= tokens.before or start >= end:
        return units(stop - start)
    if start <= tokens.before and stop >= end:
        return surround(tokens.grid, tokens.before - start, stop - end)
    return lost(stop - start)


def surround(grid: Axis, before: int, after: int) -> Axis:
    """Return the axis of a token grid with other tokens before and after it."""
    if not before and not after:
        return grid
    if len(grid) == 1 and grid[0].kind == "tokens":
        inner = grid[0]
        return (replace(inner, size=before + inner.size + after, before=before + inner.before),)
    return (Part("tokens", before + length(grid) + after, before=before, grid=grid),)


def concatenate(pieces: Sequence[Axis]) -> Axis:
    """Return the axis along which pieces were put together."""
    total = sum(length(piece) for piece in pieces)
    spatial = [i for i, piece in enumerate(pieces) if over_picture(piece)]
    if not spatial:
        return lost(total) if any("lost" in kinds(piece) for piece in pieces) else units(total)
    plain = {piece[0].kind for piece in pieces if len(piece) == 1 and piece[0].kind in ("rows", "columns")}
    if len(plain) == 1 and all(len(pieces[i]) == 1 and pieces[i][0].kind in plain for i in spatial):
        return (Part(plain.pop(), total),)
    if len(spatial) > 1:
        return (Part("joined", total),)
    place = spatial[0]
    before, after = (sum(map(length, rest)) for rest in (pieces[:place], pieces[place + 1 :]))
    return surround(pieces[place], before, after)
