"""Scene classes that people built: street, highway, airfield, church."""

from __future__ import annotations

from unitscope.world import built, nature, outside, people, plants, vehicles
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Point, Spot
from unitscope.world.palette import rgb
from unitscope.world.stage import Stage, backdrop, small_plane, some, view


def _dashes(c: Canvas, x: float, width: float) -> None:
    """Paint a dashed line on the road at x metres."""
    pen, z = c.pen("road", 10), 2.4
    while z < 40:
        edge = ((x - width, z), (x - width, z * 1.25), (x + width, z * 1.25), (x + width, z))
        corners = [c.project(a, 0.0, b) for a, b in edge]
        pen.poly(corners, rgb("e6e3d6"), "asphalt", shade="flat", strength=0.4)
        z *= 1.6


def _road(c: Canvas, half: float) -> None:
    """Paint a straight road, `half` metres to either side of us."""
    edge = ((-half, 1.2), (-half, 90), (half, 90), (half, 1.2))
    corners = [c.project(x, 0.0, z) for x, z in edge]
    color = c.tint(pal.ASPHALTS)
    c.pen("road", 30).poly(corners, color, "asphalt", shade="flat", ground=True, strength=0.8)


def street(c: Canvas) -> None:
    """A street between rows of houses."""
    stage = view(c, eye=(1.7, 2.4), horizon=(0.42, 0.54))
    backdrop(c, "grass")
    small_plane(c, 0.1)
    nature.ground(c, "snow" if c.chance(0.15) else "sidewalk")
    half = c.uniform(2.6, 3.6)
    _road(c, half)
    _dashes(c, 0.0, 0.07)
    wall = half + c.uniform(1.5, 2.4)
    for side in (-1, 1):
        if c.chance(0.14):
            stage.trees(2, (9, 20), "grass", clear=0.25)
        else:
            _row_of_houses(c, stage, side, wall)
    for k in range(some(c, 1, 3)):
        lane = c.pick((-1, 1))
        spot = c.spot(lane * half * 0.55, c.uniform(5, 8) + 5 * k)
        stage.at(spot, vehicles.car_behind, oncoming=lane < 0)
    for probability, draw, args in (
        (0.7, outside.street_lamp, (5.0,)),
        (0.35, outside.traffic_light, (3.6,)),
        (0.7, people.person, ()),
        (0.5, people.person, ()),
        (0.3, plants.tree, (4.5,)),
        (0.15, outside.bench, ()),
        (0.15, people.dog, ()),
        (0.25, outside.signboard, (2.6,)),
    ):
        if c.chance(probability):
            stage.at(c.spot(c.pick((-1, 1)) * (half + 0.8), c.uniform(7, 15)), draw, *args)
    stage.draw()


def _row_of_houses(c: Canvas, stage: Stage, side: int, wall: float) -> None:
    """Line one side of the street with facades, `wall` metres from its middle."""
    z = c.uniform(1.6, 3.0)
    while z < 34:
        deep = c.uniform(5, 10)
        height, place = c.uniform(5.5, 13), (wall + c.uniform(0, 0.4), z, z + deep)
        stage.at(Spot(0, 0, 0, z + deep), _facade, side, place, height)
        z += deep * c.uniform(1.0, 1.12)


def _facade(c: Canvas, _: Spot, side: int, place: tuple[float, float, float], height: float) -> None:
    built.facade(c, side, place, height)


def highway(c: Canvas) -> None:
    """A wide road with lanes, guard rails, cars and trucks."""
    stage = view(c, eye=(2.6, 4.0), horizon=(0.36, 0.5))
    ground = c.pick(("grass", "grass", "earth", "sand", "snow"))
    backdrop(c, ground)
    nature.ground(c, ground)
    small_plane(c, 0.1)
    half = c.uniform(6.0, 7.5)
    if c.chance(0.12):
        stage.add(built.windmill, c.pick((0.12, 0.88)), c.uniform(30, 40), 12)
    _road(c, half)
    for x in (-half / 2, 0.0, half / 2):
        _dashes(c, x, 0.1)
    _guard_rails(c, half + 0.5)
    for k in range(some(c, 3, 6)):
        lane = c.pick((-0.75, -0.25, 0.25, 0.75))
        spot = c.spot(lane * half, 7.5 + 4.2 * k + c.uniform(0, 3))
        if c.chance(0.3):
            stage.at(spot, vehicles.truck_behind)
        else:
            stage.at(spot, vehicles.car_behind, oncoming=lane < 0)
    stage.trees(some(c, 0, 4), (16, 30), ground, clear=0.3)
    for probability, draw, height in (
        (0.6, outside.board, 5.5),
        (0.4, outside.street_lamp, 8.0),
        (0.3, plants.bush, 1.4),
        (0.15, nature.rock, 1.2),
    ):
        if c.chance(probability):
            stage.at(c.spot(c.pick((-1, 1)) * (half + 2.0), c.uniform(12, 22)), draw, height)
    if ground == "sand" and c.chance(0.5):
        stage.add(plants.cactus, c.pick((0.06, 0.94)), 13, 3.0)
    stage.draw()


