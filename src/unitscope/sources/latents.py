"""Latent vectors from a seed, numbered, so that any of them can be drawn again."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy import special
from torch import Tensor

from unitscope.errors import UnitscopeError

SHOWN = 4
"""Classes that a title lists."""
AT_ONCE = 4096
"""Latents that are drawn together where one is looked for."""


def seeded_latents(count: int, dimension: int, seed: int) -> Tensor:
    """Draw the latent vectors of the paper's experiments: standard normal, from numpy's Mersenne twister.

    Args:
        count: latent vectors to draw; row ``i`` is the same however many are drawn.
        dimension: values of a latent vector.
        seed: of the sequence, 0 to 2^32 - 1.

    Returns:
        ``(count, dimension)`` float32.

    Raises:
        UnitscopeError: a number is out of range.
    """
    if count < 0 or dimension < 1 or not 0 <= seed < 2**32:
        raise UnitscopeError(
            f"{count} latents of dimension {dimension} from seed {seed} cannot be drawn; "
            "give a count from 0, a dimension from 1 and a seed from 0 to 2^32 - 1"
        )
    rows = np.random.RandomState(seed).standard_normal((count, dimension))
    return torch.from_numpy(rows.astype(np.float32))


@dataclass(frozen=True)
class SeededLatents:
    """Latents 0..count-1 of a seed: standard normal, truncated if asked for, with a class each if there are classes.

    Attributes:
        count: how many.
        shape: shape of one latent.
        seed: of the sequence, 0 to 2^32 - 1; latent ``i`` is the same however many there are.
        truncation: T: the distribution is cut off at -T and T (Brock et al. 2019, section 3.1); values keep their
            order, so a smaller T moves every latent towards the middle. None: not cut off.
        classes: the classes that are taken in turn, for a class-conditional generator; its latents are
            ``(Z + 1,)``, the class last.
    """

    count: int
    shape: tuple[int, ...]
    seed: int = 0
    truncation: float | None = None
    classes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1:
            raise UnitscopeError(f"{self.count} latents are none to look at; give --latents 1 or more")
        if not self.shape or min(self.shape) < 1:
            raise UnitscopeError(
                f"latents of shape {self.shape} cannot be drawn; give positive sizes, as 128 or 100x1x1"
            )
        if self.truncation is not None and not (math.isfinite(self.truncation) and self.truncation > 0):
            raise UnitscopeError(f"truncation is {self.truncation:g}; it must be above 0")
        if self.classes and min(self.classes) < 0:
            raise UnitscopeError(f"class {min(self.classes)} is none; classes are numbered from 0")
        seeded_latents(0, 1, self.seed)

    def __len__(self) -> int:
        return self.count

    @property
    def name(self) -> str:
        """What to call them in titles."""
        parts = [f"{self.count:,} {'latent' if self.count == 1 else 'latents'} of seed {self.seed}"]
        if self.truncation is not None:
            parts.append(f"truncated at {self.truncation:g}")
        if len(self.classes) > SHOWN:
            parts.append(f"{len(self.classes)} classes in turn")
        elif self.classes:
            noun = "class" if len(self.classes) == 1 else "classes"
            parts.append(f"{noun} {' and '.join(map(str, self.classes))}")
        return ", ".join(parts)

    @property
    def sample_ids(self) -> tuple[str, ...]:
        """A stable name for every latent, such as ``seed1/000123``, with its class behind it where there is one."""
        kinds = [f"-class{number}" for number in self.classes] or [""]
        return tuple(f"seed{self.seed}/{i:06d}{kinds[i % len(kinds)]}" for i in range(self.count))

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when any latent would."""
        text = (
            f"{self.count} {self.shape} {self.seed} {self.truncation} {self.classes} standard normal MT19937"
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def _all(self) -> Tensor:
        values = seeded_latents(self.count, math.prod(self.shape), self.seed)
        if self.truncation is not None:
            values = _truncated(values, self.truncation)
        if not self.classes:
            return values.reshape(self.count, *self.shape)
        numbers = torch.tensor(self.classes, dtype=torch.float32)[
            torch.arange(self.count) % len(self.classes)
        ]
        return torch.cat([values, numbers[:, None]], 1)

    def read(self, samples: Sequence[int]) -> Tensor:
        """Return some latents ``(n, *shape)`` float32, or ``(n, Z + 1)`` with their classes."""
        return self._all[torch.as_tensor(list(samples), dtype=torch.int64)]

    def one(self, number: int, *, seed: int | None = None) -> Tensor:
        """Return a latent ``(1, *shape)`` by its number, which may be beyond `count`, or of another seed.

        Args:
            number: from 0; the latents before it are drawn and forgotten.
            seed: of the sequence; its own when None.
        """
        random, size = np.random.RandomState(self.seed if seed is None else seed), math.prod(self.shape)
        for start in range(0, number, AT_ONCE):
            random.standard_normal((min(AT_ONCE, number - start), size))
        values = torch.from_numpy(random.standard_normal((1, size)).astype(np.float32))
        if self.truncation is not None:
            values = _truncated(values, self.truncation)
        if not self.classes:
            return values.reshape(1, *self.shape)
        return torch.cat([values, torch.tensor([[float(self.classes[number % len(self.classes)])]])], 1)


def _truncated(values: Tensor, bound: float) -> Tensor:
    """Map standard normal values to the normal distribution cut off at -bound and bound, by their quantiles."""
    # Scipy's functions go value by value, so that a row does not depend on its place in a vector register.
    low = special.ndtr(-bound)
    drawn = special.ndtri(low + (1 - 2 * low) * special.ndtr(values.numpy().astype(np.float64)))
    return torch.from_numpy(np.clip(drawn, -bound, bound).astype(np.float32))
