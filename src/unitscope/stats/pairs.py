"""What units do on a picture and on an altered copy of it: peaks, means, answers, and where their masks overlap."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from unitscope.stats import kernels
from unitscope.stats.base import Numbers, Statistic, agreed, counted, held
from unitscope.stats.bootstrap import WeightedUnions
from unitscope.stats.cells import StrongCells
from unitscope.stats.inference import CONFIDENCE, Floats, Interval, bootstrap_means, interval
from unitscope.stats.raster import over_unit_blocks

Values = NDArray[np.float32]
FULL_RANGE = 255
"""Steps between the darkest and the brightest value of a pixel."""
BEFORE, AFTER = 0, 1


class PairRows(Statistic):
    """Numbers of single pairs, in the order of their sample numbers: any order of arrival gives the same bits.

    What follows is a function of whole rows (a mean, a spread, the units of a class), so rows are what is kept.

    Args:
        shape: sizes that must agree between two that are merged.
        sizes: size of each letter in the axes of the declared arrays.
    """

    shape = agreed("D", np.int64)
    samples = held("0", np.int64)

    def __init__(self, *shape: int, **sizes: int) -> None:
        super().__init__(D=len(shape), **sizes)
        self.shape = np.array(shape, np.int64)
        self._waiting: list[dict[str, NDArray[np.generic]]] = []

    def _add(self, **rows: NDArray[np.generic]) -> None:
        kinds = {name: self.declared[name].dtype for name in rows}
        self._waiting.append({name: np.array(values, kinds[name]) for name, values in rows.items()})

    def settle(self) -> None:
        """Sort rows that have been added among the others."""
        if not self._waiting:
            return
        mine = vars(self)
        names = [name for name in self.declared if name != "shape"]
        together = {
            name: np.concatenate([mine[name], *(rows[name] for rows in self._waiting)]) for name in names
        }
        order = np.argsort(together["samples"], kind="stable")
        mine.update({name: values[order] for name, values in together.items()})
        self._waiting.clear()

    def merge(self, other: Self) -> None:
        """Take in the rows of `other`.

        Raises:
            ValueError: it is about something else.
        """
        super().merge(other)
        self._add(**{name: vars(other)[name] for name in self.declared if name != "shape"})


@dataclass(frozen=True)
class UnitChanges:
    """What units do on N pairs, in the order of sample numbers.

    Attributes:
        samples: ``(N,)``.
        peaks: largest activation on original and copy ``(N, 2, U)``.
        means: mean activation over the layer's grid on both ``(N, 2, U)``.
    """

    samples: Numbers
    peaks: Values
    means: Values

    @cached_property
    def peak_changes(self) -> Floats:
        """Peak on the copy less that on the original ``(N, U)``."""
        return _changes(self.peaks)

    @cached_property
    def mean_changes(self) -> Floats:
        """Mean activation on the copy less that on the original ``(N, U)``."""
        return _changes(self.means)

    @cached_property
    def spread(self) -> Floats:
        """Standard deviation of each unit's peak over the originals ``(U,)``, the measure of a large change."""
        spread: Floats = self.peaks[:, BEFORE].astype(np.float64).std(axis=0)
        return spread

    def averages(
        self, values: Floats, replicates: int, seed: int, confidence: float = CONFIDENCE
    ) -> tuple[Floats, Floats, Floats]:
        """Return the mean over pictures of some values, with its interval by the Poisson bootstrap.

        Args:
            values: ``(N, V)``, in the order of `samples`: changes, absolute changes, or means of these over units.
            replicates: of the bootstrap.
            seed: of the bootstrap.
            confidence: share of the replicates that the interval holds.

        Returns:
            Mean, low and high end, ``(V,)`` each; NaN without pictures.
        """
        if not len(self.samples):
            empty = np.full(values.shape[1], np.nan)
            return empty, empty, empty
        return bootstrap_means(values, self.samples, replicates, seed, confidence)


def _changes(values: Values) -> Floats:
    wide = values.astype(np.float64)
    changes: Floats = wide[:, AFTER] - wide[:, BEFORE]
    return changes


