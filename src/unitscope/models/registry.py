"""Names for networks: registered ones, and functions of the user's own."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.factories import HOW, call_factory, names_a_factory
from unitscope.models.preprocessing import Preprocessing, parse_preprocessing
from unitscope.models.weights import reinitialize as start_anew

WEIGHT_FILES = frozenset({".pth", ".pt", ".pkl", ".pickle", ".ckpt", ".bin", ".safetensors", ".onnx", ".h5"})


@dataclass(frozen=True)
class Model:
    """A network with the input it wants.

    Attributes:
        module: the network; its input is (N, 3, h, w) float32.
        preprocessing: how a picture becomes that input.
        name: for titles and messages.
        spec: what the user wrote to get it.
        layers: the layers to look into unless others are asked for.
        classes: names of the outputs, if it is a classifier.
    """

    module: nn.Module
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    name: str = ""
    spec: str = ""
    layers: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


def _world_vgg(name: str, trained: bool) -> Model:
    # The built-in world draws in numpy and brings its own weights: only who asks for it pays for the import.
    world: Any = importlib.import_module("unitscope.world")
    size = world.CLASSIFIER_INPUT
    return Model(
        world.world_classifier(trained=trained),
        Preprocessing(
            size=(size, size) if isinstance(size, int) else tuple(size),
            mean=tuple(world.CLASSIFIER_MEAN),
            scale=tuple(world.CLASSIFIER_STD),
        ),
        name,
        layers=tuple(world.CLASSIFIER_LAYERS),
        classes=tuple(world.SCENE_CLASSES),
    )


MODELS: dict[str, Callable[[], Model]] = {
    "world-vgg": lambda: _world_vgg("world-vgg", trained=True),
    "world-vgg-untrained": lambda: _world_vgg("world-vgg-untrained", trained=False),
}
"""The networks that have a name of their own."""


def load_model(
    spec: str,
    *,
    preprocess: str | None = None,
    reinitialize: int | None = None,
    device: torch.device | str = "cpu",
) -> Model:
    """Return the network that `spec` names, in eval mode and on `device`.

    Args:
        spec: a name in `MODELS`, ``package.module:function`` or ``file.py:function``; the function takes no
            arguments and returns an ``nn.Module`` or a `Model`.
        preprocess: settings that replace the network's own, see `parse_preprocessing`.
        reinitialize: a seed: give the network new random weights before anything is read.
        device: where the network is to run.

    Raises:
        UnitscopeError: there is no such network, or it cannot be made.
    """
    model = _make(spec)
    if preprocess:
        model = replace(model, preprocessing=parse_preprocessing(preprocess, model.preprocessing))
    if reinitialize is not None:
        start_anew(model.module, reinitialize)
    return replace(model, spec=spec, module=ready(model.module, device))


def ready(module: nn.Module, device: torch.device | str) -> nn.Module:
    """Return a module on `device`, its dropout off and its batch norm frozen."""
    try:
        module = module.eval()
    except NotImplementedError:  # a module made from an exported program is what it was exported as
        module.training = False
    return module.to(device)


def _make(spec: str) -> Model:
    if spec in MODELS:
        return MODELS[spec]()
    _refuse_files(spec)
    if not names_a_factory(spec):
        raise _unknown(spec)
    made = call_factory(spec, "model")
    name = spec.rpartition(":")[2]
    if isinstance(made, Model):
        return made if made.name else replace(made, name=name)
    if isinstance(made, nn.Module):
        return Model(made, name=name)
    raise UnitscopeError(
        f"model {spec!r} returned {_kind(made)}; it must return an nn.Module or a "
        "unitscope.models.registry.Model"
    )


def _kind(made: object) -> str:
    if isinstance(made, tuple | list):
        return f"a {type(made).__name__} of {', '.join(type(item).__name__ for item in made)}"
    return "nothing (None)" if made is None else f"a {type(made).__name__}"


def _refuse_files(spec: str) -> None:
    suffix = Path(spec).suffix.lower()
    if suffix in WEIGHT_FILES:
        raise UnitscopeError(
            f"model {spec!r} is a file of weights, which says nothing about the network (and a pickled file "
            f"may run any code); write a function that builds the network and loads them, and {HOW}"
        )
    if suffix == ".pt2":
        raise UnitscopeError(
            f"model {spec!r} is an exported program, which has lost the names of its layers; "
            f"write a function that builds the network, and {HOW}"
        )
    if suffix == ".py" and Path(spec).is_file():
        raise UnitscopeError(f"model file {spec!r} is given without a function; give {spec}:FUNCTION")


def _unknown(spec: str) -> UnitscopeError:
    module, dot, function = spec.rpartition(".")
    if dot and all(part.isidentifier() for part in spec.split(".")) and function != "py":
        return UnitscopeError(
            f"model {spec!r} not found; for a function of a module, give '{module}:{function}'"
        )
    hint = did_you_mean(spec, MODELS)
    return UnitscopeError(f"model {spec!r} not found;{hint} models are {', '.join(MODELS)}, or {HOW}")
