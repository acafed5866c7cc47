"""Options that several commands share."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from unitscope.errors import UnitscopeError
from unitscope.models.download import mirrored
from unitscope.run.manifest import typed_command

MOST_CACHE = 2**20
"""GiB."""

ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="A name, package.module:function, file.py:function or a generator's file."
    ),
]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The run folder of a finished dissection.")]
Preprocess = Annotated[
    str | None,
    typer.Option(
        help="Replace parts of the model's preprocessing: size=192,channels=bgr,range=0:255,"
        "mean=104:117:123,scale=255,framing=crop."
    ),
]
SegmenterNames = Annotated[
    list[str] | None,
    typer.Option(
        help="upp, colors, csail:FOLDER, package.module:function, file.py:function or file.pt2; may be given again."
    ),
]
SegmenterPreprocess = Annotated[
    list[str] | None,
    typer.Option(
        help="A segmenter's preprocessing, such as size=512,range=-1:1,mean=0,scale=1; one for each in turn."
    ),
]
Latents = Annotated[
    int | None, typer.Option(help="For a generator: how many latents of --seed its pictures are made from.")
]
LatentShape = Annotated[
    str | None,
    typer.Option(help="Shape of one latent, as 128 or 100x1x1, where the generator does not say it."),
]
Masks = Annotated[list[Path] | None, typer.Option(help="A folder of label masks; may be given again.")]
Labels = Annotated[list[Path] | None, typer.Option(help="The label file of a mask folder or of a segmenter.")]
Weights = Annotated[
    Path | None,
    typer.Option(help="A file of weights for the model: safetensors, or torch.save of a state dict."),
]
Mirror = Annotated[
    str | None, typer.Option(metavar="URL", help="Another server for checkpoints that are downloaded.")
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; a GPU when there is one.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@contextmanager
def called(mirror: str | None = None) -> Iterator[None]:
    """Note what the user typed in what is written meanwhile, and fetch from another server if one is given."""
    with typed_command(command_line()), mirrored(mirror):
        yield


def command_line() -> str:
    """Return what the user typed."""
    return shlex.join(["unitscope", *sys.argv[1:]])


WITHOUT = {
    "masks": "do not go with --latents: nobody has masks of generated pictures; give --segmenter SPEC",
    "preprocess": "is about pictures that a network reads; --latent-shape and --range describe a generator",
}
"""What is refused beside latents, and why."""


def check_kind(
    images: object, latents: object, of_latents: Mapping[str, object], of_images: Mapping[str, object]
) -> None:
    """Refuse options that do not go together.

    Raises:
        UnitscopeError: neither or both of pictures and latents are given, or something that goes with the other.
    """
    if not images and latents is None:
        raise UnitscopeError(
            "nothing to dissect on; give --images for a network that reads pictures, or --latents COUNT for a generator"
        )
    if images and latents is not None:
        raise UnitscopeError(
            "--images and --latents are both given; a network that reads pictures takes --images, a generator --latents"
        )
    for option, value in (of_latents if latents is None else of_images).items():
        if value is not None and value != []:
            kind = "is about generators; give it with --latents" if latents is None else WITHOUT[option]
            raise UnitscopeError(f"--{option.replace('_', '-')} {kind}")
