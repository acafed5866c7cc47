"""The shape of one latent of a generator: as it is written, or found in the module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from unitscope.errors import UnitscopeError, one_line
from unitscope.models.generators import Generator

ATTRIBUTES = (
    *(
        "latent_shape",
        "latents",
        "latent_dim",
        "latent_size",
        "latent_channels",
        "z_dim",
        "dim_z",
        "zdim",
        "z_size",
    ),
    *("nz", "noise_dim", "noise_size", "input_dim"),
)
"""What modules call the size or shape of a latent."""
LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)

Shape = tuple[int, ...]


def parse_latent_shape(given: str | int | Sequence[int]) -> Shape:
    """Return a shape that is written ``128`` or ``100x1x1``, or given as numbers.

    Raises:
        UnitscopeError: it is no shape.
    """
    parts = (
        given.lower().split("x") if isinstance(given, str) else [given] if isinstance(given, int) else given
    )
    texts = [str(part) for part in parts]
    if not texts or not all(text.isascii() and text.isdigit() and int(text) for text in texts):
        raise UnitscopeError(
            f"the latent shape {'x'.join(texts)!r} cannot be read; write positive sizes, as 128 or 100x1x1"
        )
    return tuple(int(text) for text in texts)


def find_latent_shape(module: nn.Module, name: str, device: torch.device | str) -> Shape:
    """Return the shape of a latent that a module says or its first layer implies, once it has run with it.

    Args:
        module: the generator, in eval mode on `device`.
        name: what messages call it.
        device: where it is.

    Raises:
        UnitscopeError: no shape is implied, or it fails with each.
    """
    failures: dict[Shape, str] = {}
    for shape in dict.fromkeys(_candidates(module)):
        try:
            with torch.no_grad():
                module(Generator(module, shape).trial().to(device))
        except Exception as error:
            failures[shape] = one_line(error)
        else:
            return shape
    tried = " and ".join("x".join(map(str, shape)) for shape in failures)
    why = (
        f"it fails with {tried} ({next(iter(failures.values()))})"
        if failures
        else "neither it nor a layer says it"
    )
    raise UnitscopeError(
        f"the shape of a latent of generator {name!r} is not known: {why}; give it with --latent-shape, as 128 or "
        "100x1x1"
    )


def _candidates(module: nn.Module) -> Iterator[Shape]:
    for attribute in ATTRIBUTES:
        value = getattr(module, attribute, None)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            yield (value,)
            yield (value, 1, 1)
        elif isinstance(value, tuple | list) and value and all(isinstance(n, int) and n > 0 for n in value):
            yield tuple(value)
    first = next((part for part in module.modules() if isinstance(part, LAYERS)), None)
    if isinstance(first, nn.Linear):
        yield (first.in_features,)
    elif isinstance(first, nn.Conv2d | nn.ConvTranspose2d):
        yield (first.in_channels, 1, 1)
        yield (first.in_channels,)
    elif first is not None:
        yield (first.in_channels, 1)
        yield (first.in_channels,)
