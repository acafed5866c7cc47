"""Forcing units of a planted generator on at single places: by context, by location, and as naive loops say."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from effects_cases import assert_same_tables, assert_survives_every_kill, skew_corrected
from PIL import Image
from planted_generator import (
    CELLS,
    DOOR,
    OBJECTS,
    PER_CELL,
    POINTS,
    SIDE,
    SKY,
    SUN,
    TREE,
    VOCABULARY,
    WALL,
    areas,
    label_maps,
    on,
    planted_samples,
    planted_subject,
)
from scipy.stats import binomtest

from unitscope.errors import UnitscopeError
from unitscope.experiments.effects.insertion import force_at, run_insertion
from unitscope.experiments.effects.locations import Footprints, LocationPlan, lattice
from unitscope.experiments.effects.settings import InsertionSettings, Level, Locations
from unitscope.layer.interventions import insert
from unitscope.run.effect_summaries import Cells

pytestmark = pytest.mark.usefixtures("traced_once")

SETTINGS = {"concept": "door", "units": 1, "random": 1, "choose_on": "all"}
COUNT = 12


def force(out, subject=None, *, levels=None, **given):
    subject = subject or planted_subject(COUNT)
    chosen = subject.matches.thresholds if levels is None else levels
    return run_insertion(subject, InsertionSettings(**{**SETTINGS, **given}), out, levels=chosen)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return force(tmp_path_factory.mktemp("insertion") / "out")


def base_cells(sample: int, state) -> np.ndarray:
    """What each cell of the 4x4 grid shows in the picture of a latent."""
    cells = np.zeros((CELLS, CELLS), int)
    if state[3]:
        cells[0], cells[0, 3] = SKY, SUN
    if state[2]:
        cells[2:, :3] = WALL
    if state[1] and state[2]:
        cells[3, 2] = DOOR
    if state[0]:
        cells[1:3, 0] = TREE
    if state[5]:
        cells[1, 1:3] = TREE
    return cells


# Planted answers.


def test_doors_appear_in_walls_and_nowhere_else(found):
    doors = found.contexts[found.contexts["set"] == 0].set_index("number")
    expected = [base_cells(n, state) for n, state in enumerate(on(planted_samples(COUNT)))]
    for context in (0, TREE, DOOR, WALL, SKY, SUN):
        places = sum(int((cells == context).sum()) for cells in expected)
        assert doors.loc[context, "places"] == places > 0
        assert doors.loc[context, "latents"] == sum(bool((cells == context).any()) for cells in expected)
        appears = context == WALL
        assert doors.loc[context, "success"] == appears
        assert doors.loc[context, "successes"] == appears * places
        assert doors.loc[context, "new_area"] == pytest.approx(appears * PER_CELL / POINTS**2)
        draws = doors.loc[context, "latents"]
        assert draws >= 2
        exact = binomtest(int(appears * draws), int(draws)).proportion_ci(method="exact")
        ends = doors.loc[context, ["success_low", "success_high"]].tolist()
        assert ends == pytest.approx([exact.low, exact.high])
    assert doors.loc[WALL, "concept"] == "wall"
    assert doors.loc[[0], "concept"].isna().all()


def test_the_map_of_success(found):
    cells = np.stack([base_cells(n, state) for n, state in enumerate(on(planted_samples(COUNT)))])
    rows = found.locations[found.locations["set"] == 0]
    assert np.array_equal(rows["successes"].to_numpy().reshape(CELLS, CELLS), (cells == WALL).sum(0))
    assert (rows["places"] == COUNT).all()
    share = rows["success"].to_numpy().reshape(CELLS, CELLS)
    assert np.array_equal(share, (cells == WALL).mean(0))
    row = rows[(rows["row"] == 2) & (rows["column"] == 0)].iloc[0]
    assert (row["success_low"], row["success_high"]) == pytest.approx(
        skew_corrected((cells == WALL)[:, 2, 0], np.ones(COUNT), fewest=1, within=(0, 1)), abs=1e-9
    )


def test_new_doors_replace_wall(found):
    replaced = found.replaced[found.replaced["set"] == 0]
    assert replaced["number"].tolist() == [WALL]
    places = found.contexts[(found.contexts["set"] == 0) & (found.contexts["number"] == WALL)][
        "places"
    ].item()
    assert replaced["pixels"].item() == places * PER_CELL
    assert replaced["share"].item() == 1


def test_intervals_draw_latents_with_all_their_places(found):
    cells = np.stack([base_cells(n, state) for n, state in enumerate(on(planted_samples(COUNT)))])
    won, places = (cells == WALL).sum((1, 2)), np.full(COUNT, CELLS**2)
    row = found.sets.iloc[0]
    assert row["success"] == pytest.approx((cells == WALL).mean())
    low, high = skew_corrected(won, places, fewest=1, within=(0, 1))
    assert (row["success_low"], row["success_high"]) == pytest.approx((low, high), abs=1e-9)
    assert row["new_high"] == pytest.approx(high * PER_CELL / POINTS**2, abs=1e-9)


def test_a_random_unit_makes_no_door(found):
    assert found.sets["kind"].tolist() == ["concept", "random"]
    units = found.sets["units"][1].tolist()
    assert len(units) == 1
    assert units != [1]
    assert found.sets["success"].tolist()[1] == 0
    assert found.sets["places"].tolist() == [COUNT * CELLS**2] * 2


def test_the_level_is_forced_and_a_low_one_is_not_enough(tmp_path):
    levels = np.full(6, 0.25, np.float32)
    low = force(tmp_path / "low", levels=levels, level=Level("value", 0.25))
    assert low.sets["levels"][0].tolist() == [0.25]
    assert low.sets["success"][0] == 0
    assert low.summary.level == "value 0.25"
    lost = low.places[(low.places["set"] == 0) & (low.places["context"] == DOOR)]["lost"]
    assert (lost == PER_CELL).all(), "the door that is there is forced down to that level"
    assert len(lost)


def test_what_counts_as_a_success(tmp_path):
    need = force(tmp_path / "out", min_new=1.25, random=0)
    assert need.summary.min_new_pixels == 5
    assert need.sets["successes"][0] == 0
    assert need.sets["new_area"][0] > 0
    assert force(tmp_path / "any", min_new=0, random=0).summary.min_new_pixels == 1


def test_contexts_of_another_category(tmp_path):
    colours = force(tmp_path / "out", context="color", random=0)
    cells = np.stack([base_cells(n, state) for n, state in enumerate(on(planted_samples(COUNT)))])
    places = colours.contexts.set_index("concept")["places"]
    assert places["warm"] == np.isin(cells, (DOOR, WALL, SUN)).sum()
    assert places["cool"] == np.isin(cells, (TREE, SKY)).sum()
    assert colours.summary.context == "color"


def test_pairs_are_chosen_by_rule(found):
    pairs, places = found.pairs, found.places[found.places["set"] == 0]
    order = places["context"].value_counts()
    assert order[pairs["number"].drop_duplicates()].is_monotonic_decreasing
    assert pairs["rule"].tolist() == ["largest", "median"] * 6
    for row in pairs.itertuples():
        here = places[(places["sample"] == row.sample) & (places["row"] == row.row)]
        here = here[here["column"] == row.column].iloc[0]
        assert (here["context"], here["new"], here["lost"]) == (row.number, row.new_pixels, row.lost_pixels)
        assert row.after == f"pictures/{row.sample:06d}-r{row.row}c{row.column}-after.png"
        before, after = (np.asarray(Image.open(found.path / name)) for name in (row.before, row.after))
        new, changed = (
            np.unpackbits(np.frombuffer(mask, np.uint8), count=SIDE**2).reshape(SIDE, SIDE).astype(bool)
            for mask in (row.new_mask, row.changed_mask)
        )
        door = (after == [255, 0, 0]).all(-1)
        assert np.array_equal(new, door & ~(before == [255, 0, 0]).all(-1))
        assert np.array_equal(changed, (before != after).any(-1))
        largest = places[places["context"] == row.number]["new"].max()
        assert row.rule == "median" or row.new_pixels == largest


def test_it_says_what_it_found(found):
    said = repr(found)
    assert said.startswith("Insertion of 1 door units of units in planted, at threshold")
    assert "one place at a time: every cell of the 4x4 grid" in said
    assert re.search(r"wall: 100.0 % \(\d\d.\d to 100.0\) of", said)
    assert re.search(r"sky: 0.0 % \(0.0 to \d\d.\d\) of", said)
    assert "random units (1): 0.0 %" in said


# Naive loops.


@pytest.mark.parametrize(("concept", "units"), [("door", 2), ("tree", 2), ("sky", 1)])
def test_every_place_is_as_in_whole_passes(tmp_path, concept, units):
    result = force(tmp_path / "out", concept=concept, units=units, random=2)
    subject, number = planted_subject(COUNT), VOCABULARY.number(concept, "object")
    levels = torch.from_numpy(subject.matches.thresholds)
    table = result.places.set_index(["set", "sample", "row", "column"])
    assert table["new"].sum() > 0
    for sample in range(0, COUNT, 5):
        before = label_maps(subject.samples, sample, subject.layer)
        for group, chosen in enumerate(result.sets["units"]):
            for place in np.ndindex(CELLS, CELLS):
                region = torch.zeros(CELLS, CELLS, dtype=torch.bool)
                region[place] = True
                after = label_maps(
                    subject.samples, sample, subject.layer,
                    lambda a, u=chosen, r=region: insert(a, u.tolist(), r, level=levels),
                )  # fmt: skip
                had, has = (before == number).any(0), (after == number).any(0)
                row = table.loc[(group, sample, *place)]
                assert (row["new"], row["lost"]) == ((has & ~had).sum(), (had & ~has).sum())
                window = before[0, 2 * place[0] : 2 * place[0] + 2, 2 * place[1] : 2 * place[1] + 2]
                assert row["context"] == np.argmax(np.bincount(window.ravel()))


def test_forcing_at_cells_is_insertion_in_a_region():
    activation = torch.randn(5, 6, 3, 4)
    units = torch.rand(5, 6) > 0.5
    cells, levels = torch.tensor([0, 11, 5, 5, 7]), torch.randn(6)
    kept = activation.clone()
    forced = force_at(activation, units, cells, levels)
    assert torch.equal(activation, kept)
    for row in range(5):
        region = (torch.arange(12) == cells[row]).reshape(3, 4)
        chosen = units[row].nonzero().ravel()
        expected = insert(activation[row : row + 1], chosen, region, level=levels)
        assert torch.equal(forced[row : row + 1], expected)


def test_forcing_works_where_channels_lie_last_in_memory():
    activation = torch.randn(2, 6, 3, 4).to(memory_format=torch.channels_last)
    forced = force_at(activation, torch.ones(2, 6, dtype=torch.bool), torch.tensor([3, 4]), torch.zeros(6))
    assert (forced[0, :, 0, 3] == 0).all()
    assert (forced == 0).sum() == 12


@pytest.mark.parametrize(("batch_size", "shard"), [(1, 1), (3, 6), (40, 40)])
def test_batches_and_shards_change_nothing(found, tmp_path, pieces_of, batch_size, shard):
    pieces_of(shard)
    assert_same_tables(found.path, force(tmp_path / "out", batch_size=batch_size).path)


def test_killed_after_any_shard_it_goes_on_to_the_same_tables(found, tmp_path, monkeypatch, pieces_of):
    pieces_of(5)
    assert_survives_every_kill(force, found.path, tmp_path, monkeypatch, shards=3)


# Locations and footprints.


def test_a_lattice_of_locations(tmp_path):
    few = force(tmp_path / "out", locations=Locations(4))
    asked = few.locations[(few.locations["set"] == 0) & (few.locations["places"] > 0)]
    assert list(zip(asked["row"], asked["column"], strict=True)) == [(1, 1), (1, 3), (3, 1), (3, 3)]
    assert (asked["places"] == COUNT).all()
    assert few.summary.locations == Cells("lattice", 4)
    assert few.locations[few.locations["places"] == 0]["success"].isna().all()


def test_random_locations_are_those_of_the_seed(tmp_path):
    drawn = force(tmp_path / "out", locations=Locations(5, random=True), random=0)
    assert drawn.summary.locations == Cells("random", 5)
    assert (drawn.places.groupby("sample").size() == 5).all()
    cells = drawn.places["row"] * CELLS + drawn.places["column"]
    assert cells.nunique() > 8
    again = force(tmp_path / "again", locations=Locations(5, random=True), random=0, batch_size=1)
    assert_same_tables(drawn.path, again.path)


@pytest.mark.parametrize(
    ("grid", "count", "expected"),
    [
        ((8, 8), 16, (4, 4)),
        ((8, 8), 13, (3, 4)),
        ((4, 8), 8, (2, 4)),
        ((8, 8), 1, (1, 1)),
        ((3, 3), 8, (2, 3)),
    ],
)
def test_the_lattice_has_the_shape_of_the_grid(grid, count, expected):
    cells = lattice(grid, count)
    rows, columns = np.unique(cells // grid[1]), np.unique(cells % grid[1])
    assert {len(rows), len(columns)} == set(expected)
    assert len(cells) == len(rows) * len(columns) <= count


def test_every_location_where_more_are_asked_for_than_there_are():
    assert LocationPlan.of((2, 3), Locations(9), 0).kind == "all"
    assert LocationPlan.of((2, 3), Locations(6, random=True), 0).count == 6


@pytest.mark.parametrize(
    ("grid", "raster"), [((4, 4), (8, 8)), ((3, 5), (8, 7)), ((8, 8), (4, 6)), ((2, 2), (5, 5))]
)
def test_contexts_by_a_loop(grid, raster):
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 9, (3, 2, *raster)).astype(np.int16)
    values = np.array([2, 3, 5, 8])
    found = Footprints.of(grid, raster).contexts(labels, values, 9)
    for n in range(3):
        for cell in range(grid[0] * grid[1]):
            axes = [
                [p for p in range(points) if int((p + 0.5) * cells / points) == place]
                or [int((place + 0.5) * points / cells)]
                for place, cells, points in zip(divmod(cell, grid[1]), grid, raster, strict=True)
            ]
            counts = np.zeros(9)
            for row in axes[0]:
                for column in axes[1]:
                    here = [value for value in labels[n, :, row, column] if value in values]
                    counts[here if here else [0]] += 1
                    if len(here) == 2 and here[0] == here[1]:
                        counts[here[0]] += 1
            best = max(range(9), key=lambda value: (counts[value], value > 0, -value))
            assert found[n, cell] == best


# Mistakes.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"concept": "dor"}, "concept 'dor' is not in the vocabulary of the label maps; did you mean 'door'"),
        ({"concept": "ghost"}, "concept='ghost' never appears in the pictures of the run"),
        ({"concept": "warm"}, "no unit of layer 'units' shares a pixel with concept='warm'"),
        ({"units": 7}, "units=7 does not fit layer 'units', which has 6 units; give a number from 1 to 6"),
        ({"context": "colour"}, "context='colour' is no category of the vocabulary; did you mean 'color'"),
        ({"latents": 13}, "13 latents are asked for, the run has 12"),
        ({"levels": np.full(6, np.inf, np.float32)}, "the level of unit 0 is not finite"),
    ],
)
def test_mistakes_are_one_line_before_work_starts(tmp_path, change, message):
    with pytest.raises(UnitscopeError, match=message) as refused:
        force(tmp_path / "out", **change)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_layer_of_one_cell_is_refused(tmp_path):
    subject = planted_subject(COUNT)
    layer = replace(subject.layer, grid=(1, 1), reading=type(subject.layer.reading)("NU", (1, 1)))
    subject = replace(subject, layer=layer)
    with pytest.raises(UnitscopeError, match="layer 'units' has a grid of 1x1, so there are no places"):
        force(tmp_path / "out", subject)


def test_objects_are_what_contexts_are_of(found):
    assert found.summary.context == "object"
    assert set(found.contexts["number"]) <= {0, *OBJECTS}
    assert areas(label_maps(planted_samples(COUNT), 0, planted_subject().layer)).sum() > 0
