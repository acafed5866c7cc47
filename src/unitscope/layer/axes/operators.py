"""What each operator of torch does to the axes of a tensor and to where its grid lies on the picture.

An operator without a rule that is not known to leave every value where it is loses the axes of what it returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from torch import Tensor

from unitscope.layer.axes.axes import broadcast, kinds, length, meet, over_picture, regroup, units
from unitscope.layer.axes.calls import Call, Followed
from unitscope.layer.axes.dividing import divided
from unitscope.layer.axes.general import general
from unitscope.layer.axes.indexing import (
    flip_rule,
    fourier_rule,
    gather_rule,
    index_rule,
    quarter_turns,
    repeat_rule,
    roll_rule,
    select_rule,
    sort_rule,
    unfold_rule,
    write_rule,
)
from unitscope.layer.axes.pieces import cat_rule, met, pad_rule, slice_rule, sliced, split_rule, stack_rule
from unitscope.layer.axes.windows import (
    columns_of_windows,
    convolution,
    map_of_windows,
    pooling,
    pooling_in_depth,
)

# What moves axes.


def _view(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    return [divided(replace(call.main, axes=regroup(call.main.axes, results[0].shape)))]


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


# What sums over axes.


def _product(call: Call, _: Sequence[Tensor], *, first: int = 0) -> list[Followed | None]:
    left, right = (call.axes(call.args[first + i]) for i in (0, 1))
    axes = (left[0], right[1]) if len(left) == 2 else (meet(left[0], right[0]), left[1], right[2])
    return [replace(call.main, axes=axes)]


def _attention(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    query, key, value = (call.axes(call.args[i]) for i in range(3))
    batch = [met((query[i], key[i], value[i])) for i in range(len(query) - 2)]
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


def _gated(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """One half of an axis is multiplied by the other, which are the same places if they are units."""
    place = call.arg(1, "dim", -1) % results[0].ndim
    if over_picture(call.main.axes[place]):
        return None
    return [sliced(call.main, place, 0, results[0].shape[place], 1)]


def _recurrent(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """A recurrent layer leaves every step of a sequence where it is; what it ends with has no place."""
    outer = call.axes(call.args[0])[:2]
    return [replace(call.main, axes=(*outer, units(results[0].shape[2]))), *([None] * (len(results) - 1))]


def _parts_of_complex(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    return [replace(call.main, axes=(*call.main.axes, units(2)))]


def _complex_of_parts(call: Call, _: Sequence[Tensor]) -> list[Followed | None]:
    return [replace(call.main, axes=call.main.axes[:-1])]


def _strided(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    """Another layout in memory changes nothing where the shape stays and there are no places to mix up."""
    same = tuple(results[0].shape) == tuple(map(length, call.main.axes))
    return [call.main] if same and not any(map(over_picture, call.main.axes)) else None


def _embedding(call: Call, results: Sequence[Tensor]) -> list[Followed | None] | None:
    codes = call.states.get(id(call.args[1]))
    if codes is None or id(call.args[0]) in call.states:
        return None
    return [replace(codes, axes=(*codes.axes, units(results[0].shape[-1])))]


REDUCTIONS = (
    "amax", "amin", "aminmax", "all", "any", "argmax", "argmin", "count_nonzero", "logsumexp", "max", "mean", "median",
    "min", "nansum", "prod", "std", "sum", "var",
)  # fmt: skip

PRODUCTS = {"mm": 0, "bmm": 0, "addmm": 1, "baddbmm": 1}
"""Products of matrices, and which of the arguments is the first of the two."""

Rule = Callable[[Call, Sequence[Tensor]], Sequence["Followed | None"] | None]

RULES: dict[str, Rule] = {
    **dict.fromkeys(("convolution", "_convolution"), convolution),
    "glu": _gated,
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool2d"), lambda c, r: pooling(c, r, dilated=True)),
    "avg_pool2d": lambda c, r: pooling(c, r, dilated=False),
    "avg_pool3d": pooling_in_depth,
    "im2col": columns_of_windows,
    "col2im": map_of_windows,
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias", "_reshape_copy"), _view),
    "permute": _permute,
    **dict.fromkeys(("transpose", "t"), _transpose),
    "unsqueeze": _unsqueeze,
    "squeeze": _squeeze,
    "select": _select,
    "unbind": _unbind,
    "expand": _expand,
    "slice": slice_rule,
    **dict.fromkeys(("split", "split_with_sizes"), split_rule),
    **dict.fromkeys(("constant_pad_nd", "reflection_pad2d", "replication_pad2d"), pad_rule),
    "cat": cat_rule,
    "stack": stack_rule,
    "repeat": repeat_rule,
    "flip": flip_rule,
    "roll": roll_rule,
    "as_strided": _strided,
    "rot90": quarter_turns,
    "view_as_real": _parts_of_complex,
    "view_as_complex": _complex_of_parts,
    **dict.fromkeys(("index", "_unsafe_index"), index_rule),
    "gather": gather_rule,
    **dict.fromkeys(("sort", "argsort", "topk", "msort"), sort_rule),
    "index_put": write_rule,
    "unfold": unfold_rule,
    "mkldnn_rnn_layer": _recurrent,
    **dict.fromkeys(("_fft_r2c", "_fft_c2c", "_fft_c2r"), fourier_rule),
    "embedding": _embedding,
    **{name: partial(_product, first=first) for name, first in PRODUCTS.items()},
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
    **dict.fromkeys(REDUCTIONS, _reduction),
    **dict.fromkeys(("norm", "linalg_vector_norm"), lambda c, r: _reduction(c, r, place=2)),
    "index_select": select_rule,
}
"""By the name of the operator, in the namespace ``aten``."""


def follow(call: Call, results: Sequence[Tensor]) -> list[Followed | None]:
    """Return what is known of the results of a call, tensors of any shape; None where no picture matters."""
    rule = RULES.get(call.name)
    found = None
    if rule is not None:
        try:
            found = rule(call, results)
        except (IndexError, ValueError, TypeError, AttributeError, AssertionError):
            found = None  # called in a form that the rule does not know
    known = [*(found or ()), *[None] * (len(results) - len(found or ()))]
    checked = []
    for result, state in zip(results, known, strict=True):
        fits = state is not None and state.fits(result)
        checked.append(_noted(call, state if fits else general(call, result)))
    return checked


def _noted(call: Call, state: Followed | None) -> Followed | None:
    """Note in a state with lost axes at which operator they were lost, and in others whether they are in doubt."""
    if state is None:
        return state
    given = call.states.values()
    if any("lost" in kinds(axis) for axis in state.axes):
        return replace(state, lost_at=next((each.lost_at for each in given if each.lost_at), call.name))
    doubt = (
        next((each.doubt or each.lost_at for each in given if each.doubt or each.lost_at), "") or state.doubt
    )
    apart = next((each.apart for each in given if each.apart), state.apart)
    if apart and _mixes_units(call):
        return replace(state, doubt=doubt or apart, lost_at="", apart="")
    return replace(state, doubt=doubt, lost_at="", apart=apart)


def _mixes_units(call: Call) -> bool:
    """Return whether every unit of a result looks at all those of its source."""
    return call.name in PRODUCTS or (call.name in ("convolution", "_convolution") and call.args[8] == 1)
