"""What effects amount to, with paired bootstrap intervals over latents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from unitscope.stats import ConceptPixels
from unitscope.stats.inference import (
    Floats,
    Interval,
    correlation_interval,
    draw_weights,
    no_interval,
    rank_correlation,
    ratio_intervals,
)

Numbers = NDArray[np.int64]
Counts = sparse.csr_matrix | NDArray[np.int64]
"""Integers by variant and latent ``(V, N)``, sparse or dense."""
ROWS_AT_ONCE = 1024
"""Variants whose replicates are in memory at once."""


@dataclass(frozen=True)
class DrawnLatents:
    """N latents, and how often each of R bootstrap replicates counts every one of them.

    Attributes:
        samples: sample numbers ``(N,)``.
        weights: ``(N, R)``; a row depends on the seed and the latent's number alone.
    """

    samples: Numbers
    weights: NDArray[np.int64]

    @classmethod
    def draw(cls, samples: Numbers, *, replicates: int, seed: int) -> DrawnLatents:
        """Draw the weights of latents with these sample numbers ``(N,)``."""
        return cls(samples, draw_weights(samples, replicates, seed, np.int64))

    @cached_property
    def counted(self) -> Numbers:
        """Latents that every replicate counts, repeats included ``(R,)``."""
        total: Numbers = self.weights.sum(0)
        return total

    def sums(self, values: Counts) -> Numbers:
        """Return weighted sums ``(V, R)`` of sparse or dense integers ``(V, N)``: exact, in any order."""
        return np.asarray(values @ self.weights, np.int64)

    def ratio_intervals(self, above: Counts, below: Counts) -> Interval:
        """Return the intervals of ratios of sums over latents ``(V,)``; NaN where there are fewer than two latents.

        Replicates in which the denominator is zero are left out, row by row.

        Args:
            above: integers ``(V, N)``, sparse or dense.
            below: likewise.
        """
        if len(self.samples) < 2:
            return no_interval(above.shape[0])
        blocks = [slice(start, start + ROWS_AT_ONCE) for start in range(0, above.shape[0], ROWS_AT_ONCE)]
        found = [ratio_intervals(self.sums(above[rows]), self.sums(below[rows])) for rows in blocks]
        low, high = (np.concatenate(ends) for ends in zip(*found, strict=True))
        return low, high


@dataclass(frozen=True)
class ConceptEffects:
    """What V variants do to one concept ``(V,)`` each; pixels are of the pixel grid.

    Attributes:
        before: pixels in all pictures as they are.
        pictures_before: pictures that hold it.
        change: pixels more in all pictures of each variant.
        pictures_after: pictures of each variant that hold it.
        lost: share of the pixels that is lost, ``-change / before``; NaN where there were none.
        lost_low, lost_high: 95 % interval.
        change_low, change_high: 95 % interval of the change, as a fraction of a picture.
    """

    before: int
    pictures_before: int
    change: Numbers
    pictures_after: Numbers
    lost: Floats
    lost_low: Floats
    lost_high: Floats
    change_low: Floats
    change_high: Floats


class Effects:
    """What variants do to every concept.

    Args:
        pixels: of all latents.
        points: points of the pixel grid of one picture.
        replicates: bootstrap replicates.
        seed: of their weights.
    """

    def __init__(self, pixels: ConceptPixels, *, points: int, replicates: int, seed: int) -> None:
        self.pixels, self.points = pixels, points
        self.drawn = DrawnLatents.draw(pixels.samples, replicates=replicates, seed=seed)
        shape = (pixels.concepts, len(pixels.samples))
        place, concept, count = pixels.before.T
        self.before: sparse.csr_matrix = sparse.csr_matrix(
            (count, (concept, place)), shape=shape, dtype=np.int64
        )
        order = np.argsort(pixels.changes[:, 2], kind="stable")
        self._changes = pixels.changes[order]
        self._starts = np.searchsorted(self._changes[:, 2], np.arange(pixels.concepts + 1))

    def changes(self, concept: int) -> sparse.csr_matrix:
        """Return the pixels that each variant adds to a concept in each picture, sparse int64 ``(V, N)``."""
        rows = self._changes[self._starts[concept] : self._starts[concept + 1]]
        shape = (self.pixels.variants, len(self.pixels.samples))
        return sparse.csr_matrix((rows[:, 3], (rows[:, 1], rows[:, 0])), shape=shape, dtype=np.int64)

    def areas(self, concept: int) -> Numbers:
        """Return the pixels of a concept in each picture as it is ``(N,)``."""
        dense: Numbers = self.before[concept].toarray()[0]
        return dense

    def of(self, *concepts: int) -> ConceptEffects:
        """Sum the effects on a concept, or on the areas of several together, over all latents, with intervals."""
        areas: Numbers = np.stack([self.areas(concept) for concept in concepts]).sum(0)
        changes = self.changes(concepts[0])
        for concept in concepts[1:]:
            changes = changes + self.changes(concept)
        change = np.asarray(changes.sum(1), np.int64).ravel()
        before = int(areas.sum())
        lost = -change / before if before else np.full(len(change), np.nan)
        lost_low, lost_high, low, high = self._intervals(areas, changes)
        rows = changes.tocoo()
        held = (areas[rows.col] + rows.data > 0).astype(np.int64)
        moved = np.bincount(rows.row, held - (areas[rows.col] > 0), minlength=len(change))
        pictures = int((areas > 0).sum())
        after = pictures + np.round(moved).astype(np.int64)
        return ConceptEffects(before, pictures, change, after, lost, lost_low, lost_high, low, high)

    def _intervals(self, areas: Numbers, changes: sparse.csr_matrix) -> tuple[Floats, Floats, Floats, Floats]:
        if len(areas) < 2:
            return (*no_interval(changes.shape[0]), *no_interval(changes.shape[0]))
        sums, base = self.drawn.sums(changes), self.drawn.sums(areas[None])[0]
        lost = ratio_intervals(-sums, np.broadcast_to(base, sums.shape))
        if (areas > 0).sum() < 2:  # what one picture shows has no spread
            lost = no_interval(len(sums))
        pixels = np.broadcast_to(self.drawn.counted * self.points, sums.shape)
        return (*lost, *ratio_intervals(sums, pixels))

    def lost_more(self, concept: int, variant: int, other: int) -> tuple[float, float, float]:
        """Return the share of a concept's area that one variant takes beyond another, and its 95 % interval.

        Both are taken on the same latents. NaN where there is no area.
        """
        areas, changes = self.areas(concept), self.changes(concept)
        more = changes[other] - changes[variant]
        total = int(areas.sum())
        if not total or (areas > 0).sum() < 2:
            return float(more.sum() / total) if total else np.nan, np.nan, np.nan
        low, high = self.drawn.ratio_intervals(more, areas[None])
        return float(more.sum() / total), float(low[0]), float(high[0])

    def rank_correlation(self, concept: int, iou: Floats) -> tuple[float, float, float]:
        """Return Spearman's correlation of the pixels lost without each unit with its IoU; also its 95 % interval.

        Variants are the units. NaN where all units are equal in one of both. Replicates in which all lose the same
        are left out. The interval is corrected for their bias, see
        :func:`unitscope.stats.inference.correlation_interval`.

        Args:
            concept: label value.
            iou: of every unit with the concept ``(V,)``.
        """
        changes = self.changes(concept)
        total = np.asarray(changes.sum(1), np.int64)
        value = rank_correlation(-total, iou)[0]
        if not np.isfinite(value) or len(self.pixels.samples) < 2:
            return float(value), np.nan, np.nan
        replicates = rank_correlation(-self.drawn.sums(changes), iou)
        return float(value), *correlation_interval(float(value), replicates)
