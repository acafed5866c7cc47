"""A network that reads pictures, from what a person names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn

from unitscope.models.checkpoints import fill, read_state
from unitscope.models.generators import Generator
from unitscope.models.preprocessing import parse_preprocessing
from unitscope.models.registry import Model, load_model
from unitscope.models.weights import full_path, ready
from unitscope.models.weights import reinitialize as start_anew
from unitscope.nouns.pictures import AnyPath


def resolve_model(
    model: str | nn.Module | Model,
    *,
    preprocess: str | None = None,
    weights: AnyPath | None = None,
    mirror: str | None = None,
    reinitialize: int | None = None,
    device: torch.device | str = "cpu",
    listing: bool = False,
) -> Model:
    """Load a model by name, or take one that is there, ready to run on `device`; `listing` needs no weights."""
    if isinstance(model, str):
        return load_model(
            model, preprocess=preprocess, weights=weights, mirror=mirror, reinitialize=reinitialize, device=device,
            pretrained=not listing,
        )  # fmt: skip
    network = model if isinstance(model, Model) else Model(model, name=type(model).__name__)
    if weights is not None:
        network = replace(network, module=deepcopy(network.module))
        fill(network.module, read_state(weights), weights)
    if preprocess:
        network = replace(network, preprocessing=parse_preprocessing(preprocess, network.preprocessing))
    if reinitialize is not None:
        network = replace(network, module=deepcopy(network.module))
        start_anew(network.module, reinitialize)
    network = replace(network, weights=full_path(weights), reinitialized=reinitialize)
    return replace(network, module=ready(network.module, device))


@contextmanager
def left_as_it_was(model: str | nn.Module | Model | Generator) -> Iterator[None]:
    """Give a network that the caller owns its training flags and its device back."""
    module = model.module if isinstance(model, Model | Generator) else model
    if isinstance(module, str):
        yield
        return
    flags = [(part, part.training) for part in module.modules()]
    device = next((parameter.device for parameter in module.parameters()), None)
    try:
        yield
    finally:
        for part, training in flags:
            part.training = training
        if device is not None:
            module.to(device)
