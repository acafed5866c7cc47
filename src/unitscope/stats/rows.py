"""Facts about single samples, kept as rows of integers in an order of their own."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import Declared, Numbers, Statistic, agreed, held


def table(columns: int) -> Declared[np.int64]:
    """Declare rows of integers ``(m, columns)``: two tables become one, sorted by first column, second, and so on."""
    return held(f"0 {columns}", np.int64)


class OrderedRows(Statistic):
    """Tables of integer rows that are sorted by their columns, so that any order of arrival gives the same bits.

    Args:
        shape: sizes that must agree between two that are merged.
    """

    shape = agreed("D", np.int64)

    def __init__(self, *shape: int) -> None:
        super().__init__(D=len(shape))
        self.shape = np.array(shape, np.int64)
        self._waiting: dict[str, list[Numbers]] = {name: [] for name in self.declared if name != "shape"}

    def _add(self, **rows: NDArray[np.integer]) -> None:
        for name, more in rows.items():
            self._waiting[name].append(more.astype(np.int64))

    def settle(self) -> None:
        """Sort rows that have been added among the others."""
        for name, waiting in self._waiting.items():
            if waiting:
                together = np.concatenate([vars(self)[name], *waiting])
                vars(self)[name] = together[np.lexsort(together.T[::-1])]
                waiting.clear()

    def merge(self, other: Self) -> None:
        """Take in the rows of `other`.

        Raises:
            ValueError: it counts something else.
        """
        super().merge(other)
        self._add(**{name: vars(other)[name] for name in self._waiting})
