"""The page of altered pictures in a real browser, opened from the file system. Skipped where there is no Chromium."""

from __future__ import annotations

from typing import Any

import pytest
from browser import Reader, driver
from empty_figures import empty_figures
from tiny import dissect_words, draw, run_cli

import unitscope

__all__ = ["driver", "empty_figures"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> unitscope.Shape:
    folder = draw(tmp_path_factory.mktemp("shape") / "data", 8)
    with pytest.MonkeyPatch.context() as patch:
        assert run_cli(patch, *dissect_words(folder, folder.parent / "run")) == 0
    return unitscope.shape(
        folder.parent / "run", folder / "pictures", alter="shuffle:4", replicates=100, device="cpu"
    )


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_the_page_opens_from_the_file_system(
    driver: Any, found: unitscope.Shape, width: int, dark: bool
) -> None:
    reader = Reader(driver, found.page)
    reader.screen(width, 900, dark=dark)
    reader.open()
    charts = reader.all(".chart")
    assert len(charts) >= 4
    for chart in charts:
        reader.marks(f"#{chart.get_attribute('id')}")
    assert "shuffle:4" in reader.one("h1").text
    assert reader.run("return document.documentElement.scrollWidth") <= width
    assert reader.requests() == []
    assert reader.problems() == []
    shown = reader.run("return [...document.images].every((one) => one.getAttribute('alt'))")
    assert shown
