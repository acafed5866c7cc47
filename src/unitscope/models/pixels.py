"""A network as a function of pictures in [0, 1], with gradients: its preprocessing in tensors is its first step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unitscope.models.preprocessing import LUMINANCE, Preprocessing

LEVELS = 255
"""The pixel value that 1 stands for."""


class OnPixels(nn.Module):
    """A network that reads RGB pictures in [0, 1] which already have its input's size.

    What :meth:`Preprocessing.apply` looks up in a table is computed here, to within rounding of float32.

    Args:
        module: the network, in eval mode; its input is ``(N, 3, h, w)``, or ``(N, 1, h, w)`` where it sees gray.
        preprocessing: how a picture becomes that input.
        answer: takes the logits ``(N, C)`` out of what the module returns; as it is when None.
    """

    def __init__(
        self,
        module: nn.Module,
        preprocessing: Preprocessing,
        answer: Callable[[object], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.module, self._answer = module, answer
        low, high = preprocessing.range
        mean, scale = np.array(preprocessing.mean), np.array(preprocessing.scale)
        self.factor: Tensor
        self.offset: Tensor
        self.register_buffer("factor", _per_channel((high - low) / scale))
        self.register_buffer("offset", _per_channel((low - mean) / scale))
        self.light: Tensor
        self.register_buffer("light", _per_channel(np.array(LUMINANCE) / sum(LUMINANCE)))
        self._channels = preprocessing.channels
        self.training = False

    def inputs(self, pictures: Tensor) -> Tensor:
        """Return the network's inputs ``(N, C, h, w)`` for RGB pictures ``(N, 3, h, w)`` in [0, 1]."""
        if self._channels == "gray":
            pictures = (pictures * self.light).sum(1, keepdim=True)
        elif self._channels == "bgr":
            pictures = pictures.flip(1)
        return pictures * self.factor + self.offset

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits ``(N, C)`` of RGB pictures ``(N, 3, h, w)`` in [0, 1]."""
        found = self.module(self.inputs(pictures))
        logits: Tensor = found if self._answer is None else self._answer(found)
        return logits


def _per_channel(values: NDArray[np.float64]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)[:, None, None]


def to_unit(pictures: NDArray[np.uint8]) -> Tensor:
    """Return 8-bit pictures ``(N, h, w, 3)`` as ``(N, 3, h, w)`` float32 in [0, 1]."""
    return torch.from_numpy(np.moveaxis(pictures, 3, 1).astype(np.float32) / np.float32(LEVELS))


def to_bytes(pictures: Tensor) -> NDArray[np.uint8]:
    """Round pictures ``(N, 3, h, w)`` in [0, 1] to 8 bits, ``(N, h, w, 3)``."""
    levels = (pictures.detach().double() * LEVELS).round().clamp(0, LEVELS)
    return np.ascontiguousarray(levels.to("cpu", torch.uint8).movedim(1, 3).numpy())
