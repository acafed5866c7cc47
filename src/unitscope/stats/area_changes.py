"""How much of every concept pictures show, and what variants of a network change of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import Numbers
from unitscope.stats.rows import OrderedRows, table


@dataclass(frozen=True)
class ConceptPixels:
    """Pixels of C label values in N samples, and what V variants add to them or take away.

    Attributes:
        variants: number of variants V.
        concepts: number of label values C, "nothing" included.
        samples: sample numbers in order ``(N,)``.
        before: rows of a sample's place in `samples`, a concept and its pixels ``(m, 3)``.
        changes: rows of a sample's place, a variant, a concept and pixels more (or fewer) ``(m, 4)``.
    """

    variants: int
    concepts: int
    samples: Numbers
    before: Numbers
    changes: Numbers


class AreaChanges(OrderedRows):
    """Collects pixels of every concept in pictures, and where variants of the network draw more or fewer.

    Pictures and concepts that a variant leaves as they are take no memory.

    Args:
        variants: number of variants V, such as a generator without each of its units alone.
        concepts: number of label values C, "nothing" included; nothing is counted of that.
    """

    samples = table(1)
    before = table(3)
    changes = table(4)

    def __init__(self, variants: int, concepts: int) -> None:
        super().__init__(variants, concepts)

    def update(self, samples: Numbers, before: NDArray[np.int64], after: NDArray[np.int64]) -> None:
        """Take in n pictures.

        Args:
            samples: sample numbers ``(n,)``.
            before: pixels of each label value ``(n, C)``.
            after: the same in each variant ``(n, V, C)``.

        Raises:
            ValueError: the shapes do not fit.
        """
        variants, concepts = self.shape
        if before.shape != (len(samples), concepts) or after.shape != (len(samples), variants, concepts):
            raise ValueError(f"areas of shapes {before.shape} and {after.shape} for {len(samples)} samples")
        sample, concept = np.nonzero(before[:, 1:])
        areas = np.stack([samples[sample], concept + 1, before[sample, concept + 1]], axis=1)
        difference = after - before[:, None]
        sample, variant, concept = np.nonzero(difference[..., 1:])
        pixels = difference[sample, variant, concept + 1]
        changes = np.stack([samples[sample], variant, concept + 1, pixels], axis=1)
        self._add(samples=samples[:, None], before=areas, changes=changes)

    def result(self) -> ConceptPixels:
        """Return areas and changes, in the order of sample numbers."""
        variants, concepts = self.shape
        self.settle()
        samples, before, changes = self.samples[:, 0], self.before.copy(), self.changes.copy()
        for rows in (before, changes):
            rows[:, 0] = np.searchsorted(samples, rows[:, 0])
        return ConceptPixels(int(variants), int(concepts), samples, before, changes)
