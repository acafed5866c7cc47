"""A generator with its latents and what labels its pictures, from what a person gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unitscope.concepts.choose import segmenter_labellers
from unitscope.concepts.labellers import Labeller, PixelGrid
from unitscope.concepts.merge import MergedLabeller
from unitscope.errors import UnitscopeError
from unitscope.experiments.generated import GeneratedSamples
from unitscope.models.generator_names import load_generator, take_generator
from unitscope.models.generators import ClassConditional, Generator, look_at
from unitscope.models.registry import Model
from unitscope.models.weights import device_of
from unitscope.run.manifest import SegmenterRecord
from unitscope.sources.framing import Framing
from unitscope.sources.latents import SeededLatents

MOST_POINTS = 64
"""Points of the pixel grid along each axis, unless pictures are so large that a quarter of them is more."""
LEAST_SHARE = 4
LOOKED_AT = 4
"""Pictures that are looked at before any work."""

WITHOUT = {
    "masks": "do not go with --latents: nobody has masks of generated pictures; give --segmenter SPEC",
    "preprocess": "is about pictures that a network reads; --latent-shape and --range describe a generator",
}
"""What is refused beside latents, and why."""


def check_kind(images: Any, latents: Any, of_latents: dict[str, Any], of_images: dict[str, Any]) -> None:
    """Refuse what does not go together."""
    none = images is None or (isinstance(images, list | tuple) and not images)
    if none and latents is None:
        raise UnitscopeError(
            "nothing to dissect on; give --images for a network that reads pictures, or --latents COUNT for a generator"
        )
    if not none and latents is not None:
        raise UnitscopeError(
            "--images and --latents are both given; a network that reads pictures takes --images, a generator --latents"
        )
    for option, value in (of_latents if latents is None else of_images).items():
        if value is not None and value != ():
            kind = "is about generators; give it with --latents" if latents is None else WITHOUT[option]
            raise UnitscopeError(f"--{option.replace('_', '-')} {kind}")


def reader_of(model: str | nn.Module | Model | Generator) -> str | nn.Module | Model:
    """Return a network that is to read pictures.

    Raises:
        UnitscopeError: it says that it makes them.
    """
    if isinstance(model, Generator | ClassConditional):
        raise UnitscopeError(
            "a generator makes pictures instead of reading them; give --latents COUNT in place of --images"
        )
    return model


def maker_of(model: str | nn.Module | Model | Generator) -> str | nn.Module | Generator:
    """Return a network that is to make pictures.

    Raises:
        UnitscopeError: it says that it reads them.
    """
    if isinstance(model, Model):
        raise UnitscopeError(
            f"{model.name or 'the model'} is a Model, a network that reads pictures; give a Generator or a module, or "
            "--images in place of --latents"
        )
    return model


def resolve_generator(
    model: str | nn.Module | Generator,
    *,
    weights: Path | str | None = None,
    latent_shape: str | int | Sequence[int] | None = None,
    range: str | Sequence[float] | None = None,  # noqa: A002
    mirror: str | None = None,
    reinitialize: int | None = None,
    device: torch.device | str = "cpu",
) -> Generator:
    """Load a generator by name, or take one that is there, ready to run on `device`; see :func:`load_generator`.

    Raises:
        UnitscopeError: there is no such generator, or it makes no pictures.
    """
    settings: dict[str, Any] = {
        "weights": weights,
        "latent_shape": latent_shape,
        "range": range,
        "reinitialize": reinitialize,
        "device": device,
    }
    if isinstance(model, str):
        return load_generator(model, mirror=mirror, **settings)
    return take_generator(model, **settings)


def draw_latents(
    generator: Generator,
    latents: int | SeededLatents,
    *,
    seed: int,
    truncation: float | None = None,
    classes: Sequence[int] = (),
) -> SeededLatents:
    """Return latents of the generator's kind.

    Args:
        generator: what they are for.
        latents: how many, or latents that are already there.
        seed: of the sequence.
        truncation: see :class:`SeededLatents`.
        classes: those to take in turn; all of the generator's when empty.

    Raises:
        UnitscopeError: they do not fit the generator, or cannot be drawn.
    """
    if isinstance(latents, SeededLatents):
        if truncation is not None or classes:
            raise UnitscopeError(
                "latents say their truncation and classes themselves; give neither beside them"
            )
        drawn = latents
    else:
        chosen = tuple(classes) or tuple(int(number) for number in torch.arange(generator.classes))
        _refuse_classes(generator, chosen)
        drawn = SeededLatents(latents, generator.latent_shape, seed, truncation, chosen)
    if drawn.shape != generator.latent_shape:
        shapes = ["x".join(map(str, shape)) for shape in (drawn.shape, generator.latent_shape)]
        raise UnitscopeError(
            f"the latents have shape {shapes[0]}, and generator {generator.name!r} takes {shapes[1]}; "
            "give latents of that shape, or --latent-shape"
        )
    _refuse_classes(generator, drawn.classes)
    return drawn


def _refuse_classes(generator: Generator, classes: Sequence[int]) -> None:
    if classes and not generator.classes:
        raise UnitscopeError(
            f"generator {generator.name!r} is not class-conditional, and class {classes[0]} is given; leave --class "
            "out, or wrap the module in unitscope.models.generators.ClassConditional"
        )
    if generator.classes and not classes:
        raise UnitscopeError(
            f"generator {generator.name!r} needs classes, and the latents have none; give classes"
        )
    wrong = next((number for number in classes if not 0 <= number < generator.classes), None)
    if wrong is not None:
        raise UnitscopeError(
            f"generator {generator.name!r} has no class {wrong}; its classes are 0 to {generator.classes - 1}"
        )


def seen(generator: Generator, latents: SeededLatents) -> Generator:
    """Look at the first few pictures, so that what cannot be used is refused before any work.

    Raises:
        UnitscopeError: see :func:`unitscope.models.generators.look_at`.
    """
    first = latents.read(list(range(min(LOOKED_AT, len(latents)))))
    return look_at(generator, first.to(device_of(generator.module)))


def default_points(size: tuple[int, int]) -> tuple[int, int]:
    """Return the pixel grid of a generator's pictures of ``(H, W)`` pixels: 64 points a side where they have them."""
    rows, columns = (max(min(pixels, MOST_POINTS), pixels // LEAST_SHARE) for pixels in size)
    return rows, columns


def label_generated(
    generator: Generator,
    latents: SeededLatents,
    *,
    grid: tuple[int, int],
    segmenter: str | Sequence[str] | None = None,
    labels: Sequence[Path] = (),
    segmenter_preprocess: str | Sequence[str] | None = None,
    mirror: str | None = None,
    device: torch.device | str = "cpu",
) -> GeneratedSamples:
    """Return the pictures of latents, with what labels them.

    Args:
        generator: that has been looked at.
        latents: what it is given.
        grid: pixel grid ``(gh, gw)``.
        segmenter: one or more, see :func:`unitscope.concepts.segmenters.load_segmenter`; the one that the generator
            comes with when empty.
        labels: one label file for each that does not name its outputs itself.
        segmenter_preprocess: settings that replace their own preprocessing, for each in turn.
        mirror: another server for published segmenters.
        device: where they run.

    Raises:
        UnitscopeError: there is no segmenter, or it cannot be made.
    """
    specs = segmenters_of(generator, segmenter)
    chosen = segmenter_labellers(
        specs,
        labels,
        settings=segmenter_preprocess,
        where=PixelGrid(Framing(), generator.size, grid),
        mirror=mirror,
        device=device,
    )
    labeller: Labeller = chosen[0] if len(chosen) == 1 else MergedLabeller(chosen)
    settings = segmenter_preprocess
    record = SegmenterRecord(
        specs=tuple(specs),
        labels=tuple(str(path.resolve()) for path in labels),
        preprocess=(settings,) if isinstance(settings, str) else tuple(settings or ()),
    )
    return GeneratedSamples(generator, latents, labeller, grid=grid, segmenter=record)


def segmenters_of(generator: Generator, segmenter: str | Sequence[str] | None) -> list[str]:
    """Return the segmenters that are asked for, or else the generator's own.

    Raises:
        UnitscopeError: there is none.
    """
    given = [segmenter] if isinstance(segmenter, str) else list(segmenter or ())
    specs = given or [generator.segmenter]
    if not all(specs):
        raise UnitscopeError("nothing says what the generated pictures show; give --segmenter SPEC")
    return specs
