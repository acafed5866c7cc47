"""What stands on tables and worktops: dishes, bottles, food, flowers; plants."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.finishes import CHARCOAL, STEEL, finish
from unitscope.world.palette import dim
from unitscope.world.space import Finish, Frame
from unitscope.world.thing import Thing


def cup(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a cup with its handle, sometimes on a saucer."""
    c, it, place = f.c, f.of("cup"), (0.0, d / 2)
    glaze = finish(c, "china", "clay")
    if c.chance(0.4):
        it.disc(w * 0.9, 0.008, glaze.dim(0.92), "base", place)
    it.bar(((w * 0.3, h * 0.75, d / 2), (w * 0.72, h * 0.5, d / 2)), 0.02, glaze.dim(0.9), "handle")
    it.bar(((w * 0.72, h * 0.5, d / 2), (w * 0.3, h * 0.25, d / 2)), 0.02, glaze.dim(0.9), "handle")
    it.lathe([(w * 0.32, 0), (w * 0.5, h * 0.4), (w * 0.5, h)], glaze, "body", place)
    it.disc(w * 0.44, h, Finish(c.tint(pal.WOODS), "ceramic"), "rim", place)


def glass(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a glass: a tumbler or on a stem."""
    c, it, place = f.c, f.of("glass"), (0.0, d / 2)
    clear, drink = finish(c, "glass").mix((1, 1, 1), 0.3), finish(c, "bottle", "fruit")
    if c.chance(0.5):
        it.lathe([(w * 0.45, 0), (w * 0.4, 0.01), (0.006, 0.02), (0.006, h * 0.5)], clear, "base", place)
        bowl = [(0.01, h * 0.5), (w * 0.5, h * 0.7), (w * 0.42, h)]
    else:
        bowl = [(w * 0.36, 0), (w * 0.48, h)]
    it.lathe(bowl, clear, "body", place)
    it.lathe(
        [(bowl[0][0], bowl[0][1]), (w * 0.42, bowl[0][1] + h * 0.22)],
        Finish(drink.color, "glass"),
        "body",
        place,
    )


def bottle(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a bottle: slender, round-bellied or square, with label and stopper."""
    c, it, place = f.c, f.of("bottle"), (0.0, d / 2)
    stuff = finish(c, "bottle", "bottle", "plastic")
    style, r = c.pick(("slender", "belly", "straight")), w / 2
    profiles = {
        "slender": [(r, 0), (r, h * 0.55), (r * 0.36, h * 0.75), (r * 0.36, h * 0.95)],
        "belly": [
            (r * 0.6, 0),
            (r * 1.1, h * 0.25),
            (r * 0.8, h * 0.5),
            (r * 0.3, h * 0.65),
            (r * 0.3, h * 0.95),
        ],
        "straight": [(r, 0), (r, h * 0.75), (r * 0.5, h * 0.82), (r * 0.5, h * 0.92)],
    }
    it.lathe(profiles[style], stuff, "body", place)
    if style != "belly":
        it.lathe([(r * 1.02, h * 0.18), (r * 1.02, h * 0.45)], finish(c, "paper"), "label", place)
    it.lathe([(r * 0.42, h * 0.92), (r * 0.42, h)], finish(c, "plastic", "metal"), "stopper", place)


def plate(f: Frame, w: float, _h: float, d: float) -> None:
    """Paint a plate, sometimes with food on it, and cutlery beside."""
    c, it, place = f.c, f.of("plate"), (0.0, d / 2)
    glaze = finish(c, "china")
    it.disc(w / 2, 0.015, glaze, "rim", place)
    it.disc(w * 0.34, 0.018, glaze.dim(0.88), place=place)
    if c.chance(0.4):
        name = c.pick(("bread", "fruit", "cake"))
        f.of(name).ball((0.01, 0.03, d / 2), (w * 0.2, 0.03), finish(c, name))
    if c.chance(0.5):
        it.bar(((w * 0.62, 0.01, d * 0.1), (w * 0.62, 0.01, d * 0.9)), 0.014, STEEL, "handle")


def bowl(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a bowl, mostly with fruit."""
    c, it, place = f.c, f.of("bowl"), (0.0, d / 2)
    clay = finish(c, "clay", "wood", "metal", "glass")
    it.disc(w * 0.5, h, clay.dim(0.6), "rim", place)
    if c.chance(0.7):
        fruit = f.of("fruit")
        for a, b in ((-0.22, 0.0), (0.22, 0.02), (0.0, 0.05)):
            fruit.ball((a * w, h + b, d / 2), w * 0.2, finish(c, "fruit"))
    it.lathe([(w * 0.22, 0), (w * 0.42, h * 0.4), (w * 0.5, h * 0.9)], clay, "body", place)


def fruit(f: Frame, w: float, h: float, d: float) -> None:
    """Paint loose fruit."""
    it, stuff = f.of("fruit"), finish(f.c, "fruit")
    for a, b, e in ((-0.3, 0.3, 0.6), (0.3, 0.3, 0.5), (0.0, 0.75, 0.4)):
        it.ball((a * w, b * h, d * e), h * 0.36, stuff.dim(f.c.uniform(0.85, 1.1)))


def bread(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a loaf: long, round or sliced on a board."""
    c, it, stuff = f.c, f.of("bread"), finish(f.c, "bread")
    style, x = c.pick(("loaf", "round", "sliced")), w / 2
    if style == "round":
        it.ball((0, h * 0.45, d / 2), (x * 0.8, h * 0.6), stuff)
        return
    if style == "sliced":
        it.box((-x, x, 0, 0.02, 0, d), finish(c, "wood"), "board")
        it.box((-x * 0.7, x * 0.6, 0.02, h * 0.8, d * 0.2, d * 0.7), stuff, shade="ball")
        it.front(d * 0.19).rect((-x * 0.7, x * 0.2, 0.03, h * 0.7), stuff.mix(pal.CREAM, 0.6))
        return
    it.ball((0, h * 0.45, d / 2), (x, h * 0.45), stuff)
    for a in (-0.4, 0.0, 0.4):
        it.bar(
            ((a * x - 0.02, h * 0.7, d * 0.45), (a * x + 0.03, h * 0.85, d * 0.5)),
            0.014,
            stuff.mix(pal.CREAM, 0.5),
        )


def cake(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a cake in layers, sometimes with candles."""
    c, it, place = f.c, f.of("cake"), (0.0, d / 2)
    icing, sponge = finish(c, "cake"), finish(c, "bread")
    f.of("plate").disc(w * 0.6, 0.012, finish(c, "china"), "rim", place)
    it.lathe([(w * 0.46, 0.01), (w * 0.46, h * 0.5)], sponge, "body", place)
    it.lathe([(w * 0.47, h * 0.5), (w * 0.46, h)], icing, "top", place)
    it.disc(w * 0.46, h, icing.dim(1.08), "top", place)
    for a in (-0.2, 0.0, 0.2) if c.chance(0.5) else ():
        f.of("candle").bar(((a * w, h, d / 2), (a * w, h + 0.08, d / 2)), 0.016, finish(c, "plastic"), "body")


def pan(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a pan with a long handle, or a pot with two and a lid."""
    c, it, place, r = f.c, f.of("pan"), (0.0, d / 2), w / 2
    stuff = finish(c, "metal", "steel", "plastic")
    body = Finish(stuff.color, "metal")
    if c.chance(0.5):
        it.bar(((r, h * 0.4, d / 2), (r + 0.2, h * 0.6, d / 2)), 0.03, CHARCOAL, "handle")
        it.lathe([(r * 0.85, 0), (r, h * 0.4)], body, "body", place)
        it.disc(r * 0.95, h * 0.4, CHARCOAL.dim(0.7), "rim", place)
        return
    for side in (-1, 1):
        it.bar(((side * r, h * 0.6, d / 2), (side * (r + 0.06), h * 0.6, d / 2)), 0.03, CHARCOAL, "handle")
    it.lathe([(r, 0), (r, h * 0.75)], body, "body", place)
    it.lathe([(r * 1.04, h * 0.75), (r * 0.9, h * 0.84), (0.03, h * 0.92)], body.dim(1.12), "lid", place)
    it.ball((0, h, d / 2), 0.025, CHARCOAL, "knob")


def kettle(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a kettle or teapot with its spout."""
    c, it, place, r = f.c, f.of("kettle"), (0.0, d / 2), w / 2
    stuff = finish(c, "metal", "steel", "clay", "plastic")
    side = c.pick((-1, 1))
    it.bar(
        ((side * r * 0.7, h * 0.3, d / 2), (side * r * 1.5, h * 0.7, d / 2)), 0.045, stuff.dim(0.9), "spout"
    )
    it.lathe([(r, 0), (r * 0.95, h * 0.35), (r * 0.5, h * 0.68)], stuff, "body", place)
    it.lathe([(r * 0.52, h * 0.68), (0.02, h * 0.78)], stuff.dim(0.75), "lid", place)
    for ends in (
        ((-r * 0.7, h * 0.55, d / 2), (-r * 0.5, h, d / 2)),
        ((-r * 0.5, h, d / 2), (r * 0.5, h, d / 2)),
        ((r * 0.5, h, d / 2), (r * 0.7, h * 0.55, d / 2)),
    ):
        it.bar(ends, 0.024, CHARCOAL, "handle")


def jar(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a jar with its lid."""
    c, it, place, r = f.c, f.of("jar"), (0.0, d / 2), w / 2
    it.lathe([(r, 0), (r, h * 0.75), (r * 0.8, h * 0.85)], finish(c, "clay", "glass", "fruit"), "body", place)
    it.lathe([(r * 0.85, h * 0.83), (r * 0.85, h)], finish(c, "metal", "wood", "plastic"), "lid", place)


def carton(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a carton of cereals or milk."""
    c, it, x = f.c, f.of("carton"), w / 2
    stuff = finish(c, "paper")
    it.box((-x, x, 0, h, 0, d), stuff, "body")
    sheet = it.front(-0.003)
    sheet.rect((-x * 0.8, x * 0.8, h * 0.62, h * 0.85), finish(c, "paper"), "label")
    sheet.oval((0, h * 0.32, x * 0.55, h * 0.18), finish(c, "paper", "fruit"), "label")


def vase(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a vase: round, tall, waisted or square, mostly with flowers."""
    c, place, r = f.c, (0.0, d / 2), w / 2
    stuff, style = finish(c, "clay", "clay", "glass", "metal"), c.pick(("round", "tall", "waisted", "square"))
    low = h * 0.5
    if c.chance(0.75):
        bouquet(f.moved(0, low * 0.8, d / 2), r * 1.6, h * 0.6)
    it = f.of("vase")
    if style == "square":
        it.box((-r * 0.6, r * 0.6, 0, low, 0, r), stuff, "body")
        return
    profiles = {
        "round": [
            (r * 0.5, 0),
            (r, low * 0.4),
            (r * 0.85, low * 0.7),
            (r * 0.45, low * 0.85),
            (r * 0.6, low),
        ],
        "tall": [(r * 0.5, 0), (r * 0.45, low * 0.6), (r * 0.7, low)],
        "waisted": [(r * 0.7, 0), (r * 0.35, low * 0.3), (r * 0.8, low * 0.65), (r * 0.5, low)],
    }
    it.lathe(profiles[style], stuff, "body", place)


def bouquet(f: Frame, half: float, h: float) -> None:
    """Paint flowers of one kind that spread from a point."""
    c, it = f.c, f.of("flower")
    petal, leaf = Finish(c.tint(pal.PETALS), "foliage"), finish(c, "leaf")
    count, round_ = c.pick((3, 5, 7)), c.chance(0.6)
    for k in range(count):
        a = half * (2 * (k + 0.5) / count - 1)
        tip = (a, h * c.uniform(0.65, 1.0), 0.0)
        it.bar(((0, 0, 0), tip), 0.018, leaf)
        size = h * 0.16
        it.ball(tip, size if round_ else (size * 0.6, size * 1.4), petal.dim(c.uniform(0.85, 1.1)))


def plant(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a potted plant: blades, a bush, broad leaves on stems, or a cactus."""
    c, it, place = f.c, f.of("plant"), (0.0, d / 2)
    leaf, style = finish(c, "leaf"), c.pick(("blades", "bush", "broad", "palm", "cactus"))
    pot, clay = h * c.uniform(0.2, 0.34), finish(c, "clay", "clay", "wicker", "stone", "metal")
    f.shadow(w * 0.5, d * 0.4, d / 2)
    crown = h - pot
    if style == "cactus":
        it.ball((0, pot + crown * 0.4, d / 2), (w * 0.2, crown * 0.5), Finish(leaf.color, "foliage"), "crown")
        it.ball((w * 0.22, pot + crown * 0.55, d / 2), (w * 0.09, crown * 0.25), leaf.dim(0.9), "crown")
    elif style in ("blades", "palm"):
        low = pot * 0.9 if style == "blades" else h * 0.6
        if style == "palm":
            it.bar(((0, pot, d / 2), (0, low, d / 2)), 0.05, finish(c, "wood"), "trunk")
        for k in range(7):
            turn = math.pi * (0.06 + 0.88 * k / 6)
            a, b = w * 0.55 * math.cos(turn), low + (h - low) * math.sin(turn) * c.uniform(0.8, 1.0)
            middle = (a * 0.55, (low + b) / 2 + crown * 0.1)
            blade = (
                (0, low, d / 2),
                (middle[0] - 0.03, middle[1], d / 2),
                (a, b, d / 2),
                (middle[0] + 0.03, middle[1] - 0.05, d / 2),
            )
            it.poly(blade, Finish(dim(leaf.color, 0.8 + 0.05 * (k % 5)), "foliage"), "crown")
    elif style == "bush":
        for a, b, r in ((-0.2, 0.35, 0.3), (0.2, 0.4, 0.3), (0.0, 0.68, 0.34)):
            it.blob((a * w, pot + crown * b, d / 2), (w * r, crown * 0.34), leaf.dim(0.8 + b * 0.3), "crown")
    else:
        for k in range(6):
            a, b = w * c.uniform(-0.4, 0.4), pot + crown * (0.3 + 0.65 * k / 5)
            it.bar(((0, pot, d / 2), (a, b, d / 2)), 0.016, leaf.dim(0.7), "trunk")
            it.ball((a, b, d / 2), (w * 0.16, crown * 0.1), leaf.dim(c.uniform(0.8, 1.15)), "crown")
    it.lathe([(w * 0.2, 0), (w * 0.28, pot)], clay, "pot", place)


WARE = {
    "cup": Thing(cup, (0.08, 0.1), (0.08, 0.12), (0.08, 0.1)),
    "glass": Thing(glass, (0.07, 0.09), (0.12, 0.2), (0.07, 0.09)),
    "bottle": Thing(bottle, (0.07, 0.1), (0.2, 0.34), (0.07, 0.1)),
    "plate": Thing(plate, (0.22, 0.3), (0.02, 0.02), (0.22, 0.3)),
    "bowl": Thing(bowl, (0.2, 0.32), (0.07, 0.12), (0.2, 0.3)),
    "fruit": Thing(fruit, (0.2, 0.28), (0.12, 0.16), (0.18, 0.2)),
    "bread": Thing(bread, (0.26, 0.38), (0.1, 0.14), (0.14, 0.18)),
    "cake": Thing(cake, (0.24, 0.32), (0.1, 0.16), (0.24, 0.3)),
    "pan": Thing(pan, (0.2, 0.28), (0.12, 0.2), (0.2, 0.26)),
    "kettle": Thing(kettle, (0.16, 0.22), (0.2, 0.26), (0.16, 0.2)),
    "jar": Thing(jar, (0.09, 0.14), (0.13, 0.24), (0.09, 0.12)),
    "carton": Thing(carton, (0.14, 0.2), (0.22, 0.3), (0.06, 0.08)),
    "vase": Thing(vase, (0.13, 0.24), (0.3, 0.55), (0.13, 0.2)),
    "plant": Thing(plant, (0.45, 0.8), (0.7, 1.5), (0.4, 0.6)),
    "small plant": Thing(plant, (0.22, 0.34), (0.26, 0.42), (0.2, 0.26)),
}
