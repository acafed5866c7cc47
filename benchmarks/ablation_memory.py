"""Whether peak memory stays flat: every unit ablated on 500 and on 2,000 pictures, each in a process of its own.

    python benchmarks/ablation_memory.py [--few 500] [--many 2000]

What crosses the cut is kept on disk, and class accuracy is counted for every unit. The ratio is peak memory with many
pictures over peak memory with few.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import memory
import torch
from common import BATCH, Normalised
from torch import Tensor, nn

from unitscope.ablation import Ablation
from unitscope.experiments.carried import CarriedCache
from unitscope.replay import cut
from unitscope.stats import ClassAccuracy

SIZE, CLASSES, UNITS = 48, 12, 48


def make() -> nn.Module:
    """Build a small network with a layer ``2`` of 48 units."""
    torch.manual_seed(0)
    return nn.Sequential(
        Normalised(3, 24, 3, 2), Normalised(24, 48, 3, 2), Normalised(48, UNITS, 3, 2), Normalised(UNITS, 32, 3),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, CLASSES),
    ).eval()  # fmt: skip


def draw(batch: int, count: int) -> Tensor:
    """Draw the inputs of a batch."""
    return torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(batch))


def ablate(pictures: int) -> None:
    """Ablate every unit on all pictures."""
    replay = cut(make(), "2", torch.randn(2, 3, SIZE, SIZE))
    ablation, accuracy = Ablation(replay), ClassAccuracy(UNITS, CLASSES)
    with tempfile.TemporaryDirectory() as folder:
        cache = CarriedCache(replay, Path(folder), budget=2**30, identity="random")
        for batch in list(range(-(-pictures // BATCH))) * 2:
            count = min(BATCH, pictures - batch * BATCH)
            carried = cache.read(batch, partial(draw, batch, count))
            baseline, without = ablation.predictions(carried)
            accuracy.update(without, baseline)


if __name__ == "__main__":
    memory.main("ablation_memory", __doc__, ablate)
