"""Remove every unit alone, and rank the units by what each concept loses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from unitscope.experiments.effects.edited import EditedGenerator
from unitscope.experiments.effects.estimates import Effects
from unitscope.experiments.effects.removal import measure_removal
from unitscope.experiments.effects.settings import RankingSettings
from unitscope.experiments.effects.subject import Subject
from unitscope.experiments.effects.tables import concept_columns, effect_table, integers, reals
from unitscope.experiments.effects.work import MEASURE, Work, complete_folder
from unitscope.run.effects import Ranking
from unitscope.run.folder import RANKING, RunFolder
from unitscope.stats import AreaChanges
from unitscope.stats.inference import interval_entry

SHOWN = 8
"""Concepts of the summary."""


def run_ranking(subject: Subject, settings: RankingSettings, out: Path) -> Ranking:
    """Remove every unit of a layer alone; write the folder, or go on with it.

    Args:
        subject: the layer of a generator.
        settings: on how many latents, and how sure.
        out: the folder, new or of the same configuration.

    Raises:
        UnitscopeError: the generator fails or returns values that are not finite, or the folder is in use, belongs to
            another configuration or cannot be written.
    """
    units = subject.layer.units

    def complete(folder: RunFolder) -> dict[str, Any]:
        work = Work(subject, settings, folder, variants=units)
        edited = work.edited()
        alone = torch.eye(units, dtype=torch.bool)
        names = [f"without unit {unit}" for unit in range(units)]
        work.complete(
            edited,
            lambda batches: measure_removal(edited, batches, alone, concept=0, names=names),
            title="removing units alone",
        )
        return _write(subject, settings, work, edited)

    complete_folder(out, subject.configuration(settings), RANKING, complete)
    return Ranking.open(out)


def ranks(values: NDArray[np.floating[Any] | np.int64]) -> NDArray[np.int32]:
    """Return the rank of each value ``(m,)``, 1 for the largest; equal ones by place."""
    found = np.empty(len(values), np.int32)
    found[np.argsort(-values, kind="stable")] = np.arange(1, len(values) + 1)
    return found


def _write(
    subject: Subject, settings: RankingSettings, work: Work, edited: EditedGenerator
) -> dict[str, Any]:
    shape = subject.layer.units, len(subject.vocabulary)
    with subject.timing("tables"):
        areas = work.stages.merged(MEASURE, AreaChanges(*shape), lambda: AreaChanges(*shape), below="areas")
        effects = Effects(
            areas.result(), points=subject.points, replicates=settings.replicates, seed=settings.seed
        )
        iou = subject.matches.iou
        changes = [np.asarray(effects.changes(number).sum(1)).ravel() for number in range(1, shape[1])]
        more: list[dict[str, NDArray[Any]]] = [
            {"rank": ranks(-change), "iou": iou[:, number], "rank_iou": ranks(iou[:, number])}
            for number, change in enumerate(changes, 1)
        ]
        concepts = _concept_table(subject, effects, changes)
        table = effect_table("unit", effects, subject.vocabulary, more)
        work.stages.folder.write_tables([("effects", table), ("concepts", concepts)])
    return _summary(subject, settings, concepts, effects) | {"whole_passes": edited.replay.reason or None}


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


def _summary(
    subject: Subject, settings: RankingSettings, concepts: pa.Table, effects: Effects
) -> dict[str, Any]:
    rows = concepts.to_pandas().sort_values("before", ascending=False, kind="stable")
    shown = []
    for row in rows[rows["first_by_effect"].notna()].head(SHOWN).to_dict("records"):
        found, unit = effects.of(int(row["number"])), int(row["first_by_effect"])
        shown.append(
            {
                "concept": row["concept"],
                "category": row["category"],
                "area": row["area"],
                "unit": unit,
                "lost": interval_entry(found.lost[unit], found.lost_low[unit], found.lost_high[unit]),
                "first_by_iou": None if np.isnan(row["first_by_iou"]) else int(row["first_by_iou"]),
                "correlation": interval_entry(
                    row["correlation"], row["correlation_low"], row["correlation_high"]
                ),
            }
        )
    return {**subject.summary(settings, len(effects.pixels.samples)), "concepts": shown, "notes": []}
