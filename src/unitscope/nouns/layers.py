"""The layers of whatever network a person names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from unitscope.errors import UnitscopeError, one_line
from unitscope.layer.hooks import LayerDescription, describe_layers
from unitscope.models.generators import ClassConditional, Generator
from unitscope.models.network import Network
from unitscope.models.registry import MakesPicturesError
from unitscope.nouns.generator import Shape, generator
from unitscope.nouns.network import Source, blank_network, left_as_it_was, on_device


def list_layers(
    network: Source, *, preprocess: str | None = None, latent_shape: Shape | None = None
) -> list[LayerDescription]:
    """List the layers of a network or generator, see :func:`unitscope.layers`."""
    with left_as_it_was(network):
        if latent_shape is not None or isinstance(network, Generator | ClassConditional):
            return _generator_layers(network, latent_shape)
        try:
            return _picture_layers(network, preprocess)
        except UnitscopeError as error:
            if preprocess or isinstance(network, Network):
                raise
            try:
                return _generator_layers(network, None)
            except UnitscopeError:
                if isinstance(error, MakesPicturesError):
                    raise
                raise error from None


def _generator_layers(source: Source, latent_shape: Shape | None) -> list[LayerDescription]:
    found = on_device(generator(source, latent_shape=latent_shape, device="cpu"))
    described = describe_layers(found.module, found.trial(1), size=found.size)
    return _with_aliases(described, found.aliases)


def _picture_layers(source: Source, preprocess: str | None) -> list[LayerDescription]:
    found = on_device(replace(blank_network(source, preprocess), device="cpu"))
    blank = torch.zeros((1, 3, *found.preprocessing.size))
    try:
        described = describe_layers(found.module, blank)
    except Exception as error:
        size = "x".join(str(pixels) for pixels in found.preprocessing.size)
        raise UnitscopeError(
            f"{found.name} fails on an input of {size} pixels: {one_line(error)}; --preprocess size=... sets the "
            "size; if it is a generator, --latent-shape gives the shape of a latent"
        ) from error
    return _with_aliases(described, found.aliases)


def _with_aliases(described: list[LayerDescription], aliases: Mapping[str, str]) -> list[LayerDescription]:
    readable = {path: alias for alias, path in aliases.items()}
    return [replace(layer, alias=readable.get(layer.name, "")) for layer in described]
