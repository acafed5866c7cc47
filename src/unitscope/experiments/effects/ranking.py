"""Remove every unit alone, and rank the units by what each concept loses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from unitscope.experiments.effects.estimates import Effects
from unitscope.experiments.effects.removal import RemovalPlan, measure_removal
from unitscope.experiments.effects.settings import RankingSettings
from unitscope.experiments.effects.subject import Subject
from unitscope.experiments.effects.tables import Column, concept_columns, effect_table, integers, reals
from unitscope.experiments.effects.work import MEASURE, EffectExperiment
from unitscope.experiments.skeleton import Job, Table, run
from unitscope.run.effect_summaries import RankedConcept, RankingSummary
from unitscope.run.effects import Ranking
from unitscope.run.layout import SHARDS
from unitscope.run.numbers import Score
from unitscope.run.storage import ArrayFile
from unitscope.stats import AreaChanges
from unitscope.stats.inference import Floats, draw_weights, q_values
from unitscope.stats.intersection import halves
from unitscope.stats.ratios import FEWEST

SHOWN = 8
"""Concepts of the summary."""
TOLD = 0.05
"""The false discovery rate at which the change that a unit makes is told from none."""
RankColumn = np.ma.MaskedArray[tuple[int], np.dtype[np.int32]]
"""Ranks of units ``(U,)``; masked where a unit has none."""


def run_ranking(asked: Subject, settings: RankingSettings, out: Path) -> Ranking:
    """Remove every unit of a layer alone; write the folder, or go on with it.

    Args:
        asked: the layer of a generator.
        settings: on how many latents, and how sure.
        out: the folder, new or of the same configuration.

    Raises:
        UnitscopeError: the generator fails or returns values that are not finite, or the folder is in use, belongs to
            another configuration or cannot be written.
    """
    return run(UnitRanking(asked, settings), Ranking, out)


class UnitRanking(EffectExperiment[RankingSettings, RemovalPlan]):
    """What every concept loses without each unit alone; arguments as for :func:`run_ranking`."""

    title, measure = "removing units alone", measure_removal

    def variants(self) -> int:
        """Return the number of units."""
        return self.asked.layer.units

    def plan(self) -> RemovalPlan:
        """Return every unit alone."""
        units = self.asked.layer.units
        names = tuple(f"without unit {unit}" for unit in range(units))
        return RemovalPlan(removed=torch.eye(units, dtype=torch.bool), names=names)

    def tables(self, job: Job) -> Iterator[tuple[str, Table]]:
        """Sum up by unit and concept."""
        asked, settings = self.asked, self.settings
        shape = asked.layer.units, len(asked.vocabulary)
        areas = job.merged(MEASURE, lambda: AreaChanges(*shape), below="areas")
        self.effects = effects = Effects(areas.result(), points=asked.points)
        found = [effects.of(number) for number in range(1, shape[1])]
        rates = [q_values_of_units(each.p_value, each.pictures_changed) for each in found]
        iou = asked.matches.iou
        orders = [told_ranks(-each.change, q <= TOLD) for each, q in zip(found, rates, strict=True)]
        more: list[Mapping[str, Column]] = [
            {
                "p_value": each.p_value,
                "q_value": q,
                "rank": order,
                "iou": iou[:, number],
                "rank_iou": ranks(iou[:, number]),
            }
            for number, (each, q, order) in enumerate(zip(found, rates, orders, strict=True), 1)
        ]
        pixels = effects.points * len(effects.pixels.samples)
        weights = draw_weights(effects.pixels.samples, settings.replicates, settings.seed, np.int64)
        self.concepts = _concept_table(asked, effects, orders, weights)
        yield "effects", effect_table("unit", found, pixels, asked.vocabulary, more)
        yield "concepts", self.concepts

    def outcome(self, job: Job) -> Mapping[str, object]:  # noqa: ARG002
        """Return the summary."""
        shown = _shown(self.concepts, self.effects)
        few = len(self.effects.pixels.samples) < FEWEST
        notes = (f"no effect can be told from none on fewer than {FEWEST} latents",) if few else ()
        notes = (*self.asked.caveats, *notes)
        return {"summary": RankingSummary(**vars(self.common()), concepts=shown, notes=notes)}


def losses_on_half(ranking: Ranking, concept: int, half: int) -> tuple[NDArray[np.int64], int]:
    """Return the pixels that a concept loses without each unit on half of the latents of a finished ranking.

    Args:
        ranking: finished.
        concept: label value.
        half: 0 or 1.

    Returns:
        Pixels ``(U,)``, and the number of latents.

    Raises:
        UnitscopeError: a piece of the ranking is damaged.
    """
    shape = ranking.summary.units, int(ranking.effects["number"].max()) + 1
    total = AreaChanges(*shape)
    for path in sorted((ranking.path / SHARDS).glob("*.safetensors")):
        part = AreaChanges(*shape)
        part.load_state_dict(ArrayFile(path).below("areas"))
        total.merge(part)
    pixels = total.result()
    chosen = halves(pixels.samples) == half
    rows = pixels.changes[(pixels.changes[:, 2] == concept) & chosen[pixels.changes[:, 0]]]
    losses = np.zeros(shape[0], np.int64)
    np.subtract.at(losses, rows[:, 1], rows[:, 3])
    return losses, int(chosen.sum())


def ranks(values: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the rank of each value ``(m,)``, 1 for the largest; equal ones by place."""
    found = np.empty(len(values), np.int32)
    found[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return found


def q_values_of_units(p_value: Floats, changed: NDArray[np.int64]) -> Floats:
    """Return the least false discovery rate that tells each unit's change from none ``(U,)``, over a layer's units.

    Units that change a concept in fewer than six pictures are not tested, whatever they change there (NaN): no signs of
    so few could tell. How many pictures change says nothing of the signs, so the rate of those that are tested holds.

    Args:
        p_value: by signs ``(U,)``.
        changed: pictures with more or less of the concept ``(U,)``.
    """
    found, tested = np.full(len(p_value), np.nan), changed >= FEWEST
    if tested.any():
        found[tested] = q_values(p_value[tested])
    return found


def told_ranks(losses: NDArray[np.int64], told: NDArray[np.bool_]) -> RankColumn:
    """Return the rank of each unit ``(U,)`` among those that take something, told from none; others are masked."""
    chosen = told & (losses > 0)
    order = np.zeros(len(losses), np.int32)
    order[chosen] = ranks(losses[chosen])
    return np.ma.MaskedArray(order, mask=~chosen)


def _concept_table(
    subject: Subject, effects: Effects, orders: Sequence[RankColumn], weights: NDArray[np.int64]
) -> pa.Table:
    """One row a concept: how the two rankings go together, and the units that come first in each."""
    numbers, iou = np.arange(1, len(subject.vocabulary)), subject.matches.iou
    areas = [effects.areas(number) for number in numbers.tolist()]
    before = np.array([area.sum() for area in areas], np.int64)
    found = np.array(
        [
            effects.rank_correlation(number, iou[:, number], weights)
            if iou[:, number].any() and effects.changes(number).nnz
            else (np.nan, np.nan, np.nan)
            for number in numbers.tolist()
        ]
    ).reshape(len(numbers), 3)
    first = [int(order.argmin()) if order.count() else None for order in orders]
    best = [int(iou[:, number].argmax()) if iou[:, number].any() else None for number in numbers]
    return pa.table(
        {
            **concept_columns(subject.vocabulary, numbers),
            "before": pa.array(before),
            "area": reals(before / (effects.points * len(effects.pixels.samples))),
            "pictures": pa.array([int((area > 0).sum()) for area in areas], pa.int64()),
            "correlation": reals(found[:, 0]),
            "correlation_low": reals(found[:, 1]),
            "correlation_high": reals(found[:, 2]),
            "first_by_effect": pa.array(first, pa.int32()),
            "units_with_effect": integers(order.count() for order in orders),
            "first_by_iou": pa.array(best, pa.int32()),
            "units_with_iou": integers((iou[:, numbers] > 0).sum(0)),
        }
    )


def _shown(concepts: pa.Table, effects: Effects) -> tuple[RankedConcept, ...]:
    """List the concepts that cover most, each with the unit whose removal takes most of it, if any does."""
    rows = concepts.to_pandas().sort_values("before", ascending=False, kind="stable")
    shown = []
    for row in rows[rows["before"] > 0].head(SHOWN).to_dict("records"):
        found, unit = effects.of(int(row["number"])), _whole(row["first_by_effect"])
        lost = (
            (np.nan,) * 3 if unit is None else (found.lost[unit], found.lost_low[unit], found.lost_high[unit])
        )
        shown.append(
            RankedConcept(
                concept=row["concept"],
                category=row["category"],
                area=row["area"],
                unit=unit,
                lost=Score.of(*lost),
                units_with_effect=int(row["units_with_effect"]),
                first_by_iou=_whole(row["first_by_iou"]),
                correlation=Score.of(row["correlation"], row["correlation_low"], row["correlation_high"]),
            )
        )
    return tuple(shown)


def _whole(value: float) -> int | None:
    return None if np.isnan(value) else int(value)
