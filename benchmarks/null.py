"""How long it takes to measure chance, over the dissection that it is a part of.

    python benchmarks/null.py [--images 3263] [--network squeezenet|vgg16] [--null 200] [--planes 2] [--repeats 3]

One layer of 512 units, 175 concepts in two planes by default. Both times are of the same run: `bare_seconds` are all of
a dissection but the re-pairings, `whole_seconds` the re-pairings. `peak_mib` are of processes that measured with a
quarter of the re-pairings and with all of them: memory does not grow with their number.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import BATCH, NETWORKS, make_network, make_samples, report_ratio
from memory import peak_mib

from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.samples import InMemorySamples

CONCEPTS = (164, 11)
"""Concepts of two planes: objects and colours."""


def two_planes(samples: InMemorySamples) -> InMemorySamples:
    """Return samples with the label maps of two planes of the six."""
    labels = samples._labels[:, [5, 3]].copy()
    for plane, (first, known) in enumerate(((1662, 1), (1427, 165))):
        labels[:, plane] += known - first
    names = [Concept(f"concept{i}", f"plane{p}") for p, n in enumerate(CONCEPTS) for i in range(n)]
    return InMemorySamples(samples._inputs, labels, Vocabulary(names))


def measure(options: argparse.Namespace, null: int, images: int) -> tuple[float, float]:
    """Return the seconds of a dissection without its re-pairings, and of these."""
    model, size, layer = make_network(options.network)
    samples = make_samples(images, size)
    samples = two_planes(samples) if options.planes == 2 else samples
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        settings = DissectionSettings(batch_size=BATCH, null=null)
        run = run_dissection(model, samples, layers=[layer], out=Path(folder) / "run", settings=settings)
        seconds = time.perf_counter() - start
        chance = run.manifest.seconds["chance"]
    return seconds - chance, chance


def main() -> None:
    """Time re-pairings beside everything else, and look at the memory of others."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=3263)
    parser.add_argument("--network", choices=list(NETWORKS), default="squeezenet")
    parser.add_argument("--null", type=int, default=200)
    parser.add_argument("--planes", type=int, choices=[2, 6], default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        measure(options, options.child, min(options.images, 400))
        print(peak_mib())
        return
    measure(options, 10, 64)  # what is compiled is compiled
    bare, whole = zip(
        *(measure(options, options.null, options.images) for _ in range(options.repeats)), strict=True
    )
    peaks = []
    for null in (options.null // 4, options.null):
        command = [sys.executable, *sys.argv, "--child", str(null)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        peaks.append(round(float(output.split()[-1]), 1))
    report_ratio(
        "null", list(bare), list(whole), network=options.network, images=options.images, null=options.null,
        planes=options.planes, peak_mib=peaks,
    )  # fmt: skip


if __name__ == "__main__":
    main()
