"""Are the units that a class depends on found, and no others? A planted classifier, whose every loss is known.

Each of some scene classes has units of concepts that count in its scenes alone, of different signals, which raise its
logit. Pairs of noise units disturb logits: one is added, and the other, the gate, turns its sign, so that removing
the gate changes predictions without making any likelier to be right. The loss of a unit and class over the whole
population is exact: all of it is read, and every unit removed. Pictures of train and val are drawn from it with
replacement.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from planted_units import SIGNALS, Found

import unitscope
from unitscope.layer.hooks import trace
from unitscope.models.network import Network
from unitscope.world import SCENE_CLASSES
from unitscope.world.maps import SceneMaps
from unitscope.world.planted import Evidence, PlantedNetwork, PlantedUnit, planted_network

Floats = NDArray[np.float64]
CLASSES = range(0, len(SCENE_CLASSES), 5)
"""The classes whose scenes are used: few, so that each has enough pictures."""
EACH, GATES, CELLS = 6, 60, 7
"""Units for each class, pairs of noise and gate, cells along each side."""
DISTURBANCE = 1.0
"""Weight of noise that a gate turns; that of a unit for its class is 1 too."""
LOSSES = (1e-9, 0.005, 0.01, 0.02, 0.05, 1.0)
"""Limits of the losses of balanced accuracy that power is given for."""
LEVEL = 0.05
TRAIN, VAL = 1, 2
BATCH = 16


def plant(found: Found, seed: int) -> tuple[Network, int]:
    """Return a classifier, and how many of its first units speak for classes; noise and gates follow in turn."""
    rng = np.random.default_rng(seed)
    able = found.eligible()
    units: list[PlantedUnit] = []
    evidence: list[Evidence] = []
    for output in CLASSES:
        areas = found.in_scenes[output, able].astype(np.float64)
        for concept in rng.choice(able, EACH, replace=False, p=areas / areas.sum()):
            signal = float(rng.choice(SIGNALS[1:-1]))
            evidence.append(Evidence(len(units), output, 1.0))
            units.append(
                PlantedUnit((int(concept),), scene=SCENE_CLASSES[output], signal=signal, cells=CELLS)
            )
    speaking = len(units)
    for _ in range(GATES):
        output = int(rng.choice(CLASSES))
        evidence.append(Evidence(len(units), output, DISTURBANCE, gate=len(units) + 1))
        units += [PlantedUnit(cells=CELLS)] * 2
    return planted_network(units, seed=seed, evidence=evidence), speaking


def true_losses(network: Network, maps: SceneMaps) -> Floats:
    """Return what each class loses of its balanced accuracy in the population without each unit, `(U, classes)`."""
    module, means = network.module, []
    read: dict[str, torch.Tensor] = {}
    assert isinstance(module, PlantedNetwork)
    with trace(module, [f"cells{CELLS}"], read.__setitem__) as forward:
        for start in range(0, len(maps), BATCH):
            some = range(start, min(start + BATCH, len(maps)))
            inputs = [torch.from_numpy(network.preprocessing.apply(maps.read(i))) for i in some]
            forward(torch.stack(inputs))
            means.append(read[f"cells{CELLS}"].mean((2, 3)))
    values, targets = torch.cat(means), maps.targets
    whole = _accuracies(module.answer(values).argmax(1).numpy(), targets)
    losses = []
    for unit in range(values.shape[1]):
        without = values.clone()
        without[:, unit] = 0
        losses.append(whole - _accuracies(module.answer(without).argmax(1).numpy(), targets))
    return np.stack(losses)


def _accuracies(predicted: NDArray[np.int64], targets: NDArray[np.int64]) -> Floats:
    """Return the balanced accuracy of each class `(classes,)`."""
    classes = len(SCENE_CLASSES)
    of_class = np.bincount(targets, minlength=classes)
    said = np.bincount(predicted, minlength=classes)
    hits = np.bincount(targets[predicted == targets], minlength=classes)
    others = len(targets) - of_class
    balanced: Floats = (hits / np.maximum(of_class, 1) + 1 - (said - hits) / np.maximum(others, 1)) / 2
    return balanced


def one_seed(maps: SceneMaps, found: Found, seed: int, scenes: int) -> tuple[pd.DataFrame, float]:
    """Return the effects on val of every unit and class, with the truth, and the accuracy over all classes."""
    network, speaking = plant(found, seed)
    assert isinstance(network.module, PlantedNetwork)
    with tempfile.TemporaryDirectory() as folder:
        run = unitscope.dissect(
            network, maps.draw(64, seed), out=f"{folder}/run", grid_of=network.module.grids, device="cpu",
            show=False, replicates=100, trust_places=True,
        )  # fmt: skip
        measured = unitscope.importance(
            run, maps.draw(scenes, 10 * seed + TRAIN), maps.draw(scenes, 10 * seed + VAL), network=network,
            out=f"{folder}/importance", device="cpu", show=False, set_sizes=(1,), random=0,
        )  # fmt: skip
        effects = measured.effects
        accuracy = measured.summary.accuracy.val.value or 0.0
        outputs = dict(zip(measured.classes["class"], measured.classes["output"], strict=True))
    effects = effects[effects["split"] == "val"].reset_index(drop=True)
    losses = true_losses(network, maps)
    columns = effects["class"].map(outputs).to_numpy()
    units = effects["unit"].to_numpy()
    gate = (units >= speaking) & ((units - speaking) % 2 == 1)
    return effects.assign(true_loss=losses[units, columns], gate=gate, seed=seed), float(accuracy)


def importance_part(maps: SceneMaps, found: Found, options: argparse.Namespace) -> dict[str, Any]:
    """Return how often pairs of unit and class are called important, where they are and where they are not."""
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    chosen = maps.of_classes(CLASSES)
    measured = [one_seed(chosen, found, seed, options.scenes) for seed in seeds]
    pairs = pd.concat([effects for effects, _ in measured], ignore_index=True)
    important, loss = pairs["important"].to_numpy(bool), pairs["true_loss"].to_numpy()
    changed = ((pairs["loss_low"] != 0) | (pairs["loss_high"] != 0)).to_numpy()
    null = (loss <= 0) & changed
    inside = pairs["true_loss"].between(pairs["loss_low"] - 1e-9, pairs["loss_high"] + 1e-9)
    return {
        "accuracy": [round(value, 3) for _, value in measured],
        "classes": len(CLASSES),
        "population_of_classes": len(chosen),
        "pairs": len(pairs),
        "pairs_that_change_predictions": int(changed.sum()),
        "important": int(important.sum()),
        "important_without_loss": _share(loss[important] <= 0),
        "goal": LEVEL,
        "p_at_most_0.05_without_loss": _share(pairs["p_value"][null] <= LEVEL),
        "p_at_most_0.05_of_gates": _share(pairs["p_value"][changed & pairs["gate"]] <= LEVEL),
        "important_gates": int(important[pairs["gate"]].sum()),
        "found_by_true_loss": {
            f"{low:g} to {high:g}": [int(rows.sum()), _share(important[rows])]
            for low, high in itertools.pairwise(LOSSES)
            if (rows := (loss >= low) & (loss < high)).any()
        },
        "interval_coverage": _share(inside[changed]),
        "interval_coverage_where_important": _share(inside[important]),
    }


def _share(values: Any) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None
