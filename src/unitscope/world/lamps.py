"""Lamps: standing, hanging, on walls and ceilings; candles."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas
from unitscope.world.finishes import BULB, finish, hardware
from unitscope.world.palette import rgb
from unitscope.world.space import Finish, Frame, Solid
from unitscope.world.thing import Thing

WARM = rgb("ffd9a0")


def is_on(c: Canvas) -> bool:
    """Return whether a lamp is lit, mostly after dark."""
    return c.chance(0.85 if c.light.dark else 0.15)


def _halo(f: Frame, b: float, radius: float, d: float = 0.0) -> None:
    if f.seen(0.0, d):
        x, y = f.see(0.0, b, d)
        if -0.3 < x < 1.3:
            f.c.shine(x, y, min(0.4, max(0.12, radius * f.metre(0.0, d))), WARM, 0.3)


def shade(it: Solid, low: float, high: float, radius: float, *, d: float = 0.0, lit: bool = False) -> None:
    """Paint the shade of a lamp: a cone, a drum, a dome or a globe between two heights."""
    c = it.c
    style = c.pick(("cone", "drum", "dome", "globe"))
    cloth = finish(c, "cloth", "linen", "metal") if style != "globe" else finish(c, "linen", "glass")
    tone = cloth.mix(rgb("ffe3a8"), 0.6) if lit else cloth
    place = (0.0, d)
    if style == "globe":
        it.ball((0, (low + high) / 2, d), (radius, (high - low) / 2), tone, "shade", glow=float(lit))
        return
    profile: dict[str, list[tuple[float, float]]] = {
        "cone": [(1.0, 0), (0.5, 1)],
        "drum": [(1.0, 0), (0.92, 1)],
        "dome": [(1.0, 0), (0.92, 0.4), (0.55, 0.8), (0.15, 1)],
    }
    points = [(radius * r, low + (high - low) * t) for r, t in profile[style]]
    it.lathe(points, tone, "shade", place, glow=float(lit))
    if low > it.frame.eye[1]:
        it.disc(radius * 0.9, low, BULB if lit else cloth.dim(0.6), "bulb", place, glow=float(lit))


def table_lamp(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a lamp for a table: on a turned foot, on a rod, or on a jointed arm."""
    c, it, lit = f.c, f.of("lamp"), is_on(f.c)
    stem, place = finish(c, "wood", "metal", "clay"), (0.0, d / 2)
    style = c.pick(("turned", "rod", "arm"))
    if style == "arm":
        knee, head = (w * 0.5, h * 0.6, d / 2), (-w * 0.3, h * 0.9, d / 2)
        it.lathe([(w * 0.3, 0), (w * 0.28, 0.03)], stem, "base", place)
        it.bar(((0, 0, d / 2), knee), 0.022, stem, "post")
        it.bar((knee, head), 0.022, stem, "post")
        it.ball(head, w * 0.24, stem.mix(WARM, 0.4 * lit), "shade", glow=0.8 * lit)
    else:
        foot = [(w * 0.22, 0), (w * 0.28, h * 0.2), (w * 0.1, h * 0.5), (w * 0.05, h * 0.6)]
        rod = [(w * 0.25, 0), (w * 0.24, 0.02), (0.012, 0.03), (0.012, h * 0.6)]
        it.lathe(foot if style == "turned" else rod, stem, "base", place)
        shade(it, h * 0.55, h, w / 2, d=d / 2, lit=lit)
    if lit:
        _halo(f, h * 0.6, 0.8, d / 2)


