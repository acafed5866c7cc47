"""Names for generators: bundled ones, published ones, checkpoint files, and functions of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.catalogue import CATALOGUE, GENERATOR_LAYER
from unitscope.models.checkpoints import WEIGHT_FILES, read_state
from unitscope.models.download import fetch
from unitscope.models.factories import HOW, call_factory, kind_of, names_a_factory
from unitscope.models.fitting import take_weights
from unitscope.models.generators import RANGES, ClassConditional, Generator, look_at, parse_range
from unitscope.models.latent_shapes import find_latent_shape, parse_latent_shape
from unitscope.models.networks import generator_from_state
from unitscope.models.reinitialize import reinitialize as start_anew
from unitscope.models.weights import copied, full_path, ready
from unitscope.registered import GENERATORS, make_registered, registered

PUBLISHED = tuple(name for name, checkpoint in CATALOGUE.items() if checkpoint.kind == "generator")


def generator_names() -> tuple[str, ...]:
    """Return the names of the generators that are registered, and of those of the paper."""
    return (*registered(GENERATORS), *PUBLISHED)


def names_a_generator(spec: str) -> bool:
    """Return whether `spec` is the name of a generator."""
    return spec in generator_names()


def load_generator(
    spec: Path | str,
    *,
    weights: Path | str | None = None,
    latent_shape: str | int | Sequence[int] | None = None,
    range: str | Sequence[float] | None = None,  # noqa: A002
    mirror: str | None = None,
    reinitialize: int | None = None,
    device: torch.device | str = "cpu",
) -> Generator:
    """Return the generator that `spec` names, in eval mode and on `device`, tried with two latents.

    Args:
        spec: one of `generator_names`, a checkpoint file of a Progressive GAN, ``package.module:function`` or
            ``file.py:function``; the function takes no arguments and returns an
            ``nn.Module``, a :class:`ClassConditional` or a :class:`Generator`.
        weights: a file of weights for it, see `take_weights`.
        latent_shape: shape of one latent, as ``100x1x1`` or numbers; by default what the generator declares, or what
            its attributes or its first layer imply.
        range: values of black and white, as ``-1:1`` or two numbers; by default declared or found in its pictures.
        mirror: another server for published files, see `fetch`.
        reinitialize: a seed: give it new random weights first.
        device: where it is to run.

    Raises:
        UnitscopeError: there is no such generator, it cannot be made, or it makes no pictures.
    """
    spec, given = str(spec), full_path(weights)
    if spec in PUBLISHED or _is_checkpoint(spec):
        made, weights = _from_checkpoint(spec, weights, mirror), None
    else:
        made = _own(spec)
    if weights is not None:
        take_weights(made.module, weights)
    return _finished(
        replace(made, spec=spec, weights=given, reinitialized=reinitialize),
        latent_shape=latent_shape,
        range=range,
        reinitialize=reinitialize,
        device=device,
    )


def take_generator(
    made: nn.Module | Generator,
    *,
    weights: Path | str | None = None,
    latent_shape: str | int | Sequence[int] | None = None,
    range: str | Sequence[float] | None = None,  # noqa: A002
    reinitialize: int | None = None,
    device: torch.device | str = "cpu",
) -> Generator:
    """Return a generator that is there, as :func:`load_generator` does; other weights go into a copy of it.

    Raises:
        UnitscopeError: it makes no pictures.
    """
    generator = _wrapped(made, type(made).__name__)
    if weights is not None or reinitialize is not None:
        generator = replace(generator, module=copied(generator.module))
    if weights is not None:
        take_weights(generator.module, weights)
    if weights is not None or reinitialize is not None:
        given = full_path(weights) or generator.weights
        generator = replace(generator, weights=given, reinitialized=reinitialize)
    return _finished(
        generator, latent_shape=latent_shape, range=range, reinitialize=reinitialize, device=device
    )


def _is_checkpoint(spec: str) -> bool:
    return Path(spec).suffix.lower() in WEIGHT_FILES and not names_a_factory(Path(spec).name)


def _from_checkpoint(spec: str, weights: Path | str | None, mirror: str | None) -> Generator:
    """Return the Progressive GAN of a published name or of a file."""
    if spec in PUBLISHED:
        file = Path(weights) if weights is not None else fetch(CATALOGUE[spec], mirror=mirror)
    elif weights is not None:
        raise UnitscopeError(f"{spec!r} is a file of weights, and {str(weights)!r} another; give one of them")
    else:
        file = Path(spec)
    state = read_state(file)
    try:
        module = generator_from_state(state)
    except UnitscopeError as error:
        raise UnitscopeError(f"{file}: {error}") from error
    layers = [name for name, _ in module.named_children()]
    layer = GENERATOR_LAYER if GENERATOR_LAYER in layers else layers[-2]
    name = spec if spec in PUBLISHED else file.stem
    return Generator(module, (module.latents,), RANGES[0], name, layers=(layer,))


def _own(spec: str) -> Generator:
    if spec in registered(GENERATORS):
        made, name = make_registered(GENERATORS, spec), spec
    elif names_a_factory(spec):
        made, name = call_factory(spec, "generator"), spec.rpartition(":")[2]
    else:
        known = generator_names()
        raise UnitscopeError(
            f"generator {spec!r} not found;{did_you_mean(spec, known)} generators are {', '.join(known)}, a checkpoint "
            f"file of a Progressive GAN, or {HOW}; a network that reads pictures takes --images in place of --latents"
        )
    if isinstance(made, nn.Module | Generator):
        return _wrapped(made, name)
    raise UnitscopeError(
        f"generator {spec!r} returned {kind_of(made)}; it must return an nn.Module or a unitscope.Generator"
    )


def _wrapped(made: nn.Module | Generator, name: str) -> Generator:
    """Return a generator with a name, with what its module says of latents and classes."""
    generator = made if isinstance(made, Generator) else Generator(made, ())
    module = generator.module
    if isinstance(module, ClassConditional):
        aliases = {**module.aliases(), **generator.aliases}
        shape = generator.latent_shape or module.latent_shape
        generator = replace(generator, classes=module.classes, latent_shape=shape, aliases=aliases)
    elif generator.classes:
        raise UnitscopeError(
            f"generator {generator.name or name!r} declares {generator.classes} classes and is not wrapped; give "
            "Generator(ClassConditional(module, latent_shape, classes, one_hot=...), ...)"
        )
    return replace(generator, name=generator.name or name)


def _finished(
    generator: Generator,
    *,
    latent_shape: str | int | Sequence[int] | None,
    range: str | Sequence[float] | None,  # noqa: A002
    reinitialize: int | None,
    device: torch.device | str,
) -> Generator:
    """Start it anew if asked for, bring it to its device, and try it."""
    if reinitialize is not None:
        start_anew(generator.module, reinitialize)
    module = ready(generator.module, device)
    declared = latent_shape if latent_shape is not None else generator.latent_shape
    shape = parse_latent_shape(declared) if declared else find_latent_shape(module, generator.name, device)
    black_to_white = generator.range if range is None else parse_range(range)
    generator = replace(generator, module=module, latent_shape=shape, range=black_to_white)
    return look_at(generator, generator.trial().to(device))
