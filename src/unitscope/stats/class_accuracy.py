"""How well each class is recognised, by a network as it is and by variants of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import Statistic, counted


@dataclass(frozen=True)
class ClassScores:
    """Scores of each variant and class ``(V, C)`` float64, but for `overall`.

    Attributes:
        precision: fraction of the pictures predicted as the class that are of it, 0 if none is predicted.
        recall: fraction of the pictures of the class that are predicted as it, 0 if there are none.
        accuracy: fraction of all pictures that are rightly told to be of the class or not.
        balanced_accuracy: mean of recall and of the fraction of other pictures that are not predicted as the class.
        overall: fraction of all pictures whose class is predicted ``(V,)``.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    balanced_accuracy: NDArray[np.float64]
    overall: NDArray[np.float64]


class ClassAccuracy(Statistic):
    """Counts right and wrong predictions of every class, for each variant of a network.

    Args:
        variants: number of variants V, such as a network without each of its units alone.
        classes: number of classes C.
    """

    right = counted("V C")
    predicted = counted("V C")
    pictures = counted("C")

    def __init__(self, variants: int, classes: int) -> None:
        super().__init__(V=variants, C=classes)

    def update(self, predicted: NDArray[np.integer], labels: NDArray[np.integer]) -> None:
        """Count n pictures.

        Args:
            predicted: class predicted by each variant ``(n, V)``.
            labels: class of each picture ``(n,)``.

        Raises:
            ValueError: the shapes or class numbers do not fit.
        """
        variants, classes = self.right.shape
        if predicted.shape != (len(labels), variants):
            raise ValueError(
                f"predictions of shape {predicted.shape} for {len(labels)} pictures, {variants} variants"
            )
        for numbers in (predicted, labels):
            if numbers.size and (numbers.min() < 0 or numbers.max() >= classes):
                raise ValueError(f"class {numbers.min()} or {numbers.max()} is none of {classes} classes")
        place = predicted.astype(np.int64) + np.arange(variants) * classes
        right = place[predicted == labels[:, None]]
        self.predicted += np.bincount(place.ravel(), minlength=variants * classes).reshape(-1, classes)
        self.right += np.bincount(right, minlength=variants * classes).reshape(-1, classes)
        self.pictures += np.bincount(labels, minlength=classes)

    def result(self) -> ClassScores:
        """Return the scores; 0 where there is nothing to count."""
        pictures = int(self.pictures.sum())
        others = pictures - self.pictures
        wrong = self.predicted - self.right
        recall = self.right / np.maximum(self.pictures, 1)
        rejected = (others - wrong) / np.maximum(others, 1)
        return ClassScores(
            self.right / np.maximum(self.predicted, 1),
            recall,
            (self.right + others - wrong) / max(pictures, 1),
            (recall + rejected) / 2,
            self.right.sum(axis=1) / max(pictures, 1),
        )
