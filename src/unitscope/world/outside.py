"""The furniture of streets and parks, and piers."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import figure
from unitscope.world.palette import dim, mix, rgb

_SIGNS = (rgb("2f6f4f"), rgb("2f5fa0"), rgb("e0b03a"), rgb("c23a32"), pal.WHITE)


def bench(c: Canvas, spot: Spot, width: float = 1.9) -> None:
    """Paint a bench from the front: of slats, of stone without a back, or of logs."""
    it, design = figure(c, "bench", spot, width), c.pick(("slats", "slats", "stone", "logs"))
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.08)
    if design == "stone":
        tone, material = c.tint((*pal.STONES, *pal.CONCRETES)), c.pick(("stone", "concrete", "marble"))
        for a in (-0.36, 0.28):
            it.rect((a, 0, a + 0.08, 0.2), dim(tone, 0.8), material, "leg")
        it.rect((-0.5, 0.18, 0.5, 0.25), tone, material, "seat")
        return
    slat = c.tint((*pal.WOODS, *pal.BRIGHTS[:4]))
    iron = dim(slat, 0.7) if design == "logs" else c.tint((pal.CHARCOAL, pal.STEEL))
    for a in (-0.43, 0.37):
        it.rect((a, 0, a + 0.06, 0.48), iron, "wood" if design == "logs" else "metal", "leg")
    for level in (0.33, 0.415):
        it.rect((-0.5, level, 0.5, level + 0.07), slat, "wood", "back", grain=0.5)
    seat = ((-0.475, 0.275), (0.475, 0.275), (0.5, 0.19), (-0.5, 0.19))
    it.poly(seat, mix(slat, (1, 1, 1), 0.15), "wood", "seat", grain=0.5)
    if design == "logs":
        it.rect((-0.5, 0.12, 0.5, 0.2), dim(slat, 0.8), "wood", "seat", shade="fall")


def street_lamp(c: Canvas, spot: Spot, height: float = 5.0) -> None:
    """Paint a street lamp: a lantern, a globe, or an arm over the road; it shines in the dark."""
    it, iron = figure(c, "street lamp", spot, height), c.tint((pal.CHARCOAL, pal.STEEL, rgb("2f4a40")))
    design, glow = c.pick(("lantern", "globe", "arm", "arm")), 1.0 if c.light.dark else 0.0
    lamp = rgb("ffe2a0") if glow else rgb("e9e6d8")
    it.line(((0, 0), (0, 0.86)), (0.04, 0.026), iron, "metal", "pole", shade="tube")
    at = (0.0, 0.91)
    if design == "lantern":
        it.poly(
            ((-0.05, 0.97), (0.05, 0.97), (0.032, 0.86), (-0.032, 0.86)), lamp, "glass", "lantern", glow=glow
        )
        it.poly(((-0.065, 0.965), (0, 1.02), (0.065, 0.965)), iron, "metal", "top")
    elif design == "globe":
        it.ellipse((0, 0.91, 0.055, 0.06), lamp, "glass", "lantern", glow=glow, shade="ball")
    else:
        side = 1 if it.x < 0.5 else -1
        at = (side * 0.19, 0.92)
        it.line(((0, 0.85), (side * 0.16, 0.93)), 0.024, iron, "metal", "pole")
        it.ellipse((*at, 0.065, 0.03), lamp, "glass", "lantern", glow=glow)
    if glow:
        c.shine(*it.at(*at), it.unit * 0.22, rgb("ffdf9a"), 0.55)


def traffic_light(c: Canvas, spot: Spot, height: float = 4.2) -> None:
    """Paint a traffic light."""
    u, x, y = height * spot.metre, spot.x, spot.y
    pen, on = c.pen("traffic light", spot.depth), int(c.uniform(0, 2.99))
    pen.line(((x, y), (x, y - u * 0.75)), u * 0.035, pal.CHARCOAL, "metal", "pole", shade="tube")
    pen.rect((x - u * 0.065, y - u, x + u * 0.065, y - u * 0.66), rgb("2a2c30"), "metal", "body")
    for k, color in enumerate((rgb("e8392f"), rgb("f5b52f"), rgb("3fbf6a"))):
        lit = k == on
        pen.ellipse(
            (x, y - u * (0.94 - 0.11 * k), u * 0.045, u * 0.045),
            color if lit else dim(color, 0.35),
            "glass",
            "lantern",
            glow=float(lit),
        )


def signboard(c: Canvas, spot: Spot, height: float = 2.6) -> None:
    """Paint a road sign."""
    it, face = figure(c, "signboard", spot, height), c.tint(_SIGNS)
    it.line(((0, 0), (0, 0.9)), 0.04, pal.STEEL, "metal", "pole", shade="tube")
    it.rect((-0.2, 0.62, 0.2, 1), mix(face, (1, 1, 1), 0.75), "metal", "body")
    it.rect((-0.186, 0.64, 0.186, 0.98), face, "metal", "body")
    ink = pal.WHITE if sum(face) < 1.9 else pal.CHARCOAL
    it.rect((-0.14, 0.795, 0.2 * c.uniform(0.1, 0.7), 0.85), ink, "paper")


def board(c: Canvas, spot: Spot, height: float = 5.5) -> None:
    """Paint a wide road sign on two posts."""
    it, face = figure(c, "signboard", spot, height), c.tint(_SIGNS)
    for a in (-0.44, 0.44):
        it.line(((a, 0), (a, 0.9)), 0.04, pal.STEEL, "metal", "pole", shade="tube")
    it.rect((-0.55, 0.55, 0.55, 1), mix(face, (1, 1, 1), 0.75), "metal", "body")
    it.rect((-0.5115, 0.57, 0.5115, 0.98), face, "metal", "body")
    ink = pal.WHITE if sum(face) < 1.9 else pal.CHARCOAL
    for level in (0.9, 0.78):
        it.rect((-0.385, level - 0.055, 0.55 * c.uniform(0.1, 0.7), level), ink, "paper")


def fence(c: Canvas, z: float, height: float = 1.1, *, span: tuple[float, float] = (0.0, 1.0)) -> None:
    """Paint a fence across the picture at distance z (metres), between two x of the picture.

    It has pickets, two rails, bars of iron, or it is a wall of stones.
    """
    spot = c.spot(0, z)
    u, y, design = height * spot.metre, spot.y, c.pick(("pickets", "pickets", "rails", "bars", "wall"))
    pen = c.pen("fence", z)
    if design == "wall":
        tone, material = c.pick(((c.tint(pal.STONES), "stone"), (c.tint(pal.FACADES[:4]), "brick")))
        pen.rect((span[0], y - u * 0.8, span[1], y), tone, material, "body", grain=0.7)
        pen.rect((span[0], y - u * 0.88, span[1], y - u * 0.8), dim(tone, 1.15), material, "top")
        return
    iron = design == "bars"
    paint = c.tint((pal.CHARCOAL, pal.STEEL) if iron else (*pal.WOODS, pal.WHITE, pal.WHITE))
    material, thick = ("metal", 0.04) if iron else ("wood", 0.1)
    for level in (0.4, 0.78):
        rail = (span[0], y - u * (level + thick), span[1], y - u * level)
        pen.rect(rail, dim(paint, 0.88), material, "rail", grain=0.5)
    gap = {"pickets": 0.5, "rails": 1.7, "bars": 0.28}[design]
    count = max(2, int((span[1] - span[0]) / max(u * gap, 0.03)))
    half, top = max(u * (0.03 if iron else 0.08), 0.004), 1.05 if design == "pickets" else 0.95
    for k in range(count + 1):
        x = span[0] + (span[1] - span[0]) * k / count
        stake = [
            (x - half, y),
            (x - half, y - u * 0.95),
            (x, y - u * top),
            (x + half, y - u * 0.95),
            (x + half, y),
        ]
        pen.poly(stake, paint, material, "pole", turned=True, grain=0.4)


def flag(c: Canvas, spot: Spot, height: float = 6.0) -> None:
    """Paint a flag on a pole: three bands, a cross, or a plain cloth with a disc."""
    it, side = figure(c, "flag", spot, height), c.pick((-1, 1))
    it.post(0, (0, 1), 0.025, rgb("c9ccd0"), "metal")
    bands = (c.tint(pal.BRIGHTS), c.tint((pal.WHITE, *pal.BRIGHTS)), c.tint(pal.BRIGHTS))
    plain = c.chance(0.45)
    for k, color in enumerate(bands):
        top, low = 0.99 - 0.085 * k, 0.905 - 0.085 * k
        wave = [math.sin(t * 1.6 + 0.4) * 0.022 for t in range(5)]
        upper = [(side * 0.09 * t, top - wave[t]) for t in range(5)]
        lower = [(side * 0.09 * t, low - wave[t]) for t in range(4, -1, -1)]
        it.poly([*upper, *lower], bands[0] if plain else color, "fabric", "cloth", grain=0.4)
    if plain and c.chance(0.5):
        it.ellipse((side * 0.18, 0.86, 0.07, 0.07), bands[1], "fabric", "cloth")
    elif plain:
        it.line(((side * 0.12, 0.99), (side * 0.12, 0.74)), 0.05, bands[1], "fabric", "cloth")
        it.line(((0, 0.87), (side * 0.36, 0.87)), 0.05, bands[1], "fabric", "cloth")


def pier(c: Canvas, xs: tuple[float, float], far: float) -> None:
    """Paint a wooden pier from the lower edge at xs (picture) to the height `far`."""
    pen, wood = c.pen("pier", 8), c.tint(pal.WOODS)
    left, right = xs
    t = (far - c.horizon) / (1 - c.horizon)
    ends = [(c.center + (left - c.center) * t, far), (c.center + (right - c.center) * t, far)]
    for k in range(5):
        a = 1 - (1 - t) * k / 4.5
        y = c.horizon + (1 - c.horizon) * a
        for edge in xs:
            x = c.center + (edge - c.center) * a
            pen.rect(
                (x - 0.016 * a, y - 0.02 * a, x + 0.016 * a, y + 0.11 * a),
                dim(wood, 0.6),
                "wood",
                "pole",
                shade="tube",
            )
    pen.poly([(left, 1.02), ends[0], ends[1], (right, 1.02)], wood, "wood", "top", ground=True)
