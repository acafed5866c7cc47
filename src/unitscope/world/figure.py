"""A figure: a pen with an origin, a unit and a facing side of its own, for things that stand in the picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Unpack

from unitscope.world.canvas import Canvas, Look, Pen, Point, Spot
from unitscope.world.palette import RGB, RUBBER, STEEL


class Figure:
    """Paints in the coordinates of one thing: x towards the side it faces, y up, in its own unit of length."""

    __slots__ = ("pen", "side", "unit", "x", "y")

    def __init__(self, pen: Pen, origin: Point, unit: float, side: int = 1) -> None:
        self.pen, self.unit, self.side = pen, unit, side
        self.x, self.y = origin

    def at(self, a: float, b: float) -> Point:
        """Return the picture point of (a, b) in the figure."""
        return self.x + self.side * a * self.unit, self.y - b * self.unit

    def poly(
        self, points: Iterable[Point], color: RGB, material: str, part: str = "", **look: Unpack[Look]
    ) -> None:
        """Fill a polygon."""
        self.pen.poly([self.at(a, b) for a, b in points], color, material, part, **look)

    def rect(
        self,
        box: tuple[float, float, float, float],
        color: RGB,
        material: str,
        part: str = "",
        **look: Unpack[Look],
    ) -> None:
        """Fill the rectangle (x0, y0, x1, y1)."""
        x0, y0, x1, y1 = box
        self.poly(((x0, y1), (x1, y1), (x1, y0), (x0, y0)), color, material, part, **look)

    def ellipse(
        self,
        box: tuple[float, float, float, float],
        color: RGB,
        material: str,
        part: str = "",
        **look: Unpack[Look],
    ) -> None:
        """Fill the ellipse with centre x, y and radii rx, ry."""
        (x, y), u = self.at(box[0], box[1]), self.unit
        self.pen.ellipse((x, y, box[2] * u, box[3] * u), color, material, part, **look)

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
        start, stop = width if isinstance(width, tuple) else (width, width)
        widths = (start * self.unit, stop * self.unit)
        self.pen.line((self.at(*ends[0]), self.at(*ends[1])), widths, color, material, part, **look)

    def blob(
        self,
        box: tuple[float, float, float, float],
        color: RGB,
        material: str,
        part: str = "",
        **look: Unpack[Look],
    ) -> None:
        """Fill a lumpy ellipse with centre x, y and radii rx, ry."""
        (x, y), u = self.at(box[0], box[1]), self.unit
        self.pen.blob((x, y, box[2] * u, box[3] * u), color, material, part, **look)

    def post(
        self, x: float, span: Point, width: float, color: RGB, material: str, *, part: str = "pole"
    ) -> None:
        """Fill an upright round bar at x from one height to another."""
        self.line(((x, span[0]), (x, span[1])), width, color, material, part, shade="tube")

    def wheel(self, x: float, y: float, radius: float) -> None:
        """Paint a tyre with its rim."""
        self.ellipse((x, y, radius, radius), RUBBER, "rubber", "wheel", shade="flat")
        self.ellipse((x, y, radius * 0.5, radius * 0.5), STEEL, "metal", "wheel")


def figure(c: Canvas, name: str, spot: Spot, length: float, side: int = 1) -> Figure:
    """Return a figure that stands at a spot; its unit is `length` metres."""
    return Figure(c.pen(name, spot.depth), (spot.x, spot.y), length * spot.metre, side)
