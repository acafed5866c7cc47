"""The text of a label file as rows: lines, tables with a header, JSON, and the exports of annotation tools."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, NoReturn

from unitscope.errors import UnitscopeError

TRAIN_HEADERS = ("trainid", "train id")
NUMBER_HEADERS = (
    "number",
    "id",
    "index",
    "idx",
    "value",
    "pixel value",
    *TRAIN_HEADERS,
    "label",
    "class",
)
NAME_HEADERS = ("name", "label", "class", "concept")
COLUMN_SEPARATORS = ("\t", ",", ";")
NAME_KEYS = ("name", "category")
CVAT_HEADER = "label:color_rgb"
LABELME_FIRST = "__ignore__"
"""What LabelMe's list of classes begins with; its masks hold 255 for it, and count the others from 0."""

_NUMBERED = re.compile(r"\s*(-?\d+)\s*([:,;\t]|\s)\s*(\S.*)$")
_NUMBER_LAST = re.compile(r"(.*\D)[\s:,;]\s*\d+\s*$")

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_WHOLE = re.compile(r"\s*-?\d+\s*")

Color = tuple[int, int, int]
Line = tuple[int, str]
"""The number of a line in its file, and its text."""
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
        counted: whether no number is written, and it is the place of the name among others.
    """

    where: Where
    number: str
    name: str
    category: str = ""
    color: Color | None = None
    counted: bool = False


def rows_of(text: str, path: Path, wanted: Sequence[str] = ()) -> Iterator[Row]:
    """Return the labels in the text of a file, in its order.

    Args:
        text: of the file.
        path: the file, for messages.
        wanted: titles of columns or keys that hold the numbers of masks, whatever others there are.

    Raises:
        UnitscopeError: the text is of no known form, or of two.
    """
    if path.suffix.lower() == ".json":
        return _json_rows(text, path, wanted)
    lines = list(_lines(text))
    first = text.lstrip("\ufeff \r\n").partition("\n")[0].lstrip("# ")
    if first.lower().startswith(CVAT_HEADER):
        return _cvat_rows(lines, path)
    separator = _header_separator(lines)
    if separator:
        return _table_rows(lines, separator, path, wanted)
    if path.suffix.lower() == ".csv" and lines and not _NUMBERED.match(lines[0][1]):
        raise mistake(path, "line 1", "names no columns; write the header number,name,category")
    return _line_rows(lines, path)


def mistake(path: Path, where: Where, problem: str) -> UnitscopeError:
    """Return the error that says what is wrong in a place of a label file."""
    return UnitscopeError(f"label file {str(path)!r}, {where}: {problem}")


def _lines(text: str) -> Iterator[Line]:
    for position, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield position, line


def _header_separator(lines: Sequence[Line]) -> str | None:
    """Return what separates the columns of a table whose first line names a number and a name."""
    for separator in COLUMN_SEPARATORS:
        columns = _columns(lines[0][1].split(separator)) if lines else []
        known = any(name in columns for name in (*NUMBER_HEADERS, *NAME_HEADERS))
        if len(columns) > 1 and known and not any(cell.isdigit() for cell in columns):
            return separator
    return None


def _columns(cells: Sequence[str]) -> list[str]:
    return [cell.strip().lower().replace("_", " ") for cell in cells]


def _table_rows(lines: Sequence[Line], separator: str, path: Path, wanted: Sequence[str]) -> Iterator[Row]:
    where, cells = f"line {lines[0][0]}", _cells(lines, separator, path)
    number = _number_column(cells, wanted, path, where) or _no_column(NUMBER_HEADERS, path, where)
    named = (title for title in NAME_HEADERS if title in cells and title != number)
    name = next(named, None) or _no_column(NAME_HEADERS, path, where)
    categories = cells.get("category", [""] * len(lines[1:]))
    rows = zip(lines[1:], cells[number], cells[name], categories, strict=True)
    for (position, _), written, called, category in rows:
        if not _untrained(number, written, wanted):
            yield Row(f"line {position}", written, called, category)


def _cells(lines: Sequence[Line], separator: str, path: Path) -> dict[str, list[str]]:
    """Return what the columns of a table hold, by their titles in the first line; cells that are left out are empty."""
    header, *records = (_fields(line, separator, path, f"line {position}") for position, line in lines)
    titles = _columns(header)
    known = [title for title in titles if title in (*NUMBER_HEADERS, *NAME_HEADERS, "category")]
    twice = next((title for title in known if titles.count(title) > 1), None)
    if twice is not None:
        raise mistake(path, f"line {lines[0][0]}", f"calls two columns {twice!r}; rename or drop one")
    for (position, _), record in zip(lines[1:], records, strict=True):
        if any(record[len(titles) :]):
            raise mistake(
                path,
                f"line {position}",
                f"has {len(record)} fields and the header {len(titles)}; put a name that holds {separator!r} in quotes",
            )
    return {title: ["".join(record[i : i + 1]) for record in records] for i, title in enumerate(titles)}


def _fields(line: str, separator: str, path: Path, where: Where) -> list[str]:
    """Return what separators divide a line into, without the quotes around it."""
    try:
        (fields,) = csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)
    except csv.Error:
        raise mistake(
            path, where, "has a quote without its other one; close it on the same line, or leave it out"
        ) from None
    return [field.strip() for field in fields]


def _number_column(
    cells: Mapping[str, Sequence[str]], wanted: Sequence[str], path: Path, where: Where
) -> str | None:
    """Return the column that holds the numbers of masks: the one that is wanted, or the only one that can be it.

    Args:
        cells: the text in each row of each column, by its title.
        wanted: titles that are taken whatever else there is.
        path: the file.
        where: the titles stand.

    Raises:
        UnitscopeError: several columns hold numbers that differ, and nothing says which are meant.
    """
    chosen = next((title for title in wanted if title in cells), None)
    if chosen is not None:
        return chosen
    able = [title for title in NUMBER_HEADERS if title in cells]
    names = [title for title in NAME_HEADERS if title in cells]
    if len(names) == 1:
        able = [title for title in able if title != names[0]]
    whole = [title for title in able if any(_WHOLE.fullmatch(cell) for cell in cells[title])]
    other = next((title for title in whole if list(cells[title]) != list(cells[whole[0]])), None)
    if other is not None:
        raise mistake(
            path,
            where,
            f"has numbers in {whole[0]!r} and other numbers in {other!r}; leave only those that the masks hold, or "
            "rename the others",
        )
    return next(iter(whole or able), None)


def _untrained(title: str, number: str, wanted: Sequence[str]) -> bool:
    """Return whether a row of Cityscapes' table has no number among those that networks are trained on."""
    return title in wanted and title in TRAIN_HEADERS and number in ("255", "-1")


