"""Roads that lead away from us: their surface, lines, rails and traffic."""

from __future__ import annotations

from unitscope.world import nature, vehicles
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas
from unitscope.world.palette import rgb
from unitscope.world.stage import Stage


def road(c: Canvas, half: float) -> None:
    """Paint a straight road, `half` metres to either side of us."""
    edge = ((-half, 1.2), (-half, 90), (half, 90), (half, 1.2))
    corners = [c.project(x, 0.0, z) for x, z in edge]
    color, material = nature.cover(c, "road")
    c.pen("road", 30).poly(corners, color, material, shade="flat", ground=True, strength=0.8)
    if c.light.weather == "rain":
        c.mirror("road", c.horizon + 0.02, 0.4)


def dashes(c: Canvas, x: float, width: float) -> None:
    """Paint a dashed line on the road at x metres."""
    pen, z = c.pen("road", 10), 2.4
    paint = c.tint((rgb("e6e3d6"), rgb("e6e3d6"), rgb("e3c25a")))
    while z < 40:
        edge = ((x - width, z), (x - width, z * 1.25), (x + width, z * 1.25), (x + width, z))
        corners = [c.project(a, 0.0, b) for a, b in edge]
        pen.poly(corners, paint, "asphalt", shade="flat", strength=0.4)
        z *= 1.6


def crossing(c: Canvas, half: float, z: float) -> None:
    """Paint the stripes of a crosswalk over a road, at `z` metres."""
    pen, step, deep = c.pen("road", 10), c.uniform(0.8, 1.1), z * c.uniform(0.25, 0.5)
    paint = c.tint((rgb("efece2"), rgb("efece2"), rgb("e3c25a")))
    x = -half + 0.2
    while x < half - 0.3:
        edge = ((x, z), (x, z + deep), (x + step * 0.5, z + deep), (x + step * 0.5, z))
        pen.poly([c.project(a, 0.0, b) for a, b in edge], paint, "asphalt", shade="flat", strength=0.5)
        x += step


def traffic(c: Canvas, stage: Stage, half: float, count: int, *, first: float = 5.0) -> None:
    """Place vehicles on both lanes, from `first` metres on; those on the left come towards us."""
    for k in range(count):
        lane, kind = c.pick((-1, 1)), c.rng.random()
        spot = c.spot(lane * half * 0.55, first * c.uniform(1, 1.6) + 5 * k)
        if kind < 0.6:
            stage.at(spot, vehicles.car_behind, oncoming=lane < 0)
        elif kind < 0.78:
            stage.at(spot, vehicles.car_behind, oncoming=lane < 0, name="van")
        elif kind < 0.9:
            stage.at(spot, vehicles.bus_behind, oncoming=lane < 0)
        else:
            stage.at(spot, vehicles.truck_behind)


def guard_rails(c: Canvas, x: float) -> None:
    """Paint a rail on both sides of the road, x metres from its middle."""
    material, color = c.pick((("metal", pal.STEEL), ("concrete", pal.CONCRETES[1]), ("wood", pal.WOODS[3])))
    for side in (-1, 1):
        edge = ((0.4, 2.0), (0.4, 60.0), (0.85, 60.0), (0.85, 2.0))
        corners = [c.project(side * x, y, z) for y, z in edge]
        c.pen("fence", 12).poly(corners, color, material, "rail", shade="fall")
