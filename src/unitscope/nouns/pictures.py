"""Pictures, and the pixel grid over them, from what a person names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.paths import AnyPath, as_path
from unitscope.sources.base import ClassedSource, PictureSource
from unitscope.sources.classes import ClassFolders, open_classed
from unitscope.sources.dataset import ClassedDataset, Indexed, as_source, dataset_pictures
from unitscope.sources.formats import picture_suffixes
from unitscope.sources.item import Range, is_array
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.pictures import ListedPictures, PictureFolder
from unitscope.sources.shards import names_shards, open_shards
from unitscope.sources.specs import names_registered, open_pictures

Grid = int | tuple[int, int] | str
"""Points of the pixel grid: 56, ``(48, 64)`` or ``48x64``."""
PicturesOf = AnyPath | PictureSource | Indexed
"""Pictures, or what :func:`pictures` makes some of."""
PicturesLike = PicturesOf | Sequence[PicturesOf]
PICTURE_TYPES = (Image.Image, tuple, dict, bytes)
"""Items of a list that is a data set of its own, besides arrays and tensors of one picture."""


def pictures(
    *sources: PicturesLike,
    range: Range | None = None,  # noqa: A002
    classes: Sequence[str] = (),
) -> PictureSource:
    """Return pictures in a fixed order, several sources one after the other.

    Args:
        sources: folders, lists of picture files, ``world[:count[:split]]``, files that hold many pictures, as
            ``photos-{000..099}.tar`` or ``train.parquet``, picture sources, data sets of ``torch`` or Hugging Face,
            arrays ``(N, H, W, 3)``, or lists of pictures such as PIL images.
        range: the values of black and white in arrays and tensors, such as ``(0, 1)``; those of uint8 need none.
        classes: names of the numbers that items of a data set carry, in order, where it does not say them itself.

    Raises:
        UnitscopeError: there are none, something holds no pictures, or `classes` are given for something else than one
            data set.
    """
    found = [source for given in sources for source in _opened(given, range, classes)]
    if classes and [type(source) for source in found] != [ClassedDataset]:
        raise UnitscopeError(
            "classes= are the names of the numbers in one data set, and something else is given; give that data set "
            "alone"
        )
    if not found:
        raise UnitscopeError("no pictures given; name a folder with --images")
    return found[0] if len(found) == 1 else JoinedPictures(found)


def _opened(given: PicturesLike, stated: Range | None, classes: Sequence[str] = ()) -> list[PictureSource]:
    given = _listed(given)
    if not isinstance(given, list | tuple):
        return [
            open_pictures(str(given)) if isinstance(given, AnyPath) else as_source(given, stated, classes)
        ]
    if given and all(map(_is_picture, given)):
        return [dataset_pictures(given, classes=classes, range=stated)]
    found: list[PictureSource] = []
    for kind, group in groupby(given, _kind):
        listed = list(group)
        if kind == "file":
            found.append(ListedPictures(listed))
        elif kind == "shard":
            found.append(open_shards(*map(str, listed)))
        else:
            found += [source for each in listed for source in _opened(each, stated, classes)]
    return found


def _listed(given: PicturesLike) -> PicturesLike:
    """Return an array, or a column of pandas, that holds something else than numbers (paths) as a list of that."""
    kind = getattr(getattr(given, "dtype", None), "kind", "")
    listed: Callable[[], list[PicturesOf]] | None = getattr(given, "tolist", None)
    one_axis = getattr(given, "ndim", 0) == 1
    return listed() if listed is not None and one_axis and kind in ("O", "U") else given


def _kind(each: object) -> str:
    """Tell entries of a list that belong to their neighbours: picture files, and files that hold many pictures."""
    if _is_file(each):
        return "file"
    named = isinstance(each, AnyPath) and not names_registered(str(each))
    return "shard" if named and names_shards(str(each)) else ""


def _is_picture(each: object) -> bool:
    return isinstance(each, PICTURE_TYPES) or (is_array(each) and len(getattr(each, "shape", ())) in (2, 3))


def _is_file(each: object) -> bool:
    """Tell whether an entry of a list is one picture file; what is not there is taken for one by its extension."""
    if not isinstance(each, AnyPath) or names_registered(str(each)) or names_shards(str(each)):
        return False
    path = as_path(each)
    return not path.is_dir() and (path.exists() or path.suffix.lower() in picture_suffixes())


def parts_of(source: PictureSource) -> tuple[PictureSource, ...]:
    """Return the sources that pictures were joined from."""
    return source.sources if isinstance(source, JoinedPictures) else (source,)


def classed(given: PicturesLike) -> ClassedSource:
    """Return pictures that know their class: a folder of class folders, the world's, or a data set's.

    Raises:
        UnitscopeError: there are none such, or they have no classes.
    """
    if isinstance(given, PictureFolder) and not isinstance(given, ClassedSource | ListedPictures):
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
