"""Cars, trucks, airplanes and boats."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.built import panes
from unitscope.world.canvas import Canvas, Point, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.palette import RGB, dim, mix, rgb

_TYRE, _RIM, _TAIL_LIGHT, _HEADLIGHT = rgb("26272b"), rgb("b9bdc2"), rgb("d8322a"), rgb("fff2c4")

Outline = tuple[Point, ...]

_CAR_BODY: Outline = (
    *((-0.5, 0.09), (-0.5, 0.2), (-0.42, 0.235), (-0.3, 0.25), (-0.17, 0.37)),
    *((0.14, 0.37), (0.27, 0.25), (0.46, 0.21), (0.5, 0.16), (0.5, 0.09)),
)
_CAR_PANES: tuple[Outline, ...] = (
    ((-0.26, 0.25), (-0.15, 0.345), (-0.02, 0.345), (-0.02, 0.25)),
    ((0.01, 0.25), (0.01, 0.345), (0.12, 0.345), (0.22, 0.25)),
)
_CAR_SHELL: Outline = ((-0.5, 0.13), (-0.5, 0.38), (-0.44, 0.49), (0.44, 0.49), (0.5, 0.38), (0.5, 0.13))
_CAR_CABIN: Outline = ((-0.4, 0.46), (-0.3, 0.8), (0.3, 0.8), (0.4, 0.46))
_TRUCK_NOSE: Outline = ((0.22, 0.1), (0.22, 0.36), (0.42, 0.36), (0.49, 0.22), (0.5, 0.1))
_TRUCK_PANE: Outline = ((0.3, 0.22), (0.3, 0.33), (0.405, 0.33), (0.46, 0.22))
_FUSELAGE: Outline = (
    *((-0.48, 0.16), (-0.3, 0.175), (0.36, 0.175), (0.45, 0.15), (0.5, 0.105)),
    *((0.46, 0.075), (0.36, 0.055), (-0.2, 0.055), (-0.36, 0.09)),
)
_STRIPE: Outline = ((-0.4, 0.115), (0.49, 0.115), (0.495, 0.1), (-0.37, 0.1))
_FIN: Outline = ((-0.34, 0.15), (-0.5, 0.36), (-0.42, 0.36), (-0.22, 0.15))
_TAILPLANE: Outline = ((-0.3, 0.14), (-0.48, 0.2), (-0.44, 0.21), (-0.24, 0.16))
_COCKPIT: Outline = ((0.4, 0.15), (0.445, 0.145), (0.465, 0.122), (0.4, 0.122))
_WING: Outline = ((0.12, 0.09), (-0.18, -0.02), (-0.26, -0.02), (-0.08, 0.09))
_HULL: Outline = ((-0.46, 0.16), (0.5, 0.19), (0.36, -0.01), (-0.38, -0.01))
_RAIL: Outline = ((-0.46, 0.17), (0.5, 0.2), (0.48, 0.16), (-0.46, 0.13))


def _wheels(it: Figure, places: tuple[float, ...], radius: float, height: float) -> None:
    for a in places:
        it.ellipse((a, height, radius, radius), _TYRE, "plastic", "wheel", shade="flat")
        it.ellipse((a, height, radius * 0.5, radius * 0.5), _RIM, "metal", "wheel")


def _glass(c: Canvas, share: float) -> RGB:
    """Return the colour of a windshield, which mirrors the sky."""
    return mix(c.light.sky[1], rgb("33424f"), share)


def car(c: Canvas, spot: Spot, length: float = 4.3) -> None:
    """Paint a car from the side."""
    it = figure(c, "car", spot, length, c.pick((-1, 1)))
    paint = c.tint(pal.CARS)
    c.shadow(it.x, it.y, it.unit * 0.56, it.unit * 0.07, 0.6)
    it.poly(_CAR_BODY, paint, "metal", "body", shade="fall", strength=0.5)
    for pane in _CAR_PANES:
        it.poly(pane, _glass(c, 0.65), "glass", "windshield")
    it.ellipse((0.475, 0.185, 0.028, 0.022), _HEADLIGHT, "glass", "headlight", glow=float(c.light.dark))
    it.side = 1
    _wheels(it, (-0.3, 0.3), 0.088, 0.085)


def car_behind(c: Canvas, spot: Spot, *, oncoming: bool = False) -> None:
    """Paint a car seen from behind, or from the front."""
    it = figure(c, "car", spot, 1.8)
    paint, u = c.tint(pal.CARS), it.unit
    c.shadow(it.x, it.y, u * 0.66, u * 0.13, 0.7)
    for a in (-0.36, 0.36):
        it.rect((a - 0.1, 0.0, a + 0.1, 0.2), rgb("222327"), "plastic", "wheel")
    it.poly(_CAR_CABIN, paint, "metal", "body", strength=0.5)
    rear = tuple((a * 0.86, b * 0.9 + 0.03) for a, b in _CAR_CABIN)
    it.poly(rear, _glass(c, 0.6), "glass", "windshield")
    it.poly(_CAR_SHELL, paint, "metal", "body", shade="fall", strength=0.5)
    lamp, glow = _HEADLIGHT if oncoming else _TAIL_LIGHT, 1.0 if c.light.dark else 0.0
    for a in (-0.38, 0.38):
        it.rect((a - 0.08, 0.3, a + 0.08, 0.4), lamp, "glass", "headlight", glow=glow)
        if glow:
            c.shine(*it.at(a, 0.35), u * 0.3, lamp, 0.35)
    it.rect((-0.16, 0.2, 0.16, 0.3), rgb("e6e4da"), "metal", "body")


def truck(c: Canvas, spot: Spot) -> None:
    """Paint a truck from the side."""
    it = figure(c, "truck", spot, 6.5, c.pick((-1, 1)))
    paint = c.tint(pal.CARS)
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.06, 0.6)
    load = c.tint((*pal.CARS, pal.WHITE, pal.WHITE))
    it.rect((-0.5, 0.1, 0.2, 0.47), load, "metal", "body", shade="fall")
    it.poly(_TRUCK_NOSE, paint, "metal", "cabin", strength=0.5)
    it.poly(_TRUCK_PANE, _glass(c, 0.6), "glass", "windshield")
    _wheels(it, (-0.36, -0.2, 0.36), 0.075, 0.075)


def truck_behind(c: Canvas, spot: Spot) -> None:
    """Paint a truck seen from behind."""
    it = figure(c, "truck", spot, 2.5)
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.1, 0.7)
    for a in (-0.34, 0.34):
        it.rect((a - 0.1, 0.0, a + 0.1, 0.25), rgb("222327"), "plastic", "wheel")
    paint = c.tint((*pal.CARS, pal.WHITE))
    it.rect((-0.5, 0.2, 0.5, 1.35), paint, "metal", "body")
    it.rect((-0.012, 0.24, 0.012, 1.3), dim(paint, 0.6), "metal", "door")
    for a in (-0.4, 0.4):
        box = (a - 0.07, 0.22, a + 0.07, 0.3)
        it.rect(box, _TAIL_LIGHT, "glass", "headlight", glow=float(c.light.dark))


def airplane(c: Canvas, spot: Spot, length: float, *, flying: bool = False) -> None:
    """Paint an airliner from the side; `spot` is where its wheels stand."""
    it = figure(c, "airplane", spot, length, c.pick((-1, 1)))
    stripe, white = c.tint(pal.BRIGHTS), c.tint((pal.WHITE, rgb("d9dee3"), pal.CREAM))
    if not flying:
        c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.05, 0.55)
        for a in (-0.06, 0.3):
            it.line(((a, 0.06), (a, 0.02)), 0.014, pal.CHARCOAL, "metal", "wheel")
            it.ellipse((a, 0.018, 0.022, 0.022), _TYRE, "plastic", "wheel")
    it.poly(_FIN, stripe, "metal", "tail")
    it.poly(_TAILPLANE, dim(white, 0.85), "metal", "tail")
    it.poly(_FUSELAGE, white, "metal", "fuselage", shade="fall", strength=0.5)
    it.poly(_STRIPE, stripe, "metal", "fuselage")
    for k in range(9):
        a = -0.22 + k * 0.065
        pane = (a, 0.128, a + 0.03, 0.15)
        it.rect(pane, rgb("3f5468"), "glass", "window", glow=0.6 if c.light.dark else 0.0)
    it.poly(_COCKPIT, rgb("2f3f50"), "glass", "windshield")
    it.poly(_WING, dim(white, 0.78), "metal", "wing")
    it.ellipse((0.03, 0.035, 0.06, 0.03), stripe, "metal", "engine", shade="ball")


def boat(c: Canvas, spot: Spot, length: float, kind: str = "") -> None:
    """Paint a sailing boat or a motor boat; `spot` is at its water line."""
    kind = kind or c.pick(("sail", "motor", "sail"))
    it = figure(c, "boat", spot, length, c.pick((-1, 1)))
    paint = c.tint((*pal.BRIGHTS, pal.WHITE, pal.WHITE))
    c.shadow(it.x, it.y + it.unit * 0.02, it.unit * 0.5, it.unit * 0.07, 0.5)
    if kind == "sail":
        _sails(c, it)
    else:
        _deckhouse(c, it, paint)
    it.poly(_HULL, paint, "wood", "hull", shade="fall", strength=0.5)
    it.poly(_RAIL, dim(paint, 0.7), "wood", "hull")


def _sails(c: Canvas, it: Figure) -> None:
    mast = c.uniform(0.95, 1.2)
    it.line(((0, 0.1), (0, mast)), 0.03, c.tint(pal.WOODS), "wood", "mast")
    cloth = c.tint((pal.WHITE, pal.CREAM, *pal.BRIGHTS[:4], pal.WHITE))
    main = ((-0.03, mast), (-0.3, 0.5), (-0.42, 0.22), (-0.03, 0.2))
    it.poly(main, cloth, "fabric", "sail", shade="tube")
    jib = ((0.03, mast * 0.92), (0.4, 0.2), (0.03, 0.22))
    it.poly(jib, dim(pal.CREAM, 0.96), "fabric", "sail")


def _deckhouse(c: Canvas, it: Figure, paint: RGB) -> None:
    it.rect((-0.28, 0.12, 0.12, 0.36), pal.WHITE, "plastic", "cabin")
    (a, top), (b, low) = it.at(-0.28, 0.35), it.at(0.12, 0.2)
    panes(c, it.pen, (min(a, b), top, max(a, b), low), (3, 1), 0.7)
    it.rect((-0.31, 0.355, 0.15, 0.4), paint, "plastic", "roof")
    it.line(((0, 0.4), (0, 0.68)), 0.022, pal.CHARCOAL, "metal", "mast")
