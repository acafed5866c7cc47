"""A generator of a run, cut at a layer, that recipes are drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from unitscope.cache import Recent
from unitscope.errors import UnitscopeError
from unitscope.experiments.samples import Content
from unitscope.layer.hooks import LayerGrid
from unitscope.models.generators import Generator
from unitscope.nouns.network import Source
from unitscope.nouns.reopened import layer_of, placed, reopen_generator
from unitscope.paint.drawn import LatentReader
from unitscope.paint.levels import Levels
from unitscope.paint.painter import Painter
from unitscope.paint.recipe import GeneratorName, Latent, Recipe, Stroke
from unitscope.run.dissection import Dissection
from unitscope.sources.latents import SeededLatents

TRIED = 2
"""Latents that a generator is cut with."""
STROKE_BYTES = 16 << 20


@dataclass(frozen=True)
class Canvas:
    """A generator that recipes of a run can be drawn with; nothing is labelled.

    Attributes:
        run: a finished dissection of a generator.
        painter: its generator, cut at a layer.
        latents: of the run.
        levels: of the units of the layer.
    """

    run: Dissection
    painter: Painter
    latents: LatentReader
    levels: Levels

    @classmethod
    def open(
        cls, run: Dissection, layer: str, source: Source | None = None, *, device: str | None = None
    ) -> Canvas:
        """Open a layer of a run.

        Raises:
            UnitscopeError: see :func:`unitscope.nouns.reopened.reopen_generator`; the run has no such layer, or its
                cells do not draw where they are read.
        """
        name = layer_of(run, layer).name
        generator = reopen_generator(run, source, device=device)
        (grid, _), drawn = placed(run, name, generator), run.said("config", Content).latents
        assert isinstance(drawn, SeededLatents)
        return cls.of(run, generator, grid, drawn)

    @classmethod
    def of(cls, run: Dissection, generator: Generator, layer: LayerGrid, drawn: SeededLatents) -> Canvas:
        """Put together what was opened."""
        painter = Painter.cut(generator, layer, generator.trial(TRIED))
        return cls(run, painter, LatentReader(drawn, generator.classes), Levels(run, layer.name))

    @property
    def name(self) -> GeneratorName:
        """The generator, as recipes name it."""
        return GeneratorName(self.run.network.name, self.run.network.weights_hash)

    @cached_property
    def _filled(self) -> Recent[Stroke, Stroke]:
        return Recent(STROKE_BYTES, lambda stroke: stroke.nbytes)

    def fill(self, strokes: Sequence[Stroke]) -> tuple[Stroke, ...]:
        """Return strokes with levels, as they are written and drawn.

        Raises:
            UnitscopeError: a level cannot be found, or a unit is not in the layer.
        """
        kept, levels = self._filled, self.levels
        filled = tuple(kept.get(each) or kept.keep(each, levels.fill(each)) for each in strokes)
        self.painter.check(filled)
        return filled

    def check(self, recipe: Recipe) -> Recipe:
        """Return a recipe with its levels written out.

        Raises:
            UnitscopeError: it is for another generator or layer, or does not fit.
        """
        if recipe.generator.weights_hash != self.name.weights_hash:
            raise UnitscopeError(
                f"the recipe is for {recipe.generator.name} with the weights {recipe.generator.weights_hash[:8]}..., "
                f"and {self.run.address} is of {self.name.name} with {self.name.weights_hash[:8]}...; open the run of "
                "its generator"
            )
        if self.run.network.layer_path(recipe.layer) != self.painter.layer.name:
            raise UnitscopeError(
                f"the recipe is for layer {recipe.layer!r}, and {self.painter.layer.name!r} is open; give --layer "
                f"{recipe.layer}"
            )
        return self.recipe(recipe.latent, recipe.strokes)

    def recipe(self, latent: Latent, strokes: Sequence[Stroke]) -> Recipe:
        """Return the recipe of a latent and strokes, levels written out.

        Raises:
            UnitscopeError: they do not fit.
        """
        self.latents.read(latent)
        return Recipe("paint", 1, self.name, self.painter.layer.name, latent, self.fill(strokes))

    def picture(self, latent: Latent, strokes: Sequence[Stroke] = ()) -> NDArray[np.uint8]:
        """Draw a picture ``(H, W, 3)``.

        Raises:
            UnitscopeError: latent or strokes do not fit, or the generator fails.
        """
        return self.painter.picture(self.latents.read(latent), self.fill(strokes))