class PairChanges(PairRows):
    """Keeps peak and mean of every unit on both pictures of every pair.

    Args:
        units: number of units U.
    """

    peaks = held("0 2 U", np.float32)
    means = held("0 2 U", np.float32)

    def __init__(self, units: int) -> None:
        super().__init__(units, U=units)

    def update(self, samples: Numbers, peaks: Values, means: Values) -> None:
        """Take in n pairs.

        Args:
            samples: sample numbers ``(n,)``.
            peaks: of originals and copies ``(n, 2, U)``.
            means: the same.

        Raises:
            ValueError: the shapes do not fit.
        """
        wanted = (len(samples), 2, int(self.shape[0]))
        if peaks.shape != wanted or means.shape != wanted:
            raise ValueError(f"peaks of shape {peaks.shape}, means of {means.shape} where {wanted} is wanted")
        self._add(samples=samples, peaks=peaks, means=means)

    def result(self) -> UnitChanges:
        """Return the rows."""
        self.settle()
        return UnitChanges(self.samples, self.peaks, self.means)


@dataclass(frozen=True)
class PairFacts:
    """What the network answers on N pairs, and how far their pictures are apart, in the order of sample numbers.

    Attributes:
        samples: ``(N,)``.
        outputs: of the network on original and copy, such as logits ``(N, 2, C)``.
        differences: sum of the squared differences of all pixels and channels, and the largest, in steps of the pixel
            values ``(N, 2)``.
    """

    samples: Numbers
    outputs: Values
    differences: Numbers

    @property
    def predictions(self) -> Numbers:
        """Class of the highest output on both ``(N, 2)``; -1 where there are no outputs."""
        if not self.outputs.shape[2]:
            return np.full(self.outputs.shape[:2], -1, np.int64)
        predictions: Numbers = self.outputs.argmax(axis=2).astype(np.int64)
        return predictions

    @property
    def l2(self) -> Floats:
        """Euclidean distance of each pair ``(N,)``, pixel values from 0 to 1."""
        return np.sqrt(self.differences[:, 0].astype(np.float64)) / FULL_RANGE

    @property
    def largest(self) -> Floats:
        """Largest change of a pixel of each pair ``(N,)``, pixel values from 0 to 1."""
        return self.differences[:, 1] / FULL_RANGE


class PairAnswers(PairRows):
    """Keeps the outputs of the network on both pictures of every pair, and how far these are apart.

    Args:
        classes: number of outputs C; 0 where the network does not classify.
    """

    outputs = held("0 2 C", np.float32)
    differences = held("0 2", np.int64)

    def __init__(self, classes: int) -> None:
        super().__init__(classes, C=classes)

    def update(self, samples: Numbers, outputs: Values, differences: Numbers) -> None:
        """Take in n pairs.

        Args:
            samples: sample numbers ``(n,)``.
            outputs: on originals and copies ``(n, 2, C)``.
            differences: sum of squared differences and largest one, in whole steps of pixel values ``(n, 2)``.

        Raises:
            ValueError: the shapes do not fit.
        """
        wanted = (len(samples), 2, int(self.shape[0]))
        if outputs.shape != wanted or differences.shape != wanted[:2]:
            raise ValueError(
                f"outputs of shape {outputs.shape}, differences of {differences.shape} where {wanted} is wanted"
            )
        self._add(samples=samples, outputs=outputs, differences=differences)

    def result(self) -> PairFacts:
        """Return the rows."""
        self.settle()
        return PairFacts(self.samples, self.outputs, self.differences)


