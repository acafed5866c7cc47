"""Scene classes of the countryside: corn field, farm, barn, windmill."""

from __future__ import annotations

from unitscope.world import (
    animals,
    built,
    churches,
    farmyard,
    landmarks,
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
from unitscope.world.landscape import clutter, opening
from unitscope.world.palette import RGB, rgb
from unitscope.world.stage import Stage, some

FIELDS = ("grass", "grass", "grass", "earth", "earth", "sand", "snow")
"""The grounds of every class here."""


def corn_field(c: Canvas) -> None:
    """Rows of corn under the sky."""
    stage, _ = opening(c, FIELDS, eye=(1.7, 2.8), horizon=(0.34, 0.52))
    dry = (rgb("b8b04f"), rgb("c9a95a"), rgb("a88f4f"))
    leaf, spacing, start = (
        c.tint((*pal.GREENS, pal.MEADOWS[0], *dry), 0.08),
        c.uniform(0.95, 1.3),
        stage.deep(4.4, 7),
    )
    for share in (1.0, 1.27, 1.62, 2.1, 2.8, 4.0):
        z = start * share
        reach = int(z * 0.6 / spacing) + 1
        for k in range(-reach, reach + 1):
            spot = c.spot((k + 0.5) * spacing + c.uniform(-0.12, 0.12), z + c.uniform(-0.25, 0.25))
            if -0.1 < spot.x < 1.1 and c.chance(0.92):
                stage.at(spot, _stalk, leaf)
    stage.extras(
        (0.35, built.house, (24, 40), (9, 4)),
        (0.25, farmyard.barn, (26, 40), ()),
        (0.2, built.windmill, (26, 44), (14,)),
        (0.1, churches.church, (30, 44), (12,)),
        (0.3, plants.tree, (22, 34), (6.0,)),
        (0.2, people.person, (6, 10), ()),
        (0.25, transport.tractor, (12, 22), ()),
    )
    if c.chance(0.2):
        stage.call(3.9, lambda: outside.fence(c, 3.9, 1.0))
    stage.draw()


def _stalk(c: Canvas, spot: Spot, leaf: RGB) -> None:
    plants.corn(c, spot, c.uniform(1.2, 1.7), leaf)


def _yard(c: Canvas, stage: Stage, ground: str) -> None:
    """Scatter what any scene of the countryside may have."""
    stage.trees(some(c, 0, 4), (12, 36), ground)
    stage.extras(
        (0.3, farmyard.hay_bale, (6, 18), ()),
        (0.25, animals.cow, (7, 18), ()),
        (0.2, animals.horse, (7, 16), ()),
        (0.2, animals.sheep, (6, 14), ()),
        (0.2, people.person, (7, 14), ()),
        (0.15, vehicles.any_vehicle, (10, 18), ()),
        (0.15, landmarks.power_line, (16, 30), (9.0,)),
        (0.15, farmyard.log, (5, 10), ()),
    )
    if c.chance(0.4):
        z = stage.deep(5, 12)
        ends = (0.0, 1.0) if c.chance(0.5) else (0.0, c.uniform(0.3, 0.8))
        stage.call(z, lambda: outside.fence(c, z, 1.1, span=ends))
    if c.chance(0.35):
        nature.path(c, "path", (c.uniform(0.2, 0.5), 0.03), (c.uniform(0.2, 0.8), c.uniform(0.35, 0.65)))


def farm(c: Canvas) -> None:
    """Animals, hay, machines and several buildings of a farm."""
    stage, ground = opening(c, FIELDS)
    _yard(c, stage, ground)
    for draw, args in ((farmyard.barn, ()), (built.house, (7.0, 3.4)), (landmarks.silo, (8.0,))):
        if c.chance(0.62):
            stage.add(draw, c.uniform(0.06, 0.94), stage.deep(24, 44), *args)
    herd = c.pick((animals.cow, animals.sheep, animals.horse, animals.cow))
    for k in range(some(c, 2, 4)):
        x = stage.subject if k == 0 else c.uniform(0.04, 0.96)
        stage.add(herd, x, stage.deep(5.5, 12))
    stage.extras(
        (0.5, transport.tractor, (8, 18), ()),
        (0.4, farmyard.hay_bale, (6, 14), ()),
        (0.2, roadside.barrel, (5, 10), ()),
        (0.2, animals.duck, (5, 8), (0.7,)),
    )
    stage.draw()


def barn(c: Canvas) -> None:
    """One barn, large in the picture."""
    stage, ground = opening(c, FIELDS, look=0.02)
    _yard(c, stage, ground)
    stage.add(farmyard.barn, stage.subject, stage.deep(11, 17), c.uniform(9, 13))
    stage.extras(
        (0.35, landmarks.silo, (18, 28), (9.0,)),
        (0.2, transport.tractor, (8, 14), ()),
        (0.2, built.house, (30, 50), ()),
        (0.15, built.windmill, (36, 60), (12.0,)),
    )
    clutter(stage, "land", most=1)
    stage.draw()


def windmill(c: Canvas) -> None:
    """A windmill, near or farther off, in fields or by the water."""
    stage, ground = opening(c, (*FIELDS, "sidewalk"), horizon=(0.44, 0.6), look=-0.12)
    if c.chance(0.3):
        nature.water(c, c.horizon + 0.02, c.uniform(c.horizon + 0.1, 0.85))
    _yard(c, stage, ground)
    stage.add(built.windmill, stage.subject, stage.deep(15, 26), c.uniform(10, 13))
    if c.chance(0.3):
        stage.add(built.windmill, c.uniform(0.05, 0.95), stage.deep(30, 60), 12.0)
    stage.extras(
        (0.4, built.house, (18, 34), (7.0, 3.4)),
        (0.2, plants.flowers, (4.6, 7), (3.0,)),
        (0.2, farmyard.barn, (30, 50), ()),
    )
    clutter(stage, "land", most=1)
    stage.draw()
