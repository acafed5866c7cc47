"""Parameters of lazy modules, which have no shape before a first input."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from unitscope.errors import UnitscopeError, one_line
from unitscope.models.hub import from_seed
from unitscope.models.weights import device_of


def make_parameters(module: nn.Module, trial: Tensor) -> None:
    """Let a first input make the parameters that lazy modules (``nn.LazyConv2d``) are still without, in place.

    That is what the first forward pass does; values are drawn from a fixed seed, and the random state and the training
    flags are as before afterwards. A network that has all its parameters is not run.

    Args:
        module: the network.
        trial: an input ``(1, C, h, w)``.

    Raises:
        UnitscopeError: it fails on the input, or a layer is not reached by it.
    """
    if not _without(module):
        return
    flags = [(part, part.training) for part in module.modules()]
    shape = "x".join(str(side) for side in trial.shape)
    try:
        module.eval()
        kinds = [each.dtype for each in module.parameters() if each.is_floating_point()]
        with torch.no_grad(), from_seed():
            module(trial.to(device_of(module), kinds[0] if kinds else None))
    except Exception as error:
        raise UnitscopeError(
            f"layer {_without(module)!r} has no parameters before a first input, and the network fails on one of "
            f"shape {shape}: {one_line(error)}; is the input size right? --preprocess size=... sets it"
        ) from error
    finally:
        for part, training in flags:
            part.training = training
    if left := _without(module):
        raise UnitscopeError(
            f"layer {left!r} has no parameters, and an input of shape {shape} does not reach it, which would make "
            "them; take it out, or call it once yourself"
        )


def _without(module: nn.Module) -> str:
    """Return the name of the first layer with a parameter or buffer that has no shape yet; empty where all have."""
    for name, part in module.named_modules():
        entries = (*part.parameters(recurse=False), *part.buffers(recurse=False))
        if any(is_lazy(entry) for entry in entries):
            return name or type(part).__name__
    return ""
