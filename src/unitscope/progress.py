"""How long work takes: a bar with remaining time on a terminal and in a notebook; elsewhere a line, or silence."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from typing import ClassVar, Protocol, TypeVar

from rich.console import Console

T = TypeVar("T")
LINE_EVERY = 30.0
"""Seconds from one line to the next where there is no terminal."""
NOTEBOOK_EVERY = 0.25
"""Seconds from one state of a bar in a notebook to the next."""
MOMENT, LONG = 2.0, 10.0
"""Seconds after which a stage says what it will take, and how much that is at least."""


class Advance(Protocol):
    """Tells that so many more items are done, and what to say beside the name from now on."""

    def __call__(self, count: float, note: str = "", /) -> None:
        """Go on."""


class Pace:
    """How fast the items of a stage are done, and what is left at this pace.

    The pace is that of the last half of what was done, and the first step is left out as soon as there is another: it
    loads and compiles what the following ones find there.

    Args:
        total: number of items.
        done: items that were done before.
        later: work of the stages that follow, as so many items of this one.
    """

    def __init__(self, total: int, done: float = 0, later: float = 0) -> None:
        self.total, self.done, self.later = total, done, later
        self.start = time.monotonic()
        self._begun = (self.start, done)
        self._marks: deque[tuple[float, float]] = deque()

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def advance(self, count: float) -> None:
        """Note that so many more items are done."""
        done = self.done + count
        # Shares of an item add up to whole ones.
        self.done = round(done) if abs(done - round(done)) < 1e-6 else done
        marks = self._marks
        marks.append((time.monotonic(), self.done))
        half = (self._begun[1] + self.done) / 2
        while len(marks) > 2 and marks[1][1] <= half:
            marks.popleft()

    def left(self, *, roughly: bool = False) -> float | None:
        """Return the seconds that are left; None until that can be said, which is `roughly` after a single step."""
        rate = self.rate(roughly=roughly)
        if rate is None or not self.total:
            return None
        return max(self.total - self._marks[-1][1] + self.later, 0) / rate

    def rate(self, *, roughly: bool = False) -> float | None:
        """Return the items per second; None until that can be said, which is `roughly` after a single step."""
        if not self._marks:
            return None
        alone = roughly and len(self._marks) == 1
        (since, before), (now, done) = self._begun if alone else self._marks[0], self._marks[-1]
        return (done - before) / (now - since) if done > before and now > since else None


_forced: ContextVar[bool | None] = ContextVar("forced", default=None)


class _Log:
    """What a command prints where there is no terminal: nothing before it turns out to be long.

    Args:
        as_json: whether each line is an object for programs.
    """

    def __init__(self, as_json: bool = False) -> None:
        self.last, self._as_json = time.monotonic(), as_json
        self._held: list[str] | None = []

    def remark(self, text: str) -> None:
        """Print a line once there are lines of progress."""
        line = json.dumps({"note": text}) if self._as_json else text
        if self._held is None:
            _print(line)
        else:
            self._held.append(line)

    def line(self, text: str, stage: str, pace: Pace) -> None:
        """Print a line of progress, and what was to be said before it."""
        held, self._held = self._held or [], None
        for each in (*held, json.dumps(_status(stage, pace)) if self._as_json else text):
            _print(each)
        self.last = time.monotonic()


def _status(stage: str, pace: Pace) -> dict[str, object]:
    left = pace.left(roughly=True)
    return {
        "stage": stage,
        "done": int(pace.done),
        "total": pace.total,
        "seconds": round(pace.spent, 1),
        "seconds_left": None if left is None else round(left, 1),
    }


_log: ContextVar[_Log | None] = ContextVar("log", default=None)


@contextmanager
def showing(show: bool | None) -> Iterator[None]:
    """Force progress bars and lines on or off meanwhile; None leaves it as it is."""
    token = _forced.set(_forced.get() if show is None else show)
    try:
        yield
    finally:
        _forced.reset(token)


@contextmanager
def in_lines(*, as_json: bool = False) -> Iterator[None]:
    """Print lines where there is no terminal for bars, as a command does in a log; or objects for programs."""
    token = _log.set(_log.get() or _Log(as_json))
    try:
        yield
    finally:
        _log.reset(token)


def _lines() -> _Log | None:
    return _log.get() if _forced.get() is None and not sys.stderr.isatty() else None


def in_notebook() -> bool:
    """Tell whether what is displayed goes to a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def visible() -> bool:
    """Tell whether progress bars show: on a terminal and in a notebook, unless they are forced on or off."""
    forced = _forced.get()
    return sys.stderr.isatty() or in_notebook() if forced is None else forced


def say(text: str) -> None:
    """Print a line on standard error where progress shows."""
    if in_notebook() and visible():
        cell = _Cell.of_now()
        cell.done.append(text)
        cell.show()
    elif visible():
        _print(text)
    elif log := _lines():
        log.remark(text)


def _print(text: str) -> None:
    Console(stderr=True, soft_wrap=True, emoji=False).print(text, highlight=False, markup=False)


@contextmanager
def progress_bar(
    name: str, total: int, *, done: int = 0, cost: str = "", later: float = 0, then: str = ""
) -> Iterator[Advance]:
    """Show on standard error how far one stage of the work is.

    Args:
        name: what is being done.
        total: number of items.
        done: items that were done before, by an earlier process.
        cost: what all items amount to, in words; said with the time it will take, where that is long.
        later: work of the stages that follow, as so many items of this one; the time that is said counts it.
        then: what follows and is not counted, in words.

    Yields:
        A function to call with the number of items just done.
    """
    pace = Pace(total, done, later)
    log = _lines()
    if visible() and in_notebook():
        shown = _NotebookBar(name, pace, cost, then)
        yield shown.advance
        shown.end()
    elif visible():
        with _bar(name, pace, cost, then) as advance:
            yield advance
    elif log is None:
        yield lambda *_: None
    else:
        lines = _Lines(log, name, pace, cost, then)
        yield lines.advance
        lines.end()


@contextmanager
def _bar(name: str, pace: Pace, cost: str, then: str) -> Iterator[Advance]:
    from rich import progress  # takes a while, and most commands show no bar

    columns = (
        progress.TextColumn("{task.description:<24}", markup=False),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn("{task.fields[rate]}", style="progress.data.speed", markup=False),
        progress.TimeRemainingColumn(),
    )
    said = not cost
    with progress.Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(name, total=pace.total, completed=int(pace.done), rate="")

        def advance(count: float, note: str = "", /) -> None:
            nonlocal said
            pace.advance(count)
            rate = pace.rate(roughly=True)
            bar.update(
                task,
                completed=pace.done,
                description=f"{name}, {note}" if note else name,
                rate=f"{rate:,.1f}/s" if rate else "",
            )
            if not said and _is_long(pace):
                said = True
                say(f"{cost}{_more(pace, then)}")

        yield advance


def _is_long(pace: Pace) -> bool:
    left, spent = pace.left(), pace.spent
    return left is not None and spent >= MOMENT and spent + left >= LONG


def _more(pace: Pace, then: str) -> str:
    left = pace.left(roughly=True)
    return "" if left is None else f", about {duration(left)} more{f', then {then}' if then else ''}"


class _Output(Protocol):
    """What is shown below a cell, and can be shown anew."""

    def update(self, shown: object) -> None:
        """Show something else."""


class _Cell:
    """What a cell of a notebook shows of its progress: one output that changes in place.

    Attributes:
        number: of the execution; another one has an output of its own.
        done: lines of stages that are finished and took a moment.
    """

    current: ClassVar[_Cell | None] = None

    def __init__(self, number: int) -> None:
        from IPython import display

        self.number, self.done = number, list[str]()
        self._html: Callable[[str], object] = display.HTML
        self._output: _Output = display.display(self._html(""), display_id=True)  # type: ignore[no-untyped-call]

    @classmethod
    def of_now(cls) -> _Cell:
        """Return that of the cell that is running."""
        number = int(sys.modules["IPython"].get_ipython().execution_count)
        if cls.current is None or cls.current.number != number:
            cls.current = cls(number)
        return cls.current

    def show(self, running: str = "") -> None:
        """Show what is done, and below it what is running, as HTML."""
        lines = [*map(escape, self.done), *([running] if running else [])]
        self._output.update(self._html(f"<div>{'<br>'.join(lines)}</div>"))


