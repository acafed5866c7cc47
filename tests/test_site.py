"""The documentation site is built strictly and without a network, has all names, and works from the disk."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from browser import Reader, driver

import unitscope
from unitscope.experiments.settings import Settings

pytest.importorskip("mkdocstrings", reason="needs the docs extra")

ROOT = Path(__file__).parents[1]
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]+src=["']?([^"'> ]+)|<link[^>]+href=["']?([^"'> ]+)[^>]*>"""
)
PAGES_OF_NAMES = ("questions", "nouns", "results", "settings")
__all__ = ["driver"]
SETTINGS = [name for name in unitscope.__all__ if name.endswith("Settings")]

WIDE = """
const seen = document.documentElement;
return [...document.querySelectorAll(".md-content *")]
  .filter((node) => !node.closest("pre, .md-typeset__scrollwrap, .highlighttable, .headerlink"))
  .filter((node) => node.getBoundingClientRect().right > seen.clientWidth + 1)
  .map((node) => node.tagName);
"""
PHONE = (390, 844)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site; a server that answers nothing stands for the network."""
    place = tmp_path_factory.mktemp("docs") / "site"
    away = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(place)],
        cwd=ROOT, check=False, capture_output=True, text=True,
        env=os.environ | away | {"NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def names(site):
    """The text of the pages of the Python reference."""
    return "".join((site / "reference" / f"{name}.html").read_text("utf-8") for name in PAGES_OF_NAMES)


def test_every_page_is_in_the_site(site):
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert {path.relative_to(site) for path in site.rglob("*.html")} == pages | {Path("404.html")}
    assert not list(site.rglob("*.py"))


def test_nothing_is_loaded_from_elsewhere(site):
    for page in site.rglob("*.html"):
        for script, link in LOADED.findall(page.read_text("utf-8")):
            assert not re.match(r"(https?:)?//", script or link), (page, script or link)
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\([\"']?(?:https?:)?//", style.read_text("utf-8")), style


def test_every_public_name_is_described(names):
    for name in unitscope.__all__:
        found = f'id="unitscope.{name}"' in names or f"<code>{name}(" in names
        assert found or name == "__version__", name
    assert not re.findall(r":(?:class|func|meth|attr):", names)
    assert 'href="nouns.html#unitscope.pictures"' in names


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_has_its_help(name, names):
    kind = getattr(unitscope, name)
    assert issubclass(kind, Settings)
    start = names.index(f'id="unitscope.{name}"')
    section = names[start : names.find('class="doc doc-object doc-class"', start)]
    section = html.unescape(re.sub(r"<[^>]+>", "", section))
    for each in fields(kind):
        known = each.metadata["about"]
        first = " ".join(known.help.split()[:4])
        assert first in " ".join(section.split()), (each.name, first)


def test_durations_are_seen_and_reasons_too(site):
    text = (site / "tutorials" / "first-dissection.html").read_text("utf-8")
    assert "about 55 s on two cores" in text
    assert "needs a GPU" in (site / "how-to" / "gpus.html").read_text("utf-8")
    assert "<!-- takes" not in text


def test_the_changelog_is_the_changelog(site):
    assert "0.2.0" in (site / "changelog.html").read_text("utf-8")


@pytest.fixture
def reader(driver, site):
    return Reader(driver, site / "index.html")


def test_a_page_from_the_disk_asks_nobody(reader):
    reader.open("")
    reader.wait(lambda: reader.one("h1").text.startswith("Unitscope"))
    assert reader.requests() == []


def test_search_finds_a_page_from_the_disk(reader):
    reader.open("")
    reader.run("document.querySelector('.md-search__input').focus()")
    reader.one(".md-search__input").send_keys("threshold")
    found = reader.wait(
        lambda: [each.get_attribute("href") for each in reader.all(".md-search-result__link")]
    )
    assert any("definitions.html" in each for each in found)


@pytest.mark.parametrize("page", ["index", "tutorials/your-own", "reference/settings", "cli", "faq"])
def test_nothing_is_wider_than_a_phone(reader, site, page):
    metrics = {"width": PHONE[0], "height": PHONE[1], "deviceScaleFactor": 2, "mobile": True}
    reader.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        reader.driver.get((site / f"{page}.html").as_uri())
        assert reader.run(WIDE) == []
    finally:
        reader.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
