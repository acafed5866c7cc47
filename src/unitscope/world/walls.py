"""What hangs on walls: paintings, mirrors, clocks, boards, switches, radiators, clothes; and what lies before them."""

from __future__ import annotations

import math

from unitscope.world import palette as pal
from unitscope.world.finishes import BLACK, CHARCOAL, PAGE, WHITE, finish, hardware
from unitscope.world.palette import mix, rgb
from unitscope.world.space import Finish, Frame, Sheet
from unitscope.world.thing import Thing
from unitscope.world.windows import view

FLAT = (0.02, 0.05)
MOTIFS = ("view", "view", "shapes", "head", "flowers", "stripes", "animal")


def _framed(f: Frame, name: str, size: tuple[float, float, float]) -> Sheet:
    """Paint a frame of any width and return the sheet inside."""
    c, (w, h, d) = f.c, size
    it, edge = f.of(name), c.uniform(0.01, 0.07)
    sheet = it.front(d - 0.03)
    sheet.rect((-w / 2 - edge, w / 2 + edge, -edge, h + edge), finish(c, "wood", "metal", "painted"), "frame")
    return sheet


def painting(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a framed painting of a view, a head, flowers, an animal or shapes."""
    motif(_framed(f, "painting", (w, h, d)), (w, h))


def poster(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a poster or a sheet of paper without a frame."""
    sheet = f.of("poster").front(d - 0.01)
    sheet.rect((-w / 2, w / 2, 0, h), finish(f.c, "paper"))
    motif(sheet, (w * 0.86, h * 0.8), h * 0.12)


def motif(sheet: Sheet, size: tuple[float, float], low: float = 0.0) -> None:
    """Paint what a picture shows over (width, height) of a sheet."""
    c, (w, h) = sheet.solid.c, size
    x, kind, second = w / 2, c.pick(MOTIFS), finish(c, "paper")
    ground = Finish(mix(c.tint((*pal.FABRICS, *pal.WALLS)), pal.WHITE, 0.25), "paper")
    if not sheet.visible:
        return
    if kind == "view":
        view(sheet, (-x, x, low, low + h), "", painted=True)
        return
    sheet.rect((-x, x, low, low + h), ground)
    if kind == "head":
        sheet.poly(
            ((-x * 0.7, low), (-x * 0.4, low + h * 0.35), (x * 0.4, low + h * 0.35), (x * 0.7, low)), second
        )
        sheet.oval((0, low + h * 0.58, x * 0.36, h * 0.22), Finish(c.tint(pal.SKINS), "paper"))
    elif kind == "flowers":
        for _ in range(4):
            petal = Finish(c.tint(pal.PETALS), "paper")
            sheet.oval((c.uniform(-0.6, 0.6) * x, low + h * c.uniform(0.45, 0.8), x * 0.25, h * 0.12), petal)
        sheet.poly(
            (
                (-x * 0.3, low + h * 0.4),
                (x * 0.3, low + h * 0.4),
                (x * 0.2, low + h * 0.08),
                (-x * 0.2, low + h * 0.08),
            ),
            second,
        )
    elif kind == "animal":
        fur = Finish(c.tint(pal.HAIRS), "paper")
        sheet.oval((0, low + h * 0.42, x * 0.55, h * 0.18), fur)
        sheet.oval((x * 0.5, low + h * 0.62, x * 0.2, h * 0.13), fur)
    elif kind == "stripes":
        for k in range(3):
            sheet.rect((-x, x, low + h * (0.1 + 0.3 * k), low + h * (0.25 + 0.3 * k)), finish(c, "paper"))
    else:
        for _ in range(3):
            a, b = sorted((c.uniform(-x, x), c.uniform(-x, x)))
            sheet.rect((a, b, low + h * c.uniform(0, 0.5), low + h * c.uniform(0.5, 1)), finish(c, "paper"))


def mirror(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a mirror, square or oval, that reflects the wall, floor and something opposite."""
    c, x = f.c, w / 2
    wall, dark = (
        Finish(mix(c.tint(pal.WALLS), rgb("a9bcc6"), 0.55), "glass"),
        finish(c, "painted").mix(rgb("a9bcc6"), 0.35),
    )
    if c.chance(0.3):
        sheet = f.of("mirror").front(d - 0.03)
        sheet.oval((0, h / 2, x + 0.03, h / 2 + 0.03), finish(c, "wood", "metal"), "frame")
        sheet.oval((0, h / 2, x, h / 2), wall, "pane", strength=2.0)
        sheet.oval((0, h * 0.4, x * 0.5, h * 0.2), Finish(dark.color, "glass"), "pane")
        return
    sheet = _framed(f, "mirror", (w, h, d))
    sheet.rect((-x, x, 0, h), wall, "pane", strength=2.0, shade="fall")
    sheet.poly(((-x, 0), (-x, h * 0.2), (x, h * 0.3), (x, 0)), wall.dim(0.7), "pane")
    a = c.uniform(-0.7, 0.2) * x
    sheet.rect(
        (a, a + x * c.uniform(0.4, 0.8), h * 0.1, h * c.uniform(0.3, 0.6)),
        Finish(dark.color, "glass"),
        "pane",
    )
    if c.chance(0.4):
        sheet.rect(
            (-a - x * 0.3, -a + x * 0.1, h * 0.5, h * 0.85), Finish(c.light.sky[1], "glass"), "pane", glow=0.7
        )


def clock(f: Frame, w: float, _h: float, d: float) -> None:
    """Paint a clock: round, square, or without a face plate."""
    c, r = f.c, w / 2
    sheet, style = f.of("clock").front(d - 0.03), c.pick(("round", "round", "square", "star"))
    rim = finish(c, "plastic", "wood", "metal")
    if style == "square":
        sheet.rect((-r, r, 0, w), rim, "frame")
        sheet.rect((-r * 0.8, r * 0.8, w * 0.1, w * 0.9), PAGE, "body")
    elif style == "star":
        points = [
            (
                math.sin(math.pi * k / 8) * r * (1 if k % 2 else 0.55),
                r + math.cos(math.pi * k / 8) * r * (1 if k % 2 else 0.55),
            )
            for k in range(16)
        ]
        sheet.poly(points, rim, "frame")
        sheet.oval((0, r, r * 0.4, r * 0.4), PAGE, "body")
    else:
        sheet.oval((0, r, r, r), rim, "frame")
        sheet.oval((0, r, r * 0.8, r * 0.8), PAGE if c.chance(0.8) else CHARCOAL, "body")
    for length in (0.4, 0.62):
        turn = c.uniform(0, 2 * math.pi)
        sheet.line(
            ((0, r), (r * length * math.cos(turn), r + r * length * math.sin(turn))),
            r * 0.14,
            CHARCOAL,
            "hand",
        )


def blackboard(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a board with writing: black, green or white."""
    c = f.c
    sheet, x = _framed(f, "blackboard", (w, h, d)), w / 2
    board = Finish(c.tint((rgb("26332c"), rgb("2f4f40"), rgb("2a2c30"), rgb("eef0f0"))), "plastic")
    sheet.rect((-x, x, 0, h), board)
    ink = Finish(pal.WHITE if sum(board.color) < 1.5 else c.tint(pal.BRIGHTS), "paper")
    for k in range(c.pick((2, 3, 5))):
        a = c.uniform(-0.9, 0.0) * x
        v = h * (0.85 - 0.15 * k)
        sheet.rect((a, a + c.uniform(0.3, 0.9) * x, v - 0.03, v), ink, strength=2.0)
    f.of("blackboard").box((-x, x, -0.08, -0.04, d - 0.1, d), finish(c, "wood", "metal"), "rail")


def projector_screen(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a projector screen, mostly with something on it."""
    c = f.c
    sheet, x = f.of("projector screen").front(d - 0.04), w / 2
    sheet.rect((-x - 0.05, x + 0.05, h - 0.06, h + 0.04), finish(c, "white", "metal"), "rail")
    sheet.rect((-x, x, 0, h), BLACK, "frame")
    inner = (-x * 0.97, x * 0.97, h * 0.03, h * 0.95)
    lit = c.chance(0.6)
    sheet.rect(
        inner,
        Finish(pal.WHITE if not lit else mix(c.tint(pal.FABRICS), pal.WHITE, 0.5), "fabric"),
        "screen",
        glow=0.8 * lit,
    )
    if lit and c.chance(0.6):
        for k in range(3):
            sheet.rect(
                (-x * 0.8, x * c.uniform(-0.3, 0.7), h * (0.2 + 0.22 * k), h * (0.28 + 0.22 * k)),
                finish(c, "paper"),
                "screen",
                glow=0.7,
            )
    elif lit:
        view(sheet, inner, "screen")


def switch(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a light switch."""
    sheet = f.of("switch").front(d - 0.02)
    sheet.rect((-w / 2, w / 2, 0, h), WHITE)
    sheet.rect((-w * 0.25, w * 0.25, h * 0.25, h * 0.75), WHITE.dim(0.7), "knob")


def socket(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a socket."""
    sheet = f.of("socket").front(d - 0.02)
    sheet.rect((-w / 2, w / 2, 0, h), WHITE)
    sheet.oval((0, h / 2, w * 0.3, h * 0.3), WHITE.dim(0.55))


def radiator(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a radiator with ribs."""
    c, it = f.c, f.of("radiator")
    paint, x = finish(c, "white", "white", "metal"), w / 2
    it.box((-x, x, 0.1, h, 0, d), paint.dim(0.8), "body")
    count = max(4, round(w / 0.11))
    for k in range(count):
        a = -x + w * (k + 0.12) / count
        it.front(-0.003).rect((a, a + w * 0.76 / count, 0.12, h - 0.02), paint, "slat", shade="tube")


def towel(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a towel on its bar."""
    c, it, x = f.c, f.of("towel"), w / 2
    cloth = finish(c, "cloth", "linen")
    it.bar(((-x * 1.2, h, d / 2), (x * 1.2, h, d / 2)), 0.03, hardware(c), "rail")
    sheet = it.front(d / 2 - 0.02)
    sheet.rect((-x, x, 0, h), cloth, "cloth", shade="tube")
    for v in (0.14, 0.22):
        sheet.rect((-x, x, h * v, h * (v + 0.05)), cloth.mix(pal.WHITE, 0.5), "cloth")


def clothes_rail(f: Frame, w: float, h: float, d: float) -> None:
    """Paint clothes on hangers along a rail (w wide, h below the rail)."""
    c, x = f.c, w / 2
    f.of("hanger").bar(((-x, h, d / 2), (x, h, d / 2)), 0.035, hardware(c), "rail")
    a = -x + 0.06
    while a < x - 0.05:
        wide, long = c.uniform(0.06, 0.16), h * c.uniform(0.5, 0.9)
        garment(f.moved(a + wide / 2, h, d / 2 - 0.02), wide, long)
        a += wide * c.uniform(0.9, 1.3)


def garment(f: Frame, wide: float, long: float) -> None:
    """Paint a piece of clothing below its hanger, which hangs from the frame's origin."""
    c, cloth = f.c, finish(f.c, "cloth", "cloth", "linen", "leather")
    hook = f.of("hanger").front()
    hook.rect((-0.008, 0.008, -0.06, 0.02), hardware(c), "hook")
    sheet = f.of("clothes").front(-0.005)
    sheet.poly(
        ((-wide / 2, -0.1), (0, -0.05), (wide / 2, -0.1), (wide * 0.6, -long), (-wide * 0.6, -long)),
        cloth,
        "cloth",
        shade="tube",
    )


def coat_hooks(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a board of hooks with coats and hats on it."""
    c, x = f.c, w / 2
    board = f.of("hanger")
    board.front(d - 0.03).rect((-x, x, h - 0.1, h), finish(c, "wood", "painted"), "board")
    count = max(2, round(w / 0.28))
    for k in range(count):
        a = -x + w * (k + 0.5) / count
        board.bar(((a, h - 0.05, d - 0.03), (a, h - 0.03, d - 0.12)), 0.025, hardware(c), "hook")
        if c.chance(0.55):
            garment(f.moved(a, h - 0.02, d - 0.1), c.uniform(0.2, 0.34), h * c.uniform(0.6, 0.95))
        elif c.chance(0.5):
            hat(f.moved(a, h - 0.16, d - 0.14), 0.26, 0.16, 0.2)


def hat(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a hat with a brim, or a cap."""
    c, it, cloth = f.c, f.of("hat"), finish(f.c, "cloth", "wicker", "leather")
    if c.chance(0.7):
        it.lathe([(w / 2, 0), (w / 2, 0.02)], cloth.dim(0.9), "rim", (0, d / 2))
    it.lathe([(w * 0.32, 0.02), (w * 0.3, h * 0.7), (w * 0.15, h)], cloth, "cap", (0, d / 2))


def fireplace(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a fireplace, burning or cold."""
    c, it, x = f.c, f.of("fireplace"), w / 2
    stuff = finish(c, "stone", "marble", "wood", "white")
    if c.chance(0.3):
        stuff = Finish(c.tint(pal.FACADES), "brick")
    it.box((-x, x, 0, h - 0.08, 0.06, d), stuff, "body")
    it.box((-x - 0.08, x + 0.08, h - 0.08, h, 0, d), finish(c, "wood", "marble", "white"), "top")
    sheet = it.front(0.05)
    sheet.rect((-x * 0.6, x * 0.6, 0.02, h * 0.68), Finish(rgb("1c1917"), "brick"), "oven")
    if c.chance(0.6):
        for _ in range(3):
            flame = (c.uniform(-0.3, 0.3) * x, h * c.uniform(0.25, 0.5))
            base = flame[0]
            sheet.poly(
                ((base - 0.1, 0.06), flame, (base + 0.1, 0.06)),
                Finish(c.tint((rgb("ff9a3c"), rgb("ffcf5f"), rgb("f0602a"))), "glass"),
                "flame",
                glow=1.0,
            )
    for a in (-0.2, 0.1):
        sheet.rect((a - 0.12, a + 0.16, 0.03, 0.1), Finish(rgb("6f452c"), "wood"))


def rug(f: Frame, w: float, _h: float, d: float) -> None:
    """Paint a rug on the floor: bordered, striped, plain or round."""
    c, it = f.c, f.of("rug")
    stuff = finish(c, "carpet", "carpet", "cloth", "leather")
    style, x = c.pick(("bordered", "striped", "plain", "round", "hide")), w / 2
    sheet = it.top(0.01)
    if style == "round":
        it.disc(min(w, d) / 2, 0.01, stuff, "cloth", (0, d / 2), shade="flat")
        it.disc(min(w, d) * 0.38, 0.012, finish(c, "carpet"), "cloth", (0, d / 2), shade="flat")
        return
    if style == "hide":
        turns = [(2 * math.pi * k / 16, 1.0 if k % 4 == 2 else c.uniform(0.66, 0.8)) for k in range(16)]
        hide = [(x * r * math.cos(t), d / 2 * (1 + r * math.sin(t))) for t, r in turns]
        sheet.poly(hide, Finish(c.tint((*pal.HAIRS, pal.CREAM)), "hair"), "cloth", shade="flat")
        return
    sheet.rect((-x, x, 0, d), stuff, "cloth", shade="flat")
    if style == "bordered":
        for inset in (0.1, 0.2):
            sheet.rect((-x + inset, x - inset, inset, d - inset), finish(c, "carpet"), "cloth", shade="flat")
    elif style == "striped":
        tone = finish(c, "carpet")
        for k in range(4):
            sheet.rect((-x, x, d * (k + 0.2) / 4, d * (k + 0.6) / 4), tone, "cloth", shade="flat")


WALL_THINGS = {
    "painting": Thing(painting, (0.35, 1.1), (0.35, 0.85), FLAT, y=(1.3, 1.6)),
    "poster": Thing(poster, (0.3, 0.6), (0.4, 0.85), FLAT, y=(1.1, 1.5)),
    "mirror": Thing(mirror, (0.4, 0.9), (0.6, 1.0), FLAT, y=(1.0, 1.3)),
    "clock": Thing(clock, (0.26, 0.4), (0.26, 0.4), FLAT, y=(1.8, 2.1)),
    "blackboard": Thing(blackboard, (1.6, 3.0), (0.95, 1.2), FLAT, y=(0.85, 1.0)),
    "projector screen": Thing(projector_screen, (1.7, 2.6), (1.2, 1.5), FLAT, y=(0.85, 1.05)),
    "switch": Thing(switch, (0.08, 0.09), (0.08, 0.12), FLAT, y=(1.05, 1.15)),
    "socket": Thing(socket, (0.08, 0.15), (0.08, 0.08), FLAT, y=(0.25, 0.35)),
    "radiator": Thing(radiator, (0.7, 1.3), (0.5, 0.7), (0.1, 0.14), top=1.0),
    "towel": Thing(towel, (0.35, 0.6), (0.45, 0.75), (0.08, 0.1), y=(0.8, 1.1)),
    "clothes rail": Thing(clothes_rail, (0.9, 1.8), (0.9, 1.2), (0.4, 0.5), y=(0.65, 0.9)),
    "coat hooks": Thing(coat_hooks, (0.6, 1.3), (0.9, 1.1), (0.1, 0.14), y=(0.7, 0.85)),
    "hat": Thing(hat, (0.26, 0.34), (0.12, 0.18), (0.26, 0.34)),
    "fireplace": Thing(fireplace, (1.2, 1.7), (1.05, 1.25), (0.3, 0.45), top=1.0),
    "rug": Thing(rug, (1.4, 2.6), (0.01, 0.01), (1.0, 1.8)),
}
