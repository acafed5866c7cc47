"""A finished importance of units, opened from its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import pandas as pd

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.run.dissection import Dissection
from unitscope.run.numbers import Score, percent, percent_score
from unitscope.run.question_summaries import ImportanceSummary, SetMean
from unitscope.run.results import Result, Table

FOLDER = "importance"
"""Where a run keeps them, one folder for each layer and kind of ablation."""
SHOWN_SIZES = (4, 20)
"""Sizes of sets that a summary shows, where there are any: the paper's."""


class Importance(Result[ImportanceSummary]):
    """What the units of a layer do for each class, read from its folder on demand.

    Each table is a pandas data frame; ``docs/importance.md`` describes the columns.

    Args:
        path: the folder.
    """

    kind, command, folder = "importance", "importance", FOLDER
    outcome = ImportanceSummary

    classes = Table("One row a class: how well the network tells it.")
    effects = Table(
        "One row a unit, class and split: the loss without the unit, and whether it is important."
    )
    overall = Table("One row a unit and split: the loss of all-class accuracy.")
    sets = Table("One row a class and set of units.")
    correlation = Table("One row a unit and class.")
    images = Table("One row a picture.")

    def to_pandas(self) -> pd.DataFrame:
        """Return the effects table."""
        return self.effects

    @cached_property
    def dissection(self) -> Dissection | None:
        """The dissection whose units were removed; None where it has moved or is another one by now."""
        for place in (self.path.parent.parent, Path(self.summary.run)):
            with suppress(UnitscopeError):
                run = Dissection.open(place)
                if run.configuration_hash == self.summary.run_hash:
                    return run
        return None

    @cached_property
    def units(self) -> pd.DataFrame | None:
        """The dissection's table of the layer's units; None where the run has moved."""
        if self.dissection is None:
            return None
        rows = self.dissection.units[self.dissection.units["layer"] == self.summary.layer]
        return rows.reset_index(drop=True)

    def top(self, name: str, count: int = 4) -> pd.DataFrame:
        """Return the most important units of a class, by rank: losses on train and val, and their concepts.

        Raises:
            UnitscopeError: there is no such class.
        """
        of_class = self.effects[self.effects["class"] == name]
        if not len(of_class):
            hint = did_you_mean(name, self.classes["class"]) or " the classes table lists them"
            raise UnitscopeError(f"class {name!r} is none of the {len(self.classes)} classes;{hint}")
        keys = ["unit", "rank", "important"]
        train = of_class[of_class["split"] == "train"][[*keys, "loss"]].rename(columns={"loss": "train_loss"})
        val = of_class[of_class["split"] == "val"][["unit", "loss", "loss_low", "loss_high", "q_value"]]
        found = train.merge(val.rename(columns={"loss": "val_loss"}), on="unit")
        if self.units is not None:
            found = found.merge(self.units[["unit", "concept", "category", "iou"]], on="unit", how="left")
        return found.sort_values("rank", ignore_index=True).head(count)

    def mean(self, kind: str, ranking: str, k: int) -> SetMean | None:
        """Return what sets of a size leave on average over classes; None where none were measured.

        Args:
            kind: ``removed`` or ``kept``.
            ranking: ``importance``, ``other`` (the importance of another class) or ``random``.
            k: units removed or kept.
        """
        asked = (kind, ranking, k)
        return next((row for row in self.summary.means if (row.kind, row.ranking, row.k) == asked), None)

    def _parts(self) -> Iterator[str]:
        from unitscope.run import shown

        return shown.importance(self)

    def __repr__(self) -> str:
        return "\n".join(_lines(self))


open_importance, find_importances = Importance.open, Importance.find


def _lines(found: Importance) -> Iterator[str]:
    facts = found.summary
    train, val = facts.images.train, facts.images.val
    how = "zero" if facts.ablation == "zero" else "their mean"
    yield (
        f"Importance of the {facts.units:,} units of {facts.layer} in {facts.model}, "
        f"set to {how}, for {facts.classes:,} classes"
    )
    yield f"  ranked on {train.used:,} pictures of {train.name}, measured on {val.used:,} of {val.name}"
    yield from (f"  {line}" for line in found.manifest.notes)
    yield f"  all-class accuracy {percent_score(facts.accuracy.val)}"
    yield (
        f"  {facts.important_pairs:,} of {facts.tested_pairs:,} tested pairs of unit and class are "
        f"important (false discovery rate {100 * facts.fdr:g} %)"
    )
    sizes = [k for k in SHOWN_SIZES if k in facts.set_sizes] or facts.set_sizes[-1:]
    if sizes:
        yield f"  balanced accuracy, mean over classes: {percent(found.classes['balanced_accuracy'].mean())}"
    for kind in ("removed", "kept"):
        for k in sizes[-1:] if kind == "kept" else sizes:
            yield from _set_lines(found, kind, k)
    yield from (f"  {line}" for line in paradoxes(found))
    yield from (f"  {note}" for note in facts.notes)
    yield f"  in {found.address}"


def paradoxes(found: Importance) -> Iterator[str]:
    """Yield what seems to be against the ranking, with what happened: sets that do worse, or no better, than others."""
    facts = found.summary
    for k in facts.set_sizes:
        units = "most important unit" if k == 1 else f"{k:,} most important units"
        best, random = (found.mean("kept", ranking, k) for ranking in ("importance", "random"))
        if best is not None and random is not None and best.balanced_accuracy < random.balanced_accuracy:
            sets = found.sets[(found.sets["kind"] == "kept") & (found.sets["k"] == k) & ~found.sets["curve"]]
            recall = {str(name): rows["recall"].mean() for name, rows in sets.groupby("ranking")}
            called, by_chance = (percent(recall[ranking]) for ranking in ("importance", "random"))
            why = (
                ": what is left speaks for its class alone" if recall["importance"] > recall["random"] else ""
            )
            yield (
                f"with only the {units} of a class kept, it is told less well than with as many random ones: {called} "
                f"of its pictures are called that ({by_chance} with random ones), and "
                f"{percent(best.overall_accuracy)} of all pictures are called right{why}"
            )
        lost, other = (found.mean("removed", ranking, k) for ranking in ("importance", "other"))
        # Two classes lose alike whatever is removed, and so do all where most of the layer is gone.
        apart = facts.classes > 2 and 2 * k <= facts.units
        if apart and lost is not None and other is not None and lost.loss <= other.loss:
            yield (
                f"without the {units} of another class as much is lost: these units are needed by all classes, not by "
                "one"
            )


def _set_lines(found: Importance, kind: str, k: int) -> Iterator[str]:
    words = "without" if kind == "removed" else "with only"
    called = {
        "importance": f"the {k:,} most important",
        "other": f"the {k:,} most important of another class",
        "random": f"{k:,} random ones",
    }
    for ranking, which in called.items():
        row = found.mean(kind, ranking, k)
        if row is not None:
            loss = Score(row.loss, row.loss_low, row.loss_high)
            yield (
                f"    {words} {which}: {percent(row.balanced_accuracy)}, loss {percent_score(loss)}; "
                f"all-class {percent(row.overall_accuracy)}"
            )
