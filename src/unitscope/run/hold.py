"""Who works on a run of an object store: one process at a time, whatever machine it is on, until it is done or dead.

Locks are objects with a number that only grows. Whoever finds the highest one free or dead makes the next one, which
the store lets one process alone do; then it looks whether a higher one came meanwhile. Its owner writes it again and
again. How long it was silent is told by the clock of the store alone.
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from unitscope.errors import UnitscopeError
from unitscope.progress import say
from unitscope.run.store import Store

FOLDER = "locks"
"""Where a run of a store has its locks."""
BEAT_SECONDS = 20.0
"""How often an owner is heard of."""
DEAD_SECONDS = 120.0
"""Silence after which an owner counts as dead."""


class Hold:
    """The lock of this process on a run of a store.

    Args:
        store: the run.
        number: of the lock.
        machine: of this process.
    """

    def __init__(self, store: Store, number: int, machine: str) -> None:
        self.store, self.number = store, number
        self._said = {
            "machine": machine,
            "host": platform.node(),
            "process": os.getpid(),
            "owner": uuid.uuid4().hex,
        }
        self._done = threading.Event()

    @property
    def content(self) -> bytes:
        """The lock while it is held."""
        return _content(self._said)

    def check(self) -> None:
        """Refuse to go on where another process has taken over, as when this one was asleep.

        Raises:
            UnitscopeError: it has.
        """
        if not self.is_last:
            raise UnitscopeError(
                f"another process has taken over {self.store.address}, since this one was silent for too long; what "
                "was finished is kept, and the other goes on with it"
            )

    @property
    def is_last(self) -> bool:
        """Whether no other process has made a lock since."""
        return max(_numbers(self.store), default=0) <= self.number

    def beat(self) -> None:
        """Be heard of again and again until it is released; a failure is no end, the next one may succeed."""
        while not self._done.wait(BEAT_SECONDS):
            with suppress(UnitscopeError):
                self.store.write(_name(self.number), self.content)

    def stop(self) -> None:
        """Be heard of no more."""
        self._done.set()


@contextmanager
def holding(store: Store, machine: str) -> Iterator[Hold]:
    """Hold the lock of a run meanwhile.

    Args:
        store: the run.
        machine: what tells this machine from others; the caller holds the lock of the run on it, so that an owner of
            the same machine is dead.

    Raises:
        UnitscopeError: another process works on it, or the store refuses.
    """
    hold = _take(store, machine)
    beating = threading.Thread(target=hold.beat, name="lock", daemon=True)
    beating.start()
    try:
        yield hold
    finally:
        hold.stop()
        beating.join()
        with suppress(UnitscopeError):  # else it counts as dead soon
            if hold.is_last:
                store.write(_name(hold.number), _content({"free": True}))


def _take(store: Store, machine: str) -> Hold:
    """Make the next lock.

    Raises:
        UnitscopeError: the last one is held, or another process was faster.
    """
    last = max(_numbers(store), default=0)
    if last:
        _require_free(store, last, machine)
    hold = Hold(store, last + 1, machine)
    if not store.create(_name(hold.number), hold.content):
        raise _held(store, "just started")
    if store.create(_name(hold.number), hold.content):
        store.remove([_name(hold.number)])
        raise UnitscopeError(
            f"the store of {store.address} cannot keep two processes apart: it wrote over an object that was only to "
            "be made where there is none (If-None-Match); give --out a folder, or a store that can"
        )
    numbers = _numbers(store)
    if max(numbers) > hold.number:  # the one before was taken over, done and gone between two questions here
        store.remove([_name(hold.number)])
        raise _held(store, "just started")
    store.remove(_name(number) for number in numbers if number < hold.number)
    return hold


def _require_free(store: Store, number: int, machine: str) -> None:
    content = store.read(_name(number))
    said = _read(content) if content is not None else {"free": True}
    if said.get("free"):
        return
    who = f"process {said.get('process', '?')} on {said.get('host', '?')}"
    silent = _silent(store, _name(number))
    if said.get("machine") != machine and silent < DEAD_SECONDS:
        raise _held(store, f"{who}, heard of {silent:.0f} s ago")
    say(f"{store.address}: {who} is dead, it was heard of {silent:.0f} s ago; going on in its place")


def _silent(store: Store, name: str) -> float:
    """Return how long ago a lock was written, in seconds."""
    clock = f"{FOLDER}/clock-{uuid.uuid4().hex}"
    store.write(clock, b"")
    try:
        now, then = store.changed(clock), store.changed(name)
    finally:
        store.remove([clock])
    return (now - then).total_seconds() if now is not None and then is not None else 0.0


def _held(store: Store, who: str) -> UnitscopeError:
    return UnitscopeError(
        f"another process is working on {store.address} ({who}); wait for it, or give --out another folder; one that "
        f"died counts as dead after {DEAD_SECONDS:.0f} s"
    )


def _numbers(store: Store) -> list[int]:
    names = (name.removeprefix(f"{FOLDER}/") for name in store.names(FOLDER))
    return [int(name) for name in names if name.isdigit()]


def _name(number: int) -> str:
    return f"{FOLDER}/{number:08d}"


def _content(said: dict[str, object]) -> bytes:
    return json.dumps({**said, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}).encode()


def _read(content: bytes) -> dict[str, object]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
