"""Scene classes for leisure, on shared grounds: park, playground, campsite."""

from __future__ import annotations

from unitscope.world import nature, outside, people, plants, vehicles
from unitscope.world.canvas import Canvas
from unitscope.world.stage import backdrop, some, view


def park(c: Canvas) -> None:
    """A park: benches and trees along a path, perhaps a pond."""
    stage = view(c)
    ground = c.pick(("grass", "grass", "grass", "snow", "earth"))
    backdrop(c, ground)
    nature.ground(c, ground)
    nature.path(c, "path", (c.uniform(0.3, 0.5), 0.03), (c.uniform(0.25, 0.75), c.uniform(0.4, 0.6)))
    if c.chance(0.35):
        stage.add(nature.pond, c.uniform(0.15, 0.85), c.uniform(9, 13), c.uniform(6, 9))
    stage.trees(some(c, 3, 6), (9, 24), ground, clear=0.12)
    side = c.pick((-1, 1))
    for k in range(some(c, 1, 2)):
        x = 0.5 + side * (1 - 2 * k) * c.uniform(0.16, 0.34)
        stage.add(outside.bench, x, c.uniform(4.6, 6.6), 2.0)
    stage.extras(
        (0.45, plants.bush, (6, 11), (1.1,)),
        (0.4, outside.street_lamp, (6.5, 10), (3.6,)),
        (0.4, people.person, (5, 9), ()),
        (0.3, people.dog, (4.6, 7), ()),
        (0.12, outside.umbrella, (6, 9), ()),
    )
    if ground == "grass" and c.chance(0.45):
        stage.add(plants.flowers, c.uniform(0.1, 0.9), c.uniform(4.4, 6.5), 2.4)
    if c.chance(0.2):
        nature.birds(c, 2)
    stage.draw()


def playground(c: Canvas) -> None:
    """A slide and swings on grass, sand, bark, snow or stone."""
    stage = view(c)
    ground = c.pick(("grass", "sand", "earth", "snow", "grass", "sidewalk"))
    backdrop(c, ground)
    nature.ground(c, ground)
    if c.chance(0.25) and ground != "sidewalk":
        nature.path(c, "path", (c.uniform(0.3, 0.5), 0.03), (c.uniform(0.25, 0.75), c.uniform(0.4, 0.6)))
    stage.trees(some(c, 1, 5), (13, 26), ground)
    side, which = c.pick((-1, 1)), c.rng.random()
    if which < 0.75:
        stage.add(outside.slide, 0.5 - side * c.uniform(0.12, 0.26), c.uniform(5.6, 7.6), 2.3)
    if which > 0.35:
        stage.add(outside.swing, 0.5 + side * c.uniform(0.12, 0.24), c.uniform(6.2, 8.6), 2.5)
    if c.chance(0.4):
        z = c.uniform(10, 13)
        stage.call(z, lambda: outside.fence(c, z, 1.1))
    stage.extras(
        (0.45, people.person, (5, 9), (1.3,)),
        (0.3, outside.bench, (6, 10), ()),
        (0.25, plants.bush, (8, 12), (1.1,)),
        (0.15, people.dog, (5, 7), ()),
        (0.2, outside.street_lamp, (9, 12), (4.0,)),
        (0.12, outside.umbrella, (7, 10), ()),
    )
    stage.draw()


def campsite(c: Canvas) -> None:
    """Tents and a fire among trees."""
    stage = view(c)
    ground = c.pick(("grass", "earth", "grass", "snow", "sand"))
    backdrop(c, ground)
    nature.ground(c, ground)
    if c.chance(0.25):
        nature.water(c, c.horizon + 0.01, c.horizon + c.uniform(0.05, 0.1))
    stage.trees(some(c, 3, 7), (11, 26), ground)
    if ground == "sand" and c.chance(0.5):
        stage.add(plants.cactus, c.uniform(0.05, 0.95), c.uniform(9, 14), 2.6)
    side = c.pick((-1, 1))
    stage.add(outside.tent, 0.5 + side * c.uniform(0.05, 0.24), c.uniform(6, 8), c.uniform(2.8, 3.4))
    if c.chance(0.5):
        stage.add(outside.tent, 0.5 - side * c.uniform(0.15, 0.3), c.uniform(9, 12), 3.0)
    if c.chance(0.65):
        stage.add(outside.campfire, 0.5 - side * c.uniform(0.08, 0.24), c.uniform(4.4, 5.8), 0.9)
    stage.extras(
        (0.45, people.person, (5.5, 9), ()),
        (0.3, nature.rock, (5, 8), (0.5,)),
        (0.12, vehicles.car, (10, 13), ()),
        (0.2, plants.bush, (7, 11), (1.0,)),
        (0.15, outside.flag, (10, 14), (5.0,)),
        (0.2, people.dog, (5, 7), ()),
    )
    stage.draw()
