"""Work in pieces: what it is made of, who does it, and how large a piece is.

A stage is a function of a module, a plan and numbers of pictures, so that a piece of it can be done anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from torch import nn

from unitscope.experiments.samples import Samples
from unitscope.progress import Advance, piece_of
from unitscope.run.storage import Arrays

S = TypeVar("S")
P = TypeVar("P")


@dataclass(frozen=True)
class Piece:
    """A part of a stage: some pictures, by number; its file has a number too."""

    number: int
    pictures: range


@dataclass(frozen=True)
class State:
    """What a piece found.

    Attributes:
        arrays: by name.
        skipped: numbers of pictures that could not be read, with the reason.
    """

    arrays: Arrays
    skipped: Mapping[int, str] = field(default_factory=dict)


def at_once(_piece: int) -> int:
    """Let a piece wait for no other."""
    return 0


@dataclass(frozen=True)
class Stage(Generic[S, P]):
    """Work on numbered pictures, piece by piece.

    Attributes:
        name: for the clock and for questions about its states.
        title: for the progress bar.
        parts: numbers of the pictures of each piece.
        measure: a function of a module: subject, plan, piece -> state.
        plan: all that it needs besides the subject; it can be pickled, and so can what it holds.
        ids: of all pictures, for messages.
        noun: what messages call the pictures.
        cost: what all pieces amount to, to be said before most of them are done.
        later: work of the stages that follow, as so many pictures of this one; what is said to be left counts it.
        then: what follows and cannot be counted, in words.
        success: an array of the states whose share of true values is shown beside the title.
        ahead: told the subject which pieces one process will do, in order, so that it can prepare the next one.
        after: how many of the first pieces must be there before a piece is begun, by the number of the piece in this
            stage; none by default, and never more than its number.
    """

    name: str
    title: str
    parts: Sequence[range]
    measure: Callable[[S, P, Piece], State]
    plan: P
    ids: Sequence[str]
    noun: str = "pictures"
    cost: str = ""
    later: float = 0
    then: str = ""
    success: str = ""
    ahead: Callable[[S, Sequence[Piece]], None] | None = None
    after: Callable[[int], int] = at_once


class Looked(NamedTuple):
    """A network, and the samples that it is asked about: what is the same wherever a piece of work is done."""

    module: nn.Module
    samples: Samples


@dataclass(frozen=True)
class Work:
    """Pieces of a stage that are to be done.

    Attributes:
        stage: the stage.
        subject: what they need besides the plan.
        pieces: those that are not there yet, in order.
        waits: for each piece by its number, the number of the first piece of all that it needs not wait for.
        looked: networks and samples, for whoever does pieces elsewhere.
        folder: the run folder.
    """

    stage: Stage[Any, Any]
    subject: Any
    pieces: Sequence[Piece]
    waits: Mapping[int, int]
    looked: Sequence[Looked]
    folder: Path


class Done(NamedTuple):
    """A piece that was done, what it found, and what is told of that once it is committed."""

    piece: Piece
    state: State
    tell: Advance


class Hands(Protocol):
    """What does pieces of work: this process, or others."""

    def do(self, work: Work, advance: Advance) -> Generator[Done, None, None]:
        """Yield the pieces as they are done, in any order that `waits` allows.

        Each is committed before the next one is asked for.
        """


class Inline:
    """Does one piece after the other in this process."""

    def do(self, work: Work, advance: Advance) -> Generator[Done, None, None]:
        """Yield the pieces in order."""
        stage = work.stage
        if stage.ahead is not None and work.pieces:
            stage.ahead(work.subject, work.pieces)
        for piece in work.pieces:
            with piece_of(advance, len(piece.pictures)) as finish:
                yield Done(piece, stage.measure(work.subject, stage.plan, piece), finish)


_hands: ContextVar[Hands] = ContextVar("hands", default=Inline())  # noqa: B039 - it has no state
_threads: ContextVar[int | None] = ContextVar("threads", default=None)


def hands() -> Hands:
    """Return who does pieces of work now: this process, unless :func:`done_by` says otherwise."""
    return _hands.get()


def threads_told() -> int | None:
    """Return the threads of PyTorch that every process is told to use; None where nothing is said."""
    return _threads.get()


@contextmanager
def done_by(others: Hands | None, *, threads: int | None = None) -> Iterator[None]:
    """Let pieces of work be done by something else meanwhile.

    Args:
        others: what does them; what did before when None.
        threads: of PyTorch in every process that runs a network, which its last bits depend on; part of the
            configuration of runs where it is said.
    """
    tokens = _hands.set(others or _hands.get()), _threads.set(threads or _threads.get())
    try:
        yield
    finally:
        _hands.reset(tokens[0])
        _threads.reset(tokens[1])


def ranges(count: int, size: int) -> list[range]:
    """Cut the numbers from 0 to before `count` into ranges of `size`; the last may be shorter."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


_most: ContextVar[int | None] = ContextVar("most", default=None)


@contextmanager
def small_pieces(most: int) -> Iterator[None]:
    """Let no piece of work that is planned meanwhile hold more than so many pictures."""
    token = _most.set(most)
    try:
        yield
    finally:
        _most.reset(token)


def piece_size(pictures: int, *, batch_size: int = 1) -> int:
    """Return how many pictures a piece holds that should hold about so many: whole batches, at least one."""
    most = _most.get()
    fitting = pictures if most is None else min(pictures, most)
    return max(fitting // batch_size, 1) * batch_size


def below(prefix: str, state: Arrays) -> Arrays:
    """Name the arrays of a state ``prefix/name``, as :meth:`ArrayFile.below` finds them."""
    return {f"{prefix}/{name}": value for name, value in state.items()}
