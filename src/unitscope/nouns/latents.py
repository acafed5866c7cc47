"""Latents that a generator makes pictures from, as a person asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unitscope.errors import UnitscopeError
from unitscope.models.generators import Generator, look_at
from unitscope.models.weights import device_of
from unitscope.sources.latents import SeededLatents

LOOKED_AT = 4
"""Pictures that are looked at before any work."""


@dataclass(frozen=True)
class Latents:
    """So many latents of a seed, before it is known what generator they are for.

    Attributes:
        count: how many.
        seed: of the sequence; that of the settings when None.
        truncation: T: their distribution is cut off at -T and T.
        classes: those to take in turn, for a class-conditional generator; all of them when empty.
    """

    count: int
    seed: int | None = None
    truncation: float | None = None
    classes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        SeededLatents(self.count, (1,), self.seed or 0, self.truncation, self.classes)


LatentsLike = Latents | SeededLatents


def latents(
    count: int, *, seed: int | None = None, truncation: float | None = None, classes: Sequence[int] = ()
) -> Latents:
    """Return so many latents, for whatever generator they meet.

    Args:
        count: how many; latent ``i`` is the same however many there are.
        seed: of the sequence; that of the settings when None.
        truncation: T: their normal distribution is cut off at -T and T.
        classes: those to take in turn, for a class-conditional generator; all of them when empty.

    Raises:
        UnitscopeError: they cannot be drawn.
    """
    return Latents(count, seed, truncation, tuple(classes))


def draw_latents(generator: Generator, asked: LatentsLike, *, seed: int) -> SeededLatents:
    """Return latents of the generator's kind.

    Args:
        generator: what they are for.
        asked: how many, or latents of a shape.
        seed: of the sequence, where they have none.

    Raises:
        UnitscopeError: they do not fit the generator.
    """
    if isinstance(asked, Latents):
        chosen = asked.classes or tuple(range(generator.classes))
        _refuse_classes(generator, chosen)
        of_seed = seed if asked.seed is None else asked.seed
        asked = SeededLatents(asked.count, generator.latent_shape, of_seed, asked.truncation, chosen)
    if asked.shape != generator.latent_shape:
        shapes = ["x".join(map(str, shape)) for shape in (asked.shape, generator.latent_shape)]
        raise UnitscopeError(
            f"the latents have shape {shapes[0]}, and generator {generator.name!r} takes {shapes[1]}; "
            "give latents of that shape, or --latent-shape"
        )
    _refuse_classes(generator, asked.classes)
    return asked


def _refuse_classes(generator: Generator, classes: Sequence[int]) -> None:
    if classes and not generator.classes:
        raise UnitscopeError(
            f"generator {generator.name!r} is not class-conditional, and class {classes[0]} is given; leave --class "
            "out, or wrap the module in unitscope.ClassConditional"
        )
    if generator.classes and not classes:
        raise UnitscopeError(
            f"generator {generator.name!r} needs classes, and the latents have none; give classes"
        )
    wrong = next((number for number in classes if not 0 <= number < generator.classes), None)
    if wrong is not None:
        raise UnitscopeError(
            f"generator {generator.name!r} has no class {wrong}; its classes are 0 to {generator.classes - 1}"
        )


def seen(generator: Generator, drawn: SeededLatents) -> Generator:
    """Look at the first few pictures, so that what cannot be used is refused before any work.

    Raises:
        UnitscopeError: see :func:`unitscope.models.generators.look_at`.
    """
    first = drawn.read(list(range(min(LOOKED_AT, len(drawn)))))
    return look_at(generator, first.to(device_of(generator.module)))
