"""Beds of every kind, and what lies on them."""

from __future__ import annotations

from unitscope.world.finishes import STEEL, finish
from unitscope.world.seats import legs
from unitscope.world.space import Block, Finish, Frame, Solid
from unitscope.world.thing import Thing

BEDS = ("panel", "bars", "padded", "plain", "footed")


def _head(it: Solid, style: str, size: tuple[float, float, float], stuff: Finish) -> list[Block]:
    """Return the headboard, (width, height, distance), of a style."""
    w, h, d = size
    x = w / 2
    if style == "plain":
        return []
    if style != "bars":
        pad = finish(it.c, "cloth", "leather") if style == "padded" else stuff
        return [Block((-x, x, 0.1, h, d - 0.08, d), pad, "headboard")]
    posts = [Block((a, a + 0.05, 0, h, d - 0.06, d), stuff, "headboard") for a in (-x, x - 0.05)]
    rails = [Block((-x, x, h * 0.9, h * 0.97, d - 0.05, d - 0.01), stuff, "headboard")]
    count = max(3, round(w / 0.28))
    return (
        posts
        + rails
        + [
            Block((b, b + 0.03, 0.3, h * 0.9, d - 0.045, d - 0.015), stuff, "headboard")
            for b in (-x + w * (k + 1) / (count + 1) for k in range(count))
        ]
    )


def bed(f: Frame, w: float, h: float, d: float, *, name: str = "bed") -> None:
    """Paint a bed with its head at the back."""
    c, it = f.c, f.of(name)
    style, stuff = c.pick(BEDS), finish(c, "wood", "painted", "metal")
    sheet, cover = finish(c, "linen", "linen", "cloth"), finish(c, "cloth")
    top, x = c.uniform(0.46, 0.6), w / 2
    f.shadow(w * 0.6, d * 0.55, d / 2, 0.6)
    blocks = _head(it, style, (w + 0.08, h, d), stuff)
    if style == "footed":
        blocks.append(Block((-x - 0.03, x + 0.03, 0.08, top + 0.12, -0.06, 0), stuff, "frame"))
    blocks += [
        Block((-x, x, 0.12, top - 0.22, 0, d - 0.08), stuff.dim(0.85), "frame"),
        Block((-x, x, top - 0.22, top, 0, d - 0.08), sheet, "mattress"),
    ]
    it.boxes(blocks)
    count = 2 if w > 1.25 else 1
    for k in range(count):
        place = (-x + w * (k + 0.5) / count, top, d - 0.38)
        pillow(f.moved(*place), w / count * 0.8, 0.14, 0.32, stuff=sheet.dim(1.02))
    _cover(it, (w, top, d), cover, sheet)
    if c.chance(0.35):
        cushion(f.moved(c.uniform(-0.3, 0.3) * w, top + 0.03, d - 0.62), 0.4, 0.3, 0.12)


def _cover(it: Solid, size: tuple[float, float, float], cover: Finish, sheet: Finish) -> None:
    """Spread a blanket over a mattress, tidy with a folded edge, short, or pushed aside."""
    c, (w, top, d) = it.c, size
    x, fold = w / 2, d * c.uniform(0.45, 0.74)
    hang = c.uniform(0.12, top - 0.15)
    if c.chance(0.2):
        slant = c.uniform(0.15, 0.4) * c.pick((-1, 1))
        corners = (
            (-x, top + 0.03, -0.02),
            (-x, top + 0.03, fold * (1 - slant)),
            (x, top + 0.03, fold * (1 + slant)),
            (x, top + 0.03, -0.02),
        )
        it.poly(corners, cover, "blanket", shade="ball")
        return
    it.box((-x - 0.02, x + 0.02, hang, top + 0.04, -0.02, fold), cover, "blanket")
    if c.chance(0.7):
        it.top(top + 0.045).rect(
            (-x - 0.02, x + 0.02, fold - 0.16, fold), sheet.mix(cover.color, 0.2), "blanket"
        )
    if c.chance(0.3):
        throw = finish(c, "cloth")
        it.box((-x - 0.03, x + 0.03, hang + 0.05, top + 0.05, fold * 0.12, fold * 0.4), throw, "blanket")


def pillow(
    f: Frame, w: float, h: float, d: float, *, stuff: Finish | None = None, name: str = "pillow"
) -> None:
    """Paint a pillow that leans back."""
    cloth, x = stuff or finish(f.c, "linen", "cloth"), w / 2
    top = ((-x * 0.94, h * 1.3, d * 0.7), (0, h * 1.2, d * 0.7), (x * 0.94, h * 1.3, d * 0.7))
    f.of(name).poly(((-x, 0.02, 0), *top, (x, 0.02, 0), (0, 0.05, 0)), cloth, "cloth", shade="ball")


