"""The run folder: one configuration, shards committed one by one, tables at the end, one process at a time."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from unitscope.errors import UnitscopeError
from unitscope.run.storage import PARTIAL, ArrayFile, Arrays, write_arrays, write_file, write_json, writing

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
LOCK = "lock"
STATUSES = ("running", "complete")
DISSECTION, IMPORTANCE = "dissection", "importance"
REMOVAL, INSERTION, RANKING = "removal", "insertion", "ranking"
"""Kinds of runs."""
COMMANDS = {
    DISSECTION: "dissect",
    IMPORTANCE: "importance",
    REMOVAL: "remove",
    INSERTION: "insert",
    RANKING: "rank",
}
"""The command that makes each kind."""
WRITERS = 2
"""Tables that are written at the same time."""
LENGTH_OF_HASH = 64
SHOWN_OF_HASH = 8
PACKAGES = ("unitscope", "torch", "numpy", "numba", "pillow", "pyarrow", "safetensors")


class RunFolder:
    """A folder that holds one run, complete or not.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest as it stands on disk.

        Raises:
            UnitscopeError: there is none, it is damaged, or its schema is another one.
        """
        return read_manifest(self.path)

    def update_manifest(self, **values: object) -> None:
        """Replace top-level entries of the manifest."""
        write_json(self.path / MANIFEST, {**self.manifest, **values})

    def shard_path(self, shard: int) -> Path:
        """Where the statistics of a shard are committed."""
        return self.path / "shards" / f"{shard:05d}.safetensors"

    def cache_path(self, shard: int, *, points: bool = False) -> Path:
        """Where the strong cells of a shard are kept, or the raster points that were made of them."""
        return self.path / "cache" / f"{shard:05d}{'.points' if points else ''}.safetensors"

    @property
    def cache_bytes(self) -> int:
        """Size of the cache."""
        return sum(file.stat().st_size for file in (self.path / "cache").iterdir())

    def commit_shard(self, shard: int, arrays: Arrays, *, note: dict[str, str]) -> None:
        """Write a shard; once its file is there, the shard is done."""
        write_arrays(self.shard_path(shard), arrays, note=note)

    def open_shard(self, shard: int) -> ArrayFile:
        """Open a committed shard."""
        return ArrayFile(self.shard_path(shard))

    def write_table(self, name: str, table: pd.DataFrame | pa.Table) -> None:
        """Write a Parquet table."""
        arrow = (
            pa.Table.from_pandas(table, preserve_index=False) if isinstance(table, pd.DataFrame) else table
        )
        path = self.path / "tables" / f"{name}.parquet"
        write_file(path, lambda partial: pq.write_table(arrow, partial, compression="snappy"))

    def write_tables(self, tables: Iterable[tuple[str, pd.DataFrame | pa.Table]]) -> None:
        """Write named Parquet tables while the following ones are made."""
        with ThreadPoolExecutor(WRITERS) as pool:
            for task in [pool.submit(self.write_table, name, table) for name, table in tables]:
                task.result()

    def drop_cache(self) -> None:
        """Delete the strong cells; statistics and tables stay."""
        shutil.rmtree(self.path / "cache", ignore_errors=True)


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of the run folder `path`.

    Raises:
        UnitscopeError: the folder, or its manifest, is missing or damaged, or has another schema version.
    """
    file = path / MANIFEST
    if not file.is_file():
        raise UnitscopeError(f"{path} is no run folder: it has no {MANIFEST}; 'unitscope dissect' makes one")
    try:
        manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        version = manifest["schema_version"]
    except OSError as error:
        raise UnitscopeError(f"cannot read {file}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(path, error) from error
    if version != SCHEMA_VERSION:
        raise UnitscopeError(
            f"{path} has schema version {version!r}, this unitscope reads {SCHEMA_VERSION}; "
            "run the dissection again with this version, into another folder"
        )
    if not isinstance(manifest.get("config"), dict) or manifest.get("status") not in STATUSES:
        raise _damaged(path, "it has no configuration or no status")
    return manifest


def slug(name: str) -> str:
    """Return a name as it may stand in the name of a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "-"


def configuration_hash(manifest: dict[str, Any]) -> str:
    """Return the SHA-256 of the configuration of a run."""
    return hashlib.sha256(json.dumps(manifest["config"], sort_keys=True).encode()).hexdigest()


def require_kind(path: Path, manifest: dict[str, Any], kind: str) -> None:
    """Refuse a run of another kind.

    Raises:
        UnitscopeError: the manifest is that of something else.
    """
    found = manifest.get("kind", DISSECTION)
    if found != kind:
        raise UnitscopeError(
            f"{path} holds a run of kind {found!r} where one of kind {kind!r} is wanted; "
            f"'unitscope {COMMANDS[kind]}' makes one, in another folder"
        )


def _damaged(path: Path, reason: object) -> UnitscopeError:
    return UnitscopeError(
        f"{path / MANIFEST} is damaged ({reason}); restore it, or run the dissection again into another folder"
    )


@contextmanager
def open_for_writing(path: Path, config: dict[str, Any], *, kind: str = DISSECTION) -> Iterator[RunFolder]:
    """Lock a run folder for this process, new or to be continued.

    Args:
        path: the folder; made when it is not there.
        config: everything that decides the results. An existing run must have the same.
        kind: what the run is.

    Raises:
        UnitscopeError: another process works on the folder, the folder cannot be written, holds other files, or its
            run has another configuration (the differences are shown).
    """
    if path.exists() and not path.is_dir():
        raise UnitscopeError(f"{path} is a file; give --out a folder, new or with a run in it")
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
    _refuse_strangers(path)
    folder = RunFolder(path)
    with _lock(path):
        if (path / MANIFEST).is_file():
            require_kind(path, folder.manifest, kind)
            _refuse_changes(path, folder.manifest["config"], config)
        else:
            write_json(path / MANIFEST, _new_manifest(config, kind))
        with writing(path):
            for name in ("shards", "cache", "tables", "pictures"):
                (path / name).mkdir(exist_ok=True)
        for leftover in path.rglob("*" + PARTIAL):
            leftover.unlink(missing_ok=True)
        yield folder


@contextmanager
def _lock(path: Path) -> Iterator[None]:
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


def _refuse_changes(path: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    old, new = flatten(before), flatten(json.loads(json.dumps(now)))
    changed = [
        f"{key}: {_shown(old, key)} there, {_shown(new, key)} now"
        for key in [*old, *(key for key in new if key not in old)]
        if old.get(key) != new.get(key)
    ]
    if changed:
        raise UnitscopeError(
            f"{path} holds a run with another configuration ({'; '.join(changed[:5])}"
            f"{f'; and {len(changed) - 5} more' if len(changed) > 5 else ''}); "
            "give --out another folder, or repeat the command that made it"
        )


def _shown(config: dict[str, Any], key: str) -> str:
    value = str(config.get(key, "absent"))
    return f"{value[:SHOWN_OF_HASH]}..." if key.endswith("hash") and len(value) == LENGTH_OF_HASH else value


def flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name nested entries by their path: ``{"a": {"b": 1}} -> {"a.b": 1}``."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def _new_manifest(config: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": kind,
        "status": "running",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "config": config,
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }
