"""What becomes of a tensor where an operator has no rule of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from torch import Tensor

from unitscope.layer.axes.axes import Axes, broadcast, kinds, length, over_picture
from unitscope.layer.axes.calls import Call, Followed, Shape, is_map, is_vector, lost_state, without_grid
from unitscope.layer.axes.elementwise import CREATES, RESIZES, keeps_places
from unitscope.layer.axes.meeting import meeting
from unitscope.layer.axes.resizing import resized


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
    return _without_places(call, shape) or lost_state(main, shape)


def _without_places(call: Call, shape: Shape) -> Followed | None:
    """Return what was made of vectors, one for each picture: what has no places cannot lose them."""
    states = list(call.states.values())
    if not shape or any(
        state.axes[:1] != states[0].axes[:1] or not is_vector(state.axes) for state in states
    ):
        return None
    return without_grid(states[0], shape) if length(states[0].axes[0]) == shape[0] else None


def _elementwise(call: Call, shape: Shape) -> Followed:
    main, tensors = call.main, list(zip(call.tensors, call.shapes, strict=True))
    if call.name == "copy":
        tensors = tensors[1:]  # what the first one held is gone
    fitting = [t for t, s in tensors if _fits_into(s, shape)]
    whole = any(s == shape and id(t) in call.states for t, s in tensors)
    if not whole and not (len(fitting) == len(call.tensors) and _covered(call.shapes, shape)):
        return lost_state(main, shape)
    states = [call.states[id(tensor)] for tensor in fitting if id(tensor) in call.states]
    met = meeting([state for state in states if any(map(over_picture, state.axes))] or [main])
    if met is None:
        return lost_state(main, shape)
    given = [call.axes(tensor) for tensor in fitting]
    axes = broadcast(given, shape)
    if any("lost" in kinds(axis) for axis in axes):
        return _beside_lost(call, fitting, shape) or replace(main, axes=axes)
    return replace(met.state, axes=axes, doubt="" if met.sure else call.name)


def _beside_lost(call: Call, fitting: Sequence[Tensor], shape: Shape) -> Followed | None:
    """Return what lies as those say that are known, if it lies anywhere: the rest is lost, or repeats a coarser grid.

    None where nothing is known well enough. What was rolled is not: nobody knows whether the rest was rolled as well.
    """
    known = [tensor for tensor in fitting if _plainly_placed(call.axes(tensor), shape)]
    given = [call.axes(tensor) for tensor in known]
    if len({tuple(axis for axis in axes if over_picture(axis)) for axes in given}) != 1:
        return None
    met = meeting([call.states[id(tensor)] for tensor in known])
    if met is None or met.state.rolled != (0, 0):
        return None
    return replace(met.state, axes=broadcast(given, shape), doubt=call.name)


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
