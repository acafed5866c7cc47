"""The library in a few calls: dissect a network, open and compare runs, list layers, write a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unitscope.concepts.choose import choose_labeller
from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.samples import PictureSamples
from unitscope.layer.hooks import LayerDescription, describe_layers
from unitscope.models.generators import ClassConditional, Generator
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.registry import MakesPicturesError, Model
from unitscope.nouns.device import choose_device
from unitscope.nouns.generated import (
    check_kind,
    default_points,
    draw_latents,
    label_generated,
    maker_of,
    reader_of,
    resolve_generator,
    seen,
)
from unitscope.nouns.network import left_as_it_was, resolve_model
from unitscope.nouns.pictures import AnyPath, as_paths, open_sources, pixel_grid
from unitscope.progress import showing
from unitscope.run.dissection import Dissection
from unitscope.run.manifest import typed_command
from unitscope.sources.base import PictureSource
from unitscope.sources.framing import Framing
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.latents import SeededLatents

GRID_SHARE = 4
"""The pixel grid has one point for each this many input pixels along each axis, as in the paper."""


def dissect(
    model: str | nn.Module | Model | Generator,
    images: AnyPath | PictureSource | Sequence[AnyPath | PictureSource] = (),
    *,
    out: AnyPath,
    latents: int | SeededLatents | None = None,
    truncation: float | None = None,
    classes: Sequence[int] = (),
    latent_shape: str | int | Sequence[int] | None = None,
    range: str | Sequence[float] | None = None,  # noqa: A002
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

    A network that reads pictures is given `images`: what they show comes from `masks` with `labels`, from segmenters,
    from both together, or from the embedded world itself. A generator is given `latents`, and segmenters say what its
    pictures show. The same call on the same folder goes on where an earlier one stopped.

    Args:
        model: a registry name, ``package.module:function``, ``file.py:function``, a module, a :class:`Model` or a
            :class:`Generator`.
        images: a folder of pictures, ``world[:count[:split]]``, or a picture source; or several of them.
        out: the run folder, new or of the same configuration.
        latents: for a generator, how many latents of the seed of `settings`; or the latents.
        truncation: T: their distribution is cut off at -T and T.
        classes: the classes to take in turn, for a class-conditional generator; all of them when empty.
        latent_shape: shape of one latent, as ``100x1x1`` or numbers, where the generator does not say it.
        range: values of black and white in its pictures, as ``-1:1`` or two numbers; found by itself otherwise.
        layers: dotted module names; the model's own choice when empty.
        masks: for each label file, one folder of label masks for each of `images`.
        labels: label files: one for each plane of masks, then one for each segmenter that does not name its outputs.
        segmenter: ``upp``, ``colors``, ``csail:folder``, ``package.module:function``, ``file.py:function`` or
            ``file.pt2``; or several of them, whose label maps are merged. By default the one that a generator comes
            with.
        segmenter_preprocess: settings such as ``size=512,range=-1:1``, see
            :func:`unitscope.models.preprocessing.parse_preprocessing`; for each segmenter in turn.
        preprocess: the same for the model.
        weights: a file of weights for the model: safetensors, or `torch.save` of a state dict.
        mirror: another server for checkpoints that are downloaded.
        reinitialize: a seed: give the model new random weights first, as a control.
        grid: points of the pixel grid along each axis, ``(gh, gw)`` or ``48x64``; by default a quarter of the
            input size; for a generator 64, but no more than pixels and no less than a quarter of them.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`DissectionSettings`.
        command: what the user typed, for the manifest.
        show: force progress bars on or off.

    Returns:
        The finished run.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    settings = settings or DissectionSettings()
    of_latents = {"truncation": truncation, "class": classes, "latent_shape": latent_shape, "range": range}
    check_kind(images, latents, of_latents, {"masks": masks, "preprocess": preprocess})
    place = choose_device(device)
    made: dict[str, Any] = {
        "weights": weights,
        "mirror": mirror,
        "reinitialize": reinitialize,
        "device": place,
    }
    says: dict[str, Any] = {"labels": as_paths(labels), "segmenter_preprocess": segmenter_preprocess}
    says |= {"segmenter": segmenter, "mirror": mirror, "device": place}
    with left_as_it_was(model):
        network: Model | Generator
        samples: PictureSamples | GeneratedSamples
        if latents is None:
            network = resolve_model(reader_of(model), preprocess=preprocess, **made)
            samples = _picture_samples(network.preprocessing, images, grid, masks=as_paths(masks), **says)
        else:
            found = resolve_generator(maker_of(model), latent_shape=latent_shape, range=range, **made)
            drawn = draw_latents(found, latents, seed=settings.seed, truncation=truncation, classes=classes)
            samples = _generated_samples(found, drawn, grid, says)
            network = samples.generator
        wanted = [network.layer_name(name) for name in layers] or network.layers
        place_out = Path(out).expanduser()
        with showing(show), typed_command(command):
            return run_dissection(network, samples, layers=wanted, out=place_out, settings=settings)


def _generated_samples(
    found: Generator, drawn: SeededLatents, grid: Any, says: dict[str, Any]
) -> GeneratedSamples:
    network = seen(found, drawn)
    raster = pixel_grid(grid, network.size, default_points(network.size), "a generated picture")
    return label_generated(network, drawn, grid=raster, **says)


def _picture_samples(
    preprocessing: Preprocessing,
    images: Any,
    grid: Any,
    **says: Any,
) -> PictureSamples:
    sources = open_sources(images)
    raster = pixel_grid(
        grid, preprocessing.size, tuple(max(side // GRID_SHARE, 1) for side in preprocessing.size), "an input"
    )
    labeller = choose_labeller(
        sources,
        framing=Framing(preprocessing.framing, preprocessing.share, preprocessing.interpolation),
        size=preprocessing.size,
        grid=raster,
        **says,
    )
    pictures = sources[0] if len(sources) == 1 else JoinedPictures(sources)
    return PictureSamples(pictures, labeller, preprocessing=preprocessing, grid=raster)


def layers(
    model: str | nn.Module | Model | Generator,
    *,
    preprocess: str | None = None,
    latent_shape: str | int | Sequence[int] | None = None,
) -> list[LayerDescription]:
    """List the layers of a model in the order they run, with output shapes for one blank input, or one latent.

    A network of the paper that reads pictures is listed without its weights, so nothing is downloaded. A module that
    fails on a picture and makes pictures from latents is listed as a generator.

    Args:
        model: as for :func:`dissect`.
        preprocess: settings that replace those of a network that reads pictures.
        latent_shape: shape of one latent of a generator that does not say it.

    Raises:
        UnitscopeError: there is no such network, or it fails.
    """
    with left_as_it_was(model):
        if latent_shape is not None or isinstance(model, Generator | ClassConditional):
            return _generator_layers(maker_of(model), latent_shape)
        try:
            return _picture_layers(model, preprocess)
        except UnitscopeError as error:
            if preprocess or isinstance(model, Model):
                raise
            try:
                return _generator_layers(model, None)
            except UnitscopeError:
                if isinstance(error, MakesPicturesError):
                    raise
                raise error from None


def _generator_layers(
    model: str | nn.Module | Generator, latent_shape: str | int | Sequence[int] | None
) -> list[LayerDescription]:
    generator = resolve_generator(model, latent_shape=latent_shape)
    found = describe_layers(generator.module, generator.trial(1), size=generator.size)
    return _with_aliases(found, generator.aliases)


def _picture_layers(model: str | nn.Module | Model, preprocess: str | None) -> list[LayerDescription]:
    network = resolve_model(model, preprocess=preprocess, listing=True)
    blank = torch.zeros((1, 3, *network.preprocessing.size))
    try:
        found = describe_layers(network.module, blank)
    except Exception as error:
        size = "x".join(str(pixels) for pixels in network.preprocessing.size)
        raise UnitscopeError(
            f"{network.name} fails on an input of {size} pixels: {one_line(error)}; --preprocess size=... sets the "
            "size; if it is a generator, --latent-shape gives the shape of a latent"
        ) from error
    return _with_aliases(found, network.aliases)


def _with_aliases(found: list[LayerDescription], aliases: Mapping[str, str]) -> list[LayerDescription]:
    readable = {path: alias for alias, path in aliases.items()}
    return [replace(layer, alias=readable.get(layer.name, "")) for layer in found]
