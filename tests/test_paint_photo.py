"""The latent that draws a picture best: found again, the same each time, of the right class, refused in one line."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted_generator import Planted
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.models.generators import ClassConditional, Generator
from unitscope.models.networks.proggan import ProgressiveGenerator
from unitscope.paint.photo import STARTS, STEPS, Cancelled, Progress, find_latent, framed


def small(latents: int = 6, seed: int = 0) -> Generator:
    torch.manual_seed(seed)
    module = ProgressiveGenerator(latents, (24, 24, 16, 16)).eval()
    with torch.no_grad():
        module.get_parameter("output_8x8.conv.weight").mul_(0.4)
    return Generator(module, (latents,), range=(-1.0, 1.0), name="small", size=(8, 8))


class Tinted(nn.Module):
    """Latents (N, 3) with a class to a ramp of light; the class is the colour, and no latent reaches another."""

    def __init__(self, one_hot: bool) -> None:
        super().__init__()
        self.one_hot = one_hot
        self.register_buffer("colours", torch.eye(3))
        self.register_buffer(
            "ramps", torch.rand((3, 8, 12), generator=torch.Generator().manual_seed(1)) - 0.5
        )

    def forward(self, z: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
        colours = chosen @ self.colours if self.one_hot else self.colours[chosen]
        light = torch.sigmoid(torch.einsum("nk,khw->nhw", z, self.ramps))
        return colours[:, :, None, None] * light[:, None]


def tinted(one_hot: bool = True) -> Generator:
    module = ClassConditional(Tinted(one_hot), (3,), 3, one_hot=one_hot).eval()
    return Generator(module, (3,), range=(0.0, 1.0), name="tinted", classes=3, size=(8, 12))


def drawn(generator: Generator, latent: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return generator.pictures(generator.module(latent[None]))[0]


def test_a_picture_that_the_generator_made_is_found_again():
    generator = small()
    for seed in (100, 101):
        latent = torch.randn(6, generator=torch.Generator().manual_seed(seed))
        picture = drawn(generator, latent)
        found = find_latent(generator, picture, starts=48, steps=45)
        assert found.error < 1 < 10 < found.start_error
        assert found.latent.shape == (6,)
        assert np.array_equal(found.picture, drawn(generator, found.latent))
        assert np.array_equal(found.framed, picture)
        assert found.error == np.abs(found.picture.astype(float) - picture).mean()


def test_the_same_call_gives_the_same_latent_and_another_seed_another():
    generator = small()
    picture = np.random.default_rng(0).integers(0, 256, (30, 20, 3)).astype(np.uint8)
    state = {name: value.clone() for name, value in generator.module.state_dict().items()}
    first, second, other = (
        find_latent(generator, picture, seed=seed, starts=20, steps=9) for seed in (1, 1, 2)
    )
    assert torch.equal(first.latent, second.latent)
    assert first.error == second.error
    assert not torch.equal(first.latent, other.latent)
    assert all(torch.equal(value, state[name]) for name, value in generator.module.state_dict().items())
    assert all(part.grad is None and part.requires_grad for part in generator.module.parameters())


def test_steps_never_make_it_worse_and_none_is_the_best_start():
    generator = small()
    picture = np.full((8, 8, 3), 200, np.uint8)
    picture[:4] = 20
    start = find_latent(generator, picture, starts=40, steps=0)
    assert start.error == start.start_error
    latents = torch.from_numpy(np.random.RandomState(0).standard_normal((40, 6)).astype(np.float32))
    errors = [np.abs(drawn(generator, each).astype(float) - picture).mean() for each in latents]
    assert start.error == pytest.approx(min(errors), abs=0.02)
    assert torch.equal(start.latent, latents[int(np.argmin(errors))])
    better = find_latent(generator, picture, starts=40, steps=30)
    assert better.start_error == start.error
    assert better.error < start.error


def test_a_latent_is_no_longer_than_those_that_are_drawn():
    class Bright(nn.Module):
        def forward(self, z):
            return torch.tanh(z.sum(1) / 20)[:, None, None, None].expand(-1, 3, 4, 4)

    generator = Generator(Bright(), (4,), range=(-1.0, 1.0), size=(4, 4))
    found = find_latent(generator, np.full((4, 4, 3), 255, np.uint8), starts=8, steps=200)
    assert float(found.latent.norm()) == pytest.approx(18.467**0.5, abs=1e-3)  # chi-squared, 4 values, 0.999


@pytest.mark.parametrize("one_hot", [True, False])
def test_the_class_is_found_and_stays(one_hot):
    generator = tinted(one_hot)
    for chosen in range(3):
        latent = torch.tensor([0.9, -1.2, 0.4, chosen])
        found = find_latent(generator, drawn(generator, latent), starts=1, steps=120)
        assert float(found.latent[-1]) == chosen
        assert found.error < 1.5
        assert found.latent.shape == (4,)


def test_latents_of_any_shape():
    module = nn.Sequential(nn.ConvTranspose2d(5, 3, 4), nn.Tanh()).eval()
    generator = Generator(module, (5, 1, 1), name="maps")
    found = find_latent(generator, np.full((9, 9, 3), 128, np.uint8), starts=8, steps=6)
    assert found.latent.shape == (5, 1, 1)
    assert found.picture.shape == (4, 4, 3)


def test_progress_goes_from_nothing_to_all_and_the_error_never_grows():
    told: list[Progress] = []
    found = find_latent(small(), np.zeros((8, 8, 3), np.uint8), starts=20, steps=10, report=told.append)
    shares = [each.share for each in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    errors = [each.error for each in told]
    assert errors == sorted(errors, reverse=True)
    assert found.error <= errors[-1] + 0.02
    assert told[0].note == "the best of 20 latents"
    assert told[-1].note == "step 10 of 10"


def test_a_generator_of_larger_pictures_has_fewer_starts_and_steps_unless_they_are_given():
    class Plain(nn.Module):
        def __init__(self, side):
            super().__init__()
            self.side = side

        def forward(self, z):
            return z.mean(1)[:, None, None, None].expand(-1, 3, self.side, self.side)

    for side, share in ((32, 1), (64, 1), (128, 2)):
        told = []
        generator = Generator(Plain(side), (2,), range=(-1.0, 1.0), size=(side, side))
        find_latent(generator, np.zeros((8, 8, 3), np.uint8), report=told.append)
        assert told[-1].note == f"step {STEPS // share} of {STEPS // share}"
        assert told[0].note == f"the best of {STARTS // share} latents"


@pytest.mark.parametrize("calls", [1, 4])
def test_it_stops_when_it_is_asked_to(calls):
    told: list[Progress] = []
    with pytest.raises(Cancelled):
        find_latent(
            small(), np.zeros((8, 8, 3), np.uint8), starts=20, steps=10, report=told.append,
            cancelled=lambda: len(told) >= calls,
        )  # fmt: skip
    assert len(told) == calls


def test_it_works_where_a_caller_has_turned_gradients_off():
    picture = np.zeros((8, 8, 3), np.uint8)
    as_it_is = find_latent(small(), picture, starts=8, steps=6)
    for off in (torch.no_grad, torch.inference_mode):
        generator = small()
        with off():
            found = find_latent(generator, picture, starts=8, steps=6)
        assert torch.equal(found.latent, as_it_is.latent)
        assert not found.latent.is_inference()


class WithoutGradients(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = small().module

    @torch.no_grad()
    def forward(self, z):
        return self.inner(z)


class Rounded(WithoutGradients):
    def forward(self, z):
        return torch.round(self.inner(z) * 4) / 4


def made_for_inference():
    with torch.inference_mode():
        return small().module


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (WithoutGradients, "its pictures do not depend on its latents in a way that torch follows"),
        (Planted, "its pictures do not depend on its latents"),
        (Rounded, "they are all zero"),
        (made_for_inference, "Inference tensors cannot be saved for backward"),
    ],
)
def test_a_generator_without_gradients_is_refused_in_one_line(make, why):
    module = make()
    generator = Generator(module, (6,), name="flat")
    with pytest.raises(UnitscopeError, match="'flat' has no gradients to find a latent along") as refused:
        find_latent(generator, np.zeros((8, 8, 3), np.uint8), starts=4, steps=4)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert find_latent(generator, np.zeros((8, 8, 3), np.uint8), starts=4, steps=0).error > 0


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.full((4, 4, 3), np.nan, np.float32), "not finite"),
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((4, 4), np.uint8), r"uint8 \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
    ],
)
def test_what_is_no_picture_is_refused(picture, says):
    with pytest.raises(UnitscopeError, match=says):
        find_latent(small(), picture, starts=1, steps=0)


def test_numbers_out_of_range_and_pictures_that_are_not_finite_are_refused():
    picture = np.zeros((8, 8, 3), np.uint8)
    for numbers in ({"starts": 0}, {"steps": -1}):
        with pytest.raises(UnitscopeError, match="are no search"):
            find_latent(small(), picture, **numbers)
    generator = small()
    with torch.no_grad():
        generator.module.get_parameter("output_8x8.conv.weight").fill_(float("nan"))
    with pytest.raises(UnitscopeError, match="not finite"):
        find_latent(generator, picture, starts=4, steps=1)


def test_the_central_part_of_a_picture_is_drawn():
    picture = np.zeros((20, 60, 3), np.uint8)
    picture[:, 20:40] = 255
    assert (framed(picture, (8, 8))[:, 1:-1] == 255).all()  # what lies beside it is blended in at its edges
    assert framed(np.full((1, 1, 3), 7, np.uint8), (4, 6)).shape == (4, 6, 3)
