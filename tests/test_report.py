"""The report without a browser: files, escaping, counts, errors and replacement."""

from __future__ import annotations

import base64
import errno
import io
import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_run import MIN_IOU, Shape, make_run
from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.report import folder as folder_module
from unitscope.report import write, write_report, write_single_report
from unitscope.report.charts.theme import category_slots
from unitscope.report.data import read_run
from unitscope.report.figures import concepts_figure, layers_figure
from unitscope.report.masks import OUTLINE, draw_mask, run_lengths
from unitscope.report.packs import FORMS, Packs, choose_form, packed
from unitscope.report.payload import rebin, rounded
from unitscope.report.shell import script
from unitscope.report.single import joined
from unitscope.report.strips import PictureCache, Tile, draw_strip, strip_size, to_image
from unitscope.report.views import unit_histogram
from unitscope.run.dissection import open_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("report") / "run")


@pytest.fixture(scope="module")
def report(run: Path) -> Path:
    return write_report(run).parent


@pytest.fixture
def fresh(run: Path, tmp_path: Path) -> Path:
    shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("report"))
    return tmp_path / "run"


def load(path: Path) -> Any:
    """Return what a data script assigns."""
    text = path.read_text(encoding="utf-8")
    assert text.startswith("unitscope.data.")
    return json.loads(text.split(" = ", 1)[1].rstrip(";\n"))


def decoded(report: Path, place: list[int]) -> Image.Image:
    """Return a packed picture."""
    text = load(report / f"data/pictures/{place[0]}.js")[place[1]]
    return Image.open(io.BytesIO(base64.b64decode(text)))


