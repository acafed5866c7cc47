"""How near the bundled generator comes to scenes that it has never seen, once their latents have been looked for.

    python benchmarks/photo.py [--scenes 50] [--of church-outdoor|all] [--starts 512] [--steps 320] [--own 10]

The scenes are of the split "test" of the embedded world, of the class that the generator draws, or of all. Errors are
mean absolute differences, 0 to 255, each as the mean over scenes with a 95 % interval (bootstrap over scenes): of the
latent that is found; of the best latent that was drawn, before any step; of one random latent for each scene; and of
the mean of as many training scenes as `--mean`. `own` is the error for pictures that the generator itself made from
other latents, which it can draw exactly. `ratio` is the first error over the second, `gain` their difference.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

import unitscope
from unitscope.models.generators import Generator
from unitscope.paint.photo import STARTS, STEPS, Found, find_latent, framed
from unitscope.sources.latents import SeededLatents
from unitscope.stats.inference import bootstrap_means
from unitscope.world import WorldPictures
from unitscope.world.generator import GENERATOR_SCENE

OTHER_SEED = 1
"""Of the random latents, and of the generator's own pictures; the search draws from seed 0."""
REPLICATES = 1000

Picture = NDArray[np.uint8]


def scenes(count: int, split: str, of: str, size: tuple[int, int]) -> list[Picture]:
    """Draw scenes of a split, framed to the generator's size."""
    source = WorldPictures(count, split=split, scenes=() if of == "all" else (of,))
    return [framed(source.read(number), size) for number in range(count)]


def made(generator: Generator, count: int) -> list[Picture]:
    """Generate the pictures of some random latents."""
    latents = SeededLatents(count, generator.latent_shape, OTHER_SEED).read(range(count))
    with torch.no_grad():
        return [generator.pictures(generator.module(each[None]))[0] for each in latents]


def error(picture: NDArray[np.generic], other: Picture) -> float:
    """Return the mean absolute difference of two pictures."""
    return float(np.abs(np.asarray(picture, np.float64) - other).mean())


def searched(generator: Generator, pictures: Sequence[Picture], options: argparse.Namespace) -> list[Found]:
    """Find the latent of each picture."""
    found = []
    for number, picture in enumerate(pictures, 1):
        found.append(find_latent(generator, picture, starts=options.starts, steps=options.steps))
        print(f"{number} of {len(pictures)}: {found[-1].error:.2f}", file=sys.stderr, flush=True)
    return found


def interval(errors: Sequence[float]) -> list[float]:
    """Return the mean with its interval."""
    values = np.array(errors, np.float64)[:, None]
    ends = bootstrap_means(values, np.arange(len(values)), REPLICATES, 0)
    return [round(float(end[0]), 2) for end in ends]


def main() -> None:
    """Find the latents of scenes and print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=50)
    parser.add_argument("--of", default=GENERATOR_SCENE)
    parser.add_argument("--starts", type=int, default=STARTS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--own", type=int, default=10)
    parser.add_argument("--mean", type=int, default=300)
    options = parser.parse_args()
    generator = unitscope.generator("world-gan", device="cpu")
    pictures = scenes(options.scenes, "test", options.of, generator.size)
    began, used = time.perf_counter(), time.process_time()
    found = searched(generator, pictures, options)
    seconds, processor = (
        (now - then) / len(found) for now, then in ((time.perf_counter(), began), (time.process_time(), used))
    )
    own = [each.error for each in searched(generator, made(generator, options.own), options)]
    average = np.mean(scenes(options.mean, "train", options.of, generator.size), axis=0)
    errors, starts = [each.error for each in found], [each.start_error for each in found]
    line = {
        "benchmark": "photo",
        "ratio": round(statistics.mean(errors) / statistics.mean(starts), 3),
        "found": interval(errors),
        "best_start": interval(starts),
        "gain": interval([start - end for start, end in zip(starts, errors, strict=True)]),
        "random_latent": interval(list(map(error, made(generator, len(pictures)), pictures))),
        "mean_picture": interval([error(average, picture) for picture in pictures]),
        "own": interval(own) if own else None,
        "seconds_each": round(seconds, 1),
        "processor_seconds_each": round(processor, 1),
        "threads": torch.get_num_threads(),
        **vars(options),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
