"""A generator whose units are known by construction: what each draws, where and when, so that every effect is known.

It draws coloured cells, and :func:`exact_segmenter` reads the colours without error. Decisions:

- The layer ``units`` has a grid of 16 x 16 cells for each unit. In some share of latents a unit is on, in one rectangle
  whose place and level follow from the latent; elsewhere, and in other latents, it is zero.
- A unit acts at a cell where it is above LEVEL. What it does there is its kind:
  *paint*: its concept is there; where `needs` says so, only on top of another concept, its context;
  *noise*: nothing, whatever it is;
  *swap*: one cell of its concept is drawn at one place, or one is left out at another, half of the latents each.
  Without such a unit pictures change, and the area of its concept does not on average.
- Concepts lie on each other in the order of their numbers, those with a context on top; the cells of swaps are drawn
  last, in rows of their own at the bottom.
- What a unit does at a cell, it does in the same cell of the picture alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.models.generators import Generator
from unitscope.models.preprocessing import Preprocessing
from unitscope.world.names import OBJECTS

CELLS, STRIP, SIDE = 16, 4, 64
"""Cells along each side, rows of them that belong to swaps, and pixels along each side."""
LEVEL = 0.5
"""What a unit must be above to do anything."""
CONCEPTS = Vocabulary([Concept(name, "object") for name in OBJECTS[:20]])
"""What is drawn."""
STEP = 10
"""Values of 8-bit colours from one concept to the next."""
OF_UNIT = 4
"""Values of a latent that a unit has: whether it is on, its row and column (for a swap, what it does), its level."""
SWAPS = STRIP * CELLS // 2
"""The most units that swap."""

Kind = Literal["paint", "noise", "swap"]


@dataclass(frozen=True)
class DrawingUnit:
    """What a unit of the generator is.

    Attributes:
        kind: what it does where it is on.
        concept: number of CONCEPTS; 0 for noise.
        needs: the concept that must be there for its own to be drawn; 0 for anything.
        size: rows and columns of its rectangle; one cell for a swap.
        chance: of being on.
    """

    kind: Kind
    concept: int = 0
    needs: int = 0
    size: tuple[int, int] = (1, 1)
    chance: float = 0.5


class DrawnUnits(nn.Module):
    """Latents ``(N, 4 U)`` to activations ``(N, U, 16, 16)``."""

    least: Tensor
    sizes: Tensor
    fixed: Tensor
    cells: Tensor

    def __init__(self, units: Sequence[DrawingUnit]) -> None:
        super().__init__()
        swaps = [place for place, unit in enumerate(units) if unit.kind == "swap"]
        fixed = torch.full((len(units), 2), -1)
        for number, place in enumerate(swaps):
            fixed[place] = torch.tensor(swap_cells(number)[0])
        self.register_buffer("least", torch.tensor([1 - unit.chance for unit in units]))
        self.register_buffer("sizes", torch.tensor([unit.size for unit in units]))
        self.register_buffer("fixed", fixed)
        self.register_buffer("cells", torch.arange(CELLS))

    def forward(self, latents: Tensor) -> Tensor:
        """Return where units are on: a level from 1 to 2 in their rectangle, 0 elsewhere."""
        shares = torch.special.ndtr(latents.unflatten(1, (-1, OF_UNIT)))
        room = torch.tensor([CELLS - STRIP + 1, CELLS + 1], device=latents.device) - self.sizes
        first = torch.where(self.fixed >= 0, self.fixed, (shares[..., 1:3] * room).long())[..., None]
        inside = (self.cells >= first) & (self.cells < first + self.sizes[..., None])
        here = inside[:, :, 0, :, None] & inside[:, :, 1, None, :]
        level = (shares[..., 0] > self.least) * (1 + shares[..., 3])
        activation: Tensor = here * level[..., None, None]
        return activation


class DrawingGenerator(nn.Module):
    """The generator: latents ``(N, 4 U)`` to pictures ``(N, 3, 64, 64)`` in 0..1.

    Attributes:
        drawing: what its units are: the truth.
    """

    swaps: Tensor
    swapped: Tensor
    concepts: Tensor

    def __init__(self, units: Sequence[DrawingUnit]) -> None:
        super().__init__()
        self.units, self.drawing = DrawnUnits(units), tuple(units)
        swaps = [place for place, unit in enumerate(units) if unit.kind == "swap"]
        cells = [swap_cells(number) for number in range(len(swaps))]
        flat = [[row * CELLS + column for row, column in both] for both in cells]
        self.register_buffer("swaps", torch.tensor(swaps, dtype=torch.long))
        self.register_buffer("swapped", torch.tensor(flat, dtype=torch.long).reshape(-1, 2))
        self.register_buffer("concepts", torch.tensor([float(units[place].concept) for place in swaps]))

    def forward(self, latents: Tensor) -> Tensor:
        """Draw pictures."""
        above = self.units(latents) > LEVEL
        cells = torch.zeros_like(above[:, 0], dtype=torch.float32)
        for concept, needs, places in layers_of(self.drawing):
            there = above[:, places].any(1)
            if needs:
                there = there & (cells == needs)
            cells = torch.where(there, float(concept), cells)
        colours = (self._swapped(cells, above, latents) * STEP / 255)[:, None].repeat(1, 3, 1, 1)
        return colours.repeat_interleave(SIDE // CELLS, 2).repeat_interleave(SIDE // CELLS, 3)

    def _swapped(self, cells: Tensor, above: Tensor, latents: Tensor) -> Tensor:
        """Draw the cells of units that swap over cells ``(N, 16, 16)``."""
        added, left_out = self.swapped.unbind(1)
        on = above.flatten(2)[:, self.swaps, added]
        adds = latents[:, OF_UNIT * self.swaps + 1] > 0
        flat = cells.flatten(1).index_copy(1, added, self.concepts * (on & adds))
        drawn: Tensor = flat.index_copy(1, left_out, self.concepts * ~(on & ~adds))
        return drawn.reshape_as(cells)


def swap_cells(number: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the two cells, row and column, of a unit that swaps: where one is added, and where one is left out."""
    first, second = (divmod(2 * number + place, CELLS) for place in (0, 1))
    return (CELLS - STRIP + first[0], first[1]), (CELLS - STRIP + second[0], second[1])


