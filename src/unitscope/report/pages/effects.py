"""The pages of what units of a generator do: removal, insertion, and the ranking of units by their effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from unitscope.report.charts.files import save_figure
from unitscope.report.charts.parts import Figure
from unitscope.report.data import asked
from unitscope.report.folder import REPORT, check_replaceable, place_file, replacing
from unitscope.report.pages.insertion import insertion_page
from unitscope.report.pages.ranking import ranking_page
from unitscope.report.pages.removal import removal_page
from unitscope.report.shell import FOLDER, fill, write_assets, write_charts, write_text
from unitscope.run.effects import Insertion, Ranking, Removal

Effect = Removal | Insertion | Ranking
Page = tuple[dict[str, object], Mapping[str, Figure | None]]
"""What a template needs, and the figures by name."""

TEMPLATES = {Removal: "removal", Insertion: "insertion", Ranking: "ranking"}
MAKERS: dict[type, Callable[[Any, Path], Page]] = {
    Removal: removal_page,
    Insertion: insertion_page,
    Ranking: ranking_page,
}


def write_effect_page(found: Effect) -> Path:
    """Write the page of a finished question about a generator; an earlier one is replaced in one step.

    Everything is read from its folder; no network runs.

    Args:
        found: a removal, an insertion or a ranking.

    Returns:
        The path of `index.html`.

    Raises:
        UnitscopeError: the folder holds something else where the page is to be.
    """
    target = found.path / REPORT
    check_replaceable(target)
    with replacing(target) as folder:
        write_assets(folder)
        _write(found, folder, home="", assets=FOLDER)
    return target / "index.html"


def place_effect_pages(found: Sequence[Effect], out: Path, *, home: str) -> list[tuple[str, str]]:
    """Put the pages of finished questions into the report of their run, one folder each.

    Args:
        found: the questions.
        out: the folder to put them in, inside of the report.
        home: the address of the run's report, seen from one of them.

    Returns:
        Title and address of each, seen from the folder that holds `out`.
    """
    links = []
    for each in found:
        place = out / each.path.name
        place.mkdir(parents=True)
        _write(each, place, home=home, assets=f"../../{FOLDER}")
        links.append((effect_title(each), f"{out.name}/{quote(each.path.name)}/index.html"))
    return links


def effect_title(found: Effect) -> str:
    """Return what was asked, in a few words."""
    layer = found.summary.layer
    if isinstance(found, Removal):
        return f"{layer} without {found.summary.concept} units"
    if isinstance(found, Insertion):
        return f"{found.summary.concept} units of {layer} forced on"
    return f"units of {layer} ranked by effect"


def _write(found: Effect, folder: Path, *, home: str, assets: str) -> None:
    facts, figures = MAKERS[type(found)](found, folder)
    drawn = {name: figure for name, figure in figures.items() if figure is not None}
    (folder / "figures").mkdir()
    (folder / "tables").mkdir()
    for name, figure in drawn.items():
        save_figure(figure, folder / "figures" / name)
    for name in found.tables:
        place_file(found.path / "tables" / f"{name}.parquet", folder / "tables" / f"{name}.parquet")
    write_charts(folder / "charts.js", drawn)
    text = fill(
        f"effects/{TEMPLATES[type(found)]}.html",
        title=effect_title(found),
        facts=found.summary,
        tables=found.tables,
        figures=drawn,
        home=home,
        assets=assets,
        data_scripts=["charts.js"],
        scripts=[],
        **asked(found),
        **facts,
    )
    write_text(folder / "index.html", text)
