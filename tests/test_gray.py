"""Networks that read pictures of one channel, from their preprocessing to every question that is asked of them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from test_libraries import TINY_VIT, library, tiny
from tiny import run_cli
from torch import nn

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.models.libraries import library_model
from unitscope.models.library_preprocessing import from_timm
from unitscope.models.pixels import OnPixels, to_unit
from unitscope.models.preprocessing import Preprocessing, parse_preprocessing

SIDE = 16
SEEN = f"size={SIDE},channels=gray,mean=0.5,scale=0.25"
NET = '''"""Unit 0 is light, unit 1 is dark, and these decide alone; unit 2 is nothing."""

import torch
from torch import nn


class Planted(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 1)
        self.relu = nn.ReLU()
        self.head = nn.Linear(4, 2)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor([1.0, -1, 0, 0.5]).reshape(4, 1, 1, 1))
            self.conv.bias.zero_()
            self.head.weight.copy_(torch.tensor([[2.0, 0, 0, 0], [0, 2, 0, 0]]))
            self.head.bias.copy_(torch.tensor([0, 0.1]))

    def forward(self, x):
        return self.head(self.relu(self.conv(x)).mean((2, 3)))


def net():
    return Planted()


def swap(model, inputs, labels, targets):
    """Walk against the logit of the class."""
    inputs = inputs.clone().requires_grad_()
    model(inputs).gather(1, labels[:, None]).sum().backward()
    return (inputs - inputs.grad.sign()).clamp(0, 1).detach()


def four():
    return nn.Sequential(nn.Conv2d(4, 2, 3), nn.ReLU())
'''


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Light and dark pictures, the planted network, and a run of it."""
    folder = tmp_path_factory.mktemp("gray")
    (folder / "net.py").write_text(NET)
    generator = np.random.default_rng(0)
    for name, low in (("light", 150), ("dark", 20)):
        (folder / "pictures" / name).mkdir(parents=True)
        (folder / "others" / name).mkdir(parents=True)
        for number in range(8):
            values = generator.integers(low, low + 80, (SIDE, SIDE, 3)).astype(np.uint8)
            Image.fromarray(values).save(
                folder / ("pictures" if number < 4 else "others") / name / f"{number}.png"
            )
    us.dissect(
        us.network(f"{folder}/net.py:net", preprocess=SEEN), folder / "pictures", us.segmenter("colors"),
        layers="relu", out=folder / "run", grid=8, replicates=100, quantile=0.2, batch_size=4, device="cpu",
    )  # fmt: skip
    return folder


# What the network sees


def test_the_luminance_is_that_of_pillow():
    seen = Preprocessing(size=(SIDE, SIDE), channels="gray", range=(0, 255), mean=(0,), scale=(1,))
    found = seen.apply(picture())
    expected = np.asarray(Image.fromarray(picture()).convert("L"), np.float32)
    assert found.shape == (1, SIDE, SIDE)
    assert found.dtype == np.float32
    assert np.abs(found[0] - expected).max() <= 0.502
    assert np.allclose(found[0], picture() @ np.array([0.299, 0.587, 0.114]), atol=1e-4)


def test_gray_pictures_are_what_they_were():
    values = np.arange(256, dtype=np.uint8).reshape(SIDE, SIDE)
    seen = Preprocessing(size=(SIDE, SIDE), channels="gray", mean=(0.1307,), scale=(0.3081,))
    expected = (values / 255 - 0.1307) / 0.3081
    assert np.allclose(seen.apply(np.repeat(values[..., None], 3, axis=2))[0], expected, atol=1e-6)


def test_tensors_are_the_table_and_have_gradients():
    seen = Preprocessing(
        size=(SIDE, SIDE), channels="gray", range=(-1, 1), mean=(0.2,), scale=(0.5,), share=0.9
    )
    on_pixels = OnPixels(nn.Identity(), seen)
    pixels = to_unit(picture()[None]).requires_grad_()
    found = on_pixels(pixels)
    assert np.allclose(found[0].detach().numpy(), seen.apply(picture()), atol=2e-6)
    found.sum().backward()
    assert torch.allclose(pixels.grad[0, :, 0, 0], torch.tensor([0.299, 0.587, 0.114]) * 4)


def test_mean_and_scale_are_single_numbers():
    seen = parse_preprocessing("channels=gray,mean=0.1307,scale=0.3081", Preprocessing())
    assert (seen.mean, seen.scale, seen.depth) == ((0.1307,), (0.3081,), 1)
    assert Preprocessing(channels="gray", mean=0.5, scale=0.25).mean == (0.5,)
    assert Preprocessing(channels="gray").mean == pytest.approx(
        (0.299 * 0.485 + 0.587 * 0.456 + 0.114 * 0.406,)
    )
    assert parse_preprocessing("channels=rgb", seen).mean == (0.1307,) * 3
    with pytest.raises(UnitscopeError, match=r"'mean' cannot be \(1.0, 2.0\); give one number a channel"):
        parse_preprocessing("channels=gray,mean=1:2", Preprocessing())


# Questions


