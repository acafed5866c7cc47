"""Addresses of run folders in an object store, and the folder of this machine that stands for each.

Such a folder is in the user's cache, its path says which address it is of, and so both ways are known to every process.
"""

from __future__ import annotations

import re
from pathlib import Path

from unitscope.cache import cache_folder
from unitscope.errors import UnitscopeError
from unitscope.paths import AnyPath, as_path

SCHEMES = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "memory": "memory"}
"""Kinds of store that can make an object only where there is none, by what addresses start with."""
FILE = "file"
STORES = "stores"
"""Folder of the cache that holds a folder for each run of a store."""
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", re.DOTALL)  # one letter is a drive


def run_path(given: AnyPath) -> Path:
    """Return the folder of a run, which may be named by an address.

    Args:
        given: a path; ``file:///path``; or an address in an object store such as ``s3://bucket/run``.

    Returns:
        The path, with the home folder in place of ``~``; for a store the folder of this machine that stands for it.

    Raises:
        UnitscopeError: no run can be there.
    """
    found = _ADDRESS.fullmatch(str(given))
    if found is None or (isinstance(given, Path) and Path(given).exists()):
        return as_path(given)
    scheme, rest = found[1].lower(), found[2].strip("/")
    if scheme == FILE:
        return as_path("/" + rest)
    parts = [part for part in rest.split("/") if part]
    shown = f"{scheme}://{'/'.join(parts)}"
    if scheme not in SCHEMES:
        known = ", ".join(f"{each}://" for each in (FILE, *SCHEMES))
        raise UnitscopeError(
            f"{shown} is an address that a run cannot be kept at; give a folder, or one of {known}; what else is there "
            "can be mounted"
        )
    if len(parts) < 2 or {".", ".."} & set(parts):
        raise UnitscopeError(
            f"{shown} names no place of a run; give bucket and folder, as in s3://bucket/run"
        )
    return as_path(stores_folder().joinpath(SCHEMES[scheme], *parts))


def local_path(given: AnyPath) -> Path:
    """Return a path of something that is no run, and so cannot be in a store.

    Raises:
        UnitscopeError: it is an address.
    """
    path = run_path(given)
    address = address_of(path)
    if address:
        raise UnitscopeError(f"{address} is an address, and runs alone are kept at those; give a path")
    return path


def address_of(path: Path) -> str | None:
    """Return the address that a folder or file of this machine stands for; None for one that is what it is."""
    try:
        scheme, *parts = path.absolute().relative_to(stores_folder()).parts
    except ValueError:
        return None
    return f"{scheme}://{'/'.join(parts)}" if len(parts) > 1 else None


def shown(path: Path) -> str:
    """Return what a person calls a run folder: its address, or its path."""
    return address_of(path) or str(path)


def stores_folder() -> Path:
    """Return the folder that holds those that stand for runs of a store."""
    return cache_folder().absolute() / STORES
