"""The networks of the paper give what its published code gives, for weights made from the names of their tensors."""

import importlib
import importlib.util
import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import describe_layers, probe_layers, trace
from unitscope.models import networks
from unitscope.models.networks import (
    ProgressiveGenerator,
    generator_from_state,
    resnet152_aliases,
    vgg16_aliases,
)
from unitscope.sources.latents import seeded_latents

TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}
CLASSIFIERS = ("vgg16_places365", "alexnet_places365", "resnet152_places365")
BLOCKS = (3, 8, 36, 3)


class Golden:
    """Recorded keys and outputs, and the weights and inputs they were recorded with."""

    def __init__(self, folder):
        self.folder = folder
        spec = importlib.util.spec_from_file_location("seeded", folder / "seeded.py")
        self.seeded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.seeded)

    def keys(self, name):
        return json.loads((self.folder / f"{name}.keys.json").read_text())

    def state(self, name, salt=""):
        return self.seeded.seeded_state_dict(self.keys(name), salt)

    def values(self, name):
        with np.load(self.folder / f"{name}.npz") as file:
            return {key: torch.from_numpy(file[key]) for key in file.files if file[key].dtype.kind != "U"} | {
                key: list(file[key]) for key in file.files if file[key].dtype.kind == "U"
            }

    def classifier(self, name):
        module = empty(name)
        module.load_state_dict(self.state(name), assign=True)
        return module.eval()


def empty(name):
    with torch.device("meta"):
        return getattr(networks, name)()


def read(module, inputs, layers):
    """What the layers return during one whole forward pass."""
    values = {}
    with trace(module, layers, lambda name, output: values.update({name: output.clone()})) as forward:
        forward(inputs)
    return values


@pytest.fixture(scope="module")
def golden(request):
    shared = request.getfixturevalue("shared")
    return Golden(shared / "golden")


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_names_and_shapes_are_those_of_the_published_checkpoint(golden, name):
    state = empty(name).state_dict()
    assert {key: list(tensor.shape) for key, tensor in state.items()} == golden.keys(name)
    assert list(state) == list(golden.keys(name))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_no_relu_overwrites_the_layer_before_it(name):
    assert not any(getattr(module, "inplace", False) for module in empty(name).modules())


@pytest.mark.parametrize(("name", "size"), [("vgg16_places365", 256), ("alexnet_places365", 224),
                                            ("resnet152_places365", 320)])  # fmt: skip
def test_other_input_sizes_are_accepted(name, size):
    assert empty(name)(torch.zeros(2, 3, size, size, device="meta")).shape == (2, 365)


def test_vgg16(golden):
    module, expected = golden.classifier("vgg16_places365"), golden.values("vgg16_places365")
    names = ("conv1_1", "conv3_3", "conv5_1", "conv5_3")
    inputs = golden.seeded.seeded_image("vgg16.input", (2, 3, 224, 224))
    layers = [*(f"features.{name}" for name in names), "features.relu5_3", "classifier.fc8a"]
    values = read(module, inputs, layers)
    torch.testing.assert_close(values["classifier.fc8a"], expected["logits"], **TOLERANCE)
    for name in names:
        value = values[f"features.{name}"]
        torch.testing.assert_close(value.amax((2, 3)), expected[f"{name}_peak"], **TOLERANCE)
        torch.testing.assert_close(value.mean((2, 3)), expected[f"{name}_mean"], **TOLERANCE)
    before, after = values["features.conv5_3"], values["features.relu5_3"]
    assert before.min() < 0 < after.max()
    torch.testing.assert_close(after, before.clamp(min=0), rtol=0, atol=0)
    with torch.no_grad():
        torch.testing.assert_close(module(inputs), values["classifier.fc8a"], rtol=0, atol=0)


def test_vgg16_names_its_layers_as_in_research():
    names = [name for name, _ in empty("vgg16_places365").named_modules()]
    assert names[2:7] == [
        f"features.{name}" for name in ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1")
    ]
    assert names[-7:] == [
        f"classifier.{n}" for n in ("fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8a")
    ]
    assert sum("conv" in name for name in names) == 13