def _no_column(allowed: Sequence[str], path: Path, where: Where) -> NoReturn:
    raise mistake(
        path, where, f"no column is called {' or '.join(allowed)}; write the header number,name,category"
    )


def _cvat_rows(lines: Sequence[Line], path: Path) -> Iterator[Row]:
    """Read lines ``name:r,g,b:parts:actions``, numbered from 0."""
    _check_places(lines, path)
    for index, (position, line) in enumerate(lines):
        name, color, *_ = [*line.split(":"), ""]
        parts = color.split(",")
        if len(parts) != 3 or not all(part.strip().isdigit() and int(part) < 256 for part in parts):
            raise mistake(path, f"line {position}", f"{color!r} is no colour r,g,b from 0 to 255")
        red, green, blue = (int(part) for part in parts)
        yield Row(f"line {position}", str(index), name.strip(), color=(red, green, blue), counted=True)


def _line_rows(lines: Sequence[Line], path: Path) -> Iterator[Row]:
    """Read lines that begin with a number, or lines of names alone."""
    if len(lines) > 1 and not _NUMBERED.match(lines[0][1]) and _NUMBERED.match(lines[1][1]):
        words = _columns(re.split(r"[\s:,;]+", lines[0][1].strip()))
        if len(words) > 2 and words[0] in NUMBER_HEADERS and words[1] not in NAME_HEADERS:
            problem = f"has the columns {', '.join(words)}; separate them by tabs or commas, also on the lines below"
            raise mistake(path, f"line {lines[0][0]}", problem)
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
        number, name, category, *more = [*(_unquoted(cell) for cell in line.split("\t")), "", ""]
        if any(more):
            raise mistake(path, where, "has more than number, name and category")
        return Row(where, number, name, category)
    if separator in (",", ";") and separator in rest and not _QUOTED.fullmatch(rest.strip()):
        name, _, category = rest.partition(separator)
        raise mistake(
            path,
            where,
            f"may be the name {rest.strip()!r} or the name {name.strip()!r} of category {category.strip()!r}; "
            "separate by tabs, or write the header number,name,category",
        )
    return Row(where, number, _unquoted(rest))


