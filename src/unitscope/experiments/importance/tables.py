"""The tables of the importance of units; docs/importance.md describes every column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from unitscope.experiments.importance.losses import (
    DrawnPictures,
    Numbers,
    balanced_interval,
    overall_interval,
    overall_intervals,
    unit_intervals,
)
from unitscope.experiments.importance.pictures import ClassedPictures
from unitscope.experiments.importance.sets import AskedSet, OverallScores, SetScores
from unitscope.experiments.importance.significance import could_be_called, unit_p_values
from unitscope.run.numbers import Score
from unitscope.stats import Changes, ClassScores
from unitscope.stats.inference import Floats, q_values


@dataclass(frozen=True)
class SplitEffects:
    """What removing each unit alone does to the predictions for one split."""

    name: str
    changes: Changes
    scores: ClassScores
    """Of the network as it is, then without each unit: U + 1 variants, over all outputs."""
    drawn: DrawnPictures

    @classmethod
    def of(cls, name: str, changes: Changes, *, replicates: int, seed: int) -> SplitEffects:
        """Count, and draw the bootstrap's weights."""
        drawn = DrawnPictures.draw(changes.samples, changes.labels, replicates=replicates, seed=seed)
        return cls(name, changes, changes.accuracy().result(), drawn)

    def losses(self, outputs: Numbers) -> Floats:
        """Return the loss of balanced accuracy without each unit ``(U, C)`` for some outputs."""
        balanced = self.scores.balanced_accuracy[:, outputs]
        losses: Floats = balanced[0] - balanced[1:]
        return losses

    def count(self, output: int) -> int:
        """Return the number of pictures of a class."""
        return int((self.changes.labels == output).sum())


def rank_units(losses: Floats, falls: Floats) -> NDArray[np.int32]:
    """Rank the units for every class ``(U, C)``, 1 for the largest loss; equal ones by the fall of log-probability.

    Args:
        losses: of balanced accuracy on train ``(U, C)``.
        falls: mean fall of the log-probability of the class on its train pictures ``(U, C)``.
    """
    ranks = np.empty(losses.shape, np.int32)
    for place in range(losses.shape[1]):
        order = np.lexsort((-np.round(falls[:, place], 6), -np.round(losses[:, place], 12)))
        ranks[order, place] = np.arange(1, len(order) + 1)
    return ranks


def class_table(
    pictures: ClassedPictures, outputs: Numbers, train: SplitEffects, val: SplitEffects
) -> pd.DataFrame:
    """One row a class: how well the network as it is tells it on val."""
    predicted, scores = val.changes.before, val.scores
    bounds = np.array([balanced_interval(predicted, int(output), val.drawn) for output in outputs])
    return pd.DataFrame(
        {
            "class": _strings([pictures.name_of(int(output)) for output in outputs]),
            "output": outputs.astype(np.int32),
            "train_images": np.array([train.count(int(output)) for output in outputs], np.int64),
            "val_images": np.array([val.count(int(output)) for output in outputs], np.int64),
            "recall": scores.recall[0, outputs],
            "precision": scores.precision[0, outputs],
            "accuracy": scores.accuracy[0, outputs],
            "balanced_accuracy": scores.balanced_accuracy[0, outputs],
            "balanced_low": bounds[:, 0],
            "balanced_high": bounds[:, 1],
        }
    )


@dataclass(frozen=True)
class Significance:
    """Which pairs of unit and class are important, ``(U, C)`` each."""

    p_values: Floats
    q_values: Floats
    tested: NDArray[np.bool_]
    important: NDArray[np.bool_]

    @classmethod
    def of(cls, changes: Changes, outputs: Numbers, fdr: float) -> Significance:
        """Test every unit and class, and correct for their number."""
        columns = [unit_p_values(changes, int(output)) for output in outputs]
        p_values = np.stack([p for p, _ in columns], axis=1)
        tested = could_be_called(np.stack([pictures for _, pictures in columns], axis=1), fdr)
        corrected = np.ones_like(p_values)
        corrected[tested] = q_values(p_values[tested])
        return cls(p_values, corrected, tested, tested & (corrected <= fdr))


