"""What a finished run of a question to a classifier says of itself, one class for each question.

See :mod:`unitscope.run.summaries` for what the names and units are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from unitscope.run.manifest import Values
from unitscope.run.numbers import Score
from unitscope.run.summaries import LeftOut, PicturesRead, RunIdentity

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """Pictures that are told from others."""

    name: str
    pictures: int


@dataclass(frozen=True)
class Thresholds:
    """Activations: the best of either half, None where a group has one picture, and the unit's in the dissection."""

    first_half: float | None
    second_half: float | None
    run: float


@dataclass(frozen=True, kw_only=True)
class Rates:
    """How often a threshold is right."""

    balanced_accuracy: Score
    accuracy: Score
    recall: Score
    true_negative_rate: Score


@dataclass(frozen=True, kw_only=True)
class ClassifierScores:
    """Peaks as a classifier: over all thresholds, at that of the run, and at the best of the other half, if any."""

    auroc: Score
    average_precision: Score
    run_threshold: Rates
    held_out: Rates | None


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A score of what was chosen: on the pictures that chose it, on others, and the difference: its price."""

    choosing: Score
    held_out: Score
    price: Score


@dataclass(frozen=True, kw_only=True)
class BestUnits:
    """The units of highest AUROC on either half, first and second, their labels, and the mean scores of both ways."""

    units: tuple[int, int]
    concepts: tuple[str | None, str | None]
    among: int
    auroc: Chosen
    average_precision: Chosen
    balanced_accuracy: Chosen


@dataclass(frozen=True, kw_only=True)
class ClassificationSummary(ClassifierScores, RunIdentity):
    """How well a unit tells pictures apart; `concept` and `iou` are its label, no `min_area` where classes decide.

    `best` are the best units of its layer; None where there are no halves, and in folders of earlier versions.
    """

    layer: str
    unit: int
    concept: str | None
    iou: float | None
    pictures: PicturesRead
    generated: bool
    positive: Group
    negative: Group
    min_area: float | None
    thresholds: Thresholds
    confidence: float
    replicates: int
    seed: int
    note: str | None
    skipped: tuple[LeftOut, ...]
    best: BestUnits | None = None


@dataclass(frozen=True)
class BySplit(Generic[T]):
    """What there is of both splits."""

    train: T
    val: T


@dataclass(frozen=True, kw_only=True)
class SplitImages(PicturesRead):
    """The images of a split: how many were read, and the others."""

    used: int
    skipped: tuple[LeftOut, ...]


@dataclass(frozen=True)
class SetMean:
    """What sets of `k` units leave, on average over classes and repetitions; the loss is of balanced accuracy."""

    kind: str
    ranking: str
    k: int
    balanced_accuracy: float
    loss: float
    loss_low: float | None
    loss_high: float | None
    overall_accuracy: float
    overall_low: float | None
    overall_high: float | None


@dataclass(frozen=True, kw_only=True)
class ImportanceSummary(RunIdentity):
    """What the units of a layer do for each class; `whole_passes` says why the network could not be cut."""

    layer: str
    units: int
    ablation: Literal["zero", "mean"]
    classes: int
    whole_passes: str | None
    images: BySplit[SplitImages]
    accuracy: BySplit[Score]
    important_pairs: int
    tested_pairs: int
    fdr: float
    set_sizes: tuple[int, ...]
    curve: tuple[str, ...]
    random: int
    means: tuple[SetMean, ...]
    notes: tuple[str, ...]
    settings: Values


ALL_TARGETS = "all targets"
"""What tables of attacks call all targets together."""


@dataclass(frozen=True, kw_only=True)
class TargetOutcome:
    """Pictures attacked for a target; `won` after rounding to 8 bits, `l2` its median there, pixels from 0 to 1."""

    target: str
    tried: int
    skipped: int
    found: int
    won: int
    rate: Score
    found_l2: float | None
    l2: float | None


@dataclass(frozen=True, kw_only=True)
class GroupChange:
    """Mean change of the peak of a group of units over the attacks of all targets that were won."""

    group: str
    absolute: Score
    absolute_in_spreads: Score
    signed: Score


@dataclass(frozen=True, kw_only=True)
class ExchangedShare:
    """Share of attacks `undone` or `carried` by the activation of `k` units, by importance or random."""

    kind: str
    units: str
    k: int
    share: Score


@dataclass(frozen=True, kw_only=True)
class AttackSummary(RunIdentity):
    """How attacks went and which units they move; intervals hold the middle 99 % of replicates over pictures."""

    layer: str
    units: int
    method: str
    importance: str
    whole_passes: str | None
    pictures: PicturesRead
    read: int
    skipped: tuple[LeftOut, ...]
    passes: int
    top: int
    targets: tuple[TargetOutcome, ...]
    changes: tuple[GroupChange, ...]
    exchanges: tuple[ExchangedShare, ...]
    auroc: Score
    auroc_in_spreads: Score
    notes: tuple[str, ...]
    settings: Values


@dataclass(frozen=True, kw_only=True)
class ShapeLayer:
    """Detectors of a layer, the share that survives, and how many do by chance or do better than it; medians of IoU."""

    layer: str
    units: int
    detectors: int
    surviving: Score
    surviving_by_chance: int
    above_chance: int
    median_iou: float | None
    median_chance: float | None


@dataclass(frozen=True, kw_only=True)
class ShapeSummary(RunIdentity):
    """What units keep of their masks; `changed` predictions are a share of pairs, distances are medians over pairs."""

    alteration: str
    pictures: PicturesRead
    pairs: int
    skipped: tuple[LeftOut, ...]
    quantile: float
    survive: float
    layers: tuple[ShapeLayer, ...]
    changed: Score | None
    l2: float
    largest: float
    settings: Values
