"""Names of the classes that published classifiers tell apart, in the order of their outputs."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def places365_classes() -> tuple[str, ...]:
    """Return the 365 scene classes of Places365, such as ``airfield`` and ``church/outdoor``.

    The spelling is that of the data set's category list without its letter folders: ``_`` between words, ``/``
    between a place and its qualifier.
    """
    file = resources.files("unitscope.models").joinpath("data", "places365.txt")
    return tuple(file.read_text(encoding="utf-8").splitlines())
