"""The data of the report as classic scripts, so that the page works from the file system without a server.

`data/run.js` and `data/units.js` are loaded with the page; the details of every unit come in blocks,
`data/units/<block>.js`, and pictures in packs, `data/pictures/<pack>.js`, which the page loads when it needs one. Both
are in the order in which the page lists units at first, that of IoU, so that what is shown together lies together.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from unitscope.report.charts.theme import category_slots
from unitscope.report.data import RunData, records
from unitscope.report.masks import packed_runs
from unitscope.report.packs import Packed, Place
from unitscope.report.regions import REGION_SIDE, seen, similar
from unitscope.report.strips import strip_size
from unitscope.run.masks import thinned, unpack_mask
from unitscope.run.rows import ExemplarRow
from unitscope.run.slugs import distinct_slugs

BLOCK = 64
"""Units of a block; more where there would be more than `BLOCKS` of them."""
BLOCKS = 80
BINS = 72
INFINITE = "infinite"
"""What a page calls a number that JSON has no other word for."""

Json = Any
StripSizes = dict[tuple[str, int], tuple[int, int, int]]
"""By layer and unit: width and height of the strip in pixels, number of exemplars."""


def layer_slugs(names: Sequence[str]) -> dict[str, str]:
    """Return the folder of every layer."""
    return dict(zip(names, distinct_slugs(names), strict=True))


def rounded(value: float | None, digits: int = 6) -> float | None:
    """Round to significant digits, and turn what is no finite number to None, for JSON."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{digits}g}")


def column(values: pd.Series, digits: int = 6) -> list[float | None]:
    """Return a column of numbers for JSON."""
    return [rounded(value, digits) for value in values.to_numpy(dtype=float).tolist()]


class Catalogue:
    """The concepts by name and category, numbered from 0 as the page lists them."""

    def __init__(self, data: RunData) -> None:
        pairs = list(zip(data.concepts["name"], data.concepts["category"], strict=True))
        self.index = {pair: place for place, pair in enumerate(pairs)}
        self.categories = list(dict.fromkeys(data.concepts["category"]))

    def find(self, name: object, category: object) -> int:
        """Return the place of a concept, -1 for none."""
        return self.index.get((name, category), -1)


def run_payload(data: RunData, catalogue: Catalogue, pictures: Packed) -> dict[str, Json]:
    """Return what `data/run.js` holds: layers, categories, concepts and the settings the page shows."""
    slots = category_slots(catalogue.categories)
    return {
        "id": data.manifest.configuration_hash[:16],
        "minIou": data.settings.min_iou,
        "quantile": data.settings.quantile,
        "grid": list(data.settings.grid),
        "pictures": {"side": pictures.side, "reduced": pictures.reduced},
        "categories": [{"name": name, "slot": slots[name]} for name in catalogue.categories],
        "layers": _layers(data, catalogue),
        "concepts": _concepts(data, catalogue),
    }


def _layers(data: RunData, catalogue: Catalogue) -> list[Json]:
    slugs = layer_slugs(data.layer_names)
    table = {(row.layer, row.category): row for row in records(data.layers)}
    cuts = data.calibration.set_index("layer")["cut"]
    rows = []
    for name in data.layer_names:
        found = [table.get((name, category)) for category in catalogue.categories]
        first = next(row for (layer, _), row in table.items() if layer == name)
        rows.append(
            {
                "name": data.title(name),
                "path": name,
                "slug": slugs[name],
                "grid": [int(first.height), int(first.width)],
                "cut": rounded(float(cuts[name]), 4),
                "detectors": [int(row.detectors) if row else 0 for row in found],
                "concepts": [int(row.concepts) if row else 0 for row in found],
            }
        )
    return rows


def _concepts(data: RunData, catalogue: Catalogue) -> Json:
    table = data.concepts
    pairs = zip(data.units["layer"], data.units["unit"], strict=True)
    place = {pair: index for index, pair in enumerate(pairs)}
    best = data.best_units().reindex(table["number"])
    units = [place.get(pair, -1) for pair in zip(best["layer"], best["unit"], strict=True)]
    return {
        "name": table["name"].tolist(),
        "category": [catalogue.categories.index(name) for name in table["category"]],
        "pixels": table["pixels"].tolist(),
        "fraction": column(table["fraction"]),
        "pictures": table["pictures"].tolist(),
        "best": units,
        "bestIou": column(best["iou"]),
    }


