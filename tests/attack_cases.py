"""A network whose causes are known, with pictures and attacks of it: what the tests of attacks share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import unitscope

SIDE = 12
CLASSES = ("red", "green", "blue")
NET = '''"""Units 0, 1 and 2 decide red, green and blue alone; nothing reads the others, of which unit 3 is large."""

import torch
from torch import nn

from unitscope import Network, Preprocessing


class Planted(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 1)
        self.relu = nn.ReLU()
        self.head = nn.Linear(8, 3)
        sees = [[2, -1, -1], [-1, 2, -1], [-1, -1, 2], [50, 50, 50], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor(sees).float()[:, :, None, None])
            self.conv.bias.zero_()
            self.head.weight.zero_()
            self.head.bias.zero_()
            for unit in range(3):
                self.head.weight[unit, unit] = 5

    def forward(self, x):
        return self.head(self.relu(self.conv(x)).mean((2, 3)))


class Steps(Planted):
    def forward(self, x):
        return super().forward(torch.round(x * 255) / 255)


class Cracked(Planted):
    """A corner that is nearly black, but not black, makes logits NaN."""

    def forward(self, x):
        broken = (x[:, :, 0, 0].amax(1, keepdim=True) < 0.02) & (x[:, :, 0, 0].amax(1, keepdim=True) > 0)
        return super().forward(x).masked_fill(broken, torch.nan)


def _network(module, classes=("red", "green", "blue")):
    seen = Preprocessing(size=(12, 12), mean=(0.0,) * 3, scale=(1.0,) * 3)
    return Network(module.eval(), seen, "planted", layers=("relu",), classes=classes)


def net():
    return _network(Planted())


def unnamed():
    return _network(Planted(), ())


def steps():
    return _network(Steps())


def cracked():
    return _network(Cracked())


def brighten(model, inputs, labels, targets):
    """Put the target's colour over the picture."""
    attacked = inputs * 0.3
    attacked[torch.arange(len(inputs)), targets] += 0.6
    return attacked


def creep(model, inputs, labels, targets):
    """Look at a picture that is a little brighter, then do the same."""
    model(inputs + 0.01)
    return brighten(model, inputs, labels, targets)


def nothing(model, inputs, labels, targets):
    return inputs


def raises(model, inputs, labels, targets):
    raise RuntimeError("no such luck")


def too_bright(model, inputs, labels, targets):
    return inputs + 2
'''


def draw_colours(folder: Path, count: int = 5, *, seed: int = 0) -> Path:
    """Write `folder`/pictures with one folder for each class, and net.py; every picture is seen as its class."""
    generator = np.random.default_rng(seed)
    for place, name in enumerate(CLASSES):
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(count):
            picture = generator.integers(40, 90, (SIDE, SIDE, 3))
            picture[..., place] += generator.integers(30, 80, (SIDE, SIDE))
            picture[0, 0] = 0
            Image.fromarray(picture.astype(np.uint8)).save(folder / "pictures" / name / f"{number:02d}.png")
    (folder / "net.py").write_text(NET)
    return folder


def dissected(folder: Path, network: str) -> Path:
    """Dissect a network of net.py by colours; return the run."""
    run = folder / f"run-{network}"
    unitscope.dissect(
        f"{folder}/net.py:{network}", folder / "pictures", unitscope.segmenter("colors"), layers=["relu"], out=run,
        grid=6, replicates=100, quantile=0.2, batch_size=4, device="cpu",
    )  # fmt: skip
    return run
