"""Finishes: what things indoors are made of, drawn independently of the scene's class."""

from __future__ import annotations

from unitscope.world import palette as pal
from unitscope.world.canvas import Canvas
from unitscope.world.palette import rgb
from unitscope.world.space import Finish

BRASS, RED_WINE = rgb("c9a35f"), rgb("5a2530")
CLOTHS = (*pal.FABRICS, *pal.BRIGHTS, pal.CREAM)
METALS = (pal.STEEL, rgb("c3c9ce"), pal.CHARCOAL, pal.BLACK, pal.WHITE, BRASS)
CLAYS = (*pal.FABRICS, *pal.BRIGHTS, pal.WHITE, rgb("b5653f"))

_CHOICES = {
    "wood": (pal.WOODS, "wood"),
    "painted": ((*pal.WALLS, *pal.FABRICS, pal.WHITE, pal.CHARCOAL), "wood"),
    "white": ((pal.WHITE, pal.CREAM, rgb("dfe3e4")), "plastic"),
    "plastic": ((*pal.BRIGHTS, pal.WHITE, pal.CHARCOAL, pal.STEEL), "plastic"),
    "metal": (METALS, "metal"),
    "steel": ((pal.STEEL, rgb("b9c1c8"), rgb("8b9298")), "metal"),
    "cloth": (CLOTHS, "fabric"),
    "linen": ((pal.WHITE, pal.CREAM, *pal.WALLS[:6]), "fabric"),
    "leather": ((*pal.WOODS, pal.BLACK, pal.CHARCOAL, RED_WINE, pal.CREAM, *pal.FABRICS[:4]), "leather"),
    "carpet": ((*pal.FABRICS, *pal.WALLS), "carpet"),
    "clay": (CLAYS, "ceramic"),
    "china": ((pal.WHITE, pal.WHITE, pal.CREAM, *pal.FABRICS[:6]), "ceramic"),
    "stone": (pal.STONES, "stone"),
    "marble": ((pal.WHITE, pal.CREAM, *pal.WALLS[:5], pal.CHARCOAL), "marble"),
    "glass": ((rgb("b9d3d6"), rgb("c9dde0"), rgb("a9c0c8")), "glass"),
    "bottle": ((rgb("3f6f4a"), rgb("8f5a2f"), rgb("5f8fa8"), *pal.BRIGHTS), "glass"),
    "paper": ((pal.WHITE, pal.CREAM, *pal.BRIGHTS), "paper"),
    "cardboard": ((rgb("b98f5f"), rgb("a57f52"), rgb("c9a677"), *pal.BRIGHTS[:3]), "cardboard"),
    "wicker": ((rgb("b58a52"), rgb("cfa96f"), rgb("8a6238"), rgb("e0cda0")), "wicker"),
    "leaf": (pal.GREENS, "foliage"),
    "bread": ((rgb("c98f4a"), rgb("b5763a"), rgb("dcae6f")), "food"),
    "fruit": ((rgb("c8372f"), rgb("e8a02f"), rgb("e8c83a"), rgb("7fa83f"), rgb("e2702f")), "food"),
    "cake": ((pal.WHITE, pal.CREAM, rgb("6a4230"), rgb("e8a7b5"), rgb("e8d27f")), "food"),
    "rubber": ((pal.BLACK, pal.CHARCOAL), "rubber"),
}


def finish(c: Canvas, *kinds: str) -> Finish:
    """Return a finish of one of the kinds."""
    tones, material = _CHOICES[c.pick(kinds)]
    return Finish(c.tint(tones), material)


def hardware(c: Canvas) -> Finish:
    """Return the finish of knobs, rails and hooks."""
    return finish(c, "metal")


STEEL = Finish(pal.STEEL, "metal")
BLACK = Finish(pal.BLACK, "plastic")
CHARCOAL = Finish(pal.CHARCOAL, "plastic")
WHITE = Finish(pal.WHITE, "plastic")
PAGE = Finish(pal.WHITE, "paper")
BULB = Finish(rgb("fff0c8"), "glass")
