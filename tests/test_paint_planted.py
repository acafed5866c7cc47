"""The planted generator: painting its concepts gives exactly the known picture, and every change is known."""

import json

import numpy as np
import pytest
import torch
from planted_generator import (
    CELLS,
    COLOURS,
    DOOR,
    FILE,
    SKY,
    SUN,
    TREE,
    WALL,
    on,
    planted_run,
    planted_samples,
    shapes,
)

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.paint.levels import Levels
from unitscope.paint.palette import palette
from unitscope.paint.recipe import SCALE, Latent, Recipe, Region, Stroke, write_recipe
from unitscope.paint.studio import Studio

pytestmark = pytest.mark.usefixtures("traced_once")

CELL = SCALE // CELLS
BY_UNIT = {0: TREE, 1: DOOR, 2: WALL, 3: SKY, 5: TREE}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = planted_run(tmp_path_factory.mktemp("paint") / "run")
    unitscope.rank(path, layer="units", show=False, replicates=100)
    unitscope.insert(path, "door", layer="units", units=1, level=1.0, show=False, random=0, contexts=1)
    unitscope.remove(path, "tree", layer="units", units="1,2", show=False, random=0, pairs=1)
    return unitscope.open_run(path)


@pytest.fixture(scope="module")
def studio(run):
    return Studio.open(run, "drawing", device="cpu", units=20)


