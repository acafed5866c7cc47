"""Scene classes of traffic: highway, parking lot, gas station, airfield, tracks and platforms."""

from __future__ import annotations

from unitscope.world import (
    built,
    landmarks,
    nature,
    outside,
    people,
    plants,
    rails,
    roadside,
    transport,
    vehicles,
)
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Point, Spot
from unitscope.world.landscape import clutter, opening
from unitscope.world.palette import dim, mix
from unitscope.world.roads import dashes, guard_rails, road, traffic
from unitscope.world.stage import Drawer, Stage, some

OPEN = ("grass", "grass", "earth", "sand", "snow")
PAVED = ("road", "road", "sidewalk", "earth", "snow")


def highway(c: Canvas) -> None:
    """A wide road with lanes, guard rails, cars, vans, buses and trucks."""
    stage, ground = opening(c, OPEN, eye=(2.4, 4.2), horizon=(0.34, 0.5))
    half = c.uniform(5.6, 7.5)
    road(c, half)
    for x in (-half / 2, 0.0, half / 2):
        dashes(c, x, 0.1)
    if c.chance(0.7):
        guard_rails(c, half + 0.5)
    for lane in (0.5, 1.35):
        traffic(c, stage, half * lane, some(c, 1, 3), first=8.0)
    stage.trees(some(c, 0, 4), (16, 34), ground, clear=0.3)
    for probability, draw, height in (
        (0.5, outside.board, 5.5),
        (0.35, outside.street_lamp, 8.0),
        (0.3, roadside.billboard, 6.0),
        (0.3, landmarks.power_line, 12.0),
        (0.3, plants.bush, 1.4),
        (0.15, nature.rock, 1.2),
    ):
        if c.chance(probability):
            stage.at(c.spot(c.pick((-1, 1)) * (half + 2.0), c.uniform(12, 24)), draw, height)
    stage.draw()


def parking_lot(c: Canvas) -> None:
    """Rows of parked cars with lines between them, perhaps before a shop."""
    stage, _ = opening(c, PAVED, eye=(1.8, 3.6), horizon=(0.34, 0.5))
    if c.chance(0.6):
        stage.add(
            c.pick((built.shop, built.building)),
            c.uniform(0.2, 0.8),
            c.uniform(24, 34),
            c.uniform(12, 20),
            6.0,
        )
    stage.trees(some(c, 0, 3), (18, 32), "grass")
    z = stage.deep(6.5, 9)
    for _ in range(some(c, 2, 3)):
        _parked_row(c, stage, z)
        z *= c.uniform(1.5, 1.8)
    stage.extras(
        (0.5, outside.street_lamp, (9, 20), (6.0,)),
        (0.4, people.person, (5, 14), ()),
        (0.25, outside.signboard, (7, 14), ()),
        (0.2, roadside.billboard, (18, 30), ()),
    )
    clutter(stage, "town", most=2)
    stage.draw()


def _parked_row(c: Canvas, stage: Stage, z: float) -> None:
    """Place a row of cars side by side, seen from behind or from the side, and the lines between them."""
    sideways, step = c.chance(0.3), 2.7
    step = 5.2 if sideways else step
    pen, x = c.pen("road", 10), -z * 0.62 + c.uniform(0, step)
    while x < z * 0.62:
        edge = ((x - 0.06, z * 0.86), (x - 0.06, z * 1.3), (x + 0.06, z * 1.3), (x + 0.06, z * 0.86))
        pen.poly([c.project(a, 0.0, b) for a, b in edge], pal.WHITE, "asphalt", shade="flat")
        if c.chance(0.72):
            spot = c.spot(x + step / 2, z * c.uniform(0.98, 1.02))
            if sideways:
                stage.at(spot, c.pick((vehicles.car, vehicles.car, vehicles.van)))
            else:
                name = "van" if c.chance(0.25) else "car"
                stage.at(spot, vehicles.car_behind, oncoming=c.chance(0.4), name=name)
        x += step


