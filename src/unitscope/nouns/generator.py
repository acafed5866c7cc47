"""A generator of pictures, from what a person names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unitscope.errors import UnitscopeError
from unitscope.models.generator_names import load_generator, take_generator
from unitscope.models.generators import Generator
from unitscope.models.network import Network
from unitscope.nouns.device import choose_device
from unitscope.nouns.network import Source, left_as_it_was
from unitscope.paths import AnyPath

Shape = str | int | Sequence[int]
"""Of one latent, as ``100x1x1`` or numbers."""


def generator(
    source: Source,
    *,
    latent_shape: Shape | None = None,
    range: str | Sequence[float] | None = None,  # noqa: A002
    weights: AnyPath | None = None,
    mirror: str | None = None,
    reinitialize: int | None = None,
    device: str | None = None,
) -> Generator:
    """Return a generator of pictures, tried with two latents.

    Args:
        source: a name such as ``world-gan`` or ``proggan-bedroom``, a checkpoint file of a Progressive GAN,
            ``package.module:function``, ``file.py:function``, a module, or a generator that is to be changed. A module
            stays as it is: other weights go into a copy.
        latent_shape: shape of one latent, where the generator does not say it.
        range: values of black and white in its pictures, as ``-1:1`` or two numbers; found by itself otherwise.
        weights: a file of weights: safetensors, or `torch.save` of a state dict.
        mirror: another server for files that are downloaded.
        reinitialize: a seed: give it new random weights, as a control.
        device: where it is to run; a GPU when there is one.

    Raises:
        UnitscopeError: there is no such generator, it cannot be made, or it makes no pictures.
    """
    changes = (latent_shape, range, weights, reinitialize)
    if isinstance(source, Network):
        raise UnitscopeError(
            f"{source.name or 'the network'} is a Network, a network that reads pictures; give a Generator or a "
            "module, or --images in place of --latents"
        )
    if isinstance(source, str):
        found = load_generator(
            source, latent_shape=latent_shape, range=range, weights=weights, mirror=mirror, reinitialize=reinitialize,
            device=choose_device(device),
        )  # fmt: skip
        return replace(found, device=device)
    if isinstance(source, Generator) and _tried(source) and changes == (None, None, None, None):
        return replace(source, device=device or source.device)
    where = device or (source.device if isinstance(source, Generator) else None)
    with left_as_it_was(source):
        found = take_generator(
            source, latent_shape=latent_shape, range=range, weights=weights, reinitialize=reinitialize,
            device=choose_device(where),
        )  # fmt: skip
    return replace(found, device=where)


def _tried(found: Generator) -> bool:
    return bool(found.latent_shape) and found.range is not None and found.size != (0, 0)
