"""What the pages of finished questions about the units of a run share: alone in their folder, or in its report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from unitscope.report.charts.files import save_figure
from unitscope.report.charts.parts import Figure
from unitscope.report.data import asked
from unitscope.report.folder import REPORT, check_replaceable, place_file, replacing
from unitscope.report.header import Header, beside
from unitscope.report.shell import FOLDER, fill, write_assets, write_charts, write_text
from unitscope.run.layout import TABLES
from unitscope.run.results import Result

Page = tuple[dict[str, object], Mapping[str, Figure | None]]
"""What a template needs, and the figures by name; None for those that have no data."""


@dataclass(frozen=True)
class Kind:
    """How the page of a kind of question is made.

    Attributes:
        template: file among the templates.
        title: what was asked, in a few words.
        make: draws pictures into the folder of the page, and returns what the template needs.
    """

    template: str
    title: Callable[[Any], str]
    make: Callable[[Any, Path], Page]


def write_page(found: Result[object], kind: Kind) -> Path:
    """Write the page of a finished question into its folder; an earlier one is replaced in one step.

    Everything is read from its folder; no network runs.

    Returns:
        The path of `index.html`.

    Raises:
        UnitscopeError: the folder holds something else where the page is to be.
    """
    target = found.path / REPORT
    check_replaceable(target)
    with replacing(target) as folder:
        write_assets(folder)
        _write(found, kind, folder, assets=FOLDER, **beside(target))
    return target / "index.html"


def page_links(found: Iterable[tuple[Result[object], Kind]], folder: str) -> list[tuple[str, str]]:
    """Return title and address of pages in a folder of the report, seen from the report."""
    return [(kind.title(each), f"{folder}/{quote(each.path.name)}/index.html") for each, kind in found]


def place_pages(found: Iterable[tuple[Result[object], Kind]], out: Path, *, header: Header) -> None:
    """Put the pages of finished questions into the report of their run, one folder each.

    Args:
        found: the questions with their kinds.
        out: the folder to put them in, inside of the report.
        header: of every page of the report.
    """
    for each, kind in found:
        place = out / each.path.name
        place.mkdir(parents=True)
        ((_, address),) = page_links([(each, kind)], out.name)
        seen = header.seen(address)
        _write(each, kind, place, assets=f"../../{FOLDER}", header=seen, home=seen["home"])


def _write(
    found: Result[object], kind: Kind, folder: Path, *, assets: str, header: object, home: object
) -> None:
    facts, figures = kind.make(found, folder)
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    (folder / "figures").mkdir()
    (folder / "tables").mkdir()
    for name, figure in drawn.items():
        save_figure(figure, folder / "figures" / name)
    for name in found.tables:
        place_file(found.path / TABLES / f"{name}.parquet", folder / "tables" / f"{name}.parquet")
    write_charts(folder / "charts.js", drawn)
    text = fill(
        kind.template,
        title=kind.title(found),
        facts=found.summary,
        tables=found.tables,
        figures=drawn,
        header=header,
        home=home,
        assets=assets,
        data_scripts=["charts.js"],
        scripts=[],
        **asked(found),
        **facts,
    )
    write_text(folder / "index.html", text)
