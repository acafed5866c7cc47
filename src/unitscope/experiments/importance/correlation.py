"""How the strongest activation of a unit goes with the logit of a class."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
Floats = NDArray[np.float64]


def correlate(parts: Callable[[], Iterable[tuple[Values, Values]]]) -> Floats:
    """Return the Pearson correlation of every column of x with every column of y ``(U, C)``; NaN where one is constant.

    Args:
        parts: yields the same rows ``(n, U)`` and ``(n, C)`` whenever it is called: it is called twice, for the means
            and for the products.
    """
    count, sums = 0, [np.zeros(0), np.zeros(0)]
    for pair in parts():
        totals = [value.sum(0, dtype=np.float64) for value in pair]
        sums = totals if count == 0 else [a + b for a, b in zip(sums, totals, strict=True)]
        count += len(pair[0])
    means = [total / max(count, 1) for total in sums]
    products = np.zeros((len(means[0]), len(means[1])))
    squares = [np.zeros(len(mean)) for mean in means]
    for pair in parts():
        x, y = (value.astype(np.float64) - mean for value, mean in zip(pair, means, strict=True))
        products += x.T @ y
        squares = [total + (value**2).sum(0) for total, value in zip(squares, (x, y), strict=True)]
    # What is left of a constant's squares is rounding.
    flat = [square <= count * (1e-7 * np.abs(mean)) ** 2 for square, mean in zip(squares, means, strict=True)]
    scale = np.sqrt(
        np.outer(*(np.where(still, np.nan, square) for still, square in zip(flat, squares, strict=True)))
    )
    correlation: Floats = products / scale
    return correlation
