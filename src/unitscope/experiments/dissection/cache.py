"""What is kept of activations on disk: strong cells, and the raster points that the thresholds are looked for among."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.layer.grid import identity_sampling
from unitscope.run.folder import RunFolder
from unitscope.run.storage import ArrayFile, Budget, write_arrays
from unitscope.stats import StrongCells

Floors = Mapping[str, NDArray[np.float32]]
"""For each layer, a value for every unit ``(U,)`` above which everything is known."""


class KeptCells(Mapping[str, StrongCells]):
    """Strong cells, or raster points, in a file of the cache, read layer by layer."""

    def __init__(self, file: ArrayFile, plan: ReadingPlan, *, points: bool) -> None:
        self._file, self._plan, self._points = file, plan, points

    def __getitem__(self, layer: str) -> StrongCells:
        sampling = self._plan.by_layer[layer].sampling
        if self._points:
            sampling = identity_sampling(sampling.shape)
        return StrongCells(**self._file.below(f"{layer}/cells"), sampling=sampling)

    def __iter__(self) -> Iterator[str]:
        return iter(self._plan.by_layer)

    def __len__(self) -> int:
        return len(self._plan.by_layer)

    def reach(self, floors: Floors) -> bool:
        """Tell whether everything above the floors is there."""
        return all(bool((self._file[f"{layer}/cells/floors"] <= floors[layer]).all()) for layer in self)


class CellCache:
    """The files of a run's cache, one or two a shard, within a budget; what is not there is computed again.

    Args:
        folder: an open run folder.
        plan: what is read and kept.

    Attributes:
        damaged: a file that was asked for and is damaged.
    """

    def __init__(self, folder: RunFolder, plan: ReadingPlan) -> None:
        self._folder, self._plan = folder, plan
        self.allow(0)
        self.damaged: Path | None = None

    def allow(self, most: int) -> None:
        """Set the budget: bytes that all files may take, those already there included."""
        self._budget = Budget(most, self._taken)

    @property
    def has_room(self) -> bool:
        """Whether anything more may be written."""
        return self._budget.left > 0

    def _taken(self) -> int:
        return self._folder.cache_bytes

    def write(
        self, shard: int, cells: Mapping[str, StrongCells], *, points: bool = False, always: bool = False
    ) -> None:
        """Write the cells or points of every layer of a shard, if they fit into the budget."""
        arrays = {
            f"{layer}/cells/{key}": array
            for layer, kept in cells.items()
            for key, array in kept.state_dict().items()
        }
        size = sum(array.nbytes for array in arrays.values())
        if size <= self._budget.left or always:
            self._budget.take(size)
            write_arrays(self._folder.cache_path(shard, points=points), arrays, durable=False)

    def forget(self, shard: int) -> None:
        """Delete what was kept of a shard that has been read anew, maybe with other last bits."""
        for points in (False, True):
            self._budget.delete(self._folder.cache_path(shard, points=points))

    def cells(self, shard: int) -> KeptCells | None:
        """Open the strong cells of a shard, if they are there."""
        return self._open(shard, points=False)

    def points(self, shard: int) -> KeptCells | None:
        """Open the raster points of a shard, if they are there."""
        return self._open(shard, points=True)

    def _open(self, shard: int, *, points: bool) -> KeptCells | None:
        path = self._folder.cache_path(shard, points=points)
        if not path.is_file():
            return None
        # The cache does not wait for the disk: after a power cut a file of it may be damaged.
        try:
            return KeptCells(ArrayFile(path), self._plan, points=points)
        except UnitscopeError:
            self.damaged = path
            return None
