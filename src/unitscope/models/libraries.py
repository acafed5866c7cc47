"""Networks of torchvision, timm and transformers, with the preprocessing and class names that these libraries state."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import torch

from unitscope.errors import UnitscopeError, as_typed, did_you_mean, one_line
from unitscope.models.default_layers import default_layers
from unitscope.models.hub import (
    Foreign,
    from_seed,
    hub_reachable,
    hugging_face,
    import_library,
    no_weights,
    quiet,
    reachable,
    without_unpickling,
)
from unitscope.models.library_preprocessing import from_timm, from_torchvision
from unitscope.models.library_spec import LibraryNetwork, LibrarySpec, check_channels, unknown_network
from unitscope.models.network import Network
from unitscope.models.transformers_networks import transformers_network

LIBRARY_FORMS = ("torchvision:NAME", "timm:NAME", "transformers:ID_OR_FOLDER")
HUBS = ("hf-hub:", "hf_hub:", "local-dir:")
"""What may stand before a name of timm that is not one of its own."""


def library_model(spec: str, *, pretrained: bool = True) -> Network | None:
    """Return the network of a model library that `spec` names.

    Args:
        spec: ``torchvision:NAME``, ``timm:NAME`` or ``transformers:HUB_ID_OR_FOLDER``, each with
            ``?weights=none`` for random weights (from a fixed seed) or, for torchvision and timm,
            ``?weights=NAME`` for other weights than the library's first choice.
        pretrained: False leaves the weights random whatever `spec` says, for weights that come from a file.

    Returns:
        The network in eval mode, or None if `spec` names none of these libraries.

    Raises:
        UnitscopeError: the package is not installed, it has no such network, or the weights cannot be had.
    """
    parsed = parse_spec(spec)
    if parsed is None:
        return None
    network = _LOADERS[parsed.library](parsed, pretrained and parsed.weights.lower() != "none")
    module = network.module.eval()
    layers: tuple[str, ...] = ()
    with suppress(Exception), quiet():  # a network that refuses its input says so when it is used
        seen = network.preprocessing
        layers = default_layers(
            module,
            seen.size,
            outputs=len(network.classes),
            channels=seen.depth,
            classifies=network.classifies,
        )
    return Network(
        module,
        network.preprocessing,
        parsed.name,
        spec=parsed.text,
        layers=layers,
        classes=network.classes,
        classifies=network.classifies,
    )


def library_names(spec: str) -> list[str]:
    """Return what somebody may have meant: the same name in a library, or a library that is spelt like theirs."""
    library, colon, name = spec.rpartition(":")
    if colon:
        near = difflib.get_close_matches(library, list(_LOADERS), n=1, cutoff=0.7)
        return [f"{near[0]}:{name}"] if near else []
    found = []
    with suppress(UnitscopeError):
        if name in import_library("torchvision.models").list_models():
            found.append(f"torchvision:{name}")
    with suppress(UnitscopeError):
        if import_library("timm").is_model(name):
            found.append(f"timm:{name}")
    return found


def names_no_library(spec: str) -> bool:
    """Return whether what stands before the colon is a misspelt library rather than a module of somebody's own."""
    place = spec.partition(":")[0]
    return place.isidentifier() and bool(library_names(spec)) and importlib.util.find_spec(place) is None


def parse_spec(spec: str) -> LibrarySpec | None:
    """Take the name of a library's network apart; None if it names no library.

    Raises:
        UnitscopeError: it has no name, or a setting other than weights.
    """
    library, colon, rest = spec.partition(":")
    if not colon or library not in _LOADERS:
        return None
    name, mark, settings = rest.partition("?")
    key, equals, weights = settings.partition("=")
    if not name or (mark and (key != "weights" or not equals or not weights)):
        raise UnitscopeError(
            f"model {spec!r} cannot be read; write {library}:NAME, or {as_typed(f'{library}:NAME?weights=none')} for "
            "random weights"
        )
    return LibrarySpec(spec, library, name, weights)


# torchvision


