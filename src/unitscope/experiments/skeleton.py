"""What every experiment does: work in pieces that are committed one by one, then tables, in one run folder.

An experiment says what decides its results, which stages of work there are, which tables follow and what the manifest
says of them. Everything else is here: the lock, what was done before, progress, what it will take, the pictures that
cannot be read, the clock. The work itself is told in the words of `pieces`.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import pandas as pd
import pyarrow as pa

from unitscope.errors import NothingToMeasureError
from unitscope.experiments.fingerprints import SEGMENTERS, libraries_of, of_segmenters
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.pieces import Looked, Piece, Stage, Work, hands, threads_told
from unitscope.experiments.samples import PictureSamples
from unitscope.experiments.settings import Fed
from unitscope.progress import Advance, progress_bar, say
from unitscope.run.fingerprint import Fingerprint, Fingerprints
from unitscope.run.folder import RunFolder, open_for_writing
from unitscope.run.manifest import LeftOutFiles, SkippedPicture, Values
from unitscope.run.results import Result
from unitscope.run.storage import ArrayFile, Arrays
from unitscope.sources.base import PictureSource, left_out_of, remarks_on
from unitscope.sources.loading import loading
from unitscope.stats.base import Statistic

Table: TypeAlias = pd.DataFrame | pa.Table
S = TypeVar("S")
P = TypeVar("P")
R = TypeVar("R", bound=Result[object])
M = TypeVar("M", bound=Statistic)


class Job:
    """The work on one run folder.

    Args:
        folder: open for writing.
        looked: networks and samples of the experiment.
    """

    def __init__(self, folder: RunFolder, looked: Sequence[Looked] = ()) -> None:
        self.folder, self.looked = folder, looked
        self.seconds: dict[str, float] = {}
        self._pieces: dict[str, list[Piece]] = {}

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Take the time of a part of the work."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)

    def work(self, stage: Stage[S, P], subject: S) -> None:
        """Do the pieces of a stage that are not there yet.

        Raises:
            UnitscopeError: none of its pictures could be read.
        """
        first = sum(len(pieces) for pieces in self._pieces.values())
        pieces = [Piece(first + place, part) for place, part in enumerate(stage.parts)]
        self._pieces[stage.name] = pieces
        missing = self.missing(stage.name)
        waits = {piece.number: first + stage.after(piece.number - first) for piece in missing}
        work = Work(stage, subject, missing, waits, self.looked, self.folder.path)
        total = sum(len(piece.pictures) for piece in pieces)
        left = sum(len(piece.pictures) for piece in missing)
        bar = progress_bar(
            stage.title, total, done=total - left, cost=stage.cost, later=stage.later, then=stage.then
        )
        with self.timing(stage.name), bar as advance:
            self._commit(work, advance)
            self.folder.gather()
        skipped = self.skipped(stage.name)
        if total and len(skipped) == total:
            raise none_readable(stage.ids, skipped, stage.noun)

    def _commit(self, work: Work, advance: Advance) -> None:
        """Have pieces done, and commit each."""
        rate = _Rate(work.stage.success)
        with closing(hands().do(work, advance)) as doing:
            for piece, state, tell in doing:
                skipped = {str(number): why for number, why in state.skipped.items()}
                note = {"skipped": json.dumps(skipped)}
                self.folder.commit_shard(piece.number, state.arrays, note=note)
                tell(len(piece.pictures), rate.after(state.arrays))

    def missing(self, stage: str) -> list[Piece]:
        """Return the pieces of a stage that are not there yet."""
        return [piece for piece in self._pieces[stage] if not self.folder.shard_path(piece.number).is_file()]

    def files(self, stage: str) -> Iterator[ArrayFile]:
        """Open the states of a stage, in order."""
        for piece in self._pieces[stage]:
            yield self.folder.open_shard(piece.number)

    def skipped(self, *stages: str) -> dict[int, str]:
        """Return the pictures that some stages could not read, in order, with the reason."""
        found: dict[int, str] = {}
        for file in (file for stage in stages for file in self.files(stage)):
            found.update({int(number): why for number, why in json.loads(file.note["skipped"]).items()})
        return dict(sorted(found.items()))

    def merged(self, stage: str, empty: Callable[[], M], *, below: str) -> M:
        """Merge a statistic that every state of a stage holds.

        Args:
            stage: name of the stage.
            empty: makes a statistic of the kind that has seen nothing.
            below: where it is in each state, see :func:`below`.
        """
        total = empty()
        for file in self.files(stage):
            part = empty()
            part.load_state_dict(file.below(below))
            total.merge(part)
        return total


class _Rate:
    """The share of true values of an array of all states so far, in words; nothing where no array is named."""

    def __init__(self, name: str) -> None:
        self._name, self._true, self._count = name, 0, 0

    def after(self, arrays: Arrays) -> str:
        if not self._name:
            return ""
        self._true += int(arrays[self._name].sum())
        self._count += arrays[self._name].size
        return f"{100 * self._true / self._count:.0f} % {self._name}" if self._count else ""


def _forget(folder: RunFolder, damaged: Sequence[Path]) -> None:
    """Say which files are damaged, and have them made again."""
    names = ", ".join(path.relative_to(folder.path).as_posix() for path in damaged[:3])
    more = f" and {len(damaged) - 3} more" if len(damaged) > 3 else ""
    say(f"damaged, and made again: {names}{more}")
    folder.forget(damaged)


def none_readable(ids: Sequence[str], skipped: Mapping[int, str], noun: str) -> NothingToMeasureError:
    """Return the refusal of pictures none of which could be read."""
    first = min(skipped)
    return NothingToMeasureError(
        f"none of the {len(skipped)} {noun} could be read; the first, {ids[first]!r}: {skipped[first]}"
    )


def skipped_records(ids: Sequence[str], skipped: Mapping[int, str]) -> tuple[SkippedPicture, ...]:
    """Return what the manifest says of pictures that could not be read."""
    return tuple(SkippedPicture(ids[number], skipped[number]) for number in sorted(skipped))


class Experiment(ABC, Generic[S]):
    """A question about the units of a network.

    Attributes:
        subject: what the pieces of work need besides their plan: the network, its pictures. It can be sent to another
            process if these can; what a process makes for itself, such as a graph or a lock, is made anew there.
    """

    subject: S

    @property
    def loaders(self) -> int | None:
        """Threads that decode pictures, where its settings say so."""
        told = getattr(self, "settings", None)
        return told.loaders if isinstance(told, Fed) else None

    @property
    def sources(self) -> Sequence[PictureSource]:
        """The pictures it reads; none where they are generated."""
        return ()

    @property
    def looked(self) -> Sequence[Looked]:
        """Its networks and samples: what must be the same in every process that does a piece of work."""
        return ()

    @property
    def caveats(self) -> Sequence[str]:
        """What a person should know of the network, a line each, once all stages are done."""
        return ()

    @abstractmethod
    def configuration(self) -> Values:
        """Return everything that decides the results."""

    def fingerprints(self) -> Fingerprints:
        """Return those of what labels pictures, which a configuration does not tell from others of the same weights."""
        found: dict[str, Fingerprint] = {}
        for each in self.looked:
            if isinstance(each.samples, PictureSamples | GeneratedSamples):
                found |= of_segmenters(each.samples.labeller, each.samples.size)
        return {SEGMENTERS: found}

    @abstractmethod
    def stages(self, job: Job) -> Iterator[Stage[S, Any]]:
        """Yield the stages of work, one after the other; each is done when the next is asked for."""

    @abstractmethod
    def tables(self, job: Job) -> Iterable[tuple[str, Table]]:
        """Yield the tables with their names, once all stages are done."""

    @abstractmethod
    def outcome(self, job: Job) -> Mapping[str, object]:
        """Return what the manifest says once the tables are there, by field; mostly its ``summary``."""


def run(experiment: Experiment[S], result: type[R], out: Path) -> R:
    """Do an experiment and write its folder, or go on where an earlier process stopped.

    Args:
        experiment: the question.
        result: what opens the folder; it names the kind.
        out: the folder, new or of the same configuration; one that is complete is left as it is.

    Raises:
        UnitscopeError: the folder is in use, belongs to another configuration or cannot be written, or what the
            experiment refuses.
    """
    threads = threads_told()
    config = experiment.configuration() | ({"threads": threads} if threads else {})
    with (
        loading(experiment.loaders),
        open_for_writing(
            out,
            config,
            kind=result.kind,
            command=result.command,
            fingerprints=experiment.fingerprints(),
            libraries=libraries_of(experiment.looked),
        ) as folder,
    ):
        damaged = folder.damaged()
        if damaged or not folder.manifest.complete:
            folder.begin()
            if damaged:
                _forget(folder, damaged)
            _finish(experiment, folder)
            if any(folder.holds(path) and not path.exists() for path in damaged):
                # A picture that only a piece of work writes, and that piece was whole.
                folder.forget_pieces()
                _finish(experiment, folder)
    return result.open(out)


def _finish(experiment: Experiment[S], folder: RunFolder) -> None:
    """Do what is missing, and write the tables and the manifest."""
    job = Job(folder, experiment.looked)
    left_out, remarks = _notes(folder, experiment.sources)
    for stage in experiment.stages(job):
        job.work(stage, experiment.subject)
    with job.timing("tables"):
        folder.write_tables(experiment.tables(job))
    folder.complete(
        **experiment.outcome(job),
        left_out=left_out,
        remarks=(*experiment.caveats, *remarks),
        seconds=job.seconds,
    )


def _notes(
    folder: RunFolder, sources: Sequence[PictureSource]
) -> tuple[tuple[LeftOutFiles, ...], tuple[str, ...]]:
    """Say what a person should know of the pictures, and return it as the manifest holds it."""
    left_out = tuple(LeftOutFiles(each.extension, each.count, each.reason) for each in left_out_of(*sources))
    remarks = remarks_on(*sources)
    for line in replace(folder.manifest, left_out=left_out, remarks=remarks).notes:
        say(line)
    return left_out, remarks
