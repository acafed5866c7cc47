"""Rooms: walls, windows and the furniture inside, mostly boxes in space (metres)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Pen, Point, Spot
from unitscope.world.figure import figure
from unitscope.world.palette import RGB, dim, mix, rgb

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Room:
    """An empty room: x of its walls, its height and the distance of its back wall, in metres."""

    left: float
    right: float
    height: float
    back: float


def room(c: Canvas, *, tiled: bool = False) -> Room:
    """Place the camera in a room and paint its floor, walls and ceiling."""
    center, horizon = c.uniform(0.36, 0.64), c.uniform(0.36, 0.5)
    c.camera(center=center, horizon=horizon, eye=c.uniform(1.35, 1.7), focus=c.uniform(0.82, 1.0))
    width, back = c.uniform(3.4, 4.8), c.uniform(3.6, 4.6)
    left = -width * c.center * c.uniform(0.9, 1.1)
    space = Room(left, left + width, c.uniform(2.5, 2.9), back)
    wall = c.tint(pal.WALLS, 0.06)
    plain = ("plaster", "plaster", "plaster", "brick", "wood")
    material = "tile" if tiled and c.chance(0.6) else c.pick(plain)
    _floor(c, space, c.pick(("tile", "wood", "stone") if tiled else ("wood", "wood", "fabric", "tile")))
    roof = mix(wall, (0.97, 0.96, 0.94), c.uniform(0.5, 0.9))
    c.pen("ceiling").poly(_level(c, space, space.height), roof, "plaster", shade="fall", strength=0.5)
    _walls(c, space, wall, material)
    return space


NEAR = 0.7
"""Distance (metres) at which floor, ceiling and side walls begin, behind the edges of the picture."""


def _level(c: Canvas, space: Room, y: float) -> list[Point]:
    """Return the corners of the floor (y = 0) or the ceiling in the picture."""
    corners = ((space.left, NEAR), (space.left, space.back), (space.right, space.back), (space.right, NEAR))
    return [c.project(x, y, z) for x, z in corners]


def _floor(c: Canvas, space: Room, material: str) -> None:
    tones = {"wood": pal.WOODS, "tile": pal.WALLS, "stone": pal.STONES, "fabric": pal.FABRICS}[material]
    color, turned = c.tint(tones), material == "wood"
    c.pen("floor").poly(_level(c, space, 0.0), color, material, ground=True, shade="sink", turned=turned)


def _walls(c: Canvas, space: Room, color: RGB, material: str) -> None:
    """Paint the side walls, one of them in shade, the back wall and its skirting board."""
    pen, high, strength = c.pen("wall"), space.height, 0.55 if material != "plaster" else 1.0
    for x, shaded in ((space.left, c.light.side < 0), (space.right, c.light.side > 0)):
        corners = ((0.0, NEAR), (high, NEAR), (high, space.back), (0.0, space.back))
        face = [c.project(x, y, z) for y, z in corners]
        pen.poly(face, dim(color, 0.86 if shaded else 1.03), material, shade="flat", strength=strength)
    box = wall_box(c, space, (space.left, space.right, 0, high))
    pen.rect(box, color, material, shade="fall", strength=strength)
    trim = wall_box(c, space, (space.left, space.right, 0, 0.1))
    pen.rect(trim, mix(color, pal.WHITE, 0.6), "wood", strength=0.3)


def wall_box(c: Canvas, space: Room, place: Box) -> Box:
    """Return the picture box of (x0, x1, y0, y1) metres on the back wall."""
    left, top = c.project(place[0], place[3], space.back)
    right, bottom = c.project(place[1], place[2], space.back)
    return left, top, right, bottom


def window(c: Canvas, box: Box, *, curtains: bool = True) -> None:
    """Paint a window with a view, its frame, and curtains."""
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    pen, frame = c.pen("window"), c.tint((pal.WHITE, pal.WHITE, *pal.WOODS))
    pen.rect((left - 0.012, top - 0.012, right + 0.012, bottom + 0.012), frame, "wood", "frame", strength=0.3)
    high, low = c.light.sky
    pen.rect(box, high, "glass", "pane", end=low, glow=1.0, shade="flat")
    view = dim(c.tint((*pal.GREENS, *pal.FACADES)), 0.3 if c.light.kind == "lamplight" else 0.9)
    hilltop = (left + wide * 0.4, bottom - tall * c.uniform(0.2, 0.4))
    hill = [(left, bottom), (left, bottom - tall * 0.25), hilltop, (right, bottom - tall * 0.22)]
    pen.poly([*hill, (right, bottom)], view, "glass", "pane", glow=0.8)
    for t in (0.5,) if wide < 0.3 else (0.33, 0.67):
        pen.rect((left + wide * t - 0.006, top, left + wide * t + 0.006, bottom), frame, "wood", "frame")
    pen.rect((left, top + tall * 0.45, right, top + tall * 0.45 + 0.012), frame, "wood", "frame")
    if curtains:
        _curtains(c, box)


def _curtains(c: Canvas, box: Box) -> None:
    """Paint two curtains in folds before a window."""
    left, top, right, bottom = box
    wide, tall = right - left, bottom - top
    cloth, pen = c.tint(pal.FABRICS), c.pen("curtain")
    drop = bottom + tall * c.uniform(0.06, 0.3)
    for a, b in ((left - wide * 0.2, left + wide * 0.16), (right - wide * 0.16, right + wide * 0.2)):
        for k in range(4):
            fold = (a + (b - a) * k / 4, top - 0.025, a + (b - a) * (k + 1) / 4, drop)
            tone = dim(cloth, 1.05 if k % 2 else 0.88)
            pen.rect(fold, tone, "fabric", "cloth", shade="tube", grain=0.5)


def door(c: Canvas, box: Box) -> None:
    """Paint a door with two panels."""
    left, top, right, bottom = box
    pen, wood = c.pen("door"), c.tint((*pal.WOODS, pal.WHITE, *pal.WALLS))
    pen.rect(
        (left - 0.014, top - 0.014, right + 0.014, bottom),
        mix(wood, pal.WHITE, 0.5),
        "wood",
        "frame",
        turned=True,
    )
    pen.rect(box, wood, "wood", "body", turned=True, strength=0.7)
    wide, tall = right - left, bottom - top
    for a, b in ((0.08, 0.45), (0.53, 0.92)):
        pen.rect(
            (left + wide * 0.18, top + tall * a, right - wide * 0.18, top + tall * b),
            dim(wood, 0.86),
            "wood",
            "body",
            turned=True,
            strength=0.7,
        )
    pen.ellipse((left + wide * 0.88, top + tall * 0.52, 0.009, 0.009), rgb("d9b45f"), "metal")


def picture(c: Canvas, box: Box, *, mirror: bool = False) -> None:
    """Paint a painting, or a mirror, in its frame."""
    left, top, right, bottom = box
    pen, frame = (
        c.pen("mirror" if mirror else "painting"),
        c.tint((*pal.WOODS, pal.BLACK, pal.WHITE, rgb("c9a35f"))),
    )
    pen.rect((left - 0.014, top - 0.014, right + 0.014, bottom + 0.014), frame, "wood", "frame")
    if mirror:
        pen.rect(box, rgb("c4d3da"), "glass", "pane", end=rgb("93a7b3"), strength=2.0)
        return
    first, second, third = c.tint(pal.FABRICS), c.tint(pal.FABRICS), c.tint(pal.PETALS)
    level = top + (bottom - top) * c.uniform(0.45, 0.7)
    pen.rect(box, mix(first, pal.WHITE, 0.4), "paper")
    pen.poly(
        [
            (left, bottom),
            (left, level),
            ((left + right) / 2, level - (bottom - top) * 0.2),
            (right, level),
            (right, bottom),
        ],
        second,
        "paper",
    )
    pen.ellipse(
        ((left * 2 + right) / 3, top + (bottom - top) * 0.3, (right - left) * 0.12, (right - left) * 0.12),
        third,
        "paper",
    )


def clock(c: Canvas, x: float, y: float, radius: float) -> None:
    """Paint a wall clock."""
    pen = c.pen("clock")
    pen.ellipse((x, y, radius, radius), c.tint((*pal.BRIGHTS, pal.CHARCOAL, *pal.WOODS)), "plastic", "frame")
    pen.ellipse((x, y, radius * 0.8, radius * 0.8), pal.WHITE, "paper", "body")
    for length, turn in ((0.45, c.uniform(0, 6.28)), (0.65, c.uniform(0, 6.28))):
        end = (x + radius * length * math.cos(turn), y + radius * length * math.sin(turn))
        pen.line(((x, y), end), radius * 0.14, pal.CHARCOAL, "metal")


def lamp(c: Canvas, x: float, y: float, height: float, *, floor: bool = False) -> None:
    """Paint a lamp with a shade, standing at picture point (x, y), `height` of the picture tall."""
    pen, cloth = c.pen("lamp"), c.tint((pal.CREAM, pal.WHITE, *pal.FABRICS))
    stem = c.tint((*pal.WOODS, pal.CHARCOAL, rgb("c9a35f"), pal.WHITE))
    wide, part = height * (0.17 if floor else 0.34), 0.26 if floor else 0.5
    on = c.light.kind == "lamplight" or c.chance(0.15)
    pen.ellipse((x, y, wide * 0.55, height * (0.02 if floor else 0.06)), stem, "metal", "pole")
    pen.line(
        ((x, y), (x, y - height * 0.8)),
        max(0.009, height * (0.025 if floor else 0.12)),
        stem,
        "metal",
        "pole",
        shade="tube",
    )
    low = y - height * (1 - part)
    tone = mix(cloth, rgb("ffe3a8"), 0.6) if on else cloth
    pen.poly(
        [(x - wide * 0.55, y - height), (x + wide * 0.55, y - height), (x + wide, low), (x - wide, low)],
        tone,
        "fabric",
        "shade",
        shade="tube",
        glow=float(on),
        grain=0.4,
    )
    if on:
        c.shine(x, low, max(0.2, height * 0.8), rgb("ffd9a0"), 0.3)


def pendant(c: Canvas, x: float, y: float, size: float) -> None:
    """Paint a lamp that hangs from the ceiling down to (x, y)."""
    pen, cloth = c.pen("lamp"), c.tint((*pal.BRIGHTS, pal.CREAM, pal.CHARCOAL, *pal.FABRICS))
    on = c.light.kind == "lamplight" or c.chance(0.3)
    pen.line(((x, 0), (x, y)), 0.008, pal.CHARCOAL, "metal", "pole")
    if on:
        c.shine(x, y + size, 0.26, rgb("ffd9a0"), 0.35)
        pen.ellipse(
            (x, y + size * 0.9, size * 0.45, size * 0.25), rgb("fff0c8"), "glass", "lantern", glow=1.0
        )
    pen.poly(
        [(x - size * 0.3, y), (x + size * 0.3, y), (x + size, y + size * 0.9), (x - size, y + size * 0.9)],
        cloth,
        "metal",
        "shade",
        shade="tube",
    )


def rug(c: Canvas, place: Box) -> None:
    """Paint a rug on the floor: (x0, x1, z0, z1) metres."""
    x0, x1, z0, z1 = place
    pen, first, second = c.pen("rug"), c.tint(pal.FABRICS), c.tint(pal.FABRICS)
    for inset, color in ((0.0, first), (0.12, second), (0.22, mix(first, pal.CREAM, 0.3))):
        a, b, n, f = x0 + inset, x1 - inset, z0 + inset, z1 - inset
        pen.poly(
            [c.project(x, 0.01, z) for x, z in ((a, n), (a, f), (b, f), (b, n))],
            color,
            "fabric",
            "cloth",
            grain=0.5,
            shade="flat",
        )


def plant(c: Canvas, spot: Spot, height: float = 1.1) -> None:
    """Paint a potted plant."""
    it, leaf = figure(c, "plant", spot, height), c.tint(pal.GREENS, 0.12)
    clay = c.tint((rgb("b5653f"), pal.WHITE, *pal.FABRICS))
    c.shadow(it.x, it.y, it.unit * 0.25, it.unit * 0.06)
    if c.chance(0.5):
        for k in range(9):
            turn = math.pi * (0.1 + 0.8 * k / 8)
            a, b = 0.42 * math.cos(turn), 0.3 + 0.68 * math.sin(turn)
            bend = (a / 2, (0.3 + b) / 2)
            blade = ((0, 0.28), (bend[0] - 0.06, bend[1]), (a, b), (bend[0] + 0.06, bend[1]))
            it.poly(blade, dim(leaf, 0.8 + 0.04 * (k % 5)), "foliage", "crown", grain=0.3)
    else:
        it.line(((0, 0.2), (0, 0.5)), 0.04, pal.WOODS[0], "wood", "trunk")
        for a, b in ((-0.17, 0.5), (0.17, 0.55), (0, 0.78)):
            (x, y), u = it.at(a, b), it.unit
            tone = dim(leaf, 0.8 + b * 0.3)
            it.pen.blob((x, y, u * 0.23, u * 0.22), tone, "foliage", "crown", shade="ball", grain=0.35)
    pot = ((-0.17, 0.32), (0.17, 0.32), (0.12, 0), (-0.12, 0))
    it.poly(pot, clay, "ceramic", "pot", shade="tube")


def vase(c: Canvas, x: float, y: float, height: float) -> None:
    """Paint a vase with flowers standing at a picture point."""
    clay, petal = c.tint((*pal.FABRICS, pal.WHITE)), c.tint(pal.PETALS)
    pen = c.pen("flower")
    for k in range(5):
        tip = (x + height * 0.13 * (k - 2), y - height * (0.8 + 0.14 * (k % 2)))
        pen.line(((x, y - height * 0.45), tip), height * 0.04, pal.GREENS[0], "foliage")
        pen.ellipse((tip[0], tip[1], height * 0.11, height * 0.11), petal, "foliage", shade="ball")
    c.pen("vase").poly(
        [
            (x - height * 0.1, y - height * 0.55),
            (x + height * 0.1, y - height * 0.55),
            (x + height * 0.18, y - height * 0.25),
            (x + height * 0.09, y),
            (x - height * 0.09, y),
            (x - height * 0.18, y - height * 0.25),
        ],
        clay,
        "ceramic",
        shade="tube",
    )


def books(c: Canvas, box: Box) -> None:
    """Paint a row of books."""
    left, top, right, bottom = box
    pen, x = c.pen("book"), left
    while x < right - 0.008:
        wide = min(c.uniform(0.010, 0.022), right - x)
        high = top + (bottom - top) * c.uniform(0.0, 0.3)
        pen.rect((x, high, x + wide, bottom), c.tint((*pal.FABRICS, *pal.BRIGHTS)), "paper", shade="tube")
        x += wide


def shelf(c: Canvas, space: tuple[float, float, float, float, float, float], rows: int = 3) -> None:
    """Paint a shelf full of books: (x0, x1, y0, y1, z0, z1) metres."""
    x0, x1, y0, y1, z0, _ = space
    pen, wood = c.pen("shelf"), c.tint((*pal.WOODS, pal.WHITE, pal.CHARCOAL))
    pen.block(space, wood, "wood", "body")
    step = (y1 - y0) / rows
    for k in range(rows):
        low, high = y0 + step * k + 0.05, y0 + step * (k + 1) - 0.04
        (left, top), (right, bottom) = c.project(x0 + 0.05, high, z0), c.project(x1 - 0.05, low, z0)
        pen.rect((left, top, right, bottom), dim(wood, 0.55), "wood", "body")
        if c.chance(0.85):
            span = right - left
            books(
                c,
                (
                    left + span * c.uniform(0, 0.2),
                    top + (bottom - top) * 0.12,
                    right - span * c.uniform(0, 0.3),
                    bottom,
                ),
            )
        else:
            vase(c, (left + right) / 2, bottom, (bottom - top) * 0.9)


def cabinet(
    c: Canvas,
    space: tuple[float, float, float, float, float, float],
    columns: int,
    rows: int,
    color: RGB | None = None,
) -> None:
    """Paint a cabinet with doors or drawers."""
    x0, x1, y0, y1, z0, _ = space
    pen, wood = c.pen("cabinet"), color or c.tint((*pal.WOODS, *pal.WALLS, pal.WHITE))
    pen.block(space, wood, "wood", "body", strength=0.7)
    knob = c.pick((pal.STEEL, rgb("c9a35f"), pal.CHARCOAL))
    for i in range(columns):
        for j in range(rows):
            a, b = x0 + (x1 - x0) * (i + 0.06) / columns, x0 + (x1 - x0) * (i + 0.94) / columns
            low, high = y0 + (y1 - y0) * (j + 0.06) / rows, y0 + (y1 - y0) * (j + 0.94) / rows
            (left, top), (right, bottom) = c.project(a, high, z0), c.project(b, low, z0)
            pen.rect(
                (left, top, right, bottom),
                dim(wood, 0.88),
                "wood",
                "drawer" if rows > 1 else "door",
                strength=0.6,
            )
            pen.ellipse(((left + right) / 2, top + (bottom - top) * 0.2, 0.008, 0.007), knob, "metal")


def frame_table(c: Canvas, pen: Pen, space: Box, height: float, color: RGB) -> None:
    """Paint a table top on four legs: space = (x0, x1, z0, z1) metres."""
    x0, x1, z0, z1 = space
    material = c.pick(("wood", "wood", "wood", "plastic"))
    middle = c.project((x0 + x1) / 2, 0, (z0 + z1) / 2)
    c.shadow(middle[0], middle[1], (x1 - x0) * 0.6 * c.focus / z0, 0.06)
    for z in (z1 - 0.08, z0):
        for x in (x0 + 0.03, x1 - 0.1):
            pen.block((x, x + 0.07, 0, height - 0.05, z, z + 0.07), dim(color, 0.8), material, "leg")
    pen.block((x0, x1, height - 0.06, height, z0, z1), color, material, "top")
