"""From insertions at places to the tables and the summary."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from scipy import sparse

from unitscope.experiments.effects.edited import EditedGenerator
from unitscope.experiments.effects.insertion_plan import InsertionPlan
from unitscope.experiments.effects.pairs import largest_and_median, make_pair, save_picture
from unitscope.experiments.effects.sets import chosen_on_all
from unitscope.experiments.effects.settings import InsertionSettings
from unitscope.experiments.effects.subject import Subject
from unitscope.experiments.effects.tables import (
    Columns,
    SavedPair,
    concept_columns,
    integers,
    mask_columns,
    reals,
    saved_columns,
    shown_table,
)
from unitscope.layer.interventions import insert
from unitscope.run.effect_summaries import (
    Cells,
    ContextShares,
    EffectSummary,
    InsertedSet,
    InsertionSummary,
    PlaceShares,
    UnitChoice,
)
from unitscope.run.folder import RunFolder
from unitscope.run.numbers import Score
from unitscope.stats import Places
from unitscope.stats.inference import certain_shares
from unitscope.stats.ratios import ratio_intervals

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """What groups of places amount to ``(K,)`` each, with 95 % intervals over latents.

    Attributes:
        places: number of places.
        successes: places where enough new pixels appear.
        latents: pictures with such a place.
        new: mean of the new pixels, as a fraction of a picture: value, low, high; NaN without a place.
        success: share of successes: value, low, high.
    """

    places: Numbers
    successes: Numbers
    latents: Numbers
    new: NDArray[np.float64]
    success: NDArray[np.float64]

    def columns(self) -> Columns:
        """Return them as columns of a table."""
        return {
            "places": pa.array(self.places),
            "latents": pa.array(self.latents),
            **{name: reals(row) for name, row in zip(("new_area", "new_low", "new_high"), self.new, strict=True)},
            "successes": pa.array(self.successes),
            **{
                name: reals(row)
                for name, row in zip(("success", "success_low", "success_high"), self.success, strict=True)
            },
        }  # fmt: skip


@dataclass(frozen=True)
class PlaceFindings:
    """Everything the tables of an insertion are made of."""

    subject: Subject
    settings: InsertionSettings
    plan: InsertionPlan
    edited: EditedGenerator
    folder: RunFolder
    places: Places
    replaced: Numbers
    """What new pixels showed before, by set ``(G, C)``."""

    @cached_property
    def samples(self) -> Numbers:
        """The sample numbers of the latents, in order ``(N,)``."""
        return np.unique(self.places.sample)

    @cached_property
    def needed(self) -> int:
        """New pixels that make a success."""
        grid = self.plan.locations.grid
        share = Fraction(str(self.settings.min_new)) * self.subject.points / (grid[0] * grid[1])
        return max(math.ceil(share), 1)

    def shares(self, group: Numbers, groups: int) -> Shares:
        """Sum places by group.

        Args:
            group: of each place ``(m,)``.
            groups: number of them K.
        """
        latent = np.searchsorted(self.samples, self.places.sample)
        shape = (groups, len(self.samples))

        def counted(values: Numbers) -> sparse.csr_matrix:
            table = sparse.csr_matrix((values, (group, latent)), shape=shape, dtype=np.int64)
            table.eliminate_zeros()
            return table

        success = (self.places.new >= self.needed).astype(np.int64)
        places, new, won = counted(np.ones_like(latent)), counted(self.places.new), counted(success)
        totals = [np.asarray(values.sum(1), np.int64).ravel() for values in (places, new, won)]
        with np.errstate(divide="ignore", invalid="ignore"):
            mean, share = (np.where(totals[0] > 0, total / totals[0], np.nan) for total in totals[1:])
        pictures = np.asarray((places > 0).sum(1), np.int64).ravel()
        points = self.subject.points
        areas = np.stack([mean, *ratio_intervals(new, places, within=(0, points))]) / points
        shares = ratio_intervals(won, places, fewest=1, within=(0, 1))
        ends = certain_shares(totals[2], totals[0], pictures, shares)
        return Shares(totals[0], totals[2], pictures, areas, np.stack([share, *ends]))

    @cached_property
    def together(self) -> Shares:
        """What sets amount to."""
        return self.shares(self.places.group, len(self.plan.sets))

    @cached_property
    def contexts(self) -> Shares:
        """What sets amount to by what was there before: set times concepts plus label value."""
        concepts = len(self.subject.vocabulary)
        return self.shares(self.places.group * concepts + self.places.context, len(self.plan.sets) * concepts)

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Make one table after the other, and save pictures before and after."""
        yield "sets", self._sets(self.together)
        yield "contexts", self._contexts(self.contexts)
        yield "locations", self._locations()
        yield "replaced", shown_table("set", self.replaced, self.subject.vocabulary)
        yield "places", self._places()
        yield "pairs", self._pairs(self.contexts)

    def _sets(self, shares: Shares) -> pa.Table:
        sets = self.plan.sets
        levels = [[float(self.plan.levels[unit]) for unit in each.units] for each in sets]
        return pa.table(
            {
                "set": integers(range(len(sets))),
                "kind": pa.array([each.kind for each in sets], pa.string()),
                "repetition": integers(each.repetition for each in sets),
                "units": pa.array([list(each.units) for each in sets], pa.list_(pa.int32())),
                "levels": pa.array(levels, pa.list_(pa.float32())),
                **shares.columns(),
            }
        )

    def _contexts(self, shares: Shares) -> pa.Table:
        found = np.flatnonzero(shares.places)
        group, number = np.divmod(found, len(self.subject.vocabulary))
        return pa.table(
            {
                "set": integers(group),
                **concept_columns(self.subject.vocabulary, number),
                **{name: column.take(pa.array(found)) for name, column in shares.columns().items()},
            }
        )

    def _locations(self) -> pa.Table:
        height, width = self.plan.locations.grid
        cells, sets = height * width, len(self.plan.sets)
        shares = self.shares(self.places.group * cells + self.places.location, sets * cells)
        cell = np.tile(np.arange(cells), sets)
        return pa.table(
            {
                "set": integers(np.repeat(np.arange(sets), cells)),
                "row": integers(cell // width),
                "column": integers(cell % width),
                **shares.columns(),
            }
        )

    def _places(self) -> pa.Table:
        order = np.lexsort((self.places.location, self.places.sample, self.places.group))
        width = self.plan.locations.grid[1]
        columns = {name: getattr(self.places, name)[order] for name in self.places.__dataclass_fields__}
        return pa.table(
            {
                "set": integers(columns["group"]),
                "sample": integers(columns["sample"]),
                "row": integers(columns["location"] // width),
                "column": integers(columns["location"] % width),
                "context": integers(columns["context"]),
                "new": integers(columns["new"]),
                "lost": integers(columns["lost"]),
                "success": pa.array(columns["new"] >= self.needed),
            }
        )

    def _chosen(self, contexts: Shares) -> list[tuple[int, str, int, int]]:
        """Choose examples: context, rule, sample and cell; the largest and the median case of the largest contexts."""
        counts = contexts.places[: len(self.subject.vocabulary)]
        first = np.argsort(-counts, kind="stable")[: self.settings.contexts]
        chosen = []
        for context in first[counts[first] > 0].tolist():
            rows = self.places.at((self.places.group == 0) & (self.places.context == context))
            for rule, _, place in largest_and_median(rows.new, 1):
                chosen.append((context, rule, int(rows.sample[place]), int(rows.location[place])))
        return chosen

    def _pairs(self, contexts: Shares) -> pa.Table:
        chosen, width = self._chosen(contexts), self.plan.locations.grid[1]
        saved, new, pixels = [], [], []
        for _, _, sample, cell in chosen:
            saved.append(self._save(sample, cell))
            was, holds = saved[-1].pair.held(self.plan.concept)
            new.append(holds & ~was)
            pixels.append((int((holds & ~was).sum()), int((was & ~holds).sum())))
        return pa.table(
            {
                **concept_columns(
                    self.subject.vocabulary, np.array([context for context, *_ in chosen], np.int64)
                ),
                "rule": pa.array([rule for _, rule, _, _ in chosen], pa.string()),
                "row": integers(cell // width for *_, cell in chosen),
                "column": integers(cell % width for *_, cell in chosen),
                **saved_columns(saved),
                "new_pixels": pa.array([count for count, _ in pixels], pa.int64()),
                "lost_pixels": pa.array([count for _, count in pixels], pa.int64()),
                **mask_columns(saved, "new_mask", new),
            }
        )

    def _save(self, sample: int, cell: int) -> SavedPair:
        grid = self.plan.locations.grid
        row, column = divmod(cell, grid[1])
        region = torch.zeros(grid, dtype=torch.bool)
        region[row, column] = True
        levels, units = torch.from_numpy(self.plan.levels), self.plan.sets[0].units
        identifier = self.subject.samples.sample_ids[sample]
        pair = make_pair(
            self.edited, sample, lambda a: insert(a, units, region, level=levels), f"latent {identifier!r}"
        )
        names = (f"{sample:06d}-before", f"{sample:06d}-r{row}c{column}-after")
        files = [
            save_picture(self.folder.path, *each)
            for each in zip(names, (pair.before, pair.after), strict=True)
        ]
        return SavedPair(pair, files[0], files[1], sample, identifier)

    def summary(self, common: EffectSummary) -> InsertionSummary:
        """Return the summary: what all effects say, and what there is of places."""
        plan, vocabulary = self.plan, self.subject.vocabulary
        concept, context = vocabulary[plan.concept], vocabulary[int(plan.context[0])]
        assert concept is not None
        assert context is not None
        return InsertionSummary(
            **vars(common),
            grid=plan.locations.grid,
            size=self.subject.samples.size,
            concept=concept.name,
            category=concept.category,
            k=plan.sets[0].k,
            level=str(self.settings.level),
            locations=Cells(plan.locations.kind, plan.locations.count),
            context=context.category,
            min_new_pixels=self.needed,
            sets=tuple(
                InsertedSet(kind=each.kind, repetition=each.repetition, **vars(_entry(self.together, row)))
                for row, each in enumerate(plan.sets)
            ),
            contexts=self._named(self.contexts),
            choice=self._choice(),
            notes=(*self.subject.caveats, *plan.notes),
        )

    def _choice(self) -> UnitChoice | None:
        """Say at how many places more as many units succeed that all latents choose, the measured ones included."""
        sets, same = self.plan.sets, chosen_on_all(self.plan.sets)
        if same is None:
            return None
        success = (self.places.new >= self.needed).astype(np.int64)
        sign = (self.places.group == same).astype(np.int64) - (self.places.group == 0)
        latent = np.searchsorted(self.samples, self.places.sample)
        more, places = (
            np.bincount(latent, values, len(self.samples)).astype(np.int64)[None]
            for values in (sign * success, self.places.group == 0)
        )
        low, high = ratio_intervals(more, places)
        gain = Score.of(more.sum() / places.sum(), low[0], high[0])
        shared = len(set(sets[0].units) & set(sets[same].units))
        return UnitChoice(latents=self.plan.chosen_on, shared=shared, gain=gain)

    def _named(self, contexts: Shares) -> tuple[ContextShares, ...]:
        """List the contexts of the concept's own set, those with the most places first."""
        vocabulary = self.subject.vocabulary
        counts = contexts.places[: len(vocabulary)]
        found = [int(number) for number in np.argsort(-counts, kind="stable") if counts[number]]
        named = {number: vocabulary[number] for number in found}
        return tuple(
            ContextShares(concept=each.name if each else None, **vars(_entry(contexts, number)))
            for number, each in named.items()
        )


def _entry(shares: Shares, row: int) -> PlaceShares:
    return PlaceShares(
        places=int(shares.places[row]),
        new_area=Score.of(*shares.new[:, row]),
        success=Score.of(*shares.success[:, row]),
    )
