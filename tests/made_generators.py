"""Small generators with random weights: the kinds that there are, and one whose picture shows where its cells are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from unitscope.models.generators import ClassConditional
from unitscope.models.networks.proggan import ProgressiveGenerator

CELLS = 8
Change = Callable[[Tensor], Tensor]


class Applied(nn.Module):
    """A function as a module."""

    def __init__(self, function: Change) -> None:
        super().__init__()
        self.function = function

    def forward(self, values: Tensor) -> Tensor:
        return self.function(values)


class RedCell(nn.Module):
    """One cell of a map of 8 x 8 is on, which the latent says; the picture of 64 pixels has a red square there.

    Args:
        post: changes the picture.
        fold: what ``layer`` makes of the map.
        unfold: makes a map of that again.
    """

    z_dim = CELLS**2

    def __init__(
        self, post: Change = lambda x: x, fold: Change = lambda x: x, unfold: Change = lambda x: x
    ) -> None:
        super().__init__()
        self.layer, self.unfold, self.post = Applied(fold), unfold, post

    def forward(self, z: Tensor) -> Tensor:
        on = functional.one_hot(z.argmax(1), CELLS**2).float().view(-1, 1, CELLS, CELLS)
        red = functional.interpolate(
            self.unfold(self.layer(torch.cat([on, 1 - on], 1)))[:, :1], scale_factor=8
        )
        return self.post(torch.cat([2 * red - 1, -torch.ones_like(red), -torch.ones_like(red)], 1))


class Styled(nn.Module):
    """A vector of style, the same for each of 16 places: these look like tokens of 4 x 4 cells."""

    z_dim = 8

    def __init__(self) -> None:
        super().__init__()
        self.style = nn.Linear(8, 32)
        self.mapping, self.draw = Applied(lambda w: w[:, None].repeat(1, 16, 1)), nn.Linear(32, 3 * 32 * 32)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.draw(self.mapping(self.style(z)).mean(1))).view(-1, 3, 32, 32)


def progressive() -> nn.Module:
    """A Progressive GAN of 32 pixels."""
    return ProgressiveGenerator(16, (16, 16, 16, 16, 12, 12, 8, 8))


def deconvolutions() -> nn.Module:
    """A DCGAN of 32 pixels, with batch norm of its own pictures."""
    units = (8, 32, 24, 16)
    parts: list[nn.Module] = []
    for given, made in itertools.pairwise(units):
        step = (1, 0) if not parts else (2, 1)
        parts += [nn.ConvTranspose2d(given, made, 4, *step), nn.BatchNorm2d(made), nn.ReLU(inplace=True)]
    return settled(nn.Sequential(*parts, nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh()), (8, 1, 1))


def settled(module: nn.Module, latent: tuple[int, ...]) -> nn.Module:
    """Let batch norms see some pictures."""
    with torch.no_grad():
        for _ in range(20):
            module.train()(torch.randn(16, *latent))
    return module


class Modulated(nn.Module):
    """A convolution whose weights a style scales and then norms, with noise that stays."""

    def __init__(self, units: int, *, doubles: bool, side: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(units, units, 3, 3) / math.sqrt(9 * units))
        self.style, self.doubles = nn.Linear(16, units), doubles
        self.register_buffer("noise", torch.randn(side, side))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        weight = self.weight[None] * (1 + self.style(w))[:, None, :, None, None]
        weight = weight * (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        if self.doubles:
            x = functional.interpolate(x, scale_factor=2, mode="bilinear")
        x = torch.cat(
            [functional.conv2d(one[None], each, padding=1) for one, each in zip(x, weight, strict=True)]
        )
        return functional.leaky_relu(x + 0.1 * self.noise, 0.2)


class StyleGenerator(nn.Module):
    """As StyleGAN2: a map that is learned, styles, and a picture that is the sum of one from each grid."""

    z_dim = 16

    def __init__(self, units: int = 24) -> None:
        super().__init__()
        self.mapping = nn.Sequential(nn.Linear(16, 16), nn.LeakyReLU(0.2), nn.Linear(16, 16))
        self.start = nn.Parameter(torch.randn(1, units, 4, 4))
        self.blocks = nn.ModuleList(
            Modulated(units, doubles=number > 0, side=4 * 2**number) for number in range(4)
        )
        self.colours = nn.ModuleList(nn.Conv2d(units, 3, 1) for _ in range(4))

    def forward(self, z: Tensor) -> Tensor:
        w = self.mapping(z)
        x, picture = self.start.expand(len(z), -1, -1, -1), torch.zeros(len(z), 3, 2, 2)
        for block, colours in zip(self.blocks, self.colours, strict=True):
            x = block(x, w)
            picture = functional.interpolate(picture, scale_factor=2, mode="bilinear") + colours(x)
        return picture


class ClassNorm(nn.Module):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.norm, self.scale = nn.BatchNorm2d(units, affine=False), nn.Embedding(3, units)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.norm(x) * (1 + 0.3 * self.scale(y)[:, :, None, None])


class Doubling(nn.Module):
    """A residual block as in BigGAN, which doubles the grid."""

    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([ClassNorm(given), ClassNorm(made)])
        self.convs = nn.ModuleList([nn.Conv2d(given, made, 3, 1, 1), nn.Conv2d(made, made, 3, 1, 1)])
        self.beside = nn.Conv2d(given, made, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        h = functional.interpolate(functional.relu(self.norms[0](x, y)), scale_factor=2)
        h = self.convs[1](functional.relu(self.norms[1](self.convs[0](h), y)))
        return h + self.beside(functional.interpolate(x, scale_factor=2))


class Attention(nn.Module):
    """Each cell takes something of all others."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.asks, self.answers = (nn.Conv2d(units, units // 2, 1) for _ in range(2))
        self.holds = nn.Conv2d(units, units, 1)

    def forward(self, x: Tensor) -> Tensor:
        ask, answer, hold = (each(x).flatten(2) for each in (self.asks, self.answers, self.holds))
        shares = torch.softmax(ask.transpose(1, 2) @ answer, 2)
        return x + (hold @ shares.transpose(1, 2)).view_as(x)


