"""A network as a graph of tensor operations, and pieces taken out of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx

Piece = Callable[..., tuple[Tensor, ...]]
"""A part of a network: takes and returns tensors, all with the pictures on the first axis."""


class CannotCut(Exception):
    """Why a network is not taken apart at a layer; goes on from "the network is run as a whole: "."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A network's operations, none of which changes a tensor in place.

    Attributes:
        module: holds the operations in order, and the weights.
        inputs: the node of the network's input.
        layer: the node of the layer's output.
        answer: the node of what the network returns.
    """

    module: fx.GraphModule
    inputs: fx.Node
    layer: fx.Node
    answer: fx.Node

    @property
    def pictures(self) -> int | torch.SymInt:
        """The number of pictures: a symbol, where the graph holds for any."""
        count: int | torch.SymInt = self.inputs.meta["val"].shape[0]
        return count

    @cached_property
    def after_layer(self) -> frozenset[fx.Node]:
        """Everything that depends on the layer's output, itself included."""
        return self._depending_on(self.layer)

    @cached_property
    def after_inputs(self) -> frozenset[fx.Node]:
        """Everything that depends on the network's input, its shape included."""
        return self._depending_on(self.inputs)

    def _depending_on(self, first: fx.Node) -> frozenset[fx.Node]:
        found = {first}
        for node in self.module.graph.nodes:
            if any(used in found for used in node.all_input_nodes):
                found.add(node)
        return frozenset(found)

    def counts_pictures(self, node: fx.Node) -> bool:
        """Tell whether a node is the number of pictures."""
        return self._is_pictures(node.meta.get("val"))

    def _is_pictures(self, value: object) -> bool:
        if not (isinstance(value, torch.SymInt) and isinstance(self.pictures, torch.SymInt)):
            return False
        return bool(value.node.expr == self.pictures.node.expr)

    def sizes(self, node: fx.Node) -> tuple[int, ...]:
        """Return a tensor's shape, -1 for the axis of pictures.

        Raises:
            CannotCut: it is no tensor, or another axis depends on the number of pictures.
        """
        value = node.meta.get("val")
        if not isinstance(value, Tensor):
            raise CannotCut(f"{node.name} is no tensor")
        sides: tuple[Any, ...] = tuple(value.shape)
        sizes = tuple(-1 if self._is_pictures(side) else side for side in sides)
        if any(isinstance(side, torch.SymInt) for side in sizes):
            raise CannotCut(f"an axis of {node.name} runs over the pictures and something else")
        return sizes

    def picture_axis(self, node: fx.Node) -> int:
        """Return the axis of a tensor that runs over the pictures.

        Raises:
            CannotCut: there is none, or several.
        """
        sizes = self.sizes(node)
        if sizes.count(-1) != 1:
            raise CannotCut(f"{node.name}, which crosses the cut, has no axis of pictures")
        return sizes.index(-1)

    def needed(self, outputs: Iterable[fx.Node], given: Sequence[fx.Node]) -> list[fx.Node]:
        """Return the nodes that outputs are computed by from given ones, in order; the number of pictures is given."""
        waiting, found = list(outputs), set(given)
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting += [] if self.counts_pictures(node) else node.all_input_nodes
        return [node for node in self.module.graph.nodes if node in found and node not in given]

    def crossing(self) -> list[fx.Node]:
        """Return the values, besides the layer's output, that what follows needs and that depend on the input."""
        needed = self.needed([self.answer], [self.layer])
        back = [node for node in needed if node in self.after_layer]
        used = {value for node in back for value in node.all_input_nodes}
        return [
            node
            for node in self.module.graph.nodes
            if node in used
            and node not in self.after_layer
            and node in self.after_inputs
            and isinstance(node.meta.get("val"), Tensor)
        ]

    def piece(self, inputs: Sequence[fx.Node], outputs: Sequence[fx.Node]) -> Piece:
        """Return a function that computes some nodes from others.

        Raises:
            CannotCut: the outputs need more than these inputs.
        """
        graph, made = fx.Graph(), dict[fx.Node, fx.Node]()
        for index, node in enumerate(inputs):
            value = graph.placeholder(f"value{index}")
            axis = self.picture_axis(node)
            made[node] = graph.call_function(torch.movedim, (value, 0, axis)) if axis else value
        for node in self.needed(outputs, inputs):
            if self.counts_pictures(node) and inputs:
                size = (made[inputs[0]], self.picture_axis(inputs[0]))
                made[node] = graph.call_function(torch.ops.aten.sym_size.int, size)
            elif node is self.inputs:
                raise CannotCut("what follows the layer needs the network's input")
            else:
                made[node] = graph.node_copy(node, made.__getitem__)
        returned = []
        for node in outputs:
            axis = self.picture_axis(node) if node in self.after_inputs else 0
            returned.append(graph.call_function(torch.movedim, (made[node], axis, 0)) if axis else made[node])
        graph.output(tuple(returned))
        return fx.GraphModule(self.module, graph)

    def bytes_per_picture(self, nodes: Iterable[fx.Node]) -> int:
        """Return the size of the largest of some tensors, for one picture."""
        largest, hint = 1, self.inputs.meta["val"].shape[0]
        for node in nodes:
            value = node.meta.get("val")
            if isinstance(value, Tensor) and node in self.after_inputs:
                elements = value.numel()
                pictures = _number(hint)
                largest = max(largest, _number(elements) * value.element_size() // max(pictures, 1))
        return largest


def _number(value: int | torch.SymInt) -> int:
    """Return the number that stood for a symbol when the network was traced."""
    return int(value.node.hint or 1) if isinstance(value, torch.SymInt) else value