def layers_of(units: Sequence[DrawingUnit]) -> list[tuple[int, int, list[int]]]:
    """Return what is drawn, from the bottom up: a concept, its context or 0, and the units that draw it."""
    found: dict[tuple[bool, int, int], list[int]] = {}
    for place, unit in enumerate(units):
        if unit.kind == "paint":
            found.setdefault((unit.needs > 0, unit.concept, unit.needs), []).append(place)
    return [(concept, needs, places) for (_, concept, needs), places in sorted(found.items())]


def planted_generator(units: Sequence[DrawingUnit]) -> Generator:
    """Return a generator that has these units; ``module.drawing`` holds the truth.

    Its latents have four values a unit. Give ``exact_segmenter`` to label its pictures, by its name SEGMENTER, on a
    grid of 16 x 16 points.

    Raises:
        UnitscopeError: there are no units, too many that swap, or one that does not fit.
    """
    if not units:
        raise UnitscopeError("no units to plant; give at least one")
    if sum(unit.kind == "swap" for unit in units) > SWAPS:
        raise UnitscopeError(f"there is room for {SWAPS} units that swap; give fewer")
    for unit in units:
        known = 0 <= unit.needs < len(CONCEPTS) and (unit.kind == "noise" or 0 < unit.concept < len(CONCEPTS))
        fits = 0 < unit.size[0] <= CELLS - STRIP and 0 < unit.size[1] <= CELLS
        if not known or not fits or unit.needs == unit.concept > 0:
            raise UnitscopeError(
                f"{unit} cannot be planted; give concepts from 1 to {len(CONCEPTS) - 1}, a context that is another "
                f"one, and at most {CELLS - STRIP} x {CELLS} cells"
            )
    module = DrawingGenerator(units).eval()
    return Generator(
        module, (OF_UNIT * len(units),), range=(0.0, 1.0), name="planted generator", layers=("units",)
    )


SEGMENTER = f"{__name__}:exact_segmenter"
"""What a dissection is given to label the pictures."""


class ColourReader(nn.Module):
    """Pictures ``(n, 3, 64, 64)`` in 0..1 to the numbers that their colours stand for ``(n, 1, 16, 16)``."""

    def forward(self, pictures: Tensor) -> Tensor:
        """Read the colour at the first pixel of each cell."""
        step = SIDE // CELLS
        return (pictures[:, :1, ::step, ::step] * 255 / STEP).round().long()


def exact_segmenter() -> Segmenter:
    """Return what labels the pictures of :func:`planted_generator` without error."""
    sight = Preprocessing(size=(SIDE, SIDE), range=(0, 1), mean=(0, 0, 0), scale=(1, 1, 1))
    return Segmenter(ColourReader(), CONCEPTS, sight, "colours of the planted generator", planes=1)