def _unquoted(text: str) -> str:
    """Return a field without spaces and quotes around it, as programs for tables write them."""
    found = _QUOTED.fullmatch(text.strip())
    return found[1].replace('""', '"').strip() if found else text.strip()


def _check_places(lines: Sequence[Line], path: Path) -> None:
    """Refuse lines between those of names that are numbered by their place: they might count, too."""
    for (before, _), (position, _) in pairwise(lines):
        if position != before + 1:
            raise mistake(
                path,
                f"line {before + 1}",
                "is empty or begins with # between names that count from 0 by their place; take it out, or write the "
                "number before every name",
            )


def _name_rows(lines: Sequence[Line], path: Path) -> Iterator[Row]:
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
    _check_places(lines, path)
    first = -1 if lines and lines[0][1].strip() == LABELME_FIRST else 0
    for index, (position, line) in enumerate(lines, first):
        name, category, *_ = [*(_unquoted(cell) for cell in line.split("\t")), ""]
        yield Row(f"line {position}", str(index if index >= 0 else 255), name, category, counted=True)


def _json_rows(text: str, path: Path, wanted: Sequence[str]) -> Iterator[Row]:
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
        yield from _entry_rows(content, path, wanted)
    else:
        raise mistake(
            path, "line 1", "is neither a list nor an object; write a list of names or number: name pairs"
        )


def _entry_rows(content: Sequence[object], path: Path, wanted: Sequence[str]) -> Iterator[Row]:
    """Read a list of names, or of objects that each have a number and a name."""
    entries = [_object(entry) if isinstance(entry, _Pairs) else entry for entry in content]
    objects = [entry for entry in entries if isinstance(entry, Mapping)]
    keys = dict.fromkeys(key for entry in objects for key in entry)
    cells = {key: [str(entry.get(key, "")) for entry in objects] for key in keys if key not in NAME_KEYS}
    number = _number_column(cells, wanted, path, "each entry")
    for position, entry in enumerate(entries):
        where = f"entry {position}"
        if not isinstance(entry, Mapping):
            yield Row(where, str(position), _text(entry, path, where), counted=True)
        elif number is None or not {number, "name"} <= set(entry):
            raise mistake(
                path, where, f"has {', '.join(entry) or 'nothing'}; give number, name and maybe category"
            )
        elif not _untrained(number, str(entry[number]), wanted):
            name, category = (_text(entry.get(key, ""), path, where) for key in NAME_KEYS)
            yield Row(where, str(entry[number]), name, category)


class _Pairs(list[tuple[str, object]]):
    """The members of a JSON object, repeated keys included."""


def _inner(content: Mapping[str, object]) -> object:
    """Return where the labels are in a model's configuration (Hugging Face) or an annotation file (COCO)."""
    for key in ("id2label", "label2id", "categories"):
        if isinstance(content.get(key), list):
            return content[key]
    return None


def _object(pairs: _Pairs) -> Mapping[str, object]:
    return dict(zip(_columns([key for key, _ in pairs]), (value for _, value in pairs), strict=True))


def _text(value: object, path: Path, where: Where) -> str:
    if not isinstance(value, str):
        raise mistake(path, where, f"{value!r} is not a name; write it in quotes")
    return value.strip()
