"""The contract every statistic keeps."""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

State = dict[str, NDArray[Any]]
"""Named arrays that hold everything a statistic knows; written to shards as they are."""


class Statistic(Protocol):
    """A commutative monoid: an empty one is the identity, and any order and grouping of data gives the same bits.

    ``update`` takes data (its arguments differ between statistics), ``result`` answers the question.
    """

    def merge(self, other: Self) -> None:
        """Take in everything `other` has seen."""

    def state_dict(self) -> State:
        """Return arrays from which an equal statistic can be restored."""

    def load_state_dict(self, state: State) -> None:
        """Become the statistic that `state` was taken from."""


def add_counts(into: NDArray[np.int64], other: NDArray[np.int64], what: str) -> None:
    """Add integer counts in place.

    Raises:
        ValueError: the shapes differ, so the two count different things.
    """
    if into.shape != other.shape:
        raise ValueError(f"{what} of shape {other.shape} cannot be merged into {into.shape}")
    into += other
