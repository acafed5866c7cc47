"""The camera's window: the turned, enlarged part of a drawn scene that a picture shows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unitscope.world.palette import RGB

STEEPEST_ROLL = math.radians(11)


@dataclass(frozen=True)
class Window:
    """Which part of the scene is seen.

    Attributes:
        x: centre, fraction of the scene's width.
        y: centre, fraction of the scene's height.
        zoom: how much larger than drawn everything is seen (1 or more).
        roll: how far the camera is turned, radians.
        follows: whether it looks at what the scene is about.
    """

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0
    roll: float = 0.0
    follows: bool = False

    def fitted(self) -> Window:
        """Return the window enlarged and moved so that nothing beyond the scene's edges is seen."""
        spread = abs(math.cos(self.roll)) + abs(math.sin(self.roll))
        zoom = max(self.zoom, spread)
        margin = spread / zoom / 2
        x, y = (min(max(v, margin), 1 - margin) for v in (self.x, self.y))
        return replace(self, x=x, y=y, zoom=zoom)

    def towards(self, x: float, y: float) -> Window:
        """Return the window moved most of the way to a point of the scene."""
        return replace(self, x=0.2 * self.x + 0.8 * x, y=0.3 * self.y + 0.7 * y).fitted()

    def matrix(self, samples: int) -> NDArray[np.float32]:
        """Return how points move, in samples: from scene to picture and back, six numbers each."""
        cos, sin, middle = math.cos(self.roll), math.sin(self.roll), samples / 2
        x, y = self.x * samples, self.y * samples
        a, b = self.zoom * cos, self.zoom * sin
        c, d = cos / self.zoom, sin / self.zoom
        there = (a, -b, middle - a * x + b * y, b, a, middle - b * x - a * y)
        back = (c, d, x - c * middle - d * middle, -d, c, y + d * middle - c * middle)
        return np.array((*there, *back), dtype=np.float32)


@dataclass(frozen=True)
class Lens:
    """What a camera does to the light of a scene.

    Attributes:
        exposure: factor on brightness after the automatic exposure.
        balance: factors on red, green and blue.
        saturation: 0 is grey, 1 as drawn.
        contrast: slope around middle grey.
        vignette: loss of light in the corners, 0..1.
        defocus: deviation of the blur, fraction of the picture's width.
        motion: reach of the motion blur along x and y, fractions of the picture's width.
        noise: deviation of the noise.
        coarse: whether colours are coarser than brightness, as in a compressed picture.
    """

    exposure: float
    balance: RGB
    saturation: float
    contrast: float
    vignette: float
    defocus: float
    motion: tuple[float, float]
    noise: float
    coarse: bool


def draw_window(rng: np.random.Generator, *, mild: bool) -> Window:
    """Draw the window of a scene; a mild one is upright and nearly all of it."""
    x, y, zoom, tilt, follows = rng.standard_normal(), rng.standard_normal(), *rng.random(3)
    if mild:
        return Window(0.5 + 0.1 * x, 0.55 + 0.1 * y, 1 + 0.14 * zoom).fitted()
    lean = max(0.0, abs(2 * tilt - 1) - 0.45) / 0.55
    roll = math.copysign(lean**1.5 * STEEPEST_ROLL, tilt - 0.5)
    # One in four crops closely.
    reach = 0.25 * zoom if zoom < 0.75 else 0.19 + 1.01 * ((zoom - 0.75) / 0.25) ** 1.5
    window = Window(0.5 + 0.14 * x, 0.56 + 0.1 * y, 1 + reach, roll, follows=bool(follows < 0.9))
    return window.fitted()


def draw_lens(rng: np.random.Generator, *, mild: bool) -> Lens:
    """Draw what the camera does; a mild one keeps colours and edges."""
    calm = 0.4 if mild else 1.0
    warm, green = rng.normal(0, 0.07 * calm, 2)
    grey, kind, turn = rng.random(), rng.random(), rng.random() * math.pi
    defocus = rng.uniform(0.005, 0.010) if kind < 0.12 else rng.uniform(0.0, 0.002)
    reach = rng.uniform(0.015, 0.035) if 0.12 <= kind < 0.2 else 0.0
    if mild:
        defocus, reach = 0.0, 0.0
    faded = rng.uniform(0.0, 0.3) if grey < 0.38 and not mild else rng.uniform(0.75, 1.18)
    return Lens(
        exposure=float(np.exp(rng.normal(0, 0.12 * calm))),
        balance=(float(1 + warm), float(1 + green * 0.5), float(1 - warm)),
        saturation=float(faded),
        contrast=float(rng.uniform(0.92, 1.1) if mild else rng.uniform(0.8, 1.25)),
        vignette=float(rng.uniform(0.0, 0.3) * calm),
        defocus=float(defocus),
        motion=(float(reach * math.cos(turn)), float(reach * math.sin(turn))),
        noise=0.0 if mild else float(0.003 + 0.024 * rng.random() ** 3),
        coarse=bool(not mild and rng.random() < 0.4),
    )
