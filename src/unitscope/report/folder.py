"""Writing a folder of pages: aside first, then moved into place, so that no half-written one is left."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from unitscope.errors import UnitscopeError
from unitscope.run.mirror import put_made

REPORT = "report"
MARKER = f"unitscope-{REPORT}.json"
"""What tells the folder of a report from any other."""
STALE_SECONDS = 3600


def check_replaceable(target: Path, kind: str = REPORT) -> None:
    """Raise if `target` is something other than an earlier one of its kind, which must not be replaced.

    Raises:
        UnitscopeError: `target` is a file, or a folder that holds something else.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UnitscopeError(f"cannot write the {kind} to {str(target)!r}: it is no folder; give one")
    if target.is_dir() and any(target.iterdir()) and not (target / _marker(kind)).is_file():
        raise UnitscopeError(
            f"cannot write the {kind} to {str(target)!r}: the folder holds something else than a {kind}; "
            "give a new or empty folder"
        )


def _marker(kind: str) -> str:
    """Return the file that tells a folder of this kind from any other."""
    return f"unitscope-{kind}.json"


@contextmanager
def replacing(target: Path, kind: str = REPORT) -> Iterator[Path]:
    """Give an empty folder next to `target`; it takes the place of `target` once the body has succeeded.

    Raises:
        UnitscopeError: there may not be such a folder, or it holds something else.
    """
    check_replaceable(target, kind)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".part", dir=target.parent))
    except OSError as error:
        raise UnitscopeError(
            f"cannot write the {kind} to {str(target)!r}: {error.strerror or error}; give another place for it"
        ) from error
    _remove_stale(target)
    try:
        yield folder
        (folder / _marker(kind)).write_text(
            json.dumps({"kind": f"unitscope {kind}"}) + "\n", encoding="utf-8"
        )
        folder.chmod(0o777 & ~_umask())
        _swap(folder, target)
        put_made(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _swap(folder: Path, target: Path) -> None:
    old = folder.with_suffix(".old")
    if target.exists():
        target.rename(old)
    folder.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _remove_stale(target: Path) -> None:
    for path in target.parent.glob(f".{target.name}-*"):
        if path.suffix in (".part", ".old") and path.stat().st_mtime < time.time() - STALE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def place_file(source: Path, destination: Path) -> None:
    """Put a file into the report: a hard link where the file system allows, else a copy."""
    try:
        os.link(source, destination)
    except OSError:
        shutil.copyfile(source, destination)
