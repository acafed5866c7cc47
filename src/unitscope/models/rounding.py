"""The compiled loop from values of pictures to 8 bits; it calls nothing compiled of another file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.stats.kernels.compiled import jit


@jit
def to_bytes(values: NDArray[np.float32], low: float, scale: float, out: NDArray[np.uint8]) -> bool:
    """Write ``(values - low) * scale``, rounded half up and clamped to 0..255, with the colours last.

    In float32 and in this order, as :meth:`unitscope.models.generators.Generator.pictures` does it with tensors.

    Args:
        values: ``(N, 3, H, W)``.
        low: of black.
        scale: 255 over the distance of white.
        out: ``(N, H, W, 3)``.

    Returns:
        Whether all values are finite.
    """
    finite, black, factor = True, np.float32(low), np.float32(scale)
    for n in range(values.shape[0]):
        for row in range(values.shape[2]):
            for column in range(values.shape[3]):
                for colour in range(values.shape[1]):
                    value = values[n, colour, row, column]
                    finite &= abs(value) < np.inf
                    level = (value - black) * factor + np.float32(0.5)
                    out[n, row, column, colour] = np.uint8(min(max(level, np.float32(0)), np.float32(255)))
    return finite
