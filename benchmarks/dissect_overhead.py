"""How much longer a whole dissection takes than the bare forward passes, for one layer of 512 units.

python benchmarks/dissect_overhead.py [--images 256] [--network vgg16|squeezenet] [--repeats 3]

Bare passes take the inputs as they are, as a user runs them. A dissection lets the channels of its inputs lie last in
memory where that is faster; `channels_last_seconds` are bare passes with that, and `ratio_channels_last` compares with
them: what the dissection adds to the network at its fastest.
"""

from __future__ import annotations

import argparse
import statistics

import torch
from common import NETWORKS, make_network, make_samples, report_ratio, time_bare, time_dissection


def main() -> None:
    """Time bare passes and dissections in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--network", choices=list(NETWORKS), default="vgg16")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    model, size, layer = make_network(options.network)
    warm = make_samples(32, size)
    time_bare(model, warm)
    time_dissection(model, warm, [layer])
    samples = make_samples(options.images, size)
    bare, fast, whole = [], [], []
    for _ in range(options.repeats):
        bare.append(time_bare(model, samples))
        fast.append(time_bare(model, samples, torch.channels_last))
        whole.append(time_dissection(model, samples, [layer]))
    report_ratio(
        "dissect_overhead",
        bare,
        whole,
        network=options.network,
        layer=layer,
        images=options.images,
        input=size,
        channels_last_seconds=[round(seconds, 2) for seconds in fast],
        ratio_channels_last=round(statistics.median(w / f for w, f in zip(whole, fast, strict=True)), 3),
    )


if __name__ == "__main__":
    main()
