"""What can be painted with: the concepts that units of a layer detect, these units, and what is known of them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from msgspec import Struct
from numpy.typing import NDArray
from PIL import Image

from unitscope.run.dissection import Dissection
from unitscope.run.effects import find_insertions, find_rankings, find_removals
from unitscope.run.masks import unpack_mask

MOST_UNITS = 64
"""Units of a concept that the page may choose among, where fewer are taken by default."""
PATCH = 48
"""Pixels of a side of an example."""
GOLDEN = 137.508
"""Degrees between the hues of neighbours: no two come near each other."""

Row = Any
Pair = tuple[str, str]


class PaletteUnit(Struct, frozen=True):
    """A unit of a concept; `interval` is that of its IoU where the concept is its label, `level` its threshold."""

    unit: int
    iou: float
    interval: tuple[float, float] | None
    level: float


class Acting(Struct, frozen=True):
    """How much of a concept's area is lost without its units, with the ends of the interval."""

    units: int
    lost: float
    low: float | None
    high: float | None


class Accepted(Struct, frozen=True):
    """Where a concept appears when its units are forced on: a share of the places with something there before."""

    context: str | None
    success: float
    places: int


class Entry(Struct, frozen=True):
    """A concept of the palette, with its units from the highest IoU."""

    key: str
    name: str
    category: str
    color: str
    units: tuple[PaletteUnit, ...]
    detectors: int
    best_iou: float
    example: str | None
    by_effect: tuple[int, ...] | None
    acts: Acting | None
    accepted: tuple[Accepted, ...] | None


def key_of(name: str, category: str) -> str:
    """Return what tells a concept from others of the same name: ``object/door``."""
    return f"{category}/{name}"


def palette(run: Dissection, layer: str, units: int) -> tuple[Entry, ...]:
    """Return the concepts that units of a layer detect, the one of the highest IoU first.

    Args:
        run: a finished dissection of a generator.
        layer: module name of one of its layers.
        units: that are taken of a concept by default.
    """
    table = run.units[run.units["layer"] == layer].sort_values("unit").set_index("unit")
    found = table[table["detector"]]
    counts = {pair: len(rows) for pair, rows in _by_concept(found)}
    iou = run.table("iou")
    iou = iou[(iou["layer"] == layer) & (iou["iou"] > 0)]
    ranked = {
        pair: rows.sort_values(["iou", "unit"], ascending=[False, True]) for pair, rows in _by_concept(iou)
    }
    examples = _Examples(run, layer)
    effects = _Effects(run, layer)
    first = sorted(counts, key=lambda pair: (-float(ranked[pair]["iou"].iloc[0]), pair))
    return tuple(
        Entry(
            key_of(*pair),
            *pair,
            color=f"hsl({number * GOLDEN % 360:.0f} 65% 50%)",
            units=tuple(_units(ranked[pair].head(max(units, MOST_UNITS)), table, pair)),
            detectors=counts[pair],
            best_iou=float(ranked[pair]["iou"].iloc[0]),
            example=examples.of(int(ranked[pair]["unit"].iloc[0])),
            by_effect=effects.order(pair),
            acts=effects.acts(pair),
            accepted=effects.accepted(pair),
        )
        for number, pair in enumerate(first)
    )


def _by_concept(rows: pd.DataFrame) -> Iterator[tuple[Pair, pd.DataFrame]]:
    for pair, found in rows.groupby(["concept", "category"], sort=False):
        name, category = pair if isinstance(pair, tuple) else (pair, "")
        yield (str(name), str(category)), found


def _units(ranked: pd.DataFrame, table: pd.DataFrame, pair: Pair) -> Iterator[PaletteUnit]:
    own = table.loc[ranked["unit"].to_numpy()]
    labelled = ((own["concept"] == pair[0]) & (own["category"] == pair[1])).to_numpy()
    ends = own[["iou_low", "iou_high"]].to_numpy(float)
    level = own["threshold"].to_numpy(float)
    for place, (unit, iou) in enumerate(zip(ranked["unit"], ranked["iou"], strict=True)):
        low, high = ends[place].tolist()
        known = bool(labelled[place]) and np.isfinite([low, high]).all()
        yield PaletteUnit(int(unit), float(iou), (low, high) if known else None, float(level[place]))


