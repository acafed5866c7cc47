"""The checkpoints published with the paper: what they are and where they lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Kind = Literal["classifier", "generator", "segmenter"]

BASE_URL = "https://dissect.csail.mit.edu/models/"
HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.[a-z]+$")
"""PyTorch hub writes the first digits of a file's SHA-256 between the last hyphen and the ending."""


@dataclass(frozen=True)
class CheckpointFile:
    """One published file.

    Attributes:
        path: below the base URL, and below the cache folder.
        size: bytes, where they are known.
    """

    path: str
    size: int | None = None

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]

    @property
    def hash_prefix(self) -> str:
        """The first hexadecimal digits of its SHA-256 as its name gives them; empty where it gives none."""
        found = HASH_IN_NAME.search(self.name)
        return found.group(1) if found else ""


@dataclass(frozen=True)
class Checkpoint:
    """A published network: one file of weights, or a folder of several files.

    Attributes:
        name: what it is called here.
        kind: what it does.
        about: what it is, for people.
        paths: its files below the base URL.
        expected_bytes: about how large they are, where the network's shape is known: the values of its state dict.
        layer: the one that is dissected when none is named; empty for a segmenter.
    """

    name: str
    kind: Kind
    about: str
    paths: tuple[str, ...]
    expected_bytes: int | None = None
    layer: str = ""

    @cached_property
    def files(self) -> tuple[CheckpointFile, ...]:
        """The published files."""
        return tuple(CheckpointFile(path) for path in self.paths)


CLASSIFIERS = {
    "vgg16": ("VGG-16", "0bafbc55", 543_023_796, "features.relu5_3"),
    "alexnet": ("AlexNet with grouped convolutions", "92864cf6", 233_454_516, "relu5"),
    "resnet152": ("ResNet-152", "f928166e5c", 236_173_708, "layer4"),
}
GENERATOR_LAYER = "layer4"
"""Of a Progressive GAN: the layer whose units the paper looks into most."""
SCENES = {
    "bedroom": ("bedrooms", "d8a89ff1"),
    "churchoutdoor": ("churches from outside", "7e701dd5"),
    "conferenceroom": ("conference rooms", "21e85882"),
    "diningroom": ("dining rooms", "3aa0ab80"),
    "kitchen": ("kitchens", "67f1e16c"),
    "livingroom": ("living rooms", "5ef336dd"),
    "restaurant": ("restaurants", "b8578299"),
    "celebhq": ("faces", "620d161c"),
}
SEGMENTERS = {
    "upp": (
        "Unified Perceptual Parsing: objects, parts and materials, UPerNet with ResNet-50",
        "upp-resnet50-upernet",
        40,
        296_994_624,
    ),
    "colors-csail": (
        "colour names, dilated ResNet-18 with pyramid pooling",
        "color-resnet18dilated-ppm_deepsup",
        20,
        None,
    ),
}


def _published() -> list[Checkpoint]:
    classifiers = [
        Checkpoint(
            f"{name}-places365",
            "classifier",
            f"{what}, 365 scene classes of Places365",
            (f"{name}_places365-{digits}.pth",),
            size,
            layer,
        )
        for name, (what, digits, size, layer) in CLASSIFIERS.items()
    ]
    generators = [
        Checkpoint(
            f"proggan-{name}",
            "generator",
            f"Progressive GAN of {what}",
            (f"proggan_{name}-{digits}.pth",),
            layer=GENERATOR_LAYER,
        )
        for name, (what, digits) in SCENES.items()
    ]
    segmenters = [
        Checkpoint(
            name,
            "segmenter",
            what,
            tuple(
                f"segmodel/{folder}/{file}"
                for file in (f"encoder_epoch_{epoch}.pth", f"decoder_epoch_{epoch}.pth", "labels.json")
            ),
            size,
        )
        for name, (what, folder, epoch, size) in SEGMENTERS.items()
    ]
    return [*classifiers, *generators, *segmenters]


CATALOGUE: dict[str, Checkpoint] = {checkpoint.name: checkpoint for checkpoint in _published()}
"""Every published checkpoint by name."""
