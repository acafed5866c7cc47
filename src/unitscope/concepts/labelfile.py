"""Label files: which concept each number in a mask, or each output of a segmenter, stands for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.labelrows import Color, Row, mistake, rows_of
from unitscope.concepts.vocabulary import IGNORED, NOTHING, UNNAMED, Concept
from unitscope.errors import UnitscopeError
from unitscope.paths import as_path

LARGEST = 65535
"""The largest number a mask file can hold."""

_VOID = ("void", "ignore", "ignored", "ignore label", "unlabeled", "unlabelled", "don't care", "-")
VOID_NAMES = frozenset(_VOID)
"""Names of pixels that nobody has judged: no concept has them."""
NOTHING_NAMES = VOID_NAMES | {
    *("", "background", "bg", "nothing", "none", "null", "n/a", "unknown", "undefined", "no label", "empty"),
    *("other", "others", "outside"),
}
"""Names that number 0 may have where it means "nothing"."""


@dataclass(frozen=True)
class LabelTable:
    """The labels of one file, "nothing" left out.

    Attributes:
        source: the file, for messages.
        numbers: the numbers that masks hold, in the order of the file.
        concepts: what they stand for, as many.
        names_nothing: whether the file has a line for 0 that names no concept.
        void: numbers that the file calls void, ignored or unlabelled; 0 is none of them.
        colors: the numbers of colours, where masks hold these.
    """

    source: str
    numbers: tuple[int, ...]
    concepts: tuple[Concept, ...]
    names_nothing: bool = False
    void: tuple[int, ...] = ()
    colors: dict[Color, int] = field(default_factory=dict)

    @property
    def names_zero(self) -> bool:
        """Whether the file says what 0 is: a concept, or nothing."""
        return self.names_nothing or NOTHING in self.numbers

    @property
    def largest(self) -> int:
        """The largest number of a concept."""
        return max(self.numbers)

    def lookup(self, first: int = 1, size: int | None = None) -> NDArray[np.int32]:
        """Return the vocabulary number of every number in a mask: IGNORED if it is void, UNNAMED if it has no name.

        Args:
            first: vocabulary number of the first concept of this file.
            size: length of the result; by default up to the largest number of a concept.
        """
        table = np.full(size or self.largest + 1, UNNAMED, np.int32)
        table[NOTHING] = NOTHING
        table[[number for number in self.void if number < len(table)]] = IGNORED
        table[list(self.numbers)] = np.arange(first, first + len(self.numbers))
        return table


def read_labels(
    path: Path | str,
    *,
    category: str = "object",
    zero_is_a_class: bool | None = False,
    ignore: Collection[int] = (),
    nameless: Collection[int] = (),
    columns: Sequence[str] = (),
) -> LabelTable:
    r"""Return the labels that a file gives.

    The file holds one of:

    - lines ``number name``, the number followed by a space, a tab, ``:``, ``,`` or ``;`` (separated by tabs, also
      ``number name category``);
    - a table with a header that has a number and a name, separated by tabs, ``,`` or ``;``: ADE20K's objectInfo150,
      Roboflow's ``_classes.csv``;
    - names, one a line, numbered from 0, or LabelMe's, which begin with ``__ignore__``;
    - CVAT's ``labelmap.txt``, which gives every class a colour;
    - ``.json``: a list of names, an object of number and name (or name and number), a list of objects with a number,
      called as in a header, ``name`` and maybe ``category``, an object that holds one of these as ``id2label``
      (Hugging Face) or ``categories`` (COCO).

    Blank lines and lines that begin with ``#`` are skipped. The text is UTF-8, UTF-16 with its mark, or Latin-1.
    A name of VOID_NAMES, such as "void", is that of no concept.

    Args:
        path: the file.
        category: the category of concepts for which the file gives none.
        zero_is_a_class: whether number 0 is a concept like the others, see `check_zero`; otherwise it means "nothing",
            and must not have the name of something. None: what the file says of 0, if it says so with a number and
            does not merely begin with a name.
        ignore: numbers that are no concepts, whatever their names.
        nameless: those of them that must not have the name of something.
        columns: titles of columns, or keys, that hold the numbers; without them, several that differ are refused.

    Raises:
        UnitscopeError: the file is missing or cannot be read, may be read in two ways, or its numbers or names are
            not usable.
    """
    path = as_path(path)
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist" if not path.exists() else "is no file"
        raise UnitscopeError(f"label file {str(path)!r} {state}; give a file with lines 'number name'")
    return _Table(path, category, zero_is_a_class, ignore, nameless).of(
        rows_of(_read_text(path), path, columns)
    )


def check_zero(tables: Sequence[LabelTable]) -> None:
    """Refuse label files that do not say what 0 is, where it is said to be a class.

    A file that leaves 0 out counts from 1, perhaps for masks that count from 0: every label would be that of the next
    number. Of several planes, some may call 0 nothing.

    Raises:
        UnitscopeError: a file has no name for 0, or all of them call it nothing.
    """
    said = "0 is said to be a class, by --zero-is-a-class or --labels-preset"
    for table in tables:
        if not table.names_zero:
            raise UnitscopeError(
                f"label file {table.source!r} names {min(table.numbers)} to {max(table.numbers)} and not 0, and {said}"
                "; number its names as the masks do, from 0"
                + (", or call 0 background" if len(tables) > 1 else ", or leave that out")
            )
    if all(table.names_nothing for table in tables):
        raise UnitscopeError(
            f"label file {tables[0].source!r} calls number 0 nothing, and {said}; leave that out, or give the label "
            "file that the masks were made with"
        )


def _read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, UTF-16 or Latin-1; a broken one in UTF-8 is no text in Latin-1."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnitscopeError(f"label file {str(path)!r} cannot be read: {error.strerror}") from error
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8-sig" and not content.decode(errors="ignore").isascii():
                line = content.count(b"\n", 0, error.start) + 1
                raise UnitscopeError(
                    f"label file {str(path)!r}, line {line}: is not UTF-8, as other lines are; save it as UTF-8 again"
                ) from None
            continue
        if not any((ord(sign) < 32 and sign not in "\t\r\n\f") or 127 <= ord(sign) < 160 for sign in text):
            return text
    raise UnitscopeError(f"label file {str(path)!r} is no text; save it as UTF-8 with lines 'number name'")


def _encodings(content: bytes) -> tuple[str, ...]:
    """Return what a text may be in: where every other byte is zero it is UTF-16, with or without its mark."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    if b"\0" in content:
        return ("utf-16-le" if content[1::2].count(0) >= content[::2].count(0) else "utf-16-be",)
    return "utf-8-sig", "latin-1"


