"""The commands that measure what the units of a generator do."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import unitscope
from unitscope.cli.options import (
    Device,
    Json,
    Labels,
    Mirror,
    Quiet,
    RunPath,
    SegmenterNames,
    SegmenterPreprocess,
    Weights,
    called,
)
from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
from unitscope.nouns.reopened import concepts_again, named_again
from unitscope.run.results import Result

REMOVAL, INSERTION, RANKING = RemovalSettings(""), InsertionSettings(""), RankingSettings()

ConceptName = Annotated[str, typer.Option(help="NAME or NAME|CATEGORY.")]
LayerName = Annotated[str | None, typer.Option(help="A layer of the run; its last by default.")]
Latents = Annotated[
    int | None, typer.Option("--latents", "--samples", help="The first so many; all of the run by default.")
]
Replicates = Annotated[int, typer.Option(help="Bootstrap replicates of the intervals.")]
BatchSize = Annotated[
    int | None,
    typer.Option(help="Pictures generated and segmented at once; as many as in the run by default."),
]
GeneratorName = Annotated[
    str | None, typer.Option("--model", help="The generator, if the run does not say how to get it.")
]
Out = Annotated[Path | None, typer.Option(help="The folder to write; one below RUN/effects by default.")]


class RankBy(StrEnum):
    """By what units are ranked."""

    iou = "iou"
    effect = "effect"


def remove(
    run: RunPath,
    concept: ConceptName,
    layer: LayerName = None,
    units: Annotated[str, typer.Option(help="Sizes of the sets: 20, 1:30 or 1,2,5,20.")] = "20",
    rank_by: Annotated[
        RankBy, typer.Option("--rank", help="By IoU with the concept, or by the effect of each unit alone.")
    ] = RankBy.iou,
    random: Annotated[int, typer.Option(help="Random sets of each size of the controls.")] = REMOVAL.random,
    control_units: Annotated[
        str | None, typer.Option(help="Sizes of the controls; the largest of --units by default.")
    ] = None,
    control: Annotated[
        str | None, typer.Option(help="The concept of the other control; none for no such control.")
    ] = None,
    pairs: Annotated[int, typer.Option(help="Pictures before and after saved by each rule.")] = REMOVAL.pairs,
    latents: Latents = None,
    replicates: Replicates = REMOVAL.replicates,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap and of random sets.")] = REMOVAL.seed,
    batch_size: BatchSize = None,
    segmenter: SegmenterNames = None,
    labels: Labels = None,
    segmenter_preprocess: SegmenterPreprocess = None,
    model: GeneratorName = None,
    weights: Weights = None,
    mirror: Mirror = None,
    out: Out = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Set the units of a generator that match a concept best to zero, and measure what its pictures lose."""
    settings = RemovalSettings.of(None, {
        "concept": concept, "units": units, "control_units": control_units, "rank": rank_by.value, "random": random,
        "control": control, "pairs": pairs, "latents": latents, "replicates": replicates, "seed": seed,
        "batch_size": batch_size,
    })  # fmt: skip
    with called(mirror):
        opened = unitscope.open_run(run)
        concepts = concepts_again(opened, labels or (), segmenter or (), segmenter_preprocess or ())
        found = unitscope.remove(
            opened, layer=layer, concepts=concepts,
            generator=named_again(opened, model, weights), out=out, device=device, settings=settings,
            show=False if quiet else None,
        )  # fmt: skip
    _print(found, as_json)


def insert(
    run: RunPath,
    concept: ConceptName,
    layer: LayerName = None,
    units: Annotated[int, typer.Option(help="The best so many are forced on together.")] = INSERTION.units,
    level: Annotated[
        str,
        typer.Option(help="threshold, a quantile such as 0.995, or an activation such as 5 or value:0.5."),
    ] = "threshold",
    locations: Annotated[
        str, typer.Option(help="all, 16 for an even lattice of at most 16 cells, or 16:random.")
    ] = "all",
    context: Annotated[
        str | None, typer.Option(help="Category of what was there before; the concept's own by default.")
    ] = None,
    min_new: Annotated[
        float, typer.Option(help="New pixels that make a success, as a fraction of those of a cell.")
    ] = INSERTION.min_new,
    random: Annotated[int, typer.Option(help="Random sets of as many units.")] = INSERTION.random,
    contexts: Annotated[
        int, typer.Option(help="Contexts that pictures before and after are saved of.")
    ] = INSERTION.contexts,
    latents: Latents = None,
    replicates: Replicates = INSERTION.replicates,
    seed: Annotated[
        int, typer.Option(help="Seed of the bootstrap, of random sets and random cells.")
    ] = INSERTION.seed,
    batch_size: BatchSize = None,
    segmenter: SegmenterNames = None,
    labels: Labels = None,
    segmenter_preprocess: SegmenterPreprocess = None,
    model: GeneratorName = None,
    weights: Weights = None,
    mirror: Mirror = None,
    out: Out = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Force the units of a generator that match a concept on at single places, and see where it appears."""
    settings = InsertionSettings.of(None, {
        "concept": concept, "units": units, "level": level, "locations": locations, "context": context,
        "min_new": min_new, "random": random, "contexts": contexts, "latents": latents, "replicates": replicates,
        "seed": seed, "batch_size": batch_size,
    })  # fmt: skip
    with called(mirror):
        opened = unitscope.open_run(run)
        concepts = concepts_again(opened, labels or (), segmenter or (), segmenter_preprocess or ())
        found = unitscope.insert(
            opened, layer=layer, concepts=concepts,
            generator=named_again(opened, model, weights), out=out, device=device, settings=settings,
            show=False if quiet else None,
        )  # fmt: skip
    _print(found, as_json)


def rank(
    run: RunPath,
    layer: LayerName = None,
    latents: Latents = None,
    replicates: Replicates = RANKING.replicates,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = RANKING.seed,
    batch_size: BatchSize = None,
    segmenter: SegmenterNames = None,
    labels: Labels = None,
    segmenter_preprocess: SegmenterPreprocess = None,
    model: GeneratorName = None,
    weights: Weights = None,
    mirror: Mirror = None,
    out: Out = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Set every unit of a generator's layer to zero alone, and rank the units by what each concept loses."""
    settings = RankingSettings(latents=latents, replicates=replicates, seed=seed, batch_size=batch_size)
    with called(mirror):
        opened = unitscope.open_run(run)
        concepts = concepts_again(opened, labels or (), segmenter or (), segmenter_preprocess or ())
        found = unitscope.rank(
            opened, layer=layer, concepts=concepts,
            generator=named_again(opened, model, weights), out=out, device=device, settings=settings,
            show=False if quiet else None,
        )  # fmt: skip
    _print(found, as_json)


def _print(found: Result, as_json: bool) -> None:
    if as_json:
        facts: dict[str, Any] = {"path": str(found.path), "page": str(found.page), **found.summary}
        print(json.dumps(facts))
        return
    Console(soft_wrap=True).print(f"{found!r}\npage: {found.page}", highlight=False, markup=False)
