"""What each operator of torch does to the axes of a tensor and to where its grid lies on the picture.

An operator without a rule keeps what has the same shape; otherwise its result is lost, and only its shape says more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from torch import Tensor

from unitscope.layer.axes.axes import (
    Axes,
    Axis,
    Part,
    broadcast,
    concatenate,
    cut,
    length,
    lost,
    meet,
    over_picture,
    regroup,
    units,
)
from unitscope.layer.axes.calls import (
    Call,
    Followed,
    Place,
    Shape,
    as_map,
    general,
    is_map,
    whole_places,
    without_grid,
)

# Where grids lie.

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
    if not is_map(state.axes):
        kept = state.axes[0] if len(state.axes) == 4 else lost(shape[0])
        return [replace(state, axes=(kept, units(shape[1]), *(lost(n) for n in shape[2:])))]
    if not any(map(over_picture, state.axes)):
        return [without_grid(state, shape)]
    rows, columns = whole_places(state)
    return [as_map(state, shape, (steps[0](rows), steps[1](columns)))]


def _convolution(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
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


def _pooling(call: Call, results: Sequence[Tensor], *, dilated: bool) -> list[Followed | None] | None:
    state, args = call.states[id(call.args[0])], call.args
    if len(state.axes) != 4:
        return None
    kernel = _pair(args[1])
    stride = _pair(args[2]) if len(args) > 2 and args[2] else kernel
    padding = _pair(args[3]) if len(args) > 3 else (0, 0)
    dilation = _pair(args[4]) if dilated and len(args) > 4 else (1, 1)
    steps = [_slide(*axis) for axis in zip(kernel, stride, padding, dilation, strict=True)]
    return _window(state, tuple(results[0].shape), steps) * len(results)


def _pooling_in_depth(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
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


# What moves axes.


def _view(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    return [replace(call.main, axes=regroup(call.main.axes, results[0].shape))]


def _permute(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    axes = call.main.axes
    return [replace(call.main, axes=tuple(axes[place] for place in call.args[1]))]


def _transpose(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    axes = list(call.main.axes)
    first, second = (call.args[1], call.args[2]) if len(call.args) > 2 else (0, -1)
    axes[first], axes[second] = axes[second], axes[first]
    return [replace(call.main, axes=tuple(axes))]


def _unsqueeze(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    axes = list(call.main.axes)
    place = call.args[1] % (len(axes) + 1)
    return [replace(call.main, axes=(*axes[:place], units(1), *axes[place:]))]


def _squeeze(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    axes, given = call.main.axes, call.arg(1, "dim")
    places = range(len(axes)) if given is None else [given] if isinstance(given, int) else given
    gone = {place % len(axes) for place in places if length(axes[place]) == 1}
    return [replace(call.main, axes=tuple(axis for i, axis in enumerate(axes) if i not in gone))]


def _select(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    axes = list(call.main.axes)
    del axes[call.args[1]]
    return [replace(call.main, axes=tuple(axes))]


def _unbind(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    axes = list(call.main.axes)
    del axes[call.arg(1, "dim", 0)]
    return [replace(call.main, axes=tuple(axes))] * len(results)


def _expand(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    shape = tuple(results[0].shape)
    return [replace(call.main, axes=broadcast([call.main.axes], shape))]


def _slice(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    place, start, stop, step = (call.arg(i, name, default) for i, (name, default) in enumerate(
        (("dim", 0), ("start", 0), ("end", None), ("step", 1)), start=1))  # fmt: skip
    return [_sliced(call.main, place, start, stop, step)]


def _sliced(state: Followed, place: int, start: int | None, stop: int | None, step: int) -> Followed:
    axes = list(state.axes)
    start, stop, step = slice(start, stop, step).indices(length(axes[place]))
    axis = cut(axes[place], start, stop, step)
    if axis == axes[place]:
        return state
    moved = _moved(state, axes[place], start, step)
    axes[place] = axis
    return replace(moved, axes=tuple(axes))


def _moved(state: Followed, axis: Axis, start: int, step: int) -> Followed:
    """Return where rows or columns lie that begin at cell `start` of `axis` and take every `step`-th."""
    kind = axis[0].kind if len(axis) == 1 else "lost"
    if kind not in ("rows", "columns"):
        return state
    scale, offset = whole_places(state)[kind == "columns"]
    place = (scale * step, offset + scale * start)
    return replace(state, rows=place) if kind == "rows" else replace(state, columns=place)


def _split(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    place, start, pieces = call.arg(2, "dim", 0), 0, []
    for result in results:
        stop = start + result.shape[place]
        pieces.append(_sliced(call.main, place, start, stop, 1))
        start = stop
    return list(pieces)


def _pad(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    state, shape = call.main, tuple(results[0].shape)
    axes, margins = list(state.axes), call.args[1]
    for index in range(len(margins) // 2):
        place, before = len(axes) - 1 - index, margins[2 * index]
        axis = axes[place]
        if shape[place] != length(axis) or before:
            state = _moved(state, axis, -before, 1)
            plain = len(axis) == 1 and axis[0].kind in ("rows", "columns", "units")
            axes[place] = (Part(axis[0].kind, shape[place]),) if plain else lost(shape[place])
    return [replace(state, axes=tuple(axes))]


def _cat(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    place = call.arg(1, "dim", 0) % results[0].ndim
    pieces = [piece for piece in call.args[0] if piece.ndim == results[0].ndim]
    given = [call.axes(piece) for piece in pieces]
    axes = tuple(
        (concatenate if i == place else _met)([each[i] for each in given]) for i in range(results[0].ndim)
    )
    states = [call.states[id(piece)] for piece in pieces if id(piece) in call.states]
    spatial = [state for state in states if any(map(over_picture, state.axes))]
    if len(spatial) == len(pieces) and not over_picture(axes[place]):
        return [_on_top_of_each_other(spatial, axes)]
    return [replace(call.main, axes=axes)]


def _on_top_of_each_other(states: Sequence[Followed], axes: Axes) -> Followed:
    """Cells that become one, such as the four of a 2x2 patch, lie in their middle."""
    places = [whole_places(state) for state in states]
    rows, columns = ((places[0][i][0], sum(place[i][1] for place in places) / len(places)) for i in (0, 1))
    plain = tuple(tuple(replace(part, step=1) for part in axis) for axis in axes)
    return Followed(plain, rows, columns)


def _met(axes: Iterable[Axis]) -> Axis:
    first, *others = axes
    for other in others:
        first = meet(first, other)
    return first


def _stack(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    place = call.arg(1, "dim", 0) % results[0].ndim
    given = [call.axes(piece) for piece in call.args[0]]
    axes = [_met(each[i] for each in given) for i in range(results[0].ndim - 1)]
    axes.insert(place, units(len(given)))
    return [replace(call.main, axes=tuple(axes))]


# What sums over axes.


def _product(call: Call, _: Sequence[Tensor], *, first: int = 0) -> list[Followed | None]:
    left, right = (call.axes(call.args[first + i]) for i in (0, 1))
    axes = (left[0], right[1]) if len(left) == 2 else (meet(left[0], right[0]), left[1], right[2])
    return [replace(call.main, axes=axes)]


def _attention(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    query, key, value = (call.axes(call.args[i]) for i in range(3))
    batch = [_met((query[i], key[i], value[i])) for i in range(len(query) - 2)]
    axes = (*batch, query[-2], value[-1])
    return [replace(call.main, axes=axes), *([None] * (len(results) - 1))]


def _reduction(call: Call, results: Sequence[Tensor], *, place: int = 1) -> list[Followed | None] | None:
    axes, given = call.main.axes, call.arg(place, "dim")
    if given is None or isinstance(given, bool):
        return None
    gone = {place % len(axes) for place in ([given] if isinstance(given, int) else given)} or set(
        range(len(axes))
    )
    if results[0].ndim == len(axes):
        kept = tuple(units(1) if i in gone else axis for i, axis in enumerate(axes))
    else:
        kept = tuple(axis for i, axis in enumerate(axes) if i not in gone)
    return [replace(call.main, axes=kept)] * len(results)


def _index_select(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    axes, place = list(call.main.axes), call.args[1]
    size = int(results[0].shape[place])
    axes[place] = lost(size) if over_picture(axes[place]) else units(size)
    return [replace(call.main, axes=tuple(axes))]


Rule = Callable[[Call, Sequence[Tensor]], Sequence["Followed | None"] | None]

RULES: dict[str, Rule] = {
    "convolution": _convolution,
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool2d"), lambda c, r: _pooling(c, r, dilated=True)),
    "avg_pool2d": lambda c, r: _pooling(c, r, dilated=False),
    "avg_pool3d": _pooling_in_depth,
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias", "_reshape_copy"), _view),
    "permute": _permute,
    **dict.fromkeys(("transpose", "t"), _transpose),
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "select": _select,
    "unbind": _unbind,
    "expand": _expand,
    "slice": _slice,
    **dict.fromkeys(("split", "split_with_sizes"), _split),
    **dict.fromkeys(("constant_pad_nd", "reflection_pad2d", "replication_pad2d"), _pad),
    "cat": _cat,
    "stack": _stack,
    **dict.fromkeys(("mm", "bmm"), _product),
    **dict.fromkeys(("addmm", "baddbmm"), lambda c, r: _product(c, r, first=1)),
    **dict.fromkeys(
        (
            "_scaled_dot_product_flash_attention_for_cpu",
            "_scaled_dot_product_flash_attention",
            "_scaled_dot_product_efficient_attention",
            "_scaled_dot_product_cudnn_attention",
            "_scaled_dot_product_fused_attention_overrideable",
            "_scaled_dot_product_attention_math",
        ),
        _attention,
    ),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "max", "min", "var", "std", "logsumexp"), _reduction),
    **dict.fromkeys(("norm", "linalg_vector_norm"), lambda c, r: _reduction(c, r, place=2)),
    "index_select": _index_select,
}
"""By the name of the operator, in the namespace ``aten``."""


def follow(call: Call, results: Sequence[Tensor]) -> list[Followed]:
    """Return what is known of the results of a call, tensors of any shape."""
    rule = RULES.get(call.name)
    found = None
    if rule is not None:
        try:
            found = rule(call, results)
        except (IndexError, ValueError, TypeError, AttributeError, AssertionError):
            found = None  # called in a form that the rule does not know
    if found is None:
        return [general(call, result) for result in results]
    checked = []
    for result, state in zip(results, [*found, *[None] * (len(results) - len(found))], strict=True):
        checked.append(state if state is not None and state.fits(result) else general(call, result))
    return checked
