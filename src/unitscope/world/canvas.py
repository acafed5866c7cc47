"""The canvas: a camera, samples of colour and labels, and pens that paint shapes of one object on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypedDict, TypeVar, Unpack

import numpy as np
from numpy.typing import NDArray

from unitscope.world import raster
from unitscope.world.camera import Window
from unitscope.world.light import Light
from unitscope.world.names import MATERIAL_NUMBERS, OBJECT_NUMBERS, PART_NUMBERS
from unitscope.world.palette import RGB, mix
from unitscope.world.textures import TILE, tile

Item = TypeVar("Item")
Point = tuple[float, float]

SHADES = {"flat": (0.0, 0.0, 0.0, 0.0), "soft": (0.05, -0.07, 0.0, 0.0), "tube": (0.16, -0.03, 0.20, 0.0)} | {
    "ball": (0.17, -0.20, 0.10, 0.10),
    "sink": (0.0, 0.14, 0.0, 0.0),
    "fall": (0.03, -0.22, 0.0, 0.0),
}
"""How brightness changes over a shape's box: along x (towards the light), along y, and off x^2 and y^2."""

_TURNS = [(math.cos(2 * math.pi * k / 24), math.sin(2 * math.pi * k / 24)) for k in range(24)]


class Look(TypedDict, total=False):
    """How a shape is shaded and textured.

    Attributes:
        shade: a name of SHADES ("soft").
        end: the colour at the bottom, when it is a gradient.
        grain: how coarse the texture is; 1 is one tile over the picture's width.
        strength: how strong the texture is (1).
        glow: how far it gives light of its own, 0..1 (0).
        turned: whether the texture is turned by 90 degrees.
        ground: whether the texture lies on the ground plane.
    """

    shade: str
    end: RGB
    grain: float
    strength: float
    glow: float
    turned: bool
    ground: bool


class Spot(NamedTuple):
    """A place in the scene: where it is in the picture, how long a metre is there, and how far away it is."""

    x: float
    y: float
    metre: float
    depth: float


