"""Scene classes indoors: the same rooms, told apart by what stands in them."""

from __future__ import annotations

from functools import partial

from unitscope.world import furniture, people, rooms
from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas
from unitscope.world.palette import RGB
from unitscope.world.rooms import Room, wall_box
from unitscope.world.stage import some


def _decorate(c: Canvas, space: Room, places: list[tuple[float, float]], *, curtains: bool = True) -> None:
    """Hang a window, door, painting, clock or mirror on free stretches (x0, x1 metres) of the back wall."""
    shares = {"window": 0.42, "painting": 0.28, "door": 0.12, "clock": 0.08, "mirror": 0.04, "": 0.06}
    for x0, x1 in places:
        kind = str(c.rng.choice(list(shares), p=list(shares.values())))
        middle, wide = (x0 + x1) / 2, min(x1 - x0, 1.5)
        if kind == "window" and wide > 0.8:
            rooms.window(
                c,
                wall_box(c, space, (middle - wide * 0.36, middle + wide * 0.36, 1.0, 2.15)),
                curtains=curtains and c.chance(0.75),
            )
        elif kind == "door" and wide > 0.85:
            rooms.door(c, wall_box(c, space, (middle - 0.42, middle + 0.42, 0.0, 2.05)))
        elif kind in ("painting", "mirror"):
            half, tall = wide * c.uniform(0.24, 0.36), c.uniform(0.5, 0.85)
            rooms.picture(
                c,
                wall_box(c, space, (middle - half, middle + half, 1.45, 1.45 + tall)),
                mirror=kind == "mirror",
            )
        elif kind == "clock":
            x, y = c.project(middle, 1.95, space.back)
            rooms.clock(c, x, y, c.uniform(0.03, 0.045))


def _plant(c: Canvas, space: Room, probability: float) -> None:
    if c.chance(probability):
        x = space.left + 0.35 if c.chance(0.5) else space.right - 0.35
        rooms.plant(c, c.spot(x, space.back - c.uniform(0.3, 1.0)), c.uniform(0.9, 1.4))


def _television(c: Canvas, space: Room, place: tuple[float, float]) -> None:
    """Put a television on a low cabinet at the back wall, between two x (metres)."""
    x0, x1 = place
    rooms.cabinet(c, (x0, x1, 0, 0.55, space.back - 0.45, space.back), 2, 1)
    (left, bottom), (right, top) = (
        c.project(x0 + 0.05, 0.6, space.back - 0.3),
        c.project(x1 - 0.05, 1.2, space.back - 0.3),
    )
    furniture.television(c, (left, top, right, bottom))


def _visitor(c: Canvas, space: Room, probability: float) -> None:
    """Let a person or a dog stand near a wall."""
    if c.chance(probability):
        x = space.left + 0.5 if c.chance(0.5) else space.right - 0.5
        spot = c.spot(x, space.back - c.uniform(0.5, 1.2))
        if c.chance(0.75):
            people.person(c, spot, c.uniform(1.55, 1.8))
        else:
            people.dog(c, spot, 0.6)


def bedroom(c: Canvas) -> None:
    """A bed with a night table and lamp."""
    space = rooms.room(c)
    wide = c.uniform(1.2, 1.7)
    x0 = c.uniform(space.left + 0.75, space.right - wide - 0.6)
    _decorate(c, space, [(space.left + 0.1, x0), (x0, x0 + wide), (x0 + wide, space.right - 0.1)])
    if c.chance(0.4):
        rooms.rug(c, (x0 - 0.5, x0 + wide + 0.5, 1.7, space.back - 0.8))
    _plant(c, space, 0.3)
    if c.chance(0.3):
        a = space.left if x0 - space.left > space.right - x0 - wide else space.right - 0.9
        furniture_top = c.uniform(1.2, 2.0)
        if c.chance(0.35):
            rooms.shelf(c, (a, a + 0.9, 0, furniture_top, space.back - 0.4, space.back), 3)
        elif c.chance(0.35):
            _television(c, space, (a, a + 0.9))
        else:
            rooms.cabinet(c, (a, a + 0.9, 0, furniture_top, space.back - 0.5, space.back), 2, some(c, 1, 3))
    z1 = space.back - 0.04
    for side in (x0 - 0.6, x0 + wide + 0.12):
        if c.chance(0.65):
            rooms.cabinet(c, (side, side + 0.46, 0, 0.55, z1 - 0.45, z1), 1, 2)
            x, y = c.project(side + 0.23, 0.56, z1 - 0.2)
            if c.chance(0.8):
                rooms.lamp(c, x, y, c.uniform(0.11, 0.15))
            else:
                rooms.vase(c, x, y, 0.1)
    _visitor(c, space, 0.1)
    furniture.bed(c, x0, x0 + wide, z1 - c.uniform(1.9, 2.1), z1)
    if c.chance(0.12):
        furniture.chair(c, x0 + wide + 0.4, 2.0, back=False)
    elif c.chance(0.12):
        furniture.sofa(c, (x0 + wide + 0.25, x0 + wide + 1.1, 2.0), name="armchair")


