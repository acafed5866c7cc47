"""What a command was given becomes one call of the library; what a call needs is imported when it is made."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import unitscope
from unitscope.errors import UnitscopeError, command_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from unitscope.cli.given import (
        ConceptOptions,
        DrawingOptions,
        LatentOptions,
        LayerOptions,
        MaskOptions,
        NetworkOptions,
        PictureOptions,
    )
    from unitscope.cli.results import RunOptions, SelectionOptions, StabilityOptions
    from unitscope.concepts.maskrules import MaskRules
    from unitscope.concepts.preview import Segmentation
    from unitscope.experiments.dissection.settings import DissectionSettings
    from unitscope.layer.hooks import LayerDescription
    from unitscope.nouns.concepts import Concepts
    from unitscope.nouns.listing import Listed
    from unitscope.run.dissection import Dissection
    from unitscope.run.unit import Unit
    from unitscope.run.verification import Verified

DEMO_CLASSES = ("bedroom", "church-outdoor", "kitchen", "playground", "street")
DEMO_CONCEPTS, DEMO_LAYER = ("tree|object", "door|part"), "layer4"
"""What is removed from the pictures of the bundled generator, and put into them."""


@contextmanager
def typed(mirror: str | None = None, *, quiet: bool = False, as_json: bool = False) -> Iterator[None]:
    """Note what the user typed in what is written meanwhile; fetch from a mirror and be quiet, if asked to."""
    from unitscope.models.download import mirrored
    from unitscope.progress import in_lines, showing
    from unitscope.run.manifest import typed_command
    from unitscope.sources.decode import silence_decoders

    silence_decoders()
    words = command_of(*sys.argv[1:])
    # What the network's own code prints is not what the command prints.
    with (
        typed_command(words),
        mirrored(mirror),
        showing(False if quiet else None),
        in_lines(as_json=as_json),
        redirect_stdout(sys.stderr),
    ):
        try:
            yield
        except SystemExit as error:
            raise UnitscopeError(
                f"code of the network or of the pictures called sys.exit({error.code!r}); take that out"
            ) from error


def dissect(
    model: str,
    *,
    pictures: PictureOptions,
    latents: LatentOptions,
    network: NetworkOptions,
    concepts: ConceptOptions,
    layers: LayerOptions,
    settings: DissectionSettings,
    output: RunOptions,
) -> Dissection:
    """Dissect a network on pictures, or a generator on latents."""
    _check_kind(pictures, latents, network, concepts)
    with typed(network.mirror, quiet=output.quiet, as_json=output.as_json):
        if latents.latents is None:
            source, said = _reader(model, network, concepts, len(pictures.images))
        else:
            source, said = _maker(model, latents, network, concepts)
        return unitscope.dissect(
            source, written_sources(pictures.images) or _drawn(latents), said, layers=layers.layer,
            grid_of=layers.grid_of, out=output.out, grid=layers.grid,
            device=network.device, settings=settings,
        )  # fmt: skip


def written_sources(images: tuple[str, ...]) -> str | tuple[str, ...]:
    """Return one source of pictures as it is written, and several together."""
    return images[0] if len(images) == 1 else images


def _reader(
    model: str, given: NetworkOptions, concepts: ConceptOptions, sources: int
) -> tuple[unitscope.Network | unitscope.Generator, Concepts]:
    """Return a network that reads pictures, and what says where concepts are."""
    network = unitscope.network(
        model, preprocess=given.preprocess, forward=given.forward, weights=given.weights,
        reinitialize=given.reinitialize, device=given.device, precision=given.precision,
    )  # fmt: skip
    return network, concepts_of(concepts, sources)


def concepts_of(given: ConceptOptions, sources: int = 1) -> Concepts:
    """Return what says where concepts are, for so many sources of pictures."""
    from unitscope.nouns.concepts import read_concepts

    return read_concepts(
        given.masks, given.labels, given.segmenter, given.segmenter_preprocess, sources=sources, rules=rules_of(given),
        unlabelled=given.unlabelled,
    )  # fmt: skip


def rules_of(given: MaskOptions) -> MaskRules:
    """Return how masks are read."""
    from unitscope.concepts.maskrules import mask_rules

    return mask_rules(
        given.labels_preset,
        ignore=given.ignore,
        zero_is_a_class=given.zero_is_a_class,
        suffix=given.mask_suffix,
    )


def _maker(
    model: str, latents: LatentOptions, given: NetworkOptions, concepts: ConceptOptions
) -> tuple[unitscope.Network | unitscope.Generator, Concepts]:
    """Return a generator, and what labels its pictures: its own segmenter where only that is described."""
    generator = unitscope.generator(
        model, latent_shape=latents.latent_shape, range=latents.range, weights=given.weights,
        reinitialize=given.reinitialize, device=given.device,
    )  # fmt: skip
    described = concepts.labels or concepts.segmenter_preprocess
    own = (generator.segmenter,) if generator.segmenter and described else ()
    return generator, concepts_of(replace(concepts, segmenter=concepts.segmenter or own))


def _drawn(given: LatentOptions) -> unitscope.Latents:
    assert given.latents is not None
    return unitscope.latents(given.latents, truncation=given.truncation, classes=given.classes)


def _check_kind(
    pictures: PictureOptions, latents: LatentOptions, network: NetworkOptions, concepts: ConceptOptions
) -> None:
    """Refuse options that do not go together."""
    if not pictures.images and latents.latents is None:
        raise UnitscopeError(
            "nothing to dissect on; give --images for a network that reads pictures, or --latents COUNT for a generator"
        )
    if pictures.images and latents.latents is not None:
        raise UnitscopeError(
            "--images and --latents are both given; a network that reads pictures takes --images, a generator --latents"
        )
    of_latents = {
        "truncation": latents.truncation,
        "class": latents.classes or None,
        "latent-shape": latents.latent_shape,
        "range": latents.range,
    }
    wrong = [option for option, value in of_latents.items() if value is not None]
    if latents.latents is None and wrong:
        raise UnitscopeError(f"--{wrong[0]} is about generators; give it with --latents")
    if latents.latents is not None and concepts.masks:
        raise UnitscopeError(
            "--masks do not go with --latents: nobody has masks of generated pictures; give --segmenter SPEC"
        )
    if latents.latents is not None and network.forward is not None:
        raise UnitscopeError("--forward is about networks that read pictures; a generator takes latents")
    if latents.latents is not None and network.precision != "fp32":
        raise UnitscopeError("--precision is about networks that read pictures; a generator runs in fp32")
    if latents.latents is not None and network.preprocess is not None:
        raise UnitscopeError(
            "--preprocess is about pictures that a network reads; --latent-shape and --range describe a generator"
        )


def demo(pictures: int, out: Path) -> tuple[list[Dissection], Path]:
    """Dissect the bundled networks, ask what their units do, and write one report.

    The classifier is dissected on unseen scenes and asked about a few classes; the generator on a quarter as many
    latents, and one concept is removed and one put in.
    """
    from unitscope.progress import say

    few = max(2, pictures // 4)  # half of them choose units, half show what these do
    with typed():
        say("1 of 4: what the units of a classifier respond to")
        classifier = unitscope.dissect("world-vgg", f"world:{pictures}", control=0, out=out / "classifier")
        say("2 of 4: what it does with them")
        scenes = [f"world:{pictures}:{split}:{','.join(DEMO_CLASSES)}" for split in ("train", "test")]
        unitscope.importance(classifier, *scenes, set_sizes=(4, 20), random=3)
        say("3 of 4: what the units of a generator draw")
        generator = unitscope.dissect("world-gan", unitscope.latents(few), out=out / "generator")
        removed, put = DEMO_CONCEPTS
        unitscope.remove(generator, removed, layer=DEMO_LAYER, latents=max(1, few // 2), random=1)
        unitscope.insert(
            generator, put, layer=DEMO_LAYER, latents=max(1, few // 8), random=1, locations="16:random",
            context="object",
        )  # fmt: skip
        say("4 of 4: a report")
        return [classifier, generator], write_report([classifier.path, generator.path], out / "report")


def select(run: Path, wanted: SelectionOptions) -> tuple[Dissection, pd.DataFrame]:
    """Return a run, and the units of it that are asked for."""
    from unitscope.run.selection import select_units

    opened = unitscope.open_run(run)
    again = None if wanted.quantile is None else unitscope.at_quantile(opened, wanted.quantile)
    found = select_units(
        opened, layers=wanted.layer, concepts=wanted.concept, categories=wanted.category, min_iou=wanted.min_iou,
        sort=wanted.sort, rule=wanted.rule, units=again,
    )  # fmt: skip
    return opened, found if wanted.limit is None else found.head(wanted.limit)


def unit(run: Path, layer: str, number: int, strip: Path | None) -> Unit:
    """Return a unit of a run; write its strongest pictures to a file, if one is named."""
    found = unitscope.open_run(run).unit(layer, number)
    if strip is not None:
        drawn = found.strip()
        if drawn is None:
            raise UnitscopeError(f"the run in {run} keeps no pictures of unit {number}; leave out --strip")
        _save(drawn, strip)
    return found


def _save(picture: NDArray[np.uint8], file: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(picture).save(file, quality=95)
    except OSError as error:
        raise UnitscopeError(
            f"cannot write {file}: {error.strerror or error}; choose another --strip"
        ) from error


def stability(run: Path, wanted: StabilityOptions) -> pd.DataFrame:
    """Measure which labels of a run stay when something else changes."""
    others = [unitscope.open_run(path) for path in wanted.other]
    with typed():
        return unitscope.stability(
            unitscope.open_run(run), *others, quantiles=wanted.quantile, pictures=wanted.pictures
        )


def compare(
    paths: Sequence[Path], quantiles: Sequence[float], page: Path | None
) -> tuple[pd.DataFrame, list[Dissection], list[str], Path]:
    """Set runs side by side, the first at other quantiles, too.

    Returns:
        The table, the runs, what the table does not say, and the page.
    """
    from unitscope.report import write_comparison
    from unitscope.run.comparison import compared

    first, *others = (unitscope.open_run(path) for path in paths)
    runs = [first, *(unitscope.requantiled(first, each) for each in quantiles), *others]
    said = compared(runs) if len(runs) > 1 else []
    index = write_comparison(runs, out=page, said=said)
    return unitscope.compare(*runs), runs, said, index


def verify(run: Path) -> list[Verified]:
    """Compare every file of a run with its checksum."""
    from unitscope.run.verification import verify as read_through

    return read_through(run)


def write_report(
    runs: Sequence[Path], out: Path | None = None, *, single_file: bool = False, quiet: bool = False
) -> Path:
    """Write the report of a run, as a folder or as one file, or of several; return its first page."""
    from unitscope.report import write_report as write
    from unitscope.report import write_reports, write_single_report

    if single_file:
        if len(runs) > 1:
            raise UnitscopeError(
                "--single-file is about one run; give one, or leave it out for a folder of several"
            )
        with typed(quiet=quiet):
            return write_single_report(runs[0], out=out)
    if len(runs) > 1 and out is None:
        raise UnitscopeError(
            "a report of several runs belongs to none of them; say where to write it with --out"
        )
    with typed(quiet=quiet):
        return write(runs[0], out=out) if out is None or len(runs) == 1 else write_reports(runs, out=out)


def list_models() -> list[Listed]:
    """List the networks that have a name."""
    from unitscope.nouns.listing import list_models as listed

    return listed()


def download(name: str, mirror: str | None) -> Path:
    """Fetch a published network."""
    from unitscope.nouns.listing import download as fetch

    return fetch(name, mirror=mirror)


def layers(
    model: str, preprocess: str | None, forward: str | None, latent_shape: str | None
) -> list[LayerDescription]:
    """List the layers of a network or generator."""
    return unitscope.layers(model, preprocess=preprocess, forward=forward, latent_shape=latent_shape)


def segment(file: Path, drawing: DrawingOptions) -> Segmentation:
    """Label a picture."""
    from unitscope.concepts.preview import segment as segment_picture
    from unitscope.nouns.concepts import read_concepts
    from unitscope.nouns.device import choose_device

    with typed(drawing.mirror):
        said = read_concepts((), drawing.labels, drawing.segmenter, drawing.segmenter_preprocess)
        return segment_picture(file, said.load(choose_device(drawing.device)))
