"""Strokes as one write: the same as interventions one after the other, to the bit."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from paint_cases import ByClass, Tiny, in_turn, latent_of, painter_of, seeded, strokes

from unitscope.errors import UnitscopeError
from unitscope.layer.interventions import replacing
from unitscope.paint.recipe import Stroke

pytestmark = pytest.mark.usefixtures("traced_once")

GENERATORS = {"tiny": (seeded(Tiny), "units"), "by class": (seeded(ByClass), "generator.inner.units")}
PAINTERS = {name: painter_of(*each) for name, each in GENERATORS.items()}


@settings(max_examples=60)
@given(st.lists(strokes(), max_size=5), st.integers(0, 2), st.sampled_from(sorted(PAINTERS)))
def test_any_sequence_of_strokes_is_the_same_edits_one_after_the_other(drawn, number, name):
    (made, layer), painter = GENERATORS[name], PAINTERS[name]
    latent = latent_of(number)
    if made.classes:
        latent = torch.cat([latent, torch.tensor([[float(number)]])], 1)
    carried = painter.front(latent)
    expected = in_turn(carried.activation, drawn)
    assert torch.equal(painter.activation(latent, drawn), expected)
    picture = painter.picture(latent, drawn)
    assert (picture == made.pictures(painter.replay.back(carried, expected))[0]).all()
    # And by hooks of the whole generator, but for the last bits of float32.
    with torch.no_grad(), replacing(made.module, layer, lambda output: in_turn(output, drawn)):
        whole = made.pictures(made.module(latent))[0]
    assert np.abs(picture.astype(int) - whole.astype(int)).max() <= 1


@settings(max_examples=30)
@given(st.lists(strokes(), min_size=1, max_size=6))
def test_composing_stroke_by_stroke_is_composing_at_once(drawn):
    painter, afresh = painter_of(GENERATORS["tiny"][0]), painter_of(GENERATORS["tiny"][0])
    latent = latent_of(1)
    for count in range(1, len(drawn) + 1):
        grown = painter.picture(latent, drawn[:count])
    assert (grown == afresh.picture(latent, drawn)).all()


def test_strokes_that_are_off_and_no_strokes_leave_the_picture_as_it_is():
    made, painter = GENERATORS["tiny"][0], PAINTERS["tiny"]
    latent = latent_of(4)
    off = Stroke("erase", (0, 1, 2, 3, 4, 5), path=((2048, 2048),), radius=4000, on=False)
    with torch.no_grad():
        assert (painter.picture(latent) == made.pictures(made.module(latent))[0]).all()
    assert (painter.picture(latent, [off]) == painter.picture(latent)).all()
    assert painter.forced([off], painter.front(latent)) is None


def test_the_front_runs_once_a_latent_and_what_is_kept_is_bounded():
    fronts = painter_of(GENERATORS["tiny"][0], front_bytes=3000)
    runs = []
    front = fronts.replay.front
    fronts.replay.front = lambda latent: runs.append(1) or front(latent)
    stroke = Stroke("erase", (0,), path=((0, 0),), radius=100)
    for _ in range(3):
        fronts.picture(latent_of(0), [stroke])
    assert len(runs) == 1
    for number in range(9):
        fronts.picture(latent_of(number))
    assert fronts.fronts.bytes <= 3000
    assert 1 <= len(fronts.fronts) < 9


@pytest.mark.parametrize(
    ("stroke", "says"),
    [
        (
            Stroke("erase", (6,), path=((0, 0),), radius=1),
            "stroke 1 has unit 6, and layer 'units' has 6 units",
        ),
        (Stroke("draw", (1,), level="0.99", path=((0, 0),), radius=1), "stroke 1 has no levels; only a run"),
    ],
)
def test_strokes_that_do_not_fit_are_refused(stroke, says):
    with pytest.raises(UnitscopeError, match=says):
        PAINTERS["tiny"].picture(latent_of(0), [stroke])


def test_values_that_are_not_finite_are_refused_in_one_line():
    stroke = Stroke("draw", (0, 1), levels=(3e38, 3e38), path=((0, 0),), radius=4000)
    made = seeded(Tiny)
    with torch.no_grad():
        made.module.colours.weight[:, 0], made.module.colours.weight[:, 1] = 2, -2
    with pytest.raises(UnitscopeError, match="not finite; lower their levels"):
        painter_of(made).picture(latent_of(0), [stroke])
