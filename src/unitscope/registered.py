"""Networks, generators, segmenters and pictures that packages register by name, as entry points.

A name is found without importing anything; its function is loaded when somebody asks for it. The embedded world is
registered like that of any other package (``pyproject.toml``; ``docs/models.md`` says how).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from unitscope.errors import UnitscopeError, one_line

NETWORKS, GENERATORS = "unitscope.networks", "unitscope.generators"
"""Groups of functions without arguments, which return a `Network` and a `Generator` or an ``nn.Module``."""
SEGMENTERS = "unitscope.segmenters"
"""Functions without arguments that return a `Segmenter`."""
PICTURES = "unitscope.pictures"
"""Functions of what was written, ``NAME`` or ``NAME:...``, that return a `PictureSource`."""

VIEWS = "unitscope.views"
"""Functions that show a result, or ask its network again: what a run can be asked and lies above it."""


def registered(group: str) -> Mapping[str, EntryPoint]:
    """Return what is registered in a group, by name; the first of two with one name, in the order of the path."""
    return _registered(group, tuple((folder, _changed(folder)) for folder in sys.path))


@lru_cache(maxsize=16)
def _registered(group: str, _folders: tuple[tuple[str, int], ...]) -> Mapping[str, EntryPoint]:
    """Return the same; what is installed does not change while the folders of the path do not."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        found.setdefault(entry.name, entry)
    return found


def _changed(folder: str) -> int:
    """Return when something came into a folder or left it, in nanoseconds; 0 where there is none."""
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return 0


def package_of(entry: EntryPoint) -> str:
    """Return the name of the package that registers something."""
    return entry.dist.name if entry.dist else entry.module


def make_registered(group: str, name: str, *given: object) -> object:
    """Return what the function registered under a name returns.

    Raises:
        UnitscopeError: it cannot be imported, or raised.
    """
    entry = registered(group)[name]
    try:
        made: object = entry.load()(*given)
    except UnitscopeError:
        raise
    except Exception as error:
        raise UnitscopeError(
            f"{name!r}, which the package {package_of(entry)} registers as {entry.value}, cannot be made: "
            f"{one_line(error)}"
        ) from error
    return made
