"""How much longer dissections take than bare forward passes where the network is on an accelerator.

    python benchmarks/accelerator.py [--network vgg16] [--images 1024] [--batch 64] [--precision tf32] [--device cuda]

One layer of 512 units (goal: 1.3 times the bare passes for VGG-16) and all layers of convolutions (goal: 1.6). Bare
passes take the same batches, to the device and through the network, at the same precision and with the same order of
channels as the dissection. `stages` says where the time of a dissection goes, in seconds; `ratio_reading` compares the
stage that reads the network alone. Without an accelerator the line says so; `--device cpu` tries it there all the same.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from common import NETWORKS, VGG_STAGES, make_labels, make_network, make_samples, make_vocabulary

from unitscope.experiments.dissection.measure import NetworkDissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.forward import onto
from unitscope.experiments.samples import InMemorySamples
from unitscope.experiments.skeleton import run
from unitscope.models.network import Network
from unitscope.nouns.network import left_as_it_was, on_device
from unitscope.run.dissection import Dissection

DRAWN = 64
"""Distinct scenes; they are repeated."""
LAYERS = {
    "vgg16": [
        f"features.relu{stage}_{index}"
        for stage, widths in enumerate(VGG_STAGES, start=1)
        for index in range(1, len(widths) + 1)
    ],
    "squeezenet": ["conv1", *(f"fire{index}" for index in range(2, 10))],
}


def find_device(asked: str | None) -> str | None:
    """Return the accelerator to use, if there is one."""
    if asked is not None:
        return asked
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None


def samples_of(images: int, size: int) -> InMemorySamples:
    """Return so many pictures with label maps."""
    drawn = make_samples(min(images, DRAWN), size)
    inputs = drawn._inputs[torch.arange(images) % len(drawn._inputs)]
    return InMemorySamples(inputs, make_labels(images, size // 4, seed=0), make_vocabulary())


def wait_for(device: torch.device) -> None:
    """Wait until a device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def time_bare(model: Network, samples: InMemorySamples, batch: int, *, channels_last: bool) -> float:
    """Seconds for the bare forward passes, from inputs in memory."""
    device = torch.device(str(model.device))
    layout = torch.channels_last if channels_last else torch.preserve_format
    numbers = [
        range(i, min(i + batch, len(samples.sample_ids))) for i in range(0, len(samples.sample_ids), batch)
    ]
    wait_for(device)
    start = time.perf_counter()
    with torch.no_grad():
        for each in samples.batches(numbers):
            model.module(onto(each.inputs, device).to(memory_format=layout))
    wait_for(device)
    return time.perf_counter() - start


def time_dissection(
    model: Network, samples: InMemorySamples, layers: Sequence[str], batch: int
) -> tuple[float, dict[str, float], bool]:
    """Return the seconds of a whole dissection, of its stages, and whether channels lay last."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        asked = NetworkDissection(model, samples, layers, DissectionSettings(batch_size=batch))
        found = run(asked, Dissection, Path(folder) / "run")
        return time.perf_counter() - start, dict(found.manifest.seconds), asked.plan.channels_last


def measure(
    model: Network, samples: InMemorySamples, layers: Sequence[str], batch: int, repeats: int
) -> dict[str, object]:
    """Time bare passes and dissections in turn."""
    _, _, last = time_dissection(model, samples, layers, batch)  # compiles what is compiled
    bare, whole = [], []
    stages: dict[str, float] = {}
    for _ in range(repeats):
        bare.append(time_bare(model, samples, batch, channels_last=last))
        seconds, stages, _ = time_dissection(model, samples, layers, batch)
        whole.append(seconds)
    return {
        "ratio": round(statistics.median(w / b for w, b in zip(whole, bare, strict=True)), 3),
        "ratio_reading": round(stages["network"] / bare[-1], 3),
        "bare_seconds": [round(seconds, 3) for seconds in bare],
        "whole_seconds": [round(seconds, 3) for seconds in whole],
        "stages": stages,
        "channels_last": last,
    }


def main() -> None:
    """Measure one layer and all layers, where there is an accelerator."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=list(NETWORKS), default="vgg16")
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16", "fp16"], default="tf32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device")
    options = parser.parse_args()
    device = find_device(options.device)
    facts = {"benchmark": "accelerator", "device": device, "network": options.network}
    if device is None:
        print(json.dumps({**facts, "note": "there is no accelerator here, so nothing was measured"}))
        return
    model, size, layer = make_network(options.network)
    samples = samples_of(options.images, size)
    with left_as_it_was(model):
        ready = on_device(model.with_precision(options.precision), device)
        found = {
            name: measure(ready, samples, layers, options.batch, options.repeats)
            for name, layers in (("one_layer", [layer]), ("all_layers", LAYERS[options.network]))
        }
    called = torch.cuda.get_device_name() if device.startswith("cuda") else device
    asked = {name: getattr(options, name) for name in ("images", "batch", "precision")}
    print(json.dumps({**facts, "called": called, **asked, **found}))


if __name__ == "__main__":
    main()
