"""Style transfer by adaptive instance normalisation (Huang and Belongie 2017), with its published networks as files.

The encoder is VGG-19 up to relu4_1 with reflected borders, the decoder its mirror image. Both are files of tensors,
named by the places of the convolutions in a sequence of layers, as in the published PyTorch weights.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.errors import UnitscopeError
from unitscope.models.checkpoints import fill, read_state, to_be_filled
from unitscope.models.weights import weights_hash
from unitscope.paths import as_path

EPSILON = 1e-5
"""Added to variances."""
ENCODER, DECODER = "vgg_normalised", "decoder"
ENDINGS = (".safetensors", ".pth", ".pt")
STRIDE = 8
"""Pixels of a cell of the encoding."""
_ENCODED = (
    "3:64",
    "64:64",
    "pool",
    "64:128",
    "128:128",
    "pool",
    "128:256",
    *("256:256",) * 3,
    "pool",
    "256:512",
)
_DECODED = (
    *("512:256", "double", *("256:256",) * 3, "256:128", "double"),
    *("128:128", "128:64", "double", "64:64"),
)


def _sequence(steps: tuple[str, ...]) -> list[nn.Module]:
    """Return layers in order: each convolution with a reflected border before it and a ReLU behind it."""
    layers: list[nn.Module] = []
    for step in steps:
        if step == "pool":
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        elif step == "double":
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        else:
            given, made = map(int, step.split(":"))
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(given, made, 3), nn.ReLU()]
    return layers


def encoder() -> nn.Sequential:
    """Return the encoder, ``(N, 3, H, W) -> (N, 512, H / 8, W / 8)``, with random weights."""
    return nn.Sequential(nn.Conv2d(3, 3, 1), *_sequence(_ENCODED))


def decoder() -> nn.Sequential:
    """Return the decoder, ``(N, 512, h, w) -> (N, 3, 8 h, 8 w)``, with random weights."""
    return nn.Sequential(*_sequence(_DECODED), nn.ReflectionPad2d(1), nn.Conv2d(64, 3, 3))


def normalise(content: Tensor, style: Tensor) -> Tensor:
    """Give an encoding the mean and deviation, channel by channel, of another one (eq. 8 of the paper).

    Args:
        content: ``(N, C, h, w)``.
        style: ``(N, C, *, *)``.

    Returns:
        ``(N, C, h, w)``.
    """
    mean, deviation = _moments(content)
    wanted_mean, wanted_deviation = _moments(style)
    return wanted_deviation * (content - mean) / deviation + wanted_mean


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    variance, mean = torch.var_mean(values, (2, 3), correction=0, keepdim=True)
    return mean, (variance + EPSILON).sqrt()


class StyleTransfer:
    """Draws the content of one picture in the style of another.

    Args:
        encoding: see :func:`encoder`.
        decoding: see :func:`decoder`.
        device: where they run.
    """

    def __init__(self, encoding: nn.Module, decoding: nn.Module, device: str | None = None) -> None:
        self.device = torch.device(device or "cpu")
        self.encoder, self.decoder = (each.eval().to(self.device) for each in (encoding, decoding))

    @property
    def content_hash(self) -> str:
        """SHA-256 of both sets of weights."""
        both = weights_hash(self.encoder) + weights_hash(self.decoder)
        return hashlib.sha256(both.encode()).hexdigest()

    @torch.no_grad()
    def __call__(self, content: NDArray[np.uint8], style: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture ``(H, W, 3)`` uint8 in the style of another one, ``(h, w, 3)`` uint8."""
        height, width = content.shape[:2]
        encoded = [self.encoder(self._input(picture)) for picture in (content, style)]
        drawn = self.decoder(normalise(encoded[0], encoded[1]))[0, :, :height, :width]
        values = drawn.clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
        return np.ascontiguousarray(values.permute(1, 2, 0).numpy())

    def _input(self, picture: NDArray[np.uint8]) -> Tensor:
        values = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
        return values.to(self.device, torch.float32) / 255


def load_transfer(folder: Path | str, device: str | None = None) -> StyleTransfer:
    """Read the published networks.

    Args:
        folder: holds ``vgg_normalised`` and ``decoder``, each ``.safetensors``, ``.pth`` or ``.pt``; nothing in them is
            run. Layers of the encoder behind relu4_1 are left out.
        device: where they are to run.

    Raises:
        UnitscopeError: a file is missing, is no file of tensors, or does not fit.
    """
    networks = []
    with to_be_filled():
        both = ((ENCODER, encoder()), (DECODER, decoder()))
    for name, made in both:
        path = _file(as_path(folder), name)
        state = read_state(path)
        if name == ENCODER:
            state = {key: value for key, value in state.items() if _within(key, len(made))}
        fill(made, state, path)
        networks.append(made)
    return StyleTransfer(networks[0], networks[1], device)


def _within(key: str, layers: int) -> bool:
    place = key.partition(".")[0]
    return not place.isdigit() or int(place) < layers


def _file(folder: Path, name: str) -> Path:
    found = [folder / (name + ending) for ending in ENDINGS if (folder / (name + ending)).is_file()]
    if not found:
        raise UnitscopeError(
            f"{str(folder)!r} has no {name}{ENDINGS[0]} or {name}{ENDINGS[1]}; give --adain a folder that holds the "
            f"published {ENCODER} and {DECODER}"
        )
    return found[0]