def test_alexnet(golden):
    module, expected = golden.classifier("alexnet_places365"), golden.values("alexnet_places365")
    inputs = golden.seeded.seeded_image("alexnet.input", (2, 3, 227, 227))
    values = read(module, inputs, ["conv5", "relu5", "fc8"])
    torch.testing.assert_close(values["fc8"], expected["logits"], **TOLERANCE)
    torch.testing.assert_close(values["conv5"].amax((2, 3)), expected["conv5_peak"], **TOLERANCE)
    torch.testing.assert_close(values["conv5"][0, :8], expected["conv5"], **TOLERANCE)
    torch.testing.assert_close(values["relu5"], values["conv5"].clamp(min=0), rtol=0, atol=0)


def test_alexnet_cells_lie_where_the_published_code_puts_them(golden):
    module = golden.classifier("alexnet_places365")
    grid = probe_layers(module, torch.zeros(1, 3, 227, 227), ["conv5"])["conv5"]
    scale, offset = golden.values("upsample")["alex_scale_offset"][0].tolist()
    assert (grid.units, grid.grid) == (256, (13, 13))
    assert (grid.geometry.rows.scale, grid.geometry.rows.offset) == (scale, offset)


def test_alexnet_normalises_across_channels():
    normalise = empty("alexnet_places365").lrn1
    inputs = 300 * torch.randn(2, 7, 3, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.empty_like(inputs)
    for channel in range(7):
        near = inputs[:, max(0, channel - 2) : channel + 3]
        squares = near.square().sum(1) / 5  # channels beyond the ends count as zeros
        expected[:, channel] = inputs[:, channel] / (1 + 1e-4 * squares) ** 0.75
    torch.testing.assert_close(normalise(inputs), expected)


def test_resnet152(golden):
    module, expected = golden.classifier("resnet152_places365"), golden.values("resnet152_places365")
    inputs = golden.seeded.seeded_image("resnet152.input", (1, 3, 224, 224))
    values = read(module, inputs, ["7", "10.1"])
    # With these weights activations grow to 1e8, and a value near zero is what float32 leaves of such numbers:
    # one exact to 1e-4 of itself is beyond any order of summation, so the largest value sets the scale.
    for value, name in ((values["10.1"], "logits"), (values["7"].amax((2, 3)), "layer7_peak")):
        scale = expected[name].abs().max()
        torch.testing.assert_close(value / scale, expected[name] / scale, rtol=0, atol=1e-5)
        close = (value - expected[name]).abs() <= 1e-4 + 1e-4 * expected[name].abs()
        assert close.float().mean() > 0.99


def test_resnet152_aliases_lead_to_modules_of_their_kind():
    aliases, modules = resnet152_aliases(), dict(empty("resnet152_places365").named_modules())
    assert set(aliases.values()) <= set(modules)
    assert len(set(aliases.values())) == len(aliases)
    assert not set(aliases) & set(modules)
    kinds = {"conv": nn.Conv2d, "bn": nn.BatchNorm2d, "relu": nn.ReLU, "fc": nn.Linear}
    for name, path in aliases.items():
        kind = kinds.get(name.rsplit(".", 1)[-1].rstrip("123"))
        assert kind is None or isinstance(modules[path], kind), name
    weights = {name for name, module in modules.items() if list(module.parameters(recurse=False))}
    assert weights <= set(aliases.values())
    assert (aliases["layer4.2"], aliases["layer4.2.conv2"]) == ("7.2", "7.2.0.0.3")
    assert [f"layer{stage + 1}.{count - 1}" in aliases for stage, count in enumerate(BLOCKS)] == [True] * 4
    assert [f"layer{stage + 1}.{count}" in aliases for stage, count in enumerate(BLOCKS)] == [False] * 4


def test_vgg16_aliases_are_the_names_of_the_paper():
    aliases, modules = vgg16_aliases(), dict(empty("vgg16_places365").named_modules())
    assert (aliases["conv5_3"], aliases["fc8a"]) == ("features.conv5_3", "classifier.fc8a")
    assert set(aliases.values()) == {name for name in modules if "." in name}
    assert len(aliases) == len(set(aliases.values()))


def test_resnet152_aliases_are_in_the_order_of_the_forward_pass():
    module = empty("resnet152_places365").eval()
    order = [layer.name for layer in describe_layers(module, torch.zeros(1, 3, 64, 64, device="meta"))]
    paths = list(resnet152_aliases().values())
    assert paths == [name for name in order if name in set(paths)]


def test_resnet152_is_that_of_torchvision_under_its_aliases(golden):
    try:
        models = importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"needs torchvision, which cannot be imported: {error}")
    ours, aliases = golden.classifier("resnet152_places365"), resnet152_aliases()
    with torch.device("meta"):
        theirs = models.resnet152(num_classes=365)
    state = ours.state_dict()
    names = [name.rpartition(".") for name in theirs.state_dict()]
    renamed = {f"{layer}.{leaf}": state[f"{aliases[layer]}.{leaf}"] for layer, _, leaf in names}
    theirs.load_state_dict(renamed, assign=True)
    inputs = golden.seeded.seeded_image("resnet152.input", (1, 3, 64, 64))
    read_theirs = read(theirs.eval(), inputs, ["layer1.0", "layer4.2", "fc"])
    read_ours = read(ours, inputs, [aliases[name] for name in read_theirs])
    for name, value in read_theirs.items():
        scale = value.abs().max()
        torch.testing.assert_close(read_ours[aliases[name]] / scale, value / scale, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["proggan_church256", "proggan_small32"])
