"""The front and the back of a network around a layer, and what passes from one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import LayerGrid, probe_layers, trace
from unitscope.layer.interventions import replacing
from unitscope.layer.names import entries
from unitscope.layer.readout import Reading
from unitscope.replay.capture import capture, output_of
from unitscope.replay.graphs import CannotCut, Graph

TOLERANCE = 1e-5
"""Most that the parts together may differ from the whole network, as a fraction of its largest output (at least 1)."""


@dataclass(frozen=True)
class Carried:
    """What passes from the front of a network to its back.

    Attributes:
        values: tensors with the pictures on their first axis; the first is the layer's output.
        reading: how the layer's output is read.
    """

    values: tuple[Tensor, ...]
    reading: Reading

    @property
    def activation(self) -> Tensor:
        """The layer's activation ``(N, U, h, w)``."""
        return self.reading.apply(self.values[0])

    def __len__(self) -> int:
        return len(self.values[0])

    def __getitem__(self, pictures: slice | Tensor) -> Carried:
        return replace(self, values=tuple(value[pictures] for value in self.values))

    def with_activation(self, activation: Tensor) -> Carried:
        """Return the same with another activation ``(N, U, h, w)``; the rest of the layer's output stays."""
        return replace(self, values=(self.reading.replace(self.values[0], activation), *self.values[1:]))

    @property
    def everywhere(self) -> Tensor:
        """What the units hold at all K places ``(N, U, K)``, also in tokens beside the grid."""
        return self.reading.everywhere(self.values[0])

    def with_everywhere(self, values: Tensor) -> Carried:
        """Return the same with other values ``(N, U, K)`` of the units at all places."""
        return replace(
            self, values=(self.reading.replace_everywhere(self.values[0], values), *self.values[1:])
        )

    def to(self, device: torch.device | str) -> Carried:
        """Return the same on a device."""
        return replace(self, values=tuple(value.to(device) for value in self.values))


