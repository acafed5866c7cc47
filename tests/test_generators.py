"""Generators: every way to name one, the shape of a latent, the range of its values, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_generator import write_generator
from torch import nn

import unitscope.world
from unitscope.errors import UnitscopeError
from unitscope.models import networks
from unitscope.models.catalogue import CATALOGUE
from unitscope.models.generator_names import take_generator
from unitscope.models.generators import ClassConditional, Generator, look_at, parse_range
from unitscope.models.latent_shapes import parse_latent_shape
from unitscope.models.registry import load_generator, load_network
from unitscope.models.weights import weights_hash


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_generator(tmp_path_factory.mktemp("generators"))


class Scaled(nn.Module):
    """Latents (N, 3) to flat pictures whose values run from low to high."""

    def __init__(self, low, high):
        super().__init__()
        self.low, self.high = low, high

    def forward(self, z):
        ramp = torch.linspace(self.low, self.high, 192).reshape(1, 3, 8, 8)
        return ramp + 0 * z.sum(1)[:, None, None, None]


def test_a_function_returns_a_module_or_a_generator(file):
    plain = load_generator(f"{file}:shapes")
    assert (plain.name, plain.spec, plain.latent_shape, plain.size) == (
        "shapes",
        f"{file}:shapes",
        (6,),
        (64, 64),
    )
    assert (plain.range, plain.layers, plain.segmenter) == ((-1.0, 1.0), (), "")
    named = load_generator(f"{file}:named")
    assert (named.name, named.layers, named.segmenter) == ("boxes", ("boxes",), f"{file}:colors")
    assert [named.layer_name(name) for name in ("small", "boxes", "small#2")] == ["boxes", "boxes", "boxes#2"]
    with pytest.raises(UnitscopeError, match="layer 'boxs' not found in boxes; did you mean 'boxes'"):
        named.layer_name("boxs")


def test_a_checkpoint_says_which_progressive_gan_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("UNITSCOPE_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    module = networks.ProgressiveGenerator(6, [8, 8, 4, 4]).eval()
    torch.save(module.state_dict(), tmp_path / "gan.pth")
    (tmp_path / "cache" / "models").mkdir(parents=True)
    torch.save(
        module.state_dict(), tmp_path / "cache" / "models" / CATALOGUE["proggan-churchoutdoor"].files[0].name
    )
    ways = [
        load_generator(tmp_path / "gan.pth"),
        load_generator("proggan-churchoutdoor"),
        load_generator("proggan-bedroom", weights=tmp_path / "gan.pth"),
    ]
    assert [way.name for way in ways] == ["gan", "proggan-churchoutdoor", "proggan-bedroom"]
    for way in ways:
        assert (way.latent_shape, way.range, way.size, way.layers) == ((6,), (-1.0, 1.0), (8, 8), ("layer4",))
        assert weights_hash(way.module) == weights_hash(module)
    with pytest.raises(
        UnitscopeError, match=r"gan.pth' is a file of weights, and '.*' another; give one of them"
    ):
        load_generator(tmp_path / "gan.pth", weights=tmp_path / "gan.pth")
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "other.pth")
    with pytest.raises(
        UnitscopeError, match=r"other.pth: this is not the state dict of a Progressive GAN generator"
    ):
        load_generator(tmp_path / "other.pth")
    with pytest.raises(UnitscopeError, match=r"weights file 'gone.safetensors' does not exist"):
        load_generator("gone.safetensors")


def test_weights_and_new_weights_go_into_a_copy_of_what_is_given(file, tmp_path):
    module, other = (load_generator(f"{file}:{name}").module for name in ("shapes", "other"))
    torch.save(other.state_dict(), tmp_path / "other.pth")
    before = weights_hash(module)
    filled = take_generator(module, weights=tmp_path / "other.pth")
    assert weights_hash(filled.module) == weights_hash(other) != before
    named = load_generator(f"{file}:shapes", weights=tmp_path / "other.pth")
    assert weights_hash(named.module) == weights_hash(other)
    decoder = nn.Sequential(nn.Linear(5, 48), nn.Unflatten(1, (3, 4, 4)))
    anew = take_generator(decoder, reinitialize=1)
    assert weights_hash(anew.module) == weights_hash(take_generator(decoder, reinitialize=1).module)
    assert weights_hash(anew.module) != weights_hash(decoder)
    assert weights_hash(module) == before


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("world-gam", "generator 'world-gam' not found; did you mean 'world-gan'"),
        ("{file}:nothing", r"returned nothing \(None\); it must return an nn.Module or a unitscope.Generator"),
        ("{file}:shape", "generator function 'shape' not found in .*; did you mean 'shapes'"),
        ("{file}:undeclared", "declares 3 classes and is not wrapped; give Generator\\(ClassConditional"),
        ("{file}:nan_at_once", "'nan_at_once' returns pictures with values that are not finite .* check its weights"),
        ("{file}:noisy", "'noisy' returns another picture when it is given the same latent again, alone; turn off"),
        ("{file}:in_a_row", "'in_a_row' returns another picture when it is given the same latent again, alone"),
        ("{file}:grey", r"'grey' returns shape \(2, 1, 64, 64\) for 2 latents; it must return pictures \(2, 3, H, W\)"),
        ("{file}:words", r"'words' returns a str for 2 latents; it must return pictures"),
        ("{file}:unsure", "of a latent of generator 'unsure' is not known: it fails with 7 .*; give it with latent"),
    ],
)  # fmt: skip
def test_what_is_no_generator_is_refused(file, spec, message):
    with pytest.raises(UnitscopeError, match=message) as refused:
        load_generator(spec.format(file=file))
    assert "\n" not in str(refused.value)


def test_a_declared_shape_comes_first(file):
    assert load_generator(f"{file}:unsure", latent_shape="3x2").latent_shape == (3, 2)
    with pytest.raises(
        UnitscopeError, match=r"'shapes' fails on latents of shape \(2, 5\): .* latent_shape= sets it"
    ):
        load_generator(f"{file}:shapes", latent_shape=5)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (nn.Sequential(nn.Linear(5, 48), nn.Unflatten(1, (3, 4, 4))), (5,)),
        (nn.Sequential(nn.ConvTranspose2d(7, 3, 4)), (7, 1, 1)),
        (nn.Sequential(nn.Conv2d(2, 3, 3, padding=1)), (2, 1, 1)),
        (networks.ProgressiveGenerator(6, [8, 8]), (6,)),
    ],
)  # fmt: skip
def test_the_first_layer_or_an_attribute_says_the_shape_of_a_latent(module, shape):
    torch.manual_seed(0)
    assert take_generator(module.eval()).latent_shape == shape


def test_an_attribute_may_be_a_shape():
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 48), nn.Unflatten(1, (3, 4, 4)))
    module.latent_shape = (3, 4)
    assert take_generator(module).latent_shape == (3, 4)
    module.latent_shape = (5, 4)  # which does not run: the first layer is right
    assert take_generator(module).latent_shape == (12,)


@pytest.mark.parametrize("given", ["", "x", "12x", "3x0", "-4", "4.5", (), (0,), "a"])
def test_shapes_that_cannot_be_read_are_refused(given):
    with pytest.raises(UnitscopeError, match="cannot be read; write positive sizes, as 128 or 100x1x1"):
        parse_latent_shape(given)


@pytest.mark.parametrize(
    ("values", "found"),
    [((-1, 1), (-1.0, 1.0)), ((-0.8, 0.9), (-1.0, 1.0)), ((0, 1), (0.0, 1.0)), ((0.01, 0.8), (0.0, 1.0)),
     ((0, 255), (0.0, 255.0)), ((3, 200), (0.0, 255.0)), ((-1.3, 1.4), (-1.0, 1.0)), ((-4, 4), (-1.0, 1.0))],
)  # fmt: skip
def test_the_range_is_found_in_the_pictures(values, found):
    assert take_generator(Scaled(*values), latent_shape=3).range == found


@pytest.mark.parametrize(
    ("values", "declared", "message"),
    [
        (
            (-1, 1),
            (0, 1),
            "returns values from -1 to 1, far outside its range of 0 to 1; range=LOW:HIGH gives",
        ),
        ((0, 255), (-1, 1), "returns values from 0 to 255, far outside its range of -1 to 1"),
        ((-1, 1), (0, 255), "from -1 to 1, hardly any contrast in its range of 0 to 255"),
        ((-1, 1), (1, -1), "the range '1:-1' is none"),
        ((-1, 1), (0, float("inf")), "the range '0:inf' is none"),
    ],
)
def test_a_declared_range_is_checked(values, declared, message):
    with pytest.raises(UnitscopeError, match=message):
        take_generator(Scaled(*values), latent_shape=3, range=declared)
    with pytest.raises(UnitscopeError, match=message):
        take_generator(Generator(Scaled(*values), (3,), range=declared))


def test_ranges_are_read():
    assert parse_range("-1:1") == (-1.0, 1.0)
    assert parse_range([0, 255]) == (0.0, 255.0)
    assert take_generator(Scaled(-1, 1), latent_shape=3, range="-2:2").range == (-2.0, 2.0)
    for wrong in ("1", "a:b", "1:1", "0:1:2", "nan:1"):
        with pytest.raises(
            UnitscopeError, match=f"the range '{wrong}' is none; give the values of black and white"
        ):
            parse_range(wrong)


def test_a_size_that_is_declared_is_checked():
    with pytest.raises(
        UnitscopeError, match="returns pictures of 8x8 pixels and declares 16x16; correct what it"
    ):
        look_at(Generator(Scaled(-1, 1), (3,), size=(16, 16)), torch.zeros(2, 3))


def test_pictures_are_rounded_and_clamped():
    generator = take_generator(Scaled(-1, 1), latent_shape=3)
    values = torch.tensor([-1.5, -1, -1 + 1 / 255, -1 + 1.1 / 255, 0, 1, 2])
    outputs = values[:, None, None, None].expand(7, 3, 8, 8)
    pictures = generator.pictures(outputs)
    assert pictures.dtype == np.uint8
    assert pictures.shape == (7, 8, 8, 3)
    assert pictures[:, 0, 0, 0].tolist() == [0, 0, 1, 1, 128, 255, 255]
    with pytest.raises(
        UnitscopeError, match=r"returns shape \(7, 3, 8, 7\) where pictures \(N, 3, 8, 8\) were expected"
    ):
        generator.pictures(outputs[..., :7])
    with pytest.raises(UnitscopeError, match="values that are not finite"):
        generator.pictures(outputs * float("nan"))


@pytest.mark.parametrize("name", ["by_class", "by_number"])
def test_a_class_is_the_last_value_of_a_latent(file, name):
    generator = load_generator(f"{file}:{name}")
    assert (generator.latent_shape, generator.classes) == ((6,), 3)
    assert generator.layer_name("boxes") == "generator.boxes"
    latents = torch.cat([torch.ones(3, 6), torch.arange(3.0)[:, None]], 1)
    pictures = generator.pictures(generator.module(latents))
    assert [picture.max(axis=(0, 1)).tolist() for picture in pictures] == (
        255 * np.eye(3, dtype=int)
    ).tolist()
    with pytest.raises(UnitscopeError, match="of 0 classes is none"):
        ClassConditional(nn.Identity(), (6,), 0, one_hot=True)


def test_generators_and_readers_of_pictures_are_not_mixed_up(file):
    for spec in ("world-gan", "proggan-kitchen", f"{file}:named", f"{file}:by_class"):
        with pytest.raises(
            UnitscopeError, match="is a generator, which makes pictures instead of reading them; give l"
        ):
            load_network(spec)


def test_layers_of_generators_are_listed(file, monkeypatch):
    for spec in (f"{file}:shapes", f"{file}:named"):
        listed = {layer.name: layer for layer in unitscope.layers(spec)}
        assert (listed["boxes"].shape, listed["boxes"].grid, listed["boxes"].units) == (
            (1, 3, 8, 8),
            (8, 8),
            3,
        )
    assert unitscope.layers(f"{file}:named")[0].alias == "small"
    assert [layer.alias for layer in unitscope.layers(f"{file}:by_class")][:2] == ["boxes", "large"]
    assert unitscope.layers(f"{file}:unsure", latent_shape="3x2")[-1].grid == (64, 64)
    with pytest.raises(
        UnitscopeError, match=r"unsure fails on an input of 224x224 pixels: .* latent_shape= gives the"
    ):
        unitscope.layers(f"{file}:unsure")
    module = load_generator(f"{file}:shapes").module.train()
    assert unitscope.layers(module)[0].grid == (8, 8)
    assert module.training
