"""Space indoors: a camera that stands anywhere in a room, and solids turned any way before it (metres)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from itertools import combinations
from typing import NamedTuple, Unpack

from unitscope.world.canvas import Canvas, Look, Pen, Point, Spot
from unitscope.world.palette import RGB, dim, mix

Point3 = tuple[float, float, float]
Space = tuple[float, float, float, float, float, float]
"""A box: a0, a1 (to the right), b0, b1 (up), d0, d1 (away from the front)."""

NEAR = 0.3
"""Distance (metres) before which nothing is seen."""

_SKY, _DARK = (1.0, 0.99, 0.96), (0.0, 0.0, 0.0)
_ROUND = [(math.cos(2 * math.pi * k / 16), math.sin(2 * math.pi * k / 16)) for k in range(16)]
_BELLY = [(math.cos(math.pi * k / 6), math.sin(math.pi * k / 6)) for k in range(1, 6)]


class Finish(NamedTuple):
    """What a surface is made of: its colour in white light and its material."""

    color: RGB
    material: str

    def dim(self, factor: float) -> Finish:
        """Return the finish darker (or, above 1, lighter)."""
        return Finish(dim(self.color, factor), self.material)

    def mix(self, other: RGB, share: float) -> Finish:
        """Return the finish with its colour moved towards another."""
        return Finish(mix(self.color, other, share), self.material)


class Block(NamedTuple):
    """One box of a thing made of several."""

    space: Space
    finish: Finish
    part: str = ""


class View:
    """A camera at (x, z) metres of a room that looks `yaw` radians to the right of its far wall."""

    __slots__ = ("c", "cos", "limits", "sin", "x", "z")

    def __init__(self, c: Canvas, x: float, z: float, yaw: float) -> None:
        self.c, self.x, self.z = c, x, z
        self.cos, self.sin = math.cos(yaw), math.sin(yaw)
        self.limits = (0.0, 0.0, 1.0, 1.0)

    def narrow(self) -> None:
        """Leave out from now on what the canvas' window does not show."""
        window = self.c.window
        half = (abs(math.cos(window.roll)) + abs(math.sin(window.roll))) / window.zoom / 2
        self.limits = (window.x - half, window.y - half, window.x + half, window.y + half)

    def shows(self, space: Space) -> bool:
        """Return whether any of a box in the room (x0, x1, y0, y1, z0, z1) may be in the picture."""
        x0, x1, y0, y1, z0, z1 = space
        room = self.frame(0.0, 0.0)
        flat = [room.flat(x, z) for x in (x0, x1) for z in (z0, z1)]
        if max(depth for _, depth in flat) < NEAR:
            return False
        if min(depth for _, depth in flat) < NEAR:
            return True
        c, (left, top, right, bottom) = self.c, self.limits
        xs = [c.center + c.focus * r / w for r, w in flat]
        ys = [c.horizon + c.focus * (c.eye - y) / w for _, w in flat for y in (y0, y1)]
        return max(xs) > left and min(xs) < right and max(ys) > top and min(ys) < bottom

    def frame(self, x: float, z: float, turn: float = 0.0, y: float = 0.0) -> Frame:
        """Return the frame of a thing at (x, z), `y` above the floor, turned by `turn` radians."""
        dx, dz = x - self.x, z - self.z
        place = (dx * self.cos - dz * self.sin, y, dx * self.sin + dz * self.cos)
        cos, sin = math.cos(turn), math.sin(turn)
        turned = (cos * self.cos + sin * self.sin, sin * self.cos - cos * self.sin)
        return Frame(self.c, place, turned, self.limits)


