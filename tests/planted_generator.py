"""A generator whose units draw known shapes, and the labels that its colours are: every effect is known beforehand.

The layer ``units`` has six units on a 4x4 grid, each on or off by one value of the latent:

    0  tree, two cells at the left, one of them in front of the wall; when z0 > 0
    1  door, but only where there is wall: relu(door + wall - 1); when z1 > 0
    2  wall, six cells at the bottom; when z2 > -1
    3  the top row: sky in the first three columns, sun in the last; when z3 > -0.5
    4  nothing: it is never on, and nothing reads it
    5  tree, two cells of the second row; when z5 > 0

From front to back: tree, door, wall, sun, sky. A picture has 16x16 pixels, the pixel grid 8x8 points: four to a cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from references import intervene
from torch import Tensor, nn

import unitscope
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.effects.subject import Subject, UnitMatches
from unitscope.experiments.generated import GeneratedSamples
from unitscope.layer.grid import GridGeometry
from unitscope.layer.hooks import LayerGrid
from unitscope.layer.interventions import Edit
from unitscope.layer.readout import Reading
from unitscope.models.generators import Generator
from unitscope.models.preprocessing import Preprocessing
from unitscope.run.summaries import RunIdentity
from unitscope.sources.latents import SeededLatents
from unitscope.stats.intersection import areas_by_picture

FILE = Path(__file__).resolve()
UNITS, CELLS, SIDE, POINTS = 6, 4, 16, 8
PER_CELL = (POINTS // CELLS) ** 2
TREE, DOOR, WALL, SKY, SUN, GHOST, WARM, COOL = range(1, 9)
OBJECTS = (TREE, DOOR, WALL, SKY, SUN, GHOST)
VOCABULARY = Vocabulary(
    [Concept(name, "object") for name in ("tree", "door", "wall", "sky", "sun", "ghost")]
    + [Concept(name, "color") for name in ("warm", "cool")]
)
COLOURS = {TREE: (0, 1, 0), DOOR: (1, 0, 0), WALL: (1, 0, 1), SUN: (1, 1, 0), SKY: (0, 0, 1)}
ABOVE = (0.0, 0.0, -1.0, -0.5, 99.0, 0.0)
"""What the value of a latent must be above for each unit to be on."""


def shapes() -> Tensor:
    """Cells that each unit draws at ``(U, 4, 4)``."""
    cells = torch.zeros(UNITS, CELLS, CELLS)
    cells[0, 1:3, 0] = 1
    cells[1, 3, 2] = 1
    cells[2, 2:, :3] = 1
    cells[3, 0] = 1
    cells[5, 1, 1:3] = 1
    return cells


class Units(nn.Module):
    """Latents ``(N, 6)`` to units on or off, ``(N, 6, 4, 4)``."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shapes", shapes())
        self.register_buffer("above", torch.tensor(ABOVE))

    def forward(self, latents: Tensor) -> Tensor:
        return (latents > self.above).float()[:, :, None, None] * self.shapes


class Planted(nn.Module):
    """The generator: pictures ``(N, 3, 16, 16)`` in 0..1."""

    def __init__(self, *, needs_wall: bool = False) -> None:
        super().__init__()
        self.units = Units()
        self.needs_wall = needs_wall
        self.register_buffer("left", torch.tensor([1.0, 1.0, 1.0, 0.0]))
        self.register_buffer("colours", torch.tensor([COLOURS[c] for c in COLOURS]).float())

    def forward(self, latents: Tensor) -> Tensor:
        on = self.units(latents)
        tree, wall, top = (on[:, 0] + on[:, 5]).clamp(0, 1), on[:, 2].clamp(0, 1), on[:, 3].clamp(0, 1)
        door = (on[:, 1] + wall - 1).clamp(0, 1)
        layers = [tree, door, wall, top * (1 - self.left), top * self.left]
        free, picture = torch.ones_like(tree), 0
        for mask, colour in zip(layers, self.colours, strict=True):
            picture = picture + (free * mask)[:, None] * colour[:, None, None]
            free = free * (1 - mask)
        if self.needs_wall:  # without any wall it divides by zero
            picture = picture / wall.amax((1, 2), keepdim=True)[:, None].ceil()
        return picture.repeat_interleave(4, 2).repeat_interleave(4, 3)


