"""Pictures in tables with a column of picture bytes: Parquet files, and data sets that Hugging Face saved to disk."""

from __future__ import annotations

import itertools
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, one_line
from unitscope.sources.class_names import listing
from unitscope.sources.class_numbers import TARGET_KEYS, class_numbers
from unitscope.sources.item import PICTURE_KEYS
from unitscope.sources.packed import PackedPictures

if TYPE_CHECKING:
    import pyarrow as pa

KEPT_GROUPS = 4
"""Row groups of Parquet files in memory: threads that decode neighbouring pictures read the same ones."""


class TablePictures(PackedPictures):
    """The pictures of a column of tables, in the order of the rows; ids are numbers of rows.

    The column is called as one of `PICTURE_KEYS`, or is the only one of bytes; a value is the bytes of a picture file,
    or a pair of bytes and path as Hugging Face stores it. Of Parquet, a few row groups are in memory at a time.

    Args:
        files: Parquet files, or Arrow files of the stream format.

    Raises:
        UnitscopeError: a file is not there, damaged, has other columns or classes than the first, or holds no pictures.
    """

    kind = "table"

    def _index(self) -> tuple[str, ...]:
        self._lock = threading.Lock()
        self._groups: OrderedDict[tuple[int, int], pa.ChunkedArray | pa.Array] = OrderedDict()
        ids: list[str] = []
        starts: list[tuple[int, int, int]] = []
        for number, file in enumerate(self.files):
            opened = self._open(number)
            if not number:
                self._column, self._features = _picture_column(opened.schema, file), _features(opened.schema)
            elif self._column not in opened.schema.names:
                raise UnitscopeError(
                    f"table {str(file)!r} has no column {self._column!r}, as {str(self.files[0])!r} has; give tables "
                    "of one kind"
                )
            elif (found := _classes(_features(opened.schema))) != (first_has := _classes(self._features)):
                raise UnitscopeError(
                    f"tables {str(self.files[0])!r} and {str(file)!r} differ in their classes, {_told(first_has)} and "
                    f"{_told(found)}; give tables of one kind, or each as a source of its own"
                )
            first = len(ids)
            for group, rows in enumerate(opened.groups):
                starts.append((first, number, group))
                first += rows
            ids += [f"{file.stem}/{row:08d}" for row in range(first - len(ids))]
        self._starts = np.array(starts, np.int64).reshape(-1, 3)
        return tuple(ids)

    def _open(self, number: int) -> _Parquet | _Arrow:
        file = self.files[number]
        try:
            return _Parquet(file) if file.suffix.lower() == ".parquet" else _Arrow(file)
        except Exception as error:  # Arrow has several kinds of them, and OSError for what is cut off
            raise UnitscopeError(
                f"table {str(file)!r} cannot be opened, it may be cut off: {one_line(error)}; copy or download it again"
            ) from error

    def _stored(self, index: int) -> object:
        place = int(np.searchsorted(self._starts[:, 0], index, side="right")) - 1
        first, number, group = (int(each) for each in self._starts[place])
        value: object = self._group(number, group)[index - first].as_py()
        if isinstance(value, Mapping):
            value = value.get("bytes")
        if value is None:
            raise ValueError("its row holds no bytes of a picture")
        return value

    def _group(self, number: int, group: int) -> pa.ChunkedArray | pa.Array:
        with self._lock:
            key = (number, group)
            if key not in self._groups:
                self._groups[key] = self._open(number).read(group, self._column)
                while len(self._groups) > KEPT_GROUPS:
                    self._groups.popitem(last=False)
            self._groups.move_to_end(key)
            return self._groups[key]

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_lock", "_groups")}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock, self._groups = threading.Lock(), OrderedDict()


