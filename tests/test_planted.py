"""Networks whose answer is known by construction."""

import numpy as np
import pytest
import torch
from torch import nn

from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.samples import InMemorySamples
from unitscope.models.network import Network

PICTURES, SIDE = 20, 16
PIXELS = PICTURES * SIDE * SIDE  # 5120, of which 1 % is 51.2: a threshold is the 53rd largest value
VOCABULARY = Vocabulary(
    [Concept("red", "color"), Concept("green", "color"), Concept("left", "part"), Concept("bright", "part")]
)
RED, GREEN, LEFT, BRIGHT = 1, 2, 3, 4
LEFT_PIXELS = PICTURES * 4 * SIDE - 6 * 4  # the brightest 104 pixels are six and a half rows


class Planted(nn.Module):
    """Hand-set units on three channels: 25 red pixels, 15 green ones, and a ramp of 5,120 different values."""

    UNITS = (
        ("red", [1, 0, 0], 0),
        ("union", [1, 2, 0], 0),
        ("dead", [0, 0, 0], 0),
        ("constant", [0, 0, 0], 2.5),
        ("ramp", [0, 0, 1], 0),
        ("negative", [0, 0, 1], -2),
        ("faint", [2**-20, 0, 0], 0),
    )

    def __init__(self):
        super().__init__()
        self.paint = nn.Conv2d(3, len(self.UNITS), 1)
        with torch.no_grad():
            self.paint.weight[:, :, 0, 0] = torch.tensor([weights for _, weights, _ in self.UNITS]).float()
            self.paint.bias[:] = torch.tensor([float(bias) for _, _, bias in self.UNITS])
        self.saturate = nn.Hardtanh(-10, 0.25)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.vector = nn.Flatten()

    def forward(self, x):
        return self.vector(self.pool(self.saturate(self.paint(x))))


