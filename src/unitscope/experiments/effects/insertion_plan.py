"""What is forced on where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.experiments.effects.locations import LocationPlan
from unitscope.experiments.effects.sets import (
    UnitOrder,
    UnitSet,
    as_units,
    few_matching,
    masks_of,
    random_sets,
)
from unitscope.experiments.effects.settings import InsertionSettings
from unitscope.experiments.effects.subject import Subject

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class InsertionPlan:
    """What is forced on where.

    Attributes:
        sets: the units of the concept, then the random ones, then those that all latents would choose.
        levels: activation that each unit of the layer is forced to ``(U,)`` float32.
        locations: the cells.
        concept: label value of the concept that should appear.
        context: label values that say what was there before.
        notes: lines a reader should see.
        chosen_on: how many latents chose the units.
    """

    sets: tuple[UnitSet, ...]
    levels: NDArray[np.float32]
    locations: LocationPlan
    concept: int
    context: Numbers
    notes: tuple[str, ...]
    chosen_on: int

    @property
    def jobs(self) -> int:
        """Pictures made of each latent."""
        return len(self.sets) * self.locations.count

    @cached_property
    def masks(self) -> Tensor:
        """Which units each set holds ``(G, U)`` bool."""
        return masks_of(self.sets, len(self.levels))


def plan_insertion(
    subject: Subject, settings: InsertionSettings, levels: NDArray[np.float32]
) -> InsertionPlan:
    """Plan an insertion.

    Raises:
        UnitscopeError: a concept, category or number of units does not fit, a level is not finite, or the layer has a
            single cell.
    """
    grid = subject.layer.grid
    if grid == (1, 1):
        raise UnitscopeError(
            f"layer {subject.layer.name!r} has a grid of 1x1, so there are no places to tell apart; "
            "choose a layer with a larger grid"
        )
    concept = subject.concept(settings.concept)
    subject.check_size(settings.units)
    order = UnitOrder.by_iou(subject, concept, settings)
    outside = np.sort(order.units[settings.units :])
    random, notes = random_sets(
        outside, [settings.units], repetitions=settings.random, seed=settings.seed, taken=settings.units
    )
    notes = [*few_matching(subject, settings, concept, settings.units), *notes]
    sets = [UnitSet("concept", concept, 0, as_units(order.units[: settings.units])), *random]
    if order.on_all is not None:
        sets.append(UnitSet("all", concept, 0, as_units(order.on_all[: settings.units])))
    if not np.isfinite(levels).all():
        raise UnitscopeError(
            f"the level of unit {int(np.flatnonzero(~np.isfinite(levels))[0])} is not finite; give --level a number"
        )
    locations = LocationPlan.of(grid, settings.locations, settings.seed)
    context = _context(subject, settings, concept)
    return InsertionPlan(tuple(sets), levels, locations, concept, context, tuple(notes), order.latents)


def _context(subject: Subject, settings: InsertionSettings, concept: int) -> Numbers:
    vocabulary = subject.vocabulary
    category = settings.context or vocabulary[concept].category  # type: ignore[union-attr]
    if category not in vocabulary.categories:
        hint = did_you_mean(category, vocabulary.categories) or f" it has {', '.join(vocabulary.categories)}"
        raise UnitscopeError(f"--context {category!r} is no category of the vocabulary;{hint}")
    return np.array(vocabulary.of_category(category), np.int64)
