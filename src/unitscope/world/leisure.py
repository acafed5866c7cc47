"""Things for leisure: tents, campfires, sunshades, slides, swings, ski lifts."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import figure
from unitscope.world.palette import dim, mix, rgb


def ski_lift(c: Canvas, ends: tuple[tuple[float, float], tuple[float, float]], chairs: int = 4) -> None:
    """Paint a lift with chairs or cabins along a cable between two points of the picture."""
    (xa, ya), (xb, yb) = ends
    pen, seat, cabins = c.pen("ski lift", 12), c.tint(pal.BRIGHTS), c.chance(0.35)
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
        if cabins:
            pen.rect((x - u * 0.5, y + u * 0.5, x + u * 0.5, y + u * 1.3), seat, "metal", "gondola")
            pane = (x - u * 0.4, y + u * 0.6, x + u * 0.4, y + u * 0.95)
            pen.rect(pane, mix(c.light.sky[1], rgb("33424f"), 0.5), "glass", "window")
            continue
        pen.rect((x - u * 0.5, y + u * 0.55, x + u * 0.5, y + u * 0.9), seat, "plastic", "back")
        pen.rect((x - u * 0.55, y + u * 0.9, x + u * 0.55, y + u * 1.1), dim(seat, 0.8), "plastic", "seat")


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