def living_room(c: Canvas) -> None:
    """A sofa with a low table, lamps, shelf or television."""
    space = rooms.room(c)
    wide = c.uniform(1.7, 2.3)
    x0 = c.uniform(space.left + 0.5, max(space.left + 0.55, space.right - wide - 0.4))
    x1, z = x0 + wide, space.back - c.uniform(0.95, 1.3)
    middle = (x0 + wide / 2 - 0.7, x0 + wide / 2 + 0.7)
    _decorate(c, space, [(space.left + 0.1, x0 + 0.2), middle, (x1 - 0.1, space.right - 0.1)])
    rest = space.right - x1
    corner = (space.right - min(rest, 1.1), space.right - 0.05)
    if rest > 0.7 and c.chance(0.55):
        tall = c.uniform(1.4, 2.1)
        rooms.shelf(c, (*corner, 0, tall, space.back - 0.35, space.back), some(c, 3, 4))
    elif rest > 0.7 and c.chance(0.6):
        _television(c, space, corner)
    _plant(c, space, 0.5)
    if c.chance(0.6):
        spot = c.spot(x0 - 0.25, z + 0.6)
        rooms.lamp(c, spot.x, spot.y, 1.55 * spot.metre, floor=True)
    if c.chance(0.6):
        rooms.rug(c, (x0 - 0.2, x1 + 0.2, 1.75, z + 0.3))
    _visitor(c, space, 0.12)
    furniture.sofa(c, (x0, x1, z))
    if c.chance(0.4):
        side = x1 + 0.2 if c.chance(0.5) else x0 - 1.1
        furniture.sofa(c, (side, side + 0.9, z - 0.6), name="armchair")
    if c.chance(0.75):
        _low_table(c, x0, wide, z)


def _low_table(c: Canvas, x0: float, wide: float, z: float) -> None:
    """Paint a low table before a sofa with a vase, bowl, bottle or plate on it."""
    a = x0 + wide * 0.2
    furniture.table(c, (a, a + wide * 0.55, z - 0.95, z - 0.5), 0.36)
    x, y = c.project(a + wide * 0.25, 0.37, z - 0.7)
    c.pick(
        (
            partial(rooms.vase, c, x, y, 0.12),
            partial(furniture.bowl, c, x, y, 0.04),
            partial(furniture.bottle, c, x, y, 0.1),
            partial(furniture.setting, c, x0 + wide * 0.5, 0.37, z - 0.7),
        )
    )()


def kitchen(c: Canvas) -> None:
    """Counters with a stove, sink and refrigerator."""
    space = rooms.room(c, tiled=True)
    back, z0 = space.back, space.back - 0.62
    paint = c.tint((*pal.WOODS, *pal.WALLS, pal.WHITE, *pal.FABRICS[:4]))
    x = space.left + 0.05
    cold = c.chance(0.75)
    if cold and c.chance(0.5):
        furniture.refrigerator(c, x, z0, back)
        x += 0.8
    stop = space.right - (0.85 if cold and x < space.left + 0.5 else 0.05)
    oven = c.uniform(x + 0.5, stop - 1.3)
    _hung_cabinets(c, space, (x, stop, oven), paint)
    if stop < space.right - 0.5:
        furniture.refrigerator(c, space.right - 0.8, z0, back)
    for a, b in ((x, oven), (oven + 0.7, stop)):
        _counter(c, (a, b, z0, back), paint)
    furniture.stove(c, oven, z0, back)
    if c.chance(0.85):
        furniture.sink(c, oven + 1.15 if oven + 1.5 < stop else oven - 0.42, 0.94, back - 0.3)
    free = x + 0.4 if oven - x < stop - oven - 0.7 else stop - 0.4
    for probability, draw in ((0.5, furniture.bottle), (0.3, rooms.vase)):
        if c.chance(probability):
            draw(c, *c.project(free + c.uniform(-0.2, 0.2), 0.94, back - 0.25), 0.09)
    if c.chance(0.45):
        rooms.pendant(c, c.project(c.uniform(-0.5, 0.5), 0, 3.0)[0], c.uniform(0.1, 0.2), 0.06)
    _visitor(c, space, 0.12)
    if c.chance(0.3):
        _kitchen_table(c, space.left)


