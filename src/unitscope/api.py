"""The questions: one short function each, from what a person names to a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from unitscope.errors import UnitscopeError
from unitscope.experiments.attack.measure import run_attack
from unitscope.experiments.attack.settings import AttackSettings
from unitscope.experiments.classification.groups import concept_numbers
from unitscope.experiments.classification.measure import run_unit_classifier
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.effects.insertion import run_insertion
from unitscope.experiments.effects.ranking import run_ranking
from unitscope.experiments.effects.removal import run_removal
from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
from unitscope.experiments.importance.measure import run_importance
from unitscope.experiments.importance.pictures import match_pictures
from unitscope.experiments.importance.settings import ImportanceSettings
from unitscope.experiments.shape.measure import run_shape
from unitscope.experiments.shape.settings import ShapeSettings
from unitscope.models.forwarded import Forward, Function
from unitscope.nouns.attacked import ImportanceLike, attacked_pictures, importance_for
from unitscope.nouns.concepts import ConceptsLike
from unitscope.nouns.controls import untrained
from unitscope.nouns.generator import Shape
from unitscope.nouns.groups import Groups, Words, ask_of_latents, ask_of_pictures
from unitscope.nouns.latents import LatentsLike
from unitscope.nouns.layers import GridsLike, Layers, grids_of, list_layers
from unitscope.nouns.network import Source, left_as_it_was
from unitscope.nouns.pairs import AlterLike, named_pairs
from unitscope.nouns.pictures import Grid, PicturesLike, classed, pictures
from unitscope.nouns.reopened import (
    RunLike,
    layer_of,
    opened_run,
    reopen_network,
    unit_of,
)
from unitscope.nouns.samples import look_through
from unitscope.nouns.subject import choosing_as_told, effect_order, levels_of, reopen_subject, target
from unitscope.paths import AnyPath, as_path
from unitscope.progress import showing
from unitscope.run import attack as attack_run
from unitscope.run import calibration, classification
from unitscope.run import importance as importance_run
from unitscope.run import shape as shape_run
from unitscope.run.attack import Attack
from unitscope.run.classification import UnitClassification
from unitscope.run.dissection import Dissection
from unitscope.run.effects import Insertion, Ranking, Removal
from unitscope.run.importance import Importance
from unitscope.run.slugs import slug
from unitscope.scale import spread
from unitscope.sources.class_names import read_class_map


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
        place = as_path(out)
        random = [untrained(found, seed) for seed in chosen.control]
        run = run_dissection(found, samples, layers=wanted, out=place, settings=chosen, grid_of=said)
        for other in random:
            run_dissection(
                other,
                samples,
                layers=wanted,
                out=run.path / calibration.FOLDER / str(other.reinitialized),
                settings=chosen.of_control(),
                grid_of=said,
            )
        return run


def layers(
    network: Source,
    *,
    preprocess: str | None = None,
    forward: Forward | Function | str | None = None,
    latent_shape: Shape | None = None,
) -> Layers:
    """List the layers of a network in the order they run, with output shapes for one blank input, or one latent.

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
            as_path(place if out is None else out), concepts=numbers, settings=chosen,
        )  # fmt: skip
        found.report()
    return found