def cushion(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a cushion."""
    c = f.c
    cloth = finish(c, "cloth", "cloth", "leather")
    pillow(f, w, h * 0.8, d, stuff=cloth, name="cushion")
    if c.chance(0.4):
        x = w / 2
        stripe = (
            (-x * 0.5, h * 0.28, d * 0.1),
            (-x * 0.5, h * 0.85, d * 0.5),
            (x * 0.5, h * 0.85, d * 0.5),
            (x * 0.5, h * 0.28, d * 0.1),
        )
        f.of("cushion").poly(stripe, finish(c, "cloth"), "cloth")


def crib(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a crib: a cot with bars all around."""
    c, it = f.c, f.of("crib")
    stuff, x = finish(c, "wood", "white", "painted"), w / 2
    f.shadow(w * 0.55, d * 0.6, d / 2)
    step = 0.13
    bars = [
        Block((a, a + 0.04, 0, h, e, e + 0.04), stuff, "post") for a in (-x, x - 0.04) for e in (0, d - 0.04)
    ]
    bars.append(
        Block(
            (-x + 0.04, x - 0.04, h * 0.32, h * 0.45, 0.04, d - 0.04), finish(c, "linen", "cloth"), "mattress"
        )
    )
    for e in (0.01, d - 0.03):
        bars += [Block((-x, x, b, b + 0.04, e, e + 0.02), stuff, "rail") for b in (h * 0.25, h * 0.9)]
        bars += [
            Block((-x + step * k, -x + step * k + 0.018, h * 0.28, h * 0.92, e, e + 0.015), stuff, "slat")
            for k in range(1, int(w / step))
        ]
    for a in (-x, x - 0.03):
        bars += [Block((a, a + 0.03, b, b + 0.04, 0, d), stuff, "rail") for b in (h * 0.25, h * 0.9)]
    it.boxes(bars)


def bunk_bed(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a bunk bed with a ladder; its long side is the front."""
    c, it = f.c, f.of("bunk bed")
    stuff, x = finish(c, "wood", "painted", "metal"), w / 2
    f.shadow(w * 0.55, d * 0.6, d / 2)
    blocks = [
        Block((a, a + 0.07, 0, h, e, e + 0.07), stuff.dim(0.9), "post")
        for a in (-x, x - 0.07)
        for e in (0, d - 0.07)
    ]
    for level in (0.3, h * 0.68):
        blocks.append(Block((-x, x, level, level + 0.12, 0, d), stuff, "frame"))
        blocks.append(
            Block(
                (-x + 0.07, x - 0.07, level + 0.12, level + 0.24, 0.03, d - 0.03),
                finish(c, "linen"),
                "mattress",
            )
        )
        blocks.append(
            Block(
                (-x + 0.07, x * c.uniform(0.2, 0.5), level + 0.24, level + 0.3, 0.0, d - 0.02),
                finish(c, "cloth"),
                "blanket",
            )
        )
    blocks.append(Block((-x, x, h - 0.07, h, 0, 0.04), stuff, "rail"))
    it.boxes(blocks)
    a = x * c.pick((-0.7, 0.7))
    for e in (a - 0.18, a + 0.18):
        it.bar(((e, 0, -0.12), (e, h, -0.02)), 0.05, stuff.dim(1.05), "post")
    for k in range(1, 5):
        it.bar(((a - 0.18, h * k / 5, -0.1), (a + 0.18, h * k / 5, -0.1)), 0.04, stuff, "rung")


def hospital_bed(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a bed on wheels with rails and a raised back."""
    c, it = f.c, f.of("bed")
    sheet, cover, x = finish(c, "linen"), finish(c, "linen", "cloth"), w / 2
    shell = finish(c, "white", "wood", "plastic")
    f.shadow(w * 0.6, d * 0.55, d / 2)
    blocks = legs((w * 0.9, 0.4, d), 0.05, STEEL)
    blocks.append(Block((-x, x, 0.38, 0.48, 0, d), STEEL, "frame"))
    blocks.append(Block((-x, x, 0.48, 0.64, 0.05, d * 0.62), sheet, "mattress"))
    blocks += [
        Block((-x, x, 0.4, h, d - 0.05, d), shell, "headboard"),
        Block((-x, x, 0.4, h * 0.8, -0.04, 0), shell, "frame"),
    ]
    it.boxes(blocks)
    rise = c.uniform(0.1, 0.4)
    slope = ((-x, 0.64, d * 0.6), (-x, 0.64 + rise, d - 0.08), (x, 0.64 + rise, d - 0.08), (x, 0.64, d * 0.6))
    it.poly(slope, sheet, "mattress")
    pillow(f.moved(0, 0.6 + rise, d - 0.4), w * 0.7, 0.14, 0.3, stuff=sheet)
    it.box((-x - 0.01, x + 0.01, 0.46, 0.68, 0.05, d * c.uniform(0.45, 0.6)), cover, "blanket")
    for a in (-x - 0.03, x + 0.03):
        for b in (0.66, 0.84):
            it.bar(((a, b, d * 0.35), (a, b, d * 0.8)), 0.03, STEEL, "rail")
        for e in (0.35, 0.57, 0.8):
            it.bar(((a, 0.48, d * e), (a, 0.86, d * e)), 0.025, STEEL, "rail")


BED_THINGS = {
    "bed": Thing(bed, (1.3, 1.8), (0.9, 1.35), (1.9, 2.1), top=0.5),
    "single bed": Thing(bed, (0.85, 1.0), (0.8, 1.15), (1.8, 2.0), top=0.52),
    "crib": Thing(crib, (1.1, 1.3), (0.85, 1.05), (0.6, 0.7)),
    "bunk bed": Thing(bunk_bed, (1.8, 2.0), (1.6, 1.8), (0.8, 0.95)),
    "hospital bed": Thing(hospital_bed, (0.85, 0.95), (0.95, 1.1), (1.9, 2.05)),
    "cushion": Thing(cushion, (0.36, 0.5), (0.3, 0.42), (0.12, 0.2)),
    "pillow": Thing(pillow, (0.45, 0.65), (0.14, 0.2), (0.3, 0.36)),
}
