"""Whether peak memory stays flat: a dissection of 500 and of 2,000 pictures, each in a process of its own.

    python benchmarks/dissect_memory.py [--few 500] [--many 2000]

The pictures are scenes of the embedded world, drawn while the network runs, so that nothing but the dissection grows.
The ratio is peak memory with many pictures over peak memory with few.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import unitscope


def dissect(pictures: int) -> None:
    """Dissect, then print the peak resident memory of this process in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        unitscope.dissect("world-vgg", f"world:{pictures}", out=Path(folder) / "run", show=False)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(pictures: int) -> float:
    """Peak memory of a dissection of so many pictures, MiB."""
    command = [sys.executable, __file__, "--child", str(pictures)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output.split()[-1])


def main() -> None:
    """Measure few and many."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=500)
    parser.add_argument("--many", type=int, default=2000)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        dissect(options.child)
        return
    few, many = measure(options.few), measure(options.many)
    facts = {"pictures": [options.few, options.many], "peak_mib": [round(few, 1), round(many, 1)]}
    print(json.dumps({"benchmark": "dissect_memory", "ratio": round(many / few, 3), **facts}))


if __name__ == "__main__":
    main()