class Canvas:
    """Samples of one scene and the camera that sees it.

    Picture coordinates run from 0 to 1 over the width (x) and height (y, downwards). The camera looks along
    Z (metres, away), X is right, Y up from the ground.
    """

    def __init__(
        self, size: int, rng: np.random.Generator, light: Light, window: Window | None = None
    ) -> None:
        self.samples = size * raster.SUPERSAMPLING
        self.rng = rng
        self.light = light
        self.rgb = np.zeros((self.samples, self.samples, 3), dtype=np.float32)
        self.glow = np.zeros((self.samples, self.samples), dtype=np.float32)
        self.labels = np.zeros((3, self.samples, self.samples), dtype=np.int16)
        self.center, self.horizon, self.eye, self.focus = 0.5, 0.45, 1.6, 1.0
        self.mirrors: list[tuple[str, float, float]] = []
        self.look_through(window or Window())

    def look_through(self, window: Window) -> None:
        """See what is painted from now on through a window."""
        self.window = window
        self.film = (self.rgb, self.glow, self.labels, window.matrix(self.samples))

    def aim(self, x: float, y: float) -> None:
        """Say where in the scene its subject lies, before anything is painted; most cameras look there."""
        if self.window.follows:
            self.look_through(self.window.towards(x, y))

    def mirror(self, name: str, level: float, strength: float) -> None:
        """Let the ground `name` mirror what is above `level` (of the scene), when everything is painted."""
        self.mirrors.append((name, level, strength))

    def reflect(self) -> None:
        """Paint the reflections that were asked for; labels stay."""
        for name, level, strength in self.mirrors:
            mirror = (OBJECT_NUMBERS[name], level * self.samples, strength)
            raster.reflect(self.film, mirror)

    def camera(
        self, *, center: float = 0.5, horizon: float = 0.45, eye: float = 1.6, focus: float = 1.0
    ) -> None:
        """Place the vanishing point (fractions of the picture), the eye's height (metres) and the focal length."""
        self.center, self.horizon, self.eye, self.focus = center, horizon, eye, focus

    def project(self, x: float, y: float, z: float) -> Point:
        """Return where a point in space (metres) lies in the picture."""
        return self.center + self.focus * x / z, self.horizon + self.focus * (self.eye - y) / z

    def spot(self, x: float, z: float) -> Spot:
        """Return the place on the ground at (x, z) metres."""
        px, py = self.project(x, 0.0, z)
        return Spot(px, py, self.focus / z, z)

    def spot_at(self, x: float, y: float) -> Spot:
        """Return the place on the ground seen at picture point (x, y) below the horizon."""
        z = self.focus * self.eye / max(y - self.horizon, 1e-3)
        return Spot(x, y, self.focus / z, z)

    def uniform(self, low: float, high: float) -> float:
        """Return a random number between low and high."""
        return low + (high - low) * self.rng.random()

    def chance(self, probability: float) -> bool:
        """Return True with the probability."""
        return bool(self.rng.random() < probability)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[int(self.rng.random() * len(items))]

    def tint(self, palette: Sequence[RGB], amount: float = 0.05) -> RGB:
        """Return a colour of the palette, slightly changed."""
        color = self.pick(palette)
        tone = self.uniform(1 - amount, 1 + amount)
        shift = amount * 0.5
        red, green, blue = (c * tone * self.uniform(1 - shift, 1 + shift) for c in color)
        return red, green, blue

    def pen(self, name: str, depth: float = 0.0) -> Pen:
        """Return a pen that paints an object `depth` metres away (for haze)."""
        return Pen(self, OBJECT_NUMBERS[name], depth)

    def shadow(self, x: float, y: float, rx: float, ry: float, dark: float = 0.45) -> None:
        """Darken a soft ellipse; labels stay."""
        self._soft(x, y, rx, ry, RaysOf((0.05, 0.06, 0.10), dark * self.light.shadow, 0.0, 1.0))

    def shine(self, x: float, y: float, radius: float, color: RGB, strength: float = 0.6) -> None:
        """Brighten a soft disc of light; labels stay."""
        self._soft(x, y, radius, radius, RaysOf(color, strength, 0.9, 1.6))

    def streak(self, ends: tuple[Point, Point], width: float, color: RGB, alpha: float) -> None:
        """Paint a faint bar over everything, such as falling rain; labels stay."""
        (xa, ya), (xb, yb) = ends
        corners = ((xa, ya), (xa + width, ya), (xb + width, yb), (xb, yb))
        self._veil(np.array(corners, dtype=np.float32), RaysOf(color, alpha, 0.3, 0.0))

    def _soft(self, x: float, y: float, rx: float, ry: float, rays: RaysOf) -> None:
        self._veil(np.array([(x + rx * a, y + ry * b) for a, b in _TURNS], dtype=np.float32), rays)

    def _veil(self, outline: NDArray[np.float32], rays: RaysOf) -> None:
        look = np.zeros(raster.LOOK_SIZE, dtype=np.float32)
        look[0:3] = look[3:6] = rays.color
        look[raster.HORIZON] = -1e9
        look[raster.ALPHA], look[raster.GLOW], look[raster.SOFT] = rays.alpha, rays.glow, rays.softness
        points = outline * np.float32(self.samples)
        raster.fill(self.film, points, look, tile("plastic"), (-1, 0, 0))


class RaysOf(NamedTuple):
    """A soft disc: its colour, opacity in the middle, light of its own and how steeply it fades."""

    color: RGB
    alpha: float
    glow: float
    softness: float


