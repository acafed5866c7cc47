"""Which units are removed together: the best for a concept, and the controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.errors import UnitscopeError
from unitscope.experiments.effects.settings import NO_CONTROL, ChoiceSettings, RemovalSettings
from unitscope.experiments.effects.subject import Subject
from unitscope.run.summaries import SetKind
from unitscope.sources.class_names import listing
from unitscope.stats.inference import keyed_order


@dataclass(frozen=True)
class UnitOrder:
    """Units from the best for a concept to the worst.

    Attributes:
        units: ``(U,)``.
        source: the hash of what ranked them; empty for the dissection itself.
        on_all: their order where all latents rank them, those that are measured included; None where `units` is that.
        latents: how many latents ranked them in `units`.
    """

    units: NDArray[np.int64]
    source: str = ""
    on_all: NDArray[np.int64] | None = None
    latents: int = 0

    @classmethod
    def by_iou(cls, subject: Subject, concept: int, settings: ChoiceSettings) -> UnitOrder:
        """Order the units of a layer by their IoU with a concept.

        Raises:
            UnitscopeError: no unit matches it on the latents that are to choose.
        """
        on_all = subject.matches.ranked(concept) if settings.halved else None
        ranked = subject.ranked(concept, settings)
        return cls(ranked, on_all=on_all, latents=subject.chosen_on(settings))


@dataclass(frozen=True)
class UnitSet:
    """Units that are intervened on together.

    Attributes:
        kind: ``concept``: the best for the concept; ``all``: those that all latents would choose, the measured ones
            included; ``control``: the best for another; ``random``.
        ranking: label value of the concept they are ranked for; 0 for random ones.
        repetition: of the random order, from 1; 0 for others.
        units: in the order of their ranks.
    """

    kind: SetKind
    ranking: int
    repetition: int
    units: tuple[int, ...]

    @property
    def k(self) -> int:
        """Units of the set."""
        return len(self.units)


@dataclass(frozen=True)
class SetPlan:
    """The sets whose effects are measured.

    Attributes:
        sets: those of the concept first, by size.
        concept: label value of the concept.
        control: label value of the concept of the other control; 0 without one.
        notes: lines a reader should see.
    """

    sets: tuple[UnitSet, ...]
    concept: int
    control: int
    notes: tuple[str, ...]

    @property
    def largest(self) -> int:
        """Number of the largest set of the concept."""
        return max(number for number, each in enumerate(self.sets) if each.kind == "concept")


def chosen_on_all(sets: Sequence[UnitSet]) -> int | None:
    """Return the number of the set that all latents would choose; None without one."""
    return next((number for number, each in enumerate(sets) if each.kind == "all"), None)


def plan_sets(subject: Subject, settings: RemovalSettings, *, concept: int, order: UnitOrder) -> SetPlan:
    """Plan the sets of a removal.

    Args:
        subject: the layer.
        settings: sizes and controls.
        concept: label value of the concept.
        order: units from the best for it to the worst.

    Raises:
        UnitscopeError: a set is larger than the layer, or the other concept is none.
    """
    for size in settings.units:
        subject.check_size(size)
    for size in settings.control_units:
        subject.check_size(size, "--control-units")
    sizes, top = settings.control_units or settings.units[-1:], settings.units[-1]
    sets = [UnitSet("concept", concept, 0, as_units(order.units[:k])) for k in settings.units]
    random, notes = random_sets(
        np.sort(order.units[top:]), sizes, repetitions=settings.random, seed=settings.seed, taken=top
    )
    control = choose_control(subject, settings, concept)
    if control:
        ranked = subject.ranked(control, settings, "--control")
        sets += [UnitSet("control", control, 0, as_units(ranked[:k])) for k in sizes]
    elif settings.control != NO_CONTROL:
        notes.append(
            "no unit of the layer is labelled with another concept of the category, so none is a control"
        )
    if settings.rank == "iou":
        notes = [*few_matching(subject, settings, concept, top), *notes]
    same = [] if order.on_all is None else [UnitSet("all", concept, 0, as_units(order.on_all[:top]))]
    return SetPlan((*sets, *random, *same), concept, control, tuple(notes))


def few_matching(subject: Subject, settings: ChoiceSettings, concept: int, size: int) -> list[str]:
    """Return a line that says how many units match a concept, if a set of `size` units is larger."""
    matching = int((subject.choosing(settings).iou[:, concept] > 0).sum())
    if size <= matching:
        return []
    return [f"only {matching} units share a pixel with the concept; the others follow by number"]


def masks_of(sets: Sequence[UnitSet], units: int) -> Tensor:
    """Return which units of a layer of `units` each set holds ``(V, U)`` bool."""
    masks = torch.zeros((len(sets), units), dtype=torch.bool)
    for row, each in enumerate(sets):
        masks[row, list(each.units)] = True
    return masks


def random_sets(
    outside: NDArray[np.int64], sizes: Sequence[int], *, repetitions: int, seed: int, taken: int
) -> tuple[list[UnitSet], list[str]]:
    """Draw random sets: the first units of a random order, one order for each repetition.

    Args:
        outside: units to draw from, in order.
        sizes: units of the sets; those that are too large are left out.
        repetitions: random orders.
        seed: of the orders.
        taken: units that are not drawn from, for the note.

    Returns:
        The sets, and a line that says which sizes were left out.
    """
    numbers = range(1, repetitions + 1)
    orders = [outside[keyed_order(len(outside), seed, repetition)] for repetition in numbers]
    sets = [
        UnitSet("random", 0, repetition, as_units(order[:k]))
        for k in sizes
        if k <= len(outside)
        for repetition, order in enumerate(orders, 1)
    ]
    missing = [str(k) for k in sizes if k > len(outside)]
    notes = []
    if missing and repetitions:
        notes.append(
            f"no random sets of {listing(missing)} units: only {len(outside)} units are outside the {taken} best"
        )
    return sets, notes


def choose_control(subject: Subject, settings: RemovalSettings, concept: int) -> int:
    """Return the concept of the other control, 0 for none.

    It is the one that is asked for; else, of the concepts of the same category, the one that most units of the layer
    are labelled with besides this one, the first among equals.

    Raises:
        UnitscopeError: the one that is asked for is unknown, in no picture, the concept itself, or no unit matches it.
    """
    if settings.control == NO_CONTROL:
        return 0
    if settings.control is not None:
        control = subject.concept(settings.control, "--control")
        if control == concept:
            raise UnitscopeError(
                f"--control {settings.control!r} is the concept itself; give another concept, or none"
            )
        return control
    category = subject.vocabulary[concept].category  # type: ignore[union-attr]
    others = [number for number in subject.vocabulary.of_category(category) if number != concept]
    labels = subject.choosing(settings).labels
    counts = np.bincount(labels, minlength=len(subject.vocabulary))[others]
    return others[int(counts.argmax())] if counts.any() else 0


def as_units(order: NDArray[np.int64]) -> tuple[int, ...]:
    """Return unit numbers as plain integers."""
    return tuple(int(unit) for unit in order)
