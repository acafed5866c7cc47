"""Follow units through operations that work on every channel alone, up to the linear steps that mix them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, fx

from unitscope.layer.readout import Reading
from unitscope.replay import CannotCut, Graph


@dataclass(frozen=True)
class Channels:
    """Where units are on an axis of a value: unit u has the `width` entries from ``first + u * width`` on.

    No other entry depends on the unit, and these depend on no other unit.
    """

    axis: int
    first: int = 0
    width: int = 1

    def blocks(self, value: Tensor, units: int) -> Tensor:
        """Return a view of the units' entries, ``(..., entries, ...) -> (..., U, width, ...)``; no data is copied."""
        mine = value.narrow(self.axis, self.first, units * self.width)
        blocks: Tensor = mine.unflatten(self.axis, (units, self.width))
        return blocks


@dataclass(frozen=True, eq=False)
class Follower:
    """The channels of every value that has been followed."""

    graph: Graph
    known: dict[fx.Node, Channels]

    def sizes(self, node: object) -> tuple[int, ...]:
        """Return the shape of a value with its pictures on the first axis, () for others."""
        if not isinstance(node, fx.Node):
            return ()
        try:
            sizes = self.graph.sizes(node)
        except CannotCut:
            return ()
        return sizes if sizes[:1] == (-1,) else ()

    def changing(self, node: fx.Node) -> list[fx.Node]:
        """Return the arguments that depend on the layer."""
        return [used for used in node.all_input_nodes if used in self.graph.after_layer]

    def first_alone(self, node: fx.Node) -> Channels | None:
        """Return the channels of the first argument, if it is the only one that depends on the layer."""
        return self.known.get(node.args[0]) if self.changing(node) == [node.args[0]] else None  # type: ignore[arg-type]


Rule = Callable[[Follower, fx.Node], Channels | None]


def follow_channels(graph: Graph, reading: Reading) -> Follower:
    """Find every value whose entries each depend on one unit at most.

    Args:
        graph: a network, cut at a layer.
        reading: how the layer's output is read, pictures first.
    """
    follower = Follower(graph, {})
    if reading.axes.count("U") != 1 or not follower.sizes(graph.layer):
        return follower
    follower.known[graph.layer] = Channels(reading.axes.index("U"))
    for node in graph.module.graph.nodes:
        if node in graph.after_layer and node is not graph.layer and follower.sizes(node):
            rule = RULES.get(operation(node))
            channels = rule(follower, node) if rule else None
            if channels is not None:
                follower.known[node] = channels
    return follower


def operation(node: fx.Node) -> str:
    """Return the name of a node's operation without its overload, such as ``conv2d``."""
    schema = getattr(node.target, "_schema", None)
    return str(schema.name).removeprefix("aten::") if schema is not None else ""


def argument(node: fx.Node, index: int, name: str, default: object) -> Any:
    """Return an argument of an operation, however it was given."""
    return node.args[index] if len(node.args) > index else node.kwargs.get(name, default)


def _elementwise(follower: Follower, node: fx.Node) -> Channels | None:
    changing = follower.changing(node)
    found = {follower.known.get(used) for used in changing}
    same = all(follower.sizes(used) == follower.sizes(node) for used in changing)
    return found.pop() if len(found) == 1 and same else None


def _dropout(follower: Follower, node: fx.Node) -> Channels | None:
    return None if argument(node, 2, "train", True) else follower.first_alone(node)


def _per_channel(follower: Follower, node: fx.Node) -> Channels | None:
    channels = follower.first_alone(node)
    return channels if channels is not None and channels.axis == 1 else None


def _batch_norm(follower: Follower, node: fx.Node) -> Channels | None:
    return None if argument(node, 5, "training", True) else _per_channel(follower, node)


def _over_grid(follower: Follower, node: fx.Node) -> Channels | None:
    """Follow pooling and resizing: whatever happens on the last two axes."""
    channels, sizes = _per_channel(follower, node), follower.sizes(node)
    return channels if len(sizes) == 4 and len(follower.sizes(node.args[0])) == 4 else None


def _pad(follower: Follower, node: fx.Node) -> Channels | None:
    return _over_grid(follower, node) if len(argument(node, 1, "pad", ())) <= 4 else None


def _reduce(follower: Follower, node: fx.Node) -> Channels | None:
    channels, before = follower.first_alone(node), follower.sizes(node.args[0])
    dims = argument(node, 1, "dim", None)
    if channels is None or not dims:
        return None
    gone = {int(dim) % len(before) for dim in dims}
    if gone & {0, channels.axis}:
        return None
    kept = len(follower.sizes(node)) == len(before)
    earlier = 0 if kept else sum(dim < channels.axis for dim in gone)
    return Channels(channels.axis - earlier, channels.first, channels.width)


def _reshape(follower: Follower, node: fx.Node) -> Channels | None:
    channels = follower.first_alone(node)
    before, after = follower.sizes(node.args[0]), follower.sizes(node)
    if channels is None:
        return None
    if before[: channels.axis + 1] == after[: channels.axis + 1]:
        return channels
    if channels.axis == 1 and len(after) == 2:
        cells = math.prod(before[2:])
        return Channels(1, channels.first * cells, channels.width * cells)
    return None


