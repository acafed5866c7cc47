"""The fast path against a loop that follows the paper's equation 1 to the letter."""

import io

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from tiny import tables_of
from torch import nn

import unitscope
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection import reading
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.samples import InMemorySamples
from unitscope.layer.grid import AxisGeometry, GridGeometry, identity_sampling, raster_sampling, upsample
from unitscope.models.network import Network
from unitscope.run.folder import RunFolder
from unitscope.run.masks import unpack_mask
from unitscope.run.storage import ArrayFile
from unitscope.stats import exceeding_count
from unitscope.stats.chance import partners
from unitscope.stats.inference import q_values

COUNT, SIDE, GRID, QUANTILE = 23, 32, (10, 12), 0.02
VOCABULARY = Vocabulary(
    [Concept(name, "object") for name in ("tree", "car", "sky")] + [Concept(name, "color") for name in "rg"]
)
GEOMETRY = {
    "fine": GridGeometry(AxisGeometry(30, 1, 1), AxisGeometry(30, 1, 1)),
    "coarse": GridGeometry(AxisGeometry(10, 3, 2), AxisGeometry(10, 3, 2)),
    "tokens": GridGeometry.even((4, 4), (SIDE, SIDE)),
    "head": GridGeometry.even((1, 1), (SIDE, SIDE)),
}
"""Worked out by hand: `fine` loses a pixel on each side, `coarse` takes every third after padding."""
LAYERS = tuple(GEOMETRY)


class Patches(nn.Module):
    """Tokens (N, T, D) with a class token before them, as a transformer makes them."""

    def __init__(self):
        super().__init__()
        self.cut = nn.Conv2d(3, 6, 8, 8)

    def forward(self, x):
        tokens = self.cut(x).flatten(2).transpose(1, 2)
        return torch.cat([tokens.mean(1, keepdim=True), tokens], 1)


class Planted(nn.Module):
    def __init__(self):
        super().__init__()
        self.fine = nn.Conv2d(3, 5, 3)
        self.rectify = nn.ReLU(inplace=True)
        self.coarse = nn.Conv2d(5, 7, 5, stride=3, padding=1)
        self.normalise = nn.BatchNorm2d(7)
        self.tokens = Patches()
        self.head = nn.Linear(13, 4)
        self.fails_on = None

    def forward(self, x):
        if self.fails_on is not None and (x == self.fails_on).any():
            raise ValueError("this picture hurts\nin many ways")
        maps = self.normalise(self.coarse(self.rectify(self.fine(x))))
        return self.head(torch.cat([maps.mean((2, 3)), self.tokens(x).mean(1)], 1))


@pytest.fixture
def network():
    torch.manual_seed(3)
    return Planted().eval()


def make_samples(count=COUNT) -> InMemorySamples:
    generator = np.random.default_rng(7)
    pictures = generator.integers(0, 256, (count, SIDE, SIDE, 3)).astype(np.uint8)
    labels = np.zeros((count, 2, *GRID), np.int16)
    labels[:, 0] = generator.integers(0, 4, (count, *GRID))
    labels[:, 1] = np.repeat(generator.integers(4, 6, (count, GRID[0], 1)), GRID[1], 2)
    inputs = torch.from_numpy(pictures.transpose(0, 3, 1, 2) / 127.5 - 1).float()
    return InMemorySamples(inputs, labels, VOCABULARY, pictures=pictures)


def dissect(network, out, *, layers=LAYERS, samples=None, **settings):
    given = {"quantile": QUANTILE, "top": 3, "replicates": 100, "batch_size": 4, **settings}
    return run_dissection(
        Network(network, name="net"),
        samples or make_samples(),
        layers=layers,
        out=out,
        settings=DissectionSettings(**given),
    )


