"""What the network predicts without units: batch by batch, from what crosses the cut at the layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.ablation import Ablation, predicted_classes
from unitscope.errors import UnitscopeError
from unitscope.experiments.carried import CarriedCache
from unitscope.experiments.forward import naming_pictures, run_batch
from unitscope.experiments.importance.pictures import ClassedPictures, Split
from unitscope.experiments.pieces import Piece, State, below
from unitscope.experiments.samples import Batch
from unitscope.progress import partly
from unitscope.replay import Carried
from unitscope.run.storage import Arrays
from unitscope.stats import PredictionChanges


@dataclass(frozen=True)
class Removal:
    """A network cut at a layer, ready to answer without units of it."""

    pictures: ClassedPictures
    ablation: Ablation
    caches: dict[str, CarriedCache]
    """By split, what keeps the front's outputs."""
    classes: int
    """Outputs of the network."""
    batch_size: int
    device: torch.device

    @property
    def units(self) -> int:
        """Units of the layer."""
        return self.ablation.units

    def batches(self, split: Split, numbers: range) -> Iterator[Batch]:
        """Yield the batches of some samples, in order; the first of `numbers` begins a batch."""
        parts = (numbers[i : i + self.batch_size] for i in _starts(numbers, self))
        for batch in split.samples.batches(parts):
            yield batch
            partly(len(batch.samples))

    def run(self, split: Split, batch: Batch, work: Callable[[Carried], None]) -> None:
        """Do something with what is carried for a batch, if it holds any picture.

        Raises:
            UnitscopeError: the network fails; the first and last picture of the batch are named.
        """
        if len(batch.samples):
            number = int(batch.samples[0]) // self.batch_size
            cache = self.caches[split.name]
            run_batch(
                lambda inputs: work(cache.read(number, lambda: inputs)),
                batch,
                sample_ids=split.samples.sample_ids,
                device=self.device,
            )

    def again(self, split: Split, samples: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Carried]]:
        """Yield what is carried for samples that were read before, a batch at a time; kept batches are not decoded.

        Args:
            split: the pictures.
            samples: all samples that could be read of some batches, in order ``(n,)``.
        """
        for number in np.unique(samples // self.batch_size):
            chosen = samples[samples // self.batch_size == number]

            def inputs(chosen: NDArray[np.int64] = chosen) -> Tensor:
                return next(iter(split.samples.batches([chosen.tolist()]))).inputs

            yield chosen, self.caches[split.name].read(int(number), inputs)


def _starts(numbers: range, removal: Removal) -> range:
    return range(0, len(numbers), removal.batch_size)


@dataclass(frozen=True)
class SplitPlan:
    """Which split is looked at, and what a removed unit is set to.

    Attributes:
        split: its name.
        level: of every unit ``(U,)`` float32, activation scale; zero when None.
        keep: also keep each unit's peak and each logit.
    """

    split: str
    level: NDArray[np.float32] | None = None
    keep: bool = False

    def levels(self, device: torch.device) -> float | Tensor:
        """Return what a removed unit is set to."""
        return 0.0 if self.level is None else torch.from_numpy(self.level).to(device)


@dataclass(frozen=True)
class SetsPlan(SplitPlan):
    """Which sets of units are removed.

    Attributes:
        removed: the units of each set ``(S, U)`` bool.
        readable: numbers of the pictures that could be read, in order ``(n,)``.
    """

    removed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    readable: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def activation_sums(removal: Removal, plan: SplitPlan, piece: Piece) -> State:
    """Add up the activation of every unit over all places of some pictures.

    Returns:
        ``sums`` ``(U,)`` float64 and ``cells`` ``(1,)``, the number of places.
    """
    sums, cells = torch.zeros(removal.units, dtype=torch.float64), [0]
    split, skipped = removal.pictures.split(plan.split), dict[int, str]()

    def add(carried: Carried) -> None:
        activation = carried.activation
        sums.add_(activation.to("cpu", torch.float32).double().sum((0, 2, 3)))
        cells[0] += activation[:, 0].numel()

    for batch in removal.batches(split, piece.pictures):
        skipped.update(batch.skipped)
        removal.run(split, batch, add)
    return State({"sums": sums.numpy(), "cells": np.array(cells, np.int64)}, skipped)


def remove_each(removal: Removal, plan: SplitPlan, piece: Piece) -> State:
    """Remove every unit alone on some pictures.

    Returns:
        The state of `PredictionChanges` below ``changes``; ``samples`` ``(n,)``; ``fall`` ``(n, U)`` float32, by how
        much the log-probability of the picture's own class falls; ``peaks`` ``(n, U)`` and ``logits`` ``(n, C)``
        float32 if they are kept.

    Raises:
        UnitscopeError: the network fails, or a logit is not finite; the picture is named.
    """
    split, level = removal.pictures.split(plan.split), plan.levels(removal.device)
    changes = PredictionChanges(removal.units, removal.classes)
    parts: list[Arrays] = [_nothing(removal, plan.keep)]
    skipped: dict[int, str] = {}

    for batch in removal.batches(split, piece.pictures):
        skipped.update(batch.skipped)

        def work(carried: Carried, samples: NDArray[np.int64] = batch.samples) -> None:
            ids = [split.samples.sample_ids[number] for number in samples]
            labels = split.outputs[samples]
            logits, after, fall = _without_each(removal, carried, labels, ids, level)
            changes.update(samples, labels, predicted_classes(logits), after)
            parts.append({"samples": samples, "fall": fall})
            if plan.keep:
                parts[-1]["peaks"] = carried.activation.amax((2, 3)).float().cpu().numpy()
                parts[-1]["logits"] = logits.float().cpu().numpy()

        removal.run(split, batch, work)
    together = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return State({**together, **below("changes", changes.state_dict())}, skipped)


def _nothing(removal: Removal, keep: bool) -> Arrays:
    empty: Arrays = {"samples": np.zeros(0, np.int64), "fall": np.zeros((0, removal.units), np.float32)}
    if keep:
        empty["peaks"] = np.zeros((0, removal.units), np.float32)
        empty["logits"] = np.zeros((0, removal.classes), np.float32)
    return empty


def _without_each(
    removal: Removal,
    carried: Carried,
    labels: NDArray[np.int64],
    ids: Sequence[str],
    level: float | Tensor,
) -> tuple[Tensor, NDArray[np.int16], NDArray[np.float32]]:
    """Return logits ``(n, C)``; by picture and unit ``(n, U)``, the prediction and the fall of log-probability."""
    logits = removal.ablation.replay.back(carried)
    _refuse_infinite(logits, ids, "")
    own = torch.from_numpy(labels).to(logits.device)
    before = _log_probability(logits[None], own)
    after: list[NDArray[np.int16]] = []
    falls: list[NDArray[np.float32]] = []
    for block, answer in removal.ablation.single_units(carried, level=level):
        _refuse_infinite(answer, ids, f" without one of the units {int(block[0])} to {int(block[-1])}")
        after.append(predicted_classes(answer))
        falls.append((before - _log_probability(answer, own)).float().cpu().numpy())
    return logits, np.concatenate(after).T, np.concatenate(falls).T


def _log_probability(logits: Tensor, own: Tensor) -> Tensor:
    """Return the log-probability of each picture's class, ``(k, n, C)`` -> ``(k, n)``."""
    chosen = logits[:, torch.arange(len(own), device=own.device), own]
    return chosen - logits.logsumexp(-1)


def _refuse_infinite(answer: Tensor, ids: Sequence[str], when: str) -> None:
    """Refuse logits ``(..., n, C)`` that are not finite, and name the first such picture."""
    finite = torch.isfinite(answer).all(-1).reshape(-1, len(ids)).all(0)
    if not bool(finite.all()):
        picture = ids[int(finite.int().argmin())]
        raise UnitscopeError(
            f"the network's logits are not finite (NaN or infinite) on picture {picture!r}{when}; "
            "check the weights and the preprocessing"
        )


def remove_sets(removal: Removal, plan: SetsPlan, piece: Piece) -> State:
    """Return what is predicted without each set of units: ``predicted`` ``(S, n)`` int16.

    Raises:
        UnitscopeError: the network fails, or a logit is not finite; the picture is named.
    """
    split, level, sets = (
        removal.pictures.split(plan.split),
        plan.levels(removal.device),
        torch.from_numpy(plan.removed),
    )
    first, last = np.searchsorted(plan.readable, [piece.pictures.start, piece.pictures.stop])
    predicted: list[NDArray[np.int16]] = [np.zeros((len(plan.removed), 0), np.int16)]
    for chosen, carried in removal.again(split, plan.readable[first:last]):
        ids = [split.samples.sample_ids[number] for number in chosen]
        blocks = []
        with naming_pictures(ids):
            for _, answer in removal.ablation.sets(carried, sets, level=level):
                _refuse_infinite(answer, ids, " without a set of units")
                blocks.append(predicted_classes(answer))
        predicted.append(np.concatenate(blocks) if blocks else np.zeros((0, len(chosen)), np.int16))
    return State({"predicted": np.concatenate(predicted, axis=1)})
