"""The command line: one command is one call of the library."""

from __future__ import annotations

import json
import shlex
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import unitscope
from unitscope.cli.classify import classify_unit
from unitscope.cli.demo import DEMO_PICTURES, DEMO_RUN, run_demo
from unitscope.cli.effects import insert, rank, remove
from unitscope.cli.importance import importance
from unitscope.cli.options import (
    MOST_CACHE,
    Device,
    Json,
    Labels,
    Latents,
    LatentShape,
    Masks,
    Mirror,
    ModelName,
    Preprocess,
    Quiet,
    RunPath,
    SegmenterNames,
    SegmenterPreprocess,
    Weights,
    called,
    check_kind,
)
from unitscope.cli.tables import print_comparison, print_layers, print_models, print_units
from unitscope.concepts.preview import check_out, describe, write_picture
from unitscope.concepts.preview import segment as segment_picture
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.nouns.concepts import read_concepts
from unitscope.nouns.device import choose_device
from unitscope.nouns.listing import download, list_models
from unitscope.report import write_report
from unitscope.run.selection import select_units


class Commands(typer.core.TyperGroup):
    """The commands; an interrupted one says how to go on."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("\nunitscope: interrupted; the same command goes on from here", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="unitscope",
    cls=Commands,
    help="See what every unit of a vision network responds to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
DEFAULTS = DissectionSettings()
MISTAKE = 2
"""Exit code of an error that a person can act on."""
INTERRUPTED = 130


class Format(StrEnum):
    """How units are printed."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


class Border(StrEnum):
    """What lies beyond the outermost cells."""

    edge = "edge"
    zeros = "zeros"


def _print_version(wanted: bool) -> None:
    if wanted:
        print(unitscope.__version__)
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """See what every unit of a vision network responds to."""
    # main() takes --debug out of the words, wherever it stands, before they get here.
    del debug, version


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The run folder to write.")] = Path(DEMO_RUN),
    pictures: Annotated[int, typer.Option(help="How many scenes to draw.", min=1)] = DEMO_PICTURES,
    as_json: Json = False,
) -> None:
    """Dissect the bundled network on the embedded world and write the report."""
    with called():
        run = run_demo(out, pictures)
    _show_run(run, as_json, report=write_report(run.path))


