"""A person with a browser, for tests of pages opened from the file system. Skipped where there is no Chromium."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium (the dev extra)")

from selenium.common.exceptions import StaleElementReferenceException  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--window-size=1280,900", "--hide-scrollbars"),
    "--js-flags=--no-turbofan",  # the last step of compiling pays off on pages that stay open for longer
)

FOLLOW = """const [address, done] = arguments;
if (new URL(address, location).hash === location.hash) done();
else {
  addEventListener('hashchange', () => done(), {once: true});
  location.hash = address;
}"""
"""The page hears of a new address before this does, and has shown it then."""
STARTED = pytest.StashKey[Any]()


class Reader:
    """A person with a browser."""

    def __init__(self, driver: Any, index: Path) -> None:
        self.driver = driver
        self.url = index.resolve().as_uri()

    def open(self, address: str = "#/") -> None:
        """Load the page anew."""
        self.driver.get("about:blank")
        self.driver.get(self.url + address)

    def follow(self, address: str) -> None:
        """Go to an address of the page that is open, as a link of it does."""
        self.driver.execute_async_script(FOLLOW, address)

    def one(self, selector: str) -> Any:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def wait(self, condition: Callable[[], Any]) -> Any:
        # A page that is drawn anew takes its elements away while somebody looks at them.
        drawn_anew = [StaleElementReferenceException]
        waiting = WebDriverWait(self.driver, 20, poll_frequency=0.05, ignored_exceptions=drawn_anew)
        return waiting.until(lambda _: condition())

    def marks(self, chart: str, number: int | None = None) -> list[Any]:
        """The marks of a chart that say something, once it is drawn (and has `number` of them)."""
        selector = f"{chart} svg [tabindex]"
        self.wait(lambda: len(self.all(selector)) == number if number is not None else self.all(selector))
        return self.all(selector)

    def choose(self, mark: Any) -> None:
        self.run("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", mark)

    def requests(self) -> list[str]:
        """What the page has loaded that is no file."""
        loaded = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
        return [name for name in self.run(loaded) if not name.startswith(("file:", "data:", "blob:"))]

    def count(self) -> int:
        return int(self.one("#units-count").text.split(" of ")[0].replace(",", ""))

    def expect_count(self, number: int) -> None:
        self.wait(lambda: self.count() == number)

    def hash(self) -> str:
        return str(self.run("return location.hash"))

    def screen(self, width: int, height: int, *, dark: bool = False, still: bool = False) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        motion = {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme, motion]})

    def picture(self, path: Path) -> None:
        """Save what is seen, in half its size; a page without anything takes 6,000 bytes at the most."""
        height = min(3000, self.run("return document.documentElement.scrollHeight"))
        clip = {"x": 0, "y": 0, "width": self.run("return innerWidth"), "height": height, "scale": 0.5}
        options = {"captureBeyondViewport": True, "clip": clip}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", options)
        path.write_bytes(base64.b64decode(shot["data"]))
        assert path.stat().st_size > 10_000

    def problems(self) -> list[Any]:
        """What the console shows: errors, and warnings of libraries."""
        return [entry for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


@pytest.fixture(scope="module")
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A tab of its own for each file of tests, which knows nothing of earlier ones, in one browser for all."""
    stash = request.config.stash
    if STARTED not in stash:
        stash[STARTED] = started(tmp_path_factory.mktemp("profile"))
        request.config.add_cleanup(stash[STARTED].quit)
    driver = stash[STARTED]
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    yield driver
    driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "file://", "storageTypes": "all"})
    for tab in driver.window_handles:
        if tab != first:
            driver.switch_to.window(tab)
            driver.close()
    driver.switch_to.window(first)
    driver.get_log("browser")


def browser_of(folder: Path) -> str | None:
    """Where a browser is: if there is one, the same engine without the windows that nobody sees here."""
    if shell := shutil.which("chromium-headless-shell"):
        # It opens nothing by itself, and chromedriver asks for a tab that is open.
        opening = folder / "chromium"
        opening.write_text(f'#!/bin/sh\nexec {shell} "$@" about:blank\n')
        opening.chmod(0o755)
        return str(opening)
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def started(profile: Path) -> Any:
    """Start a browser; skip where there is none."""
    browser, service = browser_of(profile), shutil.which("chromedriver")
    if browser is None or service is None:
        pytest.skip("needs Chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(service))