def _permute(follower: Follower, node: fx.Node) -> Channels | None:
    channels, sides = follower.first_alone(node), len(follower.sizes(node))
    if channels is None:
        return None
    order = list(range(sides))
    if operation(node) == "permute":
        order = [int(dim) % sides for dim in argument(node, 1, "dims", ())]
    else:
        one, other = (int(argument(node, i, f"dim{i - 1}", 0)) % sides for i in (1, 2))
        order[one], order[other] = other, one
    return Channels(order.index(channels.axis), channels.first, channels.width) if order[0] == 0 else None


def _slice(follower: Follower, node: fx.Node) -> Channels | None:
    channels = follower.first_alone(node)
    before, after = follower.sizes(node.args[0]), follower.sizes(node)
    if channels is None or before[0] != after[0] or before[channels.axis] != after[channels.axis]:
        return None
    return channels


def _select(follower: Follower, node: fx.Node) -> Channels | None:
    channels, before = follower.first_alone(node), follower.sizes(node.args[0])
    if channels is None:
        return None
    dim = int(argument(node, 1, "dim", 0)) % len(before)
    if dim in (0, channels.axis):
        return None
    return Channels(channels.axis - (dim < channels.axis), channels.first, channels.width)


def _concatenate(follower: Follower, node: fx.Node) -> Channels | None:
    parts: Any = node.args[0]
    changing = follower.changing(node)
    if len(changing) != 1 or list(parts).count(changing[0]) != 1:
        return None
    channels, sizes = follower.known.get(changing[0]), follower.sizes(node)
    dim = int(argument(node, 1, "dim", 0)) % len(sizes)
    if channels is None or dim == 0:
        return None
    if dim != channels.axis:
        return channels
    earlier = parts[: list(parts).index(changing[0])]
    before = sum(int(part.meta["val"].shape[dim]) for part in earlier)
    return Channels(channels.axis, channels.first + before, channels.width)


def _depthwise(follower: Follower, node: fx.Node) -> Channels | None:
    channels = _per_channel(follower, node)
    inputs, groups = follower.sizes(node.args[0]), argument(node, 6, "groups", 1)
    if channels is None or len(inputs) != 4 or groups != inputs[1]:
        return None
    several = follower.sizes(node)[1] // groups
    return Channels(1, channels.first * several, channels.width * several)


ELEMENTWISE = (
    "relu relu6 leaky_relu elu selu celu gelu silu mish sigmoid tanh hardtanh hardswish hardsigmoid softplus "
    "softsign log_sigmoid threshold clone contiguous detach alias neg abs exp log log1p expm1 sqrt rsqrt square "
    "reciprocal erf pow clamp clamp_min clamp_max add sub rsub mul div maximum minimum where lerp _to_copy to"
)
OVER_GRID = (
    "max_pool2d avg_pool2d adaptive_avg_pool2d upsample_nearest2d upsample_bilinear2d upsample_bicubic2d"
)

RULES: dict[str, Rule] = {
    **dict.fromkeys(ELEMENTWISE.split(), _elementwise),
    **dict.fromkeys(OVER_GRID.split(), _over_grid),
    **dict.fromkeys(("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"), _dropout),
    **dict.fromkeys(("mean", "sum", "amax", "amin"), _reduce),
    **dict.fromkeys(
        ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "_unsafe_view"), _reshape
    ),
    **dict.fromkeys(("permute", "transpose"), _permute),
    **dict.fromkeys(("cat", "concat"), _concatenate),
    "pad": _pad,
    "constant_pad_nd": _pad,
    "batch_norm": _batch_norm,
    "prelu": _per_channel,
    "slice": _slice,
    "select": _select,
    "conv2d": _depthwise,
}
"""For each operation, how units go on through it; None where it mixes them."""


def mixes_linearly(follower: Follower, node: fx.Node) -> bool:
    """Tell whether a node is a matrix on the channels or a convolution, of a value that was followed."""
    if operation(node) not in ("linear", "conv2d"):
        return False
    channels = follower.first_alone(node)
    if channels is None or node in follower.known or node.args[1] in follower.graph.after_inputs:
        return False
    inputs = follower.sizes(node.args[0])
    if operation(node) == "linear":
        return channels.axis == len(inputs) - 1
    padding = argument(node, 4, "padding", 0)
    return channels.axis == 1 and len(inputs) == 4 and not isinstance(padding, str)


def last_followed(follower: Follower) -> Iterator[tuple[fx.Node, bool]]:
    """Yield the nodes that the rest of the network starts from, each with whether it is a linear step."""
    graph = follower.graph
    waiting, seen = [graph.answer], set[fx.Node]()
    while waiting:
        node = waiting.pop()
        if node in seen or node not in graph.after_layer:
            continue
        seen.add(node)
        linear = mixes_linearly(follower, node)
        if node in follower.known or linear:
            yield node, linear
        else:
            waiting += node.all_input_nodes
