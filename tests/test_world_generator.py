"""The bundled generator and segmenter: how they are trained, what they are, and how they are measured."""

from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from training import critics, generator, quality, segmenter
from training.cards import generator_card, segmenter_card
from training.common import render_reduced, short_products
from training.measures import (
    concept_shares,
    frechet_distance,
    intersection_over_union,
    interval_of_mean,
    precision_and_recall,
)
from unitscope.concepts.segmenters import load_segmenter
from unitscope.models.registry import load_generator
from unitscope.sources.latents import seeded_latents
from unitscope.world import SCENE_CLASSES, VOCABULARY, render_scene
from unitscope.world.generator import GENERATOR_LATENTS, GENERATOR_LAYERS, GENERATOR_SCENE, world_generator
from unitscope.world.names import PLANES
from unitscope.world.reduced import REDUCED_SIZE, reduced_scene
from unitscope.world.segmenter import LEARNED, WorldLabels, WorldSegmenter, segmenter_network
from unitscope.world.source import SPLIT_SIZE, SPLITS


@pytest.fixture
def torch_as_it_was():
    threads = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


def test_reduced_scenes_are_means_and_votes():
    picture, labels = reduced_scene(7, scene="park")
    drawn = render_scene(7, scene="park", size=2 * REDUCED_SIZE, mild=True)
    for y, x in ((0, 0), (31, 17), (63, 63)):
        block = np.s_[2 * y : 2 * y + 2, 2 * x : 2 * x + 2]
        mean = drawn.picture[block].reshape(4, 3).mean(0)
        assert np.abs(picture[y, x] - mean).max() <= 0.5
        for plane in range(3):
            four = drawn.labels[plane][block].ravel().tolist()
            assert labels[plane, y, x] == max(four, key=lambda value: (four.count(value), -four.index(value)))
    assert labels.shape == (len(PLANES), REDUCED_SIZE, REDUCED_SIZE)
    assert set(np.unique(labels[3])) <= set(VOCABULARY.of_category("color"))


def test_scenes_are_rendered_in_order():
    pictures, labels = render_reduced(range(3, 6), 2)
    expected = [reduced_scene(seed) for seed in (3, 4, 5)]
    for index, (picture, maps) in enumerate(expected):
        assert np.array_equal(pictures[index].permute(1, 2, 0).numpy(), picture)
        assert np.array_equal(labels[index].numpy(), maps)
    assert len(render_reduced(range(2), 1, labels=False)[1]) == 0


@pytest.mark.parametrize(("capability", "kept"), [("AVX512", torch.bfloat16), ("AVX2", torch.float32)])
def test_products_are_short_where_a_processor_is_made_for_them(monkeypatch, capability, kept):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    ones = torch.ones(2, 2)
    with short_products(torch.device("cpu")):
        assert (ones @ ones).dtype == kept


def test_generator_training_is_deterministic_and_resumes(tmp_path, torch_as_it_was, monkeypatch):
    settings = generator.Settings(scenes=4, pictures=8, batch=2, threads=1)
    generator.train(tmp_path / "a", settings)
    weights = (tmp_path / "a" / "world_gan.safetensors").read_bytes()
    interrupted = generator.Training.step

    def step(self, number, scenes):
        if number == 3 and not (tmp_path / "again").exists():
            (tmp_path / "again").touch()
            raise KeyboardInterrupt
        return interrupted(self, number, scenes)

    monkeypatch.setattr(generator.Training, "step", step)
    with pytest.raises(KeyboardInterrupt):
        generator.train(tmp_path / "b", settings, report_every=2)
    generator.train(tmp_path / "b", settings, report_every=2)
    assert (tmp_path / "b" / "world_gan.safetensors").read_bytes() == weights
    assert (tmp_path / "b" / "sheet.png").is_file()
    assert GENERATOR_SCENE in SCENE_CLASSES


