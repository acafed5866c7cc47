"""Names of the classes that published classifiers tell apart, in the order of their outputs."""

from __future__ import annotations

from functools import cache
from importlib import resources


def places365_classes() -> tuple[str, ...]:
    """Return the 365 scene classes of Places365, such as ``airfield`` and ``church/outdoor``.

    The spelling is that of the data set's category list without its letter folders: ``_`` between words, ``/``
    between a place and its qualifier.
    """
    return _lines("places365.txt")


def imagenet_classes() -> tuple[str, ...]:
    """Return the 1,000 classes of ILSVRC 2012, such as ``tench`` and ``great white shark``.

    Each is the first word of its WordNet entry; two pairs that share theirs are told apart: ``crane bird`` (134) from
    ``crane`` (517), ``maillot tank suit`` (639) from ``maillot`` (638).
    """
    return _lines("imagenet1000.txt")


@cache
def _lines(file: str) -> tuple[str, ...]:
    text = resources.files("unitscope.models").joinpath("data", file).read_text(encoding="utf-8")
    return tuple(text.splitlines())
