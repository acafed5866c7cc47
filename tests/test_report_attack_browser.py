"""The page of attacks in a real browser, alone and in the report of its run. Skipped where there is no Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attack_cases import dissected, draw_colours
from browser import Reader, driver
from empty_figures import empty_figures

import unitscope

__all__ = ["driver", "empty_figures"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> unitscope.Attack:
    folder = draw_colours(tmp_path_factory.mktemp("attack"))
    run = dissected(folder, "net")
    words: dict[str, Any] = {
        "method": f"{folder}/net.py:brighten",
        "device": "cpu",
        "replicates": 200,
        "top": 1,
    }
    return unitscope.attack(run, folder / "pictures", ["red", "green"], **words)


@pytest.fixture(scope="module")
def report(found: unitscope.Attack) -> Path:
    return unitscope.open_run(found.path.parents[1]).report()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_the_page_opens_from_the_file_system(
    driver: Any, found: unitscope.Attack, width: int, dark: bool
) -> None:
    reader = Reader(driver, found.page)
    reader.screen(width, 900, dark=dark)
    reader.open()
    charts = reader.all(".chart")
    assert len(charts) == 5
    for chart in charts:
        reader.marks(f"#{chart.get_attribute('id')}")
    assert reader.one("h1").text == "planted attacked to see red, green"
    assert reader.run("return document.documentElement.scrollWidth") <= width
    assert reader.requests() == []
    assert reader.problems() == []
    assert reader.run("return [...document.images].every((one) => one.getAttribute('alt'))")


def test_the_report_of_the_run_leads_to_the_page_and_back(
    driver: Any, found: unitscope.Attack, report: Path
) -> None:
    reader = Reader(driver, report)
    reader.screen(1280, 900)
    reader.open()
    reader.one(".menu summary").click()
    (link,) = [each for each in reader.all(".menu a") if "attack" in each.text]
    link.click()
    assert reader.one("h1").text == "planted attacked to see red, green"
    reader.marks("#chart-undone")
    # Every picture is there, and the way back.
    assert reader.run("return [...document.images].every((one) => !one.complete || one.naturalWidth > 0)")
    home = [each for each in reader.all("nav a") if each.text == "Overview"]
    assert Path(home[0].get_attribute("href").removeprefix("file://").removesuffix("#/")) == report.resolve()
    current = reader.one(".menu a[aria-current=page]").get_attribute("href")
    assert current == reader.run("return location.href")
    unit = reader.one("[data-unit] a")
    number = reader.one("[data-unit]").get_attribute("data-unit")
    unit.click()
    reader.wait(lambda: reader.one("#title-unit").text.startswith(f"Unit {number}"))
    assert reader.problems() == []
