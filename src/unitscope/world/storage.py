"""Cabinets, shelves and what stands in them; boxes, baskets, suitcases."""

from __future__ import annotations

from unitscope.world.finishes import PAGE, finish, hardware
from unitscope.world.seats import legs
from unitscope.world.space import Block, Finish, Frame, Sheet, Solid
from unitscope.world.thing import Thing

FRONTS = ("panel", "flat", "glass", "louvre")


def fronts(
    sheet: Sheet, size: tuple[float, float], grid: tuple[int, int], stuff: Finish, style: str = ""
) -> None:
    """Paint doors or drawers in columns and rows over (width, height) of a sheet."""
    if not sheet.visible:
        return
    c, (w, h), (columns, rows) = sheet.solid.c, size, grid
    style, metal = style or c.pick(FRONTS), hardware(c)
    part, bar, gap = "drawer" if rows > 1 else "door", c.chance(0.5), 0.018
    for i in range(columns):
        for j in range(rows):
            u0, u1 = w * i / columns + gap, w * (i + 1) / columns - gap
            v0, v1 = h * j / rows + gap, h * (j + 1) / rows - gap
            sheet.rect((u0, u1, v0, v1), stuff.dim(0.9), part)
            if rows == 1:
                _filling(sheet, (u0, u1, v0, v1), stuff, style)
            knob = (
                ((u0 + u1) / 2, v1 - 0.06)
                if rows > 1
                else (u1 - 0.05 if i % 2 == 0 else u0 + 0.05, v0 + (v1 - v0) * (0.75 if h < 1.2 else 0.5))
            )
            _handle(sheet, knob, metal, bar=bar, level=rows > 1)


def _filling(sheet: Sheet, box: tuple[float, float, float, float], stuff: Finish, style: str) -> None:
    u0, u1, v0, v1 = box
    inset = min(0.07, (u1 - u0) * 0.18)
    inner = (u0 + inset, u1 - inset, v0 + inset, v1 - inset)
    if style == "panel":
        sheet.rect(inner, stuff.dim(0.78), "door", shade="sink")
    elif style == "glass":
        sheet.rect(inner, finish(sheet.solid.c, "glass").dim(0.75), "pane", strength=2.0)
    elif style == "louvre":
        for k in range(4):
            low = inner[2] + (inner[3] - inner[2]) * k / 4
            sheet.rect((*inner[:2], low, low + (inner[3] - inner[2]) / 9), stuff.dim(0.7), "slat")


def _handle(sheet: Sheet, place: tuple[float, float], metal: Finish, *, bar: bool, level: bool) -> None:
    u, v = place
    if not bar:
        sheet.rect((u - 0.018, u + 0.018, v - 0.018, v + 0.018), metal, "knob", shade="ball")
    elif level:
        sheet.rect((u - 0.08, u + 0.08, v - 0.01, v + 0.012), metal, "handle")
    else:
        sheet.rect((u - 0.011, u + 0.011, v - 0.09, v + 0.09), metal, "handle")


def cabinet(
    f: Frame,
    w: float,
    h: float,
    d: float,
    *,
    name: str = "cabinet",
    rows: int = 0,
    stuff: Finish | None = None,
    style: str = "",
) -> None:
    """Paint a cabinet with doors, drawers or both, on feet or on the floor."""
    c, it = f.c, f.of(name)
    stuff = stuff or finish(c, "wood", "wood", "painted", "white")
    foot = 0.12 if h < 1.2 and f.y < 0.5 and c.chance(0.35) else 0.0
    if f.y < 0.5:
        f.shadow(w * 0.55, d * 0.6, d / 2)
    if foot:
        it.boxes(legs((w, foot, d), 0.05, finish(c, "wood", "metal")))
    it.box((-w / 2, w / 2, foot, h, 0.02, d), stuff, "body")
    it.box((-w / 2 - 0.015, w / 2 + 0.015, h - 0.03, h, 0, d), stuff.dim(1.04), "top")
    columns = max(1, round(w / c.uniform(0.42, 0.62)))
    rows = rows or (c.pick((1, 1, 2, 3, 4)) if h > 0.5 else c.pick((1, 2)))
    fronts(it.front(0.015, -w / 2, foot), (w, h - foot - 0.03), (columns, rows), stuff, style)


