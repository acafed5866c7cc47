"""What a command was given becomes one call of the library; what a call needs is imported when it is made."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import unitscope
from unitscope.cli.groups import (
    ClassFolderOptions,
    ClassOptions,
    ConceptOptions,
    DrawingOptions,
    LatentOptions,
    LayerOptions,
    NetworkOptions,
    OutputOptions,
    PictureOptions,
    RunOptions,
    SameNetworkOptions,
    SegmenterOptions,
    SelectionOptions,
    ShownOptions,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from unitscope.concepts.preview import Segmentation
    from unitscope.experiments.classification.settings import ClassifierSettings
    from unitscope.experiments.dissection.settings import DissectionSettings
    from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
    from unitscope.experiments.importance.settings import ImportanceSettings
    from unitscope.layer.hooks import LayerDescription
    from unitscope.nouns.listing import Listed
    from unitscope.run.classification import UnitClassification
    from unitscope.run.dissection import Dissection
    from unitscope.run.effects import Insertion, Ranking, Removal
    from unitscope.run.importance import Importance

DEMO_MODEL = "world-vgg"


def dissect(
    model: str,
    *,
    pictures: PictureOptions,
    output: RunOptions,
    latents: LatentOptions,
    network: NetworkOptions,
    concepts: ConceptOptions,
    layers: LayerOptions,
    settings: DissectionSettings,
) -> Dissection:
    """Dissect a network on pictures, or a generator on latents."""
    return unitscope.dissect(
        model, pictures.images, out=output.out, latents=latents.latents, truncation=latents.truncation,
        classes=latents.classes, latent_shape=latents.latent_shape, range=latents.range, layers=layers.layer,
        masks=concepts.masks, labels=concepts.labels, segmenter=concepts.segmenter,
        segmenter_preprocess=concepts.segmenter_preprocess, preprocess=network.preprocess, weights=network.weights,
        mirror=network.mirror, reinitialize=network.reinitialize, grid=layers.grid, device=network.device,
        settings=settings, command=command_line(), show=_show(output),
    )  # fmt: skip


def demo(pictures: int, out: Path) -> Dissection:
    """Dissect the bundled network on unseen scenes."""
    return unitscope.dissect(DEMO_MODEL, f"world:{pictures}", out=out, command=command_line())


def select(run: Path, wanted: SelectionOptions) -> pd.DataFrame:
    """Return the units of a run that are asked for."""
    from unitscope.run.selection import select_units

    opened = unitscope.open_run(run)
    again = None if wanted.quantile is None else unitscope.at_quantile(opened, wanted.quantile)
    found = select_units(
        opened, layers=wanted.layer, concepts=wanted.concept, categories=wanted.category, min_iou=wanted.min_iou,
        sort=wanted.sort, units=again,
    )  # fmt: skip
    return found if wanted.limit is None else found.head(wanted.limit)


def compare(first: Path, second: Path) -> tuple[pd.DataFrame, tuple[Dissection, Dissection]]:
    """Set two runs side by side; return these too."""
    runs = unitscope.open_run(first), unitscope.open_run(second)
    return unitscope.compare(*runs), runs


def write_report(run: Path, out: Path | None = None) -> Path:
    """Write the report of a run; return its first page."""
    from unitscope.report import write_report as write

    return write(run, out=out)


def list_models() -> list[Listed]:
    """List the networks that have a name."""
    from unitscope.nouns.listing import list_models as listed

    return listed()


def download(name: str, mirror: str | None) -> Path:
    """Fetch a published network."""
    from unitscope.nouns.listing import download as fetch

    return fetch(name, mirror=mirror)


def layers(model: str, preprocess: str | None, latent_shape: str | None) -> Sequence[LayerDescription]:
    """List the layers of a network or generator."""
    return unitscope.layers(model, preprocess=preprocess, latent_shape=latent_shape)


def segment(image: Path, drawing: DrawingOptions) -> Segmentation:
    """Label a picture."""
    from unitscope.concepts.preview import segment as segment_picture
    from unitscope.nouns.device import choose_device

    return segment_picture(
        image, drawing.segmenter, labels=drawing.labels, segmenter_preprocess=drawing.segmenter_preprocess,
        mirror=drawing.mirror, device=choose_device(drawing.device),
    )  # fmt: skip


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
    return unitscope.classify_unit(
        run, layer=classes.layer, unit=classes.unit, positive=classes.positive, negative=classes.negative,
        images=classes.images, concept=classes.concept, masks=concepts.masks, latents=classes.latents,
        settings=settings, **_segmenter(concepts), **_found(network, output),
    )  # fmt: skip


def importance(
    run: Path,
    folders: ClassFolderOptions,
    *,
    layer: str | None,
    network: SameNetworkOptions,
    settings: ImportanceSettings,
    output: OutputOptions,
) -> Importance:
    """Measure the importance of units for classes."""
    return unitscope.importance(
        run, train=folders.train, val=folders.val, layer=layer, class_map=folders.class_map, settings=settings,
        **_found(network, output),
    )  # fmt: skip


def remove(
    run: Path,
    layer: str | None,
    *,
    segmenter: SegmenterOptions,
    network: SameNetworkOptions,
    settings: RemovalSettings,
    output: OutputOptions,
) -> Removal:
    """Set units of a generator to zero."""
    return unitscope.remove(
        run, layer=layer, settings=settings, **_segmenter(segmenter), **_found(network, output)
    )


def insert(
    run: Path,
    layer: str | None,
    *,
    segmenter: SegmenterOptions,
    network: SameNetworkOptions,
    settings: InsertionSettings,
    output: OutputOptions,
) -> Insertion:
    """Force units of a generator on."""
    return unitscope.insert(
        run, layer=layer, settings=settings, **_segmenter(segmenter), **_found(network, output)
    )


def rank(
    run: Path,
    layer: str | None,
    *,
    segmenter: SegmenterOptions,
    network: SameNetworkOptions,
    settings: RankingSettings,
    output: OutputOptions,
) -> Ranking:
    """Rank the units of a generator by their effect."""
    return unitscope.rank(
        run, layer=layer, settings=settings, **_segmenter(segmenter), **_found(network, output)
    )


def _segmenter(given: SegmenterOptions) -> dict[str, Any]:
    return {
        "segmenter": given.segmenter or None,
        "labels": given.labels,
        "segmenter_preprocess": given.segmenter_preprocess or None,
    }


def _found(network: SameNetworkOptions, output: OutputOptions) -> dict[str, Any]:
    return {
        "model": network.model,
        "weights": network.weights,
        "mirror": network.mirror,
        "device": network.device,
        "out": output.out,
        "command": command_line(),
        "show": _show(output),
    }


def _show(output: ShownOptions) -> bool | None:
    return False if output.quiet else None


def command_line() -> str:
    """Return what the user typed."""
    return shlex.join(["unitscope", *sys.argv[1:]])