def test_generator(golden, name):
    expected = golden.values(name)
    generator = generator_from_state(golden.state(name))
    state = generator.state_dict()
    assert {key: list(tensor.shape) for key, tensor in state.items()} == golden.keys(name)
    layers = expected["layer_names"]
    assert [child for child, _ in generator.named_children()] == layers
    values = read(generator, expected["z"], layers)
    pictures = values[layers[-1]]
    assert list(pictures.shape) == expected["full_shape"].tolist()
    step = pictures.shape[-1] // expected["image"].shape[-1]
    torch.testing.assert_close(pictures[:, :, ::step, ::step], expected["image"], **TOLERANCE)
    figures = [[value.mean(), value.std(), value.max()] for value in values.values()]
    torch.testing.assert_close(torch.tensor(figures), expected["layer_mean_std_max"], **TOLERANCE)


def random_state(latents, units):
    """A state dict in the newer key style; bias and weights large enough to leave [-1, 1]."""
    draw = torch.Generator().manual_seed(0)
    state = {}
    for index, (inputs, outputs) in enumerate(zip((latents, *units[:-1]), units, strict=True)):
        kernel = 3 if index else 4
        state[f"layer{index + 1}.conv.weight"] = torch.randn(outputs, inputs, kernel, kernel, generator=draw)
        state[f"layer{index + 1}.wscale.b"] = torch.randn(outputs, generator=draw)
    size = 4 * 2 ** (len(units) // 2 - 1)
    state[f"output_{size}x{size}.conv.weight"] = torch.randn(3, units[-1], 1, 1, generator=draw)
    state[f"output_{size}x{size}.wscale.b"] = torch.randn(3, generator=draw)
    return state


def old_style(state):
    """The keys of older checkpoints for the same tensors."""
    renamed = {}
    for key, tensor in state.items():
        layer, _, part = key.partition(".")
        old = "output" if layer.startswith("output") else f"features.{int(layer.removeprefix('layer')) - 1}"
        renamed[f"{old}.{part}"] = tensor
    return renamed


def naive_pictures(state, latents):
    """Karras et al.'s generator, tensor by tensor, in float64."""
    state = {key: tensor.double() for key, tensor in state.items()}
    values = latents[:, :, None, None]
    weights = [(key, tensor) for key, tensor in state.items() if key.endswith("conv.weight")]
    for index, (key, weight) in enumerate(weights):
        values = values / (values.pow(2).mean(1, keepdim=True) + 1e-8).sqrt()
        last = index == len(weights) - 1
        if index >= 2 and index % 2 == 0 and not last:
            values = values.repeat_interleave(2, 2).repeat_interleave(2, 3)
        padding = {4: 3, 3: 1, 1: 0}[weight.shape[-1]]
        gain = 1 if last else 2**0.5
        scaled = weight * gain / weight[0].numel() ** 0.5
        values = functional.conv2d(
            values, scaled, state[key.replace("conv.weight", "wscale.b")], padding=padding
        )
        values = values if last else torch.where(values > 0, values, 0.2 * values)
    return values


@pytest.mark.parametrize(
    ("latents", "units", "size"),
    [
        (6, (5, 5), 4),
        (6, (5, 5, 4, 4), 8),
        (3, (7, 2, 5, 4, 6, 1), 16),
        (4, (8,) * 14 + (4,) * 4, 1024),
    ],
)
def test_generator_of_any_size(latents, units, size):
    state = random_state(latents, units)
    generator = generator_from_state(state)
    assert (generator.latents, generator.units, generator.resolution) == (latents, units, size)
    drawn = seeded_latents(1, latents, 5).double()
    with torch.no_grad():
        pictures = generator.double()(drawn)
        assert torch.equal(generator(drawn[:, :, None, None]), pictures)
    assert pictures.shape == (1, 3, size, size)
    assert pictures.abs().max() > 1  # not clamped
    torch.testing.assert_close(pictures, naive_pictures(state, drawn))


@pytest.mark.parametrize(
    "spell",
    [
        old_style,
        lambda state: {"state_dict": state},
        lambda state: {"state_dict": old_style(state), "epoch": 3},
        lambda state: {f"module.{key}": tensor for key, tensor in state.items()},
        lambda state: {"state_dict": {f"module.{key}": tensor for key, tensor in old_style(state).items()}},
        lambda state: dict(reversed(list(state.items()))),
    ],
)
def test_every_key_style_gives_the_same_generator(spell):
    state = random_state(6, (5, 5, 4, 4))
    loaded = generator_from_state(spell(state)).state_dict()
    assert list(loaded) == list(state)
    assert all(torch.equal(loaded[key], tensor) for key, tensor in state.items())


def test_a_generator_keeps_weights_of_its_own_in_float32():
    state = {key: tensor.half() for key, tensor in random_state(6, (5, 5)).items()}
    generator = generator_from_state(state)
    assert {parameter.dtype for parameter in generator.parameters()} == {torch.float32}
    state = random_state(6, (5, 5))
    generator = generator_from_state(state)
    state["layer1.wscale.b"].zero_()
    assert generator.state_dict()["layer1.wscale.b"].abs().min() > 0
    assert all(parameter.requires_grad for parameter in generator.parameters())


def without(key):
    return lambda state: {name: tensor for name, tensor in state.items() if name != key}


def having(key, value):
    return lambda state: {**state, key: value}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (without("layer3.conv.weight"), "'layer3.conv.weight' is missing"),
        (without("layer4.wscale.b"), "'layer4.wscale.b' is missing"),
        (without("layer1.wscale.b"), "'layer1.wscale.b' is missing"),
        (without("output_8x8.wscale.b"), "'output_8x8.wscale.b' is missing"),
        (lambda state: without("features.2.wscale.b")(old_style(state)), "'features.2.wscale.b' is missing"),
        (lambda state: without("output.conv.weight")(old_style(state)), "'output.conv.weight' is missing"),
        (
            lambda state: {k: v for k, v in state.items() if "layer3" not in k},
            "'layer3.conv.weight' is missing",
        ),
        (lambda state: {k: v for k, v in state.items() if "layer4" not in k}, "'layer3.conv.weight' belongs"),
        (having("layer3.conv.bias", torch.zeros(4)), "'layer3.conv.bias' is no part"),
        (having("output.wscale.b", torch.zeros(3)), "'output.wscale.b' and 'output_8x8.wscale.b'"),
        (having("features.0.wscale.b", torch.zeros(5)), "'features.0.wscale.b' and 'layer1.wscale.b'"),
        (
            having("layer3.conv.weight", torch.zeros(4, 6, 3, 3)),
            r"'layer3.conv.weight' has shape \(4, 6, 3, 3\)",
        ),
        (having("layer3.conv.weight", torch.zeros(0, 5, 3, 3)), "'layer3.conv.weight' has shape"),
        (having("layer2.conv.weight", torch.zeros(5, 5, 4, 4)), r"\(units, 5, 3, 3\) follows"),
        (having("layer1.conv.weight", torch.zeros(5)), "'layer1.conv.weight' has shape"),
        (having("layer1.conv.weight", torch.zeros(5, 6, 3, 3)), "'layer1.conv.weight' has shape"),
        (having("layer1.wscale.b", torch.zeros(5, 1)), r"'layer1.wscale.b' has shape \(5, 1\)"),
        (having("output_8x8.conv.weight", torch.zeros(4, 4, 1, 1)), "'output_8x8.conv.weight' has shape"),
        (
            having("layer1.wscale.b", torch.zeros(5, dtype=torch.int64)),
            "'layer1.wscale.b' is of type torch.int64",
        ),
        (having("layer1.wscale.b", [1.0]), "'layer1.wscale.b' is a list"),
        (
            lambda state: {key.replace("8x8", "16x16"): tensor for key, tensor in state.items()},
            "'output_16x16.conv.weight' names another size than the 8x8",
        ),
        (
            lambda state: {k: v for k, v in state.items() if "output" not in k},
            "'output_8x8.conv.weight' is missing",
        ),
        (having("layer2000000000.conv.weight", torch.zeros(1)), "'layer2000000000.conv.weight' is no part"),
        (lambda _: {}, "an empty one is given"),
        (lambda _: [1, 2], "a list is given"),
        (
            lambda _: {"conv1.weight": torch.zeros(1)},
            "'layer1.conv.weight' is missing while 'conv1.weight' is there",
        ),
    ],
)
def test_an_inconsistent_state_dict_is_refused_by_key(spoil, words):
    with pytest.raises(UnitscopeError, match=words) as caught:
        generator_from_state(spoil(random_state(6, (5, 5, 4, 4))))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("latents", "units"), [(0, (4, 4)), (4, ()), (4, (4, 4, 4)), (4, (4, 0))])
