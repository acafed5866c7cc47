"""Things that are seen from far: towers, turbines, cranes, bridges; and monuments."""

from __future__ import annotations

import math
from itertools import pairwise

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.palette import RGB, dim, mix, rgb


def water_tower(c: Canvas, spot: Spot, height: float = 18.0) -> None:
    """Paint a water tower: a tank on legs or a mushroom of concrete."""
    it = figure(c, "water tower", spot, height)
    if c.chance(0.5):
        paint, iron = (
            c.tint((pal.WHITE, pal.STEEL, *pal.BRIGHTS, *pal.WOODS)),
            c.tint((pal.STEEL, *pal.WOODS)),
        )
        for a, b in ((-0.24, -0.17), (-0.07, -0.05), (0.07, 0.05), (0.24, 0.17)):
            it.line(((a, 0), (b, 0.62)), 0.03, iron, "metal", "leg")
        it.line(((-0.2, 0.3), (0.2, 0.3)), 0.018, iron, "metal", "leg")
        it.rect((-0.22, 0.6, 0.22, 0.86), paint, "metal", "body", shade="tube")
        it.poly(((-0.24, 0.86), (0, 1.0), (0.24, 0.86)), dim(paint, 0.8), "metal", "roof", shade="tube")
    else:
        wall = c.tint((*pal.CONCRETES, *pal.FACADES))
        it.poly(((-0.09, 0), (-0.06, 0.64), (0.06, 0.64), (0.09, 0)), wall, "concrete", "base", shade="tube")
        bowl = ((-0.06, 0.6), (-0.24, 0.8), (-0.22, 0.92), (0.22, 0.92), (0.24, 0.8), (0.06, 0.6))
        it.poly(bowl, wall, "concrete", "body", shade="tube")
        it.ellipse((0, 0.92, 0.22, 0.06), dim(wall, 0.8), "concrete", "roof")


def wind_turbine(c: Canvas, spot: Spot, height: float = 26.0) -> None:
    """Paint a wind turbine with three blades."""
    it, paint, turn = (
        figure(c, "wind turbine", spot, height),
        c.tint((pal.WHITE, rgb("d9dee3"))),
        c.uniform(0, 2.1),
    )
    it.line(((0, 0), (0, 0.7)), (0.035, 0.018), paint, "metal", "pole", shade="tube")
    for k in range(3):
        a = turn + k * 2 * math.pi / 3
        tip = (0.32 * math.cos(a), 0.7 + 0.32 * math.sin(a))
        it.line(((0, 0.7), tip), (0.035, 0.008), paint, "metal", "blade")
    it.ellipse((0, 0.7, 0.025, 0.025), dim(paint, 0.85), "metal", "body")


def power_line(c: Canvas, spot: Spot, height: float = 14.0) -> None:
    """Paint a pylon or a wooden mast with its wires."""
    it, steel = figure(c, "power line", spot, height), c.chance(0.5)
    color = c.tint((pal.STEEL, pal.CHARCOAL) if steel else pal.WOODS)
    if steel:
        for side in (-1, 1):
            it.line(((side * 0.14, 0), (side * 0.02, 0.95)), 0.02, color, "metal", "pole")
        for level in (0.2, 0.4, 0.6):
            half = 0.14 - 0.12 * level / 0.95
            it.line(((-half, level), (half, level + 0.1)), 0.012, color, "metal", "pole")
    else:
        it.post(0, (0, 1), 0.04, color, "wood")
    for level in (0.74, 0.9):
        it.line(((-0.2, level), (0.2, level)), 0.024, color, "metal" if steel else "wood", "arm")
        for side in (-1, 1):
            it.line(
                ((side * 0.19, level - 0.02), (side * 1.6, level - 0.1)), 0.008, pal.CHARCOAL, "metal", "rope"
            )


def crane(c: Canvas, spot: Spot, height: float = 20.0) -> None:
    """Paint a tower crane."""
    it, paint = figure(c, "crane", spot, height, c.pick((-1, 1))), c.tint((rgb("f0b92f"), *pal.BRIGHTS))
    for a in (-0.025, 0.025):
        it.post(a, (0, 0.84), 0.016, paint, "metal")
    for k in range(9):
        low = 0.08 * k
        it.line(((-0.025, low), (0.025, low + 0.08)), 0.01, paint, "metal", "pole")
    for level in (0.8, 0.84):
        it.line(((-0.26, level), (0.62, level)), 0.014, paint, "metal", "boom")
    for k in range(8):
        a = -0.2 + 0.1 * k
        it.line(((a, 0.8), (a + 0.05, 0.84)), 0.01, paint, "metal", "boom")
    it.rect((-0.27, 0.72, -0.18, 0.81), c.tint(pal.CONCRETES), "concrete", "body")
    for end in (0.5, -0.22):
        it.line(((0, 0.98), (end, 0.84)), 0.008, pal.CHARCOAL, "metal", "rope")
    it.line(((0, 0.84), (0, 0.98)), 0.02, paint, "metal", "pole")
    it.rect((0.02, 0.74, 0.08, 0.82), mix(c.light.sky[1], rgb("4a5f74"), 0.6), "glass", "cabin")
    hook, drop = c.uniform(0.3, 0.56), c.uniform(0.3, 0.6)
    it.line(((hook, 0.8), (hook, drop)), 0.008, pal.CHARCOAL, "metal", "rope")
    it.rect(
        (hook - 0.06, drop - 0.05, hook + 0.06, drop),
        c.tint((*pal.CONCRETES, *pal.WOODS)),
        "concrete",
        "body",
    )


