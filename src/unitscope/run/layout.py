"""Where files lie in a run folder, and in which order they travel to a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from unitscope.run.manifest import MANIFEST

CELLS = "cache"
"""Folder with what is kept of activations, which is most of a run and which few questions need."""
SHARDS, TABLES, PICTURES, ATTACKED = "shards", "tables", "pictures", "attacked"
FIRST, LAST = (CELLS, PICTURES, ATTACKED, TABLES), (SHARDS, MANIFEST)
"""What is put into a store before everything else, and after it, in order: each file after those it speaks of."""


def within(name: str, folder: str) -> bool:
    """Return whether a file is in a folder; an empty one holds all."""
    return not folder or name == folder or name.startswith(f"{folder}/")


def children(names: Iterable[str]) -> list[str]:
    """Return the folders of runs below the one whose files have these names."""
    found = (PurePosixPath(name) for name in names)
    return sorted(name.parent.as_posix() for name in found if name.name == MANIFEST and len(name.parts) > 1)


def in_order(names: Iterable[str]) -> Iterator[list[str]]:
    """Yield the names that may travel together, those first that others speak of."""
    ranks: dict[int, list[str]] = {}
    for name in names:
        ranks.setdefault(_rank(name), []).append(name)
    for _, together in sorted(ranks.items()):
        yield together


def _rank(name: str) -> int:
    top = name.split("/", maxsplit=1)[0]
    return 0 if top in FIRST else 1 + (LAST.index(top) + 1 if top in LAST else 0)
