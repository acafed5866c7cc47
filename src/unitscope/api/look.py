"""What units respond to: labels of all of them, one as a classifier, the layers there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from unitscope.experiments.classification.groups import concept_numbers
from unitscope.experiments.classification.measure import run_unit_classifier
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.models.forwarded import Forward, Function
from unitscope.nouns.concepts import ConceptsLike
from unitscope.nouns.controls import untrained
from unitscope.nouns.generator import Shape
from unitscope.nouns.groups import Groups, Words, ask_of_latents, ask_of_pictures
from unitscope.nouns.latents import LatentsLike
from unitscope.nouns.layers import GridsLike, Layers, grids_of, list_layers
from unitscope.nouns.network import Source, left_as_it_was
from unitscope.nouns.pictures import Grid, PicturesLike
from unitscope.nouns.reopened import (
    RunLike,
    opened_run,
    unit_of,
)
from unitscope.nouns.samples import look_through
from unitscope.paths import AnyPath
from unitscope.progress import showing
from unitscope.run import calibration, classification
from unitscope.run.address import run_path
from unitscope.run.classification import UnitClassification
from unitscope.run.dissection import Dissection
from unitscope.run.slugs import slug
from unitscope.scale import spread


def dissect(
    network: Source,
    data: PicturesLike | LatentsLike,
    concepts: ConceptsLike | None = None,
    *,
    layers: str | Sequence[str] = (),
    grid_of: GridsLike = (),
    out: AnyPath,
    grid: Grid | None = None,
    device: str | None = None,
    settings: DissectionSettings | None = None,
    show: bool | None = None,
    **flat: object,
) -> Dissection:
    """Label every unit of some layers with the concept it matches best, and write the run folder.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        network: what reads pictures, or the generator that makes them, see :func:`unitscope.network` and
            :func:`unitscope.generator`; or the name of one.
        data: pictures, see :func:`unitscope.pictures`; for a generator latents, see :func:`unitscope.latents`.
        concepts: what says where concepts are: :func:`unitscope.masks`, :func:`unitscope.segmenter`,
            :func:`unitscope.colors`, a sum of these, or the name of a segmenter; by default the labels that pictures
            bring, or the segmenter that a generator comes with.
        layers: dotted module names; the network's own choice when empty.
        grid_of: rows and columns of layers whose cells cannot be followed: ``{"blocks.3": (14, 14)}``, or
            ``"blocks.3=14x14"``, or several of these.
        out: the run folder, new or of the same configuration.
        grid: points of the pixel grid along each axis, ``(gh, gw)`` or ``48x64``; by default a quarter of the input
            size; for a generator 64, but no more than pixels and no less than a quarter of them.
        device: where networks run; a GPU when there is one.
        settings: see :class:`DissectionSettings`.
        show: force progress bars on or off.
        **flat: settings by name, such as ``quantile=0.005``; nothing may be said twice and differently.

    Returns:
        The finished run.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    chosen = DissectionSettings.of(settings, flat)
    with left_as_it_was(network), showing(show), spread(chosen):
        found, samples = look_through(network, data, concepts, grid=grid, seed=chosen.seed, device=device)
        named = (layers,) if isinstance(layers, str) else layers
        wanted = [found.layer_name(name) for name in named] or found.layers
        said = {found.layer_name(name): size for name, size in grids_of(grid_of).items()}
        place = run_path(out)
        random = [untrained(found, seed) for seed in chosen.control]
        run = run_dissection(found, samples, layers=wanted, out=place, settings=chosen, grid_of=said)
        told = chosen.of_control()
        for other in random:
            place = run.path / calibration.FOLDER / str(other.reinitialized)
            run_dissection(other, samples, layers=wanted, out=place, settings=told, grid_of=said)
        return run


def layers(
    network: Source,
    *,
    preprocess: str | None = None,
    forward: Forward | Function | str | None = None,
    latent_shape: Shape | None = None,
) -> Layers:
    """List the layers of a network in the order they run, with output shapes for one picture, or one latent.

    The list shows itself as a frame; ``to_pandas`` returns that.

    A network of the paper that reads pictures is listed without its weights, so nothing is downloaded. A module that
    fails on a picture and makes pictures from latents is listed as a generator.

    Args:
        network: as for :func:`dissect`.
        preprocess: settings that replace those of a network that reads pictures.
        forward: how it is given a batch of pictures, see :func:`unitscope.network`.
        latent_shape: shape of one latent of a generator that does not say it.

    Raises:
        UnitscopeError: there is no such network, or it fails.
    """
    return list_layers(network, preprocess=preprocess, forward=forward, latent_shape=latent_shape)


def classify_unit(
    run: RunLike,
    layer: str,
    unit: int,
    pictures: PicturesLike | LatentsLike | None = None,
    concepts: ConceptsLike | None = None,
    *,
    positive: Words = (),
    negative: Words = (),
    concept: str | None = None,
    network: Source | None = None,
    out: AnyPath | None = None,
    **flat: object,
) -> UnitClassification:
    """Score the peak activation of a unit as a classifier of pictures, and write plot, page and numbers.

    Which pictures are positive is said by class and folder (`positive`, `negative`), or by how much of them a
    `concept` covers. The run of a generator has pictures of its own, and only `concept` tells them apart. Beside it
    stands the best unit of the layer for the same question, chosen on one half of the pictures and scored on the other.

    Args:
        run: a finished dissection, or its folder: network, preprocessing, layer and threshold come from it.
        layer: one of its layers.
        unit: a channel of that layer.
        pictures: to choose from: a folder with one folder for each class, or ``world[:count[:split]]``; for a concept,
            any pictures. For the run of a generator other latents than those of the run.
        concepts: what shows where the concept is, as in :func:`dissect`; that of the run for a generator.
        positive: classes of `pictures`, or folders of pictures.
        negative: the same; every other class of `pictures` when empty.
        concept: ``NAME`` or ``NAME|CATEGORY``: a picture is positive where it covers more than `min_area`.
        network: the network or generator, if the run does not say how to get it or it has moved since.
        out: the folder to write; ``RUN/classify/<layer>-<unit>-<name>`` by default.
        **flat: settings by name, see :class:`ClassifierSettings`; and, as in :func:`dissect`, `settings`, `device` and
            `show`.

    Returns:
        The scores, with the folder they were written to.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    settings, device, show = (flat.pop(name, None) for name in ("settings", "device", "show"))
    chosen = ClassifierSettings.of(cast(ClassifierSettings | None, settings), flat)
    which = unit_of(opened_run(run), layer, unit)
    groups = Groups.of(positive, negative, concept)
    with left_as_it_was(network), showing(cast(bool | None, show)), spread(chosen):
        ask = ask_of_latents if which.run.generated else ask_of_pictures
        asked = ask(
            which.run, groups, pictures, concepts, network, settings=chosen, device=cast(str | None, device)
        )
        numbers = concept_numbers(concept, asked.samples.vocabulary) if concept else np.zeros(0, np.int64)
        name = f"{which.layer.name}-{unit}-{groups.name(asked.asked, chosen)}"
        place = which.run.path / classification.FOLDER / slug(name)
        found = run_unit_classifier(
            which, asked.module, asked.samples, asked.asked,
            run_path(place if out is None else out), concepts=numbers, settings=chosen,
        )  # fmt: skip
        found.report()
    return found
