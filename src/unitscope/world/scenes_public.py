"""Scene classes of libraries, museums, churches, corridors and trains."""

from __future__ import annotations

import math
from functools import partial

from unitscope.world import groups
from unitscope.world.finishes import finish
from unitscope.world.groups import some
from unitscope.world.interior import Interior, Item
from unitscope.world.recipe import Recipe, floor, paint_recipe, wall


def library(place: Interior) -> list[Item]:
    """Line walls with books, and place tables to read at."""
    c = place.c
    first = groups.library(place, chance=0.92)
    tables_ = [place.free("table", turn=c.pick((0.0, math.pi / 2))) for _ in range(c.pick((1, 1, 2)))]
    for table in tables_:
        if table:
            groups.chairs_around(place, table)
            place.lay(
                table,
                *some(place, ("book", "book", "paper", "table lamp", "laptop", "computer", "globe"), 1, 4),
            )
    return [item for item in (first, *tables_) if item]


def exhibits(place: Interior) -> list[Item]:
    """Hang paintings in a row and stand statues."""
    c, made = place.c, []
    for side in ("N", "W", "E"):
        u = c.uniform(0.6, 1.2)
        while u < place.shell.along(side) - 0.6:
            item = place.against(
                "painting", side, at=u, size=(c.uniform(0.5, 1.1), c.uniform(0.5, 1.1), 0.04)
            )
            made += [item] if item and side == "N" else []
            u += c.uniform(1.2, 1.9)
    for _ in range(c.pick((0, 1, 1, 2))):
        item = place.free(c.pick(("statue", "pedestal", "statue")))
        place.lay(item, c.pick(("vase", "globe", "box", "bowl")))
        made += [item] if item else []
    return made


def nave(place: Interior) -> list[Item]:
    """Stand pews left and right of an aisle, an altar at the far end, and columns."""
    c, shell = place.c, place.shell
    altar = place.stand("altar", shell.width / 2, shell.depth - 1.6, 0.0)
    place.lay(altar, "candle", "candle", *some(place, ("vase", "candle", "book"), 0, 2))
    if c.chance(0.7):
        place.against("cross", "N", at=shell.width / 2)
    size, gap = place.size("pew"), c.uniform(0.8, 1.1)
    made: list[Item] = []
    for k in range(c.pick((3, 4, 5))):
        z = shell.depth - 3.6 - k * gap
        made += [
            place.stand("pew", shell.width / 2 + s * (size[0] / 2 + 0.55), z, math.pi, size=size)
            for s in (-1, 1)
        ]
    if c.chance(0.7):
        high, thick = shell.height, c.uniform(0.4, 0.55)
        for k in range(3):
            for s in (-1, 1):
                place.stand(
                    "column",
                    shell.width / 2 + s * (size[0] + 0.95),
                    shell.depth - 2.2 - 2.2 * k,
                    size=(thick, high, thick),
                )
    for k in range(c.pick((1, 2, 3))):
        place.against(
            "window",
            "N",
            size=(c.uniform(0.7, 1.1), c.uniform(1.8, 2.6), 0.16),
            style="arched",
            dress="none",
            at=shell.width * (k + 0.5) / 3,
        )
    return [altar, *made[:4]]


def hallway(place: Interior) -> list[Item]:
    """Put doors on both sides of a long passage, and mostly something at its end."""
    c, shell, made = place.c, place.shell, []
    style, stuff = c.pick(("panels", "flat", "glazed", "planks")), finish(c, "wood", "painted", "white")
    for side in ("W", "E"):
        z = c.uniform(1.6, 2.6)
        while z < shell.depth - 0.6:
            if c.chance(0.8):
                item = place.against("door", side, at=z, style=style, stuff=stuff)
                made += [item] if item and z > shell.depth * 0.4 else []
            z += c.uniform(1.4, 2.4)
    end = c.pick(("door", "window", "window", "painting", "cabinet", "plant", "stairs"))
    last = place.against(end, "N", at=shell.width / 2)
    return [item for item in (last, *made[:2]) if item]


