"""How long work takes: a bar with rate and remaining time on a terminal; elsewhere a line now and then, or silence."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_EVERY = 30.0
"""Seconds from one line to the next where there is no terminal."""


class Advance(Protocol):
    """Tells that so many more items are done, and what to say beside the name from now on."""

    def __call__(self, count: int, note: str = "", /) -> None:
        """Go on."""


class RateColumn(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        """Return the rate, blank until there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f}/s" if speed else "", style="progress.data.speed")


_forced: ContextVar[bool | None] = ContextVar("forced", default=None)
_lines: ContextVar[bool] = ContextVar("lines", default=False)


@contextmanager
def showing(show: bool | None) -> Iterator[None]:
    """Force progress bars and lines on or off meanwhile; None leaves it as it is."""
    token = _forced.set(_forced.get() if show is None else show)
    try:
        yield
    finally:
        _forced.reset(token)


@contextmanager
def in_lines() -> Iterator[None]:
    """Print lines meanwhile where there is no terminal for bars, as a command does in a log."""
    token = _lines.set(True)
    try:
        yield
    finally:
        _lines.reset(token)


def _prints_lines() -> bool:
    return _lines.get() and _forced.get() is None and not sys.stderr.isatty()


def visible() -> bool:
    """Tell whether progress bars show: on a terminal, unless they are forced on or off."""
    forced = _forced.get()
    return sys.stderr.isatty() if forced is None else forced


def say(text: str) -> None:
    """Print a line on standard error where progress shows."""
    if visible() or _prints_lines():
        Console(stderr=True, soft_wrap=True).print(text, highlight=False, markup=False)


@contextmanager
def progress_bar(name: str, total: int, *, done: int = 0) -> Iterator[Advance]:
    """Show a progress bar on standard error for one stage of the work.

    Args:
        name: what is being done.
        total: number of items.
        done: items that were done before, by an earlier process.

    Yields:
        A function to call with the number of items just done.
    """
    if not visible():
        lines = _Lines(name, total, done) if _prints_lines() else None
        yield lines.advance if lines else lambda *_: None
        if lines:
            lines.end()
        return
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(name, total=total, completed=done)

        def advance(count: int, note: str = "", /) -> None:
            bar.update(task, advance=count, description=f"{name}, {note}" if note else name)

        yield advance


class _Lines:
    """A stage of the work in lines: at its start, every half minute, and at its end if it took that long."""

    def __init__(self, name: str, total: int, done: int) -> None:
        self.name, self.total, self.done = name, total, done
        self.first, self.start = done, time.monotonic()
        self.told = self.start
        say(f"{name}: {done:,} of {total:,}" if done else f"{name}: {total:,}")

    def advance(self, count: int, note: str = "", /) -> None:
        self.done += count
        now = time.monotonic()
        if now - self.told >= LINE_EVERY and self.done < self.total:
            self.told = now
            left = (now - self.start) * (self.total - self.done) / max(self.done - self.first, 1)
            beside = f", {note}" if note else ""
            say(f"{self.name}: {self.done:,} of {self.total:,}{beside}, about {duration(left)} more")

    def end(self) -> None:
        spent = time.monotonic() - self.start
        if spent >= LINE_EVERY:
            say(f"{self.name}: done in {duration(spent)}")


def duration(seconds: float) -> str:
    """Return how long something takes, for people."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
