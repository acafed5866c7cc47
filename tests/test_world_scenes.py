"""The embedded world: exact labels, determinism, variety."""

from __future__ import annotations

import itertools
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unitscope.errors import UnitscopeError
from unitscope.world import (
    PLANES,
    SCENE_CLASSES,
    VOCABULARY,
    WorldPictures,
    built,
    churches,
    farmyard,
    landmarks,
    leisure,
    plants,
    render_scene,
    transport,
    vehicles,
)
from unitscope.world import source as world_source
from unitscope.world.camera import Lens, Window, draw_lens, draw_window
from unitscope.world.canvas import Canvas
from unitscope.world.colors import color_labels
from unitscope.world.imaging import DARKEST, expose, record
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
from unitscope.world.reduced import reduced_scene
from unitscope.world.scene import _INDOORS, _OUTDOORS
from unitscope.world.textures import tile

PLACES365 = (
    Path(__file__).parents[2] / "shared" / "models" / "places365_squeezenet" / "categories_places365.txt"
)


@pytest.fixture(scope="module")
def scenes():
    return [render_scene(7_000 + i, scene=name) for name in SCENE_CLASSES for i in range(8)]


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
    assert len(SCENE_CLASSES) >= 40
    assert len(seen["object"]) >= 120
    assert len(seen["part"]) >= 70
    assert len(seen["material"]) >= 30
    assert len(seen["color"]) == 11
    shared = [value for value in seen["object"] if len(classes_of[value]) >= 3]
    assert len(shared) > 0.6 * len(seen["object"])
    assert len(shared) >= 75


def test_outdoors_are_more_classes_than_rooms():
    assert len(_OUTDOORS) >= 24
    assert not set(_OUTDOORS) & set(_INDOORS)


def test_common_objects_are_seen_in_many_classes(scenes):
    """An object tells classes apart only together with others: no class has its concepts to itself."""
    classes_of = defaultdict(set)
    for scene in scenes:
        for value in np.unique(scene.labels[0]):
            classes_of[int(value)].add(scene.scene)
    for name in ("car", "person", "tree", "house", "church", "boat", "bench", "signboard", "fence"):
        assert len(classes_of[OBJECT_NUMBERS[name]]) >= 6, name


def test_no_picture_is_dark(scenes):
    """At night, too, a viewer sees what is there."""
    brightness = np.array([scene.picture.mean() for scene in scenes])
    assert brightness.min() > 60
    assert np.quantile(brightness, 0.05) > 80


def test_a_third_of_the_pictures_is_nearly_grey(scenes):
    pictures = [scene.picture.astype(np.int32).reshape(-1, 3) for scene in scenes]
    chroma = np.array([(pixels.max(axis=1) - pixels.min(axis=1)).mean() for pixels in pictures])
    assert 0.25 < (chroma < 18).mean() < 0.55
    assert (chroma > 40).mean() > 0.2


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
    pictures = [
        render_scene(seed, scene="campsite").labels[0] == OBJECT_NUMBERS["tent"] for seed in range(12)
    ]
    centres = [np.argwhere(mask).mean(axis=0) for mask in pictures if mask.any()]
    assert np.std(centres, axis=0).min() > 4
    areas = np.array([mask.sum() for mask in pictures if mask.any()])
    assert areas.max() > 4 * areas.min()


@pytest.mark.parametrize(
    ("draw", "name", "arguments", "metres"),
    [
        (plants.tree, "tree", (4.0,), 7),
        (vehicles.car, "car", (), 7),
        (transport.boat, "boat", (4.0,), 7),
        (built.house, "house", (), 14),
        (churches.church, "church", (10.0,), 16),
        (leisure.tent, "tent", (), 6),
        (farmyard.barn, "barn", (10.0,), 16),
        (landmarks.gravestone, "gravestone", (2.0,), 6),
    ],
)
def test_objects_come_in_several_designs(draw, name, arguments, metres):
    """Drawn at one place in one size, an object has outlines that differ by more than a mirror image."""
    designs = []
    for seed in range(24):
        rng = np.random.Generator(np.random.PCG64(seed))
        canvas = Canvas(96, rng, outdoor_light(rng))
        draw(canvas, canvas.spot(0.0, metres), *arguments)
        outline = canvas.labels[0] == OBJECT_NUMBERS[name]
        assert outline.any()
        turned = [*designs, *(design[:, ::-1] for design in designs)]
        if all(_overlap(outline, other) < 0.9 for other in turned):
            designs.append(outline)
    assert len(designs) >= 3


def _overlap(first, second):
    return (first & second).sum() / max(1, (first | second).sum())


