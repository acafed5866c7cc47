"""Write a finished dissection so that it travels: its tables, pictures, controls and questions, with a data card."""

from __future__ import annotations

import base64
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from unitscope.errors import UnitscopeError
from unitscope.paths import AnyPath
from unitscope.run.address import address_of, local_path
from unitscope.run.card import data_card
from unitscope.run.dissection import Dissection, open_run
from unitscope.run.exported import (
    CARD,
    EXPORT_VERSION,
    FORMAT,
    FORMS,
    PACKED,
    PICTURE_FOLDERS,
    RECORD,
    ExportForm,
    ExportRecord,
    FileRecord,
    check_names,
)
from unitscope.run.folder import check_whole
from unitscope.run.layout import TABLES
from unitscope.run.manifest import MANIFEST, SCHEMA_VERSION, Manifest, plain, read_manifest
from unitscope.run.older import lacks_columns
from unitscope.run.storage import file_hash, refuse_existing, scratch_folder, write_file, write_frame, writing

PICTURES_AT_ONCE = 64
"""Pictures in a row group of a table of pictures."""
IMAGES = {
    "info": {
        "features": {"picture": {"dtype": "string", "_type": "Value"}, "image": {"_type": "Image"}},
    }
}
"""What tells the library datasets that a column holds pictures."""
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Time of every file in a zip file, so that the same run gives the same bytes."""


def export(
    run: AnyPath | Dissection, to: ExportForm = "zip", out: AnyPath | None = None, *, pictures: bool = True
) -> Path:
    """Write a finished dissection so that it travels, with its controls and the questions that its folder keeps.

    ``docs/export.md`` describes the files. Pieces of work and kept activations stay behind.

    Args:
        run: a finished dissection, or its folder.
        to: ``zip`` (one file), ``parquet`` (a folder), ``hub`` (a folder for the Hugging Face Hub, pictures in a table)
            or ``csv`` (a folder for spreadsheets, which cannot be imported).
        out: the folder or the file, new; ``RUN-<to>`` or ``RUN.zip`` beside the run by default, or in the
            working folder where that is in a store.
        pictures: whether pictures are in it; without them, questions whose pages show pictures are left out as well.

    Returns:
        What was written.

    Raises:
        UnitscopeError: the run is not finished or damaged, there is something at `out`, or it cannot be written.
    """
    if to not in FORMS:
        raise UnitscopeError(f"--to {to!r} is no form of export; give one of {', '.join(FORMS)}")
    opened = run if isinstance(run, Dissection) else open_run(run)
    own = opened.path.absolute()
    name = own.name + (".zip" if to == "zip" else f"-{to}")
    beside = own.with_name(name) if address_of(own) is None else Path(name)
    place = local_path(out) if out is not None else beside
    refuse_existing(place)
    with scratch_folder(place) as folder, writing(place):
        _fill(opened, folder, to, pictures=pictures)
        if to == "zip":
            write_file(place, lambda partial: _zip(folder, partial))
        else:
            folder.rename(place)
    return place


def _fill(run: Dissection, folder: Path, to: ExportForm, *, pictures: bool) -> None:
    parts = [run.path, *_questions(run.path, pictures=pictures)]
    for part in parts:
        _write_part(part, folder / part.relative_to(run.path), to, pictures=pictures)
    card = data_card(
        run, to, [part.relative_to(run.path).as_posix() for part in parts[1:]], pictures=pictures
    )
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {
        path.relative_to(folder).as_posix(): FileRecord(bytes=path.stat().st_size, sha256=file_hash(path))
        for path in paths
    }
    check_names(files, str(run.path))
    record = ExportRecord(
        format=FORMAT, version=EXPORT_VERSION, form=to, pictures=pictures,
        unitscope=metadata.version("unitscope"), files=files,
    )  # fmt: skip
    (folder / CARD).write_text(card, encoding="utf-8")
    (folder / RECORD).write_text(json.dumps(plain(record), indent=1) + "\n", encoding="utf-8")


def _questions(run: Path, *, pictures: bool) -> Iterator[Path]:
    """Yield the folders of finished controls and questions that a run keeps; exports in it are none."""
    exports = {file.parent for file in run.rglob(RECORD)} - {run}
    for file in sorted(run.rglob(MANIFEST)):
        part = file.parent
        if part == run or exports & {part, *part.parents} or not read_manifest(part).complete:
            continue
        if pictures or read_manifest(part).kind == Dissection.kind or not any(_pictures_of(part)):
            yield part


def _pictures_of(part: Path) -> Iterator[Path]:
    """Yield the pictures of a run, in the order of their names."""
    for name in PICTURE_FOLDERS:
        yield from (path for path in sorted((part / name).rglob("*")) if path.is_file())


def _write_part(part: Path, folder: Path, to: ExportForm, *, pictures: bool) -> None:
    """Write one run: its tables, its pictures, and a manifest that knows which of them are there."""
    manifest = read_manifest(part)
    check_whole(part, manifest, "dissect")
    (folder / TABLES).mkdir(parents=True)
    for file in sorted((part / TABLES).glob("*.parquet")):
        _write_table(file, folder / TABLES, manifest, to)
    files = list(_pictures_of(part)) if pictures else []
    hashes = {path.relative_to(folder).as_posix(): file_hash(path) for path in (folder / TABLES).iterdir()}
    hashes |= {file.relative_to(part).as_posix(): file_hash(file) for file in files}
    if to == "hub" and files:
        _pack(part, files, folder / PACKED)
    else:
        for file in files:
            copy = folder / file.relative_to(part)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    replace(manifest, schema_version=SCHEMA_VERSION, files=dict(sorted(hashes.items()))).write(folder)


def _write_table(file: Path, folder: Path, manifest: Manifest, to: ExportForm) -> None:
    """Write a table as it is, or with the columns that an earlier version did not have, or as CSV."""
    units = manifest.kind == Dissection.kind and file.stem == "units"
    if to == "csv":
        frame = Dissection(file.parents[1]).units if units else _read(file)
        for name in _nested(frame):
            frame[name] = [_spelled(cell) for cell in frame[name]]
        frame.to_csv(folder / f"{file.stem}.csv", index=False, encoding="utf-8", lineterminator="\n")
    elif units and lacks_columns(_read(file)):
        write_frame(folder / file.name, Dissection(file.parents[1]).units)
    else:
        shutil.copyfile(file, folder / file.name)


def _read(file: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.ParquetFile(file.absolute()).read().to_pandas()
    return frame


def _nested(frame: pd.DataFrame) -> list[str]:
    """Return the columns whose cells are lists or bytes."""
    kinds = pa.Schema.from_pandas(frame, preserve_index=False)
    return [each.name for each in kinds if pa.types.is_binary(each.type) or pa.types.is_nested(each.type)]


def _spelled(cell: object) -> str | None:
    """Write a list as JSON and bytes in base 64."""
    if isinstance(cell, bytes):
        return base64.b64encode(cell).decode()
    return None if cell is None else json.dumps(np.asarray(cell).tolist())


def _pack(part: Path, files: list[Path], place: Path) -> None:
    """Write pictures as one table: ``picture``, the path in the run, and ``image``, its bytes and name."""
    image = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
    note = {"huggingface": json.dumps(IMAGES)}
    schema = pa.schema([pa.field("picture", pa.string()), pa.field("image", image)], metadata=note)
    with writing(place), pq.ParquetWriter(place.absolute(), schema, compression="none") as writer:
        for start in range(0, len(files), PICTURES_AT_ONCE):
            chosen = files[start : start + PICTURES_AT_ONCE]
            rows = {
                "picture": [file.relative_to(part).as_posix() for file in chosen],
                "image": [{"bytes": file.read_bytes(), "path": file.name} for file in chosen],
            }
            writer.write_table(pa.table(rows, schema=schema))


def _zip(folder: Path, place: Path) -> None:
    """Write a folder as a zip file; what is packed already is stored as it is."""
    with zipfile.ZipFile(place, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), LONG_AGO)
            entry.external_attr = 0o644 << 16
            text = path.suffix in (".json", ".md")
            entry.compress_type = zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target)