def silo(c: Canvas, spot: Spot, height: float = 10.0) -> None:
    """Paint one or two silos with domed tops."""
    it, paint = figure(c, "silo", spot, height), c.tint((pal.STEEL, *pal.CONCRETES, *pal.FACADES))
    material = c.pick(("metal", "concrete", "brick"))
    for a in (0.0, 0.3)[: 1 + c.chance(0.4)]:
        it.rect((a - 0.14, 0, a + 0.14, 0.86), paint, material, "body", shade="tube")
        it.ellipse((a, 0.86, 0.14, 0.13), c.tint((pal.STEEL, *pal.ROOFS)), "metal", "dome", shade="tube")
        for level in (0.25, 0.5, 0.75):
            it.rect(
                (a - 0.14, level, a + 0.14, level + 0.012), dim(paint, 0.7), material, "body", shade="tube"
            )


def bridge(c: Canvas, spot: Spot, length: float, kind: str = "") -> None:
    """Paint a bridge across the picture: arches of stone, a suspension bridge, or a truss of steel.

    Args:
        c: the canvas.
        spot: the middle of its foot.
        length: in metres.
        kind: arches, suspension, truss, or drawn.
    """
    kind = kind or c.pick(("arches", "suspension", "truss"))
    it = figure(c, "bridge", spot, length)
    _BRIDGES[kind](c, it)


def _arches(c: Canvas, it: Figure) -> None:
    wall, material = (
        c.tint((*pal.STONES, *pal.FACADES, *pal.CONCRETES)),
        c.pick(("stone", "brick", "concrete")),
    )
    count, rise = c.pick((2, 3, 4, 5)), c.uniform(0.12, 0.2)
    step = 1.0 / count
    for k in range(count):
        a, half = -0.5 + (k + 0.5) * step, step * 0.42
        turns = [math.pi * j / 10 for j in range(11)]
        arch = [(a + half * math.cos(t), rise * 0.72 * math.sin(t)) for t in turns]
        left = [(a - step / 2, 0.0), (a - step / 2, rise), (a + step / 2, rise), (a + step / 2, 0.0)]
        it.poly([*left, *arch], wall, material, "arch", strength=0.7)
    it.rect((-0.52, rise, 0.52, rise + 0.03), dim(wall, 0.88), material, "deck")
    it.rect((-0.52, rise + 0.03, 0.52, rise + 0.05), dim(wall, 1.08), material, "railing")


def _suspension(c: Canvas, it: Figure) -> None:
    paint, deck, tall = (
        c.tint((rgb("b5482f"), pal.STEEL, *pal.CONCRETES, *pal.BRIGHTS)),
        c.uniform(0.06, 0.12),
        c.uniform(0.26, 0.36),
    )
    for a in (-0.27, 0.27):
        it.rect((a - 0.016, 0, a + 0.016, tall), paint, "metal", "column", shade="tube")
    curve = [
        (x, deck + 0.02 + (tall - deck - 0.02) * (x / 0.27) ** 2)
        for x in (-0.27 + 0.054 * k for k in range(11))
    ]
    for start, stop in pairwise(curve):
        it.line((start, stop), 0.008, paint, "metal", "rope")
        it.line((stop, (stop[0], deck)), 0.004, paint, "metal", "rope")
    for side in (-1, 1):
        it.line(((side * 0.27, tall), (side * 0.5, deck + 0.02)), 0.008, paint, "metal", "rope")
    it.rect((-0.55, deck - 0.012, 0.55, deck + 0.016), dim(paint, 0.8), "metal", "deck")


