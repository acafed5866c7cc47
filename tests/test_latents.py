"""Latents of a seed: those of the paper, truncated as asked, each the same whatever stands beside it."""

import msgspec
import numpy as np
import pytest
import torch
from scipy import stats

from unitscope.errors import UnitscopeError
from unitscope.sources.latents import SeededLatents


def test_latents_are_those_of_the_paper(shared):
    with np.load(shared / "golden" / "latents.npz") as file:
        expected = {name: torch.from_numpy(file[name]) for name in file.files}
    for name, size, seed in (("z_512_seed1", 512, 1), ("z_64_seed3", 64, 3)):
        latents = SeededLatents(20, (size,), seed)
        assert torch.equal(latents.read(range(8)), expected[name])
        shaped = SeededLatents(20, (size, 1, 1), seed).read([7])
        assert shaped.shape == (1, size, 1, 1)
        assert torch.equal(shaped.flatten(), expected[name][7])


@pytest.mark.parametrize("truncation", [None, 0.5, 2.0])
def test_a_latent_does_not_depend_on_the_others(truncation):
    many, few = (SeededLatents(count, (13,), 4, truncation) for count in (500, 7))
    assert torch.equal(many.read(range(7)), few.read(range(7)))
    assert torch.equal(many.read([499, 3]), torch.stack([many.read([499])[0], few.read([3])[0]]))
    assert many.sample_ids[:7] == few.sample_ids
    assert few.sample_ids[5] == "seed4/000005"


@pytest.mark.parametrize("bound", [0.3, 1.0, 2.5])
def test_truncated_latents_follow_the_truncated_normal(bound):
    values = SeededLatents(4000, (5,), 1, bound).read(range(4000)).flatten().numpy()
    assert np.abs(values).max() <= bound
    assert stats.kstest(values, stats.truncnorm(-bound, bound).cdf).pvalue > 0.01
    plain = SeededLatents(4000, (5,), 1).read(range(4000)).flatten().numpy()
    assert (np.diff(values[np.argsort(plain)]) >= 0).all()
    assert (np.abs(values) <= np.abs(plain)).all()


def test_a_wide_truncation_changes_nothing_that_matters():
    plain, wide = SeededLatents(100, (9,), 2), SeededLatents(100, (9,), 2, 8.0)
    torch.testing.assert_close(plain.read(range(100)), wide.read(range(100)), atol=1e-6, rtol=1e-5)


def test_classes_are_taken_in_turn_and_stand_last():
    latents = SeededLatents(7, (2, 3), 1, classes=(4, 1))
    assert latents.read(range(7)).shape == (7, 7)
    assert latents.read(range(7))[:, -1].tolist() == [4, 1, 4, 1, 4, 1, 4]
    assert torch.equal(latents.read([3])[:, :-1], SeededLatents(7, (6,), 1).read([3]))
    assert latents.sample_ids[:2] == ("seed1/000000-class4", "seed1/000001-class1")


def test_names_hashes_and_settings():
    latents = SeededLatents(10_000, (8,), 3, 0.7, (2,))
    assert latents.name == "10,000 latents of seed 3, truncated at 0.7, class 2"
    assert SeededLatents(1, (8,), classes=tuple(range(10))).name == "1 latent of seed 0, 10 classes in turn"
    assert msgspec.convert(msgspec.to_builtins(latents), SeededLatents) == latents
    others = [
        SeededLatents(9_999, (8,), 3, 0.7, (2,)),
        SeededLatents(10_000, (8, 1, 1), 3, 0.7, (2,)),
        SeededLatents(10_000, (8,), 4, 0.7, (2,)),
        SeededLatents(10_000, (8,), 3, None, (2,)),
        SeededLatents(10_000, (8,), 3, 0.7, (1,)),
    ]
    assert len({each.content_hash for each in (latents, *others)}) == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "0 latents are none to look at; give latents=1 or more"),
        ({"count": -3}, "-3 latents are none"),
        ({"shape": ()}, r"latents of shape \(\) cannot be drawn"),
        ({"shape": (4, 0)}, r"latents of shape \(4, 0\) cannot be drawn; give positive sizes, as 128 or 100x1x1"),
        ({"truncation": 0.0}, "truncation is 0; it must be above 0"),
        ({"truncation": float("nan")}, "truncation is nan; it must be above 0"),
        ({"seed": -1}, "seed -1 cannot be drawn"),
        ({"classes": (0, -2)}, "class -2 is none; classes are numbered from 0"),
    ],
)  # fmt: skip
def test_impossible_latents_are_refused(settings, message):
    with pytest.raises(UnitscopeError, match=message):
        SeededLatents(**{"count": 4, "shape": (2,), **settings})
