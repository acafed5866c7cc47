"""The bundled network: it classifies unseen scenes, and colours alone do not."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from training.classifier import Settings, accuracy, render_set, train, wilson
from training.common import rate_at
from unitscope.world import (
    CLASSIFIER_INPUT,
    CLASSIFIER_LAYERS,
    SCENE_CLASSES,
    WorldPictures,
    world_classifier,
)
from unitscope.world.classifier import normalise


@pytest.fixture(scope="module")
def unseen():
    return render_set(300, "test", 1)


def histograms(data):
    """8 x 8 x 8 RGB histograms of uint8 pictures `(N, 3, H, W)`."""
    bins = (data.pictures.numpy() >> 5).astype(np.int64)
    codes = (bins[:, 0] * 64 + bins[:, 1] * 8 + bins[:, 2]).reshape(len(bins), -1)
    return np.stack([np.bincount(row, minlength=512) for row in codes]).astype(np.float32)


def test_weights_are_small():
    folder = resources.files("unitscope.world") / "weights"
    assert len((folder / "world_vgg.safetensors").read_bytes()) <= 6_000_000


def test_unseen_scenes_are_classified(unseen):
    share, classes = accuracy(world_classifier(), unseen)
    assert share >= 0.90
    assert len(classes) == len(SCENE_CLASSES)


def test_colour_histograms_do_not_classify_scenes(unseen):
    seen = render_set(500, "train", 1)
    scaler = StandardScaler().fit(histograms(seen))
    model = LogisticRegression(C=0.003, max_iter=400, tol=0.02)
    model.fit(scaler.transform(histograms(seen)), seen.targets.numpy())
    share = model.score(scaler.transform(histograms(unseen)), unseen.targets.numpy())
    assert 0.10 <= share <= 0.60


def test_the_control_is_seeded_and_knows_nothing(unseen):
    few = type(unseen)(unseen.pictures[:60], unseen.targets[:60])
    control, again, other = (world_classifier(trained=False, seed=seed) for seed in (4, 4, 5))
    assert torch.equal(control.conv1_1.weight, again.conv1_1.weight)
    assert not torch.equal(control.conv1_1.weight, other.conv1_1.weight)
    assert accuracy(control, few)[0] < 0.35


def test_building_the_network_leaves_torch_alone():
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    world_classifier(trained=False)
    assert torch.equal(torch.rand(3), expected)


def test_layers_and_maps():
    model = world_classifier()
    assert not model.training
    modules = dict(model.named_modules())
    assert {"conv1_1", "relu1_1", "conv1_2", "conv4_3", "relu4_3", "pool4", *CLASSIFIER_LAYERS} <= set(
        modules
    )
    assert not any(module.inplace for module in modules.values() if isinstance(module, torch.nn.ReLU))
    maps = {}
    modules["relu4_3"].register_forward_hook(lambda module, inputs, output: maps.update(last=output))
    logits = model(torch.zeros(2, 3, CLASSIFIER_INPUT, CLASSIFIER_INPUT))
    assert logits.shape == (2, len(SCENE_CLASSES))
    assert maps["last"].shape[1] >= 128
    assert maps["last"].shape[2:] == (14, 14)


def test_model_card_figures_agree():
    folder = resources.files("unitscope.world")
    figures = json.loads((folder / "weights" / "world_vgg.json").read_text())
    card = (folder / "MODEL_CARD.md").read_text()
    assert f"{100 * figures['accuracy']:.1f} %" in card
    assert str(figures["seconds"]) in card.replace(",", "").replace(" ", "") or "min" in card
    assert figures["command"] in card


def test_training_is_deterministic_and_resumes(tmp_path):
    threads = torch.get_num_threads()
    settings = Settings(scenes=24, test_scenes=10, epochs=2, batch=8, threads=1)
    try:
        train(tmp_path / "a", settings)
        train(tmp_path / "b", settings)
        weights = [(tmp_path / name / "world_vgg.safetensors").read_bytes() for name in "ab"]
        assert weights[0] == weights[1]
        (tmp_path / "a" / "world_vgg.safetensors").unlink()
        train(tmp_path / "a", settings)
        assert (tmp_path / "a" / "world_vgg.safetensors").read_bytes() == weights[0]
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)


def test_rate_rises_then_falls_to_zero():
    rates = [rate_at(step, 100, 1.0) for step in range(101)]
    assert max(rates) == pytest.approx(1.0)
    assert rates[100] == pytest.approx(0.0, abs=1e-9)
    assert 0 < rates[0] < 0.2


def test_wilson_interval():
    low, high = wilson(0.95, 1000)
    assert low == pytest.approx(0.9347, abs=5e-4)
    assert high == pytest.approx(0.9619, abs=5e-4)


def test_normalise_is_per_channel():
    out = normalise(torch.full((1, 3, 2, 2), 0.5))
    assert out.shape == (1, 3, 2, 2)
    assert out[0, 0, 0, 0] != out[0, 2, 0, 0]


def test_targets_match_ids():
    source = WorldPictures(10, split="test")
    assert [SCENE_CLASSES[source.target(i)] for i in range(10)] == [
        name.split("-", 1)[1] for name in source.sample_ids
    ]
