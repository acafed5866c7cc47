"""Networks of planted units: what they are, and that a dissection finds what is there and not what is not."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import unitscope
from unitscope.concepts.vocabulary import Concept
from unitscope.errors import UnitscopeError
from unitscope.world import SCENE_CLASSES, VOCABULARY, WorldPictures, render_scene
from unitscope.world.maps import SceneMaps, read_maps, write_map
from unitscope.world.noise import KNOTS, Noise, estimate, smoothing
from unitscope.world.planted import MEASURED, SIDE, Evidence, PlantedUnit, concept_areas, planted_network

SKY, CAR, TREE = (VOCABULARY.number(name, "object") for name in ("sky", "car", "tree"))
GREEN, RED = (VOCABULARY.number(name, "color") for name in ("green", "red"))
COUNT = 24
SIGNAL = 5.0


def scene(number: int) -> np.ndarray:
    """Sky in the top quarter, and a square of 16 pixels, by turns a red car, a green car or a green tree."""
    labels = np.zeros((4, SIDE, SIDE), np.int32)
    labels[0, :28] = SKY
    row, column = 40 + 8 * (number % 3), 8 * (number % 8)
    square = (slice(row, row + 16), slice(column, column + 16))
    labels[0][square] = TREE if number % 3 == 2 else CAR
    labels[3][square] = RED if number % 3 == 0 else GREEN
    return labels


def maps() -> SceneMaps:
    found = SceneMaps(WorldPictures(COUNT, split="test"))
    for number in range(COUNT):
        found.keep(number, write_map(scene(number), number % 2, 1000 + number))
    return found


def inputs(pictures: SceneMaps) -> torch.Tensor:
    return (
        torch.from_numpy(np.stack([pictures.read(i) for i in range(len(pictures))]))
        .permute(0, 3, 1, 2)
        .float()
    )


def activation(units, pictures=None, **given) -> np.ndarray:
    module = planted_network(units, **given).module
    return module.get_submodule(module.layers[0])(read_maps(inputs(pictures or maps()))).numpy()


def dissect(folder, units, **given):
    network = planted_network(units, **given)
    run = unitscope.dissect(
        network, maps(), out=folder, grid_of=network.module.grids, device="cpu", show=False, replicates=100,
        trust_places=True,
    )  # fmt: skip
    rows = run.units.set_index(["layer", "unit"])
    return rows.loc[[(placed.layer, placed.number) for placed in network.module.placed]].reset_index()


# Pictures of label maps.


def test_a_map_holds_every_label_of_a_scene():
    drawn = render_scene(7, size=SIDE)
    read = read_maps(torch.from_numpy(write_map(drawn.labels, 5, 2**40 + 3)).permute(2, 0, 1)[None].float())
    assert (read.labels[0, :, :-1].numpy() == drawn.labels[:, :-1]).all()
    assert (read.labels[0, :, -1] == read.labels[0, :, -2]).all()
    assert (read.targets.tolist(), read.keys.tolist()) == ([5], [2**40 + 3])


def test_every_number_of_every_plane_can_be_written():
    for plane, category in enumerate(("object", "part", "material", "color")):
        numbers = VOCABULARY.of_category(category)
        labels = np.zeros((4, 2, len(numbers)), np.int32)
        labels[plane] = numbers
        picture = torch.from_numpy(write_map(labels, 0, 1)).permute(2, 0, 1)[None].float()
        assert (read_maps(picture).labels[0].numpy() == labels).all()


def test_what_is_no_map_is_no_scene():
    read = read_maps(torch.full((1, 3, 8, 8), 255.0))
    assert (read.targets.item(), read.keys.item(), read.labels.abs().sum().item()) == (-1, 0, 0)


def test_a_sample_is_drawn_with_replacement_and_classes_are_kept():
    pictures = maps()
    drawn = pictures.draw(200, 3)
    assert len(drawn) == len(set(drawn.sample_ids)) == 200
    assert len(set(drawn.chosen.tolist())) == COUNT
    assert (drawn.targets == pictures.targets[drawn.chosen]).all()
    assert drawn.content_hash == pictures.draw(200, 3).content_hash != pictures.draw(200, 4).content_hash
    apart = pictures.distinct(10, 3)
    assert len(set(apart.chosen.tolist())) == len(apart) == 10
    assert (
        apart.content_hash == pictures.distinct(10, 3).content_hash != pictures.distinct(10, 4).content_hash
    )
    few = pictures.of_classes([int(pictures.targets[0])])
    assert set(few.targets) == {pictures.targets[0]}
    assert (few.labels(0) == pictures.labels(int(few.chosen[0]))).all()


# Noise.


def test_noise_is_that_of_its_picture_in_any_company():
    keys, units = torch.arange(1, 9), torch.arange(5)
    whole = MEASURED.draw(keys, units, 14, 0)
    assert torch.equal(whole[[3, 6]], MEASURED.draw(keys[[3, 6]], units, 14, 0))
    assert torch.equal(whole[:, 2:], MEASURED.draw(keys, units[2:], 14, 0))
    assert not torch.equal(whole, MEASURED.draw(keys, units, 14, 1))


@pytest.mark.parametrize("width", [0.0, 0.06, 0.12])
@pytest.mark.parametrize("common", [0.0, 0.2])
def test_what_noise_is_like_can_be_measured(width, common):
    values = Noise(width, common).draw(torch.arange(1, 401), torch.arange(20), 14, 0).numpy()
    assert abs(values.mean()) < 0.02
    assert values.std() == pytest.approx(1, abs=0.02)
    values[:100] = np.nan
    found = estimate(values)
    assert found.width == pytest.approx(width, abs=0.02 if width == 0 else 0.005)
    assert found.common == pytest.approx(common, abs=0.02)
    middle = slice(4, -4)
    assert np.allclose(found.shape[middle], KNOTS[middle], atol=0.1)


def test_measured_noise_has_deviation_one_and_rows_keep_it():
    values = MEASURED.draw(torch.arange(1, 401), torch.arange(40), 14, 0)
    assert float(values.mean()) == pytest.approx(0, abs=0.03)
    assert float(values.std()) == pytest.approx(1, abs=0.05)
    assert np.allclose((smoothing(1.7, 14) ** 2).sum(1), 1)


# Units.


def test_activation_is_signal_times_coverage_and_noise():
    units = [PlantedUnit((CAR,), signal=SIGNAL), PlantedUnit()]
    values, without = activation(units), activation([replace(units[0], signal=1e-9), units[1]])
    cover = concept_areas(torch.from_numpy(np.stack([scene(i) for i in range(COUNT)])).long(), 14)[
        :, CAR
    ].numpy()
    assert np.allclose(values[:, 0] - without[:, 0], SIGNAL * cover, atol=1e-5)
    assert set(np.unique(cover)) == {0, 1}
    noise = MEASURED.draw(torch.arange(1000, 1000 + COUNT), torch.arange(2), 14, 0).numpy()
    assert np.allclose(values[:, 1], noise[:, 1], atol=1e-6), (
        "a unit of noise sees nothing, and not what has no label"
    )


def test_concepts_are_joined_at_pixels():
    units = [
        PlantedUnit((CAR, GREEN)),
        PlantedUnit((CAR, GREEN), "and"),
        PlantedUnit((CAR, RED), scene=SCENE_CLASSES[1]),
    ]
    on = activation(units, noise=Noise()).max((2, 3)) > 500
    turn, target = np.arange(COUNT) % 3, np.arange(COUNT) % 2
    assert (on[:, 0]).all()
    assert (on[:, 1] == (turn == 1)).all()
    assert (on[:, 2] == ((turn < 2) & (target == 1))).all()


def test_an_offset_moves_a_unit_and_nothing_comes_in():
    still, moved = (
        activation([PlantedUnit((SKY,)), PlantedUnit((SKY,), offset=(0.25, -0.125))]).swapaxes(0, 1) > 500
    )
    expected = np.zeros_like(still)
    expected[:, :4] = True
    assert (still[:, :3] == expected[:, :3]).all()
    assert not still[:, 4:].any()
    assert (moved[:, 4:6, :12]).all()
    assert not moved[:, :3].any()
    assert not moved[:, 8:].any()
    assert not moved[:, :, 12:].any()


def test_silent_units_are_silent_and_resolutions_are_layers():
    units = [
        PlantedUnit(level=0.0),
        PlantedUnit(level=2.5),
        PlantedUnit((SKY,), cells=7),
        PlantedUnit(cells=28),
    ]
    network = planted_network(units)
    assert network.layers == ("cells28", "cells14", "cells7")
    assert [(each.layer, each.number) for each in network.module.placed] == [
        ("cells14", 0), ("cells14", 1), ("cells7", 0), ("cells28", 0)
    ]  # fmt: skip
    values = network.module.get_submodule("cells14")(read_maps(inputs(maps())))
    assert values.flatten(2).unique(dim=2).flatten().unique().tolist() == [0, 2.5]


@pytest.mark.parametrize(
    "given",
    [
        {"concepts": (0,)},
        {"concepts": (SKY, SKY)},
        {"concepts": (SKY, CAR, TREE)},
        {"cells": 13},
        {"scene": "moon"},
        {"signal": 0.0},
        {"signal": math.nan},
        {"offset": (0.0, 1.0)},
    ],
)
def test_what_cannot_be_planted_is_refused(given):
    with pytest.raises(UnitscopeError):
        PlantedUnit(**given)
    with pytest.raises(UnitscopeError, match="no units"):
        planted_network([])


# Dissected.


def test_without_noise_every_unit_is_named_right(tmp_path):
    units = [
        PlantedUnit((CAR,)),
        PlantedUnit((TREE,)),
        PlantedUnit((RED,)),
        PlantedUnit((SKY,)),
        PlantedUnit((CAR,), cells=7),
    ]
    units += [PlantedUnit((CAR, GREEN), "and"), PlantedUnit(level=0.0), PlantedUnit(level=1.0)]
    found = dissect(tmp_path / "run", units)
    named = [
        Concept(row.concept, row.category) in [VOCABULARY[each] for each in unit.concepts]
        for unit, row in zip(units[:6], found.itertuples(), strict=False)
    ]
    assert named == [True] * 6
    assert found["status"].tolist() == ["live"] * 6 + ["dead", "constant"]


def test_a_unit_moved_off_its_concept_and_noise_are_not_named_right(tmp_path):
    units = [PlantedUnit((CAR,)), PlantedUnit((CAR,), offset=(0.3, 0.0)), PlantedUnit()]
    found = dissect(tmp_path / "run", units)
    assert found["concept"][0] == "car"
    assert found["concept"].fillna("")[1] != "car"
    assert found["iou"][2] < found["iou"][0] / 2


def test_the_units_of_a_class_are_found_important_and_others_are_not(tmp_path):
    units = [PlantedUnit((SKY,), scene=SCENE_CLASSES[i], signal=50.0) for i in (0, 1)] + [PlantedUnit()]
    network = planted_network(units, evidence=[Evidence(0, 0, 1.0), Evidence(1, 1, 1.0)])
    pictures = maps()
    pictures.pictures._targets = np.arange(COUNT) % 2
    run = unitscope.dissect(
        network, pictures, out=tmp_path / "run", grid_of=network.module.grids, device="cpu", show=False,
        replicates=100, trust_places=True,
    )  # fmt: skip
    found = unitscope.importance(
        run,
        pictures.draw(40, 1),
        pictures.draw(60, 2),
        network=network,
        device="cpu",
        show=False,
        set_sizes=(1,),
    )
    assert found.summary.whole_passes is None
    val = found.effects[found.effects["split"] == "val"]
    important = set(val[val["important"]][["unit", "class"]].itertuples(index=False, name=None))
    assert {(0, SCENE_CLASSES[0]), (1, SCENE_CLASSES[1])} <= important
    assert 2 not in {unit for unit, _ in important}


def test_a_gate_turns_what_another_unit_says():
    module = planted_network([PlantedUnit(), PlantedUnit()], evidence=[Evidence(0, 3, 2.0, gate=1)]).module
    answers = module.answer(torch.tensor([[0.5, 0.1], [0.5, 0.0], [0.0, 0.1]]))
    assert answers[:, 3].tolist() == [-1, 1, 0]
    assert answers.abs().sum() == 2
    with pytest.raises(UnitscopeError, match="last layer"):
        planted_network([PlantedUnit(), PlantedUnit(cells=7)], evidence=[Evidence(0, 0, 1.0)])
