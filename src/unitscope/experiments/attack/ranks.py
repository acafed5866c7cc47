"""Which units are most important for a class: from an importance of the run, or measured on the pictures at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.experiments.attack.attempts import Attempts, Numbers
from unitscope.experiments.importance.tables import SplitEffects, rank_units
from unitscope.experiments.skeleton import Job
from unitscope.run.dissection import Dissection
from unitscope.run.importance import Importance
from unitscope.run.storage import concatenated
from unitscope.stats import PredictionChanges


@dataclass(frozen=True)
class Ranks:
    """The rank of every unit for every class ``(U, C)`` int32, 1 for the most important; 0 where none is known."""

    table: NDArray[np.int32]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which classes have ranks ``(C,)``."""
        known: NDArray[np.bool_] = self.table.min(axis=0) > 0
        return known

    def of(self, attempts: Attempts) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the ranks for the target and for the source of each attempt, ``(A, U)`` each."""
        return self.table[:, attempts.targets].T, self.table[:, attempts.sources].T

    def orders(self, attempts: Attempts) -> Numbers:
        """Return all units of each attempt ``(A, U)``: those best for the target and for the source in turn."""
        target, source = self.of(attempts)
        # A unit comes where the better of its ranks puts it, the target's before the source's.
        keys = np.minimum(2 * target.astype(np.int64), 2 * source.astype(np.int64) + 1)
        ties = np.argsort(2 * keys * len(self.table) + target, axis=1, kind="stable")
        orders: Numbers = ties.astype(np.int64)
        return orders


def ranks_of(found: Importance, classes: int) -> Ranks:
    """Return the ranks of a finished importance, for a network with so many classes."""
    effects = found.effects[found.effects["split"] == "train"]
    outputs = dict(zip(found.classes["class"], found.classes["output"], strict=True))
    table = np.zeros((found.summary.units, classes), np.int32)
    table[effects["unit"], effects["class"].map(outputs)] = effects["rank"]
    return Ranks(table)


def find_importance(run: Dissection, layer: str) -> Importance | None:
    """Return the importance of a layer that a run keeps, rather one of units set to zero; None where it has none."""
    found = [each for each in Importance.find(run.path) if _fits(each, run, layer)]
    return min(found, key=lambda each: each.summary.ablation != "zero", default=None)


def check_importance(found: Importance, run: Dissection, layer: str) -> Importance:
    """Return an importance if it is of a layer of a run's network.

    Raises:
        UnitscopeError: it is of another layer or other weights.
    """
    if not _fits(found, run, layer):
        facts = found.summary
        raise UnitscopeError(
            f"the importance in {found.address} is of layer {facts.layer!r} of {facts.model}, not of layer {layer!r} "
            f"with the weights of {run.address}; give that one with --importance, or leave it out"
        )
    return found


def _fits(found: Importance, run: Dissection, layer: str) -> bool:
    facts = found.summary
    return facts.layer == layer and facts.weights_hash == run.network.weights_hash


def measured_ranks(job: Job, stage: str, units: int, classes: int) -> Ranks:
    """Rank the units by what is lost without each on the pictures that the network sees as a class.

    Args:
        job: its `stage` has removed every unit alone, with predictions in place of classes.
        stage: name of the stage.
        units: of the layer.
        classes: outputs of the network.
    """
    changes = job.merged(stage, lambda: PredictionChanges(units, classes), below="changes").result()
    effects = SplitEffects.of("val", changes, replicates=1, seed=0)
    outputs = np.unique(changes.labels)
    found = concatenated(job.files(stage), "fall", "samples")
    falls, samples = found["fall"].astype(np.float64), found["samples"]
    labels = dict(zip(changes.samples.tolist(), changes.labels.tolist(), strict=True))
    own = np.array([labels[sample] for sample in samples.tolist()], np.int64)
    of_class = np.stack([falls[own == output].mean(axis=0) for output in outputs], axis=1)
    table = np.zeros((units, classes), np.int32)
    table[:, outputs] = rank_units(effects.losses(outputs), of_class)
    return Ranks(table)
