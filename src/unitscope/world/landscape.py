"""What every scene outdoors shares: its sky, what is far away, and things that may stand anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from unitscope.world import (
    animals,
    built,
    churches,
    fair,
    farmyard,
    landmarks,
    leisure,
    nature,
    outside,
    people,
    plants,
    roadside,
    transport,
    vehicles,
)
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.palette import mix
from unitscope.world.stage import Drawer, Stage, some, view


def opening(
    c: Canvas,
    grounds: Sequence[str],
    *,
    eye: tuple[float, float] = (1.6, 2.4),
    horizon: tuple[float, float] = (0.36, 0.54),
    look: float = 0.1,
) -> tuple[Stage, str]:
    """Begin a scene outdoors: the camera, a sky with what is far away, and one of the grounds.

    Args:
        c: the canvas.
        grounds: the kinds of ground to choose from.
        eye: as in `view`.
        horizon: as in `view`.
        look: as in `view`.

    Returns:
        The stage and the kind of ground.
    """
    stage, ground = view(c, eye, horizon, look=look), c.pick(grounds)
    backdrop(c, ground)
    nature.ground(c, ground)
    if c.chance(0.15):
        nature.patches(c, some(c, 1, 4))
    distance(stage)
    sky_things(c)
    return stage, ground


def backdrop(c: Canvas, ground: str) -> None:
    """Paint the sky and, by chance, mountains, hills, a forest, the sea or a skyline far behind any scene."""
    nature.sky(c)
    level = c.horizon + 0.015
    kind = c.rng.random()
    if kind < 0.2:
        nature.mountains(c, level, c.uniform(0.1, 0.24), snowy=c.chance(0.5), count=some(c, 3, 6))
    elif kind < 0.4:
        tone, material = nature.cover(c, "snow" if ground == "snow" else c.pick(("grass", "grass", "earth")))
        nature.hills(c, level, c.uniform(0.05, 0.13), tone, material)
    elif kind < 0.52:
        skyline(c, c.uniform(40, 70))
    elif kind < 0.7:
        forest(c, c.uniform(0.04, 0.13))
    elif kind < 0.76:
        nature.water(c, c.horizon - 0.02, c.horizon + 0.03)


def forest(c: Canvas, height: float) -> None:
    """Paint the edge of a forest along the horizon."""
    tones = c.pick((pal.GREENS, pal.FIRS, pal.FIRS, pal.AUTUMN))
    edge = [(x, y + c.uniform(-0.3, 0.3) * height) for x, y in nature.ridge(c, c.horizon, height, 30)]
    color = mix(c.tint(tones), c.light.sky[1], 0.12)
    outline = [*edge, (1, c.horizon + 0.02), (0, c.horizon + 0.02)]
    c.pen("tree", 60).poly(outline, color, c.pick(("foliage", "leaves")), "crown", shade="fall")


FAR_THINGS: tuple[tuple[Drawer, tuple[object, ...]], ...] = (
    (churches.church, (16.0,)),
    (built.windmill, (14.0,)),
    (built.house, (10.0, 5.0)),
    (built.house, (8.0, 4.0)),
    (built.lighthouse, (18.0,)),
    (built.tower, (22.0,)),
    (landmarks.water_tower, ()),
    (landmarks.wind_turbine, (40.0,)),
    (landmarks.power_line, (18.0,)),
    (landmarks.power_line, (18.0,)),
    (landmarks.crane, (28.0,)),
    (landmarks.silo, (14.0,)),
    (farmyard.barn, (14.0,)),
    (fair.ferris_wheel, (26.0,)),
    (plants.tree, (11.0,)),
    (plants.tree, (9.0,)),
)
"""What may stand far away in any scene, a few pixels large."""


def distance(stage: Stage) -> None:
    """Place up to three things far away, where they are a few pixels large."""
    c = stage.canvas
    for _ in range(some(c, 0, 3)):
        draw, args = c.pick(FAR_THINGS)
        stage.add(draw, c.uniform(0.02, 0.98), c.uniform(75, 210), *args)


def sky_things(c: Canvas) -> None:
    """Let something small fly in the sky, by chance."""
    kind = c.rng.random()
    x, y = c.uniform(0.1, 0.9), c.horizon * c.uniform(0.2, 0.7)
    if kind < 0.12:
        nature.birds(c, some(c, 1, 4))
    elif kind < 0.17:
        transport.airplane(c, Spot(x, y, 0.03, 40), c.uniform(3, 7), flying=True)
    elif kind < 0.21:
        transport.balloon(c, Spot(x, y + 0.1, 0.016, 50), c.uniform(5, 12))
    elif kind < 0.24:
        transport.helicopter(c, Spot(x, y, 0.02, 40), c.uniform(4, 8))
    elif kind < 0.27:
        transport.kite(c, Spot(x, y, 0.03, 30), c.uniform(1.2, 2.6))


_TOWN: tuple[Drawer, ...] = (
    *(
        vehicles.any_vehicle,
        vehicles.any_vehicle,
        vehicles.bicycle,
        vehicles.motorcycle,
        vehicles.van,
        people.person,
    ),
    *(people.person, people.dog, roadside.trash_can, roadside.mailbox, roadside.traffic_cone),
    *(roadside.barrier, roadside.fire_hydrant, roadside.bus_shelter, roadside.phone_booth),
    *(outside.street_lamp, outside.bench, outside.signboard, outside.flag, fair.goods),
    *(fair.market_stall, landmarks.statue, leisure.umbrella, roadside.barrel),
)
_LAND: tuple[Drawer, ...] = (
    *(people.person, people.person, people.dog, farmyard.log, farmyard.hay_bale, farmyard.hedge),
    *(animals.cow, animals.horse, animals.sheep, animals.duck, fair.picnic_table, fair.ball, fair.goal),
    *(fair.seesaw, leisure.tent, outside.bench, leisure.slide, outside.signboard, vehicles.any_vehicle),
    *(transport.tractor, roadside.barrel, roadside.trash_can, landmarks.gravestone, fair.sled),
    *(landmarks.statue, landmarks.fountain, landmarks.gazebo, leisure.umbrella, fair.snowman),
)
_WATER: tuple[Drawer, ...] = (
    *(transport.canoe, transport.buoy, transport.buoy, animals.duck, animals.duck),
    *(
        partial(transport.boat, length=4.5),
        partial(transport.boat, length=4.0),
        partial(transport.ship, length=9.0),
    ),
)
CLUTTER: dict[str, tuple[Drawer, ...]] = {"town": _TOWN, "land": _LAND, "water": _WATER}
"""Things that other classes are known for, and that may stand in any scene of a kind."""


def clutter(stage: Stage, kind: str, zs: tuple[float, float] = (9, 28), *, most: int = 3) -> None:
    """Scatter up to `most` things of a kind (town, land or water), and one that belongs elsewhere by chance."""
    c = stage.canvas
    for _ in range(some(c, 0, most)):
        stage.add(c.pick(CLUTTER[kind]), c.uniform(0.02, 0.98), stage.deep(*zs))
    if kind != "water" and c.chance(0.2):
        stage.add(
            c.pick(CLUTTER["land" if kind == "town" else "town"]), c.uniform(0.02, 0.98), c.uniform(12, 28)
        )


def skyline(c: Canvas, z: float) -> None:
    """Paint a row of far buildings."""
    x = -0.02
    while x < 1.0:
        width = c.uniform(7, 14)
        spot = c.spot((x + width * c.focus / z / 2 - c.center) * z / c.focus, z)
        built.building(c, Spot(spot.x, c.horizon + 0.02, spot.metre, z), width, c.uniform(6, 16))
        x += width * c.focus / z * c.uniform(0.95, 1.3)