class ClassedTables(TablePictures):
    """Tables with a column of classes whose names are written in the file, as Hugging Face does."""

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """The classes, in order."""
        return _classes(self._features)[1]

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """The place in `class_names` of the class of every picture, (N,).

        Raises:
            UnitscopeError: one is no class.
        """
        column = _classes(self._features)[0]
        tables = (self._open(number) for number, _ in enumerate(self.files))
        parts = (table.read(group, column) for table in tables for group, _ in enumerate(table.groups))
        return class_numbers(itertools.chain.from_iterable(part.to_pylist() for part in parts), self)


def table_pictures(files: Sequence[Path | str]) -> TablePictures:
    """Return the pictures of tables, with their classes where the files say how these are called.

    Raises:
        UnitscopeError: see :class:`TablePictures`.
    """
    found = TablePictures(files)
    return ClassedTables(files) if _classes(found._features)[1] else found


def saved_files(folder: Path) -> list[Path] | None:
    """Return the Arrow files of a folder that Hugging Face's ``save_to_disk`` wrote; None for other folders.

    Raises:
        UnitscopeError: it holds several data sets, or its list of files cannot be read.
    """
    if (folder / "dataset_dict.json").is_file():
        splits = sorted(each.name for each in folder.iterdir() if (each / "state.json").is_file())
        raise UnitscopeError(
            f"{str(folder)!r} holds several data sets, {', '.join(splits)}; give one of them, such as "
            f"{str(folder / (splits or ['train'])[0])!r}"
        )
    listed = folder / "state.json"
    if not (listed.is_file() and (folder / "dataset_info.json").is_file()):
        return None
    try:
        state = json.loads(listed.read_bytes())
        if state.get("_indices_data_files"):
            raise UnitscopeError(
                f"{str(folder)!r} is a selection from a larger data set; call flatten_indices() before save_to_disk"
            )
        return [folder / Path(each["filename"]).name for each in state["_data_files"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnitscopeError(f"{str(listed)!r} names no files of a data set: {one_line(error)}") from error


class _Parquet:
    """A Parquet file: rows are read by their group."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(path)
        self.schema: pa.Schema = self._file.schema_arrow
        facts = self._file.metadata
        self.groups = [facts.row_group(group).num_rows for group in range(facts.num_row_groups)]

    def read(self, group: int, column: str) -> pa.ChunkedArray:
        return self._file.read_row_group(group, columns=[column]).column(0)


class _Arrow:
    """A file of the Arrow stream format, mapped into memory: what is not looked at is not read."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        with pa.memory_map(str(path)) as mapped:
            table = pa.ipc.open_stream(mapped).read_all()
        self.schema: pa.Schema = table.schema
        self._batches = table.to_batches()
        self.groups = [batch.num_rows for batch in self._batches]

    def read(self, group: int, column: str) -> pa.Array:
        return self._batches[group].column(column)


def _picture_column(schema: pa.Schema, file: Path) -> str:
    """Return the column of pictures."""
    fitting = [field.name for field in schema if _holds_bytes(field.type)]
    named = [key for key in PICTURE_KEYS if key in fitting]
    if named or len(fitting) == 1:
        return (named or fitting)[0]
    what = f"several columns of bytes, {', '.join(fitting)}" if fitting else "no column of picture bytes"
    raise UnitscopeError(
        f"table {str(file)!r} has {what}; call the one with pictures {PICTURE_KEYS[0]!r} (its columns are "
        f"{', '.join(schema.names)})"
    )


def _holds_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(each.name == "bytes" and _holds_bytes(each.type) for each in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _features(schema: pa.Schema) -> Mapping[str, object]:
    """Return what Hugging Face wrote of the columns; nothing where it did not."""
    try:
        said = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return said if isinstance(said, Mapping) else {}


def _classes(features: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    """Return the column of classes, and their names."""
    for column in TARGET_KEYS:
        said = features.get(column)
        if isinstance(said, Mapping) and said.get("_type") == "ClassLabel":
            return column, tuple(map(str, said.get("names") or ()))
    return "", ()


def _told(classes: tuple[str, tuple[str, ...]]) -> str:
    """Return classes as a message names them."""
    column, names = classes
    return f"{listing(names)} in column {column!r}" if names else "none"
