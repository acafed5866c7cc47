"""Runs side by side: intervals of differences over the same pictures, labels that differ, layers that meet."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny import run_cli

import unitscope as us
from unitscope.experiments.dissection.look import kept_activations
from unitscope.run.comparison import differences, pairing, relabelled
from unitscope.run.dissection import Dissection
from unitscope.stats.inference import poisson_weights

LAYER, COUNT, REPLICATES = "relu2_2", 24, 120


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Dissection:
    """Return a run with a control."""
    return us.dissect(
        "world-vgg", f"world:{COUNT}", layers=LAYER, control=0, null=0, replicates=REPLICATES, seed=5,
        out=tmp_path_factory.mktemp("difference") / "run",
    )  # fmt: skip


def drawn_iou(run: Dissection) -> tuple[np.ndarray, np.ndarray]:
    """Return the IoU of each unit with its label in each replicate ``(R, U)`` and the labels, from whole masks."""
    activations = kept_activations(run)
    numbers = run.concepts.set_index(["name", "category"])["number"]
    labels = np.array(
        [numbers.get(pair, 0) for pair in zip(run.units["concept"], run.units["category"], strict=True)]
    )
    levels = run.units["threshold"].to_numpy(np.float32, copy=True)
    shared, union = np.zeros((COUNT, len(levels))), np.zeros((COUNT, len(levels)))
    for number in range(activations.plan.shards):
        shard = activations.shard(number)
        points = shard.cells[LAYER].points_above(levels)
        for place, sample in enumerate(shard.samples):
            maps = shard.labels[place].reshape(shard.labels.shape[1], -1)
            for unit, level in enumerate(levels):
                start, stop = points.offsets[unit, place : place + 2]
                mask = np.zeros(maps.shape[1], bool)
                mask[points.positions[start:stop][points.values[start:stop] > level]] = True
                concept = (maps == labels[unit]).any(0) & (labels[unit] > 0)
                shared[sample, unit] = (mask & concept).sum()
                union[sample, unit] = (mask | concept).sum()
    weights = poisson_weights(np.arange(COUNT), REPLICATES, run.settings.seed).T
    return (weights @ shared) / np.maximum(weights @ union, 1), labels


def replicates_of(run: Dissection) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of detectors and the mean IoU in each replicate."""
    iou, labels = drawn_iou(run)
    detects = (iou >= run.settings.min_iou) & (labels > 0)
    return detects.mean(1), np.where(labels > 0, iou, 0).mean(1)


def test_the_interval_of_a_label_pays_for_the_labels_that_come_close(run: Dissection) -> None:
    iou, _ = drawn_iou(run)
    plain, high = np.quantile(iou, [0.025, 0.975], axis=0)
    units = run.units.set_index("unit")
    assert units["iou_high"].to_numpy() == pytest.approx(high)
    checked = set()
    for unit, matches in run.matches.groupby("unit"):
        listed = matches[matches["rank"] <= 10]["iou"]
        close = int((listed >= plain[unit]).sum())
        if close < len(listed):  # else more of them may be close than are listed
            assert units.loc[unit, "iou_low"] == pytest.approx(np.quantile(iou[:, unit], 0.025 / close))
            checked.add(close)
    assert len(checked) > 2


def test_intervals_are_those_of_pictures_drawn_for_both_alike(run: Dissection) -> None:
    control = run.controls[0]
    (row,) = us.difference(run, control).to_dict("records")
    assert row["layer"] == LAYER
    pairs = zip(replicates_of(run), replicates_of(control), strict=True)
    for name, (one, two) in zip(("detectors", "iou"), pairs, strict=True):
        low, high = np.quantile(two - one, [0.025, 0.975])
        assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx((low, high))
    assert row["detectors"] == pytest.approx(control.units["detector"].mean() - run.units["detector"].mean())
    assert row["iou"] == pytest.approx(control.units["iou"].mean() - run.units["iou"].mean())


def test_there_is_no_interval_that_does_not_hold_the_difference(run: Dissection, tmp_path: Path) -> None:
    """With the least IoU as the cut all units are detectors, and some are not in every replicate."""
    cut = float(run.units["iou"].min())
    told = {"layers": LAYER, "null": 0, "replicates": REPLICATES, "seed": 5, "min_iou": cut}
    other = us.dissect("world-vgg", f"world:{COUNT}", **told, out=tmp_path / "run")
    assert other.units["detector"].all()
    (row,) = us.difference(run, other).to_dict("records")
    high = np.quantile(replicates_of(other)[0] - replicates_of(run)[0], 0.975)
    assert high < row["detectors"]
    assert np.isnan([row["detectors_low"], row["detectors_high"]]).all()
    (said,) = (line for line in us.compare(run, other).said() if "mean IoU" in line)
    shares, _, ious = said.partition(" of the units, ")
    assert ious == "mean IoU +0.000 (+0.000 to +0.000)"
    assert "(" not in shares


