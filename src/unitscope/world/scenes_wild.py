"""Scene classes of open country: ski slope, mountain, desert, corn field."""

from __future__ import annotations

from unitscope.world import built, nature, outside, people, plants, vehicles
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Point, Spot
from unitscope.world.palette import RGB, mix, rgb
from unitscope.world.stage import Stage, backdrop, small_plane, some, view


def ski_slope(c: Canvas) -> None:
    """A slope of snow with skiers, a lift and firs."""
    stage = view(c, eye=(2.0, 3.2), horizon=(0.4, 0.56))
    nature.sky(c)
    nature.mountains(c, c.horizon + 0.06, c.uniform(0.18, 0.36), snowy=c.chance(0.8), count=some(c, 2, 4))
    nature.ground(c, "snow")
    side = _piste(c)
    stage.trees(some(c, 2, 5), (14, 30), "snow", clear=0.2)
    if c.chance(0.7):
        low, high = c.uniform(0.5, 0.6), c.uniform(0.16, 0.3)
        foot, top = (-0.02, 1.02) if side < 0 else (1.02, -0.02)
        stage.call(11, lambda: outside.ski_lift(c, ((foot, low), (top, high)), some(c, 3, 5)))
    for k in range(some(c, 1, 3)):
        stage.add(people.person, c.uniform(0.15, 0.85), c.uniform(5.5, 8) + 2.5 * k, 1.8, skiing=True)
    if c.chance(0.4):
        stage.add(outside.flag, c.uniform(0.1, 0.9), c.uniform(9, 14), 3.0)
    if c.chance(0.3):
        stage.add(outside.signboard, c.uniform(0.1, 0.9), c.uniform(8, 12), 2.4)
    if c.chance(0.3):
        stage.add(built.house, c.uniform(0.1, 0.9), c.uniform(24, 34), 8, 3.6)
    if c.chance(0.3):
        stage.add(nature.rock, c.uniform(0.05, 0.95), c.uniform(8, 14), 0.9)
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
    stage = view(c, horizon=(0.56, 0.7))
    ground = c.pick(("grass", "grass", "snow", "earth"))
    nature.sky(c)
    snowy = c.chance(0.65)
    nature.mountains(c, c.horizon + 0.02, c.uniform(0.4, 0.56), snowy=snowy, count=some(c, 2, 4))
    if c.chance(0.6):
        nature.mountains(c, c.horizon + 0.02, c.uniform(0.2, 0.3), snowy=False, count=some(c, 3, 5))
    color = nature.ground(c, ground)
    _lake_or_road(c, stage)
    nature.hills(c, c.horizon + 0.05, 0.08, mix(color, pal.FIRS[0], 0.3), nature.GROUNDS[ground][1])
    stage.trees(some(c, 2, 6), (12, 30), ground, clear=0.1)
    small_plane(c, 0.1)
    for _ in range(some(c, 0, 3)):
        stage.add(nature.rock, c.uniform(0, 1), c.uniform(6, 16), c.uniform(0.6, 1.4))
    stage.extras(
        (0.3, built.house, (20, 30), (8, 3.6)),
        (0.15, built.church, (26, 36), (10,)),
        (0.25, people.person, (7, 12), ()),
        (0.12, outside.tent, (12, 18), ()),
        (0.06, outside.campfire, (8, 11), (0.8,)),
    )
    if ground == "grass" and c.chance(0.4):
        stage.add(plants.flowers, c.uniform(0.2, 0.8), c.uniform(5, 7), 3.0)
    if c.chance(0.3):
        nature.birds(c, some(c, 1, 3))
    stage.draw()


def _lake_or_road(c: Canvas, stage: Stage) -> None:
    """Paint a lake, with a boat by chance, or a road, or neither."""
    if c.chance(0.35):
        nature.water(c, c.horizon + 0.02, c.uniform(c.horizon + 0.12, 0.95))
        if c.chance(0.4):
            stage.add(vehicles.boat, c.uniform(0.15, 0.85), c.uniform(11, 16), 4.0)
    elif c.chance(0.25):
        nature.path(c, "road", (c.uniform(0.2, 0.35), 0.01), (c.uniform(0.2, 0.8), c.uniform(0.3, 0.7)))