class Frame:
    """The coordinates of one thing: a to its right, b up, d from its front to its back, in metres."""

    __slots__ = ("c", "cos", "depth", "eye", "limits", "right", "sin", "y")

    def __init__(
        self, c: Canvas, place: Point3, turn: Point, limits: tuple[float, float, float, float] = (0, 0, 1, 1)
    ) -> None:
        """Place the frame at (right, up, away) of the camera, turned by (cosine, sine) against it."""
        self.c, self.limits = c, limits
        self.right, self.y, self.depth = place
        self.cos, self.sin = turn
        self.eye = (
            -(self.right * self.cos - self.depth * self.sin),
            c.eye - self.y,
            -(self.right * self.sin + self.depth * self.cos),
        )

    def moved(self, a: float, b: float, d: float, turn: float = 0.0) -> Frame:
        """Return a frame inside this one."""
        right, depth = self.flat(a, d)
        cos, sin = math.cos(turn), math.sin(turn)
        turned = (self.cos * cos - self.sin * sin, self.sin * cos + self.cos * sin)
        return Frame(self.c, (right, self.y + b, depth), turned, self.limits)

    def flat(self, a: float, d: float) -> Point:
        """Return how far right of the camera and how far away (a, d) is."""
        return self.right + a * self.cos + d * self.sin, self.depth - a * self.sin + d * self.cos

    def see(self, a: float, b: float, d: float) -> Point:
        """Return the picture point of (a, b, d); what is nearer than NEAR is seen as if it were there."""
        right, depth = self.flat(a, d)
        scale = self.c.focus / max(depth, NEAR)
        return self.c.center + right * scale, self.c.horizon + (self.c.eye - self.y - b) * scale

    def metre(self, a: float = 0.0, d: float = 0.0) -> float:
        """Return how long a metre at (a, d) is in the picture."""
        return self.c.focus / max(self.flat(a, d)[1], NEAR)

    def seen(self, a: float = 0.0, d: float = 0.0) -> bool:
        """Return whether (a, d) lies before the camera."""
        return self.flat(a, d)[1] > NEAR

    def spot(self, a: float = 0.0, d: float = 0.0) -> Spot:
        """Return (a, d) as a spot, for things drawn in the picture's plane."""
        x, y = self.see(a, 0.0, d)
        return Spot(x, y, self.metre(a, d), self.flat(a, d)[1])

    def of(self, name: str) -> Solid:
        """Return what paints the object `name` in this frame."""
        return Solid(self, self.c.pen(name))

    def shadow(self, half: float, depth: float = 0.0, d: float = 0.0, dark: float = 0.4) -> None:
        """Darken the floor (or table) below a thing of this half width."""
        if self.seen(0.0, d) and self.eye[1] > 0:
            (x, y), metre = self.see(0.0, 0.0, d), self.metre(0.0, d)
            left, _, right, _ = self.limits
            if left - half * metre < x < right + half * metre:
                flat = max(0.012, (depth or half) * metre * min(1.0, self.eye[1] / self.flat(0.0, d)[1]))
                self.c.shadow(x, y, half * metre, flat, dark)


