"""The run folder: one configuration, shards committed one by one, tables at the end, one process at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from unitscope.errors import NothingToMeasureError, UnitscopeError, as_typed
from unitscope.run.address import shown
from unitscope.run.fingerprint import Fingerprints, unlike
from unitscope.run.here import processor_here, version_of
from unitscope.run.layout import ATTACKED, CELLS, PICTURES, SHARDS, TABLES
from unitscope.run.manifest import MANIFEST, Manifest, Values, read_manifest
from unitscope.run.mirror import Mirror, drop_cells, mirror_of
from unitscope.run.storage import (
    PARTIAL,
    ArrayFile,
    Arrays,
    bytes_of,
    file_hash,
    write_arrays,
    write_frame,
    writing,
)

LOCK = "lock"
HASHED = (TABLES, PICTURES, ATTACKED)
"""Folders of a complete run whose files its manifest holds checksums of."""
PARTS = (SHARDS, CELLS, TABLES, PICTURES)
WRITERS = 2
"""Tables that are written at the same time."""
LENGTH_OF_HASH = 64
SHOWN_OF_VALUE = 60
SHOWN_OF_HASH = 8


class RunFolder:
    """A folder that holds one run, complete or not.

    Args:
        path: the folder.
        mirror: puts into the store what is committed; None where the folder is all there is of the run.
    """

    def __init__(self, path: Path, mirror: Mirror | None = None) -> None:
        self.path, self._mirror = path, mirror

    def __getstate__(self) -> dict[str, object]:
        """Leave the mirror where it is: who gets a copy commits nothing."""
        return vars(self) | {"_mirror": None}

    @property
    def manifest(self) -> Manifest:
        """The manifest as it stands on disk.

        Raises:
            UnitscopeError: there is none, it is damaged, or its schema is another one.
        """
        return read_manifest(self.path)

    def complete(self, **fields: object) -> None:
        """Mark the run complete, with what the manifest now says of it and checksums of its files."""
        changed = {"status": "complete", "files": self._hashes(), **fields}
        replace(self.manifest, **changed).write(self.path)  # type: ignore[arg-type]
        self.put()

    def put(self) -> None:
        """Put what is new into the store that the folder stands for, if it is one's."""
        if self._mirror is not None:
            self._mirror.push()

    def gather(self) -> None:
        """Get what workers on other machines put into that store."""
        if self._mirror is not None:
            self._mirror.gather()

    def _hashes(self) -> dict[str, str]:
        paths = (path for part in HASHED for path in sorted((self.path / part).rglob("*")) if path.is_file())
        with ThreadPoolExecutor(WRITERS) as pool:
            return dict(
                pool.map(lambda path: (path.relative_to(self.path).as_posix(), file_hash(path)), paths)
            )

    def damaged(self) -> list[Path]:
        """Return the files that are not as they were written, or gone: pieces of work, kept cells, tables, pictures.

        Everything is read through for it.
        """
        found = damaged_files(self.path, self.manifest.files)
        for path in self.checked_arrays():
            try:
                ArrayFile(path)
            except UnitscopeError:
                found.append(path)
        return found

    def checked_arrays(self) -> list[Path]:
        """Return the files of arrays that carry a checksum: all but those of an earlier version."""
        if self.manifest.earlier:
            return []
        return [
            path for part in (SHARDS, CELLS) for path in sorted((self.path / part).rglob("*.safetensors"))
        ]

    def begin(self) -> None:
        """Note that this process works on the run.

        Raises:
            UnitscopeError: it was begun with other versions of packages, so that its parts would not be of one kind.
        """
        manifest, here = self.manifest, processor_here()
        _refuse_versions(self.path, manifest.packages)
        if here not in manifest.processors:
            replace(manifest, processors=(*manifest.processors, here)).write(self.path)
            self.put()

    def holds(self, path: Path) -> bool:
        """Tell whether a file is one that a complete run has: a table or a picture."""
        return path.relative_to(self.path).parts[0] in HASHED

    def forget_pieces(self) -> None:
        """Delete all pieces of work."""
        for path in (self.path / SHARDS).iterdir():
            path.unlink()

    def forget(self, damaged: Sequence[Path]) -> None:
        """Delete what is damaged, so that it is made again."""
        for path in damaged:
            with writing(path):
                path.unlink(missing_ok=True)
        if damaged and self.manifest.complete:
            replace(self.manifest, status="running").write(self.path)

    def shard_path(self, shard: int) -> Path:
        """Where the statistics of a shard are committed."""
        return self.path / SHARDS / f"{shard:05d}.safetensors"

    def cache_path(self, shard: int, *, points: bool = False) -> Path:
        """Where the strong cells of a shard are kept, or the raster points that were made of them."""
        return self.path / CELLS / f"{shard:05d}{'.points' if points else ''}.safetensors"

    @property
    def cache_bytes(self) -> int:
        """Size of the cache."""
        return bytes_of((self.path / CELLS).iterdir())

    def commit_shard(self, shard: int, arrays: Arrays, *, note: dict[str, str]) -> None:
        """Write a shard; once its file is there, the shard is done."""
        write_arrays(self.shard_path(shard), arrays, note=note)
        self.put()

    def open_shard(self, shard: int) -> ArrayFile:
        """Open a committed shard."""
        return ArrayFile(self.shard_path(shard))

    def write_table(self, name: str, table: pd.DataFrame | pa.Table) -> None:
        """Write a Parquet table."""
        write_frame(self.path / TABLES / f"{name}.parquet", table)

    def write_tables(self, tables: Iterable[tuple[str, pd.DataFrame | pa.Table]]) -> None:
        """Write named Parquet tables while the following ones are made."""
        with ThreadPoolExecutor(WRITERS) as pool:
            for task in [pool.submit(self.write_table, name, table) for name, table in tables]:
                task.result()

    def drop_cache(self) -> None:
        """Delete the strong cells; statistics and tables stay."""
        drop_cells(self.path)


