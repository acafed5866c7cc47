"""What the manifests of runs about a generator say: what goes without units, what comes with them, their ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from unitscope.run.manifest import Values
from unitscope.run.numbers import Score
from unitscope.run.summaries import RunIdentity, SetKind


@dataclass(frozen=True, kw_only=True)
class EffectSummary(RunIdentity):
    """What every question about a generator says: units of the layer, latents, points of a picture's pixel grid."""

    layer: str
    units: int
    generator: str
    latents: int
    points: int
    settings: Values
    whole_passes: str | None


@dataclass(frozen=True, kw_only=True)
class UnitChoice:
    """How many other latents chose the units; those that all would choose share so many, and gain so much beyond them.

    The gain is of the share that is lost, or of places that succeed, on the latents that are measured.
    """

    latents: int
    shared: int
    gain: Score


@dataclass(frozen=True, kw_only=True)
class RemovedSet:
    """What the concept, and all others of its category, lose of their own area without `k` units; below 0 they gain."""

    kind: SetKind
    repetition: int
    k: int
    lost: Score
    others_lost: Score | None


@dataclass(frozen=True, kw_only=True)
class ConceptChange:
    """Another concept: its area, the change of that without the largest set, and the share of it that is lost."""

    concept: str
    category: str
    area: float
    change: Score
    lost: Score


@dataclass(frozen=True, kw_only=True)
class RemovalSummary(EffectSummary):
    """What goes without the units of a concept, which covers an area and is in so many pictures."""

    concept: str
    category: str
    rank: Literal["iou", "effect"]
    control: str | None
    control_shared: int | None
    area: float
    pictures: int
    sets: tuple[RemovedSet, ...]
    changed_most: tuple[ConceptChange, ...]
    notes: tuple[str, ...]
    choice: UnitChoice | None = None


@dataclass(frozen=True)
class Cells:
    """The cells of the activation grid that are tried in each picture."""

    kind: Literal["all", "lattice", "random"]
    count: int


@dataclass(frozen=True, kw_only=True)
class PlaceShares:
    """What places amount to: the mean new area, and the share of them that succeed."""

    places: int
    new_area: Score
    success: Score


@dataclass(frozen=True, kw_only=True)
class InsertedSet(PlaceShares):
    """What a set of units does at all places."""

    kind: SetKind
    repetition: int


@dataclass(frozen=True, kw_only=True)
class ContextShares(PlaceShares):
    """What the concept's units do where another concept was, or nothing (None)."""

    concept: str | None


@dataclass(frozen=True, kw_only=True)
class InsertionSummary(EffectSummary):
    """What appears of a concept where `k` units are forced on; the sizes are of the activation and of pictures."""

    grid: tuple[int, int]
    size: tuple[int, int]
    concept: str
    category: str
    k: int
    level: str
    locations: Cells
    context: str
    min_new_pixels: int
    sets: tuple[InsertedSet, ...]
    contexts: tuple[ContextShares, ...]
    notes: tuple[str, ...]
    choice: UnitChoice | None = None


@dataclass(frozen=True, kw_only=True)
class RankedConcept:
    """A concept, the share it loses without the unit that takes most, and Spearman's correlation with IoU.

    `unit` is None where no unit's effect is told from none; `units_with_effect` counts those whose is, and is None in
    rankings from before that was tested.
    """

    concept: str
    category: str
    area: float
    unit: int | None
    lost: Score
    first_by_iou: int | None
    correlation: Score
    units_with_effect: int | None = None


@dataclass(frozen=True, kw_only=True)
class RankingSummary(EffectSummary):
    """What goes without each unit alone; the concepts that cover most come first."""

    concepts: tuple[RankedConcept, ...]
    notes: tuple[str, ...]
