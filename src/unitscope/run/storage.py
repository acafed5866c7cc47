"""Write files so that they are there whole or not at all, and say plainly when they cannot be written."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from unitscope.errors import UnitscopeError

PARTIAL = ".partial"
"""Ending of files that are being written; a reader never looks at them."""

CHECKSUM = "checksum"
"""The note of a file of arrays that holds the checksum of all the rest of it."""

ROWS_TOGETHER = 2**12
"""Rows of a table that are encoded together: memory for more than these is not taken."""

AnyArray = NDArray[Any]
"""Numbers of any type."""
Arrays = dict[str, AnyArray]

_whole: set[tuple[int, int, int, int]] = set()
"""Files of arrays that this process wrote, or read and found whole: device, place there, time and size."""


def write_file(path: Path, write: Callable[[Path], object], *, durable: bool = True) -> None:
    """Write a file aside, then rename it into place.

    Args:
        path: where the file shall be.
        write: writes the content to the path it is given.
        durable: wait until the content is on the disk, so that it also survives a power cut.

    Raises:
        UnitscopeError: the disk is full or the folder cannot be written.
    """
    # Two processes may write the same file at the same time, each with the same content.
    partial = path.with_name(uuid.uuid4().hex + PARTIAL)
    with writing(path):
        try:
            write(partial)
            if durable:
                _flush(partial)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def scratch_folder(place: Path) -> Iterator[Path]:
    """Give a new folder beside a place, for what is to be moved there; what is left of it goes afterwards.

    Raises:
        UnitscopeError: it cannot be made.
    """
    folder = place.with_name(f".{place.name}-{os.getpid()}{PARTIAL}")
    with writing(place):
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_existing(place: Path) -> None:
    """Refuse a place where something is.

    Raises:
        UnitscopeError: there is a file or a folder.
    """
    if place.exists() or place.is_symlink():
        raise UnitscopeError(
            f"{place} is there already, and nothing is written over it; give --out another place"
        )


def write_frame(path: Path, table: pd.DataFrame | pa.Table) -> None:
    """Write a Parquet file, without the index of a data frame.

    Raises:
        UnitscopeError: the disk is full or the folder cannot be written.
    """
    arrow = pa.Table.from_pandas(table, preserve_index=False) if isinstance(table, pd.DataFrame) else table

    def write(partial: Path) -> None:
        # pyarrow takes a relative path such as runs:1/units.parquet for an address.
        pq.write_table(arrow, partial.absolute(), compression="snappy", row_group_size=ROWS_TOGETHER)

    write_file(path, write)


class Budget:
    """What files that are written one by one may take together.

    Other processes write such files, too, so those that are there are looked at again; but not for every new one, since
    with many files the looks would take longer than what they are for.

    Args:
        most: bytes of all files.
        taken: looks at the files, and returns their bytes.
    """

    LOOKS = 16
    """The part of what is left that is written before the files are looked at again."""

    def __init__(self, most: int, taken: Callable[[], int]) -> None:
        self._most, self._taken = most, taken
        self._room: int | None = None
        self._written = 0

    @property
    def left(self) -> int:
        """Bytes that may be written."""
        if self._room is None or self._written > self._room / self.LOOKS > 0:
            self._room, self._written = self._most - self._taken(), 0
        return self._room - self._written

    def take(self, size: int) -> None:
        """Note that a file of so many bytes is written."""
        self._written += size

    def delete(self, path: Path) -> None:
        """Delete a file, if it is there, whose bytes may be written again."""
        with suppress(FileNotFoundError):
            size = path.stat().st_size
            path.unlink()
            self._written -= size


def bytes_of(paths: Iterable[Path]) -> int:
    """Return the size of some files together; those that another process takes away meanwhile count nothing."""
    total = 0
    for path in paths:
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def _flush(path: Path) -> None:
    with path.open("r+b") as file:  # Windows flushes only what is open for writing
        os.fsync(file.fileno())


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn failures to write below `path` into one clear line."""
    try:
        yield
    except SafetensorError as error:
        # safetensors reports a failed write as text; the free space tells which failure it was.
        raise _cannot_write(path, errno.ENOSPC if "os error 28" in str(error) else 0, str(error)) from error
    except OSError as error:
        raise _cannot_write(path, error.errno or 0, error.strerror or str(error)) from error


