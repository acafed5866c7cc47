"""How much longer a whole dissection takes than the bare forward passes, for one layer of 512 units.

python benchmarks/dissect_overhead.py [--images 256] [--network vgg16|squeezenet] [--repeats 3]
"""

from __future__ import annotations

import argparse

from common import NETWORKS, make_network, make_samples, report_ratio, time_bare, time_dissection


def main() -> None:
    """Time bare passes and dissections in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--network", choices=list(NETWORKS), default="vgg16")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    model, size, layer = make_network(options.network)
    warm = make_samples(32, size)
    time_bare(model, warm)
    time_dissection(model, warm, [layer])
    samples = make_samples(options.images, size)
    bare, whole = [], []
    for _ in range(options.repeats):
        bare.append(time_bare(model, samples))
        whole.append(time_dissection(model, samples, [layer]))
    report_ratio(
        "dissect_overhead",
        bare,
        whole,
        network=options.network,
        layer=layer,
        images=options.images,
        input=size,
    )


if __name__ == "__main__":
    main()
