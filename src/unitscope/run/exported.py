"""What an export holds: which files, in which form, with which checksums; what may be in one that is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

import msgspec

from unitscope.errors import UnitscopeError, as_typed
from unitscope.run.layout import ATTACKED, PICTURES, TABLES
from unitscope.run.manifest import MANIFEST

ExportForm = Literal["hub", "parquet", "csv", "zip"]
FORMS: tuple[ExportForm, ...] = get_args(ExportForm)
FORMAT: Literal["unitscope export"] = "unitscope export"
EXPORT_VERSION = 1
"""Of the layout that ``docs/export.md`` describes."""
RECORD, CARD, PACKED = "export.json", "README.md", "pictures.parquet"
PICTURE_FOLDERS = (PICTURES, ATTACKED)
DEEPEST, MOST_FILES = 40, 500_000
"""Folders below each other, and files, that an export may have."""


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """A file of an export: bytes, and SHA-256."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ExportRecord:
    """What an export says of itself, in ``export.json``.

    Attributes:
        format: always ``unitscope export``.
        version: of the layout.
        form: how it was written.
        pictures: whether pictures are in it.
        unitscope: the version that wrote it.
        files: every other file but the data card, by path.
    """

    format: Literal["unitscope export"]
    version: int
    form: ExportForm
    pictures: bool
    unitscope: str
    files: dict[str, FileRecord]


def read_record(content: bytes, where: str) -> ExportRecord:
    """Read what an export says of itself, and check the names of its files.

    Args:
        content: of ``export.json``.
        where: the export, for errors.

    Raises:
        UnitscopeError: it is damaged, of a later version, or names files that no export has.
    """
    try:
        found = msgspec.json.decode(content)
        version = found["version"] if found["format"] == FORMAT else None
        if isinstance(version, int) and version > EXPORT_VERSION:
            raise UnitscopeError(
                f"{where} is an export of version {version}, this unitscope reads {EXPORT_VERSION}; install a later one"
            )
        record = msgspec.convert(found, ExportRecord)
    except (ValueError, TypeError, KeyError) as error:
        raise UnitscopeError(f"{RECORD} of {where} is damaged ({error}); export the run again") from error
    check_names(record.files, where)
    return record


def check_names(names: Mapping[str, object] | Iterable[str], where: str) -> None:
    """Refuse names that are not those of an export's files.

    Args:
        names: paths in it.
        where: the export, for errors.

    Raises:
        UnitscopeError: a name leads out of it, belongs to no run, or two of them are one on some systems.
    """
    seen: set[str] = set()
    for number, name in enumerate(names):
        if number >= MOST_FILES:
            raise UnitscopeError(
                f"{where} has more than {MOST_FILES:,} files, which no export has; it is not unpacked"
            )
        if not _allowed(name):
            raise UnitscopeError(
                f"{where} has a file {as_typed(name)}, which no export has; it is not unpacked"
            )
        if name.casefold() in seen:
            raise UnitscopeError(f"{where} has {as_typed(name)} twice; it is not unpacked")
        seen.add(name.casefold())


def _allowed(name: str) -> bool:
    """Return whether a path is that of a run's file: no way out, nothing that some system reads otherwise."""
    parts = name.split("/")
    plain = all(part.strip(". ") and part == part.rstrip(". ") and part.isprintable() for part in parts)
    if not plain or len(parts) > DEEPEST or set(name) & set('\\:*?"<>|'):
        return False
    path = PurePosixPath(name)
    if path.name in (MANIFEST, PACKED):
        return True
    if path.parent.name == TABLES:
        return path.suffix in (".parquet", ".csv")
    return any(part in PICTURE_FOLDERS for part in parts[:-1]) and path.suffix in (".jpg", ".png")
