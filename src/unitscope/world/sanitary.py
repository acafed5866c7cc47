"""Sinks, tubs, toilets, showers and what lies beside them."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas
from unitscope.world.finishes import PAGE, STEEL, finish
from unitscope.world.palette import rgb
from unitscope.world.space import Block, Finish, Frame, Solid
from unitscope.world.storage import cabinet
from unitscope.world.thing import Thing


def porcelain(c: Canvas) -> Finish:
    """Return white, or now and then a tinted glaze."""
    tones = (pal.WHITE, pal.WHITE, pal.WHITE, pal.CREAM, *pal.WALLS[:6])
    return Finish(c.tint(tones, 0.03), "ceramic")


def tap(it: Solid, place: tuple[float, float, float], size: float) -> None:
    """Paint a tap: bent over, square, or with two knobs."""
    a, b, d = place
    steel, style = finish(it.c, "steel", "steel", "metal"), it.c.pick(("bent", "low", "knobs"))
    high = size * (0.5 if style == "low" else 1.0)
    it.bar(((a, b, d), (a, b + high, d)), 0.03, steel, "faucet")
    it.bar(((a, b + high, d), (a, b + high * 0.92, d - size * 0.6)), 0.028, steel, "faucet")
    if style == "bent":
        it.bar(
            ((a, b + high * 0.92, d - size * 0.6), (a, b + high * 0.65, d - size * 0.62)),
            0.026,
            steel,
            "spout",
        )
    elif style == "knobs":
        for side in (-0.08, 0.08):
            it.ball((a + side, b + 0.03, d), 0.025, steel, "knob")


def basin(f: Frame, w: float, d: float, glaze: Finish) -> None:
    """Paint a basin let into a worktop at the frame's height, with its tap."""
    it, c = f.of("sink"), f.c
    sheet, square = it.top(0.005), c.chance(0.5)
    if square:
        sheet.rect((-w / 2, w / 2, d * 0.1, d * 0.75), glaze.dim(1.05), "rim")
        sheet.rect((-w * 0.43, w * 0.43, d * 0.15, d * 0.7), glaze.dim(0.62), "basin", shade="sink")
    else:
        sheet.oval((0, d * 0.44, w / 2, d * 0.34), glaze.dim(1.05), "rim")
        sheet.oval((0, d * 0.44, w * 0.42, d * 0.27), glaze.dim(0.62), "basin", shade="sink")
    tap(it, (0, 0.0, d * 0.86), 0.26)


