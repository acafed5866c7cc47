"""How a layer's output becomes an activation ``(N, U, h, w)``: maps, tokens and vectors in any order of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unitscope.layer.axes import Axes, Axis, Followed, cells, kinds, length, over_picture

MOST_EXTRA_TOKENS = 16
"""Class and register tokens that may stand before the patch tokens, where only their number is known."""


class Unreadable(Exception):
    """An output is no activation; the message goes on from "layer 'x' returns shape (...): "."""


class Lost(Unreadable):
    """An output may be an activation, but nobody knows where its cells lie unless somebody says so."""


@dataclass(frozen=True)
class Reading:
    """How an output becomes an activation.

    Attributes:
        axes: a letter for each axis of the output: N pictures, U units, h rows, w columns, T tokens. Several
            axes of units, such as heads and their channels, count as one, the last running fastest.
        grid: rows and columns.
        before: tokens that stand before those of the grid, and are dropped.
        tokens: all tokens, 0 if the output has none.
        order: for each cell of the grid, row by row, its position among the cells of a map or among the tokens; empty
            where they stand in this order already.
    """

    axes: str
    grid: tuple[int, int]
    before: int = 0
    tokens: int = 0
    order: tuple[int, ...] = ()

    def apply(self, output: Tensor) -> Tensor:
        """Return the activation ``(N, U, h, w)``; the output may hold any number of pictures.

        Raises:
            ValueError: the output does not have the axes of the one that was looked at first.
        """
        if output.ndim != len(self.axes):
            raise ValueError(f"{output.ndim} axes where {len(self.axes)} were expected")
        values, units = output.permute(self._places), self.axes.count("U")
        values = values.flatten(1, units) if units else values.unsqueeze(1)
        if "T" in self.axes:
            if values.shape[2] != self.tokens:
                raise ValueError(f"{values.shape[2]} tokens where {self.tokens} were expected")
            if self.order:
                values = values.index_select(2, self._order(values))
            else:
                values = values.narrow(2, self.before, math.prod(self.grid))
            values = values.unflatten(2, self.grid)
        elif self.order:
            values = values.flatten(2).index_select(2, self._order(values)).unflatten(2, self.grid)
        elif "h" not in self.axes:
            values = values[:, :, None, None]
        return values

    def replace(self, output: Tensor, activation: Tensor) -> Tensor:
        """Return a copy of an output with another activation ``(N, U, h, w)``; what is not read stays as it is."""
        replaced = output.clone()
        places = replaced.permute(self._places)
        if self.order:
            inside = activation.flatten(2)
            whole = places.reshape(*inside.shape[:2], -1).index_copy(
                2, self._order(inside), inside.to(places)
            )
            places.copy_(whole.reshape(places.shape))
            return replaced
        if "T" in self.axes:
            places = places.narrow(places.ndim - 1, self.before, math.prod(self.grid))
        places.copy_(activation.reshape(places.shape))
        return replaced

    def everywhere(self, output: Tensor) -> Tensor:
        """Return what units hold at all K places ``(N, U, K)``: the cells, and tokens beside the grid, in any order."""
        values, units = output.permute(self._places), self.axes.count("U")
        values = values.flatten(1, units) if units else values.unsqueeze(1)
        return values.flatten(2) if values.ndim > 2 else values.unsqueeze(2)

    def replace_everywhere(self, output: Tensor, values: Tensor) -> Tensor:
        """Return a copy of an output with other values ``(N, U, K)`` at all places, in the order of `everywhere`."""
        replaced = output.clone()
        places = replaced.permute(self._places)
        places.copy_(values.reshape(places.shape))
        return replaced

    @property
    def _places(self) -> list[int]:
        return [i for letter in "NUhwT" for i, axis in enumerate(self.axes) if axis == letter]

    def _order(self, values: Tensor) -> Tensor:
        return torch.tensor(self.order, device=values.device)

    def __str__(self) -> str:
        if "T" in self.axes:
            dropped = self.tokens - math.prod(self.grid)
            beside = f", {dropped} beside the grid dropped" if dropped else ""
            return f"tokens{beside}{', put in order' if self.order else ''}"
        if "h" not in self.axes:
            return "vector"
        last = self.axes.index("U") > self.axes.index("h") if "U" in self.axes else False
        order = ", put in order" if self.order else ""
        return f"map, channels last{order}" if last else f"map{order}"


def find_reading(
    output: Tensor,
    followed: Followed | None,
    *,
    pictures: int,
    size: tuple[int, int],
    most_extra: int = MOST_EXTRA_TOKENS,
) -> Reading:
    """Find how an output is read.

    Args:
        output: what a layer returned.
        followed: what is known of it, if operators could be followed; otherwise its shape decides.
        pictures: how many there are.
        size: the network's input ``(H, W)``, whose aspect ratio a patch grid shares.
        most_extra: tokens that may stand before those of the grid, where the shape decides.

    Raises:
        Unreadable: it is no activation, or nobody knows where its cells lie.
    """
    if not output.is_floating_point():
        raise Unreadable(f"it holds values of type {str(output.dtype).removeprefix('torch.')}")
    if followed is None:
        return _by_shape(tuple(output.shape), pictures, size, most_extra)
    axes = followed.axes
    if any("lost" in kinds(axis) for axis in axes):
        raise Lost(f"where its cells lie in the picture is not known after the operator {followed.lost_at!r}")
    if any({"pictures"} < kinds(axis) for axis in axes):
        raise Unreadable("one axis runs over the pictures and something else, such as windows of the picture")
    reading = _by_axes(axes, pictures)
    if followed.apart and reading.grid != (1, 1):
        raise Unreadable(
            f"units that the operator {followed.apart!r} puts together do not lie at the same places of the picture"
        )
    return _in_order(reading, followed)


def reading_of_grid(output: Tensor, grid: tuple[int, int], pictures: int) -> Reading:
    """Return how an output is read that is said to hold a grid ``(h, w)``: a map, or tokens with others before them.

    Raises:
        Unreadable: it cannot hold such a grid.
    """
    shape, count = tuple(output.shape), math.prod(grid)
    if not output.is_floating_point() or not shape or shape[0] != pictures:
        raise Unreadable("the first axis is not that of the pictures, or it holds no floating-point values")
    if len(shape) == 4 and shape[2:] == grid:
        return Reading("NUhw", grid)
    if len(shape) == 4 and shape[1:3] == grid:
        return Reading("NhwU", grid)
    if len(shape) == 3 and shape[1] >= count:
        return Reading("NTU", grid, shape[1] - count, shape[1])
    raise Unreadable(f"it holds no grid of {grid[0]}x{grid[1]} cells")


def _by_axes(axes: Axes, pictures: int) -> Reading:
    letters = [_letter(axis) for axis in axes]
    if "N" not in letters and letters and letters[0] == "U" and length(axes[0]) == pictures:
        letters[0] = "N"  # learned vectors, repeated for every picture
    if letters.count("N") != 1:
        raise Unreadable("no axis runs over the pictures")
    found = {letter: letters.count(letter) for letter in "hwT"}
    named = "".join(letters)
    if not any(found.values()):
        if sum(letter == "U" and length(axis) > 1 for letter, axis in zip(letters, axes, strict=True)) > 1:
            raise Unreadable("several axes, and none of them runs over the picture")
        return Reading(named, (1, 1))
    if found == {"h": 1, "w": 1, "T": 0}:
        return Reading(named, (length(axes[named.index("h")]), length(axes[named.index("w")])))
    if found == {"h": 0, "w": 0, "T": 1}:
        return _tokens(named, axes[named.index("T")])
    if sum(found.values()) > 1:
        raise Unreadable("several axes run over the picture, as in attention weights or windows")
    raise Unreadable("only one side of the picture has an axis")


def _tokens(letters: str, axis: Axis) -> Reading:
    found = cells(axis)
    if found is None:
        raise Unreadable("one axis runs over the picture, but not over whole rows and columns")
    standing, grid = found
    order: list[int] = [-1] * length(grid)
    for position, cell in enumerate(standing):
        if cell >= 0:
            order[cell] = position
    gone = order.count(-1)
    if gone:
        raise Unreadable(
            f"{gone} of {len(order)} cells of the picture are left out, so that the others are no grid any more"
        )
    return Reading(letters, (grid[0].size, grid[1].size), 0, length(axis), tuple(order))


def _in_order(reading: Reading, followed: Followed) -> Reading:
    """Let cells be read in the order of the picture, where rows or columns run backwards or were rolled."""
    if reading.grid == (1, 1) and "T" not in reading.axes:
        return reading
    lines = [
        [((count - 1 - i if place[0] < 0 else i) + turned) % count for i in range(count)]
        for count, place, turned in zip(
            reading.grid, (followed.rows, followed.columns), followed.rolled, strict=True
        )
    ]
    order = [row * reading.grid[1] + column for row in lines[0] for column in lines[1]]
    if reading.order:
        order = [reading.order[cell] for cell in order]
    before = order[0]
    if order == list(range(before, before + len(order))):
        return replace(reading, before=before, order=())
    return replace(reading, order=tuple(order))


def _letter(axis: Axis) -> str:
    telling = kinds(axis)
    if telling == {"pictures"}:
        return "N"
    if "joined" in telling:
        raise Unreadable("one axis joins the tokens of several grids")
    if "waves" in telling:
        raise Unreadable("one axis holds the waves of a Fourier transform")
    if "units" in telling or not over_picture(axis):
        return "U"
    if len(axis) == 1 and axis[0].kind in ("rows", "columns"):
        return "h" if axis[0].kind == "rows" else "w"
    return "T"


def _by_shape(shape: Sequence[int], pictures: int, size: tuple[int, int], most_extra: int) -> Reading:
    if not shape or shape[0] != pictures:
        raise Unreadable("the first axis is not that of the pictures")
    if len(shape) == 2:
        return Reading("NU", (1, 1))
    if len(shape) == 4:
        first, second = ((shape[i], shape[i + 1]) for i in (1, 2))
        if _like(first, size) and not _like(second, size):
            return Reading("NhwU", (first[0], first[1]))
        if _like(second, size):
            return Reading("NUhw", (second[0], second[1]))
    patches = patch_grid(shape[1], size, most_extra) if len(shape) == 3 else None
    if patches is None:
        raise Unreadable("it is neither a map, nor tokens of a picture of this shape, nor a vector")
    return Reading("NTU", patches, shape[1] - math.prod(patches), shape[1])


def _like(grid: tuple[int, int], size: tuple[int, int]) -> bool:
    return grid == (1, 1) or grid[0] * size[1] == grid[1] * size[0]


def patch_grid(
    tokens: int, size: tuple[int, int], most_extra: int = MOST_EXTRA_TOKENS
) -> tuple[int, int] | None:
    """Find the patch grid ``(h, w)`` of a token sequence: the input's aspect ratio, the fewest extra tokens."""
    height, width = size
    for extra in range(min(most_extra, tokens - 1) + 1):
        rows = math.isqrt((tokens - extra) * height // width)
        for candidate in (rows, rows + 1):
            if candidate and candidate * width % height == 0:
                columns = candidate * width // height
                if candidate * columns == tokens - extra:
                    return candidate, columns
    return None