def test_training_changes_generator_and_critics_but_not_the_features(torch_as_it_was):
    settings = generator.Settings(scenes=8, pictures=64, batch=4, threads=1)
    scenes, _ = render_reduced(range(8), 1, scene=settings.scene, labels=False)
    training = generator.Training(settings, torch.device("cpu"))
    training.fit(scenes)
    parts = {name: getattr(training, name) for name in ("generator", "critics", "encoder", "features")}
    before = {
        name: {key: value.clone() for key, value in part.state_dict().items()} for name, part in parts.items()
    }
    losses = dict(zip(generator.LOSSES, training.step(0, scenes).tolist(), strict=True))
    after = {name: part.state_dict() for name, part in parts.items()}
    changed = {
        name: any(not torch.equal(value, after[name][key]) for key, value in before[name].items())
        for name in parts
    }
    assert changed == {"generator": True, "critics": True, "encoder": True, "features": False}
    assert all(value > 0 for value in losses.values())


def test_features_are_divided_by_their_spread(torch_as_it_was):
    scenes, _ = render_reduced(range(8), 1, scene="coast", labels=False)
    pictures = scenes.float() / 127.5 - 1
    features = critics.Features().eval()
    features.fit(pictures)
    for maps in features(pictures):
        sizes = maps.square().mean((0, 2, 3)).sqrt()
        assert sizes.max() < 1.001
        assert (sizes[sizes > 0.01] - 1).abs().max() < 1e-3


def test_the_energy_distance_tells_distributions_apart():
    rng = torch.Generator().manual_seed(0)
    one, same = (torch.randn((400, 8), generator=rng) for _ in range(2))
    assert abs(float(generator.energy_distance(one, same))) < 0.02
    shifted, wider = same + 0.7, same * 2
    assert float(generator.energy_distance(one, shifted)) > 0.1
    assert float(generator.energy_distance(one, wider)) > 0.05
    plain = 2 * torch.cdist(one, wider).mean() - sum(
        torch.cdist(x, x).sum() / (400 * 399) for x in (one, wider)
    )
    assert float(generator.energy_distance(one, wider)) == pytest.approx(float(plain) / 8**0.5, abs=5e-3)


def test_a_generator_goes_on_from_given_weights_while_critics_learn_first(tmp_path, torch_as_it_was):
    few = {"scenes": 4, "batch": 2, "threads": 1}
    generator.train(tmp_path / "first", generator.Settings(pictures=4, **few))
    start = tmp_path / "first" / "world_gan.safetensors"
    second = generator.Settings(pictures=4, rebuild=0.0, start=str(start), **few)
    generator.train(tmp_path / "second", second)
    assert (tmp_path / "second" / "world_gan.safetensors").read_bytes() == start.read_bytes()
    facts = json.loads((tmp_path / "second" / "world_gan.json").read_text())
    assert facts["before"]["settings"]["pictures"] == 4
    assert facts["command"].endswith(f"--start {start} --threads 1") or f"--start {start}" in facts["command"]


