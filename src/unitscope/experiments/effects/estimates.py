"""What effects amount to, with paired intervals over latents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from unitscope.stats import ConceptPixels
from unitscope.stats.inference import (
    Floats,
    correlation_interval,
    rank_correlation,
)
from unitscope.stats.ratios import ratio_intervals, sign_flip_p_values

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class ConceptEffects:
    """What V variants do to one concept ``(V,)`` each; pixels are of the pixel grid.

    Attributes:
        before: pixels in all pictures as they are.
        pictures_before: pictures that hold it.
        change: pixels more in all pictures of each variant.
        pictures_after: pictures of each variant that hold it.
        lost: share of the pixels that is lost, ``-change / before``; NaN where there were none.
        lost_low, lost_high: 95 % interval; NaN where there is none.
        change_low, change_high: 95 % interval of the change, as a fraction of a picture.
        pictures_changed: pictures of each variant that show more or less of it.
        p_value: of the change, see :func:`unitscope.stats.ratios.sign_flip_p_values`.
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
    pictures_changed: Numbers
    p_value: Floats


class Effects:
    """What variants do to every concept.

    Args:
        pixels: of all latents.
        points: points of the pixel grid of one picture.
    """

    def __init__(self, pixels: ConceptPixels, *, points: int) -> None:
        self.pixels, self.points = pixels, points
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
        changes.eliminate_zeros()
        change = np.asarray(changes.sum(1), np.int64).ravel()
        before = int(areas.sum())
        lost = -change / before if before else np.full(len(change), np.nan)
        lost_low, lost_high = ratio_intervals(-changes, areas[None], within=(-np.inf, 1))
        low, high = ratio_intervals(changes, np.full((1, len(areas)), self.points), within=(-1, 1))
        rows = changes.tocoo()
        held = (areas[rows.col] + rows.data > 0).astype(np.int64)
        moved = np.bincount(rows.row, held - (areas[rows.col] > 0), minlength=len(change))
        pictures = int((areas > 0).sum())
        after = pictures + np.round(moved).astype(np.int64)
        p_value, changed = sign_flip_p_values(changes)
        return ConceptEffects(
            before, pictures, change, after, lost, lost_low, lost_high, low, high, changed, p_value
        )

    def lost_more(self, concept: int, variant: int, other: int) -> tuple[float, float, float]:
        """Return the share of a concept's area that one variant takes beyond another, and its 95 % interval.

        Both are taken on the same latents. NaN where there is no area, and no interval.
        """
        areas, changes = self.areas(concept), self.changes(concept)
        more = changes[other] - changes[variant]
        more.eliminate_zeros()
        total = int(areas.sum())
        if not total:
            return np.nan, np.nan, np.nan
        low, high = ratio_intervals(more, areas[None])
        return float(more.sum() / total), float(low[0]), float(high[0])

    def rank_correlation(self, concept: int, iou: Floats, weights: Numbers) -> tuple[float, float, float]:
        """Return Spearman's correlation of the pixels lost without each unit with its IoU; also its 95 % interval.

        Variants are the units. NaN where all units are equal in one of both. Replicates in which all lose the same
        are left out. The interval is corrected for their bias, see
        :func:`unitscope.stats.inference.correlation_interval`.

        Args:
            concept: label value.
            iou: of every unit with the concept ``(V,)``.
            weights: how often each bootstrap replicate counts every latent ``(N, R)``.
        """
        changes = self.changes(concept)
        total = np.asarray(changes.sum(1), np.int64)
        value = rank_correlation(-total, iou)[0]
        if not np.isfinite(value) or len(self.pixels.samples) < 2:
            return float(value), np.nan, np.nan
        replicates = rank_correlation(-np.asarray(changes @ weights, np.int64), iou)
        return float(value), *correlation_interval(float(value), replicates)
