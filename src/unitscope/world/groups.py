"""Groups of things that belong together: a laid table with its chairs, a desk with a computer, a bed with its lamps."""

from __future__ import annotations

import math

from unitscope.world.finishes import finish
from unitscope.world.interior import Interior, Item
from unitscope.world.seats import CHAIRS
from unitscope.world.space import Finish

HOME_TOPS = (
    "book",
    "cup",
    "glass",
    "bottle",
    "vase",
    "small plant",
    "bowl",
    "candle",
    "table lamp",
    "paper",
    "toy",
    "telephone",
    "jar",
    "laptop",
    "fish tank",
    "microwave",
)
DESK_TOPS = (
    "book",
    "paper",
    "cup",
    "telephone",
    "table lamp",
    "printer",
    "small plant",
    "laptop",
    "globe",
    "glass",
    "book",
)
TABLE_TOPS = (
    "plate",
    "plate",
    "glass",
    "cup",
    "bottle",
    "bowl",
    "vase",
    "bread",
    "fruit",
    "candle",
    "cake",
    "jar",
)
KITCHEN_TOPS = (
    "pan",
    "kettle",
    "jar",
    "bottle",
    "bread",
    "cup",
    "bowl",
    "plate",
    "microwave",
    "carton",
    "fruit",
    "small plant",
    "scale",
    "glass",
)


def some(place: Interior, names: tuple[str, ...], low: int, high: int) -> list[str]:
    """Return from low to high of the names."""
    return [place.c.pick(names) for _ in range(int(place.c.uniform(low, high + 0.999)))]


def dining(place: Interior, *, _wall: bool = False, laid: float = 0.75) -> Item | None:
    """Place a table with chairs on its sides."""
    c = place.c
    name = c.pick(("table", "table", "small table"))
    table = place.free(name, turn=c.uniform(-0.25, 0.25) + c.pick((0.0, math.pi / 2)))
    if table is None:
        return None
    chairs_around(place, table)
    if c.chance(laid):
        place.lay(table, *some(place, TABLE_TOPS, 2, 6))
    else:
        place.lay(table, *some(place, HOME_TOPS, 0, 3))
    return table


def chairs_around(place: Interior, table: Item, name: str = "chair", chance: float = 0.85) -> None:
    """Place chairs of one design around a table."""
    c, (w, _, d) = place.c, table.size
    style, stuff = c.pick(CHAIRS), finish(c, "wood", "painted", "metal", "plastic")
    extra = {"style": style, "stuff": stuff} if name == "chair" else {}
    seats = max(1, round(w / 0.7))
    for k in range(seats):
        a = -w / 2 + w * (k + 0.5) / seats
        for side in (-1, 1):
            if c.chance(chance):
                turn = c.uniform(-0.25, 0.25) + (math.pi if side < 0 else 0.0)
                place.beside(table, name, (a, side * (d / 2 + 0.27)), turn, **extra)
    for side in (-1, 1):
        if w > 1.2 and c.chance(0.4):
            place.beside(table, name, (side * (w / 2 + 0.3), 0.0), side * math.pi / 2, **extra)


def _free_turned(place: Interior, name: str, play: float) -> Item | None:
    """Place a thing on the floor that faces any wall, roughly."""
    c = place.c
    return place.free(name, turn=c.uniform(-play, play) + c.pick((0.0, math.pi, math.pi / 2, -math.pi / 2)))


def desk(place: Interior, wall: str = "", *, machine: float = 0.9) -> Item | None:
    """Place a desk at a wall, or standing free, with a computer or laptop and a chair."""
    c = place.c
    item = place.against("desk", wall) if c.chance(0.7) else _free_turned(place, "desk", 0.3)
    if item is None:
        return None
    if c.chance(machine):
        for a in (0.0,) if c.chance(0.75) or item.size[0] < 1.4 else (-0.38, 0.38):
            place.put(item, c.pick(("computer", "computer", "laptop")), a, 0.52)
    place.lay(item, *some(place, DESK_TOPS, 1, 4))
    if c.chance(0.88):
        name = c.pick(("swivel chair", "swivel chair", "chair"))
        place.beside(
            item,
            name,
            (c.uniform(-0.2, 0.2), -item.size[2] / 2 - c.uniform(0.25, 0.45)),
            math.pi + c.uniform(-0.9, 0.9),
        )
    return item


