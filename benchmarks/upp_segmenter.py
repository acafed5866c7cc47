"""How much longer Unified Perceptual Parsing takes than its bare encoder and decoder, as one JSON line.

python benchmarks/upp_segmenter.py [--size 256] [--repeats 7]

The whole is label maps with half-parts from a picture that is in memory; `half_parts_ms` are those of
cluttered maps of 256 x 256: blocks of 3 x 3 pixels, and single pixels, of random objects.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from common import report_ratio
from numpy.typing import NDArray

from unitscope.concepts.half_parts import half_parts
from unitscope.concepts.labellers import PixelGrid, SegmenterLabeller
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.upp import UnifiedParsing
from unitscope.concepts.upp_labels import published_labels
from unitscope.models.preprocessing import Preprocessing
from unitscope.sources.framing import Framing
from unitscope.world import WorldPictures

CLUTTERED = 256


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cluttered(block: int, kinds: int) -> NDArray[np.int64]:
    """Return a map of random objects in blocks, (1, 256, 256)."""
    cells = -(-CLUTTERED // block)
    coarse = np.random.default_rng(0).integers(0, kinds + 1, (cells, cells))
    whole = np.kron(coarse, np.ones((block, block), np.int64))
    return whole[None, :CLUTTERED, :CLUTTERED]


def half_parts_milliseconds() -> dict[str, float]:
    """Time the half-parts of some cluttered maps, the median of 20."""
    found = {}
    for name, block, kinds in (("blocks", 3, 6), ("pixels", 1, 2), ("many objects", 1, 335)):
        objects = cluttered(block, kinds)
        work = partial(half_parts, objects, first=336, count=335)
        times = [seconds(work) for _ in range(20)]
        found[name] = round(1000 * statistics.median(times), 2)
    return found


def main() -> None:
    """Time bare passes and whole ones in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    torch.manual_seed(0)
    side = options.size
    module = UnifiedParsing(published_labels()).eval()
    preprocessing = Preprocessing(size=(side, side), range=(-1, 1), mean=(0, 0, 0), scale=(1, 1, 1))
    segmenter = Segmenter(module, module.vocabulary, preprocessing, planes=module.planes, takes_grid=True)
    labeller = SegmenterLabeller(segmenter, PixelGrid(Framing(), (side, side), (side // 4, side // 4)))
    prepared = labeller.prepare(0, WorldPictures(1, size=side).read(0))
    inputs = torch.from_numpy(prepared)[None]
    bare, whole = [], []
    with torch.no_grad():
        for _ in range(options.repeats + 1):
            bare.append(seconds(lambda: module.decoder(module.encoder(inputs))))
            whole.append(seconds(lambda: labeller.label([prepared])))
    report_ratio("upp_segmenter", bare[1:], whole[1:], input=side, half_parts_ms=half_parts_milliseconds())


if __name__ == "__main__":
    main()
