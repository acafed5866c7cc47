"""Scene accuracy of colour histograms and of the bundled network on the same unseen scenes, as one JSON line.

Run: ``python benchmarks/world_baseline.py --train 3000 --test 1000``
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from training.classifier import PictureSet, accuracy, render_set
from unitscope.world import world_classifier


def histograms(data: PictureSet) -> NDArray[np.float32]:
    """Return the histogram of every picture over 8 x 8 x 8 bins of RGB, `(N, 512)`."""
    bins = (data.pictures.numpy() >> 5).astype(np.int16)
    codes = (bins[:, 0] * 64 + bins[:, 1] * 8 + bins[:, 2]).reshape(len(bins), -1)
    return np.stack([np.bincount(row, minlength=512) for row in codes]).astype(np.float32)


def histogram_accuracy(seen: PictureSet, unseen: PictureSet) -> float:
    """Return the best accuracy of logistic regression over three strengths of regularisation."""
    scaler = StandardScaler().fit(histograms(seen))
    inputs, tests = scaler.transform(histograms(seen)), scaler.transform(histograms(unseen))
    scores = [
        LogisticRegression(C=strength, max_iter=500)
        .fit(inputs, seen.targets.numpy())
        .score(tests, unseen.targets.numpy())
        for strength in (0.003, 0.01, 0.1)
    ]
    return float(max(scores))


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
