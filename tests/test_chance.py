"""Chance: re-pairings that are fair, found the same however the work is cut, and what they say of planted units."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.dissection import chance, label_maps
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.rescore import at_quantile
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.pieces import small_pieces
from unitscope.experiments.samples import InMemorySamples
from unitscope.models.network import Network
from unitscope.stats.chance import chance_iou, partners

VOCABULARY = Vocabulary([Concept(name, "object") for name in ("one", "two", "three", "four")])
COLUMNS = ["p_value", "q_value", "null_iou", "null_iou_95", "lift"]
PLANTED, NOISE = 4, 60


@pytest.mark.parametrize("count", [2, 3, 20, 101])
def test_no_picture_meets_itself_and_every_label_map_is_met_once(count):
    samples = np.sort(np.random.default_rng(count).permutation(200)[:count])
    others = partners(samples, 3, range(4, 12))
    for row in others:
        assert sorted(row) == list(range(count))
        assert (row != np.arange(count)).all()


def test_a_re_pairing_depends_on_its_number_and_the_seed_alone():
    samples = np.arange(30)
    assert (partners(samples, 1, range(10))[7] == partners(samples, 1, range(7, 8))[0]).all()
    assert (partners(samples, 1, range(1)) != partners(samples, 2, range(1))).any()
    assert (partners(samples, 1, range(1)) != partners(samples, 1, range(1, 2))).any()


class Shown(nn.Module):
    """Units are the channels of the input."""

    def __init__(self):
        super().__init__()
        self.unit = nn.Identity()

    def forward(self, x):
        return self.unit(x)


def blobs(rng, count, side=12):
    """Return squares at random places, one a picture ``(count, side, side)``."""
    found = np.zeros((count, side, side), bool)
    for picture in found:
        row, column = rng.integers(0, side - 3, 2)
        picture[row : row + 4, column : column + 4] = True
    return found


def planted(count=40, seed=0):
    """Units that see a concept with some noise, and units that see squares that have nothing to do with any."""
    rng = np.random.default_rng(seed)
    regions = [blobs(rng, count) for _ in range(PLANTED)]
    labels = np.zeros((count, 1, 12, 12), np.int16)
    for number, region in enumerate(regions, 1):
        labels[:, 0][region] = number
    regions = [labels[:, 0] == number for number in range(1, PLANTED + 1)]
    maps = [region + rng.normal(0, 0.3, region.shape) for region in regions]
    maps += [blob + rng.normal(0, 0.3, blob.shape) for blob in (blobs(rng, count) for _ in range(NOISE))]
    return InMemorySamples(torch.from_numpy(np.stack(maps, 1)).float(), labels, VOCABULARY)


def dissect(out, samples=None, **told):
    settings = DissectionSettings(**{"quantile": 0.1, "replicates": 100, "batch_size": 8, **told})
    return run_dissection(
        Network(Shown().eval(), name="shown"),
        samples or planted(),
        layers=["unit"],
        out=out,
        settings=settings,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return dissect(tmp_path_factory.mktemp("chance") / "run")


def test_planted_units_are_told_from_noise(run):
    planted_ones, noise = run.units.iloc[:PLANTED], run.units.iloc[PLANTED:]
    assert (planted_ones["p_value"] == 1 / 201).all()
    assert (planted_ones["q_value"] < 0.08).all()
    assert (planted_ones["lift"] > 5).all()
    assert (planted_ones["iou"] > planted_ones["null_iou_95"]).all()
    assert (noise["q_value"] > 0.05).mean() > 0.9
    assert (noise["lift"] < 3).all()
    assert 0.3 < noise["p_value"].mean() < 0.7, "p-values of noise are spread evenly"
    assert 0 < (noise["p_value"] <= 0.2).mean() < 0.4


@pytest.mark.parametrize(
    "room",
    [
        {"KEPT_POINTS": 3000},
        {"COUNTED": 700},
        {"KEPT": 10},
        {"KEPT_PARTNERS": 1000},
        {"PIECE_POINTS": 100_000},
        {"KEPT_POINTS": 1, "COUNTED": 1},
    ],
)
def test_the_same_bits_however_the_work_is_cut(run, tmp_path, monkeypatch, room):
    for name, value in room.items():
        monkeypatch.setattr(label_maps if name == "KEPT" else chance, name, value)
    with small_pieces(7):
        found = dissect(tmp_path / "run")
    pd.testing.assert_frame_equal(found.units[COLUMNS], run.units[COLUMNS], check_exact=True)


def test_other_quantiles_have_their_own_chance(run):
    again = at_quantile(run, 0.1)
    pd.testing.assert_frame_equal(again, run.units)
    other = at_quantile(run, 0.03)
    assert (other["null_iou"] < run.units["null_iou"]).all()


@pytest.mark.parametrize("told", [{"null": 0}, {"samples": planted(chance.LEAST_FOR_CHANCE - 1)}])
def test_where_nothing_was_measured_nothing_is_said(tmp_path, told):
    found = dissect(tmp_path / "run", **told)
    assert found.units[COLUMNS].isna().all().all()


def test_units_without_a_mask_have_no_chance(tmp_path):
    samples = planted()
    samples._inputs[:, 5] = 2.0
    found = dissect(tmp_path / "run", samples).units
    assert found.loc[5, COLUMNS].isna().all()
    assert found.drop(5)[COLUMNS].notna().all().all()


def test_the_best_iou_is_that_of_a_formula_over_all_concepts():
    rng = np.random.default_rng(0)
    shared = rng.integers(0, 5, (3, 4, 6)) * (rng.random((3, 4, 6)) < 0.5)
    pixels, areas = 30 + rng.integers(0, 9, (3, 4)), 20 + rng.integers(0, 9, 6)
    pixels[0, 0], shared[0, 0], areas[5], shared[:, :, 5] = 0, 0, 0, 0
    shared[:, :, 0] = 0
    concepts = np.array([0, 1, 5, 3])
    with np.errstate(invalid="ignore"):
        iou = np.nan_to_num(shared / (pixels[:, :, None] + areas - shared.astype(float)))
    largest, own = chance_iou(pixels, shared, areas, concepts)
    assert np.array_equal(largest, iou.max(2))
    assert np.array_equal(own, iou[:, np.arange(4), concepts])
