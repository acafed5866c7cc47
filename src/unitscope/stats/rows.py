"""Facts about single samples, kept as rows of integers in an order of their own."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import State

Numbers = NDArray[np.int64]


class OrderedRows:
    """Tables of integer rows that are sorted by their columns, so that any order of arrival gives the same bits.

    Args:
        shape: sizes that must agree between two that are merged.
    """

    widths: ClassVar[dict[str, int]]
    """Columns of each table."""

    def __init__(self, *shape: int) -> None:
        self._shape: Numbers = np.array(shape, np.int64)
        self._sorted: dict[str, Numbers] = {
            name: np.zeros((0, width), np.int64) for name, width in self.widths.items()
        }
        self._waiting: dict[str, list[Numbers]] = {name: [] for name in self.widths}

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes."""
        return tuple(int(size) for size in self._shape)

    def _add(self, **rows: NDArray[np.integer]) -> None:
        for name, more in rows.items():
            self._waiting[name].append(more.astype(np.int64))

    def rows(self, name: str) -> Numbers:
        """Return a table ``(m, columns)``, sorted by its first column, then by the second, and so on."""
        if self._waiting[name]:
            together = np.concatenate([self._sorted[name], *self._waiting[name]])
            self._sorted[name] = together[np.lexsort(together.T[::-1])]
            self._waiting[name].clear()
        return self._sorted[name]

    def merge(self, other: Self) -> None:
        """Take in the rows of `other`.

        Raises:
            ValueError: it counts something else.
        """
        if not np.array_equal(self._shape, other._shape):
            raise ValueError(f"rows of shape {other.shape} do not go with {self.shape}")
        self._add(**{name: other.rows(name) for name in self.widths})

    def state_dict(self) -> State:
        """Return ``shape`` and every table, in order, int64."""
        return {"shape": self._shape.copy(), **{name: self.rows(name).copy() for name in self.widths}}

    def load_state_dict(self, state: State) -> None:
        """Restore what :meth:`state_dict` returned."""
        self._shape = state["shape"].copy()
        self._sorted = {name: state[name].copy() for name in self.widths}
        self._waiting = {name: [] for name in self.widths}