def at(row, column):
    return (column * CELL + CELL // 2, row * CELL + CELL // 2)


def draw(unit, *cells, level=1.0, **more):
    return Stroke("draw", (unit,), levels=(level,), path=tuple(at(*cell) for cell in cells), radius=0, **more)


def erase(*units, cells=None, **more):
    if cells is None:
        return Stroke("erase", units, region=Region(1, 1, ((0, 1),)), **more)
    return Stroke("erase", units, path=tuple(at(*cell) for cell in cells), radius=0, **more)


def known(units):
    """The picture of units on or off ``(6, 4, 4)``, from front to back: tree, door on wall, wall, sun, sky."""
    picture = np.zeros((CELLS, CELLS, 3))
    for row, column in np.ndindex(CELLS, CELLS):
        tree, door, wall, top = units[0] + units[5], units[1], units[2], units[3]
        stands = (
            TREE if tree[row, column] else
            DOOR if door[row, column] and wall[row, column] else
            WALL if wall[row, column] else
            (SUN if column == CELLS - 1 else SKY) if top[row, column] else 0
        )  # fmt: skip
        picture[row, column] = COLOURS.get(stands, (0, 0, 0))
    return (picture * 255).astype(np.uint8).repeat(4, 0).repeat(4, 1)


def as_drawn(number):
    return on(planted_samples())[number][:, None, None] * shapes().numpy()


@pytest.mark.parametrize("number", range(6))
def test_pictures_of_strokes_are_the_known_ones(studio, number):
    latent, units = Latent(seed=3, number=number), as_drawn(number)
    assert (studio.canvas.picture(latent) == known(units)).all()
    drawn, random = [], np.random.default_rng(number)
    for _ in range(8):
        unit, cell = int(random.integers(6)), tuple(map(int, random.integers(0, CELLS, 2)))
        if random.random() < 0.6:
            drawn.append(draw(unit, cell))
            units[(unit, *cell)] = 1
        else:
            drawn.append(erase(unit, cells=[cell]))
            units[(unit, *cell)] = 0
        assert (studio.canvas.picture(latent, drawn) == known(units)).all()


def test_a_door_comes_on_a_wall_and_nowhere_else(studio):
    number = int(np.flatnonzero(on(planted_samples())[:, 2] & ~on(planted_samples())[:, 1])[0])
    latent = Latent(seed=3, number=number)
    wall, sky = draw(1, (3, 1), concept="object/door"), draw(1, (0, 1), concept="door")
    found = studio.changes(latent, [wall, sky])
    assert [each.took for each in found.strokes] == [True, False]
    assert found.strokes[0].grew == 1 / CELLS**2
    assert found.strokes[0].there[0].concept == "object/wall"
    stood = "sky" if on(planted_samples())[number][3] else "nothing that has a name"
    assert found.strokes[1].note == f"no door came: {stood} stood there"
    assert found.after["object/door"] == pytest.approx(found.before.get("object/door", 0) + 1 / CELLS**2)
    assert found.after["object/wall"] == pytest.approx(found.before["object/wall"] - 1 / CELLS**2)


def test_a_tree_that_is_erased_is_gone(studio):
    number = int(np.flatnonzero(on(planted_samples())[:, 0])[0])
    latent = Latent(seed=3, number=number)
    found = studio.changes(latent, [erase(0, 5, concept="object/tree")])
    assert found.strokes[0].took
    assert "object/tree" in found.before
    assert "object/tree" not in found.after
    again = studio.changes(latent, [erase(0, 5, concept="tree"), erase(1, concept="tree", cells=[(3, 3)])])
    assert [each.took for each in again.strokes] == [True, False]
    assert again.strokes[1].note == "no tree was there"


def test_strokes_that_are_off_or_mean_no_concept_say_nothing(studio):
    strokes = [draw(1, (3, 1), on=False, concept="door"), draw(1, (3, 1)), draw(1, (3, 1), concept="ship")]
    found = studio.changes(Latent(seed=3, number=0), strokes)
    assert [each.took for each in found.strokes] == [None, None, None]
    assert found.strokes[2].note == "the segmenter has no concept 'ship'"


def test_a_place_selects_the_connected_part_of_its_concept(studio):
    number = int(np.flatnonzero(on(planted_samples())[:, 0] & ~on(planted_samples())[:, 5])[0])
    latent = Latent(seed=3, number=number)
    found = studio.region(latent, (), at(1, 0))
    assert found.concept == "object/tree"
    assert found.region == Region(CELLS, CELLS, ((CELLS, 1), (2 * CELLS, 1)))
    assert found.share == 2 / CELLS**2
    gone = studio.region(latent, [erase(0, 1, 2, 3, 5)], at(1, 0))
    assert (gone.concept, gone.region) == (None, None)


def test_units_that_are_on_at_a_cell_and_where_one_is_on(studio, run):
    number = int(np.flatnonzero(on(planted_samples())[:, 2])[0])
    latent = Latent(seed=3, number=number)
    thresholds = run.units.sort_values("unit")["threshold"].to_numpy()
    units = as_drawn(number)
    there = {each.unit for each in studio.units(latent, (), (3, 0))}
    assert there == {unit for unit in range(6) if units[unit, 3, 0] > thresholds[unit]}
    map_of = studio.unit(latent, [draw(2, (0, 3), level=7.0)], 2)
    expected = units[2].copy()
    expected[0, 3] = 7
    assert np.array_equal(np.reshape(map_of.activation, map_of.grid), expected)
    assert studio.units(latent, [draw(2, (0, 3), level=7.0)], (0, 3))[0].unit == 2
    for wrong in (lambda: studio.units(latent, (), (4, 0)), lambda: studio.unit(latent, (), 6)):
        with pytest.raises(UnitscopeError):
            wrong()


def test_the_palette_is_that_of_the_run(run):
    found = {each.key: each for each in palette(run, "units", 20)}
    own = run.units[run.units["detector"]]
    assert {key: each.detectors for key, each in found.items()} == (
        (own["category"] + "/" + own["concept"]).value_counts().to_dict()
    )
    for each in found.values():
        ious = [unit.iou for unit in each.units]
        assert ious == sorted(ious, reverse=True)
        assert each.best_iou == ious[0] > 0
        rows = run.table("iou")
        rows = rows[(rows["concept"] == each.name) & (rows["category"] == each.category)]
        assert {unit.unit: unit.iou for unit in each.units} == dict(
            zip(rows["unit"], rows["iou"], strict=True)
        )
        assert each.example.startswith("data:image/png;base64,")
    tree = found["object/tree"]
    assert set(tree.by_effect) <= {0, 5}
    assert (tree.acts.units, tree.acts.lost) == (2, 1.0)
    assert len({each.color for each in found.values()}) == len(found)


def test_the_palette_says_where_a_concept_is_accepted(run):
    door = {each.key: each for each in palette(run, "units", 20)}.get("object/door")
    if door is None:
        pytest.skip("no unit of this run is a detector of doors")
    by_context = {each.context: each.success for each in door.accepted}
    assert by_context["wall"] == 1
    assert by_context.get("sky", 0) == 0


def test_levels_are_those_of_the_run(run):
    levels = Levels(run, "units")
    thresholds = run.units.sort_values("unit")["threshold"].to_numpy(np.float32)
    assert np.array_equal(levels.of("threshold"), thresholds)
    assert np.array_equal(levels.of("half"), thresholds / 2)
    assert np.array_equal(levels.of("value:3"), np.full(6, 3, np.float32))
    assert levels.offered[0] == "half"
    assert "threshold" in levels.offered
    levels.prepare(lambda: None)
    for level in levels.offered[1:]:
        if level != "threshold":
            expected = unitscope.at_quantile(run, round(1 - float(level), 6)).sort_values("unit")["threshold"]
            assert np.array_equal(levels.of(level), expected.to_numpy(np.float32)), level
    with pytest.raises(UnitscopeError, match="no level"):
        levels.of("much")
    with pytest.raises(UnitscopeError, match="not kept"):
        levels.of("0.01")


def recipe_of(studio, *strokes, latent=None):
    return Recipe("paint", 1, studio.canvas.name, "units", latent or Latent(seed=3, number=1), strokes)


def test_a_recipe_draws_the_same_from_python_and_on_other_latents(studio, run, tmp_path):
    stroke = Stroke("draw", (1,), concept="door", level="threshold", path=(at(3, 1),), radius=300)
    recipe = studio.canvas.check(recipe_of(studio, stroke))
    assert recipe.strokes[0].levels == (float(studio.canvas.levels.thresholds[1]),)
    file = tmp_path / "recipe.json"
    file.write_bytes(write_recipe(recipe))
    (alone,) = unitscope.apply_recipe(run, file, device="cpu")
    assert (alone == studio.canvas.picture(recipe.latent, recipe.strokes)).all()
    several = unitscope.apply_recipe(run.path, recipe, latents=[1, 5, 30], device="cpu")
    for picture, number in zip(several, (1, 5, 30), strict=True):
        assert (picture == studio.canvas.picture(Latent(seed=3, number=number), recipe.strokes)).all()
    (other,) = unitscope.apply_recipe(run, recipe, latents=[0], seed=8, device="cpu")
    assert (other == studio.canvas.picture(Latent(seed=8, number=0), recipe.strokes)).all()


def test_latents_between_others_and_by_value(studio):
    read = studio.canvas.latents.read
    one, two = Latent(seed=3, number=1), Latent(seed=4, number=2)
    mixed = read(Latent(between=(one, two), share=0.25))
    assert torch.equal(mixed, torch.lerp(read(one), read(two), 0.25))
    assert torch.equal(read(Latent(between=(one, two), share=0.0)), read(one))
    assert torch.equal(read(Latent(between=(one, two), share=1.0)), read(two))
    assert torch.equal(read(Latent(values=tuple(read(one)[0].tolist()))), read(one))
    assert torch.equal(read(one)[0], planted_samples().latents.read([1])[0])
    with pytest.raises(UnitscopeError, match="has 2 values, and the generator takes 6"):
        read(Latent(values=(1.0, 2.0)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layer": "unit"}, "layer 'unit'"),
        (
            {"generator": {"name": "other", "weights_hash": "0" * 64}},
            "the recipe is for other with the weights 00000000",
        ),
        ({"strokes": [{"tool": "erase", "units": [6], "path": [[0, 0]], "radius": 1}]}, "has unit 6"),
        ({"latent": {"values": [1]}}, "has 1 values"),
    ],
)
def test_recipes_for_something_else_are_refused(studio, run, tmp_path, change, says):
    recipe = json.loads(write_recipe(recipe_of(studio))) | change
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    with pytest.raises(UnitscopeError, match=says):
        unitscope.apply_recipe(run, tmp_path / "recipe.json", device="cpu")


def test_runs_that_cannot_be_painted_on_are_refused(run, tmp_path):
    with pytest.raises(UnitscopeError, match=r"layer 'unist' is not in .*; did you mean 'units'"):
        Studio.open(run, "unist")
    with pytest.raises(UnitscopeError, match="has other weights than those"):
        Studio.open(run, "units", source=f"{FILE}:shifted")
    with pytest.raises(UnitscopeError, match="cannot be opened: No such file"):
        unitscope.apply_recipe(run, tmp_path / "none.json")
