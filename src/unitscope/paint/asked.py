"""Requests: a latent and all strokes on it, each time; a stroke that was read before is known by how it is written."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from unitscope.cache import Recent
from unitscope.paint.recipe import (
    MOST_BYTES,
    MOST_STROKES,
    Latent,
    Number,
    Place,
    Stroke,
    Strokes,
    read_json,
)

MOST_SIDE = 4096
KNOWN_BYTES = 16 << 20
"""Of strokes that were read, and of how they were written."""
A = TypeVar("A", bound="Ask")


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """A latent and strokes on it."""

    latent: Latent
    strokes: Strokes = ()


class AskPicture(Ask, frozen=True, forbid_unknown_fields=True):
    """A picture, its longest side of `size` pixels at most."""

    size: Annotated[int, Meta(ge=1, le=MOST_SIDE)] | None = None


class AskPlace(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is at a place."""

    x: Place
    y: Place


class AskCell(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is at a cell of the layer."""

    row: Number
    column: Number


class AskUnit(Ask, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a unit is on."""

    unit: Number


class AskStroke(Struct, frozen=True, forbid_unknown_fields=True):
    """Which cells a stroke touches."""

    stroke: Stroke


class AskReader:
    """Reads what is asked; whoever paints sends all strokes again with each new one, and only that has to be read."""

    def __init__(self) -> None:
        self._known = Recent[bytes, tuple[Stroke, int]](KNOWN_BYTES, lambda known: known[0].nbytes + known[1])

    def read(self, content: bytes, kind: type[A]) -> A:
        """Read a request of a kind.

        Raises:
            UnitscopeError: see :func:`unitscope.paint.recipe.read_json`.
        """
        found = self._read(content, kind) if len(content) <= MOST_BYTES else None
        return read_json(content, kind) if found is None else found  # which says what is wrong, and where

    def _read(self, content: bytes, kind: type[A]) -> A | None:
        """Return what is asked; None where something cannot be read."""
        try:
            parts = msgspec.json.decode(content, type=dict[str, Raw])
            written = msgspec.json.decode(parts.pop("strokes", Raw(b"[]")), type=list[Raw])
            asked = msgspec.json.decode(msgspec.json.encode(parts), type=kind)
            if len(written) > MOST_STROKES:
                return None
            strokes = tuple(self._stroke(bytes(each)) for each in written)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return msgspec.structs.replace(asked, strokes=strokes)

    def _stroke(self, written: bytes) -> Stroke:
        stroke, _ = self._known.made(
            written, lambda: (msgspec.json.decode(written, type=Stroke), len(written))
        )
        return stroke