def damaged_files(path: Path, hashes: Mapping[str, str]) -> list[Path]:
    """Return the files of a run folder that do not have the hashes that were written, or are gone."""
    with ThreadPoolExecutor(WRITERS) as pool:
        found = pool.map(lambda name: file_hash(path / name), hashes)
        return [path / name for name, now in zip(hashes, found, strict=True) if now != hashes[name]]


def check_whole(path: Path, manifest: Manifest, command: str, *names: str) -> None:
    """Compare tables and pictures of a run folder with the checksums in its manifest.

    Args:
        path: the folder.
        manifest: its manifest.
        command: what makes such runs.
        names: paths in the folder; all that the manifest knows when there are none.

    Raises:
        UnitscopeError: one is damaged or gone.
    """
    written = manifest.files
    wanted = {name: written[name] for name in names if name in written} if names else written
    found = damaged_files(path, wanted)
    if found:
        state = "is damaged" if found[0].is_file() else "is gone"
        more = f", with {len(found) - 1} more files" if len(found) > 1 else ""
        raise UnitscopeError(f"{found[0]} {state}{more}; {how_to_mend(manifest, command)}")


def how_to_mend(manifest: Manifest, command: str = "") -> str:
    """Return what to do about damaged files of a run, which `command` makes."""
    typed = manifest.command
    again = (
        as_typed(typed) if typed else f"the same 'unitscope {command}' command" if command else "what made it"
    )
    return f"run {again} again on the same folder: what is damaged is made again, and nothing else"


def require_kind(path: Path, manifest: Manifest, kind: str, command: str) -> None:
    """Refuse a run of another kind than the one that a command makes.

    Raises:
        UnitscopeError: the manifest is that of something else.
    """
    if manifest.kind != kind:
        raise UnitscopeError(
            f"{shown(path)} holds a run of kind {manifest.kind!r} where one of kind {kind!r} is wanted; "
            f"'unitscope {command}' makes one, in another folder"
        )


@contextmanager
def open_for_writing(
    path: Path,
    config: Mapping[str, object],
    *,
    kind: str,
    command: str,
    fingerprints: Fingerprints | None = None,
    libraries: Sequence[str] = (),
) -> Iterator[RunFolder]:
    """Lock a run folder for this process, new or to be continued.

    Args:
        path: the folder; made when it is not there.
        config: everything that decides the results. An existing run must have the same.
        kind: what the run is.
        command: what makes such runs.
        fingerprints: of what the run is of. Those of an existing run must be like them.
        libraries: that its networks are made of.

    Raises:
        UnitscopeError: another process works on the folder, the folder cannot be written, holds other files, or its
            run has another configuration (the differences are shown) or is of what answers otherwise.
    """
    mirror = mirror_of(path)
    held = mirror.held() if mirror is not None else nullcontext()
    new = Manifest.new(kind, config, fingerprints, libraries)
    with held, _open(path, new, command=command, mirror=mirror) as folder:
        yield folder


