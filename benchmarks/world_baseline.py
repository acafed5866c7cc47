"""Scene accuracy of colour histograms and of the bundled network on the same unseen scenes, as one JSON line.

Run: ``python benchmarks/world_baseline.py --train 3000 --test 1000``
"""

from __future__ import annotations

import argparse
import json
import time

from training.baseline import histogram_accuracy
from training.classifier import accuracy, render_set
from unitscope.world import world_classifier


def main() -> None:
    """Render, train, test and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=3000, help="scenes that the histograms are trained on")
    parser.add_argument("--test", type=int, default=1000, help="unseen scenes")
    args = parser.parse_args()
    start = time.process_time()
    seen, unseen = render_set(args.train, "train", 1), render_set(args.test, "test", 1)
    milliseconds = (time.process_time() - start) / (args.train + args.test) * 1000
    histogram, network = histogram_accuracy(seen, unseen), accuracy(world_classifier(), unseen)[0]
    figures = {
        "histogram_accuracy": round(histogram, 4),
        "network_accuracy": round(network, 4),
        "ratio": round(network / histogram, 3),
        "train": args.train,
        "test": args.test,
        "render_cpu_ms_per_scene": round(milliseconds, 2),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