def test_segmenter_training_is_deterministic_and_resumes(tmp_path, torch_as_it_was):
    settings = segmenter.Settings(scenes=8, focus_scenes=4, epochs=2, batch=4, threads=1)
    for name in "ab":
        segmenter.train(tmp_path / name, settings)
    weights = [(tmp_path / name / "world_segmenter.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]
    segmenter.train(tmp_path / "a", settings)
    assert (tmp_path / "a" / "world_segmenter.safetensors").read_bytes() == weights[0]


def test_segmenter_learns(torch_as_it_was):
    torch.set_num_threads(1)
    data = render_reduced(range(8), 1, scene="coast")
    network = segmenter_network(trained=False)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    settings = segmenter.Settings(epochs=20, batch=4, rate=3e-3)
    losses = [segmenter.train_epoch(network, optimiser, data, epoch, settings) for epoch in range(20)]
    assert losses[-1] < 0.6 * losses[0]


def test_targets_and_label_values_are_inverse():
    _, labels = render_reduced(range(2), 1)
    targets = segmenter.plane_targets(labels)
    network = WorldSegmenter()
    network.forward = lambda pictures: tuple(
        torch.nn.functional.one_hot(target, len(names) + 1).movedim(-1, 1).float()
        for target, names in zip(targets, LEARNED, strict=True)
    )
    pictures = torch.rand(2, 3, 64, 64)
    found = WorldLabels(network)(pictures)
    assert torch.equal(found[:, :3], labels[:, :3].long())
    assert set(found[:, 3].unique().tolist()) <= set(VOCABULARY.of_category("color"))


def test_augmentation_keeps_labels_with_their_pixels():
    rng = np.random.default_rng(0)
    marks = torch.randint(0, 2, (16, 1, 8, 8))
    batch, labels = segmenter.augment(marks.expand(-1, 3, -1, -1).float(), marks, rng)
    assert batch.min() >= 0
    assert batch.max() <= 1
    means = [float(batch[labels.expand(-1, 3, -1, -1) == value].mean()) for value in (0, 1)]
    assert means[1] - means[0] > 0.5


def test_frechet_distance_equals_the_textbook():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(200, 6)), rng.normal(0.3, 1.4, size=(150, 6)) @ rng.normal(size=(6, 6))
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    expected = ((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-8)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-8)


def test_precision_and_recall_of_known_sets():
    rng = np.random.default_rng(2)
    real = rng.normal(size=(300, 2))
    narrow, far = real[:100] * 0.2, real + 100
    assert precision_and_recall(real, real) == (1.0, 1.0)
    assert precision_and_recall(real, far) == (0.0, 0.0)
    precision, recall = precision_and_recall(real, narrow)
    assert precision > 0.9
    assert recall < 0.3


def test_precision_counts_points_within_the_third_neighbour():
    real = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]])
    made = np.array([[-3.0], [-3.1], [7.05], [2.5], [50.0]])
    assert precision_and_recall(real, made)[0] == pytest.approx(2 / 5)


def test_shares_and_iou_are_counted():
    labels = torch.tensor([[[[1, 1], [2, 0]], [[3, 0], [0, 0]]]])
    assert np.allclose(concept_shares(labels, 5), [[0, 0.5, 0.25, 0.25, 0]])
    right = torch.tensor([[[[1, 2], [2, 0]], [[0, 3], [0, 0]]]])
    scores = intersection_over_union(labels, right, 5)
    assert np.allclose(scores[1:4], [1 / 2, 1 / 2, 0])
    assert np.isnan(scores[[0, 4]]).all()
    mean, low, high = interval_of_mean(np.array([1.0, 2.0, 3.0, 4.0]))
    assert (mean, high - mean) == (2.5, pytest.approx(1.96 * np.std([1, 2, 3, 4], ddof=1) / 2))
    assert low == pytest.approx(5 - high)


def test_controls_are_seeded_and_leave_torch_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    made = [world_generator(trained=False, seed=seed).layer3.conv.weight for seed in (0, 0, 1)]
    nets = [segmenter_network(trained=False, seed=seed).scores.weight for seed in (0, 0, 1)]
    assert torch.equal(torch.rand(2), expected)
    for first, same, other in (made, nets):
        assert torch.equal(first, same)
        assert not torch.equal(first, other)


def test_the_generator_draws_pictures():
    model = world_generator(trained=False)
    assert model(seeded_latents(2, GENERATOR_LATENTS, 0)).shape == (2, 3, REDUCED_SIZE, REDUCED_SIZE)
    modules = dict(model.named_modules())
    assert set(GENERATOR_LAYERS) <= set(modules)
    widths = [modules[f"layer{i}"].conv.weight.shape[0] for i in range(1, 7)]
    assert min(widths) >= 128


def test_weights_are_small():
    folder = resources.files("unitscope.world") / "weights"
    sizes = [len((folder / f"{name}.safetensors").read_bytes()) for name in ("world_gan", "world_segmenter")]
    assert sum(sizes) <= 12_000_000


