"""The generator of a Progressive GAN, in whatever sizes a published state dict implies.

Karras, Aila, Laine and Lehtinen, "Progressive growing of GANs for improved quality, stability, and variation", 2018.
Layers are called ``layer1``, ``layer2``, ... and ``output_256x256`` (the picture's size), as in the published keys.
Each is read after its leaky ReLU; ``layer5.wscale`` is the value before it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.models.networks.proggan_state import GeneratorState, read_generator_state

LEAK = 0.2
FIRST_GRID = 4
"""Rows and columns of the first layer's grid."""


class PixelNorm(nn.Module):
    """Divides each position's values by their root mean square over the units (Karras et al., section 4.2)."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``(N, U, h, w)``, normalised over ``U``."""
        return inputs / torch.sqrt(inputs.square().mean(1, keepdim=True) + 1e-8)


class EqualisedScale(nn.Module):
    """Scales what a convolution returns as if its weights had He's variance, and adds a bias (section 4.1).

    Args:
        units: units of the layer.
        fan_in: values that one output of the convolution reads.
        gain: expected gain of the activation that follows.
    """

    def __init__(self, units: int, fan_in: int, *, gain: float) -> None:
        super().__init__()
        self.scale = gain / math.sqrt(fan_in)
        self.b = nn.Parameter(torch.zeros(units))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``scale * inputs + b`` for ``(N, U, h, w)``."""
        return inputs * self.scale + self.b[:, None, None]


class ProgressiveGenerator(nn.Module):
    """A Progressive GAN generator: latents ``(N, Z)`` or ``(N, Z, 1, 1)`` to pictures ``(N, 3, H, H)``.

    Pictures are RGB, nominally in [-1, 1] and not clamped, as the published generators return them. The convolutions
    start from standard normal weights, which the equalised scale expects; biases from zero.

    Args:
        latents: values of a latent vector, ``Z``.
        units: units of ``layer1``, ``layer2``, ...: an even number of layers, two for every doubling of the grid from
            4x4 upwards.

    Raises:
        UnitscopeError: the sizes are not those of a generator.
    """

    def __init__(self, latents: int, units: Sequence[int]) -> None:
        super().__init__()
        units = tuple(units)
        if len(units) < 2 or len(units) % 2 or min(latents, *units) < 1:
            raise UnitscopeError(
                f"a generator of latents {latents} and units {units} is impossible; give a positive number of "
                "latents and of units for an even number of layers, two for each grid from 4x4 upwards"
            )
        self.latents = latents
        self.units = units
        self.resolution = FIRST_GRID * 2 ** (len(units) // 2 - 1)
        self.add_module("layer1", _first_layer(latents, units[0]))
        for index in range(1, len(units)):
            layer = _layer(units[index - 1], units[index], doubles=index >= 2 and index % 2 == 0)
            self.add_module(f"layer{index + 1}", layer)
        self.add_module(f"output_{self.resolution}x{self.resolution}", _output_layer(units[-1]))

    def forward(self, latents: Tensor) -> Tensor:
        """Generate pictures ``(N, 3, H, H)``.

        Raises:
            UnitscopeError: `latents` is neither ``(N, Z)`` nor ``(N, Z, 1, 1)``.
        """
        if tuple(latents.shape[1:]) not in ((self.latents,), (self.latents, 1, 1)):
            raise UnitscopeError(
                f"the generator wants latents (N, {self.latents}) or (N, {self.latents}, 1, 1); "
                f"{tuple(latents.shape)} is given"
            )
        values = latents.reshape(-1, self.latents, 1, 1)
        for layer in self.children():
            values = layer(values)
        return values


def generator_from_state(state: GeneratorState) -> ProgressiveGenerator:
    """Build the generator that a state dict belongs to, and fill it.

    Both published key styles are read: ``layer1.conv.weight`` ... ``output_256x256.wscale.b``, and the older
    ``features.0.conv.weight`` ... ``output.wscale.b``; a ``module.`` before every key and a dictionary with the one
    entry ``state_dict`` around them are taken off.

    Args:
        state: the tensors of a checkpoint.

    Returns:
        The generator in eval mode, in float32.

    Raises:
        UnitscopeError: a key is missing, unknown, there twice, or of a shape that does not follow from the others.
    """
    found = read_generator_state(state)
    with torch.device("meta"):
        generator = ProgressiveGenerator(found.latents, found.units)
    generator.load_state_dict(found.tensors, assign=True)
    return generator.eval()


def _first_layer(inputs: int, outputs: int) -> nn.Sequential:
    """Spread a latent vector over the first grid: a 4x4 kernel that meets the single cell in every way."""
    return nn.Sequential(
        OrderedDict(
            norm=PixelNorm(),
            conv=_convolution(inputs, outputs, FIRST_GRID, padding=FIRST_GRID - 1),
            wscale=EqualisedScale(outputs, inputs * FIRST_GRID**2, gain=math.sqrt(2)),
            relu=nn.LeakyReLU(LEAK),
        )
    )


def _layer(inputs: int, outputs: int, *, doubles: bool) -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict(norm=PixelNorm())
    if doubles:
        parts["up"] = nn.Upsample(scale_factor=2, mode="nearest")
    parts["conv"] = _convolution(inputs, outputs, 3, padding=1)
    parts["wscale"] = EqualisedScale(outputs, inputs * 3**2, gain=math.sqrt(2))
    parts["relu"] = nn.LeakyReLU(LEAK)
    return nn.Sequential(parts)


def _output_layer(inputs: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=PixelNorm(),
            conv=_convolution(inputs, 3, 1, padding=0),
            wscale=EqualisedScale(3, inputs, gain=1.0),
        )
    )


def _convolution(inputs: int, outputs: int, kernel: int, *, padding: int) -> nn.Conv2d:
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False)
    nn.init.normal_(convolution.weight)
    return convolution
