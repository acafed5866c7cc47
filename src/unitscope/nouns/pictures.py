"""Pictures, and the pixel grid over them, from what a person names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.nouns.paths import AnyPath
from unitscope.sources.base import ClassedSource, PictureSource
from unitscope.sources.classes import ClassFolders, open_classed
from unitscope.sources.dataset import Indexed, as_source, dataset_pictures
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.pictures import PictureFolder
from unitscope.sources.specs import open_pictures

Grid = int | tuple[int, int] | str
"""Points of the pixel grid: 56, ``(48, 64)`` or ``48x64``."""
PicturesOf = AnyPath | PictureSource | Indexed
"""Pictures, or what :func:`pictures` makes some of."""
PicturesLike = PicturesOf | Sequence[PicturesOf]
PICTURE_TYPES = (Image.Image, np.ndarray, tuple, dict)
"""Items of a list that is a data set of its own."""


def pictures(*sources: PicturesLike) -> PictureSource:
    """Return pictures in a fixed order, several sources one after the other.

    Args:
        sources: folders, ``world[:count[:split]]``, picture sources, data sets of ``torch`` or Hugging Face, or lists
            of pictures such as PIL images.

    Raises:
        UnitscopeError: there are none, or something holds no pictures.
    """
    found = [source for given in sources for source in _opened(given)]
    if not found:
        raise UnitscopeError("no pictures given; name a folder with --images")
    return found[0] if len(found) == 1 else JoinedPictures(found)


def _opened(given: PicturesLike) -> list[PictureSource]:
    listed: Sequence[PicturesOf] = given if isinstance(given, list | tuple) else [given]
    if listed and all(isinstance(each, PICTURE_TYPES) for each in listed):
        return [dataset_pictures(listed)]
    return [open_pictures(str(each)) if isinstance(each, AnyPath) else as_source(each) for each in listed]


def parts_of(source: PictureSource) -> tuple[PictureSource, ...]:
    """Return the sources that pictures were joined from."""
    return source.sources if isinstance(source, JoinedPictures) else (source,)


def classed(given: PicturesLike) -> ClassedSource:
    """Return pictures that know their class: a folder of class folders, the world's, or a data set's.

    Raises:
        UnitscopeError: there are none such, or they have no classes.
    """
    if isinstance(given, PictureFolder) and not isinstance(given, ClassedSource):
        return ClassFolders(given.folder)
    return open_classed(given if isinstance(given, AnyPath) else pictures(given))


def pixel_grid(
    grid: Grid | None, size: tuple[int, int], default: tuple[int, int], what: str
) -> tuple[int, int]:
    """Read the pixel grid ``(gh, gw)`` over pictures of `size` pixels; `default` without one.

    Raises:
        UnitscopeError: it cannot be read, or does not fit `what` it lies over.
    """
    if grid is None:
        return default
    if isinstance(grid, str):
        parts = grid.lower().split("x")
        if len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):
            raise UnitscopeError(
                f"the pixel grid {grid!r} cannot be read; write 56, or 48x64 for rows x columns"
            )
        grid = (int(parts[0]), int(parts[-1]))
    rows, columns = (grid, grid) if isinstance(grid, int) else grid
    if not (1 <= rows <= size[0] and 1 <= columns <= size[1]):
        raise UnitscopeError(
            f"a pixel grid of {rows}x{columns} does not fit {what} of {size[0]}x{size[1]} pixels; "
            "give from 1 to as many points as there are pixels"
        )
    return rows, columns
