"""Scene classes where things are sold, eaten and drunk."""

from __future__ import annotations

import math
from functools import partial

from unitscope.world import groups
from unitscope.world.finishes import finish
from unitscope.world.groups import TABLE_TOPS, some
from unitscope.world.interior import Interior, Item
from unitscope.world.recipe import Recipe, floor, paint_recipe, wall

BAR_TOPS = ("bottle", "bottle", "glass", "glass", "cup", "cash register", "bowl", "candle")
CAFE_TOPS = ("cup", "cup", "cake", "jar", "bread", "cash register", "plate", "kettle", "glass")


def tables(place: Interior, tops: tuple[str, ...] = TABLE_TOPS, low: int = 2, high: int = 5) -> list[Item]:
    """Place several tables with chairs."""
    c, made = place.c, []
    name, style = c.pick(("small table", "small table", "table")), c.pick(("legs", "round", "thin", "panels"))
    stuff = finish(c, "wood", "painted", "marble", "white")
    for _ in range(int(c.uniform(low, high + 0.999))):
        table = place.free(
            name, turn=c.pick((0.0, math.pi / 2)) + c.uniform(-0.2, 0.2), style=style, stuff=stuff
        )
        if table:
            groups.chairs_around(place, table, "chair", 0.75)
            place.lay(table, *some(place, tops, 1, 4))
            made.append(table)
    return made


def serving(
    place: Interior,
    name: str = "bar",
    tops: tuple[str, ...] = BAR_TOPS,
    goods: str = "bottles",
    stools: float = 0.8,
) -> list[Item]:
    """Place a counter before shelves, with stools along it."""
    c, side = place.c, place.c.pick(("N", "N", "W", "E"))
    long = place.shell.along(side)
    w = min(long - 0.6, c.uniform(2.0, 3.2))
    u = c.uniform(w / 2 + 0.2, long - w / 2 - 0.2)
    size = place.size(name)
    counter = place.against(name, side, at=u, size=(w, size[1], size[2]), gap=0.95)
    if counter is None:
        return []
    place.lay(counter, *some(place, tops, 5, 10))
    size_behind = (w * 0.48, c.uniform(1.8, 2.2), 0.3)
    stocked = [
        place.against("shelf", side, at=u + shift * w, size=size_behind, goods=goods)
        for shift in (-0.25, 0.25)
    ]
    if c.chance(stools):
        for k in range(int(w / 0.7)):
            if c.chance(0.8):
                place.beside(counter, "bar stool", (-w / 2 + 0.4 + 0.68 * k, -size[2] / 2 - 0.3), math.pi)
    return [counter, *(item for item in stocked if item)]


def shop(
    place: Interior,
    goods: tuple[str, ...],
    counter: float = 0.6,
    tops: tuple[str, ...] = ("cash register", "box"),
) -> list[Item]:
    """Line walls with goods, stand tables or aisles with goods before them, and a counter."""
    c = place.c
    first = groups.library(place, ("N", "W", "E"), 0.8, c.pick(goods))
    made = [first] if first else []
    if c.chance(counter):
        till = place.free("counter", turn=c.pick((0.0, math.pi / 2, -math.pi / 2)))
        place.lay(till, "cash register", *some(place, tops, 0, 3))
        made += [till] if till else []
    return made


def market(place: Interior) -> list[Item]:
    """Stand aisles of food."""
    c = place.c
    first = groups.aisles(
        place, ("cartons", "jars", "bottles", "fruit", "bread", "boxes"), count=c.pick((2, 3))
    )
    if c.chance(0.8):
        groups.library(place, ("N",), 0.9, c.pick(("cartons", "bottles", "fruit")))
    return [first] if first else []


