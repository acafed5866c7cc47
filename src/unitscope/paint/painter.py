"""A generator cut at a layer: strokes become one write to the activation, and the rest of it draws the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.errors import UnitscopeError, one_line
from unitscope.layer.hooks import LayerGrid
from unitscope.models.generators import Generator
from unitscope.models.weights import device_of
from unitscope.paint.bounded import Recent
from unitscope.paint.cells import touched
from unitscope.paint.recipe import Stroke
from unitscope.replay import Carried, Replay, cut
from unitscope.run.masks import Mask

FRONT_BYTES = 256 << 20
"""Of what crosses the cut, for all latents together."""
FORCED_BYTES, CELL_BYTES = 64 << 20, 32 << 20
"""Of composed strokes, and of the cells that strokes touch."""


@dataclass(frozen=True)
class Forced:
    """What strokes, one after the other, leave of an activation.

    Attributes:
        where: what is forced ``(U, h, w)`` bool.
        levels: to what ``(U, h, w)``, activation scale; 0 elsewhere.
    """

    where: Tensor
    levels: Tensor

    def __call__(self, activation: Tensor) -> Tensor:
        """Return another activation ``(N, U, h, w)``."""
        return torch.where(self.where, self.levels.to(activation), activation)


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

    def check(self, strokes: Sequence[Stroke]) -> None:
        """Refuse strokes that do not fit the layer, or whose levels are not known yet.

        Raises:
            UnitscopeError: a stroke does.
        """
        for number, stroke in enumerate(strokes, 1):
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
        activation = self.front(latent).activation
        forced = self.forced(strokes)
        return activation if forced is None else forced(activation)

    def picture(self, latent: Tensor, strokes: Sequence[Stroke] = ()) -> NDArray[np.uint8]:
        """Draw the picture ``(H, W, 3)`` of a latent ``(1, ...)``, with strokes.

        Raises:
            UnitscopeError: a stroke does not fit the layer, or the generator fails or makes values that are not finite.
        """
        forced, carried = self.forced(strokes), self.front(latent)
        try:
            output = self.replay.back(carried, None if forced is None else forced(carried.activation))
        except UnitscopeError:
            raise
        except Exception as error:
            raise UnitscopeError(f"the generator fails with these strokes: {one_line(error)}") from error
        if strokes and not bool(torch.isfinite(output).all()):
            raise UnitscopeError(
                "with these strokes the generator makes values that are not finite; lower their levels or switch one "
                "off"
            )
        picture: NDArray[np.uint8] = self.generator.pictures(output)[0]
        return picture

    def forced(self, strokes: Sequence[Stroke]) -> Forced | None:
        """Return what strokes that are on, one after the other, write; None where none is.

        Raises:
            UnitscopeError: a stroke does not fit the layer.
        """
        on = tuple(stroke for stroke in strokes if stroke.on)
        if not on:
            return None
        found = self._forced.get(on)
        if found is None:
            self.check(on)
            found = self._forced.keep(on, self._composed(on))
        return found

    def _composed(self, strokes: tuple[Stroke, ...]) -> Forced:
        """Compose strokes, from the longest of those before that were composed already."""
        shape = (self.layer.units, *self.layer.grid)
        known = [key for key in self._forced.keys() if strokes[: len(key)] == key]  # noqa: SIM118
        start = max(known, key=len, default=())
        before = self._forced.get(start)
        if before is None:
            where, levels = np.zeros(shape, np.bool_), np.zeros(shape, np.float32)
        else:
            where, levels = before.where.cpu().numpy().copy(), before.levels.cpu().numpy().copy()
        for stroke in strokes[len(start) :]:
            write(stroke, self.cells(stroke), where, levels)
        return Forced(torch.from_numpy(where).to(self.device), torch.from_numpy(levels).to(self.device))


def write(stroke: Stroke, cells: Mask, where: NDArray[np.bool_], levels: NDArray[np.float32]) -> None:
    """Write a stroke over others.

    Args:
        stroke: with levels, if it draws.
        cells: that it touches ``(h, w)``.
        where: of :class:`Forced` ``(U, h, w)``; changed in place.
        levels: likewise.
    """
    places = np.flatnonzero(cells)
    chosen = np.array(stroke.units)[:, None], places[None]
    units = len(where)
    where.reshape(units, -1)[chosen] = True
    to = np.zeros(len(stroke.units)) if stroke.levels is None else np.array(stroke.levels)
    levels.reshape(units, -1)[chosen] = to.astype(np.float32)[:, None]