class _Examples:
    """Patches of the strongest picture of units."""

    def __init__(self, run: Dissection, layer: str) -> None:
        self.run = run
        rows = run.exemplars
        rows = rows[(rows["layer"] == layer) & rows["picture"].notna()].sort_values("rank")
        first: Iterable[Row] = rows.drop_duplicates("unit").itertuples()
        self.rows = {int(row.unit): row for row in first}

    def of(self, unit: int) -> str | None:
        """Return a square patch about the region of a unit as a data URL; None where no picture was kept."""
        row: Row = self.rows.get(unit)
        file = None if row is None else self.run.path / str(row.picture)
        if file is None or not file.is_file():
            return None
        self.run.check(str(row.picture))
        picture = np.asarray(Image.open(file).convert("RGB"))
        mask = unpack_mask(row.mask, row.mask_height, row.mask_width)
        patch = Image.fromarray(_about(picture, mask)).resize((PATCH, PATCH), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        patch.save(buffer, "PNG")
        return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _about(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the square of half a picture's shorter side or more about the middle of a mask of its size."""
    row, column = np.nonzero(mask)
    sides = picture.shape[:2]
    if not len(row) or mask.shape != sides:
        return picture
    spread = max(np.ptp(row), np.ptp(column)) + 1
    shorter = min(sides)
    side = int(min(max(spread, shorter // 2, 1), shorter))
    top, left = (
        int(np.clip((at.min() + at.max() + 1 - side) // 2, 0, most - side))
        for at, most in zip((row, column), sides, strict=True)
    )
    return picture[top : top + side, left : left + side]


class _Effects:
    """What `rank`, `remove` and `insert` have found of a layer, where they lie in the folder of the run."""

    def __init__(self, run: Dissection, layer: str) -> None:
        def of_layer(found: Sequence[Any]) -> list[Any]:
            return [
                each
                for each in found
                if each.summary.run_hash == run.configuration_hash and each.summary.layer == layer
            ]

        rankings = of_layer(find_rankings(run.path))
        self.ranked = dict(_by_concept(rankings[0].effects)) if rankings else {}
        self.removals = {
            (each.summary.concept, each.summary.category): each for each in of_layer(find_removals(run.path))
        }
        self.insertions = {
            (each.summary.concept, each.summary.category): each
            for each in of_layer(find_insertions(run.path))
        }

    def order(self, pair: Pair) -> tuple[int, ...] | None:
        """Return the units by what the concept loses without each alone, as far as that can be told from nothing."""
        rows = self.ranked.get(pair)
        if rows is None:
            return None
        rows = rows[(rows["after"] < rows["before"]) & rows["rank"].notna()].sort_values("rank")
        return tuple(int(unit) for unit in rows["unit"].head(MOST_UNITS)) or None

    def acts(self, pair: Pair) -> Acting | None:
        """Return what is lost without the largest set of units that was removed, or else without the first unit."""
        removal = self.removals.get(pair)
        if removal is not None:
            own = [
                each
                for each in removal.summary.sets
                if each.kind == "concept" and each.lost.value is not None
            ]
            if own:
                return Acting(own[-1].k, own[-1].lost.value, own[-1].lost.low, own[-1].lost.high)
        rows = self.ranked.get(pair)
        rows = None if rows is None else rows[rows["rank"] == 1].dropna(subset=["lost"])
        if rows is None or not len(rows):
            return None
        low, high = (
            None if np.isnan(end) else float(end) for end in rows[["lost_low", "lost_high"]].to_numpy()[0]
        )
        return Acting(1, float(rows["lost"].iloc[0]), low, high)

    def accepted(self, pair: Pair) -> tuple[Accepted, ...] | None:
        """Return where the concept appeared when its units were forced on, the contexts of most places first."""
        insertion = self.insertions.get(pair)
        if insertion is None:
            return None
        return tuple(
            Accepted(each.concept, each.success.value, each.places)
            for each in insertion.summary.contexts
            if each.success.value is not None
        )
