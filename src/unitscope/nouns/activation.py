"""The activation of one unit on one picture, by the network of a finished run."""

from __future__ import annotations

import operator
from typing import SupportsIndex, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import trace
from unitscope.models.products import products_as_they_were
from unitscope.models.weights import device_of
from unitscope.nouns.reopened import layer_of, reopen_generated, reopen_network
from unitscope.run.dissection import Dissection
from unitscope.sources.deep import FULL
from unitscope.sources.framing import Framing
from unitscope.sources.item import picture_to_rgb


def unit_activation(run: Dissection, layer: str, unit: int, picture: object) -> NDArray[np.float32]:
    """Run the network of a run on a picture, and return a unit's activation grid ``(h, w)``.

    Args:
        run: a finished run.
        layer: module name of one of its layers.
        unit: of that layer.
        picture: a file, a Pillow image or an array ``(H, W, 3)`` uint8; for a generator, the number of a latent.

    Raises:
        UnitscopeError: the network cannot be loaded again, or the picture cannot be read.
    """
    grid, found = layer_of(run, layer), list[Tensor]()
    with products_as_they_were():
        module, inputs = (_latent if run.generated else _picture)(run, picture)
        with trace(module, [layer], lambda _name, output: found.append(grid.read(output))) as forward:
            forward(inputs.to(device_of(module)))
    activation: NDArray[np.float32] = found[0][0, unit].detach().to("cpu", torch.float32).numpy()
    return activation


def _picture(run: Dissection, picture: object) -> tuple[torch.nn.Module, Tensor]:
    network = reopen_network(run)
    preprocessing = network.preprocessing
    framing = Framing(preprocessing.framing, preprocessing.share, preprocessing.interpolation)
    try:
        pixels = picture_to_rgb(
            picture, range16=preprocessing.range16 or FULL, draft=preprocessing.draft or 0
        )
    except ValueError as error:
        raise UnitscopeError(
            f"that is no picture: {error}; give a file, a Pillow image or an array of bytes"
        ) from error
    values = preprocessing.apply(framing.resize(pixels, preprocessing.size))
    return network.module, torch.from_numpy(values)[None]


def _latent(run: Dissection, number: object) -> tuple[torch.nn.Module, Tensor]:
    samples = reopen_generated(run)
    count = len(samples.latents)
    whole = isinstance(number, SupportsIndex) and not isinstance(number, bool | np.bool_)
    if not whole or not 0 <= operator.index(cast(SupportsIndex, number)) < count:
        raise UnitscopeError(
            f"latent {number!r} is not in {run.address}; give a number from 0 to {count - 1}"
        )
    return samples.generator.module, samples.latents.read([operator.index(cast(SupportsIndex, number))])
