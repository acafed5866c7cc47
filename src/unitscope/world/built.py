"""Houses and other buildings."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.openings import door, pane, panes, window
from unitscope.world.palette import RGB, dim, mix, rgb

__all__ = ["building", "facade", "house", "lighthouse", "panes", "shop", "tower", "windmill"]

WALL_MATERIALS = ("plaster", "brick", "wood", "stone", "concrete", "plaster")
_ROOFING = {"tile": pal.ROOFS, "thatch": pal.THATCHES, "metal": (pal.STEEL, *pal.ROOFS)}


def house(c: Canvas, spot: Spot, width: float = 8.0, height: float = 4.0) -> None:
    """Paint a house: with its gable to us, along the eaves, hipped, of two floors, or flat."""
    it, wall = figure(c, "house", spot, width), c.tint((*pal.FACADES, *pal.WALLS[:6]), 0.08)
    material, tall = c.pick(WALL_MATERIALS), height / width
    design = c.pick(("eaves", "gable", "hipped", "floors", "flat"))
    if design in ("gable", "floors"):
        tall *= 1.35
    c.shadow(it.x, it.y, it.unit * 0.62, it.unit * tall * 0.14)
    half = 0.36 if design == "gable" else 0.5
    roofing = c.pick(("tile", "tile", "thatch", "metal"))
    if design != "flat" and c.chance(0.7):
        a = c.pick((-0.25, 0.25)) * half * 2
        top = tall * c.uniform(1.5, 1.8)
        it.rect(
            (a - 0.045, tall, a + 0.045, top),
            c.tint((rgb("8f5f4f"), *pal.STONES)),
            "brick",
            "chimney",
            grain=0.4,
        )
    it.rect((-half, 0, half, tall), wall, material, "facade", grain=max(0.4, it.unit), strength=0.7)
    _roof(c, it, (half, tall, design), roofing, wall)
    _front(c, it, (half, tall), floors=2 if design == "floors" else 1)


def _roof(c: Canvas, it: Figure, size: tuple[float, float, str], roofing: str, wall: RGB) -> None:
    """Paint the roof of a house of half a width and a height, in a design."""
    half, tall, design = size
    color, rise, hem = c.tint(_ROOFING[roofing]), c.uniform(0.2, 0.34), half * 1.1
    if design == "flat":
        it.rect((-hem, tall, hem, tall * 1.08), dim(wall, 0.7), "concrete", "roof", strength=0.3)
        return
    ridge = 0.0 if design == "gable" else half * c.uniform(0.5, 0.85) if design != "hipped" else half * 0.35
    edge = [(-hem, tall), (-ridge, tall + rise), (ridge, tall + rise), (hem, tall)]
    it.poly(edge, color, roofing, "roof", grain=0.5, shade="fall")
    if design == "gable":
        it.poly(
            ((-half * 0.84, tall), (0, tall + rise * 0.78), (half * 0.84, tall)),
            dim(wall, 0.95),
            "plaster",
            "gable",
        )
        window(c, it, (0, tall * 0.98, 0.09, rise * 0.35), "round" if c.chance(0.5) else "plain")


def _front(c: Canvas, it: Figure, size: tuple[float, float], floors: int) -> None:
    """Paint a door, perhaps under a porch, and windows on the front of a house."""
    half, tall = size
    bays, design = (
        3 if half < 0.4 else c.pick((3, 4, 5)),
        c.pick(("plain", "cross", "shutters", "arched", "wide")),
    )
    entrance, step = int(c.uniform(0, bays)), 2 * half / bays
    story = tall / floors
    for bay in range(bays):
        x = -half + (bay + 0.5) * step
        for floor in range(floors):
            if floor == 0 and bay == entrance:
                door(c, it, (x, 0, min(step * 0.55, 0.16), story * 0.68))
            elif c.chance(0.88):
                window(c, it, (x, story * (floor + 0.34), step * 0.42, story * 0.42), design)
    if c.chance(0.25):
        x, paint = -half + (entrance + 0.5) * step, c.tint((pal.WHITE, *pal.WOODS))
        for a in (-0.12, 0.12):
            it.post(x + a, (0, story * 0.76), 0.02, paint, "wood", part="column")
        it.poly(
            ((x - 0.16, story * 0.74), (x, story * 0.98), (x + 0.16, story * 0.74)), paint, "wood", "porch"
        )


def building(c: Canvas, spot: Spot, width: float, height: float) -> None:
    """Paint a block with rows of windows, seen from the front: flat, stepped or with a pitched roof."""
    m = spot.metre
    x, y, half, tall = spot.x, spot.y, width * m / 2, height * m
    pen, wall = c.pen("building", spot.depth), c.tint((*pal.FACADES, *pal.CONCRETES), 0.08)
    material, top = c.pick(("plaster", "brick", "stone", "concrete", "glass")), c.rng.random()
    if top < 0.25:
        roof = [(x - half * 1.04, y - tall), (x - half * 0.7, y - tall - half * 0.5)]
        roof += [(x + half * 0.7, y - tall - half * 0.5), (x + half * 1.04, y - tall)]
        pen.poly(roof, c.tint(pal.ROOFS), "tile", "roof", grain=0.6)
    elif top < 0.45:
        pen.rect(
            (x - half * 0.5, y - tall * 1.2, x + half * 0.4, y - tall), dim(wall, 0.9), material, "facade"
        )
        pen.rect((x - 0.003, y - tall * 1.32, x + 0.003, y - tall * 1.2), pal.CHARCOAL, "metal", "antenna")
    box = (x - half, y - tall, x + half, y)
    pen.rect(box, wall, material, "facade", grain=max(0.5, half * 2), strength=0.6)
    eaves = (x - half * 1.04, y - tall * 1.03, x + half * 1.04, y - tall * 0.985)
    pen.rect(eaves, dim(wall, 0.7), "stone", "roof", strength=0.3)
    columns, rows = max(2, min(5, round(half * 2 / 0.055))), max(2, min(7, round(tall / 0.07)))
    panes(c, pen, (x - half * 0.92, y - tall * 0.95, x + half * 0.92, y - tall * 0.12), (columns, rows))


def facade(c: Canvas, side: int, place: tuple[float, float, float], height: float) -> None:
    """Paint the wall of a building along a street: side -1 left or +1 right, place = (x, z0, z1) in metres."""
    x, z0, z1 = place
    pen, wall, see = c.pen("building", z0), c.tint(pal.FACADES, 0.08), c.project
    wall = dim(wall, 1.0 if side != c.light.side else 0.78)
    material = c.pick(("plaster", "brick", "brick", "stone", "concrete"))

    def quad(low: float, high: float, a: float, b: float) -> list[tuple[float, float]]:
        return [see(side * x, low, a), see(side * x, high, a), see(side * x, high, b), see(side * x, low, b)]

    pen.poly(quad(0, height, z0, z1), wall, material, "facade", shade="flat", strength=0.6, grain=0.5)
    floors, bays = max(2, round(height / 3.6)), max(1, round((z1 - z0) / 3.2))
    story, bay = height / floors, (z1 - z0) / bays
    for k in range(bays):
        a, b = z0 + (k + 0.25) * bay, z0 + (k + 0.75) * bay
        for floor in range(floors):
            low = 1.0 + floor * story
            if floor == 0 and c.chance(0.35):
                paint = c.tint((*pal.BRIGHTS, *pal.WOODS))
                pen.poly(quad(0, low + story * 0.5, a, b), paint, "wood", "door", turned=True)
                continue
            color, glow = pane(c)
            pen.poly(quad(low, low + story * 0.5, a, b), color, "glass", "window", glow=glow)
    if c.chance(0.4):
        near, far = (see(side * (x - 0.9), 2.4, z) for z in (z0, z1))
        cloth = [see(side * x, 3.1, z0), see(side * x, 3.1, z1), far, near]
        pen.poly(cloth, c.tint(pal.BRIGHTS), "fabric", "awning", shade="fall")


def shop(c: Canvas, spot: Spot, width: float = 8.0, height: float = 4.0) -> None:
    """Paint a low building with a wide window, an awning and a name over it."""
    it, tall = figure(c, "building", spot, width), height / width
    wall, cloth = c.tint((*pal.FACADES, pal.WHITE, *pal.CONCRETES)), c.tint(pal.BRIGHTS)
    it.rect((-0.5, 0, 0.5, tall), wall, c.pick(("brick", "plaster", "concrete")), "facade", strength=0.6)
    it.rect((-0.52, tall, 0.52, tall * 1.08), dim(wall, 0.7), "concrete", "roof")
    color, glow = pane(c)
    it.rect((-0.44, tall * 0.14, 0.16, tall * 0.56), color, "glass", "window", glow=glow)
    door(c, it, (0.32, 0, 0.15, tall * 0.56), "glazed")
    it.rect(
        (-0.46, tall * 0.74, 0.46, tall * 0.92),
        mix(cloth, pal.CHARCOAL, 0.3),
        "plastic",
        "top",
        glow=glow * 0.6,
    )
    for k in range(6):
        a = -0.48 + 0.16 * k
        stripe = cloth if k % 2 else c.tint((pal.WHITE, pal.CREAM))
        box = ((a + 0.02, tall * 0.72), (a + 0.14, tall * 0.72), (a + 0.16, tall * 0.58), (a, tall * 0.58))
        it.poly(box, stripe, "fabric", "awning", shade="fall")


def lighthouse(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a lighthouse: banded, plain, or of stone; with a gallery and a lamp."""
    it = figure(c, "lighthouse", spot, height)
    first = c.tint((pal.WHITE, pal.CREAM, pal.STONES[1]))
    second = first if c.chance(0.3) else c.tint((*pal.BRIGHTS[:2], pal.BRIGHTS[0], pal.CHARCOAL))
    material, stout = c.pick(("plaster", "stone", "brick")), c.uniform(0.75, 1.25)
    for k in range(5):
        low, high, a, b = 0.16 * k, 0.16 * (k + 1), (0.11 - 0.008 * k) * stout, (0.102 - 0.008 * k) * stout
        band = ((-a, low), (-b, high), (b, high), (a, low))
        it.poly(band, second if k % 2 else first, material, "facade", shade="tube", strength=0.5)
    it.rect((-0.105, 0.79, 0.105, 0.83), pal.CHARCOAL, "metal", "railing")
    lit = c.light.kind in ("night", "dusk", "fog")
    lamp = rgb("ffe9a0") if lit else mix(c.light.sky[1], rgb("5f7f8f"), 0.4)
    it.rect((-0.056, 0.83, 0.056, 0.92), lamp, "glass", "lantern", glow=float(lit), shade="tube")
    roof = c.tint((pal.BRIGHTS[0], pal.CHARCOAL, *pal.ROOFS))
    if c.chance(0.4):
        it.ellipse((0, 0.92, 0.068, 0.06), roof, "metal", "dome", shade="tube")
    it.poly(((-0.077, 0.92), (0, 1), (0.077, 0.92)), roof, "metal", "roof", shade="tube")
    door(c, it, (0, 0, 0.07, 0.13))
    for level in (0.3, 0.58):
        it.rect((-0.014, level, 0.014, level + 0.05), rgb("3f4f5f"), "glass", "window")
    if lit:
        c.shine(*it.at(0, 0.875), it.unit * 0.3, rgb("ffe9a0"), 0.5)


