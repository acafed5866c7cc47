"""A call of one of torch's operators, and what is known of the tensors it is given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from unitscope.layer.axes.axes import (
    Axes,
    Kind,
    Part,
    kinds,
    length,
    lost,
    only,
    over_picture,
    units,
)

Place = tuple[float, float]
"""Scale and offset of one axis of the picture, in pixels."""
Shape = tuple[int, ...]
PLACED: tuple[Kind, Kind] = ("rows", "columns")


@dataclass(frozen=True)
class Followed:
    """What is known of a tensor.

    Attributes:
        axes: what they run over.
        rows: where whole rows lie; the scale is negative where they run from the last to the first.
        columns: the same of columns.
        rolled: by how many positions rows and columns were rolled: position ``i`` holds ``(i - rolled) % size``.
        lost_at: the operator at which axes were lost, for messages.
        doubt: an operator that joined this with something whose places are lost, or lie elsewhere; where it lies has to
            be proven.
        reach: how far from there the outermost places lie that values were put together from, along rows and columns,
            pixels.
        grain: how wide the cells were that it was spread from, where they were wider, pixels.
        apart: an operator that put units of several places behind one another; they have no single one.
    """

    axes: Axes
    rows: Place
    columns: Place
    rolled: tuple[int, int] = (0, 0)
    lost_at: str = ""
    doubt: str = ""
    reach: tuple[float, float] = (0.0, 0.0)
    grain: tuple[float, float] = (0.0, 0.0)
    apart: str = ""

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


def is_vector(axes: Axes) -> bool:
    """Return whether axes are those of pictures and, behind them, of units alone."""
    first, *others = axes or ((),)
    return kinds(first) == {"pictures"} and all(
        kinds(axis) <= {"units"} and not over_picture(axis) for axis in others
    )


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
    return replace(moved(state, places), axes=axes)


def moved(state: Followed, places: tuple[Place, Place]) -> Followed:
    """Return a tensor whose rows and columns lie elsewhere, in their order; cells may have become narrower."""
    grain = [
        max(own, abs(before[0])) if abs(after[0]) < abs(before[0]) else own
        for own, before, after in zip(state.grain, whole_places(state), places, strict=True)
    ]
    return replace(state, rows=places[0], columns=places[1], rolled=(0, 0), grain=(grain[0], grain[1]))


def lost_state(state: Followed, shape: Shape, lost_at: str = "") -> Followed:
    """Return a tensor of which nothing is known any more, since some operator."""
    return replace(state, axes=tuple(lost(n) for n in shape), lost_at=state.lost_at or lost_at)


def without_grid(state: Followed, shape: Shape) -> Followed:
    """Return a tensor no axis of which runs over the picture, such as what a pooling of all cells leaves."""
    return replace(state, axes=(state.axes[0], *(units(n) for n in shape[1:])))


def total(state: Followed, kind: Kind) -> int:
    """Return how many rows or columns a tensor has on all its axes together; those inside tokens as well."""
    parts = [inner for axis in state.axes for part in axis for inner in (part.grid or (part,))]
    return math.prod(part.size for part in parts if part.kind == kind)
