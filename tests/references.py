"""What the library does, written down as plainly as can be: tests compare it with these."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from unitscope.layer.interventions import replacing
from unitscope.sources.class_names import KnownNames

IMAGENET = tuple(
    (Path(__file__).parent / "data" / "imagenet1000.txt").read_text(encoding="utf-8").splitlines()
)
"""The 1,000 classes of ILSVRC 2012: the first word of each WordNet entry, with two pairs told apart."""


@contextmanager
def intervene(module, layer, edit: Callable):
    """Apply an edit to a layer's activation ``(N, U, h, w)`` in every forward pass until the block ends."""

    def replace(output):
        return layer.reading.replace(output, edit(layer.read(output)))

    with replacing(module, layer.name, replace):
        yield


def pixel_corners(points, pixels):
    """`points` positions from the first pixel's centre to the last's: the raster of the paper's published code."""
    return np.linspace(0.0, pixels - 1.0, points)


def values_to_keys(values):
    """Map float32 values to keys in the same order; -0 and 0 share one."""
    bits = (values + np.float32(0)).view(np.uint32)
    return np.where(bits >> 31 != 0, ~bits, bits | np.uint32(0x80000000)).astype(np.uint32)


def find_class(name, known):
    """Return the place of a name among `known` if only one fits."""
    found = KnownNames(known).find(name)
    return found[0] if len(found) == 1 else None
