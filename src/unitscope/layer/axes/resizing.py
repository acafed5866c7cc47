"""What operators that divide a map into other numbers of cells do to where these lie: each as it takes its samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unitscope.layer.axes.axes import length, lost, over_picture, units
from unitscope.layer.axes.calls import (
    Call,
    Followed,
    Place,
    Shape,
    as_map,
    lost_state,
    whole_places,
    without_grid,
)

UNEVEN = 0.25
"""Cells of the result by which its cells may lie beside an even line."""


def resized(call: Call, state: Followed, shape: Shape) -> Followed:
    """Return a map whose rows and columns were divided into other numbers of cells."""
    if shape[2:] == (1, 1) and not any(map(over_picture, state.axes)):
        return without_grid(state, shape)
    if state.rolled != (0, 0) and shape[2:] != (1, 1):
        return lost_state(state, shape)
    places, grain = list[Place](), list[float]()
    for index, (axis, place) in enumerate(zip(state.axes[2:], whole_places(state), strict=True)):
        after, pixels = shape[2 + index], call.size[index]
        if not over_picture(axis):  # one value for the whole picture, spread over it
            places.append((pixels / after, (pixels / after - 1) / 2))
            grain.append(float(pixels))
            continue
        line = _line(call, index, length(axis), after)
        if line is None:
            return replace(state, axes=(state.axes[0], units(shape[1]), *(lost(n) for n in shape[2:])))
        places.append((place[0] * line[0], place[1] + place[0] * line[1]))
        grain.append(0.0)
    found = as_map(state, shape, (places[0], places[1]))
    return replace(found, grain=(max(found.grain[0], grain[0]), max(found.grain[1], grain[1])))


def _line(call: Call, index: int, before: int, after: int) -> Place | None:
    """Return which cells the new ones look at, as scale and offset in cells; None where they are not even."""
    if call.name.startswith("pixel_"):
        return _even(before / after)
    if call.name == "max_unpool2d":  # every value lies somewhere in the window that it is the largest of
        return _even(before / after) if after % before == 0 else None
    if "adaptive" in call.name:
        return _fitted(_windows(before, after), before / after, blocks=after % before == 0)
    if "nearest" in call.name:
        ratio, exact = _ratio(call, 2, index, before / after), 0.5 * ("exact" in call.name)
        sources = np.minimum(np.floor((np.arange(after) + exact) * ratio + 1e-9), before - 1)
        return _fitted(sources, ratio, blocks=ratio < 1)
    if call.arg(2, "align_corners", False) is True:
        return ((before - 1) / (after - 1), 0.0) if min(before, after) > 1 else _even(before / after)
    return _even(_ratio(call, 3, index, before / after))


def _even(ratio: float) -> Place:
    """Return the line of cells that divide the same extent into other parts, from its beginning."""
    return ratio, (ratio - 1) / 2


def _ratio(call: Call, place: int, index: int, sizes: float) -> float:
    """Return how many cells become one: a factor that was given is used as it is, not the ratio of sizes it leads to.

    Args:
        call: of an operator that takes the factors of both axes from a place on, or both together.
        place: of these arguments.
        index: 0 for rows, 1 for columns.
        sizes: the ratio of sizes.
    """
    both = call.arg(place, "scale_factors")
    if isinstance(both, list | tuple):
        return float(1 / both[index])
    factor = call.arg(place + index, ("scales_h", "scales_w")[index])
    return float(1 / factor) if factor else sizes


def _windows(before: int, after: int) -> NDArray[np.float64]:
    """Return the middles of the windows of an adaptive pooling, in cells."""
    place = np.arange(after)
    return (place * before // after + -(-(place + 1) * before // after) - 1) / 2


def _fitted(sources: NDArray[np.float64], ratio: float, *, blocks: bool) -> Place | None:
    """Return the even line that is nearest to some places, or None where one of them lies too far from it.

    Args:
        sources: the places, in cells.
        ratio: how many cells become one.
        blocks: whether several neighbours may lie at one place, which is then the middle of them all.
    """
    place = np.arange(len(sources))
    slopes = [ratio]
    if len(sources) > 1:
        slopes += [float(np.polyfit(place, sources, 1)[0]), float(sources[-1] - sources[0]) / place[-1]]
    lines = [_around(sources - slope * place, slope) for slope in slopes]
    error, slope, offset = min(lines, key=lambda line: round(line[0], 9))
    return (slope, offset) if blocks or error <= UNEVEN * slope + 1e-9 else None


def _around(rest: NDArray[np.float64], slope: float) -> tuple[float, float, float]:
    """Return how far places lie from a line of some slope at most, the slope, and the line's beginning."""
    low, high = float(rest.min()), float(rest.max())
    return (high - low) / 2, slope, (high + low) / 2
