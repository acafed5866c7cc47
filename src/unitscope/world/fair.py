"""Things of fairs, markets, playing fields and winter."""

from __future__ import annotations

import math
from itertools import pairwise

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.palette import RGB, dim, mix, rgb
from unitscope.world.roadside import crate, heap


def market_stall(c: Canvas, spot: Spot, width: float = 3.0) -> None:
    """Paint a stall with a striped roof, and goods on its counter."""
    it, first = figure(c, "market stall", spot, width), c.tint((*pal.BRIGHTS, *pal.FABRICS))
    second, wood = c.tint((pal.WHITE, pal.CREAM, *pal.BRIGHTS)), c.tint(pal.WOODS)
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.08)
    it.rect((-0.46, 0.26, 0.46, 0.7), dim(first, 0.35), "fabric", "back")
    for a in (-0.46, 0.46):
        it.post(a, (0, 0.76), 0.035, wood, "wood")
    for k in range(3):
        heap(c, spot._replace(x=it.x + (-0.28 + 0.28 * k) * it.unit, y=it.y - 0.3 * it.unit), width * 0.26)
    it.rect((-0.48, 0, 0.48, 0.3), c.tint((*pal.WOODS, *pal.FABRICS)), c.pick(("wood", "fabric")), "body")
    pitched = c.chance(0.5)
    for k in range(6):
        a, b = -0.54 + 0.18 * k, -0.36 + 0.18 * k
        top = (a * 0.7, b * 0.7) if pitched else (a * 0.95, b * 0.95)
        cloth = ((a, 0.66), (top[0], 0.94), (top[1], 0.94), (b, 0.66), ((a + b) / 2, 0.61))
        it.poly(cloth, first if k % 2 else second, "fabric", "awning", shade="fall", grain=0.4)


def picnic_table(c: Canvas, spot: Spot, width: float = 2.0) -> None:
    """Paint a table with benches at both sides."""
    it, wood = figure(c, "picnic table", spot, width), c.tint((*pal.WOODS, *pal.CONCRETES))
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.1)
    for side in (-1, 1):
        it.line(((side * 0.3, 0.38), (side * 0.42, 0)), 0.06, dim(wood, 0.7), "wood", "leg")
        it.line(((side * 0.42, 0.38), (side * 0.3, 0)), 0.06, dim(wood, 0.7), "wood", "leg")
    it.rect((-0.5, 0.36, 0.5, 0.42), wood, "wood", "top")
    it.poly(
        ((-0.5, 0.42), (-0.44, 0.47), (0.44, 0.47), (0.5, 0.42)), mix(wood, pal.WHITE, 0.2), "wood", "top"
    )
    it.rect((-0.54, 0.17, 0.54, 0.23), dim(wood, 0.9), "wood", "seat")


def ferris_wheel(c: Canvas, spot: Spot, height: float = 22.0) -> None:
    """Paint a Ferris wheel; its gondolas shine in the dark."""
    it, paint = figure(c, "ferris wheel", spot, height), c.tint((pal.WHITE, pal.STEEL, *pal.BRIGHTS))
    turn, radius, hub = c.uniform(0, 0.6), 0.42, 0.52
    for side in (-1, 1):
        it.line(((side * 0.24, 0), (0, hub)), 0.028, dim(paint, 0.8), "metal", "leg")
    rim = [
        (radius * math.cos(turn + k * math.pi / 6), hub + radius * math.sin(turn + k * math.pi / 6))
        for k in range(12)
    ]
    for k, (x, y) in enumerate(rim):
        it.line(((0, hub), (x, y)), 0.01, paint, "metal", "wheel")
        it.line(((x, y), rim[(k + 1) % 12]), 0.018, paint, "metal", "wheel")
        gondola = c.tint(pal.BRIGHTS)
        it.ellipse((x, y - 0.035, 0.036, 0.036), gondola, "plastic", "gondola", glow=0.7 * c.light.dark)
    it.ellipse((0, hub, 0.035, 0.035), c.tint(pal.BRIGHTS), "metal", "wheel")


