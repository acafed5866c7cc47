"""Tables, desks, counters and what else things are put on."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.finishes import STEEL, finish, hardware
from unitscope.world.sanitary import basin
from unitscope.world.seats import legs
from unitscope.world.space import Block, Finish, Frame
from unitscope.world.storage import fronts
from unitscope.world.thing import Thing


def table(
    f: Frame,
    w: float,
    h: float,
    d: float,
    *,
    name: str = "table",
    style: str = "",
    stuff: Finish | None = None,
) -> None:
    """Paint a table on four legs, on trestles, on panels, or round on one foot."""
    c, it = f.c, f.of(name)
    style = style or c.pick(("legs", "legs", "thin", "panels", "round"))
    top = stuff or finish(c, "wood", "wood", "painted", "white", "glass", "marble")
    frame = finish(c, "wood", "metal") if top.material in ("glass", "marble") else top
    f.shadow(w * 0.48, d * 0.5, d / 2, 0.25)
    if style == "round":
        y = d / 2
        it.lathe([(w * 0.3, 0), (0.05, 0.06), (0.04, h - 0.03)], frame, "leg", (0, y))
        it.lathe([(w / 2, h - 0.04), (w / 2, h - 0.005)], top.dim(0.8), "top", (0, y))
        it.disc(w / 2, h, top.mix(pal.WHITE, 0.12), "top", (0, y))
        return
    if style == "panels":
        blocks = [
            Block((a, a + 0.05, 0, h - 0.04, 0.03, d - 0.03), frame.dim(0.85), "leg")
            for a in (-w / 2 + 0.04, w / 2 - 0.09)
        ]
    else:
        thin = style == "thin"
        blocks = legs((w, h - 0.04, d), 0.03 if thin else 0.065, STEEL if thin else frame, 0.03)
    if style == "legs":
        blocks.append(
            Block((-w / 2 + 0.06, w / 2 - 0.06, h - 0.12, h - 0.04, 0.05, d - 0.05), frame.dim(0.8), "frame")
        )
    it.boxes([*blocks, Block((-w / 2, w / 2, h - 0.045, h, 0, d), top, "top")])


def desk(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a desk, mostly with drawers at one side."""
    c = f.c
    stuff = finish(c, "wood", "painted", "white")
    style = c.pick(("legs", "thin", "panels"))
    if c.chance(0.6):
        a = c.pick((-w / 2 + 0.05, w / 2 - 0.47))
        box = f.of("desk")
        box.box((a, a + 0.42, 0.04, h - 0.05, 0.04, d - 0.04), stuff.dim(0.95), "body")
        fronts(box.front(0.035, a, 0.04), (0.42, h - 0.1), (1, 3), stuff)
    table(f, w, h, d, name="desk", style=style, stuff=stuff)


def school_desk(f: Frame, w: float, h: float, d: float, *, stuff: Finish | None = None) -> None:
    """Paint a plain desk of a classroom."""
    table(f, w, h, d, name="desk", style=f.c.pick(("thin", "thin", "panels")), stuff=stuff)


def counter(
    f: Frame, w: float, h: float, d: float, *, name: str = "counter", stuff: Finish | None = None
) -> None:
    """Paint a counter: a closed front below a slab that stands out."""
    c, it = f.c, f.of(name)
    front, slab = (
        stuff or finish(c, "wood", "painted", "stone", "marble", "white"),
        finish(c, "wood", "stone", "marble"),
    )
    x = w / 2
    f.shadow(w * 0.52, 0.2, 0.0)
    it.box((-x, x, 0, h - 0.05, 0.06, d), front, "body")
    sheet, panels = it.front(0.055), max(2, round(w / 0.7))
    if c.chance(0.6):
        for k in range(panels):
            a, b = -x + w * (k + 0.08) / panels, -x + w * (k + 0.92) / panels
            sheet.rect((a, b, 0.12, h - 0.14), front.dim(0.88), "body")
    if name == "bar" and c.chance(0.6):
        it.bar(((-x, 0.2, 0), (x, 0.2, 0)), 0.04, hardware(c), "rail")
    it.box((-x - 0.03, x + 0.03, h - 0.05, h, 0, d + 0.02), slab, "top")


def bar(f: Frame, w: float, h: float, d: float) -> None:
    """Paint the counter of a bar."""
    counter(f, w, h, d, name="bar")