def _torchvision(spec: LibrarySpec, pretrained: bool) -> LibraryNetwork:
    models = import_library("torchvision.models")
    classifiers = models.list_models(module=models)
    others = [*models.list_models(module=models.segmentation), *models.list_models(module=models.detection)]
    if spec.name not in (*classifiers, *others):
        raise unknown_network(spec, [*classifiers, *others])
    # Networks that are built around another one would fetch the weights of that one.
    around = {"weights_backbone": None} if spec.name in others else {}
    offered = models.get_model_weights(spec.name)
    weights = _torchvision_weights(spec, offered)
    if pretrained and not _cached(weights.url) and not reachable(weights.url):
        raise no_weights(spec.text, spec.untrained, None, online=False)
    with quiet(), without_unpickling(), from_seed():
        try:
            module = models.get_model(spec.name, weights=weights if pretrained else None, **around)
        except Exception as error:
            if not pretrained:
                raise UnitscopeError(f"{spec.text!r} cannot be built: {one_line(error)}") from error
            raise no_weights(spec.text, spec.untrained, error, online=True) from error
    preprocessing = from_torchvision(weights.transforms(), _own_side(module))
    classifies = spec.name in classifiers
    return LibraryNetwork(
        module, preprocessing, tuple(weights.meta["categories"]) if classifies else (), classifies
    )


def _own_side(module: Foreign) -> int:
    """Return the side that a detection network of torchvision brings pictures to itself."""
    transform = getattr(module, "transform", None)
    if fixed := getattr(transform, "fixed_size", None):
        return int(fixed[0])
    return int(next(iter(getattr(transform, "min_size", ())), 224))


def _cached(address: str) -> bool:
    return (Path(torch.hub.get_dir()) / "checkpoints" / Path(address).name).is_file()


def _torchvision_weights(spec: LibrarySpec, offered: Foreign) -> Foreign:
    """Return the entry whose metadata counts: the one asked for, or the library's first choice."""
    if spec.weights.lower() in ("", "none", "default"):
        return offered.DEFAULT
    names = list(offered.__members__)
    if spec.weights not in names:
        hint = did_you_mean(spec.weights, names)
        raise UnitscopeError(
            f"weights {spec.weights!r} not found for {spec.name};{hint} there are {', '.join(names)}, none"
        )
    return offered[spec.weights]


# timm


def _timm(spec: LibrarySpec, pretrained: bool) -> LibraryNetwork:
    timm = import_library("timm")
    name = spec.name if spec.weights.lower() in ("", "none") else f"{spec.name}.{spec.weights}"
    if not name.startswith(HUBS):
        _check_timm_name(timm, spec, name)
    with quiet(), without_unpickling(), hugging_face(), from_seed():
        try:
            module = timm.create_model(name, pretrained=pretrained)
        except Exception as error:
            if not pretrained:
                raise UnitscopeError(f"{spec.text!r} cannot be built: {one_line(error)}") from error
            raise no_weights(spec.text, spec.untrained, error, online=hub_reachable()) from error
        config = timm.data.resolve_model_data_config(module)
    channels = _timm_channels(module, config)
    check_channels(spec.text, channels)
    classifies = bool(getattr(module, "num_classes", 1))
    return LibraryNetwork(module, from_timm(config, channels), _timm_classes(timm, module), classifies)


def _timm_channels(module: Foreign, config: Mapping[str, Foreign]) -> int:
    """Return how many channels the first convolution takes, which may be another number than was published."""
    named = module.pretrained_cfg.get("first_conv")
    first = named if isinstance(named, str) else next(iter(named or ()), "")
    with suppress(AttributeError):
        return int(module.get_submodule(first).in_channels)
    return int(config["input_size"][0])


def _check_timm_name(timm: ModuleType, spec: LibrarySpec, name: str) -> None:
    base, _, tag = name.partition(".")
    if not timm.is_model(base):
        raise unknown_network(spec, timm.list_models())
    tags = [each.partition(".")[2] for each in timm.list_models(f"{base}.*", pretrained=True)]
    if tag and tag not in tags:
        hint = did_you_mean(tag, tags)
        there = f" there are {', '.join(filter(None, tags))}" if any(tags) else " it has none"
        raise UnitscopeError(f"weights {tag!r} not found for {base};{hint}{there}")


def _timm_classes(timm: ModuleType, module: Foreign) -> tuple[str, ...]:
    own = module.pretrained_cfg.get("label_names")
    if own:
        described = module.pretrained_cfg.get("label_descriptions") or {}
        return tuple(str(described.get(name, name)) for name in own)
    subset = timm.data.infer_imagenet_subset(module)
    if not subset:
        return ()
    info = timm.data.ImageNetInfo(subset)
    return tuple(info.index_to_description(index) for index in range(info.num_classes()))


_LOADERS: dict[str, Callable[[LibrarySpec, bool], LibraryNetwork]] = {
    "torchvision": _torchvision,
    "timm": _timm,
    "transformers": transformers_network,
}
