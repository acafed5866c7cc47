"""Read the state dict of a Progressive GAN generator: two key styles, and every mistake named by its key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from unitscope.errors import UnitscopeError

GeneratorState = Mapping[str, Tensor | Mapping[str, Tensor]]
"""A state dict, possibly in a dictionary under the key ``state_dict``."""

PARTS = ("conv.weight", "wscale.b")
_LAYER = re.compile(r"layer([1-9]\d{0,3})\.(conv\.weight|wscale\.b)")
_OLD_LAYER = re.compile(r"features\.(0|[1-9]\d{0,3})\.(conv\.weight|wscale\.b)")
_OUTPUT = re.compile(r"output(?:_(\d{1,9})x(\d{1,9}))?\.(conv\.weight|wscale\.b)")


@dataclass(frozen=True)
class Entry:
    """One tensor and the key it stands under in the file."""

    key: str
    tensor: Tensor


@dataclass(frozen=True)
class FoundGenerator:
    """The sizes that a state dict implies, and its tensors under the keys of the network.

    Attributes:
        latents: values of a latent vector.
        units: units of each layer.
        tensors: float32, keys such as ``layer1.conv.weight`` and ``output_256x256.wscale.b``.
    """

    latents: int
    units: tuple[int, ...]
    tensors: dict[str, Tensor]


def read_generator_state(state: GeneratorState) -> FoundGenerator:
    """Find the sizes of a generator in its state dict and bring its keys into the newer style.

    Raises:
        UnitscopeError: a key is missing, unknown, there twice, or of a shape that does not follow from the others.
    """
    entries = _entries(_plain(state))
    layers = 0
    while any(f"layer{layers + 1}.{part}" in entries for part in PARTS):
        layers += 1
    names = [*(f"layer{index + 1}" for index in range(layers)), "output"]
    _check_names(entries, names)
    if layers % 2:
        raise _wrong(
            f"{entries[f'layer{layers}.conv.weight'].key!r} belongs to the last of {layers} layers, an odd number; "
            "every grid has two layers, so one is missing or too many"
        )
    resolution = _resolution(layers)
    _check_resolution(entries, resolution)
    latents, units = _sizes(entries, layers)
    final = {"output": f"output_{resolution}x{resolution}"}
    tensors = {
        f"{final.get(name, name)}.{part}": entries[f"{name}.{part}"]
        .tensor.detach()
        .to(torch.float32, copy=True)
        for name in names
        for part in PARTS
    }
    return FoundGenerator(latents, units, tensors)


def _wrong(what: str) -> UnitscopeError:
    return UnitscopeError(f"this is not the state dict of a Progressive GAN generator: {what}")


def _plain(state: GeneratorState) -> dict[str, object]:
    """Take off a dictionary around the state dict and a ``module.`` before every key."""
    inner = state.get("state_dict") if isinstance(state, Mapping) else None
    found = inner if isinstance(inner, Mapping) else state
    if not isinstance(found, Mapping) or not found:
        given = "an empty one" if isinstance(found, Mapping) else f"a {type(found).__name__}"
        raise _wrong(f"{given} is given; give the dictionary of tensors that the checkpoint holds")
    keys = [str(key) for key in found]
    prefix = "module." if all(key.startswith("module.") for key in keys) else ""
    return {key.removeprefix(prefix): value for key, value in zip(keys, found.values(), strict=True)}


def _entries(state: Mapping[str, object]) -> dict[str, Entry]:
    """Bring keys into one style: ``layer1.conv.weight`` ... ``output.wscale.b``."""
    entries: dict[str, Entry] = {}
    for key, value in state.items():
        if not isinstance(value, Tensor) or not value.is_floating_point():
            given = f"of type {value.dtype}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
            raise _wrong(f"{key!r} is {given}; every entry must be a tensor of floating-point values")
        name = _common_name(key)
        if name in entries:
            raise _wrong(f"{key!r} and {entries[name].key!r} name the same tensor; leave one out")
        entries[name] = Entry(key, value)
    return entries


def _common_name(key: str) -> str:
    if old := _OLD_LAYER.fullmatch(key):
        return f"layer{int(old[1]) + 1}.{old[2]}"
    if output := _OUTPUT.fullmatch(key):
        return f"output.{output[3]}"
    return key


def _check_names(entries: Mapping[str, Entry], names: list[str]) -> None:
    """Refuse a state dict that lacks a tensor of the layers it shows, or holds another one."""
    wanted = [f"{name}.{part}" for name in names for part in PARTS]
    unknown = [name for name in entries if name not in wanted]
    next_layer = f"layer{len(names)}"  # the names are those of the layers before it and the output
    if len(names) == 1 or any(_LAYER.fullmatch(name) for name in unknown):
        wanted = [f"{next_layer}.{part}" for part in PARTS] + wanted
    missing = next((name for name in wanted if name not in entries), None)
    if missing:
        also = f" while {entries[unknown[0]].key!r} is there" if unknown else ""
        raise _wrong(f"{_spelling(missing, entries, len(names) - 1)!r} is missing{also}")
    if unknown:
        raise _wrong(f"{entries[unknown[0]].key!r} is no part of it")


def _spelling(name: str, entries: Mapping[str, Entry], layers: int) -> str:
    """Write a missing name as its neighbours in the file are written."""
    old = any(_OLD_LAYER.fullmatch(entry.key) for entry in entries.values())
    layer = _LAYER.fullmatch(name)
    if layer:
        return f"features.{int(layer[1]) - 1}.{layer[2]}" if old else name
    size = _resolution(layers)
    return name if old else name.replace("output", f"output_{size}x{size}")


def _resolution(layers: int) -> int:
    """Return the rows of the last grid: 4 for the first two layers, doubled by every two more."""
    return 4 << (max(layers, 1) - 1) // 2


def _check_resolution(entries: Mapping[str, Entry], resolution: int) -> None:
    for part in PARTS:
        key = entries[f"output.{part}"].key
        match = _OUTPUT.fullmatch(key)
        if match and match[1] and {int(match[1]), int(match[2])} != {resolution}:
            raise _wrong(f"{key!r} names another size than the {resolution}x{resolution} of its layers")


def _sizes(entries: Mapping[str, Entry], layers: int) -> tuple[int, tuple[int, ...]]:
    """Follow the units from layer to layer, checking every shape against the layer before."""
    first = entries["layer1.conv.weight"].tensor.shape
    latents = int(first[1]) if len(first) == 4 else 1
    inputs, units = latents, []
    for index in range(layers):
        kernel = 4 if index == 0 else 3
        inputs = _check_shapes(entries, f"layer{index + 1}", inputs, kernel)
        units.append(inputs)
    _check_shapes(entries, "output", inputs, 1, outputs=3)
    return latents, tuple(units)


def _check_shapes(
    entries: Mapping[str, Entry], name: str, inputs: int, kernel: int, *, outputs: int | None = None
) -> int:
    """Return the units of a layer after checking the shapes of its two tensors."""
    weight, bias = (entries[f"{name}.{part}"] for part in PARTS)
    shape = tuple(weight.tensor.shape)
    if shape[1:] != (inputs, kernel, kernel) or 0 in shape or (outputs and shape[0] != outputs):
        wanted = f"({outputs or 'units'}, {inputs}, {kernel}, {kernel})"
        raise _wrong(f"{weight.key!r} has shape {shape}; {wanted} follows from the layers before it")
    if tuple(bias.tensor.shape) != shape[:1]:
        raise _wrong(
            f"{bias.key!r} has shape {tuple(bias.tensor.shape)}; {shape[:1]} follows from {weight.key!r}"
        )
    return shape[0]
