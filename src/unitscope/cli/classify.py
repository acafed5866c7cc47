"""The command that scores one unit as a classifier of pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import unitscope
from unitscope.cli.options import (
    Device,
    Json,
    Labels,
    Masks,
    Mirror,
    Quiet,
    RunPath,
    SegmenterNames,
    SegmenterPreprocess,
    Weights,
    called,
)
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.nouns.concepts import read_concepts
from unitscope.nouns.reopened import concepts_again, named_again

DEFAULTS = ClassifierSettings()


def classify_unit(
    run: RunPath,
    layer: Annotated[str, typer.Option(help="A layer of the run.")],
    unit: Annotated[int, typer.Option(help="A unit of that layer.", min=0)],
    positive: Annotated[
        list[str] | None, typer.Option(help="A class of --images or a folder; may be given again.")
    ] = None,
    negative: Annotated[
        list[str] | None,
        typer.Option(help="A class of --images or a folder; every other class of --images without it."),
    ] = None,
    images: Annotated[
        list[str] | None,
        typer.Option(help="A folder with a folder for each class, or world[:COUNT[:SPLIT]]."),
    ] = None,
    concept: Annotated[
        str | None, typer.Option(help="Positive are the pictures that show this concept instead.")
    ] = None,
    min_area: Annotated[
        float, typer.Option(help="Fraction of the image that the concept covers more of.")
    ] = DEFAULTS.min_area,
    masks: Masks = None,
    labels: Labels = None,
    segmenter: SegmenterNames = None,
    segmenter_preprocess: SegmenterPreprocess = None,
    latents: Annotated[
        int | None,
        typer.Option(
            help="For the run of a generator: so many latents of --seed; those of the run by default."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The network, where the run does not say or it has moved.")
    ] = None,
    weights: Weights = None,
    mirror: Mirror = None,
    mistakes: Annotated[
        int, typer.Option(help="Pictures shown of each kind of mistake.")
    ] = DEFAULTS.mistakes,
    replicates: Annotated[
        int, typer.Option(help="Bootstrap replicates of the intervals.")
    ] = DEFAULTS.replicates,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap and of --latents.")] = DEFAULTS.seed,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; one below RUN/classify by default.")
    ] = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Score one unit as a classifier of pictures: its peak activation against a threshold."""
    settings = ClassifierSettings(min_area=min_area, mistakes=mistakes, replicates=replicates, seed=seed)
    opened = unitscope.open_run(run)
    data: list[str] | unitscope.Latents | None = images or None
    if latents is not None:
        _refuse_latents(opened, images)
        data = unitscope.latents(latents)
    with called(mirror):
        says = (labels or (), segmenter or (), segmenter_preprocess or ())
        if opened.generated and not masks:
            concepts = concepts_again(opened, *says)
        else:
            concepts = read_concepts(masks or (), *says, sources=len(images or ()))
        found = unitscope.classify_unit(
            opened, layer, unit, data, concepts, positive=positive or (), negative=negative or (), concept=concept,
            network=named_again(opened, model, weights), out=out, settings=settings, device=device,
            show=False if quiet else None,
        )  # fmt: skip
    if as_json:
        print(json.dumps({"page": str(found.page), **found.scores}))
        return
    Console(soft_wrap=True).print(f"{found!r}\npage: {found.page}", highlight=False, markup=False)


def _refuse_latents(run: unitscope.Dissection, images: list[str] | None) -> None:
    if not run.generated:
        raise unitscope.UnitscopeError(
            f"--latents is for generators, and the run in {run.path} is of a network that reads pictures; give --images"
        )
    if images:
        raise unitscope.UnitscopeError(
            "--images and --latents are both given; the run of a generator takes --latents"
        )
