"""What the questions about a generator have in common: latents in pieces, made into pictures by one cut generator."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, TypeVar

from unitscope.experiments.effects.edited import EditedGenerator
from unitscope.experiments.effects.settings import EffectSettings
from unitscope.experiments.effects.subject import Subject
from unitscope.experiments.pieces import Looked, Piece, Stage, State, piece_size, ranges
from unitscope.experiments.skeleton import Experiment, Job
from unitscope.progress import say
from unitscope.run.effect_summaries import EffectSummary
from unitscope.run.manifest import Values

SHARD_PICTURES = 2048
"""Pictures that a piece makes, about: little work is lost where one is interrupted."""
MEASURE = "measure"
"""The one stage."""


@dataclass(frozen=True)
class LatentPlan:
    """How the latents of a piece are taken.

    Attributes:
        at_once: latents that are generated as they are at once.
    """

    at_once: int = 1

    def batches(self, piece: Piece) -> Iterator[range]:
        """Yield the latents of a piece, a batch at a time."""
        for part in ranges(len(piece.pictures), self.at_once):
            yield piece.pictures[part.start : part.stop]


S = TypeVar("S", bound=EffectSettings)
P = TypeVar("P", bound=LatentPlan)


class EffectExperiment(Experiment[EditedGenerator], Generic[S, P]):
    """A question about the units of a generator.

    Args:
        asked: the layer of the generator.
        settings: what it is told.
    """

    title: ClassVar[str]
    """For the progress bar."""
    measure: ClassVar[Callable[[EditedGenerator, P, Piece], State]]
    """A function of a module."""

    def __init__(self, asked: Subject, settings: S) -> None:
        self.asked, self.settings = asked, settings
        self.measured = asked.measured(settings)
        self.latents = len(self.measured)

    @property
    def looked(self) -> Sequence[Looked]:
        """Its generator and latents."""
        return [Looked(self.asked.samples.generator.module, self.asked.samples)]

    @abstractmethod
    def variants(self) -> int:
        """Return how many pictures are made of each latent besides the one as it is."""

    @abstractmethod
    def plan(self) -> P:
        """Return what the measurement needs besides the generator."""

    def deciding(self) -> Values:
        """Return what decides the results besides settings, layer and pictures."""
        return {}

    def configuration(self) -> Values:
        """Return everything that decides the results."""
        return self.asked.configuration(self.settings, **self.deciding())

    def stages(self, job: Job) -> Iterator[Stage[EditedGenerator, P]]:
        """Generate and segment every latent with every variant; batches are those of the configuration."""
        batch_size = self.settings.batch_size or self.asked.batch_size
        with job.timing("cut"):
            self.subject = EditedGenerator.cut(self.asked.samples, self.asked.layer, batch_size)
        if self.subject.replay.whole:
            say(
                "the generator is run as a whole for every picture, which is slow: "
                f"{self.subject.replay.reason}"
            )
        variants = self.variants()
        fitting = piece_size(SHARD_PICTURES // (variants + 1))
        at_once = min(batch_size, fitting)
        cost = (
            f"{self.latents:,} latents, {variants:,} variants of each: {self.latents * (variants + 1):,} pictures to "
            "generate and segment"
        )
        yield Stage(
            MEASURE,
            self.title,
            [
                self.measured[part.start : part.stop]
                for part in ranges(self.latents, fitting // at_once * at_once)
            ],
            type(self).measure,
            replace(self.plan(), at_once=at_once),
            self.asked.samples.sample_ids,
            "latents",
            cost,
            then="tables and a page",
        )

    def common(self) -> EffectSummary:
        """Return what every summary says."""
        asked = self.asked
        return EffectSummary(
            **vars(asked.run),
            layer=asked.layer.name,
            units=asked.layer.units,
            generator=asked.samples.generator.name,
            latents=self.latents,
            points=asked.points,
            settings=self.settings.deciding(),
            whole_passes=self.subject.replay.reason or None,
        )
