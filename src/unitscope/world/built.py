"""Buildings."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Pen, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.palette import RGB, dim, mix, rgb

Box = tuple[float, float, float, float]


def _pane(c: Canvas) -> tuple[RGB, float]:
    """Return the colour and the glow of one window pane seen from outside."""
    if c.light.dark and c.chance(0.6):
        return c.pick((rgb("ffd98a"), rgb("ffe6b0"), rgb("f7c060"))), 0.95
    return mix(c.light.sky[1], rgb("4a5f74"), c.uniform(0.45, 0.8)), 0.0


def panes(c: Canvas, pen: Pen, box: Box, grid: tuple[int, int], share: float = 0.55) -> None:
    """Paint rows of windows on a facade."""
    left, top, right, bottom = box
    columns, rows = grid
    wide, tall = (right - left) / columns, (bottom - top) / rows
    for i in range(columns):
        for j in range(rows):
            x, y = left + (i + 0.5) * wide, top + (j + 0.5) * tall
            color, glow = _pane(c)
            half = (wide * share / 2, tall * share * 0.62)
            pen.rect(
                (x - half[0], y - half[1], x + half[0], y + half[1]), color, "glass", "window", glow=glow
            )


def house(c: Canvas, spot: Spot, width: float = 8.0, height: float = 4.0) -> None:
    """Paint a house with a gable or hipped roof, a door, windows and a chimney."""
    m = spot.metre
    x, y, half, tall = spot.x, spot.y, width * m / 2, height * m
    pen, wall, roof = c.pen("house", spot.depth), c.tint(pal.FACADES), c.tint(pal.ROOFS)
    material = c.pick(("plaster", "brick", "wood", "plaster"))
    c.shadow(x, y, half * 1.25, tall * 0.14)
    rise, eaves = tall * c.uniform(0.55, 0.9), y - tall
    chimney = x + half * c.pick((-0.5, 0.5))
    stack = (chimney - half * 0.09, eaves - rise * 0.95, chimney + half * 0.09, eaves)
    pen.rect(stack, rgb("8f5f4f"), "brick", "chimney", grain=0.4)
    pen.rect((x - half, eaves, x + half, y), wall, material, "facade", grain=max(0.4, half * 2))
    if c.chance(0.5):
        ridge = [(x, eaves - rise)]
    else:
        ridge = [(x - half * 0.7, eaves - rise * 0.8), (x + half * 0.7, eaves - rise * 0.8)]
    edge = [(x - half * 1.12, eaves), *ridge, (x + half * 1.12, eaves)]
    pen.poly(edge, roof, "tile", "roof", grain=0.5, shade="fall")
    door = x + half * c.uniform(-0.15, 0.15)
    leaf = (door - half * 0.13, y - tall * 0.58, door + half * 0.13, y)
    pen.rect(leaf, c.tint(pal.BRIGHTS), "wood", "door", turned=True, grain=0.4)
    for left in (x - half * 0.85, x + half * 0.35):
        panes(c, pen, (left, y - tall * 0.8, left + half * 0.5, y - tall * 0.3), (1, 1), 0.85)


def building(c: Canvas, spot: Spot, width: float, height: float) -> None:
    """Paint a block with rows of windows, seen from the front."""
    m = spot.metre
    x, y, half, tall = spot.x, spot.y, width * m / 2, height * m
    pen, wall = c.pen("building", spot.depth), c.tint(pal.FACADES, 0.08)
    material = c.pick(("plaster", "brick", "stone", "plaster"))
    pen.rect(
        (x - half, y - tall, x + half, y), wall, material, "facade", grain=max(0.5, half * 2), strength=0.6
    )
    pen.rect(
        (x - half * 1.04, y - tall * 1.03, x + half * 1.04, y - tall * 0.985),
        dim(wall, 0.7),
        "stone",
        "roof",
        strength=0.3,
    )
    columns = max(2, min(6, round(half * 2 / 0.055)))
    rows = max(2, min(9, round(tall / 0.07)))
    panes(c, pen, (x - half * 0.92, y - tall * 0.95, x + half * 0.92, y - tall * 0.12), (columns, rows))


def facade(c: Canvas, side: int, place: tuple[float, float, float], height: float) -> None:
    """Paint the wall of a building along a street: side -1 left or +1 right, place = (x, z0, z1) in metres."""
    x, z0, z1 = place
    pen, wall = c.pen("building", z0), c.tint(pal.FACADES, 0.08)
    wall = dim(wall, 1.0 if side != c.light.side else 0.78)
    material = c.pick(("plaster", "brick", "brick", "stone"))
    see = c.project
    corners = [
        see(side * x, 0, z0),
        see(side * x, height, z0),
        see(side * x, height, z1),
        see(side * x, 0, z1),
    ]
    pen.poly(corners, wall, material, "facade", shade="flat", strength=0.6, grain=0.5)
    floors, bays = max(2, round(height / 3.6)), max(1, round((z1 - z0) / 3.2))
    for bay in range(bays):
        a = z0 + (bay + 0.25) * (z1 - z0) / bays
        b = z0 + (bay + 0.75) * (z1 - z0) / bays
        for floor in range(floors):
            low = 1.0 + floor * height / floors
            high = low + height / floors * 0.5
            quad = [
                see(side * x, low, a),
                see(side * x, high, a),
                see(side * x, high, b),
                see(side * x, low, b),
            ]
            if floor == 0 and c.chance(0.35):
                quad[0], quad[3] = see(side * x, 0, a), see(side * x, 0, b)
                pen.poly(quad, c.tint(pal.BRIGHTS), "wood", "door", turned=True, grain=0.4)
                continue
            color, glow = _pane(c)
            pen.poly(quad, color, "glass", "window", glow=glow)


def church(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a church: nave, tower with a steeple and cross, arched windows, door."""
    it = figure(c, "church", spot, height)
    wall, roof = c.tint((*pal.FACADES, pal.WHITE, pal.WHITE)), c.tint(pal.ROOFS)
    material = c.pick(("stone", "plaster", "brick"))
    side, grain = c.pick((-1, 1)), max(0.5, it.unit)
    c.shadow(it.x + side * it.unit * 0.3, it.y, it.unit * 0.6, it.unit * 0.08)
    far, near = sorted((side * 0.1, side * 0.72))
    it.rect((far, 0.0, near, 0.34), wall, material, "facade", grain=grain, strength=0.7)
    ridge = ((far, 0.34), (far + 0.03, 0.56), (near - 0.1, 0.56), (near + 0.03, 0.34))
    it.poly(ridge, roof, "tile", "roof", grain=0.6, shade="fall")
    for k in range(3):
        _arch(c, it, (side * (0.26 + 0.16 * k), 0.08, 0.075, 0.2))
    it.rect((-0.14, 0.0, 0.14, 0.62), dim(wall, 1.06), material, "facade", grain=grain, strength=0.7)
    steeple = ((-0.161, 0.62), (0.0, 0.93), (0.161, 0.62))
    it.poly(steeple, roof, "tile", "steeple", grain=0.6, shade="tube")
    gold = c.pick((rgb("d9b45f"), pal.WHITE, pal.CHARCOAL))
    it.line(((0, 0.92), (0, 1.03)), 0.018, gold, "metal", "cross")
    it.line(((-0.03, 0.99), (0.03, 0.99)), 0.018, gold, "metal", "cross")
    _arch(c, it, (0.0, 0.42, 0.1, 0.13))
    _arch(c, it, (0.0, 0.0, 0.13, 0.22), door=True)


