"""Attacks put together: from a run, its network and pictures to the tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unitscope.errors import UnitscopeError
from unitscope.experiments import logits
from unitscope.experiments.attack.attempts import (
    Attempts,
    Candidates,
    Numbers,
    check_targets,
    choose_attempts,
)
from unitscope.experiments.attack.compare import (
    ExamplePlan,
    ExchangePlan,
    PairPlan,
    exchange_units,
    look_at_examples,
    measure_pairs,
    overlap_of,
    read_pictures,
)
from unitscope.experiments.attack.examples import choose_examples, example_table, shown_units
from unitscope.experiments.attack.findings import Findings, Outcomes
from unitscope.experiments.attack.methods import Method, check_gradients, find_method
from unitscope.experiments.attack.ranks import Ranks, measured_ranks, ranks_of
from unitscope.experiments.attack.search import SearchPlan, search, take
from unitscope.experiments.attack.settings import METHODS, AttackSettings
from unitscope.experiments.attack.subject import Subject
from unitscope.experiments.attack.summary import attack_summary
from unitscope.experiments.attack.tables import attack_tables
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.importance.without import SplitPlan, remove_each
from unitscope.experiments.pieces import Looked, Piece, Stage, State, piece_size, ranges
from unitscope.experiments.samples import PictureSamples
from unitscope.experiments.skeleton import Experiment, Job, Table, none_readable, run
from unitscope.models.network import Network
from unitscope.models.pixels import to_unit
from unitscope.models.weights import device_of, weights_hash
from unitscope.progress import say
from unitscope.replay import cut
from unitscope.run.attack import Attack
from unitscope.run.dissection import Dissection
from unitscope.run.importance import Importance
from unitscope.run.manifest import Values, plain
from unitscope.run.storage import Arrays, concatenated
from unitscope.run.summaries import PicturesRead
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.pairs import PicturePairs
from unitscope.stats import PairAnswers, PairChanges

PIECE_PICTURES = 64
"""Pictures of a piece, about, where they are only looked at."""


@dataclass(frozen=True)
class AttackedPictures:
    """What is attacked.

    Attributes:
        samples: pictures, unlabelled.
        classes: class that each is of, -1 where that is not known ``(N,)``.
        targets: outputs that the network is to see.
        names: of all outputs.
        altered: the pictures with copies that were attacked elsewhere, if so.
    """

    samples: PictureSamples
    classes: Numbers
    targets: tuple[int, ...]
    names: tuple[str, ...]
    altered: PicturePairs | None = None


def run_attack(
    dissection: Dissection,
    model: Network,
    layer: str,
    pictures: AttackedPictures,
    *,
    out: Path,
    settings: AttackSettings,
    importance: Importance | None = None,
) -> Attack:
    """Attack pictures and measure what units do; write the folder, or go on where an earlier process stopped.

    Args:
        dissection: where the layer was looked into.
        model: its network, on its device.
        layer: one of its layers.
        pictures: what is attacked.
        out: the folder, new or of the same configuration.
        settings: see :class:`AttackSettings`.
        importance: says which units are important; measured on the pictures when None.

    Raises:
        UnitscopeError: the network gives no gradients, a target cannot be attacked, no picture can be read, or the
            folder is in use, belongs to another configuration or cannot be written.
    """
    return run(UnitAttack(dissection, model, layer, pictures, settings, importance), Attack, out)


@dataclass(frozen=True)
class RemovalPlan:
    """What the network sees in every picture, in place of its class ``(N,)``."""

    predicted: Numbers


def remove_units(subject: Subject, plan: RemovalPlan, piece: Piece) -> State:
    """Remove every unit alone, see :func:`remove_each`; pictures that could not be read before are left out."""
    state = remove_each(subject.removal(plan.predicted), SplitPlan("val"), piece)
    return State(state.arrays, {**state.skipped})


class UnitAttack(Experiment[Subject]):
    """Which units attacks move; arguments as for :func:`run_attack`."""

    def __init__(  # noqa: PLR0917
        self,
        dissection: Dissection,
        model: Network,
        layer: str,
        pictures: AttackedPictures,
        settings: AttackSettings,
        importance: Importance | None,
    ) -> None:
        self.dissection, self.model, self.pictures = dissection, logits.in_logits(model), pictures
        self.plan = ReadingPlan.of(dissection).by_layer[layer]
        self.importance = importance
        self.batch_size = settings.batch_size or dissection.settings.batch_size
        names = tuple(pictures.names[target] for target in pictures.targets)
        units = self.plan.layer.units
        top = min(settings.top, max(units // 2, 1))
        self.settings = replace(settings, target=names, batch_size=self.batch_size, top=top)

    @cached_property
    def method(self) -> tuple[Method, str]:
        """The attack, and a hash of its source: that of the code that runs."""
        return find_method(self.settings)

    @property
    def _method_hash(self) -> str:
        """Of a person's attack: what decides a run is known without the library of the others."""
        return "" if self.pictures.altered is not None or self.settings.method in METHODS else self.method[1]

    @property
    def looked(self) -> Sequence[Looked]:
        """Its networks and samples."""
        return [Looked(self.model.module, self.pictures.samples)]

    @property
    def caveats(self) -> Sequence[str]:
        """What a person should know of the network, a line each."""
        return [*ReadingPlan.of(self.dissection).caveats, *logits.caveats(self.model)]

    def configuration(self) -> Values:
        """Return everything that decides the results."""
        found, altered = self.pictures, self.pictures.altered
        return {
            "run": {
                "hash": self.dissection.configuration_hash,
                "weights_hash": weights_hash(self.model.module),
            },
            "layer": self.plan.layer.name,
            "pictures": {
                **plain(found.samples.describe().pictures),
                "classes_hash": hashlib.sha256(found.classes.tobytes()).hexdigest(),
            },
            "altered_hash": "" if altered is None else altered.content_hash,
            "method_hash": self._method_hash,
            "importance": "" if self.importance is None else self.importance.configuration_hash,
            "settings": self.settings.deciding(),
        }

    def stages(self, job: Job) -> Iterator[Stage[Subject, Any]]:
        """Look at the pictures, rank units if need be, attack, measure, exchange units, look at examples."""
        with job.timing("cut"):
            self.subject = self._subject(job.folder.path)
        samples, settings = self.pictures.samples, self.settings
        size = piece_size(PIECE_PICTURES, batch_size=self.batch_size)
        parts = ranges(len(samples.sample_ids), size)
        yield Stage(
            "read", "looking at pictures", parts, read_pictures, None, samples.sample_ids, then="attacks"
        )
        predicted = self._predicted(job)
        if self.importance is None:
            plan = RemovalPlan(predicted)
            yield Stage(
                "importance", "removing units", parts, remove_units, plan, samples.sample_ids, then="attacks"
            )
        self.ranks = self._ranks(job)
        self.attempts = self._attempts(predicted)
        yield self._search()
        done = np.setdiff1d(np.arange(len(self.attempts)), list(job.skipped("attack")))
        yield self._pairs(done)
        self.findings = self._findings(job, done)
        yield self._exchange()
        self._exchanged(job)
        self.examples = choose_examples(self.findings, settings.examples)
        self.shown = shown_units(self.ranks, self.findings, self.examples, settings.top)
        examples = ExamplePlan(self.attempts[self.examples], self.shown)
        yield Stage(
            "examples", "looking at examples", ranges(len(self.examples), 1), look_at_examples, examples,
            self._ids(self.examples),
        )  # fmt: skip

    def _subject(self, folder: Path) -> Subject:
        """Cut the network, and see that it can be attacked."""
        found, device = self.pictures, device_of(self.model.module)
        first = _first_picture(found.samples)
        inputs = self.model.preprocessing.apply(first)[None]
        rows = self.dissection.units
        rows = rows[rows["layer"] == self.plan.layer.name].sort_values("unit")
        thresholds = np.nan_to_num(rows["threshold"].to_numpy(np.float32), nan=np.inf)
        replay = cut(self.model.module, self.plan.layer, torch.from_numpy(inputs).to(device))
        shape = tuple(replay.back(replay.front(torch.from_numpy(inputs).to(device))).shape)
        if shape != (1, len(found.names)):
            raise UnitscopeError(
                f"{self.model.name or 'the network'} answers with shape {shape} for a picture, and {len(found.names)} "
                "classes have names; give a classifier"
            )
        if replay.whole:
            say(f"the network is run as a whole for every exchange of units, which is slow: {replay.reason}")
        subject = Subject(
            found.samples, found.classes, found.names, self.model, replay, self.plan, thresholds,
            None if found.altered is not None else self.method[0],
            found.altered, folder, self.batch_size, device,
        )  # fmt: skip
        if found.altered is None and self.settings.method in METHODS:
            check_gradients(subject.on_pixels, to_unit(first[None]).to(device), self.model.name)
        return subject

    def _predicted(self, job: Job) -> Numbers:
        """Return the class that the network sees in every picture, -1 where one could not be read ``(N,)``."""
        predicted = np.full(len(self.pictures.samples.sample_ids), -1, np.int64)
        for file in job.files("read"):
            predicted[file["samples"]] = file["predicted"]
        return predicted

    def _ranks(self, job: Job) -> Ranks:
        classes = len(self.pictures.names)
        if self.importance is not None:
            return ranks_of(self.importance, classes)
        return measured_ranks(job, "importance", self.subject.units, classes)

    def _attempts(self, predicted: Numbers) -> Attempts:
        found = Candidates(predicted, self.pictures.classes, self.ranks.known)
        check_targets(found, self.pictures.targets, self.pictures.names)
        return choose_attempts(found, self.pictures.targets, self.settings.limit, self.settings.seed)

    def _search(self) -> Stage[Subject, SearchPlan]:
        settings, count = self.settings, len(self.attempts)
        steps = settings.taken_steps * (settings.searches if settings.method == "cw" else 1)
        elsewhere = self.pictures.altered is not None
        cost = "" if elsewhere else f"{count:,} attacks of {steps:,} passes there and back each"
        passes = steps
        if settings.method not in METHODS:
            cost, passes = f"{count:,} attacks", 0
        return Stage(
            "attack", "attacking", ranges(count, piece_size(self.batch_size, batch_size=self.batch_size)),
            take if elsewhere else search, SearchPlan(self.attempts, settings.seed, passes, settings.most_levels),
            self._ids(np.arange(count)), "attacks", cost, success="won",
        )  # fmt: skip

    def _ids(self, attempts: Numbers) -> list[str]:
        of, ids = self.attempts[attempts], self.pictures.samples.sample_ids
        names = self.pictures.names
        return [
            f"{ids[sample]} as {names[target]}"
            for sample, target in zip(of.pictures, of.targets, strict=True)
        ]

    def _pairs(self, done: Numbers) -> Stage[Subject, PairPlan]:
        self.pair_plan = PairPlan(self.attempts[done], self.settings.replicates, self.settings.seed)
        size = piece_size(PIECE_PICTURES, batch_size=self.batch_size)
        return Stage(
            "pairs", "comparing", ranges(len(done), size), measure_pairs, self.pair_plan, self._ids(done)
        )

    def _findings(self, job: Job, done: Numbers) -> Findings:
        subject, settings = self.subject, self.settings
        outcomes = _outcomes(job)
        changes = job.merged("pairs", lambda: PairChanges(subject.units), below="changes").result()
        facts = job.merged("pairs", lambda: PairAnswers(len(subject.names)), below="answers").result()
        overlap = job.merged("pairs", lambda: overlap_of(subject, self.pair_plan), below="overlap").result()
        peaks = concatenated(job.files("read"), "peaks")["peaks"].astype(np.float64)
        # Pairs were numbered among those that were attacked.
        changes, facts = (
            replace(changes, samples=done[changes.samples]),
            replace(facts, samples=done[facts.samples]),
        )
        won = np.intersect1d(outcomes.attempts[outcomes.won], facts.samples)
        none = np.zeros((len(won), 1 + settings.random, 0), np.int32)
        return Findings(
            self.attempts, subject.names, self.pictures.targets, self.pictures.classes, outcomes,
            job.skipped("attack"), changes, facts, overlap, self.ranks, peaks.std(axis=0), won, none, none,
            exchanged_sizes(subject.units), settings.top, settings.replicates, settings.seed,
        )  # fmt: skip

    def _exchange(self) -> Stage[Subject, ExchangePlan]:
        won = self.findings.won
        attempts = self.attempts[won]
        plan = ExchangePlan(
            attempts,
            self.ranks.orders(attempts),
            self.findings.sizes,
            self.settings.random,
            self.settings.seed,
        )
        size = piece_size(PIECE_PICTURES, batch_size=self.batch_size)
        answers = 2 * len(won) * len(plan.sizes) * (1 + plan.random)
        return Stage(
            "exchange", "exchanging units", ranges(len(won), size), exchange_units, plan, self._ids(won),
            cost=f"{answers:,} answers of the network from the layer on",
        )  # fmt: skip

    def _exchanged(self, job: Job) -> None:
        none = np.zeros((0, 1 + self.settings.random, len(self.findings.sizes)), np.int32)
        start = {"restored": none, "transplanted": none}
        found = concatenated(job.files("exchange"), *start, start=start)
        self.findings = replace(self.findings, restored=found["restored"], transplanted=found["transplanted"])

    def tables(self, job: Job) -> Iterable[tuple[str, Table]]:
        """Score the attempts, the groups of units, the exchanges, and say what the examples show."""
        ids = self.pictures.samples.sample_ids
        yield from attack_tables(self.findings, ids, kept=self.pictures.altered is None)
        shape = (0, self.shown.shape[1], *self.plan.sampling.shape)
        kinds = {"before": np.bool_, "after": np.bool_, "change": np.float32}
        start: Arrays = {name: np.zeros(shape, kind) for name, kind in kinds.items()}
        maps = concatenated(job.files("examples"), *start, start=start)
        rows = self.dissection.units[self.dissection.units["layer"] == self.plan.layer.name]
        concepts = dict(zip(rows["unit"], rows["concept"], strict=True))
        labels = {int(unit): name for unit, name in concepts.items() if isinstance(name, str)}
        yield "examples", example_table(self.findings, self.examples, self.shown, maps, labels)

    def outcome(self, job: Job) -> Mapping[str, object]:
        """Return the summary."""
        described = self.pictures.samples.describe().pictures
        facts = {
            **vars(self.dissection.identity()),
            "pictures": PicturesRead(described.name, described.hash),
            "layer": self.plan.layer.name,
            "importance": "" if self.importance is None else str(self.importance.path),
            "whole_passes": self.subject.replay.reason or None,
            "method": "elsewhere" if self.pictures.altered is not None else self.settings.method,
            "settings": self.settings.deciding(),
        }
        ids = self.pictures.samples.sample_ids
        return {"summary": attack_summary(self.findings, job.skipped("read"), ids, facts)}


def exchanged_sizes(units: int) -> tuple[int, ...]:
    """Return how many units are exchanged: powers of two up to all units."""
    powers = [2**power for power in range(units.bit_length()) if 2**power < units]
    return (*powers, units)


def _first_picture(samples: PictureSamples) -> Any:
    """Return the first picture that can be read, as the network sees it.

    Raises:
        UnitscopeError: there is none.
    """
    skipped: dict[int, str] = {}
    for sample in range(len(samples.sample_ids)):
        try:
            return samples.picture(sample)
        except UnreadablePicture as error:
            skipped[sample] = error.reason
    raise none_readable(samples.sample_ids, skipped, "pictures")


def _outcomes(job: Job) -> Outcomes:
    names = ("attempts", "found", "won", "found_l2", "found_largest", "stretch")
    found = concatenated(job.files("attack"), *names, "passes")
    return Outcomes(**{name: found[name] for name in names}, passes=int(found["passes"].sum()))
