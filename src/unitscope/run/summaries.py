"""What a finished run says of itself in the ``summary`` of its manifest: a dissection, and what all kinds share.

The names are the keys of the file, which the pages of ``docs/`` describe one by one. Areas, shares, accuracies and
losses are fractions, areas those of all pictures unless a whole is named; intervals hold the middle 95 % of replicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SetKind = Literal["concept", "control", "random", "all"]
"""Of a set of units: the best for the concept, the best for another, drawn at random, or the best for the concept by
all latents, where the first are chosen on half of them."""


@dataclass(frozen=True, kw_only=True)
class LayerCounts:
    """Units of a layer, those that are detectors, and the different concepts that these match."""

    layer: str
    units: int
    detectors: int
    concepts: int


@dataclass(frozen=True, kw_only=True)
class DissectionSummary:
    """The folder of a dissection, pictures that were read and others; it is made of the tables."""

    run: str
    model: str
    pictures: int
    skipped: int
    layers: tuple[LayerCounts, ...]


@dataclass(frozen=True, kw_only=True)
class RunIdentity:
    """The dissection that a question starts from: its folder, SHA-256 of its configuration and of its weights."""

    run: str
    run_hash: str
    weights_hash: str
    model: str


@dataclass(frozen=True)
class LeftOut:
    """A picture that could not be read, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class PicturesRead:
    """Pictures, with SHA-256 of their content."""

    name: str
    hash: str
