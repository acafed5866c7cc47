"""Churches: naves, towers, wings and annexes put together in many ways."""

from __future__ import annotations

from dataclasses import dataclass

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas, Spot
from unitscope.world.figure import Figure, figure
from unitscope.world.openings import door, window
from unitscope.world.palette import RGB, dim, mix, rgb

WALLS = ("stone", "plaster", "brick", "marble", "wood")


@dataclass(frozen=True)
class Style:
    """What all parts of one church have in common."""

    wall: RGB
    material: str
    roof: RGB
    roofing: str
    windows: str
    gold: RGB


@dataclass(frozen=True)
class Block:
    """One part of a church: its left and right edge, its height, and what is on top of it."""

    left: float
    right: float
    height: float
    top: str

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return (self.left + self.right) / 2

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.right - self.left


def draw_style(c: Canvas) -> Style:
    """Draw walls, roofs and windows of a church."""
    return Style(
        wall=c.tint((*pal.FACADES, pal.WHITE, pal.CREAM, *pal.STONES), 0.08),
        material=c.pick(WALLS),
        roof=c.tint((*pal.ROOFS, rgb("6f9f8f"), rgb("8a8f96"))),
        roofing=c.pick(("tile", "tile", "metal", "wood")),
        windows=c.pick(("arched", "pointed", "round", "plain", "cross")),
        gold=c.pick((rgb("d9b45f"), pal.WHITE, pal.CHARCOAL)),
    )


def church(c: Canvas, spot: Spot, height: float) -> None:
    """Paint a church as one thing among others: a nave with a tower, and one door or two."""
    it = figure(c, "church", spot, height)
    style, side = draw_style(c), c.pick((-1, 1))
    c.shadow(it.x + side * it.unit * 0.3, it.y, it.unit * 0.6, it.unit * 0.08)
    far, near = sorted((side * 0.1, side * c.uniform(0.5, 0.75)))
    nave = Block(far, near, c.uniform(0.28, 0.4), "ridge")
    tower = Block(-0.14, 0.14, c.uniform(0.5, 0.66), c.pick(("spire", "dome", "bells", "spire", "flat")))
    for block in (nave, tower):
        block_of(c, it, block, style)
    for k in range(3):
        window(c, it, (far + (k + 0.5) * (near - far) / 3, 0.1, 0.06, 0.17), style.windows)
    window(c, it, (0, tower.height - 0.18, 0.09, 0.13), style.windows)
    place = 0.0 if c.chance(0.6) else nave.middle
    door(c, it, (place, 0, 0.12, 0.2))


def block_of(c: Canvas, it: Figure, block: Block, style: Style) -> None:
    """Paint the wall and the top of one part, without its openings."""
    box = (block.left, 0.0, block.right, block.height)
    tone = dim(style.wall, c.uniform(0.94, 1.06))
    it.rect(box, tone, style.material, "facade", grain=max(0.5, it.unit), strength=0.7)
    if c.chance(0.3):
        base = (block.left - 0.01, 0, block.right + 0.01, 0.04)
        it.rect(base, dim(style.wall, 0.75), "stone", "base", strength=0.5)
    _TOPS[block.top](c, it, block, style)


def _ridge(c: Canvas, it: Figure, block: Block, style: Style) -> None:
    """A roof along the nave."""
    rise, hem = block.height * c.uniform(0.4, 0.7), 0.025
    inset = min(0.08, block.width * 0.15)
    top = block.height + rise
    edge = ((block.left - hem, block.height), (block.left + inset, top), (block.right - inset, top))
    it.poly(
        (*edge, (block.right + hem, block.height)), style.roof, style.roofing, "roof", grain=0.6, shade="fall"
    )


def _gable(c: Canvas, it: Figure, block: Block, style: Style) -> None:
    """A gable towards us, with a cross on it."""
    top, hem = block.height + block.width * c.uniform(0.4, 0.65), 0.03
    edge = ((block.left - hem, block.height), (block.middle, top + hem), (block.right + hem, block.height))
    it.poly(edge, style.roof, style.roofing, "roof", grain=0.6)
    inner = (
        (block.left + hem, block.height),
        (block.middle, top - hem * 1.4),
        (block.right - hem, block.height),
    )
    it.poly(inner, dim(style.wall, 0.97), style.material, "gable", strength=0.7)
    if c.chance(0.6):
        size = block.width * 0.2
        window(c, it, (block.middle, block.height + size * 0.2, size, size), "round")
    cross(it, block.middle, top, 0.09, style.gold)


