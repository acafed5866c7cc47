"""How much longer attacking pictures takes than the bare forward and backward passes that the attack needs by itself.

python benchmarks/attack.py [--method cw|ddn|pgd] [--pictures 16] [--network world-vgg|vgg16|squeezenet] [--repeats 3]

The whole question is timed, from pictures in memory to tables on disk: which units are important, the attack, saving
and judging, units before and after, exchanged units. Bare are as many passes there and back of the network alone, with
gradients of pixels and none of weights, in batches of the same size, in the faster of both memory layouts.
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
from torch import Tensor

from unitscope.experiments.attack.measure import run_attack
from unitscope.experiments.attack.settings import AttackSettings
from unitscope.experiments.attack.subject import output_names
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.nouns.attacked import attacked_pictures
from unitscope.nouns.network import network
from unitscope.run.attack import Attack
from unitscope.run.dissection import Dissection
from unitscope.sources.dataset import dataset_pictures
from unitscope.world import WorldPictures

FEW = 32
"""Pictures of the dissection that units come from."""


def find_network(name: str) -> tuple[Network, int, str]:
    """Return a network with the size of its input and a late layer."""
    if name == "world-vgg":
        found = network(name)
        return found, found.preprocessing.size[0], "relu4_3"
    made, size, layer = make_network(name)
    seen = Preprocessing(size=(size, size))
    return replace(made, preprocessing=seen), size, layer


def time_attack(
    run: Dissection, model: Network, pictures: list[np.ndarray], layer: str, settings: AttackSettings
) -> tuple[float, Attack]:
    """Seconds from pictures in memory to the tables on disk, and what came out."""
    attacked = attacked_pictures(dataset_pictures(pictures), model, settings.target)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        found = run_attack(run, model, layer, attacked, out=Path(folder) / "out", settings=settings)
        return time.perf_counter() - start, found


def time_bare(model: Network, pictures: list[np.ndarray], passes: int) -> float:
    """Seconds for so many pictures there and back, timed on some of them, in the faster memory layout."""
    inputs = torch.from_numpy(np.stack([model.preprocessing.apply(picture) for picture in pictures[:BATCH]]))
    return min(
        _seconds(model.module.to(memory_format=layout), inputs.to(memory_format=layout))
        * passes
        / len(inputs)
        for layout in (torch.channels_last, torch.contiguous_format)
    )


def _seconds(module: torch.nn.Module, inputs: Tensor, rounds: int = 8) -> float:
    asked = [each for each in module.parameters() if each.requires_grad]
    for each in asked:
        each.requires_grad_(False)
    try:
        start = 0.0
        for number in range(rounds + 1):
            if number == 1:
                start = time.perf_counter()
            pixels = inputs.detach().requires_grad_(True)
            torch.autograd.grad(module(pixels).sum(), pixels)
        return (time.perf_counter() - start) / rounds
    finally:
        for each in asked:
            each.requires_grad_(True)


def main() -> None:
    """Time attacks and bare passes in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--method", choices=["cw", "ddn", "pgd"], default="cw")
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--network", choices=["world-vgg", *NETWORKS], default="world-vgg")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    model, size, layer = find_network(options.network)
    scenes = WorldPictures(4 * options.pictures, split="train", size=size)
    pictures = [scenes.read(index) for index in range(len(scenes))]
    with torch.no_grad():
        first = torch.from_numpy(model.preprocessing.apply(pictures[0])[None])
        target = output_names(model)[int(model.module(first).argmax())]
    settings = AttackSettings(
        target=(target,), method=options.method, limit=options.pictures, batch_size=BATCH, examples=0
    )
    with tempfile.TemporaryDirectory() as folder:
        told = DissectionSettings(batch_size=BATCH)
        run = run_dissection(
            model, make_samples(FEW, size), layers=[layer], out=Path(folder) / "run", settings=told
        )
        bare, whole = [], []
        for _ in range(options.repeats):
            seconds, found = time_attack(run, model, pictures, layer, settings)
            whole.append(seconds)
            bare.append(time_bare(model, pictures, found.summary.passes))
    report_ratio(
        "attack", bare, whole, network=options.network, layer=layer, method=options.method,
        attacked=found.summary.targets[0].tried, passes=found.summary.passes, input=size,
    )  # fmt: skip


if __name__ == "__main__":
    main()
