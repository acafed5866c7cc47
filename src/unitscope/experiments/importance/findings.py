"""From committed shards to the tables and the summary of a finished importance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.experiments.importance.averages import Averages
from unitscope.experiments.importance.correlation import correlate
from unitscope.experiments.importance.losses import Numbers
from unitscope.experiments.importance.pictures import ClassedPictures, Split
from unitscope.experiments.importance.sets import SETS_AT_ONCE, SetPlan, score_class, score_overall
from unitscope.experiments.importance.settings import ImportanceSettings
from unitscope.experiments.importance.tables import (
    Significance,
    SplitEffects,
    accuracy_of,
    class_table,
    correlation_table,
    effect_table,
    overall_table,
    picture_table,
    set_table,
)
from unitscope.experiments.skeleton import Job
from unitscope.layer.hooks import LayerGrid
from unitscope.run.question_summaries import BySplit, ImportanceSummary, SplitImages
from unitscope.run.summaries import LeftOut, RunIdentity
from unitscope.sources.class_names import listing
from unitscope.sources.shared import count_shared


@dataclass(frozen=True)
class Findings:
    """Everything the tables are made of; C classes are tested."""

    pictures: ClassedPictures
    settings: ImportanceSettings
    job: Job
    train: SplitEffects
    val: SplitEffects
    outputs: Numbers
    """Output of each class ``(C,)``."""
    ranks: NDArray[np.int32]
    """Of every unit for every class ``(U, C)``, 1 for the most important."""
    plan: SetPlan
    run: RunIdentity
    layer: LayerGrid
    whole_passes: str
    """Why the network had to be run as a whole; empty where it was cut."""

    @property
    def splits(self) -> tuple[SplitEffects, SplitEffects]:
        """Both, train first."""
        return self.train, self.val

    @cached_property
    def significance(self) -> Significance:
        """Which pairs of unit and class are important."""
        return Significance.of(self.val.changes, self.outputs, self.settings.fdr)

    @cached_property
    def scored(self) -> tuple[pd.DataFrame, Averages]:
        """The table of sets, and what sets of a size leave on average."""
        return _score_sets(self)

    @cached_property
    def names(self) -> list[str]:
        """Name of each class."""
        return [self.pictures.name_of(int(output)) for output in self.outputs]

    @cached_property
    def skipped(self) -> dict[str, dict[int, str]]:
        """By split, which pictures were left out, and why."""
        return {name: self.job.skipped(name) for name in ("train", "val")}

    def correlations(self) -> NDArray[np.float64]:
        """Correlate peaks and logits over val pictures ``(U, C)``."""

        def parts() -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
            for file in self.job.files("val"):
                yield file["peaks"], file["logits"][:, self.outputs]

        return correlate(parts)

    def notes(self) -> list[str]:
        """Say what a reader of the tables should know."""
        return [*self._shared(), *self._alone(), *self._left_out()]

    def _shared(self) -> Iterator[str]:
        train, val = (split.samples.pictures for split in self.pictures.splits)
        if shared := count_shared(train, val):
            yield (
                f"{shared:,} of the {len(val):,} picture files of val are among those of train, where units that do "
                "well by chance are ranked first"
            )

    def _alone(self) -> Iterator[str]:
        for split in self.splits:
            single = [name for name, output in zip(self.names, self.outputs, strict=True)
                      if split.count(int(output)) == 1]  # fmt: skip
            if single:
                yield f"no intervals on {split.name} for classes with one picture there: {listing(single)}"

    def _left_out(self) -> Iterator[str]:
        present = set(np.concatenate([split.outputs for split in self.pictures.splits]).tolist())
        missing = [self.pictures.name_of(output) for output in sorted(present - set(self.outputs.tolist()))]
        if missing:
            yield f"left out, for want of pictures in both splits: {listing(missing)}"
        for name, skipped in self.skipped.items():
            if skipped:
                yield f"{len(skipped):,} {name} pictures could not be read; the images table says which and why"


def importance_tables(findings: Findings) -> Iterator[tuple[str, pd.DataFrame]]:
    """Make one table after the other."""
    significance = findings.significance
    pictures, outputs, names, splits = findings.pictures, findings.outputs, findings.names, findings.splits
    yield "sets", findings.scored[0]
    yield "classes", class_table(pictures, outputs, *splits)
    yield "effects", effect_table(names, outputs, splits, findings.ranks, significance)
    yield "overall", overall_table(splits)
    yield "correlation", correlation_table(names, findings.correlations())
    yield "images", picture_table(pictures, splits, findings.skipped)


def importance_summary(findings: Findings) -> ImportanceSummary:
    """Return the outcome."""
    significance, settings, pictures = findings.significance, findings.settings, findings.pictures
    return ImportanceSummary(
        **vars(findings.run),
        layer=findings.layer.name,
        units=findings.layer.units,
        ablation=settings.ablation,
        classes=len(findings.outputs),
        whole_passes=findings.whole_passes or None,
        images=BySplit(_pictures(findings, pictures.train), _pictures(findings, pictures.val)),
        accuracy=BySplit(accuracy_of(findings.train), accuracy_of(findings.val)),
        important_pairs=int(significance.important.sum()),
        tested_pairs=int(significance.tested.sum()),
        fdr=settings.fdr,
        set_sizes=settings.set_sizes,
        curve=settings.curve,
        random=settings.random,
        means=tuple(findings.scored[1].rows()),
        notes=tuple(findings.notes()),
        settings=settings.deciding(),
    )


def _pictures(findings: Findings, split: Split) -> SplitImages:
    skipped, described = findings.skipped[split.name], split.samples.describe().pictures
    return SplitImages(
        name=described.name,
        hash=described.hash,
        used=len(split) - len(skipped),
        skipped=tuple(LeftOut(split.samples.sample_ids[n], skipped[n]) for n in sorted(skipped)),
    )


def _score_sets(findings: Findings) -> tuple[pd.DataFrame, Averages]:
    """Score every class with its sets; also on average over classes."""
    plan, val = findings.plan, findings.val

    def read(numbers: Sequence[int] | Numbers) -> NDArray[np.int16]:
        files = findings.job.files("sets")
        return np.concatenate([file["predicted"][np.asarray(numbers)] for file in files], axis=1)

    count = len(plan.removed)
    blocks = (np.arange(i, min(i + SETS_AT_ONCE, count)) for i in range(0, count, SETS_AT_ONCE))
    overall = score_overall((read(block) for block in blocks), val.drawn)
    averages, frames = Averages(findings.settings.replicates), []
    for place, output in enumerate(findings.outputs):
        asked = [each for each in plan.asked if place in each.classes]
        numbers, rows = np.unique([each.number for each in asked], return_inverse=True)
        scores = score_class(read(numbers.astype(np.int64)), val.changes.before, int(output), val.drawn)
        frames.append(set_table(findings.names[place], asked, scores, rows, overall))
        averages.add(asked, scores, rows, overall)
    return pd.concat(frames, ignore_index=True), averages