class Pen:
    """Paints shapes of one object. The nearer shape, painted later, overwrites every plane below it."""

    __slots__ = ("canvas", "depth", "haze", "number")

    def __init__(self, canvas: Canvas, number: int, depth: float) -> None:
        self.canvas, self.number, self.depth = canvas, number, depth
        self.haze = canvas.light.haze * (1 - math.exp(-depth / canvas.light.sight)) if depth else 0.0

    def poly(
        self, points: Iterable[Point], color: RGB, material: str, part: str = "", **look: Unpack[Look]
    ) -> None:
        """Fill a polygon.

        Args:
            points: the outline in picture coordinates.
            color: its colour in white light.
            material: its material, which chooses the texture.
            part: its part, or nothing.
            look: how it is shaded and textured, see Look.
        """
        canvas = self.canvas
        bx, by, qx, qy = SHADES[look.get("shade", "soft")]
        scale = TILE / canvas.samples / look.get("grain", 1.0)
        rng = canvas.rng
        numbers = np.array(
            (
                *color,
                *look.get("end", color),
                *(bx * canvas.light.side, by, qx, qy),
                *(look.get("strength", 1.0), scale, scale, rng.random() * TILE, rng.random() * TILE),
                canvas.horizon * canvas.samples if look.get("ground", False) else -1e9,
                *(self.haze, *canvas.light.haze_color, look.get("glow", 0.0), 1.0, 0.0),
                float(look.get("turned", False)),
            ),
            dtype=np.float32,
        )
        outline = np.array(list(points), dtype=np.float32) * np.float32(canvas.samples)
        ids = (self.number, PART_NUMBERS[part], MATERIAL_NUMBERS[material])
        raster.fill(canvas.film, outline, numbers, tile(material), ids)

    def rect(
        self,
        box: tuple[float, float, float, float],
        color: RGB,
        material: str,
        part: str = "",
        **look: Unpack[Look],
    ) -> None:
        """Fill the rectangle (left, top, right, bottom)."""
        left, top, right, bottom = box
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        self.poly(corners, color, material, part, **look)

    def ellipse(
        self,
        box: tuple[float, float, float, float],
        color: RGB,
        material: str,
        part: str = "",
        **look: Unpack[Look],
    ) -> None:
        """Fill the ellipse with centre x, y and radii rx, ry."""
        x, y, rx, ry = box
        self.poly([(x + rx * a, y + ry * b) for a, b in _TURNS], color, material, part, **look)

    def line(
        self,
        ends: tuple[Point, Point],
        width: float | Point,
        color: RGB,
        material: str,
        part: str = "",
        **look: Unpack[Look],
    ) -> None:
        """Fill a bar between two points; a pair of widths tapers it."""
        (xa, ya), (xb, yb) = ends
        start, stop = width if isinstance(width, tuple) else (width, width)
        length = math.hypot(xb - xa, yb - ya) or 1e-6
        nx, ny = (ya - yb) / length / 2, (xb - xa) / length / 2
        corners = (
            *((xa + nx * start, ya + ny * start), (xb + nx * stop, yb + ny * stop)),
            *((xb - nx * stop, yb - ny * stop), (xa - nx * start, ya - ny * start)),
        )
        self.poly(corners, color, material, part, **look)

    def blob(
        self,
        box: tuple[float, float, float, float],
        color: RGB,
        material: str,
        part: str = "",
        **look: Unpack[Look],
    ) -> None:
        """Fill a lumpy ellipse: a crown of leaves, a rock, a cloud."""
        x, y, rx, ry = box
        rng = self.canvas.rng
        phases, lumps = rng.random(3) * 2 * math.pi, rng.uniform(0.02, 0.10, 3)
        points = []
        for k in range(32):
            turn = 2 * math.pi * k / 32
            radius = 0.94 + sum(
                lump * math.sin(turn * waves + phase)
                for lump, waves, phase in zip(lumps, (3, 5, 9), phases, strict=True)
            )
            points.append((x + rx * radius * math.cos(turn), y + ry * radius * math.sin(turn)))
        self.poly(points, color, material, part, **look)

    def block(
        self,
        space: tuple[float, float, float, float, float, float],
        color: RGB,
        material: str,
        part: str = "",
        **look: Unpack[Look],
    ) -> None:
        """Fill the faces that are seen of a box in space: (x0, x1, y0, y1, z0, z1) in metres, z0 nearest."""
        x0, x1, y0, y1, z0, z1 = space
        canvas, see = self.canvas, self.canvas.project
        dark, light = (0.0, 0.0, 0.0), (1.0, 0.99, 0.96)
        if y1 < canvas.eye:
            face = (see(x0, y1, z0), see(x1, y1, z0), see(x1, y1, z1), see(x0, y1, z1))
            self.poly(face, mix(color, light, 0.16), material, part, **look)
        if x0 > 0 or x1 < 0:
            x = x0 if x0 > 0 else x1
            face = (see(x, y0, z0), see(x, y1, z0), see(x, y1, z1), see(x, y0, z1))
            lit = (canvas.light.side > 0) == (x1 < 0)
            self.poly(face, mix(color, dark, 0.14 if lit else 0.30), material, part, **look)
        face = (see(x0, y0, z0), see(x0, y1, z0), see(x1, y1, z0), see(x1, y0, z0))
        self.poly(face, color, material, part, **look)