def test_a_run_does_not_differ_from_itself(run: Dissection) -> None:
    assert (us.difference(run, run).drop(columns="layer") == 0).all(axis=None)
    changed = relabelled(run, run)
    assert changed is not None
    assert len(changed[0]) == 0
    assert changed[1] == len(run.detectors)


def test_other_pictures_have_no_paired_interval(run: Dissection, tmp_path: Path) -> None:
    other = us.dissect("world-vgg", "world:20", layers=LAYER, null=0, replicates=100, out=tmp_path / "other")
    with pytest.raises(us.UnitscopeError, match="are on different pictures"):
        us.difference(run, other)


def test_pictures_of_other_generators_are_others(tmp_path: Path) -> None:
    runs = [
        us.dissect(us.generator("world-gan", reinitialize=seed), us.latents(6, seed=1), layers=["layer4"],
                   null=0, replicates=100, out=tmp_path / str(seed), trust_places=True)
        for seed in (None, 0)
    ]  # fmt: skip
    assert runs[0].data.hash == runs[1].data.hash
    with pytest.raises(us.UnitscopeError, match="are on different pictures"):
        us.difference(*runs)
    assert "pictures" in differences(runs)
    assert differences([runs[0], runs[0]]) == []


def test_labels_that_differ_are_listed(run: Dissection, tmp_path: Path) -> None:
    other = us.dissect(
        "world-vgg", f"world:{COUNT}", layers=LAYER, grid=12, null=0, replicates=100, out=tmp_path / "other"
    )
    changed = relabelled(run, other)
    assert changed is not None
    table, detectors = changed
    both = run.units.merge(other.units, on=["layer", "unit"], suffixes=("_1", "_2"))
    expected = both[both["detector_1"] & (both["concept_1"].fillna("") != both["concept_2"].fillna(""))]
    assert set(table["unit"]) >= set(expected["unit"])
    assert 0 < len(table) < detectors == len(run.detectors)
    assert table["iou_1"].is_monotonic_decreasing
    assert relabelled(run, run.controls[0]) is None  # units of random weights are not the same units


def test_layers_that_meet_by_position_are_announced(run: Dissection, tmp_path: Path) -> None:
    other = us.dissect(
        "world-vgg", f"world:{COUNT}", layers="relu1_2", null=0, replicates=100, out=tmp_path / "other"
    )
    assert (
        pairing([run, other])
        == f"no layer is in all runs, so they are paired by position: {LAYER} with relu1_2"
    )
    assert not pairing([run, run.controls[0]])
    assert us.difference(run, other)["layer"].tolist() == [f"{LAYER} / relu1_2"]


def test_the_command_and_the_page_say_it(
    run: Dissection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    control = run.controls[0]
    assert run_cli(monkeypatch, "compare", str(run.path), str(control.path)) == 0
    said = capsys.readouterr().out
    line = f"2 less 1, {LAYER}: detectors "
    assert line in said
    page = run.path / "compare" / control.path.name / "index.html"
    assert line in page.read_text()


def test_without_kept_activations_there_is_no_interval(
    run: Dissection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = us.dissect(
        "world-vgg", f"world:{COUNT}", layers=LAYER, null=0, replicates=100, out=tmp_path / "bare"
    )
    bare.drop_cache()
    assert run_cli(monkeypatch, "compare", str(run.path), str(bare.path)) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 less 1: no intervals, for the activations in" in said
    assert "were not kept" in said


def test_why_there_is_no_interval_is_said_as_it_is(
    run: Dissection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(
        run.path, tmp_path / "damaged", ignore=shutil.ignore_patterns("report", "compare", "controls")
    )
    for piece in (tmp_path / "damaged" / "cache").glob("*.safetensors"):
        piece.write_bytes(piece.read_bytes()[:-4] + b"----")
    assert run_cli(monkeypatch, "compare", str(run.path), str(tmp_path / "damaged")) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "2 less 1: no intervals, for " in said
    assert "is damaged" in said