def carousel(c: Canvas, spot: Spot, width: float = 7.0) -> None:
    """Paint a merry-go-round with a tented roof and small horses."""
    it, first = figure(c, "carousel", spot, width), c.tint(pal.BRIGHTS)
    second, glow = c.tint((pal.WHITE, pal.CREAM, *pal.BRIGHTS)), 0.6 * c.light.dark
    c.shadow(it.x, it.y, it.unit * 0.58, it.unit * 0.08)
    it.rect((-0.5, 0, 0.5, 0.08), dim(first, 0.8), "wood", "base", shade="tube")
    it.rect((-0.1, 0.08, 0.1, 0.55), second, "wood", "column", shade="tube")
    for a in (-0.42, -0.24, 0.24, 0.42):
        it.post(a, (0.08, 0.55), 0.014, rgb("d9b45f"), "metal")
        animal = c.tint((*pal.BRIGHTS, pal.WHITE))
        it.ellipse((a, 0.26, 0.07, 0.035), animal, "wood", "seat", shade="ball")
        it.line(((a + 0.05, 0.28), (a + 0.08, 0.36)), 0.035, animal, "wood", "seat")
    for k in range(6):
        a, b = -0.56 + 1.12 * k / 6, -0.56 + 1.12 * (k + 1) / 6
        it.poly(
            ((a, 0.55), (0, 0.84), (b, 0.55)),
            first if k % 2 else second,
            "fabric",
            "roof",
            shade="fall",
            glow=glow * 0.4,
        )
    it.rect((-0.57, 0.5, 0.57, 0.56), second, "wood", "top", glow=glow)
    it.ellipse((0, 0.86, 0.025, 0.025), rgb("d9b45f"), "metal", "top")


def seesaw(c: Canvas, spot: Spot, width: float = 3.0) -> None:
    """Paint a seesaw."""
    it, paint = figure(c, "seesaw", spot, width, c.pick((-1, 1))), c.tint((*pal.BRIGHTS, *pal.WOODS))
    c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.06)
    it.poly(((-0.1, 0), (0, 0.2), (0.1, 0)), c.tint(pal.BRIGHTS), "metal", "base")
    it.line(((-0.5, 0.05), (0.5, 0.33)), 0.06, paint, "wood", "body")
    for a, b in ((-0.44, 0.07), (0.44, 0.32)):
        it.rect((a - 0.07, b, a + 0.07, b + 0.05), c.tint(pal.BRIGHTS), "plastic", "seat")
        it.post(a * 0.76, (b * 0.9, b + 0.16), 0.025, pal.STEEL, "metal", part="handlebar")


def goal(c: Canvas, spot: Spot, width: float = 5.5) -> None:
    """Paint a goal with its net."""
    it, paint = figure(c, "goal", spot, width), c.tint((pal.WHITE, pal.WHITE, pal.STEEL, *pal.BRIGHTS[:2]))
    tall, mesh = 0.36, mix(c.light.sky[1], pal.WHITE, 0.5)
    for k in range(9):
        a = -0.48 + 0.12 * k
        it.line(((a, tall), (a * 0.9, 0.05)), 0.005, mesh, "fabric", "net")
    for k in range(4):
        level = tall * (k + 0.4) / 4.4
        it.line(((-0.48, level), (0.48, level)), 0.005, mesh, "fabric", "net")
    for a in (-0.5, 0.5):
        it.post(a, (0, tall + 0.012), 0.028, paint, "metal")
    it.line(((-0.51, tall), (0.51, tall)), 0.028, paint, "metal", "pole")


def ball(c: Canvas, spot: Spot, width: float = 0.3) -> None:
    """Paint a ball."""
    it, paint = (
        figure(c, "ball", spot, max(width, 0.022 / spot.metre)),
        c.tint((pal.WHITE, pal.WHITE, *pal.BRIGHTS)),
    )
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.2)
    it.ellipse((0, 0.5, 0.5, 0.5), paint, c.pick(("leather", "rubber", "plastic")), "body", shade="ball")
    it.ellipse((c.uniform(-0.1, 0.1), 0.56, 0.16, 0.16), dim(paint, 0.35), "leather", "body")


