"""Activations as the compiled loops read them: grids in one block of memory and the raster they are sampled on."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from unitscope.layer.grid import Sampling

T = TypeVar("T")

AxisArrays = tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.float32]]
"""For every point of a raster axis its lower cell, its upper cell and the weight of the upper one, ``(G,)`` each."""


class Reading(NamedTuple):
    """How a raster ``(gh, gw)`` reads activation grids, as the compiled loops take it.

    Attributes:
        rows: the points of the row axis.
        columns: the points of the column axis.
        cells: the grid's ``(h, w)``; the index past the last cell of an axis stands for the zero outside.
        direct: whether the raster's points are the grid's own cells.
        outside: whether some points read the zero outside.
    """

    rows: AxisArrays
    columns: AxisArrays
    cells: tuple[int, int]
    direct: bool
    outside: bool

    @classmethod
    def of(cls, sampling: Sampling) -> Reading:
        """Bring a sampling into plain arrays."""
        axes = sampling.rows, sampling.columns
        rows, columns = (
            (axis.lower.astype(np.uint32), axis.upper.astype(np.uint32), axis.weight) for axis in axes
        )
        direct = all(
            np.array_equal(axis.lower, np.arange(axis.cells)) and not axis.weight.any() for axis in axes
        )
        outside = any(axis.lower.max() >= axis.cells or axis.upper.max() >= axis.cells for axis in axes)
        return cls(rows, columns, (axes[0].cells, axes[1].cells), direct, outside)


@dataclass(frozen=True)
class ActivationRaster:
    """Activations and how the pixel grid reads them.

    Attributes:
        grids: ``(n, U, h, w)``, in one block of memory.
        sampling: how the pixel grid ``(gh, gw)`` reads them.
    """

    grids: NDArray[np.float32]
    sampling: Sampling

    def __post_init__(self) -> None:
        cells = (self.sampling.rows.cells, self.sampling.columns.cells)
        if self.grids.ndim != 4 or self.grids.shape[2:] != cells or self.grids.dtype != np.float32:
            raise ValueError(
                f"activations of shape {self.grids.shape} and type {self.grids.dtype} do not fit a sampling of "
                f"float32 grids of {cells[0]}x{cells[1]} cells"
            )
        if not self.grids.flags.c_contiguous:
            object.__setattr__(self, "grids", np.ascontiguousarray(self.grids))

    @property
    def units(self) -> int:
        """Number of units U."""
        return int(self.grids.shape[1])

    @property
    def points(self) -> int:
        """Number of raster points of each unit: pictures times the points of the pixel grid."""
        height, width = self.sampling.shape
        return int(self.grids.shape[0]) * height * width

    @property
    def reading(self) -> Reading:
        """The sampling as the compiled loops take it."""
        return Reading.of(self.sampling)


_counting: int | None = None
"""Threads of the compiled loops, where they are not as many as PyTorch's."""


@contextmanager
def counting_with(threads: int) -> Iterator[None]:
    """Let the compiled loops run in so many threads meanwhile, however many a network may use."""
    global _counting  # noqa: PLW0603 - as the number of PyTorch's threads, it is that of the process
    before, _counting = _counting, threads
    try:
        yield
    finally:
        _counting = before


def counting_threads() -> int:
    """Return in how many threads the compiled loops run."""
    return _counting or torch.get_num_threads()


def over_unit_blocks(units: int, kernel: Callable[..., T], *arguments: object) -> list[T]:
    """Call ``kernel(*arguments, first, last)`` for blocks of units at the same time; return what the calls return.

    A kernel writes to the rows of its own units only, so the number of threads changes nothing in the result.
    """
    blocks = min(counting_threads(), units)
    edges = [units * i // blocks for i in range(blocks + 1)] if units else []
    pool = _pool(os.getpid(), blocks) if blocks > 1 else None
    if pool is None:
        return [kernel(*arguments, *pair) for pair in itertools.pairwise(edges)]
    tasks = [pool.submit(kernel, *arguments, *pair) for pair in itertools.pairwise(edges)]
    return [task.result() for task in tasks]


@cache
def _pool(_process: int, threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="unitscope-statistics")
