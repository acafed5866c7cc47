"""The text of a label file as rows: lines, tables with a header, JSON, and the exports of annotation tools."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from unitscope.errors import UnitscopeError

NUMBER_HEADERS = (
    "number",
    "id",
    "index",
    "idx",
    "value",
    "pixel value",
    "trainid",
    "train id",
    "label",
    "class",
)
NAME_HEADERS = ("name", "label", "class", "concept")
COLUMN_SEPARATORS = ("\t", ",", ";")
CVAT_HEADER = "label:color_rgb"
LABELME_FIRST = "__ignore__"
"""What LabelMe's list of classes begins with; its masks hold 255 for it, and count the others from 0."""

_NUMBERED = re.compile(r"\s*(-?\d+)\s*([:,;\t]|\s)\s*(\S.*)$")
_NUMBER_LAST = re.compile(r"(.*\D)[\s:,;]\s*\d+\s*$")

Color = tuple[int, int, int]
Where = str
"""The place of a row in its file, for messages."""


class Row(NamedTuple):
    """One label.

    Attributes:
        where: it stands, for messages.
        number: in masks, as it is written.
        name: as it is written; may be empty.
        category: may be empty.
        color: in masks that hold colours.
    """

    where: Where
    number: str
    name: str
    category: str = ""
    color: Color | None = None


def rows_of(text: str, path: Path) -> Iterator[Row]:
    """Return the labels in the text of a file, in its order.

    Raises:
        UnitscopeError: the text is of no known form, or of two.
    """
    if path.suffix.lower() == ".json":
        return _json_rows(text, path)
    lines = list(_lines(text))
    first = text.lstrip("\ufeff \r\n").partition("\n")[0].lstrip("# ")
    if first.lower().startswith(CVAT_HEADER):
        return _cvat_rows(lines, path)
    separator = _header_separator(lines)
    if separator:
        return _table_rows(lines, separator, path)
    if path.suffix.lower() == ".csv" and lines and not _NUMBERED.match(lines[0][1]):
        raise mistake(path, "line 1", "names no columns; write the header number,name,category")
    return _line_rows(lines, path)


def mistake(path: Path, where: Where, problem: str) -> UnitscopeError:
    """Return the error that says what is wrong in a place of a label file."""
    return UnitscopeError(f"label file {str(path)!r}, {where}: {problem}")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for position, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield position, line


def _header_separator(lines: Sequence[tuple[int, str]]) -> str | None:
    """Return what separates the columns of a table whose first line names a number and a name."""
    for separator in COLUMN_SEPARATORS:
        columns = _columns(lines[0][1].split(separator)) if lines else []
        known = any(name in columns for name in (*NUMBER_HEADERS, *NAME_HEADERS))
        if len(columns) > 1 and known and not any(cell.isdigit() for cell in columns):
            return separator
    return None


def _columns(cells: Sequence[str]) -> list[str]:
    return [cell.strip().lower().replace("_", " ") for cell in cells]


def _table_rows(lines: Sequence[tuple[int, str]], separator: str, path: Path) -> Iterator[Row]:
    header, *records = csv.reader([line for _, line in lines], delimiter=separator, skipinitialspace=True)
    columns = _columns(header)
    number = _column(columns, NUMBER_HEADERS, path)
    name = _column([each if i != number else "" for i, each in enumerate(columns)], NAME_HEADERS, path)
    category = columns.index("category") if "category" in columns else None
    for (position, _), record in zip(lines[1:], records, strict=True):
        cells = [cell.strip() for cell in record] + [""] * (len(columns) - len(record))
        yield Row(f"line {position}", cells[number], cells[name], "" if category is None else cells[category])


def _column(columns: Sequence[str], allowed: Sequence[str], path: Path) -> int:
    for name in allowed:
        if name in columns:
            return columns.index(name)
    raise mistake(
        path, "line 1", f"no column is called {' or '.join(allowed)}; write the header number,name,category"
    )


def _cvat_rows(lines: Sequence[tuple[int, str]], path: Path) -> Iterator[Row]:
    """Read lines ``name:r,g,b:parts:actions``, numbered from 0."""
    for index, (position, line) in enumerate(lines):
        name, color, *_ = [*line.split(":"), ""]
        parts = color.split(",")
        if len(parts) != 3 or not all(part.strip().isdigit() and int(part) < 256 for part in parts):
            raise mistake(path, f"line {position}", f"{color!r} is no colour r,g,b from 0 to 255")
        red, green, blue = (int(part) for part in parts)
        yield Row(f"line {position}", str(index), name.strip(), color=(red, green, blue))


