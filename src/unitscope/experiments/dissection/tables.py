"""The tables of a dissection; docs/tables.md describes every column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from unitscope.concepts.vocabulary import Vocabulary
from unitscope.experiments.dissection.chance import Chance
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.dissection.reading import ShardStatistics
from unitscope.experiments.dissection.scoring import Intervals, LayerScores
from unitscope.experiments.dissection.separation import Separation
from unitscope.experiments.samples import ALL
from unitscope.stats import ActivationHistogram

MATCHES = 10
"""Concepts listed for every unit."""
NEAR_ZERO = 2.0**-10
"""Histogram bins this close to zero, relative to the unit's largest magnitude, are drawn as one."""


@dataclass(frozen=True)
class Findings:
    """Everything the tables are made of."""

    plan: ReadingPlan
    vocabulary: Vocabulary
    statistics: ShardStatistics
    scores: Mapping[str, LayerScores]
    intervals: Mapping[str, Intervals]
    chance: Mapping[str, Chance]
    meanings: Mapping[str, NDArray[np.int32]]
    separation: Mapping[str, Separation]
    min_iou: float

    @property
    def points(self) -> int:
        """Pixels of the pixel grid over all pictures."""
        return int(self.statistics.areas.points.sum())


def names_of(vocabulary: Vocabulary, numbers: NDArray[np.int64]) -> tuple[list[str | None], list[str | None]]:
    """Return the names and categories of label values; None for 0."""
    concepts = [vocabulary[int(number)] for number in numbers]
    return [c.name if c else None for c in concepts], [c.category if c else None for c in concepts]


def unit_table(findings: Findings) -> pd.DataFrame:
    """One row a unit: threshold, label, IoU, its interval, and how it held up."""
    return pd.concat(
        [_layer_units(findings, name, scores) for name, scores in findings.scores.items()], ignore_index=True
    )


def _layer_units(findings: Findings, layer: str, scores: LayerScores) -> pd.DataFrame:
    iou, labels = scores.iou(), scores.labels()
    units = np.arange(len(labels))
    best = iou[units, labels]
    intervals = findings.intervals[layer]
    held_out, stable = scores.held_out()
    pixels = scores.pixels.sum(0)
    concepts, categories = names_of(findings.vocabulary, labels)
    lowest, highest = findings.statistics.extents[layer].result()
    chance, live = findings.chance[layer], pixels > 0
    shared, areas = scores.shared[units, labels], scores.concept_pixels.sum(0)[labels]
    seconds = scores.runners_up()
    others, other_categories = names_of(findings.vocabulary, seconds)
    return pd.DataFrame(
        {
            "layer": layer,
            "unit": units.astype(np.int32),
            "status": unit_status(pixels, lowest, highest),
            "threshold": scores.thresholds,
            "quantile_fraction": pixels / max(findings.points, 1),
            "concept": pd.array(concepts, dtype="string"),
            "category": pd.array(categories, dtype="string"),
            "iou": best,
            "iou_low": intervals.iou[0],
            "iou_high": intervals.iou[1],
            "iou_heldout": held_out,
            "label_stable": stable,
            "p_value": np.where(live, chance.p_values(best), np.nan),
            "q_value": chance.q_values(best, live),
            "null_iou": np.where(live, chance.mean, np.nan),
            "null_iou_95": np.where(live, chance.tail, np.nan),
            "lift": np.where(live, chance.lift(best), np.nan),
            "precision": _ratio(shared, pixels),
            "recall": _ratio(shared, areas),
            "f1": 2 * best / (1 + best),
            "concept_fraction": areas / max(findings.points, 1),
            "average_precision": findings.separation[layer].average_precision,
            "auroc": findings.separation[layer].auroc,
            "runner_up": pd.array(others, dtype="string"),
            "runner_up_category": pd.array(other_categories, dtype="string"),
            "margin": best - iou[units, seconds],
            "margin_low": intervals.margin[0],
            "margin_high": intervals.margin[1],
            "meanings": pd.arrays.IntegerArray(findings.meanings[layer], findings.meanings[layer] < 0),
            "detector": (labels > 0) & (best >= findings.min_iou),
            "peak": highest,
        }
    )


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
    return ratio