def test_impossible_sizes_are_refused(latents, units):
    with pytest.raises(UnitscopeError, match="impossible"):
        ProgressiveGenerator(latents, units)


@pytest.mark.parametrize("shape", [(2, 5), (2, 6, 1), (2, 6, 2, 2), (6,)])
def test_latents_of_another_shape_are_refused(shape):
    with pytest.raises(UnitscopeError, match=r"wants latents \(N, 6\)"):
        generator_from_state(random_state(6, (5, 5)))(torch.zeros(shape))


def test_an_unfilled_generator_keeps_its_activations_in_scale():
    torch.manual_seed(0)
    generator = ProgressiveGenerator(16, (16, 16, 8, 8))
    values = read(generator.eval(), seeded_latents(8, 16, 1), ["layer2", "layer4"])
    assert all(0.3 < value.std() < 3 for value in values.values())


def test_latents_are_those_of_the_paper(golden):
    expected = golden.values("latents")
    assert torch.equal(seeded_latents(8, 512, 1), expected["z_512_seed1"])
    assert torch.equal(seeded_latents(8, 64, 3), expected["z_64_seed3"])


def test_a_latent_does_not_depend_on_how_many_are_drawn():
    assert torch.equal(seeded_latents(1000, 7, 2)[:3], seeded_latents(3, 7, 2))
    assert seeded_latents(0, 7, 2).shape == (0, 7)
    assert not torch.equal(seeded_latents(3, 7, 2), seeded_latents(3, 7, 3))


@pytest.mark.parametrize(("count", "dimension", "seed"), [(-1, 4, 0), (1, 0, 0), (1, 4, -1), (1, 4, 2**32)])
def test_impossible_latents_are_refused(count, dimension, seed):
    with pytest.raises(UnitscopeError, match="cannot be drawn"):
        seeded_latents(count, dimension, seed)
