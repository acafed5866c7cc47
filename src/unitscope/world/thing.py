"""A thing: how it is painted, how large it may be, and where other things stand on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Range = tuple[float, float]


class Thing(NamedTuple):
    """One kind of thing that stands, lies or hangs in rooms.

    Attributes:
        draw: paints it: frame, width, height, depth (metres), and what else it takes.
        w: the range of its width.
        h: the range of its height.
        d: the range of its depth.
        top: the share of its height at which other things stand on it; 0 for none.
        y: the range of heights at which it hangs on a wall; nothing for what stands.
    """

    draw: Callable[..., None]
    w: Range
    h: Range
    d: Range = (0.05, 0.05)
    top: float = 0.0
    y: Range | None = None