def carriage(place: Interior) -> list[Item]:
    """Stand rows of double seats along an aisle, windows and racks along the walls.

    The seats are on both sides, on one, or, where people get on, on none.
    """
    c, shell, made = place.c, place.shell, []
    sides = c.pick(((0, 1),) * 6 + ((0,), (1,), ()))
    cloth = finish(c, "cloth", "leather")
    size, pitch = place.size("coach seat"), c.uniform(0.85, 1.05)
    facing = c.chance(0.4)
    for k in range(int((shell.depth - 1.2) / pitch)):
        z = shell.depth - 0.7 - pitch * k
        turn = math.pi if k % 2 and facing else 0.0
        for s in sides:
            x = size[0] / 2 + 0.04 if s == 0 else shell.width - size[0] / 2 - 0.04
            made.append(place.stand("coach seat", x, z, turn, size=size, cloth=cloth))
    for side in ("W", "E"):
        z = c.uniform(0.8, 1.4)
        while z < shell.depth - 0.6:
            place.against(
                "window",
                side,
                at=z,
                size=(1.25, 0.7, 0.1),
                style="single",
                dress=c.pick(("none", "none", "roller", "one")),
            )
            z += 1.6
        if c.chance(0.7):
            place.against("luggage rack", side, at=shell.depth / 2, size=(shell.depth * 0.8, 0.34, 0.4))
    place.against("door", "N", at=shell.width / 2, style=c.pick(("glazed", "flat")))
    return made[:6]


RECIPES: dict[str, Recipe] = {
    "library-indoor": Recipe(
        must=(library,),
        may=(
            (0.3, floor("armchair")),
            (0.3, wall("ladder")),
            (0.3, groups.desk),
            (0.2, wall("fireplace", "", "vase", "book")),
            (0.25, floor("globe")),
            (0.3, floor("rug")),
            (0.2, floor("statue")),
        ),
        hung=((0.2, "clock"), (0.3, "painting")),
        width=(3.8, 6.5),
        depth=(4.0, 6.5),
        height=(2.6, 3.4),
        windows=(0, 1),
        strays=(0, 2),
        people=0.2,
    ),
    "art_gallery": Recipe(
        must=(exhibits,),
        may=(
            (0.5, floor("bench")),
            (0.3, floor("bench")),
            (0.2, wall("sofa")),
            (0.15, wall("plant")),
            (0.2, wall("counter", "", "book", "paper", "vase")),
            (0.15, floor("column")),
            (0.15, wall("piano")),
        ),
        width=(4.4, 7.5),
        depth=(4.4, 7.5),
        height=(2.8, 4.0),
        windows=(0, 1),
        strays=(0, 2),
        people=0.4,
        ceiling=("ceiling light", "ceiling light", "chandelier", ""),
        near=(2.4, 5.0),
    ),
    "church-indoor": Recipe(
        must=(nave,),
        may=(
            (0.3, floor("candle")),
            (0.3, wall("piano", "W")),
            (0.3, wall("statue")),
            (0.3, wall("stairs", "W")),
            (0.3, wall("chair")),
        ),
        hung=((0.4, "painting"), (0.4, "painting"), (0.2, "clock")),
        width=(6.5, 9.0),
        depth=(8.5, 12.0),
        height=(4.6, 7.0),
        ceiling=("chandelier", "pendant", "chandelier", ""),
        windows=(2, 4),
        near=(4.2, 7.0),
        spread=0.3,
        strays=(0, 2),
        eye=(1.4, 2.4),
        people=0.2,
    ),
    "corridor": Recipe(
        must=(hallway,),
        may=(
            (0.35, wall("bench")),
            (0.35, wall("side table", "", "vase", "table lamp")),
            (0.35, wall("plant")),
            (0.3, wall("radiator")),
            (0.25, wall("chair")),
            (0.2, wall("cabinet", "", "vase", "book")),
            (0.15, wall("shelf")),
            (0.25, wall("shoe")),
            (0.3, wall("coat hooks")),
        ),
        hung=((0.5, "painting"), (0.5, "painting"), (0.4, "wall lamp"), (0.3, "mirror")),
        width=(1.7, 2.6),
        depth=(6.0, 11.0),
        windows=(0, 1),
        door=0.0,
        near=(4.0, 6.5),
        spread=0.16,
        strays=(0, 2),
        people=0.25,
    ),
    "train_interior": Recipe(
        must=(carriage,),
        may=((0.3, floor("suitcase")), (0.2, floor("box"))),
        hung=((0.3, "poster"), (0.3, "clock")),
        width=(2.7, 3.1),
        depth=(5.5, 8.0),
        height=(2.15, 2.4),
        windows=(0, 0),
        door=0.0,
        near=(2.6, 4.4),
        spread=0.18,
        strays=(0, 0),
        ceiling=("ceiling light", "ceiling light", ""),
        people=0.35,
    ),
}

DRAWERS = {name: partial(paint_recipe, recipe=recipe) for name, recipe in RECIPES.items()}
"""What paints each class on a canvas."""