class _Table:
    """The labels of a file while its rows are read."""

    def __init__(
        self,
        path: Path,
        category: str,
        zero_is_a_class: bool | None,
        ignore: Collection[int],
        nameless: Collection[int],
    ) -> None:
        self.path, self.category = path, category
        self.zero_is_a_class, self.ignore, self.nameless = zero_is_a_class, ignore, nameless
        self.concepts: dict[int, Concept] = {}
        self.numbers: dict[int, str] = {}
        self.named: dict[Concept, str] = {}
        self.void: list[int] = []
        self.colors: dict[Color, int] = {}

    def of(self, rows: Iterable[Row]) -> LabelTable:
        for row in rows:
            self._add(row, self._number(row))
        if not self.concepts:
            raise UnitscopeError(
                f"label file {str(self.path)!r} holds no label besides 0; give lines 'number name'"
            )
        return LabelTable(
            str(self.path),
            tuple(self.concepts),
            tuple(self.concepts.values()),
            NOTHING in self.numbers and NOTHING not in self.concepts,
            tuple(self.void),
            self.colors,
        )

    def _number(self, row: Row) -> int:
        try:
            number = int(row.number)
        except ValueError:
            raise mistake(
                self.path, row.where, f"{row.number!r} is not a whole number; write 'number name'"
            ) from None
        if not 0 <= number <= LARGEST:
            problem = f"number {number} cannot occur in a mask; numbers go from 0 to {LARGEST}"
            raise mistake(self.path, row.where, problem)
        if number in self.numbers:
            problem = f"number {number} was used on {self.numbers[number]}; use each number once"
            raise mistake(self.path, row.where, problem)
        return number

    def _add(self, row: Row, number: int) -> None:
        self.numbers[number] = row.where
        if row.color is not None:
            if row.color in self.colors:
                raise mistake(
                    self.path,
                    row.where,
                    f"has the colour of number {self.colors[row.color]}; give it another",
                )
            self.colors[row.color] = number
        if number in self.nameless and row.name.lower().strip("_ ") not in NOTHING_NAMES:
            raise mistake(
                self.path,
                row.where,
                f"number {number} is called {row.name!r}, and is ignored in all masks, by --ignore or --labels-preset; "
                "give it another number here and in its masks, or call it void",
            )
        if number in self.ignore:
            return
        if number == NOTHING:
            self._zero(row)
        elif row.name.lower().strip("_ ") in VOID_NAMES:
            self.void.append(number)
        else:
            self._name(row, number)

    def _zero(self, row: Row) -> None:
        """Take number 0 for what its name says, and refuse the name of something where it means nothing."""
        if row.name.lower().strip("_ ") in NOTHING_NAMES:
            return
        if self.zero_is_a_class is None and row.counted:
            raise mistake(
                self.path,
                row.where,
                f"{row.name!r} is the first of a list of names, and output 0 of a segmenter may be nothing; write "
                f"'0 {row.name}' or '1 {row.name}', and a number on every line",
            )
        if self.zero_is_a_class is False:
            raise mistake(
                self.path,
                row.where,
                f"number 0 is called {row.name!r}, and 0 means 'nothing' in masks; give --zero-is-a-class if it is "
                "one, or call it background",
            )
        self._name(row, NOTHING)

    def _name(self, row: Row, number: int) -> None:
        if not row.name:
            raise mistake(self.path, row.where, f"number {number} has no name; give it one")
        concept = Concept(row.name, row.category or self.category)
        if concept in self.named:
            raise mistake(
                self.path,
                row.where,
                f"{concept.category} {row.name!r} was named on {self.named[concept]}; name each one once",
            )
        self.named[concept] = row.where
        self.concepts[number] = concept
