"""A call of one of torch's operators, and what is known of the tensors it is given."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from unitscope.layer.axes.axes import (
    Axes,
    Kind,
    Part,
    broadcast,
    kinds,
    length,
    lost,
    only,
    over_picture,
    units,
)
from unitscope.layer.axes.elementwise import CREATES, RESIZES, keeps_places

Place = tuple[float, float]
"""Scale and offset of one axis of the picture, in pixels."""
Shape = tuple[int, ...]
PLACED: tuple[Kind, Kind] = ("rows", "columns")
SAME_PLACE = 2.0
"""Cells by which values that meet may lie apart; what follows lies where the first of them does."""


@dataclass(frozen=True)
class Followed:
    """What is known of a tensor.

    Attributes:
        axes: what they run over.
        rows: where whole rows lie; the scale is negative where they run from the last to the first.
        columns: the same of columns.
        rolled: by how many positions rows and columns were rolled: position ``i`` holds ``(i - rolled) % size``.
        lost_at: the operator at which axes were lost, for messages.
        doubt: an operator that joined this with something whose places are lost, or lie some cells apart; where it
            lies is what the other says, and has to be proven.
    """

    axes: Axes
    rows: Place
    columns: Place
    rolled: tuple[int, int] = (0, 0)
    lost_at: str = ""
    doubt: str = ""

    def fits(self, tensor: Tensor) -> bool:
        """Return whether a tensor of any shape still has the one that was followed."""
        return tuple(map(length, self.axes)) == tuple(tensor.shape)


@dataclass(frozen=True)
class Call:
    """One call of an operator.

    Attributes:
        name: of the operator, without the underscore of its form in place.
        args: positional arguments.
        kwargs: named arguments.
        states: by identity, the tensors among the arguments that were followed.
        tensors: all tensors among the arguments.
        shapes: their shapes before the call.
        size: the input's ``(H, W)`` in pixels.
        drawn: by identity, the tensors among the arguments that depend on random numbers.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    states: Mapping[int, Followed]
    tensors: Sequence[Tensor]
    shapes: Sequence[Shape]
    size: tuple[int, int]
    drawn: frozenset[int] = frozenset()

    def known(self, tensor: Tensor) -> bool:
        """Return whether the values of an argument of any shape are there, and the same for every picture."""
        return id(tensor) not in self.states and id(tensor) not in self.drawn and not tensor.is_meta

    def axes(self, tensor: Tensor) -> Axes:
        """Return the axes of an argument of any shape; what does not depend on the picture has units."""
        state = self.states.get(id(tensor))
        return tuple(units(n) for n in tensor.shape) if state is None else state.axes

    def arg(self, place: int, name: str, default: object = None) -> Any:
        """Return an argument by position or name."""
        return self.args[place] if len(self.args) > place else self.kwargs.get(name, default)

    @property
    def main(self) -> Followed:
        """The first followed tensor whose axes run over the picture, or else the first one."""
        found = [self.states[id(tensor)] for tensor in self.tensors if id(tensor) in self.states]
        return next((state for state in found if any(map(over_picture, state.axes))), found[0])


def is_map(axes: Axes) -> bool:
    """Return whether axes are those of a map ``(N, U, h, w)``; the first may hold units as well, such as heads."""
    if len(axes) != 4 or kinds(axes[0]) - {"pictures", "units"}:
        return False
    plain = all(kinds(axis) <= {kind} for axis, kind in zip(axes[2:], ("rows", "columns"), strict=True))
    return plain and not kinds(axes[1]) & {"pictures", "tokens", "joined", "lost"}


def whole_places(state: Followed) -> tuple[Place, Place]:
    """Return where the rows and columns that a map still has lie: windows' major parts count as cells."""
    found = []
    for kind, (scale, offset) in (("rows", state.rows), ("columns", state.columns)):
        # What lies inside a cell, such as the pixels of a patch, may stand among the units.
        own = [axis[0] for axis in state.axes if only(axis) == kind]
        parts = own or [part for axis in state.axes for part in axis if part.kind == kind]
        step = max((part.step for part in parts if part.size > 1), default=1)
        found.append((scale * step, offset + scale * (step - 1) / 2))
    return found[0], found[1]


def as_map(state: Followed, shape: Shape, places: tuple[Place, Place]) -> Followed:
    """Return a map ``(N, U, h, w)`` of a new shape that lies elsewhere."""
    axes = (state.axes[0], units(shape[1]), (Part("rows", shape[2]),), (Part("columns", shape[3]),))
    return Followed(axes, *places)


def lost_state(state: Followed, shape: Shape, lost_at: str = "") -> Followed:
    """Return a tensor of which nothing is known any more, since some operator."""
    return replace(state, axes=tuple(lost(n) for n in shape), lost_at=state.lost_at or lost_at)


def resized(call: Call, state: Followed, shape: Shape) -> Followed:
    """Return a map whose rows and columns were divided into other numbers of cells."""
    if shape[2:] == (1, 1) and not any(map(over_picture, state.axes)):
        return without_grid(state, shape)
    if state.rolled != (0, 0) and shape[2:] != (1, 1):
        return lost_state(state, shape)
    step = _spread_corners if _corners_aligned(call) else spread
    places = []
    for axis, place, after, pixels in zip(
        state.axes[2:], whole_places(state), shape[2:], call.size, strict=True
    ):
        if over_picture(axis):
            places.append(step(place, length(axis), after))
        else:  # one value for the whole picture, spread over it
            places.append((pixels / after, (pixels / after - 1) / 2))
    return as_map(state, shape, (places[0], places[1]))