@app.command()
def dissect(
    model: ModelName,
    out: Annotated[
        Path, typer.Option(help="The run folder; the same command on it goes on where it stopped.")
    ],
    images: Annotated[
        list[str] | None,
        typer.Option(help="A folder of pictures, or world[:COUNT[:SPLIT]]; may be given again."),
    ] = None,
    latents: Latents = None,
    truncation: Annotated[
        float | None, typer.Option(help="Cut off the normal distribution of latents at -T and T.")
    ] = None,
    chosen_class: Annotated[
        list[int] | None,
        typer.Option("--class", help="A class of a class-conditional generator; may be given again."),
    ] = None,
    latent_shape: LatentShape = None,
    value_range: Annotated[
        str | None,
        typer.Option("--range", help="Values of black and white in generated pictures, as -1:1 or 0:255."),
    ] = None,
    layer: Annotated[list[str] | None, typer.Option(help="A layer to dissect; may be given again.")] = None,
    masks: Masks = None,
    labels: Labels = None,
    segmenter: SegmenterNames = None,
    segmenter_preprocess: SegmenterPreprocess = None,
    preprocess: Preprocess = None,
    weights: Weights = None,
    mirror: Mirror = None,
    reinitialize: Annotated[
        int | None,
        typer.Option(help="Give the model new random weights from this seed first, as a control.", min=0),
    ] = None,
    quantile: Annotated[
        float, typer.Option(help="Fraction of pixels above a unit's threshold.")
    ] = DEFAULTS.quantile,
    min_iou: Annotated[float, typer.Option(help="Least IoU of a detector.")] = DEFAULTS.min_iou,
    grid: Annotated[
        str | None,
        typer.Option(
            help="Pixel grid, as 56 or 48x64; by default a quarter of the input size, 64 of generated pictures."
        ),
    ] = None,
    border: Annotated[
        Border, typer.Option(help="Beyond the outermost cells: their own value, or a fade to zero.")
    ] = Border.edge,
    top: Annotated[int, typer.Option(help="Strongest pictures kept for each unit.")] = DEFAULTS.top,
    replicates: Annotated[
        int, typer.Option(help="Bootstrap replicates of the IoU interval.")
    ] = DEFAULTS.replicates,
    seed: Annotated[int, typer.Option(help="Seed of latents and of the bootstrap.")] = DEFAULTS.seed,
    batch_size: Annotated[int, typer.Option(help="Pictures in a forward pass.")] = DEFAULTS.batch_size,
    keep: Annotated[
        float, typer.Option(help="Largest quantile that can be asked for later; 1 keeps every activation.")
    ] = DEFAULTS.keep,
    cache_budget: Annotated[
        float,
        typer.Option(
            help="Activations kept on disk at most, GiB; beyond it they are computed again.",
            min=0,
            max=MOST_CACHE,
        ),
    ] = DEFAULTS.cache_budget,
    drop_cache: Annotated[
        bool, typer.Option("--drop-cache", help="Delete the kept activations when the run is complete.")
    ] = False,
    device: Device = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Label every unit of some layers with the concept it matches best."""
    settings = DissectionSettings(
        quantile=quantile, min_iou=min_iou, top=top, border=border.value, replicates=replicates, seed=seed,
        batch_size=batch_size, keep=keep, cache_budget=cache_budget,
    )  # fmt: skip
    of_latents = {
        "truncation": truncation, "class": chosen_class, "latent_shape": latent_shape, "range": value_range,
    }  # fmt: skip
    check_kind(images, latents, of_latents, {"masks": masks, "preprocess": preprocess})
    says = (labels or (), segmenter or (), segmenter_preprocess or ())
    with called(mirror):
        network: unitscope.Network | unitscope.Generator
        data: list[str] | unitscope.Latents
        if latents is None:
            data = list(images or ())
            network = unitscope.network(
                model, preprocess=preprocess, weights=weights, reinitialize=reinitialize, device=device
            )
            concepts = read_concepts(masks or (), *says, sources=len(data))
        else:
            data = unitscope.latents(latents, truncation=truncation, classes=chosen_class or ())
            network = unitscope.generator(
                model, latent_shape=latent_shape, range=value_range, weights=weights, reinitialize=reinitialize,
                device=device,
            )  # fmt: skip
            concepts = read_concepts((), says[0], says[1] or _own(network, *says), says[2])
        run = unitscope.dissect(
            network, data, concepts, layers=layer or (), out=out, grid=grid, device=device, settings=settings,
            show=False if quiet else None,
        )  # fmt: skip
    if drop_cache:
        run.drop_cache()
    _show_run(run, as_json)


@app.command()
def layers(
    model: ModelName,
    preprocess: Preprocess = None,
    latent_shape: LatentShape = None,
    as_json: Json = False,
) -> None:
    """List the layers of a model with their output shapes."""
    print_layers(unitscope.layers(model, preprocess=preprocess, latent_shape=latent_shape), as_json=as_json)


@app.command()
def models(
    fetch: Annotated[
        list[str] | None,
        typer.Option("--download", metavar="NAME", help="Fetch a published network; may be given again."),
    ] = None,
    mirror: Mirror = None,
    style: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    out: Annotated[Path | None, typer.Option(help="A file to write instead of printing.")] = None,
) -> None:
    """List the networks that have a name, or download published ones."""
    for name in fetch or ():
        print(download(name, mirror=mirror))
    if not fetch:
        print_models(list_models(), style.value, out)


@app.command()
def segment(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture file.")],
    segmenter: SegmenterNames,
    out: Annotated[Path, typer.Option(help="The picture to write: .png, .jpg, .pdf or .svg.")],
    labels: Annotated[
        list[Path] | None,
        typer.Option(help="The label file of a segmenter that does not name its outputs itself."),
    ] = None,
    segmenter_preprocess: SegmenterPreprocess = None,
    mirror: Mirror = None,
    concept: Annotated[
        list[str] | None, typer.Option(help="Show only this concept; may be given again.")
    ] = None,
    device: Device = None,
    as_json: Json = False,
) -> None:
    """Draw what segmenters see in a picture: one panel for each plane of labels, with a legend."""
    check_out(out)
    with called(mirror):
        concepts = read_concepts((), labels or (), segmenter or (), segmenter_preprocess or ())
        found = segment_picture(image, concepts.load(choose_device(device)))
    found = found.only(concept) if concept else found
    picture = write_picture(found, out)
    if as_json:
        areas = [asdict(area) for plane in range(len(found.planes)) for area in found.areas(plane)]
        print(json.dumps({"picture": str(picture), "areas": areas}))
        return
    print(*describe(found), f"picture: {picture}", sep="\n")


@app.command()
def units(
    run: RunPath,
    layer: Annotated[list[str] | None, typer.Option(help="Only this layer; may be given again.")] = None,
    concept: Annotated[
        list[str] | None, typer.Option(help="Only units labelled so; may be given again.")
    ] = None,
    category: Annotated[list[str] | None, typer.Option(help="Only labels of this category.")] = None,
    min_iou: Annotated[float, typer.Option(help="Least IoU.")] = 0.0,
    sort: Annotated[str, typer.Option(help="A column: iou, layer, unit, concept, threshold, ...")] = "iou",
    quantile: Annotated[
        float | None, typer.Option(help="Label again at this quantile, from the activations kept in RUN.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many rows.", min=1)] = None,
    style: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead.")] = None,
) -> None:
    """List units with their concepts."""
    opened = unitscope.open_run(run)
    chosen = select_units(
        opened, layers=layer or (), concepts=concept or (), categories=category or (), min_iou=min_iou, sort=sort,
        units=None if quantile is None else unitscope.at_quantile(opened, quantile),
    )  # fmt: skip
    print_units(chosen if limit is None else chosen.head(limit), style.value, out)


app.command("classify-unit")(classify_unit)
for measured in (importance, remove, insert, rank):
    app.command()(measured)


@app.command()
def report(
    run: RunPath,
    out: Annotated[Path | None, typer.Option(help="Where to write it; RUN/report by default.")] = None,
    as_json: Json = False,
) -> None:
    """Write the report of a run: a folder to open in a browser, without a server."""
    index = write_report(run, out=out)
    print(json.dumps({"report": str(index)}) if as_json else f"report: {index}")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Another.")],
    style: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.table,
    out: Annotated[Path | None, typer.Option(help="Write to this file instead.")] = None,
) -> None:
    """Set two runs side by side: detectors and concepts by layer and category."""
    runs = unitscope.open_run(first), unitscope.open_run(second)
    print_comparison(unitscope.compare(*runs), runs, style.value, out)


def _own(generator: unitscope.Generator, *says: Sequence[object]) -> list[str]:
    """Return the segmenter that a generator comes with, where something is said of it."""
    return [generator.segmenter] if generator.segmenter and any(says) else []


def _show_run(run: unitscope.Dissection, as_json: bool, report: Path | None = None) -> None:
    if as_json:
        facts: dict[str, Any] = {**run.summary, **({"report": str(report)} if report else {})}
        print(json.dumps(facts))
        return
    Console(soft_wrap=True).print(repr(run), highlight=False, markup=False)
    following = f"report: {report}" if report else f"next: unitscope report {shlex.quote(str(run.path))}"
    Console(soft_wrap=True).print(following, highlight=False, markup=False)


def main() -> None:
    """Run a command; an error that a person can act on is one line and exit code 2."""
    words = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        app(words, prog_name="unitscope")
    except UnitscopeError as error:
        if len(words) < len(sys.argv) - 1:
            traceback.print_exc()
        print(f"unitscope: {error}", file=sys.stderr)
        sys.exit(MISTAKE)
