"""Sources by what the user writes: a folder, or the name of pictures that a package registers."""

from __future__ import annotations

from unitscope.errors import UnitscopeError
from unitscope.paths import as_path
from unitscope.registered import PICTURES, make_registered, registered
from unitscope.sources.base import PictureSource
from unitscope.sources.pictures import PictureFolder
from unitscope.sources.shards import names_shards, open_shards


def open_pictures(spec: str) -> PictureSource:
    """Return the source that `spec` names.

    Args:
        spec: the path of a folder of pictures; or ``world``, ``world:800``, ``world:800:test`` or
            ``world:80:test:park,street`` for that many pictures of the built-in world, from that split, of those
            classes (a folder called "world" is ``./world``); or files that hold many pictures, see
            :func:`unitscope.sources.shards.open_shards`.

    Raises:
        UnitscopeError: there is no such source.
    """
    if not names_registered(spec):
        if names_shards(spec):
            return open_shards(spec)
        return PictureFolder(as_path(spec))
    made = make_registered(PICTURES, spec.partition(":")[0], spec)
    if isinstance(made, PictureSource):
        return made
    raise UnitscopeError(
        f"pictures {spec!r} are a {type(made).__name__}; what is registered must return a PictureSource"
    )


def names_registered(spec: str) -> bool:
    """Tell whether `spec` means pictures that are registered, such as those of the built-in world, and not a folder."""
    return spec.partition(":")[0] in registered(PICTURES)