def _hung_cabinets(c: Canvas, space: Room, xs: tuple[float, float, float], paint: RGB) -> None:
    """Hang cabinets over the counters, beside a window or a gap over the stove: xs = (start, stop, stove)."""
    x, stop, oven = xs
    middle = (x + stop) / 2
    if c.chance(0.6):
        box = wall_box(c, space, (middle - 0.5, middle + 0.5, 1.25, 2.1))
        rooms.window(c, box, curtains=c.chance(0.4))
        spans = ((x, middle - 0.6), (middle + 0.6, stop))
    else:
        spans = ((x, oven), (oven + 0.7, stop))
    for a, b in spans:
        if b - a > 0.4:
            place = (a, b, 1.5, 2.2, space.back - 0.35, space.back)
            rooms.cabinet(c, place, max(1, round((b - a) / 0.5)), 1, paint)


def _counter(c: Canvas, place: tuple[float, float, float, float], paint: RGB) -> None:
    """Paint a counter with its cabinets: place = (x0, x1, z0, z1) metres."""
    a, b, z0, back = place
    if b - a <= 0.3:
        return
    rooms.cabinet(c, (a, b, 0, 0.9, z0, back), max(1, round((b - a) / 0.55)), some(c, 1, 3), paint)
    top = c.tint((*pal.STONES, *pal.WOODS, pal.WHITE))
    slab = (a, b, 0.88, 0.93, z0 - 0.03, back)
    c.pen("cabinet").block(slab, top, c.pick(("stone", "wood")), "top", strength=0.25)


def _kitchen_table(c: Canvas, left: float) -> None:
    furniture.table(c, (left + 0.6, left + 1.9, 2.0, 2.5), 0.75)
    furniture.bowl(c, *c.project(left + 1.2, 0.76, 2.25), 0.05)
    furniture.setting(c, left + 0.9, 0.76, 2.2)
    furniture.chair(c, left + 1.6, 1.75, back=True)


def office(c: Canvas) -> None:
    """Desks with computers, swivel chairs and shelves."""
    space = rooms.room(c)
    wide = c.uniform(1.5, 2.0)
    x0 = c.uniform(space.left + 0.3, space.right - wide - 0.4)
    x1, z0 = x0 + wide, space.back - c.uniform(1.1, 1.6)
    middle = (x0 + wide / 2 - 0.6, x0 + wide / 2 + 0.6)
    places = [(space.left + 0.1, x0 + 0.3), middle, (x1, space.right - 0.1)]
    _decorate(c, space, places, curtains=c.chance(0.5))
    roomy_left = x0 - space.left > space.right - x1
    a, b = (space.left + 0.05, x0 - 0.05) if roomy_left else (x1 + 0.05, space.right - 0.05)
    if b - a > 0.6:
        _files(c, space, (a, a + min(1.1, b - a)))
    _plant(c, space, 0.45)
    _visitor(c, space, 0.15)
    furniture.table(c, (x0, x1, z0, z0 + 0.7), 0.74, desk=True)
    if c.chance(0.15):
        side = space.left + 0.1 if roomy_left else space.right - 1.0
        furniture.sofa(c, (side, side + 0.9, z0 - 0.7), name="armchair")
    if c.chance(0.5):
        rooms.cabinet(c, (x1 - 0.5, x1 - 0.06, 0.05, 0.68, z0 + 0.02, z0 + 0.6), 1, 3)
    for share in (0.5,) if c.chance(0.6) else (0.28, 0.72):
        furniture.computer(c, x0 + wide * share, 0.75, z0 + 0.45)
    if c.chance(0.45):
        rooms.lamp(c, *c.project(x0 + wide * 0.9, 0.75, z0 + 0.4), 0.13)
    if c.chance(0.4):
        x, y = c.project(x0 + 0.1, 0.75, z0 + 0.3)
        rooms.books(c, (x, y - 0.07, x + 0.09, y))
    furniture.office_chair(c, x0 + wide * c.uniform(0.3, 0.7), z0 - c.uniform(0.2, 0.45))


def _files(c: Canvas, space: Room, xs: tuple[float, float]) -> None:
    """Paint a shelf of books or a cabinet at the back wall."""
    if c.chance(0.6):
        tall = c.uniform(1.3, 2.1)
        rooms.shelf(c, (*xs, 0, tall, space.back - 0.35, space.back), some(c, 3, 4))
    else:
        tall = c.uniform(0.8, 1.4)
        rooms.cabinet(c, (*xs, 0, tall, space.back - 0.5, space.back), 1, some(c, 3, 4))


