"""What units do in a classifier: what classes lose without them, what attacks and other pictures change in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from unitscope.errors import UnitscopeError
from unitscope.experiments.attack.measure import run_attack
from unitscope.experiments.attack.settings import AttackSettings
from unitscope.experiments.importance.measure import run_importance
from unitscope.experiments.importance.pictures import match_pictures
from unitscope.experiments.importance.settings import ImportanceSettings
from unitscope.experiments.shape.measure import run_shape
from unitscope.experiments.shape.settings import ShapeSettings
from unitscope.nouns.attacked import ImportanceLike, attacked_pictures, importance_for
from unitscope.nouns.concepts import ConceptsLike
from unitscope.nouns.network import Source, left_as_it_was
from unitscope.nouns.pairs import AlterLike, named_pairs
from unitscope.nouns.pictures import PicturesLike, classed, pictures
from unitscope.nouns.reopened import (
    RunLike,
    layer_of,
    opened_run,
    reopen_network,
)
from unitscope.paths import AnyPath
from unitscope.progress import showing
from unitscope.run import attack as attack_run
from unitscope.run import importance as importance_run
from unitscope.run import shape as shape_run
from unitscope.run.address import run_path
from unitscope.run.attack import Attack
from unitscope.run.importance import Importance
from unitscope.run.slugs import slug
from unitscope.scale import spread
from unitscope.sources.class_names import read_class_map


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
            out=run_path(place if out is None else out),
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
            opened, model, read.name, attacked, out=run_path(place if out is None else out),
            settings=chosen, importance=importance_for(opened, read.name, importance),
        )  # fmt: skip
        found.report()
    return found


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
            pictures(images), found,
            altered=altered, alter=alter, concepts=concepts, adain=adain, seed=chosen.seed,
        )  # fmt: skip
        place = opened.path / shape_run.FOLDER / slug(pairs.name, words)
        result = run_shape(
            opened, found, pairs, run_path(place if out is None else out),
            alteration=words, layers=wanted, settings=chosen,
        )  # fmt: skip
        result.report()
    return result
