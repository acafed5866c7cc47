"""Finding files in a folder, and hashing what is in them."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

HASHED_WHOLE = 2 * 2**30
"""Bytes up to which a set of files is hashed by content."""

WORKERS = min(8, os.cpu_count() or 1)

MANIFEST = "manifest.json"
"""What a run folder has; `unitscope.run` writes it, and stands above."""
OWN_FOLDER = "unitscope-"
"""How the file begins that marks a folder of pages."""
HEAD = 2048
"""Bytes of a manifest in which its schema version and status stand."""
MOST_READS = 64
"""How often one folder is read through different links: chains of links would multiply without end."""

FOLDER, NO_EXTENSION = "folder", "no extension"
IS_RUN = "written by unitscope, not searched"
NO_LIST = "cannot be listed"
READ_OFTEN = f"reached through more than {MOST_READS} links"
IRREGULAR = "neither file nor folder"
NOWHERE = "links that lead nowhere"


@dataclass(frozen=True)
class LeftOut:
    """Files of one extension that were not taken, for one reason; `extension` is ``folder`` for folders."""

    extension: str
    count: int
    reason: str


@dataclass(frozen=True)
class Found:
    """What is in a folder.

    Attributes:
        paths: of the files that were looked for, sorted, relative with ``/``.
        left_out: the others.
    """

    paths: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()

    def without(self, names: Collection[str], reason: str) -> Found:
        """Return the same with some files left out."""
        if not names:
            return self
        more = counted((extension(name), reason) for name in names)
        return Found(tuple(path for path in self.paths if path not in names), joined(self.left_out, more))


def find_files(folder: Path, suffixes: Collection[str]) -> tuple[str, ...]:
    """Return the files below a folder with one of `suffixes` (lower case), see `search`."""
    return search(folder, suffixes, reason="").paths


def search(
    folder: Path, suffixes: Collection[str], *, reason: str, reasons: Mapping[str, str] | None = None
) -> Found:
    """Return the files below a folder with one of `suffixes`, and count the others.

    Links to folders are followed, unless they lead back to a folder that they lie in. Names that begin with a dot are
    passed over, folders that hold a run or its pages are not searched, and only regular files are taken.

    Args:
        folder: where to look.
        suffixes: in lower case, with their dot.
        reason: why files of other extensions are left out.
        reasons: why those of some are.
    """
    walk = _Walk()
    walk.through(folder)
    taken = [path for path in walk.files if PurePosixPath(path).suffix.lower() in suffixes]
    chosen = set(taken)
    others = (extension(path) for path in walk.files if path not in chosen)
    more = counted((ending, (reasons or {}).get(ending, reason)) for ending in others)
    return Found(tuple(sorted(taken)), joined(counted(walk.left_out), more))


def extension(name: str) -> str:
    """Return the extension of a file in lower case with its dot, as it may stand in JSON."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace") or NO_EXTENSION


def counted(each: Iterable[tuple[str, str]]) -> tuple[LeftOut, ...]:
    """Count pairs of extension and reason, the most frequent first."""
    counts = Counter(each)
    return tuple(LeftOut(ending, count, why) for (ending, why), count in _ordered(counts))


def joined(*parts: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """Add up what several searches left out."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in (each for part in parts for each in part):
        counts[each.extension, each.reason] += each.count
    return tuple(LeftOut(ending, count, why) for (ending, why), count in _ordered(counts))


def _ordered(counts: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def same_name(name: str) -> str:
    """Return a name or path as names are compared: in the composed form (NFC), whichever form a file system keeps."""
    return unicodedata.normalize("NFC", name)


_Identity = tuple[int, int]
"""Device and number of a folder, whatever link leads to it."""


@dataclass
class _Walk:
    """What is found in a folder and the folders in it."""

    files: list[str] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    reads: Counter[_Identity] = field(default_factory=Counter)

    def through(self, top: Path) -> None:
        """Read all folders."""
        waiting: list[tuple[str, str, frozenset[_Identity]]] = [(os.fspath(top), "", frozenset())]
        while waiting:
            path, inside, above = waiting.pop()
            try:
                here = _identity(path)
                with os.scandir(path) as entries:
                    found = [entry for entry in entries if not entry.name.startswith(".")]
            except OSError:
                self.left_out.append((FOLDER, NO_LIST))
                continue
            if here in above:  # a link that leads back up
                continue
            if why := self._passed_over(path, here, [entry.name for entry in found]):
                self.left_out.append((FOLDER, why))
                continue
            for entry in found:
                if _leads_to_folder(entry):
                    waiting.append((entry.path, f"{inside}{entry.name}/", above | {here}))
                else:
                    self._take(entry, inside)

    def _passed_over(self, path: str, here: _Identity, names: Sequence[str]) -> str:
        """Return why a folder is not searched."""
        self.reads[here] += 1
        if self.reads[here] > MOST_READS:
            return READ_OFTEN
        return IS_RUN if is_own(path, names) else ""

    def _take(self, entry: os.DirEntry[str], inside: str) -> None:
        try:
            regular = entry.is_file()
            there = regular or os.path.exists(entry.path)
        except OSError:
            regular = there = False
        if regular:
            self.files.append(inside + entry.name)
        else:
            self.left_out.append((extension(entry.name), IRREGULAR if there else NOWHERE))


def _identity(path: str) -> _Identity:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_own(path: Path | str, names: Iterable[str] | None = None) -> bool:
    """Tell whether a folder was written by this package: it holds a run, or pages about some.

    Args:
        path: the folder.
        names: what is in it, if that is known.
    """
    listed = os.listdir(path) if names is None else list(names)
    if any(name.startswith(OWN_FOLDER) and name.endswith(".json") for name in listed):
        return True
    if MANIFEST not in listed:
        return False
    file = Path(path) / MANIFEST
    try:
        with regular_file(file).open("rb") as opened:
            head = opened.read(HEAD)
    except OSError:
        return False
    return b'"schema_version"' in head and b'"status"' in head


def regular_file(path: Path) -> Path:
    """Return a path that may be opened: reading a pipe or a device could wait for ever.

    Raises:
        OSError: there is nothing, or something else than a file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(f"it is {'a folder' if path.is_dir() else 'no regular file'}")
    return path


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
