"""What judges generated scenes during training: one network on pixels, and small ones on features that stay fixed."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from unitscope.world.classifier import CLASSIFIER_INPUT, CLASSIFIER_LAYERS, normalise, world_classifier

LEAK = 0.2


class PixelCritic(nn.Module):
    """Strided convolutions down to 4x4, the batch's own variety as one more map, then one number a picture.

    The variety is the deviation over the batch, averaged to a single number (Karras et al. 2018, section 3).
    """

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 192, 256)) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, padding=1), nn.LeakyReLU(LEAK)]
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(LEAK)]
        self.body = nn.Sequential(*layers)
        self.last = nn.Sequential(
            nn.Conv2d(widths[-1] + 1, widths[-1], 3, padding=1), nn.LeakyReLU(LEAK), nn.Flatten()
        )
        self.score = nn.Linear(widths[-1] * 16, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return scores `(N, 1)` for pictures `(N, 3, 64, 64)` in [-1, 1]."""
        maps = self.body(pictures)
        variety = (maps.float().var(0, unbiased=False) + 1e-8).sqrt().mean().to(maps.dtype)
        maps = torch.cat([maps, variety.expand(len(maps), 1, *maps.shape[2:])], 1)
        return self.score(self.last(maps))  # type: ignore[no-any-return]


class FeatureCritics(nn.Module):
    """One small critic for each stage of the bundled classifier, whose weights stay as they are.

    Judging in features that know the world's objects makes a generator learn in fewer pictures
    (Sauer et al., "Projected GANs converge faster", 2021).
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.features = world_classifier().requires_grad_(False)
        self.stages = CLASSIFIER_LAYERS
        units = [_units(self.features, name) for name in self.stages]
        self.heads = nn.ModuleList(_head(count, width) for count in units)

    def train(self, mode: bool = True) -> FeatureCritics:
        """Set the mode of the critics; the classifier stays in eval mode."""
        super().train(mode)
        self.features.eval()
        return self

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return one map of scores `(N, 1, h, w)` a stage for pictures `(N, 3, S, S)` in [-1, 1]."""
        values = functional.interpolate(pictures, size=CLASSIFIER_INPUT, mode="bilinear", antialias=False)
        values = normalise((values + 1) / 2)
        scores: list[Tensor] = []
        for name, layer in self.features.named_children():
            values = layer(values)
            if name in self.stages:
                scores.append(self.heads[len(scores)](values))
                if len(scores) == len(self.stages):
                    break
        return scores


def _units(model: nn.Module, layer: str) -> int:
    return int(model.get_submodule(layer.replace("relu", "conv")).weight.shape[0])  # type: ignore[index]


def _head(units: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        spectral_norm(nn.Conv2d(units, width, 4, stride=2, padding=1)),
        nn.LeakyReLU(LEAK),
        spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
        nn.LeakyReLU(LEAK),
        spectral_norm(nn.Conv2d(width, 1, 3, padding=1)),
    )