def _corners_aligned(call: Call) -> bool:
    return (
        call.name.startswith(("upsample_bi", "_upsample_bi")) and call.arg(2, "align_corners", False) is True
    )


def without_grid(state: Followed, shape: Shape) -> Followed:
    """Return a tensor no axis of which runs over the picture, such as what a pooling of all cells leaves."""
    return replace(state, axes=(state.axes[0], *(units(n) for n in shape[1:])))


def spread(place: Place, before: int, after: int) -> Place:
    """Resize: the same extent divided into another number of cells."""
    scale, offset = place
    ratio = before / after
    return scale * ratio, offset + scale * (ratio - 1) / 2


def _spread_corners(place: Place, before: int, after: int) -> Place:
    """Resize: the first and the last cell stay where they are."""
    scale, offset = place
    return (
        (scale * (before - 1) / (after - 1), offset)
        if min(before, after) > 1
        else spread(place, before, after)
    )


def total(state: Followed, kind: Kind) -> int:
    """Return how many rows or columns a tensor has on all its axes together; those inside tokens as well."""
    parts = [inner for axis in state.axes for part in axis for inner in (part.grid or (part,))]
    return math.prod(part.size for part in parts if part.kind == kind)


def agree(states: Sequence[Followed]) -> bool:
    """Return whether the same rows and columns of all tensors lie at the same places, within two cells."""
    first, *others = states
    return all(_apart(first, other) <= SAME_PLACE for other in others)


def contrary(states: Sequence[Followed]) -> bool:
    """Return whether rows or columns of some tensors run, or were rolled, otherwise than those of others."""
    first, *others = states
    return any(_apart(first, other) == math.inf for other in others)


def _apart(first: Followed, other: Followed) -> float:
    """Return how many cells the same rows and columns of two tensors lie apart; infinite where they run otherwise."""
    found = 0.0
    for index, kind in enumerate(PLACED):
        (scale, offset), (scale2, offset2) = ((each.rows, each.columns)[index] for each in (first, other))
        count = min(total(first, kind), total(other, kind))
        if count <= 1:
            continue
        if scale * scale2 <= 0 or first.rolled[index] != other.rolled[index]:
            return math.inf
        apart = max(abs(offset - offset2), abs(offset - offset2 + (scale - scale2) * (count - 1)))
        found = max(found, apart / max(abs(scale), abs(scale2)))
    return found


def general(call: Call, result: Tensor) -> Followed | None:
    """Follow a result of any shape where an operator has no rule of its own.

    Operators known to be elementwise keep axes; what maps maps to maps of another size resizes; all else is lost.
    """
    shape, main = tuple(result.shape), call.main
    if call.name in CREATES:
        return None
    if keeps_places(call.name):
        return _elementwise(call, shape)
    if call.name in RESIZES and len(shape) == 4 and is_map(main.axes) and length(main.axes[0]) == shape[0]:
        return resized(call, main, shape)
    return lost_state(main, shape)


def _elementwise(call: Call, shape: Shape) -> Followed:
    main = call.main
    fitting = [t for t, s in zip(call.tensors, call.shapes, strict=True) if _fits_into(s, shape)]
    whole = any(s == shape and id(t) in call.states for t, s in zip(call.tensors, call.shapes, strict=True))
    if not whole and not (len(fitting) == len(call.tensors) and _covered(call.shapes, shape)):
        return lost_state(main, shape)
    states = [call.states[id(tensor)] for tensor in fitting if id(tensor) in call.states]
    spatial = [state for state in states if any(map(over_picture, state.axes))] or [main]
    if contrary(spatial):
        return lost_state(main, shape)
    doubt = "" if agree(spatial) else call.name
    given = [call.axes(tensor) for tensor in fitting]
    whole_ones = [axes for axes in given if _plainly_placed(axes, shape)]
    alike = len({tuple(axis for axis in axes if over_picture(axis)) for axes in whole_ones}) == 1
    axes = broadcast(given, shape)
    if alike and any("lost" in kinds(axis) for axis in axes):
        # It lies as these say, if it lies anywhere: what it is joined with is lost, or repeats a coarser grid.
        return replace(main, axes=broadcast(whole_ones, shape), doubt=call.name)
    return replace(main, axes=axes, doubt=doubt)


def _plainly_placed(axes: Axes, shape: Shape) -> bool:
    """Return whether axes of a whole result run over the picture, each over rows, columns or cells and nothing else."""
    spatial = [axis for axis in axes if over_picture(axis)]
    plain = all(kinds(axis) <= {"rows", "columns"} or kinds(axis) == {"tokens"} for axis in spatial)
    clear = not any("lost" in kinds(axis) for axis in axes)
    return bool(spatial) and plain and clear and tuple(map(length, axes)) == shape


def _fits_into(given: Shape, shape: Shape) -> bool:
    return len(given) <= len(shape) and all(
        a in (1, b) for a, b in zip(given[::-1], shape[::-1], strict=False)
    )


def _covered(shapes: Iterable[Shape], shape: Shape) -> bool:
    padded = [(1,) * (len(shape) - len(s)) + s for s in shapes]
    return bool(padded) and tuple(max(sizes) for sizes in zip(*padded, strict=True)) == shape
