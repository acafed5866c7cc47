"""Open what was exported as a run again: every name and checksum is looked at before anything is in its place."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from unitscope.errors import UnitscopeError, as_typed
from unitscope.paths import AnyPath
from unitscope.run.address import local_path
from unitscope.run.dissection import Dissection, open_run
from unitscope.run.exported import (
    PACKED,
    PICTURE_FOLDERS,
    RECORD,
    ExportRecord,
    FileRecord,
    check_names,
    read_record,
)
from unitscope.run.folder import check_whole, require_kind
from unitscope.run.layout import TABLES
from unitscope.run.manifest import MANIFEST, Manifest, NetworkRecord, SegmenterRecord, read_manifest
from unitscope.run.older import LATER_TABLES
from unitscope.run.storage import refuse_existing, scratch_folder, writing

LARGEST_RECORD = 2**27
"""Bytes of ``export.json`` at most."""
SMALL, MOST_UNPACKED = 2**26, 100
"""A zip file may hold so many bytes, or so many times its own: exports are packed already."""
BLOCK = 2**20
POINTER = b"version https://git-lfs"
LIBRARIES = ("torchvision:", "timm:", "transformers:", "csail:")
CODE = re.compile(r".+:[A-Za-z_]\w*")
"""``package.module:function`` and ``file.py:function``."""
REMARK = "imported, without the activations that the run had kept"
CODE_REMARK = (
    "a network, segmenter or function named as Python code is not taken from an import; give it again"
)


class Files(Protocol):
    """The files of an export."""

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none."""

    def open(self, name: str) -> BinaryIO:
        """Open a file."""


class FolderFiles:
    """The files of a folder, which holds no links."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none.

        Raises:
            UnitscopeError: it is a link, or behind one.
        """
        place = self._path
        for part in name.split("/"):
            place /= part
            if place.is_symlink():
                raise UnitscopeError(
                    f"{place} is a link, which no export has; copy the files themselves (downloads from the Hugging "
                    "Face Hub have them with --local-dir)"
                )
        return place.stat().st_size if place.is_file() else None

    def open(self, name: str) -> BinaryIO:
        """Open a file."""
        return (self._path / name).open("rb")


class ZipFiles:
    """The files of a zip file, which may have one folder around them.

    Raises:
        UnitscopeError: it holds links, paths that lead out of it, a name twice, passwords, or more than an export does.
    """

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive, self._path = archive, path
        self._entries: dict[str, zipfile.ZipInfo] = {}
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for entry in entries:
            self._check(entry)
            self._entries[entry.filename] = entry
        if len(self._entries) < len(entries):
            raise self._refused("has a file twice")
        total = sum(entry.file_size for entry in entries)
        if total > max(SMALL, MOST_UNPACKED * path.stat().st_size):
            raise self._refused(f"would become {total:,} bytes, more than {MOST_UNPACKED} times its own")
        around = [name.removesuffix(RECORD) for name in self._entries if name.split("/")[1:] == [RECORD]]
        self._start = around[0] if len(around) == 1 and RECORD not in self._entries else ""

    def _check(self, entry: zipfile.ZipInfo) -> None:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in entry.filename:
            raise self._refused(f"has a path that leads out of it, {as_typed(entry.filename)}")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise self._refused(f"has a link, {as_typed(entry.filename)}")
        if entry.flag_bits & 1:
            raise self._refused("asks for a password")

    def _refused(self, why: str) -> UnitscopeError:
        return UnitscopeError(f"{self._path} {why}, which no export does; it is not unpacked")

    def size(self, name: str) -> int | None:
        """Return the bytes of a file; None where there is none."""
        entry = self._entries.get(self._start + name)
        return None if entry is None else entry.file_size

    def open(self, name: str) -> BinaryIO:
        """Open a file."""
        return self._archive.open(self._entries[self._start + name])  # type: ignore[return-value]


def import_run(source: AnyPath, out: AnyPath) -> Dissection:
    """Open an export as a run again: tables, units, report and questions, with whatever needs no kept activations.

    Nothing of it is run: a network, a segmenter or a function that is named as Python code is not taken over.

    Args:
        source: a folder or a zip file that :func:`export` wrote, or a copy of one from the Hugging Face Hub.
        out: the run folder, new.

    Returns:
        The run.

    Raises:
        UnitscopeError: it is no export, is damaged, or holds what no export does; or there is something at `out`.
    """
    path, place = local_path(source), local_path(out)
    refuse_existing(place)
    with _opened(path) as files:
        record = _record(files, path)
        _refuse_no_room(place, record, path)
        with scratch_folder(place) as folder:
            for name, wanted in record.files.items():
                _copy(files, name, wanted, folder / name, path)
            try:
                _settle(folder)
            except UnitscopeError as error:
                said = str(error.args[0]).replace(str(folder), str(path))
                raise UnitscopeError(said) from error
            with writing(place):
                folder.rename(place)
    return open_run(place)


