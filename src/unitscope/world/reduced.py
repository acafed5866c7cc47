"""Scenes at half the size they are drawn at: the pictures that the bundled generator and segmenter know."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unitscope.world.colors import color_labels
from unitscope.world.names import PLANES
from unitscope.world.scene import render_scene

REDUCED_SIZE = 64
"""Side of a reduced scene in pixels."""


def reduced_scene(seed: int, *, scene: str | None = None) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Render a scene, seen mildly, at twice the size and reduce it.

    Args:
        seed: any integer from 0.
        scene: a name of SCENE_CLASSES; drawn from the seed when absent.

    Returns:
        RGB uint8 `(64, 64, 3)`, the mean of every two by two pixels; and label maps int32 `(4, 64, 64)` in the order
        of PLANES: the label that most of the four pixels have (of as many, that of the first), colours as they are
        in the reduced picture.
    """
    drawn = render_scene(seed, scene=scene, size=2 * REDUCED_SIZE, mild=True)
    blocks = drawn.picture.reshape(REDUCED_SIZE, 2, REDUCED_SIZE, 2, 3).astype(np.float32)
    picture = (blocks.mean((1, 3)) + 0.5).astype(np.uint8)
    labels = _most_frequent(drawn.labels)
    labels[PLANES.index("color")] = color_labels(picture)
    return picture, labels


def _most_frequent(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the label most frequent in every two by two pixels of `(P, 2h, 2w)`, `(P, h, w)`."""
    four = np.stack([labels[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])
    votes = (four[:, None] == four[None]).sum(0)
    chosen: NDArray[np.int32] = np.take_along_axis(four, votes.argmax(0)[None], 0)[0]
    return chosen
