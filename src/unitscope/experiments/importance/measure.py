"""The importance of the units of a layer, put together: from a run and two sets of images to the tables."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.ablation import Ablation
from unitscope.errors import UnitscopeError
from unitscope.experiments.carried import CarriedCache
from unitscope.experiments.importance.findings import Findings, write_findings
from unitscope.experiments.importance.images import ClassedImages, Split, find_curve_classes
from unitscope.experiments.importance.sets import SetPlan, plan_sets
from unitscope.experiments.importance.settings import (
    ImportanceSettings,
    choose_set_sizes,
    curve_sizes,
)
from unitscope.experiments.importance.shards import Piece, Pieces
from unitscope.experiments.importance.tables import SplitEffects, rank_units
from unitscope.experiments.importance.without import Removal, activation_sums, remove_each, remove_sets
from unitscope.layers.hooks import LayerGrid
from unitscope.models.registry import Model
from unitscope.models.weights import weights_hash
from unitscope.progress import duration, say
from unitscope.replay import cut
from unitscope.run.dissection import Dissection, run_hash
from unitscope.run.folder import IMPORTANCE, RunFolder, configuration_hash, open_for_writing
from unitscope.run.importance import Importance, open_importance
from unitscope.run.storage import Arrays

TIMED_SETS = 32
"""Sets that are timed to estimate what all of them take."""


@dataclass
class Question:
    """Which layer of which network is asked, on which images, and how."""

    run: Dissection
    model: Model
    layer: LayerGrid
    images: ClassedImages
    settings: ImportanceSettings
    device: torch.device
    about: dict[str, Any]
    """Facts for the manifest that decide nothing."""
    show: bool | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    """Spent in each stage, by this process."""

    @property
    def batch_size(self) -> int:
        """Images a forward pass."""
        return self.settings.batch_size or int(self.run.manifest["settings"]["batch_size"])

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Take the time of a stage."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def run_importance(question: Question, out: Path) -> Importance:
    """Remove every unit of a layer, then sets of them; write the folder, or go on where an earlier process stopped.

    Args:
        question: what is asked.
        out: the folder, new or of the same configuration.

    Raises:
        UnitscopeError: a setting does not fit the layer or the images, no image can be read, the network is no
            classifier of these classes, a logit is not finite, or the folder is in use, belongs to another
            configuration or cannot be written.
    """
    layer, settings = question.layer, question.settings
    sizes = choose_set_sizes(settings.set_sizes, layer.units, layer.name)
    curve = find_curve_classes(settings.curve, question.images)
    question.settings = replace(settings, set_sizes=sizes, curve=curve, batch_size=question.batch_size)
    config = _configuration(question)
    with open_for_writing(out, config, kind=IMPORTANCE) as folder:
        if folder.manifest["status"] != "complete":
            _complete(question, folder)
    return open_importance(out)


def _configuration(question: Question) -> dict[str, Any]:
    """Return everything that decides the results."""
    images = question.images
    return {
        "run": {"hash": run_hash(question.run), "weights_hash": weights_hash(question.model.module)},
        "layer": question.layer.name,
        **{
            split.name: {
                **split.samples.describe()["pictures"],
                "classes_hash": hashlib.sha256(split.outputs.tobytes()).hexdigest(),
            }
            for split in images.splits
        },
        "settings": question.settings.deciding(),
    }


def _complete(question: Question, folder: RunFolder) -> None:
    """Do what is missing, write the tables, and mark the folder complete."""
    images, settings, show = question.images, question.settings, question.show
    with question.timing("cut"):
        removal = _cut(question, folder)
    pieces = Pieces.plan(folder, images, batch_size=question.batch_size, means=settings.ablation == "mean")
    level = _level(question, removal, pieces)
    for name in ("train", "val"):

        def each(piece: Piece, name: str = name) -> tuple[Arrays, dict[int, str]]:
            return remove_each(removal, piece.split, piece.samples, level=level, keep=name == "val")

        with question.timing(f"units_{name}"):
            pieces.work(name, each, title=f"removing units ({name})", show=show)
    with question.timing("ranks"):
        findings = _rank(question, pieces, removal)
    with question.timing("sets"):
        _measure_sets(question, pieces, findings.plan, removal, level)
    write_findings(findings, question.about, question.seconds)


def _cut(question: Question, folder: RunFolder) -> Removal:
    """Cut the network, and see that it is a classifier of the classes of the images."""
    images, device = question.images, question.device
    inputs = _first_batch(images.train, question.batch_size)
    replay = cut(question.model.module, question.layer, inputs.to(device))
    logits = replay.back(replay.front(inputs.to(device)))
    shape = tuple(logits.shape)
    if logits.ndim != 2 or shape[1] <= images.last_output:
        name = images.name_of(images.last_output)
        wanted = (
            f"class {name!r} is output {images.last_output}" if logits.ndim == 2 else "(N, classes) is needed"
        )
        raise UnitscopeError(
            f"{question.model.name or 'the network'} answers with shape {shape} for {len(inputs)} images; {wanted}: "
            "give a classifier of these classes, or --class-map"
        )
    if replay.whole:
        say(
            f"the network is run as a whole for every unit, which is slow: {replay.reason}",
            show=question.show,
        )
    return Removal(Ablation(replay), _caches(question, folder, replay), shape[1], question.batch_size, device)


def _caches(question: Question, folder: RunFolder, replay: Any) -> dict[str, CarriedCache]:
    """Share the budget: val is read twice, train only where the means of units come first."""
    train = question.settings.cache_bytes // 2 if question.settings.ablation == "mean" else 0
    budgets = {"train": train, "val": question.settings.cache_bytes - train}
    identity = configuration_hash(folder.manifest)
    return {
        name: CarriedCache(
            replay, folder.path / "cache" / name, budget=budget, identity=identity, device=question.device
        )
        for name, budget in budgets.items()
    }


def _first_batch(split: Split, batch_size: int) -> Tensor:
    """Return the inputs of the first batch with an image that can be read.

    Raises:
        UnitscopeError: there is none.
    """
    numbers, skipped = range(len(split)), dict[int, str]()
    for batch in split.samples.batches(numbers[i : i + batch_size] for i in range(0, len(split), batch_size)):
        if len(batch.samples):
            return batch.inputs
        skipped.update(batch.skipped)
    first = min(skipped)
    raise UnitscopeError(
        f"none of the {len(split)} {split.name} images could be read; the first, "
        f"{split.samples.sample_ids[first]!r}: {skipped[first]}"
    )


def _level(question: Question, removal: Removal, pieces: Pieces) -> float | Tensor:
    """Return what a removed unit is set to: zero, or each unit's mean over the train images."""
    if "means" not in pieces.by_stage:
        return 0.0
    with question.timing("means"):
        pieces.work(
            "means",
            lambda piece: activation_sums(removal, piece.split, piece.samples),
            title="means of units",
            show=question.show,
        )
    sums, cells = np.zeros(removal.units), 0
    for file in pieces.files("means"):
        sums, cells = sums + file["sums"], cells + int(file["cells"][0])
    return torch.from_numpy(sums / max(cells, 1)).to(removal.device, torch.float32)


