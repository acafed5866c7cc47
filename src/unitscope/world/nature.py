"""Sky, land, water, rocks and birds."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Pen, Point, Spot
from unitscope.world.palette import RGB, dim, mix, rgb

GROUNDS = {
    "grass": ((pal.MEADOWS, "grass"), (pal.MEADOWS, "grass"), (pal.LITTERS, "leaves")),
    "snow": ((pal.SNOWS, "snow"), (pal.SNOWS, "snow"), (pal.ICES, "ice")),
    "sand": ((pal.SANDS, "sand"),),
    "earth": ((pal.EARTHS, "earth"), (pal.GRAVELS, "gravel"), (pal.CLAYS, "clay"), (pal.LITTERS, "leaves")),
    "sidewalk": ((pal.PAVINGS, "stone"), (pal.CONCRETES, "concrete"), (pal.FACADES[:4], "brick")),
    "road": ((pal.ASPHALTS, "asphalt"), (pal.ASPHALTS, "asphalt"), (pal.CONCRETES, "concrete")),
}
"""The colours and materials that each ground has, by chance."""


def cover(c: Canvas, kind: str) -> tuple[RGB, str]:
    """Return a colour and a material for a ground."""
    tones, material = c.pick(GROUNDS[kind])
    return c.tint(tones), material


def sky(c: Canvas) -> None:
    """Paint the sky down to the horizon, with a sun or moon and clouds by chance."""
    top, low = c.light.sky
    bottom = c.horizon + 0.03
    c.pen("sky").rect((0, 0, 1, bottom), top, "sky", end=low, shade="flat", glow=1.0)
    if c.light.kind != "overcast" and c.chance(0.4):
        _sun(c)
    if c.chance(0.85):
        clouds(c, int(c.uniform(1, 4.9)))


def _sun(c: Canvas) -> None:
    x, y = 0.5 + c.light.side * c.uniform(0.12, 0.4), c.horizon * c.uniform(0.15, 0.75)
    night = c.light.kind == "night"
    color = rgb("f4efdc") if night else c.pick((rgb("fff6d8"), rgb("ffe9b0"), rgb("ffd98f")))
    c.shine(x, y, c.uniform(0.14, 0.26), color, 0.25 if night else 0.55)
    radius = c.uniform(0.026, 0.045)
    c.pen("sun").ellipse((x, y, radius, radius), color, "sky", shade="flat", glow=1.0)


def clouds(c: Canvas, count: int) -> None:
    """Paint flat-bottomed clouds."""
    top, low = c.light.sky
    white = mix(low, (1.0, 1.0, 1.0), 0.0 if c.light.kind == "night" else 0.6)
    pen = c.pen("cloud")
    if c.chance(0.2):
        for _ in range(count):
            box = (
                c.uniform(0, 1),
                c.horizon * c.uniform(0.08, 0.85),
                c.uniform(0.15, 0.4),
                c.uniform(0.008, 0.03),
            )
            pen.blob(box, white, "sky", shade="flat", glow=1.0)
        return
    for _ in range(count):
        x, y = c.uniform(0, 1), c.horizon * c.uniform(0.12, 0.8)
        half = c.uniform(0.08, 0.24) * (0.6 + 0.6 * (1 - y / c.horizon))
        look = mix(white, mix(top, low, 0.6), 0.55)
        humps = int(c.uniform(3, 5.9))
        for hump in range(humps):
            middle = x - half + (hump + 0.5) * 2 * half / humps
            rise = half * c.uniform(0.18, 0.5) * (1 - abs(middle - x) / half * 0.6)
            width = half / humps * 1.7
            arch = [
                (middle - width * math.cos(k * math.pi / 10), y - rise * math.sin(k * math.pi / 10) ** 0.8)
                for k in range(11)
            ]
            pen.poly(arch, white, "sky", end=look, shade="flat", glow=1.0)


def ridge(c: Canvas, level: float, height: float, steps: int = 18) -> list[Point]:
    """Return a rolling line across the picture around `level`, up to `height` above it."""
    phases = [c.uniform(0, 6.28) for _ in range(4)]
    points = []
    for k in range(steps + 1):
        x = k / steps
        wave = sum(math.sin(x * (3.1, 6.3, 11.0, 19.0)[j] + phases[j]) / (1.3 + j * 1.4) for j in range(4))
        points.append((x, level - height * (0.5 + 0.32 * wave)))
    return points


def hills(c: Canvas, level: float, height: float, color: RGB, material: str = "grass") -> None:
    """Paint a rolling hill across the picture."""
    edge = ridge(c, level, height)
    c.pen("hill", 60).poly(
        [*edge, (1, level + 0.02), (0, level + 0.02)], color, material, shade="fall", grain=0.6
    )


def mountains(c: Canvas, level: float, height: float, *, snowy: bool, count: int = 4) -> None:
    """Paint a range of mountains: a lit and a shaded side each, and caps of snow."""
    stone = c.tint((*pal.STONES, rgb("7f8aa0"), rgb("8f7f78"), rgb("6f7f74"), rgb("a3846f")), 0.08)
    spacing = 1.15 / count
    order = sorted(range(count), key=lambda _: c.rng.random())
    for rank, k in enumerate(order):
        x = -0.08 + (k + 0.5 + c.uniform(-0.3, 0.3)) * spacing
        tall = height * c.uniform(0.55, 1.0) * (0.75 + 0.25 * rank / count)
        _peak(c, (x, level, tall), c.uniform(0.9, 1.5) * tall + 0.08, stone, snowy)


def _peak(c: Canvas, place: tuple[float, float, float], half: float, stone: RGB, snowy: bool) -> None:
    x, level, tall = place
    pen = c.pen("mountain", c.uniform(30, 80))
    top = (x, level - tall)
    left, right = _slope(c, top, (x - half, level), 7), _slope(c, top, (x + half, level), 7)
    spine = _slope(c, top, (x + half * c.uniform(-0.25, 0.25), level + 0.01), 6)
    bright, shaded = mix(stone, (1, 1, 1), 0.1), dim(stone, 0.72)
    sides = ((left, shaded), (right, bright)) if c.light.side > 0 else ((left, bright), (right, shaded))
    for edge, color in sides:
        pen.poly([*edge, *reversed(spine)], color, "stone", shade="soft", grain=2.4, strength=0.28)
    if not snowy:
        return
    share = int(c.uniform(2, 4.5))
    for edge, color in sides:
        snow = rgb("f3f6fa") if color == bright else rgb("c3d0e3")
        outer, inner = edge[: share + 1], spine[: share + 1]
        teeth = [
            (
                outer[-1][0] + (inner[-1][0] - outer[-1][0]) * t,
                max(outer[-1][1], inner[-1][1]) + tall * c.uniform(-0.10, 0.05),
            )
            for t in (0.25, 0.5, 0.75)
        ]
        pen.poly([*outer, *teeth, *reversed(inner)], snow, "snow", "peak", shade="soft")


def _slope(c: Canvas, top: Point, foot: Point, steps: int) -> list[Point]:
    points = []
    for k in range(steps + 1):
        t = k / steps
        wobble = 0.0 if k in (0, steps) else c.uniform(-0.10, 0.10) * (foot[0] - top[0]) * 0.5
        points.append((top[0] + (foot[0] - top[0]) * t + wobble, top[1] + (foot[1] - top[1]) * t**0.92))
    return points


def ground(c: Canvas, kind: str, color: RGB | None = None) -> RGB:
    """Paint the ground from the horizon down; return its colour."""
    tone, material = cover(c, kind)
    color = color or tone
    pen = Pen(c, c.pen(kind).number, 70)
    far = mix(color, c.light.sky[1], 0.1)
    pen.rect((0, c.horizon, 1, 1), far, material, end=color, shade="sink", ground=True)
    if c.light.weather == "rain" and kind in ("road", "sidewalk"):
        c.mirror(kind, c.horizon + 0.02, 0.4)
    return color


def patches(c: Canvas, count: int) -> None:
    """Paint patches of another cover on the ground, such as bare earth in grass or the last snow."""
    kind = c.pick(("earth", "grass", "snow", "sand"))
    color, material = cover(c, kind)
    pen = c.pen(kind, 20)
    for _ in range(count):
        x, y = c.uniform(0, 1), c.uniform(c.horizon + 0.08, 1)
        wide = c.uniform(0.3, 0.9) * (y - c.horizon)
        pen.blob((x, y, wide, wide * 0.22), color, material, ground=True, shade="flat")


def water(c: Canvas, top: float, bottom: float, color: RGB | None = None) -> None:
    """Paint water between two heights of the picture; it mirrors the sky and what stands at its far side."""
    color = color or c.tint((*pal.WATERS, *pal.WATERS, *pal.ICES[:1], *pal.EARTHS[5:]))
    near, far = mix(color, c.light.sky[0], 0.15), mix(color, c.light.sky[1], 0.45)
    glow = 0.35 if c.light.kind in ("dusk", "night") else 0.0
    pen = c.pen("water", 50)
    pen.rect((0, top, 1, bottom), far, "water", end=near, shade="flat", ground=True, strength=1.3, glow=glow)
    c.mirror("water", top + 0.01, 0.45)


def pond(c: Canvas, spot: Spot, width: float) -> None:
    """Paint a flat pond (metres wide)."""
    color = mix(c.tint(pal.WATERS), c.light.sky[1], 0.35)
    box = (spot.x, spot.y, width * spot.metre / 2, width * spot.metre / 9)
    c.pen("water", spot.depth).blob(box, color, "water", shade="sink", grain=0.8)


_PATHS = {"asphalt": pal.ASPHALTS, "stone": pal.PAVINGS, "earth": pal.EARTHS} | {
    "sand": pal.SANDS,
    "gravel": pal.GRAVELS,
    "brick": pal.FACADES[:4],
    "leaves": pal.LITTERS,
}


def path(c: Canvas, name: str, widths: Point, ends: Point, color: RGB | None = None) -> None:
    """Paint a path, road or runway from the lower edge to the horizon.

    Args:
        c: the canvas.
        name: path, road or runway.
        widths: at the lower edge and far away, fractions of the picture.
        ends: x at the lower edge and far away.
        color: its colour.
    """
    material = "asphalt" if name in ("road", "runway") else c.pick(tuple(_PATHS)[1:])
    tones = _PATHS[material]
    color = color or c.tint(tones)
    bend = c.uniform(-0.12, 0.12) if name == "path" else 0.0
    left, right = [], []
    for k in range(9):
        t = k / 8
        y = 1.0 + (c.horizon + 0.004 - 1.0) * t
        x = ends[0] + (ends[1] - ends[0]) * t + bend * math.sin(t * math.pi) * (1 - t)
        half = (widths[0] + (widths[1] - widths[0]) * t) / 2
        left.append((x - half, y))
        right.append((x + half, y))
    c.pen(name, 60).poly([*left, *reversed(right)], color, material, ground=True, shade="flat", strength=0.8)
    if c.light.weather == "rain" and material == "asphalt":
        c.mirror(name, c.horizon + 0.02, 0.4)


def rock(c: Canvas, spot: Spot, height: float, color: RGB | None = None) -> None:
    """Paint a rock with a lit top."""
    tall = height * spot.metre
    x, y, half = spot.x, spot.y, tall * c.uniform(0.7, 1.1)
    pen, stone = c.pen("rock", spot.depth), color or c.tint(pal.STONES)
    c.shadow(x, y, half * 1.25, tall * 0.22)
    outline = [
        (-1, 0.0),
        (-0.9, -0.45),
        (-0.5, -0.85),
        (0.1, -1),
        (0.6, -0.8),
        (0.95, -0.3),
        (1, 0.02),
        (0.3, 0.1),
        (-0.5, 0.1),
    ]
    points = [(x + half * a * c.uniform(0.9, 1.1), y + tall * b * c.uniform(0.9, 1.05)) for a, b in outline]
    pen.poly(points, dim(stone, 0.82), "stone", shade="ball", grain=0.9, strength=0.6)
    pen.poly(
        [*points[1:5], (x + half * 0.1, y - tall * 0.55)],
        mix(stone, (1, 1, 1), 0.18),
        "stone",
        strength=0.6,
        grain=0.9,
    )


def birds(c: Canvas, count: int) -> None:
    """Paint gulls in the sky."""
    color = c.pick((pal.CHARCOAL, pal.WHITE, pal.CHARCOAL))
    for _ in range(count):
        x, y, span = c.uniform(0.08, 0.92), c.horizon * c.uniform(0.15, 0.8), c.uniform(0.03, 0.055)
        lift, pen = c.uniform(0.35, 0.6) * span, c.pen("bird")
        for side in (-1, 1):
            joint = (x + side * span * 0.5, y - lift)
            pen.line(((x, y), joint), span * 0.22, color, "foliage", "wing")
            pen.line(
                (joint, (x + side * span, y - lift * 0.5)),
                (span * 0.22, span * 0.06),
                color,
                "foliage",
                "wing",
            )
        pen.ellipse((x, y, span * 0.16, span * 0.2), color, "foliage", "body")
