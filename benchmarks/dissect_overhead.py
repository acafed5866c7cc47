"""How much longer a whole dissection takes than the bare forward passes, for one layer of 512 units.

python benchmarks/dissect_overhead.py [--images 256] [--network vgg16|squeezenet] [--repeats 3]

`ratio` is over bare passes at their fastest, with the channels of the inputs first or last in memory, whichever takes
less time; `ratio_as_given` over passes with the channels first, as a user runs them; `ratio_further_pictures` is that
of the second half of the pictures alone, without what is done once for a run or a unit. What chance takes is left out
(`null.py`).
"""

from __future__ import annotations

import argparse

from common import NETWORKS, compare_with_passes, make_network


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
    said = {"network": options.network, "layer": layer, "input": size}
    compare_with_passes(
        "dissect_overhead", model, size, [layer], images=options.images, repeats=options.repeats, **said
    )


if __name__ == "__main__":
    main()
