"""What is read of the rows of a run's tables: their columns, as named tuples of a table have them."""

from __future__ import annotations

from typing import Protocol


class MaskRow(Protocol):
    """A row that holds a mask: its bits, rows and columns."""

    mask_height: int
    mask_width: int


class SeenRow(Protocol):
    """A picture that a unit is looked at in; it has no file where the picture was not kept."""

    sample: int
    id: str
    picture: str | None
    peak: float
    mask: bytes


class ExemplarRow(SeenRow, MaskRow, Protocol):
    """One of the strongest pictures of a unit."""


class RegionRow(SeenRow, Protocol):
    """A picture of any strength in which the region of a unit is known."""

    kind: str


class UnitRow(Protocol):
    """A unit, named by its layer and number."""

    layer: str
    unit: int


class LabelledRow(UnitRow, Protocol):
    """A unit with a label."""

    concept: str


class AttemptRow(Protocol):
    """An attack on one picture: how far the copy is from it, in all and at most."""

    id: str
    source: str
    target: str
    l2: float
    largest: float


class AttackedRow(MaskRow, Protocol):
    """A unit before and after an attack on a picture; one that has no label has no text as its concept."""

    role: str
    rank: int
    unit: int
    concept: str | None
    original: str
    attacked: str
    before_mask: bytes
    after_mask: bytes
    change: object
    peak_before: float
    peak_after: float
