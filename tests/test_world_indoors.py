"""The rooms of the embedded world: geometry, placing, designs, what tells classes apart."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest

from unitscope.world import SCENE_CLASSES, render_scene
from unitscope.world.canvas import Canvas
from unitscope.world.finishes import finish
from unitscope.world.interior import THINGS, Interior, Item
from unitscope.world.light import indoor_light
from unitscope.world.names import MATERIAL_NUMBERS, OBJECT_NUMBERS
from unitscope.world.scene import _INDOORS
from unitscope.world.shell import Shell
from unitscope.world.space import View, behind, painted_order

HALLMARKS = {
    "art_gallery": ("painting", "statue", "pedestal"),
    "attic": ("box",),
    "bakery-shop": ("counter", "bread", "cake", "shelf"),
    "bar": ("bar", "stool", "bottle"),
    "bathroom": ("sink", "toilet", "bathtub", "shower"),
    "bedroom": ("bed",),
    "bookstore": ("book",),
    "childs_room": ("bed", "bunk bed", "toy", "ball", "teddy bear", "doll"),
    "church-indoor": ("pew", "altar"),
    "classroom": ("blackboard", "projector screen", "desk"),
    "closet": ("clothes",),
    "coffee_shop": ("counter", "table"),
    "conference_room": ("table",),
    "corridor": ("door",),
    "dining_room": ("table",),
    "garage-indoor": ("car", "tyre", "tool", "bicycle"),
    "gymnasium-indoor": ("treadmill", "dumbbell", "mat", "basketball hoop", "ball", "bench"),
    "home_office": ("desk",),
    "home_theater": ("television", "projector screen", "sofa", "armchair"),
    "hospital_room": ("bed",),
    "hotel_room": ("bed",),
    "kitchen": ("stove", "sink", "counter", "cabinet", "refrigerator"),
    "library-indoor": ("book",),
    "living_room": ("sofa",),
    "music_studio": ("drum", "piano", "guitar", "microphone", "speaker"),
    "nursery": ("crib",),
    "office": ("desk",),
    "restaurant": ("table",),
    "shoe_shop": ("shoe", "shelf"),
    "supermarket": ("shelf",),
    "train_interior": ("seat",),
    "utility_room": ("washing machine", "dishwasher"),
    "waiting_room": ("chair", "bench", "armchair"),
}


@pytest.fixture(scope="module")
def rooms():
    return [render_scene(91_000 + i, scene=name) for name in sorted(_INDOORS) for i in range(12)]


def _canvas(seed, size=96):
    rng = np.random.Generator(np.random.PCG64(seed))
    canvas = Canvas(size, rng, indoor_light(rng))
    canvas.camera(eye=1.5, horizon=0.4, focus=0.9)
    return canvas


def _drawn(name, seed, turn=0.4):
    """Draw one thing of middling size before the camera; return the canvas."""
    canvas, thing = _canvas(seed), THINGS[name]
    w, h, d = (sum(span) / 2 for span in (thing.w, thing.h, thing.d))
    hangs = thing.d[1] == 0
    low = sum(thing.y) / 2 if thing.y else (2.4 if hangs else 0.0)
    away, middle = 1.6 * max(w, h, d, 0.2) + 0.5, low - h / 2 if hangs else low + h / 2
    eye = middle + (0.0 if thing.y or hangs else 0.4 * away)
    canvas.camera(eye=eye, horizon=0.5 - 0.9 * (eye - middle) / away, focus=0.9)
    frame = View(canvas, 0.0, 0.0, 0.0).frame(0.0, away, turn, low).moved(0.0, 0.0, -d / 2)
    extra = {}
    if name.startswith("kitchen "):
        extra = {"stuff": finish(canvas, "wood"), "slab": finish(canvas, "stone")}
    thing.draw(frame, w, h, d, **extra)
    return canvas


def test_there_are_many_kinds_of_rooms():
    assert len(_INDOORS) >= 18
    assert set(_INDOORS) <= set(SCENE_CLASSES)
    assert set(_INDOORS) == set(HALLMARKS)
    assert {"bathroom", "bedroom", "dining_room", "kitchen", "living_room", "office"} <= set(_INDOORS)


@pytest.mark.parametrize("name", sorted(_INDOORS))
def test_the_camera_sees_what_a_room_is_for(rooms, name):
    wanted = [OBJECT_NUMBERS[thing] for thing in HALLMARKS[name]]
    areas = [np.isin(scene.labels[0], wanted).sum() for scene in rooms if scene.scene == name]
    assert np.mean([area >= 60 for area in areas]) >= 0.75


def test_every_sample_of_a_room_has_an_object_and_a_material(rooms):
    for scene in rooms:
        assert (scene.labels[0] > 0).all(), (scene.scene, scene.seed)
        assert (scene.labels[2] > 0).all(), (scene.scene, scene.seed)


def test_rooms_share_their_things(rooms):
    classes_of = defaultdict(set)
    for scene in rooms:
        for value, area in zip(*np.unique(scene.labels[0], return_counts=True), strict=True):
            if area >= 10:
                classes_of[int(value)].add(scene.scene)
    common = (
        "table",
        "chair",
        "cabinet",
        "shelf",
        "book",
        "television",
        "lamp",
        "painting",
        "window",
        "door",
    )
    more = (
        "sofa",
        "armchair",
        "bed",
        "desk",
        "plant",
        "box",
        "bottle",
        "cup",
        "clock",
        "mirror",
        "rug",
        "refrigerator",
    )
    for name in common:
        assert len(classes_of[OBJECT_NUMBERS[name]]) >= 12, name
    for name in more:
        assert len(classes_of[OBJECT_NUMBERS[name]]) >= 5, name


def test_walls_and_floors_do_not_tell_rooms_apart(rooms):
    """Every class has floors of several materials."""
    materials_of = defaultdict(set)
    for scene in rooms:
        floor = scene.labels[2][scene.labels[0] == OBJECT_NUMBERS["floor"]]
        if len(floor):
            materials_of[scene.scene].add(int(np.bincount(floor).argmax()))
    assert all(len(materials) >= 3 for materials in materials_of.values())
    assert set().union(*materials_of.values()) >= {
        MATERIAL_NUMBERS[name] for name in ("wood", "tile", "carpet")
    }


@pytest.mark.parametrize("name", sorted(THINGS))
def test_every_thing_is_painted_where_it_stands(name):
    canvas = _drawn(name, 3)
    drawn = np.argwhere(canvas.labels[0] > 0) / canvas.samples
    assert len(drawn) >= 12
    middle = (drawn.min(axis=0) + drawn.max(axis=0)) / 2
    assert abs(middle[1] - 0.5) < 0.25
    assert (canvas.labels[2][canvas.labels[0] > 0] > 0).all()


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (name, name)
        for name in ("chair", "stool", "sofa", "table", "bed", "cabinet", "plant", "vase", "rug", "clock")
    ]
    + [
        ("floor lamp", "lamp"),
        ("table lamp", "lamp"),
        ("pendant", "lamp"),
        ("door", "door"),
        ("window", "window"),
    ]
    + [
        ("washstand", "sink"),
        ("television", "television"),
        ("window", "curtain"),
        ("statue", "statue"),
        ("toy", "toy"),
    ],
)
def test_things_come_in_several_designs(name, label):
    """Drawn at one place in one size, an object differs by more than colour: in outline or in its parts."""
    designs = []
    for seed in range(40):
        labels = _drawn(name, seed, turn=0.2).labels
        shape = np.where(labels[0] == OBJECT_NUMBERS[label], 1 + labels[1], 0)
        if shape.any() and all(_agreement(shape, other) < 0.95 for other in designs):
            designs.append(shape)
    assert len(designs) >= 3


def _agreement(first, second):
    either = (first > 0) | (second > 0)
    return (first == second)[either].mean()


def test_a_thing_of_several_boxes_hides_its_far_parts():
    """A box behind another one is painted first, from wherever the two are seen."""
    near, far = (0.0, 1.0, 0.0, 1.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0, 2.0, 3.0)
    for eye in ((0.5, 0.5, -1.0), (5.0, 0.5, -1.0), (-3.0, 2.0, -0.5)):
        assert behind(far, near, eye) == -1
        assert behind(near, far, eye) == 1
        assert painted_order([near, far], eye) == [1, 0]
    assert painted_order([near, far], (0.5, 0.5, 5.0)) == [0, 1]


def test_no_box_is_painted_before_what_it_hides():
    rng = np.random.Generator(np.random.PCG64(8))
    for _ in range(30):
        cells = np.array(list(itertools.product(range(3), [0], range(4)))) * 2.0
        low = cells + rng.uniform(0, 1, (12, 3)) * (1, 0, 1)
        spaces = [tuple(np.stack([p, p + rng.uniform(0.2, 0.9, 3)], axis=1).ravel()) for p in low]
        order = painted_order(spaces, (3.0, 1.5, -1.0))
        place = {k: i for i, k in enumerate(order)}
        assert sorted(order) == list(range(12))
        wrong = sum(
            behind(spaces[i], spaces[j], (3.0, 1.5, -1.0)) * (1 if place[i] < place[j] else -1) > 0
            for i, j in itertools.combinations(range(12), 2)
        )
        assert wrong == 0


def test_a_turned_camera_sees_the_same_room():
    """Turning the camera and everything else by one angle leaves the picture as it is."""
    canvas = _canvas(0)
    straight = View(canvas, 1.0, 0.5, 0.0).frame(1.3, 3.0, 0.2)
    angle = 0.7
    dx, dz = 0.3, 2.5
    x, z = dx * math.cos(angle) + dz * math.sin(angle), dz * math.cos(angle) - dx * math.sin(angle)
    turned = View(canvas, 1.0, 0.5, angle).frame(1.0 + x, 0.5 + z, 0.2 + angle)
    for point in ((0, 0, 0), (0.4, 0.7, -0.3), (-1, 2, 0.5)):
        np.testing.assert_allclose(straight.see(*point), turned.see(*point), atol=1e-9)


def test_what_reaches_behind_the_camera_is_cut_off():
    canvas = _canvas(1)
    floor = View(canvas, 0.0, 0.0, 0.3).frame(0.0, 0.0).of("floor")
    corners = ((-9.0, 0.0, -9.0), (-9.0, 0.0, 9.0), (9.0, 0.0, 9.0), (9.0, 0.0, -9.0))
    floor.poly(corners, finish(canvas, "wood"))
    seen = (canvas.labels[0] > 0).mean(axis=1)
    horizon = int(canvas.horizon * canvas.samples)
    assert (seen[: horizon - 2] == 0).all()
    assert (seen[horizon + 60 :] == 1).all()


def test_nothing_runs_into_anything():
    for seed in range(12):
        canvas = _canvas(seed)
        place = Interior(canvas, Shell(4.0, 4.5, 2.5))
        for name in ("bed", "wardrobe", "desk", "shelf", "window", "painting", "radiator", "door"):
            place.against(name)
        for name in ("chair", "stool", "box", "plant", "low table", "basket"):
            place.free(name)
        assert len(place.items) >= 8
        for first, second in itertools.combinations(place.items, 2):
            assert not _collide(first, second), (first.name, second.name)


def _collide(first: Item, second: Item) -> bool:
    pairs = zip(first.space[::2], first.space[1::2], second.space[::2], second.space[1::2], strict=True)
    return all(min(b, d) - max(a, c) > 0.02 for a, b, c, d in pairs)


def test_what_lies_on_a_table_lies_apart():
    place = Interior(_canvas(4), Shell(4.0, 4.0, 2.5))
    table = place.free("table")
    place.lay(table, *["cup", "plate", "bottle", "book", "bowl"] * 3)
    assert len(table.on) >= 5
    for (_, a, _, s), (_, b, _, t) in itertools.combinations(table.on, 2):
        assert abs(a[0] - b[0]) > (s[0] + t[0]) / 2 or abs(a[1] - b[1]) > (s[2] + t[2]) / 2


def test_rooms_are_seen_from_many_places(rooms):
    """The floor's upper edge lies high or low: near and far, high and low eyes."""
    tops = [np.argwhere(scene.labels[0] == OBJECT_NUMBERS["floor"])[:, 0] for scene in rooms]
    shares = np.array([len(rows) / 112**2 for rows in tops])
    assert shares.std() > 0.08
    assert (shares < 0.08).mean() > 0.05
    assert (shares > 0.3).mean() > 0.05
