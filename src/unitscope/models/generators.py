"""A generator of pictures, with what it takes and what its values mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from unitscope import notebook
from unitscope.errors import UnitscopeError, one_line
from unitscope.layer.answers import REPEATS, random_states
from unitscope.models.layer_names import find_layer
from unitscope.models.network import what_it_has, what_it_is
from unitscope.models.rounding import to_bytes

RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))
"""What the values of pictures usually run between."""
FAR = 0.5
"""Values further than this fraction of the range outside of it do not belong to it."""
MOST_FAR = 0.1
"""Share of values that may be so far: a generator that does not clamp, with random weights, has some."""
LEAST_BYTES = 10
"""The brightest value of pictures that run to 255 is above this."""
FLATTEST = 0.02
"""Pictures whose values all lie within this fraction of the range do not use it."""
UNSTEADY = 0.02
"""Two pictures of one latent may differ by this fraction of the contrast."""
TRIED = 2
"""Latents that a generator is tried with."""


@dataclass(frozen=True, repr=False)
class Generator:
    """A network that makes pictures from latents.

    Attributes:
        module: in eval mode; latents ``(N, *latent_shape)`` float32 to pictures ``(N, 3, H, W)``, RGB. A
            class-conditional one is wrapped, see :class:`ClassConditional`, and takes ``(N, Z + 1)``.
        latent_shape: shape of one latent, without its class.
        range: values of black and white; None until :func:`look_at` has found it.
        name: for titles and messages.
        spec: what the user wrote to get it.
        layers: the layers to look into unless others are asked for.
        segmenter: the segmenter that knows its pictures, where it comes with one.
        aliases: readable names of layers, each with the dotted module name it stands for.
        classes: number of classes of a class-conditional one, else 0.
        size: height and width of its pictures; (0, 0) until :func:`look_at` has found it.
        weights: the file of weights it was filled with, if any.
        reinitialized: the seed of its random weights, where it is a control.
        device: where it is to run, if that was said.
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
    weights: str | None = None
    reinitialized: int | None = None
    device: str | None = None

    def __repr__(self) -> str:
        latent, size = ("x".join(map(str, shape)) for shape in (self.latent_shape, self.size))
        has = what_it_has(self.module, self.layers)
        return f"Generator({self.name!r}, latent {latent or 'not known'}, pictures {size}, {has})"

    def _repr_html_(self) -> str:
        latent, size = (" x ".join(map(str, shape)) or "-" for shape in (self.latent_shape, self.size))
        facts = [
            (
                "latent",
                f"{latent} numbers" + (f", and one of {self.classes:,} classes" if self.classes else ""),
            )
        ]
        if self.size != (0, 0):
            facts.append(("pictures", f"{size} pixels"))
        if self.range is not None:
            facts.append(("values", "black is {:g}, white is {:g}".format(*self.range)))
        if self.segmenter:
            facts.append(("segmenter", f"{self.segmenter} by default"))
        facts += what_it_is(self.layers, self.aliases, self.module, self.weights, self.reinitialized)
        return notebook.card(f"Generator {self.name}", notebook.facts(facts))

    def layer_name(self, name: str) -> str:
        """Return the module name of a layer that may be named by an alias, what follows it included.

        Raises:
            UnitscopeError: the network has neither such a module nor such an alias.
        """
        return find_layer(name, self.module, self.aliases, self.name)

    def trial(self, count: int = TRIED) -> Tensor:
        """Return a few latents of its kind ``(count, *latent_shape)``, or ``(count, Z + 1)``; always the same."""
        random = torch.Generator().manual_seed(0)
        values = torch.randn((count, *self.latent_shape), generator=random)
        if not self.classes:
            return values
        numbers = torch.arange(count, dtype=torch.float32) % self.classes
        return torch.cat([values.flatten(1), numbers[:, None]], 1)

    def pictures(self, outputs: object) -> NDArray[np.uint8]:
        """Return what the module returned as 8-bit pictures ``(N, H, W, 3)``; values outside the range are clamped.

        Raises:
            UnitscopeError: the output has another shape than it had at first, or is not finite.
        """
        expected = (3, *self.size)
        if not isinstance(outputs, Tensor) or tuple(outputs.shape[1:]) != expected:
            raise UnitscopeError(
                f"generator {self.name!r} returns {_form(outputs)} where pictures (N, {', '.join(map(str, expected))}) "
                "were expected from the first; every latent must give the same size"
            )
        low, high = self.range or RANGES[0]
        scale = 255.0 / (high - low)
        if outputs.device.type == "cpu" and outputs.dtype == torch.float32:
            found = np.empty((len(outputs), *self.size, 3), np.uint8)
            if not to_bytes(outputs.detach().numpy(), low, scale, found):
                raise _infinite(self.name)
            return found
        values = outputs.detach().permute(0, 2, 3, 1)
        _refuse_infinite(values, self.name)
        scaled = (values.float() - low).mul_(scale).add_(0.5).clamp_(0, 255)
        return scaled.to(torch.uint8, memory_format=torch.contiguous_format).cpu().numpy()


