"""Names for networks: registered ones, and functions of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from unitscope.errors import UnitscopeError, as_typed, did_you_mean
from unitscope.models.catalogue import CATALOGUE
from unitscope.models.checkpoints import WEIGHT_FILES, fill, read_state, to_be_filled
from unitscope.models.classes import places365_classes
from unitscope.models.download import fetch
from unitscope.models.factories import HOW, call_factory, kind_of, names_a_factory
from unitscope.models.fitting import take_weights
from unitscope.models.forwarded import Forward, Function, inside
from unitscope.models.generator_names import generator_names, load_generator, names_a_generator
from unitscope.models.generators import ClassConditional, Generator
from unitscope.models.lazy import make_parameters
from unitscope.models.libraries import LIBRARY_FORMS, library_model, library_names, names_no_library
from unitscope.models.network import Network
from unitscope.models.networks import (
    alexnet_places365,
    resnet152_aliases,
    resnet152_places365,
    vgg16_aliases,
    vgg16_places365,
)
from unitscope.models.preprocessing import Preprocessing, parse_preprocessing
from unitscope.models.reinitialize import reinitialize as start_anew
from unitscope.models.weights import full_path, ready, unwrapped
from unitscope.registered import NETWORKS, make_registered, registered

__all__ = ["MODELS", "MakesPicturesError", "load_generator", "load_network", "network_names"]


def _published(
    name: str,
    build: Callable[[], nn.Module],
    *,
    size: int = 224,
    aliases: Mapping[str, str] | None = None,
) -> Network:
    """Return a network of the paper as it is built; its weights come from its checkpoint."""
    layer = CATALOGUE[name].layer
    return Network(
        build(),
        Preprocessing(size=(size, size)),
        name,
        layers=((aliases or {}).get(layer, layer),),
        classes=places365_classes(),
        aliases=aliases or {},
        checkpoint=name,
    )


MODELS: dict[str, Callable[[], Network]] = {
    "vgg16-places365": lambda: _published("vgg16-places365", vgg16_places365, aliases=vgg16_aliases()),
    "alexnet-places365": lambda: _published("alexnet-places365", alexnet_places365, size=227),
    "resnet152-places365": lambda: _published(
        "resnet152-places365", resnet152_places365, aliases=resnet152_aliases()
    ),
}
"""The networks of the paper; packages register others, see `network_names`."""


def network_names() -> tuple[str, ...]:
    """Return the names of the networks that are registered, and of those in `MODELS`."""
    return (*registered(NETWORKS), *MODELS)


def load_network(
    spec: str,
    *,
    weights: Path | str | None = None,
    mirror: str | None = None,
    preprocess: str | Preprocessing | None = None,
    forward: Forward | Function | str | None = None,
    reinitialize: int | None = None,
    device: torch.device | str = "cpu",
    pretrained: bool = True,
) -> Network:
    """Return the network that `spec` names, in eval mode and on `device`.

    Args:
        spec: one of `network_names`, ``torchvision:NAME``, ``timm:NAME``, ``transformers:ID_OR_FOLDER``,
            ``package.module:function`` or ``file.py:function``; the function takes no arguments and returns an
            ``nn.Module`` or a `Network`.
        weights: a file of weights for it, see `take_weights`; a network of the paper is downloaded without one.
        mirror: another server for that, see `fetch`.
        preprocess: settings that replace the network's own, see `parse_preprocessing`.
        forward: how it is given a batch of pictures, see `Forward`.
        reinitialize: a seed: give the network new random weights before anything is read.
        device: where the network is to run.
        pretrained: False for a network without its published weights, to look at its layers.

    Raises:
        UnitscopeError: there is no such network, or it cannot be made.
    """
    pretrained = pretrained and weights is None and reinitialize is None
    model = _make(spec, pretrained=pretrained, given=weights is not None)
    if preprocess:
        model = replace(model, preprocessing=parse_preprocessing(preprocess, model.preprocessing))
    # How a network is called that says so itself goes with its name.
    model = replace(model, forward=None if forward is None else Forward.of(forward))
    network = inside(model.module)
    make_parameters(model.module, model.trial(1))
    if weights is not None:
        take_weights(network, weights)
    elif model.checkpoint and pretrained:
        file = fetch(CATALOGUE[model.checkpoint], mirror=mirror)
        fill(network, read_state(file), file)
    if reinitialize is not None:
        start_anew(network, reinitialize)
    found = replace(model, weights=full_path(weights), reinitialized=reinitialize)
    return replace(found, spec=spec, module=ready(model.module, device))


def _make(spec: str, *, pretrained: bool, given: bool) -> Network:
    if spec in MODELS:
        with to_be_filled() if pretrained or given else nullcontext():
            return MODELS[spec]()
    if spec in registered(NETWORKS):
        return _wrapped(make_registered(NETWORKS, spec), spec, spec)
    if found := library_model(spec, pretrained=pretrained):
        return found
    _refuse_files(spec)
    if not names_a_factory(spec) or names_no_library(spec):
        raise _unknown(spec)
    return _wrapped(call_factory(spec, "model"), spec, spec.rpartition(":")[2])


def _wrapped(made: object, spec: str, name: str) -> Network:
    if isinstance(made, Generator | ClassConditional):
        raise _makes_pictures(spec)
    if isinstance(made, Network):
        return replace(made, module=unwrapped(made.module), name=made.name or name)
    if isinstance(made, nn.Module):
        return Network(unwrapped(made), name=name)
    raise UnitscopeError(
        f"model {spec!r} returned {kind_of(made)}; it must return an nn.Module or a unitscope.Network"
    )


def _refuse_files(spec: str) -> None:
    suffix = Path(spec).suffix.lower()
    if suffix in WEIGHT_FILES:
        raise UnitscopeError(
            f"model {spec!r} is a file of weights, which says nothing about the network (and a pickled file "
            f"may run any code); give the network as MODEL and the file with --weights, "
            f"or write a function that builds the network and loads them, and {HOW}; the file of a generator takes "
            "--latents in place of --images"
        )
    if suffix == ".pt2":
        raise UnitscopeError(
            f"model {spec!r} is an exported program, which has lost the names of its layers; "
            f"write a function that builds the network, and {HOW}"
        )
    if suffix == ".py" and Path(spec).is_file():
        raise UnitscopeError(
            f"model file {spec!r} is given without a function; give {as_typed(f'{spec}:FUNCTION')}"
        )


def _unknown(spec: str) -> UnitscopeError:
    module, dot, function = spec.rpartition(".")
    if dot and all(part.isidentifier() for part in spec.split(".")) and function != "py":
        return UnitscopeError(
            f"model {spec!r} not found; for a function of a module, give {as_typed(f'{module}:{function}')}"
        )
    if names_a_generator(spec):
        return _makes_pictures(spec)
    if spec in CATALOGUE:
        return UnitscopeError(
            f"{spec!r} is a segmenter, not a network that reads pictures for classes; give it with --segmenter "
            f"{as_typed(spec)}"
        )
    hint = did_you_mean(spec, [*network_names(), *generator_names(), *CATALOGUE, *library_names(spec)])
    return UnitscopeError(
        f"model {spec!r} not found;{hint} models are {', '.join(network_names())}, {', '.join(LIBRARY_FORMS)}, or {HOW}"
    )


class MakesPicturesError(UnitscopeError):
    """A generator was given where a network that reads pictures is wanted."""


def _makes_pictures(spec: str) -> MakesPicturesError:
    return MakesPicturesError(
        f"{spec!r} is a generator, which makes pictures instead of reading them; give --latents COUNT in place of "
        "--images"
    )