def gas_station(c: Canvas) -> None:
    """Pumps under a roof, with cars and a shop."""
    stage, ground = opening(c, PAVED, horizon=(0.4, 0.54))
    z = stage.deep(8, 13)
    if c.chance(0.65):
        stage.add(built.shop, c.uniform(0.15, 0.85), z * c.uniform(1.5, 1.9), c.uniform(9, 13), 3.6)
    spot = stage.spot(stage.subject, z)
    if c.chance(0.85):
        stage.at(spot._replace(depth=z + 1.2), _pump_roof, c.uniform(9, 12))
    for k in range(some(c, 1, 3)):
        shift = (k - 1) * c.uniform(2.4, 3.0) * spot.metre
        stage.at(spot._replace(x=spot.x + shift), roadside.gas_pump, c.uniform(1.8, 2.2))
    for _ in range(some(c, 1, 2)):
        x = stage.subject + c.uniform(-0.3, 0.3)
        stage.add(
            c.pick((vehicles.car, vehicles.van, vehicles.car, vehicles.motorcycle)),
            x,
            z * c.uniform(0.7, 1.3),
        )
    stage.trees(some(c, 0, 3), (20, 36), ground)
    stage.extras(
        (0.5, outside.signboard, (7, 14), (5.0,)),
        (0.35, people.person, (6, 12), ()),
        (0.2, roadside.billboard, (18, 28), ()),
        (0.2, vehicles.truck, (12, 20), ()),
    )
    clutter(stage, "town", most=2)
    stage.draw()


def _pump_roof(c: Canvas, spot: Spot, width: float) -> None:
    """Paint the flat roof over pumps on two columns."""
    pen, paint = c.pen("gas pump", spot.depth), c.tint((*pal.BRIGHTS, pal.WHITE))
    m, half, high = spot.metre, width * spot.metre / 2, c.uniform(3.4, 4.2) * spot.metre
    for side in (-0.7, 0.7):
        x = spot.x + side * half
        pen.rect(
            (x - 0.14 * m, spot.y - high, x + 0.14 * m, spot.y),
            c.tint((pal.WHITE, pal.STEEL)),
            "metal",
            "column",
            shade="tube",
        )
    glow = 0.6 * c.light.dark
    box = (spot.x - half, spot.y - high - 0.9 * m, spot.x + half, spot.y - high)
    pen.rect(box, mix(paint, pal.WHITE, 0.8), "metal", "roof", glow=glow)
    pen.rect((box[0], box[1] + 0.3 * m, box[2], box[3] - 0.15 * m), paint, "plastic", "roof", glow=glow)


def airfield(c: Canvas) -> None:
    """Airplanes or a helicopter by a runway."""
    stage, ground = opening(c, OPEN, eye=(2.4, 5.0), horizon=(0.34, 0.5))
    _runway(c)
    if c.chance(0.85):
        stage.add(transport.airplane, stage.subject, stage.deep(11, 18), c.uniform(9.0, 12.0))
    else:
        stage.add(transport.helicopter, stage.subject, stage.deep(9, 16), c.uniform(7, 9))
    for _ in range(some(c, 0, 2)):
        stage.add(transport.airplane, c.uniform(0.1, 0.9), stage.deep(18, 40), 12.0)
    if c.chance(0.25):
        spot = stage.spot(c.uniform(0.2, 0.8), 40)
        transport.airplane(c, spot._replace(y=c.horizon * c.uniform(0.4, 0.7)), 9.0, flying=True)
    stage.extras(
        (0.45, built.tower, (34, 60), (14,)),
        (0.3, built.building, (40, 60), (14, 7)),
        (0.25, outside.flag, (16, 26), (6.0,)),
        (0.35, vehicles.any_vehicle, (10, 20), ()),
        (0.3, people.person, (8, 14), ()),
        (0.2, outside.street_lamp, (18, 28), (7.0,)),
    )
    stage.trees(some(c, 0, 3), (30, 50), ground)
    clutter(stage, "town", (12, 30), most=1)
    stage.draw()


def _runway(c: Canvas) -> None:
    """Paint a runway that leads away, or one that crosses the picture."""
    color, material = nature.cover(c, "road")
    if c.chance(0.5):
        widths: Point = (c.uniform(0.6, 1.1), 0.06)
        nature.path(c, "runway", widths, (c.uniform(0.2, 0.8), c.uniform(0.4, 0.6)), color)
        return
    top, pen = c.uniform(c.horizon + 0.06, c.horizon + 0.2), c.pen("runway", 20)
    pen.rect((0, top, 1, top + c.uniform(0.2, 0.32)), color, material, shade="flat", ground=True)
    for k in range(7):
        pen.rect((k / 7, top + 0.1, k / 7 + 0.08, top + 0.118), pal.WHITE, material, shade="flat")


