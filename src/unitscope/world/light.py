"""Light: time of day, colour of the sky, haze, and how it falls on a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unitscope.world.palette import RGB, rgb


@dataclass(frozen=True)
class Light:
    """The light of one scene.

    Attributes:
        kind: day, overcast, fog, dusk or night; indoors daylight, lamplight or gloom.
        ambient: the colour that everything without light of its own is multiplied by.
        sky: colours of the sky at the top and at the horizon.
        haze: share of haze far away, 0..1.
        haze_color: colour of the haze before it is lit.
        side: +1 when light comes from the right, -1 from the left.
        shadow: strength of shadows, 0..1.
        sight: distance (metres) over which haze gathers.
        weather: clear, rain or snowfall.
    """

    kind: str
    ambient: RGB
    sky: tuple[RGB, RGB]
    haze: float
    haze_color: RGB
    side: int
    shadow: float
    sight: float = 55.0
    weather: str = "clear"

    @property
    def dark(self) -> bool:
        """Whether lamps and windows are lit."""
        return self.kind in ("night", "dusk", "lamplight")


_SKIES = {
    "day": (
        "4f8fd0 c4def0",
        "6aa5d8 dcebf2",
        "3f7fc0 a8cfe8",
        "7fb5dc e8eee8",
        "5f9fc8 f0e4cf",
        "8fb8d8 d8e6ee",
    ),
    "overcast": ("9aa4ae c9ced2", "b5b9bc dcdcd8", "8a96a3 b7c0c6", "a3a39f d3cec4", "c3c9cf e3e4e4"),
    "dusk": (
        "4f5f9a f0a56f",
        "6f5a8f f2b58a",
        "3f5080 e88f6a",
        "8a6f9f f5c89a",
        "c07f8a f7d9a0",
        "5a79a8 f3cfa8",
    ),
    "fog": ("b9bec2 cfd3d4", "c9c7c0 dddbd4", "a3adb5 bcc5ca", "b3b3a9 ccc9bd"),
    "night": ("24345f 5a6f9f", "2f2f5c 6f6a9a", "1f3a58 4f7f96", "38305f 8a6f92", "3a4048 777f86"),
}
_AMBIENT = {
    "day": ((1.02, 1.01, 0.98), (0.98, 0.99, 1.0), (1.05, 1.0, 0.93)),
    "overcast": ((0.84, 0.86, 0.88), (0.80, 0.81, 0.80), (0.88, 0.88, 0.86)),
    "dusk": ((0.92, 0.72, 0.62), (0.80, 0.66, 0.70), (1.0, 0.80, 0.60)),
    "fog": ((0.86, 0.87, 0.88), (0.82, 0.82, 0.80), (0.80, 0.84, 0.88)),
    "night": ((0.58, 0.66, 0.84), (0.64, 0.66, 0.78), (0.56, 0.66, 0.76), (0.70, 0.66, 0.62)),
}
_ROOM = {
    "daylight": ((1.0, 1.0, 0.98), (0.95, 0.97, 1.0), (1.04, 1.0, 0.92)),
    "lamplight": ((0.92, 0.74, 0.54), (0.80, 0.68, 0.56), (0.72, 0.62, 0.58), (0.95, 0.80, 0.62)),
    "gloom": ((0.66, 0.69, 0.74), (0.62, 0.62, 0.64), (0.72, 0.70, 0.70)),
}


def _choose(rng: np.random.Generator, shares: dict[str, float]) -> str:
    return str(rng.choice(list(shares), p=list(shares.values())))


_KINDS = {"day": 0.44, "overcast": 0.2, "fog": 0.05, "dusk": 0.19, "night": 0.12}
_HAZE = {"day": 0.42, "overcast": 0.6, "fog": 0.86, "dusk": 0.55, "night": 0.5}
_SHADOWS = {"day": 1.0, "overcast": 0.55, "fog": 0.35, "dusk": 0.8, "night": 0.7}


def outdoor_light(rng: np.random.Generator) -> Light:
    """Draw the light of a scene outdoors, and its weather."""
    kind = _choose(rng, _KINDS)
    top, low = (rgb(code) for code in str(rng.choice(list(_SKIES[kind]))).split())
    base = _AMBIENT[kind][int(rng.integers(len(_AMBIENT[kind])))]
    gain = rng.uniform(0.9, 1.08)
    red, green, blue = (channel * gain for channel in base)
    ambient = (red, green, blue)
    unlit = [min(1.25, channel / light) for channel, light in zip(low, ambient, strict=True)]
    weather = "clear"
    if kind != "day" and rng.random() < 0.24:
        weather = str(rng.choice(["rain", "snowfall"]))
    return Light(
        kind=kind,
        ambient=ambient,
        sky=(top, low),
        haze=float(min(0.95, _HAZE[kind] * rng.uniform(0.4, 1.2))),
        haze_color=(unlit[0], unlit[1], unlit[2]),
        side=int(rng.integers(2)) * 2 - 1,
        shadow=_SHADOWS[kind],
        sight=float(rng.uniform(18, 30)) if kind == "fog" else 55.0,
        weather=weather,
    )


def indoor_light(rng: np.random.Generator) -> Light:
    """Draw the light of a room; what is seen through its windows has a time of day of its own."""
    kind = _choose(rng, {"daylight": 0.5, "lamplight": 0.36, "gloom": 0.14})
    outside = "night" if kind == "lamplight" else str(rng.choice(["day", "overcast", "dusk"]))
    top, low = (rgb(code) for code in str(rng.choice(list(_SKIES[outside]))).split())
    base = _ROOM[kind][int(rng.integers(len(_ROOM[kind])))]
    gain = rng.uniform(0.92, 1.06)
    red, green, blue = (channel * gain for channel in base)
    return Light(
        kind=kind,
        ambient=(red, green, blue),
        sky=(top, low),
        haze=0.0,
        haze_color=low,
        side=int(rng.integers(2)) * 2 - 1,
        shadow=0.8,
    )


def develop(colors: NDArray[np.float32], glow: NDArray[np.float32], light: Light) -> NDArray[np.float32]:
    """Light a reduced scene: ambient light where nothing glows, a falling light, and a soft shoulder.

    Args:
        colors: colour in white light, `(S, S, 3)`.
        glow: light of its own, `(S, S)`.
        light: the light.

    Returns:
        The lit scene in 0..1, `(S, S, 3)`.
    """
    size = glow.shape[0]
    across = np.linspace(-1, 1, size, dtype=np.float32)
    fall = (
        1
        + np.float32(0.06 * light.side) * across[None, :]
        - np.float32(0.05) * (across[None, :] ** 2 + across[:, None] ** 2)
    )
    own = glow[..., None]
    lit = colors * (own + (1 - own) * fall[..., None] * np.asarray(light.ambient, dtype=np.float32))
    np.clip(lit, 0, None, out=lit)
    bright: NDArray[np.float32] = np.where(lit > 0.8, 1 - 0.2 * np.exp((0.8 - lit) / 0.2), lit).astype(
        np.float32
    )
    return bright
