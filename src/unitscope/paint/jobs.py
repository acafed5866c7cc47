"""Photographs whose latents are looked for: one at a time, between strokes, each of which may be cancelled."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any, Literal, Protocol

import numpy as np
import torch
from msgspec import Struct
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, one_line
from unitscope.models.generators import Generator
from unitscope.paint.recipe import Latent
from unitscope.paint.worker import Closed, Worker

MOST_RUNNING = 3
"""Jobs that run or wait."""
MOST_KEPT = 20
"""Jobs whose outcome can still be asked for."""

State = Literal["running", "done", "failed"]


class Find(Protocol):
    """Finds the latent that draws a picture best, and reports between its steps."""

    def __call__(
        self,
        generator: Generator,
        picture: NDArray[np.uint8],
        *,
        seed: int = 0,
        report: Callable[[Any], None],
        cancelled: Callable[[], bool],
    ) -> Any:
        """Return what has a `latent` and an `error`."""


class Outcome(Struct):
    """How far a job is; `error` is the mean absolute difference of the best picture so far, 0 to 255."""

    state: State = "running"
    progress: float = 0.0
    error: float | None = None
    note: str = "waiting"
    latent: Latent | None = None


class TooMany(Exception):
    """As many jobs run or wait as may."""


class Jobs:
    """Looks for latents of photographs.

    Args:
        worker: whose thread does it.
        generator: that is to draw them.
        find: does it.
    """

    def __init__(self, worker: Worker, generator: Generator, find: Find) -> None:
        self.worker, self.generator, self.find = worker, generator, find
        self._outcomes: dict[str, Outcome] = {}
        self._cancelled = set[str]()
        self._changing = threading.Lock()

    def start(self, picture: NDArray[np.uint8]) -> str:
        """Begin to look for the latent of a picture ``(H, W, 3)``; return the name of the job.

        Raises:
            TooMany: so many run or wait already.
            Closed: the server is closing.
        """
        with self._changing:
            if sum(each.state == "running" for each in self._outcomes.values()) >= MOST_RUNNING:
                raise TooMany
            job = secrets.token_hex(8)
            self._outcomes[job] = Outcome()
            for old in [name for name, each in self._outcomes.items() if each.state != "running"][
                :-MOST_KEPT
            ]:
                del self._outcomes[old]
        self.worker.start(lambda let_through: self._run(job, picture, let_through))
        return job

    def outcome(self, job: str) -> Outcome:
        """Return how far a job is.

        Raises:
            KeyError: there is none of that name, or it was long ago.
        """
        return self._outcomes[job]

    def cancel(self, job: str) -> None:
        """Let a job end at its next step.

        Raises:
            KeyError: there is none of that name.
        """
        outcome = self._outcomes[job]
        if outcome.state == "running":
            self._cancelled.add(job)

    def _run(self, job: str, picture: NDArray[np.uint8], let_through: Callable[[], None]) -> None:
        outcome = self._outcomes[job]

        def report(found: Any) -> None:
            outcome.progress, outcome.error = float(found.share), float(found.error)
            outcome.note = str(getattr(found, "note", "") or "looking")
            let_through()

        try:
            if job not in self._cancelled:
                with torch.enable_grad():
                    found = self.find(
                        self.generator, picture, report=report, cancelled=lambda: job in self._cancelled
                    )
                outcome.latent = Latent(values=tuple(found.latent.detach().float().flatten().tolist()))
                outcome.error, outcome.progress, outcome.note = float(found.error), 1.0, ""
            outcome.state = "failed" if job in self._cancelled else "done"
        except Closed:
            outcome.state = "failed"
        except Exception as error:  # whatever the generator raises is told to whoever asked
            outcome.state = "failed"
            outcome.note = str(error) if isinstance(error, UnitscopeError) else one_line(error)
        if job in self._cancelled:
            self._cancelled.discard(job)
            outcome.note, outcome.latent = "cancelled", None
