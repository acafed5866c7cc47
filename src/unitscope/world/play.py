"""Toys, instruments and things for sport."""

from __future__ import annotations

import math
from itertools import pairwise

from unitscope.world import palette as pal
from unitscope.world.finishes import BLACK, CHARCOAL, STEEL, WHITE, finish
from unitscope.world.space import Block, Finish, Frame
from unitscope.world.thing import Thing


def toy(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a toy: a car, a tower of blocks, a train, or a stacking ring."""
    c, it, x = f.c, f.of("toy"), w / 2
    style = c.pick(("car", "blocks", "blocks", "rings", "house"))
    if style == "car":
        paint = finish(c, "plastic")
        it.boxes(
            [
                Block((-x, x, h * 0.2, h * 0.55, 0, d), paint, "body"),
                Block((-x * 0.5, x * 0.5, h * 0.55, h, 0.02, d - 0.02), paint.dim(0.8), "cabin"),
            ]
        )
        for a in (-0.6, 0.6):
            it.ball((a * x, h * 0.2, 0), h * 0.2, BLACK, "wheel")
    elif style == "blocks":
        side = w / 3
        for i, j in ((-1, 0), (0, 0), (1, 0), (0, 1)):
            a = i * side * 1.05
            it.box(
                (a - side / 2, a + side / 2, j * side, j * side + side, 0, side),
                finish(c, "plastic", "wood"),
                "body",
            )
    elif style == "rings":
        for k in range(4):
            it.ball(
                (0, h * (0.12 + 0.22 * k), d / 2), (x * (1 - 0.2 * k), h * 0.13), finish(c, "plastic"), "body"
            )
    else:
        it.box((-x, x, 0, h * 0.6, 0, d), finish(c, "plastic", "painted"), "body")
        it.poly(((-x * 1.1, h * 0.6, 0), (0, h, 0), (x * 1.1, h * 0.6, 0)), finish(c, "plastic"), "roof")
        it.front(-0.004).rect((-x * 0.3, x * 0.3, h * 0.1, h * 0.4), WHITE, "window")


def ball(f: Frame, w: float, _h: float, d: float) -> None:
    """Paint a ball, plain or with a stripe."""
    c, it, r = f.c, f.of("ball"), w / 2
    f.shadow(r, r * 0.8, d / 2)
    it.ball((0, r, d / 2), r, finish(c, "plastic", "leather"))
    if c.chance(0.6):
        it.ball((0, r, d / 2), (r * 0.98, r * 0.25), finish(c, "plastic"))


def teddy_bear(f: Frame, _w: float, h: float, d: float) -> None:
    """Paint a teddy bear that sits."""
    c, it, u = f.c, f.of("teddy bear"), h
    fur = Finish(c.tint((*pal.WOODS, *pal.HAIRS, pal.CREAM, *pal.FABRICS[:4])), "hair")
    y = d / 2
    for side in (-1, 1):
        it.ball((side * 0.2 * u, 0.1 * u, y - 0.04), 0.13 * u, fur.dim(0.9), "leg")
        it.ball((side * 0.27 * u, 0.42 * u, y), (0.09 * u, 0.16 * u), fur.dim(0.9), "arm")
        it.ball((side * 0.17 * u, 0.92 * u, y), 0.08 * u, fur.dim(0.85), "ear")
    it.ball((0, 0.3 * u, y), (0.24 * u, 0.27 * u), fur, "body")
    it.ball((0, 0.72 * u, y), 0.22 * u, fur, "head")
    it.ball((0, 0.66 * u, y - 0.02), 0.09 * u, fur.mix(pal.CREAM, 0.5), "head")


def doll(f: Frame, _w: float, h: float, d: float) -> None:
    """Paint a doll in a dress."""
    c, it, u, y = f.c, f.of("doll"), h, d / 2
    skin, hair = Finish(c.tint(pal.SKINS), "plastic"), Finish(c.tint(pal.HAIRS), "hair")
    for side in (-1, 1):
        it.bar(((side * 0.07 * u, 0.3 * u, y), (side * 0.09 * u, 0, y)), 0.09 * u, skin, "leg")
        it.bar(((side * 0.1 * u, 0.6 * u, y), (side * 0.24 * u, 0.38 * u, y)), 0.07 * u, skin, "arm")
    it.lathe([(0.24 * u, 0.22 * u), (0.12 * u, 0.64 * u)], finish(c, "cloth"), "torso", (0, y))
    it.ball((0, 0.82 * u, y), (0.17 * u, 0.19 * u), hair, "hair")
    it.ball((0, 0.79 * u, y - 0.01), (0.13 * u, 0.14 * u), skin, "head")


def globe(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a globe on its foot."""
    c, it, r, y = f.c, f.of("globe"), w / 2, d / 2
    it.lathe(
        [(r * 0.6, 0), (r * 0.5, 0.02), (0.02, 0.04), (0.02, h - 2 * r)],
        finish(c, "wood", "metal"),
        "base",
        (0, y),
    )
    middle = h - r
    it.ball((0, middle, y), r, Finish(c.tint((*pal.WATERS, pal.CREAM)), "paper"), "body")
    land = Finish(c.tint((*pal.GREENS, *pal.SANDS)), "paper")
    it.ball((-r * 0.3, middle + r * 0.2, y), (r * 0.3, r * 0.42), land, "body")
    it.ball((r * 0.4, middle - r * 0.25, y), (r * 0.25, r * 0.34), land, "body")


def guitar(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a guitar that leans or stands: acoustic or electric."""
    c, it, y = f.c, f.of("guitar"), d / 2
    wood, lean = finish(c, "wood", "plastic"), c.uniform(-0.12, 0.12)
    body = Finish(wood.color, "wood")
    f.shadow(w * 0.5, 0.1, y)
    it.bar(((0, h * 0.35, y), (lean, h, y)), 0.06, body.dim(0.5), "neck")
    it.ball((lean, h, y), (0.05, 0.07), body.dim(0.45), "head")
    it.ball((0, h * 0.17, y), (w * 0.5, h * 0.17), body, "body")
    it.ball((lean * 0.3, h * 0.36, y), (w * 0.38, h * 0.12), body, "body")
    it.ball((lean * 0.2, h * 0.28, y), w * 0.13, BLACK, "body")
    for k in (-1, 1):
        it.bar(((k * 0.012, h * 0.14, y), (lean + k * 0.012, h * 0.96, y)), 0.006, WHITE, "string")


def piano(f: Frame, w: float, h: float, d: float) -> None:
    """Paint an upright piano with its keys, or a keyboard on a stand."""
    c, it, x = f.c, f.of("piano"), w / 2
    stuff = finish(c, "wood", "painted") if c.chance(0.7) else BLACK
    f.shadow(w * 0.54, d * 0.5, d / 2)
    key = h * 0.62
    if c.chance(0.25):
        for a in (-x * 0.7, x * 0.7):
            it.bar(((a, 0, d * 0.5), (-a, key, d * 0.5)), 0.04, CHARCOAL, "leg")
        it.box((-x, x, key, key + 0.1, 0.05, 0.38), BLACK, "body")
    else:
        it.boxes(
            [
                Block((-x, x, 0, h, d * 0.45, d), stuff, "body"),
                Block((-x, x, key - 0.1, key + 0.01, 0.04, d * 0.45), stuff.dim(0.9), "body"),
                Block((-x, -x + 0.07, 0, key - 0.1, 0.05, 0.12), stuff, "leg"),
                Block((x - 0.07, x, 0, key - 0.1, 0.05, 0.12), stuff, "leg"),
                Block((-x, x, h, h + 0.03, d * 0.42, d), stuff.dim(1.1), "lid"),
            ]
        )
        it.front(d * 0.45 - 0.004).rect((-x * 0.4, x * 0.4, key + 0.1, h - 0.1), stuff.dim(0.8), "board")
    keys, high = it.top(key + 0.11), 0.04
    keys.rect((-x * 0.94, x * 0.94, high, high + 0.17), WHITE, "key")
    for k in range(12):
        u = -x * 0.9 + x * 1.8 * (k + 0.5) / 12
        keys.rect((u - 0.025, u + 0.025, high + 0.06, high + 0.17), BLACK, "key")


def drum(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a set of drums with cymbals."""
    it, paint = f.of("drum"), finish(f.c, "plastic", "wood", "metal")
    f.shadow(w * 0.5, d * 0.5, d / 2)
    places = (
        (-0.32, 0.62, 0.5, 0.14),
        (0.32, 0.7, 0.5, 0.15),
        (0.36, 0.4, 0.2, 0.2),
        (-0.36, 0.45, 0.2, 0.16),
    )
    for a, e in ((-0.45, 0.7), (0.46, 0.7)):
        it.bar(((a * w, 0, d * e), (a * w, h, d * e)), 0.025, STEEL, "post")
        it.disc(w * 0.17, h, Finish((0.82, 0.66, 0.3), "metal"), "rim", (a * w, d * e))
    it.front(d * 0.35).oval((0, h * 0.27, h * 0.27, h * 0.27), paint, "drum")
    it.front(d * 0.35 - 0.005).oval((0, h * 0.27, h * 0.23, h * 0.23), WHITE, "drum")
    for a, b, e, r in places:
        it.lathe([(r * w, h * (b - 0.22)), (r * w, h * b)], paint, "drum", (a * w, d * e))
        it.disc(r * w, h * b, WHITE, "drum", (a * w, d * e))
    it.bar(((0, h * 0.5, d * 0.4), (0, h * 0.1, d * 0.4)), 0.03, STEEL, "post")


def microphone(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a microphone on its stand."""
    it, y = f.of("microphone"), d / 2
    it.lathe([(w * 0.5, 0), (w * 0.48, 0.03)], CHARCOAL, "base", (0, y))
    it.bar(((0, 0, y), (0, h * 0.85, y)), 0.03, STEEL, "post")
    it.bar(((0, h * 0.85, y), (0.14, h * 0.96, y)), 0.045, CHARCOAL, "handle")
    it.ball((0.16, h * 0.98, y), 0.05, STEEL, "head")


def treadmill(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a treadmill from its front end."""
    c, it, x = f.c, f.of("treadmill"), w / 2
    frame = finish(c, "metal", "plastic")
    f.shadow(w * 0.6, d * 0.5, d / 2)
    it.box((-x, x, 0.04, 0.2, 0, d), CHARCOAL, "base")
    it.top(0.205).rect((-x * 0.75, x * 0.75, 0.02, d - 0.2), Finish(pal.BLACK, "rubber"), "seat")
    for a in (-x, x):
        it.bar(((a, 0.15, d * 0.85), (a, h, d * 0.75)), 0.07, frame, "post")
        it.bar(((a, h * 0.72, d * 0.78), (a, h * 0.72, d * 0.4)), 0.05, frame, "rail")
    it.box((-x, x, h - 0.2, h, d * 0.72, d * 0.8), frame.dim(0.8), "frame")
    it.front(d * 0.72 - 0.004).rect(
        (-x * 0.6, x * 0.6, h - 0.16, h - 0.04), Finish((0.35, 0.6, 0.65), "glass"), "screen", glow=0.7
    )


def dumbbell(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a dumbbell or a bar with weights."""
    it, x, y = f.of("dumbbell"), w / 2, d / 2
    weight = finish(f.c, "rubber", "plastic", "metal")
    it.bar(((-x, h / 2, y), (x, h / 2, y)), 0.035, STEEL, "handle")
    for a in (-x * 0.8, x * 0.8):
        it.box((a - 0.05, a + 0.05, 0, h, y - h / 2, y + h / 2), weight, "body", shade="tube")


def weight_rack(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a rack full of dumbbells."""
    it, x = f.of("shelf"), w / 2
    frame = finish(f.c, "metal", "plastic")
    for a in (-x, x - 0.05):
        it.box((a, a + 0.05, 0, h, d * 0.3, d), frame, "post")
    for b in (h * 0.3, h * 0.75):
        it.box((-x, x, b, b + 0.04, 0.05, d), frame, "board")
        for k in range(int(w / 0.26)):
            dumbbell(f.moved(-x + 0.16 + 0.26 * k, b + 0.04, 0.05), 0.22, 0.15, 0.15)


def mat(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a gymnastic mat on the floor, or rolled up."""
    it, stuff = f.of("mat"), finish(f.c, "plastic", "cloth", "rubber")
    it.box((-w / 2, w / 2, 0, h, 0, d), stuff, "body")


def hoop(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a basketball hoop before its board on the wall."""
    it, x = f.of("basketball hoop"), w / 2
    sheet = it.front(d * 0.6)
    sheet.rect((-x, x, 0, h), WHITE, "board")
    red = Finish(pal.BRIGHTS[0], "metal")
    for box in (
        (-x * 0.35, x * 0.35, h * 0.24, h * 0.28),
        (-x * 0.35, x * 0.35, h * 0.62, h * 0.66),
        (-x * 0.35, -x * 0.3, h * 0.24, h * 0.64),
        (x * 0.3, x * 0.35, h * 0.24, h * 0.64),
    ):
        sheet.rect(box, red, "board")
    net = Finish(pal.WHITE, "fabric")
    ring = [(0.23 * math.cos(k * math.pi / 4), 0.23 * math.sin(k * math.pi / 4)) for k in range(8)]
    for a, e in ring[::2]:
        it.bar(((a, h * 0.2, d * 0.3 + e), (a * 0.5, -h * 0.28, d * 0.3 + e * 0.5)), 0.02, net, "cloth")
    it.bar(((-0.23, h * 0.2, d * 0.3), (0.23, h * 0.2, d * 0.3)), 0.04, red, "rim")


def bicycle(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a bicycle from the side, or an exercise bicycle."""
    c, it, r, y = f.c, f.of("bicycle"), w * 0.2, d / 2
    paint, tyre = finish(c, "plastic", "metal"), Finish(pal.BLACK, "rubber")
    left, right, pedal = (-w / 2 + r, r, y), (w / 2 - r, r, y), (-w * 0.06, r, y)
    f.shadow(w * 0.5, 0.08, y)
    for hub in (left, right):
        rim = [
            (hub[0] + r * math.cos(k * math.pi / 6), r + r * math.sin(k * math.pi / 6), y) for k in range(13)
        ]
        for p, q in pairwise(rim):
            it.bar((p, q), 0.045, tyre, "wheel")
        it.bar(((hub[0] - r, r, y), (hub[0] + r, r, y)), 0.01, STEEL, "wheel")
    saddle, stem = (-w * 0.14, h * 0.86, y), (w * 0.24, h * 0.84, y)
    for p, q in (
        (left, pedal),
        (pedal, stem),
        (stem, right),
        (pedal, saddle),
        (left, (-w * 0.12, h * 0.7, y)),
        ((-w * 0.12, h * 0.7, y), stem),
    ):
        it.bar((p, q), 0.04, paint, "frame")
    it.ball((-w * 0.14, h * 0.88, y), (0.11, 0.035), BLACK, "saddle")
    it.bar((stem, (w * 0.2, h, y)), 0.035, STEEL, "handlebar")
    it.bar(((w * 0.12, h, y), (w * 0.28, h * 0.98, y)), 0.04, BLACK, "handlebar")


PLAY = {
    "toy": Thing(toy, (0.22, 0.36), (0.14, 0.28), (0.14, 0.2)),
    "ball": Thing(ball, (0.2, 0.3), (0.2, 0.3), (0.2, 0.3)),
    "large ball": Thing(ball, (0.5, 0.7), (0.5, 0.7), (0.5, 0.7)),
    "teddy bear": Thing(teddy_bear, (0.24, 0.4), (0.28, 0.5), (0.2, 0.3)),
    "doll": Thing(doll, (0.2, 0.26), (0.3, 0.42), (0.12, 0.16)),
    "globe": Thing(globe, (0.24, 0.34), (0.36, 0.48), (0.24, 0.34)),
    "guitar": Thing(guitar, (0.32, 0.4), (0.95, 1.1), (0.15, 0.25)),
    "piano": Thing(piano, (1.3, 1.5), (1.05, 1.25), (0.6, 0.66), top=1.02),
    "drum": Thing(drum, (1.0, 1.4), (0.95, 1.15), (0.9, 1.1)),
    "microphone": Thing(microphone, (0.26, 0.34), (1.2, 1.55), (0.26, 0.34)),
    "treadmill": Thing(treadmill, (0.68, 0.8), (1.25, 1.4), (1.4, 1.6)),
    "dumbbell": Thing(dumbbell, (0.3, 0.5), (0.14, 0.22), (0.14, 0.2)),
    "weight rack": Thing(weight_rack, (1.2, 2.0), (0.8, 1.0), (0.45, 0.55)),
    "mat": Thing(mat, (0.6, 1.4), (0.02, 0.06), (1.4, 1.9)),
    "basketball hoop": Thing(hoop, (1.3, 1.8), (0.9, 1.1), (0.6, 0.7), y=(2.6, 3.0)),
    "bicycle": Thing(bicycle, (1.4, 1.7), (0.9, 1.05), (0.3, 0.4)),
}
