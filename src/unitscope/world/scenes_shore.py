"""Scene classes by the water: coast, harbor, lighthouse, pier, lagoon, bridge."""

from __future__ import annotations

from functools import partial

from unitscope.world import built, landmarks, leisure, nature, outside, people, plants, transport
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Point, Spot
from unitscope.world.landscape import backdrop, clutter, distance, forest, sky_things
from unitscope.world.palette import RGB, mix
from unitscope.world.stage import Stage, some, view

LANDS = ("sand", "sand", "grass", "earth", "snow", "sidewalk")
"""What any shore may be covered with."""


def _sea(
    c: Canvas, eye: Point = (2.0, 3.6), horizon: Point = (0.32, 0.5), *, top: float = 0.0, look: float = 0.1
) -> Stage:
    """Begin a scene by the water: camera, sky, what is far away, and water to the lower edge."""
    stage = view(c, eye, horizon, look=look)
    backdrop(c, "grass")
    if c.chance(0.3):
        distance(stage)
    sky_things(c)
    nature.water(c, c.horizon + top, 1.0)
    return stage


def coast(c: Canvas) -> None:
    """A shore: the sea meets sand, rocks or grass."""
    stage = _sea(c, look=0.22)
    kind = _beach(c)
    if c.chance(0.2):
        distant = stage.spot(c.uniform(0.1, 0.9), stage.deep(40, 90))
        nature.rock(c, distant, 2.5)
        built.lighthouse(c, distant._replace(y=distant.y - 0.01), 7.0)
    clutter(stage, "water", (16, 50), most=2)
    for _ in range(some(c, 1, 3)):
        stage.call(9, partial(_shore_rock, c))
    stage.extras(
        (0.4, leisure.umbrella, (4.5, 7.5), ()),
        (0.5, people.person, (4.4, 8), ()),
        (0.3, people.person, (4.4, 8), ()),
        (0.2, people.dog, (4.4, 6), ()),
        (0.2, outside.bench, (4.6, 7), ()),
    )
    if kind in ("sand", "grass") and c.chance(0.35):
        stage.add(plants.palm_tree, c.pick((0.08, 0.16, 0.88, 0.94)), c.uniform(5, 8), c.uniform(4, 5))
    stage.draw()


def _beach(c: Canvas) -> str:
    """Paint a slanting shore with surf; return the kind of its ground."""
    kind = c.pick(LANDS)
    color, material = nature.cover(c, kind)
    side, level = c.pick((-1, 1)), c.uniform(c.horizon + 0.16, 0.76)
    slant = side * c.uniform(0.03, 0.16)
    shore = [(k / 8, level + slant * (k / 4 - 1) + c.uniform(-0.012, 0.012)) for k in range(9)]
    for shift, tone in ((0.05, 0.35), (0.022, 0.9)):
        surf: list[Point] = [*((x, y - shift) for x, y in shore), (1, 1), (0, 1)]
        c.pen("water", 10).poly(surf, mix(pal.WATERS[5], pal.WHITE, tone), "water", shade="flat")
    land: list[Point] = [*((x, y + 0.012) for x, y in shore), (1, 1), (0, 1)]
    wet = mix(color, (0.3, 0.25, 0.2), 0.15)
    c.pen(kind, 8).poly(land, wet, material, end=color, shade="flat", ground=True)
    return kind


def _shore_rock(c: Canvas) -> None:
    nature.rock(c, c.spot_at(c.uniform(0, 1), c.uniform(0.72, 0.86)), c.uniform(0.4, 1.3))


def harbor(c: Canvas) -> None:
    """Many boats at piers in front of a town."""
    stage = _sea(c, top=0.03)
    if c.chance(0.7):
        _quay(c, stage)
    if c.chance(0.2):
        stage.add(built.lighthouse, c.uniform(0.1, 0.9), 32, 10)
    if c.chance(0.65):
        _low_pier(c, stage, c.uniform(-0.1, 0.75))
    if c.chance(0.35):
        stage.add(transport.ship, c.uniform(0.2, 0.8), c.uniform(24, 34), c.uniform(14, 24))
    for k in range(some(c, 3, 6)):
        stage.add(transport.boat, c.uniform(0.04, 0.96), 7.5 + 2.4 * k + c.uniform(0, 3), c.uniform(4, 6))
    stage.extras(
        (0.3, outside.flag, (18, 24), (8.0,)),
        (0.25, landmarks.crane, (36, 50), ()),
        (0.3, transport.buoy, (7, 14), ()),
    )
    clutter(stage, "water", (9, 24), most=1)
    stage.draw()


