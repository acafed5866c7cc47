"""What ablating every unit of a layer alone costs, in bare forward passes per picture.

    python benchmarks/ablation.py [--images 32] [--network vgg16|resnet18] [--layer NAME] [--repeats 3]

`ratio` counts everything after the front of the network, whose outputs are kept for every later question; `with_front`
counts the front too. `speed_up` is over as many whole passes as there are units. resnet18 is torchvision's.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from common import BATCH, make_network, report_ratio
from torch import Tensor, nn

from unitscope.ablation import Ablation
from unitscope.ablation.linear import LinearStep
from unitscope.replay import cut

LAYERS = {"vgg16": ("features.relu5_3",), "resnet18": ("layer3.0.conv1", "layer4.1")}

Seconds = dict[str, float]


class TimedStep:
    """A linear step whose time is counted."""

    def __init__(self, step: LinearStep, seconds: Seconds) -> None:
        self.change: Callable[..., Tensor] = partial(timed, seconds, "linear", step.change)


def timed(seconds: Seconds, name: str, function: Callable[..., Any], *values: Any) -> Any:
    """Call a function and count its time."""
    start = time.perf_counter()
    result = function(*values)
    seconds[name] += time.perf_counter() - start
    return result


def build(name: str) -> nn.Module:
    """Build a network with random weights."""
    if name == "vgg16":
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
        linear=tuple((source, TimedStep(step, seconds)) for source, step in steps.linear),
    )


def measure(
    network: nn.Module, layer: str, batches: Sequence[Tensor], repeats: int
) -> tuple[list[float], list[float], Seconds]:
    """Return seconds of bare passes, of all ablations, and of their steps, all of them over all batches."""
    replay = cut(network, layer, batches[0])
    if replay.whole:
        raise SystemExit(f"{layer} cannot be cut: {replay.reason}")
    ablation, seconds = Ablation(replay), defaultdict[str, float](float)
    count_steps(ablation, seconds)
    bare, whole = [], []
    for repeat in range(repeats + 1):
        if repeat == 1:  # the first is to warm up
            seconds.clear()
        bare.append(0.0)
        whole.append(0.0)
        for batch in batches[: 1 if repeat == 0 else None]:
            bare[-1] += once(network, batch)
            carried = timed(seconds, "front", replay.front, batch)
            start = time.perf_counter()
            for _ in ablation.single_units(carried):
                pass
            whole[-1] += time.perf_counter() - start
    seconds["other"] = sum(whole[1:]) - sum(seconds[name] for name in ("channelwise", "linear", "rest"))
    return bare[1:], whole[1:], {name: value / repeats for name, value in seconds.items()}


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
    batches = torch.randn(options.images, 3, 224, 224).split(BATCH)
    for layer in [options.layer] if options.layer else LAYERS[options.network]:
        bare, whole, seconds = measure(network, layer, batches, options.repeats)
        units = cut(network, layer, batches[0][:2]).layer.units
        report_ratio(
            "ablation",
            bare,
            whole,
            with_front=round((sum(whole) / len(whole) + seconds["front"]) * len(bare) / sum(bare), 3),
            speed_up=round(units * statistics.median(b / w for b, w in zip(bare, whole, strict=True)), 1),
            seconds={name: round(value, 3) for name, value in seconds.items()},
            network=options.network,
            layer=layer,
            units=units,
            images=options.images,
        )


if __name__ == "__main__":
    main()
