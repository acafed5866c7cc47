"""What operators that slide windows over a map do to where its cells lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor

from unitscope.layer.axes.axes import Part, length, lost, over_picture, units
from unitscope.layer.axes.calls import (
    Call,
    Followed,
    Place,
    Shape,
    as_map,
    is_map,
    is_vector,
    lost_state,
    moved,
    whole_places,
    without_grid,
)

Step = Callable[[Place], Place]


def _slide(kernel: int, stride: int, padding: int, dilation: int) -> Step:
    """Slide a window: its first position is centred `dilation * (kernel - 1) / 2 - padding` cells from cell 0."""

    def step(place: Place) -> Place:
        scale, offset = place
        return scale * stride, offset + scale * (dilation * (kernel - 1) / 2 - padding)

    return step


def _unslide(kernel: int, stride: int, padding: int, dilation: int) -> Step:
    """Spread cells over windows, as a transposed convolution does."""

    def step(place: Place) -> Place:
        scale, offset = place
        return scale / stride, offset + scale / stride * (padding - dilation * (kernel - 1) / 2)

    return step


def _pair(values: int | Sequence[int]) -> tuple[int, int]:
    listed = [values] if isinstance(values, int) else list(values)
    return (listed[0], listed[0]) if len(listed) == 1 else (listed[0], listed[1])


def _window(state: Followed, shape: Shape, steps: Sequence[Step]) -> list[Followed | None]:
    if is_vector(state.axes):
        return [without_grid(state, shape)]
    staying = all(step((1.0, 0.0)) == (1.0, 0.0) for step in steps)
    if not is_map(state.axes) and staying and shape[2:] == tuple(map(length, state.axes[2:])):
        return [replace(state, axes=(state.axes[0], units(shape[1]), *state.axes[2:]))]  # inside windows
    if not is_map(state.axes):
        kept = state.axes[0] if len(state.axes) == 4 else lost(shape[0])
        return [replace(state, axes=(kept, units(shape[1]), *(lost(n) for n in shape[2:])))]
    if not any(map(over_picture, state.axes)):
        return [without_grid(state, shape)]
    rows, columns = whole_places(state)
    if state.rolled != (0, 0) and not staying:
        return [lost_state(state, shape)]
    found = as_map(state, shape, (steps[0](rows), steps[1](columns)))
    return [replace(found, rolled=state.rolled)]


def convolution(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """Follow a convolution."""
    source, weight, stride, padding, dilation, transposed = (call.args[i] for i in (0, 1, 3, 4, 5, 6))
    state = call.states.get(id(source))
    if weight.ndim != 4 or state is None:
        return _convolution_along_tokens(call, results)
    make = _unslide if transposed else _slide
    settings = zip(weight.shape[-2:], _pair(stride), _pair(padding), _pair(dilation), strict=True)
    return _window(state, tuple(results[0].shape), [make(*axis) for axis in settings])


def _convolution_along_tokens(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    source, shape = call.args[0], tuple(results[0].shape)
    state = call.states.get(id(source))
    if state is None or len(shape) != 3 or len(state.axes) != 3:
        return None
    axis = state.axes[2] if shape[2] == length(state.axes[2]) else lost(shape[2])
    return [replace(state, axes=(state.axes[0], units(shape[1]), axis))]


def pooling(call: Call, results: Sequence[Tensor], *, dilated: bool) -> list[Followed | None] | None:
    """Follow a pooling."""
    state, args = call.states[id(call.args[0])], call.args
    if len(state.axes) != 4:
        return None
    kernel = _pair(args[1])
    stride = _pair(args[2]) if len(args) > 2 and args[2] else kernel
    padding = _pair(args[3]) if len(args) > 3 else (0, 0)
    dilation = _pair(args[4]) if dilated and len(args) > 4 else (1, 1)
    steps = [_slide(*axis) for axis in zip(kernel, stride, padding, dilation, strict=True)]
    return _window(state, tuple(results[0].shape), steps) * len(results)


def pooling_in_depth(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """Windows that are one cell wide along an axis leave it alone, as in normalisation over neighbouring units."""
    state, kernel = call.states[id(call.args[0])], call.args[1]
    stride, padding = call.arg(2, "stride") or kernel, call.arg(3, "padding", 0)
    windows = [_three(values) for values in (kernel, stride, padding)]
    axes = list(state.axes)
    for place, window in enumerate(zip(*windows, strict=True), start=len(axes) - 3):
        if window != (1, 1, 0):
            size = int(results[0].shape[place])
            axes[place] = lost(size) if over_picture(axes[place]) else units(size)
    return [replace(state, axes=tuple(axes))] * len(results)


def _three(values: int | Sequence[int]) -> list[int]:
    listed = [values] if isinstance(values, int) else list(values)
    return listed * 3 if len(listed) == 1 else listed


def columns_of_windows(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """Windows of a map, one after the other on the last axis (``unfold``)."""
    state, shape = call.main, tuple(results[0].shape)
    if not is_map(state.axes) or len(shape) != 3 or state.rolled != (0, 0):
        return None
    settings = [_pair(call.args[i]) for i in (1, 4, 3, 2)]
    steps = [_slide(*axis) for axis in zip(*settings, strict=True)]
    counts = [
        (length(axis) + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        for axis, kernel, stride, padding, dilation in zip(state.axes[2:], *settings, strict=True)
    ]
    rows, columns = whole_places(state)
    windows = (Part("rows", counts[0]), Part("columns", counts[1]))
    found = moved(state, (steps[0](rows), steps[1](columns)))
    return [replace(found, axes=(state.axes[0], units(shape[1]), windows))]


def map_of_windows(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """Put windows that stand one after the other back into a map (``fold``)."""
    state, shape = call.main, tuple(results[0].shape)
    if (
        len(state.axes) != 3
        or [part.kind for part in state.axes[2]] != ["rows", "columns"]
        or len(shape) != 4
    ):
        return None
    settings = [_pair(call.args[i]) for i in (2, 5, 4, 3)]
    steps = [_unslide(*axis) for axis in zip(*settings, strict=True)]
    return [as_map(state, shape, (steps[0](state.rows), steps[1](state.columns)))]
