"""People and dogs."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.palette import RGB, dim, rgb


def person(c: Canvas, spot: Spot, height: float = 1.75, *, skiing: bool = False) -> None:
    """Paint a person, standing, walking or skiing."""
    it = figure(c, "person", spot, height)
    skin, top, legs = c.tint(pal.SKINS), c.tint((*pal.FABRICS, *pal.BRIGHTS)), c.tint(pal.FABRICS)
    side, stride = c.pick((-1, 1)), c.uniform(0.02, 0.1)
    c.shadow(it.x, it.y, it.unit * 0.22, it.unit * 0.05)
    lean = side * (0.14 if skiing else 0.0)
    if skiing:
        _skis(c, spot, it.unit, side)
    hip = -lean * 0.4
    for step in (-1, 1):
        tone = dim(legs, 1 if step > 0 else 0.85)
        it.line(((hip, 0.48), (step * stride, 0)), (0.13, 0.085), tone, "fabric", "leg", grain=0.3)
    if not skiing and c.chance(0.3):
        hem = c.uniform(0.16, 0.34)
        skirt = ((hip - 0.09, 0.52), (hip + 0.09, 0.52), (hip + 0.17, hem), (hip - 0.17, hem))
        it.poly(skirt, c.tint((top, legs, *pal.FABRICS)), "fabric", "leg", shade="tube", grain=0.3)
    _arms(c, it, lean, (top, skin), skiing=skiing)
    chest = ((lean - 0.135, 0.8), (lean + 0.135, 0.8), (hip + 0.1, 0.45), (hip - 0.1, 0.45))
    it.poly(chest, top, "fabric", "torso", shade="tube", grain=0.3)
    _head(c, it, lean * 1.15, skin, skiing=skiing)


def _arms(c: Canvas, it: Figure, lean: float, colors: tuple[RGB, RGB], *, skiing: bool) -> None:
    """Paint both arms, and the poles of a skier."""
    sleeve, skin = dim(colors[0], 0.85), colors[1]
    swing, low = c.uniform(0.06, 0.2), 0.56 if skiing else 0.5
    for step in (-1, 1):
        hand = (lean + step * (0.1 + swing), low)
        it.line(((lean + step * 0.1, 0.77), hand), (0.085, 0.06), sleeve, "fabric", "arm", grain=0.3)
        it.ellipse((*hand, 0.035, 0.035), skin, "skin", "arm")
        if skiing:
            poles = Figure(c.pen("skis", it.pen.depth), (it.x, it.y), it.unit)
            poles.line((hand, (hand[0] + step * 0.1, -0.02)), 0.024, pal.CHARCOAL, "metal", "pole")


def _head(c: Canvas, it: Figure, x: float, skin: RGB, *, skiing: bool) -> None:
    """Paint the head with hair, or with the cap of a skier."""
    hair = c.tint(pal.BRIGHTS) if skiing else c.tint(pal.HAIRS)
    if not skiing and c.chance(0.4):
        it.ellipse((x, 0.89, 0.088, 0.1), hair, "hair", "hair")
    it.ellipse((x, 0.905, 0.07, 0.088), skin, "skin", "head", shade="ball")
    turns = [math.pi * k / 8 for k in range(9)]
    cap = [(x + 0.078 * math.cos(t), 0.925 + 0.085 * math.sin(t)) for t in turns]
    it.poly(cap, hair, "fabric" if skiing else "hair", "hair")
    if not skiing and c.chance(0.25):
        paint = c.tint((*pal.THATCHES, *pal.FABRICS))
        it.rect((x - 0.12, 0.945, x + 0.12, 0.968), paint, "fabric", "hat")
        it.rect((x - 0.07, 0.96, x + 0.07, 1.03), paint, "fabric", "hat")


def _skis(c: Canvas, spot: Spot, u: float, side: int) -> None:
    pen, paint = c.pen("skis", spot.depth), c.tint(pal.BRIGHTS)
    for shift in (-0.06, 0.08):
        x, y = spot.x + shift * u, spot.y + shift * u * 0.35
        pen.line(
            ((x - side * u * 0.45, y - u * 0.06), (x + side * u * 0.5, y + u * 0.07)),
            u * 0.045,
            paint,
            "plastic",
        )


def dog(c: Canvas, spot: Spot, height: float = 0.75) -> None:
    """Paint a dog from the side."""
    u, side, x, y = height * spot.metre, c.pick((-1, 1)), spot.x, spot.y
    pen, fur = c.pen("dog", spot.depth), c.tint((*pal.HAIRS, rgb("d9c3a0"), rgb("efe9dd")))
    c.shadow(x, y, u * 0.65, u * 0.1)
    for leg in (-0.36, -0.22, 0.24, 0.38):
        pen.line(
            ((x + leg * u, y - u * 0.45), (x + leg * u * 1.06, y)),
            (u * 0.17, u * 0.1),
            dim(fur, 0.85),
            "hair",
            "leg",
        )
    pen.line(
        ((x - side * u * 0.45, y - u * 0.62), (x - side * u * 0.72, y - u * 0.95)),
        (u * 0.13, u * 0.06),
        fur,
        "hair",
        "tail",
    )
    pen.ellipse((x, y - u * 0.56, u * 0.54, u * 0.22), fur, "hair", "body", shade="ball")
    pen.line(
        ((x + side * u * 0.4, y - u * 0.6), (x + side * u * 0.56, y - u * 0.9)), u * 0.26, fur, "hair", "body"
    )
    pen.ellipse((x + side * u * 0.6, y - u * 0.92, u * 0.2, u * 0.17), fur, "hair", "head", shade="ball")
    pen.ellipse((x + side * u * 0.78, y - u * 0.87, u * 0.13, u * 0.09), dim(fur, 0.8), "hair", "head")
    pen.ellipse((x + side * u * 0.5, y - u * 0.93, u * 0.07, u * 0.15), dim(fur, 0.6), "hair", "head")
