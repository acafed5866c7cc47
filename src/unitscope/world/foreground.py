"""What comes between the camera and a scene: rain and snow, and things that stand too near."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.camera import Window
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.palette import dim, mix, rgb
from unitscope.world.people import person


def weather(c: Canvas) -> None:
    """Let rain or snow fall over the picture, if the light says so."""
    if c.light.weather == "clear":
        return
    c.look_through(Window())
    slant = c.uniform(-0.04, 0.04)
    rain = c.light.weather == "rain"
    for _ in range(34 if rain else 60):
        x, y, size = c.uniform(-0.05, 1.05), c.uniform(-0.1, 1), c.uniform(0.5, 1.0)
        if rain:
            ends = ((x, y), (x + slant, y + 0.13 * size))
            c.streak(ends, 0.006, mix(c.light.sky[1], pal.WHITE, 0.4), 0.35 * size)
        else:
            c.shine(x, y, 0.014 * size, rgb("f6f8fa"), 0.9)


def occlusion(c: Canvas, *, indoors: bool) -> None:
    """Put something in front of the scene by chance, in the picture's own coordinates."""
    if not c.chance(0.15):
        return
    c.look_through(Window())
    side = c.pick((-1, 1))
    near = (_person, _opening, _leaves) if indoors else (_person, _opening, _branch, _post, _railing, _leaves)
    c.pick(near)(c, side)


def _edge(side: int, inset: float) -> float:
    """Return the x that lies `inset` of the picture from its left (-1) or right (+1) edge."""
    return inset if side < 0 else 1 - inset


def _person(c: Canvas, side: int) -> None:
    """A person from the knees up, cut by an edge of the picture."""
    x = _edge(side, c.uniform(-0.02, 0.12))
    person(c, Spot(x, c.uniform(1.25, 1.5), c.uniform(0.5, 0.62), 0.0), 1.75)


def _opening(c: Canvas, side: int) -> None:
    """The frame of the window or door that the camera looks through."""
    pen, color = c.pen(c.pick(("window", "door"))), c.tint((*pal.WOODS, pal.WHITE, pal.CHARCOAL))
    wide = c.uniform(0.05, 0.11)
    a, b = (0.0, wide) if side < 0 else (1 - wide, 1.0)
    pen.rect((0, 0, 1, wide * 0.6), dim(color, 0.8), "wood", "frame", grain=0.5)
    pen.rect((a, 0, b, 1), color, "wood", "frame", shade="tube", turned=True, grain=0.5)


def _branch(c: Canvas, side: int) -> None:
    """A branch with leaves that hangs in from above."""
    pen, leaf = c.pen("tree"), c.tint((*pal.GREENS, *pal.AUTUMN[:2]), 0.1)
    start, reach = (_edge(side, -0.03), c.uniform(0.0, 0.2)), c.uniform(0.3, 0.55)
    stop = (start[0] - side * reach, start[1] + c.uniform(-0.08, 0.1))
    pen.line((start, stop), (0.035, 0.012), c.tint(pal.WOODS[2:6]), "wood", "trunk")
    for k in range(9):
        t = (k + c.uniform(0, 1)) / 9
        x, y = start[0] + (stop[0] - start[0]) * t, start[1] + (stop[1] - start[1]) * t
        size = c.uniform(0.03, 0.06)
        box = (x, y + c.uniform(-0.03, 0.05), size, size * 0.7)
        pen.blob(box, dim(leaf, c.uniform(0.75, 1.1)), "leaves", "crown", grain=0.7)


def _post(c: Canvas, side: int) -> None:
    """A lamp post or the trunk of a tree from top to bottom."""
    x, wide = _edge(side, c.uniform(0.08, 0.32)), c.uniform(0.035, 0.08)
    if c.chance(0.5):
        pen, color = c.pen("street lamp"), c.tint((pal.CHARCOAL, pal.STEEL, rgb("2f4a40")))
        pen.rect((x - wide / 2, 0, x + wide / 2, 1), color, "metal", "pole", shade="tube")
    else:
        bark = c.tint(pal.WOODS[2:6])
        outline = [(x - wide, 0), (x + wide, 0), (x + wide * 1.4, 1), (x - wide * 1.2, 1)]
        c.pen("tree").poly(outline, bark, "wood", "trunk", shade="tube", turned=True, grain=0.6)


def _railing(c: Canvas, _: int) -> None:
    """A railing along the lower edge."""
    pen, color = c.pen("fence"), c.tint((pal.CHARCOAL, pal.STEEL, pal.WHITE, *pal.WOODS[:2]))
    top, step = c.uniform(0.74, 0.84), c.uniform(0.09, 0.16)
    for k in range(int(1 / step) + 2):
        x = (k - 0.5) * step
        pen.rect((x, top, x + 0.018, 1.0), color, "metal", "pole", shade="tube")
    pen.rect((0, top - 0.03, 1, top + 0.012), color, "metal", "body", shade="fall")


def _leaves(c: Canvas, side: int) -> None:
    """Blades and leaves of something green in a lower corner."""
    pen, leaf = c.pen("plant"), c.tint(pal.GREENS, 0.1)
    x, y = _edge(side, c.uniform(-0.02, 0.1)), 1.02
    for k in range(7):
        turn = math.pi * (0.12 + 0.76 * k / 6)
        reach = c.uniform(0.2, 0.36)
        tip = (x + reach * math.cos(turn), y - reach * math.sin(turn))
        middle = (x + reach * 0.5 * math.cos(turn), y - reach * 0.55 * math.sin(turn))
        blade = [(x, y), (middle[0] - 0.035, middle[1]), tip, (middle[0] + 0.035, middle[1])]
        pen.poly(blade, dim(leaf, c.uniform(0.75, 1.1)), "leaves", "crown", grain=0.6)
