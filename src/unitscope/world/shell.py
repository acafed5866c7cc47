"""The shell of a room: floor, walls and ceiling, finished independently of what the room is for."""

from __future__ import annotations

from dataclasses import dataclass, field

from unitscope.world import palette as pal
from unitscope.world.finishes import finish
from unitscope.world.palette import dim
from unitscope.world.space import Finish, Sheet, View

WALLS = {"N": 0.0, "E": 0.5, "S": 1.0, "W": -0.5}
"""The turn of what stands against each wall, in half turns; N is the far one."""

_BEHIND = 2.5
"""How far (metres) the shell goes on behind a camera that stands before the near wall."""

_DRESSES = ("plain", "plain", "plain", "stripes", "rail", "panels", "half tiles")


@dataclass(frozen=True)
class Shell:
    """An empty room in metres, x from 0 to width, z from 0 (near) to depth.

    Attributes:
        width: from the left wall to the right one.
        depth: from the near wall to the far one.
        height: of the walls.
        tiled: how likely walls and floor are tiled.
        pitched: whether the ceiling slopes down to low walls at the left and right.
    """

    width: float
    depth: float
    height: float
    tiled: float = 0.1
    pitched: bool = False
    sides: tuple[str, ...] = field(default=("N", "E", "W", "S"))

    def along(self, wall: str) -> float:
        """Return how long a wall is."""
        return self.width if wall in "NS" else self.depth

    def at(self, wall: str, u: float, away: float) -> tuple[float, float]:
        """Return the place (x, z) that is u along a wall and `away` from it."""
        return {"N": (u, self.depth - away), "S": (u, away), "W": (away, u), "E": (self.width - away, u)}[
            wall
        ]

    def headroom(self, y: float) -> float:
        """Return how far from the left and right walls the ceiling is higher than y."""
        if not self.pitched:
            return 0.0
        return max(0.0, (y - self.low) * self.width / 2 / (self.height - self.low))

    @property
    def low(self) -> float:
        """The height of the left and right walls."""
        return self.height * 0.42 if self.pitched else self.height


def paint_shell(view: View, shell: Shell) -> None:
    """Paint floor, ceiling and walls."""
    c = view.c
    tiled = c.chance(shell.tiled)
    _floor(view, shell, tiled=tiled)
    _ceiling(view, shell)
    wall = Finish(
        c.tint(pal.WALLS, 0.06),
        "tile" if tiled and c.chance(0.6) else c.pick(("plaster",) * 5 + ("brick", "wood")),
    )
    accent = finish(c, "painted") if c.chance(0.2) else wall
    accent = Finish(accent.color, wall.material)
    dress = c.pick(_DRESSES)
    second = finish(c, "wood", "painted", "white")
    for side in shell.sides:
        x, z = shell.at(side, shell.along(side) / 2, 0.0)
        it = view.frame(x, z, WALLS[side] * 3.14159265).of("wall")
        sheet = it.front(0.0)
        if sheet.visible:
            size = (shell.along(side), shell.low if side in "EW" else shell.height)
            _wall(sheet, size, accent if side == "N" else wall, (dress, second))
            if side in "EW" and view.z < 0.1:
                near, far = (
                    (size[0] / 2, size[0] / 2 + _BEHIND)
                    if side == "E"
                    else (-size[0] / 2 - _BEHIND, -size[0] / 2)
                )
                sheet.rect((near, far, 0, size[1]), wall, shade="fall", strength=0.55)
            if shell.pitched and side in "NS":
                _gable(view, shell, side)


def _start(view: View) -> float:
    """Return the z where floor and ceiling begin: behind a camera that stands before the near wall."""
    return -_BEHIND if view.z < 0.1 else 0.0


