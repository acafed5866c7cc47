"""What flies, floats, runs on rails, or works: airplanes, boats, trains and machines."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.built import panes
from unitscope.world.canvas import Canvas, Point, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.palette import RGB, dim, mix, rgb
from unitscope.world.vehicles import glass

Outline = tuple[Point, ...]

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


def airplane(c: Canvas, spot: Spot, length: float, *, flying: bool = False) -> None:
    """Paint an airliner or a small airplane from the side; `spot` is where its wheels stand."""
    small = not flying and c.chance(0.35)
    it = figure(c, "airplane", spot, length * (0.7 if small else 1), c.pick((-1, 1)))
    stripe, white = c.tint(pal.BRIGHTS), c.tint((pal.WHITE, rgb("d9dee3"), pal.CREAM))
    if not flying:
        c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.05, 0.55)
        for a in (-0.06, 0.3):
            it.line(((a, 0.06), (a, 0.02)), 0.014, pal.CHARCOAL, "metal", "leg")
            it.wheel(a, 0.02, 0.026)
    it.poly(_FIN, stripe, "metal", "tail")
    it.poly(_TAILPLANE, dim(white, 0.85), "metal", "tail")
    it.poly(_FUSELAGE, white, "metal", "fuselage", shade="fall", strength=0.5)
    it.poly(_STRIPE, stripe, "metal", "fuselage")
    it.poly(_COCKPIT, rgb("2f3f50"), "glass", "windshield")
    if small:
        _propeller(c, it, stripe)
        return
    for k in range(9):
        a = -0.22 + k * 0.065
        pane = (a, 0.128, a + 0.03, 0.15)
        it.rect(pane, rgb("3f5468"), "glass", "window", glow=0.6 if c.light.dark else 0.0)
    it.poly(_WING, dim(white, 0.78), "metal", "wing")
    it.ellipse((0.03, 0.035, 0.06, 0.03), stripe, "metal", "engine", shade="ball")


def _propeller(c: Canvas, it: Figure, stripe: RGB) -> None:
    """Paint cabin, high wing and propeller of a small airplane."""
    it.poly(((0.1, 0.17), (0.14, 0.24), (0.3, 0.24), (0.36, 0.17)), glass(c, 0.5), "glass", "windshield")
    it.rect((0.02, 0.235, 0.36, 0.26), dim(stripe, 0.9), "metal", "wing")
    it.ellipse((0.505, 0.11, 0.012, 0.09), pal.CHARCOAL, "wood", "rotor")


def helicopter(c: Canvas, spot: Spot, length: float = 9.0) -> None:
    """Paint a helicopter from the side, standing or in the air."""
    it, paint = figure(c, "helicopter", spot, length, c.pick((-1, 1))), c.tint((*pal.BRIGHTS, *pal.CARS))
    it.poly(((-0.5, 0.24), (0.0, 0.27), (0.0, 0.18), (-0.5, 0.215)), paint, "metal", "tail", shade="tube")
    it.ellipse((-0.48, 0.24, 0.015, 0.08), pal.CHARCOAL, "metal", "rotor")
    it.ellipse((0.12, 0.2, 0.2, 0.12), paint, "metal", "body", shade="ball")
    it.poly(((0.14, 0.2), (0.16, 0.3), (0.26, 0.27), (0.315, 0.2)), glass(c, 0.5), "glass", "windshield")
    it.rect((0.0, 0.17, 0.08, 0.26), glass(c, 0.6), "glass", "window")
    for a in (0.02, 0.2):
        it.line(((a, 0.1), (a, 0.02)), 0.014, pal.CHARCOAL, "metal", "leg")
    it.line(((-0.08, 0.015), (0.32, 0.015)), 0.02, pal.CHARCOAL, "metal", "leg")
    it.post(0.1, (0.3, 0.36), 0.03, pal.CHARCOAL, "metal")
    it.line(((-0.32, 0.37), (0.5, 0.36)), 0.018, rgb("5a5f66"), "metal", "rotor")


def boat(c: Canvas, spot: Spot, length: float, kind: str = "") -> None:
    """Paint a sailing boat, a motor boat, a fishing boat or a rowing boat; `spot` is at its water line."""
    kind = kind or c.pick(("sail", "motor", "sail", "fishing", "rowing"))
    it = figure(c, "boat", spot, length * (0.7 if kind == "rowing" else 1), c.pick((-1, 1)))
    paint = c.tint((*pal.BRIGHTS, pal.WHITE, pal.WHITE, *pal.WOODS))
    c.shadow(it.x, it.y + it.unit * 0.02, it.unit * 0.5, it.unit * 0.07, 0.5)
    if kind == "sail":
        _sails(c, it)
    elif kind == "motor":
        _deckhouse(c, it, paint, (-0.28, 0.12))
    elif kind == "fishing":
        _deckhouse(c, it, paint, (0.06, 0.34))
        it.line(((-0.3, 0.14), (-0.12, 0.75)), 0.02, pal.CHARCOAL, "wood", "boom")
        it.line(((-0.12, 0.75), (0.3, 0.4)), 0.012, pal.CHARCOAL, "fabric", "rope")
    else:
        it.line(((-0.2, 0.2), (0.3, 0.06)), 0.03, c.tint(pal.WOODS), "wood", "handle")
    it.poly(_HULL, paint, "wood", "hull", shade="fall", strength=0.5)
    it.poly(_RAIL, dim(paint, 0.7), "wood", "hull")


def _sails(c: Canvas, it: Figure) -> None:
    mast = c.uniform(0.95, 1.2)
    it.line(((0, 0.1), (0, mast)), 0.03, c.tint(pal.WOODS), "wood", "mast")
    if c.chance(0.25):
        it.line(((-0.42, 0.26), (0, 0.24)), 0.05, pal.CREAM, "fabric", "sail")
        return
    cloth = c.tint((pal.WHITE, pal.CREAM, *pal.BRIGHTS[:4], pal.WHITE))
    main = ((-0.03, mast), (-0.3, 0.5), (-0.42, 0.22), (-0.03, 0.2))
    it.poly(main, cloth, "fabric", "sail", shade="tube")
    jib = ((0.03, mast * 0.92), (0.4, 0.2), (0.03, 0.22))
    it.poly(jib, dim(pal.CREAM, 0.96), "fabric", "sail")


def _deckhouse(c: Canvas, it: Figure, paint: RGB, span: Point) -> None:
    left, right = span
    it.rect((left, 0.12, right, 0.36), pal.WHITE, "plastic", "cabin")
    (a, top), (b, low) = it.at(left, 0.35), it.at(right, 0.2)
    panes(c, it.pen, (min(a, b), top, max(a, b), low), (3, 1), 0.7)
    it.rect((left - 0.03, 0.355, right + 0.03, 0.4), paint, "plastic", "roof")
    it.line(((left + 0.2, 0.4), (left + 0.2, 0.68)), 0.022, pal.CHARCOAL, "metal", "mast")


def ship(c: Canvas, spot: Spot, length: float = 30.0) -> None:
    """Paint a ship: a ferry with decks, or a freighter with containers."""
    it, paint = figure(c, "ship", spot, length, c.pick((-1, 1))), c.tint((*pal.CARS, pal.WHITE))
    ferry = c.chance(0.5)
    if ferry:
        for k in range(3):
            box = (-0.4 + 0.03 * k, 0.1 + 0.06 * k, 0.3 - 0.06 * k, 0.16 + 0.06 * k)
            it.rect(box, pal.WHITE, "metal", "deck")
            for j in range(7):
                a = box[0] + 0.03 + j * (box[2] - box[0] - 0.03) / 7
                it.rect((a, box[1] + 0.02, a + 0.035, box[3] - 0.012), glass(c, 0.7), "glass", "window")
    else:
        it.rect((-0.42, 0.1, -0.28, 0.3), pal.WHITE, "metal", "cabin")
        for k in range(12):
            a, b = -0.22 + 0.1 * (k % 6), 0.11 + 0.06 * (k // 6)
            it.rect((a, b, a + 0.095, b + 0.055), c.tint(pal.BRIGHTS), "metal", "body")
    a = -0.1 if ferry else -0.36
    it.rect((a, 0.27, a + 0.07, 0.38), c.tint(pal.BRIGHTS), "metal", "funnel", shade="tube")
    it.post(0.3 if ferry else 0.42, (0.1, 0.36), 0.012, pal.CHARCOAL, "metal", part="mast")
    it.poly(((-0.47, 0.11), (0.5, 0.13), (0.42, -0.01), (-0.44, -0.01)), paint, "metal", "hull", shade="fall")
    it.rect((-0.44, -0.01, 0.42, 0.015), rgb("8a3a32"), "metal", "hull")


def canoe(c: Canvas, spot: Spot, length: float = 4.0) -> None:
    """Paint a canoe with one who paddles."""
    it, paint = figure(c, "canoe", spot, length, c.pick((-1, 1))), c.tint((*pal.BRIGHTS, *pal.WOODS))
    c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.05, 0.5)
    rower = Figure(c.pen("person", spot.depth), (it.x, it.y), it.unit)
    rower.poly(
        ((-0.07, 0.05), (-0.08, 0.22), (0.08, 0.22), (0.07, 0.05)), c.tint(pal.BRIGHTS), "fabric", "torso"
    )
    rower.ellipse((0, 0.28, 0.045, 0.055), c.tint(pal.SKINS), "skin", "head", shade="ball")
    it.line(((-0.1, 0.2), (0.22, 0.0)), 0.02, c.tint(pal.WOODS), "wood", "handle")
    hull = ((-0.5, 0.14), (-0.38, 0.07), (0.38, 0.07), (0.5, 0.14), (0.4, 0.0), (-0.4, 0.0))
    it.poly(hull, paint, "wood", "hull", shade="fall")


def buoy(c: Canvas, spot: Spot, height: float = 1.6) -> None:
    """Paint a buoy: a cone or a ball with a lamp."""
    it, paint = figure(c, "buoy", spot, height), c.tint(pal.BRIGHTS)
    c.shadow(it.x, it.y, it.unit * 0.35, it.unit * 0.1)
    if c.chance(0.5):
        it.poly(((-0.3, 0), (-0.1, 0.7), (0.1, 0.7), (0.3, 0)), paint, "plastic", "body", shade="tube")
    else:
        it.ellipse((0, 0.25, 0.33, 0.3), paint, "plastic", "body", shade="ball")
    it.post(0, (0.5, 0.95), 0.06, pal.CHARCOAL, "metal")
    it.ellipse((0, 0.98, 0.08, 0.08), rgb("ffd98a"), "glass", "lantern", glow=float(c.light.dark))


def train(c: Canvas, spot: Spot, length: float = 14.0, *, wagons: int = 3) -> None:
    """Paint a train from the side: an engine and carriages or goods wagons behind it."""
    side, paint = c.pick((-1, 1)), c.tint((*pal.BRIGHTS, *pal.CARS))
    goods, second = c.chance(0.35), c.tint((pal.WHITE, pal.CREAM, *pal.CARS))
    for k in range(wagons):
        it = figure(c, "train", spot, length, side)
        it.x -= side * (k - 0.5) * it.unit * 1.02
        c.shadow(it.x, it.y, it.unit * 0.52, it.unit * 0.03, 0.6)
        if k and goods:
            it.rect(
                (-0.48, 0.05, 0.48, c.uniform(0.14, 0.24)), c.tint(pal.CARS), "metal", "body", shade="fall"
            )
        else:
            _carriage(c, it, (paint, second), first=k == 0)
        for a in (-0.36, -0.26, 0.26, 0.36):
            it.wheel(a, 0.028, 0.03)


def _carriage(c: Canvas, it: Figure, colors: tuple[RGB, RGB], *, first: bool) -> None:
    """Paint an engine or a carriage with its windows and doors."""
    nose = 0.42 if first else 0.49
    it.poly(
        ((-0.49, 0.04), (-0.49, 0.25), (nose, 0.25), (0.495, 0.04)), colors[0], "metal", "body", shade="fall"
    )
    it.rect((-0.49, 0.085, 0.48, 0.115), colors[1], "metal", "body")
    lit = 0.8 if c.light.dark else 0.0
    for k in range(7):
        a = -0.45 + 0.115 * k
        pane = rgb("ffe2a8") if lit else glass(c, 0.6)
        it.rect((a, 0.14, a + 0.09, 0.21), pane, "glass", "window", glow=lit)
    it.rect((-0.49, 0.25, nose, 0.27), dim(colors[0], 0.6), "metal", "roof")
    if first:
        it.rect((0.36, 0.135, 0.45, 0.22), glass(c, 0.5), "glass", "windshield")
        it.ellipse((0.475, 0.09, 0.015, 0.015), rgb("fff2c4"), "glass", "headlight", glow=1.0)
    else:
        it.rect((0.38, 0.05, 0.44, 0.23), colors[1], "metal", "door")


def train_ahead(c: Canvas, spot: Spot) -> None:
    """Paint a train that comes towards us."""
    it, paint = figure(c, "train", spot, 2.9), c.tint((*pal.BRIGHTS, *pal.CARS))
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.08, 0.7)
    front = ((-0.5, 0.1), (-0.5, 0.95), (-0.38, 1.28), (0.38, 1.28), (0.5, 0.95), (0.5, 0.1))
    it.poly(front, paint, "metal", "body", shade="tube")
    it.rect((-0.4, 0.72, 0.4, 1.08), glass(c, 0.45), "glass", "windshield")
    it.rect((-0.5, 0.34, 0.5, 0.44), c.tint((pal.WHITE, pal.CREAM, *pal.BRIGHTS)), "metal", "body")
    it.rect((-0.46, 0.02, 0.46, 0.14), pal.CHARCOAL, "metal", "bumper")
    for a in (-0.32, 0.32):
        it.ellipse((a, 0.28, 0.07, 0.06), rgb("fff2c4"), "glass", "headlight", glow=1.0)


def tractor(c: Canvas, spot: Spot, length: float = 3.6) -> None:
    """Paint a tractor from the side."""
    it, paint = figure(c, "tractor", spot, length, c.pick((-1, 1))), c.tint(pal.BRIGHTS)
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.08, 0.6)
    it.rect((-0.32, 0.3, 0.02, 0.74), glass(c, 0.4), "glass", "cabin")
    for a in (-0.32, 0.0):
        it.post(a, (0.3, 0.74), 0.03, paint, "metal")
    it.rect((-0.37, 0.72, 0.05, 0.78), paint, "metal", "roof")
    it.poly(((-0.3, 0.16), (-0.3, 0.4), (0.42, 0.38), (0.46, 0.18)), paint, "metal", "body", shade="fall")
    it.post(0.26, (0.36, 0.62), 0.035, pal.CHARCOAL, "metal", part="funnel")
    it.wheel(-0.24, 0.25, 0.25)
    it.wheel(0.32, 0.14, 0.14)


def excavator(c: Canvas, spot: Spot, length: float = 6.0) -> None:
    """Paint an excavator with its boom and bucket."""
    it = figure(c, "excavator", spot, length, c.pick((-1, 1)))
    paint, reach = c.tint((rgb("f0b92f"), rgb("e87f2f"), *pal.BRIGHTS)), c.uniform(0.3, 0.6)
    c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.07, 0.6)
    elbow, wrist = (0.3 + reach * 0.3, 0.62), (0.42 + reach * 0.5, 0.3)
    it.line(((0.02, 0.3), elbow), (0.11, 0.07), paint, "metal", "boom")
    it.line((elbow, wrist), (0.08, 0.05), dim(paint, 0.85), "metal", "boom")
    x, y = wrist
    it.poly(
        ((x - 0.07, y + 0.03), (x + 0.07, y), (x + 0.03, y - 0.15), (x - 0.12, y - 0.1)),
        pal.CHARCOAL,
        "metal",
        "bucket",
    )
    it.rect((-0.36, 0.03, 0.2, 0.15), pal.RUBBER, "rubber", "wheel", shade="ball")
    it.rect((-0.38, 0.17, 0.12, 0.34), paint, "metal", "body", shade="fall")
    it.poly(((-0.06, 0.34), (-0.06, 0.54), (0.1, 0.54), (0.16, 0.34)), glass(c, 0.5), "glass", "cabin")


def balloon(c: Canvas, spot: Spot, height: float = 9.0) -> None:
    """Paint a hot-air balloon in the sky, in stripes or bands."""
    it, first = figure(c, "hot-air balloon", spot, height), c.tint(pal.BRIGHTS)
    second = c.tint((*pal.BRIGHTS, pal.WHITE, pal.CREAM))
    it.poly(((-0.26, 0.5), (0.26, 0.5), (0.07, 0.2), (-0.07, 0.2)), first, "fabric", "body", shade="tube")
    it.ellipse((0, 0.66, 0.33, 0.33), first, "fabric", "body", shade="tube")
    if c.chance(0.5):
        it.ellipse((0, 0.66, 0.17, 0.33), second, "fabric", "body", shade="tube")
        it.ellipse((0, 0.66, 0.06, 0.33), first, "fabric", "body", shade="tube")
    else:
        it.rect((-0.325, 0.6, 0.325, 0.74), second, "fabric", "body", shade="tube")
    for a in (-0.05, 0.05):
        it.line(((a * 1.4, 0.2), (a, 0.1)), 0.01, pal.CHARCOAL, "fabric", "rope")
    it.rect((-0.06, 0.02, 0.06, 0.11), c.tint(pal.WOODS), "wood", "gondola")


def kite(c: Canvas, spot: Spot, height: float = 2.0) -> None:
    """Paint a kite in the sky with its tail."""
    it, turn = figure(c, "kite", spot, height), c.uniform(-0.5, 0.5)
    paint, second = c.tint(pal.BRIGHTS), c.tint(pal.BRIGHTS)
    cos, sin = math.cos(turn), math.sin(turn)
    top, left, low, right = (
        (a * cos - b * sin, a * sin + b * cos) for a, b in ((0, 0.5), (-0.32, 0.15), (0, -0.5), (0.32, 0.15))
    )
    it.line((low, (low[0] + 0.3, low[1] - 0.7)), (0.06, 0.02), mix(paint, pal.WHITE, 0.3), "fabric", "tail")
    it.poly((top, left, low), paint, "fabric", "body")
    it.poly((top, right, low), second, "fabric", "body")
