"""The page of several runs: detectors and concepts over depth, concepts that one alone has, the untrained control."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from unitscope.errors import UnitscopeError
from unitscope.report.charts.bars import count_columns
from unitscope.report.charts.curve import over_depth
from unitscope.report.charts.files import save_figure
from unitscope.report.charts.parts import Figure, Measure, percent
from unitscope.report.charts.theme import COLORS, category_colors
from unitscope.report.data import records
from unitscope.report.folder import MARKER, check_replaceable, replacing
from unitscope.report.header import Header, beside, unit_ref, with_header
from unitscope.report.pages.beside import draw_beside
from unitscope.report.pages.numbers import alone, shown
from unitscope.report.shell import FOLDER, copy_report, fill, write_assets, write_charts, write_text
from unitscope.run.address import run_path
from unitscope.run.comparison import (
    ALL,
    by_depth,
    compare,
    compared,
    concepts_by_run,
    differences,
    relabelled,
)
from unitscope.run.dissection import Dissection
from unitscope.run.rows import UnitRow
from unitscope.run.slugs import distinct_slugs, slug
from unitscope.run.storage import write_frame

PLACE = "compare"
"""Where the first run keeps pages of comparisons."""
CONTROL = "random-weights"
CONTROL_LINK = (("With random weights", f"{PLACE}/{CONTROL}/index.html"),)
"""Title and address of the page of a run beside its controls, seen from its report."""
RUN_COLORS = tuple(COLORS[at] for at in (0, 1, 2, 3, 5, 4))
CONTROL_COLOR = COLORS[6]
LISTED = 60
"""Concepts of one run that the page lists; the table has all."""


def write_comparison(
    runs: Sequence[Dissection], *, out: Path | str | None = None, said: Sequence[str] | None = None
) -> Path:
    """Write the page and the figures of two or more runs side by side; an earlier one is replaced in one step.

    Args:
        runs: finished dissections.
        out: the folder; below the first run by default, named after the others.
        said: what :func:`unitscope.run.comparison.compared` says of the runs, where that is known already.

    Returns:
        The path of ``index.html``.

    Raises:
        UnitscopeError: there are fewer than two runs, or the folder holds something else than a report.
    """
    if len(runs) < 2:
        raise UnitscopeError(
            f"{len(runs)} run is given; a comparison needs two or more, or another --quantile of one"
        )
    target = run_path(out) if out is not None else comparison_folder(runs)
    check_replaceable(target)
    with replacing(target) as folder:
        write_assets(folder)
        found = compared(runs) if said is None else said
        _write(runs, folder, found, assets=FOLDER, **beside(target))
    return target / "index.html"


def find_comparisons(run: Path) -> list[Path]:
    """Return the folders of comparisons that a run keeps."""
    return sorted(file.parent for file in (run / PLACE).glob(f"*/{MARKER}"))


def comparison_links(found: Sequence[Path], folder: str) -> list[tuple[str, str]]:
    """Return title and address of comparisons in a folder of the run's report, seen from that."""
    links = []
    for each in found:
        text = (each / "index.html").read_text(encoding="utf-8")
        title = re.search(r"<title>(.*?)( &middot;|</title>)", text, re.DOTALL)
        links.append((unescape(title[1]) if title else each.name, f"{folder}/{quote(each.name)}/index.html"))
    return links


def place_comparisons(found: Sequence[Path], out: Path, *, header: Header) -> None:
    """Put copies of comparisons into the report of their first run, one folder each."""
    for each, (_, address) in zip(found, comparison_links(found, out.name), strict=True):
        copy_report(each, out / each.name)
        page = out / each.name / "index.html"
        text = page.read_text(encoding="utf-8")
        page.unlink()  # it may be one file with that of the comparison
        write_text(page, text)
        with_header(page, header, address)


def comparison_folder(runs: Sequence[Dissection]) -> Path:
    """Return where the page of a comparison goes by default."""
    return runs[0].path / PLACE / slug(*(run.folder_name for run in runs[1:]))


def run_names(runs: Sequence[Dissection]) -> list[str]:
    """Return a name for each run: its network, with the seed of random weights, the quantile or folder if need be."""
    seeds = [run.network.reinitialized for run in runs]
    names = [
        run.network.name + ("" if seed is None else f", random weights {seed}")
        for run, seed in zip(runs, seeds, strict=True)
    ]
    names = _told_apart(names, [f", quantile {run.settings.quantile:g}" for run in runs])
    names = _told_apart(names, [f" ({run.path.name})" for run in runs])
    return [name if names.count(name) == 1 else f"{at}: {name}" for at, name in enumerate(names, 1)]


