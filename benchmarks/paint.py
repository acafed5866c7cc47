"""What it costs from a stroke to the picture, in bare passes of the generator from the layer on.

    python benchmarks/paint.py [--strokes 200] [--layer layer4] [--run RUN]

The bundled generator, dissected on a few latents, or the generator of RUN. Every stroke is drawn on top of those before
it, as somebody does who paints, and is timed next to one bare pass of the back on the same latent, in turn.

`ratio`: in process, the 95th percentile of the time from the stroke (units, levels, points of the brush) to the picture
as an array, over that of the bare passes of the same run. Both are 95th percentiles, since what else the machine does
lengthens either; `ratio_to_median` is over the median of the bare passes, and `median_ratio` the ratio of medians.
`http_ratio`: likewise from sending the request, with all strokes in it, over the loopback interface to having the PNG,
with the server in a process of its own, which has had `SETTLED` seconds to find the levels that the page offers.
Reading the request, encoding the picture and the way there and back are in it.

The front of the generator runs once before, since it does once a latent.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from msgspec import json as written
from numpy.typing import NDArray

import unitscope
from unitscope.paint.recipe import SCALE, Latent, Stroke
from unitscope.paint.studio import Studio

LATENTS, UNITS = 64, 20
WARM = 5
"""Strokes before any is counted."""
SETTLED = 8.0
Seconds = NDArray[np.float64]


def make_strokes(studio: Studio, count: int) -> list[Stroke]:
    """Make strokes of concepts of the palette, each of some points of a brush, half of them drawn."""
    random = np.random.default_rng(0)
    entries = studio.said.palette
    found = []
    for number in range(count):
        entry = entries[int(random.integers(len(entries)))]
        start, step = random.integers(0, SCALE, 2), random.integers(-120, 120, 2)
        places = np.clip(start + np.arange(12)[:, None] * step, 0, SCALE).tolist()
        draws = number % 2 == 0
        found.append(
            Stroke(
                "draw" if draws else "erase",
                tuple(each.unit for each in entry.units[:UNITS]),
                entry.key,
                "threshold" if draws else None,
                path=tuple((x, y) for x, y in places),
                radius=int(random.integers(100, 700)),
            )
        )
    return found


def in_turn(
    count: int, bare: Callable[[], object], whole: Callable[[int], object]
) -> tuple[Seconds, Seconds]:
    """Time a bare pass and one with a stroke in turn, the first of the two first every other time."""
    seconds = np.zeros((2, count + WARM))
    for number in range(count + WARM):
        for which in (0, 1) if number % 2 else (1, 0):
            start = time.perf_counter()
            whole(number) if which else bare()
            seconds[which, number] = time.perf_counter() - start
    return seconds[0, WARM:], seconds[1, WARM:]


@contextmanager
def listening(run: Path, layer: str) -> Iterator[tuple[int, str]]:
    """Run `unitscope paint` in a process of its own, with as many threads as here; yields its port and token."""
    words = [sys.executable, "-m", "unitscope", "paint", str(run), "--layer", layer, "--no-browser"]
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | threads) as server:
        try:
            assert server.stdout is not None
            found = (re.search(r":(\d+)/\?token=(\S+)", line) for line in server.stdout)
            address = next(match for match in found if match)
            yield int(address[1]), address[2]
        finally:
            server.send_signal(signal.SIGINT)


def percentiles(bare: Seconds, whole: Seconds, name: str = "") -> dict[str, float]:
    """Return the ratios of two timings."""
    (low, high), (middle, most) = (np.percentile(each, (50, 95)) for each in (bare, whole))
    return {
        f"{name}ratio": round(most / high, 3),
        f"{name}ratio_to_median": round(most / low, 3),
        f"{name}median_ratio": round(middle / low, 3),
        f"{name}bare_ms": round(1000 * low, 3),
        f"{name}stroke_ms": round(1000 * middle, 3),
        f"{name}stroke_ms_95": round(1000 * most, 3),
    }


def measure(studio: Studio, run: Path, count: int) -> dict[str, float]:
    """Time strokes in process and over HTTP."""
    strokes = make_strokes(studio, count + WARM)
    latent, painter = Latent(seed=1, number=0), studio.canvas.painter
    values = studio.canvas.latents.read(latent)
    carried = painter.front(values)
    ready = studio.canvas.fill(strokes)

    def bare() -> object:
        return painter.replay.back(carried)

    studio.canvas.levels.prepare(lambda: None)
    found = percentiles(*in_turn(count, bare, lambda n: painter.picture(values, ready[: n + 1])))
    with listening(run, studio.subject.layer.name) as (port, token):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "X-Client": "one"}

        def ask(number: int) -> bytes:
            body = written.encode({"latent": latent, "strokes": strokes[: number + 1]})
            connection.request("POST", "/api/picture", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200, content
            return content

        until = time.monotonic() + SETTLED
        while time.monotonic() < until:
            ask(-1)
        over = percentiles(*in_turn(count, bare, ask), "http_")
        connection.close()
    return found | over


def main() -> None:
    """Measure, and print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strokes", type=int, default=200)
    parser.add_argument("--layer", default="layer4")
    parser.add_argument("--run", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = options.run
        if run is None:
            run = Path(folder) / "run"
            unitscope.dissect(
                "world-gan", unitscope.latents(LATENTS), layers=options.layer, out=run, replicates=100
            )
        studio = Studio.open(unitscope.open_run(run), options.layer)
        facts = {"strokes": options.strokes, "generator": studio.canvas.name.name, "layer": options.layer}
        found = measure(studio, run, options.strokes)
    print(json.dumps({"benchmark": "paint", **found, **facts, "threads": torch.get_num_threads()}))


if __name__ == "__main__":
    main()
