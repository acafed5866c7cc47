"""CSAIL-format segmenters: a folder made on the spot, held to a plain reading of its layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitscope.concepts.backbones import DeepStemResNet
from unitscope.concepts.csail import PoolingDecoder
from unitscope.concepts.csail_labels import read_csail_labels
from unitscope.concepts.labellers import PixelGrid, SegmenterLabeller
from unitscope.concepts.segmenters import load_segmenter
from unitscope.errors import UnitscopeError
from unitscope.sources.framing import Framing

LABELS: dict[str, Any] = {
    "labels": [
        {"name": "-", "category": "color"},
        {"name": "red", "category": "color"},
        {"name": "blue", "category": "color"},
        {"name": "-", "category": "object"},
        {"name": "tree", "category": "object"},
        {"name": "car", "category": "object", "internal": True},
        {"name": "tree", "category": "object"},
    ],
    "categories": [{"name": "color", "type": "softmax"}, {"name": "object"}],
    "imageformat": {"byteorder": "BGR", "mean": [100.0, 110.0, 120.0], "stdev": [1.0, 2.0, 4.0]},
    "segsizes": [64, 96],
}


@pytest.fixture(scope="module")
def networks() -> tuple[DeepStemResNet, PoolingDecoder]:
    torch.manual_seed(0)
    encoder = DeepStemResNet((2, 2, 2, 2), bottleneck=False, dilated=True).eval()
    decoder = PoolingDecoder(512, len(LABELS["labels"]), supervised=True).eval()
    for part in (encoder, decoder):
        for each in part.modules():
            if isinstance(each, nn.Conv2d):
                nn.init.kaiming_normal_(each.weight)
    return encoder, decoder


@pytest.fixture
def folder(networks, tmp_path: Path) -> Path:
    encoder, decoder = networks
    torch.save(encoder.state_dict(), tmp_path / "encoder_epoch_20.pth")
    torch.save(decoder.state_dict(), tmp_path / "decoder_epoch_20.pth")
    (tmp_path / "labels.json").write_text(json.dumps(LABELS))
    return tmp_path


def plain_encoder(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """The published layers, written out: ResNet-18 with its last two strides turned into dilations 2 and 4."""

    def step(x: Tensor, name: str, number: int | str, **options: int) -> Tensor:
        bn = f"{name}bn{number}"
        x = F.conv2d(x, state[f"{name}conv{number}.weight"], **options)
        return norm(x, bn)

    def norm(x: Tensor, bn: str) -> Tensor:
        mean, var = state[f"{bn}.running_mean"], state[f"{bn}.running_var"]
        return F.batch_norm(x, mean, var, state[f"{bn}.weight"], state[f"{bn}.bias"])

    for number, stride in ((1, 2), (2, 1), (3, 1)):
        x = F.relu(step(x, "", number, stride=stride, padding=1))
    x = F.max_pool2d(x, 3, 2, 1)
    # (stride, dilation of the very first convolution, dilation of the others) of each stage
    for stage, (stride, first, others) in enumerate([(1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4)], 1):
        for block in range(2):
            name = f"layer{stage}.{block}."
            step_size, spread = (stride, first) if block == 0 else (1, others)
            y = F.relu(step(x, name, 1, stride=step_size, padding=spread, dilation=spread))
            y = step(y, name, 2, padding=others, dilation=others)
            if f"{name}downsample.0.weight" in state:
                x = norm(
                    F.conv2d(x, state[f"{name}downsample.0.weight"], stride=step_size), f"{name}downsample.1"
                )
            x = F.relu(x + y)
    return x


def plain_decoder(state: dict[str, Tensor], x: Tensor) -> Tensor:
    def norm(x: Tensor, bn: str) -> Tensor:
        mean, var = state[f"{bn}.running_mean"], state[f"{bn}.running_var"]
        return F.relu(F.batch_norm(x, mean, var, state[f"{bn}.weight"], state[f"{bn}.bias"]))

    levels = [x]
    for index, bins in enumerate((1, 2, 3, 6)):
        pooled = F.conv2d(F.adaptive_avg_pool2d(x, bins), state[f"ppm.{index}.1.weight"])
        levels.append(F.interpolate(norm(pooled, f"ppm.{index}.2"), size=x.shape[-2:], mode="bilinear"))
    x = norm(F.conv2d(torch.cat(levels, 1), state["conv_last.0.weight"], padding=1), "conv_last.1")
    return F.conv2d(x, state["conv_last.4.weight"], state["conv_last.4.bias"])


def test_shapes_are_the_published_ones(networks):
    encoder, decoder = (part.state_dict() for part in networks)
    assert encoder["conv3.weight"].shape == (128, 64, 3, 3)
    assert encoder["layer1.0.downsample.0.weight"].shape == (64, 128, 1, 1)
    assert encoder["layer4.1.conv2.weight"].shape == (512, 512, 3, 3)
    assert decoder["ppm.3.1.weight"].shape == (512, 512, 1, 1)
    assert decoder["conv_last.0.weight"].shape == (512, 512 + 4 * 512, 3, 3)
    assert decoder["cbr_deepsup.0.weight"].shape == (128, 256, 3, 3)
    assert decoder["conv_last_deepsup.weight"].shape == (7, 128, 1, 1)
    assert not [name for name in encoder if "downsample" in name and "layer" not in name]


def test_outputs_are_those_of_the_layers_written_out(networks):
    encoder, decoder = networks
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        maps = encoder(x)
        expected = plain_encoder(encoder.state_dict(), x)
        assert [each.shape[-1] for each in maps] == [16, 8, 8, 8]
        assert torch.allclose(maps[-1], expected, atol=1e-4, rtol=1e-4)
        assert torch.allclose(
            decoder(maps), plain_decoder(decoder.state_dict(), expected), atol=1e-4, rtol=1e-3
        )


def test_a_folder_is_a_segmenter(folder, networks):
    encoder, decoder = (part.state_dict() for part in networks)
    found = load_segmenter(f"csail:{folder}")
    assert [str(concept) for concept in found.vocabulary.concepts] == [
        "red|color",
        "blue|color",
        "tree|object",
    ]
    assert (found.planes, found.preprocessing.size) == (2, (96, 96))
    made = SegmenterLabeller(found, PixelGrid(Framing(), (64, 64), (12, 12)))
    prepared = made.prepare(0, np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8))
    rgb = (torch.from_numpy(prepared)[None] + 1) / 2 * 255
    pixels = (rgb.flip(1) - torch.tensor([100.0, 110, 120])[:, None, None]) / torch.tensor([1.0, 2, 4])[
        :, None, None
    ]
    total = 0
    with torch.inference_mode():
        for size in (64, 96):
            x = F.interpolate(pixels, size=(size, size), mode="bilinear", antialias=True)
            scores = plain_decoder(decoder, plain_encoder(encoder, x))
            scores = F.interpolate(scores, size=(12, 12), mode="bilinear")
            total = total + torch.cat([scores[:, :3].softmax(1), scores[:, 3:].softmax(1)], 1)
    colors = np.array([0, 1, 2])[total[:, :3].argmax(1)]
    objects = np.array([0, 3, 0, 3])[total[:, 3:].argmax(1)]  # "-", tree, car (internal), tree
    labels = made.label([prepared])
    assert (labels[:, 0] == colors).mean() > 0.99
    assert (labels[:, 1] == objects).mean() > 0.99


def test_mean_colors_up_to_one_are_in_units_of_one(tmp_path):
    content = {**LABELS, "imageformat": {"mean": [0.5, 0.4, 0.3], "stdev": [0.2, 0.2, 0.2]}}
    (tmp_path / "labels.json").write_text(json.dumps({k: v for k, v in content.items() if k != "segsizes"}))
    labels = read_csail_labels(tmp_path / "labels.json")
    assert (labels.highest, labels.blue_first, labels.sizes) == (1.0, False, (256,))


def change(key: str, value: Any) -> str:
    return json.dumps({k: v for k, v in {**LABELS, key: value}.items() if v is not None})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nonsense", "cannot be read as JSON"),
        (change("categories", None), "lacks 'categories'; a CSAIL-format segmenter has labels, categories"),
        (
            change("categories", [{"name": "color"}]),
            "a label is of category 'object', and the categories are color",
        ),
        (
            change("categories", [{"name": "color", "type": "sigmoid"}, {"name": "object"}]),
            "category 'color' is of type 'sigmoid'; only softmax is known",
        ),
        (change("labels", [{"name": "red"}]), "lacks 'category'"),
        (change("labels", ["red"]), "cannot be used"),
        (
            change("imageformat", {"byteorder": "GRB", "mean": [1], "stdev": [1]}),
            "has the byteorder 'GRB'; it must be RGB or BGR",
        ),
        (
            change("imageformat", {"mean": [1], "stdev": [1]}),
            "imageformat has the mean [1]; it must be three numbers",
        ),
        (change("segsizes", "big"), "cannot be used"),
    ],
)
def test_label_files_that_do_not_fit(tmp_path, content, message):
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(UnitscopeError) as caught:
        read_csail_labels(tmp_path / "labels.json")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_number_of_labels_is_refused(folder):
    (folder / "labels.json").write_text(json.dumps({**LABELS, "labels": LABELS["labels"][:-1]}))
    with pytest.raises(UnitscopeError, match=r"has 7 channels of scores and its labels.json 6 labels"):
        load_segmenter(f"csail:{folder}")


def test_another_network_is_refused(folder):
    torch.save({"features.0.weight": torch.zeros(1)}, folder / "encoder_epoch_20.pth")
    with pytest.raises(UnitscopeError, match=r"the encoder is no residual network.*features\.0\.weight"):
        load_segmenter(f"csail:{folder}")


def test_missing_files_are_named(folder):
    (folder / "decoder_epoch_20.pth").rename(folder / "other.pth")
    with pytest.raises(
        UnitscopeError, match=r"no decoder_epoch_20.pth .*encoder_epoch_20.pth, labels.json, other.pth"
    ):
        load_segmenter(f"csail:{folder}")
    (folder / "other.pth").rename(folder / "decoder_epoch_3.pth")
    (folder / "labels.json").unlink()
    with pytest.raises(UnitscopeError, match=r"labels\.json"):
        load_segmenter(f"csail:{folder}")