def railroad_track(c: Canvas) -> None:
    """A track, away from us or across, through open country; a train by chance."""
    stage, ground = opening(c, (*OPEN, "sidewalk"), eye=(1.6, 2.8))
    if c.chance(0.6):
        # The track passes where the camera looks, five metres away.
        x = (stage.subject - c.center) * 5 / c.focus
        rails.track_away(c, x)
        if c.chance(0.3):
            rails.track_away(c, x + c.pick((-4.2, 4.2)))
        if c.chance(0.3):
            stage.at(c.spot(x, stage.deep(9, 30)), transport.train_ahead)
    else:
        z = stage.deep(4.4, 8)
        rails.track_across(c, z)
        if c.chance(0.45):
            spot = stage.spot(stage.subject, z * 1.1)
            stage.at(spot, transport.train, c.uniform(9, 14))
    stage.trees(some(c, 1, 5), (11, 34), ground, clear=0.15)
    stage.extras(
        (0.5, landmarks.power_line, (10, 22), (9.0,)),
        (0.35, outside.signboard, (6, 12), (2.8,)),
        (0.25, outside.traffic_light, (6, 12), (3.4,)),
        (0.3, plants.bush, (6, 14), (1.2,)),
        (0.2, built.house, (22, 40), ()),
        (0.2, nature.rock, (6, 12), (0.6,)),
    )
    clutter(stage, "land", (8, 24), most=1)
    stage.draw()


_WAITING: tuple[Drawer, ...] = (
    *(people.person, people.person, people.person),
    *(outside.bench, roadside.trash_can, outside.street_lamp),
)
"""What is on a platform."""


def train_station_platform(c: Canvas) -> None:
    """A platform along a track, with people, benches, lamps, a roof or a train."""
    stage, _ = opening(c, PAVED, eye=(2.0, 2.7), horizon=(0.4, 0.52))
    side, x = c.pick((-1, 1)), c.uniform(0.2, 0.9)
    rails.track_away(c, -side * 1.7 + side * x)
    if c.chance(0.4):
        rails.track_away(c, -side * 5.9 + side * x)
    edge = side * x
    rails.platform_away(c, edge, side * c.uniform(4, 7))
    if c.chance(0.55):
        stage.at(c.spot(-side * 1.7 + side * x, stage.deep(7, 22)), transport.train_ahead)
    if c.chance(0.45):
        _row_behind(c, stage, -side)
    if c.chance(0.6):
        rails.shelter_away(c, edge + side * 0.6, side * 4.5)
    for _ in range(some(c, 1, 5)):
        z = stage.deep(4, 14)
        spot = c.spot(edge + side * c.uniform(0.8, 3.0), z)
        raised = spot._replace(y=spot.y - 0.9 * spot.metre)
        draw = c.pick(_WAITING)
        if draw is outside.street_lamp:
            stage.at(raised, draw, 3.6)
        else:
            stage.at(raised, draw)
    if c.chance(0.3):
        stage.add(landmarks.power_line, c.uniform(0.2, 0.8), stage.deep(12, 24), 8.0)
    stage.draw()


def _row_behind(c: Canvas, stage: Stage, side: int) -> None:
    """Place a wall of buildings, or a standing train, at the other side of the tracks."""
    if c.chance(0.5):
        z = c.uniform(2, 4)
        for _ in range(3):
            place = (7.5, z, z + 9)
            stage.call(z + 9, lambda place=place: built.facade(c, side, place, 7.0))  # type: ignore[misc]
            z += 9.5
        return
    stage.call(20, lambda: _standing_train(c, side))


def _standing_train(c: Canvas, side: int) -> None:
    """Paint the side of a train that stands on the farther track and leads away."""
    pen, paint, see = c.pen("train", 10), c.tint((*pal.BRIGHTS, *pal.CARS)), c.project
    x, glow = side * 4.6, 0.8 * c.light.dark

    def strip(low: float, high: float, near: float, far: float) -> list[Point]:
        return [see(x, low, near), see(x, high, near), see(x, high, far), see(x, low, far)]

    pen.poly(strip(0.4, 3.4, 2.0, 34.0), paint, "metal", "body", shade="flat")
    pen.poly(strip(1.0, 1.4, 2.0, 34.0), dim(paint, 0.6), "metal", "body", shade="flat")
    z = 2.3
    while z < 30:
        pen.poly(
            strip(1.8, 2.7, z, z + 1.6), mix(c.light.sky[1], pal.CHARCOAL, 0.5), "glass", "window", glow=glow
        )
        z += 2.1