@contextmanager
def _open(path: Path, new: Manifest, *, command: str, mirror: Mirror | None) -> Iterator[RunFolder]:
    if path.exists() and not path.is_dir():
        raise UnitscopeError(f"{path} is a file; give --out a folder, new or with a run in it")
    made = not path.exists()
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
    _refuse_strangers(path)
    folder, known = RunFolder(path, mirror), (path / MANIFEST).is_file()
    with _lock(path):
        if known:
            require_kind(path, folder.manifest, new.kind, command)
            _refuse_earlier(path, folder.manifest)
            _refuse_changes(path, folder.manifest.config, new.config)
            _refuse_unlike(path, folder.manifest.fingerprints, new.fingerprints)
        else:
            new.write(path)
        with writing(path):
            for name in PARTS:
                (path / name).mkdir(exist_ok=True)
        for leftover in path.rglob("*" + PARTIAL):
            leftover.unlink(missing_ok=True)
        folder.put()
        try:
            yield folder
        except UnitscopeError as error:
            begun = known or any((path / SHARDS).iterdir())
            if not begun or isinstance(error, NothingToMeasureError):
                _forget(path, made=made)
                folder.put()
            raise


def _forget(path: Path, *, made: bool) -> None:
    """Leave nothing of a run that was refused before any work was done, or that can never be finished."""
    for name in PARTS:
        shutil.rmtree(path / name, ignore_errors=True)
    (path / MANIFEST).unlink(missing_ok=True)
    if made:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(path / LOCK, blocking=False)
    with writing(path / LOCK):
        try:
            lock.acquire()
        except Timeout:
            raise UnitscopeError(
                f"another process is working on {path}; wait for it, or give --out another folder"
            ) from None
    try:
        yield
    finally:
        lock.release()


def _refuse_strangers(path: Path) -> None:
    names = sorted(entry.name for entry in path.iterdir())
    others = [name for name in names if name != LOCK and not name.endswith(PARTIAL)]
    if others and MANIFEST not in names:
        raise UnitscopeError(
            f"{path} is not empty and holds no run (it has {others[0]!r}); give --out a new or empty folder"
        )


def _refuse_earlier(path: Path, manifest: Manifest) -> None:
    if manifest.earlier:
        raise UnitscopeError(
            f"{shown(path)} holds a run of an earlier version, which can be opened and not gone on with; give --out "
            "another folder"
        )


def _refuse_versions(path: Path, before: Mapping[str, str]) -> None:
    for name, version in before.items():
        now = version_of(name)
        if now != version:
            raise UnitscopeError(
                f"{shown(path)} was begun with {name} {version}, and here is {now}: what two versions measured is "
                f"not put together; install {name} {version} to go on with it, or give --out another folder"
            )


def _refuse_changes(path: Path, before: Values, now: Values) -> None:
    old, new = flatten(before), flatten(now)
    changed = [
        f"{key}: {_shown(old, key)} there, {_shown(new, key)} now"
        for key in [*old, *(key for key in new if key not in old)]
        if old.get(key) != new.get(key)
    ]
    if changed:
        raise UnitscopeError(
            f"{shown(path)} holds a run with another configuration ({'; '.join(changed[:5])}"
            f"{f'; and {len(changed) - 5} more' if len(changed) > 5 else ''}); "
            "give --out another folder, or repeat the command that made it"
        )


def _refuse_unlike(path: Path, before: Fingerprints, now: Fingerprints) -> None:
    other = unlike(before, now)
    if other:
        raise UnitscopeError(
            f"{shown(path)} holds a run with the same weights that answered otherwise ({other}): the code, or settings "
            "that are no weights, are other ones; give --out another folder, or restore them"
        )


def _shown(config: Values, key: str) -> str:
    value = str(config.get(key, "absent"))
    if key.endswith("hash") and len(value) == LENGTH_OF_HASH:
        return f"{value[:SHOWN_OF_HASH]}..."
    return (
        value if len(value) <= SHOWN_OF_VALUE else f"{value[:SHOWN_OF_VALUE]}... ({len(value):,} characters)"
    )


def flatten(config: Values, prefix: str = "") -> Values:
    """Name nested entries by their path: ``{"a": {"b": 1}} -> {"a.b": 1}``."""
    flat: Values = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
