"""Pictures in one folder for each class."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.paths import as_path
from unitscope.sources.base import ClassedSource, PictureSource
from unitscope.sources.dataset import DatasetPictures, Indexed, as_source
from unitscope.sources.files import Found, is_own
from unitscope.sources.pictures import PictureFolder, find_pictures, instead
from unitscope.sources.shards import names_shards
from unitscope.sources.specs import names_registered, open_pictures

OUTSIDE = "not in the folder of a class"


class ClassFolders(PictureFolder):
    """The pictures of ``FOLDER/<class>/...``; the first folder of a picture's path is its class.

    Pictures that lie in `folder` itself are left out, and so are folders whose name begins with a dot or that hold a
    run.

    Args:
        folder: holds one folder for each class.

    Raises:
        UnitscopeError: there is no such folder, it holds no folders, or one of them holds no pictures.
    """

    def __init__(self, folder: Path | str) -> None:
        super().__init__(folder)
        names = sorted(
            each.name
            for each in self.folder.iterdir()
            if each.is_dir() and not each.name.startswith(".") and not is_own(each)
        )
        found = Found(self.sample_ids, self.left_out)
        found = found.without({name for name in self.sample_ids if "/" not in name}, OUTSIDE)
        self.sample_ids, self.left_out = found.paths, found.left_out
        if not self.sample_ids:
            raise UnitscopeError(
                f"{str(self.folder)!r} holds pictures but no class folders; lay it out as FOLDER/<class>/*.jpg"
            )
        of_samples = [PurePosixPath(name).parts[0] for name in self.sample_ids]
        used = set(of_samples)
        empty = [name for name in names if name not in used]
        if empty:
            raise UnitscopeError(
                f"class folder {str(self.folder / empty[0])!r} holds no picture files; fill it or take it away"
                + instead(find_pictures(self.folder / empty[0]).left_out)
            )
        self.class_names = tuple(names)
        places = {name: place for place, name in enumerate(names)}
        self.targets: NDArray[np.int64] = np.array([places[name] for name in of_samples], np.int64)

    def __repr__(self) -> str:
        return f"ClassFolders({str(self.folder)!r}, {len(self)} pictures of {len(self.class_names)} classes)"


def open_classed(given: str | Path | PictureSource | Indexed) -> ClassedSource:
    """Return pictures that know their class: a folder of class folders, what a package registers, a data set.

    Args:
        given: a folder, ``world[:COUNT[:SPLIT]]``, a source, or a data set (see `dataset_pictures`).

    Raises:
        UnitscopeError: there is no such source, or its pictures have no classes.
    """
    if isinstance(given, str | Path):
        if not names_registered(str(given)) and not names_shards(str(given)):
            return ClassFolders(as_path(given))
        given = open_pictures(str(given))
    given = as_source(given)
    if not isinstance(given, ClassedSource):
        if isinstance(given, DatasetPictures) and given.unnamed:
            raise UnitscopeError(
                f"what the classes of {given.name!r} are called is not known: {given.unnamed}; name them in the order "
                "of the numbers that its items carry, us.pictures(dataset, classes=['cat', 'dog'])"
            )
        raise UnitscopeError(
            f"the pictures of {given.name!r} belong to no classes; give a folder that holds one folder for each class"
        )
    return given
