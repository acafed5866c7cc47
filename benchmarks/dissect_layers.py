"""How much longer a dissection of all 13 convolution layers of VGG-16 takes than the bare forward passes.

    python benchmarks/dissect_layers.py [--images 256] [--repeats 1]

`ratio`, `ratio_further_pictures` and `ratio_as_given` as in `dissect_overhead.py`.
"""

from __future__ import annotations

import argparse

from common import VGG_STAGES, compare_with_passes, make_network

LAYERS = [
    f"features.relu{stage}_{index}"
    for stage, widths in enumerate(VGG_STAGES, start=1)
    for index in range(1, len(widths) + 1)
]


def main() -> None:
    """Time bare passes and dissections of all layers in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    model, size, _ = make_network("vgg16")
    compare_with_passes(
        "dissect_layers",
        model,
        size,
        LAYERS,
        images=options.images,
        repeats=options.repeats,
        layers=len(LAYERS),
    )


if __name__ == "__main__":
    main()
