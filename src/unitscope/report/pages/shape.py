"""The page of altered pictures: what survives by layer and category, how IoUs are spread, exemplars both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from unitscope.report.charts.bars import count_columns, interval_bars
from unitscope.report.charts.columns import outlined_columns
from unitscope.report.charts.parts import Figure, percent
from unitscope.report.charts.theme import COLORS, category_colors
from unitscope.report.data import label_of, records
from unitscope.report.header import unit_ref
from unitscope.report.pages.numbers import alone, interval_of, shown
from unitscope.report.pages.pictures import draw_picture
from unitscope.report.pages.questions import Kind, Page, write_page
from unitscope.run.rows import MaskRow
from unitscope.run.shape import Shape

LISTED = 40
"""Concepts in the table."""
MOST = 24
"""Concepts of a figure."""
ALL = "all"


def write_shape_page(found: Shape) -> Path:
    """Write the page of altered pictures, see :func:`write_page`."""
    return write_page(found, SHAPE)


def shape_title(found: Shape) -> str:
    """Return what was asked, in a few words."""
    return f"units on altered pictures: {found.summary.alteration}"


def shape_page(found: Shape, folder: Path) -> Page:
    """Draw the exemplars into the folder of the page; return what it says, and the figures."""
    figures = shape_figures(found)
    said: dict[str, object] = {
        "histograms": [name for name in figures if name.startswith("histogram")],
        "titles": {name: figure.title for name, figure in figures.items()},
        "tiles": _tiles(found),
        "layers": _layers(found),
        "concepts": _concepts(found),
        "groups": _groups(found, folder),
    }
    return said, figures


def shape_figures(found: Shape) -> dict[str, Figure]:
    """Return the figures by name; what has no data is left out."""
    drawn = {
        "layers": layer_figure(found),
        "categories": category_figure(found),
        "surviving": concept_figure(found, survives=True),
        "lost": concept_figure(found, survives=False),
    }
    figures = {name: figure for name, figure in drawn.items() if figure is not None}
    for number, layer in enumerate(found.summary.layers):
        figures[f"histogram-{number}"] = histogram_figure(found, layer.layer)
    return figures


def layer_figure(found: Shape) -> Figure | None:
    """Draw the share of detectors that survive, layer by layer; None where there are no detectors."""
    rows = found.layers[(found.layers["category"] == ALL) & (found.layers["detectors"] > 0)]
    return _share_figure(found, rows, rows["layer"].astype(str).tolist(), "Detectors that survive, by layer")


def category_figure(found: Shape) -> Figure | None:
    """Draw the share of detectors that survive by category, in the layer with most detectors."""
    table = found.layers
    together = table[table["category"] == ALL]
    if not int(together["detectors"].max()):
        return None
    layer = str(together["layer"].to_numpy()[int(together["detectors"].to_numpy().argmax())])
    rows = table[(table["layer"] == layer) & (table["category"] != ALL) & (table["detectors"] > 0)]
    names = rows["category"].astype(str).tolist()
    return _share_figure(found, rows, names, f"Detectors of {layer} that survive, by category")


def _share_figure(found: Shape, rows: pd.DataFrame, names: Sequence[str], title: str) -> Figure | None:
    if not len(rows):
        return None
    bars = pd.DataFrame(
        {
            "name": [f"{name} ({count})" for name, count in zip(names, rows["detectors"], strict=True)],
            "value": rows["surviving_share"].to_numpy(),
            "low": rows["surviving_low"].to_numpy(),
            "high": rows["surviving_high"].to_numpy(),
        }
    )
    facts = found.summary
    measure = percent(f"share of detectors with an IoU above {facts.survive:g}")
    chart = interval_bars(bars, measure, limits=(0, 1), numbers=True)
    note = f"{facts.alteration}; {facts.pairs:,} pairs; lines: by the intervals of the IoUs; in brackets: detectors"
    return Figure(chart, title, note)


def concept_figure(found: Shape, *, survives: bool) -> Figure | None:
    """Draw how many detectors of each concept survive, or do not, over all layers; None where there are none."""
    table = found.concepts
    counts = table["surviving"] if survives else table["detectors"] - table["surviving"]
    rows = table.assign(count=counts).groupby(["concept", "category"], sort=False, observed=True)
    summed = rows["count"].sum().reset_index()
    summed = summed[summed["count"] > 0].sort_values(
        ["count", "concept"], ascending=[False, True], kind="stable"
    )
    if not len(summed):
        return None
    first = summed.head(MOST)
    colors = category_colors(sorted(set(table["category"].astype(str))))
    columns = pd.DataFrame(
        {
            "name": [f"{row.category}\u2063{row.concept}" for row in records(first)],
            "series": first["category"].astype(str).to_numpy(),
            "count": first["count"].astype(int).to_numpy(),
            "href": None,
            "order": 0,
        }
    )
    used = {name: color for name, color in colors.items() if name in set(columns["series"])}
    words = "survive" if survives else "do not survive"
    chart = count_columns(columns, used, title="detectors", noun="concept", numbers=True)
    return Figure(chart, f"Detectors that {words}, by concept", f"all layers; {found.summary.alteration}")


def histogram_figure(found: Shape, layer: str) -> Figure:
    """Draw how the IoUs of the units of a layer are spread, with the chance levels."""
    rows = found.histogram[found.histogram["layer"] == layer]
    chart = outlined_columns(
        rows.rename(columns={"units": "count", "chance": "other"})[["low", "high", "count", "other"]],
        title="IoU of a picture's mask with that of its altered copy",
        counts="units",
        names=("the same picture", "chance: other pictures"),
        mark=found.summary.survive,
        colors=(COLORS[0], COLORS[6]),
    )
    return Figure(chart, layer, f"{found.summary.alteration}; dotted: what survives is above")


def _tiles(found: Shape) -> list[dict[str, str]]:
    facts, together = found.summary, found.layers[found.layers["category"] == ALL]
    detectors, surviving = (int(together[name].sum()) for name in ("detectors", "surviving"))
    by_chance = int(together["surviving_by_chance"].sum())
    tiles = []
    if detectors:
        share = shown(alone(surviving / detectors))["value"]
        note = f"{surviving:,} of {detectors:,}; by chance {by_chance:,}"
        tiles.append({"number": share, "name": "detectors that survive", "note": note})
    if facts.changed is not None:
        changed = shown(interval_of(facts.changed, "value", "low", "high"))
        tiles.append(
            {"number": changed["value"], "name": "predictions that change", "note": changed["interval"]}
        )
    distance = f"largest change of a pixel {facts.largest:.3g}"
    tiles.append({"number": f"{facts.l2:.3g}", "name": "distance of a pair (L2), median", "note": distance})
    return tiles


def _layers(found: Shape) -> list[list[object]]:
    rows = found.layers[found.layers["category"] == ALL]
    return [
        [
            row.layer,
            int(row.units),
            int(row.detectors),
            int(row.surviving),
            shown(interval_of(row, "surviving_share", "surviving_low", "surviving_high")),
            int(row.surviving_by_chance),
            int(row.above_chance),
            _iou(row.median_iou),
            _iou(row.median_chance),
        ]
        for row in records(rows)
    ]


def _iou(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "\u2013"


def _concepts(found: Shape) -> list[list[object]]:
    return [
        [row.concept, row.category, row.layer, int(row.detectors), int(row.surviving), _iou(row.best_iou)]
        for row in records(
            found.concepts.sort_values("detectors", ascending=False, kind="stable").head(LISTED)
        )
    ]


def _groups(found: Shape, folder: Path) -> list[Mapping[str, object]]:
    """Draw the exemplars, unit by unit; return what the page says of each."""
    units = {(row.layer, row.unit): row for row in records(found.units)}
    groups: list[Mapping[str, object]] = []
    (folder / "pairs").mkdir()
    for number, (_, rows) in enumerate(found.exemplars.groupby(["layer", "unit"], sort=False)):
        first = next(records(rows))
        row = units[first.layer, first.unit]
        groups.append(
            {
                "title": unit_ref(
                    row.layer, row.unit, f"{row.layer} unit {row.unit}: {label_of(row.concept)}"
                ),
                "iou": _iou(row.iou),
                "interval": f"{_iou(row.iou_low)} to {_iou(row.iou_high)}",
                "chance": _iou(row.chance),
                "survives": bool(row.survives),
                "pairs": [
                    _drawn(pair, found.path, folder, f"pairs/{number:03d}-{at}")
                    for at, pair in enumerate(records(rows))
                ],
            }
        )
    return groups


def _drawn(row: MaskRow, source: Path, folder: Path, stem: str) -> dict[str, object]:
    shape = int(row.mask_height), int(row.mask_width)
    files = {}
    for side in ("original", "altered"):
        files[side] = f"{stem}-{side}.jpg"
        size = draw_picture(
            source / getattr(row, side), getattr(row, f"mask_{side}"), shape, folder / files[side]
        )
    return {"row": row, "files": files, "size": size}


SHAPE = Kind("shape.html", shape_title, shape_page)
