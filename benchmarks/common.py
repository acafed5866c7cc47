"""What the benchmarks share: networks with random weights, drawn scenes with random label maps, timing."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.samples import InMemorySamples
from unitscope.models.network import Network
from unitscope.models.preprocessing import Preprocessing
from unitscope.world import WorldPictures

BATCH = 16
WARM_IMAGES = 32
VGG_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
PLANES = (335, 1066, 25, 11, 224, 164)
"""Concepts in each plane of the label maps: 1,825 together, as the paper's reference segmentation has."""


class Vgg16(nn.Module):
    """VGG-16 with 365 classes; layers conv1_1, relu1_1 ... relu5_3, fc6 ... fc8."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential()
        channels = 3
        for stage, widths in enumerate(VGG_STAGES, start=1):
            for index, width in enumerate(widths, start=1):
                self.features.add_module(f"conv{stage}_{index}", nn.Conv2d(channels, width, 3, padding=1))
                self.features.add_module(f"relu{stage}_{index}", nn.ReLU(inplace=True))
                channels = width
            self.features.add_module(f"pool{stage}", nn.MaxPool2d(2))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 49, 4096), nn.ReLU(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 365)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Classify pictures ``(N, 3, 224, 224)``."""
        logits: Tensor = self.classifier(self.features(x).flatten(1))
        return logits


class Normalised(nn.Module):
    """Convolution, batch norm, leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, h, w)`` to ``(N, outputs, h', w')``."""
        return F.leaky_relu(self.norm(self.conv(x)), 0.55)


