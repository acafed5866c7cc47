"""The bundled network: it classifies unseen scenes, and colours alone do not."""

from __future__ import annotations

import json
from importlib import resources

import pytest
import torch

from training import findings
from training.baseline import histogram_accuracy
from training.cards import classifier_card
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
    return render_set(280, "test", 1)


def test_weights_are_small():
    folder = resources.files("unitscope.world") / "weights"
    assert len((folder / "world_vgg.safetensors").read_bytes()) <= 6_000_000


def test_unseen_scenes_are_classified(unseen):
    share, classes = accuracy(world_classifier(), unseen)
    assert 0.75 <= share <= 0.95
    assert len(classes) == len(SCENE_CLASSES)


def test_colour_histograms_do_not_classify_scenes(unseen):
    seen = render_set(350, "train", 1)
    assert 1 / len(SCENE_CLASSES) < histogram_accuracy(seen, unseen) <= 0.35


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
    assert maps["last"].shape[1] == 256
    assert maps["last"].shape[2:] == (14, 14)


def test_model_card_figures_agree():
    folder = resources.files("unitscope.world")
    figures = json.loads((folder / "weights" / "world_vgg.json").read_text())
    card = (folder / "MODEL_CARD.md").read_text()
    assert card == classifier_card(figures)
    assert f"{100 * figures['accuracy']:.1f} %" in card
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


def test_findings_add_figures_and_the_card(tmp_path):
    threads = torch.get_num_threads()
    try:
        train(tmp_path, Settings(scenes=16, test_scenes=70, epochs=1, batch=8, threads=1))
        findings.measure(
            tmp_path, findings.Settings(pictures=12, train=42, val=42, histograms=140, threads=1)
        )
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)
    figures = json.loads((tmp_path / "world_vgg.json").read_text())
    for found in figures["units"].values():
        assert [found[layer]["units"] for layer in CLASSIFIER_LAYERS] == [32, 96, 160, 256]
        assert all(each["concepts"] <= each["detectors"] <= each["units"] for each in found.values())
    for found in figures["importance"].values():
        assert 0 < found["sets"]["all units"] <= 1
        assert set(found["sets"]) >= {"importance removed 20", "random removed 20", "importance kept 20"}
    assert len(figures["important_units"]) == findings.SHOWN
    assert (tmp_path / findings.MODEL_CARD).read_text() == classifier_card(figures)
