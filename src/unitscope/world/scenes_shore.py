"""Scene classes by the sea: coast, harbor, lighthouse."""

from __future__ import annotations

from functools import partial

from unitscope.world import built, nature, outside, people, plants, vehicles
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Point, Spot
from unitscope.world.palette import RGB, mix
from unitscope.world.stage import Stage, backdrop, small_plane, some, view


def coast(c: Canvas) -> None:
    """A shore: the sea meets sand, rocks or grass."""
    stage = view(c, eye=(2.0, 3.5), horizon=(0.34, 0.5))
    nature.sky(c)
    if c.chance(0.3):
        nature.mountains(c, c.horizon + 0.01, c.uniform(0.08, 0.18), snowy=c.chance(0.2))
    nature.water(c, c.horizon, 1.0)
    kind = _beach(c)
    small_plane(c, 0.1)
    if c.chance(0.12):
        distant = stage.spot(c.uniform(0.1, 0.9), 40)
        nature.rock(c, distant, 2.5)
        built.lighthouse(c, distant._replace(y=distant.y - 0.02), 7.0)
    for _ in range(some(c, 0, 2)):
        stage.add(vehicles.boat, c.uniform(0.1, 0.9), c.uniform(18, 30), c.uniform(4, 6), "sail")
    for _ in range(some(c, 1, 3)):
        stage.call(9, partial(_shore_rock, c))
    stage.extras(
        (0.4, outside.umbrella, (5.5, 7.5), ()),
        (0.45, people.person, (5, 7), ()),
        (0.25, people.dog, (4.8, 6), ()),
        (0.2, outside.bench, (5.5, 7), ()),
    )
    if kind in ("sand", "grass") and c.chance(0.4):
        stage.add(plants.palm_tree, c.pick((0.08, 0.16, 0.88, 0.94)), c.uniform(6, 8), c.uniform(4, 5))
    if c.chance(0.5):
        nature.birds(c, some(c, 1, 4))
    stage.draw()


def _beach(c: Canvas) -> str:
    """Paint a slanting shore with surf; return the kind of its ground."""
    kind = c.pick(("sand", "sand", "sand", "earth", "grass", "snow"))
    color, material = c.tint(nature.GROUNDS[kind][0]), nature.GROUNDS[kind][1]
    side, level = c.pick((-1, 1)), c.uniform(0.62, 0.76)
    slant = side * c.uniform(0.04, 0.16)
    shore = [(k / 8, level + slant * (k / 4 - 1) + c.uniform(-0.012, 0.012)) for k in range(9)]
    surf: list[Point] = [*((x, y - 0.022) for x, y in shore), (1, 1), (0, 1)]
    c.pen("water", 10).poly(surf, pal.WHITE, "water", shade="flat")
    land: list[Point] = [*((x, y + 0.012) for x, y in shore), (1, 1), (0, 1)]
    wet = mix(color, (0.3, 0.25, 0.2), 0.15)
    c.pen(kind, 8).poly(land, wet, material, end=color, shade="flat", ground=True)
    return kind


def _shore_rock(c: Canvas) -> None:
    nature.rock(c, c.spot_at(c.uniform(0, 1), c.uniform(0.72, 0.86)), c.uniform(0.6, 1.3))


def harbor(c: Canvas) -> None:
    """Boats at piers in front of a town."""
    stage = view(c, eye=(2.6, 3.8), horizon=(0.34, 0.46))
    backdrop(c, "grass")
    if c.chance(0.75):
        _quay(c, stage)
    nature.water(c, c.horizon + 0.03, 1.0)
    if c.chance(0.18):
        stage.add(built.lighthouse, c.uniform(0.1, 0.9), 32, 10)
    if c.chance(0.85):
        left = c.uniform(-0.1, 0.75)
        far = c.uniform(c.horizon + 0.12, c.horizon + 0.22)
        stage.call(9.5, lambda: outside.pier(c, (left, left + c.uniform(0.3, 0.45)), far))
        if c.chance(0.5):
            stage.call(9.4, lambda: people.person(c, c.spot_at(left + 0.15, 0.84), 1.75))
    for k in range(some(c, 3, 5)):
        stage.add(vehicles.boat, c.uniform(0.08, 0.92), 10.5 + 2.6 * k + c.uniform(0, 1.5), c.uniform(4, 6))
    stage.extras((0.3, outside.flag, (18, 24), (8.0,)), (0.2, outside.street_lamp, (20, 26), (6.0,)))
    if c.chance(0.5):
        nature.birds(c, some(c, 1, 4))
    stage.draw()


def _quay(c: Canvas, stage: Stage) -> None:
    """Paint the houses of a town along the far side of the water."""
    x = -0.05
    while x < 1:
        spot = stage.spot(x + 0.1, 34)
        draw = built.house if c.chance(0.4) else built.building
        draw(c, spot._replace(y=c.horizon + 0.035), c.uniform(6, 10), c.uniform(4, 9))
        x += c.uniform(0.18, 0.32)


def lighthouse(c: Canvas) -> None:
    """A lighthouse on a headland by the sea."""
    stage = view(c, eye=(2.2, 3.4), horizon=(0.5, 0.62))
    nature.sky(c)
    nature.water(c, c.horizon, 1.0)
    side, stone = _headland(c)
    x = 0.5 - side * -0.18 + c.uniform(-0.14, 0.14)
    foot = c.horizon + 0.15 + side * 0.16 * (x - 0.5)
    spot = c.spot_at(x, foot)
    stage.at(spot, built.lighthouse, c.uniform(0.42, 0.58) / spot.metre)
    if c.chance(0.4):
        near = c.spot_at(x - side * 0.2, foot + 0.02)
        stage.call(near.depth - 0.1, lambda: built.house(c, near, 0.2 / near.metre, 0.08 / near.metre))
    for _ in range(some(c, 0, 3)):
        stage.at(c.spot_at(c.uniform(0, 1), c.uniform(0.8, 0.96)), _boulder, stone)
    if c.chance(0.35):
        stage.call(6, lambda: outside.fence(c, 6.0, 1.0))
    if c.chance(0.3):
        stage.add(people.person, c.uniform(0.1, 0.9), 6.5)
    if c.chance(0.4):
        stage.call(80, partial(_far_sail, c))
    if c.chance(0.5):
        nature.birds(c, some(c, 1, 4))
    stage.draw()


def _headland(c: Canvas) -> tuple[int, RGB]:
    """Paint a cliff with its cover; return the side that it slopes to and its stone."""
    kind, side = c.pick(("grass", "grass", "sand", "earth", "snow")), c.pick((-1, 1))
    color, material = c.tint(nature.GROUNDS[kind][0]), nature.GROUNDS[kind][1]
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


def _far_sail(c: Canvas) -> None:
    vehicles.boat(c, c.spot_at(c.uniform(0.1, 0.9), c.horizon + 0.05), 2.5, "sail")
