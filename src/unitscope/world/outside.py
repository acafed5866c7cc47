"""The furniture of streets, parks, beaches and slopes."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import figure
from unitscope.world.palette import dim, mix, rgb

_SIGNS = (rgb("2f6f4f"), rgb("2f5fa0"), rgb("e0b03a"), rgb("c23a32"), pal.WHITE)


def ski_lift(c: Canvas, ends: tuple[tuple[float, float], tuple[float, float]], chairs: int = 4) -> None:
    """Paint a chair lift along a cable between two points of the picture."""
    (xa, ya), (xb, yb) = ends
    pen, seat = c.pen("ski lift", 12), c.tint(pal.BRIGHTS)
    for t, tall in ((0.1, 0.2), (0.5, 0.15), (0.9, 0.1)):
        x, y = xa + (xb - xa) * t, ya + (yb - ya) * t
        pen.line(
            ((x, y + tall), (x, y - 0.012)), 0.018 * tall / 0.14, rgb("5f6872"), "metal", "pole", shade="tube"
        )
        pen.line(((x - 0.03, y - 0.006), (x + 0.03, y - 0.006)), 0.014, rgb("5f6872"), "metal", "pole")
    pen.line(ends, 0.008, rgb("3f4650"), "metal")
    for k in range(chairs):
        t = (k + 0.5) / chairs + c.uniform(-0.06, 0.06)
        x, y, u = xa + (xb - xa) * t, ya + (yb - ya) * t, 0.085 - 0.035 * t
        pen.line(((x, y), (x, y + u)), u * 0.12, rgb("4f5660"), "metal", "pole")
        pen.rect((x - u * 0.5, y + u * 0.55, x + u * 0.5, y + u * 0.9), seat, "plastic", "back")
        pen.rect((x - u * 0.55, y + u * 0.9, x + u * 0.55, y + u * 1.1), dim(seat, 0.8), "plastic", "seat")


def bench(c: Canvas, spot: Spot, width: float = 1.9) -> None:
    """Paint a bench from the front."""
    u, x, y, half = spot.metre, spot.x, spot.y, width * spot.metre / 2
    pen, slat, iron = (
        c.pen("bench", spot.depth),
        c.tint((*pal.WOODS, *pal.BRIGHTS[:4])),
        c.tint((pal.CHARCOAL, pal.STEEL)),
    )
    c.shadow(x, y, half * 1.1, u * 0.16)
    for side in (-0.8, 0.8):
        pen.rect(
            (x + side * half - u * 0.05, y - u * 0.9, x + side * half + u * 0.05, y), iron, "metal", "leg"
        )
    for level in (0.62, 0.78):
        pen.rect((x - half, y - u * (level + 0.13), x + half, y - u * level), slat, "wood", "back", grain=0.5)
    pen.poly(
        [
            (x - half * 0.95, y - u * 0.52),
            (x + half * 0.95, y - u * 0.52),
            (x + half, y - u * 0.36),
            (x - half, y - u * 0.36),
        ],
        mix(slat, (1, 1, 1), 0.15),
        "wood",
        "seat",
        grain=0.5,
    )


def street_lamp(c: Canvas, spot: Spot, height: float = 5.0) -> None:
    """Paint a street lamp; it shines in the dark."""
    u, x, y = height * spot.metre, spot.x, spot.y
    pen, iron = c.pen("street lamp", spot.depth), c.tint((pal.CHARCOAL, pal.STEEL, rgb("2f4a40")))
    pen.line(((x, y), (x, y - u * 0.86)), (u * 0.04, u * 0.026), iron, "metal", "pole", shade="tube")
    glow = 1.0 if c.light.dark else 0.0
    lamp = rgb("ffe2a0") if glow else rgb("e9e6d8")
    if c.chance(0.5):
        pen.poly(
            [
                (x - u * 0.05, y - u * 0.97),
                (x + u * 0.05, y - u * 0.97),
                (x + u * 0.032, y - u * 0.86),
                (x - u * 0.032, y - u * 0.86),
            ],
            lamp,
            "glass",
            "lantern",
            glow=glow,
        )
        pen.poly(
            [(x - u * 0.065, y - u * 0.965), (x, y - u * 1.02), (x + u * 0.065, y - u * 0.965)],
            iron,
            "metal",
            "top",
        )
        at = (x, y - u * 0.91)
    else:
        side = 1 if x < 0.5 else -1
        pen.line(((x, y - u * 0.85), (x + side * u * 0.16, y - u * 0.93)), u * 0.024, iron, "metal", "pole")
        at = (x + side * u * 0.19, y - u * 0.92)
        pen.ellipse((at[0], at[1], u * 0.065, u * 0.03), lamp, "glass", "lantern", glow=glow)
    if glow:
        c.shine(at[0], at[1], u * 0.22, rgb("ffdf9a"), 0.55)


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
    """Paint a fence across the picture at distance z (metres), between two x of the picture."""
    spot = c.spot(0, z)
    u, y = height * spot.metre, spot.y
    pen, paint = c.pen("fence", z), c.tint((*pal.WOODS, pal.WHITE, pal.WHITE, pal.STEEL))
    for level in (0.4, 0.78):
        pen.rect(
            (span[0], y - u * (level + 0.1), span[1], y - u * level),
            dim(paint, 0.88),
            "wood",
            "body",
            grain=0.5,
        )
    count = max(2, int((span[1] - span[0]) / max(u * 0.5, 0.03)))
    for k in range(count + 1):
        x = span[0] + (span[1] - span[0]) * k / count
        half = max(u * 0.08, 0.006)
        pen.poly(
            [
                (x - half, y),
                (x - half, y - u * 0.95),
                (x, y - u * 1.05),
                (x + half, y - u * 0.95),
                (x + half, y),
            ],
            paint,
            "wood",
            "pole",
            turned=True,
            grain=0.4,
        )


def flag(c: Canvas, spot: Spot, height: float = 6.0) -> None:
    """Paint a flag on a pole."""
    u, x, y, side = height * spot.metre, spot.x, spot.y, c.pick((-1, 1))
    pen = c.pen("flag", spot.depth)
    pen.line(((x, y), (x, y - u)), u * 0.025, rgb("c9ccd0"), "metal", "pole", shade="tube")
    bands = (c.tint(pal.BRIGHTS), c.tint((pal.WHITE, *pal.BRIGHTS)), c.tint(pal.BRIGHTS))
    for k, color in enumerate(bands):
        top, low = y - u * (0.99 - 0.085 * k), y - u * (0.905 - 0.085 * k)
        wave = [math.sin(t * 1.6 + 0.4) * u * 0.022 for t in range(5)]
        upper = [(x + side * u * 0.09 * t, top + wave[t]) for t in range(5)]
        lower = [(x + side * u * 0.09 * t, low + wave[t]) for t in range(4, -1, -1)]
        pen.poly([*upper, *lower], color, "fabric", "cloth", shade="soft", grain=0.4)


def umbrella(c: Canvas, spot: Spot, height: float = 2.3) -> None:
    """Paint a sunshade with stripes."""
    u, x, y = height * spot.metre, spot.x, spot.y
    pen, first, second = (
        c.pen("umbrella", spot.depth),
        c.tint(pal.BRIGHTS),
        c.tint((pal.WHITE, pal.CREAM, *pal.BRIGHTS)),
    )
    c.shadow(x, y, u * 0.5, u * 0.1)
    pen.line(((x, y), (x, y - u * 0.9)), u * 0.035, pal.WHITE, "wood", "pole", shade="tube")
    rim = [(x - u * 0.6 + u * 0.24 * k, y - u * (0.66 if k % 5 else 0.63)) for k in range(6)]
    for k in range(5):
        pen.poly(
            [
                (x, y - u),
                (x + (rim[k][0] - x) * 0.75, y - u * 0.86),
                rim[k],
                rim[k + 1],
                (x + (rim[k + 1][0] - x) * 0.75, y - u * 0.86),
            ],
            second if k % 2 else first,
            "fabric",
            "canopy",
            grain=0.4,
            shade="fall",
        )


def tent(c: Canvas, spot: Spot, width: float = 3.0) -> None:
    """Paint a tent: a ridge tent, a dome or a tepee, with an open front."""
    design = c.rng.random()
    if design < 0.5:
        _ridge_tent(c, spot, width)
        return
    it, cloth = figure(c, "tent", spot, width), c.tint((*pal.BRIGHTS, *pal.FABRICS))
    inside, glow = (rgb("ffd080"), 0.9) if c.light.dark and c.chance(0.7) else (dim(cloth, 0.3), 0.0)
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.09)
    if design < 0.8:
        turns = [math.pi * k / 12 for k in range(13)]
        it.poly(
            [(0.56 * math.cos(t), 0.5 * math.sin(t)) for t in turns],
            cloth,
            "fabric",
            "roof",
            shade="ball",
            grain=0.5,
        )
        band = [(0.2 * math.cos(t), 0.5 * math.sin(t)) for t in turns]
        it.poly(band, dim(c.tint((cloth, *pal.BRIGHTS)), 0.9), "fabric", "facade", grain=0.5)
        it.poly(
            [(0.13 * math.cos(t), 0.34 * math.sin(t)) for t in turns], inside, "fabric", "door", glow=glow
        )
        return
    for side in (-1, 1):
        it.line(((side * 0.02, 0.74), (-side * 0.08, 0.92)), 0.02, c.tint(pal.WOODS), "wood", "pole")
    it.poly(
        ((-0.4, 0), (-0.02, 0.8), (0.02, 0.8), (0.4, 0)), cloth, "fabric", "facade", shade="tube", grain=0.5
    )
    it.poly(((-0.3, 0.2), (-0.26, 0.28), (0.26, 0.28), (0.3, 0.2)), c.tint(pal.BRIGHTS), "fabric", "facade")
    it.poly(((-0.1, 0), (0, 0.4), (0.1, 0)), inside, "fabric", "door", glow=glow)


def _ridge_tent(c: Canvas, spot: Spot, width: float) -> None:
    u, x, y, side = width * spot.metre, spot.x, spot.y, c.pick((-1, 1))
    pen, cloth = c.pen("tent", spot.depth), c.tint((*pal.BRIGHTS, *pal.FABRICS))
    c.shadow(x + side * u * 0.2, y, u * 0.75, u * 0.1)
    peak = (x, y - u * 0.62)
    rear = (x + side * u * 0.5, y - u * 0.56)
    pen.poly(
        [peak, rear, (x + side * u * 0.92, y - u * 0.1), (x + side * u * 0.48, y)],
        dim(cloth, 0.74),
        "fabric",
        "roof",
        grain=0.5,
    )
    pen.poly([peak, (x - u * 0.5, y), (x + u * 0.5, y)], cloth, "fabric", "facade", shade="soft", grain=0.5)
    lit = c.light.dark and c.chance(0.7)
    inside = rgb("ffd080") if lit else dim(cloth, 0.3)
    pen.poly(
        [(x, y - u * 0.5), (x - u * 0.17, y), (x + u * 0.17, y)],
        inside,
        "fabric",
        "door",
        glow=0.9 * lit,
        grain=0.5,
    )


def campfire(c: Canvas, spot: Spot, width: float = 1.0) -> None:
    """Paint a campfire on crossed logs."""
    u, x, y = width * spot.metre, spot.x, spot.y
    pen = c.pen("campfire", spot.depth)
    c.shine(x, y - u * 0.3, u * 1.5, rgb("ffb050"), 0.55 if c.light.dark else 0.2)
    for a, b in ((-1, 0.1), (-0.6, -0.1), (0.7, 0.1), (1, -0.1)):
        pen.line(
            ((x + a * u * 0.55, y + abs(b) * u * 0.4), (x - a * u * 0.3, y - u * 0.12)),
            u * 0.16,
            rgb("5f4030"),
            "wood",
            "trunk",
            grain=0.3,
        )
    for size, color in ((1.0, rgb("f0702a")), (0.7, rgb("f9a83a")), (0.4, rgb("ffe28a"))):
        tips = [
            (-0.42, -0.05),
            (-0.4, -0.5),
            (-0.22, -0.35),
            (-0.04, -1.0),
            (0.16, -0.45),
            (0.34, -0.68),
            (0.42, -0.05),
        ]
        pen.poly(
            [(x + a * u * size, y + b * u * size * c.uniform(0.9, 1.1)) for a, b in tips],
            color,
            "sky",
            "flame",
            glow=1.0,
            shade="flat",
        )


def slide(c: Canvas, spot: Spot, height: float = 2.4) -> None:
    """Paint a playground slide with its ladder."""
    u, x, y, side = height * spot.metre, spot.x, spot.y, c.pick((-1, 1))
    pen, chute, iron = c.pen("slide", spot.depth), c.tint(pal.BRIGHTS), c.tint((*pal.BRIGHTS, pal.STEEL))
    c.shadow(x, y, u * 0.8, u * 0.12)
    top = (x - side * u * 0.35, y - u * 0.8)
    for shift in (0.0, 0.22):
        a = x - side * u * (0.38 + shift)
        pen.line(((a - side * u * 0.06, y), (a, y - u * 1.02)), u * 0.05, iron, "metal", "pole", shade="tube")
    for k in range(5):
        level = y - u * (0.12 + 0.16 * k)
        pen.line(((x - side * u * 0.37, level), (x - side * u * 0.65, level)), u * 0.04, iron, "metal", "leg")
    pen.rect(
        (
            min(top[0], top[0] - side * u * 0.28),
            y - u * 0.84,
            max(top[0], top[0] - side * u * 0.28),
            y - u * 0.76,
        ),
        dim(chute, 0.8),
        "plastic",
        "top",
    )
    line = [top, (x + side * u * 0.35, y - u * 0.22), (x + side * u * 0.75, y - u * 0.1)]
    for start, stop in ((line[0], line[1]), (line[1], line[2])):
        pen.line((start, stop), u * 0.17, chute, "plastic", "body", shade="flat")
        pen.line(
            ((start[0], start[1] - u * 0.055), (stop[0], stop[1] - u * 0.055)),
            u * 0.05,
            mix(chute, (1, 1, 1), 0.35),
            "plastic",
            "body",
            shade="flat",
        )


def swing(c: Canvas, spot: Spot, height: float = 2.5) -> None:
    """Paint a swing with two seats."""
    u, x, y = height * spot.metre, spot.x, spot.y
    pen, iron, seat = c.pen("swing", spot.depth), c.tint((*pal.BRIGHTS, *pal.WOODS)), c.tint(pal.BRIGHTS)
    c.shadow(x, y, u * 0.75, u * 0.1)
    for side in (-1, 1):
        for foot in (0.5, 0.78):
            pen.line(
                ((x + side * u * 0.6, y - u), (x + side * u * foot, y)),
                u * 0.055,
                iron,
                "metal",
                "pole",
                shade="tube",
            )
    for place in (-0.27, 0.27):
        shift = c.uniform(-0.1, 0.1) * u
        for rope in (-0.09, 0.09):
            pen.line(
                ((x + (place + rope) * u, y - u * 0.98), (x + (place + rope) * u + shift, y - u * 0.3)),
                u * 0.022,
                pal.CHARCOAL,
                "metal",
            )
        pen.rect(
            (x + (place - 0.13) * u + shift, y - u * 0.33, x + (place + 0.13) * u + shift, y - u * 0.25),
            seat,
            "plastic",
            "seat",
        )
    pen.rect((x - u * 0.68, y - u * 1.03, x + u * 0.68, y - u * 0.96), iron, "metal", "top")


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
