"""Paths as people give them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from unitscope.errors import UnitscopeError

AnyPath = str | Path

LONGEST_NAME, LONGEST_PATH = 255, 4095
"""Bytes of a name and of a path that file systems take."""
SHOWN = 60
"""Characters of a path that cannot be one, in a message."""


def as_path(given: AnyPath) -> Path:
    """Return a path with the home folder in place of ``~``.

    Raises:
        UnitscopeError: no file can be called so.
    """
    text = os.fspath(given)
    shown = repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
    if "\0" in text:
        raise UnitscopeError(f"{shown} has a NUL character, which no path has; check what was given")
    try:
        encoded = os.fsencode(text)
        encoded.decode("utf-8")
        text.encode("utf-8")
    except UnicodeDecodeError:
        raise UnitscopeError(f"{shown} is not in UTF-8; rename it") from None
    except UnicodeEncodeError:
        raise UnitscopeError(
            f"{shown} has characters that this locale has not; set LC_ALL=C.UTF-8 or PYTHONUTF8=1"
        ) from None
    longest = max(map(len, encoded.split(os.fsencode(os.sep))))
    if longest > LONGEST_NAME or len(encoded) > LONGEST_PATH:
        raise UnitscopeError(f"{shown} is longer than a file name may be; check what was given")
    try:
        return Path(given).expanduser()
    except RuntimeError:
        raise UnitscopeError(
            f"{shown} starts with ~, and no home folder is known for it; give a path"
        ) from None


def as_paths(given: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """Return one path or several as a list."""
    return [as_path(path) for path in ([given] if isinstance(given, str | Path) else given)]
