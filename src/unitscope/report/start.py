"""A report of several runs: the report of each, and a first page that shows what is clearest in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.report.data import RunData, label_of, records
from unitscope.report.folder import check_replaceable, replacing
from unitscope.report.importance import numbers
from unitscope.report.importance.data import FEW, MANY, Importance, Matrix
from unitscope.report.importance.facts import ABLATIONS
from unitscope.report.pages.claims import claims
from unitscope.report.pages.effects import Effect, effect_title
from unitscope.report.pages.numbers import alone, interval_of, shown
from unitscope.report.payload import layer_slugs
from unitscope.report.shell import FOLDER, fill, percent, write_assets, write_text
from unitscope.report.strips import PictureCache, Strip, strip_size, tile_of, write_strip
from unitscope.report.write import Content, write_content
from unitscope.run.address import run_path
from unitscope.run.effects import Insertion, Removal
from unitscope.run.mirror import fetched
from unitscope.run.numbers import percent_score
from unitscope.run.rows import LabelledRow
from unitscope.run.unit import unit_address

CLEAREST = 6
"""Detectors shown of a run."""
CLASSES = 5
"""Classes shown of an importance."""
CARDS = "clearest"
"""The folder of their pictures."""
PAIRS = 2
"""Pictures shown, before and after, of a question about a generator."""


def write_reports(runs: Sequence[Path | str], *, out: Path | str) -> Path:
    """Write one report of several runs: that of each in a folder of its own, and a page that leads to them.

    Args:
        runs: folders of finished dissections.
        out: the folder of the report; an earlier report there is replaced once the new one is complete.

    Returns:
        The path of the first page, `index.html`.

    Raises:
        UnitscopeError: a run is missing, not finished or given twice, or `out` holds something else than a report.
    """
    target = run_path(out)
    check_replaceable(target)
    names = _folders([fetched(run) for run in runs])
    with replacing(target) as folder:
        write_assets(folder)
        parts = []
        for run, name in names.items():
            content = Content.of(run)
            write_content(content, folder / name, start="../index.html")
            parts.append(_part(content, folder / name))
        text = fill(
            "start.html", parts=parts, home="", assets=FOLDER, data_scripts=[], scripts=[], runs=len(parts)
        )
        write_text(folder / "index.html", text)
    return target / "index.html"


def _folders(runs: Sequence[Path]) -> dict[Path, str]:
    """Return the folder of each run in the report: its name, with a number where two are called the same."""
    found: dict[Path, str] = {}
    for run in runs:
        if run.resolve() in [each.resolve() for each in found]:
            raise UnitscopeError(f"the run {str(run)!r} is given twice; give each run once")
        name = run.resolve().name
        found[run] = name if name not in {*found.values(), FOLDER} else f"{name}-{len(found) + 1}"
    return found


def _part(content: Content, report: Path) -> dict[str, object]:
    """Return what the first page says of a run whose report is written."""
    data = content.data
    detectors = data.units[data.units["detector"]]
    return {
        "name": report.name,
        "href": f"{quote(report.name)}/index.html",
        **data.facts,
        "total": len(data.units),
        "detectors": len(detectors),
        "said": claims(data)["lead"],
        "distinct": len(detectors[["concept", "category"]].drop_duplicates()),
        "clearest": list(_clearest(data, report)),
        "importance": [_classes(each, report) for each in content.importance],
        "effects": [_effect(each, report) for each in content.effects],
    }


def _clearest(data: RunData, report: Path) -> Iterator[dict[str, object]]:
    """Yield the detectors of stable labels whose interval is highest at its low end, of as many different concepts."""
    found = data.units[data.units["detector"] & data.units["label_stable"]].sort_values(
        "iou_low", ascending=False, kind="stable"
    )
    slugs = layer_slugs(data.layer_names)
    for row in records(found.drop_duplicates(["concept", "category"]).head(CLEAREST)):
        address = quote(report.name)
        strip = report / CARDS / f"{slugs[row.layer]}-{row.unit}.jpg"
        yield {
            "layer": data.title(row.layer),
            "unit": int(row.unit),
            "concept": row.concept,
            "category": row.category,
            "iou": shown(interval_of(row, "iou")),
            "strip": f"{address}/{CARDS}/{quote(strip.name)}",
            "size": _draw_strip(data, row, strip),
            "href": f"{address}/index.html{unit_address(data.title(row.layer), int(row.unit))}",
        }


def _draw_strip(data: RunData, row: LabelledRow, file: Path) -> tuple[int, int]:
    """Draw the exemplars of a unit into a file; return its width and height, nothing where the unit has none."""
    exemplars = data.exemplars(row.layer)
    tiles = [tile_of(data.path, each) for each in records(exemplars[exemplars["unit"] == row.unit])]
    if not tiles:
        return 0, 0
    file.parent.mkdir(exist_ok=True)
    write_strip(
        Strip(file, tiles, f"unitscope: unit {row.unit} of {row.layer}: {row.concept}"), PictureCache()
    )
    return strip_size(tile.shape for tile in tiles)


def _classes(data: Importance, report: Path) -> dict[str, object]:
    """Return what classes lose: the means over all, and those that lose most without their most important units."""
    many = (data.sizes or (FEW, MANY))[1]
    settings = numbers.settings(data, many)
    means = {name: numbers.mean_over(values) for name, values in settings.items()}
    lost = settings["baseline"] - settings["removed"]
    order = np.argsort(-np.nan_to_num(lost), kind="stable")[:CLASSES]
    return {
        "title": data.title,
        "href": f"{quote(report.name)}/importance/{quote(data.folder.name)}/index.html",
        "means": {name: percent(mean.value, 1) for name, mean in means.items() if mean is not None},
        "many": many,
        "ablation": ABLATIONS.get(data.ablation, data.ablation),
        "rows": [_class(data, settings, place) for place in order.tolist()],
    }


def _class(data: Importance, settings: dict[str, Matrix], place: int) -> list[object]:
    shares = [shown(alone(settings[name][place])) for name in ("baseline", "removed", "random")]
    return [data.names[place], *shares, ", ".join(_units(data, place))]


def _units(data: Importance, place: int) -> Iterator[str]:
    """Yield the most important units of a class, by label, with what is lost without each."""
    for row in numbers.top_units(data, place, FEW):
        label = label_of(data.units["concept"].iloc[row])
        yield f"{label} ({100 * data.effects['val', 'loss'][place, row]:.1f})"


def _effect(found: Effect, report: Path) -> dict[str, object]:
    """Return what a question about a generator found, in a sentence, with its first pictures."""
    folder = report / "effects" / found.path.name
    address = f"{quote(report.name)}/effects/{quote(found.path.name)}"
    pairs = [
        {
            "size": _size(folder / "pairs" / f"{number:02d}-before.jpg"),
            "files": {name: f"{address}/pairs/{number:02d}-{name}.jpg" for name in ("before", "after", "marked")},
            "row": row,
        }
        for number, row in enumerate(records(found.pairs.head(PAIRS)) if isinstance(found, Removal | Insertion) else ())
    ]  # fmt: skip
    return {
        "title": effect_title(found),
        "href": f"{address}/index.html",
        "said": _sentence(found),
        "third": "what is new" if isinstance(found, Insertion) else "what is gone",
        "pairs": pairs,
    }


def _sentence(found: Effect) -> str:
    if isinstance(found, Removal):
        return _removed(found)
    if isinstance(found, Insertion):
        return _inserted(found)
    return f"Each of the {found.summary.units:,} units was set to zero alone."


def _removed(found: Removal) -> str:
    facts = found.summary
    own = max((each for each in facts.sets if each.kind == "concept"), key=lambda each: each.k)
    random = [each.lost for each in facts.sets if each.kind == "random" and each.k == own.k]
    beside = f"; {percent_score(random[0])} without as many random units" if random else ""
    return f"{percent_score(own.lost)} of the area of {facts.concept} goes without its {own.k} best units{beside}."


def _inserted(found: Insertion) -> str:
    facts = found.summary
    anywhere = next(each for each in facts.sets if each.kind == "concept")
    said = f"{percent_score(anywhere.success)} of {anywhere.places:,} places show new {facts.concept}"
    asked = [
        each
        for each in facts.contexts
        if each.places * 20 >= anywhere.places and each.success.value is not None
    ]
    if len(asked) < 2:
        return f"{said}."
    best, *_, worst = sorted(asked, key=lambda each: -(each.success.value or 0))
    where = [
        f"{percent_score(each.success)} where there was {each.concept or 'nothing'}" for each in (best, worst)
    ]
    return f"{said}: {where[0]}, {where[1]}."


def _size(picture: Path) -> tuple[int, int]:
    """Return the width and height of a picture in pixels; nothing where there is none."""
    if not picture.is_file():
        return 0, 0
    with Image.open(picture) as opened:
        return opened.size
