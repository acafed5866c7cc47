"""What ablating every unit of a layer alone costs, in bare forward passes per picture.

    python benchmarks/ablation.py [--images 32] [--network vgg16|squeezenet|resnet18] [--layer NAME] [--repeats 3]

`ratio` is that of the front of the network and all ablations to bare passes at their fastest: with the channels of the
inputs first or last in memory, whichever takes less time. `ratio_as_given` is to passes with the channels first, as a
user runs them; `ratio_after_front` leaves out the front, whose outputs are kept for every later question. `speed_up` is
over as many whole passes as there are units. resnet18 is torchvision's.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import torch
from common import BATCH, NETWORKS, make_network, median_ratio, report_ratio
from torch import Tensor, nn

from unitscope.ablation import Ablation
from unitscope.ablation.steps import Mixing
from unitscope.replay import cut

LAYERS = {
    "vgg16": ("features.relu5_3",),
    "squeezenet": ("fire9",),
    "resnet18": ("layer3.0.conv1", "layer4.1"),
}

Seconds = dict[str, float]


class Timed:
    """A linear step, or what follows it, whose time is counted."""

    def __init__(self, made: Any, seconds: Seconds, method: str) -> None:
        self.made = made
        setattr(self, method, partial(timed, seconds, "linear", getattr(made, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.made, name)


def timed_mixing(mixing: Mixing, seconds: Seconds) -> Any:
    """Count the time of a linear step, and of the loop after it."""
    if mixing.tail is not None:
        return replace(mixing, tail=cast("Any", Timed(mixing.tail, seconds, "means")))
    return replace(mixing, step=cast("Any", Timed(mixing.step, seconds, "change")))


def timed(seconds: Seconds, name: str, function: Callable[..., Any], *values: Any) -> Any:
    """Call a function and count its time."""
    start = time.perf_counter()
    result = function(*values)
    seconds[name] += time.perf_counter() - start
    return result


def build(name: str) -> nn.Module:
    """Build a network with random weights."""
    if name in NETWORKS:
        return make_network(name)[0].module
    torch.manual_seed(0)
    network: nn.Module = importlib.import_module("torchvision").models.resnet18().eval()
    return network


def count_steps(ablation: Ablation, seconds: Seconds) -> None:
    """Count the time of each step of an ablation."""
    steps: Any = ablation.steps
    ablation.steps = replace(
        steps,
        channelwise=partial(timed, seconds, "channelwise", steps.channelwise),
        mix=partial(timed, seconds, "linear", steps.mix),
        rest=partial(timed, seconds, "rest", steps.rest),
        linear=tuple(timed_mixing(each, seconds) for each in steps.linear),
    )


def measure(network: nn.Module, layer: str, batches: Sequence[Tensor], repeats: int) -> dict[str, Any]:
    """Return seconds of bare passes in both layouts, of fronts, of all ablations, and of their steps."""
    replay = cut(network, layer, batches[0])
    if replay.whole:
        raise SystemExit(f"{layer} cannot be cut: {replay.reason}")
    ablation, steps = Ablation(replay), defaultdict[str, float](float)
    count_steps(ablation, steps)
    given, last, front, after = ([0.0] * (repeats + 1) for _ in range(4))
    for repeat in range(repeats + 1):
        if repeat == 1:  # the first is to warm up
            steps.clear()
        for batch in batches[: 1 if repeat == 0 else None]:
            given[repeat] += once(network, batch)
            last[repeat] += once(network, batch.to(memory_format=torch.channels_last))
            start = time.perf_counter()
            carried = replay.front(batch)
            middle = time.perf_counter()
            for _ in ablation.single_units(carried):
                pass
            front[repeat] += middle - start
            after[repeat] += time.perf_counter() - middle
    steps["other"] = sum(after[1:]) - sum(steps[name] for name in ("channelwise", "linear", "rest"))
    fastest = [min(pair) for pair in zip(given[1:], last[1:], strict=True)]
    whole = [sum(pair) for pair in zip(front[1:], after[1:], strict=True)]
    return {
        "bare": fastest,
        "whole": whole,
        "ratio_as_given": median_ratio(whole, given[1:]),
        "ratio_after_front": median_ratio(after[1:], given[1:]),
        "speed_up": round(replay.layer.units * median_ratio(given[1:], after[1:]), 1),
        "seconds": {
            name: round(value / repeats, 3) for name, value in [*steps.items(), ("front", sum(front[1:]))]
        },
        "units": replay.layer.units,
    }


def once(network: nn.Module, batch: Tensor) -> float:
    """Seconds of a bare forward pass."""
    start = time.perf_counter()
    with torch.no_grad():
        network(batch)
    return time.perf_counter() - start


def main() -> None:
    """Measure each layer of a network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--network", choices=list(LAYERS), default="vgg16")
    parser.add_argument("--layer")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    network = build(options.network)
    size = NETWORKS[options.network][1] if options.network in NETWORKS else 224
    batches = torch.randn(options.images, 3, size, size).split(BATCH)
    for layer in [options.layer] if options.layer else LAYERS[options.network]:
        found = measure(network, layer, batches, options.repeats)
        report_ratio(
            "ablation", **found, network=options.network, layer=layer, images=options.images, input=size
        )


if __name__ == "__main__":
    main()
