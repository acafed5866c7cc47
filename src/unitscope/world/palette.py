"""Colours: palettes of hand-picked tones, and small functions that vary and mix them."""

from __future__ import annotations

RGB = tuple[float, float, float]
"""A colour as red, green, blue in 0..1."""


def rgb(code: str) -> RGB:
    """Return the colour of six hexadecimal digits."""
    return (int(code[0:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:6], 16) / 255)


def _palette(codes: str) -> tuple[RGB, ...]:
    return tuple(rgb(code) for code in codes.split())


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """Return the colour that lies `share` of the way from the first to the second."""
    a, b = 1 - share, share
    return (first[0] * a + second[0] * b, first[1] * a + second[1] * b, first[2] * a + second[2] * b)


def dim(color: RGB, factor: float) -> RGB:
    """Return the colour made darker (or, above 1, lighter)."""
    return (color[0] * factor, color[1] * factor, color[2] * factor)


WHITE, CREAM, BLACK = rgb("f4f3ef"), rgb("f0e6d0"), rgb("1d1e22")
STEEL, CHARCOAL = rgb("9aa3ab"), rgb("3a3d44")
GREENS = _palette("4f7d3a 5f8f3f 3f6b3a 6f9a48 7fa653 557a45 8aa85a")
AUTUMN = _palette("c8752c b5532a d9a23a a8402f e0b34f 96612f")
FIRS = _palette("2f5540 34604a 284b3c 3f6a4f 476b52")
MEADOWS = _palette("7fa850 6d9a45 8fb35a 5f8c46 a3b565 b9b36a 98a05c c2b878")
SNOWS = _palette("eef2f6 e3ebf3 f3f1ee dfe6ef f2ecec")
SANDS = _palette("dcc08a e3cda0 cfa873 d8b07c e8d7b0 c99a6a d9a878")
EARTHS = _palette("8a6848 9b7a57 75583f a98b68 b0866a 86705c")
ASPHALTS = _palette("5b5f66 6d7076 4d5057 7d7e80 8a8885 65605c")
PAVINGS = _palette("b9b2a6 a7a39c c7bba8 b3a08f 9d9fa3 c9c4bb")
STONES = _palette("8d8a86 a39a8c 77787c b3a893 6c6a68 9c8d7f")
WATERS = _palette("3f7fa6 4f93b0 2f6f8f 5ea3b5 3c6d92 6a9fb0 58868c 7fb3bd 466f7c")
FABRICS = _palette(
    "2f6f73 d1a03c a8463a 2f4468 8fa586 d9a5a0 6d4a6b 4a4d55 e6dcc6 5b87b5 b8683f 7b8f5a c9c3bb 8b2f45 e3b7a2 "
    "3f5f4a 9a86b0 c97f8a"
)
BRIGHTS = _palette("d8402f 2f6fc0 f0b92f 3f9a58 e87f2f 7f4fa3 e86f97 35a5a8 f2efe8 2b3550")
CARS = _palette("b8302f 2d5f9a e9e7e2 2c2f36 8d939a d9a52f 3f7f5f 5fa0c4 d8d0bf 7a2f3a e07a3a c8ccd2 44506a")
WOODS = _palette("8a5a35 a8743f 6f452c c29a66 b98a5a 5a3b2a d3b386 946b4a")
WALLS = _palette(
    "e9e2d3 dfe3e1 d9cbb3 c4d0c4 b7c7d3 e3cbbd d8b9a3 a9b59f 8fa6b0 cfc4d6 e8dcb0 f0eeea bfae9c 6f8590 c98f76 7f8f7a "
    "5f6f86 d7a9a0 9c8a9f e0c27f"
)
FACADES = _palette(
    "c98f6b b5654a e0cfae d9d4ca a89c8f 8f9aa3 c9a87f dfb98f 9d5f4c b7bcae e7dccb 7f8a94 d7a58f c4c7c9 a37a63"
)
ROOFS = _palette("a5503a 8a4032 5f5a5f 6f4f3f 454a55 b5694a 7a6a5f 4f6058")
SKINS = _palette("f0c8a4 e0ac84 c68a60 9a6440 6f452c f3d3b8")
HAIRS = _palette("2a211c 4a3223 7a5230 b58a4f 1e1c20 8f8a84 a34f2c")
PETALS = _palette("e0475a f0b93a f2efe8 c05fb0 ef8a3a 7f6fd0 f09ab5")
GRAVELS = _palette("a39e95 8f8c88 b5ab9c 9a9186 7f7d7c")
CONCRETES = _palette("a9aaa8 bab7b0 94969a c6c3bb 8b8a86")
CLAYS = _palette("b5713f a8643f c28556 9a5f45")
THATCHES = _palette("a88f5a 8f7a4f b8a06a 7a6848")
ICES = _palette("d3e6f0 c3dcea e3eef3 b5d3e3")
CARDBOARDS = _palette("b98f5f a8805a c9a373")
FURS = _palette("6f4a32 2b2624 d9cdbc 9a6a45 b5a898 efe9dd")
RUBBER = rgb("26272b")
LITTERS = _palette("a5713f 8f6a45 b08a4f 9a6a4a 7f5f42")
