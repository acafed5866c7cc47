"""Plants: trees, palms, bushes, flowers, cacti, corn and reeds."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Look, Spot
from unitscope.world.figure import figure
from unitscope.world.palette import RGB, dim, rgb


def tree(c: Canvas, spot: Spot, height: float, kind: str = "") -> None:
    """Paint a tree: leafy (in four shapes), fir, autumn, snowy or bare."""
    kind = kind or c.pick(("leafy", "leafy", "fir"))
    c.shadow(
        spot.x - c.light.side * height * 0.08 * spot.metre,
        spot.y,
        height * 0.32 * spot.metre,
        height * 0.05 * spot.metre,
    )
    if kind == "fir":
        _fir(c, spot, height, snowy=False)
    elif kind == "snowy":
        _fir(c, spot, height, snowy=True)
    elif kind == "bare":
        _bare(c, spot, height)
    else:
        _leafy(c, spot, height, pal.AUTUMN if kind == "autumn" else pal.GREENS)


_CROWNS = {
    "round": ((-0.55, 0.05, 0.62, 0.82), (0.55, 0.02, 0.62, 0.86), (0, -0.12, 1.0, 1.0)),
    "wide": (
        (-1.0, 0.06, 0.6, 0.8),
        (1.0, 0.04, 0.6, 0.84),
        (-0.4, -0.1, 0.8, 0.94),
        (0.45, -0.08, 0.8, 1.0),
    ),
    "tall": ((0, 0.14, 0.62, 0.84), (0, -0.02, 0.6, 0.94), (0, -0.2, 0.44, 1.02)),
    "loose": (
        (-0.7, 0.1, 0.42, 0.8),
        (0.75, 0.0, 0.4, 0.86),
        (-0.3, -0.16, 0.5, 1.0),
        (0.3, -0.24, 0.46, 1.06),
    ),
}
"""Lumps of a crown: x, y (down), size and brightness, in shares of its width and the tree's height."""


def _leafy(c: Canvas, spot: Spot, height: float, tones: tuple[RGB, ...]) -> None:
    x, y, tall = spot.x, spot.y, height * spot.metre
    birch = c.chance(0.15)
    pen, bark, leaf = (
        c.pen("tree", spot.depth),
        rgb("dcd8cf") if birch else c.tint(pal.WOODS[2:6]),
        c.tint(tones, 0.1),
    )
    wide, shape = c.uniform(0.26, 0.4), c.pick(tuple(_CROWNS))
    thick = tall * c.uniform(0.06, 0.11)
    pen.line(
        ((x, y), (x, y - tall * 0.55)), (thick, thick * 0.6), bark, "wood", "trunk", shade="tube", turned=True
    )
    grain, material = max(0.25, tall * 1.1), c.pick(("foliage", "leaves"))
    for dx, dy, size, tone in _CROWNS[shape]:
        box = (
            x + dx * wide * tall * 0.8,
            y - tall * (0.66 - dy),
            wide * tall * size,
            tall * 0.34 * (0.6 + 0.4 * size) * (0.8 if shape == "wide" else 1.0),
        )
        pen.blob(box, dim(leaf, tone), material, "crown", shade="ball", grain=grain)


def _fir(c: Canvas, spot: Spot, height: float, *, snowy: bool) -> None:
    x, y, tall = spot.x, spot.y, height * spot.metre
    pen, leaf = c.pen("tree", spot.depth), c.tint(pal.FIRS, 0.12)
    pen.line(
        ((x, y), (x, y - tall * 0.2)),
        tall * 0.06,
        c.tint(pal.WOODS[2:6]),
        "wood",
        "trunk",
        shade="tube",
        turned=True,
    )
    wide = c.uniform(0.2, 0.28)
    for low, high, share in ((0.12, 0.52, 1.0), (0.34, 0.76, 0.76), (0.58, 1.0, 0.5)):
        half = wide * tall * share
        base = y - low * tall
        hem = [(x + half * (1 - k / 3), base + (0.025 * tall if k % 2 else 0)) for k in range(7)]
        pen.poly([(x, y - high * tall), *hem], leaf, "foliage", "crown", shade="tube", grain=max(0.3, tall))
        if snowy:
            cap = [
                (x + half * 0.62 * (1 - k / 3), base - (high - low) * tall * (0.36 if k % 2 else 0.48))
                for k in range(7)
            ]
            pen.poly([(x, y - high * tall), *cap], rgb("f0f4f8"), "snow", "crown", shade="tube")