def _cannot_write(path: Path, number: int, reason: str) -> UnitscopeError:
    if number in (errno.ENOSPC, errno.EDQUOT):
        return UnitscopeError(
            f"the disk is full: cannot write {path}; what was finished is kept: free some space "
            "(or lower --cache-budget) and run the same command again to go on"
        )
    if number in (errno.EACCES, errno.EROFS, errno.EPERM):
        return UnitscopeError(
            f"cannot write {path}: {reason}; choose a folder you may write to, or change its permissions"
        )
    return UnitscopeError(
        f"cannot write {path}: {reason}; choose another folder, or see what is wrong with this one"
    )


def write_arrays(
    path: Path, arrays: Arrays, *, note: dict[str, str] | None = None, durable: bool = True
) -> None:
    """Write named arrays and text notes as one safetensors file, with a checksum of them."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    notes = {**(note or {}), CHECKSUM: _checksum(path, whole, note or {})}
    write_file(path, lambda partial: save_file(whole, partial, metadata=notes), durable=durable)
    _whole.add(_state(path))


def _checksum(path: Path, arrays: Mapping[str, AnyArray], note: Mapping[str, str]) -> str:
    """Return the CRC-32 of a file's name, arrays and notes: fast, and it tells every flipped bit."""
    found = zlib.crc32(f"{path.parent.name}/{path.name}".encode(errors="surrogateescape"))
    for name in sorted(arrays):
        array = arrays[name]
        found = zlib.crc32(f"{name} {array.dtype} {array.shape}".encode(), found)
        found = zlib.crc32(array.reshape(-1).view(np.uint8).data, found) if array.size else found
    for name in sorted(note):
        found = zlib.crc32(f"{name}={note[name]}".encode(), found)
    return f"{found:08x}"


def _state(path: Path) -> tuple[int, int, int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits; empty where there is no such file, or it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


class ArrayFile:
    """A safetensors file, mapped into memory; arrays are read where they are used.

    A file that this process has not written is read through first, once, and compared with its checksum.

    Raises:
        UnitscopeError: the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            # The torch view maps the file; nothing is read before it is used, and nothing is copied.
            self._file = safe_open(path, framework="pt")
        except SafetensorError as error:
            raise _damaged(path, str(error)) from error
        except OSError as error:
            raise _damaged(path, error.strerror or str(error)) from error
        state = _state(path)
        if state not in _whole:
            notes = dict(self._file.metadata() or {})
            wanted = notes.pop(CHECKSUM, "none")
            try:
                found = _checksum(path, self._everything(), notes)
            except Exception as error:  # whatever a damaged header makes of the arrays
                raise _damaged(path, str(error)) from error
            if found != wanted:
                raise _damaged(path, f"its checksum is {found}, and {wanted} was written")
            _whole.add(state)

    def _everything(self) -> Arrays:
        """Return all arrays of the file, also where a view shows some of them only."""
        return {name: self._file.get_tensor(name).numpy() for name in self._file.keys()}  # noqa: SIM118

    @property
    def names(self) -> list[str]:
        """Names of the arrays."""
        return list(self._file.keys())

    @property
    def note(self) -> dict[str, str]:
        """The text notes."""
        notes = dict(self._file.metadata() or {})
        notes.pop(CHECKSUM, None)
        return notes

    def __getitem__(self, name: str) -> AnyArray:
        array: AnyArray = self._file.get_tensor(name).numpy()
        return array

    def below(self, prefix: str) -> Arrays:
        """Return the arrays whose name starts with ``prefix/``, by the rest of their name."""
        return {name[len(prefix) + 1 :]: self[name] for name in self.names if name.startswith(prefix + "/")}


def concatenated(
    files: Iterable[ArrayFile], *names: str, start: Mapping[str, AnyArray] | None = None
) -> Arrays:
    """Return arrays of several files, each those of one name one after the other along the first axis.

    They are copied while only one of the files is mapped: memory that belongs to many of them would count as in use.

    Args:
        files: opened one by one.
        names: of the arrays.
        start: what comes before them, also where there is no file, by the names.
    """
    parts = [start] if start is not None else []
    parts += [{name: file[name].copy() for name in names} for file in files]
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _damaged(path: Path, reason: str) -> UnitscopeError:
    return UnitscopeError(f"{path} is damaged ({reason}); delete it and run the same command again")