@dataclass(frozen=True)
class MaskOverlap:
    """How the masks of U units overlap on N pairs; an IoU is NaN where both masks are empty everywhere.

    Attributes:
        pictures: N.
        pixels: of the masks of originals and copies, over all pictures ``(2, U)``.
        shared: pixels of both masks of the same pair ``(U,)``.
        anywhere: pixels that the mask of an original shares with the mask of every copy, its own included ``(U,)``.
        same: those of them that it shares with copies of its own picture ``(U,)``.
        of_one: pairs of an original and a copy, among all N ** 2 of them, that are of one picture.
        replicates: IoU in each replicate of the bootstrap over pictures ``(R, U)``.
    """

    pictures: int
    pixels: Numbers
    shared: Numbers
    anywhere: Numbers
    same: Numbers
    of_one: int
    replicates: Floats

    @property
    def iou(self) -> Floats:
        """Pixels in both masks over pixels in either, over all pictures ``(U,)``."""
        return _iou(self.shared.astype(np.float64), self.pixels.sum(axis=0))

    @property
    def chance(self) -> Floats:
        """IoU of the mask of an original with that of the copy of another picture ``(U,)``; NaN where there is none.

        It is the mean over all ways to give every original the copy of another picture (derangements): in those, the
        pairs of different pictures occur equally often, so no draw is needed.
        """
        others = self.pictures**2 - self.of_one
        if not others:
            return np.full(len(self.shared), np.nan)
        return _iou(self.pictures * ((self.anywhere - self.same) / others), self.pixels.sum(axis=0))

    def intervals(self, confidence: float = CONFIDENCE) -> Interval:
        """Return the percentile interval of each IoU over pictures, low and high ``(U,)``."""
        low, high = np.full((2, len(self.shared)), np.nan)
        rows = np.flatnonzero(np.isfinite(self.replicates).any(axis=0))
        for row in rows:  # Replicates in which a unit has no mask at all say nothing of it.
            low[row : row + 1], high[row : row + 1] = interval(self.replicates[:, row][None], confidence)
        return low, high


def _iou(shared: Floats, together: Floats | NDArray[np.int64]) -> Floats:
    union = together - shared
    with np.errstate(divide="ignore", invalid="ignore"):
        iou: Floats = np.where(union > 0, shared / union, np.nan)
    return iou


class PairOverlap(WeightedUnions):
    """Counts where the masks {activation > threshold} of originals and altered copies overlap.

    Args:
        thresholds: of originals and of copies ``(2, U)`` float32.
        points: of the pixel grid, gh * gw.
        replicates: number of bootstrap replicates R.
        seed: of the bootstrap.
    """

    thresholds = agreed("2 U", np.float32)
    pictures = counted("1")
    pixels = counted("2 U")
    shared = counted("U")
    same = counted("U")
    of_one = counted("1")
    places = counted("2 U G")

    def __init__(self, thresholds: Values, points: int, *, replicates: int = 1000, seed: int = 0) -> None:
        super().__init__(seed, U=thresholds.shape[1], G=points, R=replicates)
        self.thresholds = thresholds

    def update(
        self, before: StrongCells, after: StrongCells, samples: Numbers, copies: Numbers | None = None
    ) -> None:
        """Count the masks of n pairs.

        Args:
            before: of the originals.
            after: of the copies.
            samples: numbers of the pictures ``(n,)``.
            copies: how many copies there are of each of these pictures, in all pairs together ``(n,)``; one when None.

        Raises:
            ValueError: cells do not reach down to the thresholds.
        """
        masks = [
            cells.points_above(levels) for cells, levels in zip((before, after), self.thresholds, strict=True)
        ]
        shared = np.zeros((len(samples), self.thresholds.shape[1]), np.int64)
        arrays = [array for points in masks for array in (points.positions, points.offsets)]
        over_unit_blocks(self.thresholds.shape[1], kernels.meet, *arrays, shared, self.places)
        pixels = [points.counts.T.astype(np.int64) for points in masks]
        self.pictures += len(samples)
        self.pixels += [of_picture.sum(axis=0) for of_picture in pixels]
        self.shared += shared.sum(axis=0)
        # All pairs of a picture have one original, which meets each of its copies as often as there are pairs.
        copies = np.ones(len(samples), np.int64) if copies is None else copies
        self.same += (copies[:, None] * shared).sum(axis=0)
        self.of_one += int(copies.sum())
        self._weigh(samples, shared, pixels[BEFORE] + pixels[AFTER] - shared)

    def result(self) -> MaskOverlap:
        """Return the counts, and the IoU of every replicate."""
        self.settle()
        anywhere: Numbers = (self.places[BEFORE] * self.places[AFTER]).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            replicates = np.where(self.unions > 0, self.intersections / self.unions, np.nan)
        return MaskOverlap(
            int(self.pictures[0]),
            self.pixels,
            self.shared,
            anywhere,
            self.same,
            int(self.of_one[0]),
            replicates,
        )
