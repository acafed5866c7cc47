"""A small generator in a file that draws boxes of known colour and place, and a segmenter that knows the colours."""

from __future__ import annotations

from pathlib import Path

GENERATOR = '''"""A generator of pictures with a red, a green and a blue box, and others that cannot be used."""

import os
import time

import torch
from torch import nn

from unitscope import ClassConditional, Generator


class Boxes(nn.Module):
    """Latents (N, 6) to one box a unit on a grid of 8x8: its top row and its height (0 to 2) follow from two values."""

    def __init__(self):
        super().__init__()
        self.strength = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))

    def forward(self, z):
        note = os.environ.get("NET_PASSES")
        if note:
            with open(note, "a") as file:
                file.write(f"{len(z)}\\n")
        time.sleep(float(os.environ.get("NET_SECONDS", "0")))
        top = (z[:, 0::2] > 0).long() * 4
        high = (z[:, 1::2] > 0).long() + (z[:, 1::2] > -0.5).long()
        rows = torch.arange(8)[None, None, :, None]
        columns = torch.arange(8)[None, None, None]
        first = torch.tensor([0, 3, 6])[None, :, None, None]
        top, high = top[:, :, None, None], high[:, :, None, None]
        inside = (rows >= top) & (rows < top + high) & (columns >= first) & (columns < first + 2)
        return inside * self.strength[:, None, None]


class Paint(nn.Module):
    def forward(self, boxes):
        return (boxes > 0).float() * 2 - 1


class Shapes(nn.Module):
    latents = 6

    def __init__(self):
        super().__init__()
        self.boxes = Boxes()
        self.large = nn.Upsample(scale_factor=8)
        self.paint = Paint()

    def forward(self, z):
        return self.paint(self.large(self.boxes(z)))


def shapes():
    return Shapes().eval()


def other():
    net = Shapes()
    with torch.no_grad():
        net.boxes.strength += 1
    return net


def named():
    return Generator(
        Shapes(), (6,), range=(-1.0, 1.0), name="boxes", layers=("boxes",), segmenter=__file__ + ":colors",
        aliases={"small": "boxes"},
    )


class Spoilt(nn.Module):
    latents = 6

    def __init__(self, spoil):
        super().__init__()
        self.inner = Shapes()
        self.bend = Bend(spoil)

    def forward(self, z):
        return self.bend(self.inner(z), z)


class Bend(nn.Module):
    def __init__(self, spoil):
        super().__init__()
        self.spoil, self.calls = spoil, 0

    def forward(self, pictures, z):
        self.calls += 1
        return self.spoil(pictures, self.calls)


def nan_later():
    return Spoilt(lambda pictures, calls: pictures * (float("nan") if calls > 16 else 1))


def nan_at_once():
    return Spoilt(lambda pictures, calls: pictures * float("nan"))


def growing():
    return Spoilt(lambda pictures, calls: nn.functional.interpolate(pictures, 72) if calls > 16 else pictures)


def noisy():
    return Spoilt(lambda pictures, calls: pictures + torch.randn_like(pictures))


def in_a_row():
    return Spoilt(lambda pictures, calls: pictures + 0.1 * torch.arange(len(pictures))[:, None, None, None])


def grey():
    return Spoilt(lambda pictures, calls: pictures[:, :1])


def words():
    return Spoilt(lambda pictures, calls: "no picture")


class Unsure(nn.Module):
    """Nothing says which latents it takes: the first layer that it has is not the first that it runs."""

    def __init__(self):
        super().__init__()
        self.tail = nn.Linear(7, 3)
        self.shapes = Shapes()
        del self.shapes.boxes.strength
        self.shapes.boxes.register_buffer("strength", torch.ones(3))

    def forward(self, z):
        return self.shapes(z.reshape(len(z), 3, 2).flatten(1))


def unsure():
    return Unsure()


class Odd(nn.Module):
    latents = 6

    def __init__(self):
        super().__init__()
        self.shapes = Shapes()
        self.odd = nn.Identity()
        self.same = nn.Identity()

    def forward(self, z):
        self.odd(z.reshape(len(z), 2, 3))
        self.same(torch.ones(1, 4, 8, 8))
        return self.shapes(z)


def odd():
    return Odd()


class ByClass(nn.Module):
    """The class says which of the colours are drawn."""

    def __init__(self):
        super().__init__()
        self.boxes = Boxes()
        self.large = nn.Upsample(scale_factor=8)
        self.paint = Paint()

    def forward(self, z, chosen):
        return self.paint(self.large(self.boxes(z) * chosen[:, :, None, None]))


class ByNumber(ByClass):
    def forward(self, z, chosen):
        return super().forward(z, nn.functional.one_hot(chosen, 3))


def by_class():
    return ClassConditional(ByClass(), (6,), 3, one_hot=True)


def by_number():
    return ClassConditional(ByNumber(), (6,), 3, one_hot=False)


def undeclared():
    return Generator(ByClass(), (6,), classes=3)


def nothing():
    return None


class Colors(nn.Module):
    def forward(self, pictures):
        note = os.environ.get("LABELLED")
        if note:
            with open(note, "a") as file:
                file.write(f"{len(pictures)}\\n")
        return (pictures.argmax(1) + 1) * (pictures.amax(1) > 0.5)


def colors():
    from unitscope.concepts.segmenter import Segmenter
    from unitscope.concepts.vocabulary import Concept, Vocabulary
    from unitscope.models.preprocessing import Preprocessing

    vocabulary = Vocabulary([Concept(name, "color") for name in ("red", "green", "blue")])
    sight = Preprocessing(size=(64, 64), range=(0, 1), mean=(0, 0, 0), scale=(1, 1, 1))
    return Segmenter(Colors(), vocabulary, sight, "three colours")


def swapped():
    from dataclasses import replace

    from unitscope.concepts.vocabulary import Concept, Vocabulary

    return replace(colors(), vocabulary=Vocabulary([Concept(n, "color") for n in ("green", "red", "blue")]))
'''


def write_generator(folder: Path) -> Path:
    """Write ``gen.py`` into a folder; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gen.py").write_text(GENERATOR)
    return folder / "gen.py"


def dissect_words(file: Path, out: Path, *more: str, model: str = "shapes") -> list[str]:
    """The words of a command that dissects one of the generators of `write_generator`."""
    return [
        *("dissect", f"{file}:{model}", "--segmenter", f"{file}:colors", "--out", str(out)),
        *("--latents", "24", "--seed", "1", "--layer", "boxes", "--layer", "large", "--replicates", "100"),
        *("--quantile", "0.1"),
        *("--batch-size", "4", "--device", "cpu", "--quiet", *more),
    ]
