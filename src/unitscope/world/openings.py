"""Doors and windows of buildings, in several designs."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Pen, Point
from unitscope.world.figure import Figure
from unitscope.world.palette import RGB, dim, mix, rgb

Place = tuple[float, float, float, float]
"""x of the middle, y of the foot, width and height, in the figure's unit."""

DOORS = ("plain", "panels", "arched", "double", "glazed", "pointed")
WINDOWS = ("plain", "cross", "arched", "shutters", "round", "wide")


def pane(c: Canvas) -> tuple[RGB, float]:
    """Return the colour and the glow of one window pane seen from outside."""
    if c.light.dark and c.chance(0.6):
        return c.pick((rgb("ffd98a"), rgb("ffe6b0"), rgb("f7c060"))), 0.95
    return mix(c.light.sky[1], rgb("4a5f74"), c.uniform(0.45, 0.8)), 0.0


def panes(c: Canvas, pen: Pen, box: Place, grid: tuple[int, int], share: float = 0.55) -> None:
    """Paint rows of windows in the picture box (left, top, right, bottom)."""
    left, top, right, bottom = box
    columns, rows = grid
    wide, tall = (right - left) / columns, (bottom - top) / rows
    half = (wide * share / 2, tall * share * 0.62)
    for i in range(columns):
        for j in range(rows):
            x, y = left + (i + 0.5) * wide, top + (j + 0.5) * tall
            color, glow = pane(c)
            pen.rect(
                (x - half[0], y - half[1], x + half[0], y + half[1]), color, "glass", "window", glow=glow
            )


def outline(place: Place, design: str) -> list[Point]:
    """Return the outline of an opening: with a round or pointed top, round, or straight."""
    x, foot, wide, tall = place
    half = wide / 2
    if design == "round":
        radius, middle = min(half, tall / 2), foot + tall / 2
        turns = [k * math.pi / 8 for k in range(16)]
        return [(x + radius * math.cos(t), middle + radius * math.sin(t)) for t in turns]
    if design == "arched":
        spring = foot + max(tall - half, tall * 0.3)
        turns = [k * math.pi / 6 for k in range(7)]
        top = [(x + half * math.cos(t), spring + (foot + tall - spring) * math.sin(t)) for t in turns]
        return [(x + half, foot), *top, (x - half, foot)]
    if design == "pointed":
        sides = [(half, 0.55), (half * 0.8, 0.78), (0.0, 1.0), (-half * 0.8, 0.78), (-half, 0.55)]
        return [(x + half, foot), *((x + a, foot + tall * b) for a, b in sides), (x - half, foot)]
    return [(x + half, foot), (x + half, foot + tall), (x - half, foot + tall), (x - half, foot)]


def door(c: Canvas, it: Figure, place: Place, design: str = "") -> None:
    """Paint a door of a building; its design is drawn when none is given."""
    design = design or c.pick(DOORS)
    x, foot, wide, tall = place
    paint = c.tint((*pal.WOODS, *pal.BRIGHTS, *pal.FABRICS[:8], pal.CHARCOAL))
    material = "metal" if design == "glazed" and c.chance(0.5) else "wood"
    shape = design if design in ("arched", "pointed") else "plain"
    frame = mix(paint, c.pick((pal.WHITE, pal.CHARCOAL, pal.STONES[0])), 0.65)
    rim = wide * 0.09
    it.poly(outline((x, foot, wide, tall), shape), frame, "stone", "door", strength=0.3)
    leaf = (x, foot, wide - 2 * rim, tall - rim)
    it.poly(outline(leaf, shape), paint, material, "door", turned=True, grain=0.5)
    if design == "glazed":
        color, glow = pane(c)
        it.rect(
            (x - wide * 0.3, foot + tall * 0.4, x + wide * 0.3, foot + tall * 0.86),
            color,
            "glass",
            "door",
            glow=glow,
        )
    elif design == "panels":
        for level in (0.12, 0.54):
            box = (x - wide * 0.28, foot + tall * level, x + wide * 0.28, foot + tall * (level + 0.32))
            it.rect(box, dim(paint, 0.8), material, "door", shade="sink")
    elif design != "plain":
        it.rect((x - rim * 0.3, foot, x + rim * 0.3, foot + tall * 0.93), dim(paint, 0.6), material, "door")
    knob = x + wide * (0.08 if design in ("double", "arched", "pointed") else 0.3)
    it.ellipse((knob, foot + tall * 0.45, wide * 0.06, wide * 0.06), rgb("d9b45f"), "metal", "handle")


def window(c: Canvas, it: Figure, place: Place, design: str = "") -> None:
    """Paint a window of a building; its design is drawn when none is given."""
    design = design or c.pick(WINDOWS)
    x, foot, wide, tall = place
    frame = c.tint((pal.WHITE, pal.WHITE, *pal.WOODS[:3], pal.CHARCOAL))
    shape = design if design in ("arched", "round", "pointed") else "plain"
    color, glow = pane(c)
    if design == "shutters":
        paint = c.tint((*pal.BRIGHTS, *pal.WOODS))
        for side in (-1, 1):
            a, b = sorted((x + side * wide * 0.5, x + side * wide * 0.85))
            it.rect((a, foot, b, foot + tall), paint, "wood", "shutter", grain=0.3)
    it.poly(outline((x, foot, wide, tall), shape), frame, "wood", "window", strength=0.2)
    inner = (x, foot + tall * 0.08, wide * 0.8, tall * 0.84)
    it.poly(outline(inner, shape), color, "glass", "window", glow=glow)
    bar = wide * 0.06
    if design in ("cross", "arched", "pointed", "shutters"):
        it.rect((x - bar, foot, x + bar, foot + tall * 0.95), frame, "wood", "window", strength=0.2)
    if design in ("cross", "wide"):
        level = foot + tall * 0.55
        it.rect(
            (x - wide * 0.45, level, x + wide * 0.45, level + bar * 2), frame, "wood", "window", strength=0.2
        )
