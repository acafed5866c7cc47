"""How much longer a dissection takes, and how much more it keeps, when whole activations are scored (`--scores`).

    python benchmarks/scores.py [--images 512] [--network squeezenet|vgg16] [--layer NAME] [--repeats 3]

Dissections without and with take turns, 175 concepts in two planes; `scores_seconds` are the scoring alone, the rest is
what keeping every cell costs. `cache_mib` are on disk afterwards.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from common import BATCH, NETWORKS, make_network, make_samples, report_ratio
from null import two_planes

from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.samples import InMemorySamples
from unitscope.models.network import Network


def measure(
    model: Network, samples: InMemorySamples, layer: str, *, scores: bool
) -> tuple[float, float, float]:
    """Return the seconds of a dissection, those of the scoring, and the MiB of its cache."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        settings = DissectionSettings(batch_size=BATCH, scores=scores)
        run = run_dissection(model, samples, layers=[layer], out=Path(folder) / "run", settings=settings)
        seconds = time.perf_counter() - start
        kept = sum(file.stat().st_size for file in (Path(folder) / "run" / "cache").iterdir()) / 2**20
        return seconds, run.manifest.seconds["scores"], kept


def main() -> None:
    """Time dissections without and with scores in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--network", choices=list(NETWORKS), default="squeezenet")
    parser.add_argument("--layer", help="another layer than the last of 512 units")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    model, size, last = make_network(options.network)
    layer = options.layer or last
    measure(model, two_planes(make_samples(32, size)), layer, scores=True)  # what is compiled is compiled
    samples = two_planes(make_samples(options.images, size))
    found = [
        [measure(model, samples, layer, scores=scores) for scores in (False, True)]
        for _ in range(options.repeats)
    ]
    report_ratio(
        "scores", [bare[0] for bare, _ in found], [whole[0] for _, whole in found],
        network=options.network, layer=layer, images=options.images,
        scores_seconds=round(statistics.median(whole[1] for _, whole in found), 2),
        cache_mib=[round(kept) for kept in (found[0][0][2], found[0][1][2])],
    )  # fmt: skip


if __name__ == "__main__":
    main()
