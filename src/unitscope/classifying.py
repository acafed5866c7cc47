"""A unit of a dissection as a classifier of pictures: one call from the run folder to scores, plot and page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from unitscope.concepts.choose import choose_labeller
from unitscope.concepts.labellers import Labeller, Unlabelled
from unitscope.errors import UnitscopeError
from unitscope.experiments.classification.groups import (
    OTHERS,
    Candidates,
    concept_numbers,
    groups_by_concept,
    groups_of_classes,
    groups_of_latents,
)
from unitscope.experiments.classification.measure import UnitOfRun, run_unit_classifier
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.samples import PictureSamples
from unitscope.models.generators import Generator
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.registry import Model
from unitscope.nouns.device import choose_device
from unitscope.nouns.generated import draw_latents
from unitscope.nouns.network import left_as_it_was
from unitscope.nouns.pictures import AnyPath, as_paths, open_sources
from unitscope.nouns.reopened import is_generated, reopen_generated, reopen_model, unit_of
from unitscope.progress import showing
from unitscope.report.pages.classification import write_classifier_page
from unitscope.run.classification import FOLDER, UnitClassification
from unitscope.run.dissection import Dissection, open_run
from unitscope.run.manifest import typed_command
from unitscope.sources.base import PictureSource
from unitscope.sources.classes import open_classed
from unitscope.sources.framing import Framing
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.latents import SeededLatents

LONGEST_SLUG = 60


def classify_unit(
    run: AnyPath | Dissection,
    *,
    layer: str,
    unit: int,
    positive: AnyPath | Sequence[AnyPath] = (),
    negative: AnyPath | Sequence[AnyPath] = (),
    images: AnyPath | PictureSource | Sequence[AnyPath | PictureSource] = (),
    concept: str | None = None,
    masks: AnyPath | Sequence[AnyPath] = (),
    labels: AnyPath | Sequence[AnyPath] = (),
    segmenter: str | Sequence[str] | None = None,
    segmenter_preprocess: str | Sequence[str] | None = None,
    latents: int | SeededLatents | None = None,
    model: str | nn.Module | Model | Generator | None = None,
    weights: AnyPath | None = None,
    mirror: str | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: ClassifierSettings | None = None,
    command: str = "",
    show: bool | None = None,
) -> UnitClassification:
    """Score the peak activation of a unit as a classifier of pictures, and write plot, page and numbers.

    Which pictures are positive is said by class and folder (`positive`, `negative`), or by how much of them a
    `concept` covers. The run of a generator has pictures of its own: those of its latents, and only `concept` tells
    them apart.

    Args:
        run: a finished dissection, or its folder: network, preprocessing, layer and threshold come from it.
        layer: one of its layers.
        unit: a channel of that layer.
        positive: classes of `images`, or folders of pictures.
        negative: the same; every other class of `images` when empty.
        images: pictures to choose from: a folder with one folder for each class, or ``world[:count[:split]]``. For a
            concept, any folder or source of pictures, or several.
        concept: ``NAME`` or ``NAME|CATEGORY``: a picture is positive where it covers more than `settings.min_area`.
        masks: what shows where concepts are, as in :func:`unitscope.dissect`.
        labels: likewise.
        segmenter: likewise.
        segmenter_preprocess: likewise.
        latents: for the run of a generator, how many latents of the seed of `settings`, or other latents; by default
            those of the run.
        model: the network, if the run does not say how to get it, see :func:`unitscope.nouns.reopened.reopen_model`.
        weights: a file of weights for it.
        mirror: another server for checkpoints that are downloaded.
        out: the folder to write; ``RUN/classify/<layer>-<unit>-<name>`` by default.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`ClassifierSettings`.
        command: what the user typed, for the page.
        show: force progress bars on or off.

    Returns:
        The scores, with the folder they were written to.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    settings = settings or ClassifierSettings()
    run = run if isinstance(run, Dissection) else open_run(Path(run).expanduser())
    which = unit_of(run, layer, unit)
    words: dict[str, Any] = {"positive": as_paths(positive), "negative": as_paths(negative), "images": images}
    says = {"labels": as_paths(labels), "segmenter": segmenter, "segmenter_preprocess": segmenter_preprocess}
    source = {"model": model, "weights": weights, "mirror": mirror, "device": choose_device(device)}
    samples: PictureSamples | GeneratedSamples
    with left_as_it_was(model if model is not None else ""):
        if is_generated(run):
            _refuse_pictures(run, concept, {**words, "masks": as_paths(masks)})
            samples, asked = _generated(run, str(concept), latents, settings, {**says, **source})
            target = _target(which, _name(asked, concept, settings), out)
            module: nn.Module = samples.generator.module
        else:
            _refuse_latents(run, latents)
            asked = _candidates(**words, concept=concept, min_area=settings.min_area)
            target = _target(which, _name(asked, concept, settings), out)
            module, samples = _of_pictures(run, asked, {"masks": as_paths(masks), **says}, source)
        numbers = concept_numbers(concept, samples.vocabulary) if concept else np.zeros(0, np.int64)
        with showing(show), typed_command(command):
            found = run_unit_classifier(
                which, module, samples, asked, target, concepts=numbers, settings=settings
            )
    write_classifier_page(found)
    return found


