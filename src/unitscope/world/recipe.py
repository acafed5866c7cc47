"""A recipe of a scene indoors: what must be there, what may be, and how the camera looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from unitscope.world.canvas import Canvas
from unitscope.world.groups import HOME_TOPS, some
from unitscope.world.interior import THINGS, Interior, Item
from unitscope.world.shell import Shell

Maker = Callable[[Interior], "Item | list[Item] | None"]
Range = tuple[float, float]

STRAYS = (
    *(
        "chair",
        "chair",
        "stool",
        "armchair",
        "side table",
        "small table",
        "low cabinet",
        "cabinet",
        "tall cabinet",
    ),
    *(
        "shelf",
        "low shelf",
        "plant",
        "plant",
        "floor lamp",
        "box",
        "basket",
        "trash can",
        "suitcase",
        "bicycle",
    ),
    *(
        "guitar",
        "speaker",
        "ladder",
        "bench",
        "desk",
        "television cabinet",
        "sofa",
        "wardrobe",
        "washing machine",
    ),
    *(
        "refrigerator",
        "file cabinet",
        "ball",
        "toy",
        "teddy bear",
        "shoe",
        "cat",
        "dog",
        "broom",
        "piano",
        "clothes",
    ),
    *(
        "pedestal",
        "single bed",
        "fireplace",
        "radiator",
        "statue",
        "crib",
        "large ball",
        "microphone",
        "low table",
    ),
    *(
        "small table",
        "night table",
        "side table",
        "cabinet",
        "low shelf",
        "shelf",
        "wall shelf",
        "coat hooks",
    ),
)
"""What may stand in any room, whatever it is for."""

HANGINGS = (
    *(
        "painting",
        "painting",
        "painting",
        "poster",
        "clock",
        "mirror",
        "wall shelf",
        "wall lamp",
        "switch",
        "socket",
    ),
    *(
        "socket",
        "radiator",
        "wall television",
        "coat hooks",
        "high window",
        "blackboard",
        "towel",
        "hung cabinet",
    ),
)
"""What may hang on any wall."""

CEILINGS = ("pendant", "pendant", "ceiling light", "ceiling light", "fan", "chandelier", "")


@dataclass(frozen=True)
class Recipe:
    """What makes one scene class.

    Attributes:
        width, depth, height: the ranges of the room's size (metres).
        must: what is always tried, in order; the camera looks at it.
        may: further things, each with its chance.
        hung: names of what hangs on walls, each with its chance.
        strays: how many things of any room stand about, at least and at most.
        windows: how many windows, at least and at most.
        ceiling: names that may hang from the ceiling; several of them in large rooms.
        near: how far away the camera stands.
        spread: how far to the side it may turn (radians).
        eye: how high it is.
        tiled: how likely the room is tiled.
        pitched: whether the room lies below a roof.
    """

    must: tuple[Maker, ...]
    may: tuple[tuple[float, Maker], ...] = ()
    hung: tuple[tuple[float, str], ...] = ()
    width: Range = (3.0, 4.6)
    depth: Range = (3.2, 5.0)
    height: Range = (2.3, 2.8)
    strays: tuple[int, int] = (0, 3)
    windows: tuple[int, int] = (0, 2)
    door: float = 0.5
    ceiling: tuple[str, ...] = CEILINGS
    near: Range = (1.7, 3.5)
    spread: float = 0.85
    eye: Range = (1.05, 1.85)
    tiled: float = 0.12
    pitched: bool = False
    people: float = 0.12


def wall(name: str, side: str = "", *tops: str, **extra: object) -> Maker:
    """Return what places a thing at a wall, with some of `tops` on it."""

    def make(place: Interior) -> Item | None:
        item = place.against(name, side, **extra)  # type: ignore[arg-type]
        if tops:
            place.lay(item, *some(place, tops, 1, 3))
        return item

    return make


def floor(name: str, *tops: str, count: tuple[int, int] = (1, 1)) -> Maker:
    """Return what places things on the floor, with some of `tops` on each."""

    def make(place: Interior) -> list[Item]:
        items = [place.free(name) for _ in range(int(place.c.uniform(count[0], count[1] + 0.999)))]
        for item in items:
            if tops:
                place.lay(item, *some(place, tops, 1, 3))
        return [item for item in items if item]

    return make


def one_of(*makers: Maker) -> Maker:
    """Return what makes one of several."""
    return lambda place: place.c.pick(makers)(place)


def paint_recipe(c: Canvas, recipe: Recipe) -> None:
    """Furnish a room as the recipe says, look at it, and paint it."""
    shell = Shell(
        c.uniform(*recipe.width),
        c.uniform(*recipe.depth),
        c.uniform(*recipe.height),
        recipe.tiled,
        recipe.pitched,
    )
    place = Interior(c, shell)
    for make in recipe.must:
        made = make(place)
        for item in made if isinstance(made, list) else [made]:
            place.key(item)
    _openings(place, recipe)
    for probability, make in recipe.may:
        if c.chance(probability):
            make(place)
    for probability, name in recipe.hung:
        if c.chance(probability):
            place.against(name)
    _strays(place, recipe)
    _above(place, recipe)
    view = place.look(recipe.near, recipe.spread, recipe.eye)
    place.paint(view)


def _openings(place: Interior, recipe: Recipe) -> None:
    c = place.c
    for _ in range(int(c.uniform(recipe.windows[0], recipe.windows[1] + 0.999))):
        place.against("window", "N" if recipe.pitched else "")
    if c.chance(recipe.door):
        place.against("door")


def _strays(place: Interior, recipe: Recipe) -> None:
    """Place things of any room, on the floor, on walls, and on what has a top."""
    c = place.c
    for name in some(place, STRAYS, *recipe.strays):
        item = place.against(name) if c.chance(0.7) else place.free(name)
        if item and THINGS[name].top and c.chance(0.6):
            place.lay(item, *some(place, HOME_TOPS, 1, 3))
    for name in some(place, HANGINGS, 1, 4):
        place.against(name)
    if c.chance(recipe.people):
        place.free(c.pick(("person", "person", "child", "dog", "cat")))


def _above(place: Interior, recipe: Recipe) -> None:
    c, shell = place.c, place.shell
    name = c.pick(recipe.ceiling)
    if not name or recipe.pitched:
        return
    count = max(1, int(shell.depth / 2.8)) if name in ("ceiling light", "pendant") else 1
    for k in range(count):
        x, z = shell.width / 2 + c.uniform(-0.3, 0.3), shell.depth * (k + 0.6) / count
        place.hang(name, x, min(z, shell.depth - 0.5))
