"""The weights of a network: their hash, copying them, and getting them ready to be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError, one_line
from unitscope.models.forwarded import Forwarded, inside
from unitscope.paths import as_path

ENTRY = "?entry="
"""What names an entry of a checkpoint behind the path of its file."""
WRAPPERS = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}
"""By their class, where wrappers of torch keep the network."""


def weights_hash(module: nn.Module) -> str:
    """Return the SHA-256 of a module's parameters and buffers, as hexadecimal digits.

    It covers the name, dtype, shape and bytes of every entry of the state dict in the order of the names, and
    of the constants that an exported program keeps as plain attributes; it does not depend on the device.
    """
    module, digest = inside(module), hashlib.sha256()
    for name, value in sorted(_entries(module), key=lambda entry: entry[0]):
        if isinstance(value, Tensor):
            tensor = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
            digest.update(f"{name}\t{tensor.dtype}\t{tuple(tensor.shape)}\n".encode())
            digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
        else:
            digest.update(f"{name}\t{value!r}\n".encode())
    return digest.hexdigest()


def _entries(module: nn.Module) -> Iterator[tuple[str, object]]:
    state = module.state_dict()
    yield from state.items()
    for path, part in module.named_modules():
        if isinstance(part, torch.fx.GraphModule):
            for attribute, value in {**dict(part.named_buffers(recurse=False)), **vars(part)}.items():
                name = f"{path}.{attribute}" if path else attribute
                if isinstance(value, Tensor) and name not in state:
                    yield name, value


def device_of(module: nn.Module) -> torch.device:
    """Return where a module is."""
    return next((parameter.device for parameter in module.parameters()), torch.device("cpu"))


def full_path(weights: Path | str | None) -> str | None:
    """Return where a file of weights is, and the entry named behind it, as they can be found again."""
    if weights is None:
        return None
    path, mark, entry = str(weights).partition(ENTRY)
    return f"{as_path(path).resolve()}{mark}{entry}"


def ready(module: nn.Module, device: torch.device | str) -> nn.Module:
    """Return a module on `device`, its dropout off and its batch norm frozen."""
    try:
        module.eval()  # what it returns is not asked: a train() of one's own may return nothing
    except NotImplementedError:  # a module made from an exported program is what it was exported as
        module.training = False
    return module.to(device)


def unwrapped(module: nn.Module) -> nn.Module:
    """Return a module without what torch's compiler or data-parallel training put around it, which renames layers.

    Raises:
        UnitscopeError: it is TorchScript, whose layers take no hooks.
    """
    if isinstance(inside(module), torch.jit.ScriptModule):
        raise UnitscopeError(
            f"the network is TorchScript ({type(module).__name__}), whose layers cannot be read; give the nn.Module it "
            "was made from, or a program of torch.export"
        )
    if isinstance(module, Forwarded):
        return Forwarded(unwrapped(module.network), module.function)
    while True:
        inner = vars(module).get("_modules", {}).get(WRAPPERS.get(type(module).__name__, ""))
        if inner is None:
            return module
        module = inner


def in_single_precision(module: nn.Module) -> nn.Module:
    """Return a module whose floating-point weights are float32: itself, or a copy where some have another type."""
    entries = (*module.parameters(), *module.buffers())
    if all(entry.dtype == torch.float32 for entry in entries if entry.is_floating_point()):
        return module
    return copied(module).float()


def copied(module: nn.Module, memo: dict[int, object] | None = None) -> nn.Module:
    """Return a copy of a module; tensors that a computation left in it, as weight norms do, are copied as they are.

    Args:
        module: what is copied.
        memo: what stands for some objects in the copy, by identity.

    Raises:
        UnitscopeError: it holds what cannot be copied, such as a lock or an open file.
    """
    made = dict(memo or {})
    if isinstance(module, Forwarded):
        return Forwarded(copied(module.network, made), module.function)
    for part in module.modules():
        for value in vars(part).values():
            for each in (value, *(_held(value) if isinstance(value, dict | list | tuple) else ())):
                if isinstance(each, Tensor) and not each.is_leaf:
                    made.setdefault(id(each), each.detach().clone())
    try:
        return deepcopy(module, made)
    except Exception as error:
        raise UnitscopeError(
            f"{type(module).__name__} cannot be copied, which new weights and those of another type need: "
            f"{one_line(error)}; take what cannot be copied out of the module, or make the network so yourself"
        ) from error


def _held(value: Mapping[object, object] | Sequence[object]) -> Iterable[object]:
    return value.values() if isinstance(value, Mapping) else value
