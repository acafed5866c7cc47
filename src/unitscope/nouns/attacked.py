"""What is attacked, from what a person names: pictures with or without classes, targets, copies attacked elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from unitscope.concepts.labellers import Unlabelled
from unitscope.errors import UnitscopeError
from unitscope.experiments.attack.attempts import find_targets
from unitscope.experiments.attack.measure import AttackedPictures
from unitscope.experiments.attack.ranks import check_importance, find_importance
from unitscope.experiments.attack.subject import output_names
from unitscope.experiments.samples import PictureSamples
from unitscope.models.network import Network
from unitscope.nouns.pictures import PicturesLike, classed, pictures
from unitscope.paths import AnyPath, as_path
from unitscope.run.dissection import Dissection
from unitscope.run.importance import Importance
from unitscope.sources.base import ClassedSource, PictureSource
from unitscope.sources.class_names import match_classes
from unitscope.sources.class_numbers import targets_of
from unitscope.sources.framing import Framing
from unitscope.sources.pairs import AlteredFolder, Frame, PicturePairs
from unitscope.sources.pictures import PictureFolder

ImportanceLike = AnyPath | Importance
"""A finished importance, or its folder."""


def attacked_pictures(
    given: PicturesLike,
    model: Network,
    targets: Sequence[str],
    *,
    class_map: Mapping[str, str] | None = None,
    altered: AnyPath | None = None,
) -> AttackedPictures:
    """Return pictures that are attacked, with their classes where they know them.

    Args:
        given: pictures; in class folders or of the world they know their classes.
        model: the network.
        targets: what it is to see.
        class_map: what class folders stand for.
        altered: a folder of copies that were attacked elsewhere.

    Raises:
        UnitscopeError: something given cannot be used.
    """
    model.need_classes("attack")
    model.need_single_precision("attack")
    source = _classed_or_not(given)
    names = list(output_names(model))
    classes = np.full(len(source), -1, np.int64)
    if isinstance(source, ClassedSource):
        of_folders = match_classes(source.class_names, model.classes, given=class_map)
        classes = np.array(of_folders, np.int64)[targets_of(source)]
        if not model.classes:  # as importance names them
            for folder, output in zip(source.class_names, of_folders, strict=True):
                names[output] = folder
    outputs = find_targets(targets, names, model.name)
    preprocessing = model.preprocessing
    samples = PictureSamples(source, Unlabelled(), preprocessing=preprocessing, grid=Unlabelled.grid)
    if altered is None:
        return AttackedPictures(samples, classes, outputs, tuple(names))
    if len(outputs) != 1:
        raise UnitscopeError(
            f"--altered holds pictures attacked for one target, and {len(outputs)} are given; give one --target"
        )
    framing = Framing(preprocessing.framing, preprocessing.share, preprocessing.interpolation)
    copies = AlteredFolder(source.sample_ids, as_path(altered))
    pairs = PicturePairs(source, copies, Frame(framing, preprocessing.size))
    return AttackedPictures(samples, classes, outputs, tuple(names), pairs)


def _classed_or_not(given: PicturesLike) -> PictureSource:
    if not isinstance(given, AnyPath | PictureFolder):
        return pictures(given)  # and what is wrong with the classes of a data set is told
    try:
        return classed(given)
    except UnitscopeError:
        return pictures(given)


def importance_for(run: Dissection, layer: str, given: ImportanceLike | None) -> Importance | None:
    """Return the importance of units that attacks go by: the one given, or that beside the run, if any.

    Raises:
        UnitscopeError: the one given is not finished, or of something else.
    """
    if given is None:
        return find_importance(run, layer)
    found = given if isinstance(given, Importance) else Importance.open(given)
    return check_importance(found, run, layer)
