"""Where values lie that were put together from several places: summed, put behind one another, or stacked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from unitscope.layer.axes.axes import over_picture
from unitscope.layer.axes.calls import PLACED, Followed, Place, total

SAME_PLACE = 0.25
"""Cells by which what is put together may lie from where the result is read, and be taken to lie there."""
SAME_COARSE_PLACE = 0.5
"""The same for what was spread from wider cells, in these and on average over all cells."""
MOST_ROLLED = 2
"""Positions by which maps that are put together may be rolled against each other, as by a shift of a row."""
ALIKE = 1.01
"""Cells that differ by less, as a ratio, are equally wide."""


class Meeting(NamedTuple):
    """What is known of where values lie that were put together.

    Attributes:
        state: the first of the tensors that run over the picture, at the place of all of them.
        sure: whether each of them lies within a small part of a cell from there.
    """

    state: Followed
    sure: bool


class _Line(NamedTuple):
    """Where the rows, or columns, of a tensor lie; see :class:`Followed`."""

    place: Place
    rolled: int
    reach: float
    grain: float

    def ends(self, count: int) -> tuple[float, float]:
        """Return where the first and the last of so many cells lie."""
        scale, offset = self.place
        return offset, offset + scale * (count - 1)


def meeting(states: Sequence[Followed]) -> Meeting | None:
    """Return where values of several tensors lie that are put together, or None where some run otherwise than others.

    They lie halfway between the outermost places that they come from. What was spread from wider cells tells less of
    where that is, so the narrowest decide.
    """
    state = next((each for each in states if any(map(over_picture, each.axes))), states[0])
    lines, sure = [], True
    for index, kind in enumerate(PLACED):
        there = [each for each in states if total(each, kind) > 1] or [state]
        found = _along([_line(each, index) for each in there], min(total(each, kind) for each in there))
        if found is None:
            return None
        lines.append(found[0])
        sure = sure and found[1]
    places, rolled, reach, grain = zip(*lines, strict=True)
    found_state = replace(
        state, rows=places[0], columns=places[1], rolled=tuple(rolled), reach=tuple(reach), grain=tuple(grain)
    )
    return Meeting(found_state, sure)


def _line(state: Followed, index: int) -> _Line:
    place = (state.rows, state.columns)[index]
    return _Line(place, state.rolled[index], state.reach[index], max(state.grain[index], abs(place[0])))


def _along(lines: Sequence[_Line], count: int) -> tuple[_Line, bool] | None:
    """Return where so many rows, or columns, of several tensors lie that are put together, and whether that is sure."""
    first = lines[0]
    if all(line == first for line in lines):
        return first, True
    if any(line.rolled != first.rolled for line in lines):
        shifts = [(line.rolled + count // 2) % count - count // 2 for line in lines]
        if max(map(abs, shifts)) > min(MOST_ROLLED, count // 4):
            return None
        lines = [_shifted(line, shift) for line, shift in zip(lines, shifts, strict=True)]
    if len({line.place[0] > 0 for line in lines}) > 1:
        return None
    narrow = [line for line in lines if line.grain <= ALIKE * min(each.grain for each in lines)]
    middle = _middle(narrow, count)
    wide = [line for line in lines if line not in narrow]
    coarse = max((_apart(line, middle, count) / line.grain for line in wide), default=0.0)
    return middle, middle.reach <= SAME_PLACE * abs(middle.place[0]) and coarse <= SAME_COARSE_PLACE


def _shifted(line: _Line, shift: int) -> _Line:
    """Return a line that was rolled as one that was moved: but for those at its ends, cells lie the same."""
    scale, offset = line.place
    return line._replace(place=(scale, offset - scale * shift), rolled=0)


def _middle(lines: Sequence[_Line], count: int) -> _Line:
    """Return the line halfway between the outermost of several."""
    places = {line.place for line in lines}
    reaches = [line.reach for line in lines]
    if len(places) == 1:
        return lines[0]._replace(reach=max(reaches))
    ends, reach = [], 0.0
    for values in zip(*(line.ends(count) for line in lines), strict=True):
        low = min(value - own for value, own in zip(values, reaches, strict=True))
        high = max(value + own for value, own in zip(values, reaches, strict=True))
        ends.append((low + high) / 2)
        reach = max(reach, (high - low) / 2)
    scale = (ends[1] - ends[0]) / (count - 1) if count > 1 else lines[0].place[0]
    return lines[0]._replace(place=(scale, ends[0]), reach=reach)


def _apart(line: _Line, other: _Line, count: int) -> float:
    """Return how far so many cells of two lines lie apart on average, pixels."""
    first, last = (one - two for one, two in zip(line.ends(count), other.ends(count), strict=True))
    if first * last >= 0:
        return abs(first + last) / 2
    return (first**2 + last**2) / (2 * abs(first - last))
