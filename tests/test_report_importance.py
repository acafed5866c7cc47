"""The importance report without a browser: the planted numbers in data and figures, bad input, gaps."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_importance import EMPTY, LOSSES, Plan, baseline, make_importance, names_of, planted_losses
from fake_run import Shape, make_run
from PIL import Image
from scipy.stats import spearmanr

from unitscope.errors import UnitscopeError
from unitscope.report import write_report
from unitscope.report.data import read_run
from unitscope.report.importance import (
    class_figures,
    numbers,
    read_importance,
    write_importance_report,
)
from unitscope.report.importance.class_figures import removal_curve, set_bars
from unitscope.report.importance.data import Importance
from unitscope.report.importance.figures import chosen_classes, classes_figure, figure_files
from unitscope.report.importance.maps import make_maps
from unitscope.report.importance.payload import BLOCK
from unitscope.run.importance import find_importances, open_importance

LAYER = "features.conv5_3"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("importance") / "run", Shape(units=180))


@pytest.fixture(scope="module")
def folder(run: Path) -> Path:
    return make_importance(run, LAYER)


@pytest.fixture(scope="module")
def report(run: Path, folder: Path) -> Path:
    return write_importance_report(folder, run=run).parent


@pytest.fixture(scope="module")
def data(run: Path, folder: Path, report: Path) -> Importance:
    return read_importance(folder, read_run(run))


@pytest.fixture
def fresh(run: Path, folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("report"))
    return tmp_path / "run"


def scripts(path: Path) -> dict[str, Any]:
    """Return what the data scripts assign, by name."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, value = line.removeprefix("unitscope.data.").split(" = ", 1)
        found[name] = json.loads(value.rstrip(";"))
    return found


def planted_places() -> dict[str, int]:
    """Return the place of every class in the order in which it was planted."""
    return {name: place for place, name in enumerate(names_of(Plan()))}


