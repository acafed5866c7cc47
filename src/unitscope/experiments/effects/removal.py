"""Remove sets of units everywhere, and measure how much of every concept goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.concepts.vocabulary import Vocabulary
from unitscope.experiments.effects.edited import Base, EditedGenerator, instead_of
from unitscope.experiments.effects.estimates import ConceptEffects, Effects
from unitscope.experiments.effects.pairs import largest_and_median, make_pair, save_picture
from unitscope.experiments.effects.sets import SetPlan, UnitOrder, chosen_on_all, masks_of, plan_sets
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
from unitscope.experiments.effects.work import MEASURE, EffectExperiment, LatentPlan
from unitscope.experiments.pieces import Piece, State, below
from unitscope.experiments.skeleton import Job, Table, run
from unitscope.layer.interventions import ablate
from unitscope.run.effect_summaries import ConceptChange, RemovalSummary, RemovedSet, UnitChoice
from unitscope.run.effects import Removal
from unitscope.run.folder import RunFolder
from unitscope.run.manifest import Values
from unitscope.run.numbers import Score
from unitscope.stats import AreaChanges, PixelCounts
from unitscope.stats.intersection import areas_by_picture

Numbers = NDArray[np.int64]


def run_removal(
    asked: Subject, settings: RemovalSettings, out: Path, *, order: UnitOrder | None = None
) -> Removal:
    """Remove the best units of a concept together, and controls; write the folder, or go on with it.

    Args:
        asked: the layer of a generator.
        settings: what is removed and measured.
        out: the folder, new or of the same configuration.
        order: units in the order of something else than their IoU with the concept.

    Raises:
        UnitscopeError: a concept or size does not fit, the generator fails or returns values that are not finite, or
            the folder is in use, belongs to another configuration or cannot be written.
    """
    return run(UnitRemoval(asked, settings, order), Removal, out)


@dataclass(frozen=True)
class RemovalPlan(LatentPlan):
    """Which sets of units are removed.

    Attributes:
        removed: the units of each set ``(V, U)`` bool.
        names: what each set is called in messages.
        concept: label value of the concept whose places are looked at; 0 for none.
    """

    removed: Tensor = field(default_factory=lambda: torch.zeros((0, 0), dtype=torch.bool))
    names: tuple[str, ...] = ()
    concept: int = 0


def measure_removal(edited: EditedGenerator, plan: RemovalPlan, piece: Piece) -> State:
    """Remove sets of units on some latents.

    Returns:
        The states of `AreaChanges` below ``areas`` and, where a concept is looked at, of `PixelCounts` below
        ``instead``: what stands where the concept was, for each set.
    """
    removed, concepts = plan.removed, len(edited.samples.vocabulary)
    areas, instead = AreaChanges(len(removed), concepts), PixelCounts(len(removed), concepts)
    for numbers in plan.batches(piece):
        base = edited.base(numbers)
        after = np.repeat(base.areas[:, None], len(removed), axis=1)
        for variant, row, labels in _without(edited, base, plan):
            after[row, variant] = areas_by_picture(labels, concepts)
            if plan.concept:
                instead.update(variant, instead_of(base.labels[row], labels, plan.concept, concepts))
        areas.update(base.numbers, base.areas, after)
    also = below("instead", instead.state_dict()) if plan.concept else {}
    return State({**below("areas", areas.state_dict()), **also})


def _without(
    edited: EditedGenerator, base: Base, plan: RemovalPlan
) -> Iterator[tuple[Numbers, Numbers, NDArray[np.int16]]]:
    """Yield sets and places of latents ``(b,)`` with label maps ``(b, P, gh, gw)``, for pictures that change."""
    # One set on all latents, then the next: batches without a set are those of the generator as it is.
    removed, rows = plan.removed, np.tile(np.arange(len(base)), len(plan.removed))

    def edit(jobs: Numbers, activation: Tensor) -> Tensor:
        chosen = removed[torch.from_numpy(jobs // len(base))].to(activation.device)
        return activation.masked_fill(chosen[:, :, None, None], 0)

    def name(job: int) -> str:
        variant, row = divmod(job, len(base))
        return f"latent {edited.samples.sample_ids[base.numbers[row]]!r} {plan.names[variant]}"

    for drawn in edited.drawn(base, rows, edit, name=name):
        yield drawn.jobs // len(base), drawn.jobs % len(base), drawn.labels


class UnitRemoval(EffectExperiment[RemovalSettings, RemovalPlan]):
    """What goes without the units that match a concept; arguments as for :func:`run_removal`."""

    title, measure = "removing units", measure_removal

    def __init__(self, asked: Subject, settings: RemovalSettings, order: UnitOrder | None = None) -> None:
        super().__init__(asked, settings)
        concept = asked.concept(settings.concept)
        self.order = order or UnitOrder.by_iou(asked, concept, settings)
        self.sets = plan_sets(asked, settings, concept=concept, order=self.order)

    def variants(self) -> int:
        """Return the number of sets."""
        return len(self.sets.sets)

    def plan(self) -> RemovalPlan:
        """Return which units are removed."""
        names = tuple(f"without {each.k} units ({each.kind})" for each in self.sets.sets)
        masks = masks_of(self.sets.sets, self.asked.layer.units)
        return RemovalPlan(removed=masks, names=names, concept=self.sets.concept)

    def deciding(self) -> Values:
        """Return the sets, and what ranked the units."""
        return {"sets": [list(each.units) for each in self.sets.sets], "order": self.order.source}

    def tables(self, job: Job) -> Iterator[tuple[str, Table]]:
        """Sum up, and save pictures before and after."""
        vocabulary, sets = self.asked.vocabulary, self.sets
        shape = len(sets.sets), len(vocabulary)
        areas = job.merged(MEASURE, lambda: AreaChanges(*shape), below="areas")
        instead = job.merged(MEASURE, lambda: PixelCounts(*shape), below="instead")
        self.effects = effects = Effects(areas.result(), points=self.asked.points)
        before = effects.areas(sets.concept)
        after = before + effects.changes(sets.concept)[sets.largest].toarray()[0]
        yield "sets", self._sets()
        found = [effects.of(number) for number in range(1, len(vocabulary))]
        pixels = effects.points * len(effects.pixels.samples)
        yield "effects", effect_table("set", found, pixels, vocabulary)
        yield "instead", shown_table("set", instead.result(), vocabulary)
        yield "latents", self._latents(before, after)
        yield "pairs", self._pairs(job.folder, before, after)

    def outcome(self, job: Job) -> Mapping[str, object]:  # noqa: ARG002
        """Return the summary."""
        return {"summary": self._summary(self.effects)}

    def _sets(self) -> pa.Table:
        sets, top = self.sets.sets, set(self.sets.sets[self.sets.largest].units)
        ranking = concept_columns(self.asked.vocabulary, np.array([each.ranking for each in sets], np.int64))
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
        ids = [self.asked.samples.sample_ids[sample] for sample in self.measured]
        return pa.table(
            {
                "sample": integers(self.measured),
                "id": pa.array(ids, pa.string()),
                "before": pa.array(before),
                "after": pa.array(after),
            }
        )

    def _pairs(self, folder: RunFolder, before: Numbers, after: Numbers) -> pa.Table:
        holding = np.flatnonzero(before)
        chosen = largest_and_median((before - after)[holding], self.settings.pairs)
        units, concept = self.sets.sets[self.sets.largest].units, self.sets.concept
        saved, lost, pixels = [], [], []
        for _, _, place in chosen:
            sample = self.measured[int(holding[place])]
            identifier = self.asked.samples.sample_ids[sample]
            pair = make_pair(
                self.subject, sample, lambda a: ablate(a, units), f"latent {identifier!r} without units"
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

    def _summary(self, effects: Effects) -> RemovalSummary:
        plan, points, vocabulary = self.sets, self.asked.points, self.asked.vocabulary
        latents, target = len(effects.pixels.samples), effects.of(plan.concept)
        concept, control = vocabulary[plan.concept], vocabulary[plan.control]
        assert concept is not None
        top = set(plan.sets[plan.largest].units)
        shared = [len(top & set(each.units)) for each in plan.sets if each.kind == "control"]
        empty = ("the concept appears in none of the pictures of these latents",)
        return RemovalSummary(
            **vars(self.common()),
            concept=concept.name,
            category=concept.category,
            rank=self.settings.rank,
            control=control.name if control else None,
            control_shared=max(shared, default=None),
            area=target.before / (points * latents),
            pictures=target.pictures_before,
            sets=self._lost(effects, target, concept.category),
            changed_most=_changed_most(effects, plan, vocabulary),
            choice=self._choice(effects),
            notes=(*self.asked.caveats, *plan.notes, *(() if target.before else empty)),
        )

    def _choice(self, effects: Effects) -> UnitChoice | None:
        """Say what is lost more without as many units that all latents choose, the measured ones included."""
        plan, same = self.sets, chosen_on_all(self.sets.sets)
        if same is None:
            return None
        own, other = (set(plan.sets[number].units) for number in (plan.largest, same))
        gain = effects.lost_more(plan.concept, same, plan.largest)
        return UnitChoice(latents=self.order.latents, shared=len(own & other), gain=Score.of(*gain))

    def _lost(self, effects: Effects, target: ConceptEffects, category: str) -> tuple[RemovedSet, ...]:
        """Say for every set what the concept loses, and what all others of its category lose together."""
        others = [
            number for number in self.asked.vocabulary.of_category(category) if number != self.sets.concept
        ]
        beside = effects.of(*others) if others else None
        return tuple(
            RemovedSet(
                kind=each.kind,
                repetition=each.repetition,
                k=each.k,
                lost=_lost_by(target, row),
                others_lost=None if beside is None else _lost_by(beside, row),
            )
            for row, each in enumerate(self.sets.sets)
        )


def _lost_by(found: ConceptEffects, row: int) -> Score:
    return Score.of(found.lost[row], found.lost_low[row], found.lost_high[row])


def _changed_most(
    effects: Effects, plan: SetPlan, vocabulary: Vocabulary, count: int = 6
) -> tuple[ConceptChange, ...]:
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
        change = Score.of(found.change[row] / scale, found.change_low[row], found.change_high[row])
        concept = vocabulary[number]
        if sums[number] and concept:
            rows.append(
                ConceptChange(
                    concept=concept.name,
                    category=concept.category,
                    area=found.before / scale,
                    change=change,
                    lost=_lost_by(found, row),
                )
            )
    return tuple(rows)
