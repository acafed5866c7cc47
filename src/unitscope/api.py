"""The library in a few calls: dissect a network, open and compare runs, list layers, write a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unitscope.concepts.choose import choose_labeller
from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.dissect import DissectionSettings, run_dissection
from unitscope.experiments.samples import PictureSamples
from unitscope.models.checkpoints import fill, read_state
from unitscope.models.preprocessing import parse_preprocessing
from unitscope.models.registry import Model, load_model
from unitscope.models.weights import ready
from unitscope.models.weights import reinitialize as start_anew
from unitscope.run.dissection import Dissection
from unitscope.sources.base import PictureSource
from unitscope.sources.framing import Framing
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.specs import open_pictures
from unitscope.trace import LayerDescription, describe_layers

AnyPath = str | Path
GRID_SHARE = 4
"""The pixel grid has one point for each this many input pixels along each axis, as in the paper."""


def dissect(
    model: str | nn.Module | Model,
    images: AnyPath | PictureSource | Sequence[AnyPath | PictureSource],
    *,
    out: AnyPath,
    layers: Sequence[str] = (),
    masks: AnyPath | Sequence[AnyPath] = (),
    labels: AnyPath | Sequence[AnyPath] = (),
    segmenter: str | Sequence[str] | None = None,
    segmenter_preprocess: str | Sequence[str] | None = None,
    preprocess: str | None = None,
    weights: AnyPath | None = None,
    mirror: str | None = None,
    reinitialize: int | None = None,
    grid: int | tuple[int, int] | str | None = None,
    device: str | None = None,
    settings: DissectionSettings | None = None,
    command: str = "",
    show: bool | None = None,
) -> Dissection:
    """Label every unit of some layers with the concept it matches best, and write the run folder.

    What the pictures show comes from `masks` with `labels`, from segmenters, from both together, or from the
    embedded world itself. The same call on the same folder goes on where an earlier one stopped.

    Args:
        model: a registry name, ``package.module:function``, ``file.py:function``, a module or a :class:`Model`.
        images: a folder of pictures, ``world[:count[:split]]``, or a picture source; or several of them.
        out: the run folder, new or of the same configuration.
        layers: dotted module names; the model's own choice when empty.
        masks: for each label file, one folder of label masks for each of `images`.
        labels: label files: one for each plane of masks, then one for each segmenter that does not name its outputs.
        segmenter: ``upp``, ``colors``, ``csail:folder``, ``package.module:function``, ``file.py:function`` or
            ``file.pt2``; or several of them, whose label maps are merged.
        segmenter_preprocess: settings such as ``size=512,range=-1:1``, see
            :func:`unitscope.models.preprocessing.parse_preprocessing`; for each segmenter in turn.
        preprocess: the same for the model.
        weights: a file of weights for the model: safetensors, or `torch.save` of a state dict.
        mirror: another server for checkpoints that are downloaded.
        reinitialize: a seed: give the model new random weights first, as a control.
        grid: points of the pixel grid along each axis, ``(gh, gw)`` or ``48x64``; by default a quarter of the
            input size.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`DissectionSettings`.
        command: what the user typed, for the manifest.
        show: force progress bars on or off.

    Returns:
        The finished run.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    place = choose_device(device)
    with left_as_it_was(model):
        network = resolve_model(
            model,
            preprocess=preprocess,
            weights=weights,
            mirror=mirror,
            reinitialize=reinitialize,
            device=place,
        )
        sources = open_sources(images)
        preprocessing = network.preprocessing
        raster = _grid(grid, preprocessing.size)
        labeller = choose_labeller(
            sources,
            framing=Framing(preprocessing.framing, preprocessing.share, preprocessing.interpolation),
            size=preprocessing.size,
            grid=raster,
            masks=as_paths(masks),
            labels=as_paths(labels),
            segmenter=segmenter,
            segmenter_preprocess=segmenter_preprocess,
            mirror=mirror,
            device=place,
        )
        pictures = sources[0] if len(sources) == 1 else JoinedPictures(sources)
        samples = PictureSamples(pictures, labeller, preprocessing=preprocessing, grid=raster)
        wanted = [network.layer_name(name) for name in layers] or network.layers
        about = {"model": _about(network, reinitialize, weights), "command": command}
        return run_dissection(
            network,
            samples,
            layers=wanted,
            out=Path(out).expanduser(),
            settings=settings,
            about=about,
            show=show,
        )