class TestCamera:
    @pytest.mark.parametrize("zoom", [1.0, 2.2])
    @pytest.mark.parametrize("roll", [-0.15, 0.0, 0.1])
    def test_sees_nothing_beyond_the_scene(self, zoom, roll):
        window = Window(0.9, 0.1, zoom, roll).fitted()
        back = window.matrix(300)[6:].reshape(2, 3)
        corners = np.array([(0, 0, 1), (300, 0, 1), (0, 300, 1), (300, 300, 1)]) @ back.T
        assert corners.min() > -0.01
        assert corners.max() < 300.01

    def test_the_way_back_undoes_the_way_there(self):
        there, back = Window(0.4, 0.6, 1.7, 0.12).matrix(300).reshape(2, 2, 3)
        point = np.array([40.0, 210.0])
        seen = there[:, :2] @ point + there[:, 2]
        np.testing.assert_allclose(back[:, :2] @ seen + back[:, 2], point, atol=1e-2)

    def test_labels_turn_and_grow_with_the_picture(self):
        """A red tent on grass: wherever the window looks, labels lie on the red samples."""
        rng = np.random.Generator(np.random.PCG64(3))
        window = Window(0.4, 0.4, 1.6, 0.14).fitted()
        canvas = Canvas(112, rng, outdoor_light(rng), window)
        canvas.pen("grass").rect((0, 0, 1, 1), (0.4, 0.6, 0.3), "grass")
        canvas.pen("tent").rect((0.25, 0.25, 0.55, 0.5), (0.9, 0.1, 0.1), "fabric", "roof")
        marked = canvas.labels[0] == OBJECT_NUMBERS["tent"]
        np.testing.assert_array_equal(marked, canvas.rgb[..., 0] > canvas.rgb[..., 1] + 0.3)
        assert (canvas.labels[0] > 0).all()
        assert marked.mean() == pytest.approx(0.3 * 0.25 * window.zoom**2, rel=0.02)
        left = np.argwhere(marked)[:, 1].min(axis=0)
        assert not marked[:, left].all()

    def test_windows_vary(self):
        rng = np.random.Generator(np.random.PCG64(1))
        windows = [draw_window(rng, mild=False) for _ in range(400)]
        zooms = np.array([window.zoom for window in windows])
        assert np.quantile(zooms, 0.3) < 1.25
        assert (zooms > 1.6).mean() > 0.1
        assert zooms.max() <= 2.3
        assert np.std([window.roll for window in windows]) > 0.03

    def test_reflections_leave_labels_alone(self):
        canvas = _canvas()
        canvas.pen("water").rect((0, 0.5, 1, 1), (0.2, 0.3, 0.5), "water")
        canvas.pen("tent").rect((0.3, 0.3, 0.6, 0.5), (0.9, 0.1, 0.1), "fabric")
        labels, before = canvas.labels.copy(), canvas.rgb[200, 150].copy()
        canvas.mirror("water", 0.5, 0.5)
        canvas.reflect()
        np.testing.assert_array_equal(canvas.labels, labels)
        assert canvas.rgb[200, 150, 0] > before[0] + 0.1
        np.testing.assert_array_equal(canvas.rgb[200, 20, 0] < 0.45, True)


class TestImaging:
    LENS = Lens(1.0, (1.0, 1.0, 1.0), 1.0, 1.0, 0.0, 0.0, (0.0, 0.0), 0.0, coarse=False)

    @pytest.fixture
    def lit(self):
        return np.random.Generator(np.random.PCG64(5)).random((64, 64, 3), dtype=np.float32)

    def test_automatic_exposure_lifts_a_dark_scene(self, lit):
        assert expose(lit * 0.1, self.LENS).mean() == pytest.approx(DARKEST, abs=0.05)

    def test_no_saturation_is_grey(self, lit):
        picture = expose(lit, replace(self.LENS, saturation=0.0))
        assert np.ptp(picture, axis=2).max() < 1e-5

    @pytest.mark.parametrize("blur", [{"defocus": 0.02}, {"motion": (0.08, 0.0)}])
    def test_blur_smooths_and_keeps_the_brightness(self, lit, blur):
        sharp, blurred = expose(lit, self.LENS), expose(lit, replace(self.LENS, **blur))
        assert blurred.std() < 0.6 * sharp.std()
        assert blurred.mean() == pytest.approx(sharp.mean(), abs=0.01)

    def test_motion_blurs_along_its_direction_only(self):
        stripes = np.zeros((64, 64, 3), np.float32)
        stripes[::8] = 1.0
        along = expose(stripes, replace(self.LENS, motion=(0.1, 0.0)))
        np.testing.assert_allclose(along, expose(stripes, self.LENS), atol=1e-5)
        assert expose(stripes, replace(self.LENS, motion=(0.0, 0.1))).std() < 0.7 * along.std()

    def test_coarse_colours_keep_brightness(self, lit):
        rng = np.random.Generator(np.random.PCG64(0))
        fine, coarse = (record(lit, replace(self.LENS, coarse=flag), rng) for flag in (False, True))
        assert np.abs(fine.mean(axis=2) - coarse.mean(axis=2)).mean() < 12
        assert coarse.std(axis=2).mean() < 0.8 * fine.std(axis=2).mean()


