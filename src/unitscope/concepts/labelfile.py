"""Label files: which concept each number in a mask, or each output of a segmenter, stands for."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.vocabulary import NOTHING, Concept
from unitscope.errors import UnitscopeError

LARGEST = 65535
"""The largest number a mask file can hold."""

NUMBER_HEADERS = ("number", "id", "index", "idx", "value", "label", "class")
NAME_HEADERS = ("name", "label", "class", "concept")

Row = tuple[str, str, str, str]
"""Where it stands (for messages), number, name, category (may be empty)."""


@dataclass(frozen=True)
class LabelTable:
    """The labels of one file, "nothing" left out.

    Attributes:
        source: the file, for messages.
        numbers: the numbers that masks hold, in the order of the file; any but 0.
        concepts: what they stand for, as many.
        names_nothing: whether the file has a line for 0.
    """

    source: str
    numbers: tuple[int, ...]
    concepts: tuple[Concept, ...]
    names_nothing: bool = False

    @property
    def largest(self) -> int:
        """The largest number."""
        return max(self.numbers)

    def lookup(self, first: int = 1, size: int | None = None) -> NDArray[np.int32]:
        """Return the vocabulary number of every number in a mask; -1 where the file names none.

        Args:
            first: vocabulary number of the first concept of this file.
            size: length of the result; by default up to the largest number.
        """
        table = np.full(size or self.largest + 1, -1, np.int32)
        table[NOTHING] = NOTHING
        table[list(self.numbers)] = np.arange(first, first + len(self.numbers))
        return table


def read_labels(path: Path | str, *, category: str = "object") -> LabelTable:
    r"""Return the labels that a file gives.

    The file holds one of: lines ``number name`` (or, separated by tabs, ``number name category``); lines of
        one name
    each, numbered from 0; a ``.json`` list of names, object of number -> name, or list of objects with
    number, name and category; a ``.csv`` table with a header. Blank lines and lines that begin with ``#`` are
    skipped. Number 0 always means "nothing", whatever its name.

    Args:
        path: the file.
        category: the category of concepts for which the file gives none.

    Raises:
        UnitscopeError: the file is missing or cannot be read, or its numbers or names are not usable.
    """
    path = Path(path)
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise UnitscopeError(f"label file {str(path)!r} {state}; give a file with lines 'number name'")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnitscopeError(f"label file {str(path)!r} cannot be read as UTF-8 text: {error}") from error
    rows = {".json": _json_rows, ".csv": _csv_rows}.get(path.suffix.lower(), _line_rows)(text, path)
    return _table(rows, path, category)


def _error(path: Path, where: str, problem: str) -> UnitscopeError:
    return UnitscopeError(f"label file {str(path)!r}, {where}: {problem}")


def _table(rows: Iterable[Row], path: Path, category: str) -> LabelTable:
    concepts: dict[int, Concept] = {}
    seen_numbers: dict[int, str] = {}
    seen_concepts: dict[Concept, str] = {}
    for where, number_text, name, own_category in rows:
        number = _number(number_text, path, where)
        if number in seen_numbers:
            raise _error(
                path, where, f"number {number} was used on {seen_numbers[number]}; use each number once"
            )
        seen_numbers[number] = where
        if number == NOTHING:
            continue
        if not name:
            raise _error(path, where, f"number {number} has no name; give it one")
        concept = Concept(name, own_category or category)
        if concept in seen_concepts:
            raise _error(
                path,
                where,
                f"{concept.category} {name!r} was named on {seen_concepts[concept]}; name each one once",
            )
        seen_concepts[concept] = where
        concepts[number] = concept
    if not concepts:
        raise UnitscopeError(f"label file {str(path)!r} holds no label besides 0; give lines 'number name'")
    return LabelTable(str(path), tuple(concepts), tuple(concepts.values()), NOTHING in seen_numbers)


def _number(text: str, path: Path, where: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise _error(path, where, f"{text!r} is not a whole number; write 'number name'") from None
    if not 0 <= number <= LARGEST:
        raise _error(path, where, f"number {number} cannot occur in a mask; numbers go from 0 to {LARGEST}")
    return number


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for position, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield position, line


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdigit()


def _cells(line: str) -> list[str]:
    """Split a line at its tabs, or after its first word."""
    cells = line.strip("\r\n").split("\t") if "\t" in line.strip() else line.split(None, 1)
    return [cell.strip() for cell in cells]


def _line_rows(text: str, path: Path) -> Iterator[Row]:
    lines = list(_lines(text))
    if len(lines) > 1 and _cells(lines[0][1])[0].lower() in NUMBER_HEADERS and _numbered(lines[1][1]):
        lines = lines[1:]
    if lines and _numbered(lines[0][1]):
        for position, line in lines:
            number, name, category, *rest = [*_cells(line), "", ""]
            if any(rest):
                raise _error(path, f"line {position}", "has more than number, name and category")
            yield f"line {position}", number, name, category
    else:
        for index, (position, line) in enumerate(lines):
            name, category, *_ = [*(cell.strip() for cell in line.split("\t")), ""]
            yield f"line {position}", str(index), name, category


def _numbered(line: str) -> bool:
    cells = _cells(line)
    return len(cells) > 1 and _is_number(cells[0])


def _csv_rows(text: str, path: Path) -> Iterator[Row]:
    lines = list(_lines(text))
    if not lines:
        return
    header, *records = csv.reader([line for _, line in lines], skipinitialspace=True)
    columns = [cell.strip().lower() for cell in header]
    number = _column(columns, NUMBER_HEADERS, path)
    name = _column([c if i != number else "" for i, c in enumerate(columns)], NAME_HEADERS, path)
    category = columns.index("category") if "category" in columns else None
    for (position, _), record in zip(lines[1:], records, strict=True):
        cells = [cell.strip() for cell in record] + [""] * (len(columns) - len(record))
        yield f"line {position}", cells[number], cells[name], "" if category is None else cells[category]


def _column(columns: Sequence[str], allowed: Sequence[str], path: Path) -> int:
    for name in allowed:
        if name in columns:
            return columns.index(name)
    raise _error(
        path, "line 1", f"no column is called {' or '.join(allowed)}; write the header number,name,category"
    )


def _json_rows(text: str, path: Path) -> Iterator[Row]:
    try:
        content = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise _error(path, f"line {error.lineno}", f"is not valid JSON ({error.msg})") from None
    if isinstance(content, _Pairs):
        for key, name in content:
            yield f"entry {key!r}", str(key), _text(name, path, f"entry {key!r}"), ""
    elif isinstance(content, list):
        for position, entry in enumerate(content):
            where = f"entry {position}"
            if isinstance(entry, _Pairs):
                cells = {str(key).lower(): value for key, value in entry}
                yield where, *_object_cells(cells, path, where)
            else:
                yield where, str(position), _text(entry, path, where), ""
    else:
        raise _error(
            path, "line 1", "is neither a list nor an object; write a list of names or number: name pairs"
        )


class _Pairs(list[tuple[str, object]]):
    """The members of a JSON object, repeated keys included."""


def _object_cells(cells: dict[str, object], path: Path, where: str) -> tuple[str, str, str]:
    if "number" not in cells or "name" not in cells:
        raise _error(
            path, where, f"has {', '.join(cells) or 'nothing'}; give number, name and maybe category"
        )
    return (
        str(cells["number"]),
        _text(cells["name"], path, where),
        _text(cells.get("category", ""), path, where),
    )


def _text(value: object, path: Path, where: str) -> str:
    if not isinstance(value, str):
        raise _error(path, where, f"{value!r} is not a name; write it in quotes")
    return value.strip()
