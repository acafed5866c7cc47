"""What attacks did, put together from all stages: attempts, changes of units, exchanged units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from unitscope.experiments.attack.attempts import Attempts, Numbers
from unitscope.experiments.attack.ranks import Ranks
from unitscope.run.question_summaries import ALL_TARGETS
from unitscope.stats import MaskOverlap, PairFacts, UnitChanges
from unitscope.stats.inference import Floats, bootstrap_means, keyed_order, no_interval

CONFIDENCE = 0.99
"""Of all intervals, as in the paper."""
GROUPS = ("target", "source", "random", "other")
"""The units most important for the target, for the source, as many random ones, and all that are in neither."""
RANDOM_GROUP = 2**34
"""Tells the random group of an attempt from other random orders of a seed."""
MOST_CHANGED = 0.1
"""Share of the units that count as changed most."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcomes:
    """How every attempt that was not skipped went ``(n,)``, in order of their numbers."""

    attempts: Numbers
    found: Flags
    won: Flags
    found_l2: Floats
    found_largest: Floats
    stretch: Floats
    passes: int


@dataclass(frozen=True)
class Findings:
    """What is known when all stages are done.

    Attributes:
        attempts: all of them.
        names: of the network's classes.
        targets: outputs, in the order they were given.
        classes: class of each picture ``(N,)``, -1 where that is not known.
        outcomes: of attempts that were not skipped.
        skipped: number of an attempt -> reason.
        changes: of the units on attempts that were measured; samples are numbers of attempts.
        facts: answers and distances of these.
        overlap: of masks.
        ranks: which units are important.
        spread: standard deviation of each unit's peak over all pictures that were read ``(U,)``.
        won: numbers of attempts that were won, as units were exchanged in them ``(W,)``.
        restored: class seen with original activation of some units ``(W, 1 + random, sizes)``.
        transplanted: class seen in the original with attacked activation of some units.
        sizes: numbers of units that were exchanged.
        top: units of a group.
        replicates: of the bootstrap.
        seed: of the bootstrap and of random units.
    """

    attempts: Attempts
    names: Sequence[str]
    targets: tuple[int, ...]
    classes: Numbers
    outcomes: Outcomes
    skipped: dict[int, str]
    changes: UnitChanges
    facts: PairFacts
    overlap: MaskOverlap
    ranks: Ranks
    spread: Floats
    won: Numbers
    restored: NDArray[np.int32]
    transplanted: NDArray[np.int32]
    sizes: tuple[int, ...]
    top: int
    replicates: int
    seed: int

    def each_target(self, numbers: Numbers) -> Iterator[tuple[str, Flags]]:
        """Yield all targets together, then each, by name, with what of some attempts is for it ``(n,)``."""
        targets = self.attempts.targets[numbers]
        yield ALL_TARGETS, np.ones(len(numbers), np.bool_)
        for target in self.targets:
            yield self.names[target], targets == target

    def means(self, values: Floats, numbers: Numbers) -> tuple[Floats, Floats, Floats]:
        """Return the mean of values ``(n, V)`` of some attempts with its interval over pictures, ``(V,)`` each.

        A picture that is attacked for several targets counts as one.
        """
        if not len(numbers):
            low, high = no_interval(values.shape[1])
            return np.full(values.shape[1], np.nan), low, high
        pictures = self.attempts.pictures[numbers]
        return bootstrap_means(values, pictures, self.replicates, self.seed, CONFIDENCE)

    @cached_property
    def measured(self) -> Numbers:
        """Rows of the changes whose attempts were won."""
        rows: Numbers = np.flatnonzero(np.isin(self.changes.samples, self.won))
        return rows

    @cached_property
    def peak_changes(self) -> Floats:
        """Change of each unit's peak in the attempts that were won ``(W, U)``."""
        changes: Floats = self.changes.peak_changes[self.measured]
        return changes

    @cached_property
    def in_spreads(self) -> Floats:
        """The same in units of each unit's spread; zero for units whose peak never changes."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.spread > 0, self.peak_changes / self.spread, 0.0)

    @cached_property
    def groups(self) -> dict[str, Flags]:
        """Units of each group in the attempts that were won ``(W, U)``."""
        attempts = self.attempts[self.won]
        target, source = (ranks <= self.top for ranks in self.ranks.of(attempts))
        random = np.zeros(target.shape, np.bool_)
        for row, number in enumerate(self.won):
            order = keyed_order(len(self.spread), self.seed, RANDOM_GROUP + int(number))
            random[row, order[: self.top]] = True
        return dict(zip(GROUPS, (target, source, random, ~(target | source)), strict=True))

    def group_means(self, values: Floats) -> Floats:
        """Return the mean of values ``(W, U)`` over the units of each group ``(W, groups)``; NaN where it has none."""
        with np.errstate(invalid="ignore"):
            return np.stack(
                [(values * of).sum(axis=1) / of.sum(axis=1) for of in self.groups.values()], axis=1
            )

    def areas(self, values: Floats) -> Floats:
        """Return for each won attempt how well importance tells the units that change most from others ``(W, 1)``.

        Args:
            values: absolute changes ``(W, U)``; the tenth of the units that changes most is to be found.
        """
        target, source = self.ranks.of(self.attempts[self.won])
        scores = -np.minimum(target, source).astype(np.float64)
        units = values.shape[1]
        count = max(round(MOST_CHANGED * units), 1)
        order = np.argsort(-values, axis=1, kind="stable")[:, :count]
        ranked = scipy.stats.rankdata(scores, axis=1)
        sums = np.take_along_axis(ranked, order, axis=1).sum(axis=1)
        rest = max(units - count, 1)
        areas: Floats = (sums - count * (count + 1) / 2) / (count * rest)
        return areas[:, None]
