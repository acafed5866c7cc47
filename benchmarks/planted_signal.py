"""How clear a typical trained detector is, and what its noise is like, as one JSON line a layer.

    python benchmarks/planted_signal.py [--scenes 300]

What is noise of a unit of the bundled classifier is seen in pictures that do not show the concept of its label. Its
signal is the slope of its activation over coverage, the part of a cell that the concept fills, in deviations of that
noise: for planted units it is so by construction. Its contrast is how far its activation is above the mean of that
noise where its concept is, every cell counted by its coverage, in the same deviations: a small thing fills little of
any cell, and has little contrast at the same signal. Units whose concept is missing in fewer than 20 pictures are left
out. Given are the quartiles of signal, contrast and IoU over detectors (IoU of 0.04 or more), and the noise of all
live units together.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import unitscope
from unitscope.layer.hooks import trace
from unitscope.models.registry import load_network
from unitscope.world import CLASSIFIER_LAYERS, VOCABULARY, Scene, WorldPictures
from unitscope.world.noise import estimate
from unitscope.world.planted import concept_areas

Floats = NDArray[np.float32]
LEAST_ABSENT = 20
"""Pictures without its concept that the noise of a unit is measured in."""


class KeptScenes(WorldPictures):
    """Scenes that are rendered once."""

    def __init__(self, count: int) -> None:
        super().__init__(count, split="test")
        self._scenes: dict[int, Scene] = {}

    def scene(self, index: int) -> Scene:
        """Return picture `index` with its labels."""
        if index not in self._scenes:
            self._scenes[index] = super().scene(index)
        return self._scenes[index]


def activations(pictures: KeptScenes) -> dict[str, Floats]:
    """Return what each layer says to the pictures, `(N, U, h, h)`."""
    network = load_network("world-vgg")
    kept: dict[str, list[Floats]] = {name: [] for name in CLASSIFIER_LAYERS}
    with trace(
        network.module, list(kept), lambda name, output: kept[name].append(output.numpy().copy())
    ) as forward:
        for index in range(len(pictures)):
            forward(torch.from_numpy(network.preprocessing.apply(pictures.read(index)))[None])
    return {name: np.concatenate(parts) for name, parts in kept.items()}


def coverage(pictures: KeptScenes, concepts: NDArray[np.int64], cells: int) -> Floats:
    """Return the part of each cell that concepts `(U,)` fill, `(N, U, cells, cells)`."""
    labels = (torch.from_numpy(pictures.labels(i)).long()[None] for i in range(len(pictures)))
    return np.concatenate([concept_areas(each, cells)[:, concepts].numpy() for each in labels])


def signal_and_noise(values: Floats, cover: Floats) -> tuple[Floats, Floats, Floats]:
    """Return signal and contrast of each unit `(U,)`, and its activation `(N, U, h, h)`, NaN where it is not noise."""
    axes = (0, 2, 3)
    absent = cover.max((2, 3)) == 0
    noise = np.where(
        absent[:, :, None, None] & (absent.sum(0) >= LEAST_ABSENT)[:, None, None], values, np.nan
    )
    centred = cover - cover.mean(axes, keepdims=True)
    slope = (centred * values).sum(axes) / np.maximum((centred**2).sum(axes), 1e-12)
    usable: NDArray[np.bool_] = np.asarray(np.isfinite(noise).any(axes))
    middle, spread = np.full((2, len(usable)), np.nan, np.float32)
    middle[usable] = np.nanmean(noise[:, usable], axis=axes)
    spread[usable] = np.nanstd(noise[:, usable], axis=axes)
    there = (cover * values).sum(axes) / np.maximum(cover.sum(axes), 1e-12)
    return slope / np.maximum(spread, 1e-12), (there - middle) / np.maximum(spread, 1e-12), noise


def quartiles(values: NDArray[np.floating]) -> list[float]:
    """Return the quartiles of some values, none of none."""
    return [round(float(np.quantile(values, part)), 3) for part in (0.25, 0.5, 0.75)] if len(values) else []


def measure(scenes: int) -> dict[str, dict[str, Any]]:
    """Return the figures of each layer."""
    pictures = KeptScenes(scenes)
    with tempfile.TemporaryDirectory() as folder:
        run = unitscope.dissect(
            "world-vgg", pictures, out=f"{folder}/run", replicates=100, device="cpu", show=False
        )
        table = run.units
    found, read = {}, activations(pictures)
    for name in CLASSIFIER_LAYERS:
        rows = table[(table["layer"] == name) & (table["status"] == "live") & table["concept"].notna()]
        named = zip(rows["concept"], rows["category"], strict=True)
        concepts = np.array([VOCABULARY.number(*each) for each in named])
        values = read.pop(name)[:, rows["unit"].to_numpy()]
        signal, contrast, noise = signal_and_noise(values, coverage(pictures, concepts, values.shape[-1]))
        usable = np.isfinite(signal)
        detectors = rows["detector"].to_numpy() & usable
        found[name] = {
            "units": len(rows),
            "detectors": int(rows["detector"].sum()),
            "measured": int(detectors.sum()),
            "signal": quartiles(signal[detectors]),
            "contrast": quartiles(contrast[detectors]),
            "iou": quartiles(rows["iou"].to_numpy()[detectors]),
            "noise": asdict(estimate(noise[:, usable])),
        }
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=300)
    options = parser.parse_args()
    for layer, figures in measure(options.scenes).items():
        print(
            json.dumps({"benchmark": "planted_signal", "layer": layer, "scenes": options.scenes, **figures})
        )


if __name__ == "__main__":
    main()
