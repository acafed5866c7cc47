"""Things to sit on: chairs, stools, sofas, benches and pews, each in several designs."""

from __future__ import annotations

from unitscope.world.finishes import BLACK, STEEL, finish
from unitscope.world.space import Block, Finish, Frame, Solid
from unitscope.world.thing import Thing

CHAIRS = ("ladder", "padded", "shell", "spindle", "panel", "armed")


def legs(size: tuple[float, float, float], thick: float, stuff: Finish, inset: float = 0.0) -> list[Block]:
    """Return four legs below (width, height, depth)."""
    w, h, d = size
    left, right, near, far = -w / 2 + inset, w / 2 - inset - thick, inset, d - inset - thick
    return [
        Block((a, a + thick, 0, h, e, e + thick), stuff.dim(0.85), "leg")
        for a in (left, right)
        for e in (near, far)
    ]


def chair(f: Frame, w: float, h: float, d: float, *, style: str = "", stuff: Finish | None = None) -> None:
    """Paint a chair; a set of chairs shares style and stuff."""
    c, it = f.c, f.of("chair")
    style = style or c.pick(CHAIRS)
    frame = stuff or finish(c, "wood", "wood", "painted", "metal", "plastic")
    soft = style in ("padded", "armed")
    pad = finish(c, "cloth", "leather") if soft else frame
    f.shadow(w * 0.75, d * 0.7, d / 2)
    level, x = h * 0.47, w / 2
    if style == "shell":
        shell_chair(it, (w, h, d), frame)
        return
    blocks = legs((w, level - 0.03, d), 0.035 if frame.material == "metal" else 0.05, frame)
    blocks.append(Block((-x, x, level - 0.04, level + (0.05 if soft else 0.01), 0, d), pad, "seat"))
    blocks += _backs(style, (w, h, d), frame, pad)
    if style == "armed":
        for a in (-x, x - 0.05):
            blocks.append(Block((a, a + 0.05, level + 0.2, level + 0.25, 0.05, d - 0.07), frame, "armrest"))
            blocks.append(Block((a, a + 0.05, level + 0.06, level + 0.2, 0.06, 0.1), frame, "armrest"))
    it.boxes(blocks)


def _backs(style: str, size: tuple[float, float, float], frame: Finish, pad: Finish) -> list[Block]:
    """Return the back of a chair."""
    (w, h, d), x = size, size[0] / 2
    level, near, far = h * 0.5, d - 0.05, d
    if style in ("padded", "armed", "panel"):
        low = level + (0.05 if style == "panel" else 0.0)
        return [Block((-x, x, low, h, near, far), pad, "back")]
    posts = [Block((a, a + 0.045, level, h, near, far), frame, "back") for a in (-x, x - 0.045)]
    if style == "ladder":
        rails = [(0.62, 0.72), (0.84, 0.97)]
        bars = [(-x + 0.045, x - 0.045, h * low, h * high) for low, high in rails]
    else:
        step = (w - 0.09) / 3
        bars = [
            (-x + 0.045 + step * (k + 0.4), -x + 0.065 + step * (k + 0.4), level, h * 0.9) for k in range(3)
        ]
        bars.append((-x + 0.045, x - 0.045, h * 0.88, h))
    return posts + [Block((*bar, near + 0.005, far - 0.005), frame.dim(0.94), "slat") for bar in bars]


def shell_chair(it: Solid, size: tuple[float, float, float], shell: Finish) -> None:
    """Paint a moulded seat on thin legs."""
    w, h, d = size
    level, x = h * 0.5, w / 2
    for a in (-x + 0.03, x - 0.03):
        for e in (d - 0.03, 0.03):
            it.bar(((a * 0.8, level, d / 2), (a, 0, e)), 0.025, STEEL, "leg")
    seat = [Block((-x, x, level - 0.03, level + 0.03, 0, d), shell, "seat")]
    it.boxes([*seat, Block((-x, x, level + 0.12, h, d - 0.05, d), shell, "back")], shade="ball")


