"""The way from a layer to what the network answers, taken apart where units meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, fx

from unitscope.ablation.channels import Channels, Follower, follow_channels, last_followed
from unitscope.ablation.linear import LinearStep, linear_step
from unitscope.replay import Carried, Graph, Piece, Replay


@dataclass(frozen=True)
class Steps:
    """The way from a layer to what the network answers.

    Attributes:
        channelwise: carried values -> values that go on channel by channel: `kept` ones, then `sources`.
        mix: sources, then carried values -> outputs of the linear steps.
        rest: kept values, outputs of the linear steps, some carried values -> what the network answers.
        kept: where the units are in each kept value.
        sources: where the units are in each source.
        linear: for each linear step the number of its source, and the step.
        passed: which carried values the rest takes.
        variant_bytes: the largest tensor of the rest, for one picture.
    """

    channelwise: Callable[[Carried], Sequence[Tensor]]
    mix: Piece
    rest: Piece
    kept: tuple[Channels, ...]
    sources: tuple[Channels, ...]
    linear: tuple[tuple[int, LinearStep], ...]
    passed: tuple[int, ...]
    variant_bytes: int


def find_steps(replay: Replay) -> Steps:
    """Take apart what follows a layer; where units meet at once, all of it is the rest."""
    if replay.graph is not None:
        follower = follow_channels(replay.graph, replay.reading)
        if follower.known:
            return _steps_of_graph(replay.graph, follower, replay.layer.units)
    return _steps_of_passes(replay)


def _steps_of_graph(graph: Graph, follower: Follower, units: int) -> Steps:
    last = dict(last_followed(follower))
    kept = [node for node, linear in last.items() if not linear]
    linear = [node for node, linear in last.items() if linear]
    sources = list(dict.fromkeys(_input(node) for node in linear))
    carried = graph.crossing()
    channelwise = graph.piece([graph.layer, *carried], [*kept, *sources])
    rest = graph.needed([graph.answer], [*kept, *linear, *carried])
    used = {value for node in rest for value in node.all_input_nodes}
    passed = [index for index, node in enumerate(carried, start=1) if node in used]
    return Steps(
        lambda values: channelwise(*values.values),
        graph.piece([*sources, *carried], linear),
        graph.piece([*kept, *linear, *(carried[index - 1] for index in passed)], [graph.answer]),
        tuple(follower.known[node] for node in kept),
        tuple(follower.known[node] for node in sources),
        tuple(
            (sources.index(_input(node)), linear_step(graph, node, follower.known[_input(node)], units))
            for node in linear
        ),
        tuple(passed),
        graph.bytes_per_picture([*rest, *kept, *linear, *sources]),
    )


def _input(node: fx.Node) -> fx.Node:
    first = node.args[0]
    assert isinstance(first, fx.Node)
    return first


def _steps_of_passes(replay: Replay) -> Steps:
    """Return steps that go on from the activation by the replay's back."""

    def rest(activation: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        return (replay.back(Carried(values, replay.reading), activation),)

    def mix(*_: Tensor) -> tuple[Tensor, ...]:
        return ()

    passed = range(replay.carried)
    return Steps(
        lambda carried: (carried.activation,),
        mix,
        rest,
        (Channels(1),),
        (),
        (),
        tuple(passed),
        replay.bytes_per_picture,
    )
