"""What removing units costs, with paired bootstrap intervals; only pictures whose prediction changes are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from unitscope.stats import Changes
from unitscope.stats.inference import Floats, Interval, draw_weights, interval, no_interval

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class DrawnPictures:
    """Pictures, and how often every bootstrap replicate counts each."""

    labels: Numbers
    """Class of each picture ``(N,)``."""
    weights: NDArray[np.int32]
    """``(N, R)``; a row depends on the seed and the picture's sample number alone."""

    @classmethod
    def draw(cls, samples: Numbers, labels: Numbers, *, replicates: int, seed: int) -> DrawnPictures:
        """Draw the weights of pictures with these sample numbers and classes ``(N,)``."""
        return cls(labels, draw_weights(samples, replicates, seed, np.int32))

    def of_class(self, label: int) -> tuple[Floats, Floats]:
        """Return how many pictures of a class and of all others each replicate counts, ``(R,)`` each."""
        inside = self.weights[self.labels == label].sum(0, dtype=np.float64)
        return inside, self.weights.sum(0, dtype=np.float64) - inside

    def alone(self, label: int) -> bool:
        """Whether a class, or all others together, have too few pictures for an interval."""
        inside = int((self.labels == label).sum())
        return min(inside, len(self.labels) - inside) < 2

    def balanced_losses(self, label: int, differences: Any) -> Floats:
        """Return the loss of balanced accuracy of some variants in every replicate ``(V, R)``.

        NaN in replicates that draw no picture of the class or no other one.

        Args:
            label: the class.
            differences: sparse int32 ``(V, N)``: 1 where a picture is predicted as the class by the network as it is
                and not by the variant, -1 where it is the other way round.
        """
        members = np.flatnonzero(self.labels == label)
        inside, others = self.of_class(label)
        lost = np.asarray(differences[:, members] @ self.weights[members], np.float64)
        rejected = np.asarray(differences @ self.weights, np.float64) - lost
        with np.errstate(divide="ignore", invalid="ignore"):
            losses: Floats = (lost / inside - rejected / others) / 2
        losses[:, (inside == 0) | (others == 0)] = np.nan
        return losses

    def fractions(self, counts: NDArray[np.integer]) -> Floats:
        """Return weighted sums ``(V, R)`` over all pictures as fractions of what each replicate counts."""
        total = self.weights.sum(0, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            fractions: Floats = counts / total
        fractions[:, total == 0] = np.nan
        return fractions


def differences_of(changes: Changes, label: int) -> tuple[Numbers, Any]:
    """Return the variants that take pictures into or out of a class, and their `differences`, see `DrawnPictures`."""
    touching = np.flatnonzero((changes.before[changes.picture] == label) | (changes.after == label))
    variants, rows = np.unique(changes.variant[touching], return_inverse=True)
    signs = np.where(changes.after[touching] == label, -1, 1).astype(np.int32)
    shape = (len(variants), len(changes.samples))
    return variants, sparse.csr_matrix((signs, (rows, changes.picture[touching])), shape=shape)


def unit_intervals(changes: Changes, label: int, drawn: DrawnPictures) -> Interval:
    """Return the interval of every unit's loss of balanced accuracy ``(U,)`` for one class."""
    if drawn.alone(label):
        return no_interval(changes.variants)
    low, high = np.zeros(changes.variants), np.zeros(changes.variants)
    variants, differences = differences_of(changes, label)
    if len(variants):
        low[variants], high[variants] = interval(drawn.balanced_losses(label, differences))
    return low, high


def overall_intervals(changes: Changes, drawn: DrawnPictures) -> Interval:
    """Return the interval of every unit's loss of all-class accuracy ``(U,)``."""
    if len(changes.samples) < 2:
        return no_interval(changes.variants)
    true, old = changes.labels[changes.picture], changes.before[changes.picture]
    signs = (old == true).astype(np.int32) - (changes.after == true).astype(np.int32)
    variants, rows = np.unique(changes.variant[signs != 0], return_inverse=True)
    shape = (len(variants), len(changes.samples))
    differences = sparse.csr_matrix((signs[signs != 0], (rows, changes.picture[signs != 0])), shape=shape)
    low, high = np.zeros(changes.variants), np.zeros(changes.variants)
    if len(variants):
        low[variants], high[variants] = interval(drawn.fractions(differences @ drawn.weights))
    return low, high


def balanced_interval(predicted: Numbers, label: int, drawn: DrawnPictures) -> tuple[float, float]:
    """Return the interval of the balanced accuracy of one class, of the network as it is."""
    if drawn.alone(label):
        return np.nan, np.nan
    inside, others = drawn.of_class(label)
    said = drawn.weights[predicted == label]
    hits = drawn.weights[(predicted == label) & (drawn.labels == label)].sum(0, dtype=np.float64)
    false = said.sum(0, dtype=np.float64) - hits
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = interval(((hits / inside + 1 - false / others) / 2)[None])
    return float(low[0]), float(high[0])


def overall_interval(predicted: Numbers, drawn: DrawnPictures) -> tuple[float, float]:
    """Return the interval of the all-class accuracy of the network as it is."""
    if len(predicted) < 2:
        return np.nan, np.nan
    right = drawn.weights[predicted == drawn.labels].sum(0, dtype=np.float64)
    low, high = interval(drawn.fractions(right[None]))
    return float(low[0]), float(high[0])
