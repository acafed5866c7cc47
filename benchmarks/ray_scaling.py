"""How much faster two workers of one thread do the same work than one worker of one thread.

python benchmarks/ray_scaling.py [--images 512] [--network vgg16|squeezenet] [--repeats 1] [--workers 2]

The work is a whole dissection of one layer of 512 units: reading the network and re-pairings are done in pieces by the
workers, thresholds, labels and tables are made by the process that asked. Workers are started before the clock runs
(`start_seconds`); that they take network and pictures and are compared is in it, as is all that is done once for a run,
so few pictures hide what many show. `speedup` is that of the whole, `speedup_pieces` that of the two stages that are
done in pieces; what is left over is done by one process, and `serial_seconds` says how much. All runs are compared
table by table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from common import BATCH, make_network, make_samples

from unitscope.experiments.dissection.measure import CHANCE, NETWORK, run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.pieces import done_by, small_pieces
from unitscope.experiments.samples import InMemorySamples
from unitscope.models.network import Network
from unitscope.scale.cluster import Cluster
from unitscope.scale.pool import Pool
from unitscope.scale.spread import running_in

ROOM = 3 * 2**30
"""Bytes that network and pictures of both crews may take in Ray's store, none of them on disk."""
PIECE = 16
"""Pictures of a piece, so that few pictures are enough pieces for two workers."""


def time_dissection(
    workers: Pool, model: Network, samples: InMemorySamples, layer: str, out: Path
) -> tuple[float, float]:
    """Return the seconds of a dissection by workers of one thread, and those of its pieces."""
    settings = DissectionSettings(batch_size=BATCH)
    start = time.perf_counter()
    with done_by(workers, threads=1), small_pieces(PIECE):
        run = run_dissection(model, samples, layers=[layer], out=out, settings=settings)
    return time.perf_counter() - start, sum(
        run.manifest.seconds.get(stage, 0.0) for stage in (NETWORK, CHANCE)
    )


def same_tables(one: Path, other: Path) -> bool:
    """Tell whether two runs have the same tables, to the last bit."""
    names = sorted(path.name for path in (one / "tables").iterdir())
    if names != sorted(path.name for path in (other / "tables").iterdir()):
        return False
    return all(
        (one / "tables" / name).read_bytes() == (other / "tables" / name).read_bytes() for name in names
    )


def measure(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Time both in turn; return what is printed."""
    model, size, layer = make_network(options.network)
    few, samples = make_samples(BATCH, size), make_samples(options.images, size)
    whole: dict[int, list[float]] = {1: [], options.workers: []}
    pieces: dict[int, list[float]] = {1: [], options.workers: []}
    start: dict[int, float] = {}
    same = True
    with Pool(options.workers, None, 1) as many, Pool(1, None, 1) as one:
        for count, workers in ((options.workers, many), (1, one)):
            begun = time.perf_counter()
            time_dissection(workers, model, few, layer, folder / f"warm-{count}")
            start[count] = round(time.perf_counter() - begun, 2)
        for repeat in range(options.repeats):
            for count, workers in ((1, one), (options.workers, many)):
                seconds, part = time_dissection(workers, model, samples, layer, folder / f"{count}-{repeat}")
                whole[count].append(seconds)
                pieces[count].append(part)
                same = same and same_tables(folder / "1-0", folder / f"{count}-{repeat}")
    return {
        "speedup": _speedup(whole[1], whole[options.workers]),
        "speedup_pieces": _speedup(pieces[1], pieces[options.workers]),
        "identical": same,
        "one_seconds": [round(each, 2) for each in whole[1]],
        "many_seconds": [round(each, 2) for each in whole[options.workers]],
        "serial_seconds": round(
            statistics.median(w - p for w, p in zip(whole[1], pieces[1], strict=True)), 2
        ),
        "piece_seconds_per_picture": round(statistics.median(pieces[1]) / options.images, 5),
        "start_seconds": start,
        "layer": layer,
        "input": size,
    }


def _speedup(one: list[float], many: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(one, many, strict=True)), 3)


def main() -> None:
    """Time both, and print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--network", choices=["vgg16", "squeezenet"], default="vgg16")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    session = Cluster(None)
    session.join(options.workers + 1, 1, ROOM, gpus=0)
    try:
        with tempfile.TemporaryDirectory() as folder, running_in(1):
            found = measure(options, Path(folder))
    finally:
        session.leave()
    print(json.dumps({"benchmark": "ray_scaling", **vars(options), **found}))


if __name__ == "__main__":
    main()
