"""Force units on at single places, and measure what appears of their concept there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.experiments.effects.edited import Base, Drawn, EditedGenerator, instead_of
from unitscope.experiments.effects.insertion_plan import InsertionPlan, plan_insertion
from unitscope.experiments.effects.locations import Footprints
from unitscope.experiments.effects.places import PlaceFindings
from unitscope.experiments.effects.settings import InsertionSettings
from unitscope.experiments.effects.subject import Subject
from unitscope.experiments.effects.work import MEASURE, EffectExperiment, LatentPlan
from unitscope.experiments.pieces import Piece, State, below
from unitscope.experiments.skeleton import Job, Table, run
from unitscope.run.effects import Insertion
from unitscope.run.manifest import Values
from unitscope.stats import Insertions, PixelCounts, Places

Numbers = NDArray[np.int64]


def run_insertion(
    asked: Subject, settings: InsertionSettings, out: Path, *, levels: NDArray[np.float32]
) -> Insertion:
    """Force the best units of a concept on at single places; write the folder, or go on with it.

    Args:
        asked: the layer of a generator.
        settings: what is inserted and measured.
        out: the folder, new or of the same configuration.
        levels: activation that each unit of the layer is forced to ``(U,)`` float32.

    Raises:
        UnitscopeError: a setting does not fit, the generator fails or returns values that are not finite, or the
            folder is in use, belongs to another configuration or cannot be written.
    """
    return run(UnitInsertion(asked, settings, levels), Insertion, out)


def measure_insertion(edited: EditedGenerator, plan: InsertionWork, piece: Piece) -> State:
    """Insert on some latents.

    Returns:
        The states of `Insertions` below ``places`` and of `PixelCounts` below ``replaced``: what new pixels of the
        concept showed before, for each set.
    """
    return Inserting(edited, plan.insertion, plan.footprints).measure(plan.batches(piece))


@dataclass(frozen=True)
class InsertionWork(LatentPlan):
    """What is forced on where, and which points of the pixel grid are there."""

    insertion: InsertionPlan = field(kw_only=True)
    footprints: Footprints = field(kw_only=True)


class UnitInsertion(EffectExperiment[InsertionSettings, InsertionWork]):
    """Where a concept appears when its units are forced on; arguments as for :func:`run_insertion`."""

    title, measure = "inserting units", measure_insertion

    def __init__(self, asked: Subject, settings: InsertionSettings, levels: NDArray[np.float32]) -> None:
        super().__init__(asked, settings)
        self.insertion = plan_insertion(asked, settings, levels)

    def variants(self) -> int:
        """Return the number of sets times that of places."""
        return self.insertion.jobs

    def plan(self) -> InsertionWork:
        """Return what is forced on where."""
        footprints = Footprints.of(self.asked.layer.grid, self.asked.samples.grid)
        return InsertionWork(insertion=self.insertion, footprints=footprints)

    def deciding(self) -> Values:
        """Return the sets and the levels."""
        return {
            "sets": [list(each.units) for each in self.insertion.sets],
            "levels_hash": hashlib.sha256(self.insertion.levels.tobytes()).hexdigest(),
        }

    def tables(self, job: Job) -> Iterable[tuple[str, Table]]:
        """Sum up by set, context and place."""
        inserting = Inserting(self.subject, self.insertion, self.plan().footprints)
        places = job.merged(MEASURE, lambda: inserting.empty()[0], below="places")
        replaced = job.merged(MEASURE, lambda: inserting.empty()[1], below="replaced")
        self.findings = PlaceFindings(
            self.asked,
            self.settings,
            self.insertion,
            self.subject,
            job.folder,
            places.result(),
            replaced.result(),
        )
        return self.findings.tables()

    def outcome(self, job: Job) -> Mapping[str, object]:  # noqa: ARG002
        """Return the summary."""
        return {"summary": self.findings.summary(self.common())}


@dataclass(frozen=True)
class Inserting:
    """Forces sets of units on at single cells.

    Attributes:
        edited: the generator.
        plan: what is forced on where.
        footprints: the points of the pixel grid in each cell.
    """

    edited: EditedGenerator
    plan: InsertionPlan
    footprints: Footprints

    def empty(self) -> tuple[Insertions, PixelCounts]:
        """Return statistics that have seen nothing: of places, and of what new pixels replaced."""
        groups, concepts = len(self.plan.sets), len(self.edited.samples.vocabulary)
        return Insertions(groups, self.footprints.cells, concepts), PixelCounts(groups, concepts)

    def measure(self, batches: Iterator[range]) -> State:
        """Insert on some latents, numbers of which come a batch at a time."""
        places, replaced = self.empty()
        for numbers in batches:
            base = self.edited.base(numbers)
            jobs = _Jobs(self.plan, base)
            new, lost = np.zeros((2, len(jobs)), np.int64)
            for drawn in self.edited.drawn(base, jobs.row, jobs.edit, name=self._namer(jobs)):
                new[drawn.jobs], lost[drawn.jobs] = self._compare(drawn, jobs, replaced)
            concepts = len(self.edited.samples.vocabulary)
            contexts = self.footprints.contexts(base.labels, self.plan.context, concepts)
            there = contexts[jobs.row, jobs.cell]
            places.update(Places(base.numbers[jobs.row], jobs.group, jobs.cell, there, new, lost))
        return State({**below("places", places.state_dict()), **below("replaced", replaced.state_dict())})

    def _compare(self, drawn: Drawn, jobs: _Jobs, replaced: PixelCounts) -> tuple[Numbers, Numbers]:
        concept, concepts = self.plan.concept, len(self.edited.samples.vocabulary)
        before = jobs.base.labels[jobs.row[drawn.jobs]]
        appeared = instead_of(drawn.labels, before, concept, concepts)
        replaced.update(jobs.group[drawn.jobs], appeared)
        return appeared.sum(1), instead_of(before, drawn.labels, concept, concepts).sum(1)

    def _namer(self, jobs: _Jobs) -> Callable[[int], str]:
        ids, width = self.edited.samples.sample_ids, self.plan.locations.grid[1]

        def name(job: int) -> str:
            row, column = divmod(int(jobs.cell[job]), width)
            kind = self.plan.sets[int(jobs.group[job])].kind
            identifier = ids[jobs.base.numbers[jobs.row[job]]]
            return f"latent {identifier!r} with units ({kind}) forced on at row {row}, column {column}"

        return name


class _Jobs:
    """All insertions on a batch of latents: one set at one place on all latents, then the next.

    Attributes:
        row: place of the latent in the batch ``(J,)``.
        group: number of the set ``(J,)``.
        cell: number of the cell ``(J,)``.
    """

    def __init__(self, plan: InsertionPlan, base: Base) -> None:
        self.plan, self.base = plan, base
        count, latents = plan.locations.count, len(base)
        cells = plan.locations.of_samples(base.numbers)
        self.row = np.tile(np.arange(latents), plan.jobs)
        self.cell: Numbers = np.tile(cells.T.ravel(), len(plan.sets))
        self.group = np.repeat(np.arange(len(plan.sets)), count * latents)

    def __len__(self) -> int:
        return len(self.row)

    def edit(self, jobs: Numbers, activation: Tensor) -> Tensor:
        """Force the units of some jobs on in their activations ``(b, U, h, w)``."""
        device = activation.device
        return force_at(
            activation,
            self.plan.masks[torch.from_numpy(self.group[jobs])].to(device),
            torch.from_numpy(self.cell[jobs]).to(device),
            torch.from_numpy(self.plan.levels).to(activation),
        )


def force_at(activation: Tensor, units: Tensor, cells: Tensor, levels: Tensor) -> Tensor:
    """Force units to levels at one cell of each activation.

    Args:
        activation: ``(b, U, h, w)``.
        units: which, for each ``(b, U)`` bool.
        cells: where: row by row from 0 ``(b,)`` int64.
        levels: of every unit ``(U,)``; activation scale.

    Returns:
        A new activation ``(b, U, h, w)``.
    """
    edited = activation.clone(memory_format=torch.contiguous_format)
    flat = edited.flatten(2)
    each = torch.arange(len(cells), device=cells.device)
    flat[each, :, cells] = torch.where(units, levels, flat[each, :, cells])
    return edited
