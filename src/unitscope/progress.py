"""How long work takes: a bar with rate and remaining time on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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

Advance = Callable[[int], None]
"""Tells that so many more items are done."""


class RateColumn(ProgressColumn):
    """Items per second."""

    def render(self, task: Task) -> Text:
        """Return the rate, blank until there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f}/s" if speed else "", style="progress.data.speed")


def visible(show: bool | None) -> bool:
    """Tell whether progress bars show: on a terminal, unless they are forced on or off."""
    return sys.stderr.isatty() if show is None else show


def say(text: str, *, show: bool | None = None) -> None:
    """Print a line on standard error where progress bars show.

    Args:
        text: the line.
        show: force it on or off; by default it shows on a terminal only.
    """
    if visible(show):
        Console(stderr=True, soft_wrap=True).print(text, highlight=False, markup=False)


@contextmanager
def stage(name: str, total: int, *, done: int = 0, show: bool | None = None) -> Iterator[Advance]:
    """Show a progress bar on standard error for one stage of the work.

    Args:
        name: what is being done.
        total: number of items.
        done: items that were done before, by an earlier process.
        show: force the bar on or off; by default it shows on a terminal only.

    Yields:
        A function to call with the number of items just done.
    """
    if not visible(show):
        yield lambda _count: None
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
        yield lambda count: bar.advance(task, count)


def duration(seconds: float) -> str:
    """Return how long something takes, for people."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
