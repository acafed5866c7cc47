"""Scene classes of wild country: ski slope, igloo, mountain, desert."""

from __future__ import annotations

from unitscope.world import (
    built,
    churches,
    fair,
    landmarks,
    leisure,
    nature,
    outside,
    people,
    plants,
    transport,
    vehicles,
)
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Point
from unitscope.world.landscape import clutter, distance, sky_things
from unitscope.world.palette import RGB, mix
from unitscope.world.stage import Stage, some, view


def _snowfield(c: Canvas) -> Stage:
    """Begin a scene of snow: sky, mountains by chance, and a slope or a plain."""
    stage = view(c, (1.8, 3.2), (0.38, 0.56))
    nature.sky(c)
    sky_things(c)
    if c.chance(0.75):
        tall = c.uniform(0.1, 0.36)
        nature.mountains(c, c.horizon + 0.06, tall, snowy=c.chance(0.8), count=some(c, 2, 4))
    nature.ground(c, "snow")
    distance(stage)
    return stage


def ski_slope(c: Canvas) -> None:
    """A slope of snow with skiers, a lift and firs."""
    stage = _snowfield(c)
    side = _piste(c)
    stage.trees(some(c, 1, 5), (10, 34), "snow", clear=0.2)
    if c.chance(0.6):
        low, high = c.uniform(0.5, 0.6), c.uniform(0.16, 0.3)
        foot, top = (-0.02, 1.02) if side < 0 else (1.02, -0.02)
        stage.call(11, lambda: leisure.ski_lift(c, ((foot, low), (top, high)), some(c, 3, 5)))
    for k in range(some(c, 1, 3)):
        x = stage.subject if k == 0 else c.uniform(0.1, 0.9)
        stage.add(people.person, x, stage.deep(5, 11), 1.8, skiing=True)
    stage.extras(
        (0.4, outside.flag, (8, 16), (3.0,)),
        (0.3, outside.signboard, (7, 13), (2.4,)),
        (0.3, built.house, (20, 40), (8, 3.6)),
        (0.3, nature.rock, (7, 14), (0.9,)),
        (0.15, fair.sled, (5, 9), ()),
        (0.12, fair.snowman, (6, 12), ()),
        (0.2, people.person, (6, 14), ()),
        (0.1, outside.bench, (7, 12), ()),
        (0.1, landmarks.ice_house, (14, 30), (3.4,)),
    )
    stage.draw()


def igloo(c: Canvas) -> None:
    """Houses of snow on a white plain, near or, by chance, far."""
    stage = _snowfield(c)
    if c.chance(0.3):
        _piste(c)
    near, far = (6, 12) if c.chance(0.85) else (18, 34)
    stage.add(landmarks.ice_house, stage.subject, stage.deep(near, far), c.uniform(3.2, 4.2))
    if c.chance(0.4):
        stage.add(landmarks.ice_house, c.uniform(0.05, 0.95), stage.deep(12, 30), 3.6)
    stage.trees(some(c, 0, 3), (14, 34), "snow")
    stage.extras(
        (0.5, people.person, (5, 12), ()),
        (0.4, fair.sled, (4.6, 10), ()),
        (0.4, people.dog, (5, 10), ()),
        (0.25, fair.snowman, (6, 12), ()),
        (0.2, leisure.tent, (9, 16), ()),
        (0.2, leisure.campfire, (5, 10), (0.8,)),
        (0.2, outside.flag, (9, 16), (4.0,)),
        (0.15, nature.rock, (7, 14), (0.9,)),
        (0.12, built.house, (24, 40), ()),
    )
    stage.draw()


def _piste(c: Canvas) -> int:
    """Paint a slanting slope of snow; return the side that it falls to."""
    side, snow, rise = c.pick((-1, 1)), c.tint(pal.SNOWS), c.uniform(0.12, 0.26)
    tilt = side * rise * 0.5
    edge: list[Point] = [
        (0, c.horizon + tilt),
        (0.5, c.horizon + 0.02),
        (1, c.horizon - tilt),
        (1, 1),
        (0, 1),
    ]
    shade = mix(snow, c.light.sky[0], 0.12)
    c.pen("snow", 20).poly(edge, snow, "snow", end=shade, grain=0.9, shade="fall")
    return side


