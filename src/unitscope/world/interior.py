"""An interior: things placed in a room side by side, a camera that looks at what matters, painting."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from unitscope.world.beds import BED_THINGS
from unitscope.world.canvas import Canvas
from unitscope.world.kitchenware import WARE
from unitscope.world.lamps import LAMPS
from unitscope.world.machines import MACHINES
from unitscope.world.play import PLAY
from unitscope.world.public import PUBLIC
from unitscope.world.sanitary import SANITARY
from unitscope.world.seats import SEATS
from unitscope.world.shell import WALLS, Shell, paint_shell
from unitscope.world.space import Frame, Space, View, painted_order
from unitscope.world.storage import STORAGE
from unitscope.world.tables import TABLES
from unitscope.world.thing import Thing
from unitscope.world.walls import WALL_THINGS
from unitscope.world.windows import OPENINGS

THINGS: dict[str, Thing] = {
    **SEATS,
    **TABLES,
    **STORAGE,
    **BED_THINGS,
    **LAMPS,
    **OPENINGS,
    **WALL_THINGS,
    **MACHINES,
    **WARE,
    **SANITARY,
    **PLAY,
    **PUBLIC,
}
"""Everything that can be placed, by name."""

Size = tuple[float, float, float]


@dataclass
class Item:
    """A thing at its place: the middle of its footprint, its turn in radians, and what lies on it.

    Attributes:
        name: its name in THINGS.
        place: x, height of its foot, z in metres.
        turn: how it is turned; 0 faces the near wall.
        size: its width, height and depth.
        on: the things on it: name, place inside its frame, turn and size.
        extra: what else its drawing function takes.
    """

    name: str
    place: tuple[float, float, float]
    turn: float
    size: Size
    on: list[tuple[str, tuple[float, float], float, Size]] = field(default_factory=list)
    extra: dict[str, object] = field(default_factory=dict)

    @property
    def space(self) -> Space:
        """The box around it in the room."""
        (x, y, z), (w, h, d) = self.place, self.size
        cos, sin = abs(math.cos(self.turn)), abs(math.sin(self.turn))
        half_x, half_z = (w * cos + d * sin) / 2, (w * sin + d * cos) / 2
        low, high = (y, y + h) if THINGS[self.name].d[1] > 0 else (y - h, y)
        return (x - half_x, x + half_x, max(0.02, low) if h > 0.03 else 0.0, high, z - half_z, z + half_z)

    def draw(self, view: View) -> None:
        """Paint it and what lies on it, the nearest last."""
        (x, y, z), (w, h, d), thing = self.place, self.size, THINGS[self.name]
        frame = view.frame(x, z, self.turn, y).moved(0.0, 0.0, -d / 2)
        thing.draw(frame, w, h, d, **self.extra)
        tops = [(frame.moved(a, h * thing.top, e, turn), name, size) for name, (a, e), turn, size in self.on]
        for top, name, size in sorted(tops, key=lambda t: -t[0].depth):
            if top.depth > 0.35:
                THINGS[name].draw(top.moved(0.0, 0.0, -size[2] / 2), *size)


class Interior:
    """Collects what stands, hangs and lies in one room; `paint` looks at it and paints it."""

    def __init__(self, c: Canvas, shell: Shell) -> None:
        self.c, self.shell = c, shell
        self.items: list[Item] = []
        self.keys: list[Item] = []
        self._walls: dict[str, list[tuple[float, float, float, float]]] = {wall: [] for wall in WALLS}

    def size(self, name: str, **given: float) -> Size:
        """Return a random size of a thing; `w`, `h` or `d` may be given."""
        thing, c = THINGS[name], self.c
        w, h, d = (given.get(k) or c.uniform(*r) for k, r in (("w", thing.w), ("h", thing.h), ("d", thing.d)))
        return w, h, d

    def stand(
        self,
        name: str,
        x: float,
        z: float,
        turn: float = 0.0,
        *,
        y: float = 0.0,
        size: Size | None = None,
        **extra: object,
    ) -> Item:
        """Place a thing whatever else is there."""
        item = Item(name, (x, y, z), turn, size or self.size(name), extra=extra)
        self.items.append(item)
        return item

    def key(self, item: Item | None) -> Item | None:
        """Mark a thing that the camera should look at."""
        if item:
            self.keys.append(item)
        return item

    def fits(self, item: Item, margin: float = 0.03) -> bool:
        """Return whether a thing runs neither into a wall nor into another thing."""
        x0, x1, y0, y1, z0, z1 = item.space
        shell = self.shell
        if x0 < -0.01 or z0 < -0.01 or x1 > shell.width + 0.01 or z1 > shell.depth + 0.01:
            return False
        side = shell.headroom(y1)
        if x0 < side - 0.01 or x1 > shell.width - side + 0.01:
            return False
        for other in self.items:
            a0, a1, b0, b1, d0, d1 = other.space
            apart = x1 + margin <= a0 or a1 + margin <= x0 or z1 + margin <= d0 or d1 + margin <= z0
            if not (apart or y1 <= b0 or b1 <= y0 or other.size[1] <= 0.03):
                return False
        return True

    def against(
        self,
        name: str,
        wall: str = "",
        *,
        at: float | None = None,
        size: Size | None = None,
        gap: float = 0.0,
        **extra: object,
    ) -> Item | None:
        """Place a thing with its back to a wall (any but the near one), at `at` metres along it, or where it fits."""
        c, thing, hung = self.c, THINGS[name], THINGS[name].y
        for _ in range(10):
            side = wall or c.pick(("N", "N", "W", "E"))
            w, h, d = size or self.size(name)
            long = self.shell.along(side)
            if w > long:
                continue
            u = at if at is not None else c.uniform(w / 2, long - w / 2)
            y = c.uniform(*hung) if hung else 0.0
            area = (u - w / 2 - 0.03, u + w / 2 + 0.03, y, y + h)
            roof = self.shell.low if side in "EW" else self.shell.height
            if y + h > roof or any(_overlap(area, other) for other in self._walls[side]):
                continue
            x, z = self.shell.at(side, u, d / 2 + gap)
            item = Item(name, (x, y, z), WALLS[side] * math.pi, (w, h, d), extra=extra)
            if self.fits(item) or (thing.y == (0.0, 0.0) and at is not None):
                if gap > 0.5:
                    self.items.append(item)
                    return item
                low = y + h * 0.7 if not hung and h < 1.4 else y + h
                self._walls[side].append((area[0], area[1], y, low))
                self.items.append(item)
                return item
        return None

    def free(
        self, name: str, *, size: Size | None = None, turn: float | None = None, **extra: object
    ) -> Item | None:
        """Place a thing anywhere on the floor where it fits, turned any way."""
        c, shell = self.c, self.shell
        for _ in range(8):
            x, z = c.uniform(0.3, shell.width - 0.3), c.uniform(0.8, shell.depth - 0.3)
            angle = turn if turn is not None else c.uniform(-math.pi, math.pi)
            item = Item(name, (x, 0.0, z), angle, size or self.size(name), extra=extra)
            if self.fits(item, 0.1):
                self.items.append(item)
                return item
        return None

    def beside(
        self, item: Item, name: str, place: tuple[float, float], turn: float = 0.0, **extra: object
    ) -> Item | None:
        """Place a thing at (a, e) from the middle of another, in that one's frame, if it fits."""
        (a, e), (x, _, z) = place, item.place
        cos, sin = math.cos(item.turn), math.sin(item.turn)
        there = (x + a * cos + e * sin, 0.0, z - a * sin + e * cos)
        near = Item(name, there, item.turn + turn, self.size(name), extra=extra)
        if not self.fits(near, -0.06):
            return None
        self.items.append(near)
        return near

    def hang(self, name: str, x: float, z: float) -> Item:
        """Hang a thing from the ceiling."""
        return self.stand(name, x, z, self.c.uniform(-0.3, 0.3), y=self.shell.height)

    def lay(self, item: Item | None, *names: str, turn: float = 0.5) -> None:
        """Put things on another, where they do not run into each other."""
        if item is None or not THINGS[item.name].top:
            return
        c, (w, _, d) = self.c, item.size
        for name in names:
            size = self.size(name)
            half, deep = (w - size[0]) / 2, (d - size[2]) / 2
            if half < 0 or deep < -0.05:
                continue
            for _ in range(5):
                a, e = c.uniform(-half, half), d / 2 + c.uniform(-deep, deep) * 0.9
                if all(
                    abs(a - b) > (size[0] + s[0]) / 2 or abs(e - g) > (size[2] + s[2]) / 2
                    for _, (b, g), _, s in item.on
                ):
                    item.on.append((name, (a, e), c.uniform(-turn, turn), size))
                    break

    def put(self, item: Item | None, name: str, a: float, e: float = 0.5, turn: float = 0.0) -> None:
        """Put a thing on another at a metres from its middle and a share e of its depth."""
        if item is not None:
            item.on.append((name, (a, item.size[2] * e), turn, self.size(name)))

    def look(self, near: tuple[float, float], spread: float, eye: tuple[float, float]) -> View:
        """Place the camera so that what matters is in the picture, from this far, within `spread` radians of north."""
        c, best, most = self.c, None, -math.inf
        for _ in range(7):
            view = self._try(near, spread, eye)
            seen = sum(self._plain(view, key) for key in self.keys) - 2.0 * self._blocked(view)
            if seen > most:
                best, most, pose = view, seen, (c.center, c.horizon, c.eye, c.focus)
            if seen >= len(self.keys) - 1e-6:
                break
        c.center, c.horizon, c.eye, c.focus = pose
        assert best is not None
        self._aim(best)
        return best

    def _aim(self, view: View) -> None:
        """Point the window at what matters; as the camera stands near already, it enlarges little."""
        c, window = self.c, self.c.window
        c.look_through(replace(window, zoom=1 + (window.zoom - 1) * 0.3).fitted())
        seen = [
            _frame(key, view).see(0.0, key.size[1] / 2, 0.0) for key in self.keys if _in_picture(view, key)
        ]
        if seen:
            c.aim(sum(x for x, _ in seen) / len(seen), sum(y for _, y in seen) / len(seen))

    def _try(self, near: tuple[float, float], spread: float, eye: tuple[float, float]) -> View:
        c, shell = self.c, self.shell
        spots = [key.place for key in self.keys] or [(shell.width / 2, 0.0, shell.depth * 0.7)]
        weights = [c.uniform(0.2, 1.0) for _ in spots]
        total = sum(weights)
        x = sum(w * s[0] for w, s in zip(weights, spots, strict=True)) / total + c.uniform(-0.4, 0.4)
        z = sum(w * s[2] for w, s in zip(weights, spots, strict=True)) / total
        yaw, away = c.uniform(-spread, spread), c.uniform(*near) * c.pick((1.0, 1.0, 1.0, 0.65))
        high = c.uniform(*eye)
        side = shell.headroom(high + 0.15) + 0.25
        stand_x = min(max(x - away * math.sin(yaw), side), shell.width - side)
        stand_z = min(max(z - away * math.cos(yaw), -0.6), shell.depth - 1.2)
        yaw = math.atan2(x - stand_x, max(0.5, z - stand_z)) + c.uniform(-0.12, 0.12)
        focus = c.uniform(0.7, 1.15)
        drop = focus * (high - 0.75) / max(1.2, math.hypot(x - stand_x, z - stand_z))
        level = min(0.6, max(0.12, c.uniform(0.44, 0.64) - drop))
        c.camera(center=c.uniform(0.44, 0.56), horizon=level, eye=high, focus=focus)
        return View(c, stand_x, stand_z, yaw)

    def _plain(self, view: View, key: Item) -> float:
        """Return 1 when a thing is in the picture, less when something tall stands before it."""
        if not _in_picture(view, key):
            return 0.0
        frame = _frame(key, view)
        x, _ = frame.see(0.0, 0.0, 0.0)
        for other in self.items:
            if other.size[1] > 0.9 and other.place[1] < 0.5 and other not in self.keys:
                before = _frame(other, view)
                reach = before.metre() * max(other.size[0], other.size[2]) / 2
                if 0.3 < before.depth < frame.depth - 0.3 and abs(before.see(0.0, 0.0, 0.0)[0] - x) < reach:
                    return 0.3
        return 1.0

    def _blocked(self, view: View) -> float:
        """Return how many things are so near that they would hide the room."""
        return sum(
            1.0
            for item in self.items
            if _gap(item, view) < 0.35 + 0.5 * (item.size[1] > 1.2) and item in self.keys
        )

    def paint(self, view: View) -> None:
        """Paint the shell and everything in it, the nearest last."""
        view.narrow()
        paint_shell(view, self.shell)
        shown = [item for item in self.items if _shown(item, view)]
        eye = (view.x, self.c.eye, view.z)
        for k in painted_order([item.space for item in shown], eye):
            shown[k].draw(view)


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


def _gap(item: Item, view: View) -> float:
    """Return how far the camera is from a thing's footprint."""
    x0, x1, _, _, z0, z1 = item.space
    return math.hypot(max(x0 - view.x, 0.0, view.x - x1), max(z0 - view.z, 0.0, view.z - z1))


def _frame(item: Item, view: View) -> Frame:
    return view.frame(item.place[0], item.place[2], 0.0, item.place[1])


def _in_picture(view: View, item: Item) -> bool:
    frame = _frame(item, view)
    x, y = frame.see(0.0, item.size[1] / 2, 0.0)
    return frame.depth > 0.7 and 0.06 < x < 0.94 and 0.0 < y < 0.97


def _shown(item: Item, view: View) -> bool:
    """Return whether a thing is before the camera, roughly in the picture, and not in its face."""
    x0, x1, y0, y1, z0, z1 = item.space
    if not view.shows((x0 - 0.15, x1 + 0.15, y0, y1 + (0.6 if item.on else 0.1), z0 - 0.15, z1 + 0.15)):
        return False
    room = 1.4 if item.name in ("person", "child") else 0.75 if item.size[1] > 1.1 else 0.4
    return _gap(item, view) > room or item.size[1] < 0.03 or item.place[1] > 0.6
