"""Networks of torchvision, timm and transformers, with the preprocessing and class names that these libraries state."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from unitscope.errors import UnitscopeError, did_you_mean, one_line
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
from unitscope.models.library_preprocessing import from_timm, from_torchvision, from_transformers
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.transformers_kinds import find_kind
from unitscope.progress import say

LIBRARY_FORMS = ("torchvision:NAME", "timm:NAME", "transformers:ID_OR_FOLDER")
HUBS = ("hf-hub:", "hf_hub:", "local-dir:")
"""What may stand before a name of timm that is not one of its own."""


@dataclass(frozen=True)
class LibrarySpec:
    """``library:name`` or ``library:name?weights=WHICH``, taken apart.

    Attributes:
        text: as given.
        library: torchvision, timm or transformers.
        name: of the network in it.
        weights: which weights, "none" for random ones; empty for the library's own choice.
    """

    text: str
    library: str
    name: str
    weights: str = ""

    @property
    def untrained(self) -> str:
        """The same network with random weights."""
        return f"{self.library}:{self.name}?weights=none"


@dataclass(frozen=True)
class _Network:
    module: nn.Module
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    classifies: bool = True


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
            f"model {spec!r} cannot be read; write {library}:NAME, or {library}:NAME?weights=none for random weights"
        )
    return LibrarySpec(spec, library, name, weights)


def _unknown(spec: LibrarySpec, known: Sequence[str]) -> UnitscopeError:
    hint = did_you_mean(spec.name, known) or f" it has {len(known)}, such as {known[0]!r}"
    return UnitscopeError(f"model {spec.name!r} not found in {spec.library};{hint}")


# torchvision


def _torchvision(spec: LibrarySpec, pretrained: bool) -> _Network:
    models = import_library("torchvision.models")
    classifiers = models.list_models(module=models)
    others = [*models.list_models(module=models.segmentation), *models.list_models(module=models.detection)]
    if spec.name not in (*classifiers, *others):
        raise _unknown(spec, [*classifiers, *others])
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
    return _Network(
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


def _timm(spec: LibrarySpec, pretrained: bool) -> _Network:
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
    return _Network(module, from_timm(config, channels), _timm_classes(timm, module), classifies)


def _timm_channels(module: Foreign, config: Mapping[str, Foreign]) -> int:
    """Return how many channels the first convolution takes, which may be another number than was published."""
    named = module.pretrained_cfg.get("first_conv")
    first = named if isinstance(named, str) else next(iter(named or ()), "")
    with suppress(AttributeError):
        return int(module.get_submodule(first).in_channels)
    return int(config["input_size"][0])


def check_channels(spec: str, channels: int) -> None:
    """Refuse a network that takes neither colour nor gray pictures."""
    if channels not in (1, 3):
        raise UnitscopeError(
            f"{spec!r} takes inputs of {channels} channels, and pictures have 3, or 1 where they are gray; wrap it in "
            "a module that makes them of pictures"
        )


def _check_timm_name(timm: ModuleType, spec: LibrarySpec, name: str) -> None:
    base, _, tag = name.partition(".")
    if not timm.is_model(base):
        raise _unknown(spec, timm.list_models())
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


# transformers


def _transformers(spec: LibrarySpec, pretrained: bool) -> _Network:
    transformers = import_library("transformers")
    if spec.weights.lower() not in ("", "none"):
        raise UnitscopeError(
            f"model {spec.text!r} has one set of weights; leave ?weights=... out, or give none"
        )
    with quiet(), hugging_face(), from_seed():
        config = read_config(transformers, spec.name, spec.text)
        kind = find_kind(transformers, config)
        if kind is None:
            raise UnitscopeError(
                f"model {spec.text!r} is a {config.model_type}, which transformers has no image classifier for, and no "
                "other network that reads pictures alone"
            )
        module, missing = load_transformers(kind.automatic, kind.config, spec, pretrained)
        if kind.classifies:
            module.register_forward_hook(_logits)
        else:
            _refuse_missing(spec, missing)
        settings, size = read_processor(transformers, spec.name, config), image_size(config)
    headless = any(name.startswith(("classifier", "head", "cls_classifier")) for name in missing)
    classifies = kind.classifies and not headless
    names = tuple(str(config.id2label[i]) for i in sorted(config.id2label)) if classifies else ()
    channels = _stated_channels(config)
    check_channels(spec.text, channels)
    if settings is None:
        preprocessing = Preprocessing(size=size, channels="gray" if channels == 1 else "rgb")
    else:
        preprocessing = from_transformers(settings, default=size, channels=channels)
    return _Network(kind.wrapped(module), preprocessing, names, classifies)


def _refuse_missing(spec: LibrarySpec, missing: Sequence[str]) -> None:
    """Refuse a network whose files lack weights; a pooling of tokens that nobody trained only answers at random."""
    lacking = [name for name in missing if "pooler" not in name.split(".")]
    if lacking:
        raise UnitscopeError(
            f"{spec.text!r} lacks weights of its network, such as {lacking[0]!r}; give a folder that holds them, or "
            f"take random weights with {spec.untrained!r}"
        )
    if missing:
        say(f"{spec.text} lacks weights of {missing[0].rpartition('.')[0]}, which are random")


def _stated_channels(config: Foreign) -> int:
    """Return the channels of the input that a configuration states, 3 if it states none."""
    found = (getattr(part, "num_channels", None) for part in _parts(config))
    return next((each for each in found if isinstance(each, int)), 3)


def _logits(_module: nn.Module, _inputs: object, output: object) -> object:
    """Let the network return its logits ``(N, classes)``, as those of the other libraries do."""
    return getattr(output, "logits", output)


def read_config(transformers: ModuleType, name: str, spec: str) -> Foreign:
    """Return the configuration in a folder or on the hub.

    Raises:
        UnitscopeError: there is none.
    """
    folder = Path(name).expanduser()
    looks_like_a_path = name.startswith((".", "/", "~")) or name.count("/") > 1
    if looks_like_a_path and not folder.is_dir():
        near = [str(folder.parent / entry.name) for entry in folder.parent.glob("*") if entry.is_dir()]
        raise UnitscopeError(f"{spec!r}: the folder {name!r} does not exist;{did_you_mean(str(folder), near)}"
                             " give a folder made by save_pretrained, or a hub id")  # fmt: skip
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise UnitscopeError(f"{spec!r}: {name!r} has no config.json; give a folder made by save_pretrained")
    try:
        return transformers.AutoConfig.from_pretrained(library_place(name), trust_remote_code=False)
    except Exception as error:
        online = folder.is_dir() or hub_reachable()
        reason = one_line(error) if online else "it is not in the cache and no network can be reached"
        raise UnitscopeError(
            f"{spec!r} cannot be read: {reason}; give a hub id or a folder made by save_pretrained"
        ) from error


def load_transformers(
    automatic: Foreign, config: Foreign, spec: LibrarySpec, pretrained: bool
) -> tuple[Foreign, list[str]]:
    """Build a network of transformers; from safetensors only, and never with code from the hub.

    Returns:
        The network and the names of weights that the files lack.

    Raises:
        UnitscopeError: the weights cannot be had.
    """
    if not pretrained:
        try:
            return automatic.from_config(config, trust_remote_code=False), []
        except Exception as error:
            raise UnitscopeError(f"{spec.text!r} cannot be built: {one_line(error)}") from error
    folder = Path(spec.name).expanduser()
    if folder.is_dir() and not any(folder.glob("*.safetensors")):
        raise UnitscopeError(
            f"{spec.text!r} has no safetensors file; a pickled one may run any code, so save the weights with "
            "save_pretrained(FOLDER, safe_serialization=True)"
        )
    try:
        module, report = automatic.from_pretrained(
            library_place(spec.name),
            config=config,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:
        online = folder.is_dir() or hub_reachable()
        raise no_weights(spec.text, spec.untrained, error, online=online) from error
    return module.float(), sorted(report["missing_keys"])


def read_processor(transformers: ModuleType, name: str, config: Foreign) -> dict[str, Foreign] | None:
    """Return the settings of the image processor beside a network, else those its kind of network begins with."""
    with suppress(Exception):
        processor = transformers.AutoImageProcessor.from_pretrained(
            library_place(name), trust_remote_code=False
        )
        return dict(processor.to_dict())
    with suppress(Exception):
        automatic = import_library("transformers.models.auto.image_processing_auto")
        classes = automatic.IMAGE_PROCESSOR_MAPPING[type(config)]
        listed = classes.values() if isinstance(classes, dict) else classes
        kind = next(each for each in listed if each is not None)
        settings = dict(kind().to_dict())
        height, width = image_size(config)
        return {
            **settings,
            "size": {"height": height, "width": width},
            "do_center_crop": False,
            "crop_pct": None,
        }
    return None


def image_size(config: Foreign) -> tuple[int, int]:
    """Return the input size that a configuration states, 224x224 if it states none."""
    stated = next(filter(None, (getattr(part, "image_size", None) for part in _parts(config))), 224)
    sides = list(stated) if isinstance(stated, list | tuple) else [stated, stated]
    return int(sides[0]), int(sides[-1])


def _parts(config: Foreign) -> list[Foreign]:
    """Return a configuration and its part that reads the picture, where networks of several parts say it."""
    return [config, *(getattr(config, name, None) for name in ("vision_config", "backbone_config"))]


def library_place(name: str) -> str:
    """Return where transformers finds a network: the folder of that name, else the hub."""
    folder = Path(name).expanduser()
    return str(folder) if folder.is_dir() else name


_LOADERS: dict[str, Callable[[LibrarySpec, bool], _Network]] = {
    "torchvision": _torchvision,
    "timm": _timm,
    "transformers": _transformers,
}
