"""Furniture and appliances: boxes in space with their parts."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas
from unitscope.world.palette import RGB, dim, mix, rgb
from unitscope.world.rooms import Box, frame_table


def table(c: Canvas, space: Box, height: float = 0.75, *, desk: bool = False) -> RGB:
    """Paint a table or desk over (x0, x1, z0, z1) metres; return its colour."""
    color = c.tint((*pal.WOODS, pal.WHITE, pal.CHARCOAL, *pal.FABRICS[:4]))
    frame_table(c, c.pen("desk" if desk else "table"), space, height, color)
    return color


def chair(c: Canvas, x: float, z: float, *, back: bool, color: RGB | None = None) -> None:
    """Paint a chair at (x, z) metres; with `back` its back is nearer than its seat."""
    pen, wood = c.pen("chair"), color or c.tint((*pal.WOODS, *pal.BRIGHTS, pal.WHITE, pal.CHARCOAL))
    seat, w = mix(wood, c.tint(pal.FABRICS), 0.3), 0.22
    spot = c.spot(x, z)
    c.shadow(spot.x, spot.y, 0.34 * spot.metre, 0.08 * spot.metre)
    rest = z if back else z + 0.4
    if not back:
        pen.block((x - w, x + w, 0.5, 0.98, rest, rest + 0.05), wood, "wood", "back")
    for dz in (0.38, 0.0):
        for dx in (-w, w - 0.05):
            pen.block((x + dx, x + dx + 0.05, 0, 0.44, z + dz, z + dz + 0.05), dim(wood, 0.8), "wood", "leg")
    pen.block((x - w, x + w, 0.42, 0.49, z, z + 0.42), seat, "fabric", "seat", grain=0.5)
    if back:
        for dx in (-w, w - 0.06):
            pen.block((x + dx, x + dx + 0.06, 0.44, 1.0, rest, rest + 0.05), wood, "wood", "back")
        for y in (0.6, 0.78):
            pen.block((x - w, x + w, y, y + 0.15, rest, rest + 0.05), wood, "wood", "back")


def office_chair(c: Canvas, x: float, z: float) -> None:
    """Paint a swivel chair."""
    pen, cloth = c.pen("chair"), c.tint((*pal.FABRICS, pal.CHARCOAL, pal.BLACK))
    spot = c.spot(x, z)
    u, px, y = spot.metre, spot.x, spot.y
    c.shadow(px, y, u * 0.4, u * 0.1)
    for dx in (-0.3, -0.12, 0.12, 0.3):
        pen.line(((px, y - u * 0.12), (px + dx * u, y)), u * 0.05, pal.CHARCOAL, "metal", "leg")
        pen.ellipse((px + dx * u, y, u * 0.035, u * 0.035), pal.BLACK, "plastic", "wheel")
    pen.line(((px, y - u * 0.1), (px, y - u * 0.45)), u * 0.06, pal.STEEL, "metal", "pole", shade="tube")
    pen.ellipse((px, y - u * 0.47, u * 0.27, u * 0.08), dim(cloth, 0.85), "fabric", "seat")
    pen.poly(
        [
            (px - u * 0.2, y - u * 1.05),
            (px + u * 0.2, y - u * 1.05),
            (px + u * 0.25, y - u * 0.95),
            (px + u * 0.22, y - u * 0.5),
            (px - u * 0.22, y - u * 0.5),
            (px - u * 0.25, y - u * 0.95),
        ],
        cloth,
        "fabric",
        "back",
        shade="tube",
        grain=0.5,
    )


def sofa(c: Canvas, place: tuple[float, float, float], *, name: str = "sofa") -> None:
    """Paint a sofa or armchair that faces us: place = (x0, x1, z) metres."""
    x0, x1, z = place
    pen, cloth, arm = c.pen(name), c.tint(pal.FABRICS), 0.2
    spot = c.spot((x0 + x1) / 2, z)
    c.shadow(spot.x, spot.y, (x1 - x0) * 0.58 * spot.metre, 0.1 * spot.metre, 0.6)
    pen.block((x0, x1, 0.1, 0.92, z + 0.65, z + 0.85), dim(cloth, 0.92), "fabric", "back", grain=0.5)
    seats = 1 if name == "armchair" else 2 if x1 - x0 < 1.9 else 3
    step = (x1 - x0 - 2 * arm) / seats
    for k in range(seats):
        a = x0 + arm + k * step
        pen.block(
            (a + 0.01, a + step - 0.01, 0.46, 0.86, z + 0.55, z + 0.65),
            cloth,
            "fabric",
            "back",
            grain=0.5,
            shade="ball",
        )
    pen.block((x0 + arm, x1 - arm, 0.1, 0.3, z, z + 0.6), dim(cloth, 0.8), "fabric", "seat", grain=0.5)
    for k in range(seats):
        a = x0 + arm + k * step
        pen.block((a + 0.01, a + step - 0.01, 0.3, 0.45, z, z + 0.55), cloth, "fabric", "seat", grain=0.5)
    for k in range(seats if name == "sofa" else 1):
        if c.chance(0.6):
            cushion(c, (x0 + arm + (k + 0.5) * step, 0.64, z + 0.5), 0.2)
    for a in (x0, x1 - arm):
        pen.block((a, a + arm, 0.06, 0.62, z, z + 0.8), dim(cloth, 1.03), "fabric", "arm", grain=0.5)


def cushion(c: Canvas, place: tuple[float, float, float], half: float) -> None:
    """Paint a cushion centred at (x, y, z) metres."""
    (x, y), u = c.project(*place), c.focus / place[2] * half
    tilt = c.uniform(-0.15, 0.15) * u
    c.pen("cushion").poly(
        [
            (x - u, y - u * 0.8 + tilt),
            (x, y - u * 0.72),
            (x + u, y - u * 0.8 - tilt),
            (x + u * 0.9, y),
            (x + u, y + u * 0.8),
            (x, y + u * 0.72),
            (x - u, y + u * 0.8),
            (x - u * 0.9, y),
        ],
        c.tint((*pal.FABRICS, *pal.BRIGHTS, pal.CREAM)),
        "fabric",
        "cloth",
        shade="ball",
        grain=0.4,
    )


def bed(c: Canvas, x0: float, x1: float, z0: float, z1: float) -> None:
    """Paint a bed with its head against the back wall."""
    pen, wood = c.pen("bed"), c.tint((*pal.WOODS, pal.WHITE, pal.CHARCOAL, *pal.FABRICS))
    sheet, cover = c.tint((pal.WHITE, pal.CREAM, *pal.WALLS[:3])), c.tint(pal.FABRICS)
    spot = c.spot((x0 + x1) / 2, z0)
    c.shadow(spot.x, spot.y, (x1 - x0) * 0.62 * spot.metre, 0.12 * spot.metre, 0.6)
    pen.block((x0 - 0.06, x1 + 0.06, 0, c.uniform(0.95, 1.3), z1 - 0.1, z1), wood, "wood", "headboard")
    pen.block((x0, x1, 0.08, 0.28, z0, z1 - 0.1), dim(wood, 0.85), "wood", "frame")
    pen.block((x0, x1, 0.26, 0.55, z0, z1 - 0.1), sheet, "fabric", "mattress", grain=0.5)
    count = 2 if x1 - x0 > 1.2 else 1
    for k in range(count):
        cushion(c, (x0 + (x1 - x0) * (k + 0.5) / count, 0.68, z1 - 0.3), (x1 - x0) / count * 0.38)
    fold = z0 + (z1 - z0) * c.uniform(0.58, 0.72)
    pen.block((x0 - 0.03, x1 + 0.03, 0.12, 0.6, z0 - 0.02, fold), cover, "fabric", "blanket", grain=0.7)
    edge = [
        c.project(x, 0.605, z)
        for x, z in ((x0 - 0.03, fold - 0.14), (x0 - 0.03, fold), (x1 + 0.03, fold), (x1 + 0.03, fold - 0.14))
    ]
    pen.poly(edge, mix(sheet, cover, 0.2), "fabric", "blanket", grain=0.5)


def television(c: Canvas, box: Box, *, name: str = "television") -> None:
    """Paint a screen: a television, or the screen of a computer with its foot."""
    left, top, right, bottom = box
    pen, on = c.pen(name), c.chance(0.6)
    if name == "computer":
        x, tall = (left + right) / 2, bottom - top
        pen.rect((x - tall * 0.08, bottom, x + tall * 0.08, bottom + tall * 0.2), pal.STEEL, "metal", "pole")
        pen.rect(
            (x - tall * 0.3, bottom + tall * 0.18, x + tall * 0.3, bottom + tall * 0.24),
            pal.STEEL,
            "metal",
            "pole",
        )
    pen.rect(box, c.pick((pal.BLACK, pal.CHARCOAL, rgb("c9cdd2"))), "plastic", "frame")
    edge = (right - left) * 0.05
    first = c.tint(pal.FABRICS) if on else rgb("20242c")
    inner = (left + edge, top + edge, right - edge, bottom - edge)
    pen.rect(inner, mix(first, pal.WHITE, 0.25 * on), "glass", "screen", end=dim(first, 0.8), glow=0.9 * on)
    if on and name == "computer":
        for k in range(3):
            y = inner[1] + (inner[3] - inner[1]) * (0.2 + 0.26 * k)
            pen.rect(
                (inner[0] + edge, y, inner[2] - edge * c.uniform(1, 6), y + (inner[3] - inner[1]) * 0.1),
                pal.WHITE,
                "glass",
                "screen",
                glow=0.9,
            )


def computer(c: Canvas, x: float, y: float, z: float) -> None:
    """Paint a screen and keyboard on a desk top of height y at (x, z) metres."""
    u, (px, py) = c.focus / z, c.project(x, y, z)
    television(c, (px - u * 0.33, py - u * 0.5, px + u * 0.33, py - u * 0.1), name="computer")
    keys = [
        c.project(a, y + 0.01, b)
        for a, b in ((x - 0.24, z - 0.28), (x - 0.22, z - 0.14), (x + 0.22, z - 0.14), (x + 0.24, z - 0.28))
    ]
    c.pen("computer").poly(keys, c.pick((pal.WHITE, pal.CHARCOAL, pal.STEEL)), "plastic", "keyboard")


def stove(c: Canvas, x0: float, z0: float, z1: float) -> None:
    """Paint a stove with burners, oven and pan."""
    pen, steel, x1 = c.pen("stove"), c.tint((pal.WHITE, pal.STEEL, pal.CHARCOAL)), x0 + 0.7
    pen.block((x0, x1, 0, 0.9, z0, z1), steel, "metal", "body")
    (left, top), (right, bottom) = c.project(x0 + 0.08, 0.62, z0), c.project(x1 - 0.08, 0.15, z0)
    pen.rect((left, top, right, bottom), rgb("24272c"), "glass", "oven", end=rgb("3f4248"), strength=2.0)
    pen.rect((left, top - 0.022, right, top - 0.010), pal.STEEL, "metal", "frame")
    u = c.focus / z0
    for k in range(4):
        x, y = c.project(x0 + 0.14 + 0.14 * k, 0.78, z0)
        pen.ellipse((x, y, u * 0.035, u * 0.035), pal.BLACK, "plastic", "burner")
    for dx in (0.2, 0.5):
        x, y = c.project(x0 + dx, 0.905, (z0 + z1) / 2)
        pen.ellipse((x, y, u * 0.11, u * 0.035), rgb("222428"), "metal", "burner", shade="flat")
    if c.chance(0.6):
        x, y = c.project(x0 + c.pick((0.2, 0.5)), 0.91, (z0 + z1) / 2)
        pot = c.pen("bowl")
        pot.rect(
            (x - u * 0.12, y - u * 0.16, x + u * 0.12, y),
            c.tint((pal.STEEL, *pal.BRIGHTS)),
            "metal",
            "body",
            shade="tube",
        )
        pot.rect((x - u * 0.13, y - u * 0.19, x + u * 0.13, y - u * 0.15), pal.CHARCOAL, "metal", "top")


def refrigerator(c: Canvas, x0: float, z0: float, z1: float) -> None:
    """Paint a refrigerator with two doors."""
    pen, paint, x1 = (
        c.pen("refrigerator"),
        c.tint((pal.WHITE, rgb("c3c9ce"), pal.CREAM, *pal.BRIGHTS[:4], rgb("a9c9c0"))),
        x0 + 0.75,
    )
    pen.block((x0, x1, 0, 1.85, z0, z1), paint, "metal", "body", strength=0.6)
    for low, high in ((0.06, 1.15), (1.19, 1.82)):
        (left, top), (right, bottom) = c.project(x0 + 0.02, high, z0), c.project(x1 - 0.02, low, z0)
        pen.rect(
            (left, top, right, bottom),
            mix(paint, pal.WHITE, 0.12),
            "metal",
            "door",
            shade="tube",
            strength=0.6,
        )
        wide, tall = right - left, bottom - top
        pen.rect(
            (left + wide * 0.08, top + tall * 0.25, left + wide * 0.15, top + tall * 0.75),
            pal.STEEL,
            "metal",
            "handle",
        )


def sink(c: Canvas, x: float, y: float, z: float) -> None:
    """Paint a basin with a faucet in a counter of height y at (x, z) metres."""
    u, (px, py), pen = c.focus / z, c.project(x, y, z), c.pen("sink")
    rim = c.tint((pal.WHITE, pal.STEEL))
    pen.ellipse((px, py, u * 0.32, u * 0.085), rim, "ceramic", "basin")
    pen.ellipse((px, py + u * 0.008, u * 0.26, u * 0.06), dim(rim, 0.62), "ceramic", "basin", shade="sink")
    for ends in (
        ((px, py - u * 0.06), (px, py - u * 0.32)),
        ((px - u * 0.02, py - u * 0.31), (px + u * 0.12, py - u * 0.31)),
        ((px + u * 0.11, py - u * 0.31), (px + u * 0.11, py - u * 0.22)),
    ):
        pen.line(ends, u * 0.045, rgb("b9c1c8"), "metal", "faucet", shade="tube")


def bathtub(c: Canvas, x0: float, x1: float, z0: float, z1: float) -> None:
    """Paint a bathtub along the back wall."""
    pen, shell = c.pen("bathtub"), c.tint((pal.WHITE, pal.WHITE, pal.CREAM, *pal.WALLS[:6]))
    pen.block((x0, x1, 0, 0.62, z0, z1), shell, "ceramic", "body", shade="fall")
    rim = [
        c.project(x, 0.625, z)
        for x, z in (
            (x0 + 0.08, z0 + 0.1),
            (x0 + 0.08, z1 - 0.08),
            (x1 - 0.08, z1 - 0.08),
            (x1 - 0.08, z0 + 0.1),
        )
    ]
    pen.poly(rim, rgb("a9cdd6") if c.chance(0.6) else dim(shell, 0.7), "water", "basin", strength=0.5)
    x, y, u = *c.project(x0 + 0.25, 0.62, z1 - 0.1), c.focus / z1
    pen.line(((x, y), (x, y - u * 0.3)), u * 0.06, rgb("b9c1c8"), "metal", "faucet", shade="tube")
    pen.line(((x, y - u * 0.28), (x + u * 0.18, y - u * 0.24)), u * 0.05, rgb("b9c1c8"), "metal", "faucet")


def toilet(c: Canvas, x: float, z: float) -> None:
    """Paint a toilet from the front, its tank behind."""
    pen, white = c.pen("toilet"), c.tint((pal.WHITE, pal.WHITE, pal.CREAM))
    spot = c.spot(x, z)
    u, px, y = spot.metre, spot.x, spot.y
    c.shadow(px, y, u * 0.35, u * 0.1)
    pen.rect(
        (px - u * 0.24, y - u * 0.92, px + u * 0.24, y - u * 0.42), white, "ceramic", "body", shade="tube"
    )
    pen.rect((px - u * 0.26, y - u * 0.98, px + u * 0.26, y - u * 0.9), dim(white, 0.92), "ceramic", "top")
    pen.poly(
        [
            (px - u * 0.21, y - u * 0.4),
            (px + u * 0.21, y - u * 0.4),
            (px + u * 0.12, y - u * 0.05),
            (px + u * 0.15, y),
            (px - u * 0.15, y),
            (px - u * 0.12, y - u * 0.05),
        ],
        white,
        "ceramic",
        "body",
        shade="tube",
    )
    pen.ellipse((px, y - u * 0.42, u * 0.23, u * 0.12), dim(white, 0.95), "plastic", "seat")
    pen.ellipse((px, y - u * 0.41, u * 0.155, u * 0.075), rgb("8f9aa3"), "ceramic", "basin", shade="sink")


def towel(c: Canvas, box: Box) -> None:
    """Paint a towel on its bar."""
    left, top, right, bottom = box
    pen, cloth = c.pen("towel"), c.tint((*pal.FABRICS, *pal.BRIGHTS))
    pen.rect((left - 0.02, top - 0.012, right + 0.02, top), pal.STEEL, "metal", "pole")
    pen.rect(box, cloth, "fabric", "cloth", shade="tube", grain=0.4)
    pen.rect(
        (left, bottom - (bottom - top) * 0.22, right, bottom - (bottom - top) * 0.12),
        mix(cloth, pal.WHITE, 0.6),
        "fabric",
        "cloth",
        grain=0.4,
    )


def bottle(c: Canvas, x: float, y: float, height: float) -> None:
    """Paint a bottle standing at a picture point."""
    pen, tone = c.pen("bottle"), c.tint((rgb("3f6f4a"), rgb("8f5a2f"), rgb("5f8fa8"), *pal.BRIGHTS))
    pen.rect(
        (x - height * 0.16, y - height * 0.62, x + height * 0.16, y), tone, "glass", "body", shade="tube"
    )
    pen.poly(
        [
            (x - height * 0.16, y - height * 0.62),
            (x - height * 0.06, y - height * 0.78),
            (x - height * 0.06, y - height),
            (x + height * 0.06, y - height),
            (x + height * 0.06, y - height * 0.78),
            (x + height * 0.16, y - height * 0.62),
        ],
        tone,
        "glass",
        "body",
        shade="tube",
    )
    pen.rect((x - height * 0.16, y - height * 0.42, x + height * 0.16, y - height * 0.2), pal.CREAM, "paper")


def setting(c: Canvas, x: float, y: float, z: float) -> None:
    """Paint a plate, sometimes a bowl, on a table top of height y."""
    u, (px, py) = c.focus / z, c.project(x, y + 0.01, z)
    pen, glaze = c.pen("plate"), c.tint((pal.WHITE, pal.CREAM, *pal.FABRICS[:6]))
    pen.ellipse((px, py, u * 0.17, u * 0.06), glaze, "ceramic")
    pen.ellipse((px, py, u * 0.11, u * 0.036), dim(glaze, 0.88), "ceramic")
    if c.chance(0.35):
        bowl(c, px, py, u * 0.11)


def bowl(c: Canvas, x: float, y: float, half: float) -> None:
    """Paint a bowl of fruit at a picture point."""
    pen, clay, fruit = c.pen("bowl"), c.tint((*pal.FABRICS, pal.WHITE)), c.tint(pal.BRIGHTS)
    for dx in (-0.5, 0.4, 0):
        pen.ellipse(
            (x + dx * half, y - half * 0.75, half * 0.42, half * 0.42),
            dim(fruit, 1 - 0.2 * abs(dx)),
            "foliage",
            shade="ball",
        )
    pen.poly(
        [
            (x - half, y - half * 0.65),
            (x + half, y - half * 0.65),
            (x + half * 0.55, y),
            (x - half * 0.55, y),
        ],
        clay,
        "ceramic",
        shade="tube",
    )
