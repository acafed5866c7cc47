"""Things of farms and gardens: barns, hay, hedges, logs."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.openings import window
from unitscope.world.palette import RGB, dim, mix, rgb

_PAINTS = (rgb("9a3a2f"), rgb("8a3f32"), *pal.WOODS, pal.WHITE, *pal.FACADES[:4])


def barn(c: Canvas, spot: Spot, width: float = 10.0) -> None:
    """Paint a barn: a gambrel or a gable to us, or its long side; with large doors."""
    it, wall = figure(c, "barn", spot, width), c.tint(_PAINTS, 0.08)
    roof, material = c.tint((*pal.ROOFS, pal.STEEL)), c.pick(("wood", "wood", "metal", "stone"))
    design, tall = c.pick(("gambrel", "gable", "long")), c.uniform(0.32, 0.42)
    half = 0.5 if design == "long" else 0.36
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.06)
    it.rect((-half, 0, half, tall), wall, material, "facade", turned=True, grain=max(0.4, it.unit))
    if design == "long":
        long = ((-0.54, tall), (-0.42, tall + 0.26), (0.42, tall + 0.26), (0.54, tall))
        it.poly(long, roof, c.pick(("metal", "tile", "thatch")), "roof", shade="fall")
    else:
        knee, top = (
            tall + (0.16 if design == "gambrel" else 0.13),
            tall + (0.3 if design == "gambrel" else 0.28),
        )
        out = 0.29 if design == "gambrel" else 0.2
        for grow, color, part in ((0.035, roof, "roof"), (0.0, wall, "gable")):
            a, b = half + grow, out + grow
            edge = ((-a, tall), (-b, knee + grow), (0, top + grow), (b, knee + grow), (a, tall))
            it.poly(edge, color, material, part, turned=True, grain=max(0.4, it.unit))
        window(c, it, (0, tall + 0.03, 0.1, 0.1), c.pick(("round", "cross")))
    _large_door(c, it, c.uniform(-0.1, 0.1), min(0.3, tall * 0.85), wall)
    for side in (-1, 1):
        if c.chance(0.5):
            window(c, it, (side * half * 0.72, tall * 0.4, 0.07, 0.09), "cross")


def _large_door(c: Canvas, it: Figure, x: float, tall: float, wall: RGB) -> None:
    """Paint a double door with crossed boards, open by chance."""
    paint, trim, half = (
        mix(wall, c.tint(pal.WOODS), 0.4),
        c.tint((pal.WHITE, pal.WHITE, pal.CHARCOAL)),
        tall * 0.5,
    )
    if c.chance(0.25):
        it.rect((x - half, 0, x + half, tall), rgb("2f2a28"), "wood", "door", end=rgb("4f4238"))
        return
    it.rect((x - half, 0, x + half, tall), paint, "wood", "door", turned=True)
    for a, b in ((x - half, x), (x, x + half)):
        for ends in (((a, 0), (b, tall)), ((a, tall), (b, 0)), ((a, 0), (a, tall)), ((a, tall), (b, tall))):
            it.line(ends, 0.014, trim, "wood", "door")
    it.line(((x + half, 0), (x + half, tall)), 0.014, trim, "wood", "door")


def hay_bale(c: Canvas, spot: Spot, width: float = 1.6) -> None:
    """Paint hay: a round bale, a square one, or a stack."""
    it, hay, design = (
        figure(c, "hay bale", spot, width),
        c.tint(pal.THATCHES),
        c.pick(("round", "square", "stack")),
    )
    c.shadow(it.x, it.y, it.unit * 0.6, it.unit * 0.1)
    if design == "round":
        it.ellipse((0.1, 0.42, 0.46, 0.42), dim(hay, 0.8), "thatch", "body", turned=True)
        it.ellipse((-0.06, 0.42, 0.42, 0.42), hay, "thatch", "top", shade="ball")
        it.ellipse((-0.06, 0.42, 0.2, 0.2), dim(hay, 0.85), "thatch", "top")
    elif design == "square":
        it.rect((-0.5, 0, 0.5, 0.5), hay, "thatch", "body", turned=True)
        for a in (-0.2, 0.2):
            it.rect((a - 0.02, 0, a + 0.02, 0.5), dim(hay, 0.6), "fabric", "rope")
    else:
        it.poly(((-0.6, 0), (-0.5, 0.5), (0, 1.1), (0.5, 0.5), (0.6, 0)), hay, "thatch", "body", shade="tube")


def hedge(c: Canvas, spot: Spot, width: float = 4.0, height: float = 1.0) -> None:
    """Paint a clipped hedge: a wall, a ball or a cone."""
    it, leaf, design = figure(c, "hedge", spot, width), c.tint((*pal.GREENS, *pal.FIRS)), c.rng.random()
    tall = height / width
    c.shadow(it.x, it.y, it.unit * 0.52, it.unit * 0.05)
    if design < 0.6:
        it.rect((-0.5, 0, 0.5, tall), leaf, "leaves", "body", grain=0.8, shade="fall")
        it.poly(
            ((-0.5, tall), (-0.46, tall * 1.16), (0.46, tall * 1.16), (0.5, tall)),
            mix(leaf, pal.WHITE, 0.14),
            "leaves",
            "top",
            grain=0.8,
        )
    elif design < 0.8:
        it.ellipse((0, tall * 0.8, tall * 0.85, tall * 0.85), leaf, "leaves", "body", shade="ball", grain=0.8)
    else:
        it.poly(
            ((-tall * 0.6, 0), (0, tall * 2.2), (tall * 0.6, 0)),
            leaf,
            "leaves",
            "body",
            shade="tube",
            grain=0.8,
        )


def log(c: Canvas, spot: Spot, width: float = 2.2) -> None:
    """Paint a log that lies, or a pile of them."""
    it, bark = figure(c, "log", spot, width, c.pick((-1, 1))), c.tint(pal.WOODS)
    c.shadow(it.x, it.y, it.unit * 0.5, it.unit * 0.06)
    wood = mix(bark, pal.CREAM, 0.5)
    if c.chance(0.4):
        for a, b in ((-0.22, 0.1), (0.0, 0.1), (0.22, 0.1), (-0.11, 0.28), (0.11, 0.28)):
            it.ellipse((a, b, 0.11, 0.1), dim(bark, 0.8), "wood", "trunk")
            it.ellipse((a, b, 0.08, 0.075), wood, "wood", "top")
        return
    it.rect((-0.5, 0, 0.42, 0.22), bark, "wood", "trunk", shade="fall", grain=0.5)
    it.ellipse((0.42, 0.11, 0.07, 0.11), wood, "wood", "top")
