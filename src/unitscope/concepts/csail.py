"""Segmenters of the CSAIL format: a dilated residual network, pyramid pooling, one softmax a category.

The architecture is that of Zhou et al., "Semantic understanding of scenes through the ADE20K dataset", 2019
("resnet18dilated" or deeper, with "ppm" or "ppm_deepsup"); how deep, wide and with how many outputs is read
from the shapes in the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unitscope.concepts.backbones import DeepStemResNet, normalised_convolution, resize
from unitscope.concepts.csail_labels import CsailLabels
from unitscope.concepts.pooling import adaptive_matrix, pool
from unitscope.concepts.vocabulary import NOTHING
from unitscope.errors import UnitscopeError

POOL_BINS = (1, 2, 3, 6)
WIDTH = 512
STAGES = 4


class PoolingDecoder(nn.Module):
    """Pyramid pooling of the encoder's last maps, and scores for every label.

    Args:
        inputs: channels of the encoder's last maps.
        labels: channels of scores.
        supervised: whether the checkpoint has the second head that only training uses.
    """

    def __init__(self, inputs: int, labels: int, *, supervised: bool) -> None:
        super().__init__()
        # Pooling itself is done by `pool`; the first child keeps the published numbers of the others.
        self.ppm = nn.ModuleList(
            nn.Sequential(nn.Identity(), *normalised_convolution(inputs, WIDTH, 1)) for _ in POOL_BINS
        )
        joined = normalised_convolution(inputs + len(POOL_BINS) * WIDTH, WIDTH, 3)
        self.conv_last = nn.Sequential(*joined, nn.Dropout2d(0.1), nn.Conv2d(WIDTH, labels, 1))
        if supervised:
            self.cbr_deepsup = normalised_convolution(inputs // 2, inputs // 4, 3)
            self.conv_last_deepsup = nn.Conv2d(inputs // 4, labels, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return scores ``(n, labels, h, w)`` on the grid of the last maps."""
        last = maps[-1]
        pooled = [
            resize(convolution(pool(last, (bins, bins), adaptive_matrix)), last.shape[-2:])
            for bins, convolution in zip(POOL_BINS, self.ppm, strict=True)
        ]
        scores: Tensor = self.conv_last(torch.cat([last, *pooled], 1))
        return scores


class CsailSegmenter(nn.Module):
    """Encoder, decoder and labels; makes one plane for each category.

    Args:
        labels: what the channels stand for.
        encoder: the encoder's state dict, which tells its depth.
        decoder: the decoder's, which tells its outputs.

    Raises:
        UnitscopeError: the state dicts are not of this architecture, or have not a channel for each label.
    """

    def __init__(
        self, labels: CsailLabels, encoder: Mapping[str, Tensor], decoder: Mapping[str, Tensor]
    ) -> None:
        super().__init__()
        self.labels = labels
        self.vocabulary = labels.vocabulary()
        self.planes, self.plane_names = len(labels.groups), tuple(labels.groups)
        self.encoder = _encoder(encoder)
        self.decoder = _decoder(decoder, len(labels.concepts))
        format_ = torch.tensor([labels.mean, labels.stdev])[:, :, None, None]
        self.register_buffer("mean", format_[0], persistent=False)
        self.register_buffer("stdev", format_[1], persistent=False)

    def forward(self, pictures: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """Return label maps, numbers of the vocabulary.

        Args:
            pictures: RGB in [-1, 1], ``(n, 3, h, w)`` float32.
            grid: rows and columns of the label maps; by default an eighth of the input size.

        Returns:
            ``(n, P, rows, columns)`` int64, one plane for each category.
        """
        found = self.probabilities(pictures, grid)
        planes = []
        for channels in self.labels.groups.values():
            numbers = [self._number(channel) for channel in channels]
            planes.append(torch.tensor(numbers, device=pictures.device)[found[:, list(channels)].argmax(1)])
        return torch.stack(planes, 1)

    def _number(self, channel: int) -> int:
        concept = self.labels.concepts[channel]
        return NOTHING if concept is None else self.vocabulary.number(concept.name, concept.category)

    def probabilities(self, pictures: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """Return the probabilities of all labels, averaged over the sizes of the labels' file.

        Args:
            pictures: RGB in [-1, 1], ``(n, 3, h, w)`` float32.
            grid: rows and columns of the result; by default an eighth of the input size.

        Returns:
            ``(n, labels, rows, columns)``; those of each category sum to 1.
        """
        grid = grid or (-(-pictures.shape[-2] // 8), -(-pictures.shape[-1] // 8))
        pixels = (pictures.flip(1) if self.labels.blue_first else pictures) * 0.5 + 0.5
        pixels = (pixels * self.labels.highest - self.get_buffer("mean")) / self.get_buffer("stdev")
        total = None
        for side in self.labels.sizes:
            found = self._softmax(resize(self.decoder(self.encoder(_square(pixels, side))), grid))
            total = found if total is None else total + found
        assert total is not None
        return total / len(self.labels.sizes)

    def _softmax(self, scores: Tensor) -> Tensor:
        found = torch.zeros_like(scores)
        for channels in self.labels.groups.values():
            found[:, list(channels)] = scores[:, list(channels)].softmax(1)
        return found


def _square(pictures: Tensor, side: int) -> Tensor:
    if tuple(pictures.shape[-2:]) == (side, side):
        return pictures
    return F.interpolate(pictures, size=(side, side), mode="bilinear", align_corners=False, antialias=True)


def _encoder(state: Mapping[str, Tensor]) -> DeepStemResNet:
    blocks = [_count(state, f"layer{stage}.") for stage in range(1, STAGES + 1)]
    if 0 in blocks or "conv3.weight" not in state:
        raise UnitscopeError(
            "the encoder is no residual network with a stem of three convolutions; its checkpoint begins with "
            f"{', '.join(list(state)[:3]) or 'nothing'}, where conv1.weight to layer4.1.bn2.weight are due"
        )
    return DeepStemResNet(blocks, bottleneck="layer1.0.conv3.weight" in state, dilated=True)


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    return len({key[len(prefix) :].partition(".")[0] for key in state if key.startswith(prefix)})


def _decoder(state: Mapping[str, Tensor], labels: int) -> PoolingDecoder:
    first, last = state.get("ppm.0.1.weight"), state.get("conv_last.4.weight")
    if first is None or last is None:
        raise UnitscopeError(
            "the decoder is not 'ppm' or 'ppm_deepsup'; its checkpoint begins with "
            f"{', '.join(list(state)[:3]) or 'nothing'}, where ppm.0.1.weight to conv_last.4.weight are due"
        )
    if len(last) != labels:
        raise UnitscopeError(
            f"the decoder has {len(last)} channels of scores and its labels.json {labels} labels; "
            "they belong to different networks"
        )
    return PoolingDecoder(first.shape[1], labels, supervised="conv_last_deepsup.weight" in state)