def _spire(c: Canvas, it: Figure, block: Block, style: Style) -> None:
    """A pointed roof on a tower."""
    top, half = block.height + block.width * c.uniform(0.9, 1.5), block.width / 2 * 1.12
    edge = ((block.middle - half, block.height), (block.middle, top), (block.middle + half, block.height))
    it.poly(edge, style.roof, style.roofing, "spire", grain=0.6, shade="tube")
    cross(it, block.middle, top, 0.1, style.gold)


def _dome(c: Canvas, it: Figure, block: Block, style: Style) -> None:
    """A dome on a drum: half a ball or an onion."""
    half, rise = block.width / 2, block.width * c.uniform(0.12, 0.25)
    drum = block.height + rise
    it.rect(
        (block.middle - half * 0.86, block.height, block.middle + half * 0.86, drum),
        dim(style.wall, 0.92),
        style.material,
        "facade",
    )
    color = c.tint((rgb("6f9f8f"), rgb("d9b45f"), rgb("4f7fb0"), *pal.ROOFS, pal.STEEL))
    onion = c.chance(0.4)
    widths = (0.86, 1.02, 1.04, 0.8, 0.42, 0.1, 0.0) if onion else (0.98, 0.95, 0.85, 0.68, 0.45, 0.2, 0.0)
    tall = block.width * (c.uniform(0.7, 0.95) if onion else c.uniform(0.45, 0.6))
    levels = [drum + tall * k / 6 for k in range(7)]
    right = [(block.middle + half * w, y) for w, y in zip(widths, levels, strict=True)]
    left = [(2 * block.middle - x, y) for x, y in reversed(right)]
    it.poly([*right, *left], color, c.pick(("metal", "tile", "stone")), "dome", shade="tube", grain=0.5)
    cross(it, block.middle, drum + tall, 0.09, style.gold)


def _bells(c: Canvas, it: Figure, block: Block, style: Style) -> None:
    """An open belfry with a bell, under a low roof."""
    half, top = block.width / 2 * 0.82, block.height + block.width * c.uniform(0.5, 0.75)
    box = (block.middle - half, block.height, block.middle + half, top)
    it.rect(box, style.wall, style.material, "bell tower", strength=0.6)
    opening = (block.middle - half * 0.6, block.height + 0.03, block.middle + half * 0.6, top - 0.03)
    it.rect(opening, mix(dim(style.wall, 0.35), c.light.sky[1], 0.25), style.material, "bell tower")
    bell = (block.middle, (block.height + top) / 2, half * 0.36, half * 0.4)
    it.ellipse(bell, rgb("b08a45"), "metal", "bell tower", shade="ball")
    peak = top + block.width * c.uniform(0.25, 0.5)
    edge = ((block.middle - half * 1.2, top), (block.middle, peak), (block.middle + half * 1.2, top))
    it.poly(edge, style.roof, style.roofing, "steeple", shade="tube")
    cross(it, block.middle, peak, 0.08, style.gold)


def _flat(c: Canvas, it: Figure, block: Block, style: Style) -> None:
    """Battlements or a low parapet."""
    count = c.pick((1, 4, 5))
    for k in range(count):
        step = block.width / count
        a = block.left + k * step
        wide = step * (1.0 if count == 1 else 0.55)
        it.rect(
            (a, block.height, a + wide, block.height + 0.045), dim(style.wall, 0.85), style.material, "top"
        )


def cross(it: Figure, x: float, y: float, size: float, color: RGB) -> None:
    """Paint a cross on top of something."""
    it.line(((x, y - 0.01), (x, y + size)), size * 0.2, color, "metal", "cross")
    it.line(
        ((x - size * 0.3, y + size * 0.62), (x + size * 0.3, y + size * 0.62)),
        size * 0.2,
        color,
        "metal",
        "cross",
    )


_TOPS = {"ridge": _ridge, "gable": _gable, "spire": _spire, "dome": _dome, "bells": _bells, "flat": _flat}


