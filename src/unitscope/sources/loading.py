"""How many threads decode pictures while the network runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

LEAST = 2
"""Threads where there is one core: one may wait for the disk while the other decodes."""
MOST = 32
"""Threads by default: beyond so many they wait for the interpreter."""
_GROUPS = Path("/sys/fs/cgroup")

_asked: ContextVar[int | None] = ContextVar("asked", default=None)
_here: int | None = None
"""Threads of this process unless something else is asked for, where it is one of several on a machine."""


@contextmanager
def loading(threads: int | None) -> Iterator[None]:
    """Let so many threads decode pictures meanwhile; with None, as many as cores may be used."""
    token = _asked.set(threads)
    try:
        yield
    finally:
        _asked.reset(token)


def loaders() -> int:
    """Return how many threads are to decode pictures."""
    asked = _here if _asked.get() is None else _asked.get()
    return min(max(usable_cores(), LEAST), MOST) if asked is None else asked


def loaders_elsewhere(threads: int) -> int:
    """Return how many threads are to decode pictures in each of several processes that compute with so many."""
    asked = _asked.get()
    return max(threads, LEAST) if asked is None else asked


def load_with(threads: int) -> None:
    """Let so many threads decode pictures in this process from now on."""
    global _here  # noqa: PLW0603 - a worker is told once
    _here = threads


def usable_cores() -> int:
    """Return how many cores this process may use: those it is bound to, as far as its control group has time for."""
    # macOS and Windows bind no process to cores.
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    granted = _granted()
    return bound if granted is None else max(min(bound, round(granted)), 1)


def _granted() -> float | None:
    """Return how many cores the control group of a container gets, where it is limited: version 2, then version 1."""
    with suppress(OSError, ValueError):
        quota, period = (_GROUPS / "cpu.max").read_text().split()[:2]
        return None if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError):
        most, per = (
            int((_GROUPS / "cpu" / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period")
        )
        return None if most <= 0 else most / per
    return None