def washstand(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a sink: on a foot, on a cabinet, or on the wall."""
    c, it, glaze, x = f.c, f.of("sink"), porcelain(f.c), w / 2
    style = c.pick(("cabinet", "cabinet", "foot", "bowl"))
    if style == "foot":
        it.lathe([(0.13, 0), (0.08, h * 0.5), (0.14, h * 0.8)], glaze.dim(0.94), "base", (0, d / 2))
        it.boxes([Block((-x * 0.8, x * 0.8, h * 0.78, h, 0, d), glaze, "body")], shade="ball")
    else:
        cabinet(f, w, h - 0.04, d, style=c.pick(("panel", "flat", "louvre")))
        f.of("counter").box(
            (-x, x, h - 0.04, h, -0.01, d), finish(c, "marble", "stone", "wood", "white"), "top"
        )
    if style == "bowl":
        it.lathe([(w * 0.12, h), (w * 0.24, h + 0.13)], glaze, "basin", (0, d / 2))
        it.disc(w * 0.24, h + 0.13, glaze.dim(0.7), "basin", (0, d / 2))
        tap(it, (0, h, d * 0.88), 0.3)
    else:
        basin(f.moved(0, h, 0), min(0.5, w * 0.7), d, glaze)


def bathtub(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a bathtub: built in, or free on feet."""
    c, it, shell, x = f.c, f.of("bathtub"), porcelain(f.c), w / 2
    f.shadow(w * 0.52, d * 0.5, d / 2)
    if c.chance(0.3):
        slab = [
            Block((a, a + 0.1, 0, 0.14, e, e + 0.1), finish(c, "metal"), "leg")
            for a in (-x + 0.15, x - 0.25)
            for e in (0.1, d - 0.2)
        ]
        it.boxes(slab)
        low = 0.12
        front = (
            (-x, h, 0),
            (-x * 0.94, h * 0.5, 0.03),
            (-x * 0.75, low, 0.08),
            (x * 0.75, low, 0.08),
            (x * 0.94, h * 0.5, 0.03),
            (x, h, 0),
        )
        it.poly(front, shell, "body", shade="fall")
        it.poly(((-x, h, 0), (x, h, 0), (x, h, d), (-x, h, d)), shell.dim(1.08), "rim")
    else:
        it.box(
            (-x, x, 0, h, 0, d), finish(c, "stone", "wood") if c.chance(0.15) else shell, "body", shade="fall"
        )
        it.top(h + 0.003).rect((-x, x, 0, d), shell.dim(1.06), "rim")
    water = Finish(rgb("a9cdd6"), "water") if c.chance(0.5) else shell.dim(0.72)
    it.top(h + 0.006).rect((-x + 0.08, x - 0.08, 0.08, d - 0.08), water, "basin", strength=0.5, shade="sink")
    tap(it, (c.pick((-x + 0.15, x - 0.15)), h, d - 0.06), 0.26)


def toilet(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a toilet: with a tank behind or hung from the wall, its lid down or up."""
    c, it, glaze, x = f.c, f.of("toilet"), porcelain(f.c), w / 2
    f.shadow(w * 0.6, d * 0.5, d * 0.4)
    level, open_ = h * 0.5, c.chance(0.4)
    if c.chance(0.75):
        it.box((-x, x, level, h, d - 0.2, d), glaze, "body")
        it.box((-x - 0.02, x + 0.02, h - 0.04, h, d - 0.22, d), glaze.dim(0.95), "lid")
    lid = finish(c, "wood", "plastic") if c.chance(0.2) else glaze
    if open_:
        it.poly(
            [
                (a * x * 0.9, level + b, d - 0.24)
                for a, b in ((-1, 0), (-1, 0.3), (-0.5, 0.42), (0.5, 0.42), (1, 0.3), (1, 0))
            ],
            lid.dim(0.95),
            "lid",
        )
    it.lathe([(x * 0.6, 0), (x * 0.55, level * 0.4), (x * 0.95, level)], glaze, "body", (0, d * 0.4))
    it.disc(x, level + 0.01, lid, "seat" if open_ else "lid", (0, d * 0.4))
    if open_:
        it.disc(x * 0.68, level + 0.014, glaze.dim(0.6), "basin", (0, d * 0.4))


def shower(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a shower: tray, glass and head."""
    c, it, x = f.c, f.of("shower"), w / 2
    it.box((-x, x, 0, 0.1, 0, d), porcelain(c), "base")
    back = it.front(d - 0.01)
    back.rect((-x, x, 0.1, h), Finish(c.tint(pal.WALLS), "tile"), "body")
    it.bar(((0, 0.9, d - 0.03), (0, h - 0.1, d - 0.03)), 0.025, STEEL, "post")
    it.bar(((0, h - 0.1, d - 0.03), (0, h - 0.15, d * 0.6)), 0.025, STEEL, "post")
    it.ball((0, h - 0.16, d * 0.6), (0.11, 0.03), STEEL, "faucet")
    for a in (-x, x):
        it.bar(((a, 0.1, 0), (a, h, 0)), 0.04, finish(c, "steel", "white"), "frame")
    it.bar(((-x, h, 0), (x, h, 0)), 0.04, STEEL, "frame")
    half = c.uniform(-0.1, 0.4) * x
    it.front(-0.003).rect((half, x, 0.1, h), finish(c, "glass").mix(pal.WALLS[4], 0.3), "pane", strength=2.0)


def soap(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a soap dispenser or a piece of soap in its dish."""
    c, it, place = f.c, f.of("soap"), (0.0, d / 2)
    stuff = finish(c, "plastic", "cake")
    if c.chance(0.5):
        it.disc(w * 0.6, 0.01, finish(c, "china"), "base", place)
        it.ball((0, 0.03, d / 2), (w * 0.42, 0.025), stuff)
        return
    it.lathe(
        [(w * 0.4, 0), (w * 0.4, h * 0.7), (w * 0.15, h * 0.75), (w * 0.15, h * 0.9)], stuff, "body", place
    )
    it.bar(((0, h * 0.95, d / 2), (w * 0.5, h * 0.95, d / 2)), 0.02, STEEL, "spout")


def scale(f: Frame, w: float, h: float, d: float) -> None:
    """Paint scales on the floor, or kitchen scales with a bowl."""
    it, stuff = f.of("scale"), finish(f.c, "plastic", "steel", "white")
    it.box((-w / 2, w / 2, 0, h, 0, d), stuff, "body")
    it.top(h + 0.004).oval((0, d * 0.7, w * 0.2, d * 0.14), PAGE, "dial")


SANITARY = {
    "washstand": Thing(washstand, (0.6, 1.1), (0.8, 0.88), (0.45, 0.55), top=1.0),
    "bathtub": Thing(bathtub, (1.5, 1.75), (0.52, 0.62), (0.7, 0.8), top=0.0),
    "toilet": Thing(toilet, (0.4, 0.46), (0.78, 0.95), (0.62, 0.7)),
    "shower": Thing(shower, (0.85, 1.0), (1.95, 2.1), (0.8, 0.9)),
    "soap": Thing(soap, (0.08, 0.12), (0.14, 0.2), (0.07, 0.09)),
    "scale": Thing(scale, (0.28, 0.34), (0.04, 0.06), (0.28, 0.32)),
}