def table(run: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(run / "tables" / f"{name}.parquet")


def test_report_is_one_folder_that_needs_nothing_else(report: Path) -> None:
    assert report.name == "report"
    text = (report / "index.html").read_text(encoding="utf-8")
    for address in [part.split('"')[0] for part in text.split('src="')[1:]]:
        assert (report / address).is_file()
    for path in [report / "index.html", *report.glob("assets/**/*.*")]:
        if (
            path.name == "vega.js"
        ):  # whose names of schemas are addresses; the browser tests see what is loaded
            continue
        source = path.read_text(encoding="utf-8")
        addresses = [line for line in source.splitlines() if "http" in line]
        assert all("doi.org" in line or "www.w3.org/2000/svg" in line for line in addresses), path
        assert "fetch(" not in source
        assert "innerHTML" not in source


def test_counts_equal_the_tables(run: Path, report: Path) -> None:
    units, data = table(run, "units"), load(report / "data/run.js")
    columns = load(report / "data/units.js")
    assert len(columns["unit"]) == len(units)
    assert sum(columns["detector"]) == units["detector"].sum()
    assert sum(index < 0 for index in columns["concept"]) == units["concept"].isna().sum()
    layers = table(run, "layers")
    for layer in data["layers"]:
        rows = layers[(layers["layer"] == layer["name"]) & (layers["category"] != "all")]
        assert layer["detectors"] == rows["detectors"].tolist()
        assert layer["concepts"] == rows["concepts"].tolist()
    named = [data["concepts"]["name"][index] for index in columns["concept"] if index >= 0]
    assert sorted(named) == sorted(units["concept"].dropna())
    text = (report / "index.html").read_text(encoding="utf-8")
    assert f"{units['detector'].sum()} of {len(units)} units match" in text


def test_best_unit_of_a_concept_is_that_of_highest_iou(run: Path, report: Path) -> None:
    pairs, concepts = table(run, "iou"), load(report / "data/run.js")["concepts"]
    units = load(report / "data/units.js")
    number = int(pairs["number"].iloc[0])
    best = pairs[pairs["number"] == number].sort_values("iou").iloc[-1]
    place = concepts["best"][number - 1]
    layers = [layer["name"] for layer in load(report / "data/run.js")["layers"]]
    assert (layers[units["layer"][place]], units["unit"][place]) == (best["layer"], best["unit"])
    assert concepts["bestIou"][number - 1] == pytest.approx(best["iou"], rel=1e-5)


def test_details_of_every_unit(run: Path, report: Path) -> None:
    exemplars, matches = table(run, "exemplars"), table(run, "matches")
    blocks = load(report / "data/units.js")["block"]
    for row in read_run(run).units.itertuples():
        found = load(report / f"data/units/{blocks[row.Index]}.js")[str(row.Index)]
        mine = exemplars[(exemplars["layer"] == row.layer) & (exemplars["unit"] == row.unit)]
        assert [exemplar["sample"] for exemplar in found["exemplars"]] == mine["sample"].tolist()
        rows = matches[(matches["layer"] == row.layer) & (matches["unit"] == row.unit)]
        assert [match[2] for match in found["matches"]] == rows["intersection"].tolist()
        assert found["histogram"]["total"] > 0
        for exemplar in found["exemplars"]:
            picture = decoded(report, exemplar["picture"])
            assert picture.size == (exemplar["size"][1], exemplar["size"][0])


def test_a_picture_is_packed_once_and_looks_like_that_of_the_run(run: Path, report: Path) -> None:
    exemplars = table(run, "exemplars")
    packs = [load(path) for path in report.glob("data/pictures/*.js")]
    assert sum(len(pack) for pack in packs) == exemplars["picture"].nunique()
    row, blocks = read_run(run).units.iloc[0], load(report / "data/units.js")["block"]
    found = load(report / f"data/units/{blocks[0]}.js")["0"]["exemplars"]
    mine = exemplars[(exemplars["layer"] == row["layer"]) & (exemplars["unit"] == row["unit"])]
    for exemplar, name in zip(found, mine.sort_values("rank")["picture"], strict=True):
        with Image.open(run / name) as image:
            before = np.asarray(image.convert("RGB")).astype(int)
        after = np.asarray(decoded(report, exemplar["picture"]).convert("RGB")).astype(int)
        assert np.abs(after - before).mean() < 6


def test_units_that_are_listed_together_lie_in_one_block(report: Path) -> None:
    units = load(report / "data/units.js")
    order = np.argsort(-np.array(units["iou"], float), kind="stable")
    assert (np.diff(np.array(units["block"])[order]) >= 0).all()


def test_pictures_are_made_smaller_until_they_fit(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    names = [f"{number}.png" for number in range(12)]
    for name in names:
        Image.fromarray(noise.integers(0, 256, (300, 200, 3), dtype=np.uint8)).save(tmp_path / name)
    files = [tmp_path / name for name in names]
    large, side = choose_form(files, 10**7)
    assert (large, side) == (FORMS[0], 300)
    budget = 12 * 6000
    form, _ = choose_form(files, budget)
    texts = [packed(file, form) for file in files]
    assert sum(len(text or "") for text in texts) <= budget
    place = FORMS.index(form)
    assert 0 < place < len(FORMS) - 1
    assert sum(len(packed(file, FORMS[place - 1]) or "") for file in files) > budget
    assert choose_form(files, 1)[0] == FORMS[-1]


def test_packs_are_split_and_a_damaged_picture_is_left_out(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(5)]
    for name in names:
        Image.effect_noise((64, 64), 60).convert("RGB").save(tmp_path / name)
    (tmp_path / names[2]).write_bytes(b"no picture")
    packs = Packs(tmp_path / "packs", size=2500)
    texts = {name: packed(tmp_path / name, FORMS[-1]) for name in names}
    for name, text in texts.items():
        if text is not None:
            packs.add(name, text)
    packs.write()
    assert set(packs.places) == {name for name in names if name != names[2]}
    assert len(list((tmp_path / "packs").iterdir())) > 1
    for name, (number, place) in packs.places.items():
        assert load(tmp_path / "packs" / f"{number}.js")[place] == texts[name]


def test_a_report_as_one_file_holds_all_it_needs(run: Path, tmp_path: Path) -> None:
    page = write_single_report(run, out=tmp_path / "report.html")
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r'<script src=|<link rel="stylesheet"|href="figures/', text)
    assert "Left out here" not in text
    assert text.count("unitscope.data.pictures[") == 1
    found = re.search(r'data:image/svg\+xml;base64,([^"]+)" download="layers.svg"', text)
    assert found
    assert b"<svg" in base64.b64decode(found[1])
    assert write_single_report(run, out=page) == page
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_report_as_one_file_says_what_it_leaves_out(report: Path) -> None:
    whole = joined(report / "index.html", limit=10**8)
    details = [each for name in ("pictures", "units") for each in report.glob(f"data/{name}/*.js")]
    none = joined(report / "index.html", limit=0, left_out=["the pages of 2 questions about its units"])
    assert "the pages of 2 questions about its units, 100% of the pictures" in none
    assert len(whole) - len(none) == pytest.approx(sum(each.stat().st_size for each in details), rel=0.05)
    assert "unitscope.data.blocks[0]" in whole
    assert "unitscope.data.blocks[0]" not in none


def test_one_file_replaces_nothing_else(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.html"
    other.write_text("<p>mine</p>")
    with pytest.raises(UnitscopeError, match="is something else than a report; give another"):
        write_single_report(run, out=other)
    assert other.read_text() == "<p>mine</p>"
    with pytest.raises(UnitscopeError, match="it is a folder; give a file"):
        write_single_report(run, out=tmp_path)


@pytest.mark.slow
def test_a_report_of_many_units_can_be_mailed(tmp_path: Path) -> None:
    run = make_run(
        tmp_path / "run", Shape(units=1024, layers=("layer4",), pictures=1024, size=160, exemplars=5)
    )
    report = write_report(run).parent
    files = [path for path in report.rglob("*") if path.is_file()]
    assert len(files) <= 200
    sizes = {path: path.stat().st_size for path in files}
    fixed = sum(size for path, size in sizes.items() if path.parent.name in ("assets", "figures"))
    assert (sum(sizes.values()) - fixed) / 1024 <= 12_000


def test_names_are_escaped_everywhere(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    assert "<img" not in text
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "&#34;quotes&#39; &amp; co" in text
    assert "truncated &amp; broken" in text
    for path in report.glob("data/**/*.js"):
        assert "<" not in path.read_text(encoding="utf-8")
    assert all("<" not in path.name for path in report.rglob("*"))


def test_method_states_the_manifest(report: Path) -> None:
    text = (report / "index.html").read_text(encoding="utf-8")
    for expected in (
        "ab12" * 16,
        "cd34" * 16,
        "ef56" * 16,
        "2.13.0",
        "4 March 2026, 10:20 UTC",
        "10.1073/pnas",
    ):
        assert expected in text
    assert "unitscope dissect vgg16 &#39;scenes/&#39;" in text


def test_figures_are_valid(run: Path, report: Path) -> None:
    for name in ("layers", "layer-concepts", "concepts", "concepts-last"):
        root = ElementTree.parse(report / f"figures/{name}.svg").getroot()
        assert root.tag.endswith("svg")
        with Image.open(report / f"figures/{name}.png") as image:
            image.verify()
    data = read_run(run)
    rows = concepts_figure(data, layer="conv1").spec()["datasets"]["rows"]
    mine = data.units[(data.units["layer"] == "conv1") & data.units["detector"]]
    assert sum(row["count"] for row in rows) == len(mine)
    detectors = layers_figure(data, "detectors").spec()["datasets"]["rows"]
    assert sum(row["count"] for row in detectors) == data.units["detector"].sum()


def test_a_run_without_detectors_still_has_a_report(fresh: Path) -> None:
    for name, column in (("units", "detector"), ("layers", "detectors"), ("layers", "concepts")):
        frame = table(fresh, name)
        frame[column] = frame[column].to_numpy() * False
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), fresh / f"tables/{name}.parquet")
    text = write_report(fresh).read_text(encoding="utf-8")
    assert "0 of 60 units match" in text


def test_missing_pictures_leave_a_gap_not_an_error(fresh: Path) -> None:
    for path in fresh.glob("pictures/*.jpg"):
        path.unlink()
    report = write_report(fresh).parent
    blocks = [load(path) for path in report.glob("data/units/*.js")]
    pictures = {one["picture"] for block in blocks for unit in block.values() for one in unit["exemplars"]}
    assert pictures == {None}
    assert not list(report.glob("data/pictures/*.js"))


def test_a_picture_outside_of_the_run_is_not_taken(fresh: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    frame = table(fresh, "exemplars")
    frame["picture"] = "pictures/../../secret.jpg"
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), fresh / "tables/exemplars.parquet")
    report = write_report(fresh).parent
    assert not any(path.read_bytes() == b"secret" for path in report.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["units", "exemplars", "iou"])