def importance(
    run: RunLike,
    train: PicturesLike,
    val: PicturesLike,
    *,
    layer: str | None = None,
    class_map: AnyPath | Mapping[str, str] | None = None,
    network: Source | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: ImportanceSettings | None = None,
    show: bool | None = None,
    **flat: object,
) -> Importance:
    """Remove every unit of a layer alone, then the most important ones of each class together.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection, or its folder: network, preprocessing and layer come from it.
        train: pictures that units are ranked on: a folder with one folder for each class, ``world[:count[:split]]`` or
            a data set that knows its classes.
        val: pictures that everything about sets is measured on, likewise.
        layer: one of the run's layers; its last when None.
        class_map: what class folders stand for, by name or number of an output; or a file that says so.
        network: the network, if the run does not say how to get it or it has moved since.
        out: the folder to write; ``RUN/importance/<layer>-<ablation>`` by default.
        device: where the network runs; a GPU when there is one.
        settings: see :class:`ImportanceSettings`.
        show: force progress bars on or off.
        **flat: settings by name.

    Returns:
        The finished importance.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    chosen, opened = ImportanceSettings.of(settings, flat), opened_run(run)
    if opened.generated:
        raise UnitscopeError(
            f"the run in {opened.path} is of a generator, and importance is about the classes that a classifier tells "
            "apart; give the run of a classifier"
        )
    read = layer_of(opened, layer)
    given = class_map if class_map is None or isinstance(class_map, Mapping) else read_class_map(class_map)
    sources = classed(train), classed(val)
    place = opened.path / importance_run.FOLDER / slug(read.name, chosen.ablation)
    with left_as_it_was(network), showing(show), spread(chosen):
        found = reopen_network(opened, network, device=device)
        pictures = match_pictures(*sources, found, given)
        return run_importance(
            opened,
            found,
            read,
            pictures,
            out=as_path(place if out is None else out),
            settings=chosen,
        )


def attack(
    run: RunLike,
    pictures: PicturesLike,
    target: str | Sequence[str] = (),
    *,
    layer: str | None = None,
    importance: ImportanceLike | None = None,
    altered: AnyPath | None = None,
    class_map: AnyPath | Mapping[str, str] | None = None,
    network: Source | None = None,
    out: AnyPath | None = None,
    **flat: object,
) -> Attack:
    """Attack pictures so that a network sees other classes in them, and measure which units that goes through.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a classifier, or its folder.
        pictures: what is attacked, in class folders or not.
        target: one class that the network is to see, or several.
        layer: one of the run's layers; its last when None.
        importance: a finished importance of the layer, or its folder; the one that the run keeps when None, and where
            there is none, it is measured on the pictures.
        altered: a folder of copies that were attacked elsewhere, named as the pictures; nothing is attacked then.
        class_map: what class folders stand for, by name or number of an output; or a file that says so.
        network: the network, if the run does not say how to get it or it has moved since.
        out: the folder to write; one below ``RUN/attack`` by default.
        **flat: settings by name, such as ``method="ddn"``, see :class:`AttackSettings`; and, as in :func:`dissect`,
            `settings`, `device` and `show`.

    Returns:
        The finished attacks.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    settings, device, show = (flat.pop(name, None) for name in ("settings", "device", "show"))
    wanted = (target,) if isinstance(target, str) else tuple(target)
    chosen = AttackSettings.of(
        cast(AttackSettings | None, settings), flat | {"target": wanted} if wanted else flat
    )
    opened = opened_run(run)
    read = layer_of(opened, layer)
    given = class_map if class_map is None or isinstance(class_map, Mapping) else read_class_map(class_map)
    if altered is not None:
        chosen.check_elsewhere()
    words = [read.name, "elsewhere" if altered is not None else chosen.method, *chosen.target]
    place = opened.path / attack_run.FOLDER / slug(*words)
    with left_as_it_was(network), showing(cast(bool | None, show)), spread(chosen):
        model = reopen_network(opened, network, device=cast(str | None, device))
        attacked = attacked_pictures(pictures, model, chosen.target, class_map=given, altered=altered)
        found = run_attack(
            opened, model, read.name, attacked, out=as_path(place if out is None else out),
            settings=chosen, importance=importance_for(opened, read.name, importance),
        )  # fmt: skip
        found.report()
    return found


def remove(
    run: RunLike,
    concept: str | None = None,
    *,
    layer: str | None = None,
    concepts: ConceptsLike | None = None,
    generator: Source | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: RemovalSettings | None = None,
    show: bool | None = None,
    **flat: object,
) -> Removal:
    """Set the best units of a concept to zero together, measure what pictures lose, and write a page.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        concept: ``NAME`` or ``NAME|CATEGORY``.
        layer: one of the run's layers; its last when None.
        concepts: what labels the pictures, where it is not to be the segmenter of the run.
        generator: the generator, if the run does not say how to get it or it has moved since.
        out: the folder to write; one below ``RUN/effects`` by default.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`RemovalSettings`.
        show: force progress bars on or off.
        **flat: settings by name, such as ``units="1:30"``; nothing may be said twice and differently.

    Returns:
        The finished removal.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    chosen, opened = RemovalSettings.of(settings, _with(flat, concept)), opened_run(run)
    read = layer_of(opened, layer).name
    with left_as_it_was(generator), showing(show), spread(chosen):
        subject = reopen_subject(opened, read, concepts, generator, device=device)
        number = subject.concept(chosen.concept)
        order = effect_order(opened, read, number, halved=chosen.halved) if chosen.rank == "effect" else None
        subject = choosing_as_told(opened, subject, chosen)
        found = run_removal(subject, chosen, target(opened, out, "remove", read, chosen.concept), order=order)
        found.report()
    return found


def insert(
    run: RunLike,
    concept: str | None = None,
    *,
    layer: str | None = None,
    concepts: ConceptsLike | None = None,
    generator: Source | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: InsertionSettings | None = None,
    show: bool | None = None,
    **flat: object,
) -> Insertion:
    """Force the units of a layer that match a concept best on at single places, and see where the concept appears.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        concept: ``NAME`` or ``NAME|CATEGORY``.
        layer: one of the run's layers; its last when None.
        concepts: what labels the pictures, where it is not to be the segmenter of the run.
        generator: the generator, if the run does not say how to get it or it has moved since.
        out: the folder to write; one below ``RUN/effects`` by default.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`InsertionSettings`.
        show: force progress bars on or off.
        **flat: settings by name, such as ``level=0.995``; nothing may be said twice and differently.

    Returns:
        The finished insertion.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    chosen, opened = InsertionSettings.of(settings, _with(flat, concept)), opened_run(run)
    read = layer_of(opened, layer).name
    with left_as_it_was(generator), showing(show), spread(chosen):
        subject = reopen_subject(opened, read, concepts, generator, device=device)
        subject.concept(chosen.concept)
        subject = choosing_as_told(opened, subject, chosen)
        levels = levels_of(opened, subject, chosen.level)
        place = target(opened, out, "insert", read, chosen.concept)
        found = run_insertion(subject, chosen, place, levels=levels)
        found.report()
    return found


