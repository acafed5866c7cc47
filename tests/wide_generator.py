"""A generator of wide pictures, of 240 units, that gradients pass through; its colours are labels."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

import unitscope
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.models.generators import Generator
from unitscope.models.preprocessing import Preprocessing
from unitscope.run.dissection import Dissection

FILE = Path(__file__).resolve()
LATENTS, UNITS, GRID, SIZE = 6, 240, (4, 9), (16, 36)
VOCABULARY = Vocabulary([Concept(name, "color") for name in ("red", "green", "blue")])


class Wide(nn.Module):
    """Latents ``(N, 6)`` by way of ``units``, ``(N, 240, 4, 9)``, to pictures ``(N, 3, 16, 36)`` in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        rows, columns = GRID
        self.start = nn.Linear(LATENTS, UNITS * rows * columns)
        self.units = nn.ReLU()
        self.colours = nn.Conv2d(UNITS, 3, 1)
        self.larger = nn.Upsample(scale_factor=SIZE[0] // rows)

    def forward(self, latents: Tensor) -> Tensor:
        found = self.units(self.start(latents).unflatten(1, (UNITS, *GRID)))
        return self.larger(torch.sigmoid(4 * self.colours(found)))


class Brightest(nn.Module):
    """Pictures ``(n, 3, H, W)`` to the brightest of their three colours at each pixel ``(n, 1, H, W)``."""

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.argmax(1, keepdim=True) + 1


def generator() -> Generator:
    """The generator, as a file of a user makes one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Generator(Wide().eval(), (LATENTS,), range=(0.0, 1.0), name="wide")


def colours() -> Segmenter:
    """What labels its pictures, as a file of a user makes one."""
    sight = Preprocessing(size=SIZE, range=(0, 1), mean=(0, 0, 0), scale=(1, 1, 1))
    return Segmenter(Brightest(), VOCABULARY, sight, "brightest colour", planes=1)


def wide_run(path: Path) -> Dissection:
    """Dissect it."""
    return unitscope.dissect(
        f"{FILE}:generator", unitscope.latents(24, seed=3), unitscope.segmenter(f"{FILE}:colours"),
        layers="units", out=path, grid=SIZE, quantile=0.05, replicates=100, top=1, device="cpu", show=False,
    )  # fmt: skip
