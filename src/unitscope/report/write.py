"""Write the report of a run: read the tables, pack pictures, draw figures, fill the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from unitscope.progress import Advance, progress_bar, told
from unitscope.report.charts.files import save_figure
from unitscope.report.data import RunData, read_run
from unitscope.report.figures import histogram_figure, run_figures
from unitscope.report.folder import check_replaceable, replacing
from unitscope.report.header import PAGES, Header
from unitscope.report.importance.data import Importance, read_importance
from unitscope.report.importance.write import (
    copy_pages,
    draw_pages,
    importance_links,
    place_reports,
    write_pages,
)
from unitscope.report.packs import Packed, picture_budget, write_packs
from unitscope.report.pages.attack import ATTACK
from unitscope.report.pages.classification import classifier_links, place_classifiers
from unitscope.report.pages.comparison import (
    CONTROL_LINK,
    comparison_links,
    find_comparisons,
    place_comparisons,
    place_control,
)
from unitscope.report.pages.dissection import (
    CLASSIFIERS,
    COMPARISONS,
    EFFECTS,
    IMPORTANCE,
    PAIRS,
    render_index,
)
from unitscope.report.pages.effects import Effect, with_kinds
from unitscope.report.pages.questions import Kind, page_links, place_pages
from unitscope.report.pages.shape import SHAPE
from unitscope.report.payload import (
    Catalogue,
    StripSizes,
    block_numbers,
    by_iou,
    details,
    run_payload,
    strip_sizes,
    units_payload,
)
from unitscope.report.shell import safe_json, script, write_assets, write_charts, write_text
from unitscope.run.address import run_path
from unitscope.run.attack import find_attacks
from unitscope.run.classification import UnitClassification, find_classifications
from unitscope.run.dissection import Dissection
from unitscope.run.effects import find_insertions, find_rankings, find_removals
from unitscope.run.importance import find_importances
from unitscope.run.mirror import fetched
from unitscope.run.results import Result
from unitscope.run.shape import find_shapes


@dataclass(frozen=True)
class Content:
    """What the report of a run is made of: its tables, and every finished question about its units."""

    data: RunData
    importance: list[Importance]
    effects: list[Effect]
    pairs: list[tuple[Result[object], Kind]]
    classifiers: list[UnitClassification]
    comparisons: list[Path]
    run: Dissection
    controls: list[Dissection]

    @property
    def questions(self) -> int:
        """Number of finished questions."""
        asked = self.importance, self.effects, self.pairs, self.classifiers, self.comparisons
        return sum(len(each) for each in asked)

    @property
    def alone(self) -> Self:
        """The run without its questions."""
        return replace(self, importance=[], effects=[], pairs=[], classifiers=[], comparisons=[], controls=[])

    def header(self, start: str = "") -> Header:
        """Return the header of every page of the report.

        Args:
            start: the address of a page of several runs that the report belongs to, seen from it.
        """
        questions = [
            (IMPORTANCE, importance_links(self.importance, "importance")),
            (EFFECTS, page_links(with_kinds(self.effects), "effects")),
            (PAIRS, page_links(self.pairs, "pairs")),
            (CLASSIFIERS, classifier_links(self.classifiers, "classify")),
            (
                COMPARISONS,
                [*CONTROL_LINK[: len(self.controls)], *comparison_links(self.comparisons, "compare")],
            ),
        ]
        return Header.of(questions, start)

    @classmethod
    def of(cls, run: Path) -> Self:
        """Read a run.

        Raises:
            UnitscopeError: it is missing, not finished or damaged.
        """
        data = read_run(run)
        importance = [read_importance(each.path, data) for each in find_importances(run)]
        effects: list[Effect] = [*find_removals(run), *find_insertions(run), *find_rankings(run)]
        pairs: list[tuple[Result[object], Kind]] = [(each, SHAPE) for each in find_shapes(run)]
        pairs += [(each, ATTACK) for each in find_attacks(run)]
        opened = Dissection(run)
        classifiers, comparisons = find_classifications(run), find_comparisons(run)
        return cls(data, importance, effects, pairs, classifiers, comparisons, opened, opened.controls)


def write_report(run: Path | str, *, out: Path | str | None = None) -> Path:
    """Write the report of a finished run: one folder that opens in a browser without a server.

    Everything is read from the run's tables and pictures; no model runs. An earlier report in the same place
    is replaced in one step, once the new one is complete. The report of every complete importance folder of the run
    is placed in it; without `out` it is also written into that folder. So are the pages of every finished removal,
    insertion and ranking of its units, and of what they do on altered and on attacked pictures.

    Args:
        run: the run folder.
        out: the folder of the report; default `RUN/report`.

    Returns:
        The path of `index.html`.

    Raises:
        UnitscopeError: the run is missing or not finished, or `out` holds something other than a report.
    """
    run = fetched(run)
    target = run_path(out) if out is not None else run / "report"
    check_replaceable(target)
    content = Content.of(run)
    if out is not None:
        return write_content(content, target)
    if content.importance:
        with progress_bar("drawing importance", len(content.importance)) as advance:
            for found in told(content.importance, advance):
                write_pages(found)
    return write_content(content, target, fill=copy_pages)


def write_content(
    content: Content,
    target: Path,
    *,
    fill: Callable[[Importance, Path], None] = draw_pages,
    start: str = "",
    picture_bytes: int | None = None,
) -> Path:
    """Write the report of what has been read.

    Args:
        content: of a run.
        target: the folder of the report; one that is there is replaced once the new one is complete.
        fill: puts the pages of an importance into a folder: `draw_pages` or `copy_pages`.
        start: the address of a page of several runs that this report belongs to, seen from it.
        picture_bytes: most that pictures may take, if not what a folder of so many units may have.

    Returns:
        The path of `index.html`.
    """
    data = content.data
    with replacing(target) as folder:
        write_assets(folder, "dissection", *(["importance"] if content.importance else []))
        _write_data(data, folder, picture_bytes)
        figures = run_figures(data)
        write_charts(folder / "data" / "charts.js", {**figures, "histogram": histogram_figure()})
        (folder / "figures").mkdir()
        with progress_bar("drawing pages", content.questions + len(figures)) as advance:
            header = content.header(start)
            _place_questions(content, folder, header, fill, advance)
            for name, figure in figures.items():
                save_figure(figure, folder / "figures" / name)
                advance(1)
        titles = {name: figure.title for name, figure in figures.items()}
        text = render_index(data, PAGES, figures=titles, header=header)
        write_text(folder / "index.html", text)
    return target / "index.html"


def _place_questions(
    content: Content,
    folder: Path,
    header: Header,
    fill: Callable[[Importance, Path], None],
    advance: Advance,
) -> None:
    """Put the pages of finished questions into the report."""

    def filled(data: Importance, place: Path) -> None:
        fill(data, place)
        advance(1)

    place_reports(content.importance, folder / "importance", header=header, fill=filled)
    place_pages(told(with_kinds(content.effects), advance), folder / "effects", header=header)
    place_pages(told(content.pairs, advance), folder / "pairs", header=header)
    place_classifiers(content.classifiers, folder / "classify", header=header)
    place_comparisons(content.comparisons, folder / "compare", header=header)
    if content.controls:
        place_control(content.run, content.controls, folder / "compare", header=header)
    advance(len(content.classifiers) + len(content.comparisons))


def _write_data(data: RunData, folder: Path, picture_bytes: int | None) -> None:
    catalogue = Catalogue(data)
    (folder / "data").mkdir()
    packed = _pack_pictures(data, folder / "data" / "pictures", picture_bytes)
    sizes: StripSizes = {}
    found: dict[int, str] = {}
    counts = data.units["layer"].value_counts()
    with progress_bar("writing units", len(data.units), then="pages") as advance:
        for layer in data.layer_names:
            found |= _details(data, layer, catalogue=catalogue, packed=packed)
            sizes |= {(layer, unit): size for unit, size in strip_sizes(data.exemplars(layer)).items()}
            advance(int(counts[layer]))
    _write_blocks(data, found, folder / "data" / "units")
    write_text(folder / "data" / "run.js", script(".run", run_payload(data, catalogue, packed)))
    write_text(folder / "data" / "units.js", script(".units", units_payload(data, catalogue, sizes)))


def _pack_pictures(data: RunData, folder: Path, most: int | None) -> Packed:
    """Pack the pictures that units show, those of the units of highest IoU first."""
    order = data.units[["layer", "unit"]].iloc[by_iou(data.units)].assign(order=np.arange(len(data.units)))
    shown = data.shown_pictures().merge(order, on=["layer", "unit"]).sort_values(["order", "rank"])
    names = shown["picture"].drop_duplicates().tolist()
    with progress_bar("packing pictures", len(names), then="units") as advance:
        usual = picture_budget(len(data.units))
        return write_packs(names, data.path, folder, budget=usual if most is None else most, advance=advance)


def _details(data: RunData, layer: str, *, catalogue: Catalogue, packed: Packed) -> dict[int, str]:
    """Return the details of the units of a layer as JSON, by their place among all units."""
    mine = np.flatnonzero(data.units["layer"] == layer).tolist()
    place = dict(zip(data.units["unit"].iloc[mine].tolist(), mine, strict=True))
    found = details(data, layer, catalogue=catalogue, places=packed.places)
    return {place[unit]: safe_json(each) for unit, each in found.items()}


def _write_blocks(data: RunData, found: Mapping[int, str], folder: Path) -> None:
    folder.mkdir()
    numbers = block_numbers(data.units)
    for number in range(int(numbers.max(initial=-1)) + 1):
        known = [place for place in np.flatnonzero(numbers == number).tolist() if place in found]
        held = ",".join(f'"{place}":{found[place]}' for place in known)
        write_text(folder / f"{number}.js", f"unitscope.data.blocks[{number}] = {{{held}}};\n")