def test_a_dissection_sees_gray(place):
    run = us.open_run(place / "run")
    assert json.loads((place / "run" / "manifest.json").read_text())["model"]["preprocessing"]["mean"] == [
        0.5
    ]
    light = picture(1)
    seen = us.network(f"{place}/net.py:net", preprocess=SEEN).preprocessing
    expected = np.maximum(seen.apply(light)[0], 0)
    assert np.allclose(run.unit("relu", 0).activation(light), expected, atol=1e-6)
    first = us.layers(f"{place}/net.py:net", preprocess=SEEN)[0]
    assert first.places == "12 of 12 near"


def test_importance_attack_and_shape_see_gray(place):
    told = {"replicates": 100, "device": "cpu"}
    classes = {"light": "0", "dark": "1"}
    found = us.importance(
        place / "run", place / "pictures", place / "others", class_map=classes, random=2, **told
    )
    light = found.effects[(found.effects["class"] == "light") & (found.effects["split"] == "val")]
    assert found.summary.whole_passes is None
    assert (light["loss"] > 0).tolist() == [True, False, False, False]
    attacked = us.attack(
        place / "run",
        place / "pictures",
        "1",
        class_map=classes,
        random=2,
        top=1,
        method=f"{place}/net.py:swap",
        **told,
    )
    assert attacked.summary.targets[0].won == 4
    kept = us.shape(place / "run", place / "pictures", alter="gray", **told).units.set_index("unit")
    assert kept["iou"][0] > 0.95  # what is gray already stays as it is, but for rounding


def test_a_unit_is_scored_on_gray(place):
    found = us.classify_unit(place / "run", "relu", 0, place / "others", positive="light")
    assert found.scores.auroc.value == 1


# Refusals


def test_other_numbers_of_channels_are_named(place):
    with pytest.raises(
        UnitscopeError, match="of 1 channel and pictures have 3: preprocess='channels=gray' makes"
    ):
        us.layers(f"{place}/net.py:net", preprocess="size=16")
    with pytest.raises(UnitscopeError, match="of 4 channels and pictures have 3: wrap it"):
        us.layers(us.network(f"{place}/net.py:four", preprocess="size=16"))
    with pytest.raises(UnitscopeError, match="of 4 channels and pictures have 1: wrap it"):
        us.layers(us.network(f"{place}/net.py:four", preprocess="size=16,channels=gray"))
    color = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())
    with pytest.raises(
        UnitscopeError, match="of 3 channels and gray pictures have 1: leave channels=gray out"
    ):
        us.layers(us.network(color, preprocess="size=16,channels=gray"))


@pytest.mark.parametrize("count", [1, 12])
def test_normalisation_before_any_convolution_names_them_too(count):
    module = nn.Sequential(nn.BatchNorm2d(count), nn.Conv2d(count, 2, 3)).eval()
    with pytest.raises(UnitscopeError, match=f"it takes inputs of {count} channels?"):
        us.layers(us.network(module, preprocess="size=16"))


def test_a_command_says_it_in_one_line(place, monkeypatch, capsys):
    assert run_cli(monkeypatch, "layers", f"{place}/net.py:net", "--preprocess", "size=16") == 2
    said = capsys.readouterr().err.strip()
    assert "--preprocess channels=gray makes one of them" in " ".join(said.split())


# Libraries


def test_a_library_that_states_one_channel_is_read_in_gray(tmp_path):
    transformers = library("transformers")
    tiny(transformers, **{**TINY_VIT, "num_channels": 1}).save_pretrained(tmp_path / "one")
    found = library_model(f"transformers:{tmp_path / 'one'}")
    assert found.preprocessing.channels == "gray"
    assert found.preprocessing.mean == (0.5,)
    assert found.layers
    assert found.module(found.trial(1)).shape == (1, 3)
    tiny(transformers, **{**TINY_VIT, "num_channels": 4}).save_pretrained(tmp_path / "four")
    with pytest.raises(UnitscopeError, match="takes inputs of 4 channels, and pictures have 3"):
        library_model(f"transformers:{tmp_path / 'four'}")


@pytest.mark.parametrize("count", [1, 4])
def test_timm_states_channels_in_its_first_convolution(count, tmp_path):
    timm = library("timm")
    from safetensors.torch import save_file

    module = timm.create_model("resnet10t", in_chans=count, num_classes=5)
    save_file(module.state_dict(), tmp_path / "model.safetensors")
    config = {"architecture": "resnet10t", "num_classes": 5, "model_args": {"in_chans": count}}
    (tmp_path / "config.json").write_text(
        json.dumps({**config, "pretrained_cfg": {"input_size": [3, 64, 64]}})
    )
    if count == 4:
        with pytest.raises(UnitscopeError, match="takes inputs of 4 channels, and pictures have 3"):
            library_model(f"timm:local-dir:{tmp_path}")
        return
    found = library_model(f"timm:local-dir:{tmp_path}")
    assert found.preprocessing.channels == "gray"
    assert found.layers
    assert found.module(found.trial(1)).shape == (1, 5)


def test_three_means_of_a_library_become_their_luminance():
    config = {"input_size": (1, 8, 8), "mean": (0.1, 0.2, 0.3), "std": (0.5, 0.5, 0.5), "crop_mode": "squash"}
    found = from_timm(config, 1)
    assert found.mean == pytest.approx((0.299 * 0.1 + 0.587 * 0.2 + 0.114 * 0.3,))
    assert found.scale == (0.5,)