def naive_grids(network, samples):
    """Every layer's activations (N, U, h, w), read one batch at a time with plain hooks."""
    parts = {name: [] for name in LAYERS}
    hooks = [
        getattr(network, name).register_forward_hook(
            lambda _m, _i, out, name=name: parts[name].append(out.clone())
        )
        for name in LAYERS
    ]
    layout = torch.channels_last  # the order in memory that runs of this network take
    with torch.no_grad():
        for start in range(0, COUNT, 4):
            network(samples._inputs[start : start + 4].to(memory_format=layout))
    for hook in hooks:
        hook.remove()
    found = {name: torch.cat(part) for name, part in parts.items()}
    found["tokens"] = found["tokens"][:, 1:].transpose(1, 2).unflatten(2, (4, 4))
    found["head"] = found["head"][:, :, None, None]
    return found


def iou(one, other):
    union = (one | other).sum()
    return (one & other).sum() / union if union else 0.0


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    torch.manual_seed(3)
    network = Planted().eval()
    return network, dissect(network, tmp_path_factory.mktemp("dissect") / "run")


@pytest.fixture(scope="module")
def run(finished):
    return finished[1]


@pytest.fixture(scope="module")
def naive(finished):
    """By layer: thresholds (U,), masks (U, N, gh, gw), and the concepts' regions (C, N, gh, gw)."""
    network, samples = finished[0], make_samples()
    regions = np.stack([(samples._labels == c).any(1) for c in range(len(VOCABULARY))])
    regions[0] = False
    found = {}
    for name, grids in naive_grids(network, samples).items():
        raster = upsample(grids, raster_sampling(GEOMETRY[name], GRID, (SIDE, SIDE))).numpy()
        values = raster.transpose(1, 0, 2, 3)
        ranked = np.sort(values.reshape(len(values), -1), axis=1)[:, ::-1]
        thresholds = ranked[:, exceeding_count(QUANTILE, ranked.shape[1])]
        found[name] = thresholds, values > thresholds[:, None, None, None], regions
    return found


def test_thresholds_and_pixel_counts_are_those_of_the_paper(run, naive):
    assert run.manifest.config["channels_last"]
    units, counts = run.units.set_index(["layer", "unit"]), run.table("iou")
    pairs = {(row.layer, row.unit, row.number): row for row in counts.itertuples()}
    expected = set()
    for layer, (thresholds, masks, regions) in naive.items():
        assert units.loc[layer, "threshold"].tolist() == thresholds.tolist()
        for unit, mask in enumerate(masks):
            for number in range(1, len(VOCABULARY)):
                shared = int((mask & regions[number]).sum())
                if not shared:
                    continue
                expected.add((layer, unit, number))
                row = pairs[layer, unit, number]
                assert row.intersection == shared
                assert (row.unit_pixels, row.concept_pixels) == (mask.sum(), regions[number].sum())
                assert row.iou == iou(mask, regions[number])
                assert (row.concept, row.category) == (VOCABULARY[number].name, VOCABULARY[number].category)
    assert set(pairs) == expected


def test_labels_held_out_scores_and_stability_are_those_of_a_naive_loop(run, naive):
    units = run.units.set_index(["layer", "unit"])
    for layer, (_, masks, regions) in naive.items():
        for unit, mask in enumerate(masks):
            row = units.loc[layer, unit]
            scores = [iou(mask, region) for region in regions]
            best = int(np.argmax(scores))
            assert row["iou"] == scores[best]
            assert (row["concept"] if scores[best] else None) == (
                VOCABULARY[best].name if scores[best] else None
            )
            halves = [[iou(mask[half::2], region[half::2]) for region in regions] for half in (0, 1)]
            chosen = [int(np.argmax(half)) for half in halves]
            assert row["iou_heldout"] == (halves[1][chosen[0]] + halves[0][chosen[1]]) / 2
            assert row["label_stable"] == (chosen[0] == chosen[1] and chosen[0] > 0)
            assert row["iou_low"] <= row["iou"] <= row["iou_high"]


