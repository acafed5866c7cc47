"""One report of several runs: every part is there, and everything it names exists."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from empty_figures import empty_figures
from fake_importance import make_importance
from fake_run import Shape, make_run
from planted_generator import planted_run

import unitscope
from unitscope.cli import calls
from unitscope.errors import UnitscopeError
from unitscope.report import write_reports

__all__ = ["empty_figures"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("start")
    first = make_run(folder / "classifier", Shape(units=18))
    make_importance(first, unitscope.open_run(first).layers["layer"].iloc[0])
    second = planted_run(folder / "generator", 12)
    unitscope.remove(second, "tree", units="1,2", device="cpu")
    unitscope.insert(second, "door", units=1, device="cpu", context="object")
    return [first, second]


@pytest.fixture(scope="module")
def page(runs, tmp_path_factory):
    return write_reports(runs, out=tmp_path_factory.mktemp("out") / "report")


def test_everything_that_the_first_page_names_is_there(page):
    named = re.findall(r'(?:href|src)="([^"]*)"', page.read_text())
    local = [address.partition("#")[0] for address in named if not address.startswith(("#", "data:"))]
    assert {address.split("/")[0] for address in local} >= {"classifier", "generator", "assets"}
    for address in filter(None, local):
        assert (page.parent / unquote(address)).is_file(), address


def test_the_first_page_says_what_was_found(page, runs):
    text = page.read_text()
    removal, insertion = unitscope.find_removals(runs[1])[0], unitscope.find_insertions(runs[1])[0]
    lost = removal.summary.sets[1].lost.value
    success = next(each for each in insertion.summary.sets if each.kind == "concept").success.value
    assert f"{100 * lost:.1f} %" in text
    assert f"{100 * success:.1f} %" in text
    best = unitscope.open_run(runs[0]).detectors.nlargest(1, "iou_low").iloc[0]
    assert f"unit {best.unit}" in text
    found = unitscope.find_importances(runs[0])[0]
    worst = found.top(found.classes["class"].iloc[0], 1)
    assert len(worst) == 1
    assert "Classes that lose most" in text


def test_every_report_leads_back(page):
    for name in ("classifier", "generator"):
        assert 'href="../index.html">All runs' in (page.parent / name / "index.html").read_text()


def test_runs_of_one_name_have_folders_of_their_own(runs, tmp_path):
    again = make_run(tmp_path / "classifier", Shape(units=12))
    page = write_reports([runs[0], again], out=tmp_path / "out")
    assert sorted(each.name for each in page.parent.iterdir() if each.is_dir()) == [
        *("assets", "classifier", "classifier-2")
    ]


def test_mistakes_are_named_before_anything_is_written(runs, tmp_path):
    with pytest.raises(UnitscopeError, match="is given twice"):
        write_reports([runs[0], runs[0]], out=tmp_path / "out")
    with pytest.raises(UnitscopeError, match="say where to write it with out="):
        calls.write_report(runs)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("no report")
    with pytest.raises(UnitscopeError, match="holds something else"):
        write_reports(runs, out=tmp_path / "mine")
    assert not (tmp_path / "out").exists()
