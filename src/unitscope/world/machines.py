"""Screens, computers and household machines."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.finishes import BLACK, CHARCOAL, PAGE, STEEL, finish, hardware
from unitscope.world.palette import rgb
from unitscope.world.space import Finish, Frame, Sheet
from unitscope.world.storage import cabinet
from unitscope.world.thing import Thing
from unitscope.world.windows import view

DARK_GLASS = Finish(rgb("20242c"), "glass")


def show(sheet: Sheet, box: tuple[float, float, float, float], *, on: bool) -> None:
    """Paint what a screen shows: a view, rows of text, or nothing."""
    c, (u0, u1, v0, v1) = sheet.solid.c, box
    if not on:
        sheet.rect(box, DARK_GLASS, "screen", strength=2.0, end=rgb("3a4048"))
        return
    if c.chance(0.4):
        view(sheet, box, "screen")
        return
    first = Finish(c.tint((*pal.FABRICS, pal.WHITE)), "glass")
    sheet.rect(box, first.mix(pal.WHITE, 0.3), "screen", glow=0.9)
    for k in range(3):
        v = v0 + (v1 - v0) * (0.18 + 0.26 * k)
        sheet.rect(
            (u0 + 0.03, u1 - (u1 - u0) * c.uniform(0.1, 0.6), v, v + (v1 - v0) * 0.1),
            first.dim(0.6),
            "screen",
            glow=0.9,
        )


def television(f: Frame, w: float, h: float, _d: float) -> None:
    """Paint a television: flat on a foot or legs, or an old one with a deep box and knobs."""
    c, it, x = f.c, f.of("television"), w / 2
    shell, style = (
        finish(c, "metal", "plastic") if c.chance(0.35) else BLACK,
        c.pick(("foot", "legs", "old", "slab")),
    )
    low = {"foot": 0.08, "legs": 0.05}.get(style, 0.0)
    if style == "old":
        it.box((-x, x, 0, h, 0, 0.4), finish(c, "wood", "plastic"), "body")
        sheet = it.front(-0.004)
        show(sheet, (-x * 0.9, x * 0.5, h * 0.1, h * 0.9), on=c.chance(0.5))
        for v in (0.7, 0.45):
            sheet.oval((x * 0.74, h * v, 0.05, 0.05), STEEL, "dial")
        return
    if style == "foot":
        it.box((-x * 0.35, x * 0.35, 0, 0.02, 0.0, 0.2), shell, "base")
        it.box((-0.05, 0.05, 0.02, 0.1, 0.08, 0.12), shell, "post")
    for a in (-x * 0.7, x * 0.7) if style == "legs" else ():
        it.bar(((a, low, 0.1), (a, 0, 0.0)), 0.02, shell, "leg")
    it.box((-x, x, low, h, 0.08, 0.13), shell, "frame")
    show(it.front(0.075), (-x + 0.03, x - 0.03, low + 0.03, h - 0.03), on=c.chance(0.6))


def wall_television(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a flat television on the wall."""
    it, x = f.of("television"), w / 2
    it.box((-x, x, 0, h, 0, d), BLACK, "frame")
    show(it.front(-0.004), (-x + 0.03, x - 0.03, 0.03, h - 0.03), on=f.c.chance(0.6))


