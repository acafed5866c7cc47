"""The blocks of code in the documents, with smaller numbers in place of some, run in this process.

A comment on the line before a block says what becomes of it:

``<!-- takes 20 s -->``: it is run; the time is what it takes as it stands, on two cores.
``<!-- file NAME -->``: it is a file, which later blocks of the page use.
``<!-- prints -->``, ``<!-- prints the last 7 lines -->``: it is what the block before printed, as
``python .ci/outputs.py`` writes it.
``<!-- not run: REASON -->``: it is not run; the reason is one of `REASONS`.

Blocks of text, data and layouts need none.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unitscope import cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S)
CODE = ("sh", "python")
REASONS = (
    "installs packages",
    "needs a download",
    "needs a GPU",
    "needs several machines",
    "takes long and measures this machine",
    "runs until it is stopped",
    "goes to another service",
    "run by a test of its own",
    "shows a form, with names of your own",
)
"""Why a block is not run, as it is written."""


@dataclass(frozen=True)
class Block:
    """A block of a page: what its comment says, its language and its lines."""

    mark: str
    language: str
    code: str

    @property
    def kind(self) -> str:
        """The first word of the comment, ``not`` for what is not run."""
        return self.mark.split(" ")[0]

    @property
    def said(self) -> str:
        """What the comment says after that."""
        return self.mark.removeprefix("not run:").removeprefix(self.kind).strip()

    def smaller(self, words: Mapping[str, str]) -> Block:
        """The same with other words in place of some."""
        code = self.code
        for word, less in words.items():
            code = code.replace(word, less)
        return Block(self.mark, self.language, code)


def name_of(page: Path) -> str:
    """A page as it is called from the root."""
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [Block(found["mark"] or "", found["language"], found["code"]) for found in FENCE.finditer(text)]


@dataclass
class Person:
    """Who follows a page in a folder: runs its blocks, and reads what is printed."""

    folder: Path
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "page"})
    complaints: list[str] = field(default_factory=list)
    """What commands said besides their answers."""

    def follow(self, block: Block) -> str:
        """Do what a block says; return what was printed.

        Raises:
            AssertionError: a command has failed.
        """
        if block.kind == "file":
            (self.folder / block.said).write_text(block.code, encoding="utf-8")
            return ""
        with self._here(), contextlib.redirect_stdout(io.StringIO()) as said:
            if block.language == "python":
                exec(compile(block.code, "page", "exec"), self.names)
            else:
                for line in lines_of(block.code):
                    self._type(line)
        return said.getvalue()

    def _type(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        sys.argv = words
        if words[0] == "python":
            sys.argv = words[1:]
            runpy.run_path(words[1], run_name="__main__")
            return
        assert words[0] == "unitscope", line
        with contextlib.redirect_stderr(io.StringIO()) as complaint:
            code = left_with(cli.main)
        assert not code, (line, complaint.getvalue())
        if complaint.getvalue():
            self.complaints.append(complaint.getvalue())

    @contextlib.contextmanager
    def _here(self) -> Iterator[None]:
        before, argv = Path.cwd(), sys.argv
        os.chdir(self.folder)
        sys.path.insert(0, "")
        try:
            yield
        finally:
            os.chdir(before)
            sys.path.remove("")
            sys.argv = argv


def left_with(main: Callable[[], None]) -> object:
    """Run a program; return its exit code."""
    try:
        main()
    except SystemExit as leave:
        return leave.code
    return 0


def lines_of(code: str) -> list[str]:
    """The commands of a block: no blank lines and comments, lines that go on joined."""
    joined = code.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def shown_lines(block: Block, said: str) -> list[str]:
    """The lines of what was printed that a block of output shows."""
    lines = [line.rstrip() for line in said.strip("\n").splitlines()]
    some = re.fullmatch(r"the last (\d+) lines", block.said)
    return lines[-int(some[1]) :] if some else lines


WORD = re.compile(r"[A-Za-z][A-Za-z_-]+")


def shared_words(page: str, found: str) -> float:
    """The share of the different words that a page says are printed, and that are."""
    said = set(WORD.findall(page))
    return len(said & set(WORD.findall(found))) / len(said) if said else 1.0


def first_line(text: str) -> str:
    """The first line of what is printed, up to a colon, numbers and widths aside."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return " ".join(re.sub(r"[-+]?\d[\d.,]*", "#", line.split(":")[0]).split())
