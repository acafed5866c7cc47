"""Render a scene: pick its class and light from the seed, paint it, and develop picture and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.world import scenes_indoor, scenes_park, scenes_shore, scenes_town, scenes_wild
from unitscope.world.canvas import Canvas
from unitscope.world.colors import color_labels
from unitscope.world.light import add_noise, develop, indoor_light, outdoor_light
from unitscope.world.names import GENERATOR_VERSION
from unitscope.world.raster import reduce

SMALLEST = 96
"""The smallest side of a picture, in pixels."""

_OUTDOORS: dict[str, Callable[[Canvas], None]] = {
    "airfield": scenes_town.airfield,
    "campsite": scenes_park.campsite,
    "church-outdoor": scenes_town.church_outdoor,
    "coast": scenes_shore.coast,
    "corn_field": scenes_wild.corn_field,
    "desert-sand": scenes_wild.desert_sand,
    "harbor": scenes_shore.harbor,
    "highway": scenes_town.highway,
    "lighthouse": scenes_shore.lighthouse,
    "mountain": scenes_wild.mountain,
    "park": scenes_park.park,
    "playground": scenes_park.playground,
    "ski_slope": scenes_wild.ski_slope,
    "street": scenes_town.street,
}
_INDOORS: dict[str, Callable[[Canvas], None]] = {
    "bathroom": scenes_indoor.bathroom,
    "bedroom": scenes_indoor.bedroom,
    "dining_room": scenes_indoor.dining_room,
    "kitchen": scenes_indoor.kitchen,
    "living_room": scenes_indoor.living_room,
    "office": scenes_indoor.office,
}

SCENE_CLASSES: tuple[str, ...] = tuple(sorted(_OUTDOORS | _INDOORS))
"""The scene classes, named as in Places365 (a slash is written as a hyphen), in alphabetical order."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One rendered scene.

    Attributes:
        picture: RGB, uint8 `(S, S, 3)`.
        labels: label values of VOCABULARY in the planes of PLANES, int32 `(4, S, S)`.
        scene: the name of its class.
        seed: the seed it was rendered from.
    """

    picture: NDArray[np.uint8]
    labels: NDArray[np.int32]
    scene: str
    seed: int


def scene_of(seed: int, among: Sequence[str] = SCENE_CLASSES) -> str:
    """Return the scene class, of some, that a seed draws when none is asked for."""
    rng = np.random.Generator(np.random.PCG64([seed, GENERATOR_VERSION, 1]))
    return among[int(rng.integers(len(among)))]


def render_scene(seed: int, *, scene: str | None = None, size: int = 112) -> Scene:
    """Render one scene; the same arguments always give the same picture and labels.

    Args:
        seed: any integer from 0.
        scene: a name of SCENE_CLASSES; drawn from the seed when absent.
        size: side of the picture in pixels.

    Returns:
        The picture with its exact label maps.

    Raises:
        UnitscopeError: the scene class is unknown, the seed negative or the size too small.
    """
    name = _checked(seed, scene, size)
    rng = np.random.Generator(np.random.PCG64([seed, GENERATOR_VERSION, 2, SCENE_CLASSES.index(name)]))
    light = outdoor_light(rng) if name in _OUTDOORS else indoor_light(rng)
    canvas = Canvas(size, rng, light)
    (_OUTDOORS.get(name) or _INDOORS[name])(canvas)
    colors, glow, labels = reduce(canvas.rgb, canvas.glow, canvas.labels)
    clean = develop(colors, glow, light)
    labels[3] = color_labels(np.clip(clean * 255 + 0.5, 0, 255).astype(np.uint8))
    noise = np.random.Generator(np.random.PCG64([seed, GENERATOR_VERSION, 3, size]))
    return Scene(add_noise(clean, light, noise), labels, name, seed)


def _checked(seed: int, scene: str | None, size: int) -> str:
    if seed < 0:
        raise UnitscopeError(f"seed {seed} is negative; give an integer from 0")
    if size < SMALLEST:
        raise UnitscopeError(f"size {size} is too small for a scene; give at least {SMALLEST} pixels")
    if scene is None:
        return scene_of(seed)
    check_scene(scene)
    return scene


def check_scene(name: str) -> None:
    """Refuse what is no scene class.

    Raises:
        UnitscopeError: there is none of the name.
    """
    if name not in SCENE_CLASSES:
        hint = did_you_mean(name, SCENE_CLASSES)
        raise UnitscopeError(f"scene class {name!r} not found;{hint or ' SCENE_CLASSES lists them'}")
