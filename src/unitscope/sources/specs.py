"""Sources by what the user writes: a folder, or the built-in world."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, cast

from unitscope.errors import UnitscopeError
from unitscope.sources.base import PictureSource
from unitscope.sources.pictures import PictureFolder

WORLD = "world"
WORLD_COUNT = 1000
"""Pictures of the built-in world when no number is given."""


def open_pictures(spec: str) -> PictureSource:
    """Return the source that `spec` names.

    Args:
        spec: the path of a folder of pictures; or ``world``, ``world:800`` or ``world:800:test`` for that
            many pictures of the built-in world, from that split (a folder called "world" is ``./world``).

    Raises:
        UnitscopeError: there is no such source.
    """
    if names_the_world(spec):
        return _open_world(spec)
    return PictureFolder(Path(spec).expanduser())


def names_the_world(spec: str) -> bool:
    """Tell whether `spec` means the built-in world and not a folder."""
    return spec == WORLD or spec.startswith(f"{WORLD}:")


def _open_world(spec: str) -> PictureSource:
    _, *rest = spec.split(":")
    count = rest[0] if rest else str(WORLD_COUNT)
    if (
        len(rest) > 2
        or not (count.isascii() and count.isdigit() and int(count))
        or (len(rest) == 2 and not rest[1])
    ):
        raise UnitscopeError(
            f"pictures {spec!r} cannot be read; write world, world:COUNT or world:COUNT:SPLIT, "
            "for example world:800:test"
        )
    world: Any = importlib.import_module("unitscope.world")
    options = {"split": rest[1]} if len(rest) == 2 else {}
    return cast(PictureSource, world.WorldPictures(int(count), **options))
