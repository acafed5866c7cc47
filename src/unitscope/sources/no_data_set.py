"""What is given in place of a data set, and what to give instead."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.sources.item import is_array


def refuse_no_data_set(given: object) -> None:
    """Refuse what only looks like a data set, or is one in another shape.

    Raises:
        UnitscopeError: it is so; the message says what to give.
    """
    what = type(given).__name__
    shape = (
        getattr(given, "shape", ()) if is_array(given) else None
    )  # rows and columns of a table are no picture
    indexed = hasattr(given, "__len__") and hasattr(given, "__getitem__")
    if isinstance(given, Image.Image):
        raise UnitscopeError("one picture is given; give several as a list")
    if shape is not None and len(shape) != 4:
        raise UnitscopeError(
            f"an array of shape {tuple(shape)} could be one picture or several; give pictures as a list, or as one "
            "array (N, H, W, 3)"
        )
    if hasattr(given, "iloc"):
        raise UnitscopeError(
            f"a {what} is no data set whose items can be read by number; give a list of its paths, as "
            "list(table['path'])"
        )
    if isinstance(given, Mapping) and not indexed_by_number(given):
        first = next(iter(given), "train")
        raise UnitscopeError(
            f"a {what} holds several data sets, {', '.join(map(str, given))}; give one of them, such as [{first!r}]"
        )
    if hasattr(given, "dataset") and hasattr(given, "batch_size") and not hasattr(given, "__getitem__"):
        raise UnitscopeError(
            f"a {what} hands out batches in an order of its own, and a run reads single pictures by number, some "
            "of them twice; give the Dataset that it loads, its .dataset, without random transforms"
        )
    if not indexed:
        raise UnitscopeError(
            f"a {what} holds no pictures that can be read by number; give a folder, or a data set with a length and "
            "numbered items"
        )


def indexed_by_number(given: Mapping[object, object]) -> bool:
    """Tell whether a mapping is a data set whose keys are the numbers of its items."""
    return all(isinstance(key, int) for key in given)
