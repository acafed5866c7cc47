"""How much one region tells about another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

Counts = NDArray[np.int64]


def mutual_information(pixels: Counts, areas: Counts, shared: Counts, points: int) -> NDArray[np.float64]:
    """Return the mutual information of every mask and every concept, in bits a pixel ``(U, C)``.

    Both are yes or no at each pixel; of the four shares p of the pixels, those with both, with one, the other and none
    of them, it is the sum of p log2(p / q), q the product of the shares of the two (Cover and Thomas 2006, eq. 2.28). A
    mask that meets a concept less often than by chance would tell something too: where it is not. That is no match,
    and 0 here.

    Args:
        pixels: of each mask ``(U,)``.
        areas: of each concept ``(C,)``.
        shared: pixels of both ``(U, C)``.
        points: pixels of all pictures.
    """
    total = max(points, 1)
    masks, concepts = (pixels / total)[:, None], (areas / total)[None]
    both = shared / total
    found = rel_entr(both, masks * concepts)
    found += rel_entr(masks - both, masks * (1 - concepts))
    found += rel_entr(concepts - both, (1 - masks) * concepts)
    neither = (total - pixels[:, None] - areas[None] + shared) / total
    found += rel_entr(neither, (1 - masks) * (1 - concepts))
    found[both <= masks * concepts] = 0
    bits: NDArray[np.float64] = np.maximum(found / np.log(2), 0)
    return bits
