"""What every unit does on pictures and on their attacked copies, and what the network says when units are exchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.experiments.attack.attempts import Attempts, Numbers, example_path
from unitscope.experiments.attack.subject import Floats32, Subject
from unitscope.experiments.forward import naming_pictures, run_batch
from unitscope.experiments.pictures import write_png
from unitscope.experiments.pieces import Piece, State, below
from unitscope.layer.grid import upsample
from unitscope.replay import Carried
from unitscope.run.storage import Arrays
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.pairs import Pair
from unitscope.stats import PairAnswers, PairChanges, PairOverlap
from unitscope.stats.inference import keyed_order

RANDOM = 2**33
"""Tells random orders of units from other random orders of a seed."""


def read_pictures(subject: Subject, plan: None, piece: Piece) -> State:  # noqa: ARG001 - a stage has a plan
    """Look at the pictures as they are.

    Returns:
        ``samples`` ``(n,)``, the class that is ``predicted`` ``(n,)``, and the ``peaks`` of all units ``(n, U)``.
    """
    none = {"samples": np.zeros(0, np.int64), "predicted": np.zeros(0, np.int64)}
    parts: list[Arrays] = [{**none, "peaks": np.zeros((0, subject.units), np.float32)}]
    skipped: dict[int, str] = {}
    for batch in subject.samples.batches(subject.batches(piece.pictures)):
        skipped.update(batch.skipped)

        def work(inputs: Tensor, samples: Numbers = batch.samples) -> None:
            carried = subject.replay.front(inputs)
            logits = subject.replay.back(carried)
            finite = torch.isfinite(logits).all(1).cpu().numpy()
            skipped.update({int(each): "the network's logits are not finite" for each in samples[~finite]})
            row = {"samples": samples, "predicted": logits.argmax(1).cpu().numpy(), "peaks": _peaks(carried)}
            parts.append({name: values[finite] for name, values in row.items()})

        if len(batch.samples):
            run_batch(work, batch, sample_ids=subject.samples.sample_ids, device=subject.device)
    return State({name: np.concatenate([part[name] for part in parts]) for name in parts[0]}, skipped)


def _peaks(carried: Carried) -> Floats32:
    peaks: Floats32 = carried.activation.amax((2, 3)).float().cpu().numpy()
    return peaks


@dataclass(frozen=True)
class PairPlan:
    """Which attempts are measured.

    Attributes:
        attempts: all of them.
        replicates: of the bootstrap of overlaps.
        seed: of the bootstrap.
    """

    attempts: Attempts
    replicates: int
    seed: int

    @cached_property
    def copies(self) -> Numbers:
        """How many attempts there are on the picture of each."""
        _, picture, counts = np.unique(self.attempts.pictures, return_inverse=True, return_counts=True)
        return counts[picture].astype(np.int64)


def overlap_of(subject: Subject, plan: PairPlan) -> PairOverlap:
    """Return the overlap of masks with no pairs in it yet."""
    rows, columns = subject.plan.sampling.shape
    both = np.stack([subject.thresholds, subject.thresholds])
    return PairOverlap(both, rows * columns, replicates=plan.replicates, seed=plan.seed)


def measure_pairs(subject: Subject, plan: PairPlan, piece: Piece) -> State:
    """Look at pictures and their attacked copies, as they are saved.

    Returns:
        The states of `PairChanges` below ``changes``, of `PairAnswers` below ``answers`` and of `PairOverlap` below
        ``overlap``; the samples of the first two are numbers of attempts, those of the last pictures.
    """
    changes, answers = PairChanges(subject.units), PairAnswers(len(subject.names))
    overlap, skipped = overlap_of(subject, plan), dict[int, str]()
    for numbers in subject.batches(piece.pictures):
        read, pairs = _pairs(subject, plan.attempts, numbers, skipped)
        if not read:
            continue
        ids = [subject.samples.sample_ids[plan.attempts.pictures[each]] for each in read]
        with naming_pictures(ids):
            before, after = fronts(subject, pairs)
            logits = [subject.replay.back(each).float().cpu().numpy() for each in (before, after)]
        samples = np.array(read, np.int64)
        means = [each.activation.float().mean((2, 3)).cpu().numpy() for each in (before, after)]
        changes.update(samples, np.stack([_peaks(before), _peaks(after)], 1), np.stack(means, 1))
        distances = np.array([[pair.squared_difference, pair.largest_difference] for pair in pairs], np.int64)
        answers.update(samples, np.stack(logits, 1), distances)
        cells = [subject.cells(each.activation) for each in (before, after)]
        overlap.update(cells[0], cells[1], plan.attempts.pictures[samples], plan.copies[samples])
    states = {"changes": changes, "answers": answers, "overlap": overlap}
    arrays = {
        key: value for name, each in states.items() for key, value in below(name, each.state_dict()).items()
    }
    return State(arrays, skipped)


def _pairs(
    subject: Subject, attempts: Attempts, numbers: Sequence[int], skipped: dict[int, str]
) -> tuple[list[int], list[Pair]]:
    read, pairs = [], []
    for number in numbers:
        try:
            pairs += subject.pairs(attempts, [number])
        except UnreadablePicture as error:
            skipped[number] = error.reason
        else:
            read.append(number)
    return read, pairs


def fronts(subject: Subject, pairs: Sequence[Pair]) -> tuple[Carried, Carried]:
    """Return what crosses the cut for originals and for attacked copies."""
    return subject.front([pair.original for pair in pairs]), subject.front([pair.altered for pair in pairs])


@dataclass(frozen=True)
class ExchangePlan:
    """Which units are exchanged between a picture and its attacked copy.

    Attributes:
        attempts: those that were won.
        orders: units of each attempt by importance ``(A, U)``.
        sizes: how many of them are exchanged.
        random: repetitions of random units.
        seed: of these.
    """

    attempts: Attempts
    orders: Numbers
    sizes: tuple[int, ...]
    random: int
    seed: int

    def order(self, attempt: int, kind: int) -> Numbers:
        """Return the units of an attempt, by importance (kind 0) or in one of the random orders."""
        if kind == 0:
            order: Numbers = self.orders[attempt]
            return order
        number = RANDOM + attempt * self.random + kind - 1
        return keyed_order(self.orders.shape[1], self.seed, number)


def exchange_units(subject: Subject, plan: ExchangePlan, piece: Piece) -> State:
    """Put original activation into attacked pictures, and attacked activation into originals, some units at a time.

    Returns:
        The class that the network sees, ``restored`` and ``transplanted``, each ``(n, 1 + random, sizes)`` int32, first
        for units by importance, for all attempts of the piece.
    """
    shape = (len(piece.pictures), 1 + plan.random, len(plan.sizes))
    found = {name: np.zeros(shape, np.int32) for name in ("restored", "transplanted")}
    for numbers in subject.batches(piece.pictures):
        rows = slice(numbers.start - piece.pictures.start, numbers.stop - piece.pictures.start)
        before, after = fronts(subject, subject.pairs(plan.attempts, numbers))
        for kind in range(1 + plan.random):
            orders = np.stack([plan.order(number, kind) for number in numbers])
            for place, size in enumerate(plan.sizes):
                chosen = _chosen(orders[:, :size], before.everywhere)
                for name, base, other in (("restored", after, before), ("transplanted", before, after)):
                    mixed = torch.where(chosen, other.everywhere, base.everywhere)
                    answer = subject.replay.back(base.with_everywhere(mixed)).argmax(1)
                    found[name][rows, kind, place] = answer.cpu().numpy()
    return State(found)


def _chosen(units: Numbers, everywhere: Tensor) -> Tensor:
    """Return which units of each picture are chosen, as a mask over all their places ``(n, U, 1)``."""
    chosen = torch.zeros(everywhere.shape[:2], dtype=torch.bool, device=everywhere.device)
    chosen.scatter_(1, torch.from_numpy(np.ascontiguousarray(units)).to(everywhere.device), True)
    return chosen[:, :, None]


@dataclass(frozen=True)
class ExamplePlan:
    """Which attempts are shown, with which units ``(A, K)``."""

    attempts: Attempts
    units: Numbers


def look_at_examples(subject: Subject, plan: ExamplePlan, piece: Piece) -> State:
    """Look at some units of a few attempts in full, and save the originals without loss.

    Returns:
        On the pixel grid ``(n, K, gh, gw)``: ``before`` and ``after``, where units exceed their thresholds, bool, and
        the ``change`` of their activation, float32.
    """
    parts: list[dict[str, NDArray[np.generic]]] = []
    for number in piece.pictures:
        (pair,) = subject.pairs(plan.attempts, [number])
        sample, target = int(plan.attempts.pictures[number]), int(plan.attempts.targets[number])
        write_png(subject.folder / example_path(sample), pair.original)
        write_png(subject.folder / example_path(sample, target), pair.altered)
        units = plan.units[number]
        maps = [_on_grid(subject, each)[0, units] for each in fronts(subject, [pair])]
        levels = subject.thresholds[units, None, None]
        parts.append({"before": maps[0] > levels, "after": maps[1] > levels, "change": maps[1] - maps[0]})
    shape = (0, plan.units.shape[1], *subject.plan.sampling.shape)
    if not parts:
        masks = np.zeros(shape, np.bool_)
        return State({"before": masks, "after": masks, "change": np.zeros(shape, np.float32)})
    return State({name: np.stack([part[name] for part in parts]) for name in parts[0]})


def _on_grid(subject: Subject, carried: Carried) -> Floats32:
    sampling = subject.plan.resampling or subject.plan.sampling
    found: Floats32 = upsample(carried.activation.to("cpu", torch.float32), sampling).numpy()
    return found