def kitchen_unit(
    f: Frame, w: float, h: float, d: float, *, stuff: Finish, slab: Finish, style: str = "panel"
) -> None:
    """Paint a stretch of fitted cabinets below a worktop."""
    it, columns = f.of("cabinet"), max(1, round(w / 0.55))
    it.box((-w / 2, w / 2, 0.08, h - 0.04, 0.03, d), stuff, "body")
    rows = f.c.pick((1, 1, 2, 3))
    fronts(it.front(0.025, -w / 2, 0.1), (w, h - 0.16), (columns, rows), stuff, style)
    f.of("counter").box((-w / 2, w / 2, h - 0.04, h, 0, d), slab, "top")


def kitchen_sink(
    f: Frame, w: float, h: float, d: float, *, stuff: Finish, slab: Finish, style: str = "panel"
) -> None:
    """Paint a fitted cabinet with a sink in its worktop."""
    kitchen_unit(f, w, h, d, stuff=stuff, slab=slab, style=style)
    basin(f.moved(0.0, h, 0.02), w * 0.75, d * 0.95, finish(f.c, "steel", "white"))


def pedestal(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a pedestal."""
    c, it = f.c, f.of("pedestal")
    stuff = finish(c, "stone", "marble", "white", "wood", "painted")
    f.shadow(w * 0.7, d * 0.6, d / 2)
    if c.chance(0.35):
        profile = [(w / 2, 0), (w * 0.36, h * 0.12), (w * 0.3, h * 0.85), (w / 2, h)]
        it.lathe(profile, stuff, "body", (0, d / 2))
        it.disc(w / 2, h, stuff.dim(1.1), "top", (0, d / 2))
        return
    x = w / 2
    it.boxes(
        [
            Block((-x, x, 0, h * 0.1, 0, d), stuff.dim(0.9), "base"),
            Block((-x * 0.8, x * 0.8, h * 0.1, h * 0.92, d * 0.1, d * 0.9), stuff, "body"),
            Block((-x, x, h * 0.92, h, 0, d), stuff, "top"),
        ]
    )


def altar(f: Frame, w: float, h: float, d: float) -> None:
    """Paint an altar with its cloth."""
    c, it = f.c, f.of("altar")
    stuff, cloth = finish(c, "stone", "marble", "wood"), finish(c, "linen", "cloth")
    x = w / 2
    it.box((-x * 1.15, x * 1.15, 0, h * 0.12, -0.15, d + 0.1), stuff.dim(0.85), "base")
    it.box((-x, x, h * 0.12, h, 0, d), stuff, "body")
    it.top(h + 0.005).rect((-x, x, 0, d), cloth, "cloth")
    it.front(-0.01).rect((-x * 0.4, x * 0.4, h * 0.35, h), cloth, "cloth")


TABLES = {
    "table": Thing(table, (1.3, 2.1), (0.7, 0.78), (0.8, 1.0), top=1.0),
    "small table": Thing(table, (0.65, 0.9), (0.68, 0.78), (0.65, 0.9), top=1.0),
    "low table": Thing(table, (0.8, 1.3), (0.34, 0.46), (0.5, 0.75), top=1.0),
    "side table": Thing(table, (0.4, 0.55), (0.45, 0.65), (0.4, 0.5), top=1.0),
    "desk": Thing(desk, (1.2, 1.9), (0.7, 0.78), (0.6, 0.8), top=1.0),
    "school desk": Thing(school_desk, (0.7, 1.2), (0.66, 0.76), (0.45, 0.55), top=1.0),
    "counter": Thing(counter, (1.6, 3.0), (0.95, 1.1), (0.55, 0.7), top=1.0),
    "bar": Thing(bar, (2.2, 3.4), (1.02, 1.15), (0.5, 0.6), top=1.0),
    "kitchen unit": Thing(kitchen_unit, (0.5, 0.9), (0.86, 0.94), (0.6, 0.6), top=1.0),
    "kitchen sink": Thing(kitchen_sink, (0.6, 0.9), (0.86, 0.94), (0.6, 0.6), top=1.0),
    "pedestal": Thing(pedestal, (0.35, 0.6), (0.7, 1.1), (0.35, 0.6), top=1.0),
    "altar": Thing(altar, (1.6, 2.4), (0.95, 1.1), (0.7, 0.9), top=1.0),
}
