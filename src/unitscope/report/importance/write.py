"""Write the importance report: data, strips and figures, then the page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from urllib.parse import quote

from unitscope.report.data import RunData, read_run, records
from unitscope.report.filling import fill
from unitscope.report.folder import REPORT, check_replaceable, place_file, replacing
from unitscope.report.importance.data import Importance, read_importance
from unitscope.report.importance.facts import page_facts
from unitscope.report.importance.figures import write_figures
from unitscope.report.importance.maps import make_maps
from unitscope.report.importance.payload import (
    SHOWN,
    class_blocks,
    maps_payload,
    page_payload,
    top_units,
)
from unitscope.report.payload import Json, script
from unitscope.report.strips import Strip, StripWriter, Tile, strip_size

ASSETS = Path(__file__).parent.parent / "assets"
EARLY = ("core", "theme")
SHARED = ("marks", "axes", "router", "pager")
OWN = ("store", "draw", "units", "sets", "classes", "relation", "maps", "table", "pages")
STYLES = ("app.css", "pages.css", "importance/importance.css")
EXEMPLARS = 4
"""Pictures of a unit, side by side."""


def write_importance_report(folder: Path | str, *, run: Path | str | RunData) -> Path:
    """Write the report of an importance folder: `report/` in it, which opens in a browser without a server.

    Everything is read from the tables and from the run's pictures; no model runs. An earlier report is replaced
    in one step, once the new one is complete.

    Args:
        folder: written by 'unitscope importance'.
        run: the run folder it belongs to, or what `read_run` read from it.

    Returns:
        The path of `index.html`.

    Raises:
        UnitscopeError: either folder is missing, not finished or damaged, or the folder is about another run.
    """
    check_replaceable(Path(folder) / REPORT)
    data = run if isinstance(run, RunData) else read_run(Path(run))
    return write_pages(read_importance(Path(folder), data))


def write_pages(data: Importance) -> Path:
    """Write the report of what has been read; return the path of `index.html`."""
    target = data.folder / REPORT
    with replacing(target) as aside:
        _write_all(data, aside)
    return target / "index.html"


def copy_pages(data: Importance, folder: Path) -> None:
    """Make `folder` a copy of a report that has been written, by hard links where the file system allows."""
    shutil.copytree(data.folder / REPORT, folder, copy_function=_place)


def draw_pages(data: Importance, folder: Path) -> None:
    """Make `folder` a report, without touching the importance folder."""
    folder.mkdir(parents=True)
    _write_all(data, folder)


def place_reports(
    found: Sequence[Importance], out: Path, *, home: str, fill: Callable[[Importance, Path], None]
) -> list[tuple[str, str]]:
    """Put the reports of importance folders into the report of their run, with links to it and to each other.

    Args:
        found: the importance folders.
        out: the folder to put them in, one folder each.
        home: the address of the run's report, seen from one of them.
        fill: `copy_pages` or `draw_pages`.

    Returns:
        Title and address of each, seen from the folder that holds `out`.
    """
    named = [(report_title(data), f"{quote(data.folder.name)}/index.html") for data in found]
    for data in found:
        place = out / data.folder.name
        fill(data, place)
        (place / "index.html").unlink()
        others = [(title, f"../{address}") for title, address in named if title != report_title(data)]
        _write_text(place / "index.html", _render(data, home=home, others=others))
    return [(title, f"{out.name}/{address}") for title, address in named]


def _place(source: str, destination: str) -> None:
    place_file(Path(source), Path(destination))


def report_title(data: Importance) -> str:
    """Return the layer and the kind of ablation, in a few words."""
    return f"{data.title}, {data.ablation} ablation"


def _write_all(data: Importance, folder: Path) -> None:
    for name in (*STYLES, *_script_names()):
        (folder / "assets" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ASSETS / name, folder / "assets" / name)
    strips = _write_strips(data, folder / "units")
    run, page = page_payload(data)
    page["units"]["strip"] = [strips.get(unit, (0, 0, 0)) for unit in page["units"]["unit"]]
    (folder / "data" / "classes").mkdir(parents=True)
    _write_text(folder / "data" / "importance.js", script(".run", run) + script(".importance", page))
    maps = make_maps(data)
    _write_text(folder / "data" / "maps.js", script(".maps", maps_payload(data, maps)))
    for number, block in class_blocks(data):
        _write_block(folder, number, block)
    write_figures(data, maps, folder / "figures")
    _write_text(folder / "index.html", _render(data, home="", others=[]))


def _write_block(folder: Path, number: int, block: Json) -> None:
    _write_text(folder / "data" / "classes" / f"{number}.js", script(f'.blocks["{number}"]', block))


def _script_names() -> list[str]:
    shared = [f"js/{name}.js" for name in (*EARLY, *SHARED)]
    return shared + [f"importance/{name}.js" for name in OWN]


def _write_strips(data: Importance, folder: Path) -> dict[int, tuple[int, int, int]]:
    """Write the exemplars of every unit that some class shows; return width, height and number of pictures."""
    folder.mkdir()
    rows = {row for place in range(len(data.classes)) for row in top_units(data, place, SHOWN)}
    shown = set(data.units["unit"].to_numpy()[sorted(rows)].tolist()) if rows else set()
    exemplars = data.run.exemplars(data.layer)
    exemplars = exemplars[exemplars["unit"].isin(shown)]
    exemplars = exemplars[exemplars.groupby("unit").cumcount() < EXEMPLARS]
    found: dict[int, tuple[int, int, int]] = {}
    strips: list[Strip] = []
    for unit, group in groupby(records(exemplars), key=attrgetter("unit")):
        tiles = list(_tiles(data, group))
        found[int(unit)] = (*strip_size(tile.shape for tile in tiles), len(tiles))
        strips.append(Strip(folder / f"{unit}.jpg", tiles, f"unitscope: unit {unit} of {data.layer}"))
    with StripWriter() as writer:
        writer.add(strips)
        writer.wait()
    return found


def _tiles(data: Importance, group: Iterator[Json]) -> Iterator[Tile]:
    for row in group:
        picture = data.run.path / row.picture if isinstance(row.picture, str) else None
        yield Tile(picture, row.mask, (int(row.mask_height), int(row.mask_width)))


def _render(data: Importance, *, home: str, others: list[tuple[str, str]]) -> str:
    return fill(
        "importance.html",
        **page_facts(data),
        home=home,
        others=others,
        styles=STYLES,
        early=[f"js/{name}.js" for name in EARLY],
        later=_script_names()[len(EARLY) :],
    )


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
