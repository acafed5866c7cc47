"""Remove sets of units everywhere, and measure how much of every concept goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.experiments.effects.edited import Base, EditedGenerator, instead_of
from unitscope.experiments.effects.estimates import ConceptEffects, Effects
from unitscope.experiments.effects.pairs import largest_and_median, make_pair, save_picture
from unitscope.experiments.effects.sets import SetPlan, masks_of, plan_sets
from unitscope.experiments.effects.settings import RemovalSettings
from unitscope.experiments.effects.subject import Subject
from unitscope.experiments.effects.tables import (
    SavedPair,
    concept_columns,
    effect_table,
    integers,
    mask_columns,
    saved_columns,
    shown_table,
)
from unitscope.experiments.effects.work import MEASURE, Work, complete_folder
from unitscope.experiments.pieces import below
from unitscope.layers.interventions import ablate
from unitscope.run.effects import Removal
from unitscope.run.folder import REMOVAL, RunFolder
from unitscope.run.storage import Arrays
from unitscope.stats import AreaChanges, PixelCounts
from unitscope.stats.inference import interval_entry
from unitscope.stats.intersection import areas_by_picture

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class UnitOrder:
    """Units from the best for a concept to the worst.

    Attributes:
        units: ``(U,)``.
        source: the hash of what ranked them; empty for the dissection itself.
    """

    units: Numbers
    source: str = ""


def run_removal(
    subject: Subject, settings: RemovalSettings, out: Path, *, order: UnitOrder | None = None
) -> Removal:
    """Remove the best units of a concept together, and controls; write the folder, or go on with it.

    Args:
        subject: the layer of a generator.
        settings: what is removed and measured.
        out: the folder, new or of the same configuration.
        order: units in the order of something else than their IoU with the concept.

    Raises:
        UnitscopeError: a concept or size does not fit, the generator fails or returns values that are not finite, or
            the folder is in use, belongs to another configuration or cannot be written.
    """
    concept = subject.concept(settings.concept)
    order = order or UnitOrder(subject.matches.ranked(concept))
    plan = plan_sets(subject, settings, concept=concept, order=order.units)
    config = subject.configuration(
        settings, sets=[list(each.units) for each in plan.sets], order=order.source
    )

    def complete(folder: RunFolder) -> dict[str, Any]:
        work = Work(subject, settings, folder, variants=len(plan.sets))
        edited = work.edited()
        masks = masks_of(plan.sets, subject.layer.units)
        work.complete(
            edited,
            lambda batches: measure_removal(edited, batches, masks, concept=concept, names=_names(plan)),
            title="removing units",
        )
        return _Findings(subject, settings, plan, work, edited).write()

    complete_folder(out, config, REMOVAL, complete)
    return Removal.open(out)


def _names(plan: SetPlan) -> list[str]:
    return [f"without {each.k} units ({each.kind})" for each in plan.sets]


def measure_removal(
    edited: EditedGenerator, batches: Iterator[range], removed: Tensor, *, concept: int, names: list[str]
) -> Arrays:
    """Remove sets of units on some latents.

    Args:
        edited: the generator.
        batches: sample numbers, a batch at a time.
        removed: the units of each set ``(V, U)`` bool.
        concept: label value of the concept whose places are looked at; 0 for none.
        names: what each set is called in messages.

    Returns:
        The states of `AreaChanges` below ``areas`` and of `PixelCounts` below ``instead``: what stands where the
        concept was, for each set.
    """
    concepts = len(edited.samples.vocabulary)
    areas, instead = AreaChanges(len(removed), concepts), PixelCounts(len(removed), concepts)
    for numbers in batches:
        base = edited.base(numbers)
        after = np.repeat(base.areas[:, None], len(removed), axis=1)
        for variant, row, labels in _without(edited, base, removed, names):
            after[row, variant] = areas_by_picture(labels, concepts)
            if concept:
                instead.update(variant, instead_of(base.labels[row], labels, concept, concepts))
        areas.update(base.numbers, base.areas, after)
    return {**below("areas", areas.state_dict()), **below("instead", instead.state_dict())}


def _without(
    edited: EditedGenerator, base: Base, removed: Tensor, names: list[str]
) -> Iterator[tuple[Numbers, Numbers, NDArray[np.int16]]]:
    """Yield sets and places of latents ``(b,)`` with label maps ``(b, P, gh, gw)``, for pictures that change."""
    # One set on all latents, then the next: batches without a set are those of the generator as it is.
    rows = np.tile(np.arange(len(base)), len(removed))

    def edit(jobs: Numbers, activation: Tensor) -> Tensor:
        chosen = removed[torch.from_numpy(jobs // len(base))].to(activation.device)
        return activation.masked_fill(chosen[:, :, None, None], 0)

    def name(job: int) -> str:
        variant, row = divmod(job, len(base))
        return f"latent {edited.samples.sample_ids[base.numbers[row]]!r} {names[variant]}"

    for drawn in edited.drawn(base, rows, edit, name=name):
        yield drawn.jobs // len(base), drawn.jobs % len(base), drawn.labels


@dataclass(frozen=True)
class _Findings:
    """Everything the tables of a removal are made of."""

    subject: Subject
    settings: RemovalSettings
    plan: SetPlan
    work: Work
    edited: EditedGenerator

    def write(self) -> dict[str, Any]:
        """Write the tables and pictures; return the summary."""
        subject, vocabulary, folder = self.subject, self.subject.vocabulary, self.work.stages.folder
        shape = len(self.plan.sets), len(vocabulary)
        areas = self.work.stages.merged(
            MEASURE, AreaChanges(*shape), lambda: AreaChanges(*shape), below="areas"
        )
        instead = self.work.stages.merged(
            MEASURE, PixelCounts(*shape), lambda: PixelCounts(*shape), below="instead"
        )
        with subject.timing("tables"):
            effects = Effects(
                areas.result(),
                points=subject.points,
                replicates=self.settings.replicates,
                seed=self.settings.seed,
            )
            before = effects.areas(self.plan.concept)
            after = before + effects.changes(self.plan.concept)[self.plan.largest].toarray()[0]
            folder.write_tables(
                [
                    ("sets", self._sets()),
                    ("effects", effect_table("set", effects, vocabulary)),
                    ("instead", shown_table("set", instead.result(), vocabulary)),
                    ("latents", self._latents(before, after)),
                    ("pairs", self._pairs(folder, before, after)),
                ]
            )
            return self._summary(effects)

    def _sets(self) -> pa.Table:
        sets, top = self.plan.sets, set(self.plan.sets[self.plan.largest].units)
        ranking = concept_columns(
            self.subject.vocabulary, np.array([each.ranking for each in sets], np.int64)
        )
        return pa.table(
            {
                "set": integers(range(len(sets))),
                "kind": pa.array([each.kind for each in sets], pa.string()),
                "ranking": ranking["concept"],
                "repetition": integers(each.repetition for each in sets),
                "k": integers(each.k for each in sets),
                "units": pa.array([list(each.units) for each in sets], pa.list_(pa.int32())),
                "shared": integers(len(top & set(each.units)) for each in sets),
            }
        )

    def _latents(self, before: Numbers, after: Numbers) -> pa.Table:
        ids = self.subject.samples.sample_ids[: len(before)]
        return pa.table(
            {
                "sample": integers(range(len(before))),
                "id": pa.array(list(ids), pa.string()),
                "before": pa.array(before),
                "after": pa.array(after),
            }
        )

    def _pairs(self, folder: RunFolder, before: Numbers, after: Numbers) -> pa.Table:
        holding = np.flatnonzero(before)
        chosen = largest_and_median((before - after)[holding], self.settings.pairs)
        units, concept = self.plan.sets[self.plan.largest].units, self.plan.concept
        saved, lost, pixels = [], [], []
        for _, _, place in chosen:
            sample = int(holding[place])
            identifier = self.subject.samples.sample_ids[sample]
            pair = make_pair(
                self.edited, sample, lambda a: ablate(a, units), f"latent {identifier!r} without units"
            )
            names = (f"{sample:06d}-before", f"{sample:06d}-after")
            files = [
                save_picture(folder.path, *each)
                for each in zip(names, (pair.before, pair.after), strict=True)
            ]
            was, held = pair.held(concept)
            saved.append(SavedPair(pair, files[0], files[1], sample, identifier))
            lost.append(was & ~held)
            pixels.append((int(was.sum()), int(held.sum())))
        return pa.table(
            {
                "rule": pa.array([rule for rule, _, _ in chosen], pa.string()),
                "rank": integers(rank for _, rank, _ in chosen),
                **saved_columns(saved),
                "pixels_before": pa.array([was for was, _ in pixels], pa.int64()),
                "pixels_after": pa.array([held for _, held in pixels], pa.int64()),
                **mask_columns(saved, "lost_mask", lost),
            }
        )

    def _summary(self, effects: Effects) -> dict[str, Any]:
        subject, plan, vocabulary = self.subject, self.plan, self.subject.vocabulary
        latents, target = len(effects.pixels.samples), effects.of(plan.concept)
        concept, control = vocabulary[plan.concept], vocabulary[plan.control]
        assert concept is not None
        top = set(plan.sets[plan.largest].units)
        shared = [len(top & set(each.units)) for each in plan.sets if each.kind == "control"]
        empty = ["the concept appears in none of the pictures of these latents"]
        return {
            **subject.summary(self.settings, latents),
            "concept": concept.name,
            "category": concept.category,
            "rank": self.settings.rank,
            "control": control.name if control else None,
            "control_shared": max(shared, default=None),
            "area": target.before / (subject.points * latents),
            "pictures": target.pictures_before,
            "sets": self._lost(effects, target, concept.category),
            "changed_most": _changed_most(effects, plan, vocabulary),
            "whole_passes": self.edited.replay.reason or None,
            "notes": [*plan.notes, *([] if target.before else empty)],
        }

    def _lost(self, effects: Effects, target: ConceptEffects, category: str) -> list[dict[str, Any]]:
        """Say for every set what the concept loses, and what all others of its category lose together."""
        others = [
            number for number in self.subject.vocabulary.of_category(category) if number != self.plan.concept
        ]
        beside = effects.of(*others) if others else None
        return [
            {
                "kind": each.kind,
                "repetition": each.repetition,
                "k": each.k,
                "lost": _lost_by(target, row),
                "others_lost": None if beside is None else _lost_by(beside, row),
            }
            for row, each in enumerate(self.plan.sets)
        ]


def _lost_by(found: ConceptEffects, row: int) -> dict[str, float | None]:
    return interval_entry(found.lost[row], found.lost_low[row], found.lost_high[row])


def _changed_most(effects: Effects, plan: SetPlan, vocabulary: Any, count: int = 6) -> list[dict[str, Any]]:
    """List the other concepts whose area changes most without the largest set, in pixels."""
    sums = {
        number: int(effects.changes(number)[plan.largest].sum())
        for number in range(1, len(vocabulary))
        if number != plan.concept
    }
    first = sorted(sums, key=lambda number: (-abs(sums[number]), number))[:count]
    rows = []
    for number in first:
        found, row = effects.of(number), plan.largest
        scale = effects.points * len(effects.pixels.samples)
        change = interval_entry(found.change[row] / scale, found.change_low[row], found.change_high[row])
        if sums[number]:
            concept = vocabulary[number]
            rows.append(
                {
                    "concept": concept.name,
                    "category": concept.category,
                    "area": found.before / scale,
                    "change": change,
                    "lost": _lost_by(found, row),
                }
            )
    return rows