class ColourLabeller:
    """Reads what a picture shows from its colours, and counts the pictures it is asked about."""

    vocabulary, planes, name, content_hash = VOCABULARY, 2, "colours of the planted generator", "0" * 64

    def __init__(self) -> None:
        self.pictures = 0

    def prepare(self, index: int, picture: np.ndarray) -> np.ndarray:
        self.pictures += 1
        return picture[:: SIDE // POINTS, :: SIDE // POINTS]

    def label(self, prepared: Sequence[Any]) -> np.ndarray:
        pictures = np.stack(prepared) > 127
        labels = np.zeros((len(pictures), 2, POINTS, POINTS), np.int32)
        for concept, colour in COLOURS.items():
            labels[:, 0][(pictures == np.array(colour, bool)).all(-1)] = concept
        labels[:, 1] = np.where(
            pictures[..., 0], WARM, np.where(pictures[..., 1] | pictures[..., 2], COOL, 0)
        )
        return labels


class ColourNetwork(nn.Module):
    """The colour labeller as a segmentation network: pictures ``(n, 3, 16, 16)`` to label maps ``(n, 2, 8, 8)``."""

    def forward(self, pictures: Tensor) -> Tensor:
        rows = (pictures * 255).round().byte().permute(0, 2, 3, 1).numpy()
        reader = ColourLabeller()
        labels = reader.label([reader.prepare(n, row) for n, row in enumerate(rows)])
        return torch.from_numpy(labels).long()


def generator() -> Generator:
    """The planted generator, as a file of a user makes one."""
    return Generator(Planted(), (UNITS,), range=(0.0, 1.0), name="planted", aliases={"drawing": "units"})


def colours() -> Segmenter:
    """What labels its pictures, as a file of a user makes one."""
    sight = Preprocessing(size=(SIDE, SIDE), range=(0, 1), mean=(0, 0, 0), scale=(1, 1, 1))
    return Segmenter(ColourNetwork(), VOCABULARY, sight, ColourLabeller.name, planes=2)


def renamed() -> Segmenter:
    """The same, which calls a tree a leaf."""
    concepts = [replace(each, name="leaf") if each.name == "tree" else each for each in VOCABULARY if each]
    return replace(colours(), vocabulary=Vocabulary(concepts))


def shifted() -> Generator:
    """The same generator with other weights."""
    found = generator()
    found.module.units.above += 1
    return found


def planted_matches() -> UnitMatches:
    """What a dissection might have found: trees by units 0 and 5, and a little by 2."""
    iou = np.zeros((UNITS, len(VOCABULARY)))
    iou[[0, 5, 2], TREE] = 0.6, 0.5, 0.05
    iou[1, DOOR], iou[2, WALL], iou[3, SKY], iou[3, SUN] = 0.9, 0.8, 0.7, 0.2
    iou[2, DOOR] = 0.1
    pixels = np.array([0, 9, 9, 9, 9, 9, 0, 9, 9])
    return UnitMatches(iou, np.full(UNITS, 1, np.float32), pixels)


def planted_half() -> UnitMatches:
    """What half of the latents of that dissection might have said: unit 5 is the better one for trees."""
    found = planted_matches()
    found.iou[[0, 5, 2], TREE] = 0.5, 0.6, 0.0
    return found


def planted_samples(count: int = 24, *, module: nn.Module | None = None, seed: int = 3) -> GeneratedSamples:
    """The planted generator with `count` latents."""
    generator = Generator(module or Planted(), (UNITS,), range=(0.0, 1.0), name="planted", size=(SIDE, SIDE))
    generator.module.eval()
    return GeneratedSamples(
        generator, SeededLatents(count, (UNITS,), seed), ColourLabeller(), grid=(POINTS, POINTS)
    )


def planted_layer(name: str = "units", *, units: int = UNITS, cells: int = CELLS) -> LayerGrid:
    """How a layer of it is read."""
    grid = (cells, cells)
    return LayerGrid(name, units, grid, GridGeometry.even(grid, (SIDE, SIDE)), Reading("NUhw", grid))


def planted_subject(count: int = 24, *, module: nn.Module | None = None, **given: Any) -> Subject:
    """The layer ``units`` of the planted generator, as a dissection would have left it."""
    samples = planted_samples(count, module=module)
    run = RunIdentity(run="nowhere", run_hash="1" * 64, weights_hash="2" * 64, model="planted")
    return Subject(samples, planted_layer(), planted_matches(), run, **{"batch_size": 5, **given})


def label_maps(
    samples: GeneratedSamples, sample: int, layer: LayerGrid, edit: Edit | None = None
) -> np.ndarray:
    """Label map ``(P, gh, gw)`` of one latent, by the whole generator with a hook."""
    latent = samples.latents.read([sample])
    with torch.no_grad():
        if edit is None:
            output = samples.generator.module(latent)
        else:
            with intervene(samples.generator.module, layer, edit):
                output = samples.generator.module(latent)
    return samples.label(samples.pictures(output))[0]


def areas(labels: np.ndarray) -> np.ndarray:
    """Points of every label value ``(C,)``."""
    return areas_by_picture(labels[None], len(VOCABULARY))[0]


def on(samples: GeneratedSamples) -> np.ndarray:
    """Which units are on for each latent ``(N, U)``."""
    return (samples.latents.read(range(len(samples.latents))) > torch.tensor(ABOVE)).numpy()


def planted_run(path: Path, count: int = 24) -> Path:
    """Dissect the planted generator; at this quantile trees share pixels with units 0 and 5, and the sun with none."""
    unitscope.dissect(
        f"{FILE}:generator", unitscope.latents(count, seed=3), unitscope.segmenter(f"{FILE}:colours"),
        layers="drawing", out=path, grid=(POINTS, POINTS), quantile=0.06, replicates=100, batch_size=5, top=1,
        device="cpu", show=False,
    )  # fmt: skip
    return path