RECIPES: dict[str, Recipe] = {
    "bar": Recipe(
        must=(serving,),
        may=(
            (0.5, partial(tables, tops=("glass", "bottle", "candle", "cup"), low=1, high=2)),
            (0.2, wall("piano")),
            (0.2, wall("fireplace", "", "bottle", "vase")),
        ),
        hung=((0.4, "painting"), (0.3, "mirror"), (0.4, "wall television"), (0.3, "poster"), (0.3, "clock")),
        width=(4.0, 6.0),
        depth=(4.0, 6.0),
        ceiling=("pendant", "pendant", "pendant", "fan", "chandelier", ""),
        windows=(0, 1),
        strays=(0, 2),
        people=0.35,
    ),
    "coffee_shop": Recipe(
        must=(
            partial(serving, name="counter", tops=CAFE_TOPS, goods="jars", stools=0.35),
            partial(tables, tops=("cup", "cup", "cake", "laptop", "glass", "book"), low=1, high=3),
        ),
        may=((0.3, wall("sofa")), (0.3, wall("armchair")), (0.3, wall("plant")), (0.2, wall("low shelf"))),
        hung=((0.7, "blackboard"), (0.4, "painting"), (0.3, "poster"), (0.3, "clock")),
        width=(4.2, 6.2),
        depth=(4.4, 6.4),
        ceiling=("pendant", "pendant", "ceiling light", "fan"),
        strays=(0, 2),
        people=0.35,
    ),
    "restaurant": Recipe(
        must=(partial(tables, low=4, high=6),),
        may=(
            (0.3, wall("cabinet", "", "bottle", "plate", "vase")),
            (0.3, wall("plant")),
            (0.2, wall("bar", "", *BAR_TOPS)),
            (0.15, wall("fireplace", "", "vase", "candle")),
            (0.15, wall("piano")),
        ),
        hung=((0.5, "painting"), (0.4, "painting"), (0.3, "wall lamp"), (0.2, "mirror")),
        width=(5.0, 7.5),
        depth=(5.0, 7.5),
        ceiling=("pendant", "pendant", "chandelier", "fan", "ceiling light"),
        near=(2.4, 4.8),
        strays=(0, 2),
        people=0.35,
    ),
    "bookstore": Recipe(
        must=(
            partial(shop, goods=("books",), counter=0.75, tops=("book", "book", "paper", "cup")),
            floor("table", "book", "book", "book", "book"),
        ),
        may=(
            (0.5, partial(groups.aisles, goods=("books",), count=1, high=(1.1, 1.4))),
            (0.4, floor("low table", "book", "book", "paper")),
            (0.3, floor("basket")),
            (0.3, floor("box")),
            (0.2, floor("armchair")),
            (0.2, floor("ladder")),
        ),
        hung=((0.5, "poster"), (0.3, "poster")),
        width=(4.2, 6.5),
        depth=(4.4, 6.5),
        windows=(0, 1),
        strays=(0, 2),
        people=0.35,
    ),
    "supermarket": Recipe(
        must=(market,),
        may=(
            (0.4, floor("counter", "cash register", "bread", "carton")),
            (0.4, wall("refrigerator", "N")),
            (0.4, floor("basket", count=(1, 2))),
            (0.4, floor("box", count=(1, 3))),
            (0.2, floor("ladder")),
        ),
        hung=((0.3, "poster"), (0.2, "clock")),
        width=(5.0, 7.5),
        depth=(5.5, 8.0),
        height=(2.8, 3.8),
        ceiling=("ceiling light", "ceiling light", "pendant"),
        windows=(0, 1),
        near=(2.6, 4.8),
        spread=0.5,
        strays=(0, 2),
        people=0.4,
    ),
    "bakery-shop": Recipe(
        must=(
            partial(
                serving,
                name="counter",
                tops=("bread", "bread", "cake", "cash register", "basket", "cake"),
                goods="bread",
                stools=0.1,
            ),
            wall("shelf", goods="bread"),
            floor("low table", "bread", "cake", "basket"),
        ),
        may=(
            (0.3, partial(tables, tops=("cup", "cake", "bread"), low=1, high=1)),
            (0.4, floor("basket")),
            (0.3, wall("refrigerator")),
            (0.2, wall("stove")),
        ),
        hung=((0.4, "blackboard"), (0.4, "poster"), (0.3, "clock")),
        tiled=0.3,
        strays=(0, 2),
        people=0.35,
        ceiling=("pendant", "ceiling light", "pendant", ""),
    ),
    "shoe_shop": Recipe(
        must=(partial(shop, goods=("shoes",), counter=0.45, tops=("shoe", "box", "shoe")),),
        may=(
            (0.7, floor("bench", "shoe", "box")),
            (0.4, floor("stool", count=(1, 2))),
            (0.5, floor("shoe", count=(1, 4))),
            (0.4, floor("low table", "shoe", "shoe", "hat")),
            (0.4, floor("box", count=(1, 3))),
            (0.3, wall("clothes rail")),
            (0.2, wall("armchair")),
        ),
        hung=((0.6, "mirror"), (0.4, "poster"), (0.3, "painting")),
        width=(3.6, 5.6),
        depth=(4.0, 6.0),
        windows=(0, 1),
        strays=(0, 2),
        people=0.3,
    ),
}

DRAWERS = {name: partial(paint_recipe, recipe=recipe) for name, recipe in RECIPES.items()}
"""What paints each class on a canvas."""
