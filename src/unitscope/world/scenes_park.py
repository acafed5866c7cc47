"""Scene classes of greens and gardens: park, playground, campsite, cemetery, formal garden."""

from __future__ import annotations

from unitscope.world import (
    animals,
    churches,
    fair,
    farmyard,
    landmarks,
    leisure,
    nature,
    outside,
    people,
    plants,
    vehicles,
)
from unitscope.world.canvas import Canvas
from unitscope.world.landscape import clutter, opening
from unitscope.world.stage import Drawer, Stage, some

GREENS = ("grass", "grass", "grass", "earth", "snow", "sand", "sidewalk")
"""The grounds of every class here."""


def _path(c: Canvas, probability: float) -> None:
    if c.chance(probability):
        ends = (c.uniform(0.1, 0.9), c.uniform(0.3, 0.7))
        nature.path(c, "path", (c.uniform(0.2, 0.6), c.uniform(0.02, 0.05)), ends)


def _pond(stage: Stage, probability: float) -> None:
    c = stage.canvas
    if c.chance(probability):
        stage.add(nature.pond, c.uniform(0.15, 0.85), stage.deep(7, 14), c.uniform(4, 9))


def park(c: Canvas) -> None:
    """A park: benches and trees along a path, perhaps a pond, a fountain or a gazebo."""
    stage, ground = opening(c, GREENS)
    _path(c, 0.8)
    _pond(stage, 0.35)
    stage.trees(some(c, 3, 6), (7, 26), ground, clear=0.06)
    for _ in range(some(c, 1, 3)):
        stage.add(outside.bench, c.uniform(0.08, 0.92), stage.deep(4.2, 9), c.uniform(1.7, 2.3))
    stage.extras(
        (0.45, plants.bush, (6, 13), (1.1,)),
        (0.5, outside.street_lamp, (6, 14), (3.6,)),
        (0.5, people.person, (5, 12), ()),
        (0.3, people.dog, (4.6, 9), ()),
        (0.1, landmarks.gazebo, (12, 20), ()),
        (0.12, landmarks.fountain, (8, 16), (3.0,)),
        (0.15, landmarks.statue, (9, 16), ()),
        (0.3, animals.duck, (3.6, 7), (0.8,)),
        (0.25, plants.flowers, (4.4, 7), (2.4,)),
    )
    clutter(stage, "land", most=2)
    stage.draw()


def playground(c: Canvas) -> None:
    """A slide, swings, a seesaw or a sandpit on any ground."""
    stage, ground = opening(c, GREENS)
    _path(c, 0.3)
    stage.trees(some(c, 1, 5), (10, 28), ground)
    if c.chance(0.3):
        z = c.uniform(10, 15)
        stage.call(z, lambda: outside.fence(c, z, 1.1))
    toys = (leisure.slide, leisure.swing, fair.seesaw)
    for k in range(some(c, 2, 4)):
        x = stage.subject if k == 0 else c.uniform(0.08, 0.92)
        stage.add(toys[int(c.uniform(0, 2 if k == 0 else 3))], x, stage.deep(5.4, 9.5))
    stage.extras(
        (0.5, people.person, (5, 10), (1.25,)),
        (0.3, people.person, (5, 12), ()),
        (0.35, outside.bench, (6, 12), ()),
        (0.3, fair.ball, (4, 8), ()),
        (0.25, plants.bush, (8, 14), (1.1,)),
        (0.2, outside.street_lamp, (9, 15), (4.0,)),
        (0.15, fair.picnic_table, (7, 12), ()),
    )
    clutter(stage, "land", most=2)
    stage.draw()


