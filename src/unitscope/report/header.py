"""The header of every page of a report: the pages of the run, and everything that was asked of it since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from unitscope.report.folder import MARKER, REPORT
from unitscope.report.shell import templates
from unitscope.run.manifest import MANIFEST

Links = tuple[tuple[str, str], ...]
"""Title and address of pages, the address seen from the folder of the report."""
MARKS = "<!-- pages -->", "<!-- /pages -->"
"""What stands around the pages in a page (`templates/base.html`)."""


@dataclass(frozen=True)
class Page:
    """One page of the run's own: its name in the address, its title in the navigation (None: not listed)."""

    name: str
    title: str | None


PAGES = (
    Page("overview", "Overview"),
    Page("units", "Units"),
    Page("unit", None),
    Page("concepts", "Concepts"),
    Page("method", "Method"),
)


@dataclass(frozen=True)
class Header:
    """What the header leads to.

    Attributes:
        questions: pages of questions, by kind.
        start: the address of a page of several runs, seen from the report.
    """

    questions: tuple[tuple[str, Links], ...] = ()
    start: str = ""

    @classmethod
    def of(cls, questions: Iterable[tuple[str, Sequence[tuple[str, str]]]], start: str = "") -> Header:
        """Return the header of these kinds of questions; one that has no page is left out."""
        return cls(tuple((kind, tuple(links)) for kind, links in questions if links), start)

    def seen(self, current: str = "") -> dict[str, object]:
        """Return what the template needs to draw it on a page.

        Args:
            current: address of the page, seen from the report; the report's own first page by default.
        """
        prefix = "../" * current.count("/")
        return {
            "home": f"{prefix}index.html" if current else "",
            "start": f"{prefix}{self.start}" if self.start else "",
            "pages": [page for page in PAGES if page.title],
            "count": sum(len(links) for _, links in self.questions),
            "questions": [
                (kind, [(title, prefix + address, address == current) for title, address in links])
                for kind, links in self.questions
            ],
        }


def beside(folder: Path) -> dict[str, object]:
    """Return `header` and `home` of a page in a folder of its own: they lead to the report of its run, if there is one.

    Args:
        folder: of the page, below that of the run.
    """
    for up, parent in enumerate(folder.absolute().parents[:4], 1):
        report = parent / REPORT
        if report != folder.absolute() and (report / MARKER).is_file() and (parent / MANIFEST).is_file():
            home = f"{'../' * up}{REPORT}/index.html"
            return {"header": Header().seen() | {"home": home}, "home": home}
    return {"header": None, "home": ""}


def with_header(page: Path, header: Header, current: str) -> None:
    """Give a page that has been copied into a report its header and its way to the shared scripts.

    Args:
        page: the file.
        header: of the report.
        current: address of the page, seen from the report.
    """
    text = page.read_text(encoding="utf-8")
    seen = header.seen(current)
    drawn = str(templates().get_template("pages.html").module.pages(seen))  # type: ignore[attr-defined]
    begin, end = (re.escape(mark) for mark in MARKS)
    text = re.sub(
        f"{begin}.*?{end}", lambda _: f"{MARKS[0]}{drawn}{MARKS[1]}", text, count=1, flags=re.DOTALL
    )
    text = re.sub(r'(href|src)="assets/', rf'\1="{"../" * current.count("/")}assets/', text)
    text = re.sub('data-home="[^"]*"', f'data-home="{seen["home"]}"', text, count=1)
    text = re.sub('class="brand" href="[^"]*"', f'class="brand" href="{seen["home"]}"', text, count=1)
    page.write_text(text, encoding="utf-8", newline="\n")


def unit_ref(layer: str, unit: int, text: str = "") -> Markup:
    """Return a mention of a unit, which a page inside of the run's report turns into a link.

    Args:
        layer: its name.
        unit: its number.
        text: what to write; the number by default.
    """
    return Markup('<span data-unit="{}" data-layer="{}">{}</span>').format(unit, layer, text or unit)


def unit_refs(layer: str, units: Iterable[int]) -> Markup:
    """Return mentions of several units of a layer, one after the other."""
    return escape(", ").join(unit_ref(layer, unit) for unit in units)