def _of_pictures(
    run: Dissection, asked: Candidates, says: dict[str, Any], source: dict[str, Any]
) -> tuple[nn.Module, PictureSamples]:
    """Return the network of a run, and the pictures for it with what labels them."""
    assert not isinstance(asked.pictures, SeededLatents)
    labeller, grid = _labeller(run, asked, asked.pictures, says, source["device"])
    network = reopen_model(run, **source)
    samples = PictureSamples(asked.pictures, labeller, preprocessing=network.preprocessing, grid=grid)
    return network.module, samples


def _generated(
    run: Dissection,
    concept: str,
    latents: int | SeededLatents | None,
    settings: ClassifierSettings,
    given: dict[str, Any],
) -> tuple[GeneratedSamples, Candidates]:
    """Return the pictures of the run's generator, from its latents or others."""
    samples = reopen_generated(run, **given)
    if latents is not None:
        others = latents
        if not isinstance(others, SeededLatents):
            own = samples.latents
            others = replace(own, count=others, seed=settings.seed)
        drawn = draw_latents(samples.generator, others, seed=settings.seed)
        samples = GeneratedSamples(samples.generator, drawn, samples.labeller, grid=samples.grid)
    return samples, groups_of_latents(concept, settings.min_area, samples.latents)


def _refuse_pictures(run: Dissection, concept: str | None, given: dict[str, Any]) -> None:
    wrong = next((name for name, value in given.items() if value), None)
    if wrong is not None:
        raise UnitscopeError(
            f"--{wrong} is for networks that read pictures, and the run in {run.path} is of a generator; say with "
            "--concept which of its own pictures are positive"
        )
    if concept is None:
        raise UnitscopeError(
            f"the run in {run.path} is of a generator; say with --concept which of its pictures are positive"
        )


def _refuse_latents(run: Dissection, latents: object) -> None:
    if latents is not None:
        raise UnitscopeError(
            f"--latents is for generators, and the run in {run.path} is of a network that reads pictures; give --images"
        )


def _candidates(
    positive: list[Path], negative: list[Path], *, images: Any, concept: str | None, min_area: float
) -> Candidates:
    """Choose the pictures of both groups."""
    yes, no = ([str(path) for path in given] for given in (positive, negative))
    listed = list(images) if isinstance(images, list | tuple) else [images]
    if concept is not None:
        if yes or no:
            raise UnitscopeError(
                f"--concept {concept!r} says which pictures are positive; leave --positive and --negative out"
            )
        return groups_by_concept(concept, min_area, open_sources(listed))
    if len(listed) > 1:
        raise UnitscopeError(
            f"classes are taken from one --images, and {len(listed)} are given; put the others into --positive and "
            "--negative as folders"
        )
    return groups_of_classes(yes, no, open_classed(listed[0]) if listed else None)


def _name(asked: Candidates, concept: str | None, settings: ClassifierSettings) -> str:
    """Return what the folder of a question is called; other questions have other names."""
    positive, negative = asked.names
    if concept is not None:
        return concept if settings.min_area == ClassifierSettings.min_area else positive
    return positive if negative == OTHERS else f"{positive}-against-{negative}"


def _target(which: UnitOfRun, name: str, out: AnyPath | None) -> Path:
    if out is not None:
        return Path(out).expanduser()
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{which.layer.name}-{which.unit}-{name}").strip("-.")
    return which.run.path / FOLDER / slug[:LONGEST_SLUG].rstrip("-.")


def _labeller(
    run: Dissection, asked: Candidates, pictures: PictureSource, says: dict[str, Any], device: torch.device
) -> tuple[Labeller, tuple[int, int]]:
    """Return what labels the pictures, and its pixel grid: that of the run, or one cell where no label is needed."""
    if asked.positive is not None:
        given = next((name for name, value in says.items() if value), None)
        if given is not None:
            raise UnitscopeError(f"--{given.replace('_', '-')} goes with --concept, which is not given")
        return Unlabelled(), Unlabelled.grid
    preprocessing = Preprocessing.from_dict(run.network.preprocessing or {})
    rows, columns = run.grid
    labeller = choose_labeller(
        pictures.sources if isinstance(pictures, JoinedPictures) else [pictures],
        framing=Framing(preprocessing.framing, preprocessing.share, preprocessing.interpolation),
        size=preprocessing.size,
        grid=(rows, columns),
        device=device,
        **says,
    )
    return labeller, (rows, columns)