def campsite(c: Canvas) -> None:
    """Tents, perhaps a fire, among trees."""
    stage, ground = opening(c, GREENS)
    if c.chance(0.25):
        nature.water(c, c.horizon + 0.01, c.horizon + c.uniform(0.05, 0.12))
    _path(c, 0.2)
    stage.trees(some(c, 2, 6), (9, 28), ground)
    if ground == "sand" and c.chance(0.5):
        stage.add(plants.cactus, c.uniform(0.05, 0.95), c.uniform(9, 14), 2.6)
    stage.add(leisure.tent, stage.subject, stage.deep(5.5, 11), c.uniform(2.6, 3.6))
    for _ in range(some(c, 0, 2)):
        stage.add(leisure.tent, c.uniform(0.06, 0.94), stage.deep(7, 20), c.uniform(2.6, 3.6))
    stage.extras(
        (0.5, leisure.campfire, (4.4, 9), (0.9,)),
        (0.5, people.person, (5, 12), ()),
        (0.35, farmyard.log, (4.6, 9), ()),
        (0.3, nature.rock, (5, 10), (0.5,)),
        (0.25, vehicles.any_vehicle, (10, 16), ()),
        (0.25, fair.picnic_table, (6, 11), ()),
        (0.15, outside.flag, (10, 16), (5.0,)),
    )
    clutter(stage, "land", most=2)
    stage.draw()


def cemetery(c: Canvas) -> None:
    """Rows of gravestones, with a church or a statue by chance."""
    stage, ground = opening(c, GREENS)
    _path(c, 0.5)
    stage.trees(some(c, 1, 5), (8, 28), ground)
    spacing, z = c.uniform(0.13, 0.22), stage.deep(4.4, 7)
    for _ in range(some(c, 2, 3)):
        x = c.uniform(-0.05, spacing)
        while x < 1.05:
            if c.chance(0.8):
                stage.add(landmarks.gravestone, x, z * c.uniform(0.96, 1.04), c.uniform(0.8, 1.5))
            x += spacing * c.uniform(0.85, 1.2)
        z, spacing = z * c.uniform(1.3, 1.6), spacing * 0.8
    stage.extras(
        (0.25, churches.church, (24, 60), (11.0,)),
        (0.2, landmarks.statue, (7, 14), (3.2,)),
        (0.3, people.person, (6, 14), ()),
        (0.25, plants.flowers, (4.4, 7), (1.4,)),
        (0.2, outside.bench, (6, 11), ()),
        (0.2, farmyard.hedge, (9, 16), (5.0,)),
        (0.15, outside.street_lamp, (8, 14), (3.6,)),
    )
    if c.chance(0.3):
        stage.call(16, lambda: outside.fence(c, 16.0, 1.2))
    clutter(stage, "land", most=1)
    stage.draw()


_BEDS: tuple[Drawer, ...] = (farmyard.hedge, farmyard.hedge, plants.flowers, plants.bush)
"""What lines the path of a formal garden."""


def formal_garden(c: Canvas) -> None:
    """Clipped hedges and beds of flowers, the same on both sides of a path."""
    stage, ground = opening(c, GREENS)
    middle = c.center + c.uniform(-0.04, 0.04)
    nature.path(c, "path", (c.uniform(0.25, 0.5), 0.03), (middle, c.center))
    stage.trees(some(c, 0, 4), (18, 34), ground)
    z = stage.deep(5, 7.5)
    for _ in range(some(c, 2, 4)):
        thing = c.pick(_BEDS)
        size = c.uniform(0.8, 1.2) if thing is plants.bush else c.uniform(2.0, 3.2)
        for side in (-1, 1):
            spot = c.spot(side * c.uniform(2.1, 2.3), z)
            stage.at(spot, thing, size)
        z *= c.uniform(1.25, 1.5)
    stage.add(c.pick((landmarks.fountain, landmarks.statue, landmarks.gazebo)), middle, stage.deep(9, 18))
    stage.extras(
        (0.4, people.person, (6, 14), ()),
        (0.3, outside.bench, (7, 12), ()),
        (0.25, landmarks.statue, (12, 20), (3.0,)),
        (0.2, outside.street_lamp, (8, 14), (3.6,)),
    )
    clutter(stage, "land", most=1)
    stage.draw()
