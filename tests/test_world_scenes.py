"""The embedded world: exact labels, determinism, variety."""

from __future__ import annotations

import itertools
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from unitscope.errors import UnitscopeError
from unitscope.world import PLANES, SCENE_CLASSES, VOCABULARY, WorldPictures, render_scene
from unitscope.world.canvas import Canvas
from unitscope.world.colors import color_labels
from unitscope.world.light import outdoor_light
from unitscope.world.names import (
    COLORS,
    FIRST_COLOR,
    MATERIAL_NUMBERS,
    MATERIALS,
    OBJECT_NUMBERS,
    PART_NUMBERS,
)
from unitscope.world.people import person
from unitscope.world.textures import tile

PLACES365 = (
    Path(__file__).parents[2] / "shared" / "models" / "places365_squeezenet" / "categories_places365.txt"
)


@pytest.fixture(scope="module")
def scenes():
    return [render_scene(7_000 + i, scene=name) for name in SCENE_CLASSES for i in range(12)]


def test_same_seed_same_scene():
    for seed in (0, 5, 123_456_789):
        first, again = render_scene(seed), render_scene(seed)
        assert first.scene == again.scene in SCENE_CLASSES
        np.testing.assert_array_equal(first.picture, again.picture)
        np.testing.assert_array_equal(first.labels, again.labels)
    assert (render_scene(1).picture != render_scene(2).picture).any()


def test_global_random_state_is_neither_read_nor_changed():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    picture = render_scene(3).picture
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(render_scene(3).picture, picture)


def test_threads_render_the_same():
    with ThreadPoolExecutor(4) as pool:
        pictures = list(pool.map(lambda seed: render_scene(seed).picture, range(12)))
    for seed, picture in enumerate(pictures):
        np.testing.assert_array_equal(picture, render_scene(seed).picture)


@pytest.mark.parametrize("size", [96, 112, 160])
def test_shapes_and_types(size):
    scene = render_scene(11, size=size)
    assert scene.picture.shape == (size, size, 3)
    assert scene.picture.dtype == np.uint8
    assert scene.labels.shape == (len(PLANES), size, size)
    assert scene.labels.dtype == np.int32


@pytest.mark.parametrize("bad", [{"seed": -1}, {"seed": 0, "size": 64}, {"seed": 0, "scene": "bedrom"}])
def test_mistakes_are_named(bad):
    with pytest.raises(UnitscopeError):
        render_scene(bad.pop("seed"), **bad)


def test_planes_hold_their_own_category_only(scenes):
    for plane, category in enumerate(PLANES):
        legal = set(VOCABULARY.of_category(category)) | ({0} if category == "part" else set())
        seen = set(np.unique([scene.labels[plane] for scene in scenes]))
        assert seen <= legal


def test_the_world_is_rich(scenes):
    classes_of = defaultdict(set)
    for scene in scenes:
        for value, area in zip(*np.unique(scene.labels, return_counts=True), strict=True):
            if value and area >= 8:
                classes_of[int(value)].add(scene.scene)
    seen = {category: [v for v in VOCABULARY.of_category(category) if classes_of[v]] for category in PLANES}
    assert len(SCENE_CLASSES) >= 16
    assert len(seen["object"]) >= 60
    assert len(seen["part"]) >= 30
    assert len(seen["material"]) >= 12
    assert len(seen["color"]) == 11
    shared = [value for value in seen["object"] if len(classes_of[value]) >= 3]
    assert len(shared) > 0.55 * len(seen["object"])
    assert len(shared) >= 30


def test_labels_are_numbers_of_one_vocabulary():
    assert VOCABULARY.categories == PLANES
    values = [value for category in PLANES for value in VOCABULARY.of_category(category)]
    assert values == list(range(1, len(VOCABULARY)))


def test_materials_have_textures_of_their_own():
    tiles = [tile(material) for material in MATERIALS]
    for i, first in enumerate(tiles):
        assert abs(float(first.mean()) - 1) < 0.15
        assert all(np.abs(first - second).mean() > 1e-3 for second in tiles[:i])


@pytest.mark.skipif(not PLACES365.exists(), reason="needs ../shared/models/places365_squeezenet")
def test_scene_classes_are_named_as_in_places365():
    names = {line.split()[0][3:].replace("/", "-") for line in PLACES365.read_text().splitlines()}
    assert set(SCENE_CLASSES) <= names


def _canvas():
    rng = np.random.Generator(np.random.PCG64(3))
    canvas = Canvas(112, rng, outdoor_light(rng))
    canvas.pen("grass").rect((0, 0, 1, 1), (0.4, 0.6, 0.3), "grass")
    return canvas


def test_the_nearer_thing_overwrites_every_plane():
    canvas = _canvas()
    person(canvas, canvas.spot_at(0.5, 0.9), 1.8)
    was_person = canvas.labels[0] == OBJECT_NUMBERS["person"]
    assert (canvas.labels[1][was_person] > 0).all()
    canvas.pen("rock").rect((0.4, 0.5, 0.6, 1.0), (0.5, 0.5, 0.5), "stone")
    rock = canvas.labels[0] == OBJECT_NUMBERS["rock"]
    assert (rock & was_person).any()
    assert (canvas.labels[1][rock] == 0).all()
    assert (canvas.labels[2][rock] == MATERIAL_NUMBERS["stone"]).all()
    left = canvas.labels[0] == OBJECT_NUMBERS["person"]
    np.testing.assert_array_equal(left, was_person & ~rock)


