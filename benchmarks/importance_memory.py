"""Whether peak memory stays flat: importance measured on 500 and on 2,000 pictures, each in a process of its own.

    python benchmarks/importance_memory.py [--few 500] [--many 2000]

Half of the pictures are train, half are val. The ratio is peak memory with many pictures over peak memory with few.
What grows are the bootstrap's weights, 4 kB a picture.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import memory
import numpy as np
from ablation_memory import CLASSES, SIZE, make
from numpy.typing import NDArray

import unitscope
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.models.preprocessing import Preprocessing

SIZES = (1, 4, 20)


class RandomPictures:
    """Random pictures of as many classes as the network tells, with random labels of one concept."""

    def __init__(self, count: int, seed: int) -> None:
        self.name, self.content_hash = f"random {seed}", f"{count}-{seed}"
        self.sample_ids = tuple(f"{number:06d}" for number in range(count))
        self.class_names = tuple(str(number) for number in range(CLASSES))
        self.targets: NDArray[np.int64] = np.arange(count, dtype=np.int64) % CLASSES
        self.vocabulary = Vocabulary([Concept("bright", "color")])
        self.seed = seed

    def __len__(self) -> int:
        return len(self.sample_ids)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return a picture."""
        generator = np.random.default_rng([self.seed, index])
        return generator.integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)

    def labels(self, index: int) -> NDArray[np.int32]:
        """Return its label map."""
        return (self.read(index)[None, ..., 0] > 200).astype(np.int32)


def measure_importance(pictures: int) -> None:
    """Measure importance."""
    model = unitscope.Network(
        make(), Preprocessing(size=(SIZE, SIZE)), classes=tuple(str(number) for number in range(CLASSES))
    )
    with tempfile.TemporaryDirectory() as folder:
        run = unitscope.dissect(
            model, RandomPictures(32, 0), out=Path(folder) / "run", layers=["2"], device="cpu"
        )
        train, val = (RandomPictures(pictures // 2, seed) for seed in (1, 2))
        settings = unitscope.ImportanceSettings(set_sizes=SIZES, random=2)
        unitscope.importance(run, train, val, network=model, settings=settings, device="cpu")


if __name__ == "__main__":
    memory.main("importance_memory", __doc__, measure_importance)
