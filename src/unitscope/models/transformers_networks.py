"""Networks of transformers that read pictures: from configurations and safetensors, never with code from the hub."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from types import ModuleType

from torch import nn

from unitscope.errors import UnitscopeError, as_typed, did_you_mean, one_line
from unitscope.models.hub import (
    Foreign,
    from_seed,
    hub_reachable,
    hugging_face,
    import_library,
    no_weights,
    quiet,
)
from unitscope.models.library_preprocessing import from_transformers
from unitscope.models.library_spec import LibraryNetwork, LibrarySpec, check_channels
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.transformers_kinds import find_kind
from unitscope.paths import as_path
from unitscope.progress import say

HEADS = ("classifier", "head", "cls_classifier")
"""What the part of a classifier is called that tells classes apart; a backbone is published without it."""


def transformers_network(spec: LibrarySpec, pretrained: bool) -> LibraryNetwork:
    """Return what a configuration is built with: a classifier, else another network that reads pictures alone.

    Raises:
        UnitscopeError: there is none, or its weights cannot be had.
    """
    transformers = import_library("transformers")
    if spec.weights.lower() not in ("", "none"):
        raise UnitscopeError(
            f"model {spec.text!r} has one set of weights; give {as_typed(f'{spec.library}:{spec.name}')}, or "
            f"{as_typed(spec.untrained)} for random ones"
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
        headless = kind.classifies and any(name.startswith(HEADS) for name in missing)
        _refuse_missing(spec, [name for name in missing if not (headless and name.startswith(HEADS))])
        settings, size = read_processor(transformers, spec.name, config), image_size(config)
    classifies = kind.classifies and not headless
    names = tuple(str(config.id2label[i]) for i in sorted(config.id2label)) if classifies else ()
    channels = _stated_channels(config)
    check_channels(spec.text, channels)
    if settings is None:
        preprocessing = Preprocessing(size=size, channels="gray" if channels == 1 else "rgb")
    else:
        preprocessing = from_transformers(settings, default=size, channels=channels)
    return LibraryNetwork(kind.wrapped(module), preprocessing, names, classifies)


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
    folder = as_path(name)
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
    folder = as_path(spec.name)
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
    folder = as_path(name)
    return str(folder) if folder.is_dir() else name