class Fire(nn.Module):
    """Squeeze to few channels, expand to many."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = Normalised(inputs, squeezed, 1)
        self.narrow = Normalised(squeezed, expanded, 1)
        self.wide = Normalised(squeezed, expanded, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, h, w)`` to ``(N, 2 * expanded, h, w)``."""
        x = self.squeeze(x)
        return torch.cat([self.narrow(x), self.wide(x)], 1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1 with batch norm and 365 classes; layers conv1, fire2 ... fire9 (512 units), conv10."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Normalised(3, 64, 3, 2)
        inputs = 64
        widths = [(16, 64)] * 2 + [(32, 128)] * 2 + [(48, 192)] * 2 + [(64, 256)] * 2
        for index, (squeezed, expanded) in enumerate(widths, start=2):
            self.add_module(f"fire{index}", Fire(inputs, squeezed, expanded))
            inputs = 2 * expanded
        self.conv10 = nn.Conv2d(512, 365, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Classify pictures ``(N, 3, H, W)``."""
        x = F.max_pool2d(self.conv1(x), 3, 2)
        for index in range(2, 10):
            x = self.get_submodule(f"fire{index}")(x)
            if index in (3, 5):
                x = F.max_pool2d(x, 3, 2)
        logits: Tensor = F.leaky_relu(self.conv10(x), 0.55).mean((2, 3))
        return logits


NETWORKS: dict[str, tuple[Callable[[], nn.Module], int, str]] = {
    "vgg16": (Vgg16, 224, "features.relu5_3"),
    "squeezenet": (SqueezeNet, 192, "fire9"),
}
"""Name: the network, its input size and its last layer of 512 units."""


def make_network(name: str) -> tuple[Network, int, str]:
    """Build a network with seeded random weights."""
    build, size, layer = NETWORKS[name]
    torch.manual_seed(0)
    module = build().eval()
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)
    return Network(module, name=name), size, layer


def make_samples(count: int, size: int, *, seed: int = 0) -> InMemorySamples:
    """Make inputs ``(count, 3, size, size)`` of drawn scenes, and label maps of six planes on the quarter grid."""
    preprocessing = Preprocessing(size=(size, size))
    pictures = WorldPictures(count, split="train", size=size)
    inputs = torch.from_numpy(np.stack([preprocessing.apply(pictures.read(i)) for i in range(count)]))
    return InMemorySamples(inputs, make_labels(count, size // 4, seed=seed), make_vocabulary())


def make_labels(count: int, grid: int, *, seed: int) -> NDArray[np.int16]:
    """Make label maps ``(count, 6, grid, grid)`` of patches."""
    generator = np.random.default_rng(seed)
    planes, first = [], 1
    for concepts in PLANES:
        coarse = generator.integers(first, first + concepts, (count, 7, 7))
        steps = np.arange(grid) * 7 // grid
        planes.append(coarse[:, steps][:, :, steps])
        first += concepts
    return np.stack(planes, axis=1).astype(np.int16)


def make_vocabulary() -> Vocabulary:
    """Make names for all concepts."""
    return Vocabulary([Concept(f"concept{i}", f"plane{p}") for p, n in enumerate(PLANES) for i in range(n)])


def time_bare(
    model: Network, samples: InMemorySamples, layout: torch.memory_format = torch.preserve_format
) -> float:
    """Seconds for the bare forward passes over all samples, whose channels may lie first or last in memory."""
    start = time.perf_counter()
    batches = (
        range(i, min(i + BATCH, len(samples.sample_ids))) for i in range(0, len(samples.sample_ids), BATCH)
    )
    with torch.no_grad():
        for batch in samples.batches(batches):
            model.module(batch.inputs.to(memory_format=layout))
    return time.perf_counter() - start


def time_dissection(model: Network, samples: InMemorySamples, layers: Sequence[str]) -> float:
    """Seconds for a dissection, from inputs in memory to the tables on disk; `null.py` times what chance takes."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        settings = DissectionSettings(batch_size=BATCH, null=0)
        run_dissection(model, samples, layers=layers, out=Path(folder) / "run", settings=settings)
        return time.perf_counter() - start


def time_both(
    model: Network, samples: InMemorySamples, layers: Sequence[str], repeats: int
) -> tuple[list[float], list[float], list[float]]:
    """Time bare passes as they are given, those or passes with channels last, whichever are faster, and dissections."""
    given, fastest, whole = [], [], []
    for _ in range(repeats):
        given.append(time_bare(model, samples))
        fastest.append(min(given[-1], time_bare(model, samples, torch.channels_last)))
        whole.append(time_dissection(model, samples, layers))
    return given, fastest, whole


def median_ratio(upper: Sequence[float], lower: Sequence[float]) -> float:
    """Return the median of the ratios of neighbouring timings."""
    return round(statistics.median(a / b for a, b in zip(upper, lower, strict=True)), 3)


def report_ratio(name: str, bare: list[float], whole: list[float], **facts: object) -> None:
    """Print one JSON line: the median ratio of neighbouring timings, and the timings."""
    ratios = [w / b for w, b in zip(whole, bare, strict=True)]
    line = {
        "benchmark": name,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "bare_seconds": [round(seconds, 2) for seconds in bare],
        "whole_seconds": [round(seconds, 2) for seconds in whole],
        "threads": torch.get_num_threads(),
        **facts,
    }
    print(json.dumps(line))


def compare_with_passes(
    name: str,
    model: Network,
    size: int,
    layers: Sequence[str],
    /,
    *,
    images: int,
    repeats: int,
    **facts: object,
) -> None:
    """Time bare passes and dissections of some layers in turn, once for warmth and then for the report.

    What every further picture costs is told from half as many pictures: what is done once for a run, and once for a
    unit, is left out of that.

    Args:
        name: of the benchmark.
        model: the network.
        size: pixels of a side of its inputs.
        layers: that are dissected together.
        images: how many inputs.
        repeats: of each.
        facts: what the report says besides.
    """
    warm = make_samples(WARM_IMAGES, size)
    time_bare(model, warm)
    time_dissection(model, warm, layers)
    given, fastest, whole = time_both(model, make_samples(images, size), layers, repeats)
    _, half_bare, half = time_both(model, make_samples(images // 2, size), layers, repeats)
    more = median_ratio(
        [a - b for a, b in zip(whole, half, strict=True)],
        [a - b for a, b in zip(fastest, half_bare, strict=True)],
    )
    ratio = median_ratio(whole, given)
    report_ratio(
        name, fastest, whole, ratio_further_pictures=more, ratio_as_given=ratio, images=images, **facts
    )
