"""Strong cells: the small part of activation grids that questions about high activations need.

Thresholds, masks and intersections look at the top few percent of the pixels only. The cells these are blended from are
copied out while the activations are in memory, a tenth of them in an early layer, and kept instead of the grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unitscope.layer.grid import Sampling, identity_sampling
from unitscope.stats import kernels
from unitscope.stats.base import State
from unitscope.stats.device import DeviceRaster
from unitscope.stats.kernels import PackedCells
from unitscope.stats.raster import ActivationRaster, Reading, over_unit_blocks

Places = NDArray[np.uint16] | NDArray[np.uint32]


class RasterPoints(NamedTuple):
    """Raster points of some units in one picture, those of a unit together.

    Attributes:
        rows: which of the units ``(n,)``, ascending.
        places: in the raster, row by row ``(n,)``.
        values: ``(n,)``.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class StrongCells:
    """The cells of activation grids ``(n, U, h, w)`` that raster values above a floor are blended from.

    Every raster value greater than the unit's floor can be computed, and told from the others, exactly.
    """

    values: NDArray[np.float32]
    """``(K,)``: unit by unit, picture by picture, row by row."""
    positions: Places
    """``(K,)``: the place of each cell in its grid, counted row by row."""
    counts: NDArray[np.int32]
    """Cells of each grid ``(U, n)``."""
    floors: NDArray[np.float32]
    """``(U,)``, in activation scale."""
    sampling: Sampling

    @classmethod
    def of(
        cls,
        activation: ActivationRaster | DeviceRaster,
        floors: NDArray[np.float32] | None = None,
        *,
        spread: NDArray[np.bool_] | None = None,
    ) -> StrongCells:
        """Copy the strong cells of activations.

        Args:
            activation: grids ``(n, U, h, w)`` and their sampling; those on a device are looked through there.
            floors: ``(U,)``; by default every cell is kept.
            spread: ``(U, n)``: grids that will also be read on a finer raster than `activation` is.
        """
        pictures, units, height, width = activation.grids.shape
        if floors is None:
            floors = np.full(units, -np.inf, np.float32)
        if spread is None:
            spread = np.zeros((units, pictures), np.bool_)
        if isinstance(activation, DeviceRaster):
            return cls(*activation.strong_cells(floors, spread), floors, activation.sampling)
        counts = np.zeros((units, pictures), np.int32)
        found = over_unit_blocks(
            units, kernels.collect,
            activation.grids, activation.reading, floors, spread,
            np.zeros(0, _place_type(height, width)), counts,
        )  # fmt: skip
        return cls(*_joined(found), counts, floors, activation.sampling)

    @property
    def units(self) -> int:
        """Number of units U."""
        return len(self.counts)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """Where each grid's cells begin and the last one's end ``(U, n + 1)``."""
        return _offsets(self.counts)

    @property
    def arrays(self) -> tuple[PackedCells, Reading]:
        """The cells, and how the raster reads them, as the compiled loops take them."""
        return PackedCells(self.values, self.positions, self.offsets), Reading.of(self.sampling)

    def reach(self, bounds: NDArray[np.float32]) -> bool:
        """Tell whether all raster values greater than `bounds` ``(U,)`` can be computed."""
        return bool((self.floors <= bounds).all())

    def require(self, bounds: NDArray[np.float32]) -> None:
        """Refuse to answer questions about values above `bounds` ``(U,)`` (activation scale) that were not kept.

        Raises:
            ValueError: a bound is below the unit's floor.
        """
        if not self.reach(bounds):
            unit = int(np.flatnonzero(self.floors > bounds)[0])
            raise ValueError(
                f"unit {unit} was kept above {self.floors[unit]}, values above {bounds[unit]} are asked for"
            )

    def of_units(self, first: int, last: int) -> StrongCells:
        """Return the cells of units `first` to `last`, the same memory."""
        part = slice(*self.offsets[(first, last - 1), (0, -1)])
        return StrongCells(
            self.values[part],
            self.positions[part],
            self.counts[first:last],
            self.floors[first:last],
            self.sampling,
        )

    def points_above(self, bounds: NDArray[np.float32]) -> StrongCells:
        """Return the raster points above `bounds` ``(U,)``, as cells of a grid that is the raster itself.

        They are few, and nothing needs to be blended any more: what asks several times asks them.

        Raises:
            ValueError: a bound is below the unit's floor.
        """
        self.require(bounds)
        counts = np.zeros(self.counts.shape, np.int32)
        like = np.zeros(0, _place_type(*self.sampling.shape))
        found = over_unit_blocks(
            self.units, kernels.collect_points,
            *self.arrays, bounds, like, counts,
        )  # fmt: skip
        return StrongCells(*_joined(found), counts, bounds, identity_sampling(self.sampling.shape))

    def regions_above(
        self,
        picture: int,
        units: NDArray[np.int64],
        thresholds: NDArray[np.float32],
        sampling: Sampling,
    ) -> NDArray[np.uint8]:
        """Return where units exceed their thresholds in one picture, on a raster of its own.

        Args:
            picture: place of the picture among those kept; it must have been spread for these units.
            units: ``(m,)``.
            thresholds: ``(m,)``, at least the units' floors.
            sampling: how the raster ``(gh, gw)`` reads the kept grid.

        Returns:
            ``(m, ceil(gh * gw / 8))``: the points row by row, packed as `numpy.packbits` does.
        """
        bits = np.zeros((len(units), (sampling.shape[0] * sampling.shape[1] + 7) // 8), np.uint8)
        offsets = np.ascontiguousarray(self.offsets[units, picture : picture + 2])
        cells = PackedCells(self.values, self.positions, offsets)
        over_unit_blocks(len(units), kernels.mark_above, cells, Reading.of(sampling), thresholds, bits)
        return bits

    def raster_points(
        self, picture: int, units: NDArray[np.int64], bounds: NDArray[np.float32]
    ) -> RasterPoints:
        """Return the raster points of units in one picture that are above bounds.

        Args:
            picture: place of the picture among those kept.
            units: ``(m,)``.
            bounds: ``(m,)``, at least the units' floors.
        """
        offsets = np.ascontiguousarray(self.offsets[units, picture : picture + 2])
        cells = PackedCells(self.values, self.positions, offsets)
        counts = np.zeros((len(units), 1), np.int32)
        like = np.zeros(0, _place_type(*self.sampling.shape))
        found = over_unit_blocks(
            len(units), kernels.collect_points, cells, Reading.of(self.sampling), bounds, like, counts
        )
        values, places = _joined(found) if found else (np.zeros(0, np.float32), like)
        return RasterPoints(np.repeat(np.arange(len(units)), counts[:, 0]), places.astype(np.int64), values)

    def raster_values(
        self, picture: int, units: NDArray[np.int64], bounds: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the raster values ``(m, gh, gw)`` of units in one picture; minus infinity where not above a bound.

        Args: those of :meth:`raster_points`.
        """
        points, (rows, columns) = self.raster_points(picture, units, bounds), self.sampling.shape
        rasters = np.full((len(units), rows * columns), -np.inf, np.float32)
        rasters[points.rows, points.places] = points.values
        return rasters.reshape(len(units), rows, columns)

    def state_dict(self) -> State:
        """Return the arrays that hold the cells."""
        return {
            "values": self.values,
            "positions": self.positions,
            "counts": self.counts,
            "floors": self.floors,
        }


def _joined(found: Sequence[tuple[NDArray[np.float32], Places]]) -> tuple[NDArray[np.float32], Places]:
    """Put together what blocks of units returned."""
    values, positions = zip(*found, strict=True)
    return np.concatenate(values), np.concatenate(positions)


def _place_type(rows: int, columns: int) -> type[np.uint16] | type[np.uint32]:
    return np.uint16 if rows * columns <= 1 << 16 else np.uint32


def _offsets(counts: NDArray[np.int32]) -> NDArray[np.int64]:
    ends = np.cumsum(counts, dtype=np.int64).reshape(counts.shape)
    offsets = np.zeros((counts.shape[0], counts.shape[1] + 1), np.int64)
    offsets[:, 1:] = ends
    offsets[:, :-1] = ends - counts
    return offsets
