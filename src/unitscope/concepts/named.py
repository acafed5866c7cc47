"""Segmenters that are asked for by name, such as ``upp``, with a folder of files and settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unitscope.concepts.colors import ColorNames, color_names
from unitscope.concepts.csail import CsailSegmenter
from unitscope.concepts.csail_labels import read_csail_labels
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.upp import UnifiedParsing
from unitscope.concepts.upp_labels import published_labels, read_upp_labels
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.catalogue import CATALOGUE
from unitscope.models.checkpoints import fill, read_state, to_be_filled
from unitscope.models.download import fetch
from unitscope.models.preprocessing import Preprocessing
from unitscope.paths import as_path

UPP_SIZE = 256
"""The size at which the published code segments."""
COLOR_SIZE = 256
BATCH = (1, 8)
"""Pictures at once."""
SMALLEST = 32
"""Pixels: the encoder divides by so much."""
WEIGHTS = (".pth", ".safetensors")
LABELS = "labels.json"
UPP_EPOCH, CSAIL_EPOCH = 40, 20
"""In the names of the published files."""
_TO_UNIT = Preprocessing(range=(-1, 1), mean=(0, 0, 0), scale=(1, 1, 1))


@dataclass(frozen=True)
class Request:
    """What somebody wrote to get a segmenter: ``NAME[:FOLDER][,SETTING=VALUE...]``.

    Attributes:
        spec: all of it, for messages.
        name: a key of `NAMED`.
        folder: where its files are, if that was said.
        settings: what else was said.
        mirror: another server for published files.
    """

    spec: str
    name: str
    folder: Path | None
    settings: Mapping[str, str]
    mirror: str | None = None


def named_segmenter(spec: str, *, mirror: str | None = None) -> Segmenter | None:
    """Return the segmenter of `NAMED` that `spec` asks for; None if it is not of that form.

    Published files come from `mirror`, see `fetch`.

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
    return build(Request(spec, name, as_path(folder) if folder else None, settings, mirror))


def _upp(request: Request) -> Segmenter:
    sizes = _sizes(request)
    halves = _yes_or_no(request, "halves")
    encoder, decoder = _weight_files(request, UPP_EPOCH)
    own = encoder.parent / LABELS
    labels = read_upp_labels(own) if own.is_file() else published_labels()
    with to_be_filled():
        module = UnifiedParsing(labels, sizes=sizes if len(sizes) > 1 else (), halves=halves)
    for part, file in ((module.encoder, encoder), (module.decoder, decoder)):
        fill(part, read_state(file), file)
    side = max(sizes)
    return _segmenter(module, request, replace(_TO_UNIT, size=(side, side)), settings=sizes)


def _csail(request: Request) -> Segmenter:
    if request.folder is None and request.name not in CATALOGUE:
        raise UnitscopeError(
            f"segmenter {request.spec!r} needs the folder that holds its files; give csail:FOLDER"
        )
    encoder, decoder = _weight_files(request, CSAIL_EPOCH)
    labels = read_csail_labels(encoder.parent / LABELS)
    states = read_state(encoder), read_state(decoder)
    try:
        with to_be_filled():
            module = CsailSegmenter(labels, *states)
    except UnitscopeError as error:
        raise UnitscopeError(f"segmenter {request.spec!r}: {error}") from error
    for part, state, file in zip((module.encoder, module.decoder), states, (encoder, decoder), strict=True):
        fill(part, state, file)
    side = max(labels.sizes)
    preprocessing = replace(_TO_UNIT, size=(side, side))
    meaning = [labels.blue_first, labels.mean, labels.stdev, labels.sizes, list(labels.groups.values())]
    return _segmenter(module, request, preprocessing, settings=meaning)


def _colors(request: Request) -> Segmenter:
    if request.folder:
        raise UnitscopeError(
            f"segmenter {request.spec!r} takes no folder: its weights come with the package; give 'colors'"
        )
    return _segmenter(color_names(), request, replace(_TO_UNIT, size=(COLOR_SIZE, COLOR_SIZE)))


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
        plane_names=module.plane_names,
    )


NAMED: dict[str, tuple[Callable[[Request], Segmenter], tuple[str, ...]]] = {
    "upp": (_upp, ("sizes", "halves")),
    "colors": (_colors, ()),
    "colors-csail": (_csail, ()),
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


def _folder(request: Request) -> Path:
    """Return the folder given, or that of the published files, which are fetched if need be."""
    if request.folder is None:
        return fetch(CATALOGUE[request.name], mirror=request.mirror)
    if not request.folder.is_dir():
        state = "is a file" if request.folder.exists() else "does not exist"
        raise UnitscopeError(
            f"segmenter {request.spec!r}: folder {str(request.folder)!r} {state}; "
            "give the folder that holds encoder and decoder"
        )
    return request.folder


def _weight_files(request: Request, epoch: int) -> tuple[Path, Path]:
    """Return the encoder's and the decoder's file."""
    folder = _folder(request)
    encoder, decoder = (
        _in_folder(request, folder, f"{part}_epoch_{epoch}") for part in ("encoder", "decoder")
    )
    return encoder, decoder


def _in_folder(request: Request, folder: Path, stem: str) -> Path:
    """Return the file of one part of a network: the published name, or the only one that begins like it."""
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
