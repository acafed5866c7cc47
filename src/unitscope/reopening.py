"""The network of a finished run, loaded again: the same weights, the same preprocessing, or a refusal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unitscope.api import AnyPath, resolve_model
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.experiments.plan import ReadingPlan
from unitscope.experiments.unit_classifier import UnitOfRun
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.registry import Model
from unitscope.models.weights import weights_hash
from unitscope.run.dissection import Dissection, layer_path, layer_title
from unitscope.trace import LayerGrid


def reopen_model(
    run: Dissection,
    *,
    model: str | nn.Module | Model | None = None,
    weights: AnyPath | None = None,
    mirror: str | None = None,
    device: torch.device | str = "cpu",
) -> Model:
    """Return the network that a run looked into, ready to run on `device`.

    Args:
        run: a finished run; what it was dissected from is tried first.
        model: the network, if the run does not say how to get it or it has moved since.
        weights: a file of weights for it, likewise.
        mirror: another server for checkpoints that are downloaded.
        device: where it is to run.

    Returns:
        The network with the preprocessing of the run.

    Raises:
        UnitscopeError: the run does not name its network, it cannot be loaded, or its weights are not those of the
            run.
    """
    facts = run.manifest["model"]
    wanted = model if model is not None else facts.get("spec")
    if not wanted:
        raise UnitscopeError(
            f"the run in {run.path} does not say where its network {facts['name']!r} came from: it was given as a "
            "module; give it again, as model=... or --model"
        )
    file = weights if weights is not None else _weights_of(facts, model)
    try:
        network = resolve_model(
            wanted, weights=file, mirror=mirror, reinitialize=facts.get("reinitialized"), device=device
        )
    except UnitscopeError as error:
        if model is not None:
            raise
        raise UnitscopeError(f"{error} (the run in {run.path} names it; --model gives another)") from error
    _refuse_other_weights(run, network)
    return replace(network, preprocessing=Preprocessing.from_dict(facts["preprocessing"]))


def _weights_of(facts: dict[str, Any], model: object) -> Path | None:
    """Return the file of weights that the run was made with, unless another network is given instead."""
    file = facts.get("weights") if model is None else None
    if file is None:
        return None
    if not Path(file).is_file():
        raise UnitscopeError(
            f"the run was made with the weights {file!r}, which are gone; give them with --weights FILE"
        )
    return Path(file)


def _refuse_other_weights(run: Dissection, network: Model) -> None:
    before, now = run.manifest["model"]["weights_hash"], weights_hash(network.module)
    if now != before:
        raise UnitscopeError(
            f"{network.name or 'the network'} has other weights than those that {run.path} was dissected with "
            f"(hash {now[:8]}... now, {before[:8]}... there); give those weights with --model or --weights, or "
            "dissect again"
        )


def layer_of(run: Dissection, name: str) -> LayerGrid:
    """Return how a run reads one of its layers.

    Args:
        run: a finished run.
        name: a layer, or an alias of one.

    Raises:
        UnitscopeError: the run did not look into that layer.
    """
    plan = ReadingPlan.from_dict(run.manifest["plan"])
    path = layer_path(run.manifest, name)
    if path not in plan.layers:
        titles = [layer_title(run.manifest, layer) for layer in plan.layers]
        known = dict.fromkeys([*plan.layers, *titles])
        hint = did_you_mean(name, known) or f" it has {', '.join(plan.layers)}"
        raise UnitscopeError(f"layer {name!r} is not in {run.path};{hint}")
    return plan.layers[path].layer


def unit_of(run: Dissection, layer: str, unit: int) -> UnitOfRun:
    """Return a unit of a run.

    Raises:
        UnitscopeError: the run did not look into that layer, or the layer has no such unit.
    """
    grid = layer_of(run, layer)
    if not 0 <= unit < grid.units:
        raise UnitscopeError(
            f"unit {unit} is not in layer {grid.name!r}, which has {grid.units} units; "
            f"give a number from 0 to {grid.units - 1}"
        )
    return UnitOfRun(run, grid, unit)
