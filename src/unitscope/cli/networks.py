"""Commands about networks: which there are, what layers they have, what a segmenter sees."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from unitscope.cli import calls
from unitscope.cli.given import (
    DownloadOptions,
    DrawingOptions,
    ForwardOptions,
    ModelName,
    PreprocessOptions,
    ShapeOptions,
)
from unitscope.cli.options import options
from unitscope.cli.output import print_json, print_lines
from unitscope.cli.results import LayersOptions, TableOptions


@options
def models(*, downloads: DownloadOptions, table: TableOptions) -> None:
    """List networks that have a name, or download published ones.

    Also says how networks of libraries are named, and your own.
    """
    from unitscope.cli.tables import print_models

    for name in downloads.fetch:
        print_lines(str(calls.download(name, downloads.mirror)))
    if not downloads.fetch:
        print_models(calls.list_models(), table.style, table.out)


@options
def layers(
    model: ModelName,
    *,
    preprocess: PreprocessOptions,
    forward: ForwardOptions,
    shape: ShapeOptions,
    output: LayersOptions,
) -> None:
    """List the layers of a network with their output shapes.

    In the order they run, blocks that repeat once; the last line says which a dissection takes by default.
    """
    from unitscope.cli.tables import print_layers

    found = calls.layers(model, preprocess.preprocess, forward.forward, shape.latent_shape)
    print_layers(found, as_json=output.as_json, every=output.every)


@options
def segment(
    file: Annotated[Path, typer.Argument(metavar="PICTURE", show_default=False, help="A picture file.")],
    *,
    drawing: DrawingOptions,
) -> None:
    """Draw what segmenters see in a picture.

    One panel for each plane of labels, with a legend.
    """
    from unitscope.concepts.preview import check_out, describe, write_picture

    check_out(drawing.out)
    found = calls.segment(file, drawing)
    found = found.only(list(drawing.concept)) if drawing.concept else found
    picture = write_picture(found, drawing.out)
    if drawing.as_json:
        areas = [asdict(area) for plane in range(len(found.planes)) for area in found.areas(plane)]
        print_json({"picture": str(picture), "segmenters": found.segmenters, "areas": areas})
    else:
        print_lines(*describe(found), *map(str, found.segmenters), f"picture: {picture}")
