"""Scene classes of towns: street, crosswalk, church, village, market, building site."""

from __future__ import annotations

from unitscope.world import (
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
from unitscope.world.landscape import backdrop, clutter, opening, sky_things
from unitscope.world.palette import dim
from unitscope.world.roads import crossing, dashes, road, traffic
from unitscope.world.stage import Stage, some, view

GROUNDS = ("sidewalk", "sidewalk", "sidewalk", "earth", "grass", "snow")
"""The grounds of every class here."""


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


def _roadsides(c: Canvas, stage: Stage, half: float) -> None:
    """Line both sides of a road with houses, trees or nothing, and put small things on the pavements."""
    wall = half + c.uniform(1.5, 2.4)
    for side in (-1, 1):
        if c.chance(0.2):
            stage.trees(2, (9, 20), "grass", clear=0.25)
        else:
            _row_of_houses(c, stage, side, wall)
    if c.chance(0.25):
        stage.add(churches.church, c.center + c.uniform(-0.06, 0.06), c.uniform(50, 100), 16.0)
    for probability, draw, args in (
        (0.7, outside.street_lamp, (5.0,)),
        (0.35, outside.traffic_light, (3.6,)),
        (0.7, people.person, ()),
        (0.5, people.person, ()),
        (0.3, plants.tree, (4.5,)),
        (0.2, roadside.trash_can, ()),
        (0.15, roadside.fire_hydrant, ()),
        (0.15, roadside.mailbox, ()),
        (0.15, vehicles.bicycle, ()),
        (0.15, roadside.bus_shelter, ()),
        (0.25, outside.signboard, (2.6,)),
    ):
        if c.chance(probability):
            stage.at(c.spot(c.pick((-1, 1)) * (half + 0.8), stage.deep(6, 16)), draw, *args)


def street(c: Canvas) -> None:
    """A street between rows of houses."""
    stage, _ = opening(c, GROUNDS, eye=(1.7, 2.4), horizon=(0.42, 0.54))
    half = c.uniform(2.4, 3.6)
    road(c, half)
    dashes(c, 0.0, 0.07)
    _roadsides(c, stage, half)
    traffic(c, stage, half, some(c, 1, 3))
    if c.chance(0.12):
        stage.call(30, lambda: crossing(c, half, c.uniform(14, 18)))
    stage.draw()


def crosswalk(c: Canvas) -> None:
    """White stripes over a road, with people who cross and cars that wait."""
    stage, _ = opening(c, GROUNDS, eye=(1.8, 2.8), horizon=(0.34, 0.5))
    half = c.uniform(2.8, 4.2)
    road(c, half)
    if c.chance(0.6):
        dashes(c, 0.0, 0.07)
    z = stage.deep(3.6, 7)
    crossing(c, half, z)
    if c.chance(0.75):
        _roadsides(c, stage, half)
    else:
        stage.trees(some(c, 1, 4), (12, 28), "grass")
    for _ in range(some(c, 0, 3)):
        stage.at(c.spot(c.uniform(-0.8, 0.8) * half, z * c.uniform(1.0, 1.25)), people.person)
    traffic(c, stage, half, some(c, 0, 2), first=z * 1.6)
    clutter(stage, "town", (9, 24), most=1)
    stage.draw()


def church_outdoor(c: Canvas) -> None:
    """A church that is near, with trees, people and what stands around it."""
    stage = view(c, (1.6, 2.2), (0.5, 0.6), look=0.06)
    ground = c.pick(("grass", "grass", "earth", "snow", "sidewalk", "grass", "grass"))
    backdrop(c, ground)
    if c.chance(0.6):
        nature.clouds(c, some(c, 1, 3))
    nature.ground(c, ground)
    sky_things(c)
    x, foot = stage.subject, c.uniform(0.72, 0.92)
    if c.chance(0.7):
        nature.path(c, "path", (c.uniform(0.25, 0.6), 0.05), (c.uniform(0.1, 0.9), c.uniform(0.2, 0.8)))
    near = c.spot_at(x, foot)
    stage.call(near.depth, lambda: churches.near_church(c, near, c.uniform(0.62, 0.8)))
    _church_trees(c, stage, near.depth, ground)
    if c.chance(0.35):
        for _ in range(some(c, 1, 2)):
            spot = c.spot_at(c.uniform(0.06, 0.94), c.uniform(foot + 0.04, 1.0))
            tall = c.uniform(0.24, 0.4) / spot.metre
            stage.at(spot, people.person, tall)
    if c.chance(0.12):
        stage.call(
            near.depth * 0.9, lambda: outside.fence(c, near.depth * 0.9, 0.9, span=(0.0, c.uniform(0.2, 0.4)))
        )
    _churchyard(c, stage, near.depth)
    stage.draw()


def _churchyard(c: Canvas, stage: Stage, depth: float) -> None:
    """Place by chance what stands before a church, `depth` metres away."""
    for probability, draw, args in (
        (0.2, plants.bush, (0.9,)),
        (0.06, outside.bench, ()),
        (0.08, outside.street_lamp, (3.6,)),
        (0.03, vehicles.any_vehicle, ()),
        (0.06, landmarks.gravestone, ()),
        (0.04, landmarks.statue, (1.8,)),
        (0.1, plants.flowers, (1.6,)),
    ):
        if c.chance(probability):
            stage.add(draw, c.uniform(0.05, 0.95), depth * c.uniform(0.62, 0.95), *args)


def _church_trees(c: Canvas, stage: Stage, depth: float, ground: str) -> None:
    """Place trees of every size behind the church, beside it and in front of it."""
    kinds = {"snow": ("snowy", "bare", "fir")}.get(ground, ("leafy", "leafy", "autumn", "fir"))
    for _ in range(some(c, 0, 4)):
        z = depth * c.uniform(0.65, 1.9)
        spot = stage.spot(c.uniform(-0.02, 1.02), z)
        stage.at(
            spot, plants.tree, c.uniform(0.3, 0.75) / spot.metre * min(1.0, depth / z + 0.3), c.pick(kinds)
        )


def village(c: Canvas) -> None:
    """Houses on their own around a lane, with a church or a barn by chance."""
    stage, ground = opening(c, ("grass", "grass", "earth", "snow", "sand", "sidewalk"))
    if c.chance(0.7):
        name = c.pick(("path", "road", "path"))
        nature.path(c, name, (c.uniform(0.25, 0.55), 0.03), (c.uniform(0.2, 0.8), c.uniform(0.35, 0.65)))
    for k in range(some(c, 3, 6)):
        x = stage.subject + c.uniform(-0.1, 0.1) if k == 0 else c.uniform(0.0, 1.0)
        stage.add(built.house, x, stage.deep(13, 20 if k == 0 else 36), c.uniform(6, 9), c.uniform(3, 4))
    stage.trees(some(c, 1, 4), (9, 32), ground)
    stage.extras(
        (0.4, churches.church, (26, 60), (13.0,)),
        (0.2, farmyard.barn, (18, 34), ()),
        (0.45, people.person, (7, 16), ()),
        (0.3, vehicles.any_vehicle, (9, 18), ()),
        (0.2, landmarks.fountain, (9, 16), (3.0,)),
        (0.2, outside.street_lamp, (8, 16), (4.0,)),
        (0.2, landmarks.power_line, (14, 26), (8.0,)),
    )
    if c.chance(0.3):
        z = c.uniform(8, 12)
        stage.call(z, lambda: outside.fence(c, z, 1.0, span=(0.0, c.uniform(0.3, 0.7))))
    clutter(stage, "land", most=2)
    stage.draw()


def market_outdoor(c: Canvas) -> None:
    """Stalls with goods, and people, on a square."""
    stage, _ = opening(c, GROUNDS)
    if c.chance(0.75):
        x = -0.1
        while x < 1.0:
            spot = stage.spot(x + 0.12, 26)
            stage.at(
                spot, c.pick((built.building, built.house, built.shop)), c.uniform(7, 10), c.uniform(4, 10)
            )
            x += c.uniform(0.2, 0.36)
    for k in range(some(c, 2, 5)):
        x = stage.subject if k == 0 else c.uniform(0.0, 1.0)
        stage.add(fair.market_stall, x, stage.deep(6, 16), c.uniform(2.4, 3.6))
    for _ in range(some(c, 1, 4)):
        stage.add(people.person, c.uniform(0.04, 0.96), stage.deep(5, 13))
    stage.extras(
        (0.5, fair.goods, (5, 9), ()),
        (0.3, roadside.barrel, (5, 9), ()),
        (0.3, leisure.umbrella, (7, 14), ()),
        (0.15, churches.church, (40, 70), (16.0,)),
        (0.2, people.dog, (5, 9), ()),
        (0.2, landmarks.fountain, (12, 18), ()),
    )
    if c.chance(0.2):
        level = c.horizon * c.uniform(0.3, 0.6)
        stage.call(5, lambda: fair.bunting(c, ((0.0, level), (1.0, level + c.uniform(-0.1, 0.1)))))
    clutter(stage, "town", most=2)
    stage.draw()


def construction_site(c: Canvas) -> None:
    """A building that is being built: scaffolds, cranes, excavators, heaps and barriers."""
    stage, ground = opening(c, ("earth", "earth", "sand", "sidewalk", "grass", "snow"))
    z = stage.deep(13, 22)
    if c.chance(0.85):
        spot = stage.spot(stage.subject + c.uniform(-0.1, 0.1), z)
        stage.at(spot, _shell, c.uniform(9, 14), some(c, 2, 4))
    if c.chance(0.65):
        stage.add(landmarks.crane, c.uniform(0.1, 0.9), stage.deep(20, 50), 20.0)
    if c.chance(0.65):
        stage.add(transport.excavator, c.uniform(0.1, 0.9), stage.deep(8, 18))
    for _ in range(some(c, 1, 3)):
        stage.add(
            c.pick((roadside.barrier, roadside.traffic_cone, fair.goods)),
            c.uniform(0.04, 0.96),
            stage.deep(4.6, 10),
        )
    stage.extras(
        (0.45, _heap_of_earth, (7, 14), ()),
        (0.5, people.person, (6, 14), ()),
        (0.35, vehicles.truck, (10, 18), ()),
        (0.25, farmyard.log, (5, 10), ()),
        (0.2, outside.signboard, (6, 11), ()),
    )
    if c.chance(0.3):
        stage.call(9, lambda: outside.fence(c, 9.0, 1.4, span=(0.0, c.uniform(0.3, 0.7))))
    stage.trees(some(c, 0, 2), (20, 40), ground)
    clutter(stage, "town", most=2)
    stage.draw()


def _shell(c: Canvas, spot: Spot, width: float, floors: int) -> None:
    """Paint the bare floors and columns of a building, with a scaffold beside or before it."""
    pen, tone = c.pen("building", spot.depth), c.tint((*pal.CONCRETES, *pal.FACADES[:3]))
    m, story = spot.metre, 3.0 * spot.metre
    left, right = spot.x - width * m / 2, spot.x + width * m / 2
    pen.rect((left, spot.y - floors * story, right, spot.y), dim(tone, 0.4), "concrete", "facade")
    for floor in range(floors + 1):
        y = spot.y - floor * story
        pen.rect((left - 0.2 * m, y - 0.3 * m, right + 0.2 * m, y), tone, "concrete", "deck")
    for k in range(5):
        x = left + (right - left) * k / 4
        pen.rect(
            (x - 0.2 * m, spot.y - floors * story, x + 0.2 * m, spot.y), dim(tone, 0.9), "concrete", "column"
        )
    if c.chance(0.5):
        box = (
            left,
            spot.y - story * c.uniform(0.6, 1.0),
            left + (right - left) * c.uniform(0.3, 0.6),
            spot.y,
        )
        pen.rect(box, c.tint(pal.FACADES[:2]), "brick", "facade", grain=0.5)
    if c.chance(0.6):
        landmarks.scaffold(c, spot._replace(x=spot.x + c.uniform(-0.3, 0.3) * width * m), width * 0.5, floors)


def _heap_of_earth(c: Canvas, spot: Spot) -> None:
    """Paint a heap of earth, sand or gravel."""
    name = c.pick(("earth", "sand"))
    color, material = nature.cover(c, name)
    half, tall = 2.2 * spot.metre, c.uniform(0.8, 1.6) * spot.metre
    c.shadow(spot.x, spot.y, half * 1.1, tall * 0.2)
    edge = ((-1, 0), (-0.6, 0.45), (-0.15, 0.95), (0.1, 1.0), (0.55, 0.5), (1, 0))
    outline = [(spot.x + a * half, spot.y - b * tall) for a, b in edge]
    c.pen(name, spot.depth).poly(outline, dim(color, 0.9), material, shade="ball", grain=0.6)
