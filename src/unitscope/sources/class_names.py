"""Names of classes as people spell them: folders, the outputs of a network, and words of a command."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.paths import as_path

_NUMBERED = re.compile(r"n\d{8}(?!\d)")
_WNID = re.compile(r"n\d{8}[_ -]+")
IMAGENET = 1000
"""Classes of ILSVRC 2012, whose networks order their outputs by the numbers of the folders."""
FOLDER_HEADERS = (
    "folder",
    "folders",
    "folder name",
    "class folder",
    "directory",
    "dir",
    "path",
    "wnid",
    "synset",
)
CLASS_HEADERS = (
    *(
        "class",
        "classes",
        "class name",
        "class id",
        "class index",
        "class number",
        "name",
        "label",
        "category",
    ),
    *("output", "number", "index", "id"),
)
"""What the columns of a class map are called where its first line says it."""
SHOWN = 5
"""Names that an error lists."""


def plain_name(name: str) -> str:
    """Return a name in small letters, with one space for everything that is no letter or digit.

    The number that ImageNet puts before a name is left out, so ``n02690373_airliner`` is ``airliner``, and
    ``church-outdoor``, ``church_outdoor`` and ``church/outdoor`` are ``church outdoor``.
    """
    return spaced_name(name).lower()


def spaced_name(name: str) -> str:
    """Return the same in the letters it is written in: ``Cardigan`` is a dog, ``cardigan`` is worn."""
    return " ".join(re.sub(r"[\W_]+", " ", _WNID.sub("", name, count=1)).split())


class KnownNames:
    """Names to be found in any spelling.

    Args:
        names: in order; one may list synonyms, separated by commas.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        spellings = (str, spaced_name, plain_name)
        self._tables = [(spell, _places(names, spell)) for spell in spellings]

    @property
    def plain(self) -> list[str]:
        """All names and synonyms as `plain_name` spells them."""
        return list(self._tables[-1][1])

    def find(self, name: str) -> tuple[int, ...]:
        """Return the places of a name: of the strictest spelling that tells one from all others, else of all alike."""
        found: tuple[int, ...] = ()
        for spell, places in self._tables:
            found = tuple(places.get(spell(name), ())) or found
            if len(found) == 1:
                break
        return found


def written_number(word: str) -> int | None:
    """Return the number of an output that a word writes in digits; None where it is a name."""
    return int(word) if word.isascii() and word.isdigit() else None


def _places(names: Sequence[str], spell: Callable[[str], str]) -> dict[str, list[int]]:
    """Return the places of every spelt name: whole names first, synonyms only where no whole name is the same."""
    whole: dict[str, list[int]] = defaultdict(list)
    synonyms: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        whole[spell(name)].append(place)
        for part in dict.fromkeys(spell(part.strip()) for part in name.split(",")):
            synonyms[part].append(place)
    return {**synonyms, **whole}


def match_classes(
    folders: Sequence[str], classes: Sequence[str], *, given: Mapping[str, str] | None = None
) -> tuple[int, ...]:
    """Return the output of a classifier that each class folder stands for.

    The 1,000 folders of ImageNet stand for the 1,000 outputs of an ImageNet classifier in the order of their numbers,
    whatever else their names say: two pairs of classes share a name.

    Args:
        folders: names of class folders.
        classes: names of the outputs, in order; empty where the network does not name them.
        given: for some folders, the name or the number (from 0) of an output.

    Returns:
        One output number for each folder.

    Raises:
        UnitscopeError: a folder stands for no output, two stand for the same, or `given` names something that is
            not there.
    """
    given = given or {}
    stranger = next((name for name in given if name not in folders), None)
    if stranger is not None:
        raise UnitscopeError(
            f"the class map names the folder {stranger!r}, which is not there;"
            f"{did_you_mean(stranger, folders) or ' folders are ' + listing(folders)}"
        )
    if not given and len(folders) == len(classes) == IMAGENET and all(map(_NUMBERED.match, folders)):
        order = sorted(folders)
        return tuple(order.index(name) for name in folders)
    known = KnownNames(classes)
    found = [_output(name, given.get(name), known) for name in folders]
    for place, output in enumerate(found):
        first = found.index(output)
        if first != place:
            label = repr(classes[output]) if output < len(classes) else str(output)
            raise UnitscopeError(
                f"the class folders {folders[first]!r} and {folders[place]!r} both stand for class {label}; "
                "join them, or say with --class-map which is which"
            )
    return tuple(found)


def _output(folder: str, given: str | None, known: KnownNames) -> int:
    name, classes = folder if given is None else given, known.names
    found = known.find(name)
    if len(found) == 1:
        return found[0]
    number = None if given is None else written_number(given)
    if number is not None and number < (len(classes) or 10**9):
        return number
    what = f"class folder {folder!r}" if given is None else f"class {given!r} of the class map"
    if not classes:
        raise UnitscopeError(
            f"{what} cannot be matched: the network does not name its classes; give --class-map FILE with a line "
            "'folder,number' for each folder, the outputs numbered from 0"
        )
    if len(found) > 1:
        several = " and ".join(repr(classes[place]) for place in found)
        raise UnitscopeError(f"{what} may be {several}; say with --class-map which")
    near = did_you_mean(plain_name(name), known.plain)
    raise UnitscopeError(
        f"{what} matches none of the network's {len(classes)} classes;"
        f"{near or ' they are ' + listing(classes) + ';'} --class-map FILE with lines 'folder,class' says so"
    )


def read_class_map(path: Path | str) -> dict[str, str]:
    """Read which class every folder stands for: two columns, folder and class, by tab, comma or semicolon.

    Empty lines and lines that begin with ``#`` are left out, and so is a first line that names the columns, as
    ``folder,class`` or ``Directory;Label``. A column may stand in double quotes.

    Raises:
        UnitscopeError: the file cannot be read, a line has not two columns, or a folder comes twice.
    """
    file = as_path(path)
    if not file.is_file():
        state = "is no file" if file.exists() else "does not exist"
        raise UnitscopeError(f"the class map {str(path)!r} {state}; give a file with lines folder,class")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is no text") if error.args else "it is no text"
        raise UnitscopeError(f"cannot read the class map {str(path)!r}: {reason}") from error
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        folder, name = _two_columns(line)
        if not (folder and name):
            raise UnitscopeError(
                f"line {number} of the class map {str(path)!r} is {line!r}; write folder,class"
            )
        if not found and plain_name(folder) in FOLDER_HEADERS and plain_name(name) in CLASS_HEADERS:
            continue
        if folder in found:
            raise UnitscopeError(
                f"the class map {str(path)!r} names the folder {folder!r} twice; name it once"
            )
        found[folder] = name
    return found


def _two_columns(line: str) -> tuple[str, str]:
    """Return both columns of a line, empty where there is none; the name of a class may hold commas."""
    separator = next((each for each in "\t,;" if each in line), ",")
    if '"' in line:
        cells = [
            cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))
        ]
        if len(cells) == 2:
            return cells[0], cells[1]
    folder, _, name = line.partition(separator)
    return folder.strip(), name.strip()


def listing(names: Sequence[str], most: int = SHOWN) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
