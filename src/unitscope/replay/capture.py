"""Capture a network as one graph of tensor operations without side effects, with a layer's output marked in it."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping

import torch
from torch import Tensor, fx, nn

from unitscope.errors import UnitscopeError, one_line
from unitscope.layer.interventions import replacing
from unitscope.layer.names import entries
from unitscope.replay.graphs import CannotCut, Graph

_LIBRARY = torch.library.Library("unitscope", "FRAGMENT")
_LIBRARY.define("layer(Tensor output) -> Tensor")
_LIBRARY.impl("layer", lambda output: output.clone(), "CompositeExplicitAutograd")
_MARK = torch.ops.unitscope.layer.default
"""Returns what it is given; stands in the graph where the layer returns."""


class _Viewed(Exception):
    """A tensor is changed in place that is seen under another name too."""


def output_of(output: object) -> Tensor:
    """Return the tensor ``(N, ...)`` a network answers with: its only one, or the one called ``logits``.

    Raises:
        UnitscopeError: there is none, or several.
    """
    if isinstance(output, Mapping) and isinstance(output.get("logits"), Tensor):
        logits: Tensor = output["logits"]
        return logits
    found = [value for _, value in entries(output) if value.is_floating_point()]
    if len(found) != 1:
        raise UnitscopeError(
            f"the network returns {type(output).__name__} with {len(found)} tensors where one was expected; "
            "wrap it in a module that returns its logits"
        )
    return found[0]


class _Answer(nn.Module):
    """A network that returns one tensor."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.training = False
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        return output_of(self.network(inputs))


def capture(module: nn.Module, layer: str, example: Tensor) -> Graph:
    """Trace a network for any number of pictures.

    Args:
        module: the network, in eval mode; it is left as it was.
        layer: name of a layer.
        example: inputs ``(N, ...)``.

    Raises:
        CannotCut: it cannot be traced, or not for any number of pictures, or the layer's output goes nowhere.
    """
    two = example[:2] if len(example) > 1 else torch.cat([example, example])
    try:
        with replacing(module, layer, _MARK), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.export(
                _Answer(module), (two,), dynamic_shapes=({0: torch.export.Dim.AUTO},), strict=False
            )
            traced = _without_side_effects(program)
    except Exception as error:
        raise CannotCut(f"it cannot be traced: {one_line(error)}") from error
    return _graph(traced)


def _without_side_effects(program: torch.export.ExportedProgram) -> fx.GraphModule:
    traced = _unlifted(program)
    try:
        _replace_in_place(traced.graph)
    except _Viewed:
        traced = _unlifted(program.run_decompositions({}))
        _replace_in_place(traced.graph)
    return traced


def _unlifted(program: torch.export.ExportedProgram) -> fx.GraphModule:
    """Return a program as a module that holds its weights; they stay shared with the network."""
    checked = "check_guards" in inspect.signature(program.module).parameters
    module = program.module(check_guards=False) if checked else program.module()
    assert isinstance(module, fx.GraphModule)
    return module


def _replace_in_place(graph: fx.Graph) -> None:
    """Let every operation that changes a tensor return a new one, which takes the old one's place from there on."""
    latest: dict[fx.Node, fx.Node] = {}
    same: dict[fx.Node, fx.Node] = {}
    seen_twice: set[fx.Node] = set()
    for node in graph.nodes:
        for used in node.all_input_nodes:
            if used in latest:
                node.replace_input_with(used, latest[used])
        schema = getattr(node.target, "_schema", None)
        if schema is None or not node.args or not isinstance(node.args[0], fx.Node):
            continue
        first = node.args[0]
        if not schema.is_mutable:
            if any(value.alias_info is not None for value in schema.returns):
                same[node] = same.get(first, first)
                seen_twice.add(same[node])
            continue
        if same.get(first, first) in seen_twice:
            raise _Viewed
        node.target = _out_of_place(node.target)
        for old in [first, *(name for name, now in latest.items() if now is first)]:
            latest[old] = node


def _out_of_place(target: torch._ops.OpOverload) -> torch._ops.OpOverload:
    space, _, name = target._schema.name.partition("::")
    packet = getattr(getattr(torch.ops, space), name.removesuffix("_"), None)
    overload = getattr(packet, target._overloadname, None) if name.endswith("_") else None
    if not isinstance(overload, torch._ops.OpOverload):
        raise CannotCut(f"it changes a tensor in place by {target}")
    return overload


def _graph(traced: fx.GraphModule) -> Graph:
    nodes = list(traced.graph.nodes)
    inputs = next(node for node in nodes if node.op == "placeholder")
    marks = [node for node in nodes if node.target is _MARK]
    answer = next(node for node in nodes if node.op == "output").all_input_nodes[0]
    if len(marks) != 1:
        raise CannotCut("the layer's output is not used")
    graph = Graph(traced, inputs, marks[0], answer)
    if not isinstance(graph.pictures, torch.SymInt) or graph.pictures.node.expr.is_number:
        raise CannotCut(
            f"its steps depend on the number of pictures; traced, it takes {graph.pictures} at a time"
        )
    if answer not in graph.after_layer:
        raise CannotCut("what the network returns does not depend on the layer")
    return graph
