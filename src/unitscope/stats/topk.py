"""The pictures on which every unit is strongest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.base import Statistic, held

NO_PICTURE = -1


class TopPictures(Statistic):
    """Keeps the `k` samples of highest peak activation for every unit; equal peaks go to the lower sample number.

    Args:
        units: number of units U.
        k: pictures to keep.
    """

    peaks = held("U k", np.float32, fill=-np.inf)
    samples = held("U k", np.int64, fill=NO_PICTURE)

    def __init__(self, units: int, k: int) -> None:
        super().__init__(U=units, k=k)

    def update(self, peaks: NDArray[np.float32], samples: NDArray[np.int64]) -> None:
        """Take in peaks ``(n, U)`` of samples ``(n,)``."""
        order = np.argsort(samples, kind="stable")
        peaks, samples = peaks[order], samples[order]
        best = np.argsort(-peaks, axis=0, kind="stable")[: self.peaks.shape[1]].T
        self._keep(np.take_along_axis(peaks.T, best, 1), samples[best])

    def _keep(self, peaks: NDArray[np.float32], samples: NDArray[np.int64]) -> None:
        k = self.peaks.shape[1]
        all_peaks = np.concatenate([self.peaks, peaks], axis=1)
        all_samples = np.concatenate([self.samples, samples], axis=1)
        missing = all_samples == NO_PICTURE
        order = np.lexsort((all_samples, -all_peaks, missing), axis=1)[:, :k]
        self.peaks = np.take_along_axis(all_peaks, order, 1)
        self.samples = np.take_along_axis(all_samples, order, 1)

    def merge(self, other: TopPictures) -> None:
        """Keep the best of both."""
        super().merge(other)
        self._keep(other.peaks, other.samples)

    def result(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return peaks and sample numbers ``(U, k)``, strongest first; -1 where there were fewer than k samples."""
        return self.peaks, self.samples