def unit_status(
    pixels: NDArray[np.int64], lowest: NDArray[np.float32], highest: NDArray[np.float32]
) -> NDArray[np.str_]:
    """Say of every unit whether it has a mask, and if not, why.

    ``live``: some pixel exceeds the threshold. ``dead``: zero everywhere. ``constant``: one other value everywhere.
    ``tied``: its highest value fills more than the quantile, so that nothing exceeds the threshold.
    """
    constant = lowest == highest
    silent = np.where(constant, np.where(highest == 0, "dead", "constant"), "tied")
    return np.where(pixels > 0, "live", silent)


def match_table(findings: Findings) -> pd.DataFrame:
    """The best concepts of every unit: the first ten overall and the first of each category."""
    tables = []
    for layer, scores in findings.scores.items():
        iou, shared, strength = scores.iou(), scores.shared, scores.strength()
        best = _best_of_category(findings.vocabulary, strength)
        units, numbers = np.nonzero((_first(strength, MATCHES) | best) & (strength > 0))
        order = np.lexsort((numbers, -strength[units, numbers], units))
        units, numbers = units[order], numbers[order]
        ranks = 1 + np.arange(len(units)) - np.searchsorted(units, units)
        later = ranks > MATCHES
        ranks[later] = _ranks(strength, units[later], numbers[later])
        concepts, categories = names_of(findings.vocabulary, numbers)
        union = scores.pixels.sum(0)[units] + scores.concept_pixels.sum(0)[numbers] - shared[units, numbers]
        tables.append(
            pd.DataFrame(
                {
                    "layer": layer,
                    "unit": units.astype(np.int32),
                    "rank": ranks.astype(np.int32),
                    "concept": concepts,
                    "category": categories,
                    "iou": iou[units, numbers],
                    "intersection": shared[units, numbers],
                    "union": union,
                    "best_in_category": best[units, numbers],
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def _first(strength: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Mark the `count` highest of each row ``(U, C)``, the first among equals."""
    count = min(count, strength.shape[1])
    least = -np.partition(-strength, count - 1, axis=1)[:, count - 1 : count]
    above, equal = strength > least, strength == least
    room = count - above.sum(axis=1, keepdims=True)
    chosen: NDArray[np.bool_] = above | (equal & (np.cumsum(equal, axis=1) <= room))
    return chosen


def _ranks(
    strength: NDArray[np.float64], units: NDArray[np.int64], numbers: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Ranks from 1 of some entries ``(m,)`` in their rows of ``(U, C)``; the first of equals comes first."""
    ranks = np.empty(len(units), np.int64)
    for start in range(0, len(units), 4096):
        part = slice(start, start + 4096)
        rows, own = strength[units[part]], strength[units[part], numbers[part]][:, None]
        before = np.arange(strength.shape[1]) < numbers[part, None]
        ranks[part] = 1 + (rows > own).sum(axis=1) + ((rows == own) & before).sum(axis=1)
    return ranks


def _best_of_category(vocabulary: Vocabulary, strength: NDArray[np.float64]) -> NDArray[np.bool_]:
    best = np.zeros(strength.shape, bool)
    for category in vocabulary.categories:
        numbers = np.array(vocabulary.of_category(category))
        chosen = numbers[strength[:, numbers].argmax(axis=1)]
        best[np.arange(len(strength)), chosen] = True
    return best


def concept_table(findings: Findings) -> pd.DataFrame:
    """One row a concept: how much of the pictures it covers."""
    pixels, pictures, _ = findings.statistics.areas.result()
    numbers = np.arange(1, len(findings.vocabulary))
    names, categories = names_of(findings.vocabulary, numbers)
    return pd.DataFrame(
        {
            "number": numbers.astype(np.int32),
            "name": names,
            "category": categories,
            "pixels": pixels.sum(0)[1:],
            "fraction": pixels.sum(0)[1:] / max(findings.points, 1),
            "pictures": pictures.sum(0)[1:],
        }
    )


def layer_table(findings: Findings, units: pd.DataFrame) -> pd.DataFrame:
    """Detectors and distinct concepts of every layer, by category and together."""
    rows = []
    detectors = units[units["detector"]]
    for position, (name, plan) in enumerate(findings.plan.by_layer.items()):
        of_layer = detectors[detectors["layer"] == name]
        for category in (ALL, *findings.vocabulary.categories):
            chosen = of_layer if category == ALL else of_layer[of_layer["category"] == category]
            rows.append(
                {
                    "layer": name,
                    "position": position,
                    "units": plan.layer.units,
                    "height": plan.layer.grid[0],
                    "width": plan.layer.grid[1],
                    "category": category,
                    "detectors": len(chosen),
                    "concepts": len(chosen[["concept", "category"]].drop_duplicates()),
                }
            )
    return pd.DataFrame(rows)


def sample_table(sample_ids: Sequence[str], skipped: Mapping[int, str]) -> pa.Table:
    """One row a sample: whether it was used, and if not, why. There may be millions, so no row becomes an object."""
    count, used = len(sample_ids), np.ones(len(sample_ids), np.bool_)
    used[list(skipped)] = False
    reasons = pa.array((skipped.get(number) for number in range(count)), pa.string(), size=count)
    return pa.table(
        {
            "sample": np.arange(count, dtype=np.int32),
            "id": pa.array(sample_ids, pa.string()),
            "used": used,
            "reason": reasons,
        }
    )


def histogram_table(findings: Findings) -> pa.Table:
    """The activation histogram of every unit, over all pixels of all pictures."""
    layers, units, all_edges, all_counts = [], [], [], []
    for name, histogram in findings.statistics.histograms.items():
        for unit, (edges, counts) in enumerate(readable_histograms(histogram)):
            layers.append(name)
            units.append(unit)
            all_edges.append(edges)
            all_counts.append(counts)
    return pa.table(
        {
            "layer": pa.array(layers, pa.string()),
            "unit": pa.array(units, pa.int32()),
            "edges": pa.array(all_edges, pa.list_(pa.float32())),
            "counts": pa.array(all_counts, pa.list_(pa.int64())),
        }
    )


def readable_histograms(
    histogram: ActivationHistogram,
) -> list[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Trim each unit's histogram to its used bins and join the very small ones around zero."""
    edges, counts = histogram.result()
    readable = []
    for row in counts:
        used = np.flatnonzero(row)
        first, last = (int(used[0]), int(used[-1])) if len(used) else (0, 0)
        own, number = edges[first : last + 2], row[first : last + 1]
        near = np.abs(own) < NEAR_ZERO * np.abs(own).max(initial=0)
        # An inner edge between two edges near zero goes: its bins join.
        inner = np.zeros(len(own), bool)
        inner[1:-1] = near[:-2] & near[1:-1] & near[2:]
        kept = np.flatnonzero(~inner)
        readable.append((own[kept], np.add.reduceat(number, kept[:-1])))
    return readable


def iou_table(findings: Findings) -> pa.Table:
    """Every pair of a unit and a concept that share a pixel."""
    parts = []
    names, categories = names_of(findings.vocabulary, np.arange(len(findings.vocabulary)))
    layer_names = list(findings.scores)
    for index, scores in enumerate(findings.scores.values()):
        shared, iou = scores.shared, scores.iou()
        units, numbers = np.nonzero(shared)
        parts.append(
            pa.table(
                {
                    "layer": _dictionary(np.full(len(units), index), layer_names),
                    "unit": pa.array(units, pa.int32()),
                    "number": pa.array(numbers, pa.int32()),
                    "concept": _dictionary(numbers, names),
                    "category": _dictionary(numbers, categories),
                    "iou": iou[units, numbers],
                    "intersection": shared[units, numbers],
                    "unit_pixels": scores.pixels.sum(0)[units],
                    "concept_pixels": scores.concept_pixels.sum(0)[numbers],
                }
            )
        )
    return pa.concat_tables(parts)


def _dictionary(numbers: NDArray[np.int64], names: Sequence[str | None]) -> pa.DictionaryArray:
    """Spell numbers out as names, each name once in the dictionary: Parquet files with repeats are not reproducible."""
    given = [name or "" for name in names]
    places = {name: place for place, name in enumerate(dict.fromkeys(given))}
    codes = np.array([places[name] for name in given], np.int32)[numbers]
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(places), pa.string()))
