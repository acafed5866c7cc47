"""What puts cells in another order: flips, rolls, indices; and what is written into a part of a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from unitscope.layer.axes.axes import (
    Axis,
    Part,
    broadcast,
    concatenate,
    kinds,
    length,
    lost,
    only,
    over_picture,
    regroup,
    take,
    units,
)
from unitscope.layer.axes.calls import PLACED, Call, Followed, lost_state, total
from unitscope.layer.axes.pieces import moved_to, placed, sliced, whole


def _with_axis(state: Followed, place: int, axis: Axis) -> Followed:
    axes = list(state.axes)
    axes[place] = axis
    return replace(state, axes=tuple(axes))


def flip_rule(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    """Follow a flip."""
    state = call.main
    for place in call.args[1]:
        state = _flipped(state, place % len(state.axes))
    return [state]


def _flipped(state: Followed, place: int) -> Followed:
    axis = state.axes[place]
    size, kind = length(axis), only(axis)
    if size == 1 and "pictures" not in kinds(axis):
        return state
    if kind is None:
        return _with_axis(state, place, take(axis, range(size)[::-1]))
    if total(state, kind) != size:
        return _with_axis(state, place, lost(size))
    index = PLACED.index(kind)
    scale, offset = (state.rows, state.columns)[index]
    return placed(state, kind, (-scale, offset + scale * (size - 1)), rolled=-state.rolled[index] % size)


def roll_rule(call: Call, _: Sequence[Tensor]) -> list[Followed | None] | None:
    """Follow a roll."""
    state, shifts, places = call.main, call.args[1], call.arg(2, "dims", ())
    if not places:
        return None  # over all axes as if they were one
    for shift, place in zip(shifts, places, strict=True):
        state = _rolled(state, place % len(state.axes), shift)
    return [state]


def quarter_turns(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    """Follow a rotation by quarter turns: a flip, and two axes that change places."""
    turns = call.arg(1, "k", 1) % 4
    first, second = (place % len(call.main.axes) for place in call.arg(2, "dims", (0, 1)))
    state = call.main
    for place in {0: (), 1: (second,), 2: (first, second), 3: (first,)}[turns]:
        state = _flipped(state, place)
    axes = list(state.axes)
    if turns % 2:
        axes[first], axes[second] = axes[second], axes[first]
    return [replace(state, axes=tuple(axes))]


def _rolled(state: Followed, place: int, shift: int) -> Followed:
    axis = state.axes[place]
    size, kind = length(axis), only(axis)
    if kind is None:
        return _with_axis(state, place, take(axis, [(i - shift) % size for i in range(size)]))
    if total(state, kind) != size:
        return _with_axis(state, place, lost(size))
    index = PLACED.index(kind)
    turned = (state.rolled[index] + shift) % size
    return placed(state, kind, (state.rows, state.columns)[index], rolled=turned)


def _numbers(call: Call, index: Tensor, size: int) -> list[int] | None:
    """Return the positions that an index ``(n,)`` or a mask ``(size,)`` takes, the same for every picture, or None."""
    if not call.known(index) or index.ndim != 1:
        return None
    mask = index.dtype in (torch.bool, torch.uint8)
    listed: list[int] = (index.nonzero()[:, 0] if mask else index).tolist()
    return [number % size for number in listed]


def taken(state: Followed, place: int, numbers: Sequence[int] | None, size: int) -> Followed:
    """Return what is known once `size` positions of an axis were taken, in any order; None: nobody knows which."""
    axis = state.axes[place]
    before, kind = length(axis), only(axis)
    if numbers is None:
        gone = over_picture(axis) or bool({"pictures", "lost"} & kinds(axis))
        return _with_axis(state, place, lost(size) if gone else units(size))
    if kind is None or not numbers:
        return _with_axis(state, place, take(axis, numbers))
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if step and list(numbers) == [numbers[0] + step * i for i in range(size)]:
        low, high = min(numbers[0], numbers[-1]), max(numbers[0], numbers[-1])
        found = sliced(state, place, low, high + 1, abs(step))
        return found if step > 0 else _flipped(found, place)
    if list(numbers) == [(numbers[0] + i) % before for i in range(before)]:
        return _rolled(state, place, -numbers[0])
    return _with_axis(state, place, lost(size))


def select_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """Follow an index along one axis."""
    state, place = call.states.get(id(call.args[0])), call.args[1]
    if state is None:
        return [lost_state(call.main, tuple(results[0].shape))]
    place %= len(state.axes)
    index = call.args[2].reshape(-1)
    numbers = _numbers(call, index, length(state.axes[place])) if call.known(call.args[2]) else None
    return [taken(state, place, numbers, int(results[0].shape[place]))]


def index_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """Follow an index with tensors, one of which is an index."""
    state = call.states.get(id(call.args[0]))
    given = [(place, index) for place, index in enumerate(call.args[1]) if index is not None]
    if state is None or len(given) != 1:
        return None
    (place, index), shape = given[0], tuple(results[0].shape)
    if index.ndim == 1:
        numbers = _numbers(call, index, length(state.axes[place]))
        return [taken(state, place, numbers, shape[place])]
    if (
        over_picture(state.axes[place])
        or {"pictures", "lost"} & kinds(state.axes[place])
        or not call.known(index)
    ):
        return None
    inner = tuple(units(n) for n in shape[place : place + len(shape) - len(state.axes) + 1])
    return [replace(state, axes=(*state.axes[:place], *inner, *state.axes[place + 1 :]))]


def gather_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """Follow a gathering that takes the same positions of one axis everywhere on the others."""
    source, place, index = call.args[0], call.args[1], call.args[2]
    state = call.states.get(id(source))
    if state is None or not results[0].ndim:
        return None
    place %= len(state.axes)
    axes: list[Axis] = []
    for i, size in enumerate(results[0].shape):
        same = size == length(state.axes[i])
        axes.append(state.axes[i] if same or i == place else lost(int(size)))
    numbers = None
    if call.known(index):
        line = index.movedim(place, 0).flatten(1) if index.ndim > 1 else index[:, None]
        if line.numel() and bool((line == line[:, :1]).all()):
            numbers = _numbers(call, line[:, 0].contiguous(), length(state.axes[place]))
    return [taken(replace(state, axes=tuple(axes)), place, numbers, int(results[0].shape[place]))]


def sort_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """Sorting loses the axis along which it sorts."""
    state = call.main
    integers = [arg for arg in call.args[1:] if isinstance(arg, int) and not isinstance(arg, bool)]
    named = call.kwargs.get("dim")
    if call.name == "topk":
        place = call.arg(2, "dim", -1)
    elif named is not None:
        place = named
    else:
        place = integers[0] if integers else (0 if call.name == "msort" else -1)
    place %= len(state.axes)
    return [taken(state, place, None, int(results[0].shape[place]))] * len(results)


def write_rule(call: Call, _: Sequence[Tensor]) -> list[Followed | None] | None:
    """Write what does not depend on the picture, such as a mask token, to some positions."""
    state = call.states.get(id(call.args[0]))
    return [state] if state is not None and len(call.states) == 1 else None


def repeat_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """Follow a repetition: what is repeated has no single place any more."""
    shape, state = tuple(results[0].shape), call.main
    axes = list(broadcast([state.axes], shape))
    for place in range(-len(state.axes), 0):
        axis, size = state.axes[place], int(shape[place])
        if length(axis) != size:
            axes[place] = lost(size) if over_picture(axis) or "pictures" in kinds(axis) else units(size)
    return [replace(state, axes=tuple(axes))]


def unfold_rule(call: Call, _: Sequence[Tensor]) -> list[Followed | None] | None:
    """Cut an axis into windows that touch; those that overlap or leave gaps are lost."""
    state, (place, size, step) = call.main, call.args[1:4]
    place %= len(state.axes)
    count = length(state.axes[place])
    if size != step or count % size:
        return None
    outer, inner = regroup((state.axes[place],), (count // size, size))
    return [replace(state, axes=(*state.axes[:place], outer, *state.axes[place + 1 :], inner))]


def fourier_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """A Fourier transform turns places into waves, and the inverse turns them back."""
    state, shape = call.main, tuple(results[0].shape)
    for place in call.args[1]:
        axis, size = state.axes[place], int(shape[place])
        if len(axis) == 1 and axis[0].kind == "waves":
            back = axis[0].grid
            made = back if length(back) == size else lost(size)
        elif over_picture(axis):
            made = (Part("waves", size, grid=axis),)
        else:
            made = axis if length(axis) == size else units(size)
        state = _with_axis(state, place, made)
    return [state]


def embedded(state: Followed, view: Tensor, base: Tensor) -> Followed:
    """Return what is known of `base`, which did not depend on the picture, once `view` of it has what `state` says.

    Both are of any shape; all of `base` beside the view is padding.
    """
    nothing = lost_state(state, tuple(base.shape))
    begin, strides = int(view.storage_offset() - base.storage_offset()), base.stride()
    starts: dict[int, int] = {}
    for place in sorted((i for i, n in enumerate(base.shape) if n > 1), key=lambda i: -strides[i]):
        starts[place], begin = divmod(begin, max(strides[place], 1))
    axes: list[Any] = [units(n) for n in base.shape]
    if view.ndim == base.ndim:
        axes = [state.axes[i] if n == 1 else axes[i] for i, n in enumerate(base.shape)]
    for i, axis in enumerate(state.axes):
        if view.shape[i] == 1:
            continue
        host = next((j for j in starts if strides[j] == view.stride(i)), None)
        if host is None or begin:
            return nothing
        start = starts.pop(host)
        rest = int(base.shape[host]) - length(axis) - start
        if not start and not rest:
            axes[host] = axis
        elif (kind := only(axis)) and whole(state, axis):
            state = moved_to(state, axis, -start, 1)
            axes[host] = (Part(kind, int(base.shape[host])),)
        elif "pictures" in kinds(axis) or only(axis):
            return nothing
        else:
            axes[host] = concatenate(
                [units(n) for n in (start,) if n] + [axis] + [units(n) for n in (rest,) if n]
            )
    return replace(state, axes=tuple(axes))