class ClassGenerator(nn.Module):
    """As BigGAN: batch norm that the class scales, and self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Linear(16, 32 * 16)
        self.blocks = nn.ModuleList([Doubling(32, 24), Doubling(24, 16), Doubling(16, 12)])
        self.attention, self.out = Attention(16), nn.Conv2d(12, 3, 3, 1, 1)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        x = self.start(z).view(-1, 32, 4, 4)
        for number, block in enumerate(self.blocks):
            x = self.attention(block(x, y)) if number == 1 else block(x, y)
        return torch.tanh(self.out(functional.relu(x)))


def by_class() -> nn.Module:
    """A class-conditional generator, wrapped, whose batch norms have seen pictures."""
    module = ClassConditional(ClassGenerator(), (16,), 3, one_hot=False)
    with torch.no_grad():
        for _ in range(20):
            module.train()(torch.cat([torch.randn(16, 16), torch.arange(16)[:, None] % 3], 1))
    return module


class Cut(nn.Module):
    """As StyleGAN3: layers have a margin of some cells, which is cut off at the end."""

    z_dim = 8

    def __init__(self, margin: int = 6) -> None:
        super().__init__()
        self.start, self.margin = nn.Linear(8, 12 * 44 * 44), margin
        self.first, self.last = nn.Conv2d(12, 12, 3, 1, 1), nn.Conv2d(12, 3, 1)

    def forward(self, z: Tensor) -> Tensor:
        x = functional.leaky_relu(self.first(self.start(z).view(-1, 12, 44, 44)), 0.2)
        return self.last(x[:, :, self.margin : -self.margin, self.margin : -self.margin])