def floor_lamp(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a lamp that stands on the floor: straight, on three legs, or bent over."""
    c, it, lit, y = f.c, f.of("lamp"), is_on(f.c), d / 2
    stem, style = finish(c, "wood", "metal"), c.pick(("straight", "tripod", "bent"))
    f.shadow(w * 0.5, d * 0.5, y)
    if style == "tripod":
        for a, e in ((-0.5, 0.0), (0.5, 0.0), (0.0, 0.6)):
            it.bar(((a * w, 0, y + e * w), (0, h * 0.8, y)), 0.035, stem, "leg")
    else:
        it.lathe([(w * 0.4, 0), (w * 0.38, 0.03)], stem, "base", (0, y))
        it.bar(((0, 0, y), (0, h * 0.85, y)), 0.03, stem, "post")
    shade(it, h - c.uniform(0.25, 0.4), h, w / 2, d=y, lit=lit)
    if lit:
        _halo(f, h * 0.8, 1.2, y)


def pendant(f: Frame, w: float, h: float, _d: float) -> None:
    """Paint a lamp that hangs from the ceiling, `h` metres down."""
    it, lit = f.of("lamp"), is_on(f.c)
    drop = min(h * 0.6, f.c.uniform(0.16, 0.3))
    it.bar(((0, -h + drop, 0), (0, 0, 0)), 0.014, hardware(f.c).dim(0.6), "post")
    shade(it, -h, -h + drop, w / 2, lit=lit)
    if lit:
        _halo(f, -h, 1.0)


def chandelier(f: Frame, w: float, h: float, _d: float) -> None:
    """Paint a chandelier: arms with candles or bulbs around a stem."""
    c, it, lit = f.c, f.of("chandelier"), is_on(f.c)
    metal = finish(c, "metal", "metal", "wood")
    arms, low = c.pick((5, 6, 8)), -h
    it.bar(((0, low, 0), (0, 0, 0)), 0.025, metal.dim(0.8), "post")
    it.ball((0, low, 0), 0.06, metal, "base")
    ring = [
        (math.cos(2 * math.pi * (k + 0.3) / arms) * w / 2, math.sin(2 * math.pi * (k + 0.3) / arms) * w / 2)
        for k in range(arms)
    ]
    for a, e in sorted(ring, key=lambda p: -f.flat(*p)[1]):
        it.bar(((0, low + 0.03, 0), (a, low + 0.08, e)), 0.022, metal, "arm")
        it.bar(((a, low + 0.06, e), (a, low + 0.17, e)), 0.035, Finish(pal.CREAM, "plastic"), "post")
        it.ball((a, low + 0.21, e), (0.028, 0.042), BULB, "bulb", glow=1.0 if lit else 0.2)
    if lit:
        _halo(f, low, 1.4)


def wall_lamp(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a lamp on a wall."""
    it, lit = f.of("wall lamp"), is_on(f.c)
    it.front(d - 0.01).rect((-0.04, 0.04, 0, h * 0.6), hardware(f.c), "base")
    shade(it, h * 0.3, h, w / 2, lit=lit, d=d / 2)
    if lit:
        _halo(f, h, 0.7)


def ceiling_light(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a flat light below the ceiling."""
    c, it = f.c, f.of("lamp")
    lit = c.chance(0.75)
    it.box((-w / 2, w / 2, -h, 0, 0, d), Finish(pal.WHITE, "plastic"), "frame")
    if f.eye[1] < -h:
        inner = [
            (a, -h - 0.004, e)
            for a, e in ((-w * 0.45, d * 0.1), (w * 0.45, d * 0.1), (w * 0.45, d * 0.9), (-w * 0.45, d * 0.9))
        ]
        it.poly(inner, Finish(rgb("fbf7e8"), "glass"), "bulb", glow=0.9 * lit)


def fan(f: Frame, w: float, h: float, _d: float) -> None:
    """Paint a fan below the ceiling."""
    c, it = f.c, f.of("fan")
    stuff, turn = finish(c, "wood", "metal", "white"), c.uniform(0, 1.3)
    it.bar(((0, -h, 0), (0, 0, 0)), 0.04, hardware(c), "post")
    for k in range(c.pick((3, 4, 5))):
        angle = turn + 2 * math.pi * k / 4
        a, e = math.cos(angle), math.sin(angle)
        blade = [
            (a * r * w - e * s, -h, e * r * w + a * s)
            for r, s in ((0.08, 0.05), (0.5, 0.08), (0.5, -0.08), (0.08, -0.05))
        ]
        it.poly(blade, stuff, "blade")
    it.ball((0, -h, 0), (0.1, 0.07), hardware(c), "base")


def candle(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a candle, on a tall holder or alone, mostly lit."""
    c, it, place = f.c, f.of("candle"), (0.0, d / 2)
    foot = h * c.pick((0.0, 0.4, 0.65))
    if foot:
        it.lathe(
            [
                (w * 0.5, 0),
                (w * 0.45, 0.02),
                (w * 0.12, foot * 0.3),
                (w * 0.12, foot * 0.9),
                (w * 0.35, foot),
            ],
            hardware(c),
            "base",
            place,
        )
    it.lathe([(w * 0.22, foot), (w * 0.2, h * 0.86)], finish(c, "linen", "cake"), "body", place)
    if c.chance(0.7):
        it.ball((0, h * 0.94, d / 2), (w * 0.14, h * 0.09), Finish(rgb("ffd36f"), "glass"), "flame", glow=1.0)


LAMPS = {
    "table lamp": Thing(table_lamp, (0.26, 0.4), (0.38, 0.6), (0.2, 0.3)),
    "floor lamp": Thing(floor_lamp, (0.34, 0.5), (1.35, 1.75), (0.3, 0.4)),
    "wall lamp": Thing(wall_lamp, (0.16, 0.26), (0.2, 0.34), (0.14, 0.2), y=(1.5, 1.9)),
    "candle": Thing(candle, (0.1, 0.16), (0.16, 0.34), (0.1, 0.14)),
    "pendant": Thing(pendant, (0.3, 0.6), (0.6, 1.1), (0.0, 0.0)),
    "chandelier": Thing(chandelier, (0.7, 1.1), (0.5, 0.9), (0.0, 0.0)),
    "ceiling light": Thing(ceiling_light, (0.4, 1.3), (0.05, 0.09), (0.3, 0.6)),
    "fan": Thing(fan, (1.0, 1.4), (0.3, 0.45), (0.0, 0.0)),
}
