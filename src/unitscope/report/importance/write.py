"""Write the importance report: data, strips and figures, then the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from urllib.parse import quote

from unitscope.report.charts.files import save_figure
from unitscope.report.data import RunData, read_run, records
from unitscope.report.folder import REPORT, check_replaceable, replacing
from unitscope.report.header import Header, beside
from unitscope.report.importance.class_figures import class_charts
from unitscope.report.importance.data import Importance, read_importance
from unitscope.report.importance.facts import page_facts
from unitscope.report.importance.figures import figures, write_class_figures
from unitscope.report.importance.maps import Maps, make_maps
from unitscope.report.importance.numbers import top_units
from unitscope.report.importance.payload import SHOWN, class_blocks, page_payload
from unitscope.report.packs import Packs, webp
from unitscope.report.payload import Json
from unitscope.report.shell import FOLDER, copy_report, fill, script, write_assets, write_charts, write_text
from unitscope.report.strips import PictureCache, draw_strip, strip_size, tile_of, to_image

EXEMPLARS = 4
"""Pictures of a unit, side by side."""
STRIP_QUALITY = 74


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
        write_assets(aside, "importance")
        draw_pages(data, aside, **beside(target))
    return target / "index.html"


def copy_pages(data: Importance, folder: Path) -> None:
    """Make `folder` a copy of a report that has been written, without its shell."""
    copy_report(data.folder / REPORT, folder)


def place_reports(
    found: Sequence[Importance], out: Path, *, header: Header, fill: Callable[[Importance, Path], None]
) -> None:
    """Put the reports of importance folders into the report of their run, with links to it and to each other.

    Args:
        found: the importance folders.
        out: the folder to put them in, one folder each.
        header: of every page of the report.
        fill: `copy_pages` or `draw_pages`.
    """
    named = importance_links(found, out.name)
    for data, (own, address) in zip(found, named, strict=True):
        place = out / data.folder.name
        fill(data, place)
        (place / "index.html").unlink()
        others = [(title, f"../../{other}") for title, other in named if title != own]
        seen = header.seen(address)
        maps, assets = make_maps(data), f"../../{FOLDER}"
        text = _render(data, maps, assets=assets, header=seen, home=seen["home"], others=others)
        write_text(place / "index.html", text)


def importance_links(found: Sequence[Importance], folder: str) -> list[tuple[str, str]]:
    """Return title and address of reports in a folder of the run's report, seen from that."""
    return [(report_title(data), f"{folder}/{quote(data.folder.name)}/index.html") for data in found]


def report_title(data: Importance) -> str:
    """Return the layer and the kind of ablation, in a few words."""
    return f"{data.title}, {data.ablation} ablation"


def draw_pages(data: Importance, folder: Path, header: object = None, home: object = "") -> None:
    """Write all of a report but its shell into `folder`; see :func:`unitscope.report.header.beside` for the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    strips = _pack_strips(data, folder / "data" / "pictures")
    run, page = page_payload(data)
    page["units"]["strip"] = [strips.get(unit, (0, 0, 0, 0, 0)) for unit in page["units"]["unit"]]
    (folder / "data" / "classes").mkdir()
    write_text(folder / "data" / "importance.js", script(".run", run) + script(".importance", page))
    maps = make_maps(data)
    for number, block in class_blocks(data):
        _write_block(folder, number, block)
    drawn = figures(data, maps)
    write_charts(folder / "data" / "charts.js", {**drawn, **class_charts(data)})
    (folder / "figures").mkdir()
    for name, figure in drawn.items():
        save_figure(figure, folder / "figures" / name)
    write_class_figures(data, folder / "figures")
    write_text(folder / "index.html", _render(data, maps, assets=FOLDER, header=header, home=home))


def _write_block(folder: Path, number: int, block: Json) -> None:
    write_text(folder / "data" / "classes" / f"{number}.js", script(f'.blocks["{number}"]', block))


def _pack_strips(data: Importance, folder: Path) -> dict[int, tuple[int, ...]]:
    """Pack the exemplars of every unit that some class shows; return width, height, number of pictures and place."""
    rows = {row for place in range(len(data.classes)) for row in top_units(data, place, SHOWN)}
    shown = set(data.units["unit"].to_numpy()[sorted(rows)].tolist()) if rows else set()
    exemplars = data.run.exemplars(data.layer)
    exemplars = exemplars[exemplars["unit"].isin(shown)]
    exemplars = exemplars[exemplars.groupby("unit").cumcount() < EXEMPLARS]
    found: dict[int, tuple[int, ...]] = {}
    packs, cache = Packs(folder), PictureCache()
    for unit, group in groupby(records(exemplars), key=attrgetter("unit")):
        tiles = [tile_of(data.run.path, row) for row in group]
        packs.add(str(unit), webp(to_image(draw_strip(tiles, cache)).convert("RGB"), STRIP_QUALITY))
        found[int(unit)] = (*strip_size(tile.shape for tile in tiles), len(tiles), *packs.places[str(unit)])
    packs.write()
    return found


def _render(
    data: Importance,
    maps: Maps,
    *,
    assets: str,
    header: object,
    home: object,
    others: Sequence[tuple[str, str]] = (),
) -> str:
    return fill(
        "importance/page.html",
        **page_facts(data, maps),
        header=header,
        home=home,
        others=others,
        assets=assets,
        data_scripts=["data/importance.js", "data/charts.js"],
        scripts=["importance"],
    )
