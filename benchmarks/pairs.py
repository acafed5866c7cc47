"""How much longer measuring pairs of pictures takes than two bare forward passes a pair, for one layer of 512 units.

python benchmarks/pairs.py [--pairs 128] [--network vgg16|squeezenet] [--repeats 3]

Pictures are in memory and their copies are negatives, so that what is measured is the comparison: both readings, the
thresholds of both sets, overlaps with intervals, tables and exemplars. Bare passes take inputs as they are.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from common import BATCH, NETWORKS, make_network, make_samples, report_ratio
from numpy.typing import NDArray

from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.shape.measure import run_shape
from unitscope.experiments.shape.settings import ShapeSettings
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.run.dissection import Dissection
from unitscope.sources.altered import AlteredPictures
from unitscope.sources.dataset import dataset_pictures
from unitscope.sources.pairs import PicturePairs
from unitscope.world import WorldPictures

FEW = 32
"""Pictures of the dissection that units come from, and of the first rounds, which are not counted."""


def negative(picture: NDArray[np.uint8], _generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture with black for white ``(H, W, 3)``."""
    return 255 - picture


def make_pairs(count: int, size: int) -> PicturePairs:
    """Make pairs of drawn scenes and their negatives."""
    scenes = WorldPictures(count, split="train", size=size)
    originals = dataset_pictures([scenes.read(index) for index in range(count)])
    return PicturePairs(originals, AlteredPictures(originals, negative, name="negative"))


def time_bare(model: Network, pairs: PicturePairs) -> float:
    """Seconds for the bare forward passes over both pictures of all pairs."""
    read = [pairs.read(index) for index in range(len(pairs))]
    pictures = [picture for pair in read for picture in (pair.original, pair.altered)]
    inputs = torch.from_numpy(np.stack([model.preprocessing.apply(picture) for picture in pictures]))
    start = time.perf_counter()
    with torch.no_grad():
        for batch in inputs.split(BATCH):
            model.module(batch)
    return time.perf_counter() - start


def time_pairs(run: Dissection, model: Network, pairs: PicturePairs, layer: str) -> float:
    """Seconds from pictures in memory to the tables on disk."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        run_shape(
            run,
            model,
            pairs,
            Path(folder) / "out",
            alteration="negative",
            layers=[layer],
            settings=ShapeSettings(),
        )
        return time.perf_counter() - start


def main() -> None:
    """Time bare passes and comparisons in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=128)
    parser.add_argument("--network", choices=list(NETWORKS), default="vgg16")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    model, size, layer = make_network(options.network)
    model = replace(model, preprocessing=Preprocessing(size=(size, size)))
    with tempfile.TemporaryDirectory() as folder:
        settings = DissectionSettings(batch_size=BATCH)
        run = run_dissection(
            model, make_samples(FEW, size), layers=[layer], out=Path(folder) / "run", settings=settings
        )
        few, pairs = make_pairs(FEW, size), make_pairs(options.pairs, size)
        time_bare(model, few)
        time_pairs(run, model, few, layer)
        bare, whole = [], []
        for _ in range(options.repeats):
            bare.append(time_bare(model, pairs))
            whole.append(time_pairs(run, model, pairs, layer))
    report_ratio("pairs", bare, whole, network=options.network, layer=layer, pairs=options.pairs, input=size)


if __name__ == "__main__":
    main()
