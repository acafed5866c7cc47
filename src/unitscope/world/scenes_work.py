"""Scene classes of work, school, care and sport."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from unitscope.world import groups
from unitscope.world.finishes import finish
from unitscope.world.groups import some
from unitscope.world.interior import Interior, Item
from unitscope.world.recipe import Recipe, floor, paint_recipe, wall


def desks(place: Interior) -> list[Item]:
    """Place two to four desks with computers."""
    made = [groups.desk(place) for _ in range(int(place.c.uniform(2, 4.5)))]
    return [item for item in made if item]


def lessons(place: Interior) -> list[Item]:
    """Place a board and rows of desks and chairs before it."""
    c = place.c
    board = place.against(
        c.pick(("blackboard", "blackboard", "blackboard", "projector screen")),
        "N",
        at=place.shell.width / 2 + c.uniform(-0.6, 0.6),
    )
    table = (
        place.stand("desk", place.shell.width / 2 + c.uniform(-1, 1), place.shell.depth - 1.1, math.pi)
        if c.chance(0.6)
        else None
    )
    place.lay(table, *some(place, groups.DESK_TOPS, 1, 3))
    stuff, style = finish(c, "wood", "painted", "white"), c.pick(("shell", "panel", "ladder"))
    items = groups.rows(
        place,
        "school desk",
        (c.pick((2, 3)), c.pick((2, 3))),
        (c.uniform(0.4, 0.8), c.uniform(0.75, 1.0)),
        stuff=stuff,
    )
    for item in items:
        item.turn = math.pi
        place.lay(item, *some(place, ("book", "paper", "book", "cup", "laptop"), 0, 1))
        if c.chance(0.92):
            place.beside(item, "chair", (0.0, -item.size[2] / 2 - 0.28), math.pi, style=style)
    return ([board] if board else []) + items[:3]


def meeting(place: Interior) -> Item:
    """Place a long table with chairs on all its sides."""
    c, shell = place.c, place.shell
    size = (c.uniform(2.2, 3.2), 0.74, c.uniform(1.0, 1.3))
    table = place.stand(
        "table",
        shell.width / 2,
        shell.depth * c.uniform(0.48, 0.58),
        c.pick((math.pi / 2, math.pi / 2, 0.0)),
        size=size,
        style=c.pick(("panels", "legs", "thin")),
    )
    groups.chairs_around(place, table, c.pick(("swivel chair", "swivel chair", "chair")), 0.9)
    place.lay(
        table, *some(place, ("paper", "laptop", "glass", "cup", "book", "bottle", "telephone", "vase"), 2, 6)
    )
    return table


def ward(place: Interior) -> list[Item]:
    """Place one or two hospital beds with a stand, a curtain and a night table."""
    c, made = place.c, []
    for _ in range(c.pick((1, 1, 2))):
        bed = place.against("hospital bed", c.pick(("N", "N", "W", "E")))
        if bed is None:
            continue
        made.append(bed)
        if c.chance(0.75):
            place.beside(bed, "drip stand", (c.pick((-0.75, 0.75)), bed.size[2] / 2 - 0.35))
        table = place.beside(bed, "night table", (c.pick((-0.8, 0.8)), bed.size[2] / 2 - 0.3))
        place.lay(table, *some(place, ("glass", "bottle", "vase", "telephone", "book", "table lamp"), 0, 2))
    return made


def seating(place: Interior) -> list[Item]:
    """Line walls with chairs of one design, or benches and sofas."""
    c, made = place.c, []
    style, stuff = c.pick(("shell", "padded", "armed", "panel")), finish(c, "wood", "plastic", "metal")
    pad = c.pick(("chair", "chair", "chair", "bench", "armchair"))
    extra: dict[str, Any] = {"style": style, "stuff": stuff} if pad == "chair" else {}
    size = place.size(pad)
    for side in ("N", "W", "E"):
        u = c.uniform(0.4, 1.2)
        while u < place.shell.along(side) - 0.5:
            if c.chance(0.85):
                item = place.against(pad, side, at=u, size=size, **extra)
                made += [item] if item else []
            u += size[0] + (0.06 if c.chance(0.8) else 0.7)
    return made[:6]


def exercise(place: Interior) -> list[Item]:
    """Place machines and weights, or mark out a court with a hoop."""
    c = place.c
    if c.chance(0.35):
        hoop = place.against("basketball hoop", "N", at=place.shell.width / 2)
        for _ in range(c.pick((1, 2, 3))):
            place.free("ball")
        bench = place.against("bench", c.pick(("W", "E")))
        return [item for item in (hoop, bench) if item]
    made = [
        place.free("treadmill", turn=c.pick((0.0, math.pi)) + c.uniform(-0.3, 0.3))
        for _ in range(c.pick((1, 2, 3)))
    ]
    made += [
        place.against("weight rack"),
        place.free("mat"),
        place.free("large ball"),
        place.against("bench"),
    ]
    return [item for item in made if item]


def guests(place: Interior) -> list[Item]:
    """Place one bed, or two of a kind beside each other, with wall lamps."""
    wall_, twin = place.c.pick(("N", "N", "W", "E")), place.c.chance(0.5)
    beds = [groups.bed(place, "single bed" if twin else "bed", wall_) for _ in range(1 + twin)]
    for _ in beds:
        place.against("wall lamp", wall_)
    return [item for item in beds if item]


def band(place: Interior) -> list[Item]:
    """Place two to four instruments with microphones and loudspeakers."""
    c = place.c
    names = some(place, ("drum", "piano", "guitar", "guitar", "microphone", "speaker", "drum", "piano"), 3, 5)
    made = [
        place.against(name) if name in ("piano", "speaker") else place.free(name, turn=c.uniform(-0.7, 0.7))
        for name in names
    ]
    return [item for item in made if item]


RECIPES: dict[str, Recipe] = {
    "office": Recipe(
        must=(desks,),
        may=(
            (0.5, wall("file cabinet", "", "printer", "small plant", "box")),
            (0.35, wall("shelf")),
            (0.35, wall("plant")),
            (0.2, wall("sofa")),
            (0.3, wall("cabinet", "", "printer", "book", "paper")),
            (0.3, floor("trash can")),
        ),
        hung=((0.3, "clock"), (0.3, "painting"), (0.2, "blackboard")),
        width=(4.0, 6.0),
        depth=(4.0, 6.0),
        ceiling=("ceiling light", "ceiling light", "pendant", "fan", ""),
        near=(2.2, 4.4),
        people=0.2,
    ),
    "conference_room": Recipe(
        must=(meeting,),
        may=(
            (0.5, wall("projector screen", "N")),
            (0.3, wall("wall television", "N")),
            (0.3, wall("plant")),
            (0.3, wall("low cabinet", "", "cup", "kettle", "bottle", "printer")),
            (0.2, wall("blackboard")),
        ),
        hung=((0.3, "clock"), (0.4, "painting")),
        width=(4.2, 6.0),
        depth=(4.6, 6.5),
        ceiling=("ceiling light", "pendant", ""),
        near=(2.2, 4.2),
        strays=(0, 2),
        people=0.15,
    ),
    "classroom": Recipe(
        must=(lessons,),
        may=(
            (0.4, wall("shelf", "W")),
            (0.4, wall("cabinet", "", "globe", "book", "box", "small plant")),
            (0.3, floor("globe")),
            (0.2, wall("piano")),
        ),
        hung=((0.5, "poster"), (0.5, "poster"), (0.4, "clock")),
        width=(4.6, 7.0),
        depth=(5.4, 7.4),
        height=(2.7, 3.3),
        ceiling=("ceiling light", "ceiling light", "pendant", "fan"),
        near=(2.6, 4.6),
        spread=0.6,
        strays=(0, 2),
        people=0.25,
        windows=(1, 3),
    ),
    "hospital_room": Recipe(
        must=(ward,),
        may=(
            (0.5, wall("armchair")),
            (0.4, wall("washstand", "", "soap")),
            (0.4, wall("shower curtain")),
            (0.3, wall("wardrobe")),
            (0.3, floor("chair")),
            (0.2, floor("trash can")),
            (0.2, wall("sofa")),
        ),
        hung=((0.4, "wall television"), (0.3, "clock"), (0.4, "painting"), (0.3, "wall lamp")),
        strays=(0, 2),
        tiled=0.2,
        ceiling=("ceiling light", "ceiling light", "pendant", ""),
    ),
    "waiting_room": Recipe(
        must=(seating,),
        may=(
            (0.5, floor("low table", "book", "paper", "vase", "small plant")),
            (0.4, wall("plant")),
            (0.3, wall("counter", "", "computer", "telephone", "paper")),
            (0.25, wall("fish tank")),
            (0.25, floor("toy")),
            (0.2, wall("low shelf")),
        ),
        hung=((0.5, "painting"), (0.4, "poster"), (0.35, "clock"), (0.35, "wall television")),
        width=(3.6, 5.6),
        depth=(3.6, 5.6),
        ceiling=("ceiling light", "pendant", ""),
        strays=(0, 2),
        people=0.3,
    ),
    "gymnasium-indoor": Recipe(
        must=(exercise,),
        may=(
            (0.5, floor("mat", count=(1, 3))),
            (0.4, floor("dumbbell", count=(1, 3))),
            (0.4, floor("large ball")),
            (0.4, wall("bench")),
            (0.4, floor("bicycle")),
            (0.3, wall("mirror", "", size=(2.4, 1.5, 0.04))),
            (0.2, floor("ball")),
            (0.2, wall("speaker")),
        ),
        hung=((0.3, "clock"), (0.3, "wall television"), (0.3, "poster"), (0.4, "mirror")),
        width=(4.4, 7.0),
        depth=(5.0, 7.0),
        height=(2.8, 4.0),
        ceiling=("ceiling light", "ceiling light", "fan", ""),
        near=(2.6, 5.0),
        strays=(0, 2),
        people=0.3,
    ),
    "music_studio": Recipe(
        must=(band,),
        may=(
            (0.4, floor("stool")),
            (0.4, floor("rug")),
            (0.4, wall("speaker")),
            (0.3, groups.desk),
            (0.25, groups.sofa),
            (0.2, wall("shelf")),
            (0.3, floor("microphone")),
        ),
        hung=((0.5, "poster"), (0.3, "poster"), (0.3, "painting")),
        windows=(0, 1),
        strays=(0, 2),
        people=0.2,
    ),
    "hotel_room": Recipe(
        must=(guests, groups.television, floor("suitcase", count=(1, 2))),
        may=(
            (0.5, partial(groups.desk, machine=0.3)),
            (0.4, wall("armchair")),
            (0.2, partial(groups.sofa, table=0.4)),
            (0.3, wall("refrigerator", size=(0.5, 0.8, 0.5))),
            (0.3, wall("wardrobe")),
            (0.3, floor("side table", "telephone", "table lamp", "glass")),
        ),
        hung=((0.6, "painting"), (0.5, "wall lamp"), (0.3, "mirror")),
        strays=(0, 2),
        windows=(1, 2),
    ),
}

DRAWERS = {name: partial(paint_recipe, recipe=recipe) for name, recipe in RECIPES.items()}
"""What paints each class on a canvas."""
