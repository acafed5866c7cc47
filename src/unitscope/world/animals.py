"""Animals of farms, parks and ponds."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.palette import RGB, dim, rgb


def _beast(c: Canvas, it: Figure, fur: RGB, material: str, *, stout: float) -> None:
    """Paint the legs and body of a four-legged animal that faces right; 1 is its length."""
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.07)
    for a in (-0.32, -0.22, 0.18, 0.28):
        it.line(((a, 0.35), (a * 1.05, 0)), (0.09, 0.06), dim(fur, 0.8), material, "leg")
    it.ellipse((-0.02, 0.42, 0.38, stout), fur, material, "body", shade="ball")


def cow(c: Canvas, spot: Spot, length: float = 2.3) -> None:
    """Paint a cow, plain or with patches, grazing or with its head up."""
    it, fur = figure(c, "cow", spot, length, c.pick((-1, 1))), c.tint(pal.FURS)
    _beast(c, it, fur, "leather", stout=0.17)
    if c.chance(0.6):
        patch = c.tint((pal.WHITE, rgb("2b2624"), rgb("6f4a32")))
        for a, size in ((-0.2, 0.1), (0.06, 0.08), (0.2, 0.05)):
            it.blob((a, c.uniform(0.38, 0.48), size, size * 0.9), patch, "leather", "body")
    it.line(((-0.38, 0.5), (-0.42, 0.2)), 0.03, dim(fur, 0.8), "hair", "tail")
    low = c.chance(0.4)
    x, y = (0.46, 0.2) if low else (0.46, 0.56)
    it.line(((0.28, 0.46), (x, y)), 0.16, fur, "leather", "body")
    it.ellipse((x + 0.05, y - 0.02, 0.12, 0.08), fur, "leather", "head", shade="ball")
    it.ellipse((x + 0.14, y - 0.05, 0.05, 0.05), rgb("d9a99a"), "skin", "head")
    it.line(((x, y + 0.06), (x - 0.06, y + 0.1)), 0.05, dim(fur, 0.7), "leather", "ear")
    for a in (-0.03, 0.05):
        it.line(((x + a, y + 0.05), (x + a + 0.04, y + 0.17)), (0.05, 0.015), pal.CREAM, "stone", "horn")


def horse(c: Canvas, spot: Spot, length: float = 2.2) -> None:
    """Paint a horse, with a saddle by chance."""
    it, fur = figure(c, "horse", spot, length, c.pick((-1, 1))), c.tint(pal.FURS)
    mane = dim(fur, 0.5)
    it.line(((-0.34, 0.5), (-0.44, 0.15)), (0.07, 0.04), mane, "hair", "tail")
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.07)
    for a in (-0.3, -0.22, 0.2, 0.28):
        it.line(((a, 0.45), (a * 1.1, 0)), (0.09, 0.045), dim(fur, 0.85), "hair", "leg")
    it.ellipse((-0.02, 0.5, 0.36, 0.13), fur, "hair", "body", shade="ball")
    it.line(((0.24, 0.52), (0.42, 0.84)), (0.2, 0.11), fur, "hair", "body")
    it.line(((0.2, 0.62), (0.36, 0.9)), 0.06, mane, "hair", "hair")
    it.line(((0.4, 0.85), (0.58, 0.7)), (0.12, 0.07), fur, "hair", "head")
    it.line(((0.39, 0.86), (0.38, 0.95)), (0.05, 0.02), fur, "hair", "ear")
    if c.chance(0.35):
        it.rect((-0.12, 0.52, 0.1, 0.64), c.tint(pal.WOODS), "leather", "seat", shade="fall")


def sheep(c: Canvas, spot: Spot, length: float = 1.3) -> None:
    """Paint a sheep."""
    it, wool = (
        figure(c, "sheep", spot, length, c.pick((-1, 1))),
        c.tint((pal.CREAM, pal.WHITE, rgb("b5a898"))),
    )
    face = c.tint((rgb("2b2624"), wool, rgb("8f8578")))
    c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.07)
    for a in (-0.22, -0.1, 0.14, 0.24):
        it.line(((a, 0.3), (a, 0)), 0.06, face, "hair", "leg")
    it.blob((-0.02, 0.42, 0.4, 0.24), wool, "fabric", "body", shade="ball", grain=0.5)
    it.ellipse((0.4, 0.5, 0.12, 0.1), face, "hair", "head", shade="ball")
    it.line(((0.34, 0.56), (0.26, 0.54)), 0.05, face, "hair", "ear")


def duck(c: Canvas, spot: Spot, length: float = 0.6) -> None:
    """Paint a duck or a goose on land or water."""
    it, down = figure(c, "duck", spot, length, c.pick((-1, 1))), c.tint((*pal.FURS, pal.WHITE, pal.WHITE))
    it.poly(((-0.5, 0.3), (-0.3, 0.2), (-0.25, 0.34)), dim(down, 0.8), "leaves", "tail")
    it.ellipse((-0.05, 0.2, 0.38, 0.2), down, "leaves", "body", shade="ball")
    it.ellipse((-0.08, 0.24, 0.22, 0.1), dim(down, 0.8), "leaves", "wing")
    it.line(((0.22, 0.25), (0.28, 0.6)), 0.13, down, "leaves", "body")
    head = c.tint((down, rgb("2f6a4a")))
    it.ellipse((0.3, 0.62, 0.13, 0.11), head, "leaves", "head", shade="ball")
    it.poly(((0.36, 0.7), (0.66, 0.58), (0.38, 0.52)), rgb("e8a23a"), "leather", "beak")
