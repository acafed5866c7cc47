"""Workers of a Ray cluster, or of one that is started here: which piece goes to which, and again when one is lost.

Ray starts the processes, finds room for them, carries what they take and return, and notices when one is gone. Here is
only what it cannot know: which piece may be begun, that a piece must not be tried for ever, and that a worker is to be
compared with this process before it counts anything.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

import ray
import torch
from ray.exceptions import ObjectLostError, OutOfMemoryError, RayActorError, RaySystemError, RayTaskError

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.likeness import likeness
from unitscope.experiments.pieces import Done, Piece, State, Work
from unitscope.models.products import products
from unitscope.models.weights import device_of
from unitscope.progress import Advance, say
from unitscope.run.address import address_of
from unitscope.run.here import packages_here
from unitscope.run.mirror import this_machine
from unitscope.scale.cluster import Cluster
from unitscope.scale.facts import check_device, facts_here
from unitscope.scale.luggage import pack, pickled
from unitscope.scale.worker import Wanted, Worker, manifest_hash
from unitscope.sources.loading import loaders_elsewhere

MOST_DEATHS = 3
"""Workers that one piece may take with it."""
ARRIVAL_SECONDS = 300.0
"""How long all workers may take until they have the network."""
LOST_SECONDS = 300.0
"""How long to wait for another worker where none is left."""
GONE = (RayActorError, ObjectLostError, OutOfMemoryError, RaySystemError)
"""What Ray raises when a worker, its machine or what it returned is lost."""
_NOTHING = object()
"""Stands for what workers hold before they hold anything."""


@dataclass(eq=False)
class _Hand:
    """A worker: the process, and the piece that it is at; none while it arrives or waits."""

    actor: Any
    piece: Piece | None = None


class Pool:
    """Does pieces of work in several processes.

    Args:
        workers: how many; as many as the cluster has room for when None.
        cluster: address of a Ray cluster; one of this machine is started when None.
        threads: of PyTorch in each.
    """

    def __init__(self, workers: int | None, cluster: str | None, threads: int) -> None:
        self.workers, self.threads = workers, threads
        self._cluster = Cluster(cluster)
        self._idle = list[_Hand]()
        self._tasks: dict[object, _Hand] = {}
        self._wanted: Wanted | None = None
        self._luggage: object = None
        self._subject: object = _NOTHING
        self._made: Callable[[int], Any]
        self._gpus, self._failed = -1, 0
        self._stages = itertools.count(1)

    def __enter__(self) -> Pool:
        self._cluster.look()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dismiss()
        self._cluster.leave()

    def do(self, work: Work, advance: Advance) -> Generator[Done, None, None]:
        """Yield the pieces as workers finish them.

        Raises:
            UnitscopeError: a worker differs from this process, a piece fails or takes its worker with it again and
                again, or no worker is left.
        """
        if not work.pieces:
            return
        self._gather(work)
        try:
            yield from self._done(work, advance)
        except BaseException:
            self._subject = _NOTHING  # what is still at a piece must not be taken for one of another stage
            raise

    def _done(self, work: Work, advance: Advance) -> Generator[Done, None, None]:
        name, sent = next(self._stages), ray.put(pickled((work.stage.measure, work.stage.plan)))
        waiting, left, deaths = list(work.pieces), {each.number for each in work.pieces}, Counter[int]()

        def hand_out() -> None:
            while self._idle and waiting and work.waits[waiting[0].number] <= min(left):
                hand, piece = self._idle.pop(), waiting.pop(0)
                self._tasks[hand.actor.measure.remote(name, [sent], piece)] = hand
                hand.piece = piece

        while left:
            hand_out()
            hand, state = self._next()
            done, hand.piece = hand.piece, None
            if state is None and done is not None:
                self._again(done, work, deaths)
                waiting = sorted([*waiting, done], key=lambda each: each.number)
            elif done is not None and state is not None:
                self._idle.append(hand)
                hand_out()  # so that nobody waits until the piece is committed, but who waits for that
                yield Done(done, state, advance)
                left.remove(done.number)

    def _next(self) -> tuple[_Hand, State | None]:
        """Return the next worker that is done, with what it found; nothing of one that has arrived or is lost."""
        start = time.monotonic()
        while True:
            done, _ = ray.wait(list(self._tasks), num_returns=1, timeout=1.0)
            if done:
                break
            if not self._working() and time.monotonic() - start > LOST_SECONDS:
                raise UnitscopeError(
                    f"all workers are lost, and none could be started in {LOST_SECONDS:.0f} s; what was finished is "
                    "kept: see what became of the machines, then run the same command again to go on"
                )
        hand = self._tasks.pop(done[0])
        try:
            found = ray.get(done[0])
        except RayTaskError as error:
            self._idle.append(hand)
            _refuse(error)
        except GONE as error:
            self._replace(hand, error)
            return hand, None
        if isinstance(found, State):
            return hand, found
        self._idle.append(hand)
        if found:
            raise UnitscopeError(str(found))
        return hand, None

    def _working(self) -> bool:
        return bool(self._idle) or any(hand.piece is not None for hand in self._tasks.values())

    def _replace(self, hand: _Hand, error: Exception) -> None:
        """Have another worker in place of one that is lost.

        Raises:
            UnitscopeError: it never arrived, and others before it neither.
        """
        if hand.piece is None:
            self._failed += 1
            if self._failed == MOST_DEATHS:
                raise UnitscopeError(
                    f"{MOST_DEATHS} workers died while they took the network ({_last_line(error)}); have their "
                    "machines enough memory, and unitscope installed?"
                ) from error
        else:
            say("a worker is lost; another does its piece again")
        self._hire()

    def _again(self, piece: Piece, work: Work, deaths: Counter[int]) -> None:
        """Note that a piece has lost its worker.

        Raises:
            UnitscopeError: it is not the first one.
        """
        deaths[piece.number] += 1
        if deaths[piece.number] >= MOST_DEATHS:
            first, last = (work.stage.ids[piece.pictures[place]] for place in (0, -1))
            raise UnitscopeError(
                f"{MOST_DEATHS} workers died on the {work.stage.noun} from {first!r} to {last!r}, as when memory is "
                "full or the network's own code crashes; what was finished is kept: give fewer --workers or a smaller "
                "--batch-size, or run without workers to see the error"
            )

    def _gather(self, work: Work) -> None:
        """Have all workers hold what the work needs, once for all stages of a subject."""
        if self._subject is work.subject:
            return
        luggage = pack(work.subject, work.looked)
        device = device_of(work.looked[0].module) if work.looked else torch.device("cpu")
        check_device(device, self.workers)
        gpus = int(device.type == "cuda")
        self._cluster.join(self.workers, self.threads, luggage.size, gpus=gpus)
        room = self._cluster.room(self.workers, self.threads, gpus=gpus)
        self._wanted = _wanted(work, device, self.threads)
        self._luggage, self._subject = ray.put(luggage), _NOTHING
        self._failed = 0
        there = self._kept(gpus)
        for hand in there:
            self._send(hand)
        for _ in range(room - len(there)):
            self._hire()
        self._await_all()
        self._subject = work.subject

    def _kept(self, gpus: int) -> list[_Hand]:
        """Return the workers that an earlier subject leaves; those that are of another kind or on their way go."""
        there, self._idle = self._idle, []
        if gpus != self._gpus:
            self._gpus = gpus
            actor = ray.remote(num_cpus=self.threads, num_gpus=gpus, max_restarts=0, max_task_retries=0)
            self._made = actor(Worker).remote
            there, self._idle = [], there
        self._dismiss()
        return there

    def _hire(self) -> None:
        self._send(_Hand(self._made(self.threads)))

    def _send(self, hand: _Hand) -> None:
        """Have a worker take what it is to hold."""
        self._tasks[hand.actor.arrive.remote(self._wanted, [self._luggage])] = hand

    def _await_all(self) -> None:
        """Wait until every worker has arrived, so that one that differs is refused before any work is done."""
        until = time.monotonic() + ARRIVAL_SECONDS
        while self._tasks:
            if time.monotonic() > until:
                raise UnitscopeError(
                    f"{len(self._tasks)} of {len(self._tasks) + len(self._idle)} workers did not arrive in "
                    f"{ARRIVAL_SECONDS:.0f} s; give fewer --workers, or see what the cluster is busy with"
                )
            self._next()

    def _dismiss(self) -> None:
        if ray.is_initialized():
            for hand in (*self._idle, *self._tasks.values()):
                ray.kill(hand.actor)
        self._idle, self._tasks = [], {}


def _wanted(work: Work, device: torch.device, threads: int) -> Wanted:
    packages = packages_here()
    return Wanted(
        facts=facts_here(packages, device.type),
        packages=packages,
        device=device.type,
        likeness=likeness(work.looked),
        folder=work.folder.absolute(),
        manifest=manifest_hash(work.folder),
        place=str(Path.cwd()),
        products=products(),
        loaders=loaders_elsewhere(threads),
        machine=this_machine() if address_of(work.folder) else "",
    )


def _last_line(error: Exception) -> str:
    """Return the last line of what Ray says, which is the cause."""
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), one_line(error))


def _refuse(error: RayTaskError) -> NoReturn:
    """Raise what a piece of work raised in its worker."""
    cause = error.cause
    raise (cause if isinstance(cause, Exception) else error) from error
