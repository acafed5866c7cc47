"""What judges generated scenes during training: one network on pixels, and small ones on features that stay fixed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from unitscope.world.classifier import (
    CLASSIFIER_INPUT,
    CLASSIFIER_LAYERS,
    CLASSIFIER_MEAN,
    CLASSIFIER_STD,
    world_classifier,
)

LEAK = 0.2
LEAST_SPREAD = 1e-3
"""The least that a unit's values are divided by."""


class PixelCritic(nn.Module):
    """Strided convolutions down to 4x4, the batch's own variety as one more map, then one number a picture.

    The variety is the deviation over the batch, averaged to a single number (Karras et al. 2018, section 3).
    """

    def __init__(self, widths: tuple[int, ...] = (48, 96, 192, 256, 384)) -> None:
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


class Features(nn.Module):
    """The stages of the bundled classifier, whose weights stay as they are, each unit divided by its spread.

    Judging in features that know the world's objects makes a generator learn in fewer pictures
    (Sauer et al., "Projected GANs converge faster", 2021).
    """

    def __init__(self) -> None:
        super().__init__()
        self.network = world_classifier().requires_grad_(False)
        self.stages = CLASSIFIER_LAYERS
        self.units = [_units(self.network, name) for name in self.stages]
        self.register_buffer("mean", torch.tensor(CLASSIFIER_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(CLASSIFIER_STD)[:, None, None], persistent=False)
        for index, count in enumerate(self.units):
            self.register_buffer(f"spread{index}", torch.ones(1, count, 1, 1))

    def train(self, mode: bool = True) -> Features:
        """Set the mode; the classifier stays in eval mode."""
        super().train(mode)
        self.network.eval()
        return self

    @torch.no_grad()
    def fit(self, pictures: Tensor) -> None:
        """Take as spread the root mean square of each unit over pictures `(N, 3, S, S)` in [-1, 1]."""
        for index, values in enumerate(self(pictures)):
            spread = getattr(self, f"spread{index}")
            spread.mul_(values.float().square().mean((0, 2, 3), keepdim=True).sqrt()).clamp_min_(LEAST_SPREAD)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return one map `(N, U, h, w)` a stage for pictures `(N, 3, S, S)` in [-1, 1]."""
        values = functional.interpolate(pictures, size=CLASSIFIER_INPUT, mode="bilinear", antialias=False)
        values = ((values + 1) / 2 - self.mean) / self.std  # type: ignore[operator]
        maps: list[Tensor] = []
        for name, layer in self.network.named_children():
            values = layer(values)
            if name in self.stages:
                maps.append(values / getattr(self, f"spread{len(maps)}"))
                if len(maps) == len(self.stages):
                    break
        return maps


class FeatureCritics(nn.Module):
    """One small critic for each stage of features."""

    def __init__(self, units: Sequence[int], width: int = 64) -> None:
        super().__init__()
        self.heads = nn.ModuleList(_head(count, width) for count in units)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return one map of scores `(N, 1, h, w)` for each of the maps `(N, U, h', w')`."""
        return [head(values) for head, values in zip(self.heads, maps, strict=True)]


class Encoder(nn.Module):
    """Strided convolutions down to 4x4, then the mean and the log variance of a picture's latent."""

    def __init__(self, latents: int, widths: tuple[int, ...] = (48, 96, 192, 256, 384)) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, padding=1), nn.LeakyReLU(LEAK)]
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.GroupNorm(8, after)]
            layers += [nn.LeakyReLU(LEAK)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.latent = nn.Linear(widths[-1] * 16, 2 * latents)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and log variances, each `(N, Z)`, for pictures `(N, 3, 64, 64)` in [-1, 1]."""
        mean, log_variance = self.latent(self.body(pictures)).float().chunk(2, 1)
        return mean, log_variance.clamp(-10, 4)


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
