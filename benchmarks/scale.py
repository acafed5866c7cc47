"""Whether memory and time per picture stay as they are from 2,000 to 100,000 pictures, and what a run folder takes.

    python benchmarks/scale.py [--sizes 2000,10000,50000,100000] [--input 32] [--grid 8] [--loaders 2] [--repeats 3]

Each size is a dissection in a process of its own: a small network of 8 units on pictures of 32 pixels that repeat a
few drawn scenes, so that nothing but the number of pictures grows; of several, that of the median time.
`ratio_memory` is the peak of the largest run over that of the smallest (goal: 1.05). `ms_per_picture` is what each
further picture takes from one size to the next, and `ratio_time` the last of these over the first (goal: 1.05): what
every run takes whatever its size is left out. `exponent` is the slope of the logarithm of seconds over that of
pictures, with that (1 is the same time for every picture). `bytes_per_picture` is what the run folder grows by with
each picture; the cache of activations, which has a budget of its own, is counted apart.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from memory import peak_mib
from numpy.typing import NDArray
from torch import Tensor, nn

import unitscope as us
from unitscope.world import WorldPictures

DRAWN, UNITS, SIDE = 64, 8, 96


def draw(file: Path, size: int) -> None:
    """Draw a few scenes with their label maps, which takes more memory than what follows: in a process of its own."""
    world, step = WorldPictures(DRAWN, split="train", size=SIDE), SIDE // size
    pictures = np.stack([world.read(index)[::step, ::step] for index in range(DRAWN)])
    labels = np.stack([world.labels(index)[:, ::step, ::step] for index in range(DRAWN)])
    np.savez(file, pictures=pictures, labels=labels)


class Repeated:
    """So many pictures with their label maps: a few drawn scenes, again and again.

    Args:
        count: of pictures.
        file: of the scenes.
    """

    name = "repeated scenes"

    def __init__(self, count: int, file: Path) -> None:
        self._world = WorldPictures(DRAWN, split="train", size=SIDE)
        with np.load(file) as drawn:
            self._drawn: list[NDArray[np.uint8]] = list(drawn["pictures"])
            self._labels: list[NDArray[np.int32]] = list(drawn["labels"])
        self.sample_ids = tuple(f"{index:07d}" for index in range(count))
        self.vocabulary = self._world.vocabulary

    @cached_property
    def content_hash(self) -> str:
        """That of the scenes, and how many pictures there are."""
        return f"{len(self)}-{self._world.content_hash}"

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.sample_ids)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return a picture ``(H, W, 3)``."""
        return self._drawn[index % DRAWN]

    def labels(self, index: int) -> NDArray[np.int32]:
        """Return its label map ``(P, H, W)``."""
        return self._labels[index % DRAWN]


class Small(nn.Module):
    """Eight units on a grid of 8 x 8 cells for 32 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, UNITS, 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures to the means of the units."""
        return torch.relu(self.conv(x)).mean((2, 3))


def dissect(count: int, options: argparse.Namespace) -> dict[str, object]:
    """Dissect so many pictures, and return what it took."""
    torch.manual_seed(0)
    network = us.network(Small(), preprocess=f"size={options.input}", device="cpu")
    pictures = Repeated(count, options.scenes)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        start = time.perf_counter()
        run = us.dissect(
            network, pictures, layers="conv", out=Path(folder) / "run", grid=options.grid, batch_size=64, show=False,
            loaders=options.loaders, null=options.null, cache_budget=options.cache_budget,
        )  # fmt: skip
        seconds = time.perf_counter() - start
        files = [path for path in run.path.rglob("*") if path.is_file()]
        cached = sum(path.stat().st_size for path in files if path.parent.name == "cache")
        return {
            "pictures": count,
            "seconds": round(seconds, 2),
            "peak_mib": round(peak_mib(), 1),
            "folder_bytes": sum(path.stat().st_size for path in files) - cached,
            "cache_bytes": cached,
            "stages": dict(run.manifest.seconds),
        }


def main() -> None:
    """Measure each size in a process of its own, and print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="2000,10000,50000,100000")
    parser.add_argument("--input", type=int, default=32)
    parser.add_argument("--grid", type=int, default=8)
    parser.add_argument("--loaders", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each size")
    parser.add_argument("--null", type=int, default=20, help="re-pairings")
    parser.add_argument("--cache-budget", type=float, default=20.0, help="GiB")
    parser.add_argument("--folder", help="where runs are written, deleted after each")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--scenes", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(dissect(options.child, options)))
        return
    if options.child == 0:
        draw(options.scenes, options.input)
        return
    with tempfile.TemporaryDirectory() as folder:
        scenes = Path(folder) / "scenes.npz"
        _apart(0, scenes)
        runs = [_median(int(size), scenes, options.repeats) for size in options.sizes.split(",")]
    print(json.dumps({"benchmark": "scale", **summary(runs), "runs": runs}))


def _median(size: int, scenes: Path, repeats: int) -> dict[str, float]:
    """Dissect so many pictures several times, and return the run that took neither longest nor shortest."""
    runs = [json.loads(_apart(size, scenes).splitlines()[-1]) for _ in range(repeats)]
    found: dict[str, float] = sorted(runs, key=lambda run: run["seconds"])[repeats // 2]
    return found


def summary(runs: list[dict[str, float]]) -> dict[str, object]:
    """Compare the largest run with the smallest one."""
    least, most = runs[0], runs[-1]
    pictures, seconds = ([math.log(run[what]) for run in runs] for what in ("pictures", "seconds"))
    exponent = statistics.linear_regression(pictures, seconds).slope if len(runs) > 1 else math.nan
    steps = [
        1000 * (more["seconds"] - fewer["seconds"]) / (more["pictures"] - fewer["pictures"])
        for fewer, more in pairwise(runs)
    ]
    more = max(most["pictures"] - least["pictures"], 1)
    return {
        "ratio_memory": round(most["peak_mib"] / least["peak_mib"], 3),
        "ratio_time": round(steps[-1] / steps[0], 3) if steps else math.nan,
        "ms_per_picture": [round(step, 3) for step in steps],
        "exponent": round(exponent, 3),
        "bytes_per_picture": round((most["folder_bytes"] - least["folder_bytes"]) / more, 1),
        "cache_bytes_per_picture": round((most["cache_bytes"] - least["cache_bytes"]) / more, 1),
        "mib_per_100000": round((most["peak_mib"] - least["peak_mib"]) * 100_000 / more, 1),
    }


def _apart(pictures: int, scenes: Path) -> str:
    """Dissect in a process of its own, and return what it prints; without pictures, draw the scenes there."""
    command = [sys.executable, *sys.argv, "--child", str(pictures), "--scenes", str(scenes)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