def mountain(c: Canvas) -> None:
    """High peaks over a meadow, snow or a lake."""
    stage = view(c, horizon=(0.56, 0.7), look=-0.14)
    ground = c.pick(("grass", "grass", "snow", "earth"))
    nature.sky(c)
    sky_things(c)
    snowy = c.chance(0.65)
    nature.mountains(c, c.horizon + 0.02, c.uniform(0.4, 0.56), snowy=snowy, count=some(c, 2, 4))
    if c.chance(0.6):
        nature.mountains(c, c.horizon + 0.02, c.uniform(0.2, 0.3), snowy=False, count=some(c, 3, 5))
    color = nature.ground(c, ground)
    _lake_or_road(c, stage)
    nature.hills(c, c.horizon + 0.05, 0.08, mix(color, pal.FIRS[0], 0.3), nature.cover(c, ground)[1])
    stage.trees(some(c, 2, 6), (12, 30), ground, clear=0.1)
    for _ in range(some(c, 0, 3)):
        stage.add(nature.rock, c.uniform(0, 1), c.uniform(6, 16), c.uniform(0.6, 1.4))
    stage.extras(
        (0.3, built.house, (20, 30), (8, 3.6)),
        (0.15, churches.church, (26, 40), (10,)),
        (0.25, people.person, (7, 12), ()),
        (0.12, leisure.tent, (12, 18), ()),
        (0.06, leisure.campfire, (8, 11), (0.8,)),
    )
    if ground == "grass" and c.chance(0.4):
        stage.add(plants.flowers, c.uniform(0.2, 0.8), c.uniform(5, 7), 3.0)
    clutter(stage, "land", most=2)
    stage.draw()


def _lake_or_road(c: Canvas, stage: Stage) -> None:
    """Paint a lake, with a boat by chance, or a road, or neither."""
    if c.chance(0.35):
        nature.water(c, c.horizon + 0.02, c.uniform(c.horizon + 0.12, 0.95))
        if c.chance(0.4):
            stage.add(transport.boat, c.uniform(0.15, 0.85), c.uniform(11, 16), 4.0)
    elif c.chance(0.25):
        nature.path(c, "road", (c.uniform(0.2, 0.35), 0.01), (c.uniform(0.2, 0.8), c.uniform(0.3, 0.7)))


def desert_sand(c: Canvas) -> None:
    """Dunes or a stony plain with cacti."""
    stage = view(c, horizon=(0.4, 0.56))
    nature.sky(c)
    sky_things(c)
    if c.chance(0.4):
        nature.mountains(c, c.horizon + 0.02, c.uniform(0.1, 0.24), snowy=False)
    tones = (*pal.SANDS, *pal.SANDS, pal.EARTHS[1], pal.EARTHS[4], pal.SNOWS[2])
    color = nature.ground(c, "sand", c.tint(tones))
    for k in range(some(c, 1, 3)):
        _dune(c, k, color)
    if c.chance(0.15):
        nature.path(c, "road", (c.uniform(0.25, 0.4), 0.01), (c.uniform(0.2, 0.8), c.uniform(0.3, 0.7)))
    if c.chance(0.06):
        stage.add(leisure.campfire, c.uniform(0.2, 0.8), c.uniform(6, 8), 0.8)
    for _ in range(some(c, 0, 4)):
        stage.add(plants.cactus, c.uniform(0.05, 0.95), stage.deep(5.5, 22), c.uniform(1.6, 3.6))
    for _ in range(some(c, 0, 3)):
        stage.add(nature.rock, c.uniform(0, 1), c.uniform(5, 12), c.uniform(0.4, 1.1))
    stage.extras(
        (0.25, plants.palm_tree, (9, 14), (4.5,)),
        (0.2, people.person, (7, 12), ()),
        (0.2, vehicles.any_vehicle, (8, 14), ()),
        (0.12, leisure.tent, (10, 14), ()),
    )
    clutter(stage, "land", most=1)
    stage.draw()


def _dune(c: Canvas, rank: int, color: RGB) -> None:
    """Paint a dune; the higher its rank, the nearer it is."""
    level = c.horizon + 0.05 + 0.1 * rank
    edge = nature.ridge(c, level, c.uniform(0.07, 0.16))
    crest = mix(color, (1, 1, 1), 0.10 - 0.05 * rank)
    outline = [*edge, (1, level + 0.12), (0, level + 0.12)]
    c.pen("sand", 40 - 12 * rank).poly(outline, crest, "sand", end=color, shade="fall", grain=0.8)
