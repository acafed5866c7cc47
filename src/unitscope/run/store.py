"""An object store, as far as runs need it: whole objects by name, and one that is made only where there is none."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from unitscope.errors import UnitscopeError, one_line

PACKAGES = {"s3": "s3fs", "gs": "gcsfs"}
CONNECT_SECONDS, ATTEMPTS = 10, 3
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "s3": {
        "config_kwargs": {"connect_timeout": CONNECT_SECONDS, "retries": {"max_attempts": ATTEMPTS}},
    }
}
"""What the library of a store is told besides what its own configuration says."""


class Store:
    """The objects below an address.

    Each is put as a whole: it is there with all its content or it is not. Credentials and the like are those that the
    library of the store finds by itself, in variables of the environment and in its own files.

    Args:
        address: such as ``s3://bucket/run``.

    Raises:
        UnitscopeError: the library of the store is not installed.
    """

    def __init__(self, address: str) -> None:
        self.address, scheme = address, address.partition(":")[0]
        try:
            from fsspec.core import url_to_fs

            with self._asking():
                self._files, root = url_to_fs(address, use_listings_cache=False, **OPTIONS.get(scheme, {}))
        except ImportError:
            raise UnitscopeError(
                f"{address} needs {PACKAGES.get(scheme, 'fsspec')}, which is not installed; "
                "pip install 'unitscope[store]'"
            ) from None
        self._root = str(root).rstrip("/")

    def names(self, below: str = "") -> dict[str, str]:
        """Return the objects below a name, each with a text that changes when it does."""
        with self._asking():
            self._files.invalidate_cache()
            found = self._files.find(self._at(below) if below else self._root, detail=True)
        start = len(self._root) + 1
        return {path[start:]: _version(info) for path, info in found.items() if info["type"] == "file"}

    def read(self, name: str) -> bytes | None:
        """Return the content of an object; None where there is none."""
        with self._asking():
            try:
                return bytes(self._files.cat_file(self._at(name)))
            except FileNotFoundError:
                return None

    def get(self, name: str, file: Path) -> None:
        """Write the content of an object to a file."""
        with self._asking():
            self._files.get_file(self._at(name), str(file))

    def put(self, file: Path, name: str) -> None:
        """Make a file an object, in place of the one before."""
        with self._asking():
            self._files.put_file(str(file), self._at(name))

    def write(self, name: str, content: bytes) -> None:
        """Write an object, in place of the one before."""
        with self._asking():
            self._files.pipe_file(self._at(name), content)

    def create(self, name: str, content: bytes) -> bool:
        """Write an object if there is none of this name, and return whether this was so: one of several wins."""
        with self._asking():
            try:
                self._files.pipe_file(self._at(name), content, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if not _exists_already(error):
                    raise
                return False
        return True

    def remove(self, names: Iterable[str]) -> None:
        """Delete objects; one that is gone already is none."""
        for name in names:
            with self._asking():
                try:
                    self._files.rm_file(self._at(name))
                except FileNotFoundError:
                    continue

    def changed(self, name: str) -> datetime | None:
        """Return when an object was written, by the clock of the store; None where there is none."""
        with self._asking():
            self._files.invalidate_cache()
            try:
                return self._files.modified(self._at(name))  # type: ignore[no-any-return]
            except FileNotFoundError:
                return None

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what the store refuses into one line.

        Libraries of stores raise errors of their own besides those of files, of no common kind.
        """
        try:
            yield
        except (ImportError, UnitscopeError):
            raise
        except FileNotFoundError as error:
            raise UnitscopeError(
                f"{self.address} is not there ({one_line(error)}); does the bucket exist?"
            ) from error
        except PermissionError as error:
            raise UnitscopeError(
                f"the store refuses {self.address} ({one_line(error)}); see whether its credentials are right and "
                "allow reading and writing there"
            ) from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise  # of the disk here
            raise UnitscopeError(
                f"the store of {self.address} cannot be used ({one_line(error)}); see whether "
                "it can be reached from here, and whether credentials are set; what was put there is kept"
            ) from error


def _version(info: Mapping[str, Any]) -> str:
    tag = info.get("ETag") or info.get("etag")
    return str(tag) if tag else f"{info['size']} {info.get('created') or info.get('mtime')}"


def _exists_already(error: OSError) -> bool:
    """Tell whether an error is the answer to a conditional request whose condition does not hold."""
    response = getattr(error.__cause__, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", ""))
    return code in ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
