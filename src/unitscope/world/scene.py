"""Render a scene: pick its class and light from the seed, paint it, and develop picture and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.world import (
    scenes_farm,
    scenes_home,
    scenes_park,
    scenes_play,
    scenes_public,
    scenes_shops,
    scenes_shore,
    scenes_town,
    scenes_transit,
    scenes_wild,
    scenes_work,
)
from unitscope.world.camera import draw_lens, draw_window
from unitscope.world.canvas import Canvas
from unitscope.world.colors import color_labels
from unitscope.world.foreground import occlusion, weather
from unitscope.world.imaging import expose, record
from unitscope.world.light import develop, indoor_light, outdoor_light
from unitscope.world.names import GENERATOR_VERSION
from unitscope.world.raster import reduce

SMALLEST = 96
"""The smallest side of a picture, in pixels."""

_OUTDOORS: dict[str, Callable[[Canvas], None]] = {
    "airfield": scenes_transit.airfield,
    "amusement_park": scenes_play.amusement_park,
    "barn": scenes_farm.barn,
    "baseball_field": scenes_play.baseball_field,
    "bridge": scenes_shore.bridge,
    "campsite": scenes_park.campsite,
    "cemetery": scenes_park.cemetery,
    "church-outdoor": scenes_town.church_outdoor,
    "coast": scenes_shore.coast,
    "construction_site": scenes_town.construction_site,
    "corn_field": scenes_farm.corn_field,
    "crosswalk": scenes_town.crosswalk,
    "desert-sand": scenes_wild.desert_sand,
    "farm": scenes_farm.farm,
    "formal_garden": scenes_park.formal_garden,
    "gas_station": scenes_transit.gas_station,
    "harbor": scenes_shore.harbor,
    "highway": scenes_transit.highway,
    "igloo": scenes_wild.igloo,
    "lagoon": scenes_shore.lagoon,
    "lighthouse": scenes_shore.lighthouse,
    "market-outdoor": scenes_town.market_outdoor,
    "mountain": scenes_wild.mountain,
    "park": scenes_park.park,
    "parking_lot": scenes_transit.parking_lot,
    "pier": scenes_shore.pier,
    "playground": scenes_park.playground,
    "railroad_track": scenes_transit.railroad_track,
    "ski_slope": scenes_wild.ski_slope,
    "soccer_field": scenes_play.soccer_field,
    "street": scenes_town.street,
    "train_station-platform": scenes_transit.train_station_platform,
    "village": scenes_town.village,
    "windmill": scenes_farm.windmill,
}
_INDOORS: dict[str, Callable[[Canvas], None]] = {
    **scenes_home.DRAWERS,
    **scenes_work.DRAWERS,
    **scenes_public.DRAWERS,
    **scenes_shops.DRAWERS,
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
    return among[int(_stream(seed, 1).integers(len(among)))]


def render_scene(seed: int, *, scene: str | None = None, size: int = 112, mild: bool = False) -> Scene:
    """Render one scene; the same arguments always give the same picture and labels.

    Args:
        seed: any integer from 0.
        scene: a name of SCENE_CLASSES; drawn from the seed when absent.
        size: side of the picture in pixels.
        mild: see the scene upright, nearly whole, in clear weather, sharp and in colour.

    Returns:
        The picture with its exact label maps.

    Raises:
        UnitscopeError: the scene class is unknown, the seed negative or the size too small.
    """
    name = _checked(seed, scene, size)
    kind = SCENE_CLASSES.index(name)
    rng = _stream(seed, 2, kind)
    light = outdoor_light(rng) if name in _OUTDOORS else indoor_light(rng)
    camera = _stream(seed, 4, kind)
    window, lens = draw_window(camera, mild=mild), draw_lens(camera, mild=mild)
    canvas = Canvas(size, rng, light, window)
    (_OUTDOORS.get(name) or _INDOORS[name])(canvas)
    canvas.reflect()
    if not mild:
        occlusion(canvas, indoors=name in _INDOORS)
        weather(canvas)
    colors, glow, labels = reduce(canvas.rgb, canvas.glow, canvas.labels)
    clean = expose(develop(colors, glow, light), lens)
    labels[3] = color_labels(np.clip(clean * 255 + 0.5, 0, 255).astype(np.uint8))
    return Scene(record(clean, lens, _stream(seed, 3, size)), labels, name, seed)


def _stream(seed: int, *purpose: int) -> np.random.Generator:
    """Return the random numbers of one seed for one purpose."""
    return np.random.Generator(np.random.PCG64([seed, GENERATOR_VERSION, *purpose]))


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
