"""Errors that a person can act on: one line that says what was wrong, what was given and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnitscopeError(Exception):
    """A mistake in the input or its surroundings; the command line prints its one line and exits with 2."""


def did_you_mean(given: str, known: Iterable[str], count: int = 3) -> str:
    """Return `` did you mean 'a' or 'b'?`` for the names nearest to `given`, or an empty string."""
    near = difflib.get_close_matches(given, list(dict.fromkeys(known)), n=count, cutoff=0.5)
    return f" did you mean {' or '.join(repr(name) for name in near)}?" if near else ""


def one_line(error: BaseException) -> str:
    """Return the type of an error and its message, in one line of at most some 300 characters."""
    message = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
