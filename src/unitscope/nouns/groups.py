"""The pictures that a unit is to tell apart, with its network: by class and folder, or by a concept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import nn

from unitscope.concepts.labellers import Unlabelled
from unitscope.errors import UnitscopeError
from unitscope.experiments.classification.groups import (
    OTHERS,
    Candidates,
    groups_by_concept,
    groups_of_classes,
    groups_of_latents,
)
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.label_answers import label_answers
from unitscope.experiments.samples import PictureSamples
from unitscope.nouns.concepts import Concepts, ConceptsLike, as_concepts
from unitscope.nouns.latents import Latents, LatentsLike, draw_latents
from unitscope.nouns.network import Source
from unitscope.nouns.pictures import PicturesLike, classed, parts_of, pictures
from unitscope.nouns.reopened import reopen_generated, reopen_network
from unitscope.nouns.samples import label_pictures
from unitscope.paths import AnyPath, as_paths
from unitscope.run.dissection import Dissection
from unitscope.sources.base import ClassedSource
from unitscope.sources.latents import SeededLatents

Words = AnyPath | Sequence[AnyPath]
"""Classes of pictures, or folders."""


@dataclass(frozen=True)
class Groups:
    """Which pictures are to be told apart.

    Attributes:
        positive: classes, or folders of pictures.
        negative: the same; every other class when empty.
        concept: shown by positive pictures, instead.
    """

    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    concept: str | None = None

    @classmethod
    def of(cls, positive: Words, negative: Words, concept: str | None) -> Groups:
        """Return the groups that are named."""
        yes, no = (tuple(str(path) for path in as_paths(given)) for given in (positive, negative))
        if concept is not None and (yes or no):
            raise UnitscopeError(
                f"--concept {concept!r} says which pictures are positive; leave --positive and --negative out"
            )
        return cls(yes, no, concept)

    def name(self, asked: Candidates, settings: ClassifierSettings) -> str:
        """Return what the folder of a question is called; other questions have other names."""
        positive, negative = asked.names
        if self.concept is not None:
            return self.concept if settings.min_area == ClassifierSettings.min_area else positive
        return positive if negative == OTHERS else f"{positive}-against-{negative}"


@dataclass(frozen=True)
class Question:
    """A network with the pictures of both groups.

    Attributes:
        module: on its device.
        samples: the pictures with what labels them.
        asked: which of them are read, and what is known of them before.
    """

    module: nn.Module
    samples: PictureSamples | GeneratedSamples
    asked: Candidates


def ask_of_pictures(
    run: Dissection,
    groups: Groups,
    given: PicturesLike | LatentsLike | None,
    concepts: ConceptsLike | None,
    source: Source | None,
    *,
    settings: ClassifierSettings,
    device: str | None,
) -> Question:
    """Return the network of a run with pictures, labelled where a concept tells them apart.

    Raises:
        UnitscopeError: something cannot be used, or does not go with the rest.
    """
    if isinstance(given, Latents | SeededLatents):
        raise UnitscopeError(
            f"--latents is for generators, and the run in {run.address} is of a network that reads pictures; give "
            "--images"
        )
    said = as_concepts(concepts)
    if groups.concept is None:
        if said != Concepts():
            name = "masks" if said.masks else "segmenter"
            raise UnitscopeError(f"--{name} goes with --concept, which is not given")
        asked = groups_of_classes(groups.positive, groups.negative, _classes(given))
    else:
        opened = pictures(() if given is None else given)
        asked = groups_by_concept(groups.concept, settings.min_area, parts_of(opened))
    assert not isinstance(asked.pictures, SeededLatents)
    found = reopen_network(run, source, device=device)
    preprocessing = found.preprocessing
    if groups.concept is None:
        samples = PictureSamples(
            asked.pictures, Unlabelled(), preprocessing=preprocessing, grid=Unlabelled.grid
        )
    else:
        labeller = label_pictures(asked.pictures, preprocessing, said, run.grid, found)
        samples = PictureSamples(asked.pictures, labeller, preprocessing=preprocessing, grid=run.grid)
        label_answers(labeller, samples.pictures.read, len(samples.sample_ids))
    return Question(found.module, samples, asked)


def _classes(given: PicturesLike | None) -> ClassedSource | None:
    """Return pictures by class; None where none are given."""
    if given is None or not isinstance(given, list | tuple):
        return None if given is None else classed(given)
    if len(given) > 1 and isinstance(given[0], AnyPath):
        raise UnitscopeError(
            f"classes are taken from one --images, and {len(given)} are given; put the others into --positive and "
            "--negative as folders"
        )
    return (classed(given[0]) if len(given) == 1 else classed(given)) if given else None


def ask_of_latents(
    run: Dissection,
    groups: Groups,
    given: PicturesLike | LatentsLike | None,
    concepts: ConceptsLike | None,
    source: Source | None,
    *,
    settings: ClassifierSettings,
    device: str | None,
) -> Question:
    """Return the generator of a run with its latents or others, told apart by a concept.

    Raises:
        UnitscopeError: something cannot be used, or does not go with the rest.
    """
    said = as_concepts(concepts)
    wrong = {
        "images": given is not None and not isinstance(given, Latents | SeededLatents),
        "positive": bool(groups.positive),
        "negative": bool(groups.negative),
        "masks": bool(said.masks),
    }
    for name, there in wrong.items():
        if there:
            raise UnitscopeError(
                f"--{name} is for networks that read pictures, and the run in {run.address} is of a generator; say "
                "with --concept which of its own pictures are positive"
            )
    if groups.concept is None:
        raise UnitscopeError(
            f"the run in {run.address} is of a generator; say with --concept which of its pictures are positive"
        )
    samples = reopen_generated(run, said, source, device=device)
    if isinstance(given, Latents | SeededLatents):
        drawn = draw_latents(samples.generator, _like(given, samples.latents), seed=settings.seed)
        samples = GeneratedSamples(samples.generator, drawn, samples.labeller, grid=samples.grid)
    asked = groups_of_latents(groups.concept, settings.min_area, samples.latents)
    return Question(samples.generator.module, samples, asked)


def _like(given: LatentsLike, own: SeededLatents) -> LatentsLike:
    """Return latents that are truncated, and of classes, as those of the run where nothing else is said."""
    if isinstance(given, SeededLatents):
        return given
    truncation = own.truncation if given.truncation is None else given.truncation
    return replace(given, truncation=truncation, classes=given.classes or own.classes)
