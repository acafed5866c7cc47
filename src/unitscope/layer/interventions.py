"""Edit a layer's output: pure functions of an activation, and a context manager that applies one to a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import find_layers
from unitscope.layer.names import LayerName, pick, put

Edit = Callable[[Tensor], Tensor]
"""Returns another activation of the same shape ``(N, U, h, w)``, and leaves the one it was given as it was."""
Units = Sequence[int] | Tensor


def ablate(activation: Tensor, units: Units, *, level: float | Tensor = 0.0) -> Tensor:
    """Set units to a level everywhere.

    Args:
        activation: ``(N, U, h, w)``.
        units: which, numbers from 0.
        level: one level, or one for every unit of the layer ``(U,)``, such as their means; activation scale.

    Returns:
        A new activation ``(N, U, h, w)``.

    Raises:
        UnitscopeError: a unit or the number of levels does not fit the layer.
    """
    return insert(activation, units, torch.ones((), dtype=torch.bool, device=activation.device), level=level)


def insert(activation: Tensor, units: Units, region: Tensor, *, level: float | Tensor) -> Tensor:
    """Force units to a level inside a region.

    Args:
        activation: ``(N, U, h, w)``.
        units: which, numbers from 0.
        region: bool, ``(N, h, w)`` or what broadcasts to it, such as ``(h, w)``.
        level: one level, or one for every unit of the layer ``(U,)``; activation scale.

    Returns:
        A new activation ``(N, U, h, w)``.

    Raises:
        UnitscopeError: a unit or the number of levels does not fit the layer.
    """
    count = activation.shape[1]
    chosen = unit_numbers(units, count, activation.device)
    levels = levels_of(level, activation)[chosen]
    edited = activation.clone()
    inside = region.to(activation.device).expand(len(activation), *activation.shape[2:])[:, None]
    edited[:, chosen] = torch.where(inside, levels[:, None, None], activation[:, chosen])
    return edited


def unit_numbers(units: Units, count: int, device: torch.device) -> Tensor:
    """Return the numbers of units ``(k,)`` int64 of a layer of `count`.

    Raises:
        UnitscopeError: a number is not below `count`.
    """
    chosen = torch.as_tensor(units, dtype=torch.int64, device=device).reshape(-1)
    outside = chosen[(chosen < 0) | (chosen >= count)]
    if len(outside):
        raise UnitscopeError(
            f"unit {int(outside[0])} is not in the layer; its {count} units are 0 to {count - 1}"
        )
    return chosen


def levels_of(level: float | Tensor, activation: Tensor) -> Tensor:
    """Return a level for every unit ``(U,)`` in the type of an activation ``(N, U, ...)``.

    Raises:
        UnitscopeError: there are neither one level nor as many as units.
    """
    levels = torch.as_tensor(level, dtype=activation.dtype, device=activation.device)
    if levels.ndim > 1 or levels.numel() not in (1, activation.shape[1]):
        raise UnitscopeError(
            f"levels of shape {tuple(levels.shape)} do not fit {activation.shape[1]} units; give one level, "
            "or one for every unit"
        )
    return levels.expand(activation.shape[1])


@contextmanager
def replacing(module: nn.Module, name: str, replace: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Replace the tensor that a layer's name stands for in every forward pass, of any shape, as the layer returns it.

    Raises:
        UnitscopeError: the network has no such layer.
    """
    layer = find_layers(module, [name])[name]
    calls = 0

    def start(_module: nn.Module, _inputs: object) -> None:
        nonlocal calls
        calls = 0

    def hook(_module: nn.Module, _inputs: object, output: object) -> object:
        nonlocal calls
        calls += 1
        return _replaced(layer, output, replace) if layer.call in (None, calls) else None

    handles = [
        module.register_forward_pre_hook(start),
        module.get_submodule(layer.path).register_forward_hook(hook),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _replaced(layer: LayerName, output: object, replace: Callable[[Tensor], Tensor]) -> object:
    return put(layer, output, replace(pick(layer, output)))
