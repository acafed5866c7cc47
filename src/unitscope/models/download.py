"""Fetch published checkpoints into a cache folder: resumed where a transfer broke, checked, whole or not there.

By hand, because pooch 1.9 and ``torch.hub`` begin again from the first byte after every break, keep a web page or an
error's text as the file where its name gives no hash, and let two processes fetch one file twice. Pooch also wants
whole hashes, of which the published names give the first digits only; ``torch.hub`` has no second attempt and keeps
half a file that has no hash.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from unitscope.cache import cache_folder
from unitscope.errors import UnitscopeError, one_line
from unitscope.models.catalogue import BASE_URL, Checkpoint, CheckpointFile
from unitscope.paths import as_path
from unitscope.progress import progress_bar, say, showing

CHUNK = 1 << 20
PARTIAL = ".partial"
"""Ending, beside a file, of what has arrived of it."""
MOST_TRIES = 200
"""Attempts for one file, however much each of them brings."""
GONE = frozenset({*range(300, 400), 400, 401, 403, 404, 410})
"""Answers that another attempt does not change."""
INSTEAD = {
    "classifier": "give it with --weights FILE",
    "generator": "load the file itself in its place",
    "segmenter": "give the folder of its files, as in {name}:FOLDER",
}
"""What to do without a download."""
NOT_SATISFIABLE = 416


@dataclass(frozen=True)
class Patience:
    """How long to wait, and how often to try again.

    Attributes:
        timeout: seconds without a byte after which a transfer counts as stalled.
        tries: attempts without any progress before giving up.
        pause: seconds before the second attempt; doubled each time.
    """

    timeout: float = 30.0
    tries: int = 4
    pause: float = 1.0


_mirror: ContextVar[str | None] = ContextVar("mirror", default=None)


@contextmanager
def mirrored(base: str | None) -> Iterator[None]:
    """Fetch from another base URL or folder meanwhile, where :func:`fetch` is told no other; None changes nothing."""
    token = _mirror.set(base or _mirror.get())
    try:
        yield
    finally:
        _mirror.reset(token)


def cached_path(file: CheckpointFile) -> Path:
    """Where a published file is, or will be, in the cache."""
    return cache_folder() / "models" / file.path


def _hash_path(file: CheckpointFile) -> Path:
    """Where the hash is kept that a file had when it was whole."""
    return cache_folder() / "hashes" / f"{file.path.replace('/', '-')}.sha256"


def fetch(
    checkpoint: Checkpoint,
    *,
    mirror: str | None = None,
    show: bool | None = None,
    patience: Patience | None = None,
) -> Path:
    """Return the place of a checkpoint in the cache, downloading what is not there.

    Args:
        checkpoint: what to fetch.
        mirror: another base URL, or a folder; by default ``UNITSCOPE_MIRROR`` or the publisher's.
        show: force the progress bar on or off.
        patience: timeouts and attempts.

    Returns:
        The file, or the folder of its files if there are several.

    Raises:
        UnitscopeError: the file cannot be fetched, is not the published one, or cannot be written. What has
            arrived of a broken transfer stays beside the file and is used the next time.
    """
    base = _address(mirror or _mirror.get() or os.environ.get("UNITSCOPE_MIRROR") or BASE_URL)
    for file in checkpoint.files:
        if not _is_whole(cached_path(file), file):
            transfer = _Transfer(f"{base}/{file.path}", file, show=show, patience=patience or Patience())
            transfer.instead = INSTEAD[checkpoint.kind].format(name=checkpoint.name)
            transfer.run()
    first = cached_path(checkpoint.files[0])
    return first if len(checkpoint.files) == 1 else first.parent


def _address(mirror: str) -> str:
    """Return the URL of a mirror, which may also be a folder, without a slash at its end."""
    if re.match("(https?|file)://", mirror):
        return mirror.rstrip("/")
    with suppress(UnitscopeError, OSError):
        folder = as_path(mirror)
        if folder.is_dir():
            return folder.resolve().as_uri()
    raise UnitscopeError(
        f"the mirror {mirror!r} is neither a URL nor a folder; give for example https://example.org/models, or a "
        "folder that holds the files"
    )


def _is_whole(path: Path, file: CheckpointFile) -> bool:
    """Tell whether a file is in the cache as it was fetched; one that somebody put there by hand is taken as it is."""
    if not path.is_file():
        return False
    note = _hash_path(file)
    wanted = note.read_text(encoding="ascii", errors="replace").strip() if note.is_file() else ""
    if not wanted or _sha256(path) == wanted:
        return True
    say(f"{path} is damaged, and fetched again")
    path.unlink()
    note.unlink(missing_ok=True)
    return False


class _Broken(Exception):
    """A transfer ended early; another attempt may go on from there."""


class _Transfer:
    """One file on its way into the cache."""

    def __init__(self, url: str, file: CheckpointFile, *, show: bool | None, patience: Patience) -> None:
        self.url, self.file, self.show, self.patience = url, file, show, patience
        self.instead = ""
        self.path = cached_path(file)
        self.partial, self.hash = self.path.with_name(self.path.name + PARTIAL), _hash_path(file)
        self.lock = cache_folder() / "locks" / f"{file.path.replace('/', '-')}.lock"

    def run(self) -> None:
        """Fetch the file, or wait for the process that does."""
        with self._writing():
            for folder in (self.path.parent, self.lock.parent, self.hash.parent):
                folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.lock):
                if not self.path.is_file():
                    self._fetch()
                    found = self._check()
                    self.hash.write_text(found + "\n", encoding="ascii")
                    os.replace(self.partial, self.path)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                self._forget()
                raise UnitscopeError(
                    f"the disk is full: cannot keep {self.file.name} in {self.path.parent}; free some space, "
                    "or set UNITSCOPE_CACHE to a folder on another disk"
                ) from error
            raise UnitscopeError(
                f"cannot write {self.path}: {error.strerror or error}; "
                "set UNITSCOPE_CACHE to a folder you may write to"
            ) from error

    def _forget(self) -> None:
        with suppress(OSError):
            self.partial.unlink(missing_ok=True)

    def _arrived(self) -> int:
        return self.partial.stat().st_size if self.partial.is_file() else 0

    def _fetch(self) -> None:
        """Read until the file is whole, going on where a transfer broke, as long as there is progress."""
        failures, before = 0, self._arrived()
        for _ in range(MOST_TRIES):
            try:
                return self._attempt()
            except urllib.error.HTTPError as error:
                with error:
                    reason = " ".join(f"the server answers {error.code} {error.reason}".split())
                if error.code in GONE:
                    raise self._failed(reason) from error
            except (_Broken, http.client.HTTPException, urllib.error.URLError, TimeoutError) as error:
                cause = error.reason if isinstance(error, urllib.error.URLError) else error
                reason = cause if isinstance(cause, str) else _reason(cause)
                if isinstance(cause, FileNotFoundError | socket.gaierror):
                    raise self._failed(reason) from error
            except ConnectionError as error:
                reason = _reason(error)
            except ValueError as error:  # an address that is none, also one that the server sends on to
                raise self._failed(one_line(error)) from error
            arrived = self._arrived()
            failures = 0 if arrived > before else failures + 1
            before = arrived
            if failures >= self.patience.tries:
                raise self._failed(reason)
            time.sleep(self.patience.pause * 2 ** max(failures - 1, 0))
        raise self._failed(f"the server broke off {MOST_TRIES} times")

    def _attempt(self) -> None:
        arrived = self._arrived()
        try:
            response = self._open(arrived)
        except urllib.error.HTTPError as error:
            if error.code != NOT_SATISFIABLE:
                raise
            with error:
                whole = error.headers.get("Content-Range", "") == f"bytes */{arrived}"
            if whole:
                self.partial.touch()  # an empty file has no part
                return
            self._forget()
            raise _Broken("what had arrived is not a part of the file") from error
        with response:
            self._receive(response, arrived)

    def _open(self, arrived: int) -> http.client.HTTPResponse:
        headers = {"User-Agent": "unitscope", "Accept-Encoding": "identity"}
        if arrived and self.file.hash_prefix:  # without a hash, nothing tells parts of two files from one
            headers["Range"] = f"bytes={arrived}-"
        request = urllib.request.Request(self.url, headers=headers)
        # A file:// address answers with something that acts like a response, as far as it is asked here.
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=self.patience.timeout)
        return response

    def _receive(self, response: http.client.HTTPResponse, arrived: int) -> None:
        partly = response.status == http.client.PARTIAL_CONTENT
        start = arrived if partly and _starts_at(response) == arrived else 0
        if partly and start != arrived:
            self._forget()
            raise _Broken("the server sends another part than the one asked for")
        if response.headers.get_content_type() == "text/html":
            raise self._failed("the server sends a web page instead of the file")
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        with self.partial.open("r+b" if start else "wb") as out:
            out.seek(start)
            out.truncate()
            with showing(self.show), progress_bar(self.file.name, total or 0, done=start) as advance:
                received = start
                while chunk := _read(response):
                    out.write(chunk)
                    received += len(chunk)
                    advance(len(chunk))
        if total is not None and received < total:
            raise _Broken(f"the transfer ended after {received:,} of {total:,} bytes")

    def _check(self) -> str:
        """Return the SHA-256 of what has arrived, if it can be the file."""
        wanted, found = self.file.hash_prefix, _sha256(self.partial)
        problem = ""
        if not found.startswith(wanted):
            problem = f"its SHA-256 starts with {found[: len(wanted)]}, its name promises {wanted}"
        if not wanted:
            problem = _problem(self.partial, self.file)
        if problem:
            self._forget()
            raise UnitscopeError(
                f"{self.url} is not the published file: {problem}; it was deleted: try again, or name another --mirror"
            )
        return found

    def _failed(self, reason: str) -> UnitscopeError:
        arrived = (
            self._arrived() if self.file.hash_prefix else 0
        )  # without a hash, nothing goes on from a part
        if not arrived:
            self._forget()
        kept = f" ({arrived:,} bytes of it are kept, the same command goes on from there)" if arrived else ""
        return UnitscopeError(
            f"cannot download {self.url}: {reason}{kept}; name another server with --mirror, put the file at "
            f"{self.path}, or {self.instead}"
        )


def _problem(path: Path, file: CheckpointFile) -> str:
    """Say why a file cannot be the one whose name gives no hash: it cannot be opened as what it is."""
    from unitscope.models.checkpoints import read_state

    try:
        if file.name.endswith(".json"):
            json.loads(path.read_text(encoding="utf-8"))
        else:
            read_state(path, called="it")
    except ValueError:
        return "it cannot be read as JSON"
    except UnitscopeError as error:
        return str(error).partition(";")[0]
    return ""


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        chunk: bytes = response.read1(CHUNK)
    except TimeoutError as error:
        raise _Broken("the server stopped sending") from error
    except (http.client.IncompleteRead, ConnectionError) as error:
        raise _Broken("the connection broke") from error
    return chunk


def _starts_at(response: http.client.HTTPResponse) -> int | None:
    kind, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.partition("-")[0]
    return int(first) if kind == "bytes" and first.isdigit() else None


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    return (getattr(error, "strerror", None) or str(error) or one_line(error)) if error else "no answer"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