def test_the_report_is_one_folder_that_needs_nothing_else(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    addresses = [part.split('"')[0] for part in text.split(' src="')[1:]]
    addresses += [part.split('"')[0] for part in text.split('stylesheet" href="')[1:]]
    addresses += ["figures" + part.split('"')[0] for part in text.split('href="figures')[1:]]
    assert len(addresses) > 10
    for address in addresses:
        assert (report / address).is_file()
    for path in [report / "index.html", *report.glob("assets/**/*.*")]:
        if (
            path.name == "vega.js"
        ):  # whose names of schemas are addresses; the browser tests see what is loaded
            continue
        source = path.read_text(encoding="utf-8")
        outside = [line for line in source.splitlines() if "http" in line]
        assert all("doi.org" in line or "www.w3.org/2000/svg" in line for line in outside), path
        assert "fetch(" not in source
        assert "innerHTML" not in source
    assert "<img src=x" not in text
    assert all("<" not in path.read_text(encoding="utf-8") for path in report.glob("data/**/*.js"))


def test_the_most_important_units_are_the_planted_ones(data: Importance, report: Path) -> None:
    page = scripts(report / "data/importance.js")["importance"]
    planted = planted_places()
    losses = planted_losses(len(planted), len(page["units"]["unit"]))
    for at, name in enumerate(page["classes"]["name"]):
        block = scripts(report / f"data/classes/{at // BLOCK}.js")[f'blocks["{at // BLOCK}"]'][str(at)]
        if name == EMPTY:
            assert block["units"] == []
            assert page["classes"]["baseline"][at] is None
            continue
        place = planted[name]
        shown = block["units"]
        assert len(shown) == 20
        assert [row[0] for row in shown[:4]] == np.argsort(-losses[place], kind="stable")[:4].tolist()
        assert [row[1] for row in shown[:4]] == pytest.approx(LOSSES)
        assert [row[4] for row in shown[:4]] == pytest.approx([0.9 * loss for loss in LOSSES], abs=1e-3)
        assert [row[3] - row[2] for row in shown[:4]] == pytest.approx([0.04] * 4, abs=1e-4)
        assert [row[8] for row in shown[:4]] == [1, 1, 1, 0]
        assert page["classes"]["baseline"][at] == pytest.approx(baseline(place), rel=1e-5)
        assert page["classes"]["important"][at] == 3


def test_units_carry_the_labels_of_the_run(run: Path, report: Path) -> None:
    units = scripts(report / "data/importance.js")["importance"]["units"]
    table = pd.read_parquet(run / "tables/units.parquet")
    table = table[table["layer"] == LAYER].sort_values("unit")
    assert units["unit"] == table["unit"].tolist()
    assert units["concept"] == table["concept"].fillna("").tolist()
    assert units["iou"] == pytest.approx(table["iou"].tolist(), rel=1e-5)
    assert any(strip[2] for strip in units["strip"])
    for width, height, pictures, pack, place in units["strip"]:
        if pictures:
            text = scripts(report / f"data/pictures/{pack}.js")[f"pictures[{pack}]"][place]
            assert Image.open(io.BytesIO(base64.b64decode(text))).size == (width, height)


def test_bars_and_settings_are_those_of_the_tables(folder: Path, data: Importance) -> None:
    sets = pd.read_parquet(folder / "tables/sets.parquet")
    name = "bridge"
    place = data.names.index(name)
    mine = (
        sets[(sets["class"] == name) & (sets["k"] == 20)]
        .set_index(["ranking", "kind", "repetition"])
        .sort_index()
    )
    bars = set_bars(data, place).set_index("name")
    assert list(bars.index) == [
        "whole network",
        "4 most important removed",
        "20 most important removed",
        "all but these 20 removed",
        "20 random removed",
        "all but 20 random removed",
    ]
    removed = mine.loc[("importance", "removed", 0)]
    assert bars.loc["20 most important removed", "value"] == pytest.approx(removed["balanced_accuracy"])
    before = removed["balanced_accuracy"] + removed["loss"]
    assert bars.loc["20 most important removed", "low"] == pytest.approx(before - removed["loss_high"])
    assert bars.loc["20 most important removed", "overall"] == pytest.approx(removed["overall_accuracy"])
    random = mine.loc[("random", "removed")]["balanced_accuracy"]
    assert bars.loc["20 random removed", "value"] == pytest.approx(random.mean())
    assert bars.loc["20 random removed", "high"] == pytest.approx(random.max())
    assert bars.loc["whole network", "overall"] == pytest.approx(0.533)
    kept = numbers.settings(data, 20)["kept"]
    assert kept[place] == pytest.approx(mine.loc[("importance", "kept", 0)]["balanced_accuracy"])
    mean = numbers.mean_over(kept)
    assert mean is not None
    assert mean.value == pytest.approx(np.nanmean(kept))
    assert mean.low < mean.value < mean.high


def test_curves_run_from_the_whole_network(data: Importance) -> None:
    units = len(data.units)
    place = data.names.index("airfield")
    first, last = (removal_curve(data, place, kind) for kind in ("removed", "kept"))
    assert first[0].tolist() == list(range(units))
    assert last[0].tolist() == list(range(units))
    assert first[1, 0] == last[1, 0] == pytest.approx(baseline(0))
    assert first[1, 1] == pytest.approx(baseline(0) - 1.2 * LOSSES[0])
    removed, value, low, _ = removal_curve(data, place, "random")
    assert (low <= value).all()
    assert (np.diff(removed) > 0).all()


def test_importance_against_iou(data: Importance, report: Path) -> None:
    page = scripts(report / "data/importance.js")["importance"]
    losses = planted_losses(12, len(data.units))[:-1]
    top = np.argsort(-losses, axis=1, kind="stable")[:, :4]
    assert page["units"]["top"] == np.bincount(top.ravel(), minlength=len(data.units)).tolist()
    live = np.array(page["units"]["status"]) == "live"
    expected = spearmanr(np.array(page["units"]["top"])[live], np.array(page["units"]["iou"])[live])
    found = numbers.importance_correlation(data)
    assert found is not None
    assert found.value == pytest.approx(expected.statistic, abs=1e-4)
    assert found.low < found.value < found.high
    rows = scripts(report / "data/charts.js")["charts"]["units"]["datasets"]["rows"]
    assert sorted(row["unit"] for row in rows) == data.units["unit"][live].tolist()


def test_rank_correlation_of_what_cannot_be_ranked() -> None:
    assert numbers.correlation_of(np.ones(9), np.arange(9.0)) is None
    assert numbers.correlation_of(np.array([1, np.nan]), np.array([1.0, 2.0])) is None
    found = numbers.correlation_of(np.arange(50.0), np.arange(50.0) ** 3)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))


def test_maps_hold_correlations_and_overlaps(folder: Path, data: Importance, report: Path) -> None:
    spec, maps = scripts(report / "data/charts.js")["charts"]["correlation"], make_maps(data)
    table = pd.read_parquet(folder / "tables/correlation.parquet").set_index(["class", "unit"])["correlation"]
    assert sorted(maps.classes) == list(range(len(data.names)))
    cells = {(cell["y"], cell["x"]): cell for cell in spec["datasets"]["rows"]}
    for row, column in ((0, 0), (3, 7), (10, 40)):
        unit = int(data.units["unit"].iloc[maps.units[column]])
        name = data.names[maps.classes[row]]
        assert cells[row, column]["row"] == name
        assert cells[row, column]["column"].startswith(f"unit {unit}: ")
        assert cells[row, column]["value"] == pytest.approx(table[name, unit], rel=1e-4)
    first, second, shared = maps.pairs[0]
    sets = [set(np.flatnonzero(data.rank[place] <= 20)) for place in (first, second)]
    assert shared == pytest.approx(len(sets[0] & sets[1]) / len(sets[0] | sets[1]), abs=1e-4)
    assert np.nanmax(np.tril(maps.overlap, -1)) == pytest.approx(shared, abs=1e-4)
    assert numbers.chance_overlap(512, 20) == pytest.approx(0.02, abs=2e-3)


