"""The whole activation of a unit as a score for its label: a naive loop, planted units, any split, other runs."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from references import values_to_keys
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import nn

import unitscope
from unitscope.concepts.vocabulary import IGNORED, Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection import findings
from unitscope.experiments.dissection.look import kept_activations
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.pieces import small_pieces
from unitscope.experiments.samples import InMemorySamples
from unitscope.layer.grid import AxisGeometry, GridGeometry, raster_sampling, upsample
from unitscope.models.network import Network
from unitscope.stats import ActivationHistogram, LabelHistogram

COUNT, SIDE, GRID = 26, 32, (10, 12)
NAMES = ("tree", "car", "sky", "red", "green")
VOCABULARY = Vocabulary([Concept(name, "object") for name in NAMES])
GEOMETRY = {
    "fine": GridGeometry(AxisGeometry(30, 1, 1), AxisGeometry(30, 1, 1)),
    "coarse": GridGeometry(AxisGeometry(10, 3, 2), AxisGeometry(10, 3, 2)),
}
SCORES = ["average_precision", "auroc"]


class Net(nn.Module):
    """A layer finer than the pixel grid and a coarser one; some units are zero mostly, or everywhere."""

    def __init__(self):
        super().__init__()
        self.fine = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU())
        self.coarse = nn.Conv2d(5, 7, 5, stride=3, padding=1)
        with torch.no_grad():
            self.fine[0].bias[1] -= 0.8
            self.fine[0].bias[2] -= 100

    def forward(self, x):
        return self.coarse(self.fine(x)).mean((2, 3))


def make_samples() -> InMemorySamples:
    """Pictures with two planes of labels, a stripe of which counts nowhere in every third."""
    generator = np.random.default_rng(7)
    inputs = torch.from_numpy(generator.uniform(-1, 1, (COUNT, 3, SIDE, SIDE))).float()
    labels = np.zeros((COUNT, 2, *GRID), np.int16)
    labels[:, 0] = generator.integers(0, 4, (COUNT, *GRID))
    labels[:, 1] = np.repeat(generator.integers(4, 6, (COUNT, GRID[0], 1)), GRID[1], 2)
    samples = InMemorySamples(inputs, labels, VOCABULARY)
    samples._labels[::3, :, 2:4] = IGNORED
    return samples


def dissect(out, *, samples=None, network=None, layers=tuple(GEOMETRY), **told):
    torch.manual_seed(3)
    settings = {"quantile": 0.02, "replicates": 100, "batch_size": 4, "null": 20, "scores": True, **told}
    return run_dissection(
        Network(network or Net().eval(), name="net"),
        samples or make_samples(),
        layers=layers,
        out=out,
        settings=DissectionSettings(**settings),
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return dissect(tmp_path_factory.mktemp("separation") / "run")


def naive_values():
    """By layer, the activation of every unit at every pixel ``(U, N, gh, gw)``."""
    torch.manual_seed(3)
    network, samples = Net().eval(), make_samples()
    found = {name: [] for name in GEOMETRY}
    with torch.no_grad():
        for start in range(0, COUNT, 4):
            x = samples._inputs[start : start + 4].to(memory_format=torch.channels_last)
            found["fine"].append(network.fine(x))
            found["coarse"].append(network.coarse(found["fine"][-1]))
    sampling = {name: raster_sampling(GEOMETRY[name], GRID, (SIDE, SIDE)) for name in GEOMETRY}
    return {
        name: upsample(torch.cat(part), sampling[name]).numpy().transpose(1, 0, 2, 3)
        for name, part in found.items()
    }


def test_it_is_what_scikit_learn_finds_at_every_pixel_that_counts(run):
    labels = make_samples()._labels
    counts = labels[:, 0] >= 0
    for layer, values in naive_values().items():
        rows = run.units[run.units["layer"] == layer].set_index("unit")
        for unit, activation in enumerate(values):
            if rows.loc[unit, "status"] != "live":
                assert rows.loc[unit, SCORES].isna().all()
                continue
            number = 1 + NAMES.index(rows.loc[unit, "concept"])
            truth = (labels == number).any(1)[counts]
            bins = (values_to_keys(np.ascontiguousarray(activation)) >> 20)[counts].astype(np.int64)
            found = rows.loc[unit]
            assert found["average_precision"] == pytest.approx(
                average_precision_score(truth, bins), rel=1e-12
            )
            assert found["auroc"] == pytest.approx(roc_auc_score(truth, bins), rel=1e-12)
            # Eighths of a power of two are fine enough.
            exact = activation[counts]
            assert found["auroc"] == pytest.approx(roc_auc_score(truth, exact), abs=0.003)
            assert found["average_precision"] == pytest.approx(
                average_precision_score(truth, exact), abs=0.01
            )
    live = run.units[run.units["status"] == "live"]
    assert not live[SCORES].isna().any(axis=None)
    assert set(run.units["status"]) > {"live"}


def test_nothing_else_changes_and_without_it_nothing_is_said(run, tmp_path):
    bare = dissect(tmp_path / "bare", scores=False)
    assert bare.units[SCORES].isna().all(axis=None)
    assert "scores" not in bare.manifest.config
    pd.testing.assert_frame_equal(bare.units.drop(columns=SCORES), run.units.drop(columns=SCORES))
    with pytest.raises(UnitscopeError, match=r"another configuration .*scores: absent there, True now"):
        dissect(tmp_path / "bare")


@pytest.mark.parametrize("told", [{}, {"cache_budget": 0}, {"keep": 0.01}, {"cache_budget": 40e3 / 2**30}])
def test_the_same_bits_for_any_split_and_cache(run, tmp_path, told):
    with small_pieces(8):
        found = dissect(tmp_path / "run", **told)
    pd.testing.assert_frame_equal(found.units, run.units, check_exact=True)


def test_the_number_of_threads_changes_nothing(run, tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(3 if threads == 1 else 1)
    try:
        found = dissect(tmp_path / "run")
    finally:
        torch.set_num_threads(threads)
    pd.testing.assert_frame_equal(found.units, run.units, check_exact=True)


def test_it_goes_on_where_it_was_stopped(run, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(findings, "measure_separation", stop)
        with pytest.raises(KeyboardInterrupt):
            dissect(tmp_path / "run")
    pd.testing.assert_frame_equal(dissect(tmp_path / "run").units, run.units, check_exact=True)


def test_other_quantiles_have_their_own_labels(run, tmp_path):
    pd.testing.assert_frame_equal(unitscope.at_quantile(run, 0.02), run.units)
    direct = dissect(tmp_path / "run", quantile=0.1)
    pd.testing.assert_frame_equal(unitscope.at_quantile(run, 0.1), direct.units)


def test_a_run_of_an_earlier_version_opens_without_them(tmp_path):
    found = dissect(tmp_path / "run", layers=["coarse"])
    file = found.path / "tables" / "units.parquet"
    table = pq.read_table(file).drop_columns(SCORES)
    pq.write_table(table, file)
    manifest = found.path / "manifest.json"
    text = manifest.read_text()
    for part in ("files", "checksum"):
        text = text.replace(f'"{part}":', f'"{part}_of_before":')
    manifest.write_text(text)
    earlier = unitscope.open_run(found.path)
    assert earlier.units[SCORES].isna().all(axis=None)
    assert len(earlier.units) == 7


class Shown(nn.Module):
    """Units are the channels of the input."""

    def __init__(self):
        super().__init__()
        self.unit = nn.Identity()

    def forward(self, x):
        return self.unit(x)


def test_planted_units_are_ranked_as_they_were_made(tmp_path):
    generator = np.random.default_rng(1)
    labels = np.zeros((40, 1, 12, 12), np.int16)
    labels[:, 0, 3:6, 3:9] = 1
    is_one = labels[:, 0] == 1
    seen = generator.normal(0, 1, (3, *is_one.shape))
    maps = [
        is_one * 5.0 + generator.random(is_one.shape),  # always right
        is_one * 1.5 + seen[0],  # right as often as two normal variables 1.5 apart are told apart
        seen[1],  # noise
        is_one * -0.5 + seen[2],  # weaker where the concept is, and labelled all the same: there is no other
        np.where(
            is_one & (seen[0] < -0.5244), 4 + generator.random(is_one.shape), 0
        ),  # finds 30 % of it, never wrong
    ]
    samples = InMemorySamples(torch.from_numpy(np.stack(maps, 1)).float(), labels, VOCABULARY)
    units = dissect(tmp_path / "run", samples=samples, network=Shown().eval(), layers=["unit"]).units
    share = is_one.mean()
    assert units.loc[0, "auroc"] == units.loc[0, "average_precision"] == 1
    assert units.loc[1, "auroc"] == pytest.approx(0.8556, abs=0.02), "the normal probability of 1.5 / sqrt 2"
    assert units.loc[2, "auroc"] == pytest.approx(0.5, abs=0.03)
    assert units.loc[2, "average_precision"] == pytest.approx(share, abs=0.02)
    assert units.loc[3, "auroc"] == pytest.approx(0.3618, abs=0.03)
    assert units.loc[4, "auroc"] == pytest.approx(0.65, abs=0.02), "30 % found, the rest a coin"
    assert units.loc[4, "average_precision"] == pytest.approx(0.3 + 0.7 * share, abs=0.02)


def test_a_control_without_them_still_belongs_to_the_run(run, tmp_path):
    assert not DissectionSettings(scores=True, control=(0,)).of_control().scores
    control = dissect(run.path / "controls" / "seed0", scores=False)
    assert [each.path for each in unitscope.open_run(run.path).controls] == [control.path]


def test_cells_that_were_not_kept_and_other_histograms_are_refused(run):
    activations = kept_activations(run)
    shard = activations.shard(0)
    count = LabelHistogram(np.ones(7, np.int64))
    weak = shard.cells["coarse"].points_above(np.zeros(7, np.float32))
    with pytest.raises(ValueError, match=r"was kept above 0\.0, values above -inf are asked for"):
        count.update(weak, shard.labels)
    count.update(shard.cells["coarse"], shard.labels)
    with pytest.raises(ValueError, match="has not seen the pictures"):
        count.against(ActivationHistogram(7))
