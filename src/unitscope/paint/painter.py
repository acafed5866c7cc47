"""A generator cut at a layer: strokes become one write to the activation, and the rest of it draws the picture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.cache import Recent
from unitscope.errors import UnitscopeError, one_line
from unitscope.layer.hooks import LayerGrid
from unitscope.layer.readout import Reading
from unitscope.models.generators import Generator
from unitscope.models.weights import device_of
from unitscope.paint.cells import touched
from unitscope.paint.forcing import force
from unitscope.paint.recipe import Stroke
from unitscope.replay import Carried, Replay, cut
from unitscope.run.masks import Mask

FRONT_BYTES = 256 << 20
"""Of what crosses the cut, for all latents together."""
FORCED_BYTES, CELL_BYTES = 64 << 20, 32 << 20
"""Of composed strokes, and of the cells that strokes touch."""

SEARCHED = 32
"""Of the compositions made last, those that may be the beginning of another."""


@dataclass(frozen=True)
class Forced:
    """What strokes, one after the other, leave of a layer's output, laid out in memory as that is.

    Attributes:
        where: what is forced: bool, of the shape of the output for one picture.
        levels: to what, in the type of the output; 0 elsewhere.
    """

    where: Tensor
    levels: Tensor

    @classmethod
    def nothing(cls, output: Tensor) -> Forced:
        """Return what leaves an output as it is."""
        where = torch.zeros_like(output, dtype=torch.bool, device="cpu")
        return cls(where, torch.zeros_like(output, device="cpu"))

    def copied(self) -> Forced:
        """Return a copy in memory of its own, on the CPU."""
        return Forced(self.where.cpu().clone(), self.levels.cpu().clone())

    def to(self, device: torch.device) -> Forced:
        """Return the same on a device."""
        return Forced(self.where.to(device), self.levels.to(device))

    def write(self, stroke: Stroke, cells: Mask, reading: Reading) -> None:
        """Write a stroke over what is there.

        Args:
            stroke: with levels, if it draws.
            cells: that it touches ``(h, w)``.
            reading: how an output becomes an activation.
        """
        where, levels = reading.apply(self.where), reading.apply(self.levels)
        to = stroke.levels or (0.0,) * len(stroke.units)
        force(where[0].numpy(), levels[0].numpy(), np.array(stroke.units), np.array(to, np.float32), cells)
        for output, activation in ((self.where, where), (self.levels, levels)):
            if activation.untyped_storage().data_ptr() != output.untyped_storage().data_ptr():
                output.copy_(reading.replace(output, activation))

    def __call__(self, carried: Carried) -> Carried:
        """Return what is carried with the layer's output changed."""
        first, *others = carried.values
        return replace(carried, values=(torch.where(self.where, self.levels, first), *others))