def test_an_unfinished_run_is_refused(fresh: Path, name: str) -> None:
    (fresh / f"tables/{name}.parquet").unlink()
    with pytest.raises(
        UnitscopeError, match=f"has no tables/{name}.parquet: the dissection has not finished"
    ):
        write_report(fresh)
    assert not (fresh / "report").exists()


def test_what_is_no_run_is_refused(tmp_path: Path, fresh: Path) -> None:
    with pytest.raises(UnitscopeError, match="is no run folder"):
        write_report(tmp_path / "nothing")
    with pytest.raises(UnitscopeError, match=r"it has no manifest\.json"):
        write_report(tmp_path)
    (fresh / "tables/units.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UnitscopeError, match="cannot be read"):
        write_report(fresh)
    (fresh / "manifest.json").write_text('{"schema_version": 99}')
    with pytest.raises(UnitscopeError, match="schema version 99"):
        write_report(fresh)
    (fresh / "manifest.json").write_text("{")
    with pytest.raises(UnitscopeError, match="damaged"):
        write_report(fresh)


def test_a_missing_column_is_named(fresh: Path) -> None:
    frame = table(fresh, "units").drop(columns="iou_low")
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), fresh / "tables/units.parquet")
    with pytest.raises(UnitscopeError, match="lacks the column 'iou_low'"):
        write_report(fresh)