def _truss(c: Canvas, it: Figure) -> None:
    paint, deck = c.tint((pal.STEEL, pal.CHARCOAL, rgb("5f7f6a"), *pal.BRIGHTS)), c.uniform(0.07, 0.12)
    for a in (-0.42, -0.1, 0.22, 0.5):
        it.rect((a - 0.025, 0, a + 0.025, deck), c.tint(pal.CONCRETES), "concrete", "column")
    count = 8
    for k in range(count):
        a, b = -0.5 + k / count, -0.5 + (k + 1) / count
        start, stop = ((a, deck), (b, deck + 0.1)) if k % 2 else ((a, deck + 0.1), (b, deck))
        it.line((start, stop), 0.01, paint, "metal", "arch")
        it.line(((a, deck), (a, deck + 0.1)), 0.008, paint, "metal", "arch")
    it.rect((-0.52, deck + 0.095, 0.52, deck + 0.11), paint, "metal", "arch")
    it.rect((-0.55, deck - 0.015, 0.55, deck + 0.014), dim(paint, 0.8), "metal", "deck")


_BRIDGES = {"arches": _arches, "suspension": _suspension, "truss": _truss}


def statue(c: Canvas, spot: Spot, height: float = 4.0) -> None:
    """Paint a statue on a base: somebody standing, or a bust."""
    it = figure(c, "statue", spot, height)
    stone = c.tint((pal.WHITE, *pal.STONES, rgb("6f8f7f"), rgb("8a6a3f")))
    material = c.pick(("marble", "stone", "metal"))
    c.shadow(it.x, it.y, it.unit * 0.3, it.unit * 0.06)
    it.rect((-0.22, 0, 0.22, 0.08), dim(stone, 0.85), "stone", "base")
    it.rect((-0.16, 0.08, 0.16, 0.42), mix(stone, pal.STONES[1], 0.5), "stone", "base")
    if c.chance(0.6):
        it.poly(
            ((-0.07, 0.42), (-0.11, 0.8), (0.11, 0.8), (0.07, 0.42)), stone, material, "torso", shade="tube"
        )
        side = c.pick((-1, 1))
        it.line(((side * 0.09, 0.77), (side * 0.24, c.uniform(0.7, 0.98))), 0.05, stone, material, "arm")
        it.line(((-side * 0.09, 0.77), (-side * 0.13, 0.55)), 0.05, stone, material, "arm")
        it.ellipse((0, 0.88, 0.055, 0.075), stone, material, "head", shade="ball")
    else:
        it.poly(((-0.15, 0.42), (-0.13, 0.58), (0.13, 0.58), (0.15, 0.42)), stone, material, "torso")
        it.ellipse((0, 0.68, 0.1, 0.13), stone, material, "head", shade="ball")


def fountain(c: Canvas, spot: Spot, width: float = 4.0) -> None:
    """Paint a fountain with one or two bowls and a jet."""
    it, stone = figure(c, "fountain", spot, width), c.tint((*pal.STONES, pal.WHITE, *pal.CONCRETES))
    material, water = c.pick(("marble", "stone", "concrete")), mix(c.tint(pal.WATERS), c.light.sky[1], 0.4)
    c.shadow(it.x, it.y, it.unit * 0.55, it.unit * 0.1)
    it.rect((-0.5, 0, 0.5, 0.16), stone, material, "base", shade="tube")
    it.ellipse((0, 0.16, 0.5, 0.08), mix(stone, pal.WHITE, 0.3), material, "basin")
    it.ellipse((0, 0.16, 0.44, 0.06), water, "water")
    it.post(0, (0.14, 0.5), 0.1, stone, material, part="column")
    spray = mix(water, pal.WHITE, 0.7)
    for side in (-1, 1):
        it.line(((0, 0.66), (side * 0.14, 0.6)), 0.03, spray, "water")
        it.line(((side * 0.14, 0.6), (side * 0.22, 0.18)), (0.03, 0.06), spray, "water")
    it.poly(((-0.22, 0.5), (0.22, 0.5), (0.07, 0.4), (-0.07, 0.4)), stone, material, "basin")
    it.line(((0, 0.5), (0, 0.76)), (0.06, 0.02), spray, "water")


def gravestone(c: Canvas, spot: Spot, height: float = 1.1) -> None:
    """Paint a gravestone: a slab, a round top, a cross or an obelisk."""
    it, stone = (
        figure(c, "gravestone", spot, height),
        c.tint((*pal.STONES, pal.WHITE, pal.CHARCOAL, *pal.CONCRETES)),
    )
    material, design = c.pick(("stone", "marble", "concrete")), c.pick(("slab", "round", "cross", "obelisk"))
    c.shadow(it.x, it.y, it.unit * 0.4, it.unit * 0.1)
    it.rect((-0.38, 0, 0.38, 0.12), dim(stone, 0.8), material, "base")
    if design == "cross":
        it.rect((-0.1, 0.1, 0.1, 1.1), stone, material, "cross", shade="tube")
        it.rect((-0.34, 0.66, 0.34, 0.86), stone, material, "cross")
        return
    if design == "obelisk":
        shape = ((-0.2, 0.1), (-0.12, 1.2), (0, 1.35), (0.12, 1.2), (0.2, 0.1))
        it.poly(shape, stone, material, "body", shade="tube")
        return
    it.rect((-0.32, 0.1, 0.32, 0.8), stone, material, "body")
    if design == "round":
        it.ellipse((0, 0.8, 0.32, 0.26), stone, material, "body")
    for level in (0.62, 0.48):
        it.rect((-0.2, level, 0.2, level + 0.05), dim(stone, 0.6), material, "body")


