"""How large reports are and how long they take to open in Chromium, as one JSON line for each.

    python benchmarks/report.py REPORT [REPORT ...] [--repeats 5]

REPORT is the folder of a written report, as RUN/report. `open_ms` is the median time from the start of the navigation
until the page and its scripts are there and a frame is drawn, by page; `filter_ms` that of a word typed above the list
of units. `ratio` is the slowest page over a page of the same browser that holds nothing, whose time is `nothing_ms`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PAGES = {"overview": "#/", "units": "#/units", "concepts": "#/concepts", "method": "#/method"}
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1280,900")
DRAWN = """const done = arguments[arguments.length - 1];
requestAnimationFrame(() => setTimeout(() => done(performance.now())));"""
FILTER = """const done = arguments[arguments.length - 1];
const box = document.querySelector('#filters [name=q]');
box.value = arguments[0];
const before = performance.now();
box.dispatchEvent(new Event('input', {bubbles: true}));
requestAnimationFrame(() => setTimeout(() => done(performance.now() - before)));"""
WORDS = ("layer", "unit 12", "tree", "conv", "wall")


@contextmanager
def browsing() -> Iterator[Any]:
    """Run a browser meanwhile."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    browser, service = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if browser is None or service is None:
        raise SystemExit("needs Chromium and chromedriver")
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        driver = webdriver.Chrome(options=options, service=Service(service))
        try:
            yield driver
        finally:
            driver.quit()


def opened(driver: Any, address: str, repeats: int) -> float:
    """Milliseconds until a page is there and drawn, the median."""
    times: list[float] = []
    for _ in range(repeats):
        driver.get("about:blank")
        driver.get(address)
        times.append(float(driver.execute_async_script(DRAWN)))
    return round(statistics.median(times), 1)


def measure(driver: Any, report: Path, nothing: str, repeats: int) -> dict[str, object]:
    """Return the figures of a report."""
    files = [path for path in report.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    index = (report / "index.html").resolve().as_uri()
    empty = opened(driver, nothing, repeats)
    pages = {name: opened(driver, index + address, repeats) for name, address in PAGES.items()}
    driver.get(f"{index}#/units")
    units = int(driver.find_element("id", "units-count").text.split(" of ")[0].split()[0].replace(",", ""))
    driver.find_element("css selector", "#cards a").click()
    unit = str(driver.execute_script("return location.hash"))
    pages["unit"] = opened(driver, index + unit, repeats)
    driver.get("about:blank")
    driver.get(f"{index}#/units")
    return {
        "benchmark": "report",
        "ratio": round(max(pages.values()) / empty, 2),
        "report": str(report),
        "units": units,
        "files": len(files),
        "megabytes": round(size / 1e6, 2),
        "kilobytes_a_unit": round(size / 1e3 / units, 2),
        "nothing_ms": empty,
        "open_ms": pages,
        "filter_ms": round(max(driver.execute_async_script(FILTER, word) for word in WORDS), 1),
    }


def main() -> None:
    """Measure every report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", nargs="+", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with browsing() as driver, tempfile.TemporaryDirectory() as folder:
        nothing = Path(folder) / "nothing.html"
        nothing.write_text("<!doctype html><title>nothing</title>", encoding="utf-8")
        for report in options.reports:
            print(json.dumps(measure(driver, report, nothing.as_uri(), options.repeats)), flush=True)


if __name__ == "__main__":
    main()
