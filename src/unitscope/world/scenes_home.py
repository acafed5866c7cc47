"""Scene classes of homes: the same rooms and things, told apart by what they are combined to."""

from __future__ import annotations

from functools import partial

from unitscope.world import groups
from unitscope.world.groups import HOME_TOPS, KITCHEN_TOPS, some
from unitscope.world.interior import Interior, Item
from unitscope.world.recipe import Recipe, floor, one_of, paint_recipe, wall

TOYS = ("toy", "toy", "ball", "teddy bear", "doll")


def wash(place: Interior) -> list[Item]:
    """Place a sink with a mirror over it, and what lies beside."""
    stand = place.against("washstand")
    if stand is None:
        return []
    side = _side(stand)
    place.lay(stand, *some(place, ("soap", "cup", "bottle", "small plant", "candle"), 0, 2))
    if place.c.chance(0.8):
        place.against("mirror", side, at=_along(stand, side))
    return [stand]


def _side(item: Item) -> str:
    """Return the wall behind a thing."""
    return "N" if abs(item.turn) < 0.1 else "E" if item.turn > 0 else "W"


def _along(item: Item, side: str) -> float:
    """Return how far along its wall a thing stands."""
    return item.place[0] if side == "N" else item.place[2]


def entertain(place: Interior) -> list[Item]:
    """Place a sofa that looks at a screen on the far wall, or a screen and rows of armchairs."""
    c = place.c
    screen = place.against(
        c.pick(("projector screen", "television cabinet", "wall television")), "N", at=place.shell.width / 2
    )
    made = [screen] if screen else []
    for _ in range(2):
        speaker = place.against("speaker", "N")
        made += [speaker] if speaker else []
    x, z = place.shell.width / 2, place.shell.depth - c.uniform(2.2, 2.8)
    if c.chance(0.6):
        made.append(place.stand("sofa", x, z, 3.14 + c.uniform(-0.1, 0.1)))
    else:
        made += groups.rows(place, "armchair", (3, 1), (0.15, 0.3))
        for chair in made[-3:]:
            chair.turn = 3.14 if chair.name == "armchair" else chair.turn
    return made


def rail_of_clothes(place: Interior) -> list[Item]:
    """Line walls with clothes on rails, shelves of clothes and shoes."""
    made = [place.against("clothes rail", side) for side in ("N", "W", "E", "N")]
    made += [place.against("shelf", goods=goods) for goods in ("shoes", "clothes")]
    return [item for item in made if item]


def storage(place: Interior) -> list[Item]:
    """Pile up boxes and old things."""
    made = []
    for _ in range(int(place.c.uniform(3, 6))):
        item = place.free("box") or place.against("box")
        if item:
            made.append(item)
            if place.c.chance(0.5):
                place.lay(item, "box")
    return made


def parked(place: Interior) -> Item | None:
    """Park a car with its front or a side towards us."""
    return place.free("car", turn=place.c.uniform(-0.9, 0.9))