def gazebo(c: Canvas, spot: Spot, width: float = 4.5) -> None:
    """Paint a gazebo with columns, a railing and a pointed or domed roof."""
    it, paint = figure(c, "gazebo", spot, width), c.tint((pal.WHITE, pal.CREAM, *pal.WOODS))
    roof, material = c.tint(pal.ROOFS), c.pick(("wood", "marble"))
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.08)
    it.rect((-0.52, 0, 0.52, 0.08), dim(paint, 0.8), material, "step")
    for a in (-0.44, -0.18, 0.18, 0.44):
        it.post(a, (0.06, 0.62), 0.045, paint, material, part="column")
    for low, high in ((-0.44, -0.18), (0.18, 0.44)):
        it.rect((low, 0.22, high, 0.27), paint, material, "railing")
        it.rect((low, 0.1, high, 0.13), paint, material, "railing")
    if c.chance(0.4):
        turns = [math.pi * k / 12 for k in range(13)]
        it.poly(
            [(0.52 * math.cos(t), 0.6 + 0.34 * math.sin(t)) for t in turns],
            roof,
            "metal",
            "dome",
            shade="tube",
        )
        it.rect((-0.5, 0.56, 0.5, 0.64), paint, material, "top")
    else:
        it.poly(
            ((-0.58, 0.6), (0, 0.98), (0.58, 0.6)),
            roof,
            c.pick(("tile", "thatch", "wood")),
            "roof",
            shade="tube",
        )


def ice_house(c: Canvas, spot: Spot, width: float = 3.6) -> None:
    """Paint an igloo of snow blocks with its entrance."""
    it, snow, side = figure(c, "igloo", spot, width), c.tint((*pal.SNOWS, *pal.ICES)), c.pick((-1, 1))
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.07)
    turns = [math.pi * k / 12 for k in range(13)]
    it.poly(
        [(0.5 * math.cos(t), 0.46 * math.sin(t)) for t in turns],
        snow,
        "ice",
        "dome",
        shade="ball",
        strength=2.0,
    )
    for level in (0.12, 0.23, 0.33):
        half = 0.5 * math.sqrt(1 - (level / 0.46) ** 2)
        it.line(((-half, level), (half, level)), 0.014, dim(snow, 0.8), "ice", "dome")
        for k in range(5):
            a = half * (-0.8 + 0.36 * k + (0.18 if level == 0.23 else 0))
            it.line(((a, level), (a * 0.92, level + 0.1)), 0.012, dim(snow, 0.82), "ice", "dome")
    x = side * c.uniform(0.1, 0.4)
    for size, color in ((1.0, mix(snow, pal.WHITE, 0.3)), (0.68, _dark_inside(c))):
        arch = [(x + 0.17 * size * math.cos(t), 0.27 * size * math.sin(t)) for t in turns]
        it.poly(
            arch,
            color,
            "ice",
            "arch" if size == 1.0 else "door",
            glow=0.8 if size < 1 and c.light.dark else 0.0,
        )


def _dark_inside(c: Canvas) -> RGB:
    return rgb("f7c878") if c.light.dark else rgb("3f5468")


def scaffold(c: Canvas, spot: Spot, width: float = 6.0, floors: int = 3) -> None:
    """Paint a scaffold with planks and a net."""
    it, iron = figure(c, "scaffold", spot, width), c.tint((pal.STEEL, *pal.BRIGHTS[:4]))
    tall, wood = 0.36 * floors, c.tint(pal.WOODS)
    for k in range(5):
        it.post(-0.48 + 0.24 * k, (0, tall), 0.022, iron, "metal")
    for floor in range(floors):
        level = 0.36 * (floor + 1)
        it.rect((-0.5, level - 0.02, 0.5, level + 0.015), wood, "wood", "deck", grain=0.4)
        it.line(((-0.48, level - 0.34), (-0.24, level)), 0.014, iron, "metal", "pole")
        it.rect((-0.5, level + 0.12, 0.5, level + 0.14), iron, "metal", "railing")
    if c.chance(0.4):
        it.rect((0.0, 0.36, 0.24, 0.72), c.tint(pal.BRIGHTS), "fabric", "net", grain=0.3)
