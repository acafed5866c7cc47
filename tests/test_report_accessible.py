"""Every kind of page is looked at by axe-core, in light and dark and on a phone. Skipped without Chromium."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from attack_cases import dissected, draw_colours
from browser import Reader, driver
from fake_importance import make_importance
from fake_run import Shape, make_run
from planted_generator import planted_run

import unitscope
from unitscope.report import write_comparison, write_report, write_reports
from unitscope.run.dissection import Dissection

pytest.importorskip("axe_core_python", reason="needs axe-core-python (the dev extra)")

__all__ = ["driver"]

FEW = {"device": "cpu", "replicates": 100}
CHECK = """const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then(({violations}) => done(violations
  .filter(({impact}) => impact !== 'minor')
  .flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.target.join(' ')}`))));"""

DRAWN = """return document.readyState === 'complete' && ![...document.querySelectorAll('.chart.pending')]
  .some((chart) => chart.clientWidth && !chart.childElementCount);"""


@pytest.fixture(scope="module")
def axe() -> str:
    return resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a synthetic run with an importance and a comparison."""
    folder = tmp_path_factory.mktemp("accessible")
    run = make_run(folder / "run", Shape(units=40))
    make_importance(run, "features.conv5_3")
    other = make_run(folder / "other", Shape(units=12, layers=("last",)), seed=1)
    write_comparison([Dissection.open(run), Dissection.open(other)])
    return write_report(run)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run that was attacked, shown altered pictures, and whose unit was taken for a classifier."""
    folder = draw_colours(tmp_path_factory.mktemp("network"))
    run = dissected(folder, "net")
    told = {"method": f"{folder}/net.py:brighten", "top": 1, **FEW}
    unitscope.attack(run, folder / "pictures", ["red", "green"], **told)
    unitscope.shape(run, folder / "pictures", alter="gray", **FEW)
    unitscope.classify_unit(run, "relu", 0, folder / "pictures", positive="red", **FEW)
    return write_report(run)


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a generator whose units were removed, forced on and ranked."""
    run = planted_run(tmp_path_factory.mktemp("generator") / "run", 12)
    unitscope.remove(run, "tree", units="1,2", device="cpu")
    unitscope.insert(run, "door", units=1, context="object", device="cpu")
    unitscope.rank(run, **FEW)
    return write_report(run)


@pytest.fixture(scope="module")
def pages(
    classifier: Path, network: Path, generator: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """The addresses of every kind of page."""
    start = write_reports(
        [classifier.parents[1], generator.parents[1]], out=tmp_path_factory.mktemp("all") / "report"
    )
    own = ("", "#/units", "#/unit/features.conv5_3/12", "#/unit/conv1/99", "#/concepts", "#/method")
    found = [classifier.as_uri() + address for address in own]
    for report in (classifier, network, generator):
        for page in sorted(report.parent.glob("*/*/index.html")):
            found.append(page.as_uri())
            if "importance" in page.parts:
                found += [page.as_uri() + address for address in ("#/class", "#/method")]
    return [*found, start.as_uri()]


def findings(reader: Reader, axe: str) -> list[str]:
    """What axe-core finds that is moderate, serious or critical."""
    reader.wait(lambda: reader.run(DRAWN))
    reader.run(axe)
    found = reader.driver.execute_async_script(CHECK)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_no_page_has_a_serious_finding(
    driver: Any, pages: list[str], axe: str, width: int, dark: bool
) -> None:
    reader = Reader(driver, Path("index.html"))
    reader.screen(width, 900, dark=dark)
    wrong = {}
    for address in pages:
        driver.get("about:blank")
        driver.get(address)
        found = findings(reader, axe)
        if found:
            wrong[address.split("/", 6)[-1]] = found
    assert wrong == {}


def test_what_opens_has_no_serious_finding(driver: Any, classifier: Path, axe: str) -> None:
    reader = Reader(driver, classifier)
    reader.screen(1280, 900)
    reader.open("#/unit/features.conv5_3/12")
    reader.wait(lambda: reader.all(".enlarge img"))
    reader.one(".menu summary").click()
    assert findings(reader, axe) == []
    reader.all(".enlarge")[1].click()
    assert findings(reader, axe) == []