class ClassConditional(nn.Module):
    """A class-conditional generator as a network of one input: each latent has its class as one more value.

    The last value of a latent ``(N, Z + 1)`` is the number of a class. The wrapped module is called with the latents
    ``(N, *latent_shape)`` and, as second argument, the classes: numbers ``(N,)`` int64, or ``(N, classes)`` float32
    with a single one. Layers are named as in the wrapped module.

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
        if classes < 1:
            raise UnitscopeError(
                f"a class-conditional generator of {classes} classes is none; give 1 or more"
            )
        self.generator = generator
        self.latent_shape, self.classes, self.one_hot = tuple(latent_shape), classes, one_hot

    def aliases(self) -> dict[str, str]:
        """Return the names of the layers of the wrapped module, each with its dotted name in this one."""
        return {path: f"generator.{path}" for path, _ in self.generator.named_modules() if path}

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
        UnitscopeError: it fails on such latents, returns no pictures, values that are not finite, values of another
            range or pictures of another size than it declares, or another picture for the same latent.
    """
    name = generator.name
    output = _run(generator, latents)
    if not isinstance(output, Tensor) or output.ndim != 4 or output.shape[:2] != (len(latents), 3):
        raise UnitscopeError(
            f"generator {name!r} returns {_form(output)} for {len(latents)} latents; it must return pictures "
            f"({len(latents)}, 3, H, W)"
        )
    _refuse_infinite(output, name)
    size = int(output.shape[2]), int(output.shape[3])
    if generator.size not in ((0, 0), size):
        raise UnitscopeError(
            f"generator {name!r} returns pictures of {size[0]}x{size[1]} pixels and declares "
            f"{generator.size[0]}x{generator.size[1]}; correct what it declares"
        )
    low, high = float(output.min()), float(output.max())
    if generator.range is not None:
        _check_range(output, name, generator.range)
    states = random_states()
    _refuse_unsteady(output[-1:], _run(generator, latents[-1:]), name, high - low)
    for _ in range(0 if random_states() == states else REPEATS):
        _refuse_unsteady(output[-1:], _run(generator, latents[-1:]), name, high - low)
    return replace(generator, size=size, range=generator.range or _detect(low, high))


def _run(generator: Generator, latents: Tensor) -> object:
    try:
        with torch.no_grad():
            return generator.module(latents)
    except UnitscopeError:
        raise
    except Exception as error:
        raise UnitscopeError(
            f"generator {generator.name!r} fails on latents of shape {tuple(latents.shape)}: {one_line(error)}; "
            "is the shape of a latent right? --latent-shape sets it"
        ) from error


def _form(output: object) -> str:
    return f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else f"a {type(output).__name__}"


def _refuse_infinite(output: Tensor, name: str) -> None:
    if not all(map(math.isfinite, torch.stack(output.aminmax()).tolist())):
        raise _infinite(name)


def _infinite(name: str) -> UnitscopeError:
    return UnitscopeError(
        f"generator {name!r} returns pictures with values that are not finite (NaN or infinite); "
        "check its weights, or whether the latents are of the kind it was trained with"
    )


def _refuse_unsteady(first: Tensor, again: object, name: str, contrast: float) -> None:
    """Refuse a generator with noise of its own, or whose picture depends on others of the batch or its place there."""
    if not isinstance(again, Tensor) or again.shape != first.shape:
        raise UnitscopeError(
            f"generator {name!r} returns {_form(again)} for one latent and {_form(first)} of it among several; every "
            "latent must give the same size"
        )
    if float((first - again).abs().max()) > UNSTEADY * contrast:
        raise UnitscopeError(
            f"generator {name!r} returns another picture when it is given the same latent again, alone; turn off "
            "noise of its own, and let its normalisation use statistics that do not depend on the batch"
        )


def _detect(low: float, high: float) -> tuple[float, float]:
    """Return the usual range that values from `low` to `high` belong to."""
    if high > LEAST_BYTES:
        return RANGES[2]
    return RANGES[0] if low < -0.1 else RANGES[1]


def parse_range(given: str | Sequence[float]) -> tuple[float, float]:
    """Return the values of black and white, written ``-1:1`` or given as two numbers.

    Raises:
        UnitscopeError: they are not two numbers, the smaller one first.
    """
    parts = given.split(":") if isinstance(given, str) else list(given)
    try:
        low, high = (float(part) for part in parts)
    except ValueError:
        low, high = math.nan, math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        written = given if isinstance(given, str) else ":".join(map(str, given))
        raise UnitscopeError(
            f"the range {written!r} is none; give the values of black and white as LOW:HIGH, -1:1"
        )
    return low, high


def _check_range(output: Tensor, name: str, declared: tuple[float, float]) -> None:
    low, high = parse_range(declared)
    span = high - low
    least, most = float(output.min()), float(output.max())
    outside = float(((output < low - FAR * span) | (output > high + FAR * span)).float().mean())
    says = f"generator {name!r} returns values from {least:.4g} to {most:.4g}"
    do = "--range LOW:HIGH gives the values of black and white"
    if outside > MOST_FAR:
        raise UnitscopeError(f"{says}, far outside its range of {low:g} to {high:g}; {do}")
    usual = _detect(least, most)
    if most - least < FLATTEST * span and usual[1] - usual[0] < span / 10:
        raise UnitscopeError(f"{says}, hardly any contrast in its range of {low:g} to {high:g}; {do}")