class Solid:
    """Paints shapes of one object in a frame."""

    __slots__ = ("c", "frame", "pen")

    def __init__(self, frame: Frame, pen: Pen) -> None:
        self.frame, self.pen, self.c = frame, pen, frame.c

    def _paint(self, points: Sequence[Point], finish: Finish, part: str, metre: float, look: Look) -> None:
        """Fill a polygon in the picture unless it lies outside of it."""
        left, top, right, bottom = self.frame.limits
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        if max(xs) < left or min(xs) > right or max(ys) < top or min(ys) > bottom:
            return
        look.setdefault("grain", min(1.6, max(0.25, metre * 1.1)))
        look.setdefault("strength", 0.75)
        self.pen.poly(points, finish.color, finish.material, part, **look)

    def poly(self, points: Sequence[Point3], finish: Finish, part: str = "", **look: Unpack[Look]) -> None:
        """Fill a polygon in space, cut off before the camera."""
        frame, c = self.frame, self.c
        flat = [(*frame.flat(a, d), c.eye - frame.y - b) for a, b, d in points]
        if min(p[1] for p in flat) < NEAR:
            flat = _clipped(flat)
            if len(flat) < 3:
                return
        seen = [(c.center + c.focus * r / w, c.horizon + c.focus * y / w) for r, w, y in flat]
        self._paint(seen, finish, part, c.focus * len(flat) / sum(p[1] for p in flat), look)

    def box(self, space: Space, finish: Finish, part: str = "", **look: Unpack[Look]) -> None:
        """Fill the faces of a box that are seen, each as bright as it is turned to the light."""
        a0, a1, b0, b1, d0, d1 = space
        frame = self.frame
        ea, eb, ed = frame.eye
        side = self.c.light.side
        if b1 < eb:
            face = ((a0, b1, d0), (a1, b1, d0), (a1, b1, d1), (a0, b1, d1))
            self.poly(face, finish.mix(_SKY, 0.14), part, **look)
        elif b0 > eb:
            face = ((a0, b0, d0), (a1, b0, d0), (a1, b0, d1), (a0, b0, d1))
            self.poly(face, finish.mix(_DARK, 0.4), part, **look)
        for a, shown, normal in ((a0, ea < a0, -frame.cos), (a1, ea > a1, frame.cos)):
            if shown:
                face = ((a, b0, d0), (a, b1, d0), (a, b1, d1), (a, b0, d1))
                self.poly(face, finish.dim(0.86 + 0.15 * side * normal), part, **look)
        for d, shown, normal in ((d0, ed < d0, -frame.sin), (d1, ed > d1, frame.sin)):
            if shown:
                face = ((a0, b0, d), (a0, b1, d), (a1, b1, d), (a1, b0, d))
                self.poly(face, finish.dim(0.9 + 0.14 * side * normal), part, **look)

    def boxes(self, blocks: Iterable[Block], **look: Unpack[Look]) -> None:
        """Fill several boxes, those behind others first."""

        def order(first: Block, second: Block) -> int:
            return behind(first.space, second.space, self.frame.eye)

        for block in sorted(blocks, key=cmp_to_key(order)):
            self.box(block.space, block.finish, block.part, **look)

    def front(self, d: float = 0.0, a: float = 0.0, b: float = 0.0) -> Sheet:
        """Return the upright sheet at depth d that faces forwards, its origin at (a, b)."""
        return Sheet(self, (a, b, d), upright=True)

    def top(self, b: float, a: float = 0.0, d: float = 0.0) -> Sheet:
        """Return the level sheet at height b, its origin at (a, d)."""
        return Sheet(self, (a, b, d), upright=False)

    def bar(
        self, ends: tuple[Point3, Point3], width: float, finish: Finish, part: str = "", **look: Unpack[Look]
    ) -> None:
        """Fill a round bar between two points."""
        frame = self.frame
        if not all(frame.seen(a, d) for a, _, d in ends):
            return
        (xa, ya), (xb, yb) = (frame.see(*end) for end in ends)
        starts = [max(0.003, width * frame.metre(a, d)) for a, _, d in ends]
        length = math.hypot(xb - xa, yb - ya) or 1e-6
        nx, ny = (ya - yb) / length / 2, (xb - xa) / length / 2
        s, t = starts
        corners = ((xa + nx * s, ya + ny * s), (xb + nx * t, yb + ny * t))
        others = ((xb - nx * t, yb - ny * t), (xa - nx * s, ya - ny * s))
        look.setdefault("shade", "flat")
        self._paint((*corners, *others), finish, part, frame.metre(), look)

    def lathe(
        self,
        profile: Sequence[Point],
        finish: Finish,
        part: str = "",
        place: Point = (0.0, 0.0),
        **look: Unpack[Look],
    ) -> None:
        """Fill a round body: (radius, height) from its foot to its rim."""
        frame = self.frame
        if not frame.seen(*place):
            return
        metre = frame.metre(*place)
        tilt = frame.flat(*place)[1]
        spots = [(frame.see(place[0], b, place[1]), r * metre) for r, b in profile]
        left = [(x - r, y) for (x, y), r in spots]
        right = [(x + r, y) for (x, y), r in reversed(spots)]
        (x, y), r = spots[0]
        drop = max(0.0, (frame.eye[1] - profile[0][1]) / tilt) * r
        foot = [(x + r * u, y + drop * v) for u, v in _BELLY]
        look.setdefault("shade", "tube")
        self._paint((*left, *right, *foot), finish, part, metre, look)

    def disc(
        self,
        radius: float,
        b: float,
        finish: Finish,
        part: str = "",
        place: Point = (0.0, 0.0),
        **look: Unpack[Look],
    ) -> None:
        """Fill a level disc at height b."""
        if self.frame.seen(*place):
            a, d = place
            points = [(a + radius * u, b, d + radius * v) for u, v in _ROUND]
            self.poly(points, finish, part, **look)

    def ball(
        self, place: Point3, radius: float | Point, finish: Finish, part: str = "", **look: Unpack[Look]
    ) -> None:
        """Fill a ball, or an egg with two radii across and up."""
        a, b, d = place
        if self.frame.seen(a, d):
            (x, y), metre = self.frame.see(a, b, d), self.frame.metre(a, d)
            rx, ry = radius if isinstance(radius, tuple) else (radius, radius)
            look.setdefault("shade", "ball")
            points = [(x + rx * metre * u, y + ry * metre * v) for u, v in _ROUND]
            self._paint(points, finish, part, metre, look)

    def blob(
        self, place: Point3, radius: Point, finish: Finish, part: str = "", **look: Unpack[Look]
    ) -> None:
        """Fill a lumpy ball."""
        a, b, d = place
        if self.frame.seen(a, d):
            (x, y), metre = self.frame.see(a, b, d), self.frame.metre(a, d)
            look.setdefault("shade", "ball")
            look.setdefault("grain", max(0.25, metre))
            box = (x, y, radius[0] * metre, radius[1] * metre)
            self.pen.blob(box, finish.color, finish.material, part, **look)


