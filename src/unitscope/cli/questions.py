"""Commands that ask about the units of a finished dissection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import unitscope
from unitscope.cli import unit_calls
from unitscope.cli.following import next_lines, of_effect
from unitscope.cli.given import ConceptOptions, SameNetworkOptions, SegmenterOptions
from unitscope.cli.given_units import (
    AlterationOptions,
    AttackedOptions,
    ClassFolderOptions,
    ClassOptions,
    LayerOption,
)
from unitscope.cli.options import options
from unitscope.cli.output import print_json, print_lines
from unitscope.cli.results import OutputOptions, RunPath
from unitscope.errors import command_of
from unitscope.experiments.attack.settings import AttackSettings
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
from unitscope.experiments.importance.settings import ImportanceSettings
from unitscope.experiments.shape.settings import ShapeSettings

if TYPE_CHECKING:
    from unitscope.run.effects import Insertion, Ranking, Removal
    from unitscope.run.shape import Shape


@options
def classify_unit(
    run: RunPath,
    *,
    classes: ClassOptions,
    concepts: ConceptOptions,
    network: SameNetworkOptions,
    settings: ClassifierSettings,
    output: OutputOptions,
) -> None:
    """Score one unit as a classifier of pictures.

    Its peak activation is held against a threshold: pictures of a class, or that show a concept, against others.
    """
    found = unit_calls.classify_unit(
        run, classes, concepts=concepts, network=network, settings=settings, output=output
    )
    if output.as_json:
        print_json({"page": str(found.page), **vars(found.scores)})
    else:
        print_lines(repr(found), f"page: {found.page}", *_report_of(run))


@options
def importance(
    run: RunPath,
    *,
    folders: ClassFolderOptions,
    layer: LayerOption,
    network: SameNetworkOptions,
    settings: ImportanceSettings,
    output: OutputOptions,
) -> None:
    """Remove units, and measure how well classes are still told.

    Every unit of a layer alone, and the most important of each class in sets.
    """
    found = unit_calls.importance(
        run, folders, layer=layer, network=network, settings=settings, output=output
    )
    if output.as_json:
        print_json({"path": str(found.path), **vars(found.summary)})
    else:
        print_lines(repr(found), *_report_of(run))


@options
def attack(
    run: RunPath,
    *,
    pictures: AttackedOptions,
    layer: LayerOption,
    network: SameNetworkOptions,
    settings: AttackSettings,
    output: OutputOptions,
) -> None:
    """Find the units that adversarial attacks go through.

    Changes pictures so that a network sees other classes, and measures which units that takes.
    """
    found = unit_calls.attack(run, pictures, layer=layer, network=network, settings=settings, output=output)
    if output.as_json:
        print_json({"path": str(found.path), "page": str(found.page), **vars(found.summary)})
    else:
        print_lines(repr(found), f"page: {found.page}", *_report_of(run))


@options
def remove(
    run: RunPath,
    *,
    layer: LayerOption,
    segmenter: SegmenterOptions,
    network: SameNetworkOptions,
    settings: RemovalSettings,
    output: OutputOptions,
) -> None:
    """Switch units of a generator off, and see what disappears.

    Those that match a concept best are set to zero, all over every picture.
    """
    found = unit_calls.ask_generator(
        unitscope.remove, run, layer=layer, segmenter=segmenter, network=network, settings=settings, output=output
    )  # fmt: skip
    _print(found, output, *next_lines(*of_effect(run, found)))


@options
def insert(
    run: RunPath,
    *,
    layer: LayerOption,
    segmenter: SegmenterOptions,
    network: SameNetworkOptions,
    settings: InsertionSettings,
    output: OutputOptions,
) -> None:
    """Switch units of a generator on, and see what appears.

    Those that match a concept best are forced on at single places of each picture.
    """
    found = unit_calls.ask_generator(
        unitscope.insert, run, layer=layer, segmenter=segmenter, network=network, settings=settings, output=output
    )  # fmt: skip
    _print(found, output, *next_lines(*of_effect(run, found)))


@options
def rank(
    run: RunPath,
    *,
    layer: LayerOption,
    segmenter: SegmenterOptions,
    network: SameNetworkOptions,
    settings: RankingSettings,
    output: OutputOptions,
) -> None:
    """Rank units of a generator by what goes without each.

    Every unit of a layer is set to zero alone.
    """
    found = unit_calls.ask_generator(
        unitscope.rank, run, layer=layer, segmenter=segmenter, network=network, settings=settings, output=output
    )  # fmt: skip
    _print(found, output, *next_lines(*of_effect(run, found)))


@options
def shape(
    run: RunPath,
    *,
    pictures: AlterationOptions,
    network: SameNetworkOptions,
    settings: ShapeSettings,
    output: OutputOptions,
) -> None:
    """Alter pictures, and see which units stay on.

    Texture or shape is changed, and masks are compared at the same places.
    """
    found = unit_calls.shape(run, pictures, network=network, settings=settings, output=output)
    _print(found, output, *_report_of(run))


def _report_of(run: Path) -> list[str]:
    return next_lines(command_of("report", run))


def _print(found: Removal | Insertion | Ranking | Shape, output: OutputOptions, *more: str) -> None:
    if output.as_json:
        print_json({"path": str(found.path), "page": str(found.page), **vars(found.summary)})
    else:
        print_lines(repr(found), f"page: {found.page}", *more)
