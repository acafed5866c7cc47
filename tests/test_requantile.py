"""A run labelled again at another quantile is what a dissection at that quantile would be, where it says so."""

import json

import numpy as np
import pandas as pd
import pytest
from tiny import dissect_words, draw, run_cli

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.report import write_comparison
from unitscope.report.pages.comparison import run_names
from unitscope.run.masks import unpack_mask

WIDER = 0.02


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One network dissected at two quantiles; the first keeps enough for the second."""
    place = tmp_path_factory.mktemp("quantiles")
    data = draw(place / "data", 8)
    with pytest.MonkeyPatch.context() as patch:
        for name, words in (("run", ()), ("wider", ("--quantile", str(WIDER)))):
            assert run_cli(patch, *dissect_words(data, place / name, *words, "--quiet")) == 0
    return unitscope.open_run(place / "run"), unitscope.open_run(place / "wider")


@pytest.fixture(scope="module")
def again(runs):
    return unitscope.requantiled(runs[0], WIDER)


def test_labels_and_counts_are_those_of_a_run_at_that_quantile(runs, again):
    for column in ("layer", "unit", "concept", "category", "iou", "threshold", "detector"):
        pd.testing.assert_series_equal(again.units[column], runs[1].units[column], check_dtype=False)
    pd.testing.assert_frame_equal(again.layers, runs[1].layers, check_dtype=False)
    assert again.settings == runs[1].settings
    assert not again.units["threshold"].equals(runs[0].units["threshold"])


def test_regions_are_outlined_again(runs, again):
    keys = ["layer", "unit", "rank"]
    mine, other = again.exemplars.sort_values(keys), runs[1].exemplars.sort_values(keys)
    assert mine[[*keys, "sample"]].to_numpy().tolist() == other[[*keys, "sample"]].to_numpy().tolist()
    areas = []
    for one, two, first in zip(
        mine["mask"], other["mask"], runs[0].exemplars.sort_values(keys)["mask"], strict=True
    ):
        size = int(mine["mask_height"].iloc[0]), int(mine["mask_width"].iloc[0])
        assert np.array_equal(unpack_mask(one, *size), unpack_mask(two, *size))
        areas.append((unpack_mask(first, *size).sum(), unpack_mask(one, *size).sum()))
    assert all(narrow <= wide for narrow, wide in areas)
    assert sum(narrow for narrow, _ in areas) < sum(wide for _, wide in areas)


def test_differences_are_those_between_two_runs(runs, again):
    pd.testing.assert_frame_equal(
        unitscope.difference(runs[0], again), unitscope.difference(*runs), check_dtype=False
    )


def test_it_says_what_it_does_not_know(runs, again):
    with pytest.raises(
        UnitscopeError, match=r"at quantile 0\.02 has no table 'regions'; dissect with that quantile"
    ):
        _ = again.regions
    with pytest.raises(UnitscopeError, match="quantile is 0; it must be between 0 and 1"):
        unitscope.requantiled(runs[0], 0)


def test_two_thresholds_stand_side_by_side_on_a_page(runs, again, tmp_path):
    assert run_names([runs[0], again]) == ["net, quantile 0.01", "net, quantile 0.02"]
    page = write_comparison([runs[0], again])
    assert page == runs[0].path / "compare" / "run-quantile-0.02" / "index.html"
    text = page.read_text(encoding="utf-8")
    assert "net, quantile 0.02" in text
    assert "The runs differ in fraction of pixels above a threshold:" in text
    layers = pd.read_parquet(page.parent / "tables" / "layers.parquet")
    assert layers["detectors_2"].tolist() == runs[1].layers["detectors"].tolist()


def test_the_command_sets_a_run_beside_itself(runs, tmp_path, monkeypatch, capsys):
    words = ["compare", runs[0].path, "--quantile", WIDER, "--quantile", 0.005, "--page", tmp_path / "page"]
    words = [str(word) for word in words]
    assert run_cli(monkeypatch, *words) == 0
    said = capsys.readouterr().out
    assert "2: net on 8 pictures" in said
    assert "labelled again at quantile 0.02" in " ".join(said.split())
    assert run_cli(monkeypatch, *words, "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out)
    together = {row["layer"]: row["detectors_2"] for row in rows if row["category"] == "all"}
    expected = runs[1].layers[runs[1].layers["category"] == "all"]
    assert together == dict(zip(expected["layer"], expected["detectors"].tolist(), strict=True))
    assert "detectors_3" in rows[0]