def _low_pier(c: Canvas, stage: Stage, left: float) -> None:
    """Place a pier from the lower edge, with a person on it by chance."""
    far, right = c.uniform(c.horizon + 0.1, c.horizon + 0.22), left + c.uniform(0.25, 0.45)
    stage.call(6.5, lambda: outside.pier(c, (left, right), far))
    if c.chance(0.5):
        stage.call(6.4, lambda: people.person(c, c.spot_at((left + right) / 2, c.uniform(0.8, 0.92)), 1.75))


def _quay(c: Canvas, stage: Stage) -> None:
    """Paint the houses of a town along the far side of the water."""
    x = -0.05
    while x < 1:
        spot = stage.spot(x + 0.1, 34)
        draw = built.house if c.chance(0.4) else built.building
        draw(c, spot._replace(y=c.horizon + 0.035), c.uniform(6, 10), c.uniform(4, 9))
        x += c.uniform(0.18, 0.32)


def lighthouse(c: Canvas) -> None:
    """A lighthouse on a headland, near or far, by the sea."""
    stage = _sea(c, (2.2, 3.4), (0.46, 0.62), look=-0.06)
    side, stone = _headland(c)
    x = stage.subject
    foot = c.horizon + 0.15 + side * 0.16 * (x - 0.5)
    spot = c.spot_at(x, foot)
    stage.at(spot, built.lighthouse, c.uniform(0.26, 0.58) / spot.metre)
    if c.chance(0.5):
        near = c.spot_at(x - side * c.uniform(0.14, 0.3), foot + 0.02)
        stage.call(near.depth - 0.1, lambda: built.house(c, near, 0.2 / near.metre, 0.08 / near.metre))
    for _ in range(some(c, 0, 3)):
        stage.at(c.spot_at(c.uniform(0, 1), c.uniform(0.8, 0.96)), _boulder, stone)
    if c.chance(0.3):
        stage.call(6, lambda: outside.fence(c, 6.0, 1.0))
    stage.extras(
        (0.35, people.person, (6, 9), ()),
        (0.2, outside.bench, (6, 9), ()),
        (0.15, people.dog, (6, 8), ()),
        (0.2, outside.signboard, (7, 10), ()),
        (0.2, plants.bush, (6, 10), (0.8,)),
    )
    if c.chance(0.5):
        stage.call(80, partial(_far_boat, c))
    stage.draw()


def _headland(c: Canvas) -> tuple[int, RGB]:
    """Paint a cliff with its cover; return the side that it slopes to and its stone."""
    kind, side = c.pick(LANDS), c.pick((-1, 1))
    color, material = nature.cover(c, kind)
    level = c.horizon + 0.12
    top = [(k / 8, level + side * 0.16 * (k / 8 - 0.5) + c.uniform(-0.015, 0.015)) for k in range(9)]
    stone = c.tint(pal.STONES)
    cliff: list[Point] = [*((x, y + 0.07) for x, y in top), (1, 1), (0, 1)]
    c.pen("rock", 20).poly(cliff, stone, "stone", grain=0.8, strength=0.7)
    to_the_edge = c.chance(0.6)
    rest: list[Point] = [(1, 1), (0, 1)] if to_the_edge else [(x, y + 0.13) for x, y in reversed(top)]
    c.pen(kind, 18).poly([*top, *rest], color, material, shade="fall", grain=0.7)
    return side, stone


def _boulder(c: Canvas, spot: Spot, stone: RGB) -> None:
    nature.rock(c, spot, c.uniform(0.08, 0.15) / spot.metre, stone)


def _far_boat(c: Canvas) -> None:
    transport.boat(c, c.spot_at(c.uniform(0.1, 0.9), c.horizon + 0.05), 2.5)


