"""Write files so that they are there whole or not at all, and say plainly when they cannot be written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from unitscope.errors import UnitscopeError

PARTIAL = ".partial"
"""Ending of files that are being written; a reader never looks at them."""

Arrays = dict[str, NDArray[Any]]


def write_file(path: Path, write: Callable[[Path], object], *, durable: bool = True) -> None:
    """Write a file aside, then rename it into place.

    Args:
        path: where the file shall be.
        write: writes the content to the path it is given.
        durable: wait until the content is on the disk, so that it also survives a power cut.

    Raises:
        UnitscopeError: the disk is full or the folder cannot be written.
    """
    partial = path.with_name(path.name + PARTIAL)
    with writing(path):
        try:
            write(partial)
            if durable:
                _flush(partial)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)


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
    """Write named arrays and text notes as one safetensors file."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_file(path, lambda partial: save_file(whole, partial, metadata=note), durable=durable)


class ArrayFile:
    """A safetensors file, mapped into memory; arrays are read where they are used.

    Raises:
        UnitscopeError: the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            # The torch view maps the file; nothing is read before it is used, and nothing is copied.
            self._file = safe_open(path, framework="pt")
        except SafetensorError as error:
            raise UnitscopeError(
                f"{path} is damaged ({error}); delete it and run the same command again"
            ) from error

    @property
    def names(self) -> list[str]:
        """Names of the arrays."""
        return list(self._file.keys())

    @property
    def note(self) -> dict[str, str]:
        """The text notes."""
        return dict(self._file.metadata() or {})

    def __getitem__(self, name: str) -> NDArray[Any]:
        array: NDArray[Any] = self._file.get_tensor(name).numpy()
        return array

    def below(self, prefix: str) -> Arrays:
        """Return the arrays whose name starts with ``prefix/``, by the rest of their name."""
        return {name[len(prefix) + 1 :]: self[name] for name in self.names if name.startswith(prefix + "/")}