def _guard_rails(c: Canvas, x: float) -> None:
    """Paint a rail on both sides of the road, x metres from its middle."""
    for side in (-1, 1):
        edge = ((0.4, 2.0), (0.4, 60.0), (0.85, 60.0), (0.85, 2.0))
        corners = [c.project(side * x, y, z) for y, z in edge]
        c.pen("fence", 12).poly(corners, pal.STEEL, "metal", "body", shade="fall")


def airfield(c: Canvas) -> None:
    """Airplanes by a runway."""
    stage = view(c, eye=(3.0, 5.0), horizon=(0.36, 0.5))
    ground = c.pick(("grass", "grass", "earth", "snow", "sand"))
    backdrop(c, ground)
    nature.ground(c, ground)
    _runway(c)
    stage.add(vehicles.airplane, c.uniform(0.38, 0.62), c.uniform(12, 14), c.uniform(9.5, 12.0))
    if c.chance(0.5):
        stage.add(vehicles.airplane, c.uniform(0.1, 0.9), c.uniform(24, 34), 13.0)
    if c.chance(0.25):
        spot = stage.spot(c.uniform(0.2, 0.8), 40)
        vehicles.airplane(c, spot._replace(y=c.horizon * c.uniform(0.4, 0.7)), 9.0, flying=True)
    stage.extras(
        (0.45, built.tower, (34, 44), (14,)),
        (0.3, built.building, (40, 50), (14, 7)),
        (0.25, outside.flag, (16, 26), (6.0,)),
        (0.25, vehicles.truck, (17, 24), ()),
        (0.3, people.person, (9, 13), ()),
        (0.2, vehicles.car, (10, 16), ()),
        (0.2, outside.signboard, (14, 20), (2.5,)),
        (0.2, outside.street_lamp, (18, 28), (7.0,)),
    )
    stage.trees(some(c, 0, 3), (34, 50), ground)
    stage.draw()


def _runway(c: Canvas) -> None:
    """Paint a runway that leads away, or one that crosses the picture."""
    color = c.tint(pal.ASPHALTS)
    if c.chance(0.5):
        widths: Point = (c.uniform(0.7, 1.1), 0.06)
        nature.path(c, "runway", widths, (c.uniform(0.3, 0.7), c.uniform(0.4, 0.6)), color)
        return
    top, pen = c.uniform(c.horizon + 0.1, c.horizon + 0.2), c.pen("runway", 20)
    pen.rect((0, top, 1, top + c.uniform(0.2, 0.32)), color, "asphalt", shade="flat", ground=True)
    for k in range(7):
        pen.rect((k / 7, top + 0.1, k / 7 + 0.08, top + 0.118), pal.WHITE, "asphalt", shade="flat")


def church_outdoor(c: Canvas) -> None:
    """A church behind a path, trees and a fence."""
    stage = view(c, horizon=(0.46, 0.58))
    ground = c.pick(("grass", "grass", "earth", "snow", "sidewalk"))
    backdrop(c, ground)
    nature.ground(c, ground)
    z, x = c.uniform(14, 18), c.uniform(0.34, 0.66)
    nature.path(c, "path", (c.uniform(0.3, 0.5), 0.02), (c.uniform(0.3, 0.7), x))
    tall = c.uniform(0.84, 0.96) * (c.project(0, 0, z)[1] - 0.03) * z / c.focus
    stage.add(built.church, x, z, tall)
    stage.trees(some(c, 1, 4), (9, 24), ground, clear=0.28)
    if c.chance(0.4):
        gate, depth = c.uniform(0.3, 0.42), c.uniform(7, 9)
        stage.call(depth, lambda: outside.fence(c, depth, 1.0, span=(0.0, gate)))
        stage.call(depth, lambda: outside.fence(c, depth, 1.0, span=(1 - gate, 1.0)))
    stage.extras(
        (0.4, plants.bush, (8, 12), (1.1,)),
        (0.35, people.person, (6, 11), ()),
        (0.2, outside.bench, (6, 9), ()),
        (0.25, outside.street_lamp, (8, 12), (4.0,)),
        (0.15, vehicles.car, (8, 10), ()),
        (0.1, built.windmill, (34, 44), (14,)),
    )
    if ground == "grass" and c.chance(0.35):
        stage.add(plants.flowers, c.uniform(0.1, 0.9), c.uniform(4.6, 6.5), 2.4)
    stage.draw()
