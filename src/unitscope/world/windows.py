"""Windows with what is seen through them, curtains and blinds; doors."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.finishes import finish, hardware
from unitscope.world.palette import dim, mix
from unitscope.world.space import Finish, Frame, Sheet
from unitscope.world.thing import Thing

VIEWS = ("hills", "trees", "houses", "sea", "sky", "snow")


def view(sheet: Sheet, box: tuple[float, float, float, float], part: str, *, painted: bool = False) -> None:
    """Paint a view outdoors: through the pane of a window, or on the paper of a painting."""
    c, (u0, u1, v0, v1) = sheet.solid.c, box
    wide, tall, material = u1 - u0, v1 - v0, "paper" if painted else "glass"
    high, low = c.light.sky
    glow = 0.0 if painted else 1.0
    dark = 1.0 if painted else {"night": 0.25}.get("night" if sum(low) < 1.1 else "", 0.9)
    sheet.rect(box, Finish(high, material), part, end=low, glow=glow, shade="flat")
    kind = c.pick(VIEWS)
    level = v0 + tall * c.uniform(0.25, 0.5)

    def land(tones: tuple[pal.RGB, ...], points: list[tuple[float, float]]) -> None:
        tone = Finish(dim(c.tint(tones), dark), material)
        sheet.poly([(u0, v0), *points, (u1, v0)], tone, part, glow=glow * 0.85)

    if kind in ("hills", "snow"):
        tones = pal.SNOWS if kind == "snow" else pal.MEADOWS
        peak = (u0 + wide * c.uniform(0.25, 0.75), level + tall * c.uniform(0.1, 0.35))
        land(tones, [(u0, level - tall * 0.1), peak, (u1, level - tall * 0.15)])
        land(pal.GREENS, [(u0, level - tall * 0.12), (u1, level - tall * 0.2)])
    elif kind == "sea":
        land(pal.WATERS, [(u0, level), (u1, level)])
        land(pal.SANDS, [(u0, level - tall * 0.2), (u1, level - tall * 0.1)])
    elif kind == "houses":
        for k in range(3):
            a, b = u0 + wide * (k + 0.05) / 3, u0 + wide * (k + c.uniform(0.75, 1.0)) / 3
            top = level + tall * c.uniform(0.0, 0.3)
            tone = Finish(dim(c.tint(pal.FACADES), dark), material)
            sheet.rect((a, b, v0, top), tone, part, glow=glow * 0.85)
    elif kind == "trees":
        land(pal.MEADOWS, [(u0, level - tall * 0.15), (u1, level - tall * 0.15)])
        for _ in range(3):
            leaf = Finish(dim(c.tint(pal.GREENS), dark), material)
            size = tall * c.uniform(0.12, 0.24)
            crown = (u0 + wide * c.uniform(0.15, 0.85), level, min(size, wide * 0.15), size)
            sheet.oval(crown, leaf, part, glow=glow * 0.85, shade="ball")


WINDOWS = ("cross", "halves", "single", "sash", "arched")


def window(f: Frame, w: float, h: float, d: float, *, style: str = "", dress: str = "any") -> None:
    """Paint a window with its frame and view, and before it curtains or a blind."""
    c, it = f.c, f.of("window")
    style, stuff = style or c.pick(WINDOWS), finish(c, "white", "white", "wood", "painted", "metal")
    sheet, x, edge = it.front(d - 0.02), w / 2, 0.06
    if not sheet.visible:
        return
    sheet.rect((-x - edge, x + edge, -edge, h + edge), stuff, "frame", strength=0.3)
    if style == "arched":
        sheet.oval((0, h, x + edge, x * 0.6 + edge), stuff, "frame", strength=0.3)
        sheet.oval((0, h, x, x * 0.6), Finish(c.light.sky[0], "glass"), "pane", glow=1.0)
    view(sheet, (-x, x, 0, h), "pane")
    bars = {
        "cross": ((0.5,), (0.55,)),
        "halves": ((0.5,), ()),
        "single": ((), ()),
        "sash": ((), (0.5,)),
        "arched": ((0.33, 0.67), (0.4,)),
    }
    for share in bars[style][0]:
        sheet.rect((-x + w * share - 0.02, -x + w * share + 0.02, 0, h), stuff, "frame", strength=0.3)
    for share in bars[style][1]:
        sheet.rect((-x, x, h * share - 0.02, h * share + 0.02), stuff, "frame", strength=0.3)
    if style != "arched":
        it.box((-x - 0.1, x + 0.1, -edge - 0.03, -edge, d - 0.14, d), stuff, "frame", strength=0.3)
    dress_window(
        f,
        (w, h, d),
        c.pick(("curtains", "curtains", "blind", "roller", "none", "none", "one"))
        if dress == "any"
        else dress,
    )


def dress_window(f: Frame, size: tuple[float, float, float], kind: str) -> None:
    """Hang curtains, a blind of slats or a roller blind before a window."""
    c, (w, h, d) = f.c, size
    x = w / 2
    if kind in ("curtains", "one"):
        drop, open_to = -c.uniform(0.05, min(0.9, f.y - 0.05)), c.uniform(0.45, 0.95)
        cloth, thin = finish(c, "cloth", "cloth", "linen"), c.uniform(0.06, 0.12)
        sides = ((-x - 0.2, -x * open_to), (x * open_to, x + 0.2))
        for a, b in sides if kind == "curtains" else (c.pick(sides),):
            curtain(f.moved(0, 0, d - 0.12), (a, b, drop, h + 0.1), cloth, thin)
        f.of("curtain").bar(
            ((-x - 0.25, h + 0.12, d - 0.12), (x + 0.25, h + 0.12, d - 0.12)), 0.025, hardware(c), "rail"
        )
    elif kind == "blind":
        sheet, slat, low = (
            f.of("blind").front(d - 0.06),
            finish(c, "white", "wood", "metal"),
            h * c.uniform(0.0, 0.6),
        )
        step = max(0.07, 2.4 / 112 / f.metre(0, d))
        for k in range(int((h - low) / step)):
            sheet.rect((-x, x, h - step * (k + 0.62), h - step * k), slat.dim(0.95 + 0.08 * (k % 2)), "slat")
    elif kind == "roller":
        sheet = f.of("blind").front(d - 0.06)
        sheet.rect((-x, x, h * c.uniform(0.3, 0.8), h + 0.02), finish(c, "linen", "cloth"), "cloth")


def curtain(f: Frame, box: tuple[float, float, float, float], cloth: Finish, fold: float = 0.1) -> None:
    """Paint a curtain in folds over (a0, a1, b0, b1)."""
    a0, a1, b0, b1 = box
    sheet, count = f.of("curtain").front(), min(9, max(2, round((a1 - a0) / fold)))
    banded = f.c.chance(0.2)
    for k in range(count):
        part = (a0 + (a1 - a0) * k / count, a0 + (a1 - a0) * (k + 1) / count)
        tone = cloth.dim(1.06 if k % 2 else 0.86)
        sheet.rect((*part, b0, b1), tone, "cloth", shade="tube")
        if banded:
            sheet.rect((*part, b0 + 0.08, b0 + 0.2), tone.mix(pal.WHITE, 0.5), "cloth", shade="tube")


def shower_curtain(f: Frame, w: float, h: float, _d: float) -> None:
    """Paint a curtain on a rail of its own."""
    c = f.c
    f.of("curtain").bar(((-w / 2, h, 0), (w / 2, h, 0)), 0.025, hardware(c), "rail")
    curtain(f, (-w / 2, w / 2 * c.uniform(-0.4, 0.9), 0.25, h), finish(c, "cloth", "linen"), 0.12)


DOORS = ("panels", "flat", "glazed", "planks", "louvre", "open")


def door(f: Frame, w: float, h: float, d: float, *, style: str = "", stuff: Finish | None = None) -> None:
    """Paint a door in its frame."""
    c, it = f.c, f.of("door")
    style, wood = style or c.pick(DOORS), stuff or finish(c, "wood", "wood", "painted", "white")
    sheet, x = it.front(d - 0.015), w / 2
    if not sheet.visible:
        return
    sheet.rect(
        (-x - 0.07, x + 0.07, 0, h + 0.07),
        wood.mix(pal.WHITE, c.uniform(0, 0.7)),
        "frame",
        turned=True,
        strength=0.4,
    )
    if style == "open":
        hall = Finish(mix(c.tint(pal.WALLS), pal.BLACK, c.uniform(0.15, 0.6)), "plaster")
        sheet.rect((-x, x, 0, h), hall, shade="fall")
        return
    sheet.rect((-x, x, 0, h), wood, "body", turned=True)
    inner = (-x * 0.66, x * 0.66)
    if style == "panels":
        for low, high in ((0.06, 0.42), (0.5, 0.93)):
            sheet.rect((*inner, h * low, h * high), wood.dim(0.84), "body", turned=True, shade="sink")
    elif style == "glazed":
        sheet.rect(
            (*inner, h * c.pick((0.1, 0.45)), h * 0.93), finish(c, "glass").dim(0.85), "pane", strength=2.0
        )
    elif style in ("planks", "louvre"):
        for k in range(1, 5 if style == "planks" else 9):
            line = (
                (-x + w * k / 5 - 0.008, -x + w * k / 5 + 0.008, 0, h)
                if style == "planks"
                else (*inner, h * (0.05 + 0.1 * k), h * (0.09 + 0.1 * k))
            )
            sheet.rect(line, wood.dim(0.72), "slat")
    knob = x * c.pick((-0.82, 0.82))
    sheet.rect((knob - 0.03, knob + 0.03, h * 0.48, h * 0.51), hardware(c), "knob")


OPENINGS = {
    "window": Thing(window, (0.7, 1.6), (0.9, 1.4), (0.16, 0.16), y=(0.85, 1.1)),
    "high window": Thing(window, (0.6, 1.1), (0.5, 0.8), (0.16, 0.16), y=(1.35, 1.55)),
    "door": Thing(door, (0.8, 0.95), (1.98, 2.1), (0.05, 0.05), y=(0.0, 0.0)),
    "shower curtain": Thing(shower_curtain, (1.0, 1.5), (1.9, 2.0), (0.05, 0.05)),
}