def planted_samples() -> InMemorySamples:
    inputs = torch.zeros(PICTURES, 3, SIDE, SIDE)
    labels = np.zeros((PICTURES, 2, SIDE, SIDE), np.int16)
    inputs[:5, 0, 3, 3:8] = 1
    labels[:5, 0, 3, 3:8] = RED
    inputs[10:13, 1, 9, 2:7] = 1
    labels[10:13, 0, 9, 2:7] = GREEN
    ramp = torch.arange(PIXELS).reshape(PICTURES, SIDE, SIDE)
    inputs[:, 2] = ramp / 8192
    labels[:, 1, :, : SIDE // 4] = LEFT
    labels[:, 1][(ramp >= PIXELS - 104).numpy()] = BRIGHT
    return InMemorySamples(inputs, labels, VOCABULARY)


def dissect(tmp_path, layers, **settings):
    return run_dissection(
        Network(Planted().eval(), name="planted"),
        planted_samples(),
        layers=layers,
        out=tmp_path / "run",
        settings=DissectionSettings(replicates=100, **settings),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return dissect(tmp_path_factory.mktemp("planted"), ["paint", "saturate"])


@pytest.fixture(scope="module")
def units(run):
    """The hand-set units by name, as they are before the saturation."""
    table = run.units[run.units["layer"] == "paint"].fillna({"concept": ""})
    table.index = [name for name, _, _ in Planted.UNITS]
    return table


def row(units, name):
    unit = units.loc[name]
    return unit["status"], float(unit["threshold"]), unit["concept"] or None, unit["iou"]


def test_a_unit_that_is_a_concept_matches_it_perfectly(units):
    assert row(units, "red") == ("live", 0, "red", 1)
    assert units.loc["red", "quantile_fraction"] == 25 / PIXELS


def test_fewer_positive_pixels_than_the_quantile_leave_the_threshold_at_zero(units):
    assert row(units, "faint") == ("live", 0, "red", 1)
    assert units.loc["faint", "peak"] == np.float32(2**-20)


def test_a_unit_that_is_a_union_matches_the_larger_concept_by_its_share(units, run):
    assert row(units, "union") == ("live", 0, "red", 25 / 40)
    matches = run.matches[(run.matches["layer"] == "paint") & (run.matches["unit"] == 1)]
    found = {match.concept: (match.intersection, match.union) for match in matches.itertuples()}
    # Of the red squares column 3, of the green ones columns 2 and 3 lie in the left quarter.
    assert found == {"red": (25, 40), "green": (15, 40), "left": (5 + 6, LEFT_PIXELS + 40 - 11)}


@pytest.mark.parametrize(("name", "shift"), [("ramp", 0), ("negative", -2)])
def test_a_graded_unit_is_cut_at_the_53rd_largest_value(units, name, shift):
    threshold = (PIXELS - 53) / 8192 + shift
    assert row(units, name) == ("live", threshold, "bright", 52 / 104)
    assert units.loc[name, "quantile_fraction"] == 52 / PIXELS


def test_silent_units_have_a_reason_and_no_label(units, run):
    assert row(units, "dead") == ("dead", 0, None, 0)
    assert row(units, "constant") == ("constant", 2.5, None, 0)
    saturated = run.units[run.units["layer"] == "saturate"].set_index("unit").fillna({"concept": ""})
    # More than 1 % of the ramp is above 0.25, so it is all at the cut and nothing exceeds it.
    assert row(saturated, 4) == ("tied", 0.25, None, 0)
    assert row(saturated, 3) == ("constant", 0.25, None, 0)
    silent = run.units[run.units["status"] != "live"]
    assert not silent["detector"].any()
    assert not silent["label_stable"].any()
    assert (silent[["iou", "iou_low", "iou_high", "iou_heldout"]] == 0).all(axis=None)


def test_labels_are_scored_on_the_pictures_that_did_not_choose_them(units):
    # Red is on pictures 0 to 4 and green on 10 to 12: both halves see both, and choose red for both units.
    assert units.loc["red", ["iou_heldout", "label_stable"]].tolist() == [1, True]
    even, odd = 15 / (15 + 10), 10 / (10 + 5)
    assert units.loc["union", "iou_heldout"] == pytest.approx((even + odd) / 2, abs=1e-15)
    # All that is bright lies in picture 19: the even half has nothing to choose from.
    assert units.loc["ramp", ["iou_heldout", "label_stable"]].tolist() == [0, False]


def test_a_perfect_match_has_no_uncertainty_and_others_hold_the_estimate(units):
    assert units.loc["red", ["iou_low", "iou_high"]].tolist() == [1, 1]
    assert units.loc["union", "iou_low"] < 25 / 40 < units.loc["union", "iou_high"]


def test_layers_count_their_detectors_and_distinct_concepts(run):
    counted = {
        (line.layer, line.category): (line.units, line.detectors, line.concepts)
        for line in run.layers.itertuples()
    }
    # Saturated: red, union and faint still are detectors, and so is the ramp below zero.
    assert counted == {
        ("paint", "all"): (7, 5, 2),
        ("paint", "color"): (7, 3, 1),
        ("paint", "part"): (7, 2, 1),
        ("saturate", "all"): (7, 4, 2),
        ("saturate", "color"): (7, 3, 1),
        ("saturate", "part"): (7, 1, 1),
    }
    assert run.layers.drop_duplicates("layer")["position"].tolist() == [0, 1]


def test_concepts_are_measured(run):
    measured = run.concepts.set_index("name")
    assert measured["pixels"].to_dict() == {"red": 25, "green": 15, "left": LEFT_PIXELS, "bright": 104}
    assert measured["pictures"].to_dict() == {"red": 5, "green": 3, "left": 20, "bright": 1}
    assert measured.loc["bright", "fraction"] == 104 / PIXELS


def test_a_vector_is_on_over_whole_pictures(tmp_path):
    units = dissect(tmp_path, ["vector"], quantile=0.1).units.set_index("unit")
    # A tenth of the pixels are two pictures; the ramp is strongest on the last two.
    assert units.loc[5, ["status", "quantile_fraction"]].tolist() == ["live", 0.1]
    assert units.loc[5, "concept"] == "bright"
    assert units.loc[5, "iou"] == 104 / 512
    # Red squares lie on five pictures, equally large: they tie at the third.
    assert units.loc[0, "status"] == "tied"