def bleachers(c: Canvas, spot: Spot, width: float = 16.0) -> None:
    """Paint rows of seats with some people, far away."""
    it, paint = figure(c, "bleachers", spot, width), c.tint((*pal.BRIGHTS, *pal.CONCRETES, pal.STEEL))
    for k in range(4):
        level = 0.05 * k
        it.rect(
            (-0.5 + 0.02 * k, level, 0.5 - 0.02 * k, level + 0.05),
            dim(paint, 0.75 + 0.1 * k),
            "metal",
            "seat",
        )
    crowd = Figure(c.pen("person", spot.depth), (it.x, it.y), it.unit)
    for _ in range(int(c.uniform(2, 10))):
        a, b = c.uniform(-0.42, 0.42), 0.05 * int(c.uniform(1, 4.9))
        crowd.rect((a - 0.012, b, a + 0.012, b + 0.04), c.tint(pal.BRIGHTS), "fabric", "torso")
        crowd.ellipse((a, b + 0.05, 0.012, 0.014), c.tint(pal.SKINS), "skin", "head")
    if c.chance(0.4):
        it.poly(((-0.52, 0.34), (0.52, 0.34), (0.46, 0.39), (-0.46, 0.39)), dim(paint, 0.8), "metal", "roof")
        for a in (-0.46, 0.0, 0.46):
            it.post(a, (0.15, 0.34), 0.012, pal.STEEL, "metal")


def sled(c: Canvas, spot: Spot, width: float = 1.3) -> None:
    """Paint a sled."""
    it, wood = figure(c, "sled", spot, width, c.pick((-1, 1))), c.tint((*pal.WOODS, *pal.BRIGHTS[:3]))
    c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.08)
    it.line(((-0.45, 0.03), (0.4, 0.03)), 0.05, dim(wood, 0.6), "metal", "base")
    it.line(((0.4, 0.03), (0.52, 0.26)), 0.05, dim(wood, 0.6), "metal", "base")
    for a in (-0.3, 0.2):
        it.line(((a, 0.03), (a, 0.2)), 0.05, wood, "wood", "leg")
    it.rect((-0.45, 0.2, 0.42, 0.28), wood, "wood", "seat")
    it.line(((0.5, 0.26), (0.75, 0.1)), 0.025, pal.CHARCOAL, "fabric", "rope")


def snowman(c: Canvas, spot: Spot, height: float = 1.6) -> None:
    """Paint a snowman with a hat and arms of twigs."""
    it, snow = figure(c, "snowman", spot, height), c.tint(pal.SNOWS)
    c.shadow(it.x, it.y, it.unit * 0.35, it.unit * 0.07)
    for b, r, part in ((0.22, 0.25, "base"), (0.56, 0.18, "torso"), (0.82, 0.12, "head")):
        it.ellipse((0, b, r, r), snow, "snow", part, shade="ball")
    for side in (-1, 1):
        it.line(((side * 0.16, 0.6), (side * 0.38, c.uniform(0.6, 0.78))), 0.025, pal.WOODS[2], "wood", "arm")
        it.ellipse((side * 0.04, 0.86, 0.016, 0.016), pal.BLACK, "stone", "head")
    it.poly(((0, 0.83), (0, 0.79), (0.12, 0.79)), rgb("e8702f"), "plastic", "head")
    hat = c.tint((pal.CHARCOAL, *pal.BRIGHTS))
    it.rect((-0.14, 0.9, 0.14, 0.93), hat, "fabric", "hat")
    it.rect((-0.09, 0.93, 0.09, 1.06), hat, "fabric", "hat")


def goods(c: Canvas, spot: Spot) -> None:
    """Paint a small pile of crates."""
    crate(c, spot)
    if c.chance(0.6):
        crate(c, spot._replace(x=spot.x + 0.9 * spot.metre), 0.8)
    if c.chance(0.4):
        crate(c, spot._replace(y=spot.y - 0.6 * spot.metre), 0.75)


def bunting(c: Canvas, ends: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Paint a string of small flags between two points of the picture."""
    (xa, ya), (xb, yb) = ends
    pen, count = c.pen("flag"), 10
    tones: list[RGB] = [c.tint(pal.BRIGHTS) for _ in range(3)]
    points = [
        (xa + (xb - xa) * k / count, ya + (yb - ya) * k / count + 0.05 * math.sin(math.pi * k / count))
        for k in range(count + 1)
    ]
    for k, (start, stop) in enumerate(pairwise(points)):
        pen.line((start, stop), 0.006, pal.CHARCOAL, "fabric", "rope")
        middle = ((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2 + 0.035)
        pen.poly((start, stop, middle), tones[k % 3], "fabric", "cloth")
