"""Which pictures change their predicted class in which variant of a network; all others need no memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import Numbers
from unitscope.stats.class_accuracy import ClassAccuracy
from unitscope.stats.rows import OrderedRows, table


@dataclass(frozen=True)
class Changes:
    """Predictions for N pictures, and the m of them that variants change.

    Attributes:
        variants: number of variants V.
        classes: number of classes C.
        samples: sample numbers in order ``(N,)``.
        labels: class of each picture ``(N,)``.
        before: class predicted by the network as it is ``(N,)``.
        picture: place in `samples` of the picture of each change ``(m,)``.
        variant: the variant of each change ``(m,)``.
        after: class that the variant predicts ``(m,)``.
    """

    variants: int
    classes: int
    samples: Numbers
    labels: Numbers
    before: Numbers
    picture: Numbers
    variant: Numbers
    after: Numbers

    def accuracy(self) -> ClassAccuracy:
        """Return the counts of the network as it is, then of every variant: V + 1 variants."""
        rows, classes = self.variants + 1, self.classes
        baseline = ClassAccuracy(1, classes)
        baseline.update(self.before[:, None], self.labels)
        state = baseline.state_dict()
        old, true = self.before[self.picture], self.labels[self.picture]
        lost, won = old == true, self.after == true
        row = (self.variant + 1) * classes

        def moved(into: Numbers, out_of: Numbers) -> Numbers:
            size = rows * classes
            moves = np.bincount(into, minlength=size) - np.bincount(out_of, minlength=size)
            return moves.reshape(rows, classes).astype(np.int64)

        state["predicted"] = state["predicted"] + moved(row + self.after, row + old)
        state["right"] = state["right"] + moved((row + true)[won], (row + true)[lost])
        counts = ClassAccuracy(rows, classes)
        counts.load_state_dict(state)
        return counts


class PredictionChanges(OrderedRows):
    """Collects the predictions for pictures and where variants of the network predict another class.

    Args:
        variants: number of variants V, such as a network without each of its units alone.
        classes: number of classes C.
    """

    pictures = table(3)
    changes = table(3)

    def __init__(self, variants: int, classes: int) -> None:
        super().__init__(variants, classes)

    def update(
        self, samples: Numbers, labels: Numbers, before: NDArray[np.integer], after: NDArray[np.integer]
    ) -> None:
        """Take in n pictures.

        Args:
            samples: sample numbers ``(n,)``.
            labels: class of each picture ``(n,)``.
            before: class predicted by the network as it is ``(n,)``.
            after: class predicted by each variant ``(n, V)``.

        Raises:
            ValueError: the shapes or class numbers do not fit.
        """
        variants, classes = self.shape
        if not (labels.shape == before.shape == samples.shape and after.shape == (len(samples), variants)):
            raise ValueError(
                f"predictions of shape {after.shape} for {len(samples)} pictures, {variants} variants"
            )
        for numbers in (labels, before, after):
            if numbers.size and (numbers.min() < 0 or numbers.max() >= classes):
                raise ValueError(f"class {numbers.min()} or {numbers.max()} is none of {classes} classes")
        picture, variant = np.nonzero(after != before[:, None])
        changes = np.stack([samples[picture], variant, after[picture, variant]], axis=1)
        self._add(pictures=np.stack([samples, labels, before], axis=1), changes=changes)

    def result(self) -> Changes:
        """Return pictures and changes, in the order of sample numbers."""
        self.settle()
        samples, labels, before = self.pictures.T
        changed, variant, after = self.changes.T
        variants, classes = (int(number) for number in self.shape)
        picture = np.searchsorted(samples, changed).astype(np.int64)
        return Changes(variants, classes, samples, labels, before, picture, variant, after)
