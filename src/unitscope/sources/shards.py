"""Files that hold many pictures, as they are named: ``photos-{000..099}.tar``, ``train.parquet``, a saved data set."""

from __future__ import annotations

import re
from pathlib import Path

from unitscope.errors import UnitscopeError
from unitscope.paths import as_path
from unitscope.sources.lmdbs import LmdbPictures
from unitscope.sources.packed import PackedPictures
from unitscope.sources.tables import saved_files, table_pictures
from unitscope.sources.tars import TarPictures

LMDB = ".lmdb"
TABLES = (".parquet", ".arrow")
COMPRESSED = (".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
MOST_NAMES = 1_000_000
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")


def names_shards(spec: str) -> bool:
    """Tell whether what is written means files that hold many pictures each."""
    name = spec.lower()
    return name.endswith((".tar", LMDB, *TABLES, *COMPRESSED)) or _is_saved(as_path(spec))


def open_shards(*specs: str) -> PackedPictures:
    """Return the pictures of such files, in order.

    Args:
        specs: paths, in which ``{000..099}`` and ``{a,b}`` stand for several.

    Raises:
        UnitscopeError: a file is not there or damaged, or they are of several kinds.
    """
    paths = [path for spec in specs for path in _files(spec)]
    kinds = {_kind(path) for path in paths}
    if len(kinds) > 1:
        raise UnitscopeError(
            f"{' and '.join(sorted(kinds, reverse=True))} are given together; give them as two sources"
        )
    if kinds == {"LMDB files"}:
        return LmdbPictures(paths)
    return table_pictures(paths) if kinds == {"tables"} else TarPictures(paths)


def _kind(path: Path) -> str:
    ending = path.suffix.lower()
    return "tables" if ending in TABLES else "LMDB files" if ending == LMDB else "tar files"


def _files(spec: str) -> list[Path]:
    if spec.lower().endswith(COMPRESSED):
        raise UnitscopeError(
            f"tar file {spec!r} is compressed, so no picture in it can be read alone; unpack it to a plain tar"
        )
    path = as_path(spec)
    if path.is_file():
        return [path]
    saved = saved_files(path) if path.is_dir() else None
    return saved if saved is not None else [as_path(name) for name in in_braces(spec)]


def in_braces(text: str) -> list[str]:
    """Return what a text with braces stands for: ``x-{08..10}`` for x-08, x-09 and x-10, ``{a,b}.tar`` for both.

    Raises:
        UnitscopeError: the braces say nothing of the kind, or stand for too many.
    """
    found = _BRACES.search(text)
    if found is None:
        return [text]
    names = [
        text[: found.start()] + each + rest
        for each in _alternatives(found[1], text)
        for rest in in_braces(text[found.end() :])
    ]
    if len(names) > MOST_NAMES:
        raise UnitscopeError(f"{text!r} stands for more than {MOST_NAMES:,} files; give fewer")
    return names


def _alternatives(inside: str, text: str) -> list[str]:
    if span := _RANGE.fullmatch(inside):
        low, high = int(span[1]), int(span[2])
        if low <= high < low + MOST_NAMES:
            return [str(number).zfill(len(span[1])) for number in range(low, high + 1)]
    elif "," in inside:
        return inside.split(",")
    raise UnitscopeError(
        f"{{{inside}}} in {text!r} cannot be read; write {{000..099}} for numbers, or {{a,b}} for words"
    )


def _is_saved(path: Path) -> bool:
    one, several = ("state.json", "dataset_info.json"), ("dataset_dict.json",)
    return any(all((path / name).is_file() for name in names) for names in (one, several))
