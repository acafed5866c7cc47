"""The weights of a network: their hash, starting them anew, and getting them ready to be read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from unitscope.errors import UnitscopeError


def weights_hash(module: nn.Module) -> str:
    """Return the SHA-256 of a module's parameters and buffers, as hexadecimal digits.

    It covers the name, dtype, shape and bytes of every entry of the state dict in the order of the names, and
    of the constants that an exported program keeps as plain attributes; it does not depend on the device.
    """
    digest = hashlib.sha256()
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
    """Return where a file of weights is, as it can be found again."""
    return None if weights is None else str(Path(weights).expanduser().resolve())


def ready(module: nn.Module, device: torch.device | str) -> nn.Module:
    """Return a module on `device`, its dropout off and its batch norm frozen."""
    try:
        module = module.eval()
    except NotImplementedError:  # a module made from an exported program is what it was exported as
        module.training = False
    return module.to(device)


def reinitialize(module: nn.Module, seed: int) -> None:
    """Give a network new random weights, in place; the same seed gives the same weights.

    Every submodule with a ``reset_parameters`` (or ``_reset_parameters``) method starts the way PyTorch
    starts it, batch-norm statistics included. A parameter of a submodule without one (a class token, a
    hand-written weight) is drawn from a Kaiming normal distribution if it has two or more axes, and left as
    it is otherwise. The global random state is as before afterwards.

    Raises:
        UnitscopeError: the network has nothing that could be started anew.
    """
    devices = sorted({p.device.index for p in module.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        for device in devices:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        if not sum([_restart(part) for part in module.modules()]):
            raise UnitscopeError(
                f"{type(module).__name__} has no weights that could be reinitialized; leave reinitialize out"
            )


def _restart(part: nn.Module) -> int:
    """Start the parameters that belong to one submodule itself; return how many changed."""
    own = [parameter for parameter in part.parameters(recurse=False) if parameter.is_floating_point()]
    reset: Callable[[], object] | None = getattr(part, "reset_parameters", None)
    reset = reset or getattr(part, "_reset_parameters", None)
    if callable(reset):
        reset()
        return len(own)
    matrices = [parameter for parameter in own if parameter.ndim >= 2]
    for parameter in matrices:
        nn.init.kaiming_normal_(parameter)
    return len(matrices)
