"""What is looked at: pictures for a network or the pictures of a generator, with what labels them."""

from __future__ import annotations

import torch

from unitscope.concepts.labellers import Labeller, PixelGrid
from unitscope.errors import UnitscopeError
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.samples import PictureSamples
from unitscope.models.generators import Generator
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.nouns.concepts import Concepts, ConceptsLike, as_concepts, segmenter
from unitscope.nouns.generator import generator
from unitscope.nouns.latents import Latents, LatentsLike, draw_latents, seen
from unitscope.nouns.network import Source, network, on_device, place_for
from unitscope.nouns.pictures import Grid, PicturesLike, parts_of, pictures, pixel_grid
from unitscope.sources.base import PictureSource
from unitscope.sources.formats import BESIDE
from unitscope.sources.framing import Framing
from unitscope.sources.latents import SeededLatents
from unitscope.sources.pictures import PictureFolder

GRID_SHARE = 4
"""The pixel grid has one point for each this many input pixels along each axis, as in the paper."""
MOST_POINTS = 64
"""Points of a generator's pixel grid along each axis, unless pictures are so large that a quarter of them is more."""

Looked = tuple[Network, PictureSamples] | tuple[Generator, GeneratedSamples]
"""A network with its pictures, or a generator with the pictures that it makes."""


def look_through(
    source: Source,
    data: PicturesLike | LatentsLike,
    concepts: ConceptsLike | None = None,
    *,
    grid: Grid | None = None,
    seed: int = 0,
    device: str | None = None,
) -> Looked:
    """Return a network or generator, ready to run, with labelled pictures for it or of it.

    Args:
        source: a network for pictures, a generator for latents.
        data: pictures, or latents.
        concepts: what labels them; by default the pictures' own labels, or the segmenter that a generator comes with.
        grid: pixel grid of the label maps.
        seed: of latents that have none.
        device: where networks run, unless they say so themselves.

    Raises:
        UnitscopeError: something cannot be used, or does not go with the rest.
    """
    said = as_concepts(concepts)
    if isinstance(data, Latents | SeededLatents):
        made = on_device(generator(source, device=place_for(source, device)), device)
        samples = generated(made, draw_latents(made, data, seed=seed), said, grid)
        return samples.generator, samples
    found = on_device(network(source, device=place_for(source, device)), device)
    opened, preprocessing = pictures(data), found.preprocessing
    default = tuple(max(side // GRID_SHARE, 1) for side in preprocessing.size)
    points = pixel_grid(grid, preprocessing.size, (default[0], default[1]), "an input")
    labeller = label_pictures(opened, preprocessing, said, points, found)
    return found, PictureSamples(opened, labeller, preprocessing=preprocessing, grid=points)


def label_pictures(
    opened: PictureSource,
    preprocessing: Preprocessing,
    concepts: Concepts,
    grid: tuple[int, int],
    found: Network,
) -> Labeller:
    """Return what labels pictures where a network sees them.

    Raises:
        UnitscopeError: something does not fit the pictures.
    """
    _refuse_one_folder(opened, concepts)
    if preprocessing.draft and concepts.masks:
        raise UnitscopeError(
            f"draft={preprocessing.draft} in the preprocessing decodes pictures at a fraction of their size, and "
            "--masks are compared with whole ones; leave draft out, or give --segmenter"
        )
    framing = Framing(preprocessing.framing, preprocessing.share, preprocessing.interpolation)
    return concepts.labeller(
        opened, PixelGrid(framing, preprocessing.size, grid), torch.device(found.device or "cpu")
    )


def _refuse_one_folder(opened: PictureSource, concepts: Concepts) -> None:
    """Refuse a folder whose files would be pictures and masks at once."""
    for source in parts_of(opened):
        if not isinstance(source, PictureFolder) or BESIDE in {each.reason for each in source.left_out}:
            continue
        for folder in concepts.masks:
            if folder.is_dir() and folder.samefile(source.folder):
                raise UnitscopeError(
                    f"pictures and masks are both looked for in {str(folder)!r}, where nothing tells them apart; put "
                    "masks into a folder of their own, or call that of x.jpg x_mask.png"
                )


def generated(
    made: Generator, drawn: SeededLatents, concepts: Concepts, grid: Grid | None = None
) -> GeneratedSamples:
    """Return the pictures of latents, with what labels them.

    Args:
        made: on its device.
        drawn: what it is given.
        concepts: the segmenters; the one that the generator comes with when empty.
        grid: pixel grid; by default 64 points a side, but no more than pixels and no less than a quarter of them.

    Raises:
        UnitscopeError: the generator cannot be used, or there is no segmenter.
    """
    made = seen(made, drawn)
    points = pixel_grid(grid, made.size, default_points(made.size), "a generated picture")
    if concepts == Concepts():
        if not made.segmenter:
            raise UnitscopeError("nothing says what the generated pictures show; give --segmenter SPEC")
        concepts = segmenter(made.segmenter)
    labeller = concepts.for_generated(
        PixelGrid(Framing(), made.size, points), torch.device(made.device or "cpu")
    )
    return GeneratedSamples(made, drawn, labeller, grid=points, segmenter=concepts.record())


def default_points(size: tuple[int, int]) -> tuple[int, int]:
    """Return the pixel grid of a generator's pictures of ``(H, W)`` pixels: 64 points a side where they have them."""
    rows, columns = (max(min(pixels, MOST_POINTS), pixels // GRID_SHARE) for pixels in size)
    return rows, columns
