"""Commands that make dissections."""

from __future__ import annotations

from unitscope.cli import calls, following
from unitscope.cli.following import next_lines
from unitscope.cli.given import (
    ConceptOptions,
    LatentOptions,
    LayerOptions,
    ModelName,
    NetworkOptions,
    PictureOptions,
)
from unitscope.cli.options import options
from unitscope.cli.output import print_json, print_lines
from unitscope.cli.results import DemoOptions, JsonOptions, RunOptions
from unitscope.experiments.dissection.settings import DissectionSettings


@options
def demo(*, scenes: DemoOptions, output: JsonOptions) -> None:
    """See everything once, on bundled networks, in one report.

    Dissects a classifier and a generator, removes and switches units, and takes a minute or two on two cores.
    """
    runs, report = calls.demo(scenes.pictures, scenes.out)
    if output.as_json:
        print_json({"runs": [vars(run.summary) for run in runs], "report": str(report)})
    else:
        shown = [command for run in runs for command in following.of_dissection(run)[:-1]]
        print_lines(*(repr(run) for run in runs), f"report: {report}", *next_lines(*shown))


@options
def dissect(
    model: ModelName,
    *,
    network: NetworkOptions,
    pictures: PictureOptions,
    latents: LatentOptions,
    concepts: ConceptOptions,
    layers: LayerOptions,
    settings: DissectionSettings,
    output: RunOptions,
) -> None:
    """Label every unit of some layers with its best concept.

    A network that reads pictures takes --images, a generator --latents. Where concepts are is said by --masks, by
    a --segmenter, or by the pictures themselves. Interrupt it at any time: the same command goes on.
    """
    run = calls.dissect(
        model, pictures=pictures, latents=latents, network=network, concepts=concepts, layers=layers, settings=settings,
        output=output,
    )  # fmt: skip
    if output.drop_cache:
        run.drop_cache()
    if output.as_json:
        print_json(run.summary)
    else:
        print_lines(repr(run), *next_lines(*following.of_dissection(run)))
