"""What appears of a concept where units are forced on, place by place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import Numbers, Statistic, counted
from unitscope.stats.rows import OrderedRows, table


@dataclass(frozen=True)
class Places:
    """Insertions at places, one row for each sample, set of units and location, ``(m,)`` each, in this order.

    Attributes:
        sample: sample number.
        group: the set of units that was forced on.
        location: cell of the activation grid, row by row from 0.
        context: label value of what was there before; 0 for nothing.
        new: pixels of the concept that were not there before.
        lost: pixels of the concept that were there before and are no more.
    """

    sample: Numbers
    group: Numbers
    location: Numbers
    context: Numbers
    new: Numbers
    lost: Numbers

    def __len__(self) -> int:
        return len(self.sample)

    def at(self, chosen: NDArray[np.bool_]) -> Places:
        """Return the rows for which `chosen` ``(m,)`` holds."""
        return Places(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


class Insertions(OrderedRows):
    """Collects what forcing sets of units on at single locations adds of a concept.

    Args:
        groups: number of sets of units.
        locations: cells of the activation grid.
        concepts: number of label values, "nothing" included.
    """

    places = table(6)

    def __init__(self, groups: int, locations: int, concepts: int) -> None:
        super().__init__(groups, locations, concepts)

    def update(self, places: Places) -> None:
        """Take in m places, ``(m,)`` each.

        Raises:
            ValueError: a number is out of range.
        """
        for name, size in zip(("group", "location", "context"), self.shape, strict=True):
            numbers = getattr(places, name)
            if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) < size:
                raise ValueError(f"{name} from {numbers.min()} to {numbers.max()} is none of {size}")
        columns = [places.sample, places.group, places.location, places.context, places.new, places.lost]
        self._add(places=np.stack(columns, axis=1))

    def result(self) -> Places:
        """Return all places, ``(m,)`` each, ordered by sample, then by group, and so on."""
        self.settle()
        return Places(*self.places.T)


class PixelCounts(Statistic):
    """Counts pixels by row and label value, such as what variants show in place of a concept.

    Args:
        rows: number of rows.
        concepts: number of label values, "nothing" included.
    """

    pixels = counted("R C")

    def __init__(self, rows: int, concepts: int) -> None:
        super().__init__(R=rows, C=concepts)

    def update(self, rows: Numbers, pixels: NDArray[np.int64]) -> None:
        """Add counts ``(n, C)`` to rows ``(n,)``, which may repeat."""
        np.add.at(self.pixels, rows, pixels)

    def result(self) -> NDArray[np.int64]:
        """Return the counts ``(rows, C)``."""
        return self.pixels.copy()
