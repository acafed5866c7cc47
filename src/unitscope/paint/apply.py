"""Draw the pictures of a recipe, on its own latent or on others, without a server."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError
from unitscope.nouns.network import Source, left_as_it_was
from unitscope.nouns.reopened import RunLike, opened_run
from unitscope.paint.canvas import Canvas
from unitscope.paint.recipe import MOST_BYTES, MOST_NUMBER, Latent, Recipe, read_recipe
from unitscope.paths import AnyPath, as_path

MOST_AT_ONCE = 10_000
"""Latents of a range."""


def apply_recipe(
    run: RunLike,
    recipe: Recipe | AnyPath,
    *,
    latents: Sequence[int] | None = None,
    seed: int | None = None,
    generator: Source | None = None,
    device: str | None = None,
) -> NDArray[np.uint8]:
    """Draw the picture of a recipe, the same to the bit as the page of 'unitscope paint' shows; or others with it.

    Args:
        run: a finished dissection of the generator that the recipe is for, or its folder.
        recipe: a recipe, or a file of one.
        latents: numbers of latents to paint on instead of that of the recipe.
        seed: of these latents; that of the run when None.
        generator: the generator, if the run does not say how to get it or it has moved since.
        device: where it runs; a GPU when there is one.

    Returns:
        Pictures ``(N, H, W, 3)`` uint8, one for each latent in order.

    Raises:
        UnitscopeError: the recipe cannot be read, or is for another generator or layer; one line says what.
    """
    opened, given = opened_run(run), recipe if isinstance(recipe, Recipe) else open_recipe(recipe)
    with left_as_it_was(generator):
        canvas = Canvas.open(opened, given.layer, generator, device=device)
        checked = canvas.check(given)
        of_seed = canvas.latents.like.seed if seed is None else seed
        wanted = [checked.latent] if latents is None else [numbered(of_seed, number) for number in latents]
        return np.stack([canvas.picture(latent, checked.strokes) for latent in wanted])


def parse_numbers(given: str) -> tuple[int, ...]:
    """Read numbers of latents: ``12``, ``0:11`` (both ends included) or ``0,3,9``, or these together.

    Raises:
        UnitscopeError: they cannot be read.
    """
    numbers: list[int] = []
    for word in given.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,6})\s*(?::\s*([0-9]{1,6})\s*)?", word)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last or last - first >= MOST_AT_ONCE:
            raise UnitscopeError(
                f"--latents {given!r} cannot be read; write a number from 0, as 12, a range, as 0:11, or several, as "
                "0,3,9"
            )
        numbers += range(first, last + 1)
    return tuple(dict.fromkeys(numbers))


def numbered(seed: int, number: int) -> Latent:
    """Return a latent by seed and number.

    Raises:
        UnitscopeError: there is none.
    """
    if not (0 <= seed < 2**32 and 0 <= number < MOST_NUMBER):
        raise UnitscopeError(
            f"latent {number} of seed {seed} is none; numbers are 0 to {MOST_NUMBER - 1:,}, seeds 0 to 2^32 - 1"
        )
    return Latent(seed=seed, number=number)


def open_recipe(file: AnyPath) -> Recipe:
    """Read a recipe from a file.

    Raises:
        UnitscopeError: there is no such file, or it holds no recipe.
    """
    path = as_path(file)
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnitscopeError(f"the recipe {path} cannot be opened: {error.strerror}") from error
    return read_recipe(content)
