"""A generator of pictures, with what it takes and what its values mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from unitscope.errors import UnitscopeError, one_line

RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))
"""What the values of pictures usually run between."""
FAR = 0.5
"""Values further than this fraction of the range outside of it do not belong to it."""
FLATTEST = 0.02
"""Pictures whose values all lie within this fraction of the range do not use it."""


@dataclass(frozen=True)
class Generator:
    """A network that makes pictures from latents.

    Attributes:
        module: in eval mode; latents ``(N, *latent_shape)`` float32 to pictures ``(N, 3, H, W)``, RGB. A
            class-conditional one is wrapped, see :class:`ClassConditional`.
        latent_shape: shape of one latent.
        range: values of black and white; None until :func:`look_at` has found it.
        name: for titles and messages.
        spec: what the user wrote to get it.
        layers: the layers to look into unless others are asked for.
        segmenter: the segmenter that knows its pictures, where it comes with one.
        aliases: readable names of layers, each with the dotted module name it stands for.
        classes: number of classes of a class-conditional one, else 0.
        size: height and width of its pictures; (0, 0) until :func:`look_at` has found it.
    """

    module: nn.Module
    latent_shape: tuple[int, ...]
    range: tuple[float, float] | None = None
    name: str = ""
    spec: str = ""
    layers: tuple[str, ...] = ()
    segmenter: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    classes: int = 0
    size: tuple[int, int] = (0, 0)

    def to_dict(self) -> dict[str, Any]:
        """Return what decides its pictures beside the weights, as plain JSON values."""
        return {
            "latent_shape": list(self.latent_shape),
            "range": None if self.range is None else list(self.range),
            "classes": self.classes,
            "size": list(self.size),
        }

    def pictures(self, outputs: Tensor) -> NDArray[np.uint8]:
        """Return what the module returned as 8-bit pictures ``(N, H, W, 3)``; values outside the range are clamped.

        Raises:
            UnitscopeError: the output has another shape than it had at first, or is not finite.
        """
        expected = (3, *self.size)
        if tuple(outputs.shape[1:]) != expected:
            raise UnitscopeError(
                f"generator {self.name!r} returns pictures of shape {tuple(outputs.shape[1:])} where {expected} was "
                "expected; every latent must give the same size"
            )
        low, high = self.range or RANGES[0]
        values = (outputs.detach().float() - low) * (255.0 / (high - low))
        if not bool(torch.isfinite(values).all()):
            raise UnitscopeError(
                f"generator {self.name!r} returns values that are not finite (NaN or infinite); "
                "check its weights, or whether the latents are of the kind it was trained with"
            )
        rounded = (values + 0.5).clamp_(0, 255).to(torch.uint8)
        return rounded.permute(0, 2, 3, 1).contiguous().cpu().numpy()


class ClassConditional(nn.Module):
    """A class-conditional generator as a network of one input: each latent has its class as one more value.

    The last value of a latent ``(N, Z + 1)`` is the number of a class. The wrapped module is called with the latents
    ``(N, *latent_shape)`` and, as second argument, the classes: numbers ``(N,)`` int64, or ``(N, classes)`` float32
    with a single one.

    Args:
        generator: the module.
        latent_shape: shape of one latent without its class.
        classes: number of classes.
        one_hot: whether it wants the second form.
    """

    def __init__(
        self, generator: nn.Module, latent_shape: tuple[int, ...], classes: int, *, one_hot: bool
    ) -> None:
        super().__init__()
        self.generator = generator
        self.latent_shape, self.classes, self.one_hot = latent_shape, classes, one_hot

    def forward(self, latents: Tensor) -> Tensor:
        """Generate pictures for latents with their classes ``(N, Z + 1)``."""
        values = latents[:, :-1].reshape(-1, *self.latent_shape)
        classes = latents[:, -1].long()
        chosen = functional.one_hot(classes, self.classes).to(values.dtype) if self.one_hot else classes
        return self.generator(values, chosen)  # type: ignore[no-any-return]


def look_at(generator: Generator, latents: Tensor) -> Generator:
    """Generate a few pictures, and return the generator with their size and range; a declared one is checked.

    Args:
        generator: on the device of its module.
        latents: ``(n, *latent_shape)``, such as the first batch.

    Raises:
        UnitscopeError: it fails on such latents, returns no pictures, values that are not finite, pictures without
            any contrast, or values of another range than it declares.
    """
    name = generator.name
    try:
        with torch.no_grad():
            output = generator.module(latents)
    except UnitscopeError:
        raise
    except Exception as error:
        raise UnitscopeError(
            f"generator {name!r} fails on latents of shape {tuple(latents.shape)}: {one_line(error)}; "
            "is the shape of a latent right? --latent-shape sets it"
        ) from error
    if not isinstance(output, Tensor) or output.ndim != 4 or output.shape[:2] != (len(latents), 3):
        what = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
        raise UnitscopeError(
            f"generator {name!r} returns {what} for {len(latents)} latents; it must return pictures "
            f"({len(latents)}, 3, H, W)"
        )
    found = replace(generator, size=(int(output.shape[2]), int(output.shape[3])))
    if not bool(torch.isfinite(output).all()):
        raise UnitscopeError(
            f"generator {name!r} returns values that are not finite (NaN or infinite); "
            "check its weights, or whether the latents are of the kind it was trained with"
        )
    if generator.size not in ((0, 0), found.size):
        raise UnitscopeError(
            f"generator {name!r} returns pictures of {found.size[0]}x{found.size[1]} pixels and declares "
            f"{generator.size[0]}x{generator.size[1]}; correct what it declares"
        )
    low, high = float(output.min()), float(output.max())
    if generator.range is None:
        return replace(found, range=_detect(low, high))
    _check_range(output, generator)
    return found


def _detect(low: float, high: float) -> tuple[float, float]:
    """Return the usual range that values from `low` to `high` belong to."""
    if high > 2 + FAR:
        return RANGES[2]
    return RANGES[0] if low < -0.1 else RANGES[1]


def _check_range(output: Tensor, generator: Generator) -> None:
    assert generator.range is not None
    low, high = generator.range
    span = high - low
    if not (math.isfinite(low) and math.isfinite(high) and span > 0):
        raise UnitscopeError(f"the range {low:g}:{high:g} is none; give black and white as LOW:HIGH")
    outside = float(((output < low - FAR * span) | (output > high + FAR * span)).float().mean())
    seen = f"from {float(output.min()):.4g} to {float(output.max()):.4g}"
    if outside > 0.01:
        raise UnitscopeError(
            f"generator {generator.name!r} returns values {seen}, far outside the range {low:g} to {high:g} that it "
            "declares; --range LOW:HIGH gives the values of black and white"
        )
    if float(output.max() - output.min()) < FLATTEST * span:
        raise UnitscopeError(
            f"generator {generator.name!r} returns values {seen}, hardly any contrast in the range {low:g} to "
            f"{high:g} that it declares; --range LOW:HIGH gives the values of black and white"
        )