def windmill(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a windmill with four blades: of brick, of wood on a base, or with a thatched cap."""
    it, wide = figure(c, "windmill", spot, height), c.uniform(0.12, 0.2)
    material, tones = c.pick(
        (
            ("brick", pal.FACADES),
            ("wood", pal.WOODS),
            ("plaster", (pal.WHITE, pal.CREAM)),
            ("thatch", pal.THATCHES),
        )
    )
    wall = c.tint(tones)
    it.poly(((-wide, 0), (-0.09, 0.66), (0.09, 0.66), (wide, 0)), wall, material, "facade", shade="tube")
    if c.chance(0.4):
        it.rect((-wide * 1.15, 0.2, wide * 1.15, 0.235), c.tint(pal.WOODS), "wood", "railing")
    door(c, it, (0, 0, 0.075, 0.14))
    window(c, it, (c.uniform(-0.03, 0.03), 0.36, 0.05, 0.07))
    cap = c.tint(pal.ROOFS)
    if c.chance(0.5):
        it.ellipse((0, 0.66, 0.11, 0.12), cap, "wood", "dome", shade="tube")
    else:
        it.poly(((-0.11, 0.66), (0, 0.8), (0.11, 0.66)), cap, "tile", "roof")
    turn, cloth = c.uniform(0, 1.57), c.tint((rgb("efe6d3"), *pal.WOODS, pal.WHITE))
    for k in range(4):
        a = turn + k * math.pi / 2
        tip = (0.38 * math.cos(a), 0.66 - 0.38 * math.sin(a))
        it.line(((0, 0.66), tip), (0.02, 0.075), cloth, "wood", "blade")
    it.ellipse((0, 0.66, 0.025, 0.025), pal.CHARCOAL, "metal", "body")


def tower(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a control tower."""
    it, wall = figure(c, "tower", spot, height), c.tint((*pal.FACADES, *pal.CONCRETES))
    it.rect((-0.08, 0, 0.08, 0.74), wall, c.pick(("plaster", "concrete")), "facade", shade="tube")
    color, glow = pane(c)
    cab = ((-0.13, 0.74), (-0.19, 0.92), (0.19, 0.92), (0.13, 0.74))
    it.poly(cab, color, "glass", "window", glow=glow)
    it.rect((-0.2, 0.92, 0.2, 0.97), dim(wall, 0.7), "metal", "roof")
    it.line(((0, 0.97), (0, 1.12)), 0.02, pal.CHARCOAL, "metal", "antenna")
