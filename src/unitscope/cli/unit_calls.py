"""What a command that asks about the units of a run was given becomes one call of the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import unitscope
from unitscope.cli.calls import concepts_of, rules_of, typed, written_sources
from unitscope.cli.given import ConceptOptions, SameNetworkOptions, SegmenterOptions
from unitscope.cli.given_units import (
    AlterationOptions,
    AttackedOptions,
    ClassFolderOptions,
    ClassOptions,
    LayerOption,
)
from unitscope.cli.results import OutputOptions
from unitscope.errors import UnitscopeError

if TYPE_CHECKING:
    from unitscope.experiments.attack.settings import AttackSettings
    from unitscope.experiments.classification.settings import ClassifierSettings
    from unitscope.experiments.effects.settings import EffectSettings
    from unitscope.experiments.importance.settings import ImportanceSettings
    from unitscope.experiments.shape.settings import ShapeSettings
    from unitscope.nouns.concepts import Concepts
    from unitscope.run.attack import Attack
    from unitscope.run.classification import UnitClassification
    from unitscope.run.dissection import Dissection
    from unitscope.run.importance import Importance
    from unitscope.run.results import Result
    from unitscope.run.shape import Shape

Answer = TypeVar("Answer", bound="Result[object]")


def classify_unit(
    run: Path,
    classes: ClassOptions,
    *,
    concepts: ConceptOptions,
    network: SameNetworkOptions,
    settings: ClassifierSettings,
    output: OutputOptions,
) -> UnitClassification:
    """Score a unit as a classifier of pictures."""
    opened = unitscope.open_run(run)
    data: str | tuple[str, ...] | unitscope.Latents | None = written_sources(classes.images) or None
    if classes.latents is not None:
        _refuse_both(opened, classes)
        data = unitscope.latents(classes.latents)
    with typed(network.mirror, quiet=output.quiet, as_json=output.as_json):
        if opened.generated and not concepts.masks:
            said = _relabelled(opened, concepts)
        else:
            said = concepts_of(concepts, len(classes.images))
        return unitscope.classify_unit(
            opened, classes.layer, classes.unit, data, said, positive=classes.positive, negative=classes.negative,
            concept=classes.concept, network=found_again(opened, network), out=output.out, settings=settings,
            device=network.device,
        )  # fmt: skip


def _refuse_both(run: Dissection, classes: ClassOptions) -> None:
    if run.generated and classes.images:
        raise UnitscopeError("--images and --latents are both given; the run of a generator takes --latents")


def importance(
    run: Path,
    folders: ClassFolderOptions,
    *,
    layer: LayerOption,
    network: SameNetworkOptions,
    settings: ImportanceSettings,
    output: OutputOptions,
) -> Importance:
    """Measure the importance of units for classes."""
    opened = unitscope.open_run(run)
    with typed(network.mirror, quiet=output.quiet, as_json=output.as_json):
        return unitscope.importance(
            opened, folders.train, folders.val, layer=layer.layer, class_map=folders.class_map,
            network=found_again(opened, network), out=output.out, device=network.device, settings=settings,
        )  # fmt: skip


def attack(
    run: Path,
    pictures: AttackedOptions,
    *,
    layer: LayerOption,
    network: SameNetworkOptions,
    settings: AttackSettings,
    output: OutputOptions,
) -> Attack:
    """Attack pictures and measure which units that goes through."""
    opened = unitscope.open_run(run)
    with typed(network.mirror, quiet=output.quiet, as_json=output.as_json):
        return unitscope.attack(
            opened, pictures.images, layer=layer.layer, importance=pictures.importance, altered=pictures.altered,
            class_map=pictures.class_map, network=found_again(opened, network), out=output.out, device=network.device,
            settings=settings,
        )  # fmt: skip


def ask_generator(
    question: Callable[..., Answer],
    run: Path,
    *,
    layer: LayerOption,
    segmenter: SegmenterOptions,
    network: SameNetworkOptions,
    settings: EffectSettings,
    output: OutputOptions,
) -> Answer:
    """Ask what units of a generator do: `question` is remove, insert or rank of the library."""
    opened = unitscope.open_run(run)
    with typed(network.mirror, quiet=output.quiet, as_json=output.as_json):
        return question(
            opened, layer=layer.layer, concepts=segmenter_again(opened, segmenter),
            generator=found_again(opened, network), out=output.out, device=network.device, settings=settings,
        )  # fmt: skip


def shape(
    run: Path,
    pictures: AlterationOptions,
    *,
    network: SameNetworkOptions,
    settings: ShapeSettings,
    output: OutputOptions,
) -> Shape:
    """See which units are still on at the same places of altered pictures."""
    from unitscope.nouns.concepts import read_concepts

    opened = unitscope.open_run(run)
    with typed(network.mirror, quiet=output.quiet, as_json=output.as_json):
        found = read_concepts(
            pictures.masks, pictures.labels, (), (), sources=len(pictures.images), rules=rules_of(pictures)
        )
        said = found if found.masks else None
        return unitscope.shape(
            opened, written_sources(pictures.images), altered=pictures.altered, alter=pictures.alter, concepts=said,
            adain=pictures.adain, layers=pictures.layer, network=found_again(opened, network), out=output.out,
            device=network.device, settings=settings,
        )  # fmt: skip


def _relabelled(run: Dissection, given: ConceptOptions) -> Concepts | None:
    """Return what labels the pictures of a generator from now on."""
    from unitscope.nouns.concepts import check_generated, check_without_masks

    check_without_masks(rules_of(given))
    check_generated(given.unlabelled)
    return segmenter_again(run, given)


def segmenter_again(run: Dissection, given: SegmenterOptions) -> Concepts | None:
    """Return the segmenters of a run with what is said of them; None where nothing is said."""
    from unitscope.nouns.reopened import concepts_again

    return concepts_again(run, given.labels, given.segmenter, given.segmenter_preprocess)


def found_again(run: Dissection, given: SameNetworkOptions) -> unitscope.Network | unitscope.Generator | None:
    """Return the network of a run by another name or with other weights; None where nothing is said."""
    from unitscope.nouns.reopened import named_again

    return named_again(run, given.model, given.weights, given.forward)
