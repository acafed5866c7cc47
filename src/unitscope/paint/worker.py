"""One thread that runs the networks: short tasks in the order they come, and long jobs that let them through."""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import torch

T = TypeVar("T")
Task = tuple[Future[Any], Callable[[], Any]]
Job = Callable[[Callable[[], None]], None]
"""Is given a function that does whatever waits, and calls it between its steps."""


class Closed(Exception):
    """The worker is closing."""


class Full(Exception):
    """As much waits as may."""


class Worker:
    """Does tasks one after the other on a thread of its own.

    Args:
        most: tasks that may wait.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._tasks, self._jobs = deque[Task](), deque[Job]()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="networks", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Tasks that have not begun."""
        return len(self._tasks)

    def submit(self, task: Callable[[], T]) -> Future[T]:
        """Let a task be done after those that wait.

        Raises:
            Closed: no more are taken.
            Full: too many wait.
        """
        future = Future[T]()
        with self._changed:
            if self._closed:
                raise Closed
            if len(self._tasks) >= self.most:
                raise Full
            self._tasks.append((future, task))
            self._changed.notify()
        return future

    def start(self, job: Job) -> None:
        """Let a long job be done after those that were started before, whenever no task waits.

        Raises:
            Closed: no more are taken.
        """
        with self._changed:
            if self._closed:
                raise Closed
            self._jobs.append(job)
            self._changed.notify()

    def close(self, timeout: float = 0.0) -> None:
        """Take no more, leave what waits undone, and wait so many seconds for what has begun."""
        with self._changed:
            self._closed = True
            for future, _ in self._tasks:
                future.cancel()
            self._tasks.clear()
            self._jobs.clear()
            self._changed.notify_all()
        if timeout:
            self._thread.join(timeout)

    def _run(self) -> None:
        with torch.no_grad():
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._tasks or self._jobs)
                    if self._closed:
                        return
                    job = self._jobs.popleft() if not self._tasks else None
                if job is None:
                    self._step()
                else:
                    self._begin(job)

    def _begin(self, job: Job) -> None:
        try:
            job(self._let_through)
        except Closed:
            pass
        except Exception:  # a job tells of what it cannot do itself; what it did not expect stops no other
            traceback.print_exc()

    def _let_through(self) -> None:
        """Do everything that waits.

        Raises:
            Closed: the job is to end.
        """
        while self._step():
            pass
        if self._closed:
            raise Closed

    def _step(self) -> bool:
        with self._changed:
            if not self._tasks:
                return False
            future, task = self._tasks.popleft()
        if future.set_running_or_notify_cancel():
            try:
                with torch.no_grad():
                    found = task()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(found)
        return True
