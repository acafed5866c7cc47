"""Pictures in LMDB files: keys, each with the bytes of a picture file."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from unitscope.errors import UnitscopeError, one_line
from unitscope.sources.files import counted
from unitscope.sources.packed import PackedPictures

DATA = "data.mdb"
"""The file of one that is a folder."""
ABOUT, ABOUT_REASON = "__", "not a picture"
"""What keys start with that say something of the whole, such as ``__len__``."""
_opening = threading.Lock()
_opened: dict[str, tuple[tuple[int, int], Any]] = {}
"""Files that this process has open, with time and size: LMDB wants each opened once."""


class LmdbPictures(PackedPictures):
    """The pictures in LMDB files, in the order of their keys.

    Every value is the bytes of a picture file. Files are mapped into memory and never written. Keys alone are read at
    first.

    Args:
        files: files, or folders with a ``data.mdb``.

    Attributes:
        left_out: entries whose key starts with two underscores, counted.

    Raises:
        UnitscopeError: lmdb is not installed; a file is not there, cut off, no LMDB file, has several values for a key,
            or there is no picture.
    """

    kind = "LMDB file"

    def __init__(self, files: Sequence[Path | str]) -> None:
        super().__init__([Path(file) / DATA if Path(file).is_dir() else file for file in files])

    @staticmethod
    def _stem(file: Path) -> str:
        return (file.parent if file.name == DATA else file).stem

    def _index(self) -> tuple[str, ...]:
        ids: list[str] = []
        others: Counter[str] = Counter()
        self._keys: list[tuple[int, bytes]] = []
        for number, file in enumerate(self.files):
            for key in _keys(file):
                name = key.decode(errors="backslashreplace")
                if name.startswith(ABOUT):
                    others[f"keys {ABOUT}"] += 1
                    continue
                if self._keys and self._keys[-1] == (number, key):
                    raise UnitscopeError(
                        f"LMDB file {str(file)!r} holds several values of the key {name!r}, so its pictures cannot be "
                        "told apart; write each picture under a key of its own"
                    )
                ids.append(f"{self._stem(file)}/{name}")
                self._keys.append((number, key))
        self.left_out = counted((kind, ABOUT_REASON) for kind in others.elements())
        return tuple(ids)

    def _stored(self, index: int) -> bytes:
        number, key = self._keys[index]
        with _environment(self.files[number]).begin() as reading:
            content = reading.get(key)
        if content is None:
            raise ValueError("its LMDB file has changed and no longer holds it")
        return bytes(content)


def _keys(file: Path) -> Iterator[bytes]:
    """Yield the keys of a file, in order; one that has several values again for each.

    Raises:
        UnitscopeError: it is cut off or no LMDB file.
    """
    with _environment(file).begin() as reading:
        yield from reading.cursor().iternext(keys=True, values=False)


def _environment(file: Path) -> Any:
    """Return an open file, of which each process has one.

    Raises:
        UnitscopeError: lmdb is not installed, or it is cut off or no LMDB file.
    """
    try:
        import lmdb
    except ImportError:
        raise UnitscopeError(
            f"LMDB file {str(file)!r} needs lmdb, which is not installed; pip install 'unitscope[lmdb]'"
        ) from None
    stat = file.stat()
    state = stat.st_mtime_ns, stat.st_size
    with _opening:
        known = _opened.get(str(file))
        if known is not None and known[0] == state:
            return known[1]
        if known is not None:
            raise UnitscopeError(f"LMDB file {str(file)!r} has changed since it was opened; start again")
        try:
            found = lmdb.open(str(file), subdir=False, readonly=True, lock=False, readahead=False)
        except (lmdb.Error, OSError) as error:
            raise UnitscopeError(f"{str(file)!r} is no LMDB file: {one_line(error)}") from error
        needed = (found.info()["last_pgno"] + 1) * found.stat()["psize"]
        if stat.st_size < needed:
            found.close()
            raise UnitscopeError(
                f"LMDB file {str(file)!r} is cut off: it has {stat.st_size:,} of {needed:,} bytes; copy it again"
            )
        _opened[str(file)] = state, found
        return found
