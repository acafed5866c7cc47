"""Latents of recipes as tensors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from unitscope.cache import Recent
from unitscope.errors import UnitscopeError
from unitscope.paint.recipe import Latent
from unitscope.sources.latents import SeededLatents

KEPT_BYTES = 16 << 20


class LatentReader:
    """Turns latents of recipes into what a generator takes.

    Args:
        like: latents of the run: their shape, truncation and classes are those of every seed.
        classes: of the generator; 0 where it has none.
    """

    def __init__(self, like: SeededLatents, classes: int = 0) -> None:
        self.like, self.classes = like, classes
        self._kept = Recent[Latent, Tensor](KEPT_BYTES, lambda latent: latent.nbytes + 200)

    @property
    def size(self) -> int:
        """Values of a latent, its class included."""
        return int(np.prod(self.like.shape)) + bool(self.classes)

    def read(self, latent: Latent) -> Tensor:
        """Return a latent ``(1, *shape)`` float32, or ``(1, Z + 1)`` with its class.

        Raises:
            UnitscopeError: it does not fit the generator.
        """
        return self._kept.made(latent, lambda: self._made(latent))

    def _made(self, latent: Latent) -> Tensor:
        if latent.between is not None:
            assert latent.share is not None
            first, second = (self.read(each) for each in latent.between)
            mixed = torch.lerp(first, second, latent.share)
            if self.classes:
                mixed[:, -1] = first[:, -1]
            return mixed
        if latent.values is not None:
            return self._of_values(latent.values)
        assert latent.seed is not None
        assert latent.number is not None
        return self.like.one(latent.number, seed=latent.seed)

    def _of_values(self, values: tuple[float, ...]) -> Tensor:
        if len(values) != self.size:
            raise UnitscopeError(f"a latent has {len(values)} values, and the generator takes {self.size}")
        if self.classes and values[-1] not in range(self.classes):
            raise UnitscopeError(
                f"the last value of a latent is its class, and {values[-1]:g} is none of {self.classes} classes"
            )
        found = torch.tensor(values, dtype=torch.float32)
        return found[None] if self.classes else found.reshape(1, *self.like.shape)
