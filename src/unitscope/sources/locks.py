"""A lock that belongs to its process, so that what holds one can be sent to another."""

from __future__ import annotations

import threading
from types import TracebackType


class OwnLock:
    """A lock for the threads of this process; a copy in another process is a new one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[OwnLock], tuple[()]]:
        return OwnLock, ()