def desert_sand(c: Canvas) -> None:
    """Dunes or a stony plain with cacti."""
    stage = view(c, horizon=(0.4, 0.56))
    nature.sky(c)
    if c.chance(0.4):
        nature.mountains(c, c.horizon + 0.02, c.uniform(0.1, 0.24), snowy=False)
    small_plane(c, 0.06)
    tones = (*pal.SANDS, *pal.SANDS, pal.EARTHS[1], pal.EARTHS[4], pal.SNOWS[2])
    color = nature.ground(c, "sand", c.tint(tones))
    for k in range(some(c, 1, 3)):
        _dune(c, k, color)
    if c.chance(0.15):
        nature.path(c, "road", (c.uniform(0.25, 0.4), 0.01), (c.uniform(0.2, 0.8), c.uniform(0.3, 0.7)))
    if c.chance(0.06):
        stage.add(outside.campfire, c.uniform(0.2, 0.8), c.uniform(6, 8), 0.8)
    for _ in range(some(c, 2, 4)):
        stage.add(plants.cactus, c.uniform(0.05, 0.95), c.uniform(5.5, 13), c.uniform(2.0, 3.6))
    for _ in range(some(c, 0, 3)):
        stage.add(nature.rock, c.uniform(0, 1), c.uniform(5, 12), c.uniform(0.4, 1.1))
    stage.extras(
        (0.25, plants.palm_tree, (9, 14), (4.5,)),
        (0.2, people.person, (7, 12), ()),
        (0.15, vehicles.car, (8, 12), ()),
        (0.12, outside.tent, (10, 14), ()),
    )
    if c.chance(0.2):
        nature.birds(c, 2)
    stage.draw()


def _dune(c: Canvas, rank: int, color: RGB) -> None:
    """Paint a dune; the higher its rank, the nearer it is."""
    level = c.horizon + 0.05 + 0.1 * rank
    edge = nature.ridge(c, level, c.uniform(0.07, 0.16))
    crest = mix(color, (1, 1, 1), 0.10 - 0.05 * rank)
    outline = [*edge, (1, level + 0.12), (0, level + 0.12)]
    c.pen("sand", 40 - 12 * rank).poly(outline, crest, "sand", end=color, shade="fall", grain=0.8)


def corn_field(c: Canvas) -> None:
    """Rows of corn under the sky."""
    stage = view(c, eye=(1.9, 2.6), horizon=(0.36, 0.5))
    ground = c.pick(("grass", "earth", "earth", "sand"))
    backdrop(c, ground)
    nature.ground(c, ground)
    dry = (rgb("b8b04f"), rgb("c9a95a"), rgb("a88f4f"))
    leaf, spacing = c.tint((*pal.GREENS, pal.MEADOWS[0], *dry), 0.08), c.uniform(0.9, 1.2)
    for z in (18, 12.5, 9.2, 7.2, 5.6, 4.4):
        reach = int(z * 0.6 / spacing) + 1
        for k in range(-reach, reach + 1):
            x = (k + 0.5) * spacing + c.uniform(-0.12, 0.12)
            spot = c.spot(x, z + c.uniform(-0.25, 0.25))
            if -0.1 < spot.x < 1.1:
                stage.at(spot, _stalk, leaf)
    stage.extras(
        (0.35, built.house, (24, 34), (9, 4)),
        (0.25, built.windmill, (26, 38), (14,)),
        (0.1, built.church, (30, 38), (12,)),
        (0.3, plants.tree, (22, 30), (6.0,)),
        (0.2, people.person, (7, 10), ()),
        (0.15, vehicles.truck, (16, 20), ()),
    )
    if c.chance(0.25):
        stage.call(3.9, lambda: outside.fence(c, 3.9, 1.0))
    if c.chance(0.25):
        nature.birds(c, some(c, 1, 3))
    stage.draw()


def _stalk(c: Canvas, spot: Spot, leaf: RGB) -> None:
    plants.corn(c, spot, c.uniform(1.2, 1.6), leaf)
