"""How many labels stay when something else changes, held against counting with whole masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import run_cli

import unitscope as us
from unitscope.experiments.dissection import stability
from unitscope.experiments.dissection.look import kept_activations
from unitscope.run.dissection import Dissection

COUNT, LAYER = 32, "relu2_2"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Dissection:
    """Return a small run of one layer."""
    out = tmp_path_factory.mktemp("stability") / "run"
    return us.dissect("world-vgg", f"world:{COUNT}", layers=LAYER, null=20, replicates=100, out=out)


def labels_on(run: Dissection, samples: np.ndarray) -> np.ndarray:
    """Label the units of the layer on some pictures, from whole masks."""
    activations = kept_activations(run)
    thresholds = run.units["threshold"].to_numpy(np.float32, copy=True)
    concepts = len(run.concepts) + 1
    shared, pixels = np.zeros((len(thresholds), concepts)), np.zeros(len(thresholds))
    areas = np.zeros(concepts)
    for number in range(activations.plan.shards):
        shard = activations.shard(number)
        points = shard.cells[LAYER].points_above(thresholds)
        for place, sample in enumerate(shard.samples):
            if sample not in samples:
                continue
            maps = shard.labels[place].reshape(shard.labels.shape[1], -1)
            for plane in maps:
                areas += np.bincount(plane, minlength=concepts)
            for unit, level in enumerate(thresholds):
                start, stop = points.offsets[unit, place : place + 2]
                above = points.positions[start:stop][points.values[start:stop] > level]
                pixels[unit] += len(above)
                for plane in maps:
                    shared[unit] += np.bincount(plane[above], minlength=concepts)
    shared[:, 0] = 0
    iou = shared / np.maximum(pixels[:, None] + areas - shared, 1)
    return np.where(iou.max(1) > 0, iou.argmax(1), 0)


def test_labels_of_sets_are_those_of_whole_masks(run: Dissection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stability, "ORDERS", 1)
    sizes = [5, 12, 16]
    found = us.stability(run, pictures=sizes, quantiles=[0.01])
    own = labels_on(run, np.arange(COUNT))
    detectors = run.units["detector"].to_numpy(bool)
    assert detectors.sum() > 10
    groups = stability._groups(run, sizes, 0)
    taken = np.zeros(0, np.int64)
    for at, size in enumerate(sizes):
        sides = [np.flatnonzero((groups < 2 * (at + 1)) & (groups % 2 == side)) for side in (0, 1)]
        assert [len(side) for side in sides] == [size, size]
        assert not set(sides[0]) & set(sides[1])
        assert set(taken) <= {*sides[0], *sides[1]}  # larger sets contain the smaller ones
        taken = np.concatenate(sides)
        first, second = (labels_on(run, side)[detectors] for side in sides)
        row = found[(found["change"] == "pictures") & (found["value"] == str(size))].iloc[0]
        assert row["agree"] == pytest.approx(((first == second) & (first > 0)).mean())
        both = np.concatenate([first == own[detectors], second == own[detectors]])
        assert row["same"] == pytest.approx(both.mean())
        assert row["detectors"] == detectors.sum()


def test_the_quantile_of_the_run_changes_nothing_and_others_label_as_the_run_does_there(
    run: Dissection,
) -> None:
    found = us.stability(run, quantiles=[0.01, 0.02], pictures=[8]).set_index(["change", "value"])
    assert found.loc[("quantile", "0.01"), "same"] == 1
    again = us.at_quantile(run, 0.02)
    chosen = run.units["detector"]
    same = (again["concept"] == run.units["concept"]) & (again["category"] == run.units["category"])
    assert found.loc[("quantile", "0.02"), "same"] == pytest.approx(same[chosen].mean())


def test_sizes_are_round_and_fit_twice(run: Dissection) -> None:
    found = us.stability(run)
    sizes = found.loc[found["change"] == "pictures", "value"].tolist()
    assert sizes == ["10"]
    assert found.loc[found["change"] == "quantile", "value"].tolist() == ["0.005", "0.02"]
    assert stability._sizes(2050, []) == [10, 20, 50, 100, 200, 500, 1000]
    assert stability._sizes(12, []) == []


def test_another_run_is_compared_by_name(run: Dissection, tmp_path: Path) -> None:
    other = us.dissect(
        "world-vgg", f"world:{COUNT}", layers=LAYER, null=0, replicates=100, grid=14, out=tmp_path / "other"
    )
    found = us.stability(run, other, pictures=[4], quantiles=[0.01])
    row = found[found["change"] == "run"].iloc[0]
    chosen = run.units["detector"]
    assert row["same"] == pytest.approx((other.units["concept"] == run.units["concept"])[chosen].mean())
    assert 0 < row["same"] < 1
    assert np.isnan(row["agree"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"pictures": [17]},
            f"two sets of 17 pictures are asked for, of {COUNT} in the run; give sizes from 1 to 16",
        ),
        ({"quantiles": [1.5]}, "a quantile is 1.5; it must be between 0 and 1"),
        ({"quantiles": [0.9]}, "keep"),
    ],
)
def test_what_cannot_be_asked_is_one_line(run: Dissection, asked: dict[str, list[float]], said: str) -> None:
    with pytest.raises(us.UnitscopeError, match=said):
        us.stability(run, **asked)  # type: ignore[arg-type]


def test_runs_of_something_else_are_refused(run: Dissection, tmp_path: Path) -> None:
    fewer = us.dissect("world-vgg", "world:24", layers=LAYER, null=0, replicates=100, out=tmp_path / "fewer")
    with pytest.raises(us.UnitscopeError, match="is on other pictures than that in"):
        us.stability(run, fewer)
    random = us.network("world-vgg", reinitialize=0)
    control = us.dissect(
        random, f"world:{COUNT}", layers=LAYER, null=0, replicates=100, out=tmp_path / "control"
    )
    with pytest.raises(us.UnitscopeError, match="is of another network than that in"):
        us.stability(run, control)


def test_the_command_prints_a_table(
    run: Dissection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run_cli(monkeypatch, "stability", str(run.path), "--pictures", "10") == 0
    said = capsys.readouterr().out
    assert "two sets agree" in said
    assert " %" in said
    file = tmp_path / "found.csv"
    words = ("stability", str(run.path), "--pictures", "10", "--format", "csv", "--out", str(file))
    assert run_cli(monkeypatch, *words) == 0
    pd.testing.assert_frame_equal(
        pd.read_csv(file, dtype={"value": str}), us.stability(run, pictures=[10]), check_dtype=False
    )
