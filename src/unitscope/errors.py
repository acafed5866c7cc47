"""Errors that a person can act on: one line that says what was wrong, what was given and what to do."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

language: Literal["python", "terminal"] = "python"
"""How errors name options and calls: as keywords of Python, or as they are typed in a terminal."""

KEYWORDS = {
    "layer": "layers",
    "set-size": "set_sizes",
    "class": "classes",
    "images": "pictures",
    "model": "network",
    "segmenter": "concepts",
    "segmenter-preprocess": "preprocess",
}
"""Options whose keyword is not their own name."""
SAID = {"debug": "the traceback", "drop-cache": "drop_cache()"}
"""Options that are no keywords."""
CALLS = ("dissect", "layers", "importance", "remove", "insert", "rank", "compare", "attack", "export")
"""Commands that are functions of the library under the same name."""

_COMMAND = re.compile(
    rf"""(?P<quote>['"])unitscope (?P<call>{"|".join(CALLS)})\b(?P<words>(?:(?!(?P=quote)).)*)(?P=quote)"""
)
_TYPED = re.compile(r"""('(?:unitscope|python) [^']*'|"(?:unitscope|python) [^"]*")""")
"""Commands without such a function: they stay as they are typed, with their options."""
_OPTION = re.compile(
    r"(?<![\w-])--(?P<name>[a-z][a-z-]*[a-z])"
    r"(?: (?:(?P<value>[A-Z][A-Z:]*(?:\.[a-z]+)?(?!\w)|\d[\d.]*\b|'[^']*')"
    r"|(?P<word>(?:iou|effect|zero|mean|none|all)\b|[a-z]+=\S+)))?"
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What would make two lines of one, or draw something in a terminal: it is shown as its escape."""


class UnitscopeError(Exception):
    """A mistake in the input or its surroundings; the command line prints its one line and exits with 2.

    Messages name options as they are typed, ``--layer``; who reads them in Python reads ``layers=``.
    """

    def __str__(self) -> str:
        text = _CONTROL.sub(lambda found: repr(found[0])[1:-1], super().__str__())
        return text if language == "terminal" else _in_python(text)


class NothingToMeasureError(UnitscopeError):
    """What was read of the pictures leaves no answer to the question: the folder that was begun is not kept."""


@contextmanager
def speaking(to: Literal["python", "terminal"]) -> Iterator[None]:
    """Let errors speak the language of a caller meanwhile."""
    global language  # noqa: PLW0603 - one process has one caller, and its threads speak to the same
    before, language = language, to
    try:
        yield
    finally:
        language = before


def _in_python(text: str) -> str:
    parts = _TYPED.split(_COMMAND.sub(_call, text))
    return "".join(part if i % 2 else _OPTION.sub(_keyword, part) for i, part in enumerate(parts))


def _keyword(found: re.Match[str]) -> str:
    name = found["name"]
    value = repr(found["word"]) if found["word"] else found["value"]
    if name in SAID:
        return SAID[name] + (f" {value}" if value else "")
    return f"{KEYWORDS.get(name, name.replace('-', '_'))}={value or ''}"


def _call(found: re.Match[str]) -> str:
    name = f"unitscope.{found['call']}"
    if not found["words"].strip():
        return name
    parts = list[str]()
    words = iter(shlex.split(found["words"]))
    for word in words:
        key = f"{word[2:].replace('-', '_')}=" if word.startswith("--") else ""
        value = next(words, "...") if key else word
        parts.append(key + (value if value.isupper() else repr(value)))
    return f"{name}({', '.join(parts)})"


def as_typed(text: str) -> str:
    """Return something that is to be typed in quotes, so that no shell reads the ``?``, brackets or spaces in it.

    In Python it is a string of Python.
    """
    if language == "python" or not text.isprintable():
        return repr(text)
    if "'" not in text:
        return f"'{text}'"
    return f'"{text}"' if not set(text) & set('"$`\\!') else shlex.quote(text)


def command_of(*words: object) -> str:
    """Return the command that is typed as ``unitscope`` and these words, each in quotes where it needs them."""
    return shlex.join(["unitscope", *map(str, words)])


def spoken(setting: str, options: str = "") -> str:
    """Return what the caller calls a setting: its keyword, or the first of the options for it in a terminal."""
    return setting if language == "python" else "--" + (options or setting.replace("_", "-")).split()[0]


def did_you_mean(given: str, known: Iterable[str], count: int = 3) -> str:
    """Return `` did you mean 'a' or 'b'?`` for the names nearest to `given`, or an empty string."""
    near = difflib.get_close_matches(given, list(dict.fromkeys(known)), n=count, cutoff=0.5)
    return f" did you mean {' or '.join(map(as_typed, near))}?" if near else ""


def one_line(error: BaseException) -> str:
    """Return the type of an error and its message, in one line of at most some 300 characters."""
    message = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