def bed(place: Interior, name: str = "bed", wall: str = "") -> Item | None:
    """Place a bed with its head at a wall, night tables and lamps."""
    c = place.c
    item = place.against(name, wall or c.pick(("N", "N", "W", "E")))
    if item is None:
        return None
    for side in (-1, 1):
        if c.chance(0.6):
            kind = c.pick(("night table", "night table", "side table", "stool"))
            table = place.beside(item, kind, (side * (item.size[0] / 2 + 0.3), item.size[2] / 2 - 0.22))
            place.lay(
                table,
                *some(
                    place, ("table lamp", "table lamp", "book", "glass", "vase", "telephone", "candle"), 0, 2
                ),
            )
    extras = some(
        place,
        ("teddy bear", "clothes", "book", "cushion", "laptop", "cat", "suitcase"),
        0,
        2 if c.chance(0.4) else 0,
    )
    place.lay(item, *(extra for extra in extras if extra != "suitcase"))
    if c.chance(0.3):
        place.stand("rug", item.place[0], item.place[2] - c.uniform(0.2, 0.8), item.turn + math.pi / 2)
    return item


def sofa(place: Interior, wall: str = "", *, table: float = 0.7) -> Item | None:
    """Place a sofa, mostly with a low table, a rug and an armchair."""
    c = place.c
    gap = c.pick((0.0, 0.0, 0.3))
    item = place.against("sofa", wall, gap=gap) if c.chance(0.75) else _free_turned(place, "sofa", 0.6)
    if item is None:
        return None
    place.lay(item, *some(place, ("cushion", "cushion", "teddy bear", "book", "cat", "clothes"), 0, 3))
    reach = item.size[2] / 2
    low = None
    if c.chance(table):
        low = place.beside(item, "low table", (c.uniform(-0.2, 0.2), -reach - c.uniform(0.6, 0.9)))
        place.lay(low, *some(place, HOME_TOPS, 1, 3))
    if c.chance(0.45):
        place.beside(
            item,
            "armchair",
            (c.pick((-1, 1)) * (item.size[0] / 2 + 0.5), -reach - 0.5),
            c.pick((-1, 1)) * c.uniform(0.5, 1.5),
        )
    if c.chance(0.5):
        lamp = place.beside(
            item,
            c.pick(("floor lamp", "side table", "plant")),
            (c.pick((-1, 1)) * (item.size[0] / 2 + 0.35), 0.1),
        )
        place.lay(lamp, "table lamp")
    if c.chance(0.45):
        rug = place.size("rug")
        place.stand(
            "rug",
            item.place[0] - math.sin(item.turn) * (reach + 0.7),
            item.place[2] - math.cos(item.turn) * (reach + 0.7),
            item.turn,
            size=rug,
        )
    return item


def television(place: Interior, wall: str = "") -> Item | None:
    """Place a television on its cabinet or on the wall."""
    return place.against("television cabinet" if place.c.chance(0.7) else "wall television", wall)


def kitchen_run(place: Interior, wall: str = "N", share: float = 1.0) -> list[Item]:
    """Fit a row of units along a wall: cabinets, stove, sink, dishwasher, refrigerator, and cupboards above."""
    c, long = place.c, place.shell.along(wall)
    stuff, slab = finish(c, "wood", "painted", "white"), finish(c, "wood", "stone", "marble", "white")
    style, height = c.pick(("panel", "flat", "louvre")), c.uniform(0.86, 0.94)
    units = [
        "stove",
        "sink",
        "unit",
        "unit",
        c.pick(("dishwasher", "unit", "washing machine")),
        c.pick(("refrigerator", "unit")),
    ]
    for k in range(len(units) - 1, 0, -1):
        j = int(c.uniform(0, k + 0.999))
        units[k], units[j] = units[j], units[k]
    u, stop, made = c.uniform(0.0, 0.6), long * share, []
    for unit in units:
        w = {"unit": c.uniform(0.5, 0.9), "sink": c.uniform(0.6, 0.9)}.get(unit) or place.size(unit)[0]
        if u + w > stop:
            break
        item = _unit(place, unit, (wall, u + w / 2, w), (stuff, slab, style), height)
        made += [item] if item and unit in ("stove", "sink", "refrigerator") else []
        u += w + 0.005
    if c.chance(0.7):
        for _ in range(2):
            hung = place.against("hung cabinet", wall, stuff=stuff, style=style)
            if hung and hung.place[0] > stop + 1:
                place.items.remove(hung)
    return made