def _bare(c: Canvas, spot: Spot, height: float) -> None:
    x, y, tall = spot.x, spot.y, height * spot.metre
    pen, bark = c.pen("tree", spot.depth), c.tint(pal.WOODS[2:6])
    pen.line(
        ((x, y), (x, y - tall * 0.75)),
        (tall * 0.08, tall * 0.025),
        bark,
        "wood",
        "trunk",
        shade="tube",
        turned=True,
    )
    for k in range(7):
        side = 1 if k % 2 else -1
        start = (x, y - tall * (0.3 + 0.06 * k))
        reach = tall * c.uniform(0.2, 0.34) * (1 - k * 0.07)
        end = (x + side * reach, start[1] - reach * c.uniform(0.7, 1.2))
        pen.line((start, end), (tall * 0.035, tall * 0.012), bark, "wood", "trunk")
        twig = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        pen.line(
            (twig, (twig[0] + side * reach * 0.1, twig[1] - reach * 0.6)), tall * 0.012, bark, "wood", "trunk"
        )


def palm_tree(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a palm tree with a bent trunk."""
    x, y, tall = spot.x, spot.y, height * spot.metre
    pen, leaf = c.pen("palm tree", spot.depth), c.tint(pal.GREENS, 0.1)
    c.shadow(x, y, tall * 0.25, tall * 0.04)
    lean = c.uniform(-0.16, 0.16) * tall
    stem = [(x + lean * (k / 5) ** 2, y - tall * 0.82 * k / 5) for k in range(6)]
    for k in range(5):
        width = (tall * (0.07 - 0.007 * k), tall * (0.063 - 0.007 * k))
        pen.line((stem[k], stem[k + 1]), width, rgb("9a7a55"), "wood", "trunk", shade="tube")
    top = stem[-1]
    for k in range(9):
        turn = math.pi * (1.18 - 1.36 * k / 8)
        reach = tall * c.uniform(0.3, 0.4)
        middle = (
            top[0] + reach * 0.55 * math.cos(turn),
            top[1] - reach * 0.55 * math.sin(turn) - reach * 0.16,
        )
        tip = (top[0] + reach * math.cos(turn), top[1] - reach * math.sin(turn) + reach * 0.25)
        half = tall * 0.05
        leafs = [top, (middle[0], middle[1] - half), tip, (middle[0], middle[1] + half)]
        pen.poly(leafs, dim(leaf, c.uniform(0.8, 1.1)), "foliage", "crown", grain=0.4)


def bush(c: Canvas, spot: Spot, height: float, *, flowers: bool = False) -> None:
    """Paint a bush, with flowers if asked for."""
    tall = height * spot.metre
    c.shadow(spot.x, spot.y, tall * 0.9, tall * 0.2)
    pen, leaf = c.pen("bush", spot.depth), c.tint(pal.GREENS, 0.1)
    for dx in (-0.5, 0.5, 0):
        box = (
            spot.x + dx * tall,
            spot.y - tall * (0.42 if dx else 0.5),
            tall * 0.62,
            tall * (0.44 if dx else 0.54),
        )
        pen.blob(
            box, dim(leaf, 0.86 if dx else 1), "foliage", "crown", shade="ball", grain=max(0.25, tall * 1.6)
        )
    if flowers:
        petal, blossom = c.tint(pal.PETALS), c.pen("flower", spot.depth)
        for _ in range(9):
            x, y = spot.x + c.uniform(-0.9, 0.9) * tall, spot.y - c.uniform(0.15, 0.85) * tall
            blossom.ellipse(
                (x, y, max(0.011, tall * 0.09), max(0.011, tall * 0.09)), petal, "foliage", shade="ball"
            )


def flowers(c: Canvas, spot: Spot, width: float, count: int = 10) -> None:
    """Paint a bed of flowers (metres wide)."""
    pen, petal = c.pen("flower", spot.depth), c.tint(pal.PETALS)
    places = sorted(
        ((c.uniform(-0.5, 0.5) * width, c.uniform(-0.25, 0.1) * width) for _ in range(count)),
        key=lambda p: p[1],
    )
    for dx, dy in places:
        x, y, size = spot.x + dx * spot.metre, spot.y + dy * 0.4 * spot.metre, max(0.013, 0.1 * spot.metre)
        pen.line(((x, y), (x, y - size * 2.4)), size * 0.5, c.tint(pal.GREENS), "foliage")
        for turn in range(5):
            a = turn * 1.2566
            pen.ellipse(
                (
                    x + size * 0.6 * math.cos(a),
                    y - size * 2.4 + size * 0.6 * math.sin(a),
                    size * 0.5,
                    size * 0.5,
                ),
                petal,
                "foliage",
            )
        pen.ellipse((x, y - size * 2.4, size * 0.4, size * 0.4), rgb("f3d257"), "foliage")


def cactus(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a saguaro, or a prickly pear of round lobes."""
    it = figure(c, "cactus", spot, height)
    green = c.tint((rgb("5f8a5a"), rgb("4f7a55"), rgb("7a9a6a")))
    if c.chance(0.3):
        for a, b, r in ((0, 0.16, 0.16), (-0.17, 0.36, 0.13), (0.18, 0.38, 0.14), (0.02, 0.46, 0.11)):
            box = (a, b, r * 0.8, r)
            it.ellipse(box, dim(green, c.uniform(0.9, 1.1)), "foliage", "arm", shade="ball", grain=0.3)
        return
    c.shadow(it.x, it.y, it.unit * 0.3, it.unit * 0.06)
    skin: Look = {"shade": "tube", "grain": 0.3, "strength": 0.45}
    left = (-0.22, c.uniform(0.3, 0.5), c.uniform(0.6, 0.85))
    right = (0.22, c.uniform(0.35, 0.55), c.uniform(0.65, 0.9))
    for a, low, high in (left, right):
        it.line(((0, low), (a, low)), 0.105, green, "foliage", "arm", grain=0.3, strength=0.45)
        it.line(((a, low - 0.0525), (a, high)), 0.105, green, "foliage", "arm", **skin)
        it.ellipse((a, high, 0.0525, 0.0525), green, "foliage", "arm", shade="tube")
    it.line(((0, 0), (0, 0.94)), 0.15, green, "foliage", "trunk", **skin)
    it.ellipse((0, 0.94, 0.075, 0.075), green, "foliage", "trunk", shade="tube")


def corn(c: Canvas, spot: Spot, height: float, leaf: RGB) -> None:
    """Paint one stalk of corn with a cob."""
    it = figure(c, "corn", spot, height)
    lean = c.uniform(-0.06, 0.06)
    it.line(((0, 0), (lean, 1)), (0.05, 0.03), dim(leaf, 0.85), "foliage", "trunk", shade="tube")
    leaves = 5 if spot.depth < 9 else 3
    for k in range(leaves):
        t, side = 0.22 + 0.8 / leaves * k, 1 if k % 2 else -1
        reach = c.uniform(0.2, 0.3)
        bend, tip = (
            (lean * t + side * reach * 0.55, t + reach * 0.7),
            (lean * t + side * reach, t + reach * 0.25),
        )
        blade = ((lean * t, t), (bend[0], bend[1] + reach * 0.08), tip, (bend[0], bend[1] - reach * 0.2))
        it.poly(blade, dim(leaf, c.uniform(0.85, 1.2)), "foliage", "crown", grain=0.4)
    it.ellipse((lean * 0.55 + 0.05, 0.55, 0.05, 0.115), rgb("e8bd45"), "foliage", "head", shade="ball")
    it.line(((lean, 1), (lean * 1.5, 1.12)), (0.05, 0.02), rgb("c9a95f"), "foliage", "head")


def reeds(c: Canvas, spot: Spot) -> None:
    """Paint reeds: blades that stand in the water."""
    pen, leaf = c.pen("plant", spot.depth), c.tint(pal.GREENS)
    for _ in range(9):
        x, tall = spot.x + c.uniform(-0.6, 0.6) * spot.metre, c.uniform(0.6, 1.3) * spot.metre
        tip = (x + c.uniform(-0.2, 0.2) * tall, spot.y - tall)
        pen.line(((x, spot.y), tip), (0.08 * spot.metre, 0.02 * spot.metre), leaf, "leaves", "crown")
