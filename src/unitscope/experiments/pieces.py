"""Work in pieces that are committed one by one, so that an interrupted one goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from unitscope.progress import stage
from unitscope.run.folder import RunFolder
from unitscope.run.storage import ArrayFile, Arrays
from unitscope.stats.base import Statistic


@dataclass(frozen=True)
class Piece:
    """A shard: one question about some samples."""

    number: int
    samples: range


P = TypeVar("P", bound=Piece)
S = TypeVar("S", bound=Statistic)


@dataclass(frozen=True)
class Stages(Generic[P]):
    """All shards of a long work, by question, in the order in which they are done.

    Attributes:
        folder: where they are committed.
        by_stage: the shards of each question.
    """

    folder: RunFolder
    by_stage: dict[str, list[P]] = field(default_factory=dict)

    def complete(
        self,
        name: str,
        work: Callable[[P], tuple[Arrays, dict[str, str]]],
        *,
        title: str,
        show: bool | None = None,
    ) -> None:
        """Do the shards of a question that are not there yet.

        Args:
            name: the question.
            work: returns the arrays of a piece, and text notes.
            title: for the progress bar.
            show: force it on or off.
        """
        pieces, missing = self.by_stage[name], self.missing(name)
        total = sum(len(piece.samples) for piece in pieces)
        done = total - sum(len(piece.samples) for piece in missing)
        with stage(title, total, done=done, show=show) as advance:
            for piece in missing:
                arrays, note = work(piece)
                self.folder.commit_shard(piece.number, arrays, note=note)
                advance(len(piece.samples))

    def missing(self, name: str) -> list[P]:
        """Return the shards of a question that are not there yet."""
        return [piece for piece in self.by_stage[name] if not self.folder.shard_path(piece.number).is_file()]

    def files(self, name: str) -> Iterator[ArrayFile]:
        """Open the shards of a question, in order."""
        for piece in self.by_stage[name]:
            yield self.folder.open_shard(piece.number)

    def merged(self, name: str, statistic: S, make: Callable[[], S], *, below: str) -> S:
        """Merge a statistic that every shard of a question holds into one that is empty, and return it.

        Args:
            name: the question.
            statistic: takes in all others.
            make: makes an empty one of the same kind.
            below: where it is in each shard, see :meth:`ArrayFile.below`.
        """
        for file in self.files(name):
            part = make()
            part.load_state_dict(file.below(below))
            statistic.merge(part)
        return statistic


def ranges(count: int, size: int) -> list[range]:
    """Cut the numbers from 0 to before `count` into ranges of `size`; the last may be shorter."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def below(prefix: str, state: dict[str, Any]) -> Arrays:
    """Name the arrays of a state ``prefix/name``, as :meth:`ArrayFile.below` finds them."""
    return {f"{prefix}/{name}": value for name, value in state.items()}