class _NotebookBar:
    """A stage of the work in a notebook."""

    def __init__(self, name: str, pace: Pace, cost: str, then: str) -> None:
        self.name, self.pace, self.cost, self.then = name, pace, cost, then
        self.cell, self._last = _Cell.of_now(), time.monotonic()
        self.cell.show(self._drawn(""))

    def advance(self, count: float, note: str = "", /) -> None:
        self.pace.advance(count)
        if time.monotonic() - self._last >= NOTEBOOK_EVERY:
            self._last = time.monotonic()
            self.cell.show(self._drawn(note))

    def end(self) -> None:
        if self.pace.spent >= MOMENT:
            self.cell.done.append(f"{self.name}: {self._far()} in {duration(self.pace.spent)}")
        self.cell.show()

    def _far(self) -> str:
        done, total = f"{int(self.pace.done):,}", self.pace.total
        return f"{done} of {total:,}" if total else done

    def _drawn(self, note: str) -> str:
        said = f"{self.name}, {note}" if note else self.name
        far = self.cost if self.cost and _is_long(self.pace) else self._far()
        value, most = f"{self.pace.done:g}", max(self.pace.total, 1)
        return (
            f'<progress value="{value}" max="{most}" aria-label="{escape(said)}"></progress> '
            f"{escape(said)}: {escape(far)}{escape(_more(self.pace, self.then))}"
        )


class _Lines:
    """A stage of the work in lines: once it turns out to be long, every half minute from then on, and at its end."""

    def __init__(self, log: _Log, name: str, pace: Pace, cost: str, then: str) -> None:
        self.log, self.name, self.pace, self.cost, self.then = log, name, pace, cost, then
        self.told = False

    def advance(self, count: float, note: str = "", /) -> None:
        pace = self.pace
        pace.advance(count)
        due = time.monotonic() - self.log.last >= LINE_EVERY
        if (pace.done < pace.total or not pace.total) and (due or (not self.told and _is_long(pace))):
            far = f"{int(pace.done):,} of {pace.total:,}" if pace.total else f"{int(pace.done):,}"
            what = far if self.told or not self.cost else self.cost
            beside = f", {note}" if note else ""
            self.told = True
            self.log.line(f"{self.name}: {what}{beside}{_more(pace, self.then)}", self.name, pace)

    def end(self) -> None:
        if self.told:
            self.log.line(f"{self.name}: done in {duration(self.pace.spent)}", self.name, self.pace)


def told(items: Iterable[T], advance: Advance) -> Iterator[T]:
    """Yield items, and tell of each that it is done when the next is asked for."""
    for each in items:
        yield each
        advance(1)


_within: ContextVar[Callable[[float], None] | None] = ContextVar("within", default=None)


@contextmanager
def piece_of(advance: Advance, count: int) -> Iterator[Advance]:
    """Let :func:`partly` tell meanwhile that parts of one piece of so many items are done.

    Yields:
        A function that tells that the whole piece is done.
    """
    told = 0.0

    def tell(part: float) -> None:
        nonlocal told
        part = min(part, count - told)
        if part > 0:
            told += part
            advance(part)

    token = _within.set(tell)
    try:
        yield lambda whole, note="", /: advance(whole - told, note)
    finally:
        _within.reset(token)


def partly(count: float) -> None:
    """Tell that so many items, or a share of one, of the piece of work that is being done are done."""
    tell = _within.get()
    if tell is not None:
        tell(count)


def duration(seconds: float) -> str:
    """Return how long something takes, for people."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
