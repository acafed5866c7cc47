"""What follows a convolution channel by channel, up to the mean over the grid: one loop that stores nothing between.

A head of convolution, batch norm, ReLU and mean touches its largest tensor once for each step, and there is one of
its size for every unit that is removed. All these steps work on one channel, and up to the ReLU they are linear: what
a unit changes is ``scale (O,)`` times what it changes after the convolution, whatever is added on the way. So one loop
reads the values with all units in place, adds the change, cuts off below zero and sums.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import Tensor, fx

from unitscope.ablation.channels import argument, operation
from unitscope.ablation.linear import ConvolutionStep
from unitscope.replay import Graph, Piece
from unitscope.stats.raster import over_unit_blocks

SAME = ("clone", "alias", "detach", "contiguous")


@dataclass(frozen=True)
class Tail:
    """The steps from a convolution's output to the mean over its grid.

    Attributes:
        end: the node of the mean.
        shape: of the mean for one picture, ``(O,)`` or ``(O, 1, 1)``.
        before: the convolution's output, then carried values -> values before the activation ``(N, O, h', w')``.
        scale: of a change of the convolution's output, before the activation ``(O,)``.
        slope: of the activation below zero; 1 where there is none.
        high: the most that it returns.
        step: the convolution.
    """

    end: fx.Node
    shape: tuple[int, ...]
    before: Piece
    scale: Tensor
    slope: float
    high: float
    step: ConvolutionStep

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the grid after the activation, ``(..., O, h', w') -> (..., *shape)``."""
        if self.slope != 1:
            values = torch.where(values > 0, values, self.slope * values)
        if math.isfinite(self.high):
            values = values.clamp(max=self.high)
        means: Tensor = values.mean((-2, -1)).unflatten(-1, self.shape)
        return means

    def means(
        self,
        base: Tensor,
        difference: Tensor,
        units: slice | Tensor,
        changed: Tensor,
    ) -> Tensor:
        """Return the means without each of k units alone, ``(k, N, *shape)``; undefined where nothing changes.

        Args:
            base: values before the activation with all units in place ``(N, O, h', w')``.
            difference: what each unit changes in its input ``(N, I, h, w)``.
            units: which units.
            changed: which of them change anything on which picture ``(k, N)``.
        """
        if base.device.type == "cpu" and base.dtype == torch.float32:
            return self._in_one_loop(base, difference, units, changed)
        return self.mean(base + self.scale[:, None, None] * self.step.change(difference, units))

    def _in_one_loop(
        self, base: Tensor, difference: Tensor, units: slice | Tensor, changed: Tensor
    ) -> Tensor:
        from unitscope.ablation import kernels  # compiled when it is first needed

        step, out = self.step, torch.empty(*changed.shape, len(self.scale))
        values = base.flatten(2).contiguous().numpy()
        last = changed.numpy(), self.slope, self.high, out.numpy()
        if step.of_points:
            weight = self.scale[:, None] * step.weight.flatten(1)[:, step.channels.first :][:, units]
            moved = step.channels.blocks(difference, step.units)[:, units].flatten(2)
            given = weight.contiguous().numpy(), moved.contiguous().numpy()
            over_unit_blocks(len(base), kernels.means_of_products, values, *given, *last)
        else:
            gained = step.change(difference, units).flatten(3).contiguous()
            over_unit_blocks(
                len(base), kernels.means_of_sums, values, self.scale.numpy(), gained.numpy(), *last
            )
        means: Tensor = out.unflatten(-1, self.shape)
        return means


@dataclass(frozen=True)
class _Way:
    """How far a value has been followed."""

    node: fx.Node
    scale: Tensor
    before: fx.Node
    slope: float = 1.0
    high: float = math.inf
    activated: bool = False