class Painter:
    """Draws pictures of a generator with strokes at a layer; always one at a time, so that their bits are the same.

    Args:
        generator: that :func:`unitscope.models.generators.look_at` has seen.
        layer: how the layer is read.
        replay: the generator, cut there.
        front_bytes: what is kept of latents.
    """

    def __init__(
        self, generator: Generator, layer: LayerGrid, replay: Replay, *, front_bytes: int = FRONT_BYTES
    ) -> None:
        self.generator, self.layer, self.replay = generator, layer, replay
        self.device = device_of(generator.module)
        self.fronts = Recent[bytes, Carried](front_bytes, lambda found: sum(v.nbytes for v in found.values))
        self._forced = Recent[tuple[Stroke, ...], Forced](
            FORCED_BYTES, lambda found: found.where.nbytes + found.levels.nbytes
        )
        self._cells = Recent[Stroke, Mask](CELL_BYTES, lambda mask: mask.nbytes + 200)

    @classmethod
    def cut(cls, generator: Generator, layer: LayerGrid, example: Tensor) -> Painter:
        """Cut a generator at a layer.

        Args:
            generator: that :func:`unitscope.models.generators.look_at` has seen.
            layer: how the layer is read.
            example: a few latents ``(N, ...)``.
        """
        return cls(generator, layer, cut(generator.module, layer, example.to(device_of(generator.module))))

    def check(self, strokes: Sequence[Stroke], first: int = 1) -> None:
        """Refuse strokes that do not fit the layer, or whose levels are not known yet.

        Args:
            strokes: some of them.
            first: number of the first.

        Raises:
            UnitscopeError: a stroke does.
        """
        for number, stroke in enumerate(strokes, first):
            if max(stroke.units) >= self.layer.units:
                raise UnitscopeError(
                    f"stroke {number} has unit {max(stroke.units)}, and layer {self.layer.name!r} has "
                    f"{self.layer.units} units; they are 0 to {self.layer.units - 1}"
                )
            if stroke.tool == "draw" and stroke.levels is None:
                raise UnitscopeError(f"stroke {number} has no levels; only a run knows {stroke.level!r}")

    def cells(self, stroke: Stroke) -> Mask:
        """Return the cells of the layer ``(h, w)`` that a stroke touches."""
        return self._cells.made(stroke, lambda: touched(stroke, self.layer.grid))

    def front(self, latent: Tensor) -> Carried:
        """Return what crosses the cut for a latent ``(1, ...)``, which is run once and then remembered."""
        key = latent.cpu().numpy().tobytes()
        return self.fronts.made(key, lambda: self.replay.front(latent.to(self.device)))

    def activation(self, latent: Tensor, strokes: Sequence[Stroke] = ()) -> Tensor:
        """Return the layer's activation ``(1, U, h, w)`` of a latent, with strokes.

        Raises:
            UnitscopeError: a stroke does not fit the layer.
        """
        return self._changed(latent, strokes).activation

    def picture(self, latent: Tensor, strokes: Sequence[Stroke] = ()) -> NDArray[np.uint8]:
        """Draw the picture ``(H, W, 3)`` of a latent ``(1, ...)``, with strokes.

        Raises:
            UnitscopeError: a stroke does not fit the layer, or the generator fails or makes values that are not finite.
        """
        changed = self._changed(latent, strokes)
        try:
            output = self.replay.back(changed)
        except UnitscopeError:
            raise
        except Exception as error:
            raise UnitscopeError(f"the generator fails with these strokes: {one_line(error)}") from error
        try:
            picture: NDArray[np.uint8] = self.generator.pictures(output)[0]
        except UnitscopeError:
            if not strokes or bool(torch.isfinite(output).all()):
                raise
            raise UnitscopeError(
                "with these strokes the generator makes values that are not finite; lower their levels or switch one "
                "off"
            ) from None
        return picture

    def _changed(self, latent: Tensor, strokes: Sequence[Stroke]) -> Carried:
        carried = self.front(latent)
        forced = self.forced(strokes, carried)
        return carried if forced is None else forced(carried)

    def forced(self, strokes: Sequence[Stroke], carried: Carried) -> Forced | None:
        """Return what strokes that are on, one after the other, write; None where none is.

        Args:
            strokes: in order.
            carried: of any latent.

        Raises:
            UnitscopeError: a stroke does not fit the layer.
        """
        on = tuple(stroke for stroke in strokes if stroke.on)
        if not on:
            return None
        found = self._forced.get(on)
        if found is None:
            found = self._forced.keep(on, self._composed(on, carried))
        return found

    def _composed(self, strokes: tuple[Stroke, ...], carried: Carried) -> Forced:
        """Compose strokes, from the longest of those before that were composed already."""
        start = strokes[:-1]
        before = self._forced.get(start)
        if before is None:
            last = itertools.islice(self._forced.keys(), SEARCHED)
            start = max((key for key in last if strokes[: len(key)] == key), key=len, default=())
            before = self._forced.get(start)
        self.check(strokes[len(start) :], len(start) + 1)
        found = Forced.nothing(carried.values[0]) if before is None else before.copied()
        for stroke in strokes[len(start) :]:
            found.write(stroke, self.cells(stroke), carried.reading)
        return found.to(self.device)