class _Parts(Protocol):
    """Two ways to run a network in two parts."""

    carried: int

    def front(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Return what is carried, the layer's output first."""

    def back(self, values: Sequence[Tensor]) -> Tensor:
        """Return what the network answers."""


class _CutParts:
    """A network cut by its graph."""

    def __init__(self, graph: Graph) -> None:
        crossing = graph.crossing()
        self.carried = 1 + len(crossing)
        self._front = graph.piece([graph.inputs], [graph.layer.all_input_nodes[0], *crossing])
        self._back = graph.piece([graph.layer, *crossing], [graph.answer])

    def front(self, inputs: Tensor) -> tuple[Tensor, ...]:
        return self._front(inputs)

    def back(self, values: Sequence[Tensor]) -> Tensor:
        return self._back(*values)[0]


class _WholeParts:
    """A network that is run as a whole again, with the layer's output replaced."""

    carried = 2

    def __init__(self, module: nn.Module, layer: str, picture_axis: int) -> None:
        self.module, self.layer, self.axis = module, layer, picture_axis

    def front(self, inputs: Tensor) -> tuple[Tensor, ...]:
        read: list[Tensor] = []
        with trace(self.module, [self.layer], lambda _, output: read.append(output.clone())) as forward:
            forward(inputs)
        return read[0].movedim(self.axis, 0), inputs

    def back(self, values: Sequence[Tensor]) -> Tensor:
        output, inputs = values
        # What follows may change it in place.
        with replacing(self.module, self.layer, lambda _: output.movedim(0, self.axis).clone()):
            return output_of(self.module(inputs))


class Replay:
    """A network that is run up to a layer once, and from there any number of times.

    Attributes:
        layer: how the layer is read.
        graph: the network's graph, None if it is run as a whole.
        reason: why it is run as a whole; empty if it is cut.
        reading: how the layer's output is read where the pictures are on its first axis.
        carried: number of values that pass from front to back.
        channels_last: whether the front is run with the channels of its inputs last in memory, which convolutions on a
            CPU are faster with; what is carried has them first.
        bytes_per_picture: the largest tensor of the back.
    """

    def __init__(
        self,
        layer: LayerGrid,
        parts: _Parts,
        made_from: tuple[nn.Module, Tensor],
        *,
        bytes_per_picture: int,
        graph: Graph | None = None,
        reason: str = "",
    ) -> None:
        self.layer, self.graph, self.reason, self.bytes_per_picture = layer, graph, reason, bytes_per_picture
        self._parts, self._made_from = parts, made_from
        self.carried, self.channels_last = parts.carried, False
        self.reading = replace(layer.reading, axes="N" + layer.reading.axes.replace("N", ""))

    def __reduce__(self) -> tuple[object, ...]:
        # A graph does not travel: another process cuts the network again, on the same example.
        return _cut_again, (*self._made_from, self.layer, self.whole)

    @property
    def whole(self) -> bool:
        """Whether the back runs the whole network."""
        return self.graph is None

    def front(self, inputs: Tensor) -> Carried:
        """Run a network's inputs ``(N, ...)`` up to the layer; nothing that depends on it is computed."""
        with torch.no_grad():
            if not self.channels_last:
                return Carried(self._parts.front(inputs), self.reading)
            values = self._parts.front(inputs.to(memory_format=torch.channels_last))
            return Carried(tuple(value.contiguous() for value in values), self.reading)

    def back(self, carried: Carried, activation: Tensor | None = None) -> Tensor:
        """Return what the network answers ``(N, ...)``, logits or a picture, with the activation it had or another.

        Args:
            carried: from :meth:`front`, any selection of pictures.
            activation: ``(N, U, h, w)`` instead of the one that was carried.
        """
        changed = carried if activation is None else carried.with_activation(activation)
        with torch.no_grad():
            return self._parts.back(changed.values)


def cut(module: nn.Module, layer: str | LayerGrid, example: Tensor) -> Replay:
    """Cut a network at a layer, by its graph; one that cannot be cut is run as a whole.

    The parts are held to the network on the example, as it is and with the activation halved, to within `TOLERANCE`.

    Args:
        module: the network, in eval mode; it is left as it was.
        layer: name of a layer, see :func:`unitscope.layer.names.parse_layer`, or what `probe_layers` found of it.
        example: inputs ``(N, ...)``, such as the first batch.

    Raises:
        UnitscopeError: the layer cannot be read or replaced, the network is in training mode or returns several
            tensors.
    """
    if module.training:
        raise UnitscopeError(
            "the network is in training mode, where a pass changes it; call its eval() first"
        )
    grid = probe_layers(module, example[:2], [layer])[layer] if isinstance(layer, str) else layer
    passes = _WholeParts(module, grid.name, grid.reading.axes.index("N"))
    try:
        graph = capture(module, grid.name, example)
        largest = graph.bytes_per_picture(graph.after_layer)
        replay = Replay(grid, _CutParts(graph), (module, example), bytes_per_picture=largest, graph=graph)
        carried = _check(replay, passes, module, example)
        replay.channels_last = _takes_channels_last(replay, module, example, carried)
    except CannotCut as reason:
        _check_whole(passes, module, grid.name, example)
        largest = _largest_output(module, example[:1])
        return Replay(grid, passes, (module, example), bytes_per_picture=largest, reason=str(reason))
    return replay


def _takes_channels_last(replay: Replay, module: nn.Module, example: Tensor, expected: Carried) -> bool:
    """Tell whether the front gives what was expected for pictures whose channels lie last in memory, too."""
    on_grid = example.ndim == 4 and min(example.shape[2:]) > 1 and example.device.type == "cpu"
    if not on_grid or not any(isinstance(part, nn.Conv2d) for part in module.modules()):
        return False
    replay.channels_last = True
    try:
        found = replay.front(example).values
    except Exception:  # what views its activations as if the channels lay first fails
        return False
    finally:
        replay.channels_last = False
    pairs = zip(found, expected.values, strict=True)
    return all(_near(value, other) for value, other in pairs)


def _cut_again(module: nn.Module, example: Tensor, layer: LayerGrid, whole: bool) -> Replay:
    """Cut a network in another process as it was cut in the first.

    Raises:
        UnitscopeError: it is cut otherwise here.
    """
    found = cut(module, layer, example)
    if found.whole != whole:
        here = f"cannot be cut here: {found.reason}" if found.whole else "can be cut here"
        raise UnitscopeError(
            f"the network {here}, which is another answer than where the run was begun; give every process the same "
            "versions of torch and of the network's own code"
        )
    return found


def _largest_output(module: nn.Module, one: Tensor) -> int:
    """Return the bytes of the largest tensor that a module returns for one input."""
    largest = one.numel()

    def look(_module: nn.Module, _inputs: object, output: object) -> None:
        nonlocal largest
        largest = max(largest, *(value.numel() for _, value in entries(output)), 1)

    handles = [part.register_forward_hook(look) for part in module.modules()]
    try:
        with torch.no_grad():
            module(one)
    finally:
        for handle in handles:
            handle.remove()
    return one.element_size() * largest


def _check(replay: Replay, whole: _WholeParts, module: nn.Module, example: Tensor) -> Carried:
    """Compare a cut network with the whole one, and return what the example carries.

    Raises:
        CannotCut: they differ.
    """
    with torch.no_grad():
        answer = output_of(module(example))
    carried = replay.front(example)
    _compare(replay.back(carried), answer, "as they are")
    half = carried.activation / 2
    with torch.no_grad():
        answer = whole.back((carried.with_activation(half).values[0], example))
    _compare(replay.back(carried, half), answer, "with half the activation")
    return carried


def _check_whole(passes: _WholeParts, module: nn.Module, layer: str, example: Tensor) -> None:
    """Compare a network whose layer returns what it returned with the network as it is.

    Raises:
        UnitscopeError: they differ.
    """
    with torch.no_grad():
        same = _near(passes.back(passes.front(example)), output_of(module(example)))
    if not same:
        raise UnitscopeError(
            f"the network answers otherwise where layer {layer!r} returns a copy of what it returned: others share "
            "that memory, and change it; choose another layer, or let none write in place"
        )


def _compare(parts: Tensor, answer: Tensor, how: str) -> None:
    if not _near(parts, answer):
        raise CannotCut(f"the parts together do not give what the whole network gives, {how}")


def _near(values: Tensor, expected: Tensor) -> bool:
    if not expected.is_floating_point():
        return torch.equal(values, expected)
    allowed = TOLERANCE * max(1.0, float(expected.detach().abs().nan_to_num().max()))
    return values.shape == expected.shape and torch.allclose(
        values, expected, rtol=0, atol=allowed, equal_nan=True
    )