def pier(c: Canvas) -> None:
    """A long pier on its way out to the water, with a hut, lamps or people on it."""
    stage = _sea(c, (1.8, 3.0))
    middle = stage.subject + c.uniform(-0.1, 0.1)
    half, far = c.uniform(0.2, 0.36), c.horizon + c.uniform(0.025, 0.08)
    stage.call(60, lambda: outside.pier(c, (middle - half, middle + half), far))
    share = (far - c.horizon) / (1 - c.horizon)
    end = c.spot_at(c.center + (middle - c.center) * share, far + 0.004)
    if c.chance(0.5):
        stage.call(59, lambda: built.house(c, end, 0.16 / end.metre, 0.05 / end.metre))
    for k in range(some(c, 0, 4)):
        y = c.horizon + (1 - c.horizon) * (0.72 - 0.15 * k)
        side, t = c.pick((-1, 1)), (y - c.horizon) / (1 - c.horizon)
        spot = c.spot_at(c.center + (middle + side * half * 0.75 - c.center) * t, y)
        stage.at(spot, c.pick((people.person, outside.street_lamp, outside.bench, people.person)))
    if c.chance(0.25):
        _corner(c)
    clutter(stage, "water", (8, 40), most=3)
    stage.draw()


def _corner(c: Canvas) -> None:
    """Paint a corner of land in front of the water."""
    kind, side = c.pick(LANDS), c.pick((0, 1))
    color, material = nature.cover(c, kind)
    edge: list[Point] = [(side, c.uniform(0.7, 0.8)), (abs(side - c.uniform(0.3, 0.6)), 1.0), (side, 1.0)]
    c.pen(kind, 8).poly(edge, color, material, ground=True, shade="flat")


def lagoon(c: Canvas) -> None:
    """Still water between green banks, with huts or palms at its far side."""
    stage = _sea(c, top=0.03)
    forest(c, c.uniform(0.05, 0.12))
    _far_bank(c)
    kind = c.pick(("palm", "palm", "leafy", "mixed"))
    for _ in range(some(c, 2, 5)):
        spot = stage.spot(c.uniform(0.0, 1.0), 30)._replace(y=c.horizon + c.uniform(0.035, 0.06))
        if kind == "palm" or (kind == "mixed" and c.chance(0.5)):
            plants.palm_tree(c, spot, c.uniform(4, 7))
        else:
            plants.tree(c, spot, c.uniform(4, 7))
    for _ in range(some(c, 0, 2)):
        spot = stage.spot(c.uniform(0.1, 0.9), 30)._replace(y=c.horizon + 0.06)
        built.house(c, spot, c.uniform(4, 6), c.uniform(2, 3))
    for k in range(some(c, 0, 2)):
        stage.add(c.pick((transport.canoe, plants.reeds)), c.uniform(0.1, 0.9), 7.0 + 3 * k)
    if c.chance(0.6):
        _corner(c)
        stage.add(plants.bush, c.pick((0.05, 0.95)), c.uniform(5, 7), 1.0)
    if c.chance(0.3):
        _low_pier(c, stage, c.uniform(-0.1, 0.75))
    clutter(stage, "water", (8, 24), most=2)
    stage.draw()


def _far_bank(c: Canvas) -> None:
    """Paint a strip of land at the far side of the water."""
    kind = c.pick(LANDS)
    color, material = nature.cover(c, kind)
    edge = nature.ridge(c, c.horizon + 0.035, 0.025)
    low = [(x, c.horizon + 0.07 + c.uniform(-0.012, 0.012)) for x, _ in reversed(edge)]
    c.pen(kind, 30).poly([*edge, *low], color, material, shade="flat", grain=0.7)
    c.mirror("water", c.horizon + 0.075, 0.5)


def bridge(c: Canvas) -> None:
    """A bridge over a river, a bay or a dry valley."""
    stage = view(c, (2.0, 4.0), (0.4, 0.56))
    backdrop(c, "grass")
    distance(stage)
    sky_things(c)
    ground = c.pick(LANDS)
    nature.ground(c, ground)
    if c.chance(0.85):
        top = c.horizon + c.uniform(0.02, 0.06)
        nature.water(c, top, c.uniform(top + 0.2, 1.0) if c.chance(0.5) else 1.0)
    z = stage.deep(12, 34)
    spot = stage.spot(stage.subject, z)
    level = c.horizon + c.uniform(0.04, 0.12)
    stage.call(z, lambda: landmarks.bridge(c, spot._replace(y=level), c.uniform(0.85, 1.7) / spot.metre))
    if c.chance(0.5):
        stage.call(z - 0.5, partial(_corner, c))
    clutter(stage, "water", (8, z), most=3)
    stage.extras(
        (0.3, people.person, (6, 10), ()),
        (0.4, plants.tree, (9, 24), (5.0,)),
        (0.3, plants.bush, (6, 12), (1.2,)),
        (0.2, outside.street_lamp, (8, 14), (4.0,)),
    )
    stage.draw()
