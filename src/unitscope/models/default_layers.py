"""The layer to look into when nobody names one."""

from __future__ import annotations

import re
from functools import partial

import torch
from torch import nn

from unitscope.layer.hooks import LayerDescription, describe_layers
from unitscope.layer.made_up import trial
from unitscope.layer.proof import standard
from unitscope.models.forwarded import Forwarded
from unitscope.models.weights import copied

PASSING = re.compile(
    r"(pool|norm)\d?d?$|^(drop|stochasticdepth|identity|flatten|permute|softmax)", re.IGNORECASE
)
"""Modules that only pass on what a block made."""
HEADS = re.compile(r"(^|\.)(\w*heads?|\w*classifier|\w*decoder\w*|rpn|fpn)(\.|$)")
"""What stands behind the backbone of a network that does more than tell classes apart."""


def default_layers(
    module: nn.Module,
    size: tuple[int, int],
    *,
    outputs: int = 0,
    channels: int = 3,
    classifies: bool = True,
) -> tuple[str, ...]:
    """Choose the last block whose output still has places in the picture.

    That is the last module in the forward pass that stands in a ``Sequential`` or ``ModuleList``, gives a grid of more
    than one cell, makes it itself (not a pooling, a normalisation or the like) and has not one unit a class; for
    VGG-16 the rectified conv5_3, as in the paper, for a ResNet the last residual block, for a ViT the last block.

    Args:
        module: the network, in eval mode.
        size: height and width of its input, pixels.
        outputs: the number of classes.
        channels: of its input.
        classifies: whether it tells classes apart; of other networks the backbone alone is looked at.

    Returns:
        One name, or none where no layer has a grid.
    """
    parts = dict(module.named_modules())
    grids = [
        layer
        for layer in _describe(module, size, channels)
        if layer.grid is not None
        and max(layer.grid) > 1
        and layer.units != outputs
        and (classifies or not HEADS.search(layer.name))
    ]
    blocks = [layer for layer in grids if _is_block(layer, parts)]
    if not blocks:
        return tuple(layer.name for layer in grids[-1:])
    # A branch inside a block, such as those of Inception, is not yet what the block makes of its branches.
    around = [
        layer
        for layer in grids
        if blocks[-1].name.startswith(f"{layer.name}.") and layer.units != blocks[-1].units
    ]
    return ((around or blocks)[-1].name,)


def _is_block(layer: LayerDescription, parts: dict[str, nn.Module]) -> bool:
    parent = layer.name.rpartition(".")[0]
    listed = isinstance(parts.get(parent), nn.Sequential | nn.ModuleList) and layer.name in parts
    return listed and not PASSING.search(layer.kind)


def _describe(module: nn.Module, size: tuple[int, int], channels: int) -> list[LayerDescription]:
    """Describe the layers from their shapes alone where the network allows it, or else from made-up pictures."""
    inputs = trial(partial(standard, channels=channels), size, 2)
    if isinstance(module, Forwarded):  # what a function gives it has values that count
        return describe_layers(module, inputs)
    try:
        return describe_layers(_shapes_only(module), inputs.to("meta"))
    except Exception:
        return describe_layers(module, inputs)


def _shapes_only(module: nn.Module) -> nn.Module:
    """Return a copy of a network whose weights have a shape and no values."""
    entries = [*module.parameters(), *module.buffers()]
    empty: dict[int, object] = {
        id(entry): nn.Parameter(torch.empty_like(entry, device="meta"), requires_grad=False)
        if isinstance(entry, nn.Parameter)
        else torch.empty_like(entry, device="meta")
        for entry in entries
    }
    left = [
        value for part in module.modules() for value in vars(part).values() if isinstance(value, torch.Tensor)
    ]
    empty |= {id(value): torch.empty_like(value, device="meta") for value in left}
    return copied(module, empty).eval()