def _floor(view: View, shell: Shell, *, tiled: bool) -> None:
    c = view.c
    kind = c.pick(
        ("tile", "tile", "stone", "wood")
        if tiled
        else ("wood", "wood", "wood", "carpet", "tile", "stone", "marble")
    )
    tones = {"wood": pal.WOODS, "stone": pal.STONES, "carpet": (*pal.FABRICS, *pal.WALLS)}.get(
        kind, pal.WALLS
    )
    stuff, (w, d) = Finish(c.tint(tones), kind), (shell.width, shell.depth)
    near = _start(view)
    corners = ((0.0, 0.0, near), (0.0, 0.0, d), (w, 0.0, d), (w, 0.0, near))
    look = {"shade": "sink", "ground": True, "grain": 1.0, "strength": 1.0}
    view.frame(0, 0).of("floor").poly(corners, stuff, turned=c.chance(0.6), **look)  # type: ignore[arg-type]


def _ceiling(view: View, shell: Shell) -> None:
    c, (w, d, h) = view.c, (shell.width, shell.depth, shell.height)
    it, stuff = (
        view.frame(0, 0).of("ceiling"),
        Finish(dim(c.tint((pal.WHITE, pal.WHITE, pal.CREAM, *pal.WALLS)), 0.94), "plaster"),
    )
    if shell.pitched:
        boards = finish(c, "wood") if c.chance(0.6) else stuff
        for x in (0.0, w):
            slope = (
                (x, shell.low, _start(view)),
                (w / 2, h, _start(view)),
                (w / 2, h, d),
                (x, shell.low, d),
            )
            it.poly(slope, boards.dim(0.92 if x else 1.0), strength=0.7)
            for k in range(4):
                z = d * (k + 0.5) / 4
                it.poly(
                    ((x, shell.low, z), (w / 2, h, z), (w / 2, h, z + 0.12), (x, shell.low, z + 0.12)),
                    boards.dim(0.65),
                )
        return
    near = _start(view)
    it.poly(((0, h, near), (0, h, d), (w, h, d), (w, h, near)), stuff, shade="fall", strength=0.5)
    if c.chance(0.15):
        beam = finish(c, "wood")
        for k in range(4):
            z = d * (k + 0.6) / 4
            it.box((0, w, h - 0.14, h, z, z + 0.14), beam)


def _wall(sheet: Sheet, size: tuple[float, float], stuff: Finish, dressed: tuple[str, Finish]) -> None:
    """Paint one wall with its dress and skirting board."""
    c, (w, h), (dress, second) = sheet.solid.c, size, dressed
    x, strength = w / 2, 0.55 if stuff.material != "plaster" else 1.0
    sheet.rect((-x, x, 0, h), stuff, shade="fall", strength=strength)
    if dress == "stripes":
        step = 0.5
        for k in range(int(w / step)):
            a = -x + step * k
            sheet.rect((a, min(x, a + step / 2), 0, h), stuff.dim(0.9), shade="fall")
    elif dress == "half tiles":
        sheet.rect((-x, x, 0, 1.1), Finish(second.color, "tile"), strength=0.6)
    elif dress in ("rail", "panels"):
        sheet.rect((-x, x, 0, 0.95), second, strength=0.5, turned=True)
        sheet.rect((-x, x, 0.9, 0.97), second.dim(1.1), strength=0.3)
        count = int(w / 0.7) if dress == "panels" else 0
        for k in range(count):
            a = -x + w * (k + 0.12) / count
            sheet.rect((a, a + w * 0.76 / count, 0.18, 0.8), second.dim(0.88), strength=0.5)
    if c.chance(0.8):
        sheet.rect((-x, x, 0, 0.09), stuff.mix(pal.WHITE, 0.6), strength=0.3)


def _gable(view: View, shell: Shell, side: str) -> None:
    """Hide the corners of an end wall behind the slopes of the ceiling."""
    z = shell.depth - 0.01 if side == "N" else 0.01
    it = view.frame(0, 0).of("ceiling")
    stuff = Finish(dim(pal.WOODS[4], 0.85), "wood")
    for x in (0.0, shell.width):
        it.poly(((x, shell.low, z), (x, shell.height, z), (shell.width / 2, shell.height, z)), stuff)