def _told_apart(names: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return the names, with the word of each where it tells runs of one name apart."""
    told: dict[str, set[str]] = {}
    for name, word in zip(names, words, strict=True):
        told.setdefault(name, set()).add(word)
    return [name + word if len(told[name]) > 1 else name for name, word in zip(names, words, strict=True)]


def place_control(run: Dissection, controls: Sequence[Dissection], out: Path, *, header: Header) -> None:
    """Put a comparison of a run with the same network with random weights into its report."""
    ((_, address),) = CONTROL_LINK
    place = out / CONTROL
    place.mkdir(parents=True)
    seen = header.seen(address)
    _write([run, *controls], place, (), assets=f"../../{FOLDER}", header=seen, home=seen["home"])


def _write(
    runs: Sequence[Dissection],
    folder: Path,
    said: Sequence[str],
    *,
    assets: str,
    header: object,
    home: object,
) -> None:
    names, depth, concepts = run_names(runs), by_depth(runs), concepts_by_run(runs)
    categories = [ALL, *(name for name in dict.fromkeys(depth["category"]) if name != ALL)]
    colors = run_colors(runs, names)
    figures = depth_figures(depth, names, colors, categories)
    if concepts["only"].notna().any():
        figures["only"] = only_figure(concepts, names)
    tables = {"layers": compare(runs[0], runs[1], *runs[2:]), "depth": depth, "concepts": concepts}
    write_charts(folder / "charts.js", figures)
    for name in ("figures", "tables"):
        (folder / name).mkdir()
    for name, figure in figures.items():
        save_figure(figure, folder / "figures" / name)
    for name, table in tables.items():
        write_frame(folder / "tables" / f"{name}.parquet", table)
    text = fill(
        "comparison.html",
        title=" and ".join(names) if len(names) == 2 else f"{len(names)} runs",
        names=names,
        rows=_rows(runs, names, depth, concepts),
        categories=categories,
        by_category=_by_category(runs, names, depth, categories),
        control=_control(runs, names, depth),
        only=[(name, _only(concepts, at)) for at, name in enumerate(names, 1)],
        shared=int((concepts["runs"] == len(runs)).sum()),
        notes=differences(runs),
        said=said,
        changed=_changed(runs, names),
        beside_each_other=draw_beside(runs, names, concepts, folder),
        figures=figures,
        tables=list(tables),
        titles=[run.title for run in runs],
        listed=LISTED,
        header=header,
        home=home,
        assets=assets,
        data_scripts=["charts.js"],
        scripts=[],
    )
    write_text(folder / "index.html", text)


def _changed(runs: Sequence[Dissection], names: Sequence[str]) -> list[tuple[str, int, list[list[object]]]]:
    """Return, by run after the first, how many labels are others there, and a row for each of the first of them."""
    found = []
    for name, other in zip(names[1:], runs[1:], strict=True):
        changed = None if other.network.is_control else relabelled(runs[0], other)
        if changed is None:
            continue
        rows: list[list[object]] = [
            [
                unit_ref(row.layer, row.unit, f"{row.layer} {row.unit}"),
                *(text for at in (1, 2) for text in (_text(row, at), f"{getattr(row, f'iou_{at}'):.3f}")),
            ]
            for row in records(changed[0].head(LISTED))
        ]
        found.append((name, len(changed[0]), rows))
    return found


def _text(row: object, at: int) -> str:
    concept = getattr(row, f"concept_{at}")
    return f"{concept} ({getattr(row, f'category_{at}')})" if isinstance(concept, str) else "no label"


def run_colors(runs: Sequence[Dissection], names: Sequence[str]) -> dict[str, str]:
    """Return the colour of each run by name; those of random weights are gray."""
    free = iter(RUN_COLORS * (1 + len(runs) // len(RUN_COLORS)))
    return {
        name: CONTROL_COLOR if run.network.is_control else next(free)
        for name, run in zip(names, runs, strict=True)
    }


def depth_figures(
    depth: pd.DataFrame, names: Sequence[str], colors: Mapping[str, str], categories: Sequence[str]
) -> dict[str, Figure]:
    """Draw the share of detectors and the distinct concepts of each category over depth, one line a run."""
    measures = {
        "detectors": ("share", percent("units that are detectors")),
        "concepts": ("concepts", Measure("distinct concepts", digits=0)),
    }
    figures = {}
    for category, place in zip(categories, distinct_slugs(categories), strict=True):
        rows = depth[depth["category"] == category]
        rows = rows.assign(series=[names[run - 1] for run in rows["run"]], x=rows["depth"])
        what = "all categories" if category == ALL else category
        for kind, (column, measure) in measures.items():
            drawn = rows.assign(value=rows[column].astype(float))[["x", "value", "series", "layer"]]
            used = {name: color for name, color in colors.items() if name in set(drawn["series"])}
            chart = over_depth(drawn, measure, colors=used)
            figures[f"{kind}-{place}"] = Figure(chart, f"{kind.capitalize()} over depth: {what}", width=460)
    return figures


def only_figure(concepts: pd.DataFrame, names: Sequence[str]) -> Figure:
    """Draw how many concepts each run alone has detectors of, by category."""
    alone_in = concepts[concepts["only"].notna()]
    counts = alone_in.groupby(["only", "category"], sort=False).size().rename("count").reset_index()
    colors = category_colors(sorted(set(concepts["category"])))
    rows = pd.DataFrame(
        {
            "name": [names[int(number) - 1] for number in counts["only"]],
            "series": counts["category"],
            "count": counts["count"],
            "order": [list(colors).index(each) for each in counts["category"]],
            "href": None,
        }
    ).sort_values(
        ["name", "order"], key=lambda each: each.map(list(names).index) if each.name == "name" else each
    )
    chart = count_columns(rows, colors, title="concepts", noun="run")
    return Figure(chart, "Concepts that one run alone has detectors of", width=max(420, 90 * len(names)))


def _rows(
    runs: Sequence[Dissection], names: Sequence[str], depth: pd.DataFrame, concepts: pd.DataFrame
) -> list[list[object]]:
    rows: list[list[object]] = []
    for number, (run, name) in enumerate(zip(runs, names, strict=True), 1):
        together = depth[(depth["run"] == number) & (depth["category"] == ALL)]
        detectors, units = int(together["detectors"].sum()), int(together["units"].sum())
        iou = run.detectors["iou"].mean()
        rows.append(
            [
                name,
                len(together),
                units,
                detectors,
                shown(alone(detectors / units)),
                int((concepts[f"detectors_{number}"] > 0).sum()),
                int((concepts["only"] == number).sum()),
                f"{iou:.3f}" if detectors else "\u2013",
                "random weights" if run.network.is_control else "",
            ]
        )
    return rows


def _by_category(
    runs: Sequence[Dissection], names: Sequence[str], depth: pd.DataFrame, categories: Sequence[str]
) -> list[list[object]]:
    """Return a row for each run and category: detectors over all layers, and distinct concepts."""
    rows: list[list[object]] = []
    for number, (run, name) in enumerate(zip(runs, names, strict=True), 1):
        mine = depth[depth["run"] == number].groupby("category")["detectors"].sum()
        distinct = run.detectors.drop_duplicates(["concept", "category"])["category"].value_counts()
        rows += [
            [name, category, int(mine[category]), int(distinct.get(category, 0))]
            for category in categories
            if category != ALL and category in mine
        ]
    return rows


def _control(runs: Sequence[Dissection], names: Sequence[str], depth: pd.DataFrame) -> list[str]:
    """Say how many units of random weights are detectors beside those of the same network, or else of all others."""
    together = depth[depth["category"] == ALL].groupby("run")[["detectors", "units"]].sum()
    share = (together["detectors"] / together["units"]).to_dict()
    controls = [at for at, run in enumerate(runs, 1) if run.network.is_control]
    others = [at for at in range(1, len(runs) + 1) if at not in controls]
    network = {at: run.network.name.removesuffix("-untrained") for at, run in enumerate(runs, 1)}
    beside = {at: [other for other in others if network[other] == network[at]] or others for at in controls}
    return [
        f"{100 * share[at]:.1f} % of the units of {names[at - 1]} are detectors, and "
        + ", ".join(f"{100 * share[other]:.1f} % of those of {names[other - 1]}" for other in beside[at])
        for at in controls
        if others
    ]


def _best_unit(row: UnitRow, number: int) -> str:
    """Name the best unit of a concept; those of the first run, which keeps the page, are links in its report."""
    text = f"{row.layer} unit {row.unit}"
    return unit_ref(row.layer, row.unit, text) if number == 1 else text


def _only(concepts: pd.DataFrame, number: int) -> list[list[object]]:
    mine = concepts[concepts["only"] == number].sort_values(f"iou_{number}", ascending=False, kind="stable")
    named = mine.rename(columns={f"{name}_{number}": name for name in ("detectors", "layer", "unit", "iou")})
    return [
        [
            row.concept,
            row.category,
            int(row.detectors),
            _best_unit(row, number),
            f"{row.iou:.3f}",
            "" if row.known else "not in every vocabulary",
        ]
        for row in records(named)
    ]