def test_a_failed_report_leaves_the_old_one(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = write_report(fresh)
    before = index.read_bytes()
    (fresh / "report/mark").write_text("old")

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(write, "render_index", fail)
        with pytest.raises(KeyboardInterrupt):
            write_report(fresh)
    assert index.read_bytes() == before
    assert (fresh / "report/mark").exists()
    assert not [path for path in fresh.iterdir() if path.name.startswith(".")]
    write_report(fresh)
    assert not (fresh / "report/mark").exists()
    assert not [path for path in fresh.iterdir() if path.name.startswith(".")]


def test_what_a_killed_report_left_is_removed(fresh: Path) -> None:
    for name, age in ((".report-old.part", 7200), (".report-new.part", 0)):
        (fresh / name).mkdir()
        past = time.time() - age
        os.utime(fresh / name, (past, past))
    write_report(fresh)
    assert not (fresh / ".report-old.part").exists()
    assert (fresh / ".report-new.part").exists()


def test_another_folder_gets_its_own_pictures(fresh: Path, tmp_path: Path) -> None:
    index = write_report(fresh, out=tmp_path / "elsewhere/report")
    shutil.rmtree(fresh)
    assert list((index.parent / "data/pictures").glob("*.js"))


def test_files_are_copied_where_links_fail(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(folder_module.os, "link", refuse)
    assert (write_report(fresh).parent / "assets/vega.js").stat().st_size > 10**5


def test_a_report_that_cannot_be_written_is_one_line(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> str:
        raise OSError(errno.EROFS, "Read-only file system")

    (tmp_path / "file").write_text("mine")
    with pytest.raises(
        UnitscopeError, match=r"cannot write the report to '.*file/report': (File exists|Not a dir)"
    ):
        write_report(fresh, out=tmp_path / "file" / "report")
    monkeypatch.setattr(folder_module.tempfile, "mkdtemp", refuse)
    with pytest.raises(UnitscopeError, match="Read-only file system; give another place for it"):
        write_report(fresh)


def test_a_folder_that_is_no_report_is_not_replaced(fresh: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("years of work")
    with pytest.raises(UnitscopeError, match="holds something else"):
        write_report(fresh, out=tmp_path / "mine")
    with pytest.raises(UnitscopeError, match="no folder"):
        write_report(fresh, out=tmp_path / "mine/thesis.tex")
    assert (tmp_path / "mine/thesis.tex").read_text() == "years of work"


def test_the_report_is_the_same_every_time(fresh: Path, tmp_path: Path) -> None:
    first, second = write_report(fresh).parent, write_report(fresh, out=tmp_path / "again").parent
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(second) for path in second.rglob("*") if path.is_file())
    same = [path for path in files if path.suffix != ".pdf"]  # whose objects come in any order
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in same)


def test_run_lengths_and_packing() -> None:
    rng = np.random.default_rng(1)
    for mask in (rng.random((7, 5)) < 0.4, np.zeros((3, 3), bool), np.ones((2, 9), bool)):
        rebuilt = np.zeros(mask.size, bool)
        at = 0
        for index, length in enumerate(run_lengths(mask)):
            rebuilt[at : at + length] = index % 2 == 1
            at += length
        assert (rebuilt.reshape(mask.shape) == mask).all()
    assert run_lengths(np.zeros((3, 3), bool)) == []


def test_outline_is_inside_the_mask_and_the_rest_is_dimmed() -> None:
    picture = np.full((20, 20), np.uint32(0x00C8C8C8))
    mask = np.zeros((20, 20), bool)
    mask[5:15, 5:15] = True
    drawn = draw_mask(picture, mask)
    assert (drawn[mask] == OUTLINE).sum() == 100 - 36
    assert drawn[10, 10] == 0x00C8C8C8
    assert drawn[0, 0] == 0x007D7D7D
    image = np.asarray(to_image(drawn).convert("RGB"))
    assert image[5, 5].tolist() == [255, 230, 0]


def test_strips_of_unusual_pictures(tmp_path: Path) -> None:
    Image.new("L", (300, 200), 90).save(tmp_path / "grey.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    mask = np.packbits(np.eye(64, dtype=bool)).tobytes()
    cache = PictureCache(limit=1)
    files = [tmp_path / "grey.png", tmp_path / "broken.jpg", tmp_path / "none.jpg", None]
    strip = draw_strip([Tile(path, mask, (64, 64)) for path in files], cache)
    assert strip.shape == (128, 4 * 128 + 3 * 4)
    assert strip_size([]) == (0, 0)
    assert strip_size([(224, 448)]) == (160, 80)
    assert [strip_size([(side, side)])[0] for side in (32, 64, 80, 81, 160)] == [160, 128, 160, 81, 160]


def test_rebin_keeps_every_pixel() -> None:
    edges = np.array([-np.inf, 0.0, 1e-3, 0.1, 5.0, 50.0, np.inf])
    found = rebin(edges, np.array([0, 900, 0, 50, 50, 0]))
    assert sum(found["shares"]) == pytest.approx(1, abs=1e-2)
    assert (found["low"], found["high"], found["total"]) == (0.0, 50.0, 1000)
    assert found["shares"][0] >= 0.9
    assert rebin(edges, np.zeros(6, int)) is None
    assert rebin(np.array([2.0, 2.0]), np.array([7]))["shares"] == [1.0]


def test_scripts_and_numbers_are_safe() -> None:
    assert script(".x", {"a": "</script>&\u2028"}) == (
        'unitscope.data.x = {"a":"\\u003c/script\\u003e\\u0026\\u2028"};\n'
    )
    assert rounded(float("nan")) is None
    assert rounded(float("inf")) is None
    assert rounded(1 / 3, 3) == 0.333


def test_categories_keep_their_colour() -> None:
    assert category_slots(["part", "object"]) == {"part": 1, "object": 0}
    slots = category_slots(["animal", "object", *"abcdefghij"])
    assert slots["object"] == 0
    assert slots["animal"] != 0
    assert set(slots.values()) <= set(range(8))


def test_the_cut_is_that_of_the_run(report: Path) -> None:
    assert load(report / "data/run.js")["minIou"] == MIN_IOU


def test_one_layer_and_one_unit(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", Shape(units=1, layers=("fc",), pictures=6, size=16, exemplars=1))
    report = write_report(run).parent
    assert load(report / "data/units.js")["unit"] == [0]
    assert not (report / "figures/concepts-last.svg").exists()


def test_a_unit_shows_its_histogram_as_the_page_does(run: Path) -> None:
    unit = open_run(run).unit("conv1", 3)
    chart = unit_histogram(unit)
    row = chart.to_dict()["data"]["values"][0]
    assert sum(row["shares"]) == pytest.approx(1, abs=1e-2)
    assert row["threshold"] == pytest.approx(unit.row["threshold"])
