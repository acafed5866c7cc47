"""Networks of many families through the whole dissection, one JSON line each.

python benchmarks/networks.py [--images 8] [NAME ...]

Weights are random, so the labels mean nothing: the line says which layer is taken, how it is read, and how long the
dissection of some drawn scenes takes, with the network's own bare forward passes over them as `ratio`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import unitscope
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.models.hub import import_library
from unitscope.models.network import Network
from unitscope.models.registry import load_network
from unitscope.world import WorldPictures

UNTRAINED = "?weights=none"
PUBLISHED = ("alexnet-places365", "vgg16-places365", "resnet152-places365")
LIBRARIES = (
    "torchvision:resnet18",
    "torchvision:efficientnet_b0",
    "torchvision:convnext_tiny",
    "torchvision:vit_b_16",
    "torchvision:swin_t",
    "timm:vit_small_patch16_dinov3",
    "timm:mixer_s16_224",
)
TRANSFORMERS = "transformers"
"""A small ViT classifier of that library, saved to a folder first."""


def load(name: str, folder: Path) -> Network:
    """Return a network with random weights."""
    if name in PUBLISHED:
        return load_network(name, reinitialize=0)
    if name == TRANSFORMERS:
        transformers: Any = import_library(TRANSFORMERS)
        config = transformers.ViTConfig(hidden_size=192, num_hidden_layers=4, num_attention_heads=3)
        torch.manual_seed(0)
        transformers.ViTForImageClassification(config).save_pretrained(folder / "vit")
        return load_network(f"{TRANSFORMERS}:{folder / 'vit'}")
    return load_network(name + UNTRAINED)


def bare_seconds(model: Network, count: int) -> float:
    """Time forward passes over as many pictures, one batch."""
    preprocessing = model.preprocessing
    pictures = WorldPictures(count, split="test", size=preprocessing.size[0])  # all of them take squares
    inputs = torch.stack([torch.from_numpy(preprocessing.apply(pictures.read(i))) for i in range(count)])
    with torch.no_grad():
        model.module(inputs[:1])
        start = time.perf_counter()
        model.module(inputs)
    return time.perf_counter() - start


def main() -> None:
    """Dissect each network and print its line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--images", type=int, default=8)
    options = parser.parse_args()
    for name in options.names or [*PUBLISHED, *LIBRARIES, TRANSFORMERS]:
        with tempfile.TemporaryDirectory() as folder:
            model = load(name, Path(folder))
            bare = bare_seconds(model, options.images)
            start = time.perf_counter()
            run = unitscope.dissect(
                model, f"world:{options.images}", out=Path(folder) / "run", device="cpu", show=False
            )
            seconds = time.perf_counter() - start
            (layer,) = ReadingPlan.of(run).layers
            labelled = int(run.units["concept"].notna().sum())
        line = {
            "benchmark": "networks",
            "network": name,
            "ratio": round(seconds / bare, 2),
            "input": list(model.preprocessing.size),
            "layer": layer.name,
            "units": layer.units,
            "grid": list(layer.grid),
            "axes": layer.reading.axes,
            "labelled": labelled,
            "bare_seconds": round(bare, 2),
            "whole_seconds": round(seconds, 2),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
