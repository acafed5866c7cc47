"""Where what was made or fetched once is kept for the next time: in a folder of the user, and in memory."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Generic, TypeVar

from unitscope.paths import as_path

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def cache_folder() -> Path:
    """Return the user's cache: ``UNITSCOPE_CACHE``, or ``unitscope`` below ``XDG_CACHE_HOME`` or ``~/.cache``."""
    if own := os.environ.get("UNITSCOPE_CACHE"):
        return as_path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "unitscope"


class Recent(Generic[K, V]):
    """What was asked for last, by key; what has not been asked for longest is forgotten first.

    Args:
        most_bytes: all together; the last one stays, however large it is.
        size: bytes of a value.
    """

    def __init__(self, most_bytes: int, size: Callable[[V], int]) -> None:
        self.most_bytes, self.size = most_bytes, size
        self.bytes = 0
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def keys(self) -> Iterator[K]:
        """Yield the keys, the one asked for last first."""
        yield from reversed(self._held)

    def get(self, key: K) -> V | None:
        """Return a value, if it is still there."""
        if key not in self._held:
            return None
        self._held.move_to_end(key)
        return self._held[key][0]

    def keep(self, key: K, value: V) -> V:
        """Keep a value, forget others where they are too many, and return it."""
        if key in self._held:
            self.bytes -= self._held.pop(key)[1]
        self._held[key] = value, self.size(value)
        self.bytes += self._held[key][1]
        while self.bytes > self.most_bytes and len(self._held) > 1:
            self.bytes -= self._held.popitem(last=False)[1][1]
        return value

    def made(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of a key, made where it is not there."""
        found = self.get(key)
        return self.keep(key, make()) if found is None else found