def rank(
    run: RunLike,
    *,
    layer: str | None = None,
    concepts: ConceptsLike | None = None,
    generator: Source | None = None,
    out: AnyPath | None = None,
    device: str | None = None,
    settings: RankingSettings | None = None,
    show: bool | None = None,
    **flat: object,
) -> Ranking:
    """Set every unit of a layer to zero alone, and rank the units by what each concept loses.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a generator, or its folder.
        layer: one of the run's layers; its last when None.
        concepts: what labels the pictures, where it is not to be the segmenter of the run.
        generator: the generator, if the run does not say how to get it or it has moved since.
        out: the folder to write; one below ``RUN/effects`` by default.
        device: where the networks run; a GPU when there is one.
        settings: see :class:`RankingSettings`.
        show: force progress bars on or off.
        **flat: settings by name; nothing may be said twice and differently.

    Returns:
        The finished ranking.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    chosen, opened = RankingSettings.of(settings, flat), opened_run(run)
    read = layer_of(opened, layer).name
    with left_as_it_was(generator), showing(show), spread(chosen):
        subject = reopen_subject(opened, read, concepts, generator, device=device)
        found = run_ranking(subject, chosen, target(opened, out, "rank", read))
        found.report()
    return found


def _with(flat: dict[str, object], concept: str | None) -> dict[str, object]:
    return flat if concept is None else flat | {"concept": concept}


def shape(
    run: RunLike,
    images: PicturesLike,
    *,
    altered: AnyPath | None = None,
    alter: AlterLike | None = None,
    concepts: ConceptsLike | None = None,
    adain: AnyPath | None = None,
    layers: str | Sequence[str] = (),
    network: Source | None = None,
    out: AnyPath | None = None,
    **flat: object,
) -> shape_run.Shape:
    """Alter pictures, see which units keep their masks, and write a page.

    The same call on the same folder goes on where an earlier one stopped.

    Args:
        run: a finished dissection of a network that reads pictures, or its folder: units, labels and preprocessing
            come from it.
        images: the originals, as in :func:`dissect`.
        altered: a folder of altered copies, called as the originals.
        alter: what is to be done to them instead: ``shuffle:16``, ``gray``, ``blur:3``, ``phase:0.5``, ``silhouette``,
            ``retexture``, ``stylize:FOLDER``, ``file.py:function``, or a function of a picture
            ``(H, W, 3)`` uint8 and a random generator.
        concepts: for silhouettes, what says where objects are; by default the labels that pictures bring.
        adain: for ``stylize:FOLDER``, a folder with the published networks ``vgg_normalised`` and ``decoder``.
        layers: some of the run's layers; all when empty.
        network: the network, if the run does not say how to get it or it has moved since.
        out: the folder to write; one below ``RUN/shape`` by default.
        **flat: settings by name, see :class:`ShapeSettings`; and, as in :func:`dissect`, `settings`, `device` and
            `show`.

    Returns:
        The finished comparison.

    Raises:
        UnitscopeError: something given cannot be used; one line says what and what to do.
    """
    settings, device, show = (flat.pop(name, None) for name in ("settings", "device", "show"))
    chosen, opened = ShapeSettings.of(cast(ShapeSettings | None, settings), flat), opened_run(run)
    named = (layers,) if isinstance(layers, str) else layers
    wanted = [layer_of(opened, name).name for name in named] or list(dict.fromkeys(opened.layers["layer"]))
    with left_as_it_was(network), showing(cast(bool | None, show)), spread(chosen):
        found = reopen_network(opened, network, device=cast(str | None, device))
        pairs, words = named_pairs(
            pictures(images),
            found,
            altered=altered,
            alter=alter,
            concepts=concepts,
            adain=adain,
            seed=chosen.seed,
        )
        place = opened.path / shape_run.FOLDER / slug(pairs.name, words)
        result = run_shape(
            opened, found, pairs, as_path(place if out is None else out),
            alteration=words, layers=wanted, settings=chosen,
        )  # fmt: skip
        result.report()
    return result
