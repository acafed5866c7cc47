"""The network or generator of a finished run, loaded again: the same weights and settings, or a refusal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.experiments.classification.measure import UnitOfRun
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.generated import GeneratedSamples
from unitscope.layer.hooks import LayerGrid
from unitscope.models.generators import Generator
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.registry import Model
from unitscope.models.weights import weights_hash
from unitscope.nouns.generated import label_generated, resolve_generator
from unitscope.nouns.network import resolve_model
from unitscope.nouns.pictures import AnyPath, as_paths
from unitscope.run.dissection import Dissection
from unitscope.run.manifest import NetworkRecord, SegmenterRecord
from unitscope.sources.latents import SeededLatents


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
    if is_generated(run):
        raise UnitscopeError(
            f"the run in {run.path} is of a generator, which reads no pictures; give the run of a network that does"
        )
    facts = run.network
    with _naming_run(run, model):
        network = resolve_model(
            _wanted(run, model),
            weights=weights if weights is not None else _weights_of(facts, model),
            mirror=mirror,
            reinitialize=facts.reinitialized,
            device=device,
        )
    _refuse_other_weights(run, network)
    return replace(network, preprocessing=Preprocessing.from_dict(facts.preprocessing or {}))


def is_generated(run: Dissection) -> bool:
    """Return whether a run looked into a generator."""
    return run.generated


def reopen_generated(
    run: Dissection,
    *,
    segmenter: str | Sequence[str] | None = None,
    labels: AnyPath | Sequence[AnyPath] = (),
    segmenter_preprocess: str | Sequence[str] | None = None,
    model: str | nn.Module | Generator | None = None,
    weights: AnyPath | None = None,
    mirror: str | None = None,
    device: torch.device | str = "cpu",
) -> GeneratedSamples:
    """Return the pictures that a run looked into: its generator, its latents and what labels them.

    Args:
        run: a finished run of a generator; what it was dissected from is tried first.
        segmenter: other segmenters than those of the run.
        labels: label files for them; or others for the run's segmenters.
        segmenter_preprocess: settings for them, likewise.
        model: the generator, if the run does not say how to get it or it has moved since.
        weights: a file of weights for it, likewise.
        mirror: another server for published files.
        device: where generator and segmenters are to run.

    Raises:
        UnitscopeError: the run is of no generator or does not name it, something cannot be loaded, or its weights or
            the segmenter's are not those of the run.
    """
    if not is_generated(run):
        raise UnitscopeError(
            f"the run in {run.path} is of a network that reads pictures, not of a generator; dissect a generator with "
            "--latents"
        )
    facts = run.network
    assert facts.generator is not None
    with _naming_run(run, model):
        generator = resolve_generator(
            _wanted(run, model),
            weights=weights if weights is not None else _weights_of(facts, model),
            latent_shape=facts.generator.latent_shape,
            range=facts.generator.range,
            mirror=mirror,
            reinitialize=facts.reinitialized,
            device=device,
        )
    _refuse_other_weights(run, generator)
    _refuse_other_size(run, generator)
    samples = label_generated(
        generator,
        SeededLatents.from_dict(run.data.latents or {}),
        grid=run.grid,
        **_segmenters(run, segmenter, as_paths(labels), segmenter_preprocess),
        mirror=mirror,
        device=device,
    )
    if not (segmenter or as_paths(labels) or segmenter_preprocess):
        _refuse_other_labels(run, samples)
    return samples


def _segmenters(run: Dissection, segmenter: Any, labels: list[Path], settings: Any) -> dict[str, Any]:
    """Return what was asked for; what was not is that of the run, unless it belongs to another segmenter."""
    said = SegmenterRecord() if segmenter else run.manifest.segmenter or SegmenterRecord()
    return {
        "segmenter": segmenter or said.specs,
        "labels": labels or as_paths(said.labels),
        "segmenter_preprocess": settings or said.preprocess,
    }


def _refuse_other_size(run: Dissection, generator: Generator) -> None:
    assert run.network.generator is not None
    before = run.network.generator.size
    if generator.size != before:
        raise UnitscopeError(
            f"{generator.name} makes pictures of {generator.size[0]}x{generator.size[1]} pixels and made "
            f"{before[0]}x{before[1]} in {run.path}; dissect again"
        )


def _refuse_other_labels(run: Dissection, samples: GeneratedSamples) -> None:
    if samples.labeller.content_hash != run.manifest.config["labels"]["hash"]:
        raise UnitscopeError(
            f"segmenter {samples.labeller.name} is another than the one that {run.path} was labelled with; give that "
            "one with --segmenter, or dissect again"
        )


def _wanted(run: Dissection, model: Any) -> Any:
    """Return the network that is given, or what the run says of it."""
    facts = run.network
    wanted = model if model is not None else facts.spec
    if not wanted:
        raise UnitscopeError(
            f"the run in {run.path} does not say where its network {facts.name!r} came from: it was given as a "
            "module; give it again, as model=... or --model"
        )
    return wanted


@contextmanager
def _naming_run(run: Dissection, model: object) -> Iterator[None]:
    """Say where the name came from when the network of a run cannot be loaded."""
    try:
        yield
    except UnitscopeError as error:
        if model is not None or not run.network.spec:
            raise
        raise UnitscopeError(f"{error} (the run in {run.path} names it; --model gives another)") from error


def _weights_of(facts: NetworkRecord, model: object) -> Path | None:
    """Return the file of weights that the run was made with, unless another network is given instead."""
    file = facts.weights if model is None else None
    if file is None:
        return None
    if not Path(file).is_file():
        raise UnitscopeError(
            f"the run was made with the weights {file!r}, which are gone; give them with --weights FILE"
        )
    return Path(file)


def _refuse_other_weights(run: Dissection, network: Model | Generator) -> None:
    before, now = run.network.weights_hash, weights_hash(network.module)
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
    plan = ReadingPlan.from_dict(run.manifest.plan)
    path = run.network.layer_path(name)
    if path not in plan.layers:
        titles = [run.network.layer_title(layer) for layer in plan.layers]
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
