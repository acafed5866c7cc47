"""How much longer a whole dissection takes than the bare forward passes, for one layer of 512 units.

python benchmarks/dissect_overhead.py [--images 256] [--network vgg16|squeezenet] [--repeats 3]

`ratio` is over bare passes at their fastest, with the channels of the inputs first or last in memory, whichever takes
less time; `ratio_as_given` over passes with the channels first, as a user runs them. What chance takes is left out
(`null.py`).
"""

from __future__ import annotations

import argparse

from common import (
    NETWORKS,
    make_network,
    make_samples,
    median_ratio,
    report_ratio,
    time_bare,
    time_both,
    time_dissection,
)


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
    given, fastest, whole = time_both(model, samples, [layer], options.repeats)
    report_ratio(
        "dissect_overhead",
        fastest,
        whole,
        ratio_as_given=median_ratio(whole, given),
        network=options.network,
        layer=layer,
        images=options.images,
        input=size,
    )


if __name__ == "__main__":
    main()
