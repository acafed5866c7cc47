"""The way from a layer to what the network answers, taken apart where units meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, fx

from unitscope.ablation.channels import Channels, Follower, follow_channels, last_followed
from unitscope.ablation.linear import ConvolutionStep, LinearStep, linear_step
from unitscope.ablation.tail import Tail, find_tail
from unitscope.replay import Carried, Graph, Piece, Replay


@dataclass(frozen=True)
class Mixing:
    """A linear step, where units meet.

    Attributes:
        source: number of its input among the sources.
        step: what it does.
        tail: what follows it up to the mean over the grid, where that is done in one loop; the rest starts there.
    """

    source: int
    step: LinearStep
    tail: Tail | None


@dataclass(frozen=True)
class Steps:
    """The way from a layer to what the network answers.

    Attributes:
        channelwise: carried values -> values that go on channel by channel: `kept` ones, then `sources`.
        mix: sources, then carried values -> outputs of the linear steps.
        rest: kept values, outputs of the linear steps or of their tails, some carried values -> the answer.
        kept: where the units are in each kept value.
        sources: where the units are in each source.
        linear: the linear steps.
        passed: which carried values the rest takes.
        variant_bytes: the largest tensor of the rest, and of what it starts from, for one picture.
        mixed_bytes: the largest output of a linear step, for one picture.
    """

    channelwise: Callable[[Carried], Sequence[Tensor]]
    mix: Piece
    rest: Piece
    kept: tuple[Channels, ...]
    sources: tuple[Channels, ...]
    linear: tuple[Mixing, ...]
    passed: tuple[int, ...]
    variant_bytes: int
    mixed_bytes: int


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
    used = set(graph.needed([graph.answer], [*kept, *linear]))
    places = {node: sources.index(_input(node)) for node in linear}
    mixing = tuple(_mixing(graph, node, places[node], follower, units=units, used=used) for node in linear)
    ends = [each.tail.end if each.tail else node for each, node in zip(mixing, linear, strict=True)]
    rest = graph.needed([graph.answer], [*kept, *ends, *carried])
    read = {value for node in rest for value in node.all_input_nodes}
    passed = [index for index, node in enumerate(carried, start=1) if node in read]
    channelwise = graph.piece([graph.layer, *carried], [*kept, *sources])
    stored = [node for each, node in zip(mixing, linear, strict=True) if not _in_one_loop(each)]
    return Steps(
        lambda values: channelwise(*values.values),
        graph.piece([*sources, *carried], linear),
        graph.piece([*kept, *ends, *(carried[index - 1] for index in passed)], [graph.answer]),
        tuple(follower.known[node] for node in kept),
        tuple(follower.known[node] for node in sources),
        mixing,
        tuple(passed),
        graph.bytes_per_picture([*rest, *kept, *stored, *ends]),
        graph.bytes_per_picture(linear),
    )


def _mixing(
    graph: Graph, node: fx.Node, source: int, follower: Follower, *, units: int, used: set[fx.Node]
) -> Mixing:
    step = linear_step(graph, node, follower.known[_input(node)], units)
    tail = find_tail(graph, node, used, step) if isinstance(step, ConvolutionStep) else None
    return Mixing(source, step, tail)


def _in_one_loop(mixing: Mixing) -> bool:
    """Tell whether the output of a linear step is stored for no unit."""
    return mixing.tail is not None and mixing.tail.step.of_points


def _input(node: fx.Node) -> fx.Node:
    first = node.args[0]
    assert isinstance(first, fx.Node)
    return first


def _steps_of_passes(replay: Replay) -> Steps:
    """Return steps that go on from what the units hold everywhere by the replay's back."""

    def rest(everywhere: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        return (replay.back(Carried(values, replay.reading).with_everywhere(everywhere)),)

    def mix(*_: Tensor) -> tuple[Tensor, ...]:
        return ()

    passed = range(replay.carried)
    return Steps(
        lambda carried: (carried.everywhere,),
        mix,
        rest,
        (Channels(1),),
        (),
        (),
        tuple(passed),
        replay.bytes_per_picture,
        0,
    )