def find_tail(
    graph: Graph, convolution: fx.Node, used: Collection[fx.Node], step: ConvolutionStep
) -> Tail | None:
    """Find what follows a convolution up to the mean over its grid; None where it is anything else.

    Args:
        graph: a network, cut at a layer.
        convolution: its node.
        used: nodes that the answer needs.
        step: how its output changes with units.
    """
    sizes = graph.sizes(convolution)
    way = _Way(convolution, torch.ones(sizes[1]), convolution)
    while True:
        users = [node for node in way.node.users if node in used]
        if len(users) != 1 or [*users[0].args, *users[0].kwargs.values()].count(way.node) != 1:
            return None
        (node,) = users
        if node.args[0] is not way.node:
            return None
        if graph.sizes(node) != sizes:
            return _ended(graph, convolution, way, node, step)
        found = _same(node, way) or _activation(node, way) or _linear(graph, node, way)
        if found is None:
            return None
        way = found


def _ended(
    graph: Graph, convolution: fx.Node, way: _Way, node: fx.Node, step: ConvolutionStep
) -> Tail | None:
    if not _is_mean(node):
        return None
    before = graph.piece([convolution, *graph.crossing()], [way.before])
    return Tail(node, graph.sizes(node)[1:], before, way.scale, way.slope, way.high, step)


def _is_mean(node: fx.Node) -> bool:
    if operation(node) == "adaptive_avg_pool2d":
        return list(argument(node, 1, "output_size", ())) == [1, 1]
    if operation(node) != "mean" or node.kwargs.get("dtype") is not None:
        return False
    return sorted(dim % 4 for dim in argument(node, 1, "dim", None) or ()) == [2, 3]


def _same(node: fx.Node, way: _Way) -> _Way | None:
    off = operation(node) in ("dropout", "feature_dropout") and not argument(node, 2, "train", True)
    if not off and operation(node) not in SAME:
        return None
    return replace(way, node=node, before=way.before if way.activated else node)


def _activation(node: fx.Node, way: _Way) -> _Way | None:
    """Follow what is x above zero, a share of x below, and bounded above or not."""
    name, given = operation(node), _numbers(node)
    slope, high = 0.0, math.inf
    if name == "leaky_relu":
        slope = given[0] if given else 0.01
    elif name == "hardtanh" and len(given) == 2 and given[0] == 0:
        high = given[1]
    elif name == "relu6":
        high = 6.0
    elif name != "relu":
        return None
    if way.activated or not 0 <= slope <= 1:
        return None
    return replace(way, node=node, slope=slope, high=high, activated=True)


def _linear(graph: Graph, node: fx.Node, way: _Way) -> _Way | None:
    """Follow batch norm, and sums and products with what does not depend on the layer."""
    if way.activated:
        return None
    if operation(node) == "batch_norm":
        scale = _norm_scale(graph, node)
    elif operation(node) in ("add", "sub"):
        scale = torch.ones(1)
    elif operation(node) in ("mul", "div") and isinstance(node.args[1], int | float) and not node.kwargs:
        factor = float(node.args[1])
        scale = torch.tensor([factor if operation(node) == "mul" else 1 / factor])
    else:
        return None
    if scale is None or any(used in graph.after_layer for used in node.all_input_nodes[1:]):
        return None
    return replace(way, node=node, before=node, scale=way.scale.to(scale.device) * scale)


def _norm_scale(graph: Graph, node: fx.Node) -> Tensor | None:
    """Return what batch norm multiplies every channel by ``(O,)``, where it uses the statistics it was trained with."""
    weight, _, _, variance = node.args[1:5]
    if argument(node, 5, "training", True) or not isinstance(variance, fx.Node):
        return None
    wanted = [each for each in (weight, variance) if isinstance(each, fx.Node)]
    if any(each in graph.after_inputs for each in wanted):
        return None
    with torch.no_grad():
        *scaled, spread = graph.piece([], wanted)()
        found = torch.rsqrt(spread.double() + float(argument(node, 7, "eps", 1e-5)))
        return (found * scaled[0].double() if scaled else found).float()


def _numbers(node: fx.Node) -> list[float]:
    given: list[object] = [*node.args[1:], *node.kwargs.values()]
    return [float(each) for each in given if isinstance(each, int | float)]
