"""A unit as a classifier, put together: from a unit of a run and two groups of pictures to scores and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from unitscope.errors import NothingToMeasureError
from unitscope.experiments.classification.best import price_best
from unitscope.experiments.classification.groups import Candidates
from unitscope.experiments.classification.mistakes import choose_mistakes, picture_mistakes
from unitscope.experiments.classification.peaks import PeakPlan, Peaks, UnitReader, merged_peaks, read_peaks
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.classification.verdict import Verdict, halve, judge
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.pieces import Looked, Stage, piece_size, ranges
from unitscope.experiments.samples import PictureSamples, Samples, called
from unitscope.experiments.skeleton import Experiment, Job, Table, run
from unitscope.layer.grid import raster_sampling
from unitscope.layer.hooks import LayerGrid
from unitscope.models.weights import device_of
from unitscope.run.classification import UnitClassification
from unitscope.run.dissection import Dissection
from unitscope.run.manifest import Values, plain
from unitscope.run.question_summaries import ClassificationSummary, Group, Thresholds
from unitscope.run.summaries import LeftOut, PicturesRead
from unitscope.sources.base import PictureSource
from unitscope.sources.files import combined_hash
from unitscope.sources.latents import SeededLatents
from unitscope.stats.inference import CONFIDENCE

ALONE = "a group of one picture cannot be halved or drawn from, so there are no intervals and no held-out threshold"
PEAKS = "peaks"
"""The one stage: the network reads every picture."""
STRETCH = 16
"""Batches of a piece: little work is lost where one is interrupted."""


@dataclass(frozen=True)
class UnitOfRun:
    """One unit, and what its dissection says of it."""

    run: Dissection
    layer: LayerGrid
    unit: int

    @property
    def row(self) -> Any:
        """Its row of the units table."""
        units = self.run.units
        return units[(units["layer"] == self.layer.name) & (units["unit"] == self.unit)].iloc[0]

    @property
    def threshold(self) -> float:
        """The activation it exceeds on the quantile of all pixels of the dissection."""
        return float(self.row["threshold"])

    @property
    def concept(self) -> str | None:
        """Its label, if it has one."""
        return self.concepts[self.unit]

    @property
    def concepts(self) -> list[str | None]:
        """The label of every unit of the layer."""
        units = self.run.units
        found = units[units["layer"] == self.layer.name].sort_values("unit")["concept"]
        return [None if pd.isna(concept) else str(concept) for concept in found]


def run_unit_classifier(
    which: UnitOfRun,
    module: nn.Module,
    samples: Samples,
    asked: Candidates,
    out: Path,
    *,
    concepts: NDArray[np.int64],
    settings: ClassifierSettings,
) -> UnitClassification:
    """Read the pictures and score the unit; write the folder, or go on with it.

    Args:
        which: the unit.
        module: its network, in eval mode on its device.
        samples: of `asked.pictures`, or of its latents.
        asked: the pictures and their groups.
        out: the folder, new or of the same configuration.
        concepts: label values that make a picture positive, where `asked` leaves that open ``(c,)``.
        settings: see :class:`ClassifierSettings`.

    Raises:
        UnitscopeError: the network fails, an activation is not finite, a group turns out to be empty, or the folder is
            in use, belongs to another configuration or cannot be written.
    """
    size = which.run.settings.batch_size
    reader = UnitReader(module, samples, which.layer, which.unit, size, device_of(module))
    experiment = UnitClassifier(which, reader, asked, PeakPlan(asked.numbers, concepts), settings)
    return run(experiment, UnitClassification, out)


@dataclass
class UnitClassifier(Experiment[UnitReader]):
    """How well the peak activation of a unit tells two groups of pictures apart.

    Attributes:
        which: the unit.
        subject: reads it.
        asked: the pictures and their groups.
        plan: which pictures are read, and the concepts that make one positive.
        settings: what it is told.
    """

    which: UnitOfRun
    subject: UnitReader
    asked: Candidates
    plan: PeakPlan
    settings: ClassifierSettings

    @property
    def sources(self) -> Sequence[PictureSource]:
        """The pictures it reads; none where they are generated."""
        samples = self.subject.samples
        return [samples.pictures] if isinstance(samples, PictureSamples) else []

    @property
    def looked(self) -> Sequence[Looked]:
        """Its networks and samples."""
        return [Looked(self.subject.module, self.subject.samples)]

    @property
    def caveats(self) -> Sequence[str]:
        """What a person should know of the network, a line each."""
        return ReadingPlan.of(self.which.run).caveats

    def configuration(self) -> Values:
        """Return everything that decides the results."""
        run, plan = self.which.run, self.plan
        positive = None if self.asked.positive is None else self.asked.positive.tolist()
        return {
            "run": {"hash": run.configuration_hash, "weights_hash": run.network.weights_hash},
            "layer": self.which.layer.name,
            "unit": self.which.unit,
            **plain(self.subject.samples.describe()),
            "groups_hash": combined_hash(plan.numbers.tolist(), plan.concepts.tolist(), positive),
            "settings": self.settings.deciding(),
        }

    def stages(self, job: Job) -> Iterator[Stage[UnitReader, PeakPlan]]:  # noqa: ARG002
        """Read every picture once."""
        samples, batch = self.subject.samples, self.subject.batch_size
        size = piece_size(STRETCH * batch, batch_size=batch)
        noun = called(samples)
        ids = [samples.sample_ids[number] for number in self.plan.numbers]
        yield Stage(
            PEAKS, f"reading {noun}", ranges(len(self.plan.numbers), size), read_peaks, self.plan, ids, noun
        )

    def tables(self, job: Job) -> Iterator[tuple[str, Table]]:
        """Score the peaks, and save the pictures of the most confident mistakes."""
        which, samples = self.which, self.subject.samples
        peaks = merged_peaks(job, PEAKS)
        table, self._verdict = _judged(which, peaks, self.asked, samples.sample_ids, self.settings)
        self._best = price_best(
            peaks.layer,
            table["positive"].to_numpy(bool),
            table["half"].to_numpy(np.int8),
            peaks.samples,
            concepts=which.concepts,
            replicates=self.settings.replicates,
            seed=self.settings.seed,
        )
        self._pictures = [int((table["positive"] == positive).sum()) for positive in (True, False)]
        yield "peaks", table
        border = which.run.settings.border
        sampling = raster_sampling(which.layer.geometry, samples.size, samples.size, border=border)
        mistakes = choose_mistakes(table, self.settings.mistakes)
        yield (
            "mistakes",
            picture_mistakes(
                mistakes, self.subject, job.folder.path, threshold=which.threshold, sampling=sampling
            ),
        )

    def outcome(self, job: Job) -> Mapping[str, object]:
        """Return the scores."""
        ids, skipped = self.subject.samples.sample_ids, job.skipped(PEAKS)
        return {"summary": self._summary(tuple(LeftOut(ids[number], why) for number, why in skipped.items()))}

    def _summary(self, skipped: tuple[LeftOut, ...]) -> ClassificationSummary:
        which, asked, settings, verdict = self.which, self.asked, self.settings, self._verdict
        first, second = verdict.thresholds or (None, None)
        yes, no = (Group(name, count) for name, count in zip(asked.names, self._pictures, strict=True))
        return ClassificationSummary(
            **vars(which.run.identity()),
            **vars(verdict.scores),
            layer=which.layer.name,
            unit=which.unit,
            concept=which.concept,
            iou=float(which.row["iou"]),
            pictures=PicturesRead(asked.pictures.name, asked.pictures.content_hash),
            generated=isinstance(asked.pictures, SeededLatents),
            positive=yes,
            negative=no,
            min_area=settings.min_area if asked.positive is None else None,
            thresholds=Thresholds(first, second, verdict.run_threshold),
            confidence=CONFIDENCE,
            replicates=settings.replicates,
            seed=settings.seed,
            note=None if verdict.thresholds else ALONE,
            best=self._best,
            skipped=skipped,
        )


def _judged(
    which: UnitOfRun, peaks: Peaks, asked: Candidates, ids: Sequence[str], settings: ClassifierSettings
) -> tuple[pd.DataFrame, Verdict]:
    """Score the peaks; also one row a picture with its group, half, peak and what the unit says."""
    read = np.searchsorted(asked.numbers, peaks.samples)
    positive = asked.positive[read] if asked.positive is not None else peaks.areas > settings.min_area
    _refuse_empty(positive, peaks, asked, settings.min_area)
    classes = [asked.classes[place] for place in read]
    half = halve(positive, classes)
    verdict = judge(
        peaks.values, positive, half, peaks.samples,
        run_threshold=which.threshold, replicates=settings.replicates, seed=settings.seed,
    )  # fmt: skip
    table = pd.DataFrame(
        {
            "sample": peaks.samples.astype(np.int32),
            "id": pd.array([ids[number] for number in peaks.samples], dtype="string"),
            "class": pd.array(classes, dtype="string"),
            "positive": positive,
            "area": peaks.areas if asked.positive is None else np.nan,
            "half": half,
            "peak": peaks.values,
            "predicted": verdict.predicted,
        }
    )
    return table, verdict


def _refuse_empty(positive: NDArray[np.bool_], peaks: Peaks, asked: Candidates, min_area: float) -> None:
    if positive.any() and not positive.all():
        return
    if asked.positive is not None:
        group = asked.names[int(positive.any())]
        raise NothingToMeasureError(
            f"none of the pictures of {group} could be read, so there is nothing to tell apart; "
            f"{len(peaks.skipped)} pictures were skipped"
        )
    most, least = 100 * float(peaks.areas.max()), 100 * float(peaks.areas.min())
    what = "more" if positive.any() else f"no more than {most:.3g} %"
    raise NothingToMeasureError(
        f"the concept covers {what} {f'than {100 * min_area:g} % ' if positive.any() else ''}of every one of "
        f"{len(positive)} pictures (from {least:.3g} to {most:.3g} %), so there is nothing to tell apart at "
        f"--min-area {min_area:g}; give another --min-area or other pictures"
    )