class Sheet:
    """A flat surface of a solid that is drawn on: u to the right, v up (or, when level, away)."""

    __slots__ = ("_lift", "origin", "solid", "upright", "visible")

    def __init__(self, solid: Solid, origin: Point3, *, upright: bool) -> None:
        self.solid, self.origin, self.upright = solid, origin, upright
        eye = solid.frame.eye
        self.visible = eye[2] < origin[2] if upright else eye[1] > origin[1]
        self._lift = 0.9 - 0.14 * solid.c.light.side * solid.frame.sin if upright else 1.0

    def at(self, u: float, v: float) -> Point3:
        """Return the point of the frame at (u, v)."""
        a, b, d = self.origin
        return (a + u, b + v, d) if self.upright else (a + u, b, d + v)

    def poly(self, points: Sequence[Point], finish: Finish, part: str = "", **look: Unpack[Look]) -> None:
        """Fill a polygon."""
        if self.visible:
            tone = finish.dim(self._lift) if not look.get("glow") else finish
            self.solid.poly([self.at(u, v) for u, v in points], tone, part, **look)

    def rect(
        self, box: tuple[float, float, float, float], finish: Finish, part: str = "", **look: Unpack[Look]
    ) -> None:
        """Fill the rectangle (u0, u1, v0, v1)."""
        u0, u1, v0, v1 = box
        self.poly(((u0, v0), (u0, v1), (u1, v1), (u1, v0)), finish, part, **look)

    def oval(
        self, box: tuple[float, float, float, float], finish: Finish, part: str = "", **look: Unpack[Look]
    ) -> None:
        """Fill the ellipse with centre u, v and radii."""
        u, v, ru, rv = box
        self.poly([(u + ru * s, v + rv * t) for s, t in _ROUND], finish, part, **look)

    def line(
        self, ends: tuple[Point, Point], width: float, finish: Finish, part: str = "", **look: Unpack[Look]
    ) -> None:
        """Fill a stripe between two points."""
        (ua, va), (ub, vb) = ends
        length = math.hypot(ub - ua, vb - va) or 1e-6
        nu, nv = (va - vb) / length * width / 2, (ub - ua) / length * width / 2
        corners = ((ua + nu, va + nv), (ub + nu, vb + nv), (ub - nu, vb - nv), (ua - nu, va - nv))
        self.poly(corners, finish, part, **look)


def _clipped(points: Sequence[Point3]) -> list[Point3]:
    """Return the part of a polygon of (right, away, down) that is at least NEAR away."""
    kept: list[Point3] = []
    for p, q in zip(points, (*points[1:], points[0]), strict=True):
        if p[1] >= NEAR:
            kept.append(p)
        if (p[1] >= NEAR) != (q[1] >= NEAR):
            t = (NEAR - p[1]) / (q[1] - p[1])
            kept.append((p[0] + t * (q[0] - p[0]), NEAR, p[2] + t * (q[2] - p[2])))
    return kept


def behind(first: Space, second: Space, eye: Point3) -> int:
    """Return -1 when the first box may be hidden by the second, 1 for the reverse, 0 when neither hides the other."""
    verdict = 0
    for k in range(0, 6, 2):
        at = eye[k // 2]
        for low, high, turn in ((first, second, 1), (second, first, -1)):
            if low[k + 1] <= high[k] + 1e-6:
                side = -turn if at >= high[k] else turn if at <= low[k + 1] else 0
                if side * verdict < 0:
                    return 0
                verdict = verdict or side
    return verdict


def painted_order(spaces: Sequence[Space], eye: Point3) -> list[int]:
    """Return the order to paint boxes in: each after all it hides, as far as can be; else the farthest first."""
    left = sorted(range(len(spaces)), key=lambda k: -_distance(spaces[k], eye))
    first: dict[int, set[int]] = {k: set() for k in left}
    for i, j in combinations(left, 2):
        turn = behind(spaces[i], spaces[j], eye)
        if turn:
            first[j if turn < 0 else i].add(i if turn < 0 else j)
    order: list[int] = []
    while left:
        chosen = min(left, key=lambda k: len(first[k]))
        left.remove(chosen)
        for waiting in first.values():
            waiting.discard(chosen)
        order.append(chosen)
    return order


def _distance(space: Space, eye: Point3) -> float:
    return math.hypot((space[0] + space[1]) / 2 - eye[0], (space[4] + space[5]) / 2 - eye[2])