def effect_table(
    classes: Sequence[str],
    outputs: Numbers,
    splits: Sequence[SplitEffects],
    ranks: NDArray[np.int32],
    significance: Significance,
) -> pd.DataFrame:
    """One row a unit, class and split, in this order."""
    frames = []
    for split in splits:
        on_val = split.name == "val"
        bounds = [unit_intervals(split.changes, int(output), split.drawn) for output in outputs]
        low, high = (np.stack([pair[end] for pair in bounds], axis=1) for end in (0, 1))
        units = split.changes.variants
        values = {
            name: getattr(split.scores, name)[1:, outputs]
            for name in ("precision", "recall", "accuracy", "balanced_accuracy")
        }
        values |= {"loss": split.losses(outputs), "loss_low": low, "loss_high": high}
        values |= {
            "p_value": significance.p_values if on_val else np.full(low.shape, np.nan),
            "q_value": significance.q_values if on_val else np.full(low.shape, np.nan),
            "important": significance.important,
            "rank": ranks,
        }
        columns = {
            "unit": np.repeat(np.arange(units, dtype=np.int32), len(outputs)),
            "class": _strings(list(classes) * units),
            "split": _strings([split.name] * low.size),
            **{name: value.ravel() for name, value in values.items()},
        }
        frames.append(pd.DataFrame(columns))
    together = pd.concat(frames, ignore_index=True)
    pairs = len(together) // len(splits)
    order = np.lexsort((np.arange(len(together)), np.arange(len(together)) % pairs))
    return together.iloc[order].reset_index(drop=True)


def overall_table(splits: Sequence[SplitEffects]) -> pd.DataFrame:
    """One row a unit and split: all-class accuracy without the unit."""
    frames = []
    for split in splits:
        low, high = overall_intervals(split.changes, split.drawn)
        accuracy = split.scores.overall
        frames.append(
            pd.DataFrame(
                {
                    "unit": np.arange(split.changes.variants, dtype=np.int32),
                    "split": _strings([split.name] * split.changes.variants),
                    "accuracy": accuracy[1:],
                    "loss": accuracy[0] - accuracy[1:],
                    "loss_low": low,
                    "loss_high": high,
                }
            )
        )
    return pd.concat(frames, ignore_index=True).sort_values("unit", kind="stable", ignore_index=True)


def set_table(
    name: str, asked: Sequence[AskedSet], scores: SetScores, rows: Numbers, overall: OverallScores
) -> pd.DataFrame:
    """One row a set for one class.

    Args:
        name: the class.
        asked: its sets.
        scores: of the different ones among them ``(V,)``.
        rows: which of these each of `asked` is.
        overall: of all different sets ``(S,)``.
    """
    numbers = np.array([each.number for each in asked], np.int64)
    return pd.DataFrame(
        {
            "class": _strings([name] * len(asked)),
            "kind": _strings([each.kind for each in asked]),
            "ranking": _strings([each.ranking for each in asked]),
            "repetition": np.array([each.repetition for each in asked], np.int32),
            "k": np.array([each.k for each in asked], np.int32),
            "curve": np.array([each.curve for each in asked], np.bool_),
            "balanced_accuracy": scores.balanced_accuracy[rows],
            "loss": scores.loss[rows],
            "loss_low": scores.loss_low[rows],
            "loss_high": scores.loss_high[rows],
            "recall": scores.recall[rows],
            "overall_accuracy": overall.accuracy[numbers],
            "overall_low": overall.low[numbers],
            "overall_high": overall.high[numbers],
        }
    )


def correlation_table(classes: Sequence[str], correlation: Floats) -> pd.DataFrame:
    """One row a unit and class, from ``(U, C)``."""
    units = len(correlation)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units, dtype=np.int32), len(classes)),
            "class": _strings(list(classes) * units),
            "correlation": correlation.ravel(),
        }
    )


def picture_table(
    pictures: ClassedPictures, splits: Sequence[SplitEffects], skipped: Mapping[str, Mapping[int, str]]
) -> pd.DataFrame:
    """One row a picture of either split."""
    frames = []
    for split, effects in zip(pictures.splits, splits, strict=True):
        said = dict(zip(effects.changes.samples.tolist(), effects.changes.before.tolist(), strict=True))
        numbers = range(len(split))
        frames.append(
            pd.DataFrame(
                {
                    "split": _strings([split.name] * len(split)),
                    "sample": np.arange(len(split), dtype=np.int32),
                    "id": _strings(list(split.samples.sample_ids)),
                    "class": _strings([pictures.name_of(output) for output in split.outputs.tolist()]),
                    "predicted": _strings(
                        [pictures.name_of(said[n]) if n in said else None for n in numbers]
                    ),
                    "used": np.array([n in said for n in numbers], np.bool_),
                    "reason": _strings([skipped[split.name].get(n) for n in numbers]),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _strings(values: Sequence[str | None]) -> pd.api.extensions.ExtensionArray:
    return pd.array(values, dtype="string")


def accuracy_of(split: SplitEffects) -> Score:
    """Return the all-class accuracy of the network as it is."""
    return Score.of(split.scores.overall[0], *overall_interval(split.changes.before, split.drawn))
