"""The command that measures the importance of units."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import unitscope
from unitscope.cli.options import MOST_CACHE, Device, Json, Mirror, Quiet, RunPath, Weights, called
from unitscope.experiments.importance.settings import ImportanceSettings
from unitscope.nouns.reopened import named_again

DEFAULTS = ImportanceSettings()


class Removed(StrEnum):
    """What a removed unit is set to."""

    zero = "zero"
    mean = "mean"


def importance(
    run: RunPath,
    train: Annotated[
        str,
        typer.Option(
            help="Images to rank units on: a folder with one folder for each class, or world:COUNT:SPLIT."
        ),
    ],
    val: Annotated[str, typer.Option(help="Images to measure on, likewise.")],
    layer: Annotated[str | None, typer.Option(help="A layer of the run; its last by default.")] = None,
    class_map: Annotated[
        Path | None,
        typer.Option(help="A file with lines 'folder,class': a class of the network, or its number."),
    ] = None,
    ablation: Annotated[Removed, typer.Option(help="What a removed unit is set to.")] = Removed.zero,
    set_size: Annotated[
        list[int] | None, typer.Option(help="Units of a set; may be given again.", min=1)
    ] = None,
    curve: Annotated[
        list[str] | None, typer.Option(help="A class whose whole curve is measured; may be given again.")
    ] = None,
    random: Annotated[int, typer.Option(help="Repetitions of random sets.")] = DEFAULTS.random,
    fdr: Annotated[float, typer.Option(help="False discovery rate of what is important.")] = DEFAULTS.fdr,
    replicates: Annotated[
        int, typer.Option(help="Bootstrap replicates of the intervals.")
    ] = DEFAULTS.replicates,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap and of random sets.")] = DEFAULTS.seed,
    batch_size: Annotated[
        int | None, typer.Option(help="Images in a forward pass; as many as in the run by default.")
    ] = None,
    cache_budget: Annotated[
        float,
        typer.Option(
            help="Outputs of the network up to the layer kept on disk at most, GiB.", min=0, max=MOST_CACHE
        ),
    ] = DEFAULTS.cache_budget,
    model: Annotated[
        str | None, typer.Option(help="The network, if the run does not say how to get it.")
    ] = None,
    weights: Weights = None,
    mirror: Mirror = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; one below RUN/importance by default.")
    ] = None,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Remove units of a layer, alone and in sets, and measure how well each class is still told."""
    settings = ImportanceSettings(
        ablation=ablation.value, set_sizes=tuple(set_size or ()), curve=tuple(curve or ()), random=random, fdr=fdr,
        replicates=replicates, seed=seed, batch_size=batch_size, cache_budget=cache_budget,
    )  # fmt: skip
    opened = unitscope.open_run(run)
    with called(mirror):
        found = unitscope.importance(
            opened, train, val, layer=layer, class_map=class_map, network=named_again(opened, model, weights), out=out,
            device=device, settings=settings, show=False if quiet else None,
        )  # fmt: skip
    if as_json:
        print(json.dumps({"path": str(found.path), **found.summary}))
        return
    Console(soft_wrap=True).print(repr(found), highlight=False, markup=False)