def _line_rows(lines: Sequence[tuple[int, str]], path: Path) -> Iterator[Row]:
    """Read lines that begin with a number, or lines of names alone."""
    if len(lines) > 1 and not _NUMBERED.match(lines[0][1]) and _NUMBERED.match(lines[1][1]):
        words = _columns(re.split(r"[\s:,;]+", lines[0][1].strip()))
        lines = lines[1:] if words[0] in NUMBER_HEADERS else lines
    numbered = [position for position, line in lines if _NUMBERED.match(line)]
    if not numbered:
        yield from _name_rows(lines, path)
        return
    for position, line in lines:
        if not _NUMBERED.match(line):
            raise mistake(
                path,
                f"line {position}",
                f"{line.strip()!r} begins with no whole number and a name, as line {numbered[0]} does; write "
                "'number name' on every line, or names alone",
            )
        yield _numbered_row(f"line {position}", line, path)


def _numbered_row(where: Where, line: str, path: Path) -> Row:
    found = _NUMBERED.match(line)
    assert found is not None
    number, separator, rest = found.groups()
    if "\t" in line.strip():
        number, name, category, *more = [*(cell.strip() for cell in line.split("\t")), "", ""]
        if any(more):
            raise mistake(path, where, "has more than number, name and category")
        return Row(where, number, name, category)
    if separator in (",", ";") and separator in rest:
        name, _, category = rest.partition(separator)
        raise mistake(
            path,
            where,
            f"may be the name {rest.strip()!r} or the name {name.strip()!r} of category {category.strip()!r}; "
            "separate by tabs, or write the header number,name,category",
        )
    return Row(where, number, rest.strip())


def _name_rows(lines: Sequence[tuple[int, str]], path: Path) -> Iterator[Row]:
    """Read one name a line, numbered from 0, each with its category after a tab by chance."""
    backwards = [_NUMBER_LAST.match(line) for _, line in lines]
    if lines and all(backwards):
        (position, line), found = lines[0], backwards[0]
        name = found[1].strip(" \t:,;") if found else ""
        raise mistake(
            path,
            f"line {position}",
            f"may be the name {line.strip()!r} or the name {name!r} with its number; write the number first",
        )
    first = -1 if lines and lines[0][1].strip() == LABELME_FIRST else 0
    for index, (position, line) in enumerate(lines, first):
        name, category, *_ = [*(cell.strip() for cell in line.split("\t")), ""]
        yield Row(f"line {position}", str(index if index >= 0 else 255), name, category)


def _json_rows(text: str, path: Path) -> Iterator[Row]:
    try:
        content = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise mistake(path, f"line {error.lineno}", f"is not valid JSON ({error.msg})") from None
    if isinstance(content, _Pairs):
        content = _inner(dict(content)) or content
    if isinstance(content, _Pairs):
        for key, value in content:
            number, name = (value, key) if isinstance(value, int) else (key, value)
            where = f"entry {key!r}"
            yield Row(where, str(number), _text(name, path, where))
    elif isinstance(content, list):
        for position, entry in enumerate(content):
            where = f"entry {position}"
            if isinstance(entry, _Pairs):
                yield _object_row({str(key).lower(): value for key, value in entry}, path, where)
            else:
                yield Row(where, str(position), _text(entry, path, where))
    else:
        raise mistake(
            path, "line 1", "is neither a list nor an object; write a list of names or number: name pairs"
        )


class _Pairs(list[tuple[str, object]]):
    """The members of a JSON object, repeated keys included."""


def _inner(content: Mapping[str, object]) -> object:
    """Return where the labels are in a model's configuration (Hugging Face) or an annotation file (COCO)."""
    for key in ("id2label", "label2id", "categories"):
        if isinstance(content.get(key), list):
            return content[key]
    return None


def _object_row(cells: Mapping[str, object], path: Path, where: Where) -> Row:
    number = next((cells[key] for key in ("number", "id", "index") if key in cells), None)
    if number is None or "name" not in cells:
        raise mistake(
            path, where, f"has {', '.join(cells) or 'nothing'}; give number, name and maybe category"
        )
    name, category = (_text(cells.get(key, ""), path, where) for key in ("name", "category"))
    return Row(where, str(number), name, category)


def _text(value: object, path: Path, where: Where) -> str:
    if not isinstance(value, str):
        raise mistake(path, where, f"{value!r} is not a name; write it in quotes")
    return value.strip()
