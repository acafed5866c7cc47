"""Paths as a person gives them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

AnyPath = str | Path


def as_paths(given: AnyPath | Sequence[AnyPath]) -> list[Path]:
    """Return one path or several as a list."""
    listed = [given] if isinstance(given, str | Path) else given
    return [Path(path).expanduser() for path in listed]
