"""What the benchmarks of effects share: generators with segmenters, random or bundled, and bare passes of both."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from common import report_ratio
from torch import nn

from unitscope.concepts.labellers import PixelGrid, SegmenterLabeller
from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.effects.edited import EditedGenerator
from unitscope.experiments.effects.subject import Subject, UnitMatches
from unitscope.experiments.generated import GeneratedSamples
from unitscope.layer.grid import GridGeometry
from unitscope.layer.hooks import LayerGrid
from unitscope.layer.readout import Reading
from unitscope.models.generator_names import load_generator
from unitscope.models.generators import Generator, look_at
from unitscope.models.networks.proggan import ProgressiveGenerator
from unitscope.models.preprocessing import Preprocessing
from unitscope.nouns.concepts import Concepts
from unitscope.nouns.samples import generated
from unitscope.run.summaries import RunIdentity
from unitscope.sources.framing import Framing
from unitscope.sources.latents import SeededLatents

LATENT, UNITS = 128, (128, 128, 128, 128, 96, 96, 64, 64, 32, 32)
LAYER, CELLS = "layer4", 8
CONCEPTS, WIDTH = 24, 48
BATCH = 16


def make_segmenter() -> Segmenter:
    """Build a segmenter of five convolutions with seeded random weights."""
    torch.manual_seed(1)
    widths = [3, WIDTH, WIDTH, WIDTH, WIDTH]
    parts: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        parts += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
    module = nn.Sequential(*parts, nn.Conv2d(WIDTH, CONCEPTS + 1, 3, padding=1)).eval()
    vocabulary = Vocabulary([Concept(f"concept{i}", f"category{i % 2}") for i in range(CONCEPTS)])
    return Segmenter(module, vocabulary, Preprocessing(size=(64, 64)), name="random", batch=(1, BATCH))


def bundled_samples(latents: int) -> GeneratedSamples:
    """Return the pictures of the bundled generator with its segmenter."""
    generator = load_generator("world-gan")
    drawn = SeededLatents(latents, generator.latent_shape, 1)
    return generated(generator, drawn, Concepts())


def random_samples(latents: int) -> GeneratedSamples:
    """Build a Progressive GAN of 64x64 pixels with seeded random weights, `latents` latents and a segmenter."""
    torch.manual_seed(0)
    module = ProgressiveGenerator(LATENT, UNITS).eval()
    with torch.no_grad():  # most values lie between -1 and 1 then, as trained ones have them
        module.get_parameter("output_64x64.conv.weight").mul_(0.3)
    drawn = SeededLatents(latents, (LATENT,), 1)
    random = Generator(module, (LATENT,), range=(-1.0, 1.0), name="random")
    generator = look_at(random, drawn.read(range(min(latents, 4))))
    grid = (generator.size[0] // 4, generator.size[1] // 4)
    labeller = SegmenterLabeller(
        make_segmenter(), PixelGrid(Framing("squash", 1.0, "bilinear"), generator.size, grid)
    )
    return GeneratedSamples(generator, drawn, labeller, grid=grid)


GENERATORS: dict[str, Callable[[int], GeneratedSamples]] = {
    "random": random_samples,
    "world": bundled_samples,
}


def make_subject(latents: int, generator: str) -> Subject:
    """Put a layer of a generator together with IoUs drawn at random, as if it had been dissected."""
    samples = GENERATORS[generator](latents)
    units = int(samples.generator.module.get_parameter(f"{LAYER}.wscale.b").shape[0])
    random = np.random.default_rng(0)
    iou = random.random((units, len(samples.vocabulary)))
    iou[:, 0] = 0
    matches = UnitMatches(iou, np.ones(units, np.float32), np.ones(len(samples.vocabulary), np.int64))
    grid = (CELLS, CELLS)
    layer = LayerGrid(
        LAYER, units, grid, GridGeometry.even(grid, samples.generator.size), Reading("NUhw", grid)
    )
    run = RunIdentity(run="", run_hash="", weights_hash="", model=generator)
    return Subject(samples, layer, matches, run, batch_size=BATCH)


class Stopwatch:
    """Adds up the processor time of a module's passes: what else runs on the machine hardly matters.

    Args:
        module: its passes are timed from now on.
    """

    def __init__(self, module: nn.Module) -> None:
        self.seconds = self._start = 0.0
        module.register_forward_pre_hook(self._begin)
        module.register_forward_hook(self._end)

    def _begin(self, *_: Any) -> None:
        self._start = time.process_time()

    def _end(self, *_: Any) -> None:
        self.seconds += time.process_time() - self._start


def bare_passes(edited: EditedGenerator, watch: Stopwatch, batch: range, count: int) -> tuple[float, float]:
    """Time passes of the generator from the layer on and of the segmenter, over some latents, in batches of its size.

    Args:
        edited: the generator.
        watch: times the segmenter's module.
        batch: sample numbers.
        count: passes of each latent.

    Returns:
        Seconds of the two modules alone; and of all from the layer to label maps.
    """
    samples = edited.samples
    carried = edited.replay.front(samples.latents.read(batch))
    watch.seconds = modules = whole = 0.0
    for rows in (torch.arange(count * len(batch)) % len(batch)).split(edited.batch_size):
        chosen = carried[rows]
        start = time.process_time()
        outputs = edited.replay.back(chosen)
        modules += time.process_time() - start
        samples.label(samples.pictures(outputs))
        whole += time.process_time() - start
    return modules + watch.seconds, whole


def interleave(
    edited: EditedGenerator,
    batches: Sequence[range],
    variants: int,
    measure: Callable[[Iterator[range]], object],
    repeats: int,
) -> tuple[list[float], list[float], list[float]]:
    """Time bare passes and the measurement of as many pictures batch by batch, in turn.

    Returns:
        Seconds by repeat: of the two modules alone, of bare passes, and of the measurement.
    """
    labeller = edited.samples.labeller
    assert isinstance(labeller, SegmenterLabeller)
    watch = Stopwatch(labeller.segmenter.module)
    found: list[list[float]] = [[], [], []]
    for repeat in range(repeats + 1):
        totals = [0.0, 0.0, 0.0]
        for batch in batches[: 1 if repeat == 0 else None]:  # the first is to warm up
            parts = [*bare_passes(edited, watch, batch, variants + 1)]
            start = time.process_time()
            measure(iter([batch]))
            parts.append(time.process_time() - start)
            totals = [total + part for total, part in zip(totals, parts, strict=True)]
        for seconds, total in zip(found, totals, strict=True):
            seconds.append(total)
    modules, passes, whole = (seconds[1:] for seconds in found)
    return modules, passes, whole


def show(
    name: str, seconds: tuple[list[float], list[float], list[float]], command: float, **facts: object
) -> None:
    """Print the JSON line of a benchmark.

    Args:
        name: of the benchmark.
        seconds: from :func:`interleave`.
        command: seconds of the whole question.
        **facts: what was measured.
    """
    modules, passes, whole = seconds
    report_ratio(
        name,
        passes,
        whole,
        modules_ratio=round(statistics.median(w / m for w, m in zip(whole, modules, strict=True)), 3),
        command_seconds=round(command, 2),
        layer=LAYER,
        **facts,
    )