@contextmanager
def _opened(path: Path) -> Iterator[Files]:
    if path.is_dir():
        yield FolderFiles(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield ZipFiles(archive, path)
    except OSError as error:
        raise UnitscopeError(f"cannot read {path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise UnitscopeError(f"{path} is no whole zip file ({error}); copy it again") from error


def _record(files: Files, path: Path) -> ExportRecord:
    """Return what an export says of itself.

    Raises:
        UnitscopeError: it is none, or one that cannot be imported.
    """
    size = files.size(RECORD)
    if size is None:
        if files.size(MANIFEST) is not None:
            raise UnitscopeError(f"{path} is a run folder and no export: open it as it is")
        raise UnitscopeError(f"{path} is no export, it has no {RECORD}; 'unitscope export RUN' makes one")
    if size > LARGEST_RECORD:
        raise UnitscopeError(f"{RECORD} of {path} has {size:,} bytes, which no export has; it is not read")
    with files.open(RECORD) as file:
        record = read_record(file.read(size), str(path))
    if record.form == "csv":
        raise UnitscopeError(
            f"{path} was exported as csv, which is for reading; export the run again, with --to zip, parquet or hub"
        )
    return record


def _refuse_no_room(place: Path, record: ExportRecord, path: Path) -> None:
    wanted = sum(each.bytes for each in record.files.values())
    near = next(folder for folder in place.absolute().parents if folder.exists())
    free = shutil.disk_usage(near).free
    if wanted > free:
        raise UnitscopeError(
            f"{path} has {wanted:,} bytes and {near} has room for {free:,}; free some space, or give --out elsewhere"
        )


def _copy(files: Files, name: str, wanted: FileRecord, place: Path, path: Path) -> None:
    """Copy a file, if it has the bytes that were written.

    Raises:
        UnitscopeError: it has others, or is gone.
    """
    if files.size(name) is None:
        raise UnitscopeError(f"{name} is gone from {path}; copy or download it again")
    found, left, start = hashlib.sha256(), wanted.bytes, b""
    with writing(place), _new_file(place) as target:
        for block in _blocks(files, name, path):
            left, start = left - len(block), start or block[: len(POINTER)]
            if left < 0:
                break
            found.update(block)
            target.write(block)
    if start == POINTER:
        raise UnitscopeError(f"{name} of {path} is a pointer of git LFS; fetch the files with 'git lfs pull'")
    if left or found.hexdigest() != wanted.sha256:
        raise UnitscopeError(
            f"{name} of {path} is damaged: its checksum is another; copy or download it again"
        )


def _new_file(place: Path) -> BinaryIO:
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.open("xb")


def _blocks(files: Files, name: str, path: Path) -> Iterator[bytes]:
    """Read a file of an export.

    Raises:
        UnitscopeError: it cannot be read.
    """
    try:
        with files.open(name) as source:
            while block := source.read(BLOCK):
                yield block
    except OSError as error:
        raise UnitscopeError(f"cannot read {name} of {path}: {error.strerror or error}") from error


def _settle(folder: Path) -> None:
    """Turn copied files into a run folder.

    Raises:
        UnitscopeError: they are not those of finished runs.
    """
    for packed in sorted(folder.rglob(PACKED)):
        _unpack(packed)
        packed.unlink()
    for file in sorted(folder.rglob(MANIFEST)):
        manifest = read_manifest(file.parent)
        check_whole(file.parent, manifest, "dissect")
        _taken_over(manifest).write(file.parent)
    manifest = read_manifest(folder)
    require_kind(folder, manifest, Dissection.kind, Dissection.command)
    run = Dissection.open(folder)
    for name in run.tables:
        if name not in LATER_TABLES and f"{TABLES}/{name}.parquet" not in manifest.files:
            raise UnitscopeError(f"{folder} has no table {name!r}; export the run again")


def _unpack(packed: Path) -> None:
    """Write the pictures of a table of pictures as files again.

    Raises:
        UnitscopeError: it holds what is no picture of a run.
    """
    room = max(SMALL, MOST_UNPACKED * packed.stat().st_size)
    try:
        with pq.ParquetFile(packed.absolute()) as table:
            for rows in table.iter_batches(batch_size=16, columns=["picture", "image"]):
                names = [str(name) for name in rows.column("picture").to_pylist()]
                check_names(names, str(packed))
                for name, image in zip(names, rows.column("image").to_pylist(), strict=True):
                    room -= len(image["bytes"])
                    if room < 0 or name.split("/")[0] not in PICTURE_FOLDERS:
                        raise UnitscopeError(f"{packed} holds what no export does; it is not unpacked")
                    place = packed.parent / name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(image["bytes"])
    except (pa.ArrowException, KeyError, TypeError, OSError) as error:
        raise UnitscopeError(f"{packed} cannot be read ({error}); copy or download it again") from error


def _taken_over(manifest: Manifest) -> Manifest:
    """Return a manifest that names no code of the machine that it came from."""
    network, segmenter = _without_code(manifest.model), manifest.segmenter
    if segmenter is not None and any(map(_is_code, segmenter.specs)):
        segmenter = SegmenterRecord()
    changed = network != manifest.model or segmenter != manifest.segmenter
    remarks = [REMARK] if manifest.kind == Dissection.kind else []
    remarks += [CODE_REMARK] if changed else []
    new = (each for each in remarks if each not in manifest.remarks)
    return replace(manifest, model=network, segmenter=segmenter, remarks=(*manifest.remarks, *new))


def _without_code(network: NetworkRecord | None) -> NetworkRecord | None:
    if network is None:
        return None
    if _is_code(network.spec):
        network = replace(network, spec="")
    return replace(network, forward_hash="") if network.forward_hash else network


def _is_code(spec: str) -> bool:
    return not spec.startswith(LIBRARIES) and CODE.fullmatch(spec) is not None