def swivel_chair(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a chair on castors."""
    c, it = f.c, f.of("chair")
    pad, y = finish(c, "cloth", "leather", "plastic"), d / 2
    f.shadow(w * 0.7, w * 0.6, y)
    reach = w * 0.55
    for a, e in ((-1, 0.5), (1, 0.5), (-0.7, -0.7), (0.7, -0.7), (0, 1.1)):
        it.bar(((0, 0.1, y), (a * reach, 0.05, y + e * reach)), 0.04, STEEL, "leg")
        it.ball((a * reach, 0.03, y + e * reach), 0.03, BLACK, "wheel")
    it.bar(((0, 0.08, y), (0, h * 0.42, y)), 0.05, STEEL, "post")
    x = w / 2
    blocks = [Block((-x, x, h * 0.42, h * 0.5, 0, d), pad, "seat")]
    high = c.uniform(0.8, 1.0) * h
    blocks.append(Block((-x * 0.88, x * 0.88, h * 0.56, high, d - 0.08, d), pad.dim(1.04), "back"))
    if c.chance(0.5):
        rest = (h * 0.62, h * 0.65, d * 0.2, d * 0.85)
        blocks += [Block((a, a + 0.05, *rest), BLACK, "armrest") for a in (-x, x - 0.05)]
    it.boxes(blocks, shade="ball")


def stool(f: Frame, w: float, h: float, d: float, *, style: str = "", stuff: Finish | None = None) -> None:
    """Paint a stool: on four legs, on one post, or a block."""
    c, it = f.c, f.of("stool")
    style, frame = style or c.pick(("legs", "post", "box")), stuff or finish(c, "wood", "metal", "painted")
    pad = finish(c, "leather", "cloth", "wood", "plastic")
    f.shadow(w * 0.7, w * 0.6, d / 2)
    if style == "post":
        it.lathe([(w * 0.45, 0), (w * 0.4, 0.03)], STEEL, "base", (0, d / 2))
        it.bar(((0, 0.03, d / 2), (0, h - 0.05, d / 2)), 0.05, STEEL, "post")
        it.lathe([(w / 2, h - 0.09), (w / 2, h - 0.01)], pad, "seat", (0, d / 2))
        it.disc(w / 2, h - 0.01, pad.dim(1.1), "seat", (0, d / 2))
        return
    if style == "box":
        it.box((-w / 2, w / 2, 0, h, 0, d), pad, "seat", shade="ball")
        return
    blocks = legs((w, h - 0.05, d), 0.04, frame)
    blocks.append(Block((-w / 2, w / 2, h * 0.3, h * 0.3 + 0.03, d * 0.1, d * 0.16), frame, "rung"))
    it.boxes([*blocks, Block((-w / 2, w / 2, h - 0.06, h, 0, d), pad, "seat")])


SOFAS = ("boxy", "rolled", "slim", "buttoned")


def sofa(f: Frame, w: float, h: float, d: float, *, name: str = "sofa") -> None:
    """Paint a sofa or armchair."""
    c, it = f.c, f.of(name)
    style, cloth = c.pick(SOFAS), finish(c, "cloth", "cloth", "leather")
    f.shadow(w * 0.56, d * 0.6, d / 2, 0.6)
    arm = 0.08 if style == "slim" else c.uniform(0.14, 0.24)
    low = 0.16 if style == "slim" else 0.05
    seats = max(1, round((w - 2 * arm) / 0.65))
    x, top, rest = w / 2, h * 0.5, d * 0.72
    blocks = [Block((-x, x, low, h, rest + 0.06, d), cloth.dim(0.92), "back")]
    blocks.append(Block((-x + arm, x - arm, low, top - 0.13, 0.02, rest), cloth.dim(0.85), "seat"))
    step = (w - 2 * arm) / seats
    for k in range(seats):
        a = -x + arm + k * step
        blocks.append(Block((a + 0.01, a + step - 0.01, top - 0.13, top, 0, rest - 0.08), cloth, "seat"))
        pad = (a + 0.01, a + step - 0.01, top, h * 0.95, rest - 0.1, rest + 0.06)
        blocks.append(Block(pad, cloth.dim(1.04), "back"))
    side = finish(c, "wood", "metal") if style == "slim" else cloth.dim(1.03)
    blocks += [Block((a, a + arm, low, h * 0.72, 0, rest + 0.05), side, "armrest") for a in (-x, x - arm)]
    if low > 0.1:
        blocks += legs((w, low, d), 0.05, finish(c, "wood", "metal"))
    it.boxes(blocks, shade="ball" if style in ("boxy", "buttoned") else "soft")
    if style == "rolled":
        for a in (-x + arm / 2, x - arm / 2):
            it.front(-0.01).oval((a, h * 0.7, arm * 0.62, arm * 0.62), cloth.dim(1.1), "armrest")
    if style == "buttoned":
        _buttons(it, (x - arm, h, rest - 0.11), cloth.dim(0.6))


def _buttons(it: Solid, place: tuple[float, float, float], dark: Finish) -> None:
    x, h, d = place
    sheet, count = it.front(d), max(2, round(x * 5))
    for k in range(count):
        for v in (0.66, 0.82):
            sheet.oval((-x + 2 * x * (k + 0.5) / count, h * v, 0.022, 0.022), dark, "back")


def armchair(f: Frame, w: float, h: float, d: float) -> None:
    """Paint an armchair."""
    sofa(f, w, h, d, name="armchair")


def bench(f: Frame, w: float, h: float, d: float, *, name: str = "bench", back: bool = False) -> None:
    """Paint a bench, or with a back a pew or settle."""
    c, it = f.c, f.of(name)
    stuff = finish(c, "wood", "wood", "painted")
    level = h * 0.48 if back else h
    f.shadow(w * 0.52, d * 0.6, d / 2)
    x = w / 2
    blocks = [
        Block((a, a + 0.06, 0, level - 0.05, 0.02, d - 0.02), stuff.dim(0.85), "leg") for a in (-x, x - 0.06)
    ]
    blocks.append(Block((-x, x, level - 0.06, level, 0, d), stuff, "seat"))
    if back:
        blocks.append(Block((-x, x, level * (0.2 if name == "pew" else 1.15), h, d - 0.06, d), stuff, "back"))
        rest = (level, level + 0.22, 0, d - 0.06)
        blocks += [Block((a, a + 0.06, *rest), stuff.dim(0.9), "armrest") for a in (-x, x - 0.06)]
    it.boxes(blocks)


def pew(f: Frame, w: float, h: float, d: float) -> None:
    """Paint a pew."""
    bench(f, w, h, d, name="pew", back=True)


def coach_seat(f: Frame, w: float, h: float, d: float, *, cloth: Finish | None = None) -> None:
    """Paint a double seat of a train with head rests."""
    c, it = f.c, f.of("seat")
    cloth = cloth or finish(c, "cloth", "leather")
    x, blocks = w / 2, [Block((-w / 2, w / 2, 0.12, 0.34, 0.1, d), BLACK, "base")]
    for a in (-x, 0.02):
        b = a + x - 0.02
        blocks.append(Block((a, b, 0.34, 0.48, 0, d - 0.1), cloth, "seat"))
        blocks.append(Block((a, b, 0.42, h - 0.2, d - 0.14, d), cloth.dim(1.05), "back"))
        blocks.append(
            Block((a + 0.06, b - 0.06, h - 0.2, h, d - 0.13, d - 0.02), cloth.mix((1, 1, 1), 0.5), "back")
        )
    blocks += [Block((a, a + 0.05, 0.5, 0.66, 0.04, d - 0.1), BLACK, "armrest") for a in (-x - 0.04, x)]
    it.boxes(blocks, shade="ball")


SEATS = {
    "chair": Thing(chair, (0.4, 0.5), (0.85, 1.05), (0.4, 0.48)),
    "swivel chair": Thing(swivel_chair, (0.46, 0.58), (0.9, 1.15), (0.46, 0.54)),
    "stool": Thing(stool, (0.32, 0.42), (0.42, 0.55), (0.32, 0.42), top=0.0),
    "bar stool": Thing(stool, (0.34, 0.42), (0.72, 0.85), (0.34, 0.42), top=0.0),
    "sofa": Thing(sofa, (1.5, 2.3), (0.72, 0.95), (0.8, 0.98), top=0.52),
    "armchair": Thing(armchair, (0.75, 1.0), (0.75, 1.05), (0.75, 0.95), top=0.52),
    "bench": Thing(bench, (0.9, 1.6), (0.42, 0.5), (0.35, 0.45), top=1.0),
    "pew": Thing(pew, (2.0, 3.0), (0.9, 1.0), (0.45, 0.55)),
    "coach seat": Thing(coach_seat, (0.95, 1.05), (1.1, 1.25), (0.55, 0.62)),
}
