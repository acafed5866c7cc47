"""The page of several runs side by side: what it says, and that it opens in a browser. Skipped without Chromium."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import Reader, driver
from fake_run import Shape, make_run

from unitscope.report import write_comparison, write_report
from unitscope.report.pages.comparison import _control, run_names
from unitscope.run.comparison import concepts_by_run
from unitscope.run.dissection import Dissection

__all__ = ["driver"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Dissection]:
    folder = tmp_path_factory.mktemp("runs")
    shapes = [Shape(units=30), Shape(units=12, layers=("a", "b")), Shape(units=8, layers=("last",))]
    return [
        Dissection.open(make_run(folder / f"run-{seed}", shape, seed=seed))
        for seed, shape in enumerate(shapes)
    ]


@pytest.fixture(scope="module")
def page(runs: list[Dissection]) -> Path:
    return write_comparison(runs)


def test_the_page_lies_below_the_first_run(runs: list[Dissection], page: Path) -> None:
    assert page == runs[0].path / "compare" / "run-1-run-2" / "index.html"
    for name in ("detectors-all", "concepts-object", "only"):
        for ending in ("svg", "png", "pdf"):
            assert (page.parent / "figures" / f"{name}.{ending}").is_file()
    assert {path.stem for path in (page.parent / "tables").iterdir()} == {"layers", "depth", "concepts"}
    assert write_comparison(runs) == page


def test_runs_of_one_network_are_told_apart(runs: list[Dissection]) -> None:
    names = run_names(runs)
    assert len(set(names)) == 3
    assert [name.endswith(f"(run-{at})") for at, name in enumerate(names)] == [True] * 3


def test_a_control_is_set_beside_the_same_network(runs: list[Dissection]) -> None:
    def named(run: Dissection, name: str, seed: int | None) -> Dissection:
        other = Dissection(run.path)
        network = replace(run.network, name=name, reinitialized=seed)
        object.__setattr__(other, "manifest", replace(run.manifest, model=network))
        return other

    four = [
        named(runs[0], "a", None),
        named(runs[0], "a", 0),
        named(runs[1], "b", None),
        named(runs[1], "b", 3),
    ]
    depth = pd.DataFrame(
        {"run": [1, 2, 3, 4], "category": "all", "detectors": [4, 1, 6, 3], "units": [10, 10, 10, 10]}
    )
    assert _control(four, ["a", "a0", "b", "b3"], depth) == [
        "10.0 % of the units of a0 are detectors, and 40.0 % of those of a",
        "30.0 % of the units of b3 are detectors, and 60.0 % of those of b",
    ]
    (alone,) = _control(four[:1] + four[3:], ["a", "b3"], depth)
    assert alone == "10.0 % of the units of b3 are detectors, and 40.0 % of those of a"


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_the_page_opens_from_the_file_system(
    driver: Any, runs: list[Dissection], page: Path, width: int, dark: bool
) -> None:
    reader = Reader(driver, page)
    reader.screen(width, 900, dark=dark)
    reader.open()
    charts = reader.all(".chart")
    assert len(charts) == 2 * 5 + 1
    for chart in charts:
        reader.marks(f"#{chart.get_attribute('id')}")
    assert reader.run("return document.documentElement.scrollWidth") <= width
    table = concepts_by_run(runs)
    shared = int((table["runs"] == 3).sum())
    assert reader.one(".lead").text.startswith(f"{shared} concepts have a detector in each of the 3 runs.")
    assert reader.requests() == []
    assert reader.problems() == []


def test_the_report_of_the_first_run_has_the_page_and_leads_back(
    driver: Any, runs: list[Dissection], page: Path
) -> None:
    report = write_report(runs[0].path)
    write_comparison(runs)  # which now leads to the report, and so does its copy in there
    assert 'data-home="../../../report/index.html"' not in page.read_text(encoding="utf-8")
    assert 'data-home="../../report/index.html"' in page.read_text(encoding="utf-8")
    report = write_report(runs[0].path)
    reader = Reader(driver, report)
    reader.screen(1280, 900)
    reader.problems()
    reader.open()
    reader.one(".menu summary").click()
    reader.one(".menu a[href^=compare]").click()
    reader.wait(lambda: reader.all(".beside img, [data-unit] a"))
    assert reader.run("return [...document.images].every((one) => !one.complete || one.naturalWidth > 0)")
    reader.one("[data-unit] a").click()
    reader.wait(lambda: reader.one("#title-unit").text.startswith("Unit "))
    assert reader.problems() == []


def test_every_column_is_described(page: Path) -> None:
    text = (Path(__file__).resolve().parents[1] / "docs" / "compare.md").read_text(encoding="utf-8")
    for name in ("layers", "depth", "concepts"):
        section = re.search(rf"^## {name}:.*?(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE)
        assert section is not None
        rows = re.findall(
            r"^\| ([a-z_0-9, ]+) \| (string|Int64|int64|float64|bool) \|", section[0], re.MULTILINE
        )
        described = [column for columns, _ in rows for column in columns.split(", ")]
        table = pd.read_parquet(page.parent / "tables" / f"{name}.parquet")
        columns = [column for column in table.columns if not column.endswith(("_2", "_3"))]
        assert described == columns, name
