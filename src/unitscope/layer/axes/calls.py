"""A call of one of torch's operators, and what is known of the tensors it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from unitscope.layer.axes.axes import Axes, Part, broadcast, kinds, length, lost, over_picture, units

Place = tuple[float, float]
"""Scale and offset of one axis of the picture, in pixels."""
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Followed:
    """What is known of a tensor: its axes, and where whole rows and columns lie."""

    axes: Axes
    rows: Place
    columns: Place

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
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    states: Mapping[int, Followed]
    tensors: Sequence[Tensor]
    shapes: Sequence[Shape]
    size: tuple[int, int]

    def axes(self, tensor: Tensor) -> Axes:
        """Return the axes of an argument of any shape; what does not depend on the picture has units."""
        state = self.states.get(id(tensor))
        return tuple(units(n) for n in tensor.shape) if state is None else state.axes

    def arg(self, place: int, name: str, default: Any = None) -> Any:
        """Return an argument by position or name."""
        return self.args[place] if len(self.args) > place else self.kwargs.get(name, default)

    @property
    def main(self) -> Followed:
        """The first followed tensor whose axes run over the picture, or else the first one."""
        found = [self.states[id(tensor)] for tensor in self.tensors if id(tensor) in self.states]
        return next((state for state in found if any(map(over_picture, state.axes))), found[0])


def is_map(axes: Axes) -> bool:
    """Return whether axes are those of a map ``(N, U, h, w)``."""
    if len(axes) != 4 or kinds(axes[0]) - {"pictures"}:
        return False
    plain = all(kinds(axis) <= {kind} for axis, kind in zip(axes[2:], ("rows", "columns"), strict=True))
    return plain and not kinds(axes[1]) & {"pictures", "tokens", "joined", "lost"}


def whole_places(state: Followed) -> tuple[Place, Place]:
    """Return where the rows and columns that a map still has lie: windows' major parts count as cells."""
    found = []
    for kind, (scale, offset) in (("rows", state.rows), ("columns", state.columns)):
        step = next((p.step for axis in state.axes for p in axis if p.kind == kind and p.size > 1), 1)
        found.append((scale * step, offset + scale * (step - 1) / 2))
    return found[0], found[1]


def as_map(state: Followed, shape: Shape, places: tuple[Place, Place]) -> Followed:
    """Return a map ``(N, U, h, w)`` of a new shape that lies elsewhere."""
    axes = (state.axes[0], units(shape[1]), (Part("rows", shape[2]),), (Part("columns", shape[3]),))
    return Followed(axes, *places)


def resized(call: Call, state: Followed, shape: Shape) -> Followed:
    """Return a map whose rows and columns were divided into other numbers of cells."""
    if shape[2:] == (1, 1) and not any(map(over_picture, state.axes)):
        return without_grid(state, shape)
    places = []
    for axis, place, after, pixels in zip(
        state.axes[2:], whole_places(state), shape[2:], call.size, strict=True
    ):
        if over_picture(axis):
            places.append(spread(place, length(axis), after))
        else:  # one value for the whole picture, spread over it
            places.append((pixels / after, (pixels / after - 1) / 2))
    return as_map(state, shape, (places[0], places[1]))


def without_grid(state: Followed, shape: Shape) -> Followed:
    """Return a tensor no axis of which runs over the picture, such as what a pooling of all cells leaves."""
    return replace(state, axes=(state.axes[0], *(units(n) for n in shape[1:])))


def spread(place: Place, before: int, after: int) -> Place:
    """Resize: the same extent divided into another number of cells."""
    scale, offset = place
    ratio = before / after
    return scale * ratio, offset + scale * (ratio - 1) / 2


def general(call: Call, result: Tensor) -> Followed:
    """Follow a result of any shape: elementwise operators keep axes, what maps maps to maps of another size resizes."""
    shape, main = tuple(result.shape), call.main
    fitting = [t for t, s in zip(call.tensors, call.shapes, strict=True) if _fits_into(s, shape)]
    whole = any(s == shape and id(t) in call.states for t, s in zip(call.tensors, call.shapes, strict=True))
    if whole or (len(fitting) == len(call.tensors) and _covered(call.shapes, shape)):
        return replace(main, axes=broadcast([call.axes(tensor) for tensor in fitting], shape))
    if len(shape) == 4 and is_map(main.axes) and length(main.axes[0]) == shape[0]:
        return resized(call, main, shape)
    return replace(main, axes=tuple(lost(n) for n in shape))


def _fits_into(given: Shape, shape: Shape) -> bool:
    return len(given) <= len(shape) and all(
        a in (1, b) for a, b in zip(given[::-1], shape[::-1], strict=False)
    )


def _covered(shapes: Iterable[Shape], shape: Shape) -> bool:
    padded = [(1,) * (len(shape) - len(s)) + s for s in shapes]
    return bool(padded) and tuple(max(sizes) for sizes in zip(*padded, strict=True)) == shape
