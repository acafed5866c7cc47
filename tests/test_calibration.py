"""Which labels stand out: cuts from controls, the calibrated rule, and what is said of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tiny import run_cli

import unitscope as us
from unitscope.experiments.dissection.chance import Chance
from unitscope.experiments.dissection.meanings import of_layer
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.report import write_report
from unitscope.run.calibration import calibrated_cuts, repairings_needed, stands_out
from unitscope.run.dissection import Dissection


def units(layer: str, **columns: object) -> pd.DataFrame:
    """Return a unit table with live units of one layer."""
    table = pd.DataFrame(
        {"iou_heldout": 0.1, "label_stable": True, "q_value": 0.01, "status": "live"} | columns
    )
    return table.assign(layer=layer)


def test_the_cut_is_what_one_in_twenty_random_units_exceeds() -> None:
    first = units("a", iou_heldout=np.arange(60) / 100)
    second = units("a", iou_heldout=np.arange(60, 100) / 100)
    cuts = calibrated_cuts([first, second], ["a", "b"])
    together = np.arange(100) / 100
    assert (together > cuts["a"]).mean() <= 0.05
    assert (together >= cuts["a"]).mean() > 0.05
    assert np.isnan(cuts["b"])


def test_silent_random_units_count_as_zero() -> None:
    table = units("a", iou_heldout=[np.nan] * 18 + [0.3, 0.4])
    assert calibrated_cuts([table], ["a"])["a"] == 0.3
    assert calibrated_cuts([units("a", iou_heldout=[np.nan] * 19 + [0.3])], ["a"])["a"] == 0


def test_what_stands_out_passes_all_three_conditions() -> None:
    table = units(
        "a",
        q_value=[0.05, 0.051, 0.01, 0.01, np.nan, np.nan],
        label_stable=[True, True, False, True, True, False],
        iou_heldout=[0.2, 0.2, 0.2, 0.1, 0.2, np.nan],
        status=["live", "live", "live", "live", "live", "dead"],
    )
    found = stands_out(table, np.full(6, 0.1))
    assert found[:4].tolist() == [True, False, False, False]
    assert found.isna().tolist() == [
        False,
        False,
        False,
        False,
        True,
        False,
    ]  # chance of a live unit not measured
    assert not found[5]  # a dead unit has no chance and is no detector
    assert stands_out(table, np.full(6, np.nan))[:5].isna().all()


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Dissection:
    """Return a run with two controls."""
    return us.dissect(
        "world-vgg",
        us.pictures("world:40"),
        layers=["relu2_2", "relu4_3"],
        control=[0, 1],
        null=40,
        replicates=100,
        out=tmp_path_factory.mktemp("calibrated") / "run",
    )


def test_controls_are_runs_of_the_same_with_random_weights(calibrated: Dissection) -> None:
    assert [run.path.name for run in calibrated.controls] == ["0", "1"]
    for seed, run in enumerate(calibrated.controls):
        assert run.network.reinitialized == seed
        assert run.data.hash == calibrated.data.hash
        assert not run.controls
    alone = us.dissect(
        us.network("world-vgg", reinitialize=1),
        us.pictures("world:40"),
        layers=["relu2_2", "relu4_3"],
        null=40,
        replicates=100,
        out=calibrated.path.parent / "alone",
    )
    pd.testing.assert_frame_equal(alone.units, calibrated.controls[1].units)


def test_the_calibration_counts_what_the_tables_say(calibrated: Dissection) -> None:
    table = calibrated.calibration.set_index("layer")
    assert list(table.index) == ["relu2_2", "relu4_3"]
    for layer, row in table.iterrows():
        own = calibrated.units[calibrated.units["layer"] == layer]
        random = [run.units[run.units["layer"] == layer] for run in calibrated.controls]
        assert row["units"] == len(own)
        assert row["detectors"] == own["detector"].sum()
        assert row["untrained"] == np.mean([each["detector"].sum() for each in random])
        reached = pd.concat(random)["iou_heldout"].fillna(0)
        assert (reached > row["cut"]).mean() <= 0.05
        out = own[(own["q_value"] <= 0.05) & own["label_stable"] & (own["iou_heldout"] > row["cut"])]
        assert row["calibrated"] == len(out)
        assert row["controls"] == 2
    picked = calibrated.detectors_by("calibrated")
    assert len(picked) == table["calibrated"].sum()
    assert calibrated.detectors_by("paper").equals(calibrated.detectors)


def test_the_headline_gives_both_counts_and_random_weights(calibrated: Dissection) -> None:
    row = calibrated.calibration.iloc[1]
    line = next(line for line in repr(calibrated).splitlines() if "relu4_3" in line)
    assert f"{row['detectors']} of 256 units match" in line
    assert f"; {row['untrained']:.10g} would with random weights; {row['calibrated']} stand out" in line
    assert "few pictures to tell: the intervals of" in repr(calibrated)


def test_the_page_says_what_may_be_claimed(calibrated: Dissection) -> None:
    page = write_report(calibrated.path).read_text()
    table = calibrated.calibration
    assert "What may be claimed" in page
    assert f"{table['untrained'].sum():.10g} would with random weights" in page
    assert f"{table['calibrated'].sum()} units stand out" in page
    assert 'name="calibrated"' in page
    assert (calibrated.page.parent / "figures" / "rules.svg").is_file()


def test_units_are_listed_by_a_rule(
    calibrated: Dissection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for rule, count in (
        ("calibrated", calibrated.calibration["calibrated"].sum()),
        ("paper", len(calibrated.detectors)),
    ):
        assert run_cli(monkeypatch, "units", str(calibrated.path), "--rule", rule, "--format", "csv") == 0
        assert len(capsys.readouterr().out.strip().splitlines()) == 1 + count


def test_a_rule_is_not_mixed_with_another_quantile(
    calibrated: Dissection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("units", str(calibrated.path), "--rule", "paper", "--quantile", "0.02")
    assert run_cli(monkeypatch, *words) == 2
    assert "leave out --rule or --quantile" in capsys.readouterr().err


def test_without_a_control_the_rule_is_not_known(calibrated: Dissection) -> None:
    run = calibrated.controls[0]
    assert run.calibrated[run.units["status"] == "live"].isna().all()
    assert run.calibration["calibrated"].isna().all()
    with pytest.raises(
        us.UnitscopeError, match=r"has no control, which the calibrated rule needs; dissect with control=0"
    ):
        run.detectors_by("calibrated")
    assert "that takes a control" not in repr(run)  # its own weights are random


def test_a_control_comes_later_and_changes_no_file(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"layers": "relu4_3", "null": 20, "replicates": 100, "out": tmp_path / "run"}
    run = us.dissect("world-vgg", us.pictures("world:24"), **asked)
    assert "how many would with random weights is not measured" in repr(run)
    before = (tmp_path / "run" / "manifest.json").read_bytes()
    again = us.dissect("world-vgg", us.pictures("world:24"), control=3, **asked)
    assert [each.path.name for each in again.controls] == ["3"]
    caches = [each.path / "cache" for each in (again, *again.controls)]
    assert all(cache.is_dir() for cache in caches)
    again.drop_cache()
    assert not any(cache.exists() for cache in caches)
    assert (tmp_path / "run" / "manifest.json").read_bytes() == before


def test_a_generator_is_held_against_chance_alone(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"layers": "layer4", "null": 40, "replicates": 100}
    with pytest.raises(us.UnitscopeError, match=r"control=0 is for networks that read pictures"):
        us.dissect("world-gan", us.latents(24), control=0, out=tmp_path / "none", **asked)
    assert not (tmp_path / "none").exists()
    run = us.dissect("world-gan", us.latents(24), out=tmp_path / "run", **asked)
    out = run.units[
        (run.units["q_value"] <= 0.05)
        & run.units["label_stable"]
        & (run.units["iou_heldout"] > run.units["null_iou_95"])
    ]
    assert run.detectors_by("calibrated")["unit"].tolist() == out["unit"].tolist()
    assert f"; {len(out)} stand out from chance" in repr(run)


@pytest.mark.parametrize("control", ["x", -1, 1.5, True, [0, 0], "0,0", 2**63])
def test_a_seed_that_is_none_is_refused(control: Any, tmp_path: Path) -> None:
    with pytest.raises(us.UnitscopeError, match=r"^control= is "):
        us.dissect("world-vgg", us.pictures("world:24"), control=control, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_random_weights_have_no_control(tmp_path: Path) -> None:
    with pytest.raises(us.UnitscopeError, match=r"compares with random weights, and reinitialize=2"):
        us.dissect(
            us.network("world-vgg", reinitialize=2), us.pictures("world:24"), control=0, out=tmp_path / "run"
        )
    assert not (tmp_path / "run").exists()


def test_a_match_is_described_by_what_was_counted(calibrated: Dissection) -> None:
    table = calibrated.units[calibrated.units["concept"].notna()]
    counts = calibrated.iou.astype({"layer": str, "concept": str, "category": str})
    keys = ["layer", "unit", "concept", "category"]
    found = table.astype({"layer": str}).merge(counts, on=keys, suffixes=("", "_counted"))
    assert len(found) == len(table) > 200
    np.testing.assert_allclose(found["precision"], found["intersection"] / found["unit_pixels"])
    np.testing.assert_allclose(found["recall"], found["intersection"] / found["concept_pixels"])
    harmonic = 2 / (1 / found["precision"] + 1 / found["recall"])
    np.testing.assert_allclose(found["f1"], harmonic)
    points = 40 * calibrated.grid[0] * calibrated.grid[1]
    np.testing.assert_allclose(found["concept_fraction"], found["concept_pixels"] / points)


def test_the_margin_is_to_the_second_of_the_matches(calibrated: Dissection) -> None:
    second = calibrated.matches[calibrated.matches["rank"] == 2].set_index(["layer", "unit"])
    table = calibrated.units.set_index(["layer", "unit"]).loc[second.index]
    assert table["runner_up"].tolist() == second["concept"].tolist()
    assert table["runner_up_category"].tolist() == second["category"].tolist()
    np.testing.assert_allclose(table["margin"], table["iou"] - second["iou"])
    assert (table["margin_low"] <= table["margin_high"]).all()
    inside = (table["margin_low"] <= table["margin"]) & (table["margin"] <= table["margin_high"])
    assert inside.mean() > 0.9
    alone = calibrated.units["runner_up"].isna() & calibrated.units["concept"].notna()
    assert (calibrated.units.loc[alone, "margin"] == calibrated.units.loc[alone, "iou"]).all()


def test_meanings_are_concepts_apart_that_are_above_chance() -> None:
    largest = np.tile(np.linspace(0.01, 0.05, 100)[:, None], (1, 3))
    chance = Chance(largest, np.full(3, 0.01))
    live = np.ones(3, bool)
    best = np.array([0.5, 0.5, 0.02])  # two labels that no re-pairing reaches, and one that most do
    level = chance.level(best, live, 0.05)
    assert level.tolist() == pytest.approx([0.05] * 3)
    assert np.isinf(chance.level(np.full(3, 0.02), live, 0.05)).all()
    concepts = np.array([0, 100, 100, 100, 100])
    pixels = np.array([[100, 100, 100], [0, 0, 0]])
    shared = np.zeros((2, 3, 5), np.int64)
    shared[0, 0, 1:] = [60, 50, 40, 2]  # three above chance; the first two overlap
    shared[0, 1, 1:] = [60, 0, 0, 0]
    shared[0, 2, 1:] = [2, 0, 0, 0]
    scores = LayerScores(
        np.zeros(3, np.float32), pixels, shared, np.stack([concepts, 0 * concepts]), np.array([1000, 0])
    )
    apart = ~np.eye(5, dtype=bool)
    apart[1, 2] = apart[2, 1] = False
    assert of_layer(scores, chance, apart).tolist() == [2, 1, 0]


def test_meanings_are_not_known_without_chance(tmp_path: Path) -> None:
    run = us.dissect(
        "world-vgg", us.pictures("world:24"), layers="relu4_3", null=0, replicates=100, out=tmp_path
    )
    assert run.units["meanings"].isna().all()
    assert run.calibrated[run.units["status"] == "live"].isna().all()


def test_too_few_re_pairings_are_said_with_how_many_would_do() -> None:
    reached = [1 / 201] * 3 + [0.5] * 97
    table = units("a", p_value=reached, q_value=[0.1658] * 3 + [0.6] * 97)
    needed = repairings_needed(table, 200)
    assert needed == 666
    assert 100 / 3 / (needed + 1) <= 0.05 < 100 / 3 / needed  # Benjamini and Hochberg with that many
    assert repairings_needed(units("a", p_value=[1 / 201] * 50, q_value=[1 / 201] * 50), 200) == 0
    assert repairings_needed(units("a", p_value=[0.5] * 50, q_value=[0.5] * 50), 200) == 0
    assert repairings_needed(units("a", p_value=[1 / 6] * 50, q_value=[1 / 6] * 50), 5) == 19


def test_few_pictures_and_few_re_pairings_are_said(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"layers": "relu1_2", "replicates": 100}
    few = us.dissect("world-vgg", "world:12", out=tmp_path / "few", **asked)
    assert "chance is not measured: it takes 20 pictures or more" in repr(few)
    assert few.units["p_value"].isna().all()
    once = us.dissect("world-vgg", "world:24", null=4, out=tmp_path / "once", **asked)
    assert (
        "4 re-pairings are too few to call the units of relu1_2 that none of them reaches: that takes "
        in repr(once)
    )
