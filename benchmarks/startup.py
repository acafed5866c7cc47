"""Starting costs little: CPU time of light commands over that of the libraries they would otherwise wait for.

    python benchmarks/startup.py [--repeats 5]

Each is a process of its own. They run in turn: a ratio is the median of those of neighbours, seconds are the least.
``unitscope --help`` and ``import unitscope`` are set against ``import torch``, ``unitscope units`` on a small run
against ``import pandas, pyarrow``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from common import median_ratio

COMMAND = "import sys; from unitscope.cli.main import main; sys.argv[0] = 'unitscope'; main()"
DISSECTION = "dissect world-vgg --images world:8 --layer relu1_1 --replicates 100 --quiet --out"
MOST = {"help": 0.15, "import": 0.1, "units": 1.6}


def cpu_seconds(code: str, *words: str) -> float:
    """Return the CPU time that a process of its own takes, user and system."""
    # Each module is compiled once, as where a package is installed.
    compiling = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = os.times()
    subprocess.run([sys.executable, "-c", code, *words], check=True, stdout=subprocess.DEVNULL, env=compiling)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Measure, and print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as place:
        run = str(Path(place) / "run")
        subprocess.run(
            [sys.executable, "-c", COMMAND, *DISSECTION.split(), run], check=True, stdout=subprocess.DEVNULL
        )
        commands = {
            "help": (COMMAND, "--help"),
            "import": ("import unitscope",),
            "units": (COMMAND, "units", run),
            "torch": ("import torch",),
            "tables": ("import pandas, pyarrow",),
        }
        # In turn, so that a machine that is slower for a while is so for all.
        rounds = [{name: cpu_seconds(*each) for name, each in commands.items()} for _ in range(repeats)]
    seconds = {name: min(each[name] for each in rounds) for name in commands}
    ratios = {
        name: median_ratio([each[name] for each in rounds], [each[against] for each in rounds])
        for name, against in {"help": "torch", "import": "torch", "units": "tables"}.items()
    }
    print(
        json.dumps(
            {
                "benchmark": "startup",
                **{f"{name}_ratio": ratio for name, ratio in ratios.items()},
                **{f"{name}_seconds": round(value, 3) for name, value in seconds.items()},
                "within": all(ratio <= MOST[name] for name, ratio in ratios.items()),
            }
        )
    )


if __name__ == "__main__":
    main()
