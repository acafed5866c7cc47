"""Scene classes of sport and fairs: baseball field, soccer field, amusement park."""

from __future__ import annotations

from itertools import pairwise

from unitscope.world import fair, leisure, nature, outside, people, plants, roadside, transport
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Point
from unitscope.world.landscape import clutter, opening
from unitscope.world.palette import rgb
from unitscope.world.stage import Stage, some

_FIELDS = ("grass", "grass", "grass", "earth", "sand")


def _around(c: Canvas, stage: Stage, ground: str) -> None:
    """Place what surrounds any playing field."""
    stage.trees(some(c, 0, 4), (30, 50), ground)
    if c.chance(0.6):
        stage.add(fair.bleachers, c.uniform(0.15, 0.85), stage.deep(26, 40), c.uniform(12, 20))
    if c.chance(0.4):
        stage.call(28, lambda: outside.fence(c, 28.0, 1.6))
    stage.extras(
        (0.35, outside.street_lamp, (26, 36), (11.0,)),
        (0.2, roadside.billboard, (30, 40), (5.0,)),
        (0.2, outside.flag, (26, 36), (7.0,)),
        (0.2, outside.bench, (8, 18), ()),
    )


def _players(c: Canvas, stage: Stage) -> None:
    for _ in range(some(c, 1, 5)):
        stage.add(people.person, c.uniform(0.05, 0.95), stage.deep(6, 20))
    if c.chance(0.6):
        stage.add(fair.ball, c.uniform(0.1, 0.9), stage.deep(4.5, 9))


def _line(c: Canvas, ends: tuple[Point, Point], width: float, ground: str) -> None:
    """Paint a chalk line on the ground between two places (x, z in metres)."""
    (xa, za), (xb, zb) = ends
    dx, dz = xb - xa, zb - za
    length = (dx * dx + dz * dz) ** 0.5
    nx, nz = -dz / length * width, dx / length * width
    corners = ((xa - nx, za - nz), (xb - nx, zb - nz), (xb + nx, zb + nz), (xa + nx, za + nz))
    points = [c.project(x, 0.0, max(z, 1.3)) for x, z in corners]
    c.pen(ground, 12).poly(points, rgb("efeee6"), "grass", shade="flat", strength=0.4)


def baseball_field(c: Canvas) -> None:
    """A diamond of clay in the grass, with chalk lines, bases and players."""
    stage, ground = opening(c, _FIELDS, eye=(2.0, 4.4), horizon=(0.32, 0.48))
    clay = c.tint((*pal.CLAYS, *pal.EARTHS[3:5]))
    near, x, reach = c.uniform(3.0, 5.0), c.uniform(-0.8, 0.8), c.uniform(5.0, 7.5)
    diamond = ((x, near), (x + reach, near + reach), (x, near + 2 * reach), (x - reach, near + reach))
    outer = [(x + (a - x) * 1.22, near + reach + (z - near - reach) * 1.22) for a, z in diamond]
    see = [c.project(a, 0.0, max(z, 1.3)) for a, z in outer]
    c.pen("earth", 14).poly(see, clay, "clay", shade="flat", ground=True)
    inner = [c.project(x + (a - x) * 0.74, 0.0, near + reach + (z - near - reach) * 0.74) for a, z in diamond]
    color, material = nature.cover(c, "grass")
    c.pen("grass", 14).poly(inner, color, material, shade="flat", ground=True)
    home = c.project(x, 0.0, near)
    c.pen("earth", 8).ellipse((*home, 0.16, 0.04), clay, "clay", shade="flat")
    for side in (-1, 1):
        _line(c, ((x, near), (x + side * reach * 2.4, near + reach * 2.4)), 0.07, ground)
    for a, z in diamond:
        spot = c.project(a, 0.0, z)
        size = 0.28 * c.focus / z
        c.pen("earth", z).rect(
            (spot[0] - size, spot[1] - size * 0.4, spot[0] + size, spot[1]), pal.WHITE, "rubber", "base"
        )
    _around(c, stage, ground)
    _players(c, stage)
    clutter(stage, "land", (9, 26), most=1)
    stage.draw()


def soccer_field(c: Canvas) -> None:
    """A goal and chalk lines on grass, with players and a ball."""
    stage, ground = opening(c, (*_FIELDS, "snow"), eye=(1.8, 3.6), horizon=(0.34, 0.5))
    z = stage.deep(8, 16)
    x = (stage.subject - c.center) * z / c.focus
    stage.add(fair.goal, stage.subject, z, c.uniform(5.0, 6.5))
    _line(c, ((-30.0, z), (30.0, z)), 0.09, ground)
    near = z * c.uniform(0.55, 0.75)
    for side in (-1, 1):
        _line(c, ((x + side * 5.4, z), (x + side * 5.4, near)), 0.08, ground)
    _line(c, ((x - 5.4, near), (x + 5.4, near)), 0.08, ground)
    _around(c, stage, ground)
    _players(c, stage)
    clutter(stage, "land", (9, 26), most=1)
    stage.draw()


def amusement_park(c: Canvas) -> None:
    """Rides: a Ferris wheel, a carousel, a track of rails in the air; stalls and people."""
    stage, ground = opening(
        c, ("sidewalk", "sidewalk", "grass", "earth", "road"), horizon=(0.44, 0.58), look=-0.06
    )
    kind = c.rng.random()
    if kind < 0.7:
        stage.add(fair.ferris_wheel, stage.subject, stage.deep(22, 38), 20.0)
    if kind > 0.4:
        stage.add(fair.carousel, stage.subject + c.uniform(-0.25, 0.25), stage.deep(9, 15), c.uniform(6, 8))
    if c.chance(0.4):
        stage.call(34, lambda: _coaster(c))
    for _ in range(some(c, 0, 2)):
        stage.add(fair.market_stall, c.uniform(0.02, 0.98), stage.deep(9, 18))
    for _ in range(some(c, 1, 4)):
        stage.add(people.person, c.uniform(0.04, 0.96), stage.deep(6, 15))
    stage.trees(some(c, 0, 3), (14, 34), ground)
    if c.chance(0.4):
        level = c.horizon * c.uniform(0.3, 0.7)
        stage.call(6, lambda: fair.bunting(c, ((0.0, level), (1.0, level + c.uniform(-0.15, 0.15)))))
    stage.extras(
        (0.3, outside.street_lamp, (8, 16), (4.0,)),
        (0.2, transport.balloon, (24, 34), (8.0,)),
        (0.2, leisure.umbrella, (8, 14), ()),
        (0.15, plants.palm_tree, (12, 20), (5.0,)),
    )
    clutter(stage, "town", most=2)
    stage.draw()


def _coaster(c: Canvas) -> None:
    """Paint the track of a roller coaster on its posts, with a train of cars."""
    pen, paint = c.pen("railroad track", 34), c.tint((*pal.BRIGHTS, pal.WHITE))
    edge = nature.ridge(c, c.horizon - 0.02, c.uniform(0.2, 0.36), 14)
    for x, y in edge:
        pen.line(((x, c.horizon + 0.03), (x, y)), 0.007, paint, "metal", "column")
    for start, stop in pairwise(edge):
        pen.line((start, stop), 0.014, paint, "metal", "rail")
    k, cars = int(c.uniform(2, 11)), c.pen("train", 34)
    for x, y in edge[k : k + 2]:
        cars.rect((x - 0.025, y - 0.04, x + 0.025, y - 0.005), c.tint(pal.BRIGHTS), "plastic", "body")
