"""Remove every unit alone, and rank the units by what each concept loses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from unitscope.run.effects import Ranking
from unitscope.run.numbers import Score
from unitscope.run.storage import ArrayFile
from unitscope.run.summaries import RankedConcept, RankingSummary
from unitscope.stats import AreaChanges
from unitscope.stats.intersection import halves

SHOWN = 8
"""Concepts of the summary."""


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
        self.effects = effects = Effects(
            areas.result(), points=asked.points, replicates=settings.replicates, seed=settings.seed
        )
        iou = asked.matches.iou
        changes = [np.asarray(effects.changes(number).sum(1)).ravel() for number in range(1, shape[1])]
        more: list[Mapping[str, Column]] = [
            {"rank": ranks(-change), "iou": iou[:, number], "rank_iou": ranks(iou[:, number])}
            for number, change in enumerate(changes, 1)
        ]
        self.concepts = _concept_table(asked, effects, changes)
        yield "effects", effect_table("unit", effects, asked.vocabulary, more)
        yield "concepts", self.concepts

    def outcome(self, job: Job) -> Mapping[str, object]:  # noqa: ARG002
        """Return the summary."""
        shown = _shown(self.concepts, self.effects)
        return {"summary": RankingSummary(**vars(self.common()), concepts=shown, notes=())}


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
    for path in sorted((ranking.path / "shards").glob("*.safetensors")):
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


def _concept_table(subject: Subject, effects: Effects, changes: list[NDArray[np.int64]]) -> pa.Table:
    """One row a concept: how the two rankings go together, and the units that come first in each."""
    numbers, iou = np.arange(1, len(subject.vocabulary)), subject.matches.iou
    areas = [effects.areas(number) for number in numbers.tolist()]
    before = np.array([area.sum() for area in areas], np.int64)
    found = np.array(
        [
            effects.rank_correlation(number, iou[:, number])
            if iou[:, number].any() and changes[number - 1].any()
            else (np.nan, np.nan, np.nan)
            for number in numbers.tolist()
        ]
    ).reshape(len(numbers), 3)
    first = [int(change.argmin()) if change.min() < 0 else None for change in changes]
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
            "first_by_iou": pa.array(best, pa.int32()),
            "units_with_iou": integers((iou[:, numbers] > 0).sum(0)),
        }
    )


def _shown(concepts: pa.Table, effects: Effects) -> tuple[RankedConcept, ...]:
    """List the concepts that cover most, each with the unit whose removal takes most of it."""
    rows = concepts.to_pandas().sort_values("before", ascending=False, kind="stable")
    shown = []
    for row in rows[rows["first_by_effect"].notna()].head(SHOWN).to_dict("records"):
        found, unit = effects.of(int(row["number"])), int(row["first_by_effect"])
        shown.append(
            RankedConcept(
                concept=row["concept"],
                category=row["category"],
                area=row["area"],
                unit=unit,
                lost=Score.of(found.lost[unit], found.lost_low[unit], found.lost_high[unit]),
                first_by_iou=None if np.isnan(row["first_by_iou"]) else int(row["first_by_iou"]),
                correlation=Score.of(row["correlation"], row["correlation_low"], row["correlation_high"]),
            )
        )
    return tuple(shown)