def test_shadows_leave_labels_alone():
    canvas = _canvas()
    labels = canvas.labels.copy()
    before = canvas.rgb.mean()
    canvas.shadow(0.5, 0.5, 0.3, 0.2)
    assert canvas.rgb.mean() < before
    np.testing.assert_array_equal(canvas.labels, labels)


def test_labels_lie_where_the_picture_shows_them():
    canvas = _canvas()
    canvas.pen("tent").rect((0.25, 0.25, 0.75, 0.5), (0.9, 0.1, 0.1), "fabric", "roof")
    marked = canvas.labels[0] == OBJECT_NUMBERS["tent"]
    red = canvas.rgb[..., 0] > canvas.rgb[..., 1] + 0.3
    np.testing.assert_array_equal(marked, red)
    assert marked.mean() == pytest.approx(0.125, abs=0.002)
    assert (canvas.labels[1][marked] == PART_NUMBERS["roof"]).all()


def test_label_edges_follow_picture_edges(scenes):
    """Where two objects meet, neighbouring pixels differ more than inside one object."""
    across, inside = [], []
    for scene in scenes[::4]:
        step = np.abs(np.diff(scene.picture.astype(np.int32), axis=1)).sum(axis=-1)
        edge = np.diff(scene.labels[0], axis=1) != 0
        across.append(step[edge].mean())
        inside.append(step[~edge].mean())
    assert np.mean(across) > 3 * np.mean(inside)


def test_a_larger_picture_shows_the_same_scene():
    small, large = render_scene(21, size=100), render_scene(21, size=200)
    agreement = (large.labels[:3, ::2, ::2] == small.labels[:3]).mean()
    assert agreement > 0.95
    assert np.abs(large.picture[::2, ::2].astype(float) - small.picture).mean() < 10


def test_colour_names():
    known = {
        "black": (12, 12, 14),
        "white": (245, 245, 242),
        "grey": (128, 128, 130),
        "red": (205, 40, 35),
        "orange": (235, 130, 40),
        "yellow": (240, 210, 60),
        "green": (70, 150, 70),
        "blue": (60, 110, 200),
        "purple": (120, 60, 160),
        "pink": (240, 150, 180),
        "brown": (120, 80, 45),
    }
    given = np.array([known[name] for name in COLORS], dtype=np.uint8)
    np.testing.assert_array_equal(color_labels(given), FIRST_COLOR + np.arange(len(COLORS)))


def test_colour_plane_names_the_picture(scenes):
    agreement = [(color_labels(scene.picture) == scene.labels[3]).mean() for scene in scenes]
    assert np.mean(agreement) > 0.9


def test_objects_and_poses_vary():
    pictures = [render_scene(seed, scene="campsite").labels[0] == OBJECT_NUMBERS["tent"] for seed in range(8)]
    centres = [np.argwhere(mask).mean(axis=0) for mask in pictures if mask.any()]
    assert np.std(centres, axis=0).min() > 2


class TestWorldPictures:
    def test_reads_what_render_scene_renders(self):
        source = WorldPictures(5, split="test")
        scene = render_scene(source.seed(3))
        np.testing.assert_array_equal(source.read(3), scene.picture)
        np.testing.assert_array_equal(source.labels(3), scene.labels)
        assert SCENE_CLASSES[source.target(3)] == scene.scene
        assert source.sample_ids[3] == f"test/000003-{scene.scene}"
        assert source.vocabulary == VOCABULARY

    def test_ids_and_hashes_are_stable(self):
        first, again = WorldPictures(30), WorldPictures(30)
        assert first.sample_ids == again.sample_ids
        assert len(set(first.sample_ids)) == len(first) == 30
        assert first.content_hash == again.content_hash
        others = [WorldPictures(31), WorldPictures(30, split="train"), WorldPictures(30, size=96)]
        assert len({source.content_hash for source in (first, *others)}) == 4
        assert WorldPictures(40).sample_ids[:30] == first.sample_ids

    def test_scenes_of_some_classes_only(self):
        few = WorldPictures(12, scenes=["street", "coast"])
        assert {few.scene(number).scene for number in range(12)} == {"street", "coast"}
        assert [SCENE_CLASSES[few.target(n)] for n in range(12)] == [few.scene(n).scene for n in range(12)]
        assert few.class_names == SCENE_CLASSES
        assert few.content_hash != WorldPictures(12).content_hash
        assert few.sample_ids[3] == f"val/000003-{few.scene(3).scene}"

    def test_splits_are_disjoint(self):
        seeds = [WorldPictures(100_000_000, split=split) for split in ("train", "val", "test")]
        ranges = sorted((source.seed(0), source.seed(len(source) - 1)) for source in seeds)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(ranges))

    def test_labels_after_read_renders_once(self, monkeypatch):
        calls = []
        monkeypatch.setattr(
            "unitscope.world.source.render_scene",
            lambda seed, **given: calls.append(seed) or render_scene(seed, **given),
        )
        source = WorldPictures(4)
        source.read(2)
        source.labels(2)
        assert calls == [source.seed(2)]

    @pytest.mark.parametrize(
        "bad", [{"count": 0}, {"count": 3, "split": "tests"}, {"count": 3, "scenes": ["cost"]}]
    )
    def test_mistakes_are_named(self, bad):
        with pytest.raises(UnitscopeError):
            WorldPictures(bad.pop("count"), **bad)

    def test_index_out_of_range(self):
        with pytest.raises(IndexError):
            WorldPictures(3).read(3)
