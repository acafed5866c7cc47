"""Pictures that two sources have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from unitscope.sources.base import PictureSource
from unitscope.sources.pictures import PictureFolder


def count_shared(one: PictureSource, other: PictureSource) -> int:
    """Return how many picture files of the second source are in the first as well, byte for byte.

    Pictures that are no files in folders are not compared, and files only with those of their size.
    """
    if not (isinstance(one, PictureFolder) and isinstance(other, PictureFolder)):
        return 0
    sizes, others = _by_size(one), _by_size(other)
    return sum(
        len([content for content in _contents(others[size]) if content in known])
        for size in sizes.keys() & others.keys()
        for known in [set(_contents(sizes[size]))]
    )


def _by_size(source: PictureFolder) -> dict[int, list[Path]]:
    found: dict[int, list[Path]] = {}
    for index, _ in enumerate(source.sample_ids):
        path = source.path(index)
        if path.is_file():
            found.setdefault(path.stat().st_size, []).append(path)
    return found


def _contents(paths: Iterable[Path]) -> Iterable[bytes]:
    for path in paths:
        with path.open("rb") as file:
            yield hashlib.file_digest(file, "sha256").digest()