def test_only_classes_that_gain_are_said_to(data: Importance) -> None:
    found = numbers.gains(data)
    kept = data.sets[(data.sets["ranking"] == "importance") & (data.sets["kind"] == "kept")]
    best = kept.groupby("place")["loss"].min()
    assert set(found["place"]) == set(best[best < 0].index)
    assert found["gain"].is_monotonic_decreasing
    assert found["gain"].iloc[0] == pytest.approx(-best.min())
    assert (found["sure"] == (found["low"] > 0)).all()


def test_a_set_on_a_curve_counts_once(fresh: Path) -> None:
    path = next(fresh.glob("importance/*/tables/sets.parquet"))
    table = pd.read_parquet(path)
    rewrite(path, pd.concat([table, table[table["curve"]].assign(curve=False)]))
    data = read_importance(path.parents[1], read_run(fresh))
    assert len(data.sets) == len(table[table["class"] != EMPTY])
    assert data.sets["curve"].sum() == table["curve"].sum()


def test_means_over_classes_are_of_sizes_that_all_classes_have(fresh: Path) -> None:
    """A curve of one class may have a size nearer to the wanted one."""
    path = next(fresh.glob("importance/*/tables/sets.parquet"))
    table = pd.read_parquet(path)
    all_classes = table[~table["curve"]]
    rewrite(path, all_classes)
    before = read_importance(path.parents[1], read_run(fresh)).sizes
    assert before is not None
    few, many = before
    largest = all_classes[(all_classes["class"] == "bridge") & (all_classes["k"] == many)]
    rewrite(
        path,
        pd.concat(
            [all_classes, largest.assign(k=many - 1, curve=True), largest.assign(k=few + 1, curve=True)]
        ),
    )
    data = read_importance(path.parents[1], read_run(fresh))
    assert data.sizes == before
    rewrite(path, all_classes[all_classes["k"] != many])
    assert read_importance(path.parents[1], read_run(fresh)).sizes != before


def test_figures_are_files_with_the_planted_numbers(data: Importance, report: Path) -> None:
    named = list(figure_files(data))
    assert sorted(path.stem for path in report.glob("figures/*.svg")) == sorted(named)
    for name in named:
        with Image.open(report / f"figures/{name}.png") as image:
            image.verify()
    points = pd.DataFrame(classes_figure(data).spec()["datasets"]["rows"])
    settings = numbers.settings(data, 20)
    for name, key in (("whole network", "baseline"), ("20 most important removed", "removed")):
        mine = points[points["series"] == name]
        np.testing.assert_allclose(mine["x"], settings[key][mine["y"]], rtol=1e-5)
    figures = class_figures(data, "bridge")
    assert set(figures) == {"units", "bars", "overall", "curves"}
    values = [row["value"] for row in figures["bars"].spec()["datasets"]["rows"]]
    assert values == pytest.approx(set_bars(data, data.names.index("bridge"))["value"].tolist(), rel=1e-5)
    assert set(class_figures(data, EMPTY)) == set()
    assert chosen_classes(data) == [data.names[place] for place in range(2)]


@pytest.mark.parametrize(
    ("shape", "plan"),
    [
        (Shape(units=9, exemplars=0), Plan(classes=3, curves=0, random=0, intervals=False)),
        (Shape(units=3), Plan(classes=1, curves=1, random=1, empty=False)),
        (Shape(units=60), Plan(classes=1, empty=True)),
    ],
    ids=[
        "small layer without pictures, intervals, random sets",
        "one unit and one class",
        "no class measured",
    ],
)
def test_what_is_missing_leaves_a_gap_not_an_error(tmp_path: Path, shape: Shape, plan: Plan) -> None:
    run = make_run(tmp_path / "run", shape)
    index = write_importance_report(make_importance(run, LAYER, plan), run=run)
    page = scripts(index.parent / "data/importance.js")["importance"]
    assert len(page["classes"]["name"]) == plan.classes
    if not shape.exemplars:
        assert not list(index.parent.glob("data/pictures/*.js"))


def rewrite(path: Path, frame: pd.DataFrame) -> None:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)