# The bundled weights.


@pytest.fixture(scope="module")
def church():
    """Unseen scenes of the generator's class with their exact labels, and what the segmenter says of them."""
    first = SPLITS["test"] * SPLIT_SIZE + 500_000
    pictures, exact = render_reduced(range(first, first + 100), 1, scene=GENERATOR_SCENE)
    return pictures, exact, quality.Seen.of(pictures, segmenter_network())


@pytest.fixture(scope="module")
def made():
    return quality.Seen.of(quality.generate(world_generator(), 100, 5), segmenter_network())


def test_the_segmenter_finds_what_is_there(church):
    _, exact, seen = church
    scores = intersection_over_union(seen.labels, exact, len(VOCABULARY))
    right = [float((seen.labels[:, plane] == exact[:, plane]).double().mean()) for plane in range(4)]
    assert min(right) > 0.85
    assert right[3] == 1
    for name, category in (("sky", "object"), ("tree", "object"), ("church", "object"), ("roof", "part")):
        assert scores[VOCABULARY.number(name, category)] > 0.75


def test_generated_scenes_are_near_real_ones(church, made):
    real = church[2].features
    blank = quality.Seen.of(quality.generate(world_generator(trained=False), 100, 5), segmenter_network())
    near, far = (frechet_distance(real, each.features) for each in (made, blank))
    assert near < 0.2 * far


def test_generated_scenes_show_what_real_ones_show(church, made):
    real, drawn = (concept_shares(each.labels, len(VOCABULARY)).mean(0) for each in (church[2], made))
    for name, category in (("sky", "object"), ("church", "object"), ("tree", "object"), ("roof", "part")):
        number = VOCABULARY.number(name, category)
        assert 0.5 < drawn[number] / real[number] < 2


def test_the_named_segmenter_and_generator_are_the_bundled_ones():
    segmenter_of_world, generator_of_world = load_segmenter("world"), load_generator("world-gan")
    assert segmenter_of_world.vocabulary == VOCABULARY
    assert segmenter_of_world.plane_titles == PLANES
    assert generator_of_world.size == (REDUCED_SIZE, REDUCED_SIZE)
    assert generator_of_world.segmenter == "world"
    latents = seeded_latents(3, GENERATOR_LATENTS, 2)
    with torch.no_grad():
        pictures = generator_of_world.pictures(generator_of_world.module(latents))
    expected = quality.generate(world_generator(), 3, 2).permute(0, 2, 3, 1).numpy()
    assert np.abs(pictures.astype(int) - expected.astype(int)).max() <= 1


@pytest.mark.parametrize(
    ("data", "card", "write"),
    [
        ("world_gan.json", quality.GENERATOR_CARD, generator_card),
        ("world_segmenter.json", quality.SEGMENTER_CARD, segmenter_card),
    ],
)
def test_the_cards_are_written_from_the_data(data, card, write):
    folder = resources.files("unitscope.world")
    facts = json.loads((folder / "weights" / data).read_text(encoding="utf-8"))
    assert (folder / card).read_text(encoding="utf-8") == write(facts)
    assert facts["command"] in write(facts)


def test_measuring_adds_figures_and_cards(tmp_path, torch_as_it_was):
    folder = resources.files("unitscope.world") / "weights"
    for name in (
        "world_gan.safetensors",
        "world_gan.json",
        "world_segmenter.safetensors",
        "world_segmenter.json",
    ):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    quality.measure(tmp_path, quality.Settings(pictures=12, threads=1))
    found = json.loads((tmp_path / "world_gan.json").read_text())["quality"]
    assert found["pictures"] == 12
    assert found["frechet"]["untrained"] > found["frechet"]["generated"] > 0
    assert (tmp_path / quality.GENERATOR_CARD).is_file()
    right = json.loads((tmp_path / "world_segmenter.json").read_text())["quality"][GENERATOR_SCENE]
    assert right["planes"]["color"]["pixel_accuracy"] == 1
