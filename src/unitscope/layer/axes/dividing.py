"""Cells that a reshape divides into smaller ones, as depth becomes space in the decoders of transformers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from unitscope.layer.axes.axes import Axis, Kind, Part, tidy
from unitscope.layer.axes.calls import PLACED, Followed, moved, whole_places


def divided(state: Followed) -> Followed:
    """Return a tensor whose cells a reshape divided: units stand right behind whole rows and behind whole columns.

    Where there are as many behind both, each is a part of a cell, as with pixels that are shuffled, or cells that are
    repeated. Others stay what they are.
    """
    parts = [part for axis in state.axes for part in axis if part.kind in PLACED and part.size > 1]
    if [part.kind for part in sorted(parts, key=lambda part: PLACED.index(part.kind))] != list(PLACED):
        return state
    factors = {kind: factor for axis in state.axes for kind, factor in _behind(axis)}
    if len(factors) != 2 or len(set(factors.values())) != 1 or state.rolled != (0, 0):
        return state
    factor = factors["rows"]
    places = [
        (scale / factor, offset + scale * (1 / factor - 1) / 2) for scale, offset in whole_places(state)
    ]
    axes = tuple(tidy(_merged(axis)) for axis in state.axes)
    return replace(moved(state, (places[0], places[1])), axes=axes)


def _behind(axis: Axis) -> Iterator[tuple[Kind, int]]:
    """Yield how many units stand right behind whole rows or columns, in the same axis."""
    for part, following in pairwise(axis):
        if part.kind in PLACED and following.kind == "units":
            yield part.kind, following.size


def _merged(axis: Axis) -> list[Part]:
    """Return the parts of an axis in which units behind rows or columns have become smaller rows or columns."""
    made: list[Part] = []
    for part in axis:
        if made and made[-1].kind in PLACED and part.kind == "units":
            made[-1] = Part(made[-1].kind, made[-1].size * part.size)
        else:
            made.append(replace(part, step=1) if part.kind in PLACED else part)
    return made