@pytest.fixture(scope="module")
def churches_reduced():
    """The label maps of churches at 64 pixels, `(80, 4, 64, 64)`."""
    return np.stack([reduced_scene(600 + k, scene="church-outdoor")[1] for k in range(80)])


class TestChurch:
    """The class that a generator learns: objects must be removable and insertable."""

    def test_doors_are_large_and_common(self, churches_reduced):
        areas = (churches_reduced[:, 1] == PART_NUMBERS["door"]).sum(axis=(1, 2))
        assert (areas >= 20).mean() >= 0.75
        assert np.median(areas[areas > 0]) >= 80

    def test_doors_are_anywhere_on_the_facade(self, churches_reduced):
        doors = churches_reduced[:, 1] == PART_NUMBERS["door"]
        middles = np.array([np.argwhere(mask).mean(axis=0) for mask in doors if mask.sum() >= 30])
        assert middles[:, 1].std() > 8
        assert middles[:, 0].std() > 3
        assert doors.mean(axis=0).max() < 0.45

    def test_other_things_are_common_and_large(self, churches_reduced):
        for name, area, share in (
            ("tree", 40, 0.5),
            ("cloud", 20, 0.5),
            ("person", 40, 0.25),
            ("grass", 40, 0.4),
        ):
            areas = (churches_reduced[:, 0] == OBJECT_NUMBERS[name]).sum(axis=(1, 2))
            assert (areas >= area).mean() >= share, name
        for name, share in (("dome", 0.3), ("window", 0.7)):
            areas = (churches_reduced[:, 1] == PART_NUMBERS[name]).sum(axis=(1, 2))
            assert (areas >= 15).mean() >= share, name

    def test_mild_pictures_are_upright_sharp_and_coloured(self):
        rng = np.random.Generator(np.random.PCG64(2))
        for _ in range(50):
            window, lens = draw_window(rng, mild=True), draw_lens(rng, mild=True)
            assert window.roll == 0
            assert window.zoom < 1.2
            assert lens.defocus == 0
            assert lens.motion == (0, 0)
            assert lens.saturation > 0.5


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

    def test_who_reads_the_same_scenes_renders_them_once(self, monkeypatch):
        calls = []
        monkeypatch.setattr(
            "unitscope.world.source.render_scene",
            lambda seed, **given: calls.append(seed) or render_scene(seed, **given),
        )
        source = WorldPictures(4, size=100)
        picture = source.read(2)
        source.labels(2)
        np.testing.assert_array_equal(WorldPictures(9, size=100).read(2), picture)
        assert calls == [source.seed(2)]
        only = WorldPictures(4, size=100, scenes=["coast"])
        assert only.scene(2).scene == "coast"
        assert WorldPictures(4, size=101).read(2).shape == (101, 101, 3)
        assert calls == [source.seed(2)] * 3

    def test_scenes_in_memory_are_few_and_nobody_writes_over_them(self, monkeypatch):
        monkeypatch.setattr(world_source._kept, "most_bytes", 1_000_000)
        pictures = WorldPictures(12, size=99)
        for number in range(12):
            pictures.read(number)
        assert world_source._kept.bytes <= 1_000_000
        pictures.read(11)[:] = 0
        pictures.labels(11)[:] = 0
        assert pictures.read(11).any()
        assert pictures.labels(11).any()
        with pytest.raises(ValueError, match="read-only"):
            pictures.scene(11).picture[:] = 0

    @pytest.mark.parametrize(
        "bad", [{"count": 0}, {"count": 3, "split": "tests"}, {"count": 3, "scenes": ["cost"]}]
    )
    def test_mistakes_are_named(self, bad):
        with pytest.raises(UnitscopeError):
            WorldPictures(bad.pop("count"), **bad)

    def test_index_out_of_range(self):
        with pytest.raises(IndexError):
            WorldPictures(3).read(3)