def test_chance_is_that_of_a_naive_loop_over_re_paired_pictures(run, naive):
    units = run.units.set_index(["layer", "unit"])
    others = partners(np.arange(COUNT), run.settings.seed, range(run.settings.null))
    for layer, (_, masks, regions) in naive.items():
        found = units.loc[layer]
        live = masks.any((1, 2, 3))
        assert found.loc[~live, ["p_value", "q_value", "null_iou", "lift"]].isna().all().all()
        for unit in np.flatnonzero(live):
            mask = masks[unit]
            largest, own = [], []
            label = int(np.argmax([iou(mask, region) for region in regions]))
            for other in others:
                scores = [iou(mask, region[other]) for region in regions]
                largest.append(max(scores))
                own.append(scores[label])
            row = found.loc[unit]
            assert row["p_value"] == (1 + np.sum(np.array(largest) >= row["iou"])) / (1 + len(others))
            assert row["null_iou"] == pytest.approx(np.mean(largest), rel=1e-12)
            assert row["null_iou_95"] == np.quantile(largest, 0.95)
            assert row["lift"] == pytest.approx(row["iou"] / np.mean(own), rel=1e-12)
        tested = found[live]
        assert np.allclose(tested["q_value"], q_values(tested["p_value"].to_numpy()))


def cells_of(run, layer, shard=0):
    file = ArrayFile(RunFolder(run.path).cache_path(shard))
    return file.below(f"{layer}/cells")


def test_of_a_layer_finer_than_the_pixel_grid_cells_of_the_pixel_grid_are_kept(run):
    assert cells_of(run, "fine")["positions"].max() < GRID[0] * GRID[1]
    assert cells_of(run, "fine")["counts"].shape == (5, COUNT)
    assert cells_of(run, "coarse")["positions"].max() < 100


def test_only_strong_cells_are_kept_unless_all_are_asked_for(run, network, tmp_path):
    whole = dissect(network, tmp_path / "run", keep=1)
    assert bytes_of(whole) == bytes_of(run)
    assert (cells_of(whole, "coarse")["counts"] == 100).all()
    assert cells_of(run, "coarse")["counts"].mean() < 90
    pd.testing.assert_frame_equal(
        unitscope.at_quantile(whole, 0.9), dissect(network, tmp_path / "other", quantile=0.9).units
    )


def test_pictures_are_read_again_when_later_ones_turn_out_weaker(network, tmp_path, pieces_of):
    """Bright pictures first: what is kept of them leaves out the values that decide in the end."""
    samples = make_samples()
    samples._inputs[:4] *= 40
    pieces_of(4)
    given = {"samples": samples, "keep": 0.01, "quantile": 0.2}
    seen = []
    with network.register_forward_pre_hook(lambda module, inputs: seen.extend(inputs[0])):
        run = dissect(network, tmp_path / "run", **given)
    assert len(seen) > 2 + COUNT, "beside two that are made up, some pictures are seen twice"
    whole = dissect(network, tmp_path / "whole", **given | {"keep": 1})
    assert bytes_of(run) == bytes_of(whole)
    with pytest.raises(UnitscopeError, match="not enough of them"):
        unitscope.at_quantile(run, 0.6)


