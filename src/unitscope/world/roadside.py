"""Small things along streets and on building sites."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import figure
from unitscope.world.openings import pane
from unitscope.world.palette import dim, mix, rgb


def trash_can(c: Canvas, spot: Spot, height: float = 1.0) -> None:
    """Paint a bin with a lid, round or with wheels."""
    it, paint = figure(c, "trash can", spot, height), c.tint((*pal.BRIGHTS, pal.STEEL, pal.CHARCOAL))
    c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.12)
    if c.chance(0.5):
        it.rect((-0.32, 0, 0.32, 0.85), paint, "metal", "body", shade="tube")
        it.ellipse((0, 0.86, 0.36, 0.12), dim(paint, 0.75), "metal", "top")
    else:
        it.poly(((-0.36, 0.88), (0.36, 0.88), (0.28, 0.05), (-0.28, 0.05)), paint, "plastic", "body")
        it.poly(((-0.42, 0.86), (0.4, 0.86), (0.3, 1.0), (-0.38, 0.98)), dim(paint, 0.8), "plastic", "top")
        it.wheel(0.26, 0.08, 0.1)


def mailbox(c: Canvas, spot: Spot, height: float = 1.3) -> None:
    """Paint a mailbox on a post or on legs."""
    it, paint = figure(c, "mailbox", spot, height), c.tint(pal.BRIGHTS)
    c.shadow(it.x, it.y, it.unit * 0.35, it.unit * 0.1)
    if c.chance(0.5):
        it.post(0, (0, 0.7), 0.1, c.tint(pal.WOODS), "wood")
        it.rect((-0.3, 0.64, 0.3, 0.88), paint, "metal", "body")
        it.ellipse((0, 0.88, 0.3, 0.12), paint, "metal", "top", shade="fall")
        it.line(((0.32, 0.74), (0.32, 1.0)), 0.06, rgb("d8402f"), "metal", "handle")
    else:
        for a in (-0.2, 0.2):
            it.post(a, (0, 0.2), 0.08, pal.CHARCOAL, "metal", part="leg")
        it.rect((-0.29, 0.16, 0.29, 0.86), paint, "metal", "body", shade="tube")
        it.ellipse((0, 0.86, 0.29, 0.14), paint, "metal", "top", shade="fall")
        it.rect((-0.2, 0.76, 0.2, 0.82), pal.BLACK, "metal", "body")


def traffic_cone(c: Canvas, spot: Spot, height: float = 0.75) -> None:
    """Paint a traffic cone."""
    it, paint = (
        figure(c, "traffic cone", spot, height),
        c.tint((rgb("e8702f"), rgb("e8702f"), *pal.BRIGHTS[:3])),
    )
    it.rect((-0.4, 0, 0.4, 0.09), dim(paint, 0.7), "rubber", "base")
    it.poly(((-0.29, 0.08), (-0.05, 1), (0.05, 1), (0.29, 0.08)), paint, "plastic", "body", shade="tube")
    it.poly(((-0.19, 0.42), (-0.14, 0.64), (0.14, 0.64), (0.19, 0.42)), pal.WHITE, "plastic", "body")


def barrier(c: Canvas, spot: Spot, width: float = 2.2) -> None:
    """Paint a barrier: a striped board on legs, or a block of concrete."""
    it, paint = figure(c, "barrier", spot, width), c.tint((rgb("e8702f"), rgb("d8402f"), rgb("f0b92f")))
    c.shadow(it.x, it.y, it.unit * 0.52, it.unit * 0.05)
    if c.chance(0.4):
        shape = ((-0.5, 0), (-0.46, 0.12), (-0.4, 0.38), (0.4, 0.38), (0.46, 0.12), (0.5, 0))
        it.poly(shape, c.tint(pal.CONCRETES), "concrete", "body")
        return
    for a in (-0.4, 0.4):
        it.post(a, (0, 0.5), 0.04, pal.STEEL, "metal", part="leg")
    it.rect((-0.5, 0.28, 0.5, 0.46), pal.WHITE, "plastic", "body")
    for k in range(4):
        a = -0.48 + 0.25 * k
        it.poly(((a, 0.28), (a + 0.12, 0.28), (a + 0.2, 0.46), (a + 0.08, 0.46)), paint, "plastic", "body")


def fire_hydrant(c: Canvas, spot: Spot, height: float = 0.9) -> None:
    """Paint a fire hydrant."""
    it, paint = figure(c, "fire hydrant", spot, height), c.tint((rgb("d8402f"), rgb("d8402f"), *pal.BRIGHTS))
    it.rect((-0.25, 0, 0.25, 0.1), dim(paint, 0.7), "metal", "base")
    it.rect((-0.18, 0.08, 0.18, 0.76), paint, "metal", "body", shade="tube")
    it.ellipse((0, 0.78, 0.22, 0.16), paint, "metal", "top", shade="ball")
    it.rect((-0.32, 0.44, 0.32, 0.58), dim(paint, 0.85), "metal", "handle", shade="fall")


def bus_shelter(c: Canvas, spot: Spot, width: float = 3.4) -> None:
    """Paint a shelter with a bench and a poster."""
    it, iron = figure(c, "bus shelter", spot, width), c.tint((pal.CHARCOAL, pal.STEEL, *pal.BRIGHTS[:4]))
    color, _ = pane(c)
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.06)
    it.rect((-0.44, 0.06, 0.44, 0.68), mix(color, c.light.sky[1], 0.5), "glass", "pane")
    it.rect((0.24, 0.1, 0.42, 0.58), c.tint(pal.BRIGHTS), "paper", "body", glow=0.6 * c.light.dark)
    it.rect((-0.38, 0.16, 0.18, 0.22), c.tint(pal.WOODS), "wood", "seat")
    for a in (-0.46, 0.46):
        it.post(a, (0, 0.7), 0.035, iron, "metal")
    it.rect((-0.52, 0.68, 0.52, 0.75), iron, "metal", "roof")


def gas_pump(c: Canvas, spot: Spot, height: float = 2.0) -> None:
    """Paint a fuel pump with its hose."""
    it, paint = figure(c, "gas pump", spot, height), c.tint(pal.BRIGHTS)
    c.shadow(it.x, it.y, it.unit * 0.35, it.unit * 0.06)
    it.rect((-0.3, 0, 0.3, 0.08), c.tint(pal.CONCRETES), "concrete", "base")
    it.rect((-0.23, 0.06, 0.23, 0.92), paint, "metal", "body")
    it.rect((-0.23, 0.84, 0.23, 1.0), mix(paint, pal.WHITE, 0.7), "plastic", "top", glow=0.5 * c.light.dark)
    it.rect((-0.16, 0.56, 0.16, 0.76), rgb("2f3a44"), "glass", "screen")
    it.line(((0.23, 0.7), (0.34, 0.35)), 0.05, pal.BLACK, "rubber", "hose")
    it.line(((0.34, 0.35), (0.24, 0.2)), 0.05, pal.BLACK, "rubber", "hose")


def phone_booth(c: Canvas, spot: Spot, height: float = 2.5) -> None:
    """Paint a phone booth."""
    it, paint = figure(c, "phone booth", spot, height), c.tint((rgb("b8302f"), rgb("b8302f"), *pal.BRIGHTS))
    c.shadow(it.x, it.y, it.unit * 0.28, it.unit * 0.05)
    it.rect((-0.2, 0, 0.2, 0.94), paint, "metal", "frame")
    color, glow = pane(c)
    for j in range(4):
        for a in (-0.14, 0.02):
            it.rect((a, 0.12 + 0.18 * j, a + 0.12, 0.27 + 0.18 * j), color, "glass", "pane", glow=glow)
    it.ellipse((0, 0.94, 0.2, 0.06), paint, "metal", "roof", shade="fall")


def billboard(c: Canvas, spot: Spot, height: float = 6.0) -> None:
    """Paint a large advertisement on posts."""
    it, paint = figure(c, "billboard", spot, height), c.tint((*pal.BRIGHTS, *pal.FABRICS))
    for a in (-0.4, 0.4):
        it.post(a, (0, 0.5), 0.05, pal.STEEL, "metal")
    it.rect((-0.62, 0.44, 0.62, 1.0), pal.CHARCOAL, "metal", "frame")
    lit = 0.6 * c.light.dark
    it.rect((-0.59, 0.47, 0.59, 0.97), paint, "paper", "body", glow=lit, end=c.tint(pal.BRIGHTS))
    it.ellipse(
        (c.uniform(-0.3, 0.3), 0.72, 0.16, 0.16), c.tint((*pal.BRIGHTS, pal.WHITE)), "paper", "body", glow=lit
    )
    it.rect((-0.5, 0.54, 0.5 * c.uniform(-0.2, 0.9), 0.6), pal.WHITE, "paper", "body", glow=lit)


def crate(c: Canvas, spot: Spot, width: float = 0.9) -> None:
    """Paint a crate of wood, cardboard or plastic, with fruit in it by chance."""
    it = figure(c, "crate", spot, width)
    material, tones = c.pick((("wood", pal.WOODS), ("cardboard", pal.CARDBOARDS), ("plastic", pal.BRIGHTS)))
    paint, tall = c.tint(tones), c.uniform(0.5, 0.85)
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.1)
    if c.chance(0.4):
        heap(c, spot._replace(y=it.y - it.unit * tall * 0.85), width * 0.9)
    it.rect((-0.5, 0, 0.5, tall), paint, material, "body", grain=0.4)
    if material == "wood":
        for level in (0.33, 0.66):
            it.rect((-0.5, tall * level - 0.02, 0.5, tall * level + 0.02), dim(paint, 0.55), "wood", "body")
    elif material == "cardboard":
        it.rect((-0.06, 0, 0.06, tall), mix(paint, pal.WHITE, 0.35), "paper", "body")


def heap(c: Canvas, spot: Spot, width: float = 0.9) -> None:
    """Paint a heap of fruit."""
    it, tone = figure(c, "fruit", spot, width), c.tint((*pal.BRIGHTS[:5], *pal.PETALS, *pal.MEADOWS[:3]))
    for k in range(9):
        a, b = -0.4 + 0.1 * k, 0.06 + (0.12 if k % 2 else 0.0)
        it.ellipse((a, b, 0.1, 0.1), dim(tone, c.uniform(0.85, 1.1)), "leaves", shade="ball")


def barrel(c: Canvas, spot: Spot, height: float = 1.0) -> None:
    """Paint a barrel of wood or metal."""
    it = figure(c, "barrel", spot, height)
    material, tones = c.pick((("wood", pal.WOODS), ("metal", pal.BRIGHTS), ("plastic", pal.BRIGHTS)))
    paint = c.tint(tones)
    c.shadow(it.x, it.y, it.unit * 0.45, it.unit * 0.1)
    bulge = 0.38 if material == "wood" else 0.33
    sides = ((-0.32, 0), (-bulge, 0.5), (-0.32, 1), (0.32, 1), (bulge, 0.5), (0.32, 0))
    it.poly(sides, paint, material, "body", shade="tube", turned=True, grain=0.4)
    for level in (0.2, 0.76):
        it.rect((-0.36, level, 0.36, level + 0.06), dim(paint, 0.6), "metal", "body", shade="tube")
    it.ellipse((0, 1.0, 0.32, 0.08), dim(paint, 0.85), material, "top")
