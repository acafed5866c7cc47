"""Finding files in a folder, and hashing what is in them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

HASHED_WHOLE = 2 * 2**30
"""Bytes up to which a set of files is hashed by content."""

WORKERS = min(8, os.cpu_count() or 1)


def find_files(folder: Path, suffixes: Collection[str]) -> tuple[str, ...]:
    """Return the files below a folder with one of `suffixes` (lower case), as sorted relative posix paths.

    Links to folders are followed; names that begin with a dot are left out.
    """
    return tuple(sorted(path for path in _walk(folder) if PurePosixPath(path).suffix.lower() in suffixes))


def _walk(folder: Path) -> Iterator[str]:
    seen: set[str] = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:  # a link that leads back up
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(here).relative_to(folder)
        yield from ((inside / name).as_posix() for name in files if not name.startswith("."))


def files_hash(folder: Path, names: Sequence[str]) -> str:
    """Return the SHA-256 of a set of files, as hexadecimal digits.

    It covers every relative path, with the bytes of the file if all files together hold at most 2 GiB, and
    otherwise with its size only.
    """
    sizes = [_size(folder / name) for name in names]
    digest = hashlib.sha256()
    if sum(sizes) > HASHED_WHOLE:
        marks = [str(size) for size in sizes]
    else:
        with ThreadPoolExecutor(WORKERS) as pool:
            marks = list(pool.map(lambda name: _file_hash(folder / name), names))
    for name, mark in zip(names, marks, strict=True):
        digest.update(f"{name}\t{mark}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _file_hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:  # it will be reported as unreadable when its turn comes
        return type(error).__name__


def combined_hash(*parts: object) -> str:
    """Return the SHA-256 of some JSON values, as hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
