"""The generator of planted units draws what its units say, and an exact segmenter reads it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import trace
from unitscope.sources.latents import seeded_latents
from unitscope.world.planted_generator import (
    CELLS,
    CONCEPTS,
    LEVEL,
    OF_UNIT,
    SEGMENTER,
    SIDE,
    SWAPS,
    DrawingUnit,
    exact_segmenter,
    layers_of,
    planted_generator,
    swap_cells,
)

UNITS = [
    DrawingUnit("paint", 2, size=(3, 4), chance=0.6),
    DrawingUnit("paint", 2, size=(5, 5), chance=0.3),
    DrawingUnit("paint", 7, needs=2, size=(3, 3), chance=0.7),
    DrawingUnit("swap", 2, chance=0.5),
    DrawingUnit("swap", 9, chance=0.5),
    DrawingUnit("noise", size=(4, 4), chance=0.5),
    DrawingUnit("paint", 5, size=(6, 2), chance=0.5),
]
COUNT = 300


@pytest.fixture(scope="module")
def drawn():
    """Latents, activations and what each cell of the pictures shows."""
    latents, read = seeded_latents(COUNT, OF_UNIT * len(UNITS), 4), {}
    generator, segmenter = planted_generator(UNITS), exact_segmenter()
    with torch.no_grad(), trace(generator.module, ["units"], read.__setitem__, stop_early=False) as forward:
        pictures = forward(latents)
    assert pictures.shape == (COUNT, 3, SIDE, SIDE)
    assert 0 <= float(pictures.min()) <= float(pictures.max()) <= 1
    return latents, read["units"].numpy(), segmenter.module(pictures)[:, 0].numpy()


def test_a_unit_is_on_in_one_rectangle_in_its_share_of_latents(drawn):
    _, activation, _ = drawn
    on = activation > LEVEL
    for place, unit in enumerate(UNITS):
        here = on[:, place]
        shown = here.any((1, 2))
        assert abs(shown.mean() - unit.chance) < 3 * np.sqrt(0.25 / COUNT)
        assert set(here[shown].any(2).sum(1)) == {unit.size[0]}
        assert set(here[shown].any(1).sum(1)) == {unit.size[1]}
        assert (activation[:, place][here] >= 1).all()
        assert not activation[:, place][~here].any()


def test_pictures_show_what_units_draw_cell_by_cell(drawn):
    latents, activation, shown = drawn
    on = activation > LEVEL
    for sample in range(0, COUNT, 6):
        for row in range(CELLS):
            for column in range(CELLS):
                here = on[sample, :, row, column]
                expected = 2 if here[0] or here[1] else 0
                expected = 5 if here[6] else expected
                expected = 7 if here[2] and expected == 2 else expected
                for number, place in ((0, 3), (1, 4)):
                    first, second = swap_cells(number)
                    active = on[sample, place, *first]
                    adds = latents[sample, OF_UNIT * place + 1] > 0
                    if (row, column) == first:
                        expected = UNITS[place].concept if active and adds else 0
                    if (row, column) == second:
                        expected = 0 if active and not adds else UNITS[place].concept
                assert shown[sample, row, column] == expected


def test_units_that_swap_change_pictures_and_no_area_on_average():
    latents = seeded_latents(4000, OF_UNIT, 1)
    generator, segmenter = planted_generator([DrawingUnit("swap", 3, chance=0.7)]), exact_segmenter()
    with torch.no_grad():
        shown = (segmenter.module(generator.module(latents))[:, 0] == 3).sum((1, 2)).numpy()
    assert set(shown) == {0, 1, 2}
    assert abs(shown.mean() - 1) < 4 * np.sqrt(0.7 / 4000)


def test_removal_and_insertion_find_what_is_planted(tmp_path):
    context = DrawingUnit("paint", 2, size=(12, 8), chance=0.6)
    generator = planted_generator(
        [context, DrawingUnit("noise"), DrawingUnit("paint", 7, needs=2, size=(4, 4), chance=0.8)]
    )
    run = unitscope.dissect(
        generator, unitscope.latents(40, seed=2), unitscope.segmenter(SEGMENTER), out=tmp_path / "run", device="cpu",
        grid=(CELLS, CELLS), show=False, replicates=100, null=0, top=1,
    )  # fmt: skip
    given = {"generator": generator, "device": "cpu", "show": False, "choose_on": "all"}
    name = CONCEPTS[7].name
    gone = unitscope.remove(run, name, units=1, random=0, control="none", pairs=0, latents=20, **given)
    assert gone.sets["units"][0].tolist() == [2]
    assert gone.summary.sets[0].lost.value == 1
    placed = unitscope.insert(run, name, units=1, level="value:1", latents=4, contexts=0, **given)
    success = placed.contexts[placed.contexts["set"] == 0].set_index("number")["success"]
    assert success[2] == 1
    assert not success.drop(2).any()


def test_what_lies_on_what():
    assert layers_of(UNITS) == [(2, 0, [0, 1]), (5, 0, [6]), (7, 2, [2])]


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ([], "no units to plant"),
        ([DrawingUnit("swap", 1)] * (SWAPS + 1), f"there is room for {SWAPS} units that swap"),
        ([DrawingUnit("paint", 0)], "cannot be planted; give concepts from 1 to"),
        ([DrawingUnit("paint", 3, needs=3)], "a context that is another one"),
        ([DrawingUnit("paint", 3, size=(CELLS, 1))], "at most 12 x 16 cells"),
    ],
)
def test_units_that_cannot_be_planted_are_refused(units, message):
    with pytest.raises(UnitscopeError, match=message) as refused:
        planted_generator(units)
    assert "\n" not in str(refused.value)