def _plan(c: Canvas) -> list[Block]:
    """Draw the parts of a large church that stand side by side, from the left edge to the right."""
    wide, nave = c.uniform(0.9, 1.5), c.uniform(0.42, 0.58)
    body = Block(-wide / 2, wide / 2, nave, c.pick(("ridge", "gable", "ridge", "flat")))
    if body.top == "gable":
        body = Block(body.left * 0.6, body.right * 0.6, nave, "gable")
    blocks = [body]
    towers = c.pick((0, 1, 1, 1, 2))
    places = [c.uniform(-0.5, 0.5)] if towers == 1 else [-0.42, 0.42][:towers]
    for place in places:
        half, x = c.uniform(0.12, 0.2), place * wide
        top = c.pick(("spire", "dome", "bells", "dome", "spire", "flat"))
        blocks.append(Block(x - half, x + half, nave + c.uniform(0.08, 0.35), top))
    if not towers or c.chance(0.18):
        x, half = c.uniform(-0.25, 0.25) * wide, c.uniform(0.16, 0.24)
        blocks.insert(0, Block(x - half, x + half, nave + c.uniform(0.1, 0.26), "dome"))
    for side in (-1, 1):
        if c.chance(0.4):
            a = body.left if side < 0 else body.right
            left, right = sorted((a - side * 0.04, a + side * c.uniform(0.25, 0.45)))
            blocks.append(Block(left, right, nave * c.uniform(0.5, 0.8), c.pick(("ridge", "flat", "gable"))))
        elif c.chance(0.4):
            left, right = sorted((side * c.uniform(0.3, 0.5), side * 1.4))
            blocks.insert(0, Block(left, right, c.uniform(0.3, 0.38), "flat"))
    return blocks


def near_church(c: Canvas, spot: Spot, unit: float) -> None:
    """Paint a church that is near: its doors and windows are large and anywhere on its parts.

    Args:
        c: the canvas.
        spot: where the middle of its wall stands.
        unit: length of one unit in the picture; walls are about half a unit high.
    """
    it = Figure(c.pen("church", spot.depth), (spot.x, spot.y), unit)
    style, blocks = draw_style(c), _plan(c)
    c.shadow(it.x, it.y, unit * 0.9, unit * 0.06)
    for block in blocks:
        block_of(c, it, block, style)
    _openings(c, it, blocks, style)


def _openings(c: Canvas, it: Figure, blocks: list[Block], style: Style) -> None:
    """Paint doors at one to three random places of the front, and windows where there is room."""
    left, right = min(b.left for b in blocks), max(b.right for b in blocks)
    # What lies beyond the picture's edges is not worth a door.
    left, right = max(left, (0.07 - it.x) / it.unit), min(right, (0.93 - it.x) / it.unit)
    doors = c.pick((1, 1, 2, 1, 2))
    slots = [left + 0.12 + (right - left - 0.24) * c.uniform(k, k + 1) / doors for k in range(doors)]
    wide, tall = c.uniform(0.17, 0.25), c.uniform(0.27, 0.36)
    taken = []
    for x in slots:
        block = max(
            (b for b in blocks if b.left - 0.02 <= x <= b.right + 0.02),
            key=lambda b: b.height,
            default=blocks[0],
        )
        size = c.uniform(0.85, 1.15)
        high = min(tall * size, block.height * 0.9)
        door(c, it, (x, 0.0, wide * size, high))
        taken.append((x, wide * size))
    for block in blocks:
        _windows(c, it, block, style.windows, taken)


def _windows(c: Canvas, it: Figure, block: Block, design: str, taken: list[tuple[float, float]]) -> None:
    """Paint a row or two of windows on a part, where no door is."""
    wide, tall = c.uniform(0.07, 0.12), c.uniform(0.13, 0.22)
    count = int(block.width / c.uniform(0.18, 0.32))
    foot = c.uniform(0.12, 0.2)
    levels = [foot, foot + tall + 0.1, foot + 2 * tall + 0.2][
        : 1 + (block.height > 0.55) + (block.height > 0.75)
    ]
    for k in range(count):
        x = block.left + (k + 0.5) * block.width / count
        blocked = any(abs(x - place) < (wide + size) / 2 + 0.02 for place, size in taken)
        for level in levels:
            if level + tall < block.height - 0.02 and not (blocked and level < 0.4) and c.chance(0.85):
                window(c, it, (x, level, wide, tall), design)
