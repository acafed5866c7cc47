"""The importance report in a real browser, opened from the file system. Skipped where there is no Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from browser import Reader, driver
from empty_figures import empty_figures
from fake_importance import EMPTY, Plan, make_importance
from fake_run import NASTY, Shape, make_run
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from unitscope.report import write_report

__all__ = ["driver", "empty_figures"]

LAYER = "features.conv5_3"
PAGES = ("#/", "#/class/bedroom", f"#/class/{EMPTY.replace(' ', '%20')}", "#/class/nowhere", "#/method")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = make_run(tmp_path_factory.mktemp("browser") / "run", Shape(units=180))
    folder = make_importance(run, LAYER)
    write_report(run)
    return folder


@pytest.fixture(params=["alone", "in the report of the run"])
def reader(driver: Any, folder: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    alone = folder / "report/index.html"
    placed = folder.parents[1] / "report/importance" / folder.name / "index.html"
    person = Reader(driver, alone if request.param == "alone" else placed)
    person.screen(1280, 900)
    person.problems()
    yield person
    person.run("localStorage.clear()")
    assert person.problems() == []
    assert not person.run("return window.alerted")


def wait_for_class(reader: Reader, name: str) -> None:
    reader.wait(lambda: reader.one("#title-class").text == name)


def test_overview_shows_every_class(reader: Reader, folder: Path) -> None:
    reader.open()
    sets = pd.read_parquet(folder / "tables/sets.parquet")
    chosen = (sets["ranking"] == "importance") & (sets["k"] == 20)
    mean = sets[chosen & (sets["kind"] == "removed")]["balanced_accuracy"].mean()
    assert f"{100 * mean:.1f}" in reader.one("[data-setting=removed] .tile-number").text
    reader.marks("#chart-classes", 3 * 11)
    reader.marks("#chart-correlation")
    reader.marks("#chart-overlap")
    assert len(reader.all("#panel-overlap tbody tr")) > 1
    assert "rank correlation" in reader.one(".finding").text
    assert len(reader.all("#class-table tbody tr")) == 12
    assert reader.run("return document.querySelectorAll('img[src=x], [onerror]').length") == 0
    missing = "return [...document.querySelectorAll('.chart:has(svg)')].filter((s) => !s.ariaLabel).length"
    assert reader.run(missing) == 0
    assert reader.requests() == []


def test_class_picker_changes_class_and_address(reader: Reader, folder: Path) -> None:
    reader.open()
    reader.one("nav [data-page=class]").click()
    wait_for_class(reader, NASTY)
    reader.wait(lambda: len(reader.all("#unit-rows img")) == 4)
    Select(reader.one("#class-picker")).select_by_value("castle")
    wait_for_class(reader, "castle")
    assert reader.hash() == "#/class/castle"
    effects = pd.read_parquet(folder / "tables/effects.parquet")
    mine = effects[(effects["class"] == "castle") & (effects["split"] == "train") & (effects["rank"] <= 4)]
    units = mine.sort_values("rank")["unit"].tolist()
    shown = """return [...document.querySelectorAll('.unit-facts')].map(
      (node) => Number(node.textContent.match(/unit (\\d+)/)[1]))"""
    reader.wait(lambda: reader.run(shown) == units)
    assert "important" in reader.one(".badge.yes").text
    assert reader.run("return [...document.querySelectorAll('#unit-rows img')].every((i) => i.alt)")
    loaded = "return [...document.querySelectorAll('#unit-rows img')].every((i) => i.naturalWidth)"
    reader.wait(lambda: reader.run(loaded))
    reader.one("#units-all").click()
    reader.wait(lambda: len(reader.all("#unit-rows .unit-facts")) == 20)
    reader.one("#class-next").click()
    wait_for_class(reader, "church")
    reader.driver.back()
    wait_for_class(reader, "castle")


def test_curves_change_their_axis_and_have_a_table(reader: Reader) -> None:
    reader.open("#/class/airfield")
    reader.wait(lambda: len(reader.all("#chart-curves .mark-line path")) == 3)
    pressed = "#panel-curves .segmented [aria-pressed=true]"
    assert reader.one(pressed).text == "Linear"
    reader.marks("#chart-bars", 6)
    reader.one("#panel-curves [value=logarithmic]").click()
    assert reader.one(pressed).text == "Logarithmic"
    reader.one("#panel-curves summary").click()
    reader.wait(lambda: len(reader.all("#curves-table tbody tr")) == 60)
    reader.open("#/class/bridge")
    reader.wait(lambda: reader.all("#chart-curves .mark-line path"))
    assert reader.one(pressed).text == "Logarithmic"


def test_classes_without_pictures_and_unknown_ones_say_so(reader: Reader) -> None:
    reader.open(PAGES[2])
    wait_for_class(reader, EMPTY)
    assert "no val pictures" in reader.one("#class-notice").text
    assert not reader.one("#panel-curves").is_displayed()
    reader.open("#/class/nowhere")
    wait_for_class(reader, "No such class")


def test_table_sorts_and_finds(reader: Reader) -> None:
    reader.open()
    reader.one("#class-table [data-sort=baseline]").click()
    cells = [row.text for row in reader.all("#class-table tbody td:nth-of-type(2)")]
    values = [float(text.split("\u202f")[0]) for text in cells if text != "\u2013"]
    assert values == sorted(values, reverse=True)
    assert cells[-1] == "\u2013"
    assert reader.run("return document.activeElement.dataset.sort") == "baseline"
    reader.one("#table-find").send_keys("CH")
    reader.wait(lambda: reader.one("#table-count").text == "2 of 12 classes")


def test_keyboard(reader: Reader) -> None:
    reader.open("#/class/bedroom")
    wait_for_class(reader, "bedroom")
    reader.one("body").send_keys(Keys.ARROW_RIGHT)
    wait_for_class(reader, "bridge")
    reader.wait(lambda: reader.run("return document.activeElement.id") == "title-class")
    reader.one("body").send_keys(Keys.ARROW_LEFT)
    wait_for_class(reader, "bedroom")


def test_every_control_has_a_name(reader: Reader) -> None:
    script = """return [...document.querySelectorAll('button, input, select, a[href]')].filter((node) =>
      !(node.labels && node.labels.length) && !node.textContent.trim() && !node.getAttribute('aria-label') &&
      !node.querySelector('img[alt]')).map((node) => node.outerHTML)"""
    reader.open()
    for address in PAGES:
        reader.follow(address)
        assert reader.run(script) == []
        assert len(reader.all(".page:not([hidden]) h1")) == 1


def test_phone_and_dark(reader: Reader, tmp_path: Path) -> None:
    for width, dark in ((360, False), (1280, True)):
        reader.screen(width, 800, dark=dark)
        reader.open()
        for number, address in enumerate(PAGES):
            reader.follow(address)
            reader.wait(lambda: reader.all(".page:not([hidden]) h1"))
            assert reader.run("return document.documentElement.scrollWidth") <= width, address
            color = reader.run("return getComputedStyle(document.body).backgroundColor")
            assert (int(color.removeprefix("rgb(").split(",")[0]) < 60) == dark
            reader.picture(tmp_path / f"{width}-{number}.png")


def test_maps_follow_the_theme(reader: Reader) -> None:
    reader.open()
    drawn = "return document.querySelector('#chart-correlation svg').outerHTML"
    reader.marks("#chart-correlation")
    before = reader.run(drawn)
    reader.one("#theme").click()
    reader.wait(lambda: reader.all("#chart-correlation svg") and reader.run(drawn) != before)
    reader.run("localStorage.clear()")


def test_units_lead_to_the_report_of_the_run(driver: Any, folder: Path) -> None:
    reader = Reader(driver, folder.parents[1] / "report/index.html")
    reader.screen(1280, 900)
    reader.open()
    reader.one(".menu summary").click()
    reader.one(".menu a[href^=importance]").click()
    reader.choose(reader.marks("#chart-classes")[0])
    reader.wait(lambda: reader.all("#unit-rows .unit-facts a"))
    unit = reader.one("#unit-rows .unit-facts a").text
    reader.one("#unit-rows .unit-facts a").click()
    reader.wait(lambda: reader.all("#page-unit .exemplar img"))
    assert reader.one("#title-unit").text.startswith(unit.replace("unit", "Unit"))


@pytest.mark.slow
def test_many_classes_stay_light(driver: Any, tmp_path: Path) -> None:
    shape = Shape(units=128, layers=(LAYER,), pictures=60, size=32, exemplars=3)
    run = make_run(tmp_path / "run", shape)
    make_importance(run, LAYER, Plan(classes=365))
    reader = Reader(
        driver,
        write_report(run).parent / f"importance/{LAYER.replace('.', '-').replace('_', '-')}-zero/index.html",
    )
    reader.screen(1280, 900)
    reader.problems()
    reader.open()
    reader.wait(lambda: reader.all("#chart-correlation image"))
    assert reader.run("return document.querySelectorAll('*').length") < 12000
    assert reader.run("return document.querySelectorAll('script[src*=\"data/classes/\"]').length") == 0
    reader.open("#/class/scene%20200")
    reader.wait(lambda: reader.all("#unit-rows img"))
    assert reader.run("return document.querySelectorAll('script[src*=\"data/classes/\"]').length") == 1
    assert reader.problems() == []
