"""What the tests of painting share: small generators, and strokes drawn by hypothesis."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn

from unitscope.layer.hooks import probe_layers
from unitscope.layer.interventions import ablate, insert
from unitscope.models.generators import ClassConditional, Generator, look_at
from unitscope.paint.cells import touched
from unitscope.paint.painter import Painter
from unitscope.paint.recipe import SCALE, Region, Stroke


class Tiny(nn.Module):
    """Latents ``(N, 5)`` to pictures of ``3a x 3b`` pixels by way of six units on a grid of ``a x b`` cells."""

    def __init__(self, grid=(5, 7)):
        super().__init__()
        self.grid = grid
        self.start = nn.Linear(5, 8 * grid[0] * grid[1])
        self.units = nn.Conv2d(8, 6, 3, padding=1)
        self.bend = nn.ReLU(inplace=True)
        self.finer = nn.Upsample(scale_factor=3)
        self.colours = nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, latents):
        start = self.start(latents).reshape(-1, 8, *self.grid)
        return torch.tanh(self.colours(self.finer(self.bend(self.units(start)))))


class ByClass(nn.Module):
    """The same, which adds a colour for each class."""

    def __init__(self):
        super().__init__()
        self.inner = Tiny((4, 4))
        self.tint = nn.Embedding(3, 3)

    def forward(self, latents, classes):
        return torch.tanh(self.inner(latents) + self.tint(classes)[:, :, None, None])


def seeded(module) -> Generator:
    torch.manual_seed(0)
    module = module()
    if isinstance(module, ByClass):
        module = ClassConditional(module, (5,), 3, one_hot=False)
    made = Generator(
        module.eval(), (5,), range=(-1.0, 1.0), name="tiny", classes=getattr(module, "classes", 0)
    )
    return look_at(made, made.trial())


def painter_of(made: Generator, layer: str = "units", **given) -> Painter:
    grids = probe_layers(made.module, made.trial(), [layer], size=made.size)
    painter = Painter.cut(made, grids[layer], made.trial())
    return Painter(made, grids[layer], painter.replay, **given) if given else painter


def latent_of(number: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(number).standard_normal((1, 5)).astype(np.float32))


def in_turn(activation, drawn):
    """Apply strokes one after the other by interventions."""
    for stroke in drawn:
        if not stroke.on:
            continue
        inside = torch.from_numpy(touched(stroke, tuple(activation.shape[2:])))
        if stroke.tool == "erase":
            gone = ablate(activation, stroke.units)
            activation = torch.where(inside, gone, activation)
            continue
        levels = torch.zeros(activation.shape[1])
        levels[list(stroke.units)] = torch.tensor(stroke.levels)
        activation = insert(activation, stroke.units, inside, level=levels)
    return activation


places = st.integers(0, SCALE)


@st.composite
def regions(draw):
    rows, columns = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    mask = draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns))
    edges = np.flatnonzero(np.diff([0, *map(int, mask), 0])).reshape(-1, 2)
    return Region(rows, columns, tuple((int(a), int(b - a)) for a, b in edges))


@st.composite
def strokes(draw, units=6):
    chosen = draw(st.lists(st.integers(0, units - 1), min_size=1, max_size=units, unique=True))
    given = {
        "tool": draw(st.sampled_from(["draw", "erase"])),
        "units": tuple(chosen),
        "on": draw(st.booleans()),
    }
    if given["tool"] == "draw":
        levels = st.floats(-9, 9, width=32)
        given["levels"] = tuple(draw(st.lists(levels, min_size=len(chosen), max_size=len(chosen))))
        given["level"] = "values"
    if draw(st.booleans()):
        given["path"] = tuple(draw(st.lists(st.tuples(places, places), min_size=1, max_size=4)))
        given["radius"] = draw(st.integers(0, SCALE // 2))
    else:
        given["region"] = draw(regions())
    return Stroke(**given)
