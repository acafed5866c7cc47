"""What the memory benchmarks share: peak memory of a piece of work with few and with many pictures."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


def peak_mib() -> float:
    """Return the peak resident memory of this process, MiB.

    What `resource` says of it begins with the peak of the process that started this one, so Linux itself is asked.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main(name: str, about: str | None, work: Callable[[int], None]) -> None:
    """Do the work with few and with many pictures, each in a process of its own, and print one JSON line.

    Args:
        name: of the benchmark.
        about: its docstring.
        work: takes the number of pictures.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=500)
    parser.add_argument("--many", type=int, default=2000)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        work(options.child)
        print(peak_mib())
        return
    few, many = (_peak(pictures) for pictures in (options.few, options.many))
    facts = {"images": [options.few, options.many], "peak_mib": [round(few, 1), round(many, 1)]}
    print(json.dumps({"benchmark": name, "ratio": round(many / few, 3), **facts}))


def _peak(pictures: int) -> float:
    """Return the peak resident memory of a process that does the work, MiB."""
    command = [sys.executable, sys.argv[0], "--child", str(pictures)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output.split()[-1])
