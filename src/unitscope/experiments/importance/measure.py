"""The importance of the units of a layer, put together: from a run and two sets of pictures to the tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unitscope.ablation import Ablation
from unitscope.errors import NothingToMeasureError, UnitscopeError
from unitscope.experiments import logits
from unitscope.experiments.carried import CarriedCache
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.importance.findings import Findings, importance_summary, importance_tables
from unitscope.experiments.importance.pictures import ClassedPictures, Split, find_curve_classes
from unitscope.experiments.importance.sets import SetPlan, plan_sets
from unitscope.experiments.importance.settings import ImportanceSettings, choose_set_sizes, curve_sizes
from unitscope.experiments.importance.tables import SplitEffects, rank_units
from unitscope.experiments.importance.without import (
    Removal,
    SetsPlan,
    SplitPlan,
    activation_sums,
    remove_each,
    remove_sets,
)
from unitscope.experiments.pieces import Looked, Piece, Stage, State, piece_size, ranges
from unitscope.experiments.skeleton import Experiment, Job, Table, none_readable, run
from unitscope.layer.hooks import LayerGrid
from unitscope.models.network import Network
from unitscope.models.weights import device_of, weights_hash
from unitscope.progress import say
from unitscope.replay import Replay, cut
from unitscope.run.dissection import Dissection
from unitscope.run.folder import RunFolder
from unitscope.run.importance import Importance
from unitscope.run.layout import CELLS
from unitscope.run.manifest import Values, plain
from unitscope.sources.base import PictureSource
from unitscope.stats import PredictionChanges

SHARD_PICTURES = 64
"""Pictures of a piece, about: little work is lost where one is interrupted."""
SPLITS = ("train", "val")

P = TypeVar("P", bound=SplitPlan)


def run_importance(
    dissection: Dissection,
    model: Network,
    layer: LayerGrid,
    pictures: ClassedPictures,
    *,
    out: Path,
    settings: ImportanceSettings | None = None,
) -> Importance:
    """Remove every unit of a layer, then sets of them; write the folder, or go on where an earlier process stopped.

    Args:
        dissection: where the layer was looked into.
        model: its network, on its device.
        layer: how the layer is read.
        pictures: what units are ranked and measured on.
        out: the folder, new or of the same configuration.
        settings: see :class:`ImportanceSettings`.

    Raises:
        UnitscopeError: a setting does not fit the layer or the pictures, no picture can be read, the network is no
            classifier of these classes, a logit is not finite, or the folder is in use, belongs to another
            configuration or cannot be written.
    """
    experiment = UnitImportance(dissection, model, layer, pictures, settings or ImportanceSettings())
    return run(experiment, Importance, out)


class UnitImportance(Experiment[Removal]):
    """What the units of a layer do for each class; arguments as for :func:`run_importance`."""

    def __init__(
        self,
        dissection: Dissection,
        model: Network,
        layer: LayerGrid,
        pictures: ClassedPictures,
        settings: ImportanceSettings,
    ) -> None:
        self.dissection, self.model = dissection, logits.in_logits(model)
        self.layer, self.pictures = layer, pictures
        self.device = device_of(model.module)
        self.batch_size = settings.batch_size or dissection.settings.batch_size
        self.settings = replace(
            settings,
            set_sizes=choose_set_sizes(settings.set_sizes, layer.units, layer.name),
            curve=find_curve_classes(settings.curve, pictures),
            batch_size=self.batch_size,
        )

    @property
    def sources(self) -> Sequence[PictureSource]:
        """The pictures it reads; none where they are generated."""
        return [split.samples.pictures for split in (self.pictures.train, self.pictures.val)]

    @property
    def looked(self) -> Sequence[Looked]:
        """Its networks and samples."""
        return [Looked(self.model.module, split.samples) for split in self.pictures.splits]

    @property
    def caveats(self) -> Sequence[str]:
        """What a person should know of the network, a line each."""
        return [*ReadingPlan.of(self.dissection).caveats, *logits.caveats(self.model)]

    def configuration(self) -> Values:
        """Return everything that decides the results."""
        return {
            "run": {
                "hash": self.dissection.configuration_hash,
                "weights_hash": weights_hash(self.model.module),
            },
            "layer": self.layer.name,
            **{
                split.name: {
                    **plain(split.samples.describe().pictures),
                    "classes_hash": hashlib.sha256(split.outputs.tobytes()).hexdigest(),
                }
                for split in self.pictures.splits
            },
            "settings": self.settings.deciding(),
        }

    def stages(self, job: Job) -> Iterator[Stage[Removal, SplitPlan] | Stage[Removal, SetsPlan]]:
        """Find the means of units where they are needed, remove units alone, then sets of them."""
        with job.timing("cut"):
            self.subject = self._cut(job.folder)
        level = None
        if self.settings.ablation == "mean":
            means = self._stage("means", "means of units", activation_sums, SplitPlan("train"))
            yield replace(means, then="units are removed")
            level = _means(job)
        for name in SPLITS:
            plan = SplitPlan(name, level, keep=name == "val")
            stage = self._stage(name, f"removing units ({name})", remove_each, plan)
            yield replace(stage, later=len(self.pictures.val) if name == "train" else 0)
        with job.timing("ranks"):
            self.findings = self._rank(job)
        removed, readable = self.findings.plan.removed, self.findings.val.changes.samples
        cost = (
            f"{len(removed):,} sets on {len(readable):,} pictures: {len(removed) * len(readable):,} answers"
        )
        sets = SetsPlan("val", level, removed=removed, readable=readable)
        yield replace(self._stage("sets", "removing sets", remove_sets, sets), cost=cost)

    def _stage(
        self, name: str, title: str, measure: Callable[[Removal, P, Piece], State], plan: P
    ) -> Stage[Removal, P]:
        split = self.pictures.split(plan.split)
        size = piece_size(SHARD_PICTURES, batch_size=self.batch_size)
        ids, noun = split.samples.sample_ids, f"{split.name} pictures"
        return Stage(name, title, ranges(len(split), size), measure, plan, ids, noun)

    def tables(self, job: Job) -> Iterable[tuple[str, Table]]:  # noqa: ARG002
        """Score single units and sets."""
        return importance_tables(self.findings)

    def outcome(self, job: Job) -> Mapping[str, object]:  # noqa: ARG002
        """Return the summary."""
        return {"summary": importance_summary(self.findings)}

    def _cut(self, folder: RunFolder) -> Removal:
        """Cut the network, and see that it is a classifier of the classes of the pictures."""
        pictures, inputs = self.pictures, _first_batch(self.pictures.train, self.batch_size).to(self.device)
        replay = cut(self.model.module, self.layer, inputs)
        shape = tuple(replay.back(replay.front(inputs)).shape)
        if len(shape) != 2 or shape[1] <= pictures.last_output:
            name = pictures.name_of(pictures.last_output)
            wanted = (
                f"class {name!r} is output {pictures.last_output}"
                if len(shape) == 2
                else "(N, classes) is needed"
            )
            raise UnitscopeError(
                f"{self.model.name or 'the network'} answers with shape {shape} for {len(inputs)} pictures; {wanted}: "
                "give a classifier of these classes, or --class-map"
            )
        if replay.whole:
            say(f"the network is run as a whole for every unit, which is slow: {replay.reason}")
        caches = self._caches(folder, replay)
        return Removal(pictures, Ablation(replay), caches, shape[1], self.batch_size, self.device)

    def _caches(self, folder: RunFolder, replay: Replay) -> dict[str, CarriedCache]:
        """Share the budget: val is read twice, train only where the means of units come first."""
        train = self.settings.cache_bytes // 2 if self.settings.ablation == "mean" else 0
        budgets = {"train": train, "val": self.settings.cache_bytes - train}
        identity = folder.manifest.configuration_hash
        return {
            name: CarriedCache(
                replay, folder.path / CELLS / name, budget=budget, identity=identity, device=self.device
            )
            for name, budget in budgets.items()
        }

    def _rank(self, job: Job) -> Findings:
        """Rank the units by what they do on train, and plan the sets."""
        pictures, settings = self.pictures, self.settings
        train, val = (self._effects(job, name) for name in SPLITS)
        used = {
            split.name: np.isin(np.arange(len(split)), effects.changes.samples)
            for split, effects in zip(pictures.splits, (train, val), strict=True)
        }
        outputs = pictures.classes(used)
        if not len(outputs):
            raise NothingToMeasureError(
                "no class has pictures in both splits that could be read; see which cannot be opened"
            )
        ranks = rank_units(train.losses(outputs), _falls(job, outputs, pictures.train.outputs))
        plan = self._plan_sets(ranks, [pictures.name_of(int(output)) for output in outputs])
        run, whole = self.dissection.identity(), self.subject.ablation.replay.reason
        return Findings(pictures, settings, job, train, val, outputs, ranks, plan, run, self.layer, whole)

    def _effects(self, job: Job, name: str) -> SplitEffects:
        units, classes = self.subject.units, self.subject.classes
        changes = job.merged(name, lambda: PredictionChanges(units, classes), below="changes")
        return SplitEffects.of(
            name, changes.result(), replicates=self.settings.replicates, seed=self.settings.seed
        )

    def _plan_sets(self, ranks: NDArray[np.int32], names: list[str]) -> SetPlan:
        settings = self.settings
        return plan_sets(
            list(np.argsort(ranks, axis=0).T.astype(np.int64)),
            self.layer.units,
            sizes=settings.set_sizes,
            curve=tuple(names.index(name) for name in settings.curve if name in names),
            curve_sizes=curve_sizes(self.layer.units),
            random=settings.random,
            seed=settings.seed,
        )


def _first_batch(split: Split, batch_size: int) -> Tensor:
    """Return the inputs of the first batch with a picture that can be read.

    Raises:
        UnitscopeError: there is none.
    """
    skipped: dict[int, str] = {}
    for batch in split.samples.batches(ranges(len(split), batch_size)):
        if len(batch.samples):
            return batch.inputs
        skipped.update(batch.skipped)
    raise none_readable(split.samples.sample_ids, skipped, f"{split.name} pictures")


def _means(job: Job) -> NDArray[np.float32]:
    """Return the mean activation of every unit over the train pictures ``(U,)``."""
    cells, sums = 0, np.zeros(1)
    for file in job.files("means"):
        cells += int(file["cells"][0])
        sums = sums + file["sums"]
    return np.asarray(sums / max(cells, 1), np.float32)


def _falls(job: Job, outputs: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean fall of log-probability without each unit on the train pictures of each class ``(U, C)``.

    Args:
        job: its train stage is done.
        outputs: the classes ``(C,)``.
        labels: of every train picture ``(N,)``.
    """
    sums, counts = np.zeros((1, len(outputs))), np.zeros(len(outputs), np.int64)
    for file in job.files("train"):
        fall, own = file["fall"].astype(np.float64), labels[file["samples"]]
        of_class = own == outputs[:, None]
        sums = sums + np.stack([fall[members].sum(0) for members in of_class], axis=1)
        counts += of_class.sum(1)
    return np.asarray(sums / np.maximum(counts, 1))