def units_payload(data: RunData, catalogue: Catalogue, strips: StripSizes) -> Json:
    """Return what `data/units.js` holds: one list per column, in the order of `data.units`.

    Args:
        data: the run.
        catalogue: its concepts.
        strips: the sizes of the strips.
    """
    units = data.units
    pairs = list(zip(units["layer"], units["unit"], strict=True))
    concepts = zip(units["concept"], units["category"], strict=True)
    return {
        "layer": units["place"].tolist(),
        "unit": units["unit"].tolist(),
        "status": units["status"].tolist(),
        "concept": [catalogue.find(name, category) for name, category in concepts],
        "iou": column(units["iou"]),
        "low": column(units["iou_low"], 4),
        "high": column(units["iou_high"], 4),
        "heldout": column(units["iou_heldout"]),
        "chance": column(units["null_iou"]),
        "chance95": column(units["null_iou_95"]),
        "p": column(units["p_value"], 3),
        "q": column(units["q_value"], 3),
        "lift": [INFINITE if math.isinf(value) else rounded(value, 3) for value in units["lift"].tolist()],
        "stable": units["label_stable"].astype(int).tolist(),
        "detector": units["detector"].astype(int).tolist(),
        "precision": column(units["precision"], 4),
        "recall": column(units["recall"], 4),
        "average": column(units["average_precision"], 3),
        "auroc": column(units["auroc"], 3),
        "second": [
            catalogue.find(name, category)
            for name, category in zip(units["runner_up"], units["runner_up_category"], strict=True)
        ],
        "margin": [column(units[name], 4) for name in ("margin", "margin_low", "margin_high")],
        "meanings": [None if pd.isna(count) else int(count) for count in units["meanings"]],
        "calibrated": [None if pd.isna(known) else int(known) for known in units["calibrated"]],
        "threshold": column(units["threshold"], 5),
        "fraction": column(units["quantile_fraction"], 5),
        "peak": column(units["peak"], 5),
        "strip": [strips.get((layer, int(unit)), (0, 0, 0)) for layer, unit in pairs],
        "block": block_numbers(units).tolist(),
    }


def strip_sizes(exemplars: pd.DataFrame) -> dict[int, tuple[int, int, int]]:
    """Return the width and height of the strip of every unit of a layer, and its number of exemplars."""
    sizes = {}
    for unit, rows in exemplars.groupby("unit", sort=False)[["mask_height", "mask_width"]]:
        shapes = list(zip(rows["mask_height"], rows["mask_width"], strict=True))
        sizes[int(str(unit))] = (*strip_size(shapes), len(shapes))
    return sizes


def by_iou(units: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the places of units in the order of IoU, the highest first, as the page lists them."""
    return np.argsort(-np.nan_to_num(units["iou"].to_numpy(float)), kind="stable")


def block_numbers(units: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the block that holds the details of each unit."""
    numbers = np.empty(len(units), np.int64)
    numbers[by_iou(units)] = np.arange(len(units)) // max(BLOCK, -(-len(units) // BLOCKS))
    return numbers


def details(
    data: RunData, layer: str, *, catalogue: Catalogue, places: Mapping[str, Place]
) -> dict[int, Json]:
    """Return the details of every unit of a layer that has some.

    Returns:
        By unit: its exemplars, what else is seen of it in pictures, the units like it, its matches and its histogram.
    """
    looks, alike = seen(data, layer, places), similar(data, layer)
    found: dict[int, dict[str, Json]] = defaultdict(
        lambda: {"exemplars": [], "others": [], "heat": None, "similar": [], "matches": [], "histogram": None}
    )
    for row in records(data.exemplars(layer)):
        unit = int(row.unit)
        look = looks[unit]["strongest"].get(int(row.sample), {}) if unit in looks else {}
        found[unit]["exemplars"].append(_exemplar(row, places) | look)
    for unit, look in looks.items():
        found[unit] |= {"others": look["others"], "heat": look["heat"]}
    for unit, others in alike.items():
        found[unit]["similar"] = others
    for row in records(data.matches(layer)):
        place = catalogue.find(row.concept, row.category)
        match = [place, rounded(row.iou), int(row.intersection), int(row.union), int(row.rank)]
        found[int(row.unit)]["matches"].append([*match, int(row.best_in_category)])
    for row in records(data.histograms(layer)):
        found[int(row.unit)]["histogram"] = rebin(np.asarray(row.edges), np.asarray(row.counts))
    return found


def _exemplar(row: ExemplarRow, places: Mapping[str, Place]) -> Json:
    mask = thinned(unpack_mask(row.mask, int(row.mask_height), int(row.mask_width)), REGION_SIDE)
    return {
        "sample": int(row.sample),
        "id": str(row.id),
        "picture": places.get(row.picture) if isinstance(row.picture, str) else None,
        "peak": rounded(row.peak, 5),
        "size": mask.shape,
        "runs": packed_runs(mask),
    }


def rebin(edges: npt.NDArray[np.floating], counts: npt.NDArray[np.integer]) -> Json:
    """Rebin a histogram of any bin widths to `BINS` equal bins over the range that is not empty.

    A bin that spans several new ones is spread over them evenly.

    Returns:
        `{"low", "high", "total", "shares"}`, shares of all pixels, or None if there is nothing to draw.
    """
    filled = np.flatnonzero(counts)
    if filled.size == 0:
        return None
    edges = edges.astype(np.float64)
    finite = edges[np.isfinite(edges)]
    edges = np.clip(edges, finite.min(initial=0.0), finite.max(initial=0.0))
    low, high = float(edges[filled[0]]), float(edges[filled[-1] + 1])
    total = int(counts.sum())
    if not high > low:
        return {"low": rounded(low), "high": rounded(low), "total": total, "shares": [1.0]}
    below = np.concatenate(([0.0], np.cumsum(counts, dtype=np.float64))) / total
    shares = np.diff(np.interp(np.linspace(low, high, BINS + 1), edges, below))
    values = [rounded(max(0.0, share), 3) for share in shares.tolist()]
    return {"low": rounded(low), "high": rounded(high), "total": total, "shares": values}