def test_folders_that_cannot_be_reported(fresh: Path, tmp_path: Path) -> None:
    folder = next(fresh.glob("importance/*"))
    manifest = json.loads((folder / "manifest.json").read_text())

    def refused(changes: dict[str, object]) -> str:
        (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))
        with pytest.raises(UnitscopeError) as error:
            write_importance_report(folder, run=fresh)
        return str(error.value)

    assert "is not finished" in refused({"status": "running"})
    assert "holds a run of kind 'dissection'" in refused({"kind": "dissection"})
    assert "'fc7', which" in refused({"summary": {**manifest["summary"], "layer": "fc7"}})
    (folder / "manifest.json").write_text("{")
    with pytest.raises(UnitscopeError, match="is damaged"):
        write_importance_report(folder, run=fresh)
    with pytest.raises(UnitscopeError, match=r"no manifest\.json"):
        write_importance_report(tmp_path, run=fresh)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    rewrite(folder / "tables/sets.parquet", pd.read_parquet(folder / "tables/sets.parquet").drop(columns="k"))
    with pytest.raises(UnitscopeError, match="lacks the column 'k'"):
        write_importance_report(folder, run=fresh)
    (folder / "tables/sets.parquet").unlink()
    with pytest.raises(UnitscopeError, match="cannot be read"):
        write_importance_report(folder, run=fresh)
    assert not (folder / "report").exists()


def test_damage_inside_a_table_is_one_line(fresh: Path) -> None:
    kept = next((fresh / "importance").iterdir())
    table = kept / "tables" / "effects.parquet"
    content = bytearray(table.read_bytes())
    content[4:2000] = bytes(1996)  # pages of data; the schema at the end stays
    table.write_bytes(content)
    assert pq.read_schema(table).names
    with pytest.raises(
        UnitscopeError, match=r"effects.parquet cannot be read .*; run the same unitscope.importance command"
    ) as caught:
        read_importance(kept, read_run(fresh))
    assert "\n" not in str(caught.value)


def test_the_report_of_the_run_holds_that_of_its_importance(fresh: Path) -> None:
    make_importance(fresh, LAYER, Plan(ablation="mean"))
    half = make_importance(fresh, "conv1")
    manifest = json.loads((half / "manifest.json").read_text())
    (half / "manifest.json").write_text(json.dumps({**manifest, "status": "running"}))
    names = ["features-conv5-3-mean", "features-conv5-3-zero"]
    assert [each.path.name for each in find_importances(fresh)] == names
    index = write_report(fresh)
    text = index.read_text(encoding="utf-8")
    assert f'<a href="importance/{names[0]}/index.html">{LAYER}, mean ablation</a>' in text
    assert f">{LAYER}, zero ablation</a>" in text
    for name in names:
        alone, placed = fresh / "importance" / name / "report", index.parent / "importance" / name
        assert (alone / "index.html").is_file()
        page = (placed / "index.html").read_text(encoding="utf-8")
        assert 'data-home="../../index.html"' in page
        assert f"../../importance/{names[1 - names.index(name)]}/index.html" in page
        assert 'data-home=""' in (alone / "index.html").read_text(encoding="utf-8")
        files = {path.relative_to(alone) for path in alone.rglob("*") if path.is_file()}
        files = {path for path in files if path.parts[0] != "assets"}  # those of the run serve both
        assert files == {path.relative_to(placed) for path in placed.rglob("*") if path.is_file()}
    assert not (half / "report").exists()


def test_an_importance_that_lies_elsewhere_finds_its_run(fresh: Path, tmp_path: Path) -> None:
    kept = next((fresh / "importance").iterdir())
    moved = tmp_path / "mine" / "importance"
    shutil.copytree(kept, moved, ignore=shutil.ignore_patterns("report"))
    facts = json.loads((moved / "manifest.json").read_text())
    facts["summary"]["run"] = str(fresh)
    (moved / "manifest.json").write_text(json.dumps(facts))
    found = open_importance(moved)
    assert found.units is not None
    assert found.report() == moved / "report" / "index.html"
    assert found.page.is_file()
    facts["summary"]["run"] = str(tmp_path / "gone")
    (moved / "manifest.json").write_text(json.dumps(facts))
    lost = open_importance(moved)
    assert lost.units is None
    with pytest.raises(UnitscopeError, match="gone', which is not there any more; move it back"):
        lost.report()


def test_a_report_elsewhere_leaves_the_run_as_it_is(fresh: Path, tmp_path: Path) -> None:
    before = sorted(fresh.rglob("*"))
    index = write_report(fresh, out=tmp_path / "out")
    assert sorted(fresh.rglob("*")) == before
    assert (index.parent / "importance/features-conv5-3-zero/figures/classes.svg").is_file()


def test_a_run_without_importance_has_the_report_it_had(tmp_path: Path) -> None:
    index = write_report(make_run(tmp_path / "run"))
    assert "mportance" not in index.read_text(encoding="utf-8")
    assert not (index.parent / "importance").exists()
    assert not (index.parent / "assets/importance").exists()