def _unit(
    place: Interior,
    unit: str,
    spot: tuple[str, float, float],
    look: tuple[Finish, Finish, str],
    height: float,
) -> Item | None:
    """Place one unit of a fitted kitchen."""
    (wall, u, w), (stuff, slab, style), c = spot, look, place.c
    if unit in ("unit", "sink"):
        item = place.against(
            "kitchen sink" if unit == "sink" else "kitchen unit",
            wall,
            at=u,
            size=(w, height, 0.6),
            stuff=stuff,
            slab=slab,
            style=style,
        )
        if unit == "unit":
            place.lay(item, *some(place, KITCHEN_TOPS, 0, 3))
        return item
    size = place.size(unit)
    item = place.against(unit, wall, at=u, size=(w, size[1] if unit == "refrigerator" else height, 0.62))
    if unit == "stove":
        place.lay(item, *some(place, ("pan", "kettle", "pan"), 0, 2))
        if c.chance(0.6):
            place.against("hood", wall, at=u, size=(w, c.uniform(0.6, 0.9), 0.45))
    elif unit in ("dishwasher", "washing machine"):
        place.lay(item, *some(place, KITCHEN_TOPS, 0, 1))
    return item


def library(
    place: Interior,
    walls: tuple[str, ...] = ("N", "W", "E"),
    chance: float = 0.8,
    goods: str = "books",
    name: str = "shelf",
) -> Item | None:
    """Line walls with shelves of one design."""
    c, first = place.c, None
    stuff, h = finish(c, "wood", "wood", "painted", "metal"), c.uniform(1.7, 2.3)
    for wall in walls:
        u, long = c.uniform(0.1, 0.6), place.shell.along(wall)
        while u < long - 1.2:
            w = c.uniform(0.8, 1.3)
            if c.chance(chance):
                item = place.against(name, wall, at=u + w / 2, size=(w, h, 0.34), stuff=stuff, goods=goods)
                first = first or item
            u += w + c.pick((0.02, 0.02, 0.5))
    return first


def aisles(
    place: Interior, goods: tuple[str, ...], *, count: int = 2, high: tuple[float, float] = (1.3, 1.8)
) -> Item | None:
    """Stand rows of shelves back to back across the room."""
    c, shell = place.c, place.shell
    stuff, h, first = finish(c, "wood", "metal", "white", "painted"), c.uniform(*high), None
    lengthwise, style = c.chance(0.4), c.pick(("case", "case", "open"))
    for k in range(count):
        kind = c.pick(goods)
        if lengthwise:
            x = shell.width * (k + 0.5) / count + c.uniform(-0.2, 0.2)
            for z in (shell.depth * 0.5, shell.depth * 0.5 + 1.45):
                for turn, shift in ((-math.pi / 2, 0.17), (math.pi / 2, -0.17)):
                    item = place.stand(
                        "shelf", x + shift, z, turn, size=(1.4, h, 0.32), stuff=stuff, goods=kind, style=style
                    )
                    first = first or item
        else:
            z = shell.depth * (0.45 + 0.5 * k / count)
            for x in (shell.width * 0.3, shell.width * 0.3 + 1.45):
                item = place.stand(
                    "shelf", x, z, 0.0, size=(1.4, h, 0.32), stuff=stuff, goods=kind, style=style
                )
                first = first or item
    return first


def rows(
    place: Interior, name: str, grid: tuple[int, int], gap: tuple[float, float], **extra: object
) -> list[Item]:
    """Stand equal things in rows and columns, centred on the room."""
    shell, (columns, lines) = place.shell, grid
    size = place.size(name)
    items = []
    for j in range(lines):
        for i in range(columns):
            x = shell.width / 2 + (i - (columns - 1) / 2) * (size[0] + gap[0])
            z = shell.depth * 0.58 + (j - (lines - 1) / 2) * (size[2] + gap[1])
            item = Item(name, (x, 0.0, z), 0.0, size, extra=dict(extra))
            if place.fits(item, 0.0):
                place.items.append(item)
                items.append(item)
    return items