def wardrobe(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a wardrobe with tall doors."""
    cabinet(f, w, h, d, name="wardrobe", rows=1)


def night_table(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a night table with drawers."""
    cabinet(f, w, h, d, name="night table", rows=f.c.pick((1, 2)))


GOODS = ("books", "books", "books", "boxes", "jars", "toys", "pots", "mixed")


def shelf(
    f: Frame, w: float, h: float, d: float, *, goods: str = "", stuff: Finish | None = None, style: str = ""
) -> None:
    """Paint a shelf: a closed case, an open rack, or boards between posts."""
    c, it = f.c, f.of("shelf")
    stuff = stuff or finish(c, "wood", "wood", "painted", "white", "metal")
    style = style or ("rack" if stuff.material == "metal" else c.pick(("case", "case", "open")))
    goods = goods or c.pick(GOODS)
    rows = max(1, round(h / c.uniform(0.36, 0.46)))
    x, step = w / 2, h / rows
    if f.y < 0.5:
        f.shadow(w * 0.55, d * 0.6, d / 2)
    if style == "case":
        it.box((-x, x, 0, h, d - 0.02, d), stuff.dim(0.55), "back")
    side = 0.035
    blocks = [
        Block((a, a + side, 0, h, 0 if style == "case" else d * 0.4, d), stuff.dim(0.9), "post")
        for a in (-x, x - side)
    ]
    front = it.frame.eye[2] < 0
    for block in blocks:
        it.box(block.space, block.finish, block.part)
    for k in sorted(range(rows + 1), key=lambda k: -abs(k * step - it.frame.eye[1])):
        it.box(
            (-x + side, x - side, k * step * 0.985, k * step * 0.985 + 0.03, 0.01, d - 0.02), stuff, "board"
        )
        if k < rows and front and c.chance(0.92):
            stock(f, (-x + side, x - side, k * step + 0.03, (k + 1) * step - 0.02, d * 0.2), goods)


def stock(f: Frame, place: tuple[float, float, float, float, float], goods: str) -> None:
    """Fill one board, (a0, a1, b0, b1, d), with goods, or with a mixture of them."""
    c = f.c
    kind = c.pick(("books", "boxes", "jars", "toys", "pots")) if goods == "mixed" or c.chance(0.12) else goods
    a0, a1, b0, b1, d = place
    pixel = 2.8 / 112 / f.metre(0.0, d)
    name, materials, (thin, thick), (low, high), gap = _STOCK[kind]
    it, sheet = f.of(name), None
    sheet = it.front(d)
    a, stop = a0 + c.uniform(0.0, 0.1), a1 - c.uniform(0.0, 0.25) * (a1 - a0)
    while a < stop:
        wide = min(max(pixel, c.uniform(thin, thick)), stop - a)
        tall = min((b1 - b0) * c.uniform(low, high), 0.34 if kind != "clothes" else 1.0)
        _piece(it, sheet, kind, (a, a + wide, b0, b0 + tall), finish(c, *materials))
        a += wide + gap * c.uniform(0.2, 1.5)
        if c.chance(0.06):
            a += thick


_STOCK: dict[str, tuple[str, tuple[str, ...], tuple[float, float], tuple[float, float], float]] = {
    "books": ("book", ("paper", "cloth"), (0.03, 0.06), (0.62, 0.95), 0.0),
    "boxes": ("box", ("cardboard", "painted", "cloth"), (0.16, 0.3), (0.45, 0.85), 0.04),
    "jars": ("jar", ("clay", "glass", "bottle"), (0.09, 0.13), (0.4, 0.7), 0.04),
    "bottles": ("bottle", ("bottle",), (0.08, 0.09), (0.7, 0.95), 0.03),
    "cartons": ("carton", ("paper",), (0.1, 0.18), (0.6, 0.9), 0.012),
    "toys": ("toy", ("plastic",), (0.12, 0.22), (0.35, 0.7), 0.07),
    "pots": ("vase", ("clay",), (0.12, 0.2), (0.45, 0.85), 0.12),
    "shoes": ("shoe", ("leather", "cloth"), (0.12, 0.16), (0.3, 0.45), 0.06),
    "bread": ("bread", ("bread",), (0.16, 0.28), (0.3, 0.5), 0.04),
    "fruit": ("fruit", ("fruit",), (0.1, 0.14), (0.3, 0.4), 0.01),
    "clothes": ("clothes", ("cloth",), (0.2, 0.3), (0.25, 0.55), 0.04),
    "towels": ("towel", ("cloth", "linen"), (0.25, 0.35), (0.3, 0.6), 0.06),
    "tools": ("tool", ("metal", "plastic"), (0.08, 0.2), (0.3, 0.7), 0.06),
}


def _piece(it: Solid, sheet: Sheet, kind: str, box: tuple[float, float, float, float], stuff: Finish) -> None:
    """Paint one piece of goods seen from the front."""
    u0, u1, v0, v1 = box
    wide, tall = u1 - u0, v1 - v0
    if kind == "books":
        sheet.rect(box, stuff, "spine", shade="tube")
    elif kind in ("boxes", "cartons", "clothes", "towels"):
        sheet.rect(box, stuff, "body" if kind in ("boxes", "cartons") else "cloth")
        if kind != "clothes" and it.frame.metre() > 0.2:
            sheet.rect(
                (u0 + wide * 0.2, u1 - wide * 0.2, v0 + tall * 0.35, v0 + tall * 0.7),
                PAGE if kind == "boxes" else stuff.mix((1, 1, 1), 0.6),
                "label",
            )
    elif kind in ("jars", "bottles", "pots"):
        inset, low, high = wide * (0.12 if kind == "jars" else 0.35), v0 + tall * 0.6, v0 + tall * 0.78
        left = ((u0, v0), (u0, low), (u0 + inset, high), (u0 + inset, v1))
        right = ((u1 - inset, v1), (u1 - inset, high), (u1, low), (u1, v0))
        sheet.poly((*left, *right), stuff, "body", shade="tube")
        if kind == "jars" and it.frame.metre() > 0.2:
            sheet.rect((u0 + wide * 0.1, u1 - wide * 0.1, v0 + tall * 0.82, v1), stuff.dim(0.6), "lid")
    elif kind == "shoes":
        sheet.poly(((u0, v0), (u0, v1), (u0 + wide * 0.4, v1), (u1, v0 + tall * 0.4), (u1, v0)), stuff)
    else:
        sheet.oval(((u0 + u1) / 2, (v0 + v1) / 2, wide / 2, tall / 2), stuff, shade="ball")


def box(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a box, closed or open, with a label or a strip of tape."""
    c, it = f.c, f.of("box")
    stuff, x = finish(c, "cardboard", "cardboard", "cardboard", "painted", "plastic"), w / 2
    f.shadow(w * 0.6, d * 0.6, d / 2)
    it.box((-x, x, 0, h, 0, d), stuff, "body")
    if c.chance(0.4):
        it.top(h + 0.004).rect((-x * 0.86, x * 0.86, d * 0.08, d * 0.92), stuff.dim(0.4), "body")
        flap = ((-x, h, 0), (x, h, 0), (x * 1.1, h - 0.1, -0.1), (-x * 1.1, h - 0.1, -0.1))
        it.poly(flap, stuff.dim(1.08), "lid")
    else:
        it.top(h + 0.004).rect((-x, x, d * 0.42, d * 0.58), stuff.mix((1, 0.95, 0.8), 0.5), "lid")
        it.front(-0.004).rect((-x * 0.5, x * 0.3, h * 0.3, h * 0.6), PAGE, "label")


def basket(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a basket, sometimes with clothes or toys in it."""
    c, it = f.c, f.of("basket")
    stuff, place = finish(c, "wicker", "wicker", "plastic"), (0.0, d / 2)
    f.shadow(w * 0.6, w * 0.5, d / 2)
    it.lathe([(w * 0.4, 0), (w * 0.5, h)], stuff, "body", place, grain=0.5)
    it.disc(w * 0.5, h, stuff.dim(0.45), "rim", place)
    if c.chance(0.6):
        name, kind = c.pick(
            (("clothes", "cloth"), ("toy", "plastic"), ("towel", "linen"), ("bread", "bread"))
        )
        inside = f.of(name)
        for a in (-0.22, 0.2, 0.0):
            inside.ball((a * w, h, d / 2), (w * 0.25, h * 0.22), finish(c, kind))
    it.lathe([(w * 0.48, h * 0.86), (w * 0.5, h * 0.98)], stuff.dim(1.08), "rim", place, grain=0.5)


def suitcase(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a suitcase that stands, with its handle."""
    c, it = f.c, f.of("suitcase")
    stuff, x = finish(c, "leather", "plastic", "cloth"), w / 2
    f.shadow(w * 0.6, d * 0.7, d / 2)
    it.bar(((-0.07, h, d / 2), (-0.07, h + 0.08, d / 2)), 0.025, hardware(c), "handle")
    it.bar(((0.07, h, d / 2), (0.07, h + 0.08, d / 2)), 0.025, hardware(c), "handle")
    it.bar(((-0.08, h + 0.08, d / 2), (0.08, h + 0.08, d / 2)), 0.03, stuff.dim(0.6), "handle")
    it.box((-x, x, 0.03, h, 0, d), stuff, "body")
    sheet = it.front(-0.004)
    for u in (-0.6, 0.6):
        sheet.rect((u * x - 0.02, u * x + 0.02, 0.03, h), stuff.dim(0.6), "strap")


def trash_can(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a trash can, with a lid or full of paper."""
    c, it = f.c, f.of("trash can")
    stuff, place = finish(c, "metal", "plastic", "wicker"), (0.0, d / 2)
    f.shadow(w * 0.6, w * 0.5, d / 2)
    it.lathe([(w * 0.38, 0), (w * 0.5, h)], stuff, "body", place)
    if c.chance(0.5):
        it.lathe([(w * 0.52, h), (w * 0.45, h + 0.05), (0.02, h + 0.08)], stuff.dim(0.75), "lid", place)
    else:
        it.disc(w * 0.5, h, stuff.dim(0.35), "rim", place)
        f.of("paper").ball((0.02, h, d / 2), (w * 0.25, 0.05), PAGE)


STORAGE = {
    "cabinet": Thing(cabinet, (0.7, 1.6), (0.6, 1.1), (0.4, 0.5), top=1.0),
    "low cabinet": Thing(cabinet, (1.1, 1.9), (0.42, 0.6), (0.38, 0.48), top=1.0),
    "tall cabinet": Thing(cabinet, (0.6, 1.1), (1.3, 2.0), (0.4, 0.5)),
    "file cabinet": Thing(cabinet, (0.42, 0.5), (0.9, 1.35), (0.5, 0.6), top=1.0),
    "hung cabinet": Thing(cabinet, (0.6, 1.6), (0.5, 0.75), (0.3, 0.36), y=(1.4, 1.55)),
    "wardrobe": Thing(wardrobe, (0.9, 1.8), (1.9, 2.25), (0.55, 0.62)),
    "night table": Thing(night_table, (0.4, 0.55), (0.45, 0.62), (0.35, 0.45), top=1.0),
    "shelf": Thing(shelf, (0.7, 1.4), (1.3, 2.2), (0.28, 0.38)),
    "low shelf": Thing(shelf, (0.8, 1.5), (0.7, 1.0), (0.3, 0.38), top=1.0),
    "wall shelf": Thing(shelf, (0.6, 1.1), (0.3, 0.7), (0.2, 0.26), y=(1.3, 1.6)),
    "box": Thing(box, (0.3, 0.55), (0.22, 0.45), (0.28, 0.45), top=1.0),
    "basket": Thing(basket, (0.35, 0.5), (0.28, 0.5), (0.35, 0.5)),
    "suitcase": Thing(suitcase, (0.42, 0.6), (0.5, 0.72), (0.2, 0.28)),
    "trash can": Thing(trash_can, (0.26, 0.36), (0.3, 0.6), (0.26, 0.36)),
}