RECIPES: dict[str, Recipe] = {
    "bathroom": Recipe(
        must=(wash, one_of(wall("bathtub"), wall("bathtub"), wall("shower"), wall("toilet")), wall("toilet")),
        may=(
            (0.25, wall("shower")),
            (0.3, wall("cabinet", "", "soap", "bottle", "cup")),
            (0.25, floor("scale")),
            (0.25, floor("basket")),
            (0.3, floor("rug")),
            (0.2, wall("washing machine")),
            (0.15, wall("shower curtain")),
        ),
        hung=((0.6, "towel"), (0.3, "towel"), (0.3, "wall lamp"), (0.2, "high window")),
        width=(2.4, 3.8),
        depth=(2.8, 4.0),
        tiled=0.6,
        windows=(0, 1),
        strays=(0, 2),
        near=(1.5, 3.2),
        people=0.06,
    ),
    "bedroom": Recipe(
        must=(groups.bed,),
        may=(
            (0.5, wall("wardrobe")),
            (0.35, wall("cabinet", "", *HOME_TOPS)),
            (0.25, groups.television),
            (0.2, groups.desk),
            (0.2, wall("armchair")),
            (0.12, partial(groups.sofa, table=0.3)),
            (0.2, floor("rug")),
            (0.15, wall("shelf")),
        ),
        hung=((0.5, "painting"), (0.2, "mirror"), (0.25, "wall lamp")),
    ),
    "childs_room": Recipe(
        must=(
            one_of(
                partial(groups.bed, name="single bed"),
                partial(groups.bed, name="single bed"),
                wall("bunk bed"),
            ),
            floor("toy", count=(2, 4)),
            one_of(floor("ball"), floor("teddy bear"), floor("doll"), wall("shelf", goods="toys")),
        ),
        may=(
            (0.5, wall("low shelf", "", *TOYS, goods="toys")),
            (0.45, groups.desk),
            (0.35, floor("rug")),
            (0.3, wall("wardrobe")),
            (0.4, floor("basket")),
            (0.2, floor("guitar")),
            (0.2, floor("ball")),
            (0.2, groups.television),
        ),
        hung=((0.6, "poster"), (0.4, "poster"), (0.2, "blackboard"), (0.3, "wall shelf")),
    ),
    "nursery": Recipe(
        must=(
            wall("crib"),
            one_of(
                wall("cabinet", "", "teddy bear", "towel", "bottle", "table lamp", "soap"), wall("armchair")
            ),
        ),
        may=(
            (0.5, floor("armchair")),
            (0.4, floor("rug")),
            (0.4, wall("low shelf", "", *TOYS, goods="toys")),
            (0.35, floor("basket")),
            (0.4, floor("toy")),
            (0.3, floor("teddy bear")),
            (0.25, wall("wardrobe")),
            (0.12, partial(groups.bed, name="single bed")),
        ),
        hung=((0.5, "poster"), (0.4, "painting"), (0.3, "wall shelf")),
    ),
    "living_room": Recipe(
        must=(partial(groups.sofa, table=0.9),),
        may=(
            (0.5, groups.television),
            (0.4, wall("shelf")),
            (0.25, wall("fireplace", "", *HOME_TOPS)),
            (0.18, groups.desk),
            (0.2, groups.dining),
            (0.4, wall("plant")),
            (0.12, wall("piano")),
            (0.3, floor("armchair")),
            (0.2, wall("low cabinet", "", *HOME_TOPS)),
            (0.08, wall("fish tank")),
        ),
        hung=((0.6, "painting"), (0.3, "painting"), (0.15, "clock"), (0.2, "wall lamp")),
        width=(3.6, 5.6),
        depth=(3.8, 5.8),
    ),
    "dining_room": Recipe(
        must=(groups.dining,),
        may=(
            (0.5, wall("cabinet", "", *HOME_TOPS)),
            (0.2, wall("counter", "", *KITCHEN_TOPS)),
            (0.15, groups.sofa),
            (0.15, groups.television),
            (0.2, wall("fireplace", "", *HOME_TOPS)),
            (0.15, wall("shelf", goods="pots")),
            (0.2, wall("refrigerator")),
            (0.35, wall("plant")),
            (0.1, wall("piano")),
        ),
        hung=((0.6, "painting"), (0.3, "painting"), (0.2, "mirror"), (0.2, "clock")),
        ceiling=("pendant", "pendant", "chandelier", "chandelier", "ceiling light", ""),
        near=(2.0, 3.8),
    ),
    "kitchen": Recipe(
        must=(groups.kitchen_run,),
        may=(
            (0.4, partial(groups.kitchen_run, wall="W", share=0.8)),
            (0.4, groups.dining),
            (0.3, wall("refrigerator")),
            (0.2, floor("bar stool", count=(1, 3))),
            (0.2, floor("counter", *KITCHEN_TOPS)),
            (0.15, floor("trash can")),
            (0.12, groups.television),
        ),
        hung=((0.3, "clock"), (0.2, "wall shelf"), (0.2, "towel")),
        width=(3.0, 4.6),
        tiled=0.4,
        strays=(0, 2),
        near=(1.8, 3.8),
    ),
    "home_office": Recipe(
        must=(groups.desk,),
        may=(
            (0.6, wall("shelf", goods="books")),
            (0.35, partial(groups.sofa, table=0.3)),
            (0.3, wall("armchair")),
            (0.2, partial(groups.bed, name="single bed")),
            (0.3, wall("low cabinet", "", *HOME_TOPS)),
            (0.35, wall("plant")),
            (0.3, floor("rug")),
            (0.2, floor("guitar")),
            (0.15, wall("fireplace", "", *HOME_TOPS)),
        ),
        hung=((0.5, "painting"), (0.3, "poster"), (0.3, "wall shelf")),
        width=(2.8, 4.2),
        depth=(3.0, 4.4),
        strays=(0, 2),
    ),
    "utility_room": Recipe(
        must=(
            wall("washing machine", "", "basket", "towel", "bottle", "box", "clothes"),
            one_of(wall("washing machine"), wall("dishwasher"), floor("basket"), wall("washstand")),
        ),
        may=(
            (0.5, wall("shelf", goods="towels")),
            (0.4, floor("basket")),
            (0.4, wall("broom")),
            (0.3, floor("box")),
            (0.3, wall("ladder")),
            (0.3, wall("tall cabinet")),
            (0.25, wall("washstand")),
            (0.2, floor("clothes")),
            (0.15, wall("refrigerator")),
        ),
        hung=((0.4, "hung cabinet"), (0.3, "clothes rail"), (0.2, "towel")),
        width=(2.2, 3.6),
        depth=(2.6, 4.0),
        tiled=0.4,
        near=(1.6, 3.2),
    ),
    "closet": Recipe(
        must=(rail_of_clothes,),
        may=(
            (0.4, floor("suitcase")),
            (0.3, floor("stool")),
            (0.4, floor("shoe", count=(1, 3))),
            (0.3, floor("box")),
            (0.3, wall("cabinet", "", "hat", "box", "shoe", "clothes")),
            (0.25, wall("wardrobe")),
        ),
        hung=((0.5, "mirror"), (0.4, "coat hooks")),
        width=(2.2, 3.4),
        depth=(2.6, 3.8),
        windows=(0, 1),
        strays=(0, 2),
        near=(1.6, 3.0),
    ),
    "attic": Recipe(
        must=(storage,),
        may=(
            (0.5, floor("suitcase", count=(1, 2))),
            (0.3, floor("bicycle")),
            (0.3, floor("ladder")),
            (0.35, floor("chair")),
            (0.3, floor("basket")),
            (0.3, floor("low shelf")),
            (0.25, floor("single bed")),
            (0.2, floor("guitar")),
            (0.3, floor("toy")),
            (0.25, floor("rug")),
            (0.2, floor("desk")),
        ),
        width=(4.0, 6.0),
        depth=(4.0, 6.5),
        height=(2.7, 3.4),
        pitched=True,
        windows=(1, 1),
        door=0.0,
        spread=0.35,
        strays=(0, 2),
        near=(2.4, 4.2),
    ),
    "home_theater": Recipe(
        must=(entertain,),
        may=(
            (0.5, floor("rug")),
            (0.3, wall("shelf", "W")),
            (0.3, wall("plant")),
            (0.3, wall("cabinet")),
            (0.2, wall("bar", "W", "bottle", "glass")),
        ),
        hung=((0.4, "poster"), (0.5, "wall lamp"), (0.3, "wall lamp")),
        width=(4.0, 5.4),
        depth=(4.6, 6.2),
        windows=(0, 1),
        spread=0.4,
        near=(3.0, 4.6),
        strays=(0, 2),
    ),
    "garage-indoor": Recipe(
        must=(
            one_of(parked, parked, wall("tool board")),
            one_of(wall("tool board"), floor("tyre", count=(1, 3)), wall("bicycle")),
        ),
        may=(
            (0.5, wall("shelf", goods="mixed")),
            (0.5, floor("bicycle")),
            (0.5, floor("tyre")),
            (0.5, wall("ladder")),
            (0.5, wall("broom")),
            (0.5, floor("box", count=(1, 3))),
            (0.3, wall("low cabinet", "", "tool", "box", "jar")),
            (0.2, wall("washing machine")),
            (0.3, floor("tool")),
            (0.2, wall("refrigerator")),
        ),
        hung=((0.6, "tool board"), (0.3, "wall shelf"), (0.3, "high window")),
        width=(4.6, 6.5),
        depth=(5.6, 7.0),
        strays=(0, 2),
        near=(3.2, 5.4),
        ceiling=("ceiling light", ""),
    ),
}

DRAWERS = {name: partial(paint_recipe, recipe=recipe) for name, recipe in RECIPES.items()}
"""What paints each class on a canvas."""
