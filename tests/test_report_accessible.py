"""Every kind of page is looked at by axe-core, in light and dark and on a phone. Skipped without Chromium."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from attack_cases import dissected, draw_colours
from browser import Reader, driver
from empty_figures import empty_figures
from fake_importance import Plan, make_importance
from fake_run import Shape, make_run
from planted_generator import planted_run

import unitscope
from unitscope.report import write_comparison, write_report, write_reports
from unitscope.run.dissection import Dissection

pytest.importorskip("axe_core_python", reason="needs axe-core-python (the dev extra)")

__all__ = ["driver", "empty_figures"]

FEW = {"device": "cpu", "replicates": 100}
CHECK = """const [done] = arguments;
axe.run(document, {resultTypes: ['violations']}).then(({violations}) => done(violations
  .filter(({impact}) => impact !== 'minor')
  .flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.target.join(' ')}`))));"""

DRAWN = """return document.readyState === 'complete' && [...document.querySelectorAll('.chart')]
  .filter((chart) => chart.clientWidth)
  .every((chart) => chart.childElementCount === 2 || chart.querySelector(':scope > p') ||
    (!chart.childElementCount && !chart.matches('.pending')));"""
"""Every chart has its drawing and the buttons below it: none is being drawn, for the first time or beside the old."""

SETTLED = """const [dark, done] = arguments;
const look = () => matchMedia('(prefers-color-scheme: dark)').matches === dark
  ? requestAnimationFrame(() => requestAnimationFrame(done)) : requestAnimationFrame(look);
look();"""
"""The page knows that it is dark and has begun to draw its charts anew."""


@pytest.fixture(scope="module")
def axe() -> str:
    # Findings are named by selectors; axe-core would also write out each element behind a text, up to the page.
    text = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    return f"{text}\naxe.configure({{noHtml: true}});"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a synthetic run with an importance and a comparison, small: axe-core looks at each element."""
    folder = tmp_path_factory.mktemp("accessible")
    run = make_run(folder / "run", Shape(units=24, words=6), seed=1)
    make_importance(run, "features.conv5_3", Plan(classes=6))
    other = make_run(folder / "other", Shape(units=8, layers=("last",), words=6))
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
    own = ("", "#/units", "#/unit/features.conv5_3/4", "#/unit/conv1/99", "#/concepts", "#/method")
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
    if not reader.run("return Boolean(window.axe)"):
        reader.run(axe)
    found = reader.driver.execute_async_script(CHECK)
    assert isinstance(found, list)
    return found


def seen(reader: Reader, axe: str, *, dark: bool) -> list[str]:
    """The findings, and whether it was dark."""
    return [f"{'dark' if dark else 'light'}: {each}" for each in findings(reader, axe)]


def look(reader: Reader, width: int, *, dark: bool) -> None:
    """Let the page that is open be light or dark, with all of its charts; colours do not pass into each other."""
    reader.screen(width, 900, dark=dark, still=True)
    reader.driver.execute_async_script(SETTLED, dark)


@pytest.mark.parametrize(("width", "both"), [(1280, True), (390, False)])
def test_no_page_has_a_serious_finding(
    driver: Any, pages: list[str], axe: str, width: int, both: bool
) -> None:
    """A page is looked at in light and, as it is open, in dark.

    Every other page is opened in dark, so that each is drawn anew only once.
    """
    reader = Reader(driver, Path("index.html"))
    dark, wrong = False, {}
    look(reader, width, dark=dark)
    for address in pages:
        # Loaded anew: parts of a page that were shown before stay in it, hidden, and axe-core goes through them too.
        driver.get("about:blank")
        driver.get(address)
        found = seen(reader, axe, dark=dark)
        if both:
            dark = not dark
            look(reader, width, dark=dark)
            found += seen(reader, axe, dark=dark)
        if found:
            wrong[address.split("/", 6)[-1]] = found
    assert wrong == {}


def test_what_opens_has_no_serious_finding(driver: Any, classifier: Path, axe: str) -> None:
    reader = Reader(driver, classifier)
    reader.screen(1280, 900)
    reader.open("#/unit/features.conv5_3/4")
    reader.wait(lambda: reader.all(".enlarge img"))
    reader.one(".menu summary").click()
    assert findings(reader, axe) == []
    reader.all(".enlarge")[1].click()
    assert findings(reader, axe) == []
