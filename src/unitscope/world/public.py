"""Things of public rooms, sheds and garages: columns, statues, stairs, tools, tyres, cars; cats and clothes."""

from __future__ import annotations

import math
from itertools import pairwise

from unitscope.world import palette as pal
from unitscope.world import people
from unitscope.world.finishes import CHARCOAL, STEEL, finish, hardware
from unitscope.world.palette import rgb
from unitscope.world.space import Block, Finish, Frame
from unitscope.world.tables import pedestal
from unitscope.world.thing import Thing


def column(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a column: round, square, or fluted, with base and capital."""
    c, it, x, place = f.c, f.of("column"), w / 2, (0.0, d / 2)
    stuff, style = finish(c, "stone", "marble", "white", "painted"), c.pick(("round", "square", "banded"))
    f.shadow(w * 0.7, d * 0.5, d / 2)
    it.box((-x * 1.2, x * 1.2, 0, w * 0.5, -x * 0.2, d + x * 0.2), stuff.dim(0.9), "base")
    if style == "square":
        it.box((-x, x, w * 0.5, h - w * 0.4, 0, d), stuff, "body")
    else:
        it.lathe([(x, w * 0.5), (x * 0.88, h - w * 0.4)], stuff, "body", place)
        for k in range(3) if style == "banded" else ():
            b = h * (0.25 + 0.25 * k)
            it.lathe([(x * 1.03, b), (x * 1.03, b + 0.12)], stuff.dim(0.86), "rim", place)
    it.box((-x * 1.25, x * 1.25, h - w * 0.4, h, -x * 0.2, d + x * 0.2), stuff.dim(0.95), "top")


def statue(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a statue: a figure, a bust, a ball, or bent rods, on its plinth."""
    c, it, y = f.c, f.of("statue"), d / 2
    stuff, style = finish(c, "marble", "stone", "metal"), c.pick(("figure", "bust", "abstract", "rings"))
    foot = h * 0.4
    pedestal(f, w, foot, d)
    u = h - foot
    if style == "figure":
        it.lathe(
            [
                (0.16 * u, foot),
                (0.12 * u, foot + 0.4 * u),
                (0.17 * u, foot + 0.75 * u),
                (0.05 * u, foot + 0.82 * u),
            ],
            stuff,
            "torso",
            (0, y),
        )
        it.ball((0, foot + 0.9 * u, y), 0.09 * u, stuff.dim(1.05), "head")
        for side in (-1, 1):
            hand = (side * 0.24 * u, foot + u * c.uniform(0.4, 1.0), y)
            it.bar(((side * 0.15 * u, foot + 0.74 * u, y), hand), 0.06 * u, stuff.dim(0.9), "arm")
    elif style == "bust":
        it.lathe(
            [
                (0.14 * u, foot),
                (0.12 * u, foot + 0.2 * u),
                (0.34 * u, foot + 0.45 * u),
                (0.1 * u, foot + 0.55 * u),
            ],
            stuff,
            "torso",
            (0, y),
        )
        it.ball((0, foot + 0.78 * u, y), (0.17 * u, 0.22 * u), stuff, "head")
    elif style == "abstract":
        it.blob((0, foot + 0.3 * u, y), (0.25 * u, 0.3 * u), stuff, "body")
        it.blob((0.06 * u, foot + 0.75 * u, y), (0.17 * u, 0.24 * u), stuff.dim(1.08), "body")
    else:
        for k in range(10):
            p, q = (2 * math.pi * k / 10, 2 * math.pi * (k + 1) / 10)
            ends = [(0.34 * u * math.cos(t), foot + u * (0.5 + 0.45 * math.sin(t)), y) for t in (p, q)]
            it.bar((ends[0], ends[1]), 0.12 * u, stuff.dim(0.85 + 0.03 * k), "body")


def stairs(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a flight of stairs that rises away from us, with a rail."""
    c, it, x = f.c, f.of("stairs"), w / 2
    stuff, steps = finish(c, "wood", "stone", "carpet", "white"), 9
    for k in reversed(range(steps)):
        e = d * k / steps
        it.box(
            (-x, x, h * k / steps if k < steps - 4 else 0, h * (k + 1) / steps, e, d * (k + 1) / steps),
            stuff.dim(1.0 - 0.06 * (k % 2)),
            "board",
        )
    rail = hardware(c)
    for a in (-x, x) if c.chance(0.5) else (-x,):
        it.bar(((a, 0.9, 0), (a, h + 0.9, d)), 0.05, rail, "rail")
        for k in range(0, steps, 2):
            it.bar(
                ((a, h * k / steps, d * k / steps), (a, h * k / steps + 0.92, d * k / steps)),
                0.025,
                rail,
                "post",
            )


def ladder(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a ladder that leans against the wall, or a step ladder."""
    c, it, x = f.c, f.of("ladder"), w / 2
    stuff = finish(c, "wood", "metal", "plastic")
    for a in (-x, x):
        it.bar(((a, 0, 0), (a * 0.8, h, d)), 0.05, stuff, "post")
    for k in range(1, 8):
        t = k / 8
        it.bar(
            ((-x * (1 - 0.2 * t), h * t, d * t), (x * (1 - 0.2 * t), h * t, d * t)),
            0.035,
            stuff.dim(0.9),
            "rung",
        )


def tool_board(f: Frame, w: float, h: float, d: float) -> None:
    """Paint tools on a board: saws, hammers, spanners."""
    c, x = f.c, w / 2
    board = f.of("shelf").front(d - 0.02)
    board.rect((-x, x, 0, h), finish(c, "wood", "painted", "metal"), "board")
    sheet, count = f.of("tool").front(d - 0.04), max(3, round(w / 0.22))
    for k in range(count):
        a, long = -x + w * (k + 0.5) / count, h * c.uniform(0.4, 0.8)
        v = h * 0.9 - long
        sheet.rect((a - 0.02, a + 0.02, v, v + long * 0.7), finish(c, "wood", "plastic"), "handle")
        if c.chance(0.5):
            sheet.rect((a - 0.07, a + 0.07, v + long * 0.68, v + long), STEEL, "head")
        else:
            sheet.poly(
                (
                    (a - 0.02, v + long * 0.68),
                    (a - 0.05, v + long),
                    (a + 0.08, v + long),
                    (a + 0.02, v + long * 0.68),
                ),
                STEEL,
                "blade",
            )


def tool(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a broom or spade that leans, or a tool box."""
    c, it = f.c, f.of("tool")
    if h > 0.6:
        it.bar(((0, 0.2, 0), (0.1, h, d)), 0.035, finish(c, "wood"), "handle")
        it.box((-w / 2, w / 2, 0, 0.22, -0.02, 0.06), finish(c, "plastic", "metal", "wicker"), "head")
        return
    stuff, x = finish(c, "plastic", "metal"), w / 2
    it.box((-x, x, 0, h * 0.7, 0, d), stuff, "body")
    it.box((-x * 0.5, x * 0.5, h * 0.85, h, d * 0.4, d * 0.6), CHARCOAL, "handle")


def tyre(f: Frame, w: float, _h: float, d: float) -> None:
    """Paint a tyre that stands, or a pile of lying ones."""
    c, it, r, rubber = f.c, f.of("tyre"), w / 2, Finish(_grey(f), "rubber")
    f.shadow(r, d * 0.6, d / 2)
    if c.chance(0.5):
        for k in range(c.pick((1, 2, 3, 4))):
            it.lathe(
                [(r, 0.2 * k), (r * 1.04, 0.2 * k + 0.1), (r, 0.2 * k + 0.19)],
                rubber.dim(1 + 0.15 * (k % 2)),
                "body",
                (0, d / 2),
            )
            it.disc(r, 0.2 * k + 0.19, rubber.dim(1.3), "body", (0, d / 2))
            it.disc(r * 0.55, 0.2 * k + 0.195, rubber.dim(0.4), "rim", (0, d / 2))
        return
    sheet = it.front(d / 2)
    sheet.oval((0, r, r, r), rubber, "body")
    sheet.oval((0, r, r * 0.6, r * 0.6), finish(c, "steel", "metal"), "rim")
    sheet.oval((0, r, r * 0.2, r * 0.2), CHARCOAL, "cap")


def _grey(f: Frame) -> pal.RGB:
    """Return the grey of rubber."""
    return f.c.tint((pal.BLACK, pal.CHARCOAL, rgb("2a2b2e")))


def car(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a car from its front (or back), with its side where it is turned."""
    c, it, x = f.c, f.of("car"), w / 2
    paint = Finish(c.tint(pal.CARS), "metal")
    pane = Finish(rgb("38444f"), "glass")
    f.shadow(w * 0.6, d * 0.5, d / 2, 0.7)
    wheels = [
        Block((a, a + 0.2, 0, 0.62, e, e + 0.6), Finish(pal.BLACK, "rubber"), "wheel")
        for a in (-x, x - 0.2)
        for e in (d * 0.12, d * 0.7)
    ]
    body = [
        Block((-x, x, 0.28, h * 0.6, 0, d), paint, "body"),
        Block((-x * 0.86, x * 0.86, h * 0.6, h, d * 0.3, d * 0.85), paint.dim(0.94), "body"),
    ]
    it.boxes([*wheels, *body])
    front = it.front(d * 0.3 - 0.01)
    front.poly(
        ((-x * 0.8, h * 0.62), (-x * 0.68, h * 0.95), (x * 0.68, h * 0.95), (x * 0.8, h * 0.62)),
        pane,
        "windshield",
        strength=2.0,
    )
    nose = it.front(-0.01)
    for side in (-1, 1):
        nose.rect(
            (side * x * 0.72 - 0.14, side * x * 0.72 + 0.14, h * 0.42, h * 0.52),
            Finish(rgb("f4efd8"), "glass"),
            "headlight",
            glow=0.3,
        )
        for e in (0.12, 0.7):
            middle = d * e + 0.3
            points = [
                (
                    side * (x + 0.005),
                    0.3 + 0.3 * math.sin(t * math.pi / 5),
                    middle + 0.3 * math.cos(t * math.pi / 5),
                )
                for t in range(10)
            ]
            if (it.frame.eye[0] - side * x) * side > 0:
                it.poly(points, Finish(pal.BLACK, "rubber"), "wheel")
                it.poly(
                    [(a, 0.3 + (b - 0.3) * 0.55, middle + (z - middle) * 0.55) for a, b, z in points],
                    STEEL,
                    "wheel",
                )
        if (it.frame.eye[0] - side * x * 0.86) * side > 0:
            glass = [
                (side * (x * 0.86 + 0.005), b, z)
                for b, z in (
                    (h * 0.63, d * 0.34),
                    (h * 0.93, d * 0.38),
                    (h * 0.93, d * 0.8),
                    (h * 0.63, d * 0.82),
                )
            ]
            it.poly(glass, pane, "window", strength=2.0)
    nose.rect((-x * 0.5, x * 0.5, h * 0.3, h * 0.42), CHARCOAL, "frame")
    nose.rect((-x * 0.2, x * 0.2, h * 0.22, h * 0.29), Finish(pal.WHITE, "plastic"), "label")


def cat(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a cat that sits or lies."""
    c, it, y = f.c, f.of("cat"), d / 2
    fur = Finish(c.tint((*pal.HAIRS, rgb("d9a25f"), rgb("e8e4da"), pal.CHARCOAL)), "hair")
    side, sits = c.pick((-1, 1)), c.chance(0.6)
    f.shadow(w * 0.5, d * 0.4, y)
    if sits:
        it.bar(((0.1 * side, 0.04, y), (0.3 * side, 0.05, y)), 0.05, fur.dim(0.85), "tail")
        it.ball((0, h * 0.32, y), (h * 0.24, h * 0.34), fur, "body")
        head = (0.0, h * 0.78)
    else:
        it.ball((0, h * 0.25, y), (h * 0.6, h * 0.25), fur, "body")
        head = (-h * 0.5 * side, h * 0.45)
    it.ball((head[0], head[1], y), h * 0.19, fur.dim(1.05), "head")
    for k in (-1, 1):
        ear = [
            (head[0] + k * h * 0.16 + a * h, head[1] + b * h, y)
            for a, b in ((-0.06, 0.08), (k * 0.04, 0.26), (0.06, 0.08))
        ]
        it.poly(ear, fur.dim(0.85), "ear")


def clothes(f: Frame, w: float, h: float, d: float) -> None:
    """Paint clothes: a folded pile or a heap."""
    c, it, x = f.c, f.of("clothes"), w / 2
    if c.chance(0.5):
        for k in range(3):
            it.box((-x, x, h * k / 3, h * (k + 0.9) / 3, 0, d), finish(c, "cloth"), "cloth")
        return
    for a, b in ((-0.3, 0.3), (0.3, 0.3), (0.0, 0.6)):
        it.blob((a * w, b * h, d / 2), (w * 0.32, h * 0.4), finish(c, "cloth"), "cloth")


def shoe(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a pair of shoes or boots."""
    c, it, stuff = f.c, f.of("shoe"), finish(f.c, "leather", "leather", "cloth", "plastic")
    high = h * c.pick((0.6, 1.0, 1.8))
    for a in (-w * 0.28, w * 0.28):
        it.box((a - w * 0.18, a + w * 0.18, 0, h * 0.4, 0, d), stuff, "body")
        it.box((a - w * 0.17, a + w * 0.17, h * 0.3, high, d * 0.5, d), stuff.dim(0.9), "body")


def luggage_rack(f: Frame, w: float, _h: float, d: float) -> None:
    """Paint a rack along a wall with bags and suitcases on it."""
    c, it, x = f.c, f.of("luggage rack"), w / 2
    it.box((-x, x, 0, 0.04, 0, d), hardware(c), "board")
    it.bar(((-x, 0.1, 0), (x, 0.1, 0)), 0.03, STEEL, "rail")
    a = -x + 0.3
    while a < x - 0.3:
        if c.chance(0.5):
            half = c.uniform(0.18, 0.3)
            name = c.pick(("suitcase", "suitcase", "box", "clothes"))
            f.of(name).box(
                (a - half, a + half, 0.04, c.uniform(0.2, 0.34), 0.05, d),
                finish(c, "leather", "cloth", "plastic"),
            )
        a += 0.7


def cross(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a cross on the wall."""
    stuff = finish(f.c, "wood", "metal")
    sheet = f.of("statue").front(d - 0.05)
    sheet.rect((-w * 0.1, w * 0.1, 0, h), stuff, "cross")
    sheet.rect((-w / 2, w / 2, h * 0.6, h * 0.72), stuff, "cross")


def drip_stand(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a monitor on a stand beside a hospital bed."""
    c, it, y = f.c, f.of("computer"), d / 2
    it.lathe([(w * 0.45, 0), (w * 0.42, 0.04)], CHARCOAL, "base", (0, y))
    it.bar(((0, 0, y), (0, h, y)), 0.035, STEEL, "post")
    it.box((-w / 2, w / 2, h * 0.68, h * 0.92, y - 0.08, y), finish(c, "white", "plastic"), "frame")
    it.front(y - 0.085).rect(
        (-w * 0.42, w * 0.42, h * 0.71, h * 0.9), Finish(rgb("123028"), "glass"), "screen", glow=0.6
    )
    line = [(-0.42, 0.8), (-0.1, 0.8), (0.0, 0.88), (0.08, 0.74), (0.15, 0.8), (0.42, 0.8)]
    for p, q in pairwise(line):
        it.front(y - 0.09).line(
            ((p[0] * w, p[1] * h), (q[0] * w, q[1] * h)),
            0.02,
            Finish(rgb("6fe08a"), "glass"),
            "screen",
            glow=0.9,
        )


def visitor(f: Frame, _w: float, h: float, d: float) -> None:
    """Paint a person."""
    if f.depth > 0.8:
        people.person(f.c, f.spot(0.0, d / 2), h)


def dog(f: Frame, _w: float, h: float, d: float) -> None:
    """Paint a dog."""
    if f.depth > 0.8:
        people.dog(f.c, f.spot(0.0, d / 2), h)


PUBLIC = {
    "person": Thing(visitor, (0.5, 0.6), (1.5, 1.85), (0.35, 0.4)),
    "child": Thing(visitor, (0.4, 0.45), (1.0, 1.35), (0.3, 0.3)),
    "dog": Thing(dog, (0.7, 0.8), (0.5, 0.65), (0.3, 0.3)),
    "column": Thing(column, (0.35, 0.6), (2.4, 3.0), (0.35, 0.6)),
    "statue": Thing(statue, (0.4, 0.6), (1.3, 2.0), (0.4, 0.6)),
    "stairs": Thing(stairs, (0.9, 1.2), (1.8, 2.3), (1.8, 2.4)),
    "ladder": Thing(ladder, (0.4, 0.5), (1.7, 2.3), (0.4, 0.6)),
    "tool board": Thing(tool_board, (0.9, 1.8), (0.6, 0.9), (0.05, 0.06), y=(1.2, 1.4)),
    "tool": Thing(tool, (0.3, 0.4), (0.24, 0.3), (0.18, 0.22)),
    "broom": Thing(tool, (0.26, 0.36), (1.2, 1.5), (0.2, 0.3)),
    "tyre": Thing(tyre, (0.56, 0.66), (0.6, 0.8), (0.3, 0.6)),
    "car": Thing(car, (1.7, 1.85), (1.35, 1.6), (3.6, 4.2)),
    "cat": Thing(cat, (0.3, 0.4), (0.3, 0.42), (0.25, 0.35)),
    "clothes": Thing(clothes, (0.3, 0.45), (0.14, 0.26), (0.26, 0.34)),
    "shoe": Thing(shoe, (0.22, 0.28), (0.1, 0.14), (0.24, 0.28)),
    "luggage rack": Thing(luggage_rack, (2.0, 3.5), (0.3, 0.4), (0.38, 0.45), y=(1.62, 1.72)),
    "cross": Thing(cross, (0.5, 1.0), (0.8, 1.6), (0.06, 0.06), y=(2.0, 2.6)),
    "drip stand": Thing(drip_stand, (0.36, 0.46), (1.5, 1.8), (0.3, 0.36)),
}
