"""Railroad tracks and platforms."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas
from unitscope.world.palette import dim

_GAUGE = 0.75
"""Half the width between two rails, metres (a little more than real ones, to be seen)."""


def track_away(c: Canvas, x: float, *, near: float = 1.4, far: float = 70.0) -> None:
    """Paint a track that leads away from us, `x` metres to the right."""
    pen, see = c.pen("railroad track", 12), c.project
    bed = [see(x + side, 0.0, z) for side, z in ((-1.7, near), (-1.7, far), (1.7, far), (1.7, near))]
    pen.poly(bed, c.tint((*pal.GRAVELS, *pal.EARTHS[:3])), "gravel", "base", ground=True, shade="flat")
    material, tone = c.pick((("wood", c.tint(pal.WOODS)), ("concrete", c.tint(pal.CONCRETES))))
    z = near
    while z < 30:
        edge = ((-1.25, z), (-1.25, z + 0.28), (1.25, z + 0.28), (1.25, z))
        pen.poly([see(x + a, 0.04, b) for a, b in edge], dim(tone, 0.9), material, "sleeper", shade="flat")
        z += max(0.75, z * 0.13)
    steel = c.tint((pal.STEEL, pal.CHARCOAL, pal.WOODS[2]))
    for side in (-_GAUGE, _GAUGE):
        for width, color, high in ((0.09, dim(steel, 0.6), 0.06), (0.05, steel, 0.12)):
            rail = [
                see(x + side + a, high, b)
                for a, b in ((-width, near), (-width, far), (width, far), (width, near))
            ]
            pen.poly(rail, color, "metal", "rail", shade="flat")


def track_across(c: Canvas, z: float) -> None:
    """Paint a track across the picture, `z` metres away."""
    pen, spot = c.pen("railroad track", z), c.spot(0, z)
    y, metre = spot.y, spot.metre
    top = c.project(0, 0, z * 1.22)[1]
    pen.rect((0, top, 1, y + 0.25 * metre), c.tint(pal.GRAVELS), "gravel", "base", grain=1.2, shade="sink")
    wood, steel = c.tint((*pal.WOODS, *pal.CONCRETES)), c.tint((pal.STEEL, pal.CHARCOAL))
    step = max(0.055, 0.8 * metre)
    for k in range(int(1 / step) + 1):
        x = (k + 0.3) * step
        pen.poly(
            ((x, top), (x + step * 0.35, top), (x + step * 0.3, y), (x - step * 0.1, y)),
            dim(wood, 0.85),
            "wood",
            "sleeper",
        )
    for level in (top + (y - top) * 0.2, y - (y - top) * 0.15):
        pen.rect((0, level - 0.1 * metre, 1, level + 0.06 * metre), steel, "metal", "rail")


def platform_away(c: Canvas, x: float, width: float, *, high: float = 0.9) -> None:
    """Paint a platform along a track, from x (metres) outwards, with its edge in another colour."""
    pen, see, side = c.pen("platform", 8), c.project, 1 if width > 0 else -1
    near, far = 1.3, 45.0
    face = [see(x, y, z) for y, z in ((0, near), (high, near), (high, far), (0, far))]
    material, tone = c.pick(
        (("concrete", c.tint(pal.CONCRETES)), ("stone", c.tint(pal.PAVINGS)), ("brick", c.tint(pal.FACADES)))
    )
    pen.poly(face, dim(tone, 0.6), material, "body", shade="flat")
    top = [see(a, high, z) for a, z in ((x, near), (x + width, near), (x + width, far), (x, far))]
    pen.poly(top, tone, material, "top", ground=True, shade="flat", strength=0.6)
    for inset, wide, color in ((0.0, 0.12, pal.WHITE), (0.45, 0.18, c.tint((pal.BRIGHTS[2], pal.WHITE)))):
        a, b = x + side * inset, x + side * (inset + wide)
        strip = [see(e, high, z) for e, z in ((a, near), (b, near), (b, far), (a, far))]
        pen.poly(strip, color, material, "top", shade="flat")


def shelter_away(c: Canvas, x: float, width: float, *, floor: float = 0.9) -> None:
    """Paint the roof of a platform on columns that lead away."""
    pen, see = c.pen("platform", 10), c.project
    near, far, eaves, paint = 2.6, 26.0, floor + 2.6, c.tint((*pal.BRIGHTS, pal.STEEL, *pal.WOODS))
    roof = [see(a, eaves, z) for a, z in ((x, near), (x + width, near), (x + width, far), (x, far))]
    pen.poly(roof, dim(paint, 0.6), "metal", "roof", shade="flat")
    front = [
        see(a, b, near)
        for a, b in ((x, eaves), (x, eaves + 0.3), (x + width, eaves + 0.3), (x + width, eaves))
    ]
    pen.poly(front, paint, "metal", "roof")
    middle = x + width * 0.6
    for z in (18.0, 12.0, 8.0, 5.2, 3.4):
        foot, head = see(middle, floor, z), see(middle, eaves, z)
        pen.line(
            (foot, head), 0.22 * c.focus / z, c.tint((paint, pal.STEEL)), "metal", "column", shade="tube"
        )