def _arch(c: Canvas, it: Figure, place: Box, *, door: bool = False) -> None:
    """Paint an arched window or door: place = (x, y of its foot, width, height)."""
    x, foot, wide, tall = place
    half, spring = wide / 2, foot + tall - wide / 2
    turns = [k * math.pi / 6 for k in range(7)]
    outline = [
        (x + half, foot),
        *((x + half * math.cos(t), spring + half * math.sin(t)) for t in turns),
        (x - half, foot),
    ]
    if door:
        it.poly(outline, c.tint(pal.WOODS), "wood", "door", turned=True, grain=0.4)
        return
    color, glow = _pane(c)
    it.poly(outline, mix(color, c.tint(pal.BRIGHTS), 0.25), "glass", "window", glow=glow)


def lighthouse(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a lighthouse with bands, a gallery and a lamp."""
    it = figure(c, "lighthouse", spot, height)
    first = c.tint((pal.WHITE, pal.CREAM))
    second = c.tint((*pal.BRIGHTS[:2], pal.BRIGHTS[0], pal.CHARCOAL, pal.WHITE))
    for k in range(5):
        low, high, a, b = 0.16 * k, 0.16 * (k + 1), 0.11 - 0.008 * k, 0.102 - 0.008 * k
        band = ((-a, low), (-b, high), (b, high), (a, low))
        it.poly(band, second if k % 2 else first, "plaster", "facade", shade="tube")
    it.rect((-0.105, 0.79, 0.105, 0.83), pal.CHARCOAL, "metal", "top")
    lit = c.light.kind in ("night", "dusk")
    lamp = rgb("ffe9a0") if lit else mix(c.light.sky[1], rgb("5f7f8f"), 0.4)
    it.rect((-0.056, 0.83, 0.056, 0.92), lamp, "glass", "lantern", glow=float(lit), shade="tube")
    it.poly(((-0.077, 0.92), (0, 1), (0.077, 0.92)), second, "metal", "roof", shade="tube")
    it.rect((-0.0242, 0, 0.0242, 0.12), c.tint(pal.WOODS), "wood", "door")
    for level in (0.3, 0.58):
        it.rect((-0.014, level, 0.014, level + 0.05), rgb("3f4f5f"), "glass", "window")
    if lit:
        c.shine(*it.at(0, 0.875), it.unit * 0.3, rgb("ffe9a0"), 0.5)


def windmill(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a windmill with four blades."""
    it = figure(c, "windmill", spot, height)
    walls = ((-0.16, 0), (-0.09, 0.66), (0.09, 0.66), (0.16, 0))
    it.poly(walls, c.tint(pal.FACADES), "brick", "facade", shade="tube")
    it.poly(((-0.11, 0.66), (0, 0.8), (0.11, 0.66)), c.tint(pal.ROOFS), "tile", "roof")
    turn = c.uniform(0, 1.57)
    for k in range(4):
        a = turn + k * math.pi / 2
        tip = (0.38 * math.cos(a), 0.66 - 0.38 * math.sin(a))
        it.line(((0, 0.66), tip), (0.02, 0.075), rgb("efe6d3"), "wood", "blade")


def tower(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a control tower."""
    it, wall = figure(c, "tower", spot, height), c.tint(pal.FACADES)
    it.rect((-0.08, 0, 0.08, 0.74), wall, "plaster", "facade", shade="tube")
    color, glow = _pane(c)
    cab = ((-0.13, 0.74), (-0.19, 0.92), (0.19, 0.92), (0.13, 0.74))
    it.poly(cab, color, "glass", "window", glow=glow)
    it.rect((-0.2, 0.92, 0.2, 0.97), dim(wall, 0.7), "metal", "roof")
    it.line(((0, 0.97), (0, 1.12)), 0.02, pal.CHARCOAL, "metal", "mast")
