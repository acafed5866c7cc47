"""Name a layer, read its activation grid, and leave the model as it was."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.geometry import GeometryTracker
from unitscope.grid import GridGeometry

Reader = Callable[[str, Tensor], None]
"""Called with a layer's name and its output, at the moment the layer returns."""

MOST_EXTRA_TOKENS = 16
"""Class and register tokens that may stand before the patch tokens."""


@dataclass(frozen=True)
class LayerDescription:
    """One layer of a model, as seen on one input."""

    name: str
    kind: str
    shape: tuple[int, ...] | None
    """Shape of the output for one image, batch axis included; None when the output is not one tensor."""
    calls: int
    """How often one forward pass calls the layer."""


@dataclass(frozen=True)
class LayerGrid:
    """How a layer is read: units, activation grid ``(h, w)`` and where the grid lies on the input."""

    name: str
    units: int
    grid: tuple[int, int]
    geometry: GridGeometry


class _Stop(Exception):
    """Ends a forward pass once every requested layer has been read."""


@contextmanager
def trace(
    module: nn.Module, layers: Sequence[str], read: Reader, *, stop_early: bool = True
) -> Iterator[Callable[[Tensor], None]]:
    """Read layers during forward passes; hooks are gone when the block ends, also after an exception.

    An output is handed to `read` before anything that follows can change it in place.

    Args:
        module: the network, in eval mode.
        layers: dotted module names, each called once in a forward pass.
        read: receives ``(name, output)``; what it keeps, it must copy.
        stop_early: end the pass after the last of `layers`; what comes after is not computed.

    Yields:
        A function that runs the network on inputs ``(N, 3, H, W)`` without gradients.

    Raises:
        UnitscopeError: the network has no such layer.
    """
    modules = find_layers(module, layers)
    waiting: set[str] = set()

    def hook_of(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            read(name, output)
            waiting.discard(name)
            if stop_early and not waiting:
                raise _Stop

        return hook

    def forward(inputs: Tensor) -> None:
        waiting.update(modules)
        with torch.no_grad():
            try:
                module(inputs)
            except _Stop:
                return
            finally:
                waiting.clear()

    handles = [layer.register_forward_hook(hook_of(name)) for name, layer in modules.items()]
    try:
        yield forward
    finally:
        for handle in handles:
            handle.remove()


def find_layers(module: nn.Module, layers: Sequence[str]) -> dict[str, nn.Module]:
    """Look up dotted module names.

    Raises:
        UnitscopeError: a name is unknown or given twice.
    """
    known = dict(module.named_modules())
    found: dict[str, nn.Module] = {}
    for name in layers:
        if name not in known or name == "":
            raise UnitscopeError(
                f"layer {name!r} not found in {type(module).__name__};{did_you_mean(name, known)} "
                "'unitscope layers MODEL' lists them"
            )
        if name in found:
            raise UnitscopeError(f"layer {name!r} is asked for twice; name it once")
        found[name] = known[name]
    return found


def describe_layers(module: nn.Module, inputs: Tensor) -> list[LayerDescription]:
    """Run one forward pass and list every named module that took part, in the order they finished.

    Args:
        module: the network, in eval mode.
        inputs: ``(1, 3, H, W)``.
    """
    order: dict[str, tuple[int, tuple[int, ...] | None]] = {}

    def read(name: str, output: Any) -> None:
        calls = order.pop(name, (0, None))[0]
        order[name] = (calls + 1, tuple(output.shape) if isinstance(output, Tensor) else None)

    names = [name for name, _ in module.named_modules() if name]
    with trace(module, names, read, stop_early=False) as forward:
        forward(inputs)
    kinds = dict(module.named_modules())
    return [
        LayerDescription(name, type(kinds[name]).__name__, shape, calls)
        for name, (calls, shape) in order.items()
    ]


def probe_layers(module: nn.Module, inputs: Tensor, layers: Sequence[str]) -> dict[str, LayerGrid]:
    """Find the units, grid and geometry of `layers` with one forward pass.

    Args:
        module: the network, in eval mode.
        inputs: ``(1, 3, H, W)``.
        layers: dotted module names.

    Returns:
        One entry a layer, in the order of the forward pass.

    Raises:
        UnitscopeError: a layer is unknown, unused, called more than once, or its output is not a grid, tokens or a
            vector of floating-point values.
    """
    find_layers(module, layers)
    size = (int(inputs.shape[-2]), int(inputs.shape[-1]))
    found: dict[str, LayerGrid] = {}

    def read(name: str, output: Any) -> None:
        if name in found:
            raise UnitscopeError(
                f"layer {name!r} is called more than once in a forward pass, so it has no single activation; "
                "choose a layer inside or after it"
            )
        activation = activation_grid(name, output, size)
        if len(activation) != len(inputs):
            raise UnitscopeError(
                f"layer {name!r} returns shape {tuple(output.shape)} for one image: its first axis is not that of "
                "the images; choose another layer"
            )
        grid = (int(activation.shape[2]), int(activation.shape[3]))
        found[name] = LayerGrid(name, int(activation.shape[1]), grid, tracker.of(output, grid))

    tracker = GeometryTracker(inputs)
    with trace(module, layers, read, stop_early=False) as forward, tracker:
        forward(inputs)
    unused = [name for name in layers if name not in found]
    if unused:
        raise UnitscopeError(
            f"layer {unused[0]!r} takes no part in the forward pass, so it has no activation; "
            "'unitscope layers MODEL' lists those that do"
        )
    return found


def activation_grid(name: str, output: Any, size: tuple[int, int]) -> Tensor:
    """Read a layer's output as an activation ``(N, U, h, w)``.

    Convolution maps ``(N, U, h, w)`` stay as they are; tokens ``(N, T, D)`` fold to their patch grid, leading class
    and register tokens dropped; vectors ``(N, D)`` become ``1 x 1`` grids.

    Args:
        name: the layer's name, for the error.
        output: what the layer returned.
        size: the network's input ``(H, W)``, whose shape the patch grid shares.

    Raises:
        UnitscopeError: the output is none of these.
    """
    if not isinstance(output, Tensor) or not output.is_floating_point():
        given = "no tensor" if not isinstance(output, Tensor) else f"values of type {output.dtype}"
        raise UnitscopeError(
            f"layer {name!r} returns {type(output).__name__} with {given}; "
            "choose a layer that returns one tensor of floating-point values"
        )
    if output.ndim == 4:
        return output
    if output.ndim == 2:
        return output[:, :, None, None]
    if output.ndim == 3:
        patches = patch_grid(int(output.shape[1]), size)
        if patches is not None:
            tokens = output[:, output.shape[1] - math.prod(patches) :]
            return tokens.transpose(1, 2).reshape(len(tokens), -1, *patches)
    raise UnitscopeError(
        f"layer {name!r} returns shape {tuple(output.shape)}, which is neither a map (N, U, h, w), patch tokens "
        f"(N, T, D) of a {size[0]}x{size[1]} input, nor a vector (N, D); choose another layer"
    )


def patch_grid(tokens: int, size: tuple[int, int]) -> tuple[int, int] | None:
    """Find the patch grid ``(h, w)`` of a token sequence: the input's aspect ratio, the fewest extra tokens."""
    height, width = size
    for extra in range(min(MOST_EXTRA_TOKENS, tokens - 1) + 1):
        rows = math.isqrt((tokens - extra) * height // width)
        for candidate in (rows, rows + 1):
            if candidate and candidate * width % height == 0:
                columns = candidate * width // height
                if candidate * columns == tokens - extra:
                    return candidate, columns
    return None
