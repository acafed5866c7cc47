"""Pictures, paths and the pixel grid over them, from what a person names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.sources.base import PictureSource
from unitscope.sources.dataset import Indexed, as_source, dataset_pictures
from unitscope.sources.specs import open_pictures

AnyPath = str | Path
PICTURE_TYPES = (Image.Image, np.ndarray, tuple, dict)
"""Items of a list that is a data set of its own."""


def open_sources(
    images: AnyPath | PictureSource | Indexed | Sequence[AnyPath | PictureSource | Indexed],
) -> list[PictureSource]:
    """Return the sources that are named or given; at least one.

    A list of pictures themselves, such as PIL images, is one source.
    """
    listed: Sequence[Any] = images if isinstance(images, list | tuple) else [images]
    if not listed:
        raise UnitscopeError("no pictures given; name a folder with --images")
    if all(isinstance(each, PICTURE_TYPES) for each in listed):
        return [dataset_pictures(listed)]
    return [open_pictures(str(each)) if isinstance(each, str | Path) else as_source(each) for each in listed]


def as_paths(given: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """Return one path or several as a list."""
    listed = [given] if isinstance(given, str | Path) else given
    return [Path(path).expanduser() for path in listed]


def pixel_grid(
    grid: int | tuple[int, int] | str | None, size: tuple[int, int], default: tuple[int, ...], what: str
) -> tuple[int, int]:
    """Read the pixel grid ``(gh, gw)`` over pictures of `size` pixels, as 56 or ``48x64``; `default` without one.

    Raises:
        UnitscopeError: it cannot be read, or does not fit `what` it lies over.
    """
    if grid is None:
        return default[0], default[1]
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
