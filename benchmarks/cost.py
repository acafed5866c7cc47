"""What a dissection of many pictures takes, computed from what ray_scaling.py measured on few.

python benchmarks/ray_scaling.py | python benchmarks/cost.py [--pictures 1800000] [--workers 2 16 64]

Hours are pictures times the seconds of one worker for a picture, shared by the workers at the efficiency that was
measured with two, plus what one process does alone, at its seconds for a picture. That is a computation and no
measurement: it supposes that pictures are read as fast as the workers take them, and that workers are machines or
cores as the measured one.
"""

from __future__ import annotations

import argparse
import json
import sys


def hours(measured: dict[str, float], pictures: int, workers: int) -> float:
    """Return the hours of a dissection.

    Args:
        measured: a line of ray_scaling.py.
        pictures: how many.
        workers: of one thread.
    """
    efficiency = measured["speedup_pieces"] / measured["workers"] if workers > 1 else 1.0
    pieces = measured["piece_seconds_per_picture"] / (workers * min(efficiency, 1.0))
    alone = measured["serial_seconds"] / measured["images"]
    return pictures * (pieces + alone) / 3600


def main() -> None:
    """Read lines of ray_scaling.py, and print one with the hours for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1_800_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 16, 64])
    options = parser.parse_args()
    for line in sys.stdin:
        measured = json.loads(line)
        found = {
            str(workers): round(hours(measured, options.pictures, workers), 1) for workers in options.workers
        }
        facts = {"benchmark": "cost", "network": measured["network"], "layer": measured["layer"]}
        print(json.dumps({**facts, "pictures": options.pictures, "hours_by_workers": found}))


if __name__ == "__main__":
    main()
