"""Segmenters that are asked for by name: ``upp``, ``colors``, ``csail``, with a folder and settings."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from unitscope.concepts.colors import ColorNames, color_names
from unitscope.concepts.csail import CsailSegmenter
from unitscope.concepts.csail_labels import read_csail_labels
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.upp import UnifiedParsing
from unitscope.concepts.upp_labels import published_labels, read_upp_labels
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.preprocessing import Preprocessing

UPP_SIZE = 256
"""The size at which the published code segments."""
COLOR_SIZE = 256
BATCH = (1, 8)
"""Pictures at once."""
SMALLEST = 32
"""Pixels: the encoder divides by so much."""
WEIGHTS = (".pth", ".safetensors")
LABELS = "labels.json"
UPP_PUBLISHED = ("upp-resnet50-upernet", 40)
COLOR_PUBLISHED = ("color-resnet18dilated-ppm_deepsup", 20)
"""Folder and epoch of the published checkpoints."""
_TO_UNIT: dict[str, Any] = {"range": (-1, 1), "mean": (0, 0, 0), "scale": (1, 1, 1)}


@dataclass(frozen=True)
class Request:
    """What somebody wrote to get a segmenter: ``NAME[:FOLDER][,SETTING=VALUE...]``.

    Attributes:
        spec: all of it, for messages.
        name: a key of `NAMED`.
        folder: where its files are, if that was said.
        settings: what else was said.
    """

    spec: str
    name: str
    folder: Path | None
    settings: Mapping[str, str]


def named_segmenter(spec: str) -> Segmenter | None:
    """Return the segmenter of `NAMED` that `spec` asks for; None if it is not of that form.

    Raises:
        UnitscopeError: a setting is unknown or has a value it cannot have, or a file is missing or wrong.
    """
    found = re.fullmatch(rf"({'|'.join(NAMED)})(?::(.+?))?((?:,\w+=[^,]*)*)", spec)
    if not found:
        return None
    name, folder, written = found.groups()
    settings = dict(part.split("=", 1) for part in written.split(",") if part)
    build, allowed = NAMED[name]
    for key in settings:
        if key not in allowed:
            known = f" settings are {', '.join(allowed)}" if allowed else " it has none"
            raise UnitscopeError(
                f"segmenter {spec!r} has an unknown setting {key!r};{did_you_mean(key, allowed)}{known}"
            )
    return build(Request(spec, name, Path(folder).expanduser() if folder else None, settings))


def _upp(request: Request) -> Segmenter:
    sizes = _sizes(request)
    halves = _yes_or_no(request, "halves")
    encoder, decoder = _weight_files(request, *UPP_PUBLISHED)
    own = request.folder / LABELS if request.folder else None
    labels = read_upp_labels(own) if own and own.is_file() else published_labels()
    module = UnifiedParsing(labels, sizes=sizes if len(sizes) > 1 else (), halves=halves)
    _fill(module.encoder, encoder)
    _fill(module.decoder, decoder)
    side = max(sizes)
    return _segmenter(module, request, Preprocessing(size=(side, side), **_TO_UNIT), settings=sizes)


def _csail(request: Request) -> Segmenter:
    encoder, decoder = _weight_files(request, *COLOR_PUBLISHED)
    labels = read_csail_labels(encoder.parent / LABELS)
    states = _read(encoder), _read(decoder)
    try:
        module = CsailSegmenter(labels, *states)
    except UnitscopeError as error:
        raise UnitscopeError(f"segmenter {request.spec!r}: {error}") from error
    _fill(module.encoder, encoder)
    _fill(module.decoder, decoder)
    side = max(labels.sizes)
    preprocessing = Preprocessing(size=(side, side), **_TO_UNIT)
    meaning = [labels.blue_first, labels.mean, labels.stdev, labels.sizes, list(labels.groups.values())]
    return _segmenter(module, request, preprocessing, settings=meaning)


def _colors(request: Request) -> Segmenter:
    if request.folder:
        raise UnitscopeError(
            f"segmenter {request.spec!r} takes no folder: its weights come with the package; give 'colors'"
        )
    return _segmenter(color_names(), request, Preprocessing(size=(COLOR_SIZE, COLOR_SIZE), **_TO_UNIT))


def _segmenter(
    module: UnifiedParsing | CsailSegmenter | ColorNames,
    request: Request,
    preprocessing: Preprocessing,
    *,
    settings: Sequence[object] = (),
) -> Segmenter:
    return Segmenter(
        module,
        module.vocabulary,
        preprocessing,
        request.name,
        planes=module.planes,
        batch=BATCH,
        takes_grid=True,
        settings=tuple(settings),
    )


NAMED: dict[str, tuple[Callable[[Request], Segmenter], tuple[str, ...]]] = {
    "upp": (_upp, ("sizes", "halves")),
    "colors": (_colors, ()),
    "csail": (_csail, ()),
}
"""Name: what builds the segmenter, and the settings it knows."""


def _sizes(request: Request) -> tuple[int, ...]:
    text = request.settings.get("sizes", str(UPP_SIZE))
    parts = text.split(":")
    if not all(part.isascii() and part.isdigit() and int(part) >= SMALLEST for part in parts):
        raise UnitscopeError(
            f"segmenter {request.spec!r} has the sizes {text!r}; "
            f"write sides of {SMALLEST} pixels or more, such as sizes=256:384"
        )
    return tuple(int(part) for part in parts)


def _yes_or_no(request: Request, key: str) -> bool:
    value = request.settings.get(key, "yes")
    if value not in ("yes", "no"):
        raise UnitscopeError(f"segmenter {request.spec!r} has {key}={value}; write {key}=yes or {key}=no")
    return value == "yes"


def _weight_files(request: Request, published: str, epoch: int) -> tuple[Path, Path]:
    """Return the encoder's and the decoder's file: in the folder given, or published and fetched."""
    stems = [f"{part}_epoch_{epoch}" for part in ("encoder", "decoder")]
    if request.folder is None:
        fetched = [_fetch(f"{published}/{stem}.pth") for stem in stems]
        return fetched[0], fetched[1]
    found = [_in_folder(request, request.folder, stem) for stem in stems]
    return found[0], found[1]


def _in_folder(request: Request, folder: Path, stem: str) -> Path:
    """Return the file of one part of a network: the published name, or the only one that begins like it."""
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "does not exist"
        raise UnitscopeError(
            f"segmenter {request.spec!r}: folder {str(folder)!r} {state}; give the folder that holds {stem}.pth"
        )
    part = stem.partition("_")[0]
    for suffix in WEIGHTS:
        if (folder / f"{stem}{suffix}").is_file():
            return folder / f"{stem}{suffix}"
    held = sorted(path.name for path in folder.iterdir())
    fitting = [name for name in held if name.startswith(part) and Path(name).suffix in WEIGHTS]
    if len(fitting) == 1:
        return folder / fitting[0]
    problem = f"holds several: {', '.join(fitting)}" if fitting else f"has {', '.join(held[:8]) or 'no file'}"
    raise UnitscopeError(
        f"segmenter {request.spec!r}: no {stem}.pth (or .safetensors) in {str(folder)!r}, which {problem}"
    )


def _fetch(path: str) -> Path:
    """Return the local copy of a published file, by the end of its address."""
    catalogue: Any = importlib.import_module("unitscope.models.catalogue")
    download: Any = importlib.import_module("unitscope.models.download")
    checkpoint = next(each for each in catalogue.CATALOGUE.values() if each.url.endswith(path))
    return Path(download.fetch(checkpoint))


def _read(path: Path) -> dict[str, Tensor]:
    checkpoints: Any = importlib.import_module("unitscope.models.checkpoints")
    return dict(checkpoints.read_state(path))


def _fill(module: nn.Module, path: Path) -> None:
    checkpoints: Any = importlib.import_module("unitscope.models.checkpoints")
    checkpoints.fill(module, checkpoints.read_state(path), str(path))
