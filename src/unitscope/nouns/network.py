"""A network that reads pictures, from what a person names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from unitscope.errors import UnitscopeError
from unitscope.models.fitting import take_weights
from unitscope.models.forwarded import Forward, Function, inside
from unitscope.models.generators import ClassConditional, Generator
from unitscope.models.lazy import make_parameters
from unitscope.models.network import Network
from unitscope.models.precision import Precision
from unitscope.models.preprocessing import Preprocessing, parse_preprocessing
from unitscope.models.products import products_as_they_were, use_products
from unitscope.models.registry import load_network
from unitscope.models.reinitialize import reinitialize as start_anew
from unitscope.models.weights import copied, full_path, in_single_precision, ready, unwrapped
from unitscope.nouns.device import choose_device
from unitscope.paths import AnyPath

Source = str | nn.Module | Network | Generator
"""A network or generator, or what :func:`network` and :func:`unitscope.nouns.generator.generator` make one of."""
N = TypeVar("N", Network, Generator)


def network(
    source: Source,
    *,
    preprocess: str | Preprocessing | None = None,
    forward: Forward | Function | str | None = None,
    weights: AnyPath | None = None,
    mirror: str | None = None,
    reinitialize: int | None = None,
    device: str | None = None,
    precision: Precision | None = None,
) -> Network:
    """Return a network that reads pictures.

    Args:
        source: a name such as ``world-vgg`` or ``timm:resnet50``, ``package.module:function``, ``file.py:function``, a
            module, or a network that is to be changed. A module stays as it is: other weights go into a copy. Only
            lazy modules get the parameters that they are still without, as a first forward pass makes them, see
            :func:`unitscope.models.lazy.make_parameters`.
        preprocess: settings that replace its own, such as ``size=512,range=-1:1``, see
            :func:`unitscope.models.preprocessing.parse_preprocessing`, or all of them.
        forward: how the network is given a batch of pictures where it takes several inputs, keywords or a dictionary: a
            function of the network and the inputs ``(N, C, h, w)`` that its preprocessing makes, which calls the one
            with the other; or ``file.py:function``, which runs can be reopened with.
        weights: a file of weights: safetensors, or `torch.save` of a state dict.
        mirror: another server for files that are downloaded.
        reinitialize: a seed: give it new random weights, as a control.
        device: where it is to run; a GPU when there is one.
        precision: how exactly it multiplies: ``fp32``, which it does by default, ``tf32``, ``bf16`` or ``fp16``, see
            :data:`unitscope.models.precision.Precision`. Generators run in single precision.

    Raises:
        UnitscopeError: there is no such network, or it cannot be made.
    """
    place = choose_device(device)
    if isinstance(source, str):
        found = load_network(
            source,
            preprocess=preprocess,
            forward=forward,
            weights=weights,
            mirror=mirror,
            reinitialize=reinitialize,
            device=place,
        )
        return _precise(replace(found, device=device), precision)
    found = _reader(source)
    if preprocess is not None:
        found = replace(found, preprocessing=parse_preprocessing(preprocess, found.preprocessing))
    if forward is not None:
        found = replace(found, forward=Forward.of(forward))
    make_parameters(found.module, found.trial(1))
    if weights is not None or reinitialize is not None:
        given = full_path(weights) or found.weights
        found = replace(found, module=copied(found.module), weights=given, reinitialized=reinitialize)
    if weights is not None:
        take_weights(inside(found.module), weights)
    if reinitialize is not None:
        start_anew(inside(found.module), reinitialize)
    return _precise(replace(found, device=device or found.device), precision)


def _precise(found: Network, precision: Precision | None) -> Network:
    return found if precision is None else found.with_precision(precision)


def blank_network(
    source: Source, preprocess: str | None = None, forward: Forward | Function | str | None = None
) -> Network:
    """Return a network whose layers are to be listed, for which nothing is downloaded."""
    if isinstance(source, str):
        return load_network(source, preprocess=preprocess, forward=forward, pretrained=False)
    return network(source, preprocess=preprocess, forward=forward)


def _reader(source: nn.Module | Network | Generator) -> Network:
    if isinstance(source, Generator | ClassConditional):
        raise UnitscopeError(
            "a generator makes pictures instead of reading them; give --latents COUNT in place of --images"
        )
    if isinstance(source, Network):
        return replace(source, module=unwrapped(source.module))
    inner = unwrapped(source)
    return Network(inner, name=type(inner).__name__)


def place_for(source: object, device: str | None) -> str | None:
    """Return where something is to be made; what is there already is moved by :func:`on_device`, which checks it."""
    return None if isinstance(source, Network | Generator) else device


def on_device(found: N, device: str | None = None) -> N:
    """Return a network or generator on its device, which it then names, its dropout off and its batch norm frozen.

    Weights of other types than float32 are read as such, in a copy.

    Args:
        found: its module itself is changed, see :func:`left_as_it_was`.
        device: where it is to run, unless it says so itself.

    Raises:
        UnitscopeError: it is to run elsewhere, or there is no such device.
    """
    if device is not None and found.device not in (None, device):
        raise UnitscopeError(
            f"device is {device!r}, and {found.name or 'the network'} was made for {found.device!r}; say it once"
        )
    place = choose_device(device or found.device)
    use_products(found.precision if isinstance(found, Network) else "fp32")
    return replace(found, module=ready(in_single_precision(found.module), place), device=str(place))


@contextmanager
def left_as_it_was(source: Source | None) -> Iterator[None]:
    """Give a network that the caller owns all back that work on it changes, and torch its products.

    What the caller has switched on around the call is off meanwhile: autocast, which rounds otherwise than the
    network's precision says, and inference mode, whose tensors take no hooks of operators.
    """
    with products_as_they_were(), _module_as_it_was(source), torch.inference_mode(False), _without_autocast():
        yield


@contextmanager
def _without_autocast() -> Iterator[None]:
    with torch.autocast("cpu", enabled=False):
        if not torch.cuda.is_available():
            yield
            return
        with torch.autocast("cuda", enabled=False):
            yield


@contextmanager
def _module_as_it_was(source: Source | None) -> Iterator[None]:
    module = source.module if isinstance(source, Network | Generator) else source
    if not isinstance(module, nn.Module):
        yield
        return
    flags = [(part, part.training) for part in module.modules()]
    buffers = [
        (part, name, buffer, buffer.detach().clone())
        for part in module.modules()
        for name, buffer in part.named_buffers(recurse=False)
        if not is_lazy(buffer)
    ]
    held = [(part, name, value) for part in module.modules() for name, value in _containers(part)]
    device = next((parameter.device for parameter in module.parameters()), None)
    try:
        yield
    finally:
        for part, training in flags:
            part.training = training
        if device is not None:
            module.to(device)
        for part, name, buffer, before in buffers:
            _give_back(part, name, buffer, before)
        for part, name, value in held:
            if vars(part).get(name) is not value:
                setattr(part, name, value)


def _containers(part: nn.Module) -> Iterator[tuple[str, object]]:
    """Yield the lists, dictionaries and sets that a module keeps, and hooks or other code may fill."""
    for name, value in vars(part).items():
        if type(value) in (list, dict, set) and not name.startswith("_"):
            yield name, value


def _give_back(part: nn.Module, name: str, buffer: Tensor, before: Tensor) -> None:
    """Let a buffer be the object and hold the values that it was and held."""
    if part._buffers[name] is not buffer:
        part._buffers[name] = buffer
    if not torch.equal(buffer, before):
        with torch.no_grad():
            buffer.copy_(before)