def _about(network: Model, reinitialize: int | None, weights: AnyPath | None) -> dict[str, Any]:
    return {
        "spec": network.spec,
        "weights": None if weights is None else str(Path(weights).expanduser().resolve()),
        "reinitialized": reinitialize,
        "aliases": dict(network.aliases),
    }


def layers(model: str | nn.Module | Model, *, preprocess: str | None = None) -> list[LayerDescription]:
    """List the layers of a model in the order they run, with output shapes for one blank input.

    A network of the paper is listed without its weights, so nothing is downloaded.
    """
    with left_as_it_was(model):
        network = resolve_model(model, preprocess=preprocess, listing=True)
        readable = {path: alias for alias, path in network.aliases.items()}
        blank = torch.zeros((1, 3, *network.preprocessing.size))
        try:
            found = describe_layers(network.module, blank)
        except Exception as error:
            size = "x".join(str(pixels) for pixels in network.preprocessing.size)
            raise UnitscopeError(
                f"{network.name} fails on an input of {size} pixels: {one_line(error)}; "
                "--preprocess size=... sets the size"
            ) from error
        return [replace(layer, alias=readable.get(layer.name, "")) for layer in found]


@contextmanager
def left_as_it_was(model: str | nn.Module | Model) -> Iterator[None]:
    """Give a network that the caller owns its training flags and its device back."""
    module = model.module if isinstance(model, Model) else model
    if isinstance(module, str):
        yield
        return
    flags = [(part, part.training) for part in module.modules()]
    device = next((parameter.device for parameter in module.parameters()), None)
    try:
        yield
    finally:
        for part, training in flags:
            part.training = training
        if device is not None:
            module.to(device)


def resolve_model(
    model: str | nn.Module | Model,
    *,
    preprocess: str | None = None,
    weights: AnyPath | None = None,
    mirror: str | None = None,
    reinitialize: int | None = None,
    device: torch.device | str = "cpu",
    listing: bool = False,
) -> Model:
    """Load a model by name, or take one that is there, ready to run on `device`; `listing` needs no weights."""
    if isinstance(model, str):
        return load_model(
            model, preprocess=preprocess, weights=weights, mirror=mirror, reinitialize=reinitialize, device=device,
            pretrained=not listing,
        )  # fmt: skip
    network = model if isinstance(model, Model) else Model(model, name=type(model).__name__)
    if weights is not None:
        network = replace(network, module=deepcopy(network.module))
        fill(network.module, read_state(weights), weights)
    if preprocess:
        network = replace(network, preprocessing=parse_preprocessing(preprocess, network.preprocessing))
    if reinitialize is not None:
        network = replace(network, module=deepcopy(network.module))
        start_anew(network.module, reinitialize)
    return replace(network, module=ready(network.module, device))


def choose_device(name: str | None) -> torch.device:
    """Return the device asked for; without one, a GPU when there is one.

    Raises:
        UnitscopeError: torch knows no such device or it is not there.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise UnitscopeError(f"device {name!r} cannot be used: {reason}; cpu always can") from error
    return device


def open_sources(
    images: AnyPath | PictureSource | Sequence[AnyPath | PictureSource],
) -> list[PictureSource]:
    """Return the sources that are named or given; at least one."""
    listed: Sequence[Any] = images if isinstance(images, list | tuple) else [images]
    if not listed:
        raise UnitscopeError("no pictures given; name a folder with --images")
    return [open_pictures(str(each)) if isinstance(each, str | Path) else each for each in listed]


def as_paths(given: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """Return one path or several as a list."""
    listed = [given] if isinstance(given, str | Path) else given
    return [Path(path).expanduser() for path in listed]


def _grid(grid: int | tuple[int, int] | str | None, size: tuple[int, int]) -> tuple[int, int]:
    if grid is None:
        return max(size[0] // GRID_SHARE, 1), max(size[1] // GRID_SHARE, 1)
    if isinstance(grid, str):
        parts = grid.lower().split("x")
        if len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):
            raise UnitscopeError(
                f"the pixel grid {grid!r} cannot be read; write 56, or 48x64 for rows x columns"
            )
        grid = (int(parts[0]), int(parts[-1]))
    rows, columns = (grid, grid) if isinstance(grid, int) else grid
    if not (1 <= rows <= size[0] and 1 <= columns <= size[1]):
        raise UnitscopeError(
            f"a pixel grid of {rows}x{columns} does not fit an input of {size[0]}x{size[1]} pixels; "
            "give from 1 to as many points as there are pixels"
        )
    return rows, columns
