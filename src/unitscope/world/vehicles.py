"""Cars, vans, trucks, buses and two-wheelers, from the side and from behind."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Point, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.palette import RGB, dim, mix, rgb

_TAIL_LIGHT, _HEADLIGHT, _PLATE = rgb("d8322a"), rgb("fff2c4"), rgb("e6e4da")

Outline = tuple[Point, ...]

_SEDAN: tuple[Outline, ...] = (
    (
        *((-0.5, 0.09), (-0.5, 0.2), (-0.42, 0.235), (-0.3, 0.25), (-0.17, 0.37)),
        *((0.14, 0.37), (0.27, 0.25), (0.46, 0.21), (0.5, 0.16), (0.5, 0.09)),
    ),
    ((-0.26, 0.25), (-0.15, 0.345), (-0.02, 0.345), (-0.02, 0.25)),
    ((0.01, 0.25), (0.01, 0.345), (0.12, 0.345), (0.22, 0.25)),
)
_HATCHBACK: tuple[Outline, ...] = (
    (
        *((-0.46, 0.09), (-0.47, 0.24), (-0.4, 0.41), (0.1, 0.41), (0.27, 0.27)),
        *((0.43, 0.23), (0.48, 0.16), (0.48, 0.09)),
    ),
    ((-0.4, 0.26), (-0.35, 0.38), (-0.15, 0.38), (-0.15, 0.26)),
    ((-0.12, 0.26), (-0.12, 0.38), (0.08, 0.38), (0.21, 0.26)),
)
_PICKUP: tuple[Outline, ...] = (
    (
        *((-0.5, 0.1), (-0.5, 0.27), (-0.1, 0.27), (-0.06, 0.42), (0.16, 0.42)),
        *((0.24, 0.28), (0.47, 0.25), (0.5, 0.1)),
    ),
    ((-0.05, 0.28), (-0.03, 0.39), (0.05, 0.39), (0.05, 0.28)),
    ((0.07, 0.28), (0.07, 0.39), (0.15, 0.39), (0.21, 0.28)),
)
_VAN: tuple[Outline, ...] = (
    (
        *((-0.5, 0.1), (-0.5, 0.47), (-0.47, 0.5), (0.24, 0.5), (0.36, 0.31)),
        *((0.48, 0.26), (0.5, 0.1)),
    ),
    ((0.08, 0.31), (0.08, 0.44), (0.22, 0.44), (0.31, 0.31)),
)
_CAR_SHELL: Outline = ((-0.5, 0.13), (-0.5, 0.38), (-0.44, 0.49), (0.44, 0.49), (0.5, 0.38), (0.5, 0.13))
_CAR_CABIN: Outline = ((-0.4, 0.46), (-0.3, 0.8), (0.3, 0.8), (0.4, 0.46))
_TALL_CABIN: Outline = ((-0.46, 0.46), (-0.44, 1.08), (0.44, 1.08), (0.46, 0.46))
_TRUCK_NOSE: Outline = ((0.22, 0.1), (0.22, 0.36), (0.42, 0.36), (0.49, 0.22), (0.5, 0.1))
_TRUCK_PANE: Outline = ((0.3, 0.22), (0.3, 0.33), (0.405, 0.33), (0.46, 0.22))


def glass(c: Canvas, share: float) -> RGB:
    """Return the colour of a windshield, which mirrors the sky."""
    return mix(c.light.sky[1], rgb("33424f"), share)


def _side_view(c: Canvas, it: Figure, design: tuple[Outline, ...], paint: RGB) -> None:
    """Paint body, panes, lamps, bumper and wheels of a car or van."""
    c.shadow(it.x, it.y, it.unit * 0.56, it.unit * 0.07, 0.6)
    body, *panes = design
    it.poly(body, paint, "metal", "body", shade="fall", strength=0.5)
    for pane in panes:
        it.poly(pane, glass(c, 0.65), "glass", "windshield")
    it.rect((-0.51, 0.08, 0.51, 0.125), dim(paint, 0.55), "plastic", "bumper")
    it.ellipse((0.475, 0.185, 0.03, 0.024), _HEADLIGHT, "glass", "headlight", glow=float(c.light.dark))
    it.ellipse((-0.485, 0.2, 0.018, 0.024), _TAIL_LIGHT, "glass", "headlight")
    for a in (-0.3, 0.3):
        it.wheel(a, 0.085, 0.088)


def car(c: Canvas, spot: Spot, length: float = 4.3) -> None:
    """Paint a sedan, a hatchback or a pick-up from the side."""
    it = figure(c, "car", spot, length, c.pick((-1, 1)))
    design = c.pick((_SEDAN, _HATCHBACK, _PICKUP))
    _side_view(c, it, design, c.tint(pal.CARS))


def van(c: Canvas, spot: Spot, length: float = 5.0) -> None:
    """Paint a van from the side, with or without windows along it."""
    it, paint = figure(c, "van", spot, length, c.pick((-1, 1))), c.tint((*pal.CARS, pal.WHITE, pal.WHITE))
    _side_view(c, it, _VAN, paint)
    if c.chance(0.5):
        for a in (-0.45, -0.19):
            it.rect((a, 0.32, a + 0.22, 0.44), glass(c, 0.65), "glass", "window")
    else:
        it.rect((-0.47, 0.27, 0.02, 0.3), c.tint(pal.BRIGHTS), "metal", "body")
    it.rect((0.045, 0.14, 0.055, 0.45), dim(paint, 0.6), "metal", "door")


def car_behind(c: Canvas, spot: Spot, *, oncoming: bool = False, name: str = "car") -> None:
    """Paint a car or van seen from behind, or from the front."""
    it = figure(c, name, spot, 1.8 if name == "car" else 2.0)
    paint, u = c.tint(pal.CARS), it.unit
    c.shadow(it.x, it.y, u * 0.66, u * 0.13, 0.7)
    for a in (-0.36, 0.36):
        it.rect((a - 0.1, 0.0, a + 0.1, 0.2), pal.RUBBER, "rubber", "wheel")
    cabin = _CAR_CABIN if name == "car" else _TALL_CABIN
    it.poly(cabin, paint, "metal", "body", strength=0.5)
    rear = tuple((a * 0.86, b * 0.92 + 0.03) for a, b in cabin)
    it.poly(rear, glass(c, 0.6), "glass", "windshield")
    it.poly(_CAR_SHELL, paint, "metal", "body", shade="fall", strength=0.5)
    it.rect((-0.48, 0.13, 0.48, 0.19), dim(paint, 0.5), "plastic", "bumper")
    _lamps(c, it, 0.38, (0.3, 0.4), oncoming=oncoming)
    it.rect((-0.16, 0.2, 0.16, 0.29), _PLATE, "metal", "license plate")


def _lamps(c: Canvas, it: Figure, apart: float, span: Point, *, oncoming: bool = False) -> None:
    """Paint a pair of lamps; they shine in the dark."""
    lamp, glow = _HEADLIGHT if oncoming else _TAIL_LIGHT, 1.0 if c.light.dark else 0.0
    for a in (-apart, apart):
        it.rect((a - 0.08, span[0], a + 0.08, span[1]), lamp, "glass", "headlight", glow=glow)
        if glow:
            c.shine(*it.at(a, sum(span) / 2), it.unit * 0.3, lamp, 0.35)


def truck(c: Canvas, spot: Spot) -> None:
    """Paint a truck from the side: with a box, a tank or an open bed with a load."""
    it = figure(c, "truck", spot, 6.5, c.pick((-1, 1)))
    paint, load, kind = c.tint(pal.CARS), c.tint((*pal.CARS, pal.WHITE, pal.WHITE)), c.rng.random()
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.06, 0.6)
    it.rect((-0.5, 0.09, 0.3, 0.13), pal.CHARCOAL, "metal", "base")
    if kind < 0.5:
        it.rect((-0.5, 0.12, 0.2, 0.47), load, "metal", "body", shade="fall")
    elif kind < 0.75:
        it.ellipse((-0.16, 0.27, 0.34, 0.15), load, "metal", "body", shade="ball")
    else:
        it.blob((-0.15, 0.25, 0.3, 0.13), c.tint((*pal.EARTHS, *pal.SANDS)), "earth", grain=0.4)
        it.rect((-0.5, 0.12, 0.2, 0.26), load, "metal", "body", shade="fall")
    it.poly(_TRUCK_NOSE, paint, "metal", "cabin", strength=0.5)
    it.poly(_TRUCK_PANE, glass(c, 0.6), "glass", "windshield")
    for a in (-0.36, -0.2, 0.36):
        it.wheel(a, 0.075, 0.075)


def truck_behind(c: Canvas, spot: Spot) -> None:
    """Paint a truck seen from behind."""
    it = figure(c, "truck", spot, 2.5)
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.1, 0.7)
    for a in (-0.34, 0.34):
        it.rect((a - 0.1, 0.0, a + 0.1, 0.25), pal.RUBBER, "rubber", "wheel")
    paint = c.tint((*pal.CARS, pal.WHITE))
    it.rect((-0.5, 0.2, 0.5, 1.35), paint, "metal", "body")
    it.rect((-0.012, 0.24, 0.012, 1.3), dim(paint, 0.6), "metal", "door")
    it.rect((-0.48, 0.14, 0.48, 0.21), pal.CHARCOAL, "metal", "bumper")
    _lamps(c, it, 0.4, (0.22, 0.3))


def bus(c: Canvas, spot: Spot, length: float = 10.0) -> None:
    """Paint a bus from the side."""
    it, paint = figure(c, "bus", spot, length, c.pick((-1, 1))), c.tint((*pal.BRIGHTS, *pal.CARS))
    second = c.tint((pal.WHITE, pal.CREAM, *pal.CARS))
    c.shadow(it.x, it.y, it.unit * 0.52, it.unit * 0.05, 0.6)
    it.rect((-0.5, 0.04, 0.5, 0.29), paint, "metal", "body", shade="fall")
    it.rect((-0.5, 0.04, 0.5, 0.1), second, "metal", "body")
    lit = 0.7 if c.light.dark else 0.0
    pane = mix(rgb("ffe2a8"), glass(c, 0.5), 0.2) if lit else glass(c, 0.6)
    for k in range(6):
        a = -0.47 + 0.135 * k
        it.rect((a, 0.16, a + 0.115, 0.26), pane, "glass", "window", glow=lit)
    it.rect((0.345, 0.05, 0.42, 0.26), glass(c, 0.5), "glass", "door")
    it.rect((0.44, 0.13, 0.5, 0.27), glass(c, 0.5), "glass", "windshield")
    it.ellipse((0.49, 0.08, 0.014, 0.012), _HEADLIGHT, "glass", "headlight", glow=float(c.light.dark))
    for a in (-0.3, 0.27):
        it.wheel(a, 0.043, 0.047)


def bus_behind(c: Canvas, spot: Spot, *, oncoming: bool = False) -> None:
    """Paint a bus seen from behind, or from the front."""
    it, paint = figure(c, "bus", spot, 2.5), c.tint((*pal.BRIGHTS, *pal.CARS))
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.1, 0.7)
    for a in (-0.36, 0.36):
        it.rect((a - 0.09, 0.0, a + 0.09, 0.2), pal.RUBBER, "rubber", "wheel")
    it.rect((-0.5, 0.12, 0.5, 1.25), paint, "metal", "body", shade="fall")
    it.rect((-0.43, 0.55, 0.43, 1.05), glass(c, 0.55), "glass", "windshield")
    it.rect((-0.3, 1.1, 0.3, 1.2), rgb("f0b040"), "glass", "top", glow=0.6)
    it.rect((-0.48, 0.12, 0.48, 0.2), dim(paint, 0.5), "metal", "bumper")
    _lamps(c, it, 0.38, (0.26, 0.36), oncoming=oncoming)


def motorcycle(c: Canvas, spot: Spot, length: float = 2.1) -> None:
    """Paint a motorcycle from the side."""
    it, paint = figure(c, "motorcycle", spot, length, c.pick((-1, 1))), c.tint((*pal.CARS, *pal.BRIGHTS))
    c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.06, 0.6)
    for a in (-0.33, 0.33):
        it.wheel(a, 0.15, 0.155)
    it.line(((0.33, 0.15), (0.2, 0.5)), 0.05, pal.STEEL, "metal", "body")
    it.ellipse((0.0, 0.2, 0.14, 0.11), pal.CHARCOAL, "metal", "engine", shade="ball")
    it.poly(((-0.05, 0.28), (-0.02, 0.44), (0.18, 0.44), (0.22, 0.3)), paint, "metal", "body")
    it.poly(((-0.42, 0.3), (-0.4, 0.38), (-0.04, 0.42), (-0.04, 0.32)), pal.BLACK, "leather", "seat")
    it.line(((0.18, 0.5), (0.08, 0.58)), 0.04, pal.CHARCOAL, "metal", "handlebar")
    it.ellipse((0.26, 0.44, 0.05, 0.05), _HEADLIGHT, "glass", "headlight", glow=float(c.light.dark))


def bicycle(c: Canvas, spot: Spot, length: float = 1.8) -> None:
    """Paint a bicycle from the side."""
    it, paint = figure(c, "bicycle", spot, length, c.pick((-1, 1))), c.tint((*pal.BRIGHTS, *pal.CARS))
    for a in (-0.3, 0.3):
        for radius, color in ((0.2, pal.RUBBER), (0.16, mix(c.light.sky[1], pal.STEEL, 0.6))):
            it.ellipse((a, 0.19, radius, radius), color, "rubber", "wheel", shade="flat")
    crank, saddle, head, rear, front = (-0.02, 0.2), (-0.13, 0.5), (0.2, 0.5), (-0.3, 0.19), (0.3, 0.19)
    for ends in (
        (rear, crank),
        (rear, saddle),
        (crank, saddle),
        (crank, head),
        (saddle, head),
        (head, front),
    ):
        it.line(ends, 0.042, paint, "metal", "frame")
    it.rect((-0.2, 0.52, -0.06, 0.57), pal.BLACK, "leather", "seat")
    it.line(((0.2, 0.5), (0.2, 0.6)), 0.035, pal.CHARCOAL, "metal", "handlebar")
    it.line(((0.12, 0.6), (0.28, 0.6)), 0.04, pal.CHARCOAL, "metal", "handlebar")


def any_vehicle(c: Canvas, spot: Spot) -> None:
    """Paint one of the vehicles that park anywhere."""
    draw = c.pick((car, car, car, van, truck, bicycle, motorcycle))
    draw(c, spot)