def computer(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a screen on its foot, a keyboard, and sometimes a mouse and a box beside."""
    c, it, x = f.c, f.of("computer"), w / 2
    shell = finish(c, "plastic", "metal", "white")
    it.box((-0.12, 0.12, 0, 0.02, d - 0.2, d - 0.04), shell, "base")
    it.box((-0.03, 0.03, 0.02, 0.14, d - 0.12, d - 0.09), shell, "post")
    it.box((-x, x, 0.12, h, d - 0.15, d - 0.11), shell, "frame")
    show(it.front(d - 0.155), (-x + 0.025, x - 0.025, 0.15, h - 0.03), on=c.chance(0.7))
    keys = it.top(0.015)
    keys.rect((-0.21, 0.21, 0, 0.15), finish(c, "plastic", "white"), "keyboard")
    for v in (0.03, 0.07, 0.11):
        keys.rect((-0.19, 0.19, v, v + 0.02), CHARCOAL.dim(1.5), "key")
    if c.chance(0.6):
        it.ball((0.3, 0.02, 0.07), (0.035, 0.025), finish(c, "plastic", "white"))


def laptop(f: Frame, w: float, h: float, d: float) -> None:
    """Paint an open laptop."""
    c, it, x = f.c, f.of("laptop"), w / 2
    shell = finish(c, "metal", "plastic")
    it.box((-x, x, 0, 0.02, 0, d), shell, "base")
    it.top(0.024).rect((-x * 0.88, x * 0.88, d * 0.35, d * 0.9), CHARCOAL, "keyboard")
    sheet = it.front(d)
    sheet.rect((-x, x, 0.02, h), shell.dim(0.8), "frame")
    show(sheet, (-x + 0.015, x - 0.015, 0.04, h - 0.02), on=c.chance(0.75))
    if not sheet.visible:
        it.box((-x, x, 0.02, h, d - 0.015, d), shell, "lid")


def printer(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a printer with paper in it."""
    c, it, x = f.c, f.of("printer"), w / 2
    shell = finish(c, "white", "plastic", "metal")
    f.of("paper").poly(
        ((-x * 0.6, h, d * 0.7), (-x * 0.6, h + 0.16, d), (x * 0.6, h + 0.16, d), (x * 0.6, h, d * 0.7)), PAGE
    )
    it.box((-x, x, 0, h, 0, d), shell, "body")
    it.front(-0.004).rect((-x * 0.7, x * 0.7, h * 0.25, h * 0.45), CHARCOAL, "drawer")
    it.front(-0.004).rect((x * 0.4, x * 0.85, h * 0.65, h * 0.85), DARK_GLASS, "screen")


def telephone(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a telephone with its receiver across."""
    c, it, x = f.c, f.of("telephone"), w / 2
    shell = finish(c, "plastic")
    it.box((-x, x, 0, h * 0.6, 0, d), shell, "body")
    it.top(h * 0.6 + 0.004).oval((0, d * 0.4, x * 0.5, d * 0.25), PAGE, "dial")
    it.bar(((-x * 1.1, h, d * 0.75), (x * 1.1, h, d * 0.75)), h * 0.35, shell.dim(0.75), "handle")


def paper(f: Frame, w: float, _h: float, d: float) -> None:
    """Paint sheets of paper."""
    it = f.of("paper")
    for shift in (0.0, 0.04):
        it.top(0.006 + shift * 0.05).rect(
            (-w / 2 + shift, w / 2 + shift, shift, d + shift), PAGE.dim(1 - shift)
        )


def book(f: Frame, w: float, _h: float, d: float) -> None:
    """Paint books: a lying pile, an open one, or a standing row."""
    c, it, x = f.c, f.of("book"), w / 2
    style = c.pick(("pile", "open", "row"))
    if style == "open":
        it.box((-x, x, 0, 0.02, 0, d), finish(c, "cloth"), "spine")
        for a, b in ((-x * 0.95, -0.005), (0.005, x * 0.95)):
            it.top(0.03).rect((a, b, d * 0.06, d * 0.94), PAGE)
    elif style == "pile":
        for k in range(c.pick((1, 2, 3, 4))):
            shift = c.uniform(-0.02, 0.02)
            it.box(
                (-x * 0.8 + shift, x * 0.8 + shift, 0.035 * k, 0.035 * k + 0.032, 0, d),
                finish(c, "paper", "cloth"),
                "spine",
            )
    else:
        for k in range(c.pick((3, 4, 6))):
            it.box(
                (-x + 0.04 * k, -x + 0.04 * k + 0.036, 0, c.uniform(0.18, 0.26), 0.02, d),
                finish(c, "paper", "cloth"),
                "spine",
            )


def speaker(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a loudspeaker."""
    c, it, x = f.c, f.of("speaker"), w / 2
    shell = BLACK if c.chance(0.5) else finish(c, "wood", "plastic")
    f.shadow(w * 0.6, d * 0.6, d / 2)
    it.box((-x, x, 0, h, 0, d), shell, "body")
    sheet = it.front(-0.004)
    for v, r in ((0.3, 0.36), (0.72, 0.24)):
        sheet.oval((0, h * v, w * r, min(w * r, h * 0.24)), CHARCOAL.dim(0.7), "rim")
        sheet.oval((0, h * v, w * r * 0.5, min(w * r, h * 0.24) * 0.5), STEEL, "cap")


def washing_machine(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a washing machine with its round door."""
    c, it, x = f.c, f.of("washing machine"), w / 2
    shell = finish(c, "white", "white", "steel", "plastic")
    f.shadow(w * 0.55, d * 0.6, d / 2)
    it.box((-x, x, 0, h, 0, d), Finish(shell.color, "metal"), "body")
    sheet = it.front(-0.005)
    sheet.rect((-x * 0.9, x * 0.9, h * 0.84, h * 0.96), shell.dim(0.85), "frame")
    sheet.oval((x * 0.6, h * 0.9, 0.035, 0.035), CHARCOAL, "dial")
    sheet.rect((-x * 0.85, -x * 0.3, h * 0.86, h * 0.94), shell.dim(0.7), "drawer")
    sheet.oval((0, h * 0.45, x * 0.66, x * 0.66), STEEL, "rim")
    sheet.oval((0, h * 0.45, x * 0.5, x * 0.5), DARK_GLASS, "door", strength=2.0)
    if c.chance(0.5):
        sheet.oval((0.02, h * 0.4, x * 0.34, x * 0.24), finish(c, "cloth"), "door")


def dishwasher(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a dishwasher."""
    c, it, x = f.c, f.of("dishwasher"), w / 2
    shell = finish(c, "steel", "white")
    it.box((-x, x, 0.06, h, 0, d), shell, "body")
    sheet = it.front(-0.005)
    sheet.rect((-x * 0.94, x * 0.94, 0.1, h * 0.84), shell.mix(pal.WHITE, 0.15), "door")
    sheet.rect((-x * 0.94, x * 0.94, h * 0.86, h * 0.97), CHARCOAL, "frame")
    sheet.rect((-x * 0.6, x * 0.6, h * 0.76, h * 0.79), hardware(c), "handle")


def stove(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a stove: with rings, with a glass top, or an old range."""
    c, it, x = f.c, f.of("stove"), w / 2
    shell = Finish(finish(c, "white", "steel", "plastic").color, "metal")
    it.box((-x, x, 0, h, 0, d), shell, "body")
    sheet, style = it.front(-0.005), c.pick(("rings", "glass", "range"))
    sheet.rect(
        (-x * 0.82, x * 0.82, h * 0.2, h * 0.66),
        Finish(rgb("24272c"), "glass"),
        "oven",
        end=rgb("4a4e55"),
        strength=2.0,
    )
    sheet.rect((-x * 0.8, x * 0.8, h * 0.7, h * 0.73), hardware(c), "handle")
    for k in range(4):
        sheet.oval((x * (-0.66 + 0.44 * k), h * 0.84, 0.035, 0.035), CHARCOAL, "knob")
    top = it.top(h + 0.005)
    if style == "glass":
        top.rect((-x * 0.95, x * 0.95, d * 0.08, d * 0.95), DARK_GLASS, "top")
    for a in (-0.5, 0.5):
        for e in (0.3, 0.72):
            top.oval(
                (a * x, d * e, 0.1, 0.09),
                DARK_GLASS.mix((0.6, 0.2, 0.1), 0.3) if style == "glass" else CHARCOAL.dim(0.6),
                "burner",
            )
    if style == "range":
        it.box((-x, x, h, h + 0.2, d - 0.05, d), shell.dim(0.95), "back")


def hood(f: Frame, w: float, h: float, d: float) -> None:
    """Paint an extractor hood with its flue."""
    c, it, x = f.c, f.of("hood"), w / 2
    steel = finish(c, "steel", "white", "metal")
    it.box((-0.14, 0.14, h * 0.4, h, d - 0.28, d), steel, "body")
    if c.chance(0.5):
        slope = ((-x, 0.08, 0), (-0.14, h * 0.42, d - 0.28), (0.14, h * 0.42, d - 0.28), (x, 0.08, 0))
        it.poly(slope, steel.dim(0.92), "body")
    it.box((-x, x, 0, 0.09, 0, d), steel, "frame")


def microwave(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a microwave."""
    c, it, x = f.c, f.of("microwave"), w / 2
    it.box((-x, x, 0, h, 0, d), finish(c, "steel", "white", "plastic"), "body")
    sheet = it.front(-0.004)
    sheet.rect((-x * 0.88, x * 0.4, h * 0.14, h * 0.86), DARK_GLASS, "door", strength=2.0)
    sheet.rect((x * 0.55, x * 0.9, h * 0.6, h * 0.82), Finish(rgb("6fae7f"), "glass"), "screen", glow=0.5)
    for v in (0.2, 0.4):
        sheet.rect((x * 0.58, x * 0.86, h * v, h * (v + 0.12)), CHARCOAL, "key")


def refrigerator(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a refrigerator: two doors one above the other, side by side, or a single one; notes on it."""
    c, it, x = f.c, f.of("refrigerator"), w / 2
    paint = Finish(finish(c, "white", "steel", "plastic", "painted").color, "metal")
    f.shadow(w * 0.55, d * 0.5, d / 2)
    it.box((-x, x, 0.03, h, 0, d), paint, "body", strength=0.5)
    sheet, style = it.front(-0.006), c.pick(("top", "low", "sides", "single"))
    split = {"top": 0.68, "low": 0.36}.get(style, 1.0)
    doors = [(-x, x, 0.05, h * split)] + ([(-x, x, h * split, h)] if split < 1 else [])
    if style == "sides":
        doors = [(-x, -x * 0.1, 0.05, h), (-x * 0.1, x, 0.05, h)]
    for a, b, low, high in doors:
        sheet.rect(
            (a + 0.015, b - 0.015, low + 0.015, high - 0.015),
            paint.mix(pal.WHITE, 0.14),
            "door",
            shade="tube",
            strength=0.5,
        )
        u = b - 0.09 if style == "sides" and a < -0.5 * x else a + 0.05
        sheet.rect((u, u + 0.035, low + (high - low) * 0.3, low + (high - low) * 0.75), hardware(c), "handle")
    for _ in range(c.pick((0, 0, 1, 3))):
        u, v = c.uniform(-0.4, 0.6) * x, h * c.uniform(0.5, 0.85)
        f.of("paper").front(-0.01).rect((u, u + 0.1, v, v + 0.13), finish(c, "paper"))


def cash_register(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a cash register."""
    c, it, x = f.c, f.of("cash register"), w / 2
    shell = finish(c, "plastic", "metal")
    it.box((-x, x, 0, h * 0.45, 0, d), shell, "body")
    it.poly(
        ((-x, h * 0.45, 0.02), (-x, h * 0.8, d), (x, h * 0.8, d), (x, h * 0.45, 0.02)),
        shell.dim(0.8),
        "keyboard",
    )
    it.box((-x * 0.5, x * 0.5, h * 0.8, h, d * 0.7, d), BLACK, "screen")


def shelf_of_television(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a low cabinet with a television on it."""
    cabinet(f, w, h, d)
    width = w * f.c.uniform(0.6, 0.85)
    television(f.moved(0, h, d * 0.25), width, width * f.c.uniform(0.55, 0.65), 0.2)


def fish_tank(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a fish tank."""
    c, it, x = f.c, f.of("fish tank"), w / 2
    it.box((-x, x, 0, h, 0, d), Finish(rgb("4f9aa8"), "water"), "pane", glow=0.4)
    sheet = it.front(-0.004)
    for _ in range(4):
        sheet.oval(
            (c.uniform(-0.8, 0.8) * x, h * c.uniform(0.3, 0.8), 0.035, 0.02),
            Finish(c.tint(pal.BRIGHTS), "plastic"),
        )
    sheet.rect((-x, x, 0, h * 0.14), Finish(c.tint(pal.SANDS), "sand"))
    sheet.rect((-x, x, h * 0.93, h), CHARCOAL, "frame")


MACHINES = {
    "television": Thing(television, (0.7, 1.2), (0.45, 0.7), (0.2, 0.2)),
    "wall television": Thing(wall_television, (0.8, 1.4), (0.5, 0.8), (0.05, 0.06), y=(1.0, 1.5)),
    "television cabinet": Thing(shelf_of_television, (1.1, 1.8), (0.42, 0.6), (0.38, 0.48)),
    "computer": Thing(computer, (0.48, 0.66), (0.44, 0.54), (0.45, 0.5)),
    "laptop": Thing(laptop, (0.32, 0.38), (0.22, 0.26), (0.24, 0.26)),
    "printer": Thing(printer, (0.38, 0.5), (0.2, 0.32), (0.32, 0.4)),
    "telephone": Thing(telephone, (0.18, 0.22), (0.09, 0.12), (0.18, 0.2)),
    "paper": Thing(paper, (0.2, 0.24), (0.01, 0.01), (0.26, 0.3)),
    "book": Thing(book, (0.24, 0.32), (0.06, 0.26), (0.18, 0.22)),
    "speaker": Thing(speaker, (0.22, 0.36), (0.4, 1.1), (0.25, 0.35)),
    "washing machine": Thing(washing_machine, (0.58, 0.66), (0.84, 0.92), (0.55, 0.62), top=1.0),
    "dishwasher": Thing(dishwasher, (0.58, 0.62), (0.84, 0.9), (0.58, 0.6), top=1.0),
    "stove": Thing(stove, (0.58, 0.8), (0.86, 0.92), (0.58, 0.62), top=1.0),
    "hood": Thing(hood, (0.6, 0.85), (0.8, 1.0), (0.4, 0.48), y=(1.55, 1.65)),
    "microwave": Thing(microwave, (0.45, 0.52), (0.26, 0.3), (0.32, 0.38)),
    "refrigerator": Thing(refrigerator, (0.6, 0.9), (1.5, 1.9), (0.6, 0.68)),
    "cash register": Thing(cash_register, (0.3, 0.4), (0.28, 0.36), (0.3, 0.36)),
    "fish tank": Thing(fish_tank, (0.5, 0.9), (0.32, 0.45), (0.28, 0.34)),
}
