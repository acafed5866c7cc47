"""The same scene in the materials of other objects: every outline stays where it is, and so does every label."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from unitscope.concepts.vocabulary import Vocabulary
from unitscope.sources.altered import picture_generator
from unitscope.sources.files import combined_hash
from unitscope.world.canvas import Coat
from unitscope.world.palette import RGB
from unitscope.world.scene import render_scene
from unitscope.world.source import WorldPictures

TRIED = 16
"""Orders of the objects that are drawn, of which the one that changes most materials is taken."""
DARK, FAINT, BRIGHT = 0.02, 0.25, 4.0
"""Least brightness that others are compared with, and the range of brightness that shading keeps."""
Materials = dict[int, dict[str, RGB]]
"""For each object by number, its materials in the order in which they were painted, with the first colour of each."""


class Noting:
    """A brush that paints as it is told, and notes which materials each object has."""

    def __init__(self) -> None:
        self.materials: Materials = {}

    def coat(self, number: int, coat: Coat) -> Coat:
        """Return the coat of an object as it is."""
        self.materials.setdefault(number, {}).setdefault(coat.material, coat.color)
        return coat


class Exchanging:
    """A brush that paints each object in the materials of another one.

    The first material of the one becomes the first of the other, and so on. Where a shape is brighter or darker than
    the first of its material it stays so, since that is how its form is seen.

    Args:
        materials: of all objects of the scene.
        other: for each object, the one whose materials it gets.
    """

    def __init__(self, materials: Materials, other: Mapping[int, int]) -> None:
        self._materials, self._other = materials, other

    def coat(self, number: int, coat: Coat) -> Coat:
        """Return the coat of an object in the other's material."""
        own = self._materials[number]
        given = list(self._materials[self._other[number]].items())
        material, color = given[list(own).index(coat.material) % len(given)]
        first = own[coat.material]
        return Coat(_shaded(color, coat.color, first), _shaded(color, coat.end, first), material)


def _shaded(color: RGB, like: RGB, first: RGB) -> RGB:
    """Return a colour, brighter or darker by as much as one colour is than another."""
    change = (sum(like) / 3 + DARK) / (sum(first) / 3 + DARK)
    change = min(max(change, FAINT), BRIGHT)
    red, green, blue = (min(part * change, 1.0) for part in color)
    return red, green, blue


def exchange(materials: Materials, generator: np.random.Generator) -> dict[int, int]:
    """Draw for each object another one, no two the same; of some draws, the one that changes most first materials."""
    numbers = list(materials)
    first = {number: next(iter(found)) for number, found in materials.items()}
    best: dict[int, int] = {}
    most = -1
    for _ in range(TRIED):
        order = [numbers[place] for place in generator.permutation(len(numbers))]
        drawn = dict(zip(order, order[1:] + order[:1], strict=True))
        changed = sum(first[one] != first[other] for one, other in drawn.items())
        if changed > most:
            best, most = drawn, changed
    return best


class RetexturedPictures:
    """The scenes of a source, each drawn with the materials of its objects exchanged.

    Args:
        scenes: the originals.
        seed: of the exchange.
    """

    def __init__(self, scenes: WorldPictures, seed: int = 0) -> None:
        self.scenes, self.seed = scenes, seed
        self.name, self.sample_ids = f"{scenes.name}, retexture", scenes.sample_ids
        self.vocabulary: Vocabulary = scenes.vocabulary

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when any original or the seed does."""
        return combined_hash(self.scenes.content_hash, "retexture", self.seed)

    def __len__(self) -> int:
        return len(self.scenes)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return the picture ``(H, W, 3)`` uint8 of a scene in other materials."""
        scenes, noting = self.scenes, Noting()
        told = {"scene": scenes.scene_class(index), "size": scenes.size}
        render_scene(scenes.seed(index), brush=noting, **told)  # type: ignore[arg-type]
        drawn = exchange(noting.materials, picture_generator(self.seed, index))
        brush = Exchanging(noting.materials, drawn)
        return render_scene(scenes.seed(index), brush=brush, **told).picture  # type: ignore[arg-type]

    def labels(self, index: int) -> NDArray[np.int32]:
        """Return the label maps of the original ``(4, H, W)``: they stay."""
        return self.scenes.labels(index)