def dining_room(c: Canvas) -> None:
    """A laid table with chairs around it."""
    space = rooms.room(c)
    wide = c.uniform(1.5, 2.1)
    x0 = (space.left + space.right - wide) / 2 + c.uniform(-0.3, 0.3)
    z0 = space.back - c.uniform(1.7, 2.0)
    z1 = z0 + c.uniform(0.8, 1.0)
    third = (space.right - space.left) / 3
    thirds = [(space.left + k * third + 0.15, space.left + (k + 1) * third - 0.15) for k in range(3)]
    _decorate(c, space, thirds)
    if c.chance(0.4):
        a = space.left + c.uniform(0.1, 2.0)
        rooms.cabinet(c, (a, a + 1.3, 0, 0.85, space.back - 0.45, space.back), 3, 1)
        rooms.vase(c, *c.project(a + 0.5, 0.86, space.back - 0.2), 0.12)
    elif c.chance(0.25):
        _television(c, space, (space.left + 0.1, space.left + 1.1))
    _plant(c, space, 0.4)
    if c.chance(0.4):
        rooms.rug(c, (x0 - 0.4, x0 + wide + 0.4, max(1.6, z0 - 0.5), z1 + 0.4))
    _visitor(c, space, 0.12)
    _laid_table(c, (x0, x0 + wide, z0, z1))
    if c.chance(0.75):
        x = c.project(x0 + wide / 2, 0, z0)[0]
        rooms.pendant(c, x, c.uniform(0.06, 0.14), c.uniform(0.07, 0.1))


def _laid_table(c: Canvas, place: tuple[float, float, float, float]) -> None:
    """Paint a table over (x0, x1, z0, z1) metres with plates, and chairs on both sides."""
    x0, x1, z0, z1 = place
    wide = x1 - x0
    paint = c.tint((*pal.WOODS, *pal.FABRICS, pal.WHITE))
    seats = 2 if wide < 1.8 else 3
    xs = [x0 + wide * (k + 0.5) / seats for k in range(seats)]
    for x in xs:
        furniture.chair(c, x, z1 + 0.12, back=False, color=paint)
    furniture.table(c, place, 0.74)
    for x in xs:
        furniture.setting(c, x, 0.75, z1 - 0.2)
    px, py = c.project(x0 + wide * c.uniform(0.35, 0.65), 0.75, (z0 + z1) / 2)
    draw, size = c.pick(((rooms.vase, 0.14), (furniture.bowl, 0.05), (furniture.bottle, 0.13)))
    draw(c, px, py, size)
    for x in xs:
        if c.chance(0.85):
            furniture.chair(c, x, max(1.45, z0 - 0.3), back=True, color=paint)


def bathroom(c: Canvas) -> None:
    """A bathtub, toilet and washstand with a mirror."""
    space = rooms.room(c, tiled=True)
    back, flip, tub = space.back, c.chance(0.5), c.chance(0.85)
    long = c.uniform(1.5, 1.75)
    x0 = space.right - long - 0.05 if flip else space.left + 0.05
    low, high = (space.left + 0.1, x0) if flip else (x0 + long, space.right - 0.1)
    if not tub:
        low, high = space.left + 0.1, space.right - 0.1
    stand = low + (high - low) * (0.3 if flip else 0.7)
    if tub and c.chance(0.55):
        box = wall_box(c, space, (x0 + 0.4, x0 + long - 0.4, 1.3, 2.1))
        rooms.window(c, box, curtains=c.chance(0.5))
    rooms.picture(c, wall_box(c, space, (stand - 0.36, stand + 0.36, 1.2, 2.0)), mirror=True)
    if c.chance(0.6):
        x = low + (high - low) * (0.8 if flip else 0.2)
        furniture.towel(c, wall_box(c, space, (x - 0.22, x + 0.22, 1.0, 1.6)))
    _plant(c, space, 0.2)
    rooms.cabinet(c, (stand - 0.5, stand + 0.5, 0.2, 0.82, back - 0.5, back), 2, 1)
    furniture.sink(c, stand, 0.84, back - 0.28)
    if tub:
        furniture.bathtub(c, x0, x0 + long, back - 0.8, back - 0.02)
        if c.chance(0.4):
            furniture.bottle(c, *c.project(x0 + long - 0.2, 0.63, back - 0.7), 0.07)
    if c.chance(0.4):
        rooms.rug(c, (-0.7, 0.7, 2.1, 2.9))
    if not tub or c.chance(0.75):
        x = low + (high - low) * (0.85 if flip else 0.15)
        furniture.toilet(c, x, back - c.uniform(0.9, 1.2))
    if c.chance(0.3):
        x = c.spot(stand, back - 0.45).x + 0.05
        furniture.bottle(c, x, c.project(0, 0.84, back - 0.35)[1], 0.07)
    _visitor(c, space, 0.08)
