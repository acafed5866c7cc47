"""A stage: things placed at distances, painted from the farthest to the nearest."""

from __future__ import annotations

from collections.abc import Callable

from unitscope.world import plants
from unitscope.world.canvas import Canvas, Spot

Drawer = Callable[..., None]
"""Paints a thing: canvas, spot, and what else it takes."""

LEAFY_SEASONS = {
    "grass": ("leafy", "leafy", "autumn", "fir"),
    "snow": ("snowy", "bare", "fir"),
    "sand": ("leafy",),
}


class Stage:
    """Collects drawing calls with their distance; `draw` makes them, the nearest last."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.subject = canvas.uniform(0.3, 0.7)
        self._calls: list[tuple[float, int, Callable[[], None]]] = []

    def spot(self, x: float, z: float) -> Spot:
        """Return the place on the ground at picture x and distance z (metres)."""
        canvas = self.canvas
        return canvas.spot((x - canvas.center) * z / canvas.focus, z)

    def deep(self, near: float, far: float) -> float:
        """Return a distance from near to far (metres); every size in the picture is as likely as any other."""
        return near * float((far / near) ** self.canvas.rng.random())

    def add(self, draw: Drawer, x: float, z: float, *args: object, **kwargs: object) -> None:
        """Place a thing at picture x and distance z; `draw` takes the canvas and the spot first."""
        self.at(self.spot(x, z), draw, *args, **kwargs)

    def at(self, spot: Spot, draw: Drawer, *args: object, **kwargs: object) -> None:
        """Place a thing at a spot; `draw` takes the canvas and the spot first."""
        self.call(spot.depth, lambda: draw(self.canvas, spot, *args, **kwargs))

    def extras(self, *things: tuple[float, Drawer, tuple[float, float], tuple[object, ...]]) -> None:
        """Place each thing (chance, drawer, distances, further arguments) by its chance."""
        c = self.canvas
        for probability, draw, zs, args in things:
            if c.chance(probability):
                self.add(draw, c.uniform(0.04, 0.96), self.deep(*zs), *args)

    def call(self, z: float, draw: Callable[[], None]) -> None:
        """Place any drawing call at distance z."""
        self._calls.append((-z, len(self._calls), draw))

    def draw(self) -> None:
        """Paint everything."""
        for _, _, draw in sorted(self._calls, key=lambda call: call[:2]):
            draw()

    def trees(self, count: int, zs: tuple[float, float], ground: str, *, clear: float = 0.0) -> None:
        """Scatter trees of one season; `clear` keeps the middle of the picture free."""
        c = self.canvas
        kind = c.pick(LEAFY_SEASONS.get(ground, ("leafy", "fir", "autumn", "bare")))
        for _ in range(count):
            x = c.uniform(0.02, 0.98)
            if abs(x - 0.5) < clear:
                x = c.uniform(0.0, 0.5 - clear) if c.chance(0.5) else c.uniform(0.5 + clear, 1.0)
            if kind == "leafy" and c.chance(0.12):
                draw, height = (plants.palm_tree, 4.5) if ground == "sand" else (plants.bush, 1.2)
                self.add(draw, x, c.uniform(*zs), height)
            else:
                self.add(plants.tree, x, self.deep(*zs), c.uniform(3.6, 8.0), kind)


def view(
    c: Canvas,
    eye: tuple[float, float] = (1.6, 2.4),
    horizon: tuple[float, float] = (0.36, 0.54),
    *,
    look: float = 0.1,
) -> Stage:
    """Place the camera of a scene outdoors.

    Args:
        c: the canvas.
        eye: the least and the greatest height of the eye, metres.
        horizon: the highest and the lowest horizon, fractions of the picture.
        look: how far below the horizon (above it, if negative) lies what the scene is about.

    Returns:
        An empty stage; its `subject` is where in the picture what the scene is about may stand.
    """
    center, level = c.uniform(0.4, 0.6), c.uniform(*horizon)
    c.camera(center=center, horizon=level, eye=c.uniform(*eye), focus=c.uniform(0.9, 1.15))
    stage = Stage(c)
    c.aim(stage.subject, level + look + c.uniform(-0.08, 0.08))
    return stage


def some(c: Canvas, low: int, high: int) -> int:
    """Return a whole number from low to high, both included."""
    return int(c.uniform(low, high + 0.999))
