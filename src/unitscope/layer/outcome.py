"""What layers answered when something was changed at known places, of a picture or of themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unitscope.layer.hooks import LayerGrid

PLACES = 12
"""Places at which something is changed."""
ENOUGH = 0.75
"""Of the places that change a layer, so many must change it most where they are."""
FOLLOWS, OPPOSITE = 0.75, 0.5
"""So much the changes of a layer must correlate with the places; and, the other way round, what speaks against it."""
MOST_SHIFT = 0.4
"""Cells by which the changes of a layer may lie beside their places on average, where these are in doubt."""
SPREAD = 0.5
"""A change that reaches this part of the cells about alike has no place that could be wrong."""

Outcome = Literal["near", "far", "spread", "silent", "random", "one cell"]


@dataclass(frozen=True)
class Proof:
    """How a layer answered to changes at known places.

    Attributes:
        outcome: near: its strongest change lies where the picture was changed; far: it lies elsewhere; spread: every
            change reaches it about everywhere; silent: nothing changes it; random: it answers differently to the same
            picture; one cell: there is nothing to prove.
        places: at which the picture was changed.
        near: of these, the ones that change it most where they are.
        distance: median distance between a place and the strongest change, in cells.
        shift: how far the changes lie beside their places, along the worse axis: the mean without the two furthest to
            either side, in cells, or in eighths of the patch where these are wider.
        drawn: whether it is the other way round, as in :mod:`unitscope.layer.drawn`: cells of a layer of a generator
            were changed, and its picture was looked at.
    """

    outcome: Outcome
    places: int = 0
    near: int = 0
    distance: float = 0.0
    shift: float = 0.0
    drawn: bool = False

    def against(self, layer: LayerGrid) -> str:
        """Return what speaks against reading a layer as it is read, or nothing."""
        if self.drawn:
            return self._against_drawing()
        guessed = not layer.followed and max(layer.grid) > 1
        if self.outcome == "far" or (guessed and self.outcome not in ("near", "random")):
            return (
                f"its cells do not lie where they would be read: of {self.places} changes of a picture at known places "
                f"only {self.near} changed it most there"
            )
        if guessed and self.outcome == "near" and self.shift > MOST_SHIFT:
            return (
                "its cells do not lie where they would be read: changes of a picture at known places are found "
                f"{self.shift:.1f} cells beside them on average"
            )
        return ""

    def said(self, layer: LayerGrid) -> str:
        """Return in a few words how a layer answered."""
        beside = self.outcome == "near" and self.against(layer)
        return f"{self}, {self.shift:.1f} cells beside" if beside else str(self)

    def _against_drawing(self) -> str:
        if self.outcome == "far" and self.near >= ENOUGH * self.places:
            return "its cells draw beside where they would be read: the picture is shifted, cut or scaled behind them"
        if self.outcome == "far":
            return (
                f"its cells do not draw where they would be read: of {self.places} changes of cells at known places "
                f"only {self.near} changed the picture there"
            )
        if self.outcome == "spread":
            return "its cells have no places: whichever is changed, all of the picture changes alike"
        if self.outcome == "silent":
            return "nothing says where its cells draw: the picture stays the same when they are changed"
        return ""

    def __str__(self) -> str:
        return f"{self.near} of {self.places} near" if self.outcome in ("near", "far") else self.outcome


def spread_places(room: tuple[int, int]) -> NDArray[np.int_]:
    """Return `PLACES` places ``(PLACES, 2)``, evenly spread along both axes and none the mirror image of another.

    Args:
        room: rows and columns that a place may have.
    """
    steps = (np.arange(1, PLACES + 1)[:, None] * np.array([0.7548776662, 0.5698402910])) % 1
    places: NDArray[np.int_] = np.floor(steps * np.array(room)).astype(np.int_)
    return places