class Viewed(nn.Module):
    """Looks at an activation as if its channels lay first in memory."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, stride=4)
        self.head = nn.Linear(5 * 8 * 8, 2)

    def forward(self, x):
        maps = self.conv(x)
        return self.head(maps.view(len(x), -1))


class Pooled(Viewed):
    def forward(self, x):
        return self.conv(x).mean((2, 3))


@pytest.mark.parametrize(("kind", "last"), [(Viewed, False), (Pooled, True)])
def test_channels_lie_last_in_memory_where_the_network_takes_that(tmp_path, kind, last):
    torch.manual_seed(0)
    network, seen = kind().eval(), []
    network.conv.register_forward_pre_hook(lambda _m, given: seen.append(given[0]))
    samples = InMemorySamples(torch.randn(COUNT, 3, 33, 33), make_samples()._labels, VOCABULARY)
    run = dissect(network, tmp_path / "run", layers=["conv"], samples=samples)
    assert run.manifest.config["channels_last"] is last
    assert all(each.is_contiguous(memory_format=torch.channels_last) for each in seen[-COUNT // 4 :]) is last
    layout = torch.channels_last if last else torch.contiguous_format
    with torch.no_grad():
        batches = samples._inputs.to(memory_format=layout).split(4)
        peaks = torch.cat([network.conv(batch) for batch in batches]).amax((0, 2, 3))
    assert run.units["peak"].tolist() == peaks.tolist()


def exemplar_masks(run):
    for row in run.table("exemplars").itertuples():
        bits = np.unpackbits(np.frombuffer(row.mask, np.uint8), count=row.mask_height * row.mask_width)
        yield row, bits.reshape(row.mask_height, row.mask_width).astype(bool)


def test_exemplars_are_the_strongest_pictures_with_the_region_above_the_threshold(finished, naive):
    network, run = finished
    grids = naive_grids(network, make_samples())
    rows = run.table("exemplars").set_index(["layer", "unit"])
    for layer, found in grids.items():
        peaks = found.amax((2, 3)).numpy()
        for unit in range(found.shape[1]):
            order = np.argsort(-peaks[:, unit], kind="stable")[:3]
            assert rows.loc[(layer, unit), "sample"].tolist() == order.tolist()
            assert rows.loc[(layer, unit), "peak"].tolist() == peaks[order, unit].tolist()
            assert rows.loc[(layer, unit), "rank"].tolist() == [1, 2, 3]
    for row, mask in exemplar_masks(run):
        grid, geometry = grids[row.layer][row.sample, row.unit], GEOMETRY[row.layer]
        if row.layer == "fine":
            grid = upsample(grid, raster_sampling(geometry, GRID, (SIDE, SIDE)))
            geometry = GridGeometry.even(GRID, (SIDE, SIDE))
        values = upsample(grid, raster_sampling(geometry, (SIDE, SIDE), (SIDE, SIDE))).numpy()
        assert np.array_equal(mask, values > naive[row.layer][0][row.unit])


def test_exemplar_pictures_are_saved_once_each_as_the_network_saw_them(run):
    rows = run.table("exemplars")
    saved = sorted(path.name for path in (run.path / "pictures").iterdir())
    assert saved == [f"{sample:06d}.jpg" for sample in sorted(rows["sample"].unique())]
    assert rows["id"].tolist() == [f"{sample:06d}" for sample in rows["sample"]]
    picture = np.asarray(Image.open(run.path / rows["picture"][0]), int)
    assert picture.shape == (SIDE, SIDE, 3)


def test_dead_and_constant_units_have_no_exemplars(network, tmp_path):
    with torch.no_grad():
        network.coarse.weight[:2] = 0
        network.coarse.bias[:2] = torch.tensor([0.0, 3.0])
    run = dissect(network, tmp_path / "run", layers=["coarse"])
    assert run.units["status"].tolist() == ["dead", "constant", *["live"] * 5]
    assert set(run.table("exemplars")["unit"]) == {2, 3, 4, 5, 6}
    assert set(run.table("iou")["unit"]) == {2, 3, 4, 5, 6}


def test_a_layer_of_dead_units_has_no_exemplars_at_all(network, tmp_path):
    with torch.no_grad():
        network.coarse.weight[:] = 0
        network.coarse.bias[:] = 0
    run = dissect(network, tmp_path / "run", layers=["coarse"])
    assert set(run.units["status"]) == {"dead"}
    assert len(run.table("exemplars")) == len(run.table("iou")) == len(run.detectors) == 0


COLUMNS = {
    "units": "layer unit status threshold quantile_fraction concept category iou iou_low iou_high iou_heldout "
    "label_stable p_value q_value null_iou null_iou_95 lift precision recall f1 concept_fraction "
    "average_precision auroc runner_up runner_up_category margin margin_low margin_high meanings detector peak",
    "matches": "layer unit rank concept category iou intersection union best_in_category",
    "concepts": "number name category pixels fraction pictures",
    "layers": "layer position units height width category detectors concepts",
    "samples": "sample id used reason",
    "exemplars": "layer unit rank sample id picture peak mask mask_height mask_width",
    "regions": "layer unit kind rank sample id picture peak unit_pixels concept_pixels shared_pixels mask "
    "concept_mask mask_height mask_width",
    "similar": "layer unit rank other overlap correlation",
    "histograms": "layer unit edges counts",
    "iou": "layer unit number concept category iou intersection unit_pixels concept_pixels",
}


def test_tables_have_the_columns_that_were_promised(run):
    tables = tables_of(run.path)
    assert {name: " ".join(table.columns) for name, table in tables.items()} == COLUMNS
    live = tables["units"][tables["units"]["status"] == "live"]
    seconds = ["runner_up", "runner_up_category", "average_precision", "auroc"]
    assert not live.drop(columns=seconds).isna().any(axis=None)
    chance = ["p_value", "q_value", "null_iou", "null_iou_95", "lift"]
    assert not tables["units"].isna().drop(columns=["concept", "category", *seconds, *chance]).any(axis=None)
    for row in tables["histograms"].itertuples():
        assert len(row.edges) == len(row.counts) + 1
        assert sum(row.counts) == COUNT * GRID[0] * GRID[1]


def test_matches_are_ranked_and_agree_with_all_pairs(run):
    everything = run.table("iou").set_index(["layer", "unit", "concept", "category"])["iou"]
    for (layer, unit), rows in run.matches.groupby(["layer", "unit"], sort=False):
        assert rows["iou"].is_monotonic_decreasing
        assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
        assert (rows["iou"] == rows["intersection"] / rows["union"]).all()
        for row in rows.itertuples():
            assert everything[layer, unit, row.concept, row.category] == row.iou
        best = rows[rows["best_in_category"]].drop_duplicates("category")
        assert best["iou"].tolist() == rows.groupby("category", sort=False)["iou"].max().tolist()


def bytes_of(run):
    return {
        path.name: path.read_bytes()
        for part in ("tables", "pictures")
        for path in (run.path / part).iterdir()
    }


def cache_sizes(run):
    """Bytes of each file of the cache, in the order of the shards."""
    return [path.stat().st_size for path in sorted((run.path / "cache").iterdir())]


def test_results_do_not_depend_on_shards_cache_or_threads(run, network, tmp_path, pieces_of):
    pieces_of(8)
    assert bytes_of(dissect(network, tmp_path / "shards")) == bytes_of(run)
    assert len(list((tmp_path / "shards" / "shards").iterdir())) == 3 + 1  # and one of re-pairings
    pieces_of(1)
    assert bytes_of(dissect(network, tmp_path / "small", cache_budget=0)) == bytes_of(run)
    assert len(list((tmp_path / "small" / "shards").iterdir())) == 6 + 1
    assert not list((tmp_path / "small" / "cache").iterdir())
    some = sum(cache_sizes(dissect(network, tmp_path / "all"))[:3])
    threads = torch.get_num_threads()
    torch.set_num_threads(3 if threads == 1 else 1)
    try:
        assert bytes_of(dissect(network, tmp_path / "some", cache_budget=some / 2**30)) == bytes_of(run)
    finally:
        torch.set_num_threads(threads)
    assert len(list((tmp_path / "some" / "cache").iterdir())) == 3


def test_the_order_in_which_layers_are_named_changes_nothing(run, network, tmp_path):
    assert bytes_of(dissect(network, tmp_path / "run", layers=LAYERS[::-1])) == bytes_of(run)


def test_one_layer_alone_gives_its_rows(run, network, tmp_path):
    alone = dissect(network, tmp_path / "run", layers=["coarse"]).units
    together = run.units[run.units["layer"] == "coarse"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, together)


@pytest.mark.parametrize("quantile", [0.005, 0.1])
def test_another_quantile_needs_no_network(run, network, tmp_path, quantile):
    again = dissect(network, tmp_path / "run", quantile=quantile)
    pd.testing.assert_frame_equal(unitscope.at_quantile(run, quantile), again.units)


def test_another_quantile_needs_the_activations(run, network, tmp_path, pieces_of):
    pieces_of(8)
    part = dissect(network, tmp_path / "run")
    RunFolder(part.path).cache_path(2).unlink()
    for bare in (part, dissect(network, tmp_path / "none", cache_budget=0)):
        with pytest.raises(
            UnitscopeError, match="were not kept, or not enough of them; dissect into another folder"
        ):
            unitscope.at_quantile(bare, 0.1)
    with pytest.raises(UnitscopeError, match="quantile is 1; it must be between 0 and 1"):
        unitscope.at_quantile(run, 1)


def state_of(module):
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    hooks = sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())
    return buffer.getvalue(), hooks, [part.training for part in module.modules()]


def test_the_network_is_left_as_it_was(network, tmp_path):
    before = state_of(network)
    dissect(network, tmp_path / "run", layers=["head"])
    assert state_of(network) == before


def test_a_network_that_fails_on_a_picture_names_it_and_is_left_as_it_was(network, tmp_path):
    samples = make_samples()
    network.fails_on = samples._inputs[9, 0, 0, 0] = 7.5
    before = state_of(network)
    expected = (
        "fails on the pictures from '000008' to '000011': ValueError: this picture hurts in many ways; the"
    )
    with pytest.raises(UnitscopeError, match=expected):
        dissect(network, tmp_path / "run", samples=samples)
    assert state_of(network) == before


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_activations_that_are_not_finite_name_layer_unit_and_picture(network, tmp_path, value):
    class Poison(nn.Module):
        def forward(self, x):
            x = x.clone()
            x[x.shape[0] - 1, 4, 0, 0] = value if len(x) == 3 else 0
            return x

    network.rectify = Poison()
    before = state_of(network)
    with pytest.raises(
        UnitscopeError, match=r"layer 'rectify' unit 4 is not finite.*picture '000022'; check"
    ):
        dissect(network, tmp_path / "run", layers=["rectify"])
    assert state_of(network) == before


def test_a_network_that_refuses_the_input_size_says_so_before_any_work(network, tmp_path):
    network.head = nn.Linear(12, 4)
    with pytest.raises(
        UnitscopeError, match=r"fails on an input of shape 2x3x32x32: RuntimeError: .*mat1.*size"
    ):
        dissect(network, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_layers_that_do_not_keep_pictures_apart_are_refused(network, tmp_path):
    class Turned(nn.Module):
        def forward(self, x):
            return x.flatten(2).permute(2, 0, 1).flatten(0, 1)

    network.normalise = nn.Sequential(network.normalise, nn.Sequential(Turned(), nn.Identity()))
    network.forward = lambda x: network.normalise(network.coarse(network.fine(x)))
    with pytest.raises(
        UnitscopeError, match=r"'normalise' returns shape \(200, 7\) for 2 pictures, .*pictures and"
    ):
        dissect(network, tmp_path / "run", layers=["normalise"])


def test_layers_that_change_their_shape_are_refused(network, tmp_path):
    class Shrinking(nn.Module):
        def forward(self, x):
            return x[..., : 5 if len(x) == 4 else 6]

    network.rectify = Shrinking()
    network.forward = lambda x: network.rectify(network.fine(x))
    with pytest.raises(
        UnitscopeError, match=r"layer 'rectify' returns an activation of shape \(\d+, 5, 30, 5\)"
    ):
        dissect(network, tmp_path / "run", layers=["rectify"])


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"quantile": 0}, "quantile is 0; it must be between 0 and 1"),
        ({"quantile": float("nan")}, "quantile is nan"),
        ({"min_iou": 1.5}, "min_iou is 1.5; it must be from 0 to 1"),
        ({"border": "wrap"}, "border is 'wrap'; it must be edge or zeros"),
        ({"replicates": 99}, "replicates is 99; it must be from 100 to 1,000,000"),
        ({"batch_size": 0}, "batch_size is 0; it must be 1 or more"),
        ({"cache_budget": -1}, "cache_budget is -1; it must be 0 or more"),
    ],
)
def test_settings_are_checked(setting, message):
    with pytest.raises(UnitscopeError, match=message):
        DissectionSettings(**setting)


def test_no_layer_or_no_input_is_refused(network, tmp_path):
    with pytest.raises(UnitscopeError, match="no layer to dissect; name one with layers="):
        dissect(network, tmp_path / "run", layers=[])
    with pytest.raises(UnitscopeError, match="there are no inputs"):
        make_samples(0)


def test_progress_counts_every_batch_of_pictures(network, tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(reading, "partly", steps.append)
    dissect(network, tmp_path / "run")
    assert steps == [4] * 5 + [3]


def test_fewer_pictures_than_exemplars_and_one_picture_alone(network, tmp_path):
    run = dissect(network, tmp_path / "run", samples=make_samples(1), top=5)
    assert run.units["iou"].between(0, 1).all()
    assert run.table("exemplars").groupby(["layer", "unit"]).size().eq(1).all()
    assert (run.units["iou_heldout"] == 0).all()


def test_the_library_gives_a_network_back_as_it_got_it(tmp_path):
    network = Planted().train()
    network.tokens.eval()
    before = state_of(network)
    model = Network(network, unitscope.Preprocessing(size=(SIDE, SIDE)), name="net")
    listed = [layer.name for layer in unitscope.layers(model)]
    assert listed.index("fine") < listed.index("coarse") < listed.index("head")
    assert state_of(network) == before
    with pytest.raises(UnitscopeError, match="nothing says what the pictures show"):
        unitscope.dissect(
            unitscope.network(model, reinitialize=1),
            pictures(tmp_path),
            out=tmp_path / "run",
            layers=["fine"],
        )
    assert state_of(network) == before


def pictures(tmp_path):
    Image.new("RGB", (SIDE, SIDE)).save(tmp_path / "one.png")
    return tmp_path


def test_tables_are_written_for_other_programs_too(run):
    schema = pq.read_schema(run.path / "tables" / "units.parquet")
    assert str(schema.field("threshold").type) == "float"
    assert str(schema.field("iou").type) == "double"
    assert identity_sampling(GRID).shape == GRID


def region_masks(run):
    for row in run.regions.itertuples():
        sides = row.mask_height, row.mask_width
        mask = unpack_mask(row.mask, *sides)
        yield row, mask, None if row.concept_mask is None else unpack_mask(row.concept_mask, *sides)


def test_regions_are_those_of_units_and_labels_on_the_pixel_grid(run, naive):
    units = run.units.set_index(["layer", "unit"])
    numbers = {VOCABULARY[number].name: number for number in range(1, len(VOCABULARY))}
    assert set(run.regions["kind"]) == {"strongest", "middle", "silent"}
    for row, mask, concept in region_masks(run):
        _, masks, regions = naive[row.layer]
        label = units.loc[(row.layer, row.unit), "concept"]
        assert np.array_equal(mask, masks[row.unit][row.sample])
        there = np.zeros(GRID, bool) if pd.isna(label) else regions[numbers[label]][row.sample]
        assert (concept is None) == pd.isna(label)
        assert concept is None or np.array_equal(concept, there)
        counts = (mask.sum(), there.sum(), (mask & there).sum())
        assert (row.unit_pixels, row.concept_pixels, row.shared_pixels) == counts


def test_regions_begin_with_exemplars_and_go_on_with_weaker_and_silent_pictures(run, naive):
    kept = set(run.exemplars["sample"])
    rows = run.regions
    strongest = rows[rows["kind"] == "strongest"]
    columns = ["layer", "unit", "rank", "sample", "id", "picture", "peak"]
    expected = run.exemplars[columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(strongest[columns].reset_index(drop=True), expected)
    for (layer, unit), mine in rows.groupby(["layer", "unit"], sort=False):
        masks = naive[layer][1][unit]
        shown = set(mine.loc[mine["kind"] == "strongest", "sample"])
        middle, silent = (mine[mine["kind"] == kind] for kind in ("middle", "silent"))
        others = [n for n in kept - shown if masks[n].any()]
        assert len(middle) == min(3, len(others))
        assert set(middle["sample"]) <= set(others)
        assert middle["peak"].is_monotonic_decreasing
        assert not masks[silent["sample"]].any()
        assert silent["concept_pixels"].is_monotonic_decreasing
        assert (silent["concept_pixels"] > 0).all()


def test_similar_units_are_those_of_a_naive_loop(run, naive, finished):
    grids = naive_grids(finished[0], make_samples())
    rows = run.similar
    for layer, (thresholds, masks, _) in naive.items():
        raster = upsample(grids[layer], raster_sampling(GEOMETRY[layer], GRID, (SIDE, SIDE))).numpy()
        peaks = np.maximum(raster.max((2, 3)), thresholds).T
        for unit, mine in rows[rows["layer"] == layer].groupby("unit"):
            overlaps = np.array([iou(masks[unit], other) for other in masks])
            overlaps[unit] = 0
            assert mine["overlap"].tolist() == sorted(overlaps[overlaps > 0], reverse=True)[:5]
            for row in mine.itertuples():
                assert row.overlap == overlaps[row.other]
                assert row.correlation == pytest.approx(
                    np.corrcoef(peaks[unit], peaks[row.other])[0, 1], abs=0.02
                )


def test_what_was_not_kept_is_not_taken_for_weak_in_heat_maps(tmp_path):
    """Of less that is kept, a map begins higher; what lies above is as in a map of more."""

    def maps(keep):
        run = unitscope.dissect("world-vgg", "world:12", layers=["relu4_3"], grid=14, keep=keep, quantile=0.005, null=0,
                         replicates=100, out=tmp_path / f"{keep}")  # fmt: skip
        high = run.units.set_index("unit")["peak"]
        found = run.heat_maps("relu4_3", run.regions)
        return {(unit, sample): (low, high[unit], levels) for unit, sample, low, levels in found}

    much, little = maps(0.2), maps(0.02)
    assert 0 < len(little) <= len(much)
    for place, (low, high, levels) in little.items():
        below, _, others = much[place]
        assert low >= below
        values = below + (high - below) * others / 15
        clear = values[levels == 0]
        assert (clear <= low + (high - low) * 0.51 / 15 + (high - below) * 0.51 / 15).all()
    assert any(low > much[place][0] for place, (low, _, _) in little.items())


def test_heat_maps_come_from_kept_cells_and_need_no_network(run, naive, finished):
    grids = naive_grids(finished[0], make_samples())["tokens"]
    raster = upsample(grids, raster_sampling(GEOMETRY["tokens"], GRID, (SIDE, SIDE))).numpy()
    rows = run.regions[run.regions["layer"] == "tokens"]
    found = list(run.heat_maps("tokens", rows))
    assert {(unit, sample) for unit, sample, _, _ in found} == set(
        zip(rows["unit"], rows["sample"], strict=True)
    )
    for unit, sample, low, levels in found:
        assert low <= naive["tokens"][0][unit]
        share = (raster[sample, unit] - low) / (grids[:, unit].max().item() - low)
        assert np.abs(levels - 15 * np.clip(share, 0, 1)).max() <= 0.51
