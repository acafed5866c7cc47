"""What slices, pads and puts pieces together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from torch import Tensor

from unitscope.layer.axes.axes import (
    Axes,
    Axis,
    Kind,
    Part,
    concatenate,
    cut,
    length,
    lost,
    meet,
    only,
    over_picture,
    units,
)
from unitscope.layer.axes.calls import (
    PLACED,
    Call,
    Followed,
    Place,
    lost_state,
    total,
    whole_places,
)
from unitscope.layer.axes.meeting import meeting


def slice_rule(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    """Follow a slice."""
    place, start, stop, step = (call.arg(i, name, default) for i, (name, default) in enumerate(
        (("dim", 0), ("start", 0), ("end", None), ("step", 1)), start=1))  # fmt: skip
    return [sliced(call.main, place, start, stop, step)]


def sliced(state: Followed, place: int, start: int | None, stop: int | None, step: int) -> Followed:
    """Return what is known after a slice of one axis."""
    axes = list(state.axes)
    before = axes[place]
    start, stop, step = slice(start, stop, step).indices(length(before))
    axis = cut(before, start, stop, step)
    if axis == before:
        return state
    if not whole(state, before):
        axis = lost(length(axis))
    moved = moved_to(state, before, start, step)
    axes[place] = axis
    return replace(moved, axes=tuple(axes))


def whole(state: Followed, axis: Axis) -> bool:
    """Return whether an axis holds all rows or all columns in their order, or neither of them alone."""
    kind = only(axis)
    if kind is None:
        return not {"rows", "columns"} & {part.kind for part in axis} or state.rolled == (0, 0)
    return total(state, kind) == length(axis) and not state.rolled[PLACED.index(kind)]


def moved_to(state: Followed, axis: Axis, start: float, step: int) -> Followed:
    """Return where rows or columns lie that begin at cell `start` of `axis` and take every `step`-th."""
    kind = only(axis)
    if kind is None:
        return state
    scale, offset = whole_places(state)[kind == "columns"]
    place = (scale * step, offset + scale * start)
    return replace(state, rows=place) if kind == "rows" else replace(state, columns=place)


def split_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """Follow the pieces of a split."""
    place, start, pieces = call.arg(2, "dim", 0), 0, []
    for result in results:
        stop = start + result.shape[place]
        pieces.append(sliced(call.main, place, start, stop, 1))
        start = stop
    return list(pieces)


def pad_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """Follow padding."""
    state, shape = call.main, tuple(results[0].shape)
    axes, margins = list(state.axes), call.args[1]
    for index in range(len(margins) // 2):
        place, (before, after) = len(axes) - 1 - index, margins[2 * index : 2 * index + 2]
        axis = axes[place]
        if not before and not after:
            continue
        plain = len(axis) == 1 and axis[0].kind in ("rows", "columns", "units") and whole(state, axis)
        state = moved_to(state, axis, -before, 1)
        if plain:
            axes[place] = (Part(axis[0].kind, shape[place]),)
        elif min(before, after) < 0 or only(axis):
            axes[place] = lost(shape[place])
        else:  # others that stand beside tokens
            axes[place] = concatenate(
                [*([units(before)] if before else []), axis, *([units(after)] if after else [])]
            )
    return [replace(state, axes=tuple(axes))]


def cat_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """Follow what is put behind one another."""
    place = call.arg(1, "dim", 0) % results[0].ndim
    pieces = [piece for piece in call.args[0] if piece.ndim == results[0].ndim]
    given = [call.axes(piece) for piece in pieces]
    states = [call.states[id(piece)] for piece in pieces if id(piece) in call.states]
    spatial = [state for state in states if any(map(over_picture, state.axes))]
    axes = [met(each[i] for each in given) for i in range(results[0].ndim) if i != place]
    axes.insert(place, lost(results[0].shape[place]))
    if any(only(each[place]) for each in given):
        return [_rows_joined(call, pieces, place, axes)]
    axes[place] = concatenate([each[place] for each in given])
    if len(spatial) == len(pieces) and not over_picture(axes[place]) and _tile(spatial):
        return [_on_top_of_each_other(spatial, tuple(axes))]
    return [_together(call, spatial, tuple(axes))]


def _together(call: Call, spatial: Sequence[Followed], axes: Axes) -> Followed:
    """Return tensors side by side, which are no single grid where some of them lie elsewhere than others."""
    met = meeting(spatial or [call.main])
    if met is None:
        return lost_state(call.main, tuple(map(length, axes)))
    return replace(met.state, axes=axes, apart=met.state.apart if met.sure else call.name)


def _rows_joined(call: Call, pieces: Sequence[Tensor], place: int, axes: list[Axis]) -> Followed:
    """Rows, or columns, behind one another: a larger map where they follow on, a rolled one where two changed places.

    What does not depend on the picture, between or around them, is padding.
    """
    nothing = lost_state(call.main, tuple(length(axis) for axis in axes))
    along = [call.axes(piece)[place] for piece in pieces]
    kind = next(found for axis in along if (found := only(axis)))
    ends = list(accumulate(map(length, along), initial=0))
    parts = [
        (ends[i], axis, call.states[id(piece)])
        for i, (piece, axis) in enumerate(zip(pieces, along, strict=True))
        if over_picture(axis)
    ]
    states = [state for _, _, state in parts]
    if any(only(axis) != kind or not whole(state, axis) for _, axis, state in parts):
        return nothing
    index = PLACED.index(kind)
    lines = [whole_places(state)[index] for state in states]
    (scale, offset), begin = lines[0], parts[0][0]
    if any(abs(line[0] - scale) > 1e-6 * abs(scale) for line in lines):
        return nothing
    met = meeting([placed(state, kind, lines[0]) for state in states])
    if met is None or not met.sure:
        return nothing
    moved = [(line[1] - offset) / scale for line in lines]
    axes[place] = (Part(kind, ends[-1]),)
    joined = replace(met.state, axes=tuple(axes))
    if all(abs(at - (start - begin)) < 0.01 for at, (start, _, _) in zip(moved, parts, strict=True)):
        return placed(joined, kind, (scale, offset - scale * begin))
    first, second = (length(axis) for axis in (along[0], along[-1]))
    if len(parts) != 2 or len(pieces) != 2 or abs(moved[1] + second) > 0.01:
        return nothing
    return placed(joined, kind, (scale, offset + scale * moved[1]), rolled=first)


def placed(state: Followed, kind: Kind, place: Place, rolled: int | None = None) -> Followed:
    """Return a tensor whose rows, or columns, lie elsewhere, and are rolled by another number of positions."""
    turns = list(state.rolled)
    if rolled is not None:
        turns[PLACED.index(kind)] = rolled
    moved = (place, state.columns) if kind == "rows" else (state.rows, place)
    return replace(state, rows=moved[0], columns=moved[1], rolled=(turns[0], turns[1]))


def _tile(states: Sequence[Followed]) -> bool:
    """Return whether tensors hold what larger cells are divided into, as every second row and the others do."""
    count = 1
    for lines in zip(*map(whole_places, states), strict=True):
        scale, begins = lines[0][0], sorted({round(offset, 6) for _, offset in lines})
        steps = [(after - before) * len(begins) / scale for before, after in pairwise(begins)]
        if any(line[0] != scale for line in lines) or any(abs(abs(step) - 1) > 1e-3 for step in steps):
            return False
        count *= len(begins)
    return len({(state.rolled, state.grain, state.reach) for state in states}) == 1 and count in (
        1,
        len(states),
    )


def _on_top_of_each_other(states: Sequence[Followed], axes: Axes) -> Followed:
    """Cells that become one, such as the four of a 2x2 patch, lie in their middle."""
    if all((state.rows, state.columns) == (states[0].rows, states[0].columns) for state in states):
        return replace(states[0], axes=axes)
    places = [whole_places(state) for state in states]
    rows, columns = ((places[0][i][0], sum(place[i][1] for place in places) / len(places)) for i in (0, 1))
    plain = tuple(tuple(replace(part, step=1) for part in axis) for axis in axes)
    return replace(states[0], axes=plain, rows=rows, columns=columns)


def met(axes: Iterable[Axis]) -> Axis:
    """Return the most telling of axes that stand for the same one."""
    first, *others = axes
    for other in others:
        first = meet(first, other)
    return first


def stack_rule(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """Follow what is put on a new axis."""
    place = call.arg(1, "dim", 0) % results[0].ndim
    given = [call.axes(piece) for piece in call.args[0]]
    axes = [met(each[i] for each in given) for i in range(results[0].ndim - 1)]
    axes.insert(place, units(len(given)))
    states = [call.states[id(piece)] for piece in call.args[0] if id(piece) in call.states]
    spatial = [state for state in states if any(map(over_picture, state.axes))]
    return [_together(call, spatial, tuple(axes))]
