"""Painting on generators of every kind: class-conditional, tokens, of odd sizes, and what cannot be cut."""

import numpy as np
import pytest
import torch
from paint_cases import Tiny, in_turn, latent_of, painter_of, seeded
from tiny_generator import write_generator
from torch import nn

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.layer.interventions import replacing
from unitscope.paint.recipe import Latent, Region, Stroke
from unitscope.paint.studio import Studio


class Tokens(nn.Module):
    """Latents ``(N, 5)`` to pictures of 8x8 pixels by way of 16 tokens of six units."""

    def __init__(self):
        super().__init__()
        self.start, self.units, self.pixels = nn.Linear(5, 16 * 8), nn.Linear(8, 6), nn.Linear(6, 12)

    def forward(self, latents):
        tokens = self.units(self.start(latents).reshape(-1, 16, 8))
        patches = torch.sigmoid(self.pixels(tokens)).reshape(-1, 4, 4, 3, 2, 2)
        return patches.permute(0, 3, 1, 4, 2, 5).reshape(-1, 3, 8, 8)


class Uncut(Tiny):
    """A generator whose steps depend on the values, which no graph holds."""

    def forward(self, latents):
        pictures = super().forward(latents)
        return pictures if float(pictures.sum()) < 1e9 else -pictures


class Smallest(Tiny):
    def __init__(self):
        super().__init__((1, 1))
        self.finer = nn.Upsample(scale_factor=4)


class Wide(Tiny):
    def __init__(self):
        super().__init__((3, 40))


class ChannelsLast(Tiny):
    def __init__(self):
        super().__init__()
        self.to(memory_format=torch.channels_last)


STROKES = [
    Stroke("draw", (4, 0), levels=(2.0, -1.5), path=((0, 0), (3000, 2500)), radius=700),
    Stroke("erase", (0, 3), region=Region(3, 3, ((2, 4),))),
    Stroke("draw", (3,), levels=(1.25,), path=((4096, 4096),), radius=1),
]


@pytest.mark.parametrize("kind", [Tiny, Tokens, Uncut, Smallest, Wide, ChannelsLast])
def test_strokes_are_interventions_on_every_kind_of_generator(kind):
    made = seeded(kind)
    painter = painter_of(made)
    assert painter.replay.whole == (kind is Uncut)
    for number in range(2):
        latent = latent_of(number)
        carried = painter.front(latent)
        for count in range(len(STROKES) + 1):
            expected = in_turn(carried.activation, STROKES[:count])
            assert torch.equal(painter.activation(latent, STROKES[:count]), expected)
            picture = painter.picture(latent, STROKES[:count])
            assert picture.shape == (*made.size, 3)
            assert (picture == made.pictures(painter.replay.back(carried, expected))[0]).all()
            if kind is not Tokens:
                with (
                    torch.no_grad(),
                    replacing(made.module, "units", lambda output, n=count: in_turn(output, STROKES[:n])),
                ):
                    whole = made.pictures(made.module(latent))[0]
                assert np.abs(picture.astype(int) - whole.astype(int)).max() <= 1


@pytest.fixture(scope="module")
def by_class(tmp_path_factory):
    file = write_generator(tmp_path_factory.mktemp("generators"))
    run = unitscope.dissect(
        f"{file}:by_class", unitscope.latents(30, seed=2), unitscope.segmenter(f"{file}:colors"), layers="boxes",
        out=file.parent / "run", device="cpu", show=False, replicates=100, quantile=0.05,
    )  # fmt: skip
    return Studio.open(run, "boxes", device="cpu")


def test_a_class_conditional_generator_draws_the_class_of_the_latent(by_class):
    said = by_class.said
    assert said.latents.classes == (0, 1, 2)
    everywhere = Stroke("draw", (0, 1, 2), levels=(1.0, 1.0, 1.0), region=Region(1, 1, ((0, 1),)))
    for number in range(6):
        latent = Latent(seed=2, number=number)
        values = by_class.canvas.latents.read(latent)
        assert values[0, -1] == number % 3
        with torch.no_grad():
            whole = by_class.canvas.painter.generator.module(values)
        assert (by_class.canvas.picture(latent) == by_class.canvas.painter.generator.pictures(whole)[0]).all()
        # All units on: the class says whose colour comes.
        picture = by_class.canvas.picture(latent, [everywhere])
        assert (picture == 255 * np.eye(3, dtype=np.uint8)[number % 3]).all()


def test_between_two_classes_it_is_the_first(by_class):
    one, two = Latent(seed=2, number=0), Latent(seed=2, number=1)
    mixed = by_class.canvas.latents.read(Latent(between=(one, two), share=0.75))
    read = by_class.canvas.latents.read
    assert mixed[0, -1] == 0
    assert torch.equal(mixed[0, :-1], torch.lerp(read(one), read(two), 0.75)[0, :-1])


@pytest.mark.parametrize("last", [3.0, -1.0, 0.5])
def test_a_class_that_is_none_is_refused(by_class, last):
    with pytest.raises(UnitscopeError, match="is its class"):
        by_class.canvas.picture(Latent(values=(0.0,) * 6 + (last,)))
