"""Unified Perceptual Parsing: a segmenter of objects, their parts, and materials.

Xiao, Liu, Zhou, Jiang and Sun, "Unified perceptual parsing for scene understanding", 2018: a ResNet-50,
pyramid pooling of its last maps and a feature pyramid. Names and shapes of the parameters are those of the
published checkpoint, which comes in two files, encoder and decoder.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitscope.concepts.backbones import DeepStemResNet, normalised_convolution, resize
from unitscope.concepts.half_parts import half_parts
from unitscope.concepts.pooling import pool, precise_roi_matrix
from unitscope.concepts.upp_labels import UppLabels

WIDTH = 512
STAGES = (256, 512, 1024, 2048)
"""Channels of the encoder's four maps."""
POOL_BINS = (1, 2, 3, 6)
SCENES = 365
BGR_MEAN = (102.9801, 115.9465, 122.7717)
"""Mean colour that the encoder expects to be subtracted, blue first, 0..255."""
WHOLE_PLANES = ("object", "material", "part")
HALF_TITLES = ("top or bottom half", "left or right half")


class UPerDecoder(nn.Module):
    """From the encoder's maps to scores for objects, parts, materials and scenes.

    Args:
        objects: channels for objects.
        parts: channels for the parts of all owners.
        materials: channels for materials.
        scenes: classes of the scene head, which is there for its weights and not run unless called.
    """

    def __init__(self, objects: int, parts: int, materials: int, *, scenes: int = SCENES) -> None:
        super().__init__()
        last = STAGES[-1]
        self.ppm_conv = nn.ModuleList(normalised_convolution(last, WIDTH, 1) for _ in POOL_BINS)
        self.ppm_last_conv = normalised_convolution(last + len(POOL_BINS) * WIDTH, WIDTH, 3)
        self.fpn_in = nn.ModuleList(normalised_convolution(channels, WIDTH, 1) for channels in STAGES[:-1])
        self.fpn_out = nn.ModuleList(
            nn.Sequential(normalised_convolution(WIDTH, WIDTH, 3)) for _ in STAGES[:-1]
        )
        self.conv_fusion = normalised_convolution(len(STAGES) * WIDTH, WIDTH, 3)
        first = normalised_convolution(WIDTH, WIDTH, 3)
        self.scene_head = nn.Sequential(first, nn.AdaptiveAvgPool2d(1), nn.Conv2d(WIDTH, scenes, 1))
        self.object_head = _head(objects)
        self.part_head = _head(parts)
        self.material_head = _head(materials)

    def forward(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return scores ``(n, channels, h, w)`` for "object", "part" and "material", on the finest grid."""
        deepest = maps[-1]
        pooled = [
            conv(resize(pool(deepest, (bins, bins), precise_roi_matrix), deepest.shape[-2:]))
            for bins, conv in zip(POOL_BINS, self.ppm_conv, strict=True)
        ]
        summed = self.ppm_last_conv(torch.cat([deepest, *pooled], 1))
        pyramid = [summed]
        levels = list(zip(maps[:-1], self.fpn_in, self.fpn_out, strict=True))
        for own, inward, outward in reversed(levels):
            lateral = inward(own)
            summed = lateral + resize(summed, lateral.shape[-2:])
            pyramid.insert(0, outward(summed))
        grid = pyramid[0].shape[-2:]
        fused = self.conv_fusion(torch.cat([resize(level, grid) for level in pyramid], 1))
        return {
            "object": self.object_head(fused),
            "part": self.part_head(fused),
            "material": self.material_head(pyramid[0]),
        }


def _head(channels: int) -> nn.Sequential:
    return nn.Sequential(normalised_convolution(WIDTH, WIDTH, 3), nn.Conv2d(WIDTH, channels, 1))


class UnifiedParsing(nn.Module):
    """Encoder, decoder and what their scores mean; makes label maps of several planes.

    Args:
        labels: the names that the channels stand for.
        sizes: sides of the squares that every input is resized to in turn; their probabilities are averaged.
            Empty: the input is taken as it is.
        halves: whether half-parts follow as two further planes.
    """

    def __init__(self, labels: UppLabels, *, sizes: Sequence[int] = (), halves: bool = True) -> None:
        super().__init__()
        self.labels, self.sizes, self.halves = labels, tuple(sizes), halves
        self.vocabulary = labels.vocabulary(halves=halves)
        self.plane_names = WHOLE_PLANES + HALF_TITLES * halves
        self.planes = len(self.plane_names)
        self.encoder = DeepStemResNet((3, 4, 6, 3), bottleneck=True)
        self.decoder = UPerDecoder(len(labels.objects), labels.part_channels, len(labels.materials))
        mean = torch.tensor(BGR_MEAN)[:, None, None]
        self.register_buffer("offset", 127.5 - mean, persistent=False)

    def forward(self, pictures: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """Return label maps, numbers of the vocabulary.

        Args:
            pictures: RGB in [-1, 1], ``(n, 3, h, w)`` float32.
            grid: rows and columns of the label maps; by default a quarter of the input size.

        Returns:
            ``(n, P, rows, columns)`` int64: objects, materials, parts, and with half-parts also the top or
            bottom and the left or right halves of the objects. A part is one of the object that the pixel
            belongs to.
        """
        if len(self.sizes) < 2:  # the largest score is the most probable
            scores = self.scores(pictures, grid, side=self.sizes[0] if self.sizes else None)
        else:
            scores = self.probabilities(pictures, grid)
        planes = self._whole(scores)
        return torch.cat([planes, self._halves(planes[:, 0])], 1) if self.halves else planes

    def scores(
        self, pictures: Tensor, grid: tuple[int, int] | None = None, *, side: int | None = None
    ) -> dict[str, Tensor]:
        """Return scores before any softmax.

        Args:
            pictures: RGB in [-1, 1], ``(n, 3, h, w)`` float32.
            grid: rows and columns of the result; by default a quarter of the network's input.
            side: of the square that pictures are resized to; by default they are taken as they are.

        Returns:
            "object", "part" and "material", each ``(n, channels, rows, columns)``.
        """
        bgr = _square(pictures, side).flip(1) * 127.5 + self.get_buffer("offset")
        scores = self.decoder(self.encoder(bgr))
        return scores if grid is None else {name: resize(maps, grid) for name, maps in scores.items()}

    def probabilities(self, pictures: Tensor, grid: tuple[int, int] | None = None) -> dict[str, Tensor]:
        """Return probabilities averaged over `sizes`; those of the parts of an owner sum to 1.

        Args:
            pictures: RGB in [-1, 1], ``(n, 3, h, w)`` float32.
            grid: rows and columns of the result; by default a quarter of the first size's.

        Returns:
            "object", "part" and "material", each ``(n, channels, rows, columns)``.
        """
        sides: tuple[int | None, ...] = self.sizes or (None,)
        total = self._softmax(self.scores(pictures, grid, side=sides[0]))
        grid = (total["object"].shape[-2], total["object"].shape[-1])
        for side in sides[1:]:
            for name, found in self._softmax(self.scores(pictures, grid, side=side)).items():
                total[name] = total[name] + found
        return {name: found / len(sides) for name, found in total.items()}

    def _softmax(self, scores: dict[str, Tensor]) -> dict[str, Tensor]:
        slices = self.labels.part_slices.values()
        parts = [scores["part"][:, start:stop].softmax(1) for start, stop in slices]
        return {
            "object": scores["object"].softmax(1),
            "part": torch.cat(parts, 1),
            "material": scores["material"].softmax(1),
        }

    def _whole(self, scores: dict[str, Tensor]) -> Tensor:
        """Return the planes of objects, materials and parts for scores or probabilities."""
        objects = scores["object"].argmax(1)
        materials = _table(self.labels.material_numbers(self.vocabulary), objects)[
            scores["material"].argmax(1)
        ]
        parts = torch.zeros_like(objects)
        present = set(objects.unique().tolist())
        for owner, (start, stop) in self.labels.part_slices.items():
            number = self.labels.objects.index(owner)
            if number in present:
                numbers = _table(self.labels.part_numbers(self.vocabulary, owner), objects)
                chosen = numbers[scores["part"][:, start:stop].argmax(1)]
                parts = torch.where(objects == number, chosen, parts)
        return torch.stack([objects, materials, parts], 1)

    def _halves(self, objects: Tensor) -> Tensor:
        count = len(self.labels.objects) - 1
        found = half_parts(objects.cpu().numpy(), first=count + 1, count=count)
        return torch.from_numpy(found).to(objects)


def _table(numbers: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(numbers).to(like)


def _square(pictures: Tensor, side: int | None) -> Tensor:
    if side is None or tuple(pictures.shape[-2:]) == (side, side):
        return pictures
    return F.interpolate(pictures, size=(side, side), mode="bilinear", align_corners=False, antialias=True)
