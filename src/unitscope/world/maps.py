"""Label maps of scenes as pictures: what a network that sees them can read without any error.

A pixel's labels in all planes are one whole number, its digits counted by the concepts of each plane, and below 2**24:
it is written in the three bytes of the pixel. The bottom row of pixels is not needed for labels, which there are
those of the row above; it says which scene the picture is of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.world.names import COLORS, MATERIALS, OBJECTS, PARTS, VOCABULARY
from unitscope.world.source import WorldPictures

SIZES = tuple(len(names) for names in (OBJECTS, PARTS, MATERIALS, COLORS))
"""Concepts of each plane, in the order of PLANES."""
FIRST = tuple(1 + sum(SIZES[:plane]) for plane in range(len(SIZES)))
"""The vocabulary's number of the first concept of each plane."""
MARK = 0xA57_0B1
"""What the first pixel of the bottom row says, so that a picture of something else is not taken for a scene."""
MODULUS = 2**24
"""A pixel holds less than this."""


def write_map(labels: NDArray[np.int32], target: int, key: int) -> NDArray[np.uint8]:
    """Return label maps as a picture.

    Args:
        labels: numbers of VOCABULARY in the planes of PLANES, `(4, H, W)`; those of the bottom row are not kept.
        target: position of the scene's class in SCENE_CLASSES.
        key: what tells this scene from others, from 0 to below 2**48.

    Returns:
        RGB uint8 `(H, W, 3)`.
    """
    number = np.zeros(labels.shape[1:], np.int64)
    for plane, (size, first) in enumerate(zip(SIZES, FIRST, strict=True)):
        number = number * (size + 1) + np.where(labels[plane] > 0, labels[plane] - first + 1, 0)
    number[-1] = 0
    number[-1, :4] = MARK, target, key % MODULUS, key // MODULUS
    return np.stack([number >> shift & 255 for shift in (0, 8, 16)], -1).astype(np.uint8)


@dataclass(frozen=True)
class ReadMaps:
    """What pictures say.

    Attributes:
        labels: numbers of VOCABULARY, int64 `(N, 4, H, W)`; 0 is "nothing".
        targets: positions of the scenes' classes in SCENE_CLASSES `(N,)`; -1 for what is no scene.
        keys: what tells scenes apart `(N,)`; 0 for what is no scene.
    """

    labels: Tensor
    targets: Tensor
    keys: Tensor


def read_maps(pictures: Tensor) -> ReadMaps:
    """Read pictures `(N, 3, H, W)` of values 0..255; numbers that stand for nothing are "nothing"."""
    red, green, blue = pictures.round().long().unbind(1)
    number = red + 256 * green + 65536 * blue
    head, scene = number[:, -1], number[:, -1, 0] == MARK
    number = torch.cat([number[:, :-1], number[:, -2:-1]], 1)
    planes = []
    for size, first in zip(reversed(SIZES), reversed(FIRST), strict=True):
        digit = number % (size + 1)
        planes.append(torch.where(digit > 0, digit + first - 1, 0))
        number = number // (size + 1)
    labels = torch.stack(planes[::-1], 1) * (number == 0)[:, None]
    keys = head[:, 2] + MODULUS * head[:, 3]
    return ReadMaps(labels, torch.where(scene, head[:, 1], -1), torch.where(scene, keys, 0))


class SceneMaps:
    """Label maps of scenes as pictures, with the same label maps beside them; safe to share between threads.

    Every map is drawn once and kept, 37 kB each.

    Args:
        pictures: the scenes.
        chosen: which of them, in order, each as often as it is named; all of them when None.
    """

    def __init__(self, pictures: WorldPictures, chosen: Sequence[int] | None = None) -> None:
        self.pictures = pictures
        self.chosen = np.arange(len(pictures)) if chosen is None else np.asarray(chosen, np.int64)
        self.vocabulary, self.class_names = VOCABULARY, pictures.class_names
        self.name = f"maps of {pictures.name}"
        self.sample_ids = tuple(f"{i:06d}-{number:06d}" for i, number in enumerate(self.chosen))
        self._kept: dict[int, NDArray[np.uint8]] = {}

    def draw(self, count: int, seed: int) -> SceneMaps:
        """Return so many of the maps, drawn with replacement: a sample of a world that has these scenes only."""
        return self._only(np.random.default_rng(seed).integers(len(self), size=count))

    def distinct(self, count: int, seed: int) -> SceneMaps:
        """Return so many of the maps, none of them twice: pictures that have nothing in common but the world."""
        return self._only(np.sort(np.random.default_rng(seed).permutation(len(self))[:count]))

    def of_classes(self, targets: Sequence[int]) -> SceneMaps:
        """Return the maps of some classes, by their positions in `class_names`."""
        return self._only(np.flatnonzero(np.isin(self.targets, list(targets))))

    def _only(self, places: NDArray[np.integer]) -> SceneMaps:
        found = SceneMaps(self.pictures, self.chosen[places].tolist())
        found._kept = self._kept
        return found

    def keep(self, number: int, picture: NDArray[np.uint8]) -> None:
        """Take a map `(H, W, 3)` of scene `number` that was drawn before."""
        self._kept[number] = picture

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when any map would."""
        return hashlib.sha256(self.pictures.content_hash.encode() + self.chosen.tobytes()).hexdigest()

    @property
    def targets(self) -> NDArray[np.int64]:
        """The position in `class_names` of the class of every picture `(N,)`."""
        return self.pictures.targets[self.chosen]

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return picture `index`, RGB uint8 `(H, W, 3)`."""
        number = int(self.chosen[index])
        if number not in self._kept:
            labels = self.pictures.scene(number).labels
            key = self.pictures.seed(number) + 1
            self._kept[number] = write_map(labels, self.pictures.target(number), key)
        return self._kept[number]

    def labels(self, index: int) -> NDArray[np.int32]:
        """Return the label maps of picture `index`, int32 `(4, H, W)`, as a network reads them."""
        picture = torch.from_numpy(self.read(index)).permute(2, 0, 1)[None].float()
        return read_maps(picture).labels[0].numpy().astype(np.int32)
