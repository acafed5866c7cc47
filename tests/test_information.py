"""Labels by mutual information: what it is, what it is worth, and that everything that a run tells follows it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mutual_info_score

import unitscope as us
from unitscope.experiments.dissection.rescore import at_quantile
from unitscope.experiments.dissection.scoring import LayerScores
from unitscope.report import write_report
from unitscope.run.comparison import differences
from unitscope.run.dissection import Dissection
from unitscope.stats.information import mutual_information

LAYER, LABEL = "relu2_2", ["concept", "category"]


def test_mutual_information_is_that_of_the_two_questions_at_each_pixel() -> None:
    rng = np.random.default_rng(0)
    masks = rng.random((6, 5000)) < rng.random((6, 1)) ** 3
    concepts = rng.random((9, 5000)) < rng.random((9, 1)) ** 3
    concepts[:6] |= masks & (rng.random((6, 5000)) < 0.7)
    shared = np.array([[(m & c).sum() for c in concepts] for m in masks])
    found = mutual_information(masks.sum(1), concepts.sum(1), shared, 5000)
    expected = [[mutual_info_score(m, c) / np.log(2) for c in concepts] for m in masks]
    above = shared * 5000 > np.outer(masks.sum(1), concepts.sum(1))
    assert above.any()
    assert not above.all()
    np.testing.assert_allclose(found, np.where(above, expected, 0), atol=1e-12)
    assert np.diagonal(found).min() > 0.01


def test_what_is_nowhere_everywhere_or_unpictured_tells_nothing() -> None:
    counts = np.array([0, 100, 40])
    shared = np.minimum(counts[:, None], counts[None])
    shared[2, 2] = 16  # exactly as often as by chance
    found = mutual_information(counts, counts, shared, 100)
    assert (found == 0).all()
    assert (mutual_information(np.zeros(2, int), np.zeros(3, int), np.zeros((2, 3), int), 0) == 0).all()
    whole = mutual_information(np.array([50]), np.array([50]), np.array([[50]]), 100)
    assert whole.item() == pytest.approx(1)  # a bit: half of the pixels, and the very same ones


def test_a_red_thing_is_preferred_by_iou_and_its_red_by_information() -> None:
    """A unit of 100 of 300 red pixels, 85 of them on the bus, where 70 of its 140 pixels are not red."""
    shared = np.array([[[0, 100, 85]]])
    areas = np.array([[0, 300, 140]])
    scores = [
        LayerScores(np.zeros(1, np.float32), np.array([[100]]), shared, areas, np.array([10_000]), match)
        for match in ("iou", "information")
    ]
    assert scores[0].iou()[0].tolist() == [0, 100 / 300, 85 / 155]
    assert [each.labels().item() for each in scores] == [2, 1]
    assert [each.runners_up().item() for each in scores] == [1, 2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Dissection:
    """Return a small run whose labels are chosen by information, with a control."""
    out = tmp_path_factory.mktemp("information") / "run"
    return us.dissect(
        "world-vgg", "world:32", layers=LAYER, match="information", null=20, control=0, replicates=100, out=out
    )  # fmt: skip


def bits(run: Dissection) -> pd.DataFrame:
    """Return the mutual information of every unit and concept of a run, from its table of pairs, units in rows."""
    pairs, points = run.iou, 32 * 28 * 28
    both = np.stack(
        [
            pairs["intersection"],
            pairs["unit_pixels"] - pairs["intersection"],
            pairs["concept_pixels"] - pairs["intersection"],
            points - pairs["unit_pixels"] - pairs["concept_pixels"] + pairs["intersection"],
        ]
    )
    masks, concepts = pairs["unit_pixels"] / points, pairs["concept_pixels"] / points
    alone = np.stack(
        [masks * concepts, masks * (1 - concepts), (1 - masks) * concepts, (1 - masks) * (1 - concepts)]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.nan_to_num(both / points * np.log2(both / points / alone)).sum(0)
    found[both[0] / points <= alone[0]] = 0
    return pairs.assign(bits=found).pivot(index="unit", columns="number", values="bits").fillna(0)


def test_labels_of_a_run_tell_most_of_their_units(run: Dissection) -> None:
    found, names = bits(run), run.concepts.set_index("number")["name"]
    live = run.units[run.units["status"] == "live"].set_index("unit")
    assert live["concept"].tolist() == [names[number] for number in found.loc[live.index].idxmax(axis=1)]
    best = (
        run.iou.sort_values("iou", ascending=False, kind="stable").drop_duplicates("unit").set_index("unit")
    )
    others = live["concept"].astype(str) != best.loc[live.index, "concept"].astype(str)
    assert 0.05 < others.mean() < 0.95
    assert (live.loc[others, "iou"] < best.loc[live.index[others], "iou"]).all()
    assert (live["detector"] == (live["iou"] >= 0.04)).all()
    ordered = found.loc[live.index].apply(
        lambda row: row.sort_values(ascending=False, kind="stable").index[1], axis=1
    )
    assert live["runner_up"].tolist() == [names[number] for number in ordered]


def test_matches_are_in_the_order_of_information(run: Dissection) -> None:
    first = run.matches[run.matches["rank"] == 1].set_index("unit")
    live = run.units[run.units["concept"].notna()].set_index("unit")
    assert first["concept"].tolist() == live["concept"].tolist()
    found, numbers = bits(run), run.concepts.set_index(["name", "category"])["number"]
    for unit, rows in run.matches.groupby("unit"):
        told = [found.loc[unit, numbers[concept, category]] for concept, category in rows[LABEL].to_numpy()]
        assert told == sorted(told, reverse=True)


def test_what_is_asked_later_goes_by_information_too(run: Dissection) -> None:
    again = at_quantile(run, 0.01)
    pd.testing.assert_frame_equal(again, run.units)
    wider = us.stability(run, pictures=[16], quantiles=[0.01])
    assert wider.loc[wider["change"] == "quantile", "same"].tolist() == [1.0]
    seen = us.stability(run, pictures=[16]).query("change == 'pictures'")
    assert 0.3 < seen["same"].item() <= 1


def test_its_control_is_asked_the_same(run: Dissection) -> None:
    (control,) = run.controls
    assert control.settings.match == "information"
    assert run.calibrated.notna().any()
    assert "labels by mutual information, IoU of at least 0.040 counts" in repr(run)
    assert "chosen by mutual information, with an IoU of at least 0.040" in run._repr_html_()


def test_its_report_says_by_what_labels_are_chosen(run: Dissection, tmp_path: Path) -> None:
    write_report(run.path, out=tmp_path / "report")
    page = " ".join((tmp_path / "report" / "index.html").read_text(encoding="utf-8").split())
    assert "<dt>Labels by</dt><dd>mutual information</dd>" in page
    assert "that tells most of them, by mutual information; the paper takes the one of highest IoU" in page
    assert "detector if the IoU of its label is at least 0.04" in page
    assert "the rule of the paper" not in page


def test_runs_by_another_measure_are_no_twins(run: Dissection, tmp_path: Path) -> None:
    asked = {"layers": LAYER, "null": 0, "replicates": 100}
    plain = us.dissect("world-vgg", "world:32", out=tmp_path / "iou", **asked)
    assert plain.settings.match == "iou"
    assert plain.units["threshold"].equals(run.units["threshold"])
    assert differences([plain, run]) == ["what the best match is best in"]
    with pytest.raises(us.UnitscopeError, match="match"):
        us.dissect("world-vgg", "world:32", match="information", out=tmp_path / "iou", **asked)
    with pytest.raises(us.UnitscopeError, match="match is 'auroc'; it must be iou or information"):
        us.dissect("world-vgg", "world:32", match="auroc", out=tmp_path / "none", **asked)
    assert not (tmp_path / "none").exists()