def _rank(question: Question, pieces: Pieces, removal: Removal) -> Findings:
    """Rank the units by what they do on train, and plan the sets."""
    images, settings = question.images, question.settings
    effects = {
        name: SplitEffects.of(
            name, pieces.changes(name).result(), replicates=settings.replicates, seed=settings.seed
        )
        for name in ("train", "val")
    }
    used = {
        split.name: np.isin(np.arange(len(split)), effects[split.name].changes.samples)
        for split in images.splits
    }
    outputs = images.classes(used)
    if not len(outputs):
        raise UnitscopeError(
            "no class has images in both splits that could be read; see which cannot be opened"
        )
    ranks = rank_units(effects["train"].losses(outputs), pieces.falls(outputs, images.train.outputs))
    names = [images.name_of(int(output)) for output in outputs]
    plan = plan_sets(
        list(np.argsort(ranks, axis=0).T.astype(np.int64)),
        removal.units,
        sizes=settings.set_sizes,
        curve=tuple(names.index(name) for name in settings.curve if name in names),
        curve_sizes=curve_sizes(removal.units),
        random=settings.random,
        seed=settings.seed,
    )
    facts = _facts(question, removal, names)
    return Findings(images, settings, pieces, effects["train"], effects["val"], outputs, ranks, plan, facts)


def _facts(question: Question, removal: Removal, names: list[str]) -> dict[str, Any]:
    run, settings = question.run, question.settings
    return {
        "run": str(run.path),
        "run_hash": run_hash(run),
        "weights_hash": run.manifest["model"]["weights_hash"],
        "model": run.manifest["model"]["name"],
        "layer": question.layer.name,
        "units": removal.units,
        "ablation": settings.ablation,
        "classes": len(names),
        "whole_passes": removal.ablation.replay.reason or None,
    }


def _measure_sets(
    question: Question, pieces: Pieces, plan: SetPlan, removal: Removal, level: float | Tensor
) -> None:
    removed = plan.removed
    _say_cost(question, pieces, removed, removal, level)

    def measure(piece: Piece) -> tuple[Arrays, dict[int, str]]:
        predicted = remove_sets(removal, piece.split, pieces.samples(piece), removed, level=level)
        return {"predicted": predicted}, {}

    pieces.work("sets", measure, title="removing sets", show=question.show)


def _say_cost(
    question: Question,
    pieces: Pieces,
    removed: NDArray[np.bool_],
    removal: Removal,
    level: float | Tensor,
) -> None:
    """Say how many sets and images there are, and how long they take by the time of a few."""
    missing = [(piece, pieces.samples(piece)) for piece in pieces.missing("sets")]
    images = sum(len(samples) for _, samples in missing)
    if not images or not len(removed):
        return
    piece, samples = next((piece, samples) for piece, samples in missing if len(samples))
    few, some = (
        samples[samples // removal.batch_size == samples[0] // removal.batch_size],
        removed[:TIMED_SETS],
    )
    remove_sets(removal, piece.split, few, some[:1], level=level)  # the first is to warm up
    start = time.perf_counter()
    remove_sets(removal, piece.split, few, some, level=level)
    seconds = (time.perf_counter() - start) * len(removed) * images / (len(some) * len(few))
    say(
        f"{len(removed):,} sets on {images:,} images: {len(removed) * images:,} answers, about {duration(seconds)}",
        show=question.show,
    )
